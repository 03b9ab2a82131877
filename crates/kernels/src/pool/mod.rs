//! Pooling: windows over up to three spatial axes, channels last: `x: [n, s0, s1, s2, c] → y: [n, o0, o1, o2, c]`, and the adjoints.
//!
//! Padding holds nothing: a window is the cells of the input that it covers, in ascending order (axis 0, then 1, then 2). Maxima
//! keep NaN; of equal cells the first counts. Every output is made by one call alone, in an order that its window gives, so neither
//! rows nor images nor their split change a bit.

mod fold;
mod gather;
mod spread;

use crate::lanes::{F4, U4};
use fold::{Pick, QuickMax, Sum};
use gather::gather;
use spread::spread;

/// One spatial axis: sizes before and after, cells per window, cells from window to window, cells of padding before the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    pub size: usize,
    pub out: usize,
    pub window: usize,
    pub stride: usize,
    pub pad: usize,
}

impl Axis {
    /// An axis that is not there.
    pub const NONE: Axis = Axis {
        size: 1,
        out: 1,
        window: 1,
        stride: 1,
        pad: 0,
    };
    /// Cells `from..to` that window `o` covers.
    #[inline(always)]
    fn covered(&self, o: usize) -> (usize, usize) {
        let clip = |at: usize| at.saturating_sub(self.pad).min(self.size);
        (clip(o * self.stride), clip(o * self.stride + self.window))
    }
    /// Windows `from..to` that cover cell `i`, given those of a cell before it: no division, and none is passed twice.
    #[inline(always)]
    fn covering(&self, i: usize, (mut from, mut to): (usize, usize)) -> (usize, usize) {
        while from < self.out && from * self.stride + self.window <= i + self.pad {
            from += 1;
        }
        while to < self.out && to * self.stride <= i + self.pad {
            to += 1;
        }
        (from, to)
    }
    /// Cells from window to window, if all windows are two cells of the input.
    fn pairs(&self) -> Option<usize> {
        let inside = self.pad == 0 && self.out > 0 && (self.out - 1) * self.stride + 2 <= self.size;
        (self.window == 2 && inside).then_some(self.stride)
    }
    /// Do the windows cover every cell exactly once?
    fn exact(&self) -> bool {
        self.pad == 0 && self.stride == self.window && self.out * self.window == self.size
    }
}

/// The axes of a pooling, outermost first, and its channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pool {
    pub axes: [Axis; 3],
    pub channels: usize,
}

impl Pool {
    fn sizes(&self) -> [usize; 3] {
        self.axes.map(|a| a.size)
    }
    fn outs(&self) -> [usize; 3] {
        self.axes.map(|a| a.out)
    }
}

/// The largest cell of each window, NaN if one is NaN, −∞ if there is none: rows `from..to` of the `n·o0·o1` of `dst`.
pub unsafe fn max_pool(dst: *mut f32, x: *const f32, pool: &Pool, from: usize, to: usize) {
    let range = |axis: usize, o: usize, _| pool.axes[axis].covered(o);
    // SAFETY: the caller gives whole arrays and rows inside the result.
    unsafe {
        gather::<QuickMax>(
            x,
            dst,
            pool.sizes(),
            pool.outs(),
            pool.channels,
            from,
            to,
            pool.axes[2].pairs(),
            range,
        )
    }
}

/// The cell of `t`, which has the shape of `x`, where `x` has the (first) maximum of the window; 0 if the window has no cell.
pub unsafe fn max_pool_pick(dst: *mut f32, x: *const f32, t: *const f32, pool: &Pool, from: usize, to: usize) {
    let range = |axis: usize, o: usize, _| pool.axes[axis].covered(o);
    // SAFETY: as above.
    unsafe {
        gather::<Pick>(
            (x, t),
            dst,
            pool.sizes(),
            pool.outs(),
            pool.channels,
            from,
            to,
            pool.axes[2].pairs(),
            range,
        )
    }
}

/// The sum of each window: rows `from..to` of the `n·o0·o1` of `dst`.
pub unsafe fn sum_pool(dst: *mut f32, x: *const f32, pool: &Pool, from: usize, to: usize) {
    let range = |axis: usize, o: usize, _| pool.axes[axis].covered(o);
    // SAFETY: as above.
    unsafe {
        gather::<Sum>(
            x,
            dst,
            pool.sizes(),
            pool.outs(),
            pool.channels,
            from,
            to,
            pool.axes[2].pairs(),
            range,
        )
    }
}

/// `dx: [n, s0, s1, s2, c]` from `g: [n, o0, o1, o2, c]`: the sum of `g` over the windows that cover a cell, ascending: rows `from..to`
/// of the `n·s0·s1` of `dst`.
pub unsafe fn sum_pool_spread(dst: *mut f32, g: *const f32, pool: &Pool, from: usize, to: usize) {
    if pool.axes.iter().all(Axis::exact) {
        // SAFETY: as above.
        return unsafe { repeat(dst, g, pool, from, to) };
    }
    let range = |axis: usize, i: usize, before| pool.axes[axis].covering(i, before);
    // SAFETY: as above.
    unsafe { gather::<Sum>(g, dst, pool.outs(), pool.sizes(), pool.channels, from, to, None, range) }
}

