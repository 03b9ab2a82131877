//! Times what is bound by memory (normalization, pooling, padding, up-sampling, each with its gradient) against a plain copy of its data.
//!
//! The unit is a copy of as many words as the operation must read and write once. One thread; best and median of many runs, in turns with
//! the copy: `cargo run --release -p keratin-exec --example passes [part of a name] [--text]`.

use keratin_exec::{Options, Program, compile, par};
use keratin_graph::ops::{fast, pool, unary};
use keratin_graph::{Attrs, DType::F32, Graph, OpDef, Tensor, ValueId, grad, numel};
use std::time::Instant;

/// A graph with its outputs, and the words that it must read and write.
struct Job {
    name: String,
    graph: Graph,
    outputs: Vec<ValueId>,
    words: usize,
}

/// Reads and writes of arrays of the size of the first input, in a forward and backward pass.
struct Passes {
    arrays: f64,
}

fn main() {
    par::set_threads(1);
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = arguments.iter().any(|a| a == "--text");
    arguments.retain(|a| a != "--text");
    let wanted = arguments.first().cloned().unwrap_or_default();
    println!(
        "{:<44} {:>9} {:>9} {:>9} {:>7} {:>7}",
        "", "copy µs", "best µs", "median", "best", "median"
    );
    for job in jobs().into_iter().filter(|j| j.name.contains(&wanted)) {
        measure(job, text);
    }
}

fn measure(job: Job, text: bool) {
    let nodes = job.graph.nodes();
    let no_state = |k| panic!("the graph reads state {k}");
    let mut program =
        compile(&nodes, &job.outputs, &[], &no_state, &Options::default()).expect("a graph that compiles");
    let contents: Vec<Vec<u32>> = (0..)
        .map_while(|k| program.input(k).map(|(_, words)| noise(words, k as u32)))
        .collect();
    let half = job.words / 2;
    let (src, mut dst) = (vec![1u32; half], vec![0u32; half]);
    let copy = |dst: &mut [u32]| dst.copy_from_slice(std::hint::black_box(&src));
    let (mut copies, mut runs) = (vec![], vec![]);
    let start = Instant::now();
    while start.elapsed().as_millis() < 400 || runs.len() < 10 {
        copies.push(time(|| copy(std::hint::black_box(&mut dst))));
        write(&mut program, &contents);
        runs.push(time(|| program.run()));
    }
    let of = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        (all[0], all[all.len() / 2])
    };
    let ((copy, copy_median), (best, median)) = (of(copies), of(runs));
    println!(
        "{:<44} {copy:>9.1} {best:>9.1} {median:>9.1} {:>7.2} {:>7.2}",
        job.name,
        best / copy,
        median / copy_median
    );
    if text {
        println!("{}", timed(&mut program, &contents));
    }
}

/// Between −1 and 1.
fn noise(n: usize, seed: u32) -> Vec<u32> {
    let next = |r: &mut u32| {
        *r = r.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some(((*r >> 8) as f32 / 8_388_608.0 - 1.0).to_bits())
    };
    let mut state = seed + 1;
    std::iter::from_fn(|| next(&mut state)).take(n).collect()
}

/// A run may leave anything in the place of an input.
fn write(program: &mut Program, contents: &[Vec<u32>]) {
    for (k, words) in contents.iter().enumerate() {
        let (at, n) = program.input(k).expect("asked before");
        // SAFETY: the place of an input has that many words.
        unsafe { core::ptr::copy_nonoverlapping(words.as_ptr(), at, n) };
    }
}

/// The printed program with the best time of each step.
fn timed(program: &mut Program, contents: &[Vec<u32>]) -> String {
    let mut times = vec![f64::INFINITY; program.steps()];
    for _ in 0..50 {
        write(program, contents);
        for (step, best) in times.iter_mut().enumerate() {
            *best = best.min(1000.0 * time(|| program.run_step(step)));
        }
    }
    let text = program.text();
    let (heading, steps) = text.split_once('\n').expect("a heading");
    let timed = steps
        .lines()
        .zip(&times)
        .map(|(line, ns)| format!("{line:<90} {:>8.3} ms\n", ns / 1e6));
    format!("{heading}\n{}", timed.collect::<String>())
}

