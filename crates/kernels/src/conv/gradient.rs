//! The adjoint in the kernel: each weight is a sum over all positions of an output that it meets.
//!
//! ```text
//! for each slab of positions                     its part of x, padded, stays in L2
//!   for each group, each panel of 16 filters     the slab's gradient of those: in L1
//!     for each 2 rows of the kernel              micro-kernel: 2×16 in registers, added to the slabs before
//! ```

use super::Conv;
use super::micro::{self, Mode, NARROW, Operands, width};
use super::pack::{self, Cells};
use super::walk::{self, AXES, Bands};

/// Positions of a slab: its panel of 16 filters stays in L1.
const PIXELS: usize = 256;

/// Rows that do not repay a copy of the gradient's panel.
const FEW: usize = 16;

/// The plan of a kernel's gradient.
pub struct Gradient {
    /// Slabs: they depend on the sizes alone, because the sum of each is rounded by itself.
    slabs: Bands,
    channels: usize,
    filters: usize,
    groups: usize,
    depth: usize,
    cells: Cells,
    /// One channel to each filter: elementwise in the channels.
    lanes: bool,
}

impl Gradient {
    pub fn new(c: &Conv) -> Gradient {
        let (depth, filters) = (c.depth(), c.filters / c.groups);
        let lanes = depth == 1 && c.groups > 1;
        let cells = if lanes && filters > 1 {
            Cells::Repeat(filters)
        } else {
            Cells::Same
        };
        let cell = if lanes { c.filters } else { c.channels };
        Gradient {
            slabs: Bands::new(walk::forward(c), cell, 1, PIXELS, cells != Cells::Same),
            channels: c.channels,
            filters: c.filters,
            groups: if lanes { 1 } else { c.groups },
            depth,
            cells,
            lanes,
        }
    }

    /// Rows of the kernel: its cells times the channels that a filter sees.
    pub fn rows(&self) -> usize {
        self.slabs.walks.iter().map(|w| w.taps).product::<usize>() * self.depth
    }
    /// Do threads share columns (filters)? Rows where there are many.
    pub fn by_columns(&self) -> bool {
        self.rows() < 16 && self.filters >= 16
    }
    /// Words of workspace.
    pub fn workspace_words(&self) -> usize {
        pack::ALIGN
            + self.slabs.pixels()
            + 2 * self.rows()
            + width(self.filters / self.groups) * self.slabs.pixels()
            + self.slabs.words
    }

    /// Computes rows `first..end` of the kernel's gradient, or those columns of it where `by_columns`.
    ///
    /// # Safety
    /// The arrays have the sizes of the convolution, `ws` `workspace_words` words; nothing overlaps `dw` and `ws`.
    pub unsafe fn run(&self, x: *const f32, g: *const f32, dw: *mut f32, first: usize, end: usize, ws: *mut f32) {
        let (rows, columns) = if self.by_columns() {
            (0..self.rows(), first..end)
        } else {
            (first..end, 0..self.filters)
        };
        if rows.is_empty() || columns.is_empty() {
            return;
        }
        let pixels = self.slabs.pixels();
        let steps: *mut u32 = ws.cast();
        let taps = steps.wrapping_add(pixels);
        let outs = taps.wrapping_add(self.rows());
        let panel = pack::aligned(outs.wrapping_add(self.rows()).cast());
        let per_group = self.filters / self.groups;
        let width = width(per_group);
        let copy = panel.wrapping_add(width * pixels);
        // SAFETY: the parts of the workspace as they were counted; slabs lie inside x and g, rows and columns inside dw.
        unsafe {
            self.tables(steps, taps, outs);
            if self.slabs.count() == 0 {
                for row in rows {
                    core::ptr::write_bytes(dw.add(row * self.filters + columns.start), 0, columns.len());
                }
                return;
            }
            let to = self.slabs.result_strides();
            for slab in 0..self.slabs.count() {
                let start = self.slabs.start(slab);
                let origin: usize = (0..AXES).map(|a| start[a] * to[a]).sum();
                let s = pack::source(&self.slabs, start, x, self.channels, self.cells, copy);
                let g = g.add(origin * self.filters);
                let o = Operands {
                    k: self.slabs.phase_pixels_at([0; AXES], start),
                    s,
                    rows: taps.add(rows.start),
                    steps,
                    b: panel,
                    brs: width,
                    c: dw,
                    outs: outs.add(rows.start),
                    mode: if slab == 0 { Mode::Fresh } else { Mode::Add },
                };
                if self.lanes {
                    self.elementwise(rows.len(), &columns, g, o);
                    continue;
                }
                if self.groups == 1 && self.filters <= NARROW && self.depth.is_multiple_of(4) {
                    for j in columns.clone() {
                        let o = Operands {
                            b: g.add(j),
                            brs: self.filters,
                            c: dw.add(j),
                            ..o
                        };
                        micro::along(rows.len(), o, false);
                    }
                    continue;
                }
                for group in 0..self.groups {
                    let own = (
                        columns.start.max(group * per_group),
                        columns.end.min((group + 1) * per_group),
                    );
                    for j in (own.0..own.1).step_by(width) {
                        let some = width.min(own.1 - j);
                        // Few rows do not repay the copy; whole panels can be read where they are.
                        let (b, brs) = if rows.len() <= FEW && some == width {
                            (g.add(j), self.filters)
                        } else {
                            pack::panel(o.k, some, g.add(j), (self.filters, 1), panel, width);
                            (panel.cast_const(), width)
                        };
                        let o = Operands {
                            s: s.wrapping_add(group * self.depth),
                            b,
                            brs,
                            c: dw.add(j),
                            ..o
                        };
                        micro::panel(rows.len(), some, o);
                    }
                }
            }
        }
    }

    /// One channel to each filter.
    unsafe fn elementwise(&self, rows: usize, columns: &core::ops::Range<usize>, g: *const f32, o: Operands) {
        // SAFETY: the caller's rows and columns.
        unsafe {
            let o = Operands {
                s: o.s.add(columns.start),
                b: g.add(columns.start),
                brs: self.filters,
                c: o.c.add(columns.start),
                ..o
            };
            micro::lanes(rows, columns.len(), o);
        }
    }

    /// Where the positions of a full slab and the rows of the kernel begin in x, and the rows in the result, in bytes.
    unsafe fn tables(&self, steps: *mut u32, taps: *mut u32, outs: *mut u32) {
        let (mut pixel, mut row) = (0, 0);
        // SAFETY: `slabs.pixels()` positions and `rows()` rows.
        unsafe {
            self.slabs.results([0; AXES], |from, _| {
                *steps.add(pixel) = (from * 4) as u32;
                pixel += 1;
            });
            self.slabs.taps([0; AXES], |_, at| {
                for c in 0..self.depth {
                    *taps.add(row) = ((at + c) * 4) as u32;
                    *outs.add(row) = (row * self.filters * 4) as u32;
                    row += 1;
                }
            });
        }
    }
}
