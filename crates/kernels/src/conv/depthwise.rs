//! Convolution by one filter per channel, and its adjoint in x for steps of one cell, directly: elementwise in the channels, which run along
//! the lanes.
//!
//! There is no padded copy: cells that are not there are left out of the sums.
//!
//! ```text
//! for each line of results
//!   for each 4 neighbours, each 4 or 8 channels        their sums in registers
//!     for each row of the kernel inside of the source
//!       for each tap, or for 3 taps that share cells
//! ```

// As in `micro`: what is indexed by constants stays in registers.
#![allow(clippy::needless_range_loop)]

use super::Conv;
use super::walk::{self, AXES, Walk, ceil_div};
use crate::lanes::{F4, fma};
use core::ops::Range;

/// Neighbours of a tile.
const NEAR: usize = 4;

/// Forward, or the adjoint in x: where its numbers come from and go to.
pub struct Pass {
    walks: [Walk; AXES],
    channels: usize,
    backward: bool,
}

/// Results of one line that meet the same taps, but for the ends of the source. Strides are in bytes: adding them takes one instruction.
#[derive(Clone, Copy)]
struct Line {
    /// The first tap of the first result, if it is there.
    source: *const f32,
    weights: *const f32,
    result: *mut f32,
    channels: usize,
    /// Where each row of taps is: bytes in the source, and in the weights (an `i32`: the adjoint walks backwards).
    table: *const u32,
    rows: usize,
    /// Taps of a row, and from one to the next in the source and in the weights.
    taps: isize,
    source_tap: isize,
    weight_tap: isize,
    /// From a result to the next.
    source_step: isize,
    result_step: isize,
    /// In cells of the source: where the first tap of the first result is, from a result to the next, from a tap to the next, and all.
    cell: isize,
    step: usize,
    spread: usize,
    cells: isize,
}

impl Pass {
    #[inline(never)]
    pub fn forward(c: &Conv) -> Pass {
        Pass {
            walks: walk::forward(c),
            channels: c.channels,
            backward: false,
        }
    }
    #[inline(never)]
    pub fn backward(c: &Conv) -> Pass {
        Pass {
            walks: walk::backward(c),
            channels: c.channels,
            backward: true,
        }
    }

    /// Words of workspace: the table of rows.
    pub fn workspace_words(&self) -> usize {
        let [_, x, y, _] = &self.walks;
        2 * x.taps * y.taps
    }

    /// Computes results (pixels) `first..end` from the source and the kernel.
    ///
    /// # Safety
    /// The arrays have the sizes of the convolution, `ws` `workspace_words` words; nothing overlaps `result` and `ws`.
    pub unsafe fn run(
        &self,
        source: *const f32,
        kernel: *const f32,
        result: *mut f32,
        first: usize,
        end: usize,
        ws: *mut f32,
    ) {
        if first >= end {
            return;
        }
        let [_, x, y, z] = &self.walks;
        let table: *mut u32 = ws.cast();
        // Bytes of cells of each axis in the weights, backwards for the adjoint, and in the source.
        let cell_bytes = 4 * self.channels as isize;
        let (tap, kernel) = if self.backward {
            let last = cell_bytes * (x.taps * y.taps * z.taps - 1) as isize;
            (-cell_bytes, kernel.wrapping_byte_offset(last))
        } else {
            (cell_bytes, kernel)
        };
        let weights = [tap * (y.taps * z.taps) as isize, tap * z.taps as isize, tap];
        let sources = [y.source * z.source, z.source].map(|cells| cells as isize * cell_bytes);
        let apart = [x, y, z].map(|walk| walk.between().1);
        let (mut at, mut rest) = ([0; AXES], first);
        for a in (0..AXES).rev() {
            at[a] = rest % self.walks[a].result;
            rest /= self.walks[a].result;
        }
        let (mut done, mut rows) = (first, [0; 2]);
        let met = z.first(0);
        while done < end {
            let upto = z.result.min(at[3] + end - done);
            let (i, j) = (x.reach(at[1]), y.reach(at[2]));
            let count = i.count * j.count;
            let plane = (at[0] * x.source) as isize + i.at;
            let row = source.wrapping_byte_offset(plane * sources[0] + j.at * sources[1]);
            if rows != [i.count, j.count] {
                rows = [i.count, j.count];
                for r in 0..count {
                    let (plane, line) = ((r / j.count) as isize, (r % j.count) as isize);
                    let in_source = plane * apart[0] as isize * sources[0] + line * apart[1] as isize * sources[1];
                    let in_weights = plane * weights[0] + line * weights[1];
                    // SAFETY: no more rows than the kernel has.
                    unsafe {
                        *table.add(2 * r) = in_source as u32;
                        *table.add(2 * r + 1) = in_weights as i32 as u32;
                    }
                }
            }
            let kernel = kernel.wrapping_byte_offset(i.tap as isize * weights[0] + j.tap as isize * weights[1]);
            let cell = (at[3] * z.step) as isize + met.at;
            let line = Line {
                source: row.wrapping_byte_offset(cell * cell_bytes),
                weights: kernel.wrapping_byte_offset(met.tap as isize * weights[2]),
                result: result.wrapping_add(done * self.channels),
                channels: self.channels,
                table,
                rows: count,
                taps: met.count as isize,
                source_tap: apart[2] as isize * cell_bytes,
                weight_tap: weights[2],
                source_step: z.step as isize * cell_bytes,
                result_step: cell_bytes,
                cell,
                step: z.step,
                spread: apart[2],
                cells: z.source as isize,
            };
            // SAFETY: the caller's arrays.
            unsafe { line.run((upto - at[3]) as isize) };
            done += upto - at[3];
            at[3] = 0;
            for a in (0..AXES - 1).rev() {
                at[a] += 1;
                if at[a] < self.walks[a].result {
                    break;
                }
                at[a] = 0;
            }
        }
    }
}

