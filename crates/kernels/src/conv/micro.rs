//! Micro-kernels of convolution: a tile of outputs held in registers while the sum runs, with the left operand read through two tables.
//!
//! `C[i, j] = Σ_q S[rows[i] + steps[q]] · B[q, j]`: one table says where each row of the tile begins in S, the other where each step of the
//! sum is relative to that. Padding, stride, dilation, the order of the sum: all of them are only tables. Forward, rows are pixels and steps
//! cells of the kernel; for the gradient of the kernel it is the other way round. The tiles `lanes_…` read a vector of S instead of one
//! word in all lanes: the gradient of a kernel whose filters see one channel each.
//!
//! The rules about registers and unrolling of `gemm::micro` hold here too.

// Indexing by constants is what unrolls these loops into registers; iterators over several arrays at once read worse.
#![allow(clippy::needless_range_loop)]

use crate::lanes::{F4, fma};

/// Rows of the largest tile.
const ROWS: usize = 4;

/// Columns of a panel of B. Two rows of 16 columns need fewer addresses than four of 8: those are what is scarce here.
pub fn width(columns: usize) -> usize {
    if columns >= 16 { 16 } else { 8 }
}

/// What a tile does with the numbers that are in its outputs.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    /// Overwrites them with a sum that starts at 0.
    Fresh,
    /// Continues the sum from them.
    Continue,
    /// Adds a sum that starts at 0 to them.
    Add,
}

/// The operands of a tile; the tables are in bytes.
#[derive(Clone, Copy)]
pub struct Operands {
    /// Steps of the sum.
    pub k: usize,
    pub s: *const f32,
    /// Where each row of the tile begins in S.
    pub rows: *const u32,
    /// Where each step of the sum is from there.
    pub steps: *const u32,
    /// Row q of B is at `b[q·brs]`, contiguous.
    pub b: *const f32,
    pub brs: usize,
    pub c: *mut f32,
    /// Where each row of the tile is in C.
    pub outs: *const u32,
    pub mode: Mode,
}

/// `tiles` tiles of R rows each, of V vectors of 4 columns. LANES: the columns of S, too, are vectors.
#[inline(always)]
unsafe fn body<const R: usize, const V: usize, const LANES: bool>(tiles: usize, mut o: Operands) {
    for _ in 0..tiles {
        // SAFETY: the caller's tables lead to words of S and C that cover the tiles.
        unsafe {
            let out = |i: usize, j: usize| o.c.byte_add(*o.outs.add(i) as usize).add(4 * j);
            let mut acc = [[F4::splat(0.0); V]; R];
            if o.mode == Mode::Continue {
                for i in 0..R {
                    for j in 0..V {
                        acc[i][j] = F4::load(out(i, j));
                    }
                }
            }
            let mut s = [o.s; R];
            for i in 0..R {
                s[i] = o.s.byte_add(*o.rows.add(i) as usize);
            }
            let (mut b, mut step) = (o.b, o.steps);
            for _ in 0..o.k {
                let at = *step as usize;
                let mut bv = [F4::splat(0.0); V];
                for j in 0..V {
                    bv[j] = F4::load(b.add(4 * j));
                }
                for i in 0..R {
                    if LANES {
                        for j in 0..V {
                            acc[i][j] = fma(acc[i][j], F4::load(s[i].byte_add(at).add(4 * j)), bv[j]);
                        }
                    } else {
                        let sv = F4::load_splat(s[i].byte_add(at));
                        for j in 0..V {
                            acc[i][j] = fma(acc[i][j], sv, bv[j]);
                        }
                    }
                }
                b = b.wrapping_add(o.brs);
                step = step.wrapping_add(1);
            }
            for i in 0..R {
                for j in 0..V {
                    let sum = if o.mode == Mode::Add {
                        F4::load(out(i, j)) + acc[i][j]
                    } else {
                        acc[i][j]
                    };
                    sum.store(out(i, j));
                }
            }
            o.rows = o.rows.wrapping_add(R);
            o.outs = o.outs.wrapping_add(R);
        }
    }
}

// One function per shape, as in `gemm::micro`, with words as arguments.
macro_rules! tiles {
    ($($name:ident = $rows:literal, $vectors:literal, $lanes:literal;)*) => { $(
        /// # Safety
        /// The operands cover the tiles.
        #[inline(never)]
        #[cfg_attr(all(target_arch = "wasm32", feature = "relaxed"), target_feature(enable = "relaxed-simd"))]
        unsafe fn $name(tiles: usize, k: usize, s: *const f32, rows: *const u32, steps: *const u32, b: *const f32, brs: usize, c: *mut f32, outs: *const u32, mode: Mode) {
            // SAFETY: the caller's.
            unsafe { body::<$rows, $vectors, $lanes>(tiles, Operands { k, s, rows, steps, b, brs, c, outs, mode }) }
        }
    )* };
}
tiles! {
    splat_4x8 = 4, 2, false;
    splat_3x8 = 3, 2, false;
    splat_2x8 = 2, 2, false;
    splat_1x8 = 1, 2, false;
    splat_4x4 = 4, 1, false;
    splat_3x4 = 3, 1, false;
    splat_2x4 = 2, 1, false;
    splat_1x4 = 1, 1, false;
    splat_2x16 = 2, 4, false;
    splat_1x16 = 1, 4, false;
    lanes_3x8 = 3, 2, true;
    lanes_1x8 = 1, 2, true;
    lanes_3x4 = 3, 1, true;
    lanes_1x4 = 1, 1, true;
}

