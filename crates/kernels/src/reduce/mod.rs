//! Reductions of one axis: `x: [outer, n, inner] → y: [outer, inner]`, row-major.
//!
//! `y` counts as `outer·inner` outputs in a row and a call writes `from..to` of them, so threads can share the work. The order of
//! a sum depends on the shape alone: the axis is cut into pieces of [`piece_rows`] elements that are reduced apart and combined in
//! ascending order. An empty axis gives the neutral element (0, 1, ∓∞, or the extreme i32).

mod arg;
mod moments;
mod normalize;
mod scan;

pub use arg::*;
pub use moments::*;
pub use normalize::*;
pub use scan::*;

use crate::lanes::U4;
use crate::map;

/// Elements that share one set of accumulators: of a row, or of rows of columns.
pub const PIECE: usize = 4096;

/// Elements along the axis that are one piece, with `inner` columns: their elements together are about `PIECE`.
pub fn piece_rows(inner: usize) -> usize {
    if inner == 1 {
        PIECE
    } else {
        (PIECE / inner.max(1)).max(8)
    }
}

/// What all reductions look like; `dst` and `src` point at the first element of the whole arrays.
pub type ReduceFn =
    unsafe fn(dst: *mut u32, src: *const u32, outer: usize, n: usize, inner: usize, from: usize, to: usize);

/// An associative operation of words.
trait Fold {
    const NEUTRAL: u32;
    fn lanes(x: U4, y: U4) -> U4;
    #[inline(always)]
    fn words(x: u32, y: u32) -> u32 {
        Self::lanes(U4::splat(x), U4::splat(y)).lane::<0>()
    }
}

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident $type:ident $neutral:expr, |$x:ident, $y:ident| $body:expr;)*) => { $(
        struct $type;
        impl Fold for $type {
            const NEUTRAL: u32 = $neutral;
            #[inline(always)]
            fn lanes($x: U4, $y: U4) -> U4 {
                $body
            }
        }
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
            // SAFETY: the caller gives whole arrays and a range of outputs inside `y`.
            unsafe { reduce::<$type>(dst, src, outer, n, inner, from, to) }
        }
    )* };
}

reductions! {
    sum Sum 0, |x, y| (x.as_f32() + y.as_f32()).bits();
    prod Prod 0x3F80_0000, |x, y| (x.as_f32() * y.as_f32()).bits();
    /// NaN if any element is NaN.
    max Max 0xFF80_0000, |x, y| map::larger_f32(x.as_f32(), y.as_f32()).bits();
    /// NaN if any element is NaN.
    min Min 0x7F80_0000, |x, y| map::smaller_f32(x.as_f32(), y.as_f32()).bits();
    /// Wraps. Of bools: how many are true.
    isum ISum 0, |x, y| x.wrapping_add(y);
    /// Wraps.
    iprod IProd 1, |x, y| x.wrapping_mul(y);
    /// Of bools, where the axis is not empty: whether any is true.
    imax IMax 0x8000_0000, |x, y| map::larger_i32(x, y);
    /// Of bools, where the axis is not empty: whether all are true.
    imin IMin 0x7FFF_FFFF, |x, y| map::smaller_i32(x, y);
}

#[inline(always)]
unsafe fn reduce<F: Fold>(
    dst: *mut u32,
    src: *const u32,
    outer: usize,
    n: usize,
    inner: usize,
    from: usize,
    to: usize,
) {
    debug_assert!(from <= to && to <= outer * inner);
    // SAFETY: output o·inner + j reads src[(o·n + r)·inner + j], r < n, all inside the array.
    unsafe {
        if inner == 1 {
            (from..to).for_each(|o| *dst.add(o) = row::<F>(src.add(o * n), n, |x| x));
        } else {
            each_column_range(inner, from, to, |o, j, width| {
                columns::<F>(dst.add(o * inner + j), src.add(o * n * inner + j), n, inner, width);
            });
        }
    }
}

/// Splits outputs `from..to` into ranges of neighbouring columns: `f(outer index, first column, columns)`.
#[inline(always)]
fn each_column_range(inner: usize, from: usize, to: usize, mut f: impl FnMut(usize, usize, usize)) {
    let mut at = from;
    while at < to {
        let (o, j) = (at / inner, at % inner);
        let width = (inner - j).min(to - at);
        f(o, j, width);
        at += width;
    }
}

