//! The text form of a graph, and its parser: one line per node, what a person reads, what snapshots compare, what tests are written in.
//!
//! ```text
//! %0: f32[2,3] = input {0,0,2,3}
//! %1: f32[] = constant {0} <0.5>
//! %2: f32[2,3] = broadcast %1 {2,3}
//! %3: f32[2,3] = maximum %0 %2                  # dense/activation
//! return %3
//! ```
//! A line has results with their types, the op, its inputs, then `{ints}`, `(floats)` and `<words>` where it has them, and after
//! `#` the layer that asked for it. A loop is followed by its body, which numbers its values for itself:
//! ```text
//! %4: f32[], %5: f32[3] = scan %0 %3 {0,1,3,0}
//!   body %0, %1
//!     %0: f32[] = input {0,0}
//!     %1: f32[] = input {1,0}
//!     %2: f32[] = multiply %0 %1
//!     return %2, %2
//! ```

mod parse;
pub use parse::parse;

use crate::dtype::DType;
use crate::graph::{Node, Nodes, ValueId};
use core::fmt::Write;

/// Contents of constants beyond this many stretches of equal words are left out of a text; it can then not be parsed.
const SHOWN: usize = 256;
/// Layer paths start at this column, or two further on than a long line.
const PATH_COLUMN: usize = 44;
/// Floats by their bits, which parse as well: the shortest decimals would cost a page 4 kB of tables and code that nothing else needs.
const BITS: bool = cfg!(target_family = "wasm");

/// Every node that an output needs, then `return` with the outputs. Values are numbered in the order of the text, so that nodes
/// nobody needs leave no trace.
pub fn text(nodes: &Nodes, outputs: &[ValueId]) -> String {
    let mut out = String::new();
    write_nodes(&mut out, nodes, &[], outputs, "");
    out
}

/// Type and shape: `f32[2,3]`.
pub fn type_text(nodes: &Nodes, v: ValueId) -> String {
    let ty = nodes.ty(v);
    format!("{}[{}]", ty.dtype, list(&ty.shape, ",", |n| n.to_string()))
}

fn list<T>(items: impl IntoIterator<Item = T>, between: &str, show: impl Fn(T) -> String) -> String {
    items.into_iter().map(show).collect::<Vec<_>>().join(between)
}

/// The nodes that `outputs` need, and all `inputs` of a body.
fn write_nodes(out: &mut String, nodes: &Nodes, inputs: &[ValueId], outputs: &[ValueId], indent: &str) {
    let mut wanted = vec![false; nodes.values.len()];
    outputs.iter().chain(inputs).for_each(|v| wanted[v.index()] = true);
    for node in nodes.nodes.iter().rev() {
        if node.results().any(|v| wanted[v.index()]) {
            node.inputs.iter().for_each(|v| wanted[v.index()] = true);
        }
    }
    let shown: Vec<&Node> = nodes
        .nodes
        .iter()
        .filter(|n| n.results().any(|v| wanted[v.index()]))
        .collect();
    let mut numbers = vec![0; nodes.values.len()];
    for (number, v) in shown.iter().flat_map(|n| n.results()).enumerate() {
        numbers[v.index()] = number;
    }
    let name = |v: &ValueId| format!("%{}", numbers[v.index()]);
    if !inputs.is_empty() || !indent.is_empty() {
        let _ = writeln!(out, "{}body {}", &indent[2..], list(inputs, ", ", name));
    }
    for node in shown {
        let line = format!("{indent}{}", node_line(nodes, node, &name));
        let path = nodes.path_of(node).replace(char::is_control, " ");
        match path.trim() {
            "" => out.push_str(&line),
            path => _ = write!(out, "{line:PATH_COLUMN$}  # {path}"),
        }
        out.push('\n');
        if let Some(body) = &node.attrs.body {
            write_nodes(out, &body.nodes, &body.inputs, &body.outputs, &format!("{indent}    "));
        }
    }
    let _ = writeln!(out, "{indent}return {}", list(outputs, ", ", name));
}

fn node_line(nodes: &Nodes, node: &Node, name: &dyn Fn(&ValueId) -> String) -> String {
    let results = list(node.results(), ", ", |v| {
        format!("{}: {}", name(&v), type_text(nodes, v))
    });
    let mut line = format!("{results} = {}", node.op.name);
    node.inputs.iter().for_each(|v| _ = write!(line, " {}", name(v)));
    let attrs = &node.attrs;
    if !attrs.ints.is_empty() {
        let _ = write!(line, " {{{}}}", list(&attrs.ints, ",", |i| i.to_string()));
    }
    if !attrs.floats.is_empty() {
        let _ = write!(
            line,
            " ({})",
            list(&attrs.floats, ",", |f| word_text(f.to_bits(), DType::F32))
        );
    }
    if let Some(words) = &attrs.words {
        let dtype = nodes.ty(node.first).dtype;
        let _ = write!(line, " <{}>", words_text(words, dtype));
    }
    line
}

/// Numbers between spaces; `x*n` stands for n equal ones.
fn words_text(words: &[u32], dtype: DType) -> String {
    let runs: Vec<&[u32]> = words.chunk_by(|a, b| a == b).collect();
    let run = |r: &&[u32]| match r.len() {
        1 => word_text(r[0], dtype),
        n => format!("{}*{n}", word_text(r[0], dtype)),
    };
    let shown = list(&runs[..runs.len().min(SHOWN)], " ", run);
    if runs.len() > SHOWN {
        format!("{shown} …")
    } else {
        shown
    }
}

/// The number of a word, so that parsing gives the word back; unusual NaNs by their bits.
fn word_text(word: u32, dtype: DType) -> String {
    match dtype {
        DType::F32 if BITS || f32::from_bits(word).is_nan() && word != f32::NAN.to_bits() => format!("0x{word:08x}"),
        DType::F32 => format!("{:?}", f32::from_bits(word)),
        DType::I32 => (word as i32).to_string(),
        DType::U32 | DType::Bool => word.to_string(),
    }
}
