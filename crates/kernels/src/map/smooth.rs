//! Transcendental maps of f32 that run as block functions of `math`.

use super::lanes;
use crate::math::{self, BlockFn, exact};

macro_rules! smooth {
    ($($(#[$doc:meta])* $name:ident = $f:path;)*) => { $(
        $(#[$doc])*
        pub unsafe fn $name(n: usize, dst: *mut u32, src: [*const u32; 3], _params: &[f32]) {
            // SAFETY: module contract.
            unsafe { math::blocks(n, dst.cast(), src[0].cast(), $f as BlockFn) }
        }
    )* };
}

smooth! {
    exp = math::exp::exp;
    expm1 = math::exp::expm1;
    log = math::log::log;
    log1p = math::log::log1p;
    tanh = math::exp::tanh;
    sigmoid = math::exp::sigmoid;
    /// ln(1 + eˣ)
    softplus = math::log::softplus;
    erf = math::erf::erf;
    /// 1 − erf x, accurate where it is tiny
    erfc = math::erf::erfc;
}

/// The x with erf x = u: ±∞ at ±1, NaN beyond. The bits of JAX.
pub unsafe fn erf_inv(n: usize, dst: *mut u32, src: [*const u32; 3], _params: &[f32]) {
    // SAFETY: module contract.
    unsafe { lanes(n, dst, [src[0]], |[u]| exact::erf_inv(u.as_f32()).bits()) }
}
