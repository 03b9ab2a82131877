//! Runs a graph natively and prints a hash of the bits of each output, for comparing with another build of the core.
//!
//! Standard input is the graph in its text form. Word `i` of input `k` is made up: with `r = (i·2654435761 + k·40503) mod 2³²`, a f32 is
//! `(r >> 8)/2²² − 2`, which is exact; an i32 is `(r >> 8) mod 7`; a u32 is `r`; a bool is bit 31. One line for 1, 2 and 3 threads each:
//! ```text
//! 1: 811c9dc5 0f3a77b1
//! ```
//! A hash is FNV-1a over the words of the output, word by word.

use keratin_exec::{Options, compile, par};
use keratin_graph::{DType, Kind, display, ops::source};
use std::io::Read;

fn main() {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .expect("a graph as text on standard input");
    let (graph, outputs) = display::parse(&text).expect("the text form of a graph");
    let nodes = graph.nodes();
    for threads in 1..=3 {
        par::set_threads(threads);
        let no_state = |k| panic!("the graph reads state {k}: only inputs are filled");
        let mut program =
            compile(&nodes, &outputs, &[], &no_state, &Options::default()).expect("a graph that compiles");
        for node in nodes
            .nodes
            .iter()
            .filter(|n| n.op.kind == Kind::Source && n.attrs.words.is_none() && !source::is_state(n.op))
        {
            let number = node.attrs.ints[0] as usize;
            let dtype = nodes.ty(node.first).dtype;
            if let Some((at, words)) = program.input(number) {
                for i in 0..words {
                    // SAFETY: the place of an input has `words` words.
                    unsafe { at.add(i).write(word(i as u32, number as u32, dtype)) };
                }
            }
        }
        program.run();
        let hashes: Vec<String> = (0..outputs.len())
            .map(|k| program.output(k))
            .map(|(at, words)| format!("{:08x}", hash(at, words)))
            .collect();
        println!("{threads}: {}", hashes.join(" "));
    }
}

fn word(i: u32, k: u32, dtype: DType) -> u32 {
    let r = i.wrapping_mul(2_654_435_761).wrapping_add(k.wrapping_mul(40_503));
    match dtype {
        DType::F32 => ((r >> 8) as f32 / 4_194_304.0 - 2.0).to_bits(),
        DType::I32 => (r >> 8) % 7,
        DType::U32 => r,
        DType::Bool => r >> 31,
    }
}

fn hash(at: *const u32, words: usize) -> u32 {
    // SAFETY: an output has `words` words, which stay while no program runs.
    let words = unsafe { core::slice::from_raw_parts(at, words) };
    words.iter().fold(0x811C_9DC5, |h, w| (h ^ w).wrapping_mul(0x0100_0193))
}