fn time(f: impl FnOnce()) -> f64 {
    let start = Instant::now();
    f();
    start.elapsed().as_secs_f64() * 1e6
}

/// `f(x)` and the pull-back of a cotangent to `x` (and to `others`), as a step would need both.
fn both_ways(
    name: &str,
    shape: &[usize],
    passes: Passes,
    f: impl for<'g> Fn(&'g Graph, Tensor<'g>) -> (Tensor<'g>, Vec<Tensor<'g>>),
) -> Job {
    let graph = Graph::new();
    let outputs = {
        let x = graph.input(0, shape, F32);
        let (y, others) = f(&graph, x);
        let g = graph.input(1, y.shape(), F32);
        let wrt: Vec<Tensor> = [x].into_iter().chain(others).collect();
        let pulled = grad::pull(&[(y, g)], &wrt);
        [y.id]
            .into_iter()
            .chain(pulled.into_iter().flatten().map(|t| t.id))
            .collect()
    };
    Job {
        name: format!("{name} {shape:?}"),
        graph,
        outputs,
        words: (passes.arrays * numel(shape) as f64) as usize,
    }
}

fn jobs() -> Vec<Job> {
    let mut all = vec![];
    for shape in [[32, 28, 28, 16], [32, 14, 14, 64]] {
        // x → y; x, g → dx
        all.push(both_ways(
            "batch normalization",
            &shape,
            Passes { arrays: 5.0 },
            batch_norm,
        ));
        all.push(both_ways(
            "batch normalization, relu",
            &shape,
            Passes { arrays: 5.0 },
            |g, x| {
                let (y, others) = batch_norm(g, x);
                (y.map(&unary::RELU), others)
            },
        ));
        all.push(both_ways("add, relu", &shape, Passes { arrays: 6.0 }, |g, x| {
            let other = g.input(2, x.shape(), F32);
            ((x + other).map(&unary::RELU), vec![])
        }));
        all.push(forward("add", &shape, |g, x| x + g.input(1, x.shape(), F32)));
        all.push(forward("pad", &shape, |_, x| {
            x.pad(&[(0, 0, 0), (1, 1, 0), (1, 1, 0), (0, 0, 0)], 0.0)
        }));
        all.push(forward("crop", &shape, |_, x| {
            x.narrow(1, 1, shape[1] - 2).narrow(2, 1, shape[2] - 2)
        }));
        let (h, w, c) = (shape[1], shape[2], shape[3]);
        let sized = [2, 2, 0, 0, 2 * h as i64, 2, 2, 0, 0, 2 * w as i64];
        all.push(forward("up-sampling", &shape, move |_, x| {
            emit(&pool::SUM_POOL_SPREAD, &[x], &sized)
        }));
        all.push(forward("up-sampling as views", &shape, move |_, x| {
            let spread = x.reshape(&[32, h, 1, w, 1, c]).broadcast(&[32, h, 2, w, 2, c]);
            spread.reshape(&[32, 2 * h, 2 * w, c])
        }));
        let two = [2, 2, 0, 0, 2, 2, 0, 0];
        all.push(forward("sum pool (up-sampling's gradient)", &shape, move |_, x| {
            emit(&pool::SUM_POOL, &[x], &two)
        }));
        all.push(forward("max pool", &shape, move |_, x| {
            emit(&pool::MAX_POOL, &[x], &two)
        }));
        // x → y/4; x, g/4 → dx
        all.push(both_ways(
            "max pool both ways",
            &shape,
            Passes { arrays: 3.5 },
            move |_, x| (emit(&pool::MAX_POOL, &[x], &two), vec![]),
        ));
        let three = [3, 2, 0, 1, 3, 2, 0, 1];
        all.push(both_ways(
            "max pool 3×3/2 both ways",
            &shape,
            Passes { arrays: 3.5 },
            move |_, x| (emit(&pool::MAX_POOL, &[x], &three), vec![]),
        ));
        all.push(both_ways(
            "average pool both ways",
            &shape,
            Passes { arrays: 2.5 },
            move |_, x| (emit(&pool::SUM_POOL, &[x], &two) * 0.25, vec![]),
        ));
        all.push(both_ways(
            "global average pool both ways",
            &shape,
            Passes { arrays: 2.0 },
            move |_, x| (x.sum(&[1, 2]) * (1.0 / (h * w) as f32), vec![]),
        ));
    }
    for shape in [[4096, 64], [1024, 512]] {
        all.push(both_ways(
            "layer normalization",
            &shape,
            Passes { arrays: 5.0 },
            layer_norm,
        ));
        all.push(both_ways("bias, relu", &shape, Passes { arrays: 5.0 }, |g, x| {
            let b = g.input(2, [x.shape()[1]], F32);
            ((x + b).map(&unary::RELU), vec![b])
        }));
    }
    all
}