macro_rules! call {
    ($tile:expr, $tiles:expr, $o:expr) => {{
        let (tile, o) = ($tile, $o);
        // SAFETY: the caller's.
        unsafe { tile($tiles, o.k, o.s, o.rows, o.steps, o.b, o.brs, o.c, o.outs, o.mode) }
    }};
}

/// `tiles` tiles of `rows` (1 to 4) rows, of 4, 8 or (1 or 2 rows) 16 columns.
///
/// # Safety
/// The operands cover the tiles.
#[inline(always)]
unsafe fn splat(tiles: usize, rows: usize, columns: usize, o: Operands) {
    match (rows, columns) {
        (4, 8) => call!(splat_4x8, tiles, o),
        (3, 8) => call!(splat_3x8, tiles, o),
        (2, 8) => call!(splat_2x8, tiles, o),
        (_, 8) => call!(splat_1x8, tiles, o),
        (4, 4) => call!(splat_4x4, tiles, o),
        (3, 4) => call!(splat_3x4, tiles, o),
        (2, 4) => call!(splat_2x4, tiles, o),
        (_, 4) => call!(splat_1x4, tiles, o),
        (2, _) => call!(splat_2x16, tiles, o),
        (_, _) => call!(splat_1x16, tiles, o),
    }
}

/// Any number of rows of one panel of B: up to 8 columns, or up to 16.
///
/// # Safety
/// The tables hold `rows` rows; B has whole panels, C `columns` columns.
pub unsafe fn panel(rows: usize, columns: usize, o: Operands) {
    // SAFETY: parts of the caller's rows and columns.
    unsafe {
        match columns {
            16 => each(rows, 2, o, |tiles, rows, o| splat(tiles, rows, 16, o)),
            9.. => {
                panel(rows, 8, o);
                let rest = Operands {
                    b: o.b.add(8),
                    c: o.c.add(8),
                    ..o
                };
                panel(rows, columns - 8, rest);
            }
            // as many tiles as with 4 rows first, of equal size
            8 | 4 if rows == 9 => splat(3, 3, columns, o),
            8 | 4 => each(rows, ROWS, o, |tiles, rows, o| splat(tiles, rows, columns, o)),
            _ => each(rows, ROWS, o, |tiles, rows, o| edge(tiles, rows, columns, o)),
        }
    }
}

/// All rows in tiles of `height`, and one of the rest: `f(tiles, rows of each, operands)`.
#[inline(always)]
unsafe fn each(rows: usize, height: usize, o: Operands, f: impl Fn(usize, usize, Operands)) {
    let whole = rows / height * height;
    if whole > 0 {
        f(rows / height, height, o);
    }
    if rows > whole {
        let rest = Operands {
            rows: o.rows.wrapping_add(whole),
            outs: o.outs.wrapping_add(whole),
            ..o
        };
        f(1, rows - whole, rest);
    }
}

/// Fewer than 8 columns of C: tiles are computed in a small buffer, because C has nothing behind them that may be touched.
unsafe fn edge(tiles: usize, rows: usize, columns: usize, mut o: Operands) {
    static OUTS: [u32; ROWS] = [0, 32, 64, 96];
    let mut buffer = [0f32; ROWS * 8];
    for _ in 0..tiles {
        // SAFETY: `rows` rows of `columns` columns of C; the buffer holds a whole tile.
        unsafe {
            let out = |i: usize| o.c.byte_add(*o.outs.add(i) as usize);
            if o.mode != Mode::Fresh {
                for i in 0..rows {
                    core::ptr::copy_nonoverlapping(out(i), buffer.as_mut_ptr().add(8 * i), columns);
                }
            }
            let tile = Operands {
                c: buffer.as_mut_ptr(),
                outs: OUTS.as_ptr(),
                ..o
            };
            splat(1, rows, if columns <= 4 { 4 } else { 8 }, tile);
            for i in 0..rows {
                for j in 0..columns {
                    *out(i).add(j) = buffer[8 * i + j];
                }
            }
            o.rows = o.rows.wrapping_add(rows);
            o.outs = o.outs.wrapping_add(rows);
        }
    }
}

/// Results of so few columns are computed along S: vectors of columns would stay empty.
pub const NARROW: usize = 3;

