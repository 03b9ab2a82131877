//! Transcendental functions of f32 as block functions: short passes over at most `BLOCK` elements that stay in the first cache.
//!
//! Why passes: engines keep the program's order, so a chain of sixty dependent operations stalls; several short loops do not.
//! Why tables: V8 rebuilds a vector constant from integer registers in every turn of a loop; a broadcast load costs one instruction.
//! All products and sums round separately (never relaxed), so the bits are the same everywhere.

pub mod erf;
pub mod exact;
pub mod exp;
pub mod log;

use crate::lanes::F4;
use core::mem::MaybeUninit;

/// Elements per block; every scratch array holds as many.
pub const BLOCK: usize = 256;

/// `dst[i] = f(src[i])` for `n ≤ BLOCK` elements, `n` a multiple of 4. `dst` may be `src`.
pub type BlockFn = unsafe fn(src: *const f32, dst: *mut f32, n: usize);

/// Applies a block function to any number of elements.
///
/// # Safety
/// `src` and `dst` are valid for `n` words; `dst` is `src` or apart from it.
pub unsafe fn blocks(n: usize, dst: *mut f32, src: *const f32, f: BlockFn) {
    let whole = n - n % 4;
    // SAFETY: blocks lie inside the arrays; the last elements go through local words.
    unsafe {
        let mut i = 0;
        while i < whole {
            let len = BLOCK.min(whole - i);
            f(src.add(i), dst.add(i), len);
            i += len;
        }
        if whole < n {
            let mut words = [0.0; 4];
            (whole..n).for_each(|i| words[i - whole] = *src.add(i));
            let p = words.as_mut_ptr();
            f(p, p, 4);
            (whole..n).for_each(|i| *dst.add(i) = words[i - whole]);
        }
    }
}

/// A block of intermediate values. Every pass writes what a later one reads.
pub(crate) struct Scratch(MaybeUninit<[f32; BLOCK]>);

impl Scratch {
    #[inline(always)]
    pub fn new() -> Self {
        Self(MaybeUninit::uninit())
    }
    #[inline(always)]
    pub fn ptr(&mut self) -> *mut f32 {
        self.0.as_mut_ptr().cast()
    }
}

/// Constants in memory.
#[derive(Clone, Copy)]
pub(crate) struct Table(*const f32);

impl Table {
    /// Hides the address from the compiler, which would otherwise fold the loads back into vector constants.
    #[inline(always)]
    pub fn new(constants: &'static [f32]) -> Self {
        Self(core::hint::black_box(constants.as_ptr()))
    }
    /// # Safety
    /// The table has more than `i` constants.
    #[inline(always)]
    pub unsafe fn at(self, i: usize) -> F4 {
        // SAFETY: promised by the caller.
        unsafe { F4::load_splat(self.0.add(i)) }
    }
    /// A polynomial whose `N` coefficients start at `from`, highest power first.
    ///
    /// # Safety
    /// The table has at least `from + N` constants.
    #[inline(always)]
    pub unsafe fn horner<const N: usize>(self, from: usize, x: F4) -> F4 {
        // SAFETY: promised by the caller.
        unsafe {
            let mut y = self.at(from);
            for i in 1..N {
                y = y * x + self.at(from + i);
            }
            y
        }
    }
}

/// Runs `body(i)` for every vector of a block.
#[inline(always)]
pub(crate) fn pass(n: usize, mut body: impl FnMut(usize)) {
    let mut i = 0;
    while i < n {
        body(i);
        i += 4;
    }
}
