//! Maps between the types of words, and the identity.

use super::maps;
use crate::lanes::{F4, U4};

maps! {
    /// Towards zero; NaN and values outside i32 give −2147483648.
    f32_to_i32 u |x| {
        let fits = x.as_f32().abs().lt(F4::splat(2_147_483_648.0));
        fits.select_u(x.as_f32().to_i32(), U4::splat(0x8000_0000))
    };
    /// To the nearest f32.
    i32_to_f32 u |x| x.i32_to_f32().bits();
    /// Towards zero; NaN and negative values give 0, values beyond u32 its largest.
    f32_to_u32 each_u |x| f32::from_bits(x) as u32;
    /// To the nearest f32.
    u32_to_f32 each_u |x| (x as f32).to_bits();
    /// x ≠ 0 of integers.
    word_to_bool utest |x| !x.eq(U4::splat(0));
    /// x ≠ 0 of floats: false for both zeros, true for NaN.
    f32_to_bool test |x| x.ne(F4::splat(0.0));
}

/// The words themselves.
pub unsafe fn copy(n: usize, dst: *mut u32, src: [*const u32; 3], _params: &[f32]) {
    // SAFETY: module contract; `copy` allows `dst` to be the source.
    unsafe { core::ptr::copy(src[0], dst, n) }
}
