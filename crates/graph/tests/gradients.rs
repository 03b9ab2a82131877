//! Derivatives: every case against central differences on the oracle, loops and zeros in products, and how ties and kinks are decided.

mod cases;

use cases::slope::check_outputs;
use cases::{Random, cases};
use keratin_graph::op::Vjp;
use keratin_graph::ops::{binary, reduce, scan, unary};
use keratin_graph::reference::{Tensors, array, evaluate, flat};
use keratin_graph::{DType::F32, Graph, Tensor, ValueId, display, grad, verify};
use std::collections::HashMap;

#[test]
fn every_rule_agrees_with_differences_twice() {
    let mut checked = std::collections::HashSet::new();
    for (seed, case) in cases().iter().enumerate() {
        if !case.smooth || matches!(case.op.vjp, Vjp::Zero) {
            continue;
        }
        let (graph, outputs) = case.graph();
        let mut inputs: Tensors = case.values(seed as u64).into_iter().enumerate().collect();
        let small = case.gives.iter().map(|t| t.numel()).sum::<usize>() <= 80;
        check_outputs(&graph, &outputs, &mut inputs, seed as u64, small).unwrap_or_else(|e| panic!("{case}: {e}"));
        verify::verify(&graph.nodes()).unwrap();
        checked.insert(case.op.name);
    }
    let rules = keratin_graph::op::table().filter(|op| matches!(op.vjp, Vjp::Rule(_)));
    let missing: Vec<&str> = rules.map(|op| op.name).filter(|name| !checked.contains(name)).collect();
    assert!(missing.is_empty(), "rules without a smooth case: {missing:?}");
}

/// The gradient of `f` summed, at values that are exact in f32.
fn slope(shape: &[usize], at: &[f64], f: impl for<'g> Fn(Tensor<'g>) -> Tensor<'g>) -> Vec<f64> {
    let g = Graph::new();
    let x = g.input(0, shape, F32);
    let y = f(x);
    let y = y.sum(&(0..y.ndim()).collect::<Vec<_>>());
    let dx = grad(y, &[x])[0];
    let inputs = HashMap::from([(0, array(shape, at.to_vec()))]);
    flat(&evaluate(&g.nodes(), &inputs, &HashMap::new(), &[dx.id])[0])
}

#[test]
fn relu_is_flat_at_zero() {
    assert_eq!(slope(&[3], &[-1.0, 0.0, 1.0], |x| x.map(&unary::RELU)), [0.0, 0.0, 1.0]);
}

#[test]
fn abs_rises_at_zero() {
    assert_eq!(slope(&[3], &[-1.0, 0.0, 1.0], |x| x.map(&unary::ABS)), [-1.0, 1.0, 1.0]);
}

#[test]
fn a_tie_of_maximum_and_minimum_halves() {
    let zero = |x: Tensor<'_>| x.graph.scalar(0.0).id;
    assert_eq!(
        slope(&[3], &[-1.0, 0.0, 1.0], |x| x.maximum(x.graph.tensor(zero(x)))),
        [0.0, 0.5, 1.0]
    );
    assert_eq!(
        slope(&[3], &[-1.0, 0.0, 1.0], |x| x.minimum(x.graph.tensor(zero(x)))),
        [1.0, 0.5, 0.0]
    );
}

#[test]
fn clip_passes_half_at_its_bounds() {
    assert_eq!(
        slope(&[5], &[-2.0, -1.0, 0.0, 1.0, 2.0], |x| x
            .map_with(&unary::CLIP, &[-1.0, 1.0])),
        [0.0, 0.5, 1.0, 0.5, 0.0]
    );
}

