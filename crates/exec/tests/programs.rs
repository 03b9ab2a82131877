//! Programs give the oracle's values, and the same bits whichever passes run.

mod common;
use common::{all_options, check, run, samples};
use keratin_graph::ops::{binary, fast, index, random, reduce, scan, unary};
use keratin_graph::{Attrs, DType::F32, DType::I32, DType::U32, Graph, Tensor, grad};

#[test]
fn a_dense_layer_with_bias_and_activation_is_one_step() {
    let g = Graph::new();
    let (x, w, b) = (g.input(0, [17, 7], F32), g.state(0, [7, 9], F32), g.state(1, [9], F32));
    let y = (x.dot(w, false, false) + b).map(&unary::RELU);
    check("dense", &g, &[y], 1e-6);
    let nodes = g.nodes();
    let (_, states) = samples(&nodes, 7);
    let bufs = |k: usize| std::rc::Rc::new(keratin_exec::StateBuf::new(states[&k].len()));
    let program = keratin_exec::compile(&nodes, &[y.id], &[], &bufs, &Default::default()).unwrap();
    assert_eq!(program.steps(), 1, "{}", program.text());
}

#[test]
fn a_training_step_and_its_gradients() {
    let g = Graph::new();
    let (x, t) = (g.input(0, [6, 5], F32), g.input(1, [6, 3], F32));
    let (w, b, v) = (g.state(0, [5, 4], F32), g.state(1, [4], F32), g.state(2, [4, 3], F32));
    let h = (x.dot(w, false, false) + b).map(&unary::TANH);
    let loss = (h.dot(v, false, false).map(&fast::LOG_SOFTMAX) * t).sum(&[0, 1]) * (-1.0 / 6.0);
    let grads = grad(loss, &[w, b, v]);
    check("training", &g, &[loss, grads[0], grads[1], grads[2]], 1e-5);
}

#[test]
fn views_in_every_place_a_value_can_go() {
    let g = Graph::new();
    let x = g.input(0, [3, 4, 5], F32);
    let t = x.transpose(&[2, 0, 1]);
    let outputs = [
        t,
        t.map(&unary::EXP),
        t.reshape(&[5, 12]),
        x.flip(1),
        x.narrow(0, 1, 2).reshape(&[40]) * 2.0,
        Tensor::concat(&[x, x.flip(2), t.transpose(&[1, 2, 0])], 1),
        x.pad(&[(1, 0, 0), (0, 2, 1), (1, 1, 0)], 3.0),
        x.slice(&[(2, 2, -2), (0, 2, 3), (4, 5, -1)]),
        x.sum(&[0, 2]).broadcast(&[2, 4]) + 1.0,
        x.sum(&[1]).reshape(&[3, 1, 5]).broadcast(&[3, 4, 5]) - x,
        t.reduce(&reduce::MAX, &[0, 2]),
        x.narrow(2, 0, 1)
            .reshape(&[3, 4])
            .dot(x.narrow(2, 1, 1).reshape(&[3, 4]), false, true),
        x.narrow(0, 0, 1)
            .reshape(&[4, 5])
            .transpose(&[1, 0])
            .dot(x.narrow(0, 2, 1).reshape(&[4, 5]), false, false),
        x.transpose(&[0, 2, 1]).dot(x, false, false),
    ];
    check("views", &g, &outputs, 1e-6);
}

#[test]
fn an_output_may_be_an_input_a_state_a_constant_or_there_twice() {
    let g = Graph::new();
    let (x, s, c) = (
        g.input(0, [3], F32),
        g.state(0, [3], F32),
        g.constant(vec![1, 2, 3], &[3], I32),
    );
    check("outputs", &g, &[x, s, c, x, x.reshape(&[1, 3]), s.flip(0)], 0.0);
}

