//! A step that reduces: what it reads is made on the way, piece by piece, when an elementwise program feeds it. Several reductions of one
//! geometry share a step, and so their reading.
//!
//! Pieces are those of `keratin_kernels::reduce`: reduced apart, on any thread, and combined in ascending order.

use crate::chunks::{self, Shared};
use crate::map_vm::{INSIDE, MapProgram};
use keratin_graph::op::Units;
use keratin_kernels::reduce::{self, PIECE, ReduceFn};

/// Where a fold finds its elements, in the order of `[outer, n, inner]`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Source {
    /// A row-major array. It may be a result of the step's own program: written right before it is read.
    Memory { buffer: usize, offset: usize },
    /// This result of the step's program, which is never written down.
    Inside(usize),
}

/// One reduction.
#[derive(Clone)]
pub struct Fold {
    pub f: ReduceFn,
    pub name: &'static str,
    pub source: Source,
    /// `[outer, inner]`
    pub result: usize,
    /// `[outer, pieces, inner]`, where there is more than one piece.
    pub partial: Option<usize>,
}

/// `[outer, n, inner] → [outer, inner]`, once or more.
#[derive(Clone)]
pub struct Reduction {
    /// The node of the first fold.
    pub node: usize,
    pub shape: [usize; 3],
    pub folds: Vec<Fold>,
    /// Runs over the elements before they are reduced; its other results are written as always.
    pub map: Option<MapProgram>,
    /// Run on finished results, in order.
    pub epilogues: Vec<MapProgram>,
}

impl Reduction {
    /// Rows of one piece, and how many pieces there are.
    pub fn pieces([_, n, inner]: [usize; 3]) -> (usize, usize) {
        let rows = reduce::piece_rows(inner);
        (rows, n.div_ceil(rows).max(1))
    }
    /// Whole slices of the outer axis per unit, where they fit into one piece's memory.
    fn together(&self) -> Option<usize> {
        let [_, n, inner] = self.shape;
        let fits = Self::pieces(self.shape).1 == 1 && n * inner <= PIECE;
        fits.then(|| PIECE / (n * inner).max(1))
    }
    /// Neighbouring columns per unit.
    fn width(&self) -> usize {
        let [_, n, inner] = self.shape;
        let most = PIECE / Self::pieces(self.shape).0.min(n);
        if inner <= most { inner } else { most / 32 * 32 }
    }

    pub fn workspace(&self) -> usize {
        let inside = |m: &MapProgram| m.workspace() + m.outputs.len() * PIECE;
        let epilogues = self.epilogues.iter().map(MapProgram::workspace).max();
        self.map.as_ref().map_or(0, inside).max(epilogues.unwrap_or(0))
    }

    pub fn units(&self) -> Units {
        let [outer, n, inner] = self.shape;
        let (rows, pieces) = Self::pieces(self.shape);
        let (count, elements) = match self.together() {
            Some(k) => (outer.div_ceil(k), k.min(outer) * n * inner),
            None => {
                let width = self.width();
                (outer * pieces * inner.div_ceil(width), rows.min(n) * width)
            }
        };
        let each = 0.2 * self.folds.len() as f32 + self.map.as_ref().map_or(0.0, |m| chunks::map_units(m).cost);
        Units {
            count: if outer * inner == 0 { 0 } else { count },
            words: 0,
            cost: each * elements as f32 + 5.0,
            grain: 1,
            coarse: false,
        }
    }

    /// # Safety
    /// `buffers` gives every buffer its address, valid for its words; `scratch` holds `each` words, at least `workspace`, for each thread.
    pub unsafe fn run(&self, buffers: &[*mut u32], scratch: *mut u32, each: usize) {
        let (table, memory) = (Shared(buffers), Shared(scratch));
        chunks::share(self.units(), &|from, to, thread| {
            let scratch = memory.get().wrapping_add(thread * each);
            for unit in from..to {
                // SAFETY: units are apart, the scratch is this thread's.
                unsafe { self.unit(unit, table.get(), scratch) }
            }
        });
        if Self::pieces(self.shape).1 > 1 {
            // SAFETY: all pieces are done.
            self.folds
                .iter()
                .for_each(|fold| unsafe { self.combine(fold, buffers) });
        }
        for m in &self.epilogues {
            chunks::share(chunks::map_units(m), &|from, to, thread| {
                // SAFETY: chunks are disjoint stretches, the scratch is this thread's.
                unsafe { m.run(table.get(), memory.get().wrapping_add(thread * each), from, to) }
            });
        }
    }

