//! erf and erfc.
#![allow(clippy::excessive_precision)] // coefficients as fitted

use super::{Scratch, Table, exp, pass};
use crate::lanes::{F4, U4};

static ERF: [f32; 16] = [
    0.927734375,    // where erf changes branches
    4.0,            // erf is 1 beyond
    -5.96761703e-4, // 2: erf x = x + x·P(x²)
    4.99119423e-3,
    -2.67681349e-2,
    1.12819925e-1,
    -3.76125336e-1,
    1.28379166e-1,
    -1.72853470e-5, // 8: ln(1 − erf x) = x·Q(x) − x
    3.83197126e-4,
    -3.88396438e-3,
    2.42546219e-2,
    -1.06777877e-1,
    -6.34846687e-1,
    -1.28717512e-1,
    1.0, // 15
];

/// erf x for |x| below ERF[0], given |x|.
#[inline(always)]
unsafe fn erf_small(k: Table, a: F4) -> F4 {
    // SAFETY: ERF has these constants.
    unsafe { k.horner::<6>(2, a * a) * a + a }
}

/// erf x: an odd polynomial near 0, else 1 − e^Q(|x|); 2 ulp. Keeps −0.
///
/// # Safety
/// [`super::BlockFn`].
pub unsafe fn erf(src: *const f32, dst: *mut f32, n: usize) {
    let k = Table::new(&ERF);
    let mut e = Scratch::new();
    let e = e.ptr();
    // SAFETY: block contract; ERF has these constants.
    unsafe {
        pass(n, |i| {
            let a = F4::load(src.add(i)).abs().pmin(k.at(1));
            (k.horner::<7>(8, a) * a - a).store(e.add(i));
        });
        exp::exp_negative(n, e, |i| F4::load(e.add(i)));
        pass(n, |i| {
            let x = F4::load(src.add(i));
            let a = x.abs();
            let y = a.lt(k.at(0)).select(erf_small(k, a), k.at(15) - F4::load(e.add(i)));
            (y.bits() | (x.bits() & U4::splat(0x8000_0000)))
                .as_f32()
                .store(dst.add(i));
        });
    }
}

static ERFC: [f32; 17] = [
    10.1, // erfc is 0 beyond
    2.0,
    0.5,
    5.92470169e-5, // 3: (1 + 2x)·e^x²·erfc x − 1 as a polynomial of (x − 2)/(x + 2)
    1.61224554e-4,
    -3.46481771e-4,
    -1.39681227e-3,
    1.20588380e-3,
    8.69014394e-3,
    -8.01387429e-3,
    -5.42122945e-2,
    1.64048523e-1,
    -1.66031078e-1,
    -9.27637145e-2,
    2.76978403e-1,
    0.46875, // 15: below, 1 − erf x is more accurate
    1.0,
];

/// 1 − erf x: e^−x² times a polynomial from 0.47 on, and 2 minus that for x < 0; 3 ulp down to the subnormal numbers.
///
/// The form (1 + 2x)·e^x²·erfc x is Shepherd and Laframboise's (Mathematics of Computation 36, 1981).
///
/// # Safety
/// [`super::BlockFn`].
pub unsafe fn erfc(src: *const f32, dst: *mut f32, n: usize) {
    let (k, small) = (Table::new(&ERFC), Table::new(&ERF));
    let (mut factor, mut q, mut powers) = (Scratch::new(), Scratch::new(), Scratch::new());
    let (factor, q, powers) = (factor.ptr(), q.ptr(), powers.ptr());
    // SAFETY: block contract; the tables have these constants.
    unsafe {
        pass(n, |i| {
            let a = F4::load(src.add(i)).abs().pmin(k.at(0));
            let p = k.horner::<12>(3, (a - k.at(1)) / (a + k.at(1)));
            // 1 / (1 + 2a) = s, and what rounding a + ½ lost returns to first order.
            let d = a + k.at(2);
            let lost = (d - k.at(2)) - a;
            let s = k.at(2) / d;
            ((p + (s + s) * lost) * s + s).store(factor.add(i));
        });
        exp::expm1_minus_square(n, q, powers, |i| F4::load(src.add(i)).abs().pmin(k.at(0)));
        pass(n, |i| {
            let x = F4::load(src.add(i));
            let a = x.abs();
            let f = F4::load(factor.add(i));
            let y = exp::scale(f + f * F4::load(q.add(i)), F4::load(powers.add(i)).bits());
            let y = a.lt(k.at(15)).select(k.at(16) - erf_small(small, a), y);
            x.bits().sar::<31>().select(k.at(1) - y, y).store(dst.add(i));
        });
    }
}
