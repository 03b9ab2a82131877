//! Maps of i32, u32 and bool words. Arithmetic wraps.

use super::{bit, maps};
use crate::lanes::U4;

maps! {
    iadd u |x, y| x.wrapping_add(y);
    isub u |x, y| x.wrapping_sub(y);
    imul u |x, y| x.wrapping_mul(y);
    ineg u |x| U4::splat(0).wrapping_sub(x);
    /// |x|; the smallest i32 stays itself.
    iabs u |x| {
        let sign = x.sar::<31>();
        (x ^ sign).wrapping_sub(sign)
    };
    /// −1, 0 or 1.
    isign u |x| x.sar::<31>() | bit(U4::splat(0).lt_i32(x));
    imaximum u |x, y| larger_i32(x, y);
    iminimum u |x, y| smaller_i32(x, y);
    ieq utest |x, y| x.eq(y);
    ine utest |x, y| !x.eq(y);
    ilt utest |x, y| x.lt_i32(y);
    ile utest |x, y| !y.lt_i32(x);
    igt utest |x, y| y.lt_i32(x);
    ige utest |x, y| !x.lt_i32(y);

    /// ⌊x / y⌋. As XLA divides: by 0 gives −1, and the smallest i32 by −1 itself.
    ifloor_div each_i |x, y| match y {
        0 => -1,
        _ => {
            let q = x.wrapping_div(y);
            if x.wrapping_rem(y) != 0 && (x < 0) != (y < 0) { q - 1 } else { q }
        }
    };
    /// x − y·⌊x / y⌋: the sign of y. As XLA: x when y is 0.
    ifloor_mod each_i |x, y| match y {
        0 => x,
        _ => {
            let r = x.wrapping_rem(y);
            if r != 0 && (r < 0) != (y < 0) { r + y } else { r }
        }
    };
    /// xʸ by squaring, wrapping. A negative y gives the quotient 1 / x^|y| rounded towards zero, and 0 for x = 0.
    ipow each_i |x, y| match (x, y) {
        (_, 0..) => x.wrapping_pow(y as u32),
        (1, _) => 1,
        (-1, _) => 1 - ((y & 1) << 1),
        _ => 0,
    };

    bit_and u |x, y| x & y;
    bit_or u |x, y| x | y;
    bit_xor u |x, y| x ^ y;
    bit_not u |x| !x;
    /// x · 2ʸ; 0 when y, taken as unsigned, is 32 or more.
    shl each_u |x, y| x.checked_shl(y).unwrap_or(0);
    /// ⌊x / 2ʸ⌋ of i32; only the sign is left when y, taken as unsigned, is 32 or more.
    shr each_u |x, y| (x as i32 >> y.min(31)) as u32;
    /// ⌊x / 2ʸ⌋ of u32; 0 when y is 32 or more.
    ushr each_u |x, y| x.checked_shr(y).unwrap_or(0);

    umaximum u |x, y| ult_mask(x, y).select_u(y, x);
    uminimum u |x, y| ult_mask(x, y).select_u(x, y);
    ult utest |x, y| ult_mask(x, y);
    ule utest |x, y| !ult_mask(y, x);
    ugt utest |x, y| ult_mask(y, x);
    uge utest |x, y| !ult_mask(x, y);
    /// ⌊x / y⌋; all ones when y is 0, as XLA divides.
    udiv each_u |x, y| x.checked_div(y).unwrap_or(u32::MAX);
    /// x mod y; x when y is 0.
    umod each_u |x, y| x.checked_rem(y).unwrap_or(x);

    /// Of bools; the words must be 0 or 1.
    not u |x| x ^ U4::splat(1);
    /// Of bools; the words must be 0 or 1.
    and u |x, y| x & y;
    /// Of bools; the words must be 0 or 1.
    or u |x, y| x | y;
    /// Of bools; the words must be 0 or 1.
    xor u |x, y| x ^ y;
    /// condition ? x : y, for words of any type; every condition but 0 is true.
    select u |condition, x, y| condition.eq(U4::splat(0)).select_u(y, x);
}

/// The larger signed lane.
#[inline(always)]
pub(crate) fn larger_i32(x: U4, y: U4) -> U4 {
    x.lt_i32(y).select_u(y, x)
}

/// The smaller signed lane.
#[inline(always)]
pub(crate) fn smaller_i32(x: U4, y: U4) -> U4 {
    x.lt_i32(y).select_u(x, y)
}

/// x < y of unsigned lanes: flipping the sign bit makes the signed order the unsigned one.
#[inline(always)]
fn ult_mask(x: U4, y: U4) -> U4 {
    let flip = U4::splat(0x8000_0000);
    (x ^ flip).lt_i32(y ^ flip)
}