#[test]
fn equal_maxima_share_equally() {
    let at = [3.0, 1.0, 3.0, 3.0];
    assert_eq!(
        slope(&[4], &at, |x| x.reduce(&reduce::MAX, &[0])),
        [1.0 / 3.0, 0.0, 1.0 / 3.0, 1.0 / 3.0]
    );
    assert_eq!(slope(&[4], &at, |x| x.reduce(&reduce::MIN, &[0])), [0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn powers_are_flat_where_they_should_be() {
    // d x²/dx = 2x, d x⁰/dx = 0 and d x¹/dx = 1, also at 0, where the formula p·x^(p−1) has 0·∞ and 0⁰
    assert_eq!(
        slope(&[3], &[-1.0, 0.0, 2.0], |x| x.zip(&binary::POWER, x.like(2.0))),
        [-2.0, 0.0, 4.0]
    );
    assert_eq!(
        slope(&[2], &[0.0, 2.0], |x| x.zip(&binary::POWER, x.like(0.0))),
        [0.0, 0.0]
    );
    assert_eq!(
        slope(&[2], &[0.0, 2.0], |x| x.zip(&binary::POWER, x.like(1.0))),
        [1.0, 1.0]
    );
    // d 0^p/dp is 0, not 0·ln 0
    assert_eq!(
        slope(&[2], &[1.0, 2.0], |p| p.like(0.0).zip(&binary::POWER, p)),
        [0.0, 0.0]
    );
}

#[test]
fn an_input_that_nothing_reads_has_zeros() {
    let g = Graph::new();
    let (x, z) = (g.input(0, [2], F32), g.input(1, [3], F32));
    let dz = grad((x * x).sum(&[0]), &[z])[0];
    assert_eq!(
        flat(&evaluate(&g.nodes(), &HashMap::new(), &HashMap::new(), &[dz.id])[0]),
        [0.0; 3]
    );
    assert_eq!(
        slope(&[2], &[1.0, 2.0], |x| x.map(&unary::STOP_GRADIENT) * x),
        [1.0, 2.0]
    );
}

/// A product without its i-th factor, by multiplying the others.
fn others(x: &[f64]) -> Vec<f64> {
    let without = |i: usize| x.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, v)| v).product();
    (0..x.len()).map(without).collect()
}

#[test]
fn products_with_zeros_have_exact_gradients() {
    for at in [
        vec![2.0, 3.0, 4.0],
        vec![2.0, 0.0, 4.0],
        vec![0.0, 3.0, 0.0],
        vec![0.0],
        vec![0.0, 5.0],
    ] {
        assert_eq!(
            slope(&[at.len()], &at, |x| x.reduce(&reduce::PROD, &[0])),
            others(&at),
            "prod at {at:?}"
        );
        // Σₖ ∏_{j ≤ k} xⱼ: each running product gives its factors the product of the others
        let mut expected = vec![0.0; at.len()];
        (1..=at.len()).for_each(|k| others(&at[..k]).iter().enumerate().for_each(|(i, g)| expected[i] += g));
        assert_eq!(
            slope(&[at.len()], &at, |x| reduce::cumulative(x, &reduce::CUMPROD, 0)),
            expected,
            "cumprod at {at:?}"
        );
    }
}

/// h ← h·x, and h of each step: a cumulative product by hand.
fn product_by_scan<'g>(x: Tensor<'g>, reverse: bool) -> Tensor<'g> {
    let (graph, steps) = (x.graph, x.shape()[0]);
    let body = Graph::new();
    let (h, x_t) = (body.input(0, [], F32), body.input(1, [], F32));
    let next = (h * x_t).id;
    let ids = vec![h.id, x_t.id];
    let body = body.into_body(ids, vec![next, next]);
    scan::scan(&[], &[graph.scalar(1.0)], &[x], steps, reverse, body).unwrap()[1]
}

#[test]
fn a_product_by_scan_is_the_running_product_and_has_its_gradient() {
    for at in [
        vec![1.5, -0.5, 2.0, 3.0],
        vec![2.0, 0.0, 4.0, -1.0],
        vec![0.0, 0.0],
        vec![3.0],
        vec![],
    ] {
        let by_op = slope(&[at.len()], &at, |x| reduce::cumulative(x, &reduce::CUMPROD, 0));
        assert_eq!(
            slope(&[at.len()], &at, |x| product_by_scan(x, false)),
            by_op,
            "at {at:?}"
        );
        let backward: Vec<f64> = at.iter().rev().copied().collect();
        let reversed: Vec<f64> = slope(&[at.len()], &backward, |x| product_by_scan(x, true))
            .into_iter()
            .rev()
            .collect();
        assert_eq!(reversed, by_op, "reversed, at {at:?}");
    }
}

/// `h ← tanh(h·w + x + b)` over `[steps, n]` from `h0`: consts, a carry and slices; results are h and h².
fn recurrence<'g>(w: Tensor<'g>, b: Tensor<'g>, h0: Tensor<'g>, x: Tensor<'g>, reverse: bool) -> Vec<Tensor<'g>> {
    let (n, steps) = (h0.shape()[1], x.shape()[0]);
    let body = Graph::new();
    let (w_b, b_b, h, x_t) = (
        body.input(0, [n, n], F32),
        body.input(1, [1, n], F32),
        body.input(2, [1, n], F32),
        body.input(3, [1, n], F32),
    );
    let next = (h.dot(w_b, false, false) + x_t + b_b).map(&unary::TANH);
    let outputs = vec![next.id, next.id, (next * next).id];
    let ids = [w_b, b_b, h, x_t].iter().map(|t| t.id).collect();
    let body = body.into_body(ids, outputs);
    scan::scan(&[w, b], &[h0], &[x], steps, reverse, body).unwrap()
}

fn check_recurrence(steps: usize, n: usize, reverse: bool, seed: u64, second: bool) {
    let g = Graph::new();
    let (w, b, h0, x) = (
        g.input(0, [n, n], F32),
        g.input(1, [1, n], F32),
        g.input(2, [1, n], F32),
        g.input(3, [steps, 1, n], F32),
    );
    let outputs: Vec<ValueId> = recurrence(w, b, h0, x, reverse).iter().map(|t| t.id).collect();
    let mut random = Random(seed);
    let mut inputs: Tensors = [w, b, h0, x]
        .iter()
        .enumerate()
        .map(|(i, t)| (i, random.direction(&t.shape())))
        .collect();
    check_outputs(&g, &outputs, &mut inputs, seed, second)
        .unwrap_or_else(|e| panic!("{steps} steps, reverse {reverse}: {e}"));
    verify::verify(&g.nodes()).unwrap();
}

