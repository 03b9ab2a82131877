//! Updates of tables by few rows: the same bits as updates of whole tables, for the cost of the rows, wherever the others stay as they are.

mod common;
use common::{Values, all_options, run, sample, samples};
use keratin_exec::{Options, Program, StateBuf, compile};
use keratin_graph::ops::{binary, index, index::mode, unary};
use keratin_graph::reference::array;
use keratin_graph::{DType::F32, DType::I32, Graph, Tensor, ValueId, grad};
use std::collections::HashMap;
use std::rc::Rc;

const ROWS: usize = 40;
const WIDTH: usize = 5;
/// The states: a table, two of its shape beside it, a learning rate.
const TABLE: usize = 0;
const FIRST: usize = 1;
const SECOND: usize = 2;
const RATE: usize = 9;

/// A step: what a table's optimizer makes of a gradient, as new values of states.
struct Step {
    graph: Graph,
    updates: Vec<(usize, ValueId)>,
    outputs: Vec<ValueId>,
}

type Update = for<'g> fn(&'g Graph, Tensor<'g>, Tensor<'g>) -> Vec<(usize, Tensor<'g>)>;

fn state(g: &Graph, k: usize) -> Tensor<'_> {
    g.state(k, [ROWS, WIDTH], F32)
}
fn rate(g: &Graph) -> Tensor<'_> {
    g.state(RATE, [] as [usize; 0], F32)
}

/// The step of Σ target·table[index], whose gradient by the table is `target` added up by index.
fn step(update: Update, at: &[usize], outside: i64) -> Step {
    let graph = Graph::new();
    let g = &graph;
    let (table, index) = (state(g, TABLE), g.input(0, at, I32));
    let rows = table.gather(index, outside);
    let loss = rows.zip(&binary::MULTIPLY, g.input(1, rows.shape(), F32));
    let loss = loss.sum(&(0..loss.ndim()).collect::<Vec<_>>());
    let gradient = grad(loss, &[table])[0];
    let updates = update(g, table, gradient);
    let updates = updates.into_iter().map(|(k, v)| (k, v.id)).collect();
    let outputs = vec![loss.id];
    Step {
        graph,
        updates,
        outputs,
    }
}

/// Indices with repeats, from the end, and outside.
fn values(step: &Step, seed: u64) -> (Values, Values) {
    let (mut inputs, mut states) = samples(&step.graph.nodes(), seed);
    let n = inputs[&0].len();
    let far = sample(n, I32, seed + 1).into_iter().zip(sample(n, I32, seed + 2));
    let far = far.map(|(a, b)| a * 8.0 + b).collect(); // −48 … 54 of −40 … 39
    inputs.insert(0, array(inputs[&0].shape(), far));
    // Accumulators of squares are not negative.
    if let Some(a) = states.get_mut(&FIRST) {
        a.mapv_inplace(f64::abs);
    }
    if let Some(rate) = states.get_mut(&RATE) {
        rate.fill(0.1);
    }
    (inputs, states)
}

/// Runs with all options give the same bits, twice in a row.
fn same_bits(step: &Step) {
    for seed in 0..4 {
        let (inputs, states) = values(step, seed);
        let mut first = None;
        for options in all_options() {
            let words = run(
                &step.graph.nodes(),
                &step.outputs,
                &step.updates,
                &inputs,
                &states,
                &options,
                2,
            );
            assert_eq!(first.get_or_insert_with(|| words.clone()), &words, "{options:?}");
        }
    }
}

fn program(step: &Step, options: &Options) -> Program {
    let nodes = step.graph.nodes();
    let (_, states) = values(step, 1);
    let bufs: HashMap<usize, Rc<StateBuf>> = states
        .iter()
        .map(|(&k, v)| (k, Rc::new(StateBuf::new(v.len()))))
        .collect();
    compile(&nodes, &step.outputs, &step.updates, &|k| bufs[&k].clone(), options).unwrap()
}

/// Touches only rows: the table's shape is only where rows are read and written, and nothing as large as the table is made or copied.
fn is_sparse(step: &Step) -> bool {
    let program = program(step, &Options::default());
    let text = program.text();
    let whole = [
        format!("× {}", ROWS * WIDTH),
        format!("copy [{ROWS}, {WIDTH}]"),
        "states".to_string(),
        "scatter_add [40".to_string(),
    ];
    let dense = whole.iter().any(|w| text.contains(w.as_str()));
    assert_eq!(dense, !text.contains("scatter_set"), "{text}");
    !dense
}

