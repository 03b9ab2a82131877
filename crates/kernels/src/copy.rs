//! Moves words: transpose, broadcast, slice, pad and concatenate are all one strided copy.

use crate::lanes::{F4, U4};

/// Most axes a copy may have after neighbours that belong together were merged.
pub const MAX_AXES: usize = 8;
/// Rows from this length on go through `memory.copy`; below, its start costs more than a vector loop.
const LONG_ROW: usize = 64;

/// Writes `word` to `n` words.
pub unsafe fn fill(dst: *mut u32, n: usize, word: u32) {
    let four = U4::splat(word);
    let mut i = 0;
    // SAFETY: module contract.
    unsafe {
        while i + 4 <= n {
            four.store(dst.add(i));
            i += 4;
        }
        while i < n {
            *dst.add(i) = word;
            i += 1;
        }
    }
}

/// `dst[Σ iₐ·dst_strides[a]] = src[Σ iₐ·src_strides[a]]` for all indices below `shape`.
///
/// Strides are in words; those of `src` may be 0 (broadcast) or negative (flip), those of `dst` must not send two indices to one
/// word. `dst` and `src` point at index 0. An empty shape copies one word.
///
/// # Panics
/// When more than `MAX_AXES` axes remain after merging.
pub unsafe fn strided(dst: *mut u32, dst_strides: &[usize], src: *const u32, src_strides: &[isize], shape: &[usize]) {
    debug_assert!(dst_strides.len() == shape.len() && src_strides.len() == shape.len());
    let Some((axes, count)) = merge(dst_strides, src_strides, shape) else {
        return;
    };
    let (outer, inner) = axes[..count].split_at(count.saturating_sub(2));
    let [rows, columns] = match inner {
        [] => [Axis::ONE, Axis::ONE],
        &[columns] => [Axis::ONE, columns],
        &[rows, columns, ..] => [rows, columns],
    };
    // SAFETY: every index below the sizes of the axes is an index below `shape`.
    unsafe { nest(dst, src, outer, rows, columns) }
}

/// The same for indices `from..to` of the first axis alone, so that threads can share a copy. `dst` and `src` still point at index 0.
pub unsafe fn strided_range(
    dst: *mut u32,
    dst_strides: &[usize],
    src: *const u32,
    src_strides: &[isize],
    shape: &[usize],
    from: usize,
    to: usize,
) {
    if shape.is_empty() {
        if from < to {
            // SAFETY: an empty shape is one word.
            unsafe { *dst = *src }
        }
        return;
    }
    let mut part = [0; 16];
    let part = &mut part[..shape.len()];
    part.copy_from_slice(shape);
    part[0] = to - from;
    // SAFETY: indices from..to of the first axis are inside both arrays.
    unsafe {
        strided(
            dst.add(from * dst_strides[0]),
            dst_strides,
            src.wrapping_offset(from as isize * src_strides[0]),
            src_strides,
            part,
        )
    }
}

#[derive(Clone, Copy)]
struct Axis {
    size: usize,
    dst: usize,
    src: isize,
}

impl Axis {
    const ONE: Self = Self {
        size: 1,
        dst: 0,
        src: 0,
    };
}

/// The axes in descending order of the destination's stride, without those of size 1, neighbours merged where both sides run on
/// from one to the other. The last two become the inner loops: where some source axis has stride 1, it is made the last but one,
/// so that the pair is a transpose. `None` when there is nothing to copy.
fn merge(dst_strides: &[usize], src_strides: &[isize], shape: &[usize]) -> Option<([Axis; MAX_AXES], usize)> {
    let mut sorted = [Axis::ONE; 16];
    let mut count = 0;
    for ((&size, &dst), &src) in shape.iter().zip(dst_strides).zip(src_strides) {
        match size {
            0 => return None,
            1 => {}
            _ => {
                sorted[count] = Axis { size, dst, src };
                count += 1;
            }
        }
    }
    let sorted = &mut sorted[..count];
    // Stable insertion: a handful of axes.
    for i in 1..count {
        for j in (1..=i).rev() {
            if sorted[j - 1].dst >= sorted[j].dst {
                break;
            }
            sorted.swap(j - 1, j);
        }
    }
    let mut axes = [Axis::ONE; MAX_AXES];
    let mut kept = 0;
    for &axis in sorted.iter() {
        let joins = |last: &Axis| last.dst == axis.dst * axis.size && last.src == axis.src * axis.size as isize;
        if kept > 0 && joins(&axes[kept - 1]) {
            let last = &mut axes[kept - 1];
            *last = Axis {
                size: last.size * axis.size,
                ..axis
            };
        } else {
            axes[kept] = axis;
            kept += 1;
        }
    }
    if kept > 2
        && axes[kept - 1].src != 1
        && let Some(i) = axes[..kept - 1].iter().position(|axis| axis.src == 1)
    {
        axes.swap(i, kept - 2);
    }
    Some((axes, kept))
}

