//! Runs a graph as a program and as the oracle, with every pass on and off, and compares.

#![allow(dead_code)] // each test file uses its part

use keratin_exec::{Options, Program, StateBuf, compile};
use keratin_graph::reference::{self, evaluate};
use keratin_graph::{DType, Graph, Kind, Nodes, Tensor, ValueId};
use ndarray::ArrayD;
use std::collections::HashMap;
use std::rc::Rc;

pub type Values = HashMap<usize, ArrayD<f64>>;

/// All ways of running that must give the same bits.
pub fn all_options() -> Vec<Options> {
    let mut all = Vec::new();
    for bits in 0..32 {
        let on = |k: u32| bits >> k & 1 == 1;
        all.push(Options {
            simplify: on(0),
            group: on(1),
            in_place: on(2),
            poison: on(3),
            sparse: on(4),
            verify: true,
        });
    }
    all
}

/// Numbers that are easy to tell apart, of the type: small, both signs, repeatable.
pub fn sample(n: usize, dtype: DType, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..n)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let unit = (state >> 40) as f64 / (1u64 << 24) as f64;
            match dtype {
                DType::F32 => ((unit * 4.0 - 2.0) as f32) as f64,
                DType::I32 => (unit * 13.0).floor() - 6.0,
                DType::U32 => (unit * 1e9).floor(),
                DType::Bool => (unit > 0.5) as u8 as f64,
            }
        })
        .collect()
}

/// Sample values for every input and state of a graph.
pub fn samples(nodes: &Nodes, seed: u64) -> (Values, Values) {
    let (mut inputs, mut states) = (Values::new(), Values::new());
    for node in nodes
        .nodes
        .iter()
        .filter(|n| n.op.kind == Kind::Source && n.attrs.words.is_none())
    {
        let ty = nodes.ty(node.first);
        let number = node.attrs.ints[0] as usize;
        let values = reference::array(&ty.shape, sample(ty.numel(), ty.dtype, seed + node.first.0 as u64));
        if keratin_graph::ops::source::is_state(node.op) {
            &mut states
        } else {
            &mut inputs
        }
        .insert(number, values);
    }
    (inputs, states)
}

/// The words of each output, and of each state, after a run.
pub type Words = (Vec<Vec<u32>>, HashMap<usize, Vec<u32>>);

pub fn run(
    nodes: &Nodes,
    outputs: &[ValueId],
    updates: &[(usize, ValueId)],
    inputs: &Values,
    states: &Values,
    options: &Options,
    runs: usize,
) -> Words {
    let types: HashMap<(bool, usize), DType> = (nodes.nodes.iter())
        .filter(|n| n.op.kind == Kind::Source && n.attrs.words.is_none())
        .map(|n| {
            (
                (keratin_graph::ops::source::is_state(n.op), n.attrs.ints[0] as usize),
                nodes.ty(n.first).dtype,
            )
        })
        .collect();
    let bufs: HashMap<usize, Rc<StateBuf>> = (states.iter())
        .map(|(&k, v)| {
            let words = reference::to_words(v, types[&(true, k)]);
            let buf = Rc::new(StateBuf::new(words.len()));
            // SAFETY: the buffer has that many words.
            unsafe { core::ptr::copy_nonoverlapping(words.as_ptr(), buf.ptr(), words.len()) };
            (k, buf)
        })
        .collect();
    let mut program: Program = compile(nodes, outputs, updates, &|k| bufs[&k].clone(), options).unwrap();
    let mut results = Vec::new();
    for _ in 0..runs {
        for (&k, v) in inputs {
            if let Some((at, n)) = program.input(k) {
                let words = reference::to_words(v, types[&(false, k)]);
                assert_eq!(words.len(), n);
                // SAFETY: the place of an input has that many words.
                unsafe { core::ptr::copy_nonoverlapping(words.as_ptr(), at, n) };
            }
        }
        program.run();
        results = (0..outputs.len())
            .map(|k| {
                let (at, n) = program.output(k);
                // SAFETY: the place of an output has that many words.
                unsafe { core::slice::from_raw_parts(at, n) }.to_vec()
            })
            .collect();
    }
    // SAFETY: states have the words that they say.
    let after = bufs
        .iter()
        .map(|(&k, b)| (k, unsafe { core::slice::from_raw_parts(b.ptr(), b.len()) }.to_vec()))
        .collect();
    (results, after)
}

/// Asserts that every way of running gives the same bits, and that these are the oracle's values up to `tolerance` of the largest.
pub fn check(name: &str, graph: &Graph, outputs: &[Tensor], tolerance: f64) {
    let ids: Vec<ValueId> = outputs.iter().map(|t| t.id).collect();
    let nodes = graph.nodes();
    let (inputs, states) = samples(&nodes, 7);
    let expected = evaluate(&nodes, &inputs, &states, &ids);
    let mut first: Option<Words> = None;
    for options in all_options() {
        let words = run(&nodes, &ids, &[], &inputs, &states, &options, 2);
        match &first {
            None => {
                for (k, (got, want)) in words.0.iter().zip(&expected).enumerate() {
                    close(
                        &format!("{name}, output {k}"),
                        got,
                        want,
                        nodes.ty(ids[k]).dtype,
                        tolerance,
                    );
                }
                first = Some(words);
            }
            Some(first) => assert_eq!(first, &words, "{name}: other bits with {options:?}"),
        }
    }
}

pub fn close(what: &str, got: &[u32], want: &ArrayD<f64>, dtype: DType, tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    let scale = want
        .iter()
        .filter(|x| x.is_finite())
        .fold(1.0f64, |m, x| m.max(x.abs()));
    for (i, (&word, &expected)) in got.iter().zip(want.iter()).enumerate() {
        let value = reference::from_word(word, dtype);
        let same = value == expected || (value.is_nan() && expected.is_nan());
        assert!(
            same || (value - expected).abs() <= tolerance * scale,
            "{what} at {i}: {value}, the oracle says {expected}"
        );
    }
}
