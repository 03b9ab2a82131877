//! Two kernels of arithmetic as one: the value between them never leaves its register. The same bits as one after the other.

use super::{MapFn, add, lanes, mul, sub};
use crate::lanes::{F4, U4};
use core::ptr::fn_addr_eq;

/// The kernel of `second(first(a, b), c)`, or of `second(c, first(a, b))` when the first's result is operand 1; sources `a, b, c`.
///
/// There is one where both are sums, differences or products of f32. They round one after the other, and are never fused.
pub fn pair(first: MapFn, second: MapFn, operand: usize) -> Option<MapFn> {
    let known: [MapFn; 3] = [add, sub, mul];
    let find = |f: MapFn| known.iter().position(|&k| fn_addr_eq(k, f));
    PAIRS[find(first)?][find(second)?].get(operand).copied()
}

macro_rules! pairs {
    ($($first:tt: $($name0:ident $name1:ident $second:tt),+;)*) => {
        /// By the first, the second, and the operand that the first is: of +, −, ·.
        static PAIRS: [[[MapFn; 2]; 3]; 3] = [$([$([$name0, $name1]),+]),*];
        $($(
            unsafe fn $name0(n: usize, dst: *mut u32, src: [*const u32; 3], _params: &[f32]) {
                // SAFETY: module contract.
                unsafe { run(n, dst, src, |a, b, c| (a $first b) $second c) }
            }
            unsafe fn $name1(n: usize, dst: *mut u32, src: [*const u32; 3], _params: &[f32]) {
                // SAFETY: module contract.
                unsafe { run(n, dst, src, |a, b, c| c $second (a $first b)) }
            }
        )+)*
    };
}
pairs! {
    +: add_add0 add_add1 +, add_sub0 add_sub1 -, add_mul0 add_mul1 *;
    -: sub_add0 sub_add1 +, sub_sub0 sub_sub1 -, sub_mul0 sub_mul1 *;
    *: mul_add0 mul_add1 +, mul_sub0 mul_sub1 -, mul_mul0 mul_mul1 *;
}

#[inline(always)]
unsafe fn run(n: usize, dst: *mut u32, src: [*const u32; 3], f: impl Fn(F4, F4, F4) -> F4 + Copy) {
    // SAFETY: the caller's.
    unsafe {
        lanes(n, dst, src, |[a, b, c]: [U4; 3]| {
            f(a.as_f32(), b.as_f32(), c.as_f32()).bits()
        })
    }
}
