//! Forward, and the adjoint in x: each result is a sum over cells of the kernel and channels of a padded copy of the source.
//!
//! ```text
//! pack the weights: panels of 16 (or 8) filters, rows in the order of the sum
//! for each band of results                  its source, padded, stays in L2
//!   for each phase, each group
//!     for blocks of the sum (24 KB)
//!       for each panel of filters           stays in L1
//!         for each 2 (or 4) results         micro-kernel: 2×16 (or 4×8) in registers
//! ```

use super::Conv;
use super::micro::{self, Mode, NARROW, Operands, width};
use super::pack::{self, Cells};
use super::walk::{self, AXES, Bands, Walk};

/// Results of a band: what the outputs of a band take should stay in L2 too.
const PIXELS: usize = 1024;
/// Steps of the sum whose panel of 16 filters stays in L1.
const STEPS: usize = 384;

/// A pass: where its numbers come from and go to.
pub struct Pass {
    bands: Bands,
    /// Channels of a position of the source, and of the result.
    from: usize,
    to: usize,
    groups: usize,
    /// Steps per tap: channels of the source that one result sees.
    depth: usize,
    /// Words from a step to the next within a tap.
    spread: usize,
    /// Few result channels: neighbours of the last axis run along the lanes, of planes of the source.
    narrow: bool,
    weights: Weights,
}

/// Weight of (tap, source channel c of the group, result channel j of the group): at `tap·taps + c·channels + j·columns`, group g `g·groups` on.
#[derive(Clone, Copy)]
struct Weights {
    taps: usize,
    channels: usize,
    columns: usize,
    groups: usize,
    /// Taps count backwards.
    flipped: bool,
}

impl Pass {
    pub fn forward(c: &Conv) -> Pass {
        let weights = Weights {
            taps: c.depth() * c.filters,
            channels: c.filters,
            columns: 1,
            groups: c.filters / c.groups,
            flipped: false,
        };
        Pass::new(walk::forward(c), (c.channels, c.filters, c.groups), weights)
    }
    pub fn backward(c: &Conv) -> Pass {
        let weights = Weights {
            taps: c.depth() * c.filters,
            channels: 1,
            columns: c.filters,
            groups: c.filters / c.groups,
            flipped: true,
        };
        Pass::new(walk::backward(c), (c.filters, c.channels, c.groups), weights)
    }
    fn new(walks: [Walk; AXES], (from, to, groups): (usize, usize, usize), weights: Weights) -> Pass {
        let last = &walks[AXES - 1];
        let neighbours = last.step == 1 && last.phases == 1 && last.result >= 4;
        let narrow = groups == 1 && to <= NARROW && neighbours;
        let (cell, planes) = if narrow { (1, from) } else { (from, 1) };
        let bands = Bands::new(walks, cell, planes, PIXELS, narrow);
        Pass {
            bands,
            from,
            to,
            groups,
            depth: from / groups,
            spread: if narrow { bands.words } else { 1 },
            narrow,
            weights,
        }
    }

    /// Result channels of a group.
    fn columns(&self) -> usize {
        self.to / self.groups
    }
    /// Steps of all phases together.
    fn steps(&self) -> usize {
        self.bands.walks.iter().map(|w| w.taps).product::<usize>() * self.depth
    }
    /// Words of a packed row of one group.
    fn packed_columns(&self) -> usize {
        self.columns().next_multiple_of(16)
    }
    /// Words of the copy of a band.
    fn copied_words(&self) -> usize {
        if self.narrow {
            // three words behind a run of neighbours are read
            self.bands.words * self.from + 3
        } else {
            self.bands.words
        }
    }
    /// Words of workspace.
    pub fn workspace_words(&self) -> usize {
        let tables = self.steps() + 2 * self.bands.pixels() + pack::ALIGN;
        tables + self.steps() * self.packed_columns() * self.groups + self.copied_words()
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
        if first >= end || self.to == 0 {
            return;
        }
        let pixels = self.bands.pixels();
        let steps: *mut u32 = ws.cast();
        let rows = steps.wrapping_add(self.steps());
        let outs = rows.wrapping_add(pixels);
        let weights = pack::aligned(outs.wrapping_add(pixels).cast());
        let copy = weights.wrapping_add(self.steps() * self.packed_columns() * self.groups);
        // SAFETY: the parts of the workspace as they were counted; bands and phases lie inside source and result.
        unsafe {
            self.tables(steps, rows, outs);
            self.pack(kernel, weights);
            let to = self.bands.result_strides();
            let cells = if self.narrow { Cells::Planes } else { Cells::Same };
            for band in 0..self.bands.count() {
                let start = self.bands.start(band);
                let origin: usize = (0..AXES).map(|a| start[a] * self.bands.walks[a].phases * to[a]).sum();
                // The band's results lie between `origin` and, at most, `last`.
                let last: usize = (0..AXES)
                    .map(|a| {
                        let w = &self.bands.walks[a];
                        let lines = if a > self.bands.axis {
                            w.lines()
                        } else {
                            self.bands.lines[a]
                        };
                        (((start[a] + lines) * w.phases).min(w.result) - 1) * to[a]
                    })
                    .sum();
                if last < first || origin >= end {
                    continue;
                }
                let s = pack::source(&self.bands, start, source, self.from, cells, copy);
                let mut at = Tables {
                    steps,
                    rows,
                    outs,
                    weights,
                };
                for phase in self.bands.phases() {
                    let (k, all) = (self.phase_steps(phase), self.bands.phase_pixels(phase));
                    let here = self.bands.phase_pixels_at(phase, start);
                    // Results are in ascending order: those of first..end are a stretch.
                    let out = core::slice::from_raw_parts(at.outs, here);
                    let byte = |pixel: usize| pixel.saturating_sub(origin) * self.to * 4;
                    let from = out.partition_point(|&o| (o as usize) < byte(first));
                    let upto = out.partition_point(|&o| (o as usize) < byte(end));
                    let c = result.add(origin * self.to);
                    if from < upto {
                        let stretch = Tables {
                            rows: at.rows.add(from),
                            outs: at.outs.add(from),
                            ..at
                        };
                        self.products(k, upto - from, s, stretch, c);
                    }
                    at = Tables {
                        steps: at.steps.add(k),
                        rows: at.rows.add(all),
                        outs: at.outs.add(all),
                        weights: at.weights.add(k * self.packed_columns() * self.groups),
                    };
                }
            }
        }
    }

