//! ln x and what is built on it: log1p, softplus.

#![allow(clippy::excessive_precision)] // coefficients as published

use super::{Scratch, Table, exp, pass};
use crate::lanes::{F4, U4};

static LOG: [f32; 36] = [
    f32::MIN_POSITIVE,
    8_388_608.0, // 2²³, brings subnormal numbers into range
    23.0,
    126.0,
    core::f32::consts::FRAC_1_SQRT_2,
    1.0,             // 5
    7.0376836292e-2, // 6: Cephes' polynomial for ln(1 + t), as in XLA
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
    -2.12194440e-4, // 15: ln 2, lower part
    0.693359375,    // and upper
    0.5,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,      // 20
    0.414213568,   // 21: √2 − 1, where log1p changes to ln(1 + x)
    4.52700006e-5, // 22: log1p's numerator
    0.498541027,
    6.57873249,
    29.9119186,
    60.9496689,
    57.1129646,
    20.0395527,
    1.0, // 29: and denominator
    15.0629091,
    83.0475693,
    221.762405,
    309.098724,
    216.427887,
    60.11866,
];
const ONE: usize = 5;

/// ln arg(i): 1 ulp; −∞ at 0, NaN below.
///
/// x = 2ᵉ·(1 + t) with 1 + t in [√½, √2), and ln x = e·ln 2 + t − t²/2 + t³·P(t).
///
/// # Safety
/// `n ≤ BLOCK` is a multiple of 4, `dst` is valid for it, and `arg` may read what it reads until element `i` is written.
#[inline(always)]
pub(crate) unsafe fn log_of(n: usize, dst: *mut f32, arg: impl Fn(usize) -> F4) {
    let k = Table::new(&LOG);
    let (mut exponents, mut mantissas) = (Scratch::new(), Scratch::new());
    let (exponents, mantissas) = (exponents.ptr(), mantissas.ptr());
    // SAFETY: scratch holds a block, LOG these constants.
    unsafe {
        pass(n, |i| {
            let x = arg(i);
            let subnormal = x.lt(k.at(0));
            let x = subnormal.select(x * k.at(1), x).bits();
            let e = x.shr::<23>().i32_to_f32() - k.at(3) - (subnormal & k.at(2).bits()).as_f32();
            let m = (x & U4::splat(0x007F_FFFF)) | k.at(17).bits(); // [0.5, 1)
            let low = m.as_f32().lt(k.at(4));
            (e - (low & k.at(ONE).bits()).as_f32()).store(exponents.add(i));
            (m.as_f32() + (low & m).as_f32() - k.at(ONE)).store(mantissas.add(i));
        });
        pass(n, |i| {
            let x = arg(i);
            let (e, t) = (F4::load(exponents.add(i)), F4::load(mantissas.add(i)));
            let z = t * t;
            let y = k.horner::<9>(6, t) * t * z;
            let y = e * k.at(15) + y - k.at(17) * z;
            let y = e * k.at(16) + (t + y);
            let y = x.eq(k.at(18)).select(x, y);
            let y = x.eq(F4::splat(0.0)).select(k.at(19), y);
            F4::splat(0.0).le(x).select(y, k.at(20)).store(dst.add(i));
        });
    }
}

/// ln x; 1 ulp.
///
/// # Safety
/// [`super::BlockFn`].
pub unsafe fn log(src: *const f32, dst: *mut f32, n: usize) {
    // SAFETY: block contract.
    unsafe { log_of(n, dst, |i| F4::load(src.add(i))) }
}

/// ln(1 + x): a rational function for |x| < √2 − 1, else the logarithm of the rounded sum; 3 ulp. Keeps −0.
///
/// # Safety
/// [`super::BlockFn`].
pub unsafe fn log1p(src: *const f32, dst: *mut f32, n: usize) {
    let k = Table::new(&LOG);
    let mut large = Scratch::new();
    let large = large.ptr();
    // SAFETY: block contract; LOG has these constants.
    unsafe {
        log_of(n, large, |i| F4::load(src.add(i)) + k.at(ONE));
        pass(n, |i| {
            let x = F4::load(src.add(i));
            let z = x * x;
            let ratio = k.horner::<7>(22, x) / k.horner::<7>(29, x);
            let small = x + (x * z * ratio - k.at(17) * z);
            x.abs()
                .lt(k.at(21))
                .select(small, F4::load(large.add(i)))
                .store(dst.add(i));
        });
    }
}

/// ln(1 + eˣ) as max(x, 0) + log1p(e^−|x|); 3 ulp.
///
/// # Safety
/// [`super::BlockFn`].
pub unsafe fn softplus(src: *const f32, dst: *mut f32, n: usize) {
    let mut e = Scratch::new();
    let e = e.ptr();
    // SAFETY: block contract.
    unsafe {
        exp::exp_of(n, e, |i| -F4::load(src.add(i)).abs());
        log1p(e, e, n);
        pass(n, |i| {
            (F4::load(src.add(i)).pmax(F4::splat(0.0)) + F4::load(e.add(i))).store(dst.add(i))
        });
    }
}
