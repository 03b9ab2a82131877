//! Random graphs: the program gives the oracle's values, and the same bits whichever passes run.
//!
//! `KERATIN_FUZZ=60 cargo test -p keratin-exec --test fuzz --release` goes on for 60 seconds with new seeds and prints the seed that fails.

mod common;
use common::{all_options, close, run, samples};
use keratin_graph::ops::{binary, fast, index, pool, reduce, scan, unary};
use keratin_graph::reference::evaluate;
use keratin_graph::{Attrs, DType::F32, DType::I32, Graph, OpDef, Tensor, ValueId, grad};
use std::time::{Duration, Instant};

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }
    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// The first result of an op.
fn first<'g>(g: &'g Graph, op: &'static OpDef, inputs: &[Tensor<'g>], attrs: Attrs) -> Tensor<'g> {
    let ids: Vec<ValueId> = inputs.iter().map(|t| t.id).collect();
    g.tensor(g.apply(op, &ids, attrs).unwrap()[0])
}

/// Whole numbers: constants, the order of a row, or the greatest of a row, cast and added; some outside of `-rows … rows`.
fn whole<'g>(d: &mut Dice, g: &'g Graph, all: &[Tensor<'g>], rows: usize) -> Tensor<'g> {
    let x = d.pick(all);
    match d.below(3) {
        0 if x.ndim() > 0 => first(g, &index::ARGSORT, &[x], Attrs::default()) - g.scalar_i32(1),
        1 if x.ndim() > 0 && x.numel() > 0 => {
            x.reduce(d.pick(&[&reduce::ARGMAX, &reduce::ARGMIN]), &[x.ndim() - 1]) + g.scalar_i32(1)
        }
        _ => {
            let n = 1 + d.below(6);
            let words: Vec<u32> = (0..n)
                .map(|_| (d.below(2 * rows + 3) as i32 - rows as i32 - 1) as u32)
                .collect();
            g.constant(words, &[n], I32)
        }
    }
}

/// hₜ = tanh(hₜ₋₁ + w·xₜ) over the first axis of x, either way; all h, or the last.
fn recurrence<'g>(d: &mut Dice, g: &'g Graph, x: Tensor<'g>) -> Tensor<'g> {
    let shape = x.shape();
    let body = Graph::new();
    let (w, h, x_t) = (
        body.input(0, [], F32),
        body.input(1, &shape[1..], F32),
        body.input(2, &shape[1..], F32),
    );
    let next = (h + w * x_t).map(&unary::TANH).id;
    let ids = vec![w.id, h.id, x_t.id];
    let body = body.into_body(ids, vec![next, next]);
    let start = g.scalar(0.25).broadcast(&shape[1..]);
    scan::scan(&[g.scalar(0.75)], &[start], &[x], shape[0], d.below(2) == 0, body).unwrap()[d.below(2)]
}

/// One random step from tensors that are there. Values stay small, so that f32 follows f64; where an op jumps (comparisons, maxima, orders)
/// the two sides are far apart or equal in both.
fn grow<'g>(d: &mut Dice, all: &[Tensor<'g>]) -> Tensor<'g> {
    let x = d.pick(all);
    let shape = x.shape();
    let g = x.graph;
    let bounded = |t: Tensor<'g>| t.map(&unary::TANH);
    match d.below(20) {
        12 if !shape.is_empty() && shape[0] > 0 => {
            let rows = whole(d, g, all, shape[0]);
            let mode = d.pick(&[index::mode::CLAMP, index::mode::ZERO]);
            x.gather(rows, mode)
        }
        13 if !shape.is_empty() && shape[0] > 0 => {
            let rows = whole(d, g, all, shape[0]);
            let updates = x.sum(&[0]).broadcast(&[&rows.shape()[..], &shape[1..]].concat());
            let mode = d.pick(&[index::mode::CLAMP, index::mode::ZERO]);
            bounded(first(g, &index::SCATTER_ADD, &[x, rows, updates], Attrs::ints([mode])))
        }
        14 => {
            let same: Vec<Tensor> = all.iter().copied().filter(|t| t.shape() == shape).collect();
            let y = d.pick(&same);
            match d.below(3) {
                0 => x.lt(x.like(0.1)).select(y, x),
                1 => x.maximum(y + 0.01),
                _ => x.minimum(y - 0.01),
            }
        }
        15 if !shape.is_empty() => {
            let op = d.pick(&[&reduce::CUMSUM, &reduce::CUMPROD]);
            bounded(first(g, op, &[x], Attrs::ints([d.below(shape.len()) as i64])))
        }
        16 if !shape.is_empty() && x.numel() > 0 => {
            let axis = d.below(shape.len());
            x.reduce(d.pick(&[&reduce::MAX, &reduce::MIN, &reduce::PROD]), &[axis])
        }
        17 if !shape.is_empty() && shape[0] > 0 => recurrence(d, g, x),
        18 if shape.len() == 3 && shape[1] >= 2 => {
            let op = d.pick(&[&pool::MAX_POOL, &pool::SUM_POOL]);
            bounded(first(g, op, &[x], Attrs::ints([2, 1, 0, 0])))
        }
        19 if !shape.is_empty() => {
            let axis = d.below(shape.len());
            let mean = first(g, &fast::MOMENTS, &[x], Attrs::ints([axis as i64, axis as i64 + 1]));
            mean * (1.0 / shape[axis].max(2) as f32)
        }
        0 => x.map(d.pick(&[
            &unary::TANH,
            &unary::SIGMOID,
            &unary::NEGATIVE,
            &unary::SOFTPLUS,
            &unary::SIN,
            &unary::ERF,
            &unary::ARCTAN,
        ])),
        1 | 2 => {
            let same: Vec<Tensor> = all.iter().copied().filter(|t| t.shape() == shape).collect();
            let y = d.pick(&same);
            bounded(x.zip(d.pick(&[&binary::ADD, &binary::SUBTRACT, &binary::MULTIPLY]), y))
        }
        3 => bounded(x * 1.5 + 0.25),
        4 if !shape.is_empty() => {
            let axis = d.below(shape.len());
            bounded(x.reduce(&reduce::SUM, &[axis]))
        }
        5 if !shape.is_empty() => {
            // Take a sum back to the shape that it came from, as a mean does.
            let axis = d.below(shape.len());
            let mut kept = shape.clone();
            kept[axis] = 1;
            bounded(x - (x.sum(&[axis]) * (1.0 / shape[axis].max(1) as f32)).reshape(&kept))
        }
        6 => {
            let mut order: Vec<usize> = (0..shape.len()).collect();
            (1..order.len()).rev().for_each(|i| order.swap(i, d.below(i + 1)));
            x.transpose(&order)
        }
        7 if shape.len() == 2 => {
            let fits: Vec<Tensor> = all
                .iter()
                .copied()
                .filter(|t| t.ndim() == 2 && t.shape()[0] == shape[1])
                .collect();
            match fits.is_empty() {
                true => bounded(x.dot(x, false, true)),
                false => bounded(x.dot(d.pick(&fits), false, false)),
            }
        }
        8 if !shape.is_empty() => {
            let axis = d.below(shape.len());
            match d.below(3) {
                0 => x.flip(axis),
                1 => Tensor::concat(&[x, x], axis),
                _ => x.narrow(axis, 0, shape[axis].div_ceil(2)),
            }
        }
        9 if !shape.is_empty() => x.pad(
            &shape
                .iter()
                .map(|_| (d.below(2), d.below(2), d.below(2)))
                .collect::<Vec<_>>(),
            0.5,
        ),
        10 if !shape.is_empty() => x.map(d.pick(&[&fast::SOFTMAX, &unary::TANH])),
        _ => x.reshape(&[x.numel()]),
    }
}

