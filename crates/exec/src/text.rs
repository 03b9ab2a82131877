//! The printed program: what runs together, on how much memory.

use crate::lower::Work;
use crate::map_vm::MapProgram;
use crate::program::Program;
use core::fmt::Write;
use keratin_graph::{Node, Nodes};

/// A heading, then a line per step. Without a broken number in it: printing those would be a fifth of the core's formatting code.
pub fn text(program: &Program) -> String {
    let (code, nodes) = (&program.code, &program.code.nodes);
    let mut out = String::new();
    let kib = (program.arena_words() * 4).div_ceil(1024);
    let _ = writeln!(
        out,
        "{} nodes → {} steps, arena {kib} KiB",
        nodes.nodes.len(),
        program.steps()
    );
    for (at, work) in code.low.works.iter().enumerate() {
        let _ = writeln!(out, "  {at:>3}: {}", describe(nodes, work));
    }
    if !code.plan.copies.is_empty() {
        let _ = writeln!(
            out,
            "  {:>3}: copy to {} states",
            code.low.works.len(),
            code.plan.copies.len()
        );
    }
    out
}

fn map_text(m: &MapProgram) -> String {
    let names: Vec<&str> = m.instrs.iter().map(|i| i.name.as_str()).collect();
    format!("map[{}]", names.join(", "))
}

/// Where the layer is that the node comes from.
fn place(nodes: &Nodes, node: &Node) -> String {
    match nodes.path_of(node) {
        "" => String::new(),
        path => format!("  # {path}"),
    }
}

fn describe(nodes: &Nodes, work: &Work) -> String {
    match work {
        Work::Map(m) => format!("{} × {}", map_text(m), m.n),
        Work::Reduce(r) => {
            let folds: Vec<&str> = r.folds.iter().map(|f| f.name).collect();
            let fed = r.map.as_ref().map_or(String::new(), |m| format!("({})", map_text(m)));
            let node = &nodes.nodes[r.node];
            let ty = |v| format!("{:?}", nodes.ty(v).shape);
            format!(
                "{}{fed}{} {} → {}{}",
                folds.join(", "),
                r.epilogues
                    .iter()
                    .map(|m| format!(" + {}", map_text(m)))
                    .collect::<String>(),
                ty(node.inputs[0]),
                ty(node.first),
                place(nodes, node)
            )
        }
        Work::Copy { pieces, fill, .. } => {
            let shapes: Vec<String> = pieces.iter().map(|p| format!("{:?}", p.shape)).collect();
            format!(
                "copy {}{}",
                shapes.join(" "),
                if fill.is_some() { " into a fill" } else { "" }
            )
        }
        Work::Call {
            node,
            operands,
            types,
            epilogue,
            ..
        } => {
            let node = &nodes.nodes[*node];
            let shapes: Vec<String> = operands.iter().map(|o| format!("{:?}", o.ty.shape)).collect();
            let tail = epilogue
                .as_ref()
                .map_or(String::new(), |m| format!(" + {}", map_text(m)));
            format!(
                "{}{tail} {} → {:?}{}",
                node.op.name,
                shapes.join(" "),
                types[0].shape,
                place(nodes, node)
            )
        }
        Work::Loop { node, body, .. } => {
            let node = &nodes.nodes[*node];
            format!(
                "{} of {} steps, {} nodes each",
                node.op.name,
                node.attrs.ints[2],
                body.nodes.nodes.len()
            )
        }
    }
}
