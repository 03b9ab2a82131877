//! Results of which each element is made of the cells that its window covers.

use super::fold::Fold;
use super::{Cells, store};
use crate::lanes::F4;

/// Rows `from..to` of the `n·out0·out1` of a result, each element the fold of its cells in a grid of these sizes. `range(axis, position,
/// range of a position before)` gives the cells along one axis; along the last one these are two for every position, `step` cells on, where a step is given.
#[inline(always)]
pub unsafe fn gather<F: Fold>(
    src: F::At,
    dst: *mut f32,
    [s0, s1, s2]: [usize; 3],
    [out0, out1, out2]: [usize; 3],
    c: usize,
    from: usize,
    to: usize,
    step: Option<usize>,
    range: impl Fn(usize, usize, (usize, usize)) -> (usize, usize),
) {
    for row in from..to {
        let (n, a, b) = (row / (out0 * out1), row / out1 % out0, row % out1);
        let (i, j) = (range(0, a, (0, 0)), range(1, b, (0, 0)));
        let mut cells = Cells {
            count: [i.1 - i.0, j.1 - j.0, 0],
            step: [s1 * s2 * c, s2 * c, c],
        };
        let mut l = (0, 0);
        // SAFETY: the row lies inside the result, the cells inside the sources.
        unsafe {
            let src = F::add(src, ((n * s0 + i.0) * s1 + j.0) * s2 * c);
            let mut dst = dst.add(row * out2 * c);
            if let Some(step) = step
                && cells.count[..2] == [1, 2]
                && c.is_multiple_of(4)
                && quads::<F>(src, dst, out2, step * c, cells.step[1], c)
            {
                continue;
            }
            for position in 0..out2 {
                l = range(2, position, l);
                cells.count[2] = l.1 - l.0;
                channels::<F>(F::add(src, l.0 * c), dst, &cells, c);
                dst = dst.add(c);
            }
        }
    }
}

/// A row whose windows are 2×2, `step` words on, with their second cells `c` and `down` words on. Says whether the row is right.
#[inline(always)]
unsafe fn quads<F: Fold>(mut src: F::At, mut dst: *mut f32, count: usize, step: usize, down: usize, c: usize) -> bool {
    let mut noted = F4::splat(0.0);
    for _ in 0..count {
        // SAFETY: the caller's windows lie inside the sources, and the row inside the result.
        unsafe {
            let (mut p, mut q, end) = (src, F::add(src, down), dst.add(c));
            while dst < end {
                let x = F::join(F::cell::<true>(p, 4), F::cell::<true>(F::add(p, c), 4));
                let x = F::join(x, F::cell::<true>(q, 4));
                let x = F::join(x, F::cell::<true>(F::add(q, c), 4));
                noted = F::note(noted, x);
                F::done(x).store(dst);
                (p, q, dst) = (F::add(p, 4), F::add(q, 4), dst.add(4));
            }
            src = F::add(src, step);
        }
    }
    !F::suspicious(noted)
}

/// All channels of one position.
#[inline(always)]
unsafe fn channels<F: Fold>(src: F::At, dst: *mut f32, cells: &Cells, c: usize) {
    let mut at = 0;
    // SAFETY: channels below c of each cell and of the result.
    unsafe {
        match cells.count {
            [0, _, _] | [_, 0, _] | [_, _, 0] => return (0..c).for_each(|i| *dst.add(i) = F::EMPTY),
            [1, 1, 1] => {
                let (mut p, mut q) = (src, dst);
                while at + 4 <= c {
                    F::done(F::cell::<true>(p, 4)).store(q); // right for NaN too
                    (p, q) = (F::add(p, 4), q.add(4));
                    at += 4;
                }
            }
            [1, 2, 2] => {
                let [_, down, right] = cells.step;
                let mut p = [src, F::add(src, right), F::add(src, down), F::add(src, down + right)];
                let mut q = dst;
                while at + 8 <= c {
                    quad::<F>(p, q, cells);
                    quad::<F>(p.map(|p| F::add(p, 4)), q.add(4), cells);
                    (p, q) = (p.map(|p| F::add(p, 8)), q.add(8));
                    at += 8;
                }
                if at + 4 <= c {
                    quad::<F>(p, q, cells);
                    at += 4;
                }
            }
            [1, 3, 3] => {
                // the same with a size that the compiler knows, so that it lays the cells out one after the other
                let cells = Cells {
                    count: [1, 3, 3],
                    ..*cells
                };
                while at + 4 <= c {
                    strip::<F, 1, true>(F::add(src, at), dst.add(at), &cells, 4);
                    at += 4;
                }
            }
            _ => {
                while at + 16 <= c {
                    strip::<F, 4, true>(F::add(src, at), dst.add(at), cells, 4);
                    at += 16;
                }
                while at + 4 <= c {
                    strip::<F, 1, true>(F::add(src, at), dst.add(at), cells, 4);
                    at += 4;
                }
            }
        }
        if at < c {
            strip::<F, 1, false>(F::add(src, at), dst.add(at), cells, c - at);
        }
    }
}

/// Four channels of a 2×2 window with its cells at `p`.
#[inline(always)]
unsafe fn quad<F: Fold>(p: [F::At; 4], dst: *mut f32, cells: &Cells) {
    // SAFETY: the caller's.
    unsafe {
        let x = F::join(F::cell::<true>(p[0], 4), F::cell::<true>(p[1], 4));
        let x = F::join(x, F::cell::<true>(p[2], 4));
        let x = F::join(x, F::cell::<true>(p[3], 4));
        if F::suspicious(F::note(F4::splat(0.0), x)) {
            strip::<F::Safe, 1, true>(p[0], dst, cells, 4);
        } else {
            F::done(x).store(dst);
        }
    }
}

/// 4·V channels, or `live` < 4 of them, with their accumulators in registers.
#[inline(always)]
unsafe fn strip<F: Fold, const V: usize, const FULL: bool>(src: F::At, dst: *mut f32, cells: &Cells, live: usize) {
    // SAFETY: the caller's channels lie inside the cells.
    unsafe {
        let mut acc: [F::Acc; V] = core::array::from_fn(|v| F::start(F::cell::<FULL>(F::add(src, 4 * v), live)));
        cells.each(|cell| {
            let at = F::add(src, cell);
            for (v, a) in acc.iter_mut().enumerate() {
                *a = F::join(*a, F::cell::<FULL>(F::add(at, 4 * v), live));
            }
        });
        for (v, a) in acc.into_iter().enumerate() {
            if F::suspicious(F::note(F4::splat(0.0), a)) {
                strip::<F::Safe, 1, FULL>(F::add(src, 4 * v), dst.add(4 * v), cells, live);
            } else {
                store(dst.add(4 * v), F::done(a), live);
            }
        }
    }
}
