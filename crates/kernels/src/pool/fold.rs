//! What pooling makes of the cells of a window.

use super::walk::{Cells, Span};
use crate::lanes::{F4, U4};

/// How a result is made of the cells of its window, four channels at a time.
pub trait Fold {
    type Acc: Copy;
    /// Of a window without cells.
    const EMPTY: f32;
    /// The accumulator of one cell, whose channels are at word `place` of the array.
    fn cell(x: F4, place: usize) -> Self::Acc;
    /// What joined with `cell` is `cell`.
    #[inline(always)]
    fn start(cell: Self::Acc) -> Self::Acc {
        cell
    }
    fn join(earlier: Self::Acc, later: Self::Acc) -> Self::Acc;
    fn done(acc: Self::Acc, divisor: F4) -> F4;
}

/// The largest; NaN if one is NaN.
pub struct Max;
impl Fold for Max {
    /// The largest of those that are numbers, and where one was NaN.
    type Acc = (F4, U4);
    const EMPTY: f32 = f32::NEG_INFINITY;
    #[inline(always)]
    fn cell(x: F4, _: usize) -> Self::Acc {
        (x, x.ne(x))
    }
    #[inline(always)]
    fn join((max, a): Self::Acc, (x, b): Self::Acc) -> Self::Acc {
        (max.pmax(x), a | b)
    }
    #[inline(always)]
    fn done((max, nan): Self::Acc, _: F4) -> F4 {
        (max.bits() | nan).as_f32() // all ones are a NaN
    }
}

/// The sum, divided.
pub struct Sum;
impl Fold for Sum {
    type Acc = F4;
    const EMPTY: f32 = 0.0;
    #[inline(always)]
    fn cell(x: F4, _: usize) -> F4 {
        x
    }
    #[inline(always)]
    fn start(_: F4) -> F4 {
        F4::splat(-0.0) // −0 + x = x for every x; +0 would lose the sign of −0
    }
    #[inline(always)]
    fn join(earlier: F4, later: F4) -> F4 {
        earlier + later
    }
    #[inline(always)]
    fn done(acc: F4, divisor: F4) -> F4 {
        acc / divisor
    }
}

/// Where the first maximum is: its word in the array, as bits.
pub struct Place;
impl Fold for Place {
    type Acc = (F4, U4);
    const EMPTY: f32 = 0.0;
    #[inline(always)]
    fn cell(x: F4, place: usize) -> Self::Acc {
        (x, U4::splat(place as u32).wrapping_add(U4::new([0, 1, 2, 3])))
    }
    #[inline(always)]
    fn join((max, at): Self::Acc, (x, here): Self::Acc) -> Self::Acc {
        let hit = beats(x, max);
        (hit.select(x, max), hit.select_u(here, at))
    }
    #[inline(always)]
    fn done((_, at): Self::Acc, _: F4) -> F4 {
        at.as_f32()
    }
}

/// Does a later cell take the place of the maximum so far? Where it is larger, or NaN and the maximum is not.
#[inline(always)]
pub fn beats(x: F4, max: F4) -> U4 {
    max.eq(max).and_not(x.le(max))
}

/// A row of positions, each made of its cells: `src` is where the row's first cell is, or would be if it had one.
#[inline(always)]
pub unsafe fn gather<F: Fold>(
    mut src: *const f32,
    mut dst: *mut f32,
    mut cells: Cells,
    span: &Span,
    c: usize,
    divisor: F4,
) {
    // SAFETY: channels below c of each cell and of the result.
    unsafe {
        if span.quads(&cells, c) {
            let [_, down, right] = cells.step;
            for _ in 0..span.positions {
                let (mut p, mut q, end) = (src, src.add(down), dst.add(c));
                while dst < end {
                    let x = F::join(F::cell(F4::load(p), 0), F::cell(F4::load(p.add(right)), 0));
                    let x = F::join(x, F::cell(F4::load(q), 0));
                    let x = F::join(x, F::cell(F4::load(q.add(right)), 0));
                    F::done(x, divisor).store(dst);
                    (p, q, dst) = (p.add(4), q.add(4), dst.add(4));
                }
                src = src.wrapping_add(span.per * c);
            }
            return;
        }
        for position in 0..span.positions {
            let l = span.of(position);
            cells.count[2] = l.1 - l.0;
            if cells.count.contains(&0) {
                fill(dst, F::EMPTY, c);
            } else {
                fold::<F>(src, l.0 * c, dst, &cells, c, divisor);
            }
            dst = dst.add(c);
        }
    }
}

/// All channels of a position that has cells, the first at word `place` of `src`: sixteen at a time if there are as many, because a loop costs
/// more than a cell. Where they do not come out even, the last are made again rather than fewer of them.
#[inline(never)] // the walk over positions would have a copy of it for each number of channels
pub unsafe fn fold<F: Fold>(src: *const f32, place: usize, dst: *mut f32, cells: &Cells, c: usize, divisor: F4) {
    let words = [1, 4, 16][usize::from(c >= 4) + usize::from(c >= 16)];
    let mut at = 0;
    while at < c {
        let from = at.min(c - words);
        // SAFETY: the caller's channels lie inside the cells and the result.
        unsafe {
            let (place, dst) = (place + from, dst.add(from));
            if c >= 16 {
                strip::<F, 4>(src, place, dst, cells, divisor, true);
            } else {
                strip::<F, 1>(src, place, dst, cells, divisor, c >= 4);
            }
        }
        at += words;
    }
}

/// 4·V channels, or one, with their accumulators in registers.
#[inline(always)]
unsafe fn strip<F: Fold, const V: usize>(
    src: *const f32,
    place: usize,
    dst: *mut f32,
    cells: &Cells,
    divisor: F4,
    wide: bool,
) {
    // SAFETY: the caller's channels lie inside the cells and the result.
    unsafe {
        let cell = |place: usize, v: usize| F::cell(load(src.add(place).add(4 * v), wide), place + 4 * v);
        let mut acc: [F::Acc; V] = core::array::from_fn(|v| F::start(cell(place, v)));
        cells.each(|step| {
            for (v, a) in acc.iter_mut().enumerate() {
                *a = F::join(*a, cell(place + step, v));
            }
        });
        for (v, a) in acc.into_iter().enumerate() {
            store(dst.add(4 * v), F::done(a, divisor), wide);
        }
    }
}

/// For the rare window without cells: small rather than fast.
#[inline(never)]
unsafe fn fill(dst: *mut f32, x: f32, c: usize) {
    // SAFETY: a position has c channels.
    (0..c).for_each(|at| unsafe { *dst.add(at) = x });
}

/// Four words, or one in all lanes.
#[inline(always)]
pub unsafe fn load(p: *const f32, wide: bool) -> F4 {
    // SAFETY: the caller has four words, or one.
    unsafe { if wide { F4::load(p) } else { F4::load_splat(p) } }
}

/// The four words, or the first.
#[inline(always)]
pub unsafe fn store(dst: *mut f32, x: F4, wide: bool) {
    // SAFETY: the caller has room for four words, or one.
    unsafe { if wide { x.store(dst) } else { *dst = x.lane::<0>() } }
}
