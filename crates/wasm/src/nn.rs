//! What of `keratin_nn` is not a graph: matrices made at once.

use crate::with;
use keratin_nn::initializers;
use wasm_bindgen::prelude::*;

/// Leaves the orthogonal matrix of `[rows, cols]`, row-major, in the transfer buffer. The key's words are `k0, k1`.
#[wasm_bindgen]
pub fn orthogonal(rows: usize, cols: usize, k0: u32, k1: u32, gain: f32) {
    let q = initializers::orthogonal(rows, cols, (k0, k1), gain);
    with(|s| {
        s.transfer.clear();
        s.transfer.extend(q.iter().map(|x| x.to_bits()));
    });
}
