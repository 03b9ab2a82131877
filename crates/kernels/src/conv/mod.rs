//! Convolution in one to three dimensions, channels last, and its two adjoints: implicit matrix products that never make the matrix of all
//! windows.
//!
//! # Bits
//! Cells outside of the input are zeros. Sums have one accumulator that starts at 0 and rounds products and sums separately:
//! - [`forward`]: over (cell of the kernel, channel), ascending;
//! - [`input`]: over (cell of the kernel, descending; filter, ascending);
//! - [`kernel`]: over the positions of a slab (image, position), ascending, and then the slabs in ascending order. What a slab is depends on
//!   the sizes alone.
//!
//! So the bits depend on no split over threads, and forward and input have those of a scalar loop. Where all numbers are finite, zeros change
//! nothing. Infinity times such a zero makes NaN, as in a loop over a padded image, but not in `depthwise`, which leaves those cells out.
//!
//! # How
//! One micro-kernel (`micro`) serves most: it reads one operand through tables. `walk` says what is in the tables, `pack` makes the
//! padded copy that they lead into. What runs along the lanes of a vector is what there is enough of: filters; neighbouring positions, where
//! there are up to three filters; channels, where each filter sees one. Of those, the plain ones need no tables (`depthwise`).

mod apply;
mod depthwise;
mod gradient;
mod micro;
mod pack;
mod walk;

use apply::Pass;
use gradient::Gradient;

/// One spatial axis: cell `i` of the input and position `o` of the output meet in cell `k` of the kernel where
/// `i = o·stride + k·dilation − low`. Cells outside of the input are zeros; a negative `low` leaves cells out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    pub input: usize,
    pub kernel: usize,
    pub output: usize,
    pub stride: usize,
    pub dilation: usize,
    pub low: isize,
}

impl Axis {
    /// An axis that is not there.
    pub const NONE: Axis = Axis {
        input: 1,
        kernel: 1,
        output: 1,
        stride: 1,
        dilation: 1,
        low: 0,
    };
}

/// The sizes of x: [batch, …input, channels], w: […kernel, channels/groups, filters] and y: [batch, …output, filters].
///
/// The i-th group of filters sees the i-th group of channels. Computations of fewer than three dimensions begin with `Axis::NONE`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv {
    pub batch: usize,
    pub channels: usize,
    pub filters: usize,
    pub groups: usize,
    pub axes: [Axis; 3],
}

impl Conv {
    /// Channels that one filter sees.
    pub fn depth(&self) -> usize {
        self.channels / self.groups
    }
    /// Has each channel a filter of its own, of few taps along a line? Those go directly; wide ones and several filters of a channel are
    /// faster by tables.
    fn depthwise(&self) -> bool {
        let single = self.depth() == 1 && self.filters == self.channels;
        single && self.channels >= 4 && self.axes[2].kernel <= 3
    }
    /// The same for the adjoint in x, where steps between results would leave lines with holes.
    fn depthwise_input(&self) -> bool {
        self.depthwise() && self.axes.iter().all(|a| a.stride == 1)
    }
    /// Cells of the kernel.
    pub fn taps(&self) -> usize {
        self.axes.iter().map(|a| a.kernel).product()
    }
    /// Positions of the input and of the output in one image.
    pub fn pixels(&self) -> (usize, usize) {
        let count = |size: fn(&Axis) -> usize| self.axes.iter().map(size).product();
        (count(|a| a.input), count(|a| a.output))
    }
}

/// Words of workspace per thread for [`forward`].
pub fn forward_workspace(c: &Conv) -> usize {
    if c.depthwise() {
        depthwise::Pass::forward(c).workspace_words()
    } else {
        Pass::forward(c).workspace_words()
    }
}
/// y = x ∗ w: positions `from..to` of all images, `filters` words each.
///
/// # Safety
/// The arrays have the sizes of `c`, `ws` [`forward_workspace`] words; nothing overlaps `y` and `ws`.
pub unsafe fn forward(c: &Conv, x: *const f32, w: *const f32, y: *mut f32, from: usize, to: usize, ws: *mut f32) {
    // SAFETY: the caller's.
    unsafe {
        if c.depthwise() {
            depthwise::Pass::forward(c).run(x, w, y, from, to, ws)
        } else {
            Pass::forward(c).run(x, w, y, from, to, ws)
        }
    }
}

/// Words of workspace per thread for [`input`].
pub fn input_workspace(c: &Conv) -> usize {
    if c.depthwise_input() {
        depthwise::Pass::backward(c).workspace_words()
    } else {
        Pass::backward(c).workspace_words()
    }
}
/// The adjoint in x, from g: […output, filters]: cells `from..to` of all images, `channels` words each.
///
/// # Safety
/// As for [`forward`].
pub unsafe fn input(c: &Conv, g: *const f32, w: *const f32, x: *mut f32, from: usize, to: usize, ws: *mut f32) {
    // SAFETY: the caller's.
    unsafe {
        if c.depthwise_input() {
            depthwise::Pass::backward(c).run(g, w, x, from, to, ws)
        } else {
            Pass::backward(c).run(g, w, x, from, to, ws)
        }
    }
}

/// Words of workspace per thread for [`kernel`].
pub fn kernel_workspace(c: &Conv) -> usize {
    Gradient::new(c).workspace_words()
}
/// Does [`kernel`] divide into columns (filters)? Else into rows: cells of the kernel times channels of a filter.
pub fn kernel_by_columns(c: &Conv) -> bool {
    Gradient::new(c).by_columns()
}
/// The adjoint in w: rows, or columns, `from..to` of the kernel.
///
/// # Safety
/// As for [`forward`].
pub unsafe fn kernel(c: &Conv, x: *const f32, g: *const f32, w: *mut f32, from: usize, to: usize, ws: *mut f32) {
    // SAFETY: the caller's.
    unsafe { Gradient::new(c).run(x, g, w, from, to, ws) }
}
