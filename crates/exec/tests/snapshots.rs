//! Printed programs of canonical computations, compared with files: what runs in one pass, in which order, on how much memory. A change of the
//! passes shows here what it does.
//!
//! `KERATIN_BLESS=1 cargo test -p keratin-exec --test snapshots` writes them anew; read the difference before committing it.

use keratin_exec::{Options, StateBuf, compile};
use keratin_graph::ops::{fast, scan, unary};
use keratin_graph::{Attrs, DType::F32, Graph, Tensor, ValueId, grad};
use std::rc::Rc;

#[path = "../../graph/tests/support/recorded.rs"]
mod recorded;
use recorded::is_recorded;

/// Compares the program of the outputs and of the states' new values with `snapshots/<name>.txt`. Returns its text.
fn snapshot(name: &str, g: &Graph, outputs: &[Tensor], updates: &[(usize, Tensor)]) -> String {
    let ids: Vec<ValueId> = outputs.iter().map(|t| t.id).collect();
    let updates: Vec<(usize, ValueId)> = updates.iter().map(|(k, t)| (*k, t.id)).collect();
    let states = |_| Rc::new(StateBuf::new(784 * 128)); // the largest
    let text = compile(&g.nodes(), &ids, &updates, &states, &Options::default())
        .unwrap()
        .text();
    is_recorded(name, &text);
    text
}

/// relu(x·w + b): `[32, 784] → [32, 128]`, with w and b.
fn dense(g: &Graph) -> [Tensor<'_>; 3] {
    let (x, w, b) = (
        g.input(0, [32, 784], F32),
        g.state(0, [784, 128], F32),
        g.state(1, [128], F32),
    );
    g.set_path("dense");
    let y = (x.dot(w, false, false) + b).map(&unary::RELU);
    g.set_path("");
    [y, w, b]
}

/// Bias and activation ride on the product.
#[test]
fn dense_forward_is_one_step() {
    let g = Graph::new();
    let [y, ..] = dense(&g);
    let text = snapshot("dense_forward", &g, &[y], &[]);
    assert!(text.contains("→ 1 steps"), "{text}");
}

/// Forward, backward and Adam: weights and moments change where they are, nothing is copied into a state at the end.
#[test]
fn a_training_step_updates_in_place() {
    let g = Graph::new();
    let [y, w, b] = dense(&g);
    let loss = y.square().sum(&[0, 1]) * (1.0 / 4096.0);
    let gradients = grad(loss, &[w, b]);
    let alpha = g.input(1, [], F32);
    let mut updates = Vec::new();
    for (k, (weight, gradient)) in [w, b].into_iter().zip(gradients).enumerate() {
        let at = [k, 2 + 2 * k, 3 + 2 * k]; // the weight, its two moments
        let moments = [1, 2].map(|m| g.state(at[m], weight.shape(), F32));
        let operands = [weight, gradient, moments[0], moments[1], alpha].map(|t| t.id);
        let results = g
            .apply(&fast::ADAM, &operands, Attrs::floats([0.1, 0.001, 1e-7]))
            .unwrap();
        updates.extend(at.into_iter().zip(results.into_iter().map(|v| g.tensor(v))));
    }
    let text = snapshot("training_step", &g, &[loss], &updates);
    assert!(!text.contains("copy to"), "{text}");
}

/// h ← tanh(h·w + x), every h kept, and the derivative by w: two loops and one sum.
#[test]
fn scan_and_its_gradient() {
    let body = Graph::new();
    let (w, h, x) = (
        body.input(0, [4, 4], F32),
        body.input(1, [2, 4], F32),
        body.input(2, [2, 4], F32),
    );
    let next = (h.dot(w, false, false) + x).map(&unary::TANH).id;
    let ids = vec![w.id, h.id, x.id];
    let body = body.into_body(ids, vec![next, next]);
    let g = Graph::new();
    let (w, h, x) = (
        g.state(0, [4, 4], F32),
        g.input(0, [2, 4], F32),
        g.input(1, [5, 2, 4], F32),
    );
    let all = scan::scan(&[w], &[h], &[x], 5, false, body).unwrap()[1];
    let slope = grad(all.sum(&[0, 1, 2]), &[w])[0];
    snapshot("scan", &g, &[all, slope], &[]);
}