#[test]
fn updates_all_see_the_values_before_the_run() {
    for options in all_options() {
        let g = Graph::new();
        let (x, a, b, c) = (
            g.input(0, [4], F32),
            g.state(0, [4], F32),
            g.state(1, [4], F32),
            g.state(2, [4], F32),
        );
        // a and b change places, c grows, and an output shows the old c.
        let updates = [(0, b.id), (1, a.id), (2, (c + x).id)];
        let product = a * b;
        let nodes = g.nodes();
        let (inputs, states) = samples(&nodes, 3);
        let word = |v: f64| (v as f32).to_bits();
        let old = |k: usize| states[&k].iter().map(|&v| word(v)).collect::<Vec<_>>();
        let (outputs, after) = run(&nodes, &[c.id, product.id], &updates, &inputs, &states, &options, 1);
        assert_eq!(outputs[0], old(2), "{options:?}");
        assert_eq!((&after[&0], &after[&1]), (&old(1), &old(0)), "{options:?}");
        let grown: Vec<u32> = states[&2]
            .iter()
            .zip(&inputs[&0])
            .map(|(&c, &x)| (c as f32 + x as f32).to_bits())
            .collect();
        assert_eq!(after[&2], grown, "{options:?}");
    }
}

#[test]
fn an_optimizer_step_runs_in_place() {
    for options in all_options() {
        let g = Graph::new();
        let part = |k| g.state(k, [100], F32);
        let (w, m, v, x) = (part(0), part(1), part(2), g.input(0, [100], F32));
        let ids = [w, x * w, m, v.square(), g.scalar(0.01)].map(|t| t.id);
        let out = g.apply(&fast::ADAM, &ids, Attrs::floats([0.1, 0.001, 1e-7])).unwrap();
        let updates: Vec<_> = out.iter().enumerate().map(|(k, &id)| (k, id)).collect();
        let nodes = g.nodes();
        let (inputs, states) = samples(&nodes, 5);
        let expected = keratin_graph::reference::evaluate(&nodes, &inputs, &states, &out);
        let (_, after) = run(&nodes, &[], &updates, &inputs, &states, &options, 1);
        for k in 0..3 {
            common::close(&format!("slot {k}"), &after[&k], &expected[k], F32, 1e-5);
        }
    }
}

#[test]
fn scans_run_forward_backward_and_inside_each_other() {
    let body = Graph::new();
    let (c, x) = (body.input(0, [2], F32), body.input(1, [2], F32));
    let next = (c * x + 0.5).map(&unary::TANH);
    let ids = vec![c.id, x.id];
    let out = vec![next.id, (next * 2.0).id];
    let body = body.into_body(ids, out);
    for reverse in [false, true] {
        for steps in [0, 1, 7] {
            let g = Graph::new();
            let (c0, xs) = (g.input(0, [2], F32), g.input(1, [steps, 2], F32));
            let r = scan::scan(&[], &[c0], &[xs], steps, reverse, body.clone()).unwrap();
            let loss = r[0].sum(&[0]) + r[1].sum(&[0, 1]);
            let grads = grad(loss, &[c0, xs]);
            check("scan", &g, &[r[0], r[1], grads[0], grads[1]], 1e-5);
        }
    }
}

#[test]
fn a_recurrence_of_a_thousand_steps_and_its_gradient() {
    // h ← 0.9·h + x·w: consts, carry and xs all have gradients.
    let body = Graph::new();
    let (w, h, x) = (
        body.input(0, [3], F32),
        body.input(1, [3], F32),
        body.input(2, [3], F32),
    );
    let next = h * 0.9 + x * w;
    let ids = vec![w.id, h.id, x.id];
    let out = vec![next.id];
    let body = body.into_body(ids, out);
    let g = Graph::new();
    let (w, h0, xs) = (g.input(0, [3], F32), g.input(1, [3], F32), g.input(2, [1000, 3], F32));
    let r = scan::scan(&[w], &[h0], &[xs], 1000, false, body).unwrap();
    let loss = r[0].square().sum(&[0]);
    let grads = grad(loss, &[w, h0, xs]);
    check("recurrence", &g, &[r[0], grads[0], grads[1], grads[2]], 1e-5);
}