fn one(seed: u64) {
    let g = Graph::new();
    let mut d = Dice(seed);
    let shapes: [&[usize]; 6] = [&[3, 4], &[4, 3], &[5], &[2, 3, 4], &[17, 5], &[]];
    let sources: Vec<Tensor> = (0..4)
        .map(|k| {
            if k % 2 == 0 {
                g.input(k, d.pick(&shapes), F32)
            } else {
                g.state(k, d.pick(&shapes), F32)
            }
        })
        .collect();
    let mut all = sources.clone();
    for _ in 0..4 + d.below(24) {
        let next = grow(&mut d, &all);
        if next.numel() <= 4000 {
            all.push(next);
        }
    }
    let last = *all.last().unwrap();
    let loss = all[all.len() - 1 - d.below(3.min(all.len()))];
    let loss = (loss * loss).sum(&(0..loss.ndim()).collect::<Vec<_>>());
    let mut wanted = vec![last, d.pick(&all), loss];
    wanted.extend(grad(loss, &sources));
    let ids: Vec<ValueId> = wanted.iter().map(|t| t.id).collect();
    // States take new values of their own shape.
    let updates: Vec<(usize, ValueId)> = [1, 3]
        .into_iter()
        .filter_map(|k| {
            all.iter()
                .rev()
                .find(|t| t.shape() == sources[k].shape())
                .map(|t| (k, t.id))
        })
        .collect();
    let nodes = g.nodes();
    let (inputs, states) = samples(&nodes, seed);
    let states = if states.len() == 2 { states } else { return }; // a state that nothing reads has no samples
    if std::env::var("KERATIN_FUZZ_SEED").is_ok_and(|s| s == seed.to_string()) {
        let states = |k: usize| std::rc::Rc::new(keratin_exec::StateBuf::new(states[&k].len()));
        let program = keratin_exec::compile(&nodes, &ids, &updates, &states, &all_options()[0]).unwrap();
        println!("{}\n{}", keratin_graph::display::text(&nodes, &ids), program.text());
    }
    let expected = evaluate(&nodes, &inputs, &states, &ids);
    let mut first = None;
    for options in all_options() {
        let words = run(&nodes, &ids, &updates, &inputs, &states, &options, 1);
        match &first {
            None => {
                for (k, want) in expected.iter().enumerate() {
                    close(&format!("seed {seed}, output {k}"), &words.0[k], want, F32, 2e-4);
                }
                first = Some(words);
            }
            Some(first) => assert_eq!(
                first,
                &words,
                "seed {seed}: other bits with {options:?}\n{}",
                keratin_graph::display::text(&nodes, &ids)
            ),
        }
    }
}

#[test]
fn random_graphs_agree_with_the_oracle_and_with_themselves() {
    (1..=300).for_each(one);
    if let Some(seconds) = std::env::var("KERATIN_FUZZ").ok().and_then(|s| s.parse().ok()) {
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut seed = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_nanos() as u64;
        while Instant::now() < end {
            println!("seed {seed}");
            one(seed);
            seed += 1;
        }
    }
}
