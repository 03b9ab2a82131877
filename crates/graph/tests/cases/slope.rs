//! First and second derivatives of a graph's outputs against central differences (`reference::differences`).

use super::Random;
use keratin_graph::reference::Tensors;
use keratin_graph::reference::differences::{Source, check};
use keratin_graph::{DType, Graph, Tensor, ValueId, grad};
use std::collections::HashMap;

/// Σ over outputs of ⟨weight, output⟩, with weights as further inputs from number `first` on: a scalar that sees every element.
pub fn weighted<'g>(outputs: &[Tensor<'g>], first: usize) -> Tensor<'g> {
    let graph = outputs[0].graph;
    let total = |(k, y): (usize, &Tensor<'g>)| {
        let w = graph.input(first + k, y.shape(), DType::F32);
        (*y * w).sum(&(0..y.ndim()).collect::<Vec<_>>())
    };
    outputs
        .iter()
        .enumerate()
        .map(total)
        .reduce(|a, b| a + b)
        .expect("an output")
}

/// First and, where asked, second derivatives of outputs with respect to all float inputs. `inputs` gains weights.
pub fn check_outputs(
    graph: &Graph,
    outputs: &[ValueId],
    inputs: &mut Tensors,
    seed: u64,
    second: bool,
) -> Result<(), String> {
    let floats: Vec<Tensor> = outputs
        .iter()
        .map(|&v| graph.tensor(v))
        .filter(|t| t.dtype() == DType::F32)
        .collect();
    let wrt: Vec<(usize, Tensor)> = {
        let nodes = graph.nodes();
        let sources = nodes
            .nodes
            .iter()
            .filter(|n| n.op.name == "input" && nodes.ty(n.first).dtype == DType::F32);
        sources
            .map(|n| (n.attrs.ints[0] as usize, graph.tensor(n.first)))
            .collect()
    };
    if floats.is_empty() || wrt.is_empty() {
        return Ok(());
    }
    let mut random = Random(seed ^ 0x5eed);
    let mut next = inputs.keys().max().map_or(0, |k| k + 1);
    let mut scalar = |of: &[Tensor<'_>], inputs: &mut Tensors| {
        let y = weighted(&of.iter().map(|t| graph.tensor(t.id)).collect::<Vec<_>>(), next);
        for t in of {
            inputs.insert(next, random.direction(&t.shape()));
            next += 1;
        }
        y.id
    };
    let tensors: Vec<Tensor> = wrt.iter().map(|w| w.1).collect();
    let pairs = |gs: &[Tensor]| {
        wrt.iter()
            .zip(gs)
            .map(|(w, g)| (Source::Input(w.0), g.id))
            .collect::<Vec<_>>()
    };
    let y = scalar(&floats, inputs);
    let gradients = grad(graph.tensor(y), &tensors);
    for (g, x) in gradients.iter().zip(&tensors) {
        if g.ty() != x.ty() {
            return Err(format!("the gradient of {:?} is {:?}", x.ty(), g.ty()));
        }
    }
    check(&graph.nodes(), y, &pairs(&gradients), inputs, &HashMap::new(), seed)?;
    if second {
        let z = scalar(&gradients, inputs);
        let curvature = grad(graph.tensor(z), &tensors);
        check(&graph.nodes(), z, &pairs(&curvature), inputs, &HashMap::new(), seed + 1)
            .map_err(|e| format!("second derivative: {e}"))?;
    }
    Ok(())
}
