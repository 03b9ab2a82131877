//! Gives what belongs to a window to the cell that was its first maximum.

use super::{Cells, beats, load, store};
use crate::lanes::{F4, U4};

/// Gives `g` to the first maximum of one window, whose first cell is at `x` and `dst`: adds it there, or writes the whole window when no
/// other covers its cells.
#[inline(always)]
pub unsafe fn spread<const ADD: bool>(dst: *mut f32, x: *const f32, g: *const f32, cells: &Cells, c: usize) {
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
        let first = load::<FULL>(x, live);
        let (mut max, mut sum) = (first, first);
        cells.each(|cell| {
            let here = load::<FULL>(x.add(cell), live);
            (max, sum) = (max.pmax(here), sum + here);
        });
        let numbers = !sum.ne(sum).any(); // as in `QuickMax`
        if numbers {
            let g = load::<FULL>(g, live).bits();
            let mut taken = U4::splat(0);
            cells.each(|cell| {
                let hit = load::<FULL>(x.add(cell), live).eq(max).and_not(taken);
                taken = taken | hit;
                put::<ADD, FULL>(dst.add(cell), g & hit, live);
            });
            return;
        }
        max = first;
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
