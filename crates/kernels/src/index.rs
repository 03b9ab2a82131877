//! Rows chosen by number: gather, its adjoint scatter, the distinct ones, one-hot, and the same along the last axis.
//!
//! Indices are i32. A negative one counts from the end, once (−1 is the last row). What a gather does with an index that is still
//! outside is its `Outside`; a scatter drops it or takes the nearest row.

use crate::copy::{self, fill};
use crate::lanes::U4;

/// What a gather writes for an index outside the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// This word. `jnp.take` writes NaN for floats and the smallest value for i32.
    Fill(u32),
    /// The nearest row; in an empty table, 0.
    Clamp,
}

impl Outside {
    /// What `jnp.take` and `jnp.take_along_axis` do with floats.
    pub const NAN: Self = Self::Fill(0x7FC0_0000);
    /// And with i32.
    pub const MIN_I32: Self = Self::Fill(0x8000_0000);
}

/// The row that an index names, if it exists.
#[inline(always)]
fn resolve(index: u32, rows: usize) -> Option<usize> {
    let i = i64::from(index as i32);
    let i = if i < 0 { i + rows as i64 } else { i };
    (0..rows as i64).contains(&i).then_some(i as usize)
}

/// The same, or the nearest row if it is to `clamp`; an empty table has none.
#[inline(always)]
fn place(index: u32, rows: usize, clamp: bool) -> Option<usize> {
    match resolve(index, rows) {
        None if clamp && rows > 0 => Some(if (index as i32) < 0 { 0 } else { rows - 1 }),
        found => found,
    }
}

/// The row to read, or the word to write instead.
#[inline(always)]
fn find(index: u32, rows: usize, outside: Outside) -> Result<usize, u32> {
    let instead = match outside {
        Outside::Fill(word) => word,
        Outside::Clamp => 0,
    };
    place(index, rows, outside == Outside::Clamp).ok_or(instead)
}

/// `table: [rows, width], idx: [n] → dst: [n, width]`: `dst[i] = table[idx[i]]`.
pub unsafe fn gather(
    dst: *mut u32,
    table: *const u32,
    idx: *const u32,
    n: usize,
    rows: usize,
    width: usize,
    outside: Outside,
) {
    for i in 0..n {
        // SAFETY: `find` gives rows inside the table.
        unsafe {
            let to = dst.add(i * width);
            match find(*idx.add(i), rows, outside) {
                Ok(row) => copy::row(to, table.add(row * width), width),
                Err(word) => fill(to, width, word),
            }
        }
    }
}

/// Where a scatter writes: columns `from..to` of `dst: [rows, width]`.
#[derive(Clone, Copy)]
pub struct Target {
    pub dst: *mut u32,
    pub rows: usize,
    pub width: usize,
    pub from: usize,
    pub to: usize,
    /// Does an index outside mean the nearest row? Else it is dropped.
    pub clamp: bool,
}

