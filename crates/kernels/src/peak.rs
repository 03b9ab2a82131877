//! The multiply-add peak of one thread: the yardstick "P" that the speed of products is stated in.

use crate::lanes::{F4, fma};

/// Runs `iters` rounds of 8 independent multiply-adds on vectors (64 operations a round), with two loads per round as a good kernel has.
///
/// Eight accumulators whose products do not depend on them keep both pipes busy; a chain `acc = acc·x + y` would measure latency instead.
/// `y`: 8·iters words, `x`: 16 words, `out`: 32 words that keep the work from being optimised away.
///
/// # Safety
/// The pointers are valid for these lengths.
#[inline(never)]
#[cfg_attr(
    all(target_arch = "wasm32", feature = "relaxed"),
    target_feature(enable = "relaxed-simd")
)]
pub unsafe fn peak(iters: usize, y: *const f32, x: *const f32, out: *mut f32) {
    // SAFETY: the caller's; y is read 8 words a round.
    unsafe {
        let mut acc = [F4::splat(0.0); 8];
        let xs = [F4::load(x), F4::load(x.add(4)), F4::load(x.add(8)), F4::load(x.add(12))];
        let mut p = y;
        let end = y.add(8 * iters);
        while p < end {
            let (u, v) = (F4::load(p), F4::load(p.add(4)));
            for j in 0..4 {
                acc[j] = fma(acc[j], xs[j], u);
                acc[4 + j] = fma(acc[4 + j], xs[j], v);
            }
            p = p.add(8);
        }
        for (j, x) in acc.into_iter().enumerate() {
            x.store(out.add(4 * j));
        }
    }
}