/// All outer axes as nested loops around the two inner ones.
unsafe fn nest(dst: *mut u32, src: *const u32, outer: &[Axis], rows: Axis, columns: Axis) {
    match outer {
        [] => unsafe { plane(dst, src, rows, columns) }, // SAFETY: as for `strided`
        [axis, rest @ ..] => {
            for i in 0..axis.size {
                // SAFETY: i is an index of this axis.
                unsafe {
                    nest(
                        dst.add(i * axis.dst),
                        src.offset(i as isize * axis.src),
                        rest,
                        rows,
                        columns,
                    )
                }
            }
        }
    }
}

/// Two axes. Chooses the loop by strides alone.
unsafe fn plane(dst: *mut u32, src: *const u32, rows: Axis, columns: Axis) {
    // SAFETY: as for `strided`.
    unsafe {
        if columns.dst == 1 && rows.src == 1 && columns.src != 1 && rows.size >= 4 && columns.size >= 4 {
            return transpose(dst, src, rows, columns);
        }
        let n = columns.size;
        for i in 0..rows.size {
            let (d, s) = (dst.add(i * rows.dst), src.offset(i as isize * rows.src));
            match (columns.dst, columns.src) {
                (1, 1) => row(d, s, n),
                (1, 0) => fill(d, n, *s),
                _ => {
                    let (mut d, mut s) = (d, s);
                    for _ in 0..n {
                        *d = *s;
                        d = d.wrapping_add(columns.dst);
                        s = s.wrapping_offset(columns.src);
                    }
                }
            }
        }
    }
}

/// Copies `n` neighbouring words.
#[inline(always)]
pub unsafe fn row(dst: *mut u32, src: *const u32, n: usize) {
    if n >= LONG_ROW {
        // SAFETY: both rows hold n words.
        return unsafe { core::ptr::copy_nonoverlapping(src, dst, n) };
    }
    let mut i = 0;
    // SAFETY: both rows hold n words.
    unsafe {
        while i + 4 <= n {
            U4::load(src.add(i)).store(dst.add(i));
            i += 4;
        }
        while i < n {
            *dst.add(i) = *src.add(i);
            i += 1;
        }
    }
}

/// Columns per sweep of a transpose: as many source lines stay in the first cache while the sweep goes down the rows.
const SWEEP: usize = 64;

/// Destination rows are contiguous and so are source columns: 4×4 blocks turn in registers, the edges one word at a time.
unsafe fn transpose(dst: *mut u32, src: *const u32, rows: Axis, columns: Axis) {
    let (m, n) = (rows.size - rows.size % 4, columns.size - columns.size % 4);
    // SAFETY: i and j are indices of the two axes.
    let at = |i: usize, j: usize| unsafe {
        (
            dst.add(i * rows.dst + j),
            src.offset(i as isize + j as isize * columns.src),
        )
    };
    let one = |i: usize, j: usize| {
        let (d, s) = at(i, j);
        // SAFETY: as above.
        unsafe { *d = *s }
    };
    for start in (0..n).step_by(SWEEP) {
        for i in (0..m).step_by(4) {
            for j in (start..n.min(start + SWEEP)).step_by(4) {
                let (d, s) = at(i, j);
                // SAFETY: four indices from i and from j lie inside the axes.
                unsafe {
                    let block = core::array::from_fn(|q| F4::load(s.offset(q as isize * columns.src).cast()));
                    for (q, row) in F4::transpose(block).into_iter().enumerate() {
                        row.store(d.add(q * rows.dst).cast());
                    }
                }
            }
        }
    }
    for i in 0..m {
        (n..columns.size).for_each(|j| one(i, j));
    }
    for i in m..rows.size {
        (0..columns.size).for_each(|j| one(i, j));
    }
}
