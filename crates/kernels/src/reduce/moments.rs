//! Mean and variance of one axis: `x: [outer, n, inner] → [outer, inner]`, twice.

use super::{Fold, Sum, each_column_range, piece_rows, row, strip, sum};
use crate::lanes::{F4, U4};

/// mean = Σx / n and variance = Σ(x − mean)² / n of outputs `from..to`, with sums in the order of [`sum`]. Of nothing they are NaN.
pub unsafe fn moments(
    mean: *mut f32,
    variance: *mut f32,
    src: *const f32,
    outer: usize,
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
                *variance.add(o) = f32::from_bits(row::<Sum>(x, n, |x| squared(x, m))) / count;
            }
            return;
        }
        sum(mean.cast(), src.cast(), outer, n, inner, from, to);
        (from..to).for_each(|i| *mean.add(i) /= count);
        each_column_range(inner, from, to, |o, first, width| {
            let (x, at) = (src.add(o * n * inner + first).cast::<u32>(), o * inner + first);
            let (mean, variance) = (mean.add(at).cast_const(), variance.add(at));
            let mut j = 0;
            while j < width {
                j += match width - j {
                    16.. => about::<4>(variance.add(j), x.add(j), mean.add(j), n, inner),
                    4.. => about::<1>(variance.add(j), x.add(j), mean.add(j), n, inner),
                    _ => about_one(variance.add(j), x.add(j), *mean.add(j), n, inner),
                };
            }
            (0..width).for_each(|i| *variance.add(i) /= count);
        });
    }
}

#[inline(always)]
fn squared(x: U4, mean: F4) -> U4 {
    let d = x.as_f32() - mean;
    (d * d).bits()
}

/// Σ(x − mean)² of 4·V columns; returns their number.
unsafe fn about<const V: usize>(dst: *mut f32, src: *const u32, mean: *const f32, n: usize, stride: usize) -> usize {
    // SAFETY: the caller has 4·V columns.
    unsafe {
        let mean: [F4; V] = core::array::from_fn(|q| F4::load(mean.add(4 * q)));
        strip::<Sum, V>(dst.cast(), src, n, stride, piece_rows(stride), |q, x| {
            squared(x, mean[q])
        });
    }
    4 * V
}

/// The same of one column.
unsafe fn about_one(dst: *mut f32, src: *const u32, mean: f32, n: usize, stride: usize) -> usize {
    let (mut total, mut r, piece) = (Sum::NEUTRAL, 0, piece_rows(stride));
    while r < n {
        let end = n.min(r + piece);
        let mut a = Sum::NEUTRAL;
        while r < end {
            // SAFETY: the column has n words.
            let x = unsafe { *src.add(r * stride) };
            a = Sum::words(a, squared(U4::splat(x), F4::splat(mean)).lane::<0>());
            r += 1;
        }
        total = Sum::words(total, a);
    }
    // SAFETY: the caller's.
    unsafe { *dst = f32::from_bits(total) };
    1
}
