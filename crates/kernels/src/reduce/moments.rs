//! Mean and variance of one axis: `x: [outer, n, inner] → [outer, inner]`, twice.

use super::{Sum, chains, each_column_range, piece_rows, row};
use crate::lanes::{F4, U4};

/// mean = Σx / n and variance = Σ(x − mean)² / n of outputs `from..to`, with sums of x in the order of [`sum`](super::sum). Of nothing they
/// are NaN.
///
/// Columns are read from memory once: the pieces of a sum, which lie in the cache, are taken about their own means, and
/// Σ(x − mean)² of what is read so far and of a piece of r rows after b others is, with the distance d of their means,
/// `before + piece + d²·b·r/(b + r)` (Chan, Golub and LeVeque 1979). Nothing is lost when the mean is large.
#[inline(never)]
pub unsafe fn moments(
    mean: *mut f32,
    variance: *mut f32,
    src: *const f32,
    n: usize,
    inner: usize,
    from: usize,
    to: usize,
) {
    let count = n as f32;
    // SAFETY: the caller gives whole arrays and a range of outputs inside the results.
    unsafe {
        if inner == 1 {
            for o in from..to {
                let x = src.add(o * n).cast();
                let m = f32::from_bits(row::<Sum>(x, n, |x| x)) / count;
                *mean.add(o) = m;
                let m = F4::splat(m);
                let squared = |x: U4| (x.as_f32() - m) * (x.as_f32() - m);
                *variance.add(o) = f32::from_bits(row::<Sum>(x, n, |x| squared(x).bits())) / count;
            }
            return;
        }
        for i in from..to {
            (*mean.add(i), *variance.add(i)) = (0.0, 0.0);
        }
        each_column_range(inner, from, to, |o, first, width| {
            let at = o * inner + first;
            let (sum, spread) = (mean.add(at).cast::<u32>(), variance.add(at).cast::<u32>());
            for before in (0..n).step_by(piece_rows(inner)) {
                let piece = Piece {
                    src: src.add((o * n + before) * inner + first).cast(),
                    stride: inner,
                    rows: piece_rows(inner).min(n - before),
                    before,
                };
                let mut j = 0;
                while j < width {
                    let (sum, spread) = (sum.add(j), spread.add(j));
                    j += match width - j {
                        16.. => piece.add::<4>(sum, spread, j, |p| U4::load(p), |p, x| x.store(p)),
                        4.. => piece.add::<1>(sum, spread, j, |p| U4::load(p), |p, x| x.store(p)),
                        _ => {
                            piece.add::<1>(sum, spread, j, |p| U4::splat(*p), |p, x| *p = x.lane::<0>());
                            1
                        }
                    };
                }
            }
        });
        for i in from..to {
            *mean.add(i) /= count;
            *variance.add(i) /= count;
        }
    }
}

/// Neighbouring rows of columns, after `before` others.
struct Piece {
    src: *const u32,
    stride: usize,
    rows: usize,
    before: usize,
}

impl Piece {
    /// Adds the piece to Σx and Σ(x − mean)² of the 4·V columns from `j` on; returns their number.
    #[inline(always)]
    unsafe fn add<const V: usize>(
        &self,
        sum: *mut u32,
        spread: *mut u32,
        j: usize,
        load: impl Fn(*const u32) -> U4,
        store: impl Fn(*mut u32, U4),
    ) -> usize {
        let (rows, before) = (self.rows as f32, self.before as f32);
        let weight = F4::splat(before * rows / (before + rows));
        let [rows, before] = [rows, before.max(1.0)].map(F4::splat); // before the first piece the sum is 0, and the weight
        // SAFETY: the caller has that many columns of `rows` rows.
        unsafe {
            let src = self.src.add(j);
            let own = chains::<Sum, V>(src, self.rows, self.stride, |_, p| load(p)).map(U4::as_f32);
            let mean = own.map(|s| s / rows);
            let squares = chains::<Sum, V>(src, self.rows, self.stride, |q, p| {
                let d = load(p).as_f32() - mean[q];
                (d * d).bits()
            });
            for q in 0..V {
                let (sum, spread) = (sum.add(4 * q), spread.add(4 * q));
                let so_far = load(sum).as_f32();
                let d = mean[q] - so_far / before;
                // NOTE not d²·weight: of a first piece it would be ∞·0.
                let grown = load(spread).as_f32() + squares[q].as_f32() + d * (d * weight);
                store(spread, grown.bits());
                store(sum, (so_far + own[q]).bits());
            }
        }
        4 * V
    }
}
