//! Printed graphs of canonical computations, compared with files: a refactor that claims to change nothing leaves them alone.
//!
//! `KERATIN_BLESS=1 cargo test -p keratin-graph --test snapshots` writes them anew; read the difference before committing it.

use keratin_graph::ops::{binary, fast, random, reduce, scan, unary};
use keratin_graph::{Attrs, DType::F32, DType::I32, DType::U32, Graph, Tensor, ValueId, display, grad, verify};

#[path = "support/recorded.rs"]
mod recorded;
use recorded::is_recorded;

/// Compares with `snapshots/<name>.txt`, and checks that the text is a graph again. Returns the text.
fn snapshot(name: &str, graph: &Graph, outputs: &[Tensor]) -> String {
    let ids: Vec<ValueId> = outputs.iter().map(|t| t.id).collect();
    verify::verify(&graph.nodes()).unwrap();
    let text = display::text(&graph.nodes(), &ids);
    let (parsed, back) = display::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}\n{text}"));
    assert_eq!(
        display::text(&parsed.nodes(), &back),
        text,
        "{name} is not its own text"
    );
    is_recorded(name, &text);
    text
}

fn one<'g>(graph: &'g Graph, op: &'static keratin_graph::OpDef, inputs: &[Tensor], attrs: Attrs) -> Tensor<'g> {
    let ids: Vec<ValueId> = inputs.iter().map(|t| t.id).collect();
    graph.tensor(graph.first(graph.emit(op, &ids, attrs).unwrap()))
}

struct Dense<'g> {
    x: Tensor<'g>,
    w: Tensor<'g>,
    b: Tensor<'g>,
    y: Tensor<'g>,
}

/// relu(x·w + b): `[32, 784] → [32, 128]`
fn dense(g: &Graph) -> Dense<'_> {
    let (x, w, b) = (
        g.input(0, [32, 784], F32),
        g.state(0, [784, 128], F32),
        g.state(1, [128], F32),
    );
    g.set_path("dense/matmul");
    let product = x.dot(w, false, false);
    g.set_path("dense/bias");
    let sum = product + b;
    g.set_path("dense/relu");
    let y = sum.map(&unary::RELU);
    g.set_path("");
    Dense { x, w, b, y }
}

#[test]
fn dense_forward() {
    let g = Graph::new();
    let d = dense(&g);
    snapshot("dense_forward", &g, &[d.y]);
}

/// Both derivatives of a product are products with flags: nothing is transposed in memory.
#[test]
fn dense_backward_transposes_nothing() {
    let g = Graph::new();
    let d = dense(&g);
    let loss = (d.y * d.y).sum(&[0, 1]);
    let text = snapshot("dense_backward", &g, &grad(loss, &[d.w, d.b, d.x]));
    assert!(!text.contains("transpose"), "{text}");
}

#[test]
fn dense_backward_builds_only_what_is_wanted() {
    let g = Graph::new();
    let d = dense(&g);
    let loss = (d.y * d.y).sum(&[0, 1]);
    let text = snapshot("dense_backward_weights", &g, &grad(loss, &[d.w, d.b]));
    assert_eq!(
        text.matches("= dot").count(),
        2,
        "one product forward, one for the kernel, none for the input:\n{text}"
    );
}

/// −Σ one_hot(label)·log_softmax(logits) / batch, and its gradient.
#[test]
fn softmax_cross_entropy() {
    let g = Graph::new();
    let (logits, labels) = (g.input(0, [32, 10], F32), g.input(1, [32], I32));
    let log = one(&g, &fast::LOG_SOFTMAX, &[logits], Attrs::default());
    let classes = g.constant((0..10).collect::<Vec<u32>>(), &[10], I32);
    let hot = labels.reshape(&[32, 1]).eq(classes).cast(F32);
    let loss = -(log * hot).sum(&[0, 1]) * (1.0 / 32.0);
    snapshot("softmax_cross_entropy", &g, &[loss, grad(loss, &[logits])[0]]);
}

/// The mask of the backward pass is that of the forward pass: one node.
#[test]
fn dropout_draws_once() {
    let g = Graph::new();
    let (x, key) = (g.input(0, [4, 8], F32), g.state(3, [2], U32));
    let bits = one(&g, &random::RANDOM_BITS, &[key], Attrs::ints([4, 8]));
    let keep = bits.map_with(&random::BITS_KEEP, &[0.8]);
    let y = keep.select(x * 1.25, x.like(0.0));
    let text = snapshot("dropout", &g, &[y, grad((y * y).sum(&[0, 1]), &[x])[0]]);
    assert_eq!(text.matches("random_bits").count(), 1);
}

