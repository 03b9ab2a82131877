//! The reverse sweep. It asks each row for its rule and adds up; broadcasting needs no care, since it is an op with its own adjoint.

use crate::dtype::DType;
use crate::graph::{Graph, ValueId};
use crate::op::{Rule, Vjp};
use crate::tensor::Tensor;

/// The gradient of a scalar with respect to each of `wrt`; zeros where `y` does not depend on one.
pub fn grad<'g>(y: Tensor<'g>, wrt: &[Tensor<'g>]) -> Vec<Tensor<'g>> {
    let one = y.graph.scalar(1.0).broadcast(&y.shape());
    let pulled = pull(&[(y, one)], wrt);
    pulled
        .into_iter()
        .zip(wrt)
        .map(|(g, x)| g.unwrap_or_else(|| y.graph.scalar(0.0).broadcast(&x.shape())))
        .collect()
}

/// Pulls cotangents of several values back to `wrt`; `None` where nothing comes.
///
/// Only nodes on a path from `wrt` are visited, newest first: ids grow from inputs to readers.
pub fn pull<'g>(seeds: &[(Tensor<'g>, Tensor<'g>)], wrt: &[Tensor<'g>]) -> Vec<Option<Tensor<'g>>> {
    let Some(graph) = seeds.first().map(|s| s.0.graph) else {
        return vec![None; wrt.len()];
    };
    let reached = on_path(graph, wrt, seeds.iter().map(|s| s.0.id).max().unwrap_or(ValueId(0)));
    let mut cotangents: Vec<Option<Tensor<'g>>> = vec![None; reached.len()];
    for (y, g) in seeds {
        add(&mut cotangents, y.id, *g);
    }
    let last = graph.nodes().nodes.len();
    for at in (0..last).rev() {
        let (vjp, rule, inputs) = {
            let nodes = graph.nodes();
            let node = &nodes.nodes[at];
            if node.first.index() >= reached.len() {
                continue;
            }
            let mine: Vec<_> = node
                .results()
                .map(|v| cotangents.get(v.index()).copied().flatten())
                .collect();
            let wanted: Vec<bool> = node.inputs.iter().map(|v| reached[v.index()]).collect();
            if mine.iter().all(Option::is_none) || !wanted.contains(&true) {
                continue;
            }
            let rule = Rule {
                inputs: node.inputs.iter().map(|&v| graph.tensor(v)).collect(),
                outputs: node.results().map(|v| graph.tensor(v)).collect(),
                cotangents: mine,
                attrs: node.attrs.clone(),
                wanted,
            };
            (node.op.vjp, rule, node.inputs.clone())
        };
        let Vjp::Rule(vjp) = vjp else { continue };
        for ((v, g), wanted) in inputs.into_iter().zip(vjp(&rule)).zip(&rule.wanted) {
            if let (Some(g), true) = (g, wanted) {
                add(&mut cotangents, v, g);
            }
        }
    }
    wrt.iter()
        .map(|x| cotangents.get(x.id.index()).copied().flatten())
        .collect()
}

fn add<'g>(cotangents: &mut [Option<Tensor<'g>>], at: ValueId, g: Tensor<'g>) {
    let slot = &mut cotangents[at.index()];
    *slot = Some(slot.map_or(g, |sum| sum + g));
}

/// Which values up to `last` depend on `wrt` through floats.
fn on_path(graph: &Graph, wrt: &[Tensor], last: ValueId) -> Vec<bool> {
    let nodes = graph.nodes();
    let top = wrt.iter().map(|t| t.id).max().map_or(last, |m| m.max(last));
    let mut reached = vec![false; top.index() + 1];
    wrt.iter().for_each(|t| reached[t.id.index()] = true);
    for node in &nodes.nodes {
        if node.first > top {
            break;
        }
        let depends = matches!(node.op.vjp, Vjp::Rule(_)) && node.inputs.iter().any(|v| reached[v.index()]);
        if depends {
            for v in node.results().filter(|&v| v <= top && nodes.ty(v).dtype == DType::F32) {
                reached[v.index()] = true;
            }
        }
    }
    reached
}