    /// # Safety
    /// As `run`; `scratch` is this thread's.
    unsafe fn unit(&self, unit: usize, buffers: &[*mut u32], scratch: *mut u32) {
        let [outer, n, inner] = self.shape;
        let inside = self
            .map
            .as_ref()
            .map_or(scratch, |m| scratch.wrapping_add(m.workspace()));
        let source = |fold: &Fold, first: usize| match fold.source {
            Source::Memory { buffer, offset } => buffers[buffer].wrapping_add(offset + first),
            Source::Inside(k) => inside.wrapping_add(k * PIECE),
        };
        // SAFETY: the elements of the unit lie inside the sources, its results inside theirs; what is inside fits into a piece's memory.
        unsafe {
            if let Some(k) = self.together() {
                let (o, count) = (unit * k, k.min(outer - unit * k));
                let first = o * n * inner;
                if let Some(m) = &self.map {
                    m.run_inside(buffers, scratch, first, first + count * n * inner, inside);
                }
                for fold in &self.folds {
                    let dst = buffers[fold.result].wrapping_add(o * inner);
                    (fold.f)(dst, source(fold, first), count, n, inner, 0, count * inner);
                }
                return;
            }
            let ((most, pieces), width) = (Self::pieces(self.shape), self.width());
            let blocks = inner.div_ceil(width);
            let (o, p, column) = (unit / blocks / pieces, unit / blocks % pieces, unit % blocks * width);
            let (rows, width) = (most.min(n - p * most), width.min(inner - column));
            let first = (o * n + p * most) * inner;
            // One column alone must not look like a row, whose sum has another order.
            let pitch = if inner == 1 { 1 } else { width.max(2) };
            if let Some(m) = &self.map {
                if pitch == inner {
                    m.run_inside(buffers, scratch, first, first + rows * inner, inside);
                } else {
                    for r in 0..rows {
                        let at = first + r * inner + column;
                        m.run_inside(buffers, scratch, at, at + width, inside.wrapping_add(r * pitch));
                    }
                }
            }
            for fold in &self.folds {
                let (to, at) = match fold.partial {
                    Some(partial) => (partial, (o * pieces + p) * inner),
                    None => (fold.result, o * inner),
                };
                let dst = buffers[to].wrapping_add(at);
                match fold.source {
                    Source::Memory { .. } => (fold.f)(dst, source(fold, first), 1, rows, inner, column, column + width),
                    Source::Inside(_) => {
                        (fold.f)(dst.wrapping_add(column), source(fold, first), 1, rows, pitch, 0, width)
                    }
                }
            }
        }
    }

    /// Combines the pieces in ascending order, two at a time.
    ///
    /// # Safety
    /// All pieces are done.
    unsafe fn combine(&self, fold: &Fold, buffers: &[*mut u32]) {
        let [outer, _, inner] = self.shape;
        let pieces = Self::pieces(self.shape).1;
        let Some(partial) = fold.partial else { return };
        for o in 0..outer {
            let (dst, rows) = (
                buffers[fold.result].wrapping_add(o * inner),
                buffers[partial].wrapping_add(o * pieces * inner),
            );
            let mut done = 0;
            // SAFETY: rows below `pieces` are results of pieces; the sum so far replaces the last of those that it contains.
            unsafe {
                loop {
                    let count = 2.min(pieces - done);
                    (fold.f)(dst, rows.wrapping_add(done * inner), 1, count, inner, 0, inner);
                    done += count;
                    if done == pieces {
                        break;
                    }
                    done -= 1;
                    core::ptr::copy_nonoverlapping(dst, rows.wrapping_add(done * inner), inner);
                }
            }
        }
    }

    /// Buffers that it reads; what it makes itself stays inside the step.
    pub fn reads(&self) -> Vec<usize> {
        let writes = self.writes();
        let memory = self.folds.iter().filter_map(|f| match f.source {
            Source::Memory { buffer, .. } => Some(buffer),
            Source::Inside(_) => None,
        });
        let maps = self.map.iter().chain(&self.epilogues);
        let maps = maps.flat_map(|m| m.inputs.iter().map(|i| i.buffer));
        memory.chain(maps).filter(|b| !writes.contains(b)).collect()
    }
    /// Buffers that it writes, those of pieces among them.
    pub fn writes(&self) -> Vec<usize> {
        let folds = self.folds.iter().flat_map(|f| [f.result].into_iter().chain(f.partial));
        let maps = self.map.iter().chain(&self.epilogues);
        let maps = maps.flat_map(|m| m.outputs.iter().copied().filter(|&b| b != INSIDE));
        folds.chain(maps).collect()
    }
}
