//! The text form of a graph: one line per node, what a person reads and what snapshot tests compare.

use crate::graph::{Node, Nodes, ValueId};
use core::fmt::Write;

/// `%5: f32[32,128] = relu %4            # dense/relu`, for every node that an output needs.
pub fn text(nodes: &Nodes, outputs: &[ValueId]) -> String {
    let mut out = String::new();
    write_nodes(&mut out, nodes, outputs, "");
    out
}

/// Shape and type: `f32[2,3]`.
pub fn type_text(nodes: &Nodes, v: ValueId) -> String {
    let ty = nodes.ty(v);
    let sizes: Vec<String> = ty.shape.iter().map(|n| n.to_string()).collect();
    format!("{}[{}]", ty.dtype, sizes.join(","))
}

fn write_nodes(out: &mut String, nodes: &Nodes, outputs: &[ValueId], indent: &str) {
    let mut wanted = vec![false; nodes.values.len()];
    outputs.iter().for_each(|v| wanted[v.index()] = true);
    for node in nodes.nodes.iter().rev() {
        if node.results().any(|v| wanted[v.index()]) {
            node.inputs.iter().for_each(|v| wanted[v.index()] = true);
        }
    }
    for node in nodes.nodes.iter().filter(|n| n.results().any(|v| wanted[v.index()])) {
        write_node(out, nodes, node, indent);
    }
    let ids: Vec<String> = outputs.iter().map(|v| format!("%{}", v.0)).collect();
    let _ = writeln!(out, "{indent}return {}", ids.join(", "));
}

fn write_node(out: &mut String, nodes: &Nodes, node: &Node, indent: &str) {
    let results: Vec<String> = node.results().map(|v| format!("%{}: {}", v.0, type_text(nodes, v))).collect();
    let mut line = format!("{indent}{} = {}", results.join(", "), node.op.name);
    for v in &node.inputs {
        let _ = write!(line, " %{}", v.0);
    }
    if !node.attrs.ints.is_empty() {
        let ints: Vec<String> = node.attrs.ints.iter().map(|i| i.to_string()).collect();
        let _ = write!(line, " {{{}}}", ints.join(","));
    }
    if !node.attrs.floats.is_empty() {
        let floats: Vec<String> = node.attrs.floats.iter().map(|f| format!("{f:?}")).collect();
        let _ = write!(line, " ({})", floats.join(","));
    }
    if let Some(words) = &node.attrs.words {
        let shown: Vec<String> = words.iter().map(|w| format!("{w:x}")).collect();
        let _ = write!(line, " <{}>", shown.join(" "));
    }
    let path = nodes.path_of(node);
    if !path.is_empty() {
        let _ = write!(line, "{:pad$}# {path}", "", pad = 44usize.saturating_sub(line.len()).max(2));
    }
    out.push_str(&line);
    out.push('\n');
    if let Some(body) = &node.attrs.body {
        let inputs: Vec<String> = body.inputs.iter().map(|v| format!("%{}", v.0)).collect();
        let _ = writeln!(out, "{indent}  body {}", inputs.join(", "));
        write_nodes(out, &body.nodes, &body.outputs, &format!("{indent}    "));
    }
}
