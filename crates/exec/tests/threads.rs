//! The same bits on 1, 2, 3 and 8 threads.

mod common;
use common::{run, samples};
use keratin_exec::{Options, par};
use keratin_graph::ops::{fast, random, reduce, unary};
use keratin_graph::{Attrs, DType::F32, DType::U32, Graph, grad};

#[test]
fn a_step_large_enough_to_share_has_the_same_bits_on_any_number_of_threads() {
    let g = Graph::new();
    let (x, t, key) = (
        g.input(0, [128, 300], F32),
        g.input(1, [128, 10], F32),
        g.input(2, [2], U32),
    );
    let (w, b, v) = (
        g.state(0, [300, 200], F32),
        g.state(1, [200], F32),
        g.state(2, [200, 10], F32),
    );
    let h = (x.dot(w, false, false) + b).map(&unary::TANH);
    let bits = g.tensor(
        g.apply(&random::RANDOM_BITS, &[key.id], Attrs::ints([128, 200]))
            .unwrap()[0],
    );
    let h = bits.map_with(&random::BITS_KEEP, &[0.8]).select(h * 1.25, h.like(0.0));
    let loss = (h.dot(v, false, false).map(&fast::LOG_SOFTMAX) * t).sum(&[0, 1]) * (-1.0 / 128.0);
    let grads = grad(loss, &[w, b, v]);
    let ids: Vec<_> = [
        loss,
        grads[0],
        grads[1],
        grads[2],
        h.reduce(&reduce::MAX, &[0]),
        w.transpose(&[1, 0]).map(&unary::EXP),
    ]
    .iter()
    .map(|t| t.id)
    .collect();
    let nodes = g.nodes();
    let (inputs, states) = samples(&nodes, 11);
    par::set_threads(1);
    let expected = run(
        &nodes,
        &ids,
        &[(0, grads[0].id)],
        &inputs,
        &states,
        &Options::default(),
        1,
    );
    for threads in [2, 3, 8] {
        par::set_threads(threads);
        for _ in 0..20 {
            let got = run(
                &nodes,
                &ids,
                &[(0, grads[0].id)],
                &inputs,
                &states,
                &Options::default(),
                1,
            );
            assert!(expected == got, "{threads} threads");
        }
    }
}
