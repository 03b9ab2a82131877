//! Pooling: windows over up to three spatial axes, channels last: `x: [n, s0, s1, s2, c] → y: [n, o0, o1, o2, c]`, and the adjoints.
//!
//! Padding holds nothing: a window is the cells of the input that it covers, in ascending order (axis 0, then 1, then 2). Maxima
//! keep NaN; of equal cells the first counts. Every output is made by one call alone, in an order that its window gives, so neither
//! rows nor images nor their split change a bit.

mod fold;
mod spread;
mod walk;

use crate::lanes::F4;
use fold::{Max, Sum, gather};
use spread::{maxima, repeat, spread};
use walk::walk;

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
    /// Do whole windows lie one after the other from the first cell on?
    fn tiles(&self) -> bool {
        self.pad == 0 && self.stride == self.window && self.out * self.window <= self.size
    }
}

/// The axes of a pooling, outermost first, and its channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pool {
    pub axes: [Axis; 3],
    pub channels: usize,
}

/// The largest cell of each window, NaN if one is NaN, −∞ if there is none: rows `from..to` of the `n·o0·o1` of `dst`.
pub unsafe fn max_pool(dst: *mut f32, x: *const f32, pool: &Pool, from: usize, to: usize) {
    let c = pool.channels;
    // SAFETY: the caller gives whole arrays and rows inside the result.
    walk(pool, true, from, to, &mut |cell, at, cells, span| unsafe {
        gather::<Max>(x.wrapping_add(cell), dst.add(at), cells, span, c, F4::splat(1.0))
    });
}

/// The cell of `t`, which has the shape of `x`, where `x` has the (first) maximum of the window; 0 if the window has no cell.
pub unsafe fn max_pool_pick(dst: *mut f32, x: *const f32, t: *const f32, pool: &Pool, from: usize, to: usize) {
    let (c, row) = (pool.channels, pool.axes[2].out * pool.channels);
    // SAFETY: as above.
    unsafe {
        core::ptr::write_bytes(dst.add(from * row), 0, (to - from) * row);
        walk(pool, true, from, to, &mut |cell, at, cells, span| {
            maxima(
                x.wrapping_add(cell),
                t.wrapping_add(cell).cast_mut(),
                dst.add(at),
                cells,
                span,
                c,
                true,
            )
        });
    }
}

/// The sum of each window, divided by `divisor`: rows `from..to` of the `n·o0·o1` of `dst`.
pub unsafe fn sum_pool(dst: *mut f32, x: *const f32, divisor: f32, pool: &Pool, from: usize, to: usize) {
    // SAFETY: as above.
    unsafe { sums(dst, x, divisor, pool, true, from, to) }
}

/// `dx: [n, s0, s1, s2, c]` from `g: [n, o0, o1, o2, c]`: the sum of `g` over the windows that cover a cell, ascending, divided by `divisor`:
/// rows `from..to` of the `n·s0·s1` of `dst`.
pub unsafe fn sum_pool_spread(dst: *mut f32, g: *const f32, divisor: f32, pool: &Pool, from: usize, to: usize) {
    // SAFETY: as above.
    unsafe {
        if pool.axes.iter().all(Axis::tiles) {
            repeat(dst, g, divisor, pool, from, to);
        } else {
            sums(dst, g, divisor, pool, false, from, to);
        }
    }
}

/// Sums of the cells of windows, or of the windows of cells.
#[inline(never)]
unsafe fn sums(dst: *mut f32, src: *const f32, divisor: f32, pool: &Pool, windows: bool, from: usize, to: usize) {
    let (divisor, c) = (F4::splat(divisor), pool.channels);
    // SAFETY: as above.
    walk(pool, windows, from, to, &mut |cell, at, cells, span| unsafe {
        gather::<Sum>(src.wrapping_add(cell), dst.add(at), cells, span, c, divisor)
    });
}

/// `dx: [n, s0, s1, s2, c]`: each window of `x` adds its `g` at its first maximum, windows in ascending order: images `from..to`.
pub unsafe fn max_pool_spread(dst: *mut f32, x: *const f32, g: *const f32, pool: &Pool, from: usize, to: usize) {
    let ([a, b, l], c) = (pool.axes, pool.channels);
    let image = a.size * b.size * l.size * c;
    // Windows that share no cell are written whole, if they are of the usual size.
    let apart = pool.axes.iter().all(|a| a.stride >= a.window);
    let everywhere = |a: &Axis| a.tiles() && a.out * a.window == a.size;
    let filled = pool.axes.map(|a| a.window) == [1, 2, 2] && c.is_multiple_of(4) && pool.axes.iter().all(everywhere);
    let rows = a.out * b.out;
    // SAFETY: images from..to of each array; windows lie inside them.
    unsafe {
        if !filled {
            core::ptr::write_bytes(dst.add(from * image), 0, (to - from) * image);
        }
        walk(pool, true, from * rows, to * rows, &mut |cell, at, cells, span| {
            spread(
                dst.wrapping_add(cell),
                x.wrapping_add(cell),
                g.add(at),
                cells,
                span,
                c,
                apart,
            )
        });
    }
}