impl Line {
    #[inline(never)]
    unsafe fn run(&self, results: isize) {
        const TILE: isize = NEAR as isize;
        // The results all of whose taps are there.
        let first = ceil_div(-self.cell, self.step);
        let end = ceil_div(
            self.cells - self.cell - (self.taps - 1) * self.spread as isize,
            self.step,
        );
        // Where neighbours share cells, also one that lacks its first tap, and one that lacks its last.
        let share = self.taps == 3 && self.spread == self.step;
        let from = (first - isize::from(share)).clamp(0, results);
        let upto = (end + isize::from(share)).clamp(from, results);
        // SAFETY: the caller's results; those of whole tiles have the taps that those read.
        unsafe {
            if upto - from < TILE || !share && self.channels < 8 {
                return self.ends(0..results);
            }
            self.ends(0..from);
            if share {
                threes(self, from..upto, first - 1, end);
            } else {
                let mut at = from;
                while at < upto {
                    // The last tile may compute some results again: they are the same.
                    tile::<NEAR, 2>(self, at.min(upto - TILE));
                    at += TILE;
                }
            }
            self.ends(upto..results);
        }
    }

    /// Single results, with the taps that they have.
    unsafe fn ends(&self, results: Range<isize>) {
        for at in results {
            let cell = self.cell + at * self.step as isize;
            let inside = |end: isize| ceil_div(end - cell, self.spread).clamp(0, self.taps);
            let (skipped, end) = (inside(0), inside(self.cells));
            let some = Line {
                source: self.source.wrapping_byte_offset(skipped * self.source_tap),
                weights: self.weights.wrapping_byte_offset(skipped * self.weight_tap),
                taps: end - skipped,
                ..*self
            };
            // SAFETY: the caller's, without the taps that are not there.
            unsafe {
                if self.channels < 8 {
                    tile::<1, 1>(&some, at);
                } else {
                    tile::<1, 2>(&some, at);
                }
            }
        }
    }
}

