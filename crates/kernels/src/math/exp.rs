//! eˣ and what is built on it: expm1, sigmoid, tanh.
//!
//! All begin with Cody and Waite's reduction x = n·ln 2 + r, |r| ≤ ln 2 / 2, where ln 2 is split in two so that n·ln 2 loses
//! nothing. Adding 1.5·2²³ rounds x / ln 2 to the integer n, which then stands in the low bits of the sum. The polynomial is
//! that of Cephes' `expf`, evaluated in pairs (Estrin) for a shorter chain.

#![allow(clippy::excessive_precision)] // coefficients as published

use super::{Scratch, Table, pass};
use crate::lanes::{F4, U4};

/// Where [`exp_negative`] starts to give zero: the smallest normal number is 2^−126 = e^−87.33654….
const LOWEST: f32 = -87.33654;

static EXP: [f32; 23] = [
    LOWEST,
    core::f32::consts::LOG2_E,
    12_582_912.0, // 1.5·2²³
    0.693359375,  // ln 2, upper part: few enough bits that n times it is exact
    -2.12194440e-4,
    1.9875691500e-4, // 5: the polynomial
    1.3981999507e-3,
    8.3334519073e-3,
    4.1665795894e-2,
    1.6666665459e-1,
    5.0000001201e-1,
    1.0,    // 11
    -104.0, // 12: below, the result is 0
    89.0,   // above, ∞
    -2.0,
    0.625,             // 15: tanh changes from its polynomial to eˣ
    -5.70498872745e-3, // 16: tanh x = x + x³·P(x²)
    2.06390887954e-2,
    -5.37397155531e-2,
    1.33314422036e-1,
    -3.33332819422e-1,
    -25.0, // 21: below, expm1 is −1
    0.5,
];
const ONE: usize = 11;

/// eʳ − 1 for a reduced r.
#[inline(always)]
unsafe fn expm1_reduced(k: Table, r: F4) -> F4 {
    // SAFETY: EXP has these constants.
    unsafe {
        let r2 = r * r;
        let high = k.at(5) * r + k.at(6);
        let middle = k.at(7) * r + k.at(8);
        let low = k.at(9) * r + k.at(10);
        ((high * r2 + middle) * r2 + low) * r2 + r
    }
}

/// The reduced argument and 1.5·2²³ + n.
#[inline(always)]
unsafe fn reduce(k: Table, x: F4) -> (F4, F4) {
    // SAFETY: EXP has these constants.
    unsafe {
        let shifted = x * k.at(1) + k.at(2);
        let n = shifted - k.at(2);
        ((x - n * k.at(3)) - n * k.at(4), shifted)
    }
}

/// 2ⁿ for lanes of integers in [−126, 127].
#[inline(always)]
fn power_of_two(n: U4) -> U4 {
    n.wrapping_add(U4::splat(127)).shl::<23>()
}

/// y·2ⁿ in two exact steps, so that results may overflow or become subnormal with one rounding. n in [−252, 254].
#[inline(always)]
pub(crate) fn scale(y: F4, n: U4) -> F4 {
    let half = n.sar::<1>();
    y * power_of_two(half).as_f32() * power_of_two(n.wrapping_sub(half)).as_f32()
}

/// n from 1.5·2²³ + n.
#[inline(always)]
fn integer(shifted: F4) -> U4 {
    shifted.bits().wrapping_sub(U4::splat(0x4B40_0000))
}

/// e^arg(i) for arguments that are not positive: 1 ulp, exactly 0 below −87.33654, NaN stays.
///
/// # Safety
/// `n ≤ BLOCK` is a multiple of 4, `dst` is valid for it, and `arg` may read what it reads until element `i` is written.
#[inline(always)]
pub(crate) unsafe fn exp_negative(n: usize, dst: *mut f32, arg: impl Fn(usize) -> F4) {
    let k = Table::new(&EXP);
    let (mut r, mut scales) = (Scratch::new(), Scratch::new());
    let (r, scales) = (r.ptr(), scales.ptr());
    // SAFETY: scratch holds a block, EXP these constants.
    unsafe {
        pass(n, |i| {
            let x = arg(i);
            let (reduced, shifted) = reduce(k, x.pmax(k.at(0)));
            reduced.store(r.add(i));
            let scale = shifted.bits().shl::<23>().wrapping_add(k.at(ONE).bits());
            scale.and_not(x.lt(k.at(0))).as_f32().store(scales.add(i));
        });
        pass(n, |i| {
            let y = expm1_reduced(k, F4::load(r.add(i))) + k.at(ONE);
            (y * F4::load(scales.add(i))).store(dst.add(i));
        });
    }
}

/// e^arg(i) of any argument: 1 ulp, with overflow to ∞ and subnormal results.
///
/// # Safety
/// As for [`exp_negative`].
#[inline(always)]
pub(crate) unsafe fn exp_of(n: usize, dst: *mut f32, arg: impl Fn(usize) -> F4) {
    let k = Table::new(&EXP);
    let (mut r, mut powers) = (Scratch::new(), Scratch::new());
    let (r, powers) = (r.ptr(), powers.ptr());
    // SAFETY: scratch holds a block, EXP these constants.
    unsafe {
        pass(n, |i| {
            let (reduced, shifted) = reduce(k, arg(i).pmax(k.at(12)).pmin(k.at(13)));
            reduced.store(r.add(i));
            integer(shifted).as_f32().store(powers.add(i));
        });
        pass(n, |i| {
            let y = expm1_reduced(k, F4::load(r.add(i))) + k.at(ONE);
            scale(y, F4::load(powers.add(i)).bits()).store(dst.add(i));
        });
    }
}

