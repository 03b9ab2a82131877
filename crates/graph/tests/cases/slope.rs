//! Derivatives against central differences of the f64 reference. In f64 both agree to about 1e-8, so a wrong factor cannot hide.

use super::Random;
use keratin_graph::reference::{Tensors, evaluate};
use keratin_graph::{DType, Graph, Tensor, ValueId, grad};
use ndarray::ArrayD;
use std::collections::HashMap;

/// Step of the difference: its cube and the rounding of f64 divided by it are both far below the tolerance.
const STEP: f64 = 3e-5;
/// Of the size of the terms; constants in derivative rules are f32 (3e-8).
const TOLERANCE: f64 = 1e-6;
const DIRECTIONS: usize = 3;

/// Σ over outputs of ⟨weight, output⟩, with weights as further inputs from number `first` on: a scalar that sees every element.
pub fn weighted<'g>(outputs: &[Tensor<'g>], first: usize) -> Tensor<'g> {
    let graph = outputs[0].graph;
    let total = |(k, y): (usize, &Tensor<'g>)| {
        let w = graph.input(first + k, y.shape(), DType::F32);
        (*y * w).sum(&(0..y.ndim()).collect::<Vec<_>>())
    };
    outputs.iter().enumerate().map(total).reduce(|a, b| a + b).expect("an output")
}

/// Checks the graph's own gradients of a scalar along random directions; returns the largest deviation relative to the tolerance' scale.
/// `wrt` pairs the index of an input with its gradient's value.
pub fn check(graph: &Graph, y: ValueId, wrt: &[(usize, ValueId)], inputs: &Tensors, seed: u64) -> Result<f64, String> {
    let nodes = graph.nodes();
    let none = HashMap::new();
    let ids: Vec<ValueId> = wrt.iter().map(|w| w.1).collect();
    let gradients = evaluate(&nodes, inputs, &none, &ids);
    let mut random = Random(seed);
    let mut worst = 0f64;
    for _ in 0..DIRECTIONS {
        let directions: Vec<ArrayD<f64>> = wrt.iter().map(|(i, _)| random.direction(inputs[i].shape())).collect();
        let moved = |step: f64| {
            let mut moved = inputs.clone();
            for ((i, _), d) in wrt.iter().zip(&directions) {
                moved.get_mut(i).expect("an input").scaled_add(step, d);
            }
            evaluate(&nodes, &moved, &none, &[y])[0].sum()
        };
        let difference = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
        let terms = || gradients.iter().zip(&directions).flat_map(|(g, d)| g.iter().zip(d).map(|(g, d)| g * d));
        let (slope, scale) = (terms().sum::<f64>(), terms().map(f64::abs).sum::<f64>() + 1e-2);
        let off = (slope - difference).abs() / scale;
        if off.is_nan() || off > TOLERANCE {
            return Err(format!("the gradient gives {slope}, differences give {difference}"));
        }
        worst = worst.max(off);
    }
    Ok(worst)
}

/// First and, where asked, second derivatives of outputs with respect to all float inputs. `inputs` gains weights.
pub fn check_outputs(graph: &Graph, outputs: &[ValueId], inputs: &mut Tensors, seed: u64, second: bool) -> Result<(), String> {
    let floats: Vec<Tensor> = outputs.iter().map(|&v| graph.tensor(v)).filter(|t| t.dtype() == DType::F32).collect();
    let wrt: Vec<(usize, Tensor)> = {
        let nodes = graph.nodes();
        let sources = nodes.nodes.iter().filter(|n| n.op.name == "input" && nodes.ty(n.first).dtype == DType::F32);
        sources.map(|n| (n.attrs.ints[0] as usize, graph.tensor(n.first))).collect()
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
    let pairs = |gs: &[Tensor]| wrt.iter().zip(gs).map(|(w, g)| (w.0, g.id)).collect::<Vec<_>>();
    let y = scalar(&floats, inputs);
    let gradients = grad(graph.tensor(y), &tensors);
    for (g, x) in gradients.iter().zip(&tensors) {
        if g.ty() != x.ty() {
            return Err(format!("the gradient of {:?} is {:?}", x.ty(), g.ty()));
        }
    }
    check(graph, y, &pairs(&gradients), inputs, seed)?;
    if second {
        let z = scalar(&gradients, inputs);
        let curvature = grad(graph.tensor(z), &tensors);
        check(graph, z, &pairs(&curvature), inputs, seed + 1).map_err(|e| format!("second derivative: {e}"))?;
    }
    Ok(())
}