fn sgd<'g>(g: &'g Graph, w: Tensor<'g>, d: Tensor<'g>) -> Vec<(usize, Tensor<'g>)> {
    vec![(TABLE, w - d * rate(g))]
}
fn adagrad<'g>(g: &'g Graph, w: Tensor<'g>, d: Tensor<'g>) -> Vec<(usize, Tensor<'g>)> {
    let a = state(g, FIRST) + d.square();
    vec![(FIRST, a), (TABLE, w - rate(g) * d / (a + 1e-7).sqrt())]
}

#[test]
fn updates_that_leave_other_rows_alone_touch_only_rows() {
    let clipped: Update = |g, w, d| {
        let d = d.maximum(g.scalar(-0.5)).minimum(g.scalar(0.5));
        sgd(g, w, d)
    };
    let scaled: Update = |g, w, d| adagrad(g, w, d / 128.0);
    // an accumulator of gradients that is only read where there is one
    let sums: Update = |g, w, d| {
        let s = state(g, SECOND) + d;
        vec![(SECOND, s), (TABLE, w - d * s.map(&unary::TANH) * rate(g))]
    };
    let fixed: Update = |_, w, d| vec![(TABLE, w - d * 0.01)];
    let only_if: Update = |g, w, d| {
        let due = rate(g).lt(g.scalar(5.0));
        vec![(TABLE, due.select(w - d * rate(g), w))]
    };
    for update in [sgd as Update, adagrad, clipped, scaled, sums, fixed, only_if] {
        for at in [&[3, 4][..], &[17], &[1]] {
            for outside in [mode::FILL, mode::CLAMP, mode::ZERO] {
                let step = step(update, at, outside);
                assert!(is_sparse(&step), "{}", program(&step, &Options::default()).text());
                same_bits(&step);
            }
        }
    }
}

#[test]
fn updates_that_change_all_rows_stay_whole() {
    let decay: Update = |g, w, d| {
        let w = w - w * 0.01 * rate(g);
        vec![(TABLE, w - d * rate(g))]
    };
    let momentum: Update = |g, w, d| {
        let v = state(g, SECOND) * 0.9 - d * rate(g);
        vec![(SECOND, v), (TABLE, w + v)]
    };
    let mean_square: Update = |g, w, d| {
        let a = state(g, FIRST) * 0.9 + d.square() * 0.1;
        vec![(FIRST, a), (TABLE, w - rate(g) * d / (a + 1e-7).sqrt())]
    };
    let clipped_by_norm: Update = |g, w, d| {
        let norm = d.square().sum(&[0, 1]).sqrt();
        sgd(g, w, d / norm.maximum(g.scalar(1.0)))
    };
    let bounded: Update = |g, w, d| vec![(TABLE, (w - d * rate(g)).maximum(g.scalar(-1.0)))];
    let averaged: Update = |g, w, d| {
        let w = w - d * rate(g);
        vec![(TABLE, w), (SECOND, state(g, SECOND) * 0.9 + w * 0.1)]
    };
    // 0/√0 is NaN, in every row
    let without_epsilon: Update = |g, w, d| {
        let a = state(g, FIRST) + d.square();
        vec![(FIRST, a), (TABLE, w - rate(g) * d / a.sqrt())]
    };
    let summed: Update = |g, w, d| {
        let mut all = sgd(g, w, d);
        all.push((RATE, rate(g) + d.sum(&[0, 1])));
        all
    };
    let of_another: Update = |g, _, d| vec![(TABLE, state(g, SECOND) - d * rate(g))];
    let also_dense: Update = |g, w, d| sgd(g, w, d + w.dot(g.state(7, [WIDTH, WIDTH], F32), false, false));
    let compared: Update = |g, w, d| {
        // a comparison that holds for every number that anybody tries
        let always = rate(g).lt(g.scalar(f32::INFINITY));
        vec![(TABLE, w - always.select(g.scalar(1.0).broadcast(&[ROWS, WIDTH]), d))]
    };
    for update in [
        decay,
        momentum,
        mean_square,
        clipped_by_norm,
        bounded,
        averaged,
        without_epsilon,
        summed,
        of_another,
        also_dense,
        compared,
    ] {
        let step = step(update, &[3, 4], mode::FILL);
        assert!(!is_sparse(&step), "{}", program(&step, &Options::default()).text());
        same_bits(&step);
    }
}