/// (x − mean) / √(var + ε) · γ + β over the last axis.
fn layer_norm<'g>(x: Tensor<'g>, gamma: Tensor<'g>, beta: Tensor<'g>) -> Tensor<'g> {
    let mean = |t: Tensor<'g>| (t.sum(&[1]) * 0.125).reshape(&[4, 1]);
    let centred = x - mean(x);
    centred * (mean(centred * centred) + 1e-3).map(&unary::RSQRT) * gamma + beta
}

#[test]
fn layer_norm_forward_and_backward() {
    let g = Graph::new();
    let (x, gamma, beta) = (g.input(0, [4, 8], F32), g.state(0, [8], F32), g.state(1, [8], F32));
    let y = layer_norm(x, gamma, beta);
    snapshot("layer_norm", &g, &[y]);
    snapshot(
        "layer_norm_backward",
        &g,
        &grad((y * y).sum(&[0, 1]), &[x, gamma, beta]),
    );
}

#[test]
fn adam_fast_and_composed() {
    let g = Graph::new();
    let state = |k| g.state(k, [784, 128], F32);
    let (w, m, v, gradient, alpha) = (
        state(0),
        state(1),
        state(2),
        g.input(0, [784, 128], F32),
        g.input(1, [], F32),
    );
    let node = g
        .emit(
            &fast::ADAM,
            &[w, gradient, m, v, alpha].map(|t| t.id),
            Attrs::floats([0.1, 0.001, 1e-7]),
        )
        .unwrap();
    let first = g.first(node).0;
    let results: Vec<Tensor> = (first..first + 3).map(|v| g.tensor(ValueId(v))).collect();
    snapshot("adam", &g, &results);
    let m = m + (gradient - m) * 0.1;
    let v = v + (gradient * gradient - v) * 0.001;
    snapshot("adam_composed", &g, &[w - m * alpha / (v.sqrt() + 1e-7), m, v]);
}

/// h ← tanh(h·w + x), every h kept; then the reversed scan that is its derivative.
#[test]
fn scan_forward_and_backward() {
    let g = Graph::new();
    let (w, h0, x) = (
        g.state(0, [3, 3], F32),
        g.input(0, [2, 3], F32),
        g.input(1, [5, 2, 3], F32),
    );
    let body = Graph::new();
    let (w_b, h, x_t) = (
        body.input(0, [3, 3], F32),
        body.input(1, [2, 3], F32),
        body.input(2, [2, 3], F32),
    );
    let next = (h.dot(w_b, false, false) + x_t).map(&unary::TANH).id;
    let ids = vec![w_b.id, h.id, x_t.id];
    let body = body.into_body(ids, vec![next, next]);
    g.set_path("rnn");
    let results = scan::scan(&[w], &[h0], &[x], 5, false, body).unwrap();
    snapshot("scan", &g, &results);
    let gradients = grad(results[1].sum(&[0, 1, 2]), &[w, h0, x]);
    let text = snapshot("scan_backward", &g, &gradients);
    assert!(!text.contains("transpose"), "{text}");
}

/// The product of [a, b, 0]-like rows without dividing: those before times those after.
#[test]
fn product_backward() {
    let g = Graph::new();
    let x = g.input(0, [2, 4], F32);
    snapshot(
        "product_backward",
        &g,
        &grad(x.reduce(&reduce::PROD, &[1]).sum(&[0]), &[x]),
    );
}

#[test]
fn embedding_backward_scatters() {
    let g = Graph::new();
    let (table, index) = (g.state(0, [100, 8], F32), g.input(0, [4, 5], I32));
    let y = table.gather(index, 0);
    snapshot("embedding", &g, &[y, grad((y * y).sum(&[0, 1, 2]), &[table])[0]]);
}

/// Every way to write an attribute: signed and strange floats, long and elided constants, sizes of zero, no inputs at all.
#[test]
fn attributes_of_all_forms() {
    let g = Graph::new();
    let strange = [
        f32::NAN,
        -f32::NAN,
        f32::from_bits(0x7fc0_0001),
        f32::INFINITY,
        f32::NEG_INFINITY,
        -0.0,
        1e-45,
        f32::MAX,
        0.1,
    ];
    let floats = g.constant(strange.map(f32::to_bits), &[9], F32);
    let integers = g.constant([0u32, u32::MAX, 1 << 31, 7, 7, 7], &[2, 3], I32);
    let words = g.constant([0u32, u32::MAX, 1 << 31], &[3, 1], U32);
    let ones = g.constant(vec![1.0f32.to_bits(); 10_000], &[100, 100], F32);
    let none = g.constant(vec![], &[0, 3], F32);
    let clipped = floats.map_with(&unary::CLIP, &[f32::NEG_INFINITY, -0.0]);
    let sliced = floats.slice(&[(8, 3, -4)]);
    let power = sliced.zip(&binary::POWER, sliced.like(2.0));
    snapshot("attributes", &g, &[clipped, integers, words, ones, none, power]);
}
