//! What pooling makes of the cells of a window.

use super::{beats, load};
use crate::lanes::F4;
use crate::map::larger_f32;

/// How a result is made of the cells of its window, four channels at a time.
pub trait Fold {
    /// A place in the operand or operands.
    type At: Copy;
    type Acc: Copy;
    /// Of a window without cells.
    const EMPTY: f32;
    unsafe fn add(at: Self::At, words: usize) -> Self::At;
    /// The accumulator of one cell; of `live` channels when not `FULL`.
    unsafe fn cell<const FULL: bool>(at: Self::At, live: usize) -> Self::Acc;
    /// What joined with `cell` is `cell`.
    fn start(cell: Self::Acc) -> Self::Acc;
    fn join(earlier: Self::Acc, later: Self::Acc) -> Self::Acc;
    fn done(acc: Self::Acc) -> F4;
    /// The fold to do it with again where this one may be wrong.
    type Safe: Fold<At = Self::At>;
    /// May this one be wrong, for any of the results whose accumulators were added to `noted`?
    #[inline(always)]
    fn suspicious(_noted: F4) -> bool {
        false
    }
    /// Keeps what `suspicious` looks at.
    #[inline(always)]
    fn note(noted: F4, _: Self::Acc) -> F4 {
        noted
    }
}

/// The largest, if the cells are numbers: half the work of `Max`. Their sum tells, which is NaN where a cell is (and rarely else).
pub struct QuickMax;
impl Fold for QuickMax {
    type At = *const f32;
    type Acc = (F4, F4);
    type Safe = Max;
    const EMPTY: f32 = f32::NEG_INFINITY;
    #[inline(always)]
    unsafe fn add(at: Self::At, words: usize) -> Self::At {
        at.wrapping_add(words)
    }
    #[inline(always)]
    unsafe fn cell<const FULL: bool>(at: Self::At, live: usize) -> (F4, F4) {
        // SAFETY: the place lies inside the array.
        let x = unsafe { load::<FULL>(at, live) };
        (x, x)
    }
    #[inline(always)]
    fn start(cell: (F4, F4)) -> (F4, F4) {
        cell
    }
    #[inline(always)]
    fn join((max, sum): (F4, F4), (x, _): (F4, F4)) -> (F4, F4) {
        (max.pmax(x), sum + x)
    }
    #[inline(always)]
    fn done((max, _): (F4, F4)) -> F4 {
        max
    }
    #[inline(always)]
    fn suspicious(noted: F4) -> bool {
        noted.ne(noted).any()
    }
    #[inline(always)]
    fn note(noted: F4, (_, sum): (F4, F4)) -> F4 {
        noted + sum
    }
}

/// The largest; NaN if one is NaN.
pub struct Max;
impl Fold for Max {
    type Safe = Max;
    type At = *const f32;
    type Acc = F4;
    const EMPTY: f32 = f32::NEG_INFINITY;
    #[inline(always)]
    unsafe fn add(at: Self::At, words: usize) -> Self::At {
        at.wrapping_add(words)
    }
    #[inline(always)]
    unsafe fn cell<const FULL: bool>(at: Self::At, live: usize) -> F4 {
        // SAFETY: the place lies inside the array.
        unsafe { load::<FULL>(at, live) }
    }
    #[inline(always)]
    fn start(cell: F4) -> F4 {
        cell
    }
    #[inline(always)]
    fn join(earlier: F4, later: F4) -> F4 {
        larger_f32(earlier, later)
    }
    #[inline(always)]
    fn done(acc: F4) -> F4 {
        acc
    }
}

pub struct Sum;
impl Fold for Sum {
    type Safe = Sum;
    type At = *const f32;
    type Acc = F4;
    const EMPTY: f32 = 0.0;
    #[inline(always)]
    unsafe fn add(at: Self::At, words: usize) -> Self::At {
        at.wrapping_add(words)
    }
    #[inline(always)]
    unsafe fn cell<const FULL: bool>(at: Self::At, live: usize) -> F4 {
        // SAFETY: the place lies inside the array.
        unsafe { load::<FULL>(at, live) }
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
    fn done(acc: F4) -> F4 {
        acc
    }
}

/// The second operand where the first is largest.
pub struct Pick;
impl Fold for Pick {
    type Safe = Pick;
    type At = (*const f32, *const f32);
    type Acc = (F4, F4);
    const EMPTY: f32 = 0.0;
    #[inline(always)]
    unsafe fn add((x, t): Self::At, words: usize) -> Self::At {
        (x.wrapping_add(words), t.wrapping_add(words))
    }
    #[inline(always)]
    unsafe fn cell<const FULL: bool>((x, t): Self::At, live: usize) -> (F4, F4) {
        // SAFETY: the place lies inside both arrays.
        unsafe { (load::<FULL>(x, live), load::<FULL>(t, live)) }
    }
    #[inline(always)]
    fn start(cell: (F4, F4)) -> (F4, F4) {
        cell
    }
    #[inline(always)]
    fn join((m, t): (F4, F4), (x, u): (F4, F4)) -> (F4, F4) {
        let hit = beats(x, m);
        (hit.select(x, m), hit.select(u, t))
    }
    #[inline(always)]
    fn done((_, t): (F4, F4)) -> F4 {
        t
    }
}