macro_rules! scatters {
    ($($(#[$doc:meta])* $name:ident |$x:ident, $y:ident| $body:expr;)*) => { $(
        $(#[$doc])*
        /// `idx: [n], src: [n, width]`, in the order of `idx`, on what the target holds.
        pub unsafe fn $name(target: Target, idx: *const u32, src: *const u32, n: usize) {
            let Target { dst, rows, width, from, to, clamp } = target;
            debug_assert!(from <= to && to <= width);
            for i in 0..n {
                // SAFETY: `place` gives rows inside `dst`, and from..to lies inside a row.
                unsafe {
                    if let Some(row) = place(*idx.add(i), rows, clamp) {
                        let (d, s) = (dst.add(row * width + from), src.add(i * width + from));
                        update_row(d, s, to - from, |$x, $y| $body);
                    }
                }
            }
        }
    )* };
}

scatters! {
    /// `dst[idx[i]] += src[i]` of f32.
    scatter_add |x, y| (x.as_f32() + y.as_f32()).bits();
    /// `dst[idx[i]] += src[i]` of i32, wrapping.
    iscatter_add |x, y| x.wrapping_add(y);
    /// `dst[idx[i]] = src[i]`: the last of equal indices wins.
    scatter_set |_x, y| y;
    /// `dst[idx[i]] = max(dst[idx[i]], src[i])` of f32; NaN on either side gives NaN.
    scatter_max |x, y| crate::map::larger_f32(x.as_f32(), y.as_f32()).bits();
    /// The same with the minimum.
    scatter_min |x, y| crate::map::smaller_f32(x.as_f32(), y.as_f32()).bits();
    /// `dst[idx[i]] = max(dst[idx[i]], src[i])` of i32.
    iscatter_max |x, y| crate::map::larger_i32(x, y);
    /// The same with the minimum.
    iscatter_min |x, y| crate::map::smaller_i32(x, y);
}

/// `dst[j] = f(dst[j], src[j])`
#[inline(always)]
unsafe fn update_row(dst: *mut u32, src: *const u32, n: usize, f: impl Fn(U4, U4) -> U4) {
    let mut j = 0;
    // SAFETY: both rows hold n words.
    unsafe {
        while j + 4 <= n {
            f(U4::load(dst.add(j)), U4::load(src.add(j))).store(dst.add(j));
            j += 4;
        }
        while j < n {
            *dst.add(j) = f(U4::splat(*dst.add(j)), U4::splat(*src.add(j))).lane::<0>();
            j += 1;
        }
    }
}

/// Words of workspace of [`distinct`]: a hash table that is at most half full.
pub fn distinct_workspace(n: usize) -> usize {
    (2 * n).next_power_of_two().max(2)
}

/// `idx: [n] → slot: i32 [n], row: i32 [n]`: the place of the first index that names the same row, and at such first places the row.
///
/// `slot` is n for an index outside (unless it is to `clamp`), and `row` is `rows` where the place is not the first one: outside, for who
/// gathers or scatters by them.
pub unsafe fn distinct(
    slot: *mut u32,
    row: *mut u32,
    idx: *const u32,
    n: usize,
    rows: usize,
    clamp: bool,
    ws: *mut u32,
) {
    const FREE: u32 = u32::MAX;
    let size = distinct_workspace(n);
    let shift = u32::BITS - size.trailing_zeros();
    // SAFETY: `at` stays below `size`, a power of two; what the table holds are places below n.
    unsafe {
        fill(ws, size, FREE);
        for i in 0..n {
            *row.add(i) = rows as u32;
            let Some(r) = place(*idx.add(i), rows, clamp) else {
                *slot.add(i) = n as u32;
                continue;
            };
            // Fibonacci hashing: rows that follow each other spread over the table
            let mut at = ((r as u32).wrapping_mul(0x9E37_79B9) >> shift) as usize;
            while *ws.add(at) != FREE && *row.add(*ws.add(at) as usize) != r as u32 {
                at = (at + 1) & (size - 1);
            }
            if *ws.add(at) == FREE {
                *ws.add(at) = i as u32;
                *row.add(i) = r as u32;
            }
            *slot.add(i) = *ws.add(at);
        }
    }
}

/// `idx: [outer, inner] → dst: [outer, classes, inner]`: the word `on` (1, or the bits of 1.0) where the class is the index, else 0.
/// Indices outside `0..classes`, negative ones too, give no `on`, as in JAX.
pub unsafe fn one_hot(dst: *mut u32, idx: *const u32, outer: usize, classes: usize, inner: usize, on: u32) {
    // SAFETY: classes are checked, so every word written is inside `dst`.
    unsafe {
        fill(dst, outer * classes * inner, 0);
        for o in 0..outer {
            for j in 0..inner {
                let class = *idx.add(o * inner + j) as i32;
                if usize::try_from(class).is_ok_and(|c| c < classes) {
                    *dst.add((o * classes + class as usize) * inner + j) = on;
                }
            }
        }
    }
}

/// `src: [rows, n_src], idx: [rows, n_idx] → dst: [rows, n_idx]`: `dst[r, i] = src[r, idx[r, i]]`.
pub unsafe fn take_along_last(
    dst: *mut u32,
    src: *const u32,
    idx: *const u32,
    rows: usize,
    n_src: usize,
    n_idx: usize,
    outside: Outside,
) {
    for r in 0..rows {
        for i in r * n_idx..(r + 1) * n_idx {
            // SAFETY: `find` gives columns inside row r.
            unsafe {
                *dst.add(i) = match find(*idx.add(i), n_src, outside) {
                    Ok(column) => *src.add(r * n_src + column),
                    Err(word) => word,
                };
            }
        }
    }
}

/// The adjoint of [`take_along_last`] for f32: `dst[r, idx[r, i]] += src[r, i]`, `dst: [rows, n_dst], src: [rows, n_idx]`, in the
/// order of the indices, on what `dst` holds.
pub unsafe fn add_along_last(dst: *mut f32, idx: *const u32, src: *const f32, rows: usize, n_dst: usize, n_idx: usize) {
    for r in 0..rows {
        for i in r * n_idx..(r + 1) * n_idx {
            // SAFETY: `resolve` gives columns inside row r.
            unsafe {
                if let Some(column) = resolve(*idx.add(i), n_dst) {
                    *dst.add(r * n_dst + column) += *src.add(i);
                }
            }
        }
    }
}