#[test]
fn products_of_zeros_have_their_gradients() {
    let g = Graph::new();
    let zeros = g.constant([0f32, 2.0, 0.0, 3.0, 1.0, 0.0].map(f32::to_bits).to_vec(), &[2, 3], F32);
    let x = g.input(0, [2, 3], F32) * 0.0 + zeros;
    let y = reduce::cumulative(x, &reduce::CUMPROD, 1);
    let dy = grad(y.sum(&[0, 1]), &[x])[0];
    let p = x.reduce(&reduce::PROD, &[1]);
    let dp = grad(p.sum(&[0]), &[x])[0];
    check("products", &g, &[y, dy, p, dp], 1e-6);
}

#[test]
fn indices_and_random_words() {
    let g = Graph::new();
    let (table, at, key) = (g.input(0, [7, 3], F32), g.input(1, [4], I32), g.input(2, [2], U32));
    let rows = table.gather(at, index::mode::FILL);
    let back = grad(table.gather(at, index::mode::CLAMP).square().sum(&[0, 1]), &[table])[0];
    let order = g.tensor(g.apply(&index::ARGSORT, &[table.id], Attrs::default()).unwrap()[0]);
    let bits = g.tensor(g.apply(&random::RANDOM_BITS, &[key.id], Attrs::ints([5, 65])).unwrap()[0]);
    let keep = bits.map_with(&random::BITS_KEEP, &[0.3]);
    check(
        "indices",
        &g,
        &[rows, back, order, bits, keep.select(bits, bits.like(0.0))],
        1e-5,
    );
}

#[test]
fn empty_and_scalar_tensors() {
    let g = Graph::new();
    let (e, s) = (g.input(0, [0, 3], F32), g.input(1, [] as [usize; 0], F32));
    let outputs = [
        e + s,
        e.sum(&[0]),
        e.sum(&[0, 1]) + s,
        s.exp(),
        e.transpose(&[1, 0]),
        e.dot(g.input(2, [3, 2], F32), false, false),
        e.transpose(&[1, 0]).dot(e, false, false),
    ];
    check("empty", &g, &outputs, 1e-6);
}

#[test]
fn long_elementwise_graphs_fall_into_units_that_fit() {
    let g = Graph::new();
    let inputs: Vec<Tensor> = (0..40).map(|k| g.input(k, [33], F32)).collect();
    let mut sum = inputs[0];
    let mut all = Vec::new();
    for (k, &x) in inputs.iter().enumerate() {
        sum = sum * 0.5 + x.zip(&binary::MAXIMUM, inputs[(k * 7) % 40]);
        all.push(sum);
    }
    check("long", &g, &all, 1e-5);
}

#[test]
fn a_product_and_the_sum_that_takes_it_are_one_instruction_with_the_same_bits() {
    let g = Graph::new();
    let (x, y, z) = (g.input(0, [65], F32), g.input(1, [65], F32), g.input(2, [65], F32));
    // The last product is asked for itself, and the one before is read twice: they stay apart.
    let (p, q) = (x * z, y * z);
    let outputs = [x * y + z, z - x * x, (x + y) - z, (x - y) * z, p, p + x, q * q];
    check("pairs", &g, &outputs, 1e-6);
    let ids: Vec<_> = outputs.iter().map(|t| t.id).collect();
    let no_state = |_| unreachable!("no states");
    let program = keratin_exec::compile(&g.nodes(), &ids, &[], &no_state, &Default::default()).unwrap();
    let text = program.text();
    for pair in ["multiply·add", "multiply·subtract", "add·subtract", "subtract·multiply"] {
        assert!(text.contains(pair), "{text}");
    }
    assert_eq!(text.matches('·').count(), 4, "{text}");
}