#[test]
fn consts_carry_and_slices_of_a_scan_have_gradients() {
    for steps in [0, 1, 2, 5] {
        for reverse in [false, true] {
            check_recurrence(steps, 3, reverse, 7 + steps as u64, true);
        }
    }
}

#[test]
fn a_recurrence_of_a_thousand_steps_has_gradients() {
    check_recurrence(1000, 2, false, 11, false);
}

#[test]
fn a_scan_inside_a_scan_has_gradients() {
    // outer: h ← Σ of the running products of h·x_t; the inner scan's carry starts at the outer slice's first element
    let inner = Graph::new();
    let (c, h, x_t) = (
        inner.input(0, [], F32),
        inner.input(1, [], F32),
        inner.input(2, [], F32),
    );
    let next = (h * x_t + c).map(&unary::SIN);
    let (ids, next) = (vec![c.id, h.id, x_t.id], next.id);
    let inner = inner.into_body(ids, vec![next, next]);
    let outer = Graph::new();
    let (a, h, xs) = (
        outer.input(0, [], F32),
        outer.input(1, [], F32),
        outer.input(2, [4], F32),
    );
    let rows = scan::scan(&[a], &[h], &[xs], 4, false, inner).unwrap();
    let outputs = vec![(rows[0] * h).id, rows[1].id];
    let ids = vec![a.id, h.id, xs.id];
    let outer = outer.into_body(ids, outputs);

    let g = Graph::new();
    let (a, h0, x) = (g.input(0, [], F32), g.input(1, [], F32), g.input(2, [3, 4], F32));
    let outputs: Vec<ValueId> = scan::scan(&[a], &[h0], &[x], 3, true, outer)
        .unwrap()
        .iter()
        .map(|t| t.id)
        .collect();
    let mut random = Random(3);
    let mut inputs: Tensors = [a, h0, x]
        .iter()
        .enumerate()
        .map(|(i, t)| (i, random.direction(&t.shape())))
        .collect();
    check_outputs(&g, &outputs, &mut inputs, 3, true).unwrap();
    // and its text comes back, bodies and all
    let text = display::text(&g.nodes(), &outputs);
    let (parsed, back) = display::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(display::text(&parsed.nodes(), &back), text);
}

#[test]
fn a_broadcast_operand_gets_the_sum_of_its_copies() {
    let g = Graph::new();
    let (x, row, column, one) = (
        g.input(0, [3, 4], F32),
        g.input(1, [4], F32),
        g.input(2, [3, 1], F32),
        g.input(3, [], F32),
    );
    let y = x * row + column * one - row;
    let mut random = Random(5);
    let mut inputs: Tensors = [x, row, column, one]
        .iter()
        .enumerate()
        .map(|(i, t)| (i, random.direction(&t.shape())))
        .collect();
    check_outputs(&g, &[y.id], &mut inputs, 5, true).unwrap();
}

/// `Reads` tells planners which values a backward pass keeps alive.
#[test]
fn rules_read_what_their_rows_declare() {
    use keratin_graph::op::Reads;
    for case in cases() {
        let Vjp::Rule(_) = case.op.vjp else { continue };
        let (graph, outputs) = case.graph();
        let (inputs, before) = (case.operands.len(), graph.nodes().nodes.len());
        let seeds: Vec<(Tensor, Tensor)> = (outputs.iter().enumerate())
            .map(|(k, &v)| {
                (
                    graph.tensor(v),
                    graph.input(100 + k, graph.ty(v).shape, graph.ty(v).dtype),
                )
            })
            .filter(|(y, _)| y.dtype() == F32)
            .collect();
        let wrt: Vec<Tensor> = (0..inputs)
            .map(|i| graph.tensor(ValueId(i as u32)))
            .filter(|t| t.dtype() == F32)
            .collect();
        keratin_graph::grad::pull(&seeds, &wrt);
        let nodes = graph.nodes();
        let read: Vec<ValueId> = nodes.nodes[before..].iter().flat_map(|n| n.inputs.clone()).collect();
        let (x, y) = (
            read.iter().any(|v| v.index() < inputs),
            read.iter().any(|v| outputs.contains(v)),
        );
        let (may_x, may_y) = match case.op.reads {
            Reads::Nothing => (false, false),
            Reads::Inputs => (true, false),
            Reads::Output => (false, true),
            Reads::Both => (true, true),
        };
        assert!(
            (may_x || !x) && (may_y || !y),
            "{case} declares {:?}; its rule reads inputs: {x}, outputs: {y}",
            case.op.reads
        );
    }
}