    fn phase_steps(&self, phase: [usize; AXES]) -> usize {
        (0..AXES).map(|a| self.bands.walks[a].met(phase[a])).product::<usize>() * self.depth
    }

    /// The tables of all phases: steps of their sums, and rows and places of the results of a full band, in bytes.
    unsafe fn tables(&self, steps: *mut u32, rows: *mut u32, outs: *mut u32) {
        let (mut step, mut pixel) = (0, 0);
        for phase in self.bands.phases() {
            self.bands.taps(phase, |_, at| {
                for c in 0..self.depth {
                    // SAFETY: `steps()` entries in all.
                    unsafe { *steps.add(step) = ((at + c * self.spread) * 4) as u32 };
                    step += 1;
                }
            });
            self.bands.results(phase, |from, to| {
                // SAFETY: `bands.pixels()` entries at most in all.
                unsafe {
                    *rows.add(pixel) = (from * 4) as u32;
                    *outs.add(pixel) = (to * self.to * 4) as u32;
                }
                pixel += 1;
            });
        }
    }

    /// Weights in the order of use: phases, groups, panels, steps, columns.
    unsafe fn pack(&self, kernel: *const f32, to: *mut f32) {
        let [_, x, y, z] = self.bands.walks.map(|w| w.taps);
        let w = self.weights;
        let mut to = to;
        for phase in self.bands.phases() {
            let k = self.phase_steps(phase);
            let (columns, width) = (self.columns(), width(self.columns()));
            for group in 0..self.groups {
                let mut row = 0;
                self.bands.taps(phase, |[i, j, l], _| {
                    let tap = (i * y + j) * z + l;
                    let tap = if w.flipped { x * y * z - 1 - tap } else { tap };
                    // SAFETY: blocks of `depth` rows of each panel, inside of the kernel.
                    unsafe {
                        let from = kernel.add(tap * w.taps + group * w.groups);
                        for at in (0..columns).step_by(width) {
                            let some = (columns - at).min(width);
                            let panel = to.add(at * k + row * width);
                            pack::panel(
                                self.depth,
                                some,
                                from.add(at * w.columns),
                                (w.channels, w.columns),
                                panel,
                                width,
                            );
                        }
                    }
                    row += self.depth;
                });
                // SAFETY: inside of the workspace, or its end.
                to = unsafe { to.add(k * self.packed_columns()) };
            }
        }
    }

    /// The results of one phase in one band.
    unsafe fn products(&self, k: usize, pixels: usize, s: *const f32, t: Tables, c: *mut f32) {
        if self.narrow {
            for j in 0..self.to {
                // SAFETY: column j of the weights and the results.
                unsafe {
                    let o = Operands {
                        k,
                        s,
                        rows: t.rows,
                        steps: t.steps,
                        b: t.weights.add(j),
                        brs: width(self.to),
                        c: c.add(j),
                        outs: t.outs,
                        mode: Mode::Fresh,
                    };
                    micro::along(pixels, o, true);
                }
            }
            return;
        }
        let (columns, width) = (self.columns(), width(self.columns()));
        for group in 0..self.groups {
            // SAFETY: channels of the group in S and C, its panels in the weights; blocks of the sum are inside of those.
            unsafe {
                let (s, c) = (s.add(group * self.depth), c.add(group * columns));
                let weights = t.weights.add(group * k * self.packed_columns());
                let mut p = 0;
                loop {
                    let mut o = Operands {
                        k: STEPS.min(k - p),
                        s,
                        rows: t.rows,
                        steps: t.steps.add(p),
                        b: weights.add(p * width),
                        brs: width,
                        c,
                        outs: t.outs,
                        mode: if p == 0 { Mode::Fresh } else { Mode::Continue },
                    };
                    for j in (0..columns).step_by(width) {
                        micro::panel(pixels, (columns - j).min(width), o);
                        o.b = o.b.wrapping_add(width * k);
                        o.c = o.c.wrapping_add(width);
                    }
                    p += STEPS;
                    if p >= k {
                        break;
                    }
                }
            }
        }
    }
}

/// What is left of the tables and the weights.
#[derive(Clone, Copy)]
struct Tables {
    steps: *const u32,
    rows: *const u32,
    outs: *const u32,
    weights: *const f32,
}