/// `dx: [n, s0, s1, s2, c]`: each window of `x` adds its `g` at its first maximum, windows in ascending order: images `from..to`.
pub unsafe fn max_pool_spread(dst: *mut f32, x: *const f32, g: *const f32, pool: &Pool, from: usize, to: usize) {
    let ([s0, s1, s2], c) = (pool.sizes(), pool.channels);
    let exact = pool.axes.iter().all(Axis::exact);
    let (image, outs) = (s0 * s1 * s2 * c, pool.outs().iter().product::<usize>());
    for n in from..to {
        // SAFETY: image n of each array; windows lie inside it.
        unsafe {
            let (x, dst) = (x.add(n * image), dst.add(n * image));
            let mut g = g.add(n * outs * c);
            if !exact {
                core::ptr::write_bytes(dst, 0, image);
            }
            for a in 0..pool.axes[0].out {
                let i = pool.axes[0].covered(a);
                for b in 0..pool.axes[1].out {
                    let j = pool.axes[1].covered(b);
                    let row = (i.0 * s1 + j.0) * s2 * c;
                    let mut cells = Cells {
                        count: [i.1 - i.0, j.1 - j.0, 0],
                        step: [s1 * s2 * c, s2 * c, c],
                    };
                    for l in 0..pool.axes[2].out {
                        let l = pool.axes[2].covered(l);
                        cells.count[2] = l.1 - l.0;
                        let at = row + l.0 * c;
                        if exact {
                            spread::<false>(dst.wrapping_add(at), x.wrapping_add(at), g, &cells, c);
                        } else {
                            spread::<true>(dst.wrapping_add(at), x.wrapping_add(at), g, &cells, c);
                        }
                        g = g.add(c);
                    }
                }
            }
        }
    }
}

/// `sum_pool_spread` where one window covers each cell: every cell of `g` fills its window, as in up-sampling.
unsafe fn repeat(dst: *mut f32, g: *const f32, pool: &Pool, from: usize, to: usize) {
    let ([a0, a1, a2], c) = (pool.axes, pool.channels);
    // SAFETY: rows from..to of dst, and the rows of g that cover them.
    unsafe {
        let mut dst = dst.add(from * a2.size * c);
        for row in from..to {
            let (n, i, j) = (row / (a0.size * a1.size), row / a1.size % a0.size, row % a1.size);
            let mut g = g.add(((n * a0.out + i / a0.window) * a1.out + j / a1.window) * a2.out * c);
            for _ in 0..a2.out {
                for _ in 0..a2.window {
                    crate::copy::row(dst.cast(), g.cast(), c);
                    dst = dst.add(c);
                }
                g = g.add(c);
            }
        }
    }
}

/// A box of cells: how many along each axis, and how many words apart. Its first cell is where a pointer says.
#[derive(Clone, Copy)]
struct Cells {
    count: [usize; 3],
    step: [usize; 3],
}

impl Cells {
    /// Runs `f` with the place of every cell relative to the first, ascending.
    #[inline(always)]
    fn each(&self, mut f: impl FnMut(usize)) {
        let mut plane = 0;
        for _ in 0..self.count[0] {
            let mut row = plane;
            for _ in 0..self.count[1] {
                let mut cell = row;
                for _ in 0..self.count[2] {
                    f(cell);
                    cell += self.step[2];
                }
                row += self.step[1];
            }
            plane += self.step[0];
        }
    }
}

/// Does a later cell take the place of the maximum so far? Where it is larger, or NaN and the maximum is not.
#[inline(always)]
fn beats(x: F4, max: F4) -> U4 {
    max.eq(max).and_not(x.le(max))
}

/// Four words, or `live` of them and zeros.
#[inline(always)]
unsafe fn load<const FULL: bool>(p: *const f32, live: usize) -> F4 {
    // SAFETY: the caller has four words, or `live`.
    unsafe {
        if FULL {
            return F4::load(p);
        }
        let word = |i: usize| if i < live { *p.add(i) } else { 0.0 };
        F4::new(word(0), word(1), word(2), 0.0)
    }
}

/// The first `live` words of the vector, at most four.
#[inline(always)]
unsafe fn store(dst: *mut f32, x: F4, live: usize) {
    // SAFETY: the caller has `live` words.
    unsafe {
        if live == 4 {
            return x.store(dst);
        }
        *dst = x.lane::<0>();
        if live > 1 {
            *dst.add(1) = x.lane::<1>();
        }
        if live > 2 {
            *dst.add(2) = x.lane::<2>();
        }
    }
}