#[test]
fn as_many_indices_as_rows_update_the_whole_table() {
    assert!(is_sparse(&step(sgd, &[ROWS - 1], mode::FILL)));
    assert!(!is_sparse(&step(sgd, &[ROWS], mode::FILL)));
    same_bits(&step(sgd, &[0], mode::FILL));
}

#[test]
fn outputs_see_gradients_and_old_and_new_tables_whole() {
    let read = |choose: fn(&Step) -> ValueId| {
        let mut step = step(sgd, &[7], mode::FILL);
        let also = choose(&step);
        step.outputs.push(also);
        same_bits(&step);
        step
    };
    let gradient = read(|step| {
        let nodes = step.graph.nodes();
        nodes.nodes.iter().find(|n| index::adds_rows(n.op)).unwrap().first
    });
    assert!(!is_sparse(&gradient));
    assert!(!is_sparse(&read(|step| step.updates[0].1)));
    read(|step| state(&step.graph, TABLE).id);
}

#[test]
fn a_table_that_is_read_in_two_places_sums_both_gradients() {
    for (other, sparse) in [(mode::ZERO, true), (mode::CLAMP, false)] {
        let graph = Graph::new();
        let g = &graph;
        let table = state(g, TABLE);
        let (a, b) = (g.input(0, [2, 3], I32), g.input(2, [5], I32));
        let loss = table.gather(a, mode::ZERO).square().sum(&[0, 1, 2])
            + table.gather(b, other).map(&unary::TANH).sum(&[0, 1]);
        let updates = adagrad(g, table, grad(loss, &[table])[0]);
        let updates = updates.into_iter().map(|(k, v)| (k, v.id)).collect();
        let outputs = vec![];
        let step = Step {
            graph,
            updates,
            outputs,
        };
        assert_eq!(
            is_sparse(&step),
            sparse,
            "{}",
            program(&step, &Options::default()).text()
        );
        same_bits(&step);
    }
}

#[test]
fn rows_that_the_step_has_read_are_not_read_again() {
    let gathers = |update| {
        let program = program(&step(update, &[3, 4], mode::CLAMP), &Options::default());
        program.text().matches("gather").count()
    };
    assert_eq!(gathers(sgd), 1);
    assert_eq!(gathers(adagrad), 2);
}

#[test]
fn two_tables_are_updated_each_by_its_rows() {
    let graph = Graph::new();
    let g = &graph;
    let (one, two) = (state(g, TABLE), state(g, SECOND));
    let (a, b) = (g.input(0, [6], I32), g.input(2, [6], I32));
    let loss = (one.gather(a, mode::FILL) * two.gather(b, mode::FILL)).sum(&[0, 1]);
    let d = grad(loss, &[one, two]);
    let updates = vec![(TABLE, (one - d[0] * 0.1).id), (SECOND, (two - d[1] * 0.1).id)];
    let outputs = vec![loss.id];
    let step = Step {
        graph,
        updates,
        outputs,
    };
    let text = program(&step, &Options::default()).text();
    assert_eq!(text.matches("scatter_set").count(), 2, "{text}");
    assert!(is_sparse(&step), "{text}");
    same_bits(&step);
}

#[test]
fn the_arena_does_not_grow_with_the_table() {
    let words = |rows: usize| {
        let g = Graph::new();
        let (table, at) = (g.state(0, [rows, 64], F32), g.input(0, [32], I32));
        let loss = table.gather(at, mode::FILL).square().sum(&[0, 1]);
        let next = table - grad(loss, &[table])[0] * 0.1;
        let buf = Rc::new(StateBuf::new(rows * 64));
        let updates = [(0, next.id)];
        compile(&g.nodes(), &[loss.id], &updates, &|_| buf.clone(), &Options::default())
            .unwrap()
            .arena_words()
    };
    assert_eq!(words(1000), words(50_000));
    assert!(words(50_000) < 5 * 32 * 64);
}
