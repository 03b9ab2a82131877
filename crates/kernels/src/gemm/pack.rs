//! Packing: blocks of A and B copied into panels that the micro-kernels read from end to end.

use super::Mat;
use super::micro::{COLS, ROWS};
use crate::lanes::F4;

/// B: [k, n] → panels of 8 columns, `out[(j/8)·8k + p·8 + j%8]`; columns past n are zeros.
///
/// # Safety
/// `b` covers [k, n]; `out` is valid for k·⌈n/8⌉·8 words and does not overlap it.
#[inline(never)]
pub unsafe fn pack_columns(k: usize, n: usize, b: Mat, out: *mut f32) {
    for j in (0..n).step_by(COLS) {
        let width = (n - j).min(COLS);
        // SAFETY: reads stay inside [k, n] because each branch reads `width` columns; each panel has 8k words.
        unsafe {
            let panel = out.add(j * k);
            if width == COLS && b.cs == 1 {
                let mut row = b.at(0, j);
                for p in 0..k {
                    F4::load(row).store(panel.add(p * COLS));
                    F4::load(row.add(4)).store(panel.add(p * COLS + 4));
                    row = row.wrapping_add(b.rs);
                }
            } else if width == COLS && b.rs == 1 {
                let whole = k - k % 4;
                for p in (0..whole).step_by(4) {
                    let to = panel.add(p * COLS);
                    transpose(b.at(p, j), b.cs, to, COLS);
                    transpose(b.at(p, j + 4), b.cs, to.add(4), COLS);
                }
                copy(b, whole..k, j, width, panel);
            } else {
                copy(b, 0..k, j, width, panel);
            }
        }
    }
}

/// One panel of B element by element, for what the fast paths leave.
#[inline(always)]
unsafe fn copy(b: Mat, rows: core::ops::Range<usize>, j: usize, width: usize, panel: *mut f32) {
    for p in rows {
        for c in 0..COLS {
            // SAFETY: the caller's panel and matrix.
            unsafe { *panel.add(p * COLS + c) = if c < width { *b.at(p, j + c) } else { 0.0 } };
        }
    }
}

/// A: [m, k] → panels of 4 rows, `out[(i/4)·4k + p·4 + i%4]`. The last m % 4 rows are left out.
///
/// # Safety
/// `a` covers [m, k]; `out` is valid for ⌊m/4⌋·4k words and does not overlap it.
#[inline(never)]
pub unsafe fn pack_rows(m: usize, k: usize, a: Mat, out: *mut f32) {
    for i in (0..m - m % ROWS).step_by(ROWS) {
        // SAFETY: four whole rows from i on lie inside [m, k]; each panel has 4k words.
        unsafe {
            let panel = out.add(i * k);
            let mut p = 0;
            if a.rs == 1 {
                while p < k {
                    F4::load(a.at(i, p)).store(panel.add(p * ROWS));
                    p += 1;
                }
            } else if a.cs == 1 {
                while p + 4 <= k {
                    transpose(a.at(i, p), a.rs, panel.add(p * ROWS), ROWS);
                    p += 4;
                }
            }
            while p < k {
                for r in 0..ROWS {
                    *panel.add(p * ROWS + r) = *a.at(i + r, p);
                }
                p += 1;
            }
        }
    }
}

/// A 4×4 block transposed: `to[c·to_stride + r] = from[r·from_stride + c]`.
#[inline(always)]
unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    // SAFETY: the caller guarantees both 4×4 blocks.
    unsafe {
        let row = |r: usize| F4::load(from.add(r * from_stride));
        let columns = F4::transpose([row(0), row(1), row(2), row(3)]);
        for (c, x) in columns.into_iter().enumerate() {
            x.store(to.add(c * to_stride));
        }
    }
}