/// eˣ; 1 ulp.
///
/// # Safety
/// [`super::BlockFn`].
pub unsafe fn exp(src: *const f32, dst: *mut f32, n: usize) {
    // SAFETY: block contract.
    unsafe { exp_of(n, dst, |i| F4::load(src.add(i))) }
}

/// eˣ − 1 without cancellation near 0; 2 ulp. Keeps −0.
///
/// With q = eʳ − 1 it is 2ⁿ·q + (2ⁿ − 1), where 2ⁿ − 1 is exact as long as it matters. Half of everything is computed, so that
/// n = 128 does not overflow early.
///
/// # Safety
/// [`super::BlockFn`].
pub unsafe fn expm1(src: *const f32, dst: *mut f32, n: usize) {
    let k = Table::new(&EXP);
    let (mut r, mut powers) = (Scratch::new(), Scratch::new());
    let (r, powers) = (r.ptr(), powers.ptr());
    // SAFETY: block contract; scratch holds a block, EXP these constants.
    unsafe {
        pass(n, |i| {
            let (reduced, shifted) = reduce(k, F4::load(src.add(i)).pmax(k.at(21)).pmin(k.at(13)));
            reduced.store(r.add(i));
            integer(shifted).as_f32().store(powers.add(i));
        });
        pass(n, |i| {
            let x = F4::load(src.add(i));
            let q = expm1_reduced(k, F4::load(r.add(i)));
            let power = F4::load(powers.add(i)).bits();
            let half = power_of_two(power.wrapping_sub(U4::splat(1))).as_f32();
            let y = q * half + (half - k.at(22));
            let y = power.eq(U4::splat(0)).select(q, y + y);
            // r of a tiny x may have lost its sign, and q of a subnormal one its last bit.
            x.abs().lt(F4::splat(1e-8)).select(x, y).store(dst.add(i));
        });
    }
}

/// 1 / (1 + e⁻ˣ), from e^−|x| on both sides so that nothing cancels; 3 ulp.
///
/// # Safety
/// [`super::BlockFn`].
pub unsafe fn sigmoid(src: *const f32, dst: *mut f32, n: usize) {
    let k = Table::new(&EXP);
    let mut e = Scratch::new();
    let e = e.ptr();
    // SAFETY: block contract; EXP has these constants.
    unsafe {
        exp_negative(n, e, |i| -F4::load(src.add(i)).abs());
        pass(n, |i| {
            let (x, e) = (F4::load(src.add(i)), F4::load(e.add(i)));
            let positive = k.at(ONE) / (k.at(ONE) + e);
            x.bits().sar::<31>().select(e * positive, positive).store(dst.add(i));
        });
    }
}

/// tanh x: a polynomial below 0.625, else (1 − e^−2|x|) / (1 + e^−2|x|); 2 ulp. Keeps −0.
///
/// # Safety
/// [`super::BlockFn`].
pub unsafe fn tanh(src: *const f32, dst: *mut f32, n: usize) {
    let k = Table::new(&EXP);
    let mut e = Scratch::new();
    let e = e.ptr();
    // SAFETY: block contract; EXP has these constants.
    unsafe {
        exp_negative(n, e, |i| k.at(14) * F4::load(src.add(i)).abs());
        pass(n, |i| {
            let (x, e) = (F4::load(src.add(i)), F4::load(e.add(i)));
            let (a, z) = (x.abs(), x * x);
            let z2 = z * z;
            let p = ((k.at(16) * z + k.at(17)) * z2 + (k.at(18) * z + k.at(19))) * z + k.at(20);
            let small = p * z * a + a;
            let large = (k.at(ONE) - e) / (k.at(ONE) + e);
            let y = a.lt(k.at(15)).select(small, large);
            (y.bits() | (x.bits() & U4::splat(0x8000_0000)))
                .as_f32()
                .store(dst.add(i));
        });
    }
}

/// e^−a² = (1 + `dst`)·2^`powers`, without the error of a rounded square: a² = h² + (a − h)(a + h), where h is a in 12 bits and h²
/// is exact. |a| ≤ 10.1.
///
/// # Safety
/// As for [`exp_negative`]; `powers` is valid as `dst` is.
#[inline(always)]
pub(crate) unsafe fn expm1_minus_square(n: usize, dst: *mut f32, powers: *mut f32, arg: impl Fn(usize) -> F4) {
    let k = Table::new(&EXP);
    // SAFETY: promised by the caller; EXP has these constants.
    unsafe {
        pass(n, |i| {
            let a = arg(i);
            let shifted = -(a * a) * k.at(1) + k.at(2);
            let power = shifted - k.at(2);
            let h = (a.bits() & U4::splat(0xFFFF_F000)).as_f32();
            let r = (-(h * h) - power * k.at(3)) - power * k.at(4);
            (r - (a - h) * (a + h)).store(dst.add(i));
            integer(shifted).as_f32().store(powers.add(i));
        });
        pass(n, |i| expm1_reduced(k, F4::load(dst.add(i))).store(dst.add(i)));
    }
}
