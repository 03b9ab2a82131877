//! Elementwise kernels: `dst[i] = f(src0[i], src1[i], src2[i])`, all with one signature so that a program can hold them in a table.
//!
//! `dst` may be exactly one of the sources. Any `n` is allowed; the result of an element does not depend on its position.
//! Comparisons and tests write bools (words 0 and 1); kernels that read bools treat every word but 0 as true only where they say so.

mod cast;
mod draw;
mod float;
mod int;
mod pair;
mod scalar;
mod smooth;

pub use cast::*;
pub use draw::*;
pub use float::*;
pub use int::*;
pub use pair::pair;
pub use scalar::*;
pub use smooth::*;

use crate::lanes::U4;

/// `n` elements; unused sources may be dangling; `params` are the constants that the kernel's documentation names, in that order.
pub type MapFn = unsafe fn(n: usize, dst: *mut u32, src: [*const u32; 3], params: &[f32]);

/// Words per turn of the vector loop: two vectors hide the latency of one operation (reference: V8 keeps program order).
const TURN: usize = 8;

/// Applies a lane function to `A` sources.
///
/// # Safety
/// `dst` and all of `src` are valid for `n` words; `dst` is one of `src` or apart from them.
#[inline(always)]
pub(crate) unsafe fn lanes<const A: usize, F>(n: usize, dst: *mut u32, src: [*const u32; A], f: F)
where
    F: Fn([U4; A]) -> U4 + Copy,
{
    let whole = n - n % TURN;
    // SAFETY: `turns` gets whole turns inside the arrays; the rest goes through local words that hold one turn.
    unsafe {
        if whole > 0 {
            turns(whole, dst, src, f);
        }
        if whole < n {
            let mut words = [[0; TURN]; A];
            for (word, p) in words.iter_mut().zip(src) {
                (whole..n).for_each(|i| word[i - whole] = *p.add(i));
            }
            let mut out = [0; TURN];
            turns(TURN, out.as_mut_ptr(), words.each_ref().map(|w| w.as_ptr()), f);
            (whole..n).for_each(|i| *dst.add(i) = out[i - whole]);
        }
    }
}

/// `n` is a multiple of `TURN`. Not inlined, so that a kernel holds its function once for the body and the tail.
#[inline(never)]
unsafe fn turns<const A: usize, F>(n: usize, mut dst: *mut u32, mut src: [*const u32; A], f: F)
where
    F: Fn([U4; A]) -> U4 + Copy,
{
    // SAFETY: as for `lanes`; every vector is read before the same words are written.
    unsafe {
        let (end, wide) = (dst.add(n), dst.add(n - n % (2 * TURN)));
        while dst < wide {
            f(src.map(|p| U4::load(p))).store(dst);
            f(src.map(|p| U4::load(p.add(4)))).store(dst.add(4));
            f(src.map(|p| U4::load(p.add(8)))).store(dst.add(8));
            f(src.map(|p| U4::load(p.add(12)))).store(dst.add(12));
            dst = dst.add(2 * TURN);
            src = src.map(|p| p.add(2 * TURN));
        }
        while dst < end {
            f(src.map(|p| U4::load(p))).store(dst);
            f(src.map(|p| U4::load(p.add(4)))).store(dst.add(4));
            dst = dst.add(TURN);
            src = src.map(|p| p.add(TURN));
        }
    }
}

/// Applies a scalar function to `A` sources, for what has no vector instruction.
///
/// # Safety
/// As for [`lanes`].
#[inline(always)]
pub(crate) unsafe fn each<const A: usize>(n: usize, dst: *mut u32, src: [*const u32; A], f: impl Fn([u32; A]) -> u32) {
    // SAFETY: as for `lanes`; element i is read before it is written.
    (0..n).for_each(|i| unsafe { *dst.add(i) = f(src.map(|p| *p.add(i))) });
}

/// A bool from a mask.
#[inline(always)]
pub(crate) fn bit(mask: U4) -> U4 {
    mask.shr::<31>()
}

/// Defines kernels. Each row is `name form |arguments| body;` where the form says what the arguments and the body are:
/// `f` lanes of f32 → f32, `test` lanes of f32 → mask (stored as bool), `u` lanes of words → words, `utest` words → mask,
/// `each_f` and `each_i` one f32 or i32 at a time, `each_u` one word at a time.
macro_rules! maps {
    ($($(#[$doc:meta])* $name:ident $form:ident |$($x:ident),+| $body:expr;)*) => { $(
        $(#[$doc])*
        pub unsafe fn $name(n: usize, dst: *mut u32, src: [*const u32; 3], _params: &[f32]) {
            $crate::map::maps!(@$form n, dst, src, [$($x),+], $body)
        }
    )* };
    (@f $n:ident, $dst:ident, $src:ident, [$($x:ident),+], $body:expr) => {
        $crate::map::maps!(@run lanes, U4, $n, $dst, $src, [$($x),+], { $(let $x = $x.as_f32();)+ let y: F4 = $body; y.bits() })
    };
    (@test $n:ident, $dst:ident, $src:ident, [$($x:ident),+], $body:expr) => {
        $crate::map::maps!(@run lanes, U4, $n, $dst, $src, [$($x),+], { $(let $x = $x.as_f32();)+ $crate::map::bit($body) })
    };
    (@u $n:ident, $dst:ident, $src:ident, [$($x:ident),+], $body:expr) => {
        $crate::map::maps!(@run lanes, U4, $n, $dst, $src, [$($x),+], $body)
    };
    (@utest $n:ident, $dst:ident, $src:ident, [$($x:ident),+], $body:expr) => {
        $crate::map::maps!(@run lanes, U4, $n, $dst, $src, [$($x),+], $crate::map::bit($body))
    };
    (@each_f $n:ident, $dst:ident, $src:ident, [$($x:ident),+], $body:expr) => {
        $crate::map::maps!(@run each, u32, $n, $dst, $src, [$($x),+], { $(let $x = f32::from_bits($x);)+ let y: f32 = $body; y.to_bits() })
    };
    (@each_i $n:ident, $dst:ident, $src:ident, [$($x:ident),+], $body:expr) => {
        $crate::map::maps!(@run each, u32, $n, $dst, $src, [$($x),+], { $(let $x = $x as i32;)+ let y: i32 = $body; y as u32 })
    };
    (@each_u $n:ident, $dst:ident, $src:ident, [$($x:ident),+], $body:expr) => {
        $crate::map::maps!(@run each, u32, $n, $dst, $src, [$($x),+], $body)
    };
    // SAFETY: the caller of a kernel promises what `lanes` and `each` ask for (module contract).
    (@run $drive:ident, $word:ty, $n:ident, $dst:ident, $src:ident, [$x:ident], $body:expr) => {
        unsafe { $crate::map::$drive($n, $dst, [$src[0]], |[$x]: [$word; 1]| $body) }
    };
    (@run $drive:ident, $word:ty, $n:ident, $dst:ident, $src:ident, [$x:ident, $y:ident], $body:expr) => {
        unsafe { $crate::map::$drive($n, $dst, [$src[0], $src[1]], |[$x, $y]: [$word; 2]| $body) }
    };
    (@run $drive:ident, $word:ty, $n:ident, $dst:ident, $src:ident, [$x:ident, $y:ident, $z:ident], $body:expr) => {
        unsafe { $crate::map::$drive($n, $dst, $src, |[$x, $y, $z]: [$word; 3]| $body) }
    };
}
pub(crate) use maps;
