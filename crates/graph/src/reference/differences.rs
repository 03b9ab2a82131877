//! Gradients against central differences of the oracle. In f64 the two agree to about 1e-8, so a wrong factor cannot hide.

use super::{Tensors, array, evaluate};
use crate::graph::{Nodes, ValueId};
use crate::shape::numel;
use ndarray::ArrayD;

/// Step of the difference: the error of the formula (its square) and the rounding of f64 divided by it are both far below the tolerance.
const STEP: f64 = 3e-5;
/// Of the size of the terms; the constants in derivative rules are f32, good to 3e-8.
pub const TOLERANCE: f64 = 1e-6;
/// Random directions per check.
const DIRECTIONS: usize = 3;

/// What a gradient is taken by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    Input(usize),
    State(usize),
}

/// Compares a graph's own gradients of a scalar `y` with the slope of `y` along random directions; `wrt` pairs each source with the
/// value that claims to be its gradient. Returns the largest deviation, as a fraction of the terms of the slope.
///
/// `y` must be smooth at the given point: within a step of a kink the two differ.
pub fn check(
    nodes: &Nodes,
    y: ValueId,
    wrt: &[(Source, ValueId)],
    inputs: &Tensors,
    states: &Tensors,
    seed: u64,
) -> Result<f64, String> {
    let ids: Vec<ValueId> = wrt.iter().map(|w| w.1).collect();
    let gradients = evaluate(nodes, inputs, states, &ids);
    let mut random = Random(seed);
    let mut worst = 0f64;
    for _ in 0..DIRECTIONS {
        let directions: Vec<ArrayD<f64>> = gradients.iter().map(|g| random.direction(g.shape())).collect();
        let moved = |step: f64| {
            let (mut inputs, mut states) = (inputs.clone(), states.clone());
            for ((source, _), d) in wrt.iter().zip(&directions) {
                let x = match source {
                    Source::Input(i) => inputs.get_mut(i),
                    Source::State(i) => states.get_mut(i),
                };
                x.unwrap_or_else(|| panic!("{source:?} has no value"))
                    .scaled_add(step, d);
            }
            evaluate(nodes, &inputs, &states, &[y])[0].sum()
        };
        let difference = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
        let terms = || {
            gradients
                .iter()
                .zip(&directions)
                .flat_map(|(g, d)| g.iter().zip(d).map(|(g, d)| g * d))
        };
        let (slope, scale) = (terms().sum::<f64>(), terms().map(f64::abs).sum::<f64>() + 1e-2);
        let off = (slope - difference).abs() / scale;
        if off.is_nan() || off > TOLERANCE {
            return Err(format!(
                "the gradient gives the slope {slope}, differences give {difference}"
            ));
        }
        worst = worst.max(off);
    }
    Ok(worst)
}

/// SplitMix64: small, seeded, good enough for test data.
pub struct Random(pub u64);

impl Random {
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, n: u64) -> u64 {
        self.word() % n
    }
    /// On [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1u64 << 53) as f64
    }
    /// Each element uniform on [−1, 1).
    pub fn direction(&mut self, shape: &[usize]) -> ArrayD<f64> {
        array(shape, (0..numel(shape)).map(|_| 2.0 * self.unit() - 1.0).collect())
    }
}