/// Reduces `each` of `n` neighbouring words.
#[inline(never)]
unsafe fn row<F: Fold>(src: *const u32, n: usize, each: impl Fn(U4) -> U4 + Copy) -> u32 {
    let mut total = F::NEUTRAL;
    let mut at = 0;
    while at < n {
        let len = PIECE.min(n - at);
        // SAFETY: the piece lies inside the row.
        total = F::words(total, unsafe { piece::<F>(src.add(at), len, each) });
        at += len;
    }
    total
}

/// Reduces one piece with four vector accumulators; the last elements that fill no vector follow one by one.
#[inline(always)]
unsafe fn piece<F: Fold>(src: *const u32, n: usize, each: impl Fn(U4) -> U4) -> u32 {
    let mut acc = [U4::splat(F::NEUTRAL); 4];
    let mut i = 0;
    // SAFETY: i counts elements inside the piece.
    unsafe {
        while i + 16 <= n {
            for (q, a) in acc.iter_mut().enumerate() {
                *a = F::lanes(*a, each(U4::load(src.add(i + 4 * q))));
            }
            i += 16;
        }
        while i + 4 <= n {
            acc[0] = F::lanes(acc[0], each(U4::load(src.add(i))));
            i += 4;
        }
        let all = F::lanes(F::lanes(acc[0], acc[1]), F::lanes(acc[2], acc[3]));
        let mut total = F::words(
            F::words(all.lane::<0>(), all.lane::<2>()),
            F::words(all.lane::<1>(), all.lane::<3>()),
        );
        while i < n {
            total = F::words(total, each(U4::splat(*src.add(i))).lane::<0>());
            i += 1;
        }
        total
    }
}

/// Reduces `width` neighbouring columns of `n` rows that are `stride` words apart. Every column goes by itself through the even and through the
/// odd rows of a piece, in order, so the strips do not matter; two chains, because a narrow strip waits for its additions.
#[inline(never)]
unsafe fn columns<F: Fold>(dst: *mut u32, src: *const u32, n: usize, stride: usize, width: usize) {
    let mut j = 0;
    // SAFETY: strips lie inside `width`.
    unsafe {
        while j < width {
            let (dst, src) = (dst.add(j), src.add(j));
            j += match width - j {
                16.. => strip::<F, 4>(dst, src, n, stride, |p| U4::load(p), |p, x| x.store(p)),
                4.. => strip::<F, 1>(dst, src, n, stride, |p| U4::load(p), |p, x| x.store(p)),
                _ => {
                    strip::<F, 1>(dst, src, n, stride, |p| U4::splat(*p), |p, x| *p = x.lane::<0>());
                    1
                }
            };
        }
    }
}

/// 4·V columns with their accumulators in registers; returns their number.
#[inline(always)]
unsafe fn strip<F: Fold, const V: usize>(
    dst: *mut u32,
    src: *const u32,
    n: usize,
    stride: usize,
    load: impl Fn(*const u32) -> U4,
    store: impl Fn(*mut u32, U4),
) -> usize {
    let mut total = [U4::splat(F::NEUTRAL); V];
    let (mut r, piece) = (0, piece_rows(stride));
    // SAFETY: the caller has n rows of that many columns.
    unsafe {
        while r < n {
            let rows = piece.min(n - r);
            let own = chains::<F, V>(src.add(r * stride), rows, stride, |_, p| load(p));
            for (t, a) in total.iter_mut().zip(own) {
                *t = F::lanes(*t, a);
            }
            r += rows;
        }
        for (q, t) in total.into_iter().enumerate() {
            store(dst.add(4 * q), t);
        }
    }
    4 * V
}

/// `each` of V vectors of a row, by their numbers, over `rows` rows: the even ones and the odd ones apart, then both together.
#[inline(always)]
unsafe fn chains<F: Fold, const V: usize>(
    src: *const u32,
    rows: usize,
    stride: usize,
    each: impl Fn(usize, *const u32) -> U4,
) -> [U4; V] {
    let [mut even, mut odd] = [[U4::splat(F::NEUTRAL); V]; 2];
    let (mut p, mut r) = (src, 0);
    let row = |acc: &mut [U4; V], p: *const u32| {
        for (q, a) in acc.iter_mut().enumerate() {
            // SAFETY: the caller has V vectors in each row.
            *a = F::lanes(*a, each(q, unsafe { p.add(4 * q) }));
        }
    };
    while r + 2 <= rows {
        row(&mut even, p);
        row(&mut odd, p.wrapping_add(stride));
        p = p.wrapping_add(2 * stride);
        r += 2;
    }
    if r < rows {
        row(&mut even, p);
    }
    core::array::from_fn(|q| F::lanes(even[q], odd[q]))
}