/// One column of any number of rows, four at a time where rows follow each other word by word in S. `beyond`: three words behind such rows
/// may be read.
///
/// # Safety
/// The operands cover the rows.
pub unsafe fn along(rows: usize, o: Operands, beyond: bool) {
    const TURN: usize = 4;
    let mut at = 0;
    while at < rows {
        // Up to four runs of up to four rows.
        let (mut begins, mut runs, mut n) = ([0u32; TURN], [(0, 0); TURN], 0);
        while at < rows && n < TURN {
            // SAFETY: rows `at` to `rows` of the tables.
            unsafe {
                let row = |i: usize| *o.rows.add(at + i);
                let most = (rows - at).min(4);
                let run = (1..most).find(|&i| row(i) != row(0) + 4 * i as u32).unwrap_or(most);
                if run < 4 && !beyond {
                    let one = Operands {
                        rows: o.rows.add(at),
                        outs: o.outs.add(at),
                        ..o
                    };
                    edge(1, 1, 1, one);
                    at += 1;
                    continue;
                }
                (begins[n], runs[n]) = (row(0), (at, run));
                n += 1;
                at += run;
            }
        }
        if n == 0 {
            continue;
        }
        // Empty places repeat the first run.
        let first = begins[0];
        begins[n..].fill(first);
        let mut sums = [0f32; 4 * TURN];
        // SAFETY: four words from each begin on, and the results of the runs.
        unsafe {
            vectors_4(o.k, o.s, begins.as_ptr(), o.steps, o.b, o.brs, sums.as_mut_ptr());
            for (i, &(from, run)) in runs[..n].iter().enumerate() {
                for (lane, &sum) in sums[4 * i..4 * i + run].iter().enumerate() {
                    let out = o.c.byte_add(*o.outs.add(from + lane) as usize);
                    *out = if o.mode == Mode::Add { *out + sum } else { sum };
                }
            }
        }
    }
}

/// Four vectors of S, times words of B: sums that start at 0.
///
/// # Safety
/// Rows are four words wide; `to` takes 16.
#[inline(never)]
#[cfg_attr(
    all(target_arch = "wasm32", feature = "relaxed"),
    target_feature(enable = "relaxed-simd")
)]
unsafe fn vectors_4(
    k: usize,
    s: *const f32,
    rows: *const u32,
    steps: *const u32,
    b: *const f32,
    brs: usize,
    to: *mut f32,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut acc = [F4::splat(0.0); 4];
        let mut p = [s; 4];
        for i in 0..4 {
            p[i] = s.byte_add(*rows.add(i) as usize);
        }
        let (mut b, mut step) = (b, steps);
        for _ in 0..k {
            let (at, w) = (*step as usize, F4::load_splat(b));
            for i in 0..4 {
                acc[i] = fma(acc[i], F4::load(p[i].byte_add(at)), w);
            }
            b = b.wrapping_add(brs);
            step = step.wrapping_add(1);
        }
        for i in 0..4 {
            acc[i].store(to.add(4 * i));
        }
    }
}

/// Any number of rows and columns, elementwise in S and B; three rows at a time, because most kernels have a multiple of that.
///
/// # Safety
/// The operands cover the rows and columns.
pub unsafe fn lanes(rows: usize, columns: usize, mut o: Operands) {
    let mut at = 0;
    while at < columns {
        let width = match columns - at {
            8.. => 8,
            4.. => 4,
            _ => 1,
        };
        let f = |tiles: usize, rows: usize, o: Operands| match (rows, width) {
            // SAFETY: columns `at` to `at + width` are inside.
            (_, 1) => unsafe { column(tiles * rows, o) },
            (3, 8) => call!(lanes_3x8, tiles, o),
            (_, 8) => call!(lanes_1x8, tiles * rows, o),
            (3, _) => call!(lanes_3x4, tiles, o),
            (_, _) => call!(lanes_1x4, tiles * rows, o),
        };
        // SAFETY: the caller's rows.
        unsafe { each(rows, 3, o, f) };
        // The same tables serve the next columns.
        o.s = o.s.wrapping_add(width);
        o.b = o.b.wrapping_add(width);
        o.c = o.c.wrapping_add(width);
        at += width;
    }
}

/// One column, where no vector fits.
unsafe fn column(rows: usize, o: Operands) {
    for i in 0..rows {
        // SAFETY: the caller's.
        unsafe {
            let s = o.s.byte_add(*o.rows.add(i) as usize);
            let out = o.c.byte_add(*o.outs.add(i) as usize);
            let mut sum = if o.mode == Mode::Continue { *out } else { 0.0 };
            for q in 0..o.k {
                sum += *s.byte_add(*o.steps.add(q) as usize) * *o.b.add(q * o.brs);
            }
            *out = if o.mode == Mode::Add { *out + sum } else { sum };
        }
    }
}
