//! Maps of f32 that are one or a few exact vector operations: arithmetic, rounding, comparison, limits.

use super::{lanes, maps};
use crate::lanes::{F4, U4, fma_exact};

maps! {
    /// −x
    neg f |x| -x;
    abs f |x| x.abs();
    /// −1, 0 or 1; a zero keeps its sign and NaN stays.
    sign f |x| {
        let one = ((x.bits() & U4::splat(0x8000_0000)) | F4::splat(1.0).bits()).as_f32();
        let zero = F4::splat(0.0);
        (x.lt(zero) | zero.lt(x)).select(one, x)
    };
    floor f |x| x.floor();
    ceil f |x| x.ceil();
    /// To the nearest integer, halves to the even one.
    round f |x| x.nearest();
    trunc f |x| x.trunc();
    sqrt f |x| x.sqrt();
    /// 1 / √x, two roundings.
    rsqrt f |x| F4::splat(1.0) / x.sqrt();
    reciprocal f |x| F4::splat(1.0) / x;
    square f |x| x * x;
    /// x < 0 ? 0 : x. NaN and −0 stay.
    relu f |x| x.pmax(F4::splat(0.0));

    is_finite test |x| x.abs().lt(F4::splat(f32::INFINITY));
    is_nan test |x| x.ne(x);
    is_inf test |x| x.abs().eq(F4::splat(f32::INFINITY));

    add f |x, y| x + y;
    sub f |x, y| x - y;
    mul f |x, y| x * y;
    div f |x, y| x / y;
    /// A NaN on either side gives NaN; of two zeros the first wins.
    maximum f |x, y| larger_f32(x, y);
    /// A NaN on either side gives NaN; of two zeros the first wins.
    minimum f |x, y| smaller_f32(x, y);

    eq test |x, y| x.eq(y);
    /// True when either side is NaN.
    ne test |x, y| x.ne(y);
    lt test |x, y| x.lt(y);
    le test |x, y| x.le(y);
    gt test |x, y| y.lt(x);
    ge test |x, y| y.le(x);

    /// x·y + z rounded once.
    fma_f32 f |x, y, z| fma_exact(x, y, z);
}

/// x·p0 + p1, product and sum rounded separately.
pub unsafe fn scale_add(n: usize, dst: *mut u32, src: [*const u32; 3], params: &[f32]) {
    let (scale, offset) = (F4::splat(params[0]), F4::splat(params[1]));
    // SAFETY: module contract.
    unsafe { lanes(n, dst, [src[0]], |[x]| (x.as_f32() * scale + offset).bits()) }
}

/// min(max(x, p0), p1). NaN stays; p1 wins when p0 > p1.
pub unsafe fn clip(n: usize, dst: *mut u32, src: [*const u32; 3], params: &[f32]) {
    let (low, high) = (F4::splat(params[0]), F4::splat(params[1]));
    // SAFETY: module contract.
    unsafe { lanes(n, dst, [src[0]], |[x]| x.as_f32().pmax(low).pmin(high).bits()) }
}

/// The larger lane, NaN if either is NaN.
#[inline(always)]
pub(crate) fn larger_f32(x: F4, y: F4) -> F4 {
    y.ne(y).select(y, x.pmax(y))
}

/// The smaller lane, NaN if either is NaN.
#[inline(always)]
pub(crate) fn smaller_f32(x: F4, y: F4) -> F4 {
    y.ne(y).select(y, x.pmin(y))
}
