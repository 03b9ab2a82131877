//! The walk over the positions of a result and the box of cells that each is made of.

use super::{Axis, Pool};

/// Which of `cells` cells along an axis belong to position o of `positions`: those from `(o·per + lead − back) / unit` to before
/// `(o·per + lead + window − back) / unit`, as far as there are any.
pub struct Span {
    pub positions: usize,
    cells: usize,
    pub per: usize,
    lead: usize,
    back: usize,
    window: usize,
    unit: usize,
    /// Has every position two cells, those of the first one at the beginning?
    pairs: bool,
}

impl Span {
    /// The cells that window o covers.
    fn windows(a: &Axis) -> Span {
        Span {
            positions: a.out,
            cells: a.size,
            per: a.stride,
            lead: 0,
            back: a.pad,
            window: a.window,
            unit: 1,
            pairs: a.window == 2 && a.pad == 0 && a.out > 0 && (a.out - 1) * a.stride + 2 <= a.size,
        }
    }
    /// The windows that cover cell o: those that end behind it, before the first that begins behind it.
    fn covers(a: &Axis) -> Span {
        Span {
            positions: a.size,
            cells: a.out,
            per: 1,
            lead: a.pad + a.stride,
            back: a.window,
            window: a.window,
            unit: a.stride,
            pairs: false,
        }
    }
    #[inline(never)] // three copies, else
    fn new(a: &Axis, of_windows: bool) -> Span {
        if of_windows { Span::windows(a) } else { Span::covers(a) }
    }
    /// The cells `from..to` of position o.
    #[inline(always)]
    pub fn of(&self, o: usize) -> (usize, usize) {
        let start = o * self.per + self.lead;
        let clip = |at: usize| {
            let at = at.saturating_sub(self.back);
            let at = if self.unit == 1 { at } else { at / self.unit }; // a division costs as much as many cells
            at.min(self.cells)
        };
        (clip(start), clip(start + self.window))
    }
    /// Does the way for rows of 2×2 cells apply?
    #[inline(always)]
    pub fn quads(&self, cells: &Cells, c: usize) -> bool {
        self.pairs && cells.count[..2] == [1, 2] && c.is_multiple_of(4)
    }
}

/// A box of cells: how many along each axis, and how many words apart. Its first cell is where a pointer says.
#[derive(Clone, Copy)]
pub struct Cells {
    pub count: [usize; 3],
    pub step: [usize; 3],
}

impl Cells {
    /// Runs `f` with the place of every cell relative to the first, ascending; there is at least one along each axis.
    #[inline(always)]
    pub fn each(&self, mut f: impl FnMut(usize)) {
        let ([planes, rows, cells], [to_plane, to_row, to_cell]) = (self.count, self.step);
        let (mut plane, last_plane) = (0, (planes - 1) * to_plane);
        loop {
            let (mut row, last_row) = (plane, plane + (rows - 1) * to_row);
            loop {
                let (mut cell, last_cell) = (row, row + (cells - 1) * to_cell);
                loop {
                    f(cell);
                    if cell == last_cell {
                        break;
                    }
                    cell += to_cell;
                }
                if row == last_row {
                    break;
                }
                row += to_row;
            }
            if plane == last_plane {
                break;
            }
            plane += to_plane;
        }
    }
}

/// What is done with a row: the first cell of its positions along the other axes, its first position, its cells and its last axis.
type Visit<'a> = &'a mut dyn FnMut(usize, usize, Cells, &Span);

/// Visits rows `from..to` of the windows, or of the cells, of a pooling: `visit(first cell, first position, cells, span)`, both places in words.
/// How many cells a position has along the last axis is for `span` to say. One copy of this code serves every kernel.
#[inline(never)]
pub fn walk(pool: &Pool, of_windows: bool, from: usize, to: usize, visit: Visit) {
    let spans = pool.axes.each_ref().map(|a| Span::new(a, of_windows));
    let [s0, s1, s2] = &spans;
    let c = pool.channels;
    let step = [s1.cells * s2.cells * c, s2.cells * c, c];
    for row in from..to {
        let outer = row / s1.positions;
        let (n, i, j) = (
            outer / s0.positions,
            s0.of(outer % s0.positions),
            s1.of(row % s1.positions),
        );
        let cells = Cells {
            count: [i.1 - i.0, j.1 - j.0, 0],
            step,
        };
        visit(
            (n * s0.cells + i.0) * step[0] + j.0 * step[1],
            row * s2.positions * c,
            cells,
            s2,
        );
    }
}
