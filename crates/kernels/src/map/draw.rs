//! Maps from random bits to draws: the bits of JAX's samplers on a CPU with fused multiply-add.

use super::{bit, lanes};
use crate::lanes::{F4, U4, fma_exact};
use crate::math::exact;

/// The upper 23 bits as a number in [0, 1).
#[inline(always)]
fn unit(bits: U4) -> F4 {
    let one = F4::splat(1.0);
    (bits.shr::<9>() | one.bits()).as_f32() - one
}

/// max(low, unit·width + low): in [low, low + width), the sum fused.
#[inline(always)]
fn between(bits: U4, low: F4, width: F4) -> F4 {
    low.pmax(fma_exact(unit(bits), width, low))
}

/// √2·erf⁻¹(u)
#[inline(always)]
fn probit(u: F4) -> F4 {
    exact::erf_inv(u) * F4::splat(core::f32::consts::SQRT_2)
}

/// Uniform in [p0, p1).
pub unsafe fn bits_to_uniform(n: usize, dst: *mut u32, src: [*const u32; 3], params: &[f32]) {
    let (low, width) = (F4::splat(params[0]), F4::splat(params[1] - params[0]));
    // SAFETY: module contract.
    unsafe { lanes(n, dst, [src[0]], |[b]| between(b, low, width).bits()) }
}

/// Standard normal.
pub unsafe fn bits_to_normal(n: usize, dst: *mut u32, src: [*const u32; 3], _params: &[f32]) {
    let low = F4::splat((-1.0f32).next_up());
    // SAFETY: module contract.
    unsafe { lanes(n, dst, [src[0]], |[b]| probit(between(b, low, F4::splat(2.0))).bits()) }
}

/// Standard normal between −2 and 2.
pub unsafe fn bits_to_truncated_normal(n: usize, dst: *mut u32, src: [*const u32; 3], _params: &[f32]) {
    let edge = f32::from_bits(0x3F74_5A18); // erf(2 / √2)
    let (low, width) = (F4::splat(-edge), F4::splat(edge + edge));
    let limit = F4::splat(2.0f32.next_down());
    // SAFETY: module contract.
    unsafe {
        lanes(n, dst, [src[0]], |[b]| {
            probit(between(b, low, width)).pmax(-limit).pmin(limit).bits()
        })
    }
}

/// Standard Gumbel: −ln(−ln u).
pub unsafe fn bits_to_gumbel(n: usize, dst: *mut u32, src: [*const u32; 3], _params: &[f32]) {
    let tiny = F4::splat(f32::MIN_POSITIVE);
    // SAFETY: module contract.
    unsafe {
        lanes(n, dst, [src[0]], |[b]| {
            let u = tiny.pmax(unit(b) + tiny);
            (-exact::log(-exact::log(u))).bits()
        })
    }
}

/// True with probability p0, as a bool: a uniform number in [0, 1) lies below it.
pub unsafe fn bits_keep(n: usize, dst: *mut u32, src: [*const u32; 3], params: &[f32]) {
    let keep = F4::splat(params[0]);
    // SAFETY: module contract.
    unsafe { lanes(n, dst, [src[0]], |[b]| bit(unit(b).lt(keep))) }
}