fn forward(name: &str, shape: &[usize], f: impl for<'g> Fn(&'g Graph, Tensor<'g>) -> Tensor<'g>) -> Job {
    let graph = Graph::new();
    let (outputs, words) = {
        let y = f(&graph, graph.input(0, shape, F32));
        let read: usize = (graph.nodes().nodes.iter())
            .filter(|n| n.inputs.is_empty() && n.attrs.words.is_none())
            .map(|n| graph.ty(n.first).numel())
            .sum();
        (vec![y.id], read.max(numel(shape)) + y.numel())
    };
    Job {
        name: format!("{name} {shape:?}"),
        graph,
        outputs,
        words,
    }
}

fn emit<'g>(op: &'static OpDef, inputs: &[Tensor<'g>], ints: &[i64]) -> Tensor<'g> {
    let graph = inputs[0].graph;
    let ids: Vec<ValueId> = inputs.iter().map(|t| t.id).collect();
    let node = graph
        .emit(op, &ids, Attrs::ints(ints.iter().copied()))
        .expect("shapes that fit");
    graph.tensor(graph.first(node))
}

/// As `ts/ops/nn.ts` composes it, over all axes but the last.
fn batch_norm<'g>(graph: &'g Graph, x: Tensor<'g>) -> (Tensor<'g>, Vec<Tensor<'g>>) {
    let shape = x.shape();
    let c = shape[shape.len() - 1];
    let axes: Vec<usize> = (0..shape.len() - 1).collect();
    let kept: Vec<usize> = axes.iter().map(|_| 1).chain([c]).collect();
    let (gamma, beta) = (graph.input(2, [c], F32), graph.input(3, [c], F32));
    let [mean, variance] = moments(x, 0, axes.len()).map(|t| t.reshape(&kept));
    let factor = (variance + 1e-3).map(&unary::RSQRT) * gamma.reshape(&kept);
    let shift = -mean * factor + beta.reshape(&kept);
    (x * factor + shift, vec![gamma, beta])
}

/// The same for layer normalization of the last axis.
fn layer_norm<'g>(graph: &'g Graph, x: Tensor<'g>) -> (Tensor<'g>, Vec<Tensor<'g>>) {
    let [rows, n] = x.shape()[..] else { panic!("rows") };
    let (gamma, beta) = (graph.input(2, [n], F32), graph.input(3, [n], F32));
    let [mean, variance] = moments(x, 1, 2).map(|t| t.reshape(&[rows, 1]));
    let factor = (variance + 1e-3).map(&unary::RSQRT);
    ((x - mean) * (factor * gamma) + beta, vec![gamma, beta])
}

fn moments<'g>(x: Tensor<'g>, from: i64, to: usize) -> [Tensor<'g>; 2] {
    let ints = Attrs::ints([from, to as i64]);
    let node = x.graph.emit(&fast::MOMENTS, &[x.id], ints).expect("axes that exist");
    let results: Vec<ValueId> = x.graph.nodes().node(node).results().collect();
    [0, 1].map(|k| x.graph.tensor(results[k]))
}
