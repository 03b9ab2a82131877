//! Maps of f32 computed one element at a time, by the `libm` crate where they are transcendental: the same code, and so the
//! same bits, on every machine. At most 1 ulp off, unless the row says otherwise.

use super::maps;

maps! {
    log2 each_f |x| libm::log2f(x);
    log10 each_f |x| libm::log10f(x);
    sin each_f |x| libm::sinf(x);
    cos each_f |x| libm::cosf(x);
    tan each_f |x| libm::tanf(x);
    asin each_f |x| libm::asinf(x);
    acos each_f |x| libm::acosf(x);
    atan each_f |x| libm::atanf(x);
    /// 2 ulp
    sinh each_f |x| libm::sinhf(x);
    /// 2 ulp
    cosh each_f |x| libm::coshf(x);
    /// 2 ulp
    asinh each_f |x| libm::asinhf(x);
    /// 2 ulp; NaN below 1
    acosh each_f |x| libm::acoshf(x);
    /// 2 ulp; ±∞ at ±1, NaN beyond
    atanh each_f |x| libm::atanhf(x);
    pow each_f |x, y| libm::powf(x, y);
    /// The angle of the point (y, x), in (−π, π].
    atan2 each_f |y, x| libm::atan2f(y, x);
    /// The remainder of division rounded towards zero, exact: the sign of x. NaN when y is 0.
    fmod each_f |x, y| remainder(x, y);
    /// The remainder of division rounded down: the sign of y, as Python's `%`. NaN when y is 0.
    floor_mod each_f |x, y| {
        let r = remainder(x, y);
        if r != 0.0 && (r < 0.0) != (y < 0.0) { r + y } else { r }
    };
    /// ⌊x / y⌋ as JAX computes it, from the remainder. NaN when y is 0.
    floor_div each_f |x, y| {
        let r = remainder(x, y);
        let q = (x - r) / y;
        // q is within rounding of an integer, so it does not matter how halves are rounded.
        (if r != 0.0 && (r < 0.0) != (y < 0.0) { q - 1.0 } else { q }).round_ties_even()
    };
}

/// The exact remainder with the sign of x. Quotients below 2²⁴ are exact integers in f64 and so are their products with y; the
/// rest, infinities and y = 0 go to the bitwise division of `libm`.
fn remainder(x: f32, y: f32) -> f32 {
    let q = f64::from(x) / f64::from(y);
    if q.abs() < 16_777_216.0 && y.abs() < f32::INFINITY {
        ((f64::from(x) - q.trunc() * f64::from(y)) as f32).copysign(x)
    } else {
        libm::fmodf(x, y)
    }
}
