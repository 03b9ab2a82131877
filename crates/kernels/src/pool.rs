//! Pooling: windows over up to three spatial axes, channels last: `x: [n, s0, s1, s2, c] → y: [n, o0, o1, o2, c]`, and the adjoints.
//!
//! Padding holds nothing: a window is the cells of the input that it covers, in ascending order (axis 0, then 1, then 2). Maxima
//! keep NaN; of equal cells the first counts. Every output is made by one call alone, in an order that its window gives, so neither
//! rows nor images nor their split change a bit.

use crate::lanes::{F4, U4};
use crate::map::larger_f32;

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
    unsafe { gather::<Max>(x, dst, pool.sizes(), pool.outs(), pool.channels, from, to, range) }
}

/// The cell of `t`, which has the shape of `x`, where `x` has the (first) maximum of the window; 0 if the window has no cell.
pub unsafe fn max_pool_pick(dst: *mut f32, x: *const f32, t: *const f32, pool: &Pool, from: usize, to: usize) {
    let range = |axis: usize, o: usize, _| pool.axes[axis].covered(o);
    // SAFETY: as above.
    unsafe { gather::<Pick>((x, t), dst, pool.sizes(), pool.outs(), pool.channels, from, to, range) }
}

/// The sum of each window: rows `from..to` of the `n·o0·o1` of `dst`.
pub unsafe fn sum_pool(dst: *mut f32, x: *const f32, pool: &Pool, from: usize, to: usize) {
    let range = |axis: usize, o: usize, _| pool.axes[axis].covered(o);
    // SAFETY: as above.
    unsafe { gather::<Sum>(x, dst, pool.sizes(), pool.outs(), pool.channels, from, to, range) }
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
    unsafe { gather::<Sum>(g, dst, pool.outs(), pool.sizes(), pool.channels, from, to, range) }
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

/// How a result is made of the cells of its window, four channels at a time.
trait Fold {
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
}

/// The largest.
struct Max;
impl Fold for Max {
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

struct Sum;
impl Fold for Sum {
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
struct Pick;
impl Fold for Pick {
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

/// Does a later cell take the place of the maximum so far? Where it is larger, or NaN and the maximum is not.
#[inline(always)]
fn beats(x: F4, max: F4) -> U4 {
    max.eq(max).and_not(x.le(max))
}

/// Rows `from..to` of the `n·out0·out1` of a result, each element the fold of its cells in a grid of these sizes. `range(axis, position,
/// range of a position before)` gives the cells along one axis.
#[inline(always)]
unsafe fn gather<F: Fold>(
    src: F::At,
    dst: *mut f32,
    [s0, s1, s2]: [usize; 3],
    [out0, out1, out2]: [usize; 3],
    c: usize,
    from: usize,
    to: usize,
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
            for position in 0..out2 {
                l = range(2, position, l);
                cells.count[2] = l.1 - l.0;
                channels::<F>(F::add(src, l.0 * c), dst, &cells, c);
                dst = dst.add(c);
            }
        }
    }
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
                    F::done(F::cell::<true>(p, 4)).store(q);
                    (p, q) = (F::add(p, 4), q.add(4));
                    at += 4;
                }
            }
            [1, 2, 2] => {
                let [_, down, right] = cells.step;
                let mut p = [src, F::add(src, right), F::add(src, down), F::add(src, down + right)];
                let mut q = dst;
                while at + 4 <= c {
                    let x = F::join(F::cell::<true>(p[0], 4), F::cell::<true>(p[1], 4));
                    let x = F::join(x, F::cell::<true>(p[2], 4));
                    F::done(F::join(x, F::cell::<true>(p[3], 4))).store(q);
                    (p, q) = (p.map(|p| F::add(p, 4)), q.add(4));
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
            store(dst.add(4 * v), F::done(a), live);
        }
    }
}

/// Gives `g` to the first maximum of one window, whose first cell is at `x` and `dst`: adds it there, or writes the whole window when no
/// other covers its cells.
#[inline(always)]
unsafe fn spread<const ADD: bool>(dst: *mut f32, x: *const f32, g: *const f32, cells: &Cells, c: usize) {
    let mut at = 0;
    // SAFETY: the cells lie inside x and dst, the channels inside each and inside g.
    unsafe {
        match cells.count {
            [0, _, _] | [_, 0, _] | [_, _, 0] => return,
            [1, 2, 2] => {
                let [_, down, right] = cells.step;
                let places = [0, right, down, down + right];
                let (mut x, mut dst, mut g) = (places.map(|p| x.add(p)), places.map(|p| dst.add(p)), g);
                while at + 4 <= c {
                    spread_quad::<ADD>(dst, x, g);
                    (x, dst, g) = (x.map(|p| p.wrapping_add(4)), dst.map(|p| p.wrapping_add(4)), g.add(4));
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
                    spread_any::<ADD, true>(dst.add(at), x.add(at), g.add(at), &cells, 4);
                    at += 4;
                }
            }
            _ => {
                while at + 4 <= c {
                    spread_any::<ADD, true>(dst.add(at), x.add(at), g.add(at), cells, 4);
                    at += 4;
                }
            }
        }
        if at < c {
            spread_any::<ADD, false>(dst.add(at), x.add(at), g.add(at), cells, c - at);
        }
    }
}

/// Four channels of a 2×2 window.
#[inline(always)]
unsafe fn spread_quad<const ADD: bool>(dst: [*mut f32; 4], x: [*const f32; 4], g: *const f32) {
    // SAFETY: as `spread`.
    unsafe {
        let [a, b, c, d] = x.map(|p| F4::load(p));
        let second = beats(b, a);
        let max = second.select(b, a);
        let third = beats(c, max);
        let max = third.select(c, max);
        let fourth = beats(d, max);
        let g = F4::load(g).bits();
        // the last that took the place keeps it
        let early = g.and_not(fourth);
        let first_two = early.and_not(third);
        put::<ADD, true>(dst[0], first_two.and_not(second), 4);
        put::<ADD, true>(dst[1], first_two & second, 4);
        put::<ADD, true>(dst[2], early & third, 4);
        put::<ADD, true>(dst[3], g & fourth, 4);
    }
}

#[inline(always)]
unsafe fn spread_any<const ADD: bool, const FULL: bool>(
    dst: *mut f32,
    x: *const f32,
    g: *const f32,
    cells: &Cells,
    live: usize,
) {
    // SAFETY: as `spread`.
    unsafe {
        let mut max = load::<FULL>(x, live);
        let one = U4::splat(1);
        let (mut place, mut count) = (U4::splat(0), U4::splat(0));
        cells.each(|cell| {
            let here = load::<FULL>(x.add(cell), live);
            let hit = beats(here, max);
            max = hit.select(here, max);
            place = hit.select_u(count, place);
            count = count.wrapping_add(one);
        });
        let g = load::<FULL>(g, live).bits();
        count = U4::splat(0);
        cells.each(|cell| {
            put::<ADD, FULL>(dst.add(cell), g & place.eq(count), live);
            count = count.wrapping_add(one);
        });
    }
}

/// Writes the vector, or adds it to what is there.
#[inline(always)]
unsafe fn put<const ADD: bool, const FULL: bool>(dst: *mut f32, x: U4, live: usize) {
    // SAFETY: the caller's.
    unsafe {
        let x = x.as_f32();
        let x = if ADD { load::<FULL>(dst, live) + x } else { x };
        store(dst, x, if FULL { 4 } else { live });
    }
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
