//! Running sums and products along an axis: `x, y: [outer, n, inner]`, `y[o, r, j] = x[o, 0, j] ∘ … ∘ x[o, r, j]`, in that order.
//!
//! The `outer·inner` lines along the axis are counted as the outputs of a reduction are; a call writes lines `from..to`.

use super::{Fold, IProd, ISum, Prod, Sum, each_column_range};
use crate::lanes::U4;

macro_rules! scans {
    ($($(#[$doc:meta])* $name:ident $type:ident;)*) => { $(
        $(#[$doc])*
        pub unsafe fn $name(
            dst: *mut u32,
            src: *const u32,
            outer: usize,
            n: usize,
            inner: usize,
            from: usize,
            to: usize,
        ) {
            // SAFETY: the caller gives whole arrays and a range of lines inside them.
            unsafe { scan::<$type>(dst, src, outer, n, inner, from, to) }
        }
    )* };
}

scans! {
    cumsum Sum;
    cumprod Prod;
    /// Wraps.
    icumsum ISum;
    /// Wraps.
    icumprod IProd;
}

#[inline(always)]
unsafe fn scan<F: Fold>(dst: *mut u32, src: *const u32, outer: usize, n: usize, inner: usize, from: usize, to: usize) {
    debug_assert!(from <= to && to <= outer * inner);
    each_column_range(inner, from, to, |o, j, width| {
        let first = o * n * inner + j;
        // SAFETY: line j of block o starts at `first`.
        unsafe { lines::<F>(dst.add(first), src.add(first), n, inner, width) }
    });
}

/// `width` neighbouring lines.
#[inline(never)]
unsafe fn lines<F: Fold>(dst: *mut u32, src: *const u32, n: usize, stride: usize, width: usize) {
    let mut j = 0;
    // SAFETY: strips lie inside `width`, rows inside `n`.
    unsafe {
        while j + 4 <= width {
            let mut total = U4::splat(F::NEUTRAL);
            for r in 0..n {
                total = F::lanes(total, U4::load(src.add(r * stride + j)));
                total.store(dst.add(r * stride + j));
            }
            j += 4;
        }
        while j < width {
            let mut total = F::NEUTRAL;
            for r in 0..n {
                total = F::words(total, *src.add(r * stride + j));
                *dst.add(r * stride + j) = total;
            }
            j += 1;
        }
    }
}
