//! Gives what belongs to a window to its cells: to the first maximum, or to all.

use super::Pool;
use super::fold::{Place, beats, fold, load, store};
use super::walk::{Cells, Span};
use crate::lanes::F4;

/// Adds `g` at the first maximum of each window of a row, whose first cell is at `x` and `dst`, or would be if it had one. Windows of 2×2
/// cells that no other window covers (`apart`) are written whole.
#[inline(always)]
pub unsafe fn spread(dst: *mut f32, x: *const f32, g: *const f32, cells: Cells, span: &Span, c: usize, apart: bool) {
    // SAFETY: the cells lie inside x and dst, the channels inside each and inside g.
    unsafe {
        if apart && span.quads(&cells, c) {
            if !quads::<true>(dst, x, g, &cells, span, c) {
                quads::<false>(dst, x, g, &cells, span, c);
            }
            return;
        }
        maxima(x, dst, g.cast_mut(), cells, span, c, false);
    }
}

/// Writes a row of windows of 2×2 cells. With `QUICK` half the work, which is right where the cells are numbers, and the answer whether they are:
/// their sum tells, which is NaN where a cell is, and rarely else.
#[inline(always)]
unsafe fn quads<const QUICK: bool>(
    mut dst: *mut f32,
    mut x: *const f32,
    mut g: *const f32,
    cells: &Cells,
    span: &Span,
    c: usize,
) -> bool {
    let [_, down, right] = cells.step;
    let mut noted = F4::splat(0.0);
    let later = |x: F4, max: F4| {
        let hit = if QUICK { max.lt(x) } else { beats(x, max) };
        (hit, if QUICK { max.pmax(x) } else { hit.select(x, max) })
    };
    // SAFETY: as `spread`.
    unsafe {
        for _ in 0..span.positions {
            let end = g.add(c);
            let (mut p, mut to) = (x, dst);
            while g < end {
                let (q, below) = (p.add(down), to.add(down));
                let [a, b, c, d] = [p, p.add(right), q, q.add(right)].map(|p| F4::load(p));
                if QUICK {
                    noted = noted + ((a + b) + (c + d));
                }
                let (second, max) = later(b, a);
                let (third, max) = later(c, max);
                let (fourth, _) = later(d, max);
                // the last that took the place keeps it
                let all = F4::load(g).bits();
                let early = all.and_not(fourth);
                let upper = early.and_not(third);
                upper.and_not(second).as_f32().store(to);
                (upper & second).as_f32().store(to.add(right));
                (early & third).as_f32().store(below);
                (all & fourth).as_f32().store(below.add(right));
                (p, to, g) = (p.add(4), to.add(4), g.add(4));
            }
            (x, dst) = (x.wrapping_add(span.per * c), dst.wrapping_add(span.per * c));
        }
    }
    !noted.ne(noted).any()
}

/// Adds each of `pooled` at the first maximum of its window in `full`, or takes it from there (`pick`).
#[inline(never)]
pub unsafe fn maxima(
    x: *const f32,
    full: *mut f32,
    mut pooled: *mut f32,
    mut cells: Cells,
    span: &Span,
    c: usize,
    pick: bool,
) {
    let mut places = [0f32; 16];
    for position in 0..span.positions {
        let l = span.of(position);
        cells.count[2] = l.1 - l.0;
        if !cells.count.contains(&0) {
            for at in (0..c).step_by(16) {
                let words = (c - at).min(16);
                // SAFETY: as `spread`.
                unsafe {
                    fold::<Place>(x, l.0 * c + at, places.as_mut_ptr(), &cells, words, F4::splat(1.0));
                    for (k, place) in places[..words].iter().enumerate() {
                        let (cell, one) = (full.add(place.to_bits() as usize), pooled.add(at + k));
                        if pick { *one = *cell } else { *cell += *one }
                    }
                }
            }
        }
        pooled = pooled.wrapping_add(c);
    }
}

/// `sum_pool_spread` where windows lie one after the other: every cell of `g` fills its window, as in up-sampling, and what is left at the ends
/// holds 0. Rows `from..to` of `dst`.
#[inline(always)]
pub unsafe fn repeat(mut dst: *mut f32, g: *const f32, divisor: f32, pool: &Pool, from: usize, to: usize) {
    let ([a0, a1, a2], c) = (pool.axes, pool.channels);
    let divisor = F4::splat(divisor);
    let (width, covered) = (a2.size * c, a2.out * a2.window * c);
    // SAFETY: rows from..to of dst, and the rows of g that cover them.
    unsafe {
        dst = dst.add(from * width);
        for row in from..to {
            let (n, i, j) = (row / (a0.size * a1.size), row / a1.size % a0.size, row % a1.size);
            let (a, b) = (i / a0.window, j / a1.window);
            if a >= a0.out || b >= a1.out {
                core::ptr::write_bytes(dst, 0, width);
            } else if row > from && j % a1.window > 0 {
                core::ptr::copy_nonoverlapping(dst.sub(width), dst, width); // as the row before
            } else {
                let (mut g, mut dst) = (g.add(((n * a0.out + a) * a1.out + b) * a2.out * c), dst);
                for _ in 0..a2.out {
                    let mut at = 0;
                    while at < c {
                        let wide = c - at >= 4;
                        let x = load(g.add(at), wide) / divisor;
                        for k in 0..a2.window {
                            store(dst.add(k * c + at), x, wide);
                        }
                        at += if wide { 4 } else { 1 };
                    }
                    (g, dst) = (g.add(c), dst.add(a2.window * c));
                }
                core::ptr::write_bytes(dst, 0, width - covered);
            }
            dst = dst.add(width);
        }
    }
}