/// N results from `at` on, V vectors of their channels (at least so many) at a time. All taps are there.
#[inline(never)]
#[cfg_attr(
    all(target_arch = "wasm32", feature = "relaxed"),
    target_feature(enable = "relaxed-simd")
)]
unsafe fn tile<const N: usize, const V: usize>(l: &Line, at: isize) {
    let (source, result) = (
        l.source.wrapping_byte_offset(at * l.source_step),
        l.result.wrapping_byte_offset(at * l.result_step),
    );
    for channel in (0..l.channels).step_by(4 * V) {
        // The last vectors may compute some channels again: they are the same.
        let channel = channel.min(l.channels - 4 * V);
        let mut acc = [[F4::splat(0.0); V]; N];
        // SAFETY: the caller's taps and channels.
        unsafe {
            let mut row = l.table;
            for _ in 0..l.rows {
                let mut s = source.wrapping_add(channel).wrapping_byte_add(*row as usize);
                let mut w =
                    (l.weights.wrapping_add(channel)).wrapping_byte_offset(*row.wrapping_add(1) as i32 as isize);
                row = row.wrapping_add(2);
                for _ in 0..l.taps {
                    let mut weight = [F4::splat(0.0); V];
                    for v in 0..V {
                        weight[v] = F4::load(w.wrapping_add(4 * v));
                    }
                    let mut p = s;
                    for i in 0..N {
                        for v in 0..V {
                            acc[i][v] = fma(acc[i][v], F4::load(p.wrapping_add(4 * v)), weight[v]);
                        }
                        p = p.wrapping_byte_offset(l.source_step);
                    }
                    s = s.wrapping_byte_offset(l.source_tap);
                    w = w.wrapping_byte_offset(l.weight_tap);
                }
            }
            let mut to = result.wrapping_add(channel);
            for i in 0..N {
                for v in 0..V {
                    acc[i][v].store(to.wrapping_add(4 * v));
                }
                to = to.wrapping_byte_offset(l.result_step);
            }
        }
    }
}

/// At least 4 results of three taps that are as far apart as neighbours: each cell is loaded once for all results that meet it. Result
/// `left` lacks its first tap, `right` its last.
#[inline(never)]
#[cfg_attr(
    all(target_arch = "wasm32", feature = "relaxed"),
    target_feature(enable = "relaxed-simd")
)]
unsafe fn threes(l: &Line, results: Range<isize>, left: isize, right: isize) {
    let (step, tap) = (l.source_step, l.weight_tap);
    let last = results.end - NEAR as isize;
    for at in results.step_by(NEAR) {
        // The last results and channels may be computed again: they are the same.
        let at = at.min(last);
        let (lacks_first, lacks_last) = (at == left, at + NEAR as isize - 1 == right);
        let odd = usize::from(!l.channels.is_multiple_of(4));
        for (channel, vectors) in [(0, l.channels / 4), (l.channels - 4, odd)] {
            let mut source = l.source.wrapping_add(channel).wrapping_byte_offset(at * step);
            let mut weights = l.weights.wrapping_add(channel);
            let mut result = l.result.wrapping_add(channel).wrapping_byte_offset(at * l.result_step);
            for _ in 0..vectors {
                let mut acc = [F4::splat(0.0); NEAR];
                // SAFETY: the caller's; the first cell and the last are read where they are there.
                unsafe {
                    let mut row = l.table;
                    for _ in 0..l.rows {
                        let mut p = source.wrapping_byte_add(*row as usize);
                        let w = weights.wrapping_byte_offset(*row.wrapping_add(1) as i32 as isize);
                        let w = [0, tap, 2 * tap].map(|at| F4::load(w.wrapping_byte_offset(at)));
                        row = row.wrapping_add(2);
                        if !lacks_first {
                            acc[0] = fma(acc[0], F4::load(p), w[0]);
                        }
                        // NOTE: written `1..=NEAR`, the loop is not unrolled, and three times slower.
                        for i in 1..NEAR + 1 {
                            p = p.wrapping_byte_offset(step);
                            let x = F4::load(p);
                            // cell i is tap k of result i − k
                            for k in 0..3 {
                                if i >= k && i - k < NEAR {
                                    acc[i - k] = fma(acc[i - k], x, w[k]);
                                }
                            }
                        }
                        if !lacks_last {
                            let x = F4::load(p.wrapping_byte_offset(step));
                            acc[NEAR - 1] = fma(acc[NEAR - 1], x, w[2]);
                        }
                    }
                    let mut to = result;
                    for sum in acc {
                        sum.store(to);
                        to = to.wrapping_byte_offset(l.result_step);
                    }
                }
                (source, weights, result) = (source.wrapping_add(4), weights.wrapping_add(4), result.wrapping_add(4));
            }
        }
    }
}
