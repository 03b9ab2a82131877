//! Micro-kernels of the matrix product: a tile of C held in registers while p runs over one block of k.
//!
//! Every tile adds `a·b` to one accumulator per output with p ascending, so all shapes give the same bits. The accumulators start from 0,
//! or from C when the tile continues an earlier block.
//!
//! NOTE: two things look improvable and are not. WebAssembly engines have 15 vector registers to give, so accumulators + B vectors + two
//! temporaries must stay at 13 or everything spills (6×8 and 4×12 run at half speed). And unrolling k by hand moves all loads of the body
//! to its top, which spills too.

// Indexing by constants is what unrolls these loops into registers; iterators over several arrays at once read worse.
#![allow(clippy::needless_range_loop)]

use crate::lanes::{F4, fma};

/// Rows of the main tile, and of a packed panel of A.
pub const ROWS: usize = 4;
/// Columns of the main tile, and of a packed panel of B.
pub const COLS: usize = 8;
/// Columns of the strip that a single row uses.
pub const STRIP: usize = 32;

/// A tile's left operand: element (i, p) at `ptr[i·rs + p·cs]`.
#[derive(Clone, Copy)]
pub struct Left {
    pub ptr: *const f32,
    pub rs: usize,
    pub cs: usize,
}

/// A tile's right operand: rows of contiguous columns, row p at `ptr[p·rs]`.
#[derive(Clone, Copy)]
pub struct Right {
    pub ptr: *const f32,
    pub rs: usize,
}

/// A tile's output: row i at `ptr[i·rs]`; `add` continues from what is there.
#[derive(Clone, Copy)]
pub struct Out {
    pub ptr: *mut f32,
    pub rs: usize,
    pub add: bool,
}

/// The accumulators of a tile of R rows and V vectors of 4 columns.
type Acc<const R: usize, const V: usize> = [[F4; V]; R];

#[inline(always)]
unsafe fn start<const R: usize, const V: usize>(c: Out) -> Acc<R, V> {
    let mut acc = [[F4::splat(0.0); V]; R];
    if c.add {
        for (i, row) in acc.iter_mut().enumerate() {
            for (j, x) in row.iter_mut().enumerate() {
                // SAFETY: inside the tile, by the contract of `Out`.
                *x = unsafe { F4::load(c.ptr.add(i * c.rs + 4 * j)) };
            }
        }
    }
    acc
}

#[inline(always)]
unsafe fn finish<const R: usize, const V: usize>(acc: Acc<R, V>, c: Out) {
    for (i, row) in acc.iter().enumerate() {
        for (j, x) in row.iter().enumerate() {
            // SAFETY: inside the tile, by the contract of `Out`.
            unsafe { x.store(c.ptr.add(i * c.rs + 4 * j)) };
        }
    }
}

/// R × 4V with one pointer per row of A.
#[inline(always)]
unsafe fn by_rows<const R: usize, const V: usize>(k: usize, a: Left, b: Right, c: Out) {
    // SAFETY: the caller's operands cover R × k, k × 4V and R × 4V elements; pointers move by one row or column per step.
    unsafe {
        let mut acc: Acc<R, V> = start(c);
        let mut pb = b.ptr;
        let mut pa = [a.ptr; R];
        for i in 0..R {
            pa[i] = a.ptr.add(i * a.rs);
        }
        for _ in 0..k {
            let mut bv = [F4::splat(0.0); V];
            for j in 0..V {
                bv[j] = F4::load(pb.add(4 * j));
            }
            for i in 0..R {
                let av = F4::load_splat(pa[i]);
                for j in 0..V {
                    acc[i][j] = fma(acc[i][j], av, bv[j]);
                }
                pa[i] = pa[i].wrapping_add(a.cs);
            }
            pb = pb.wrapping_add(b.rs);
        }
        finish(acc, c);
    }
}

/// R × 4V where the R elements of a column of A are neighbours (`a.rs == 1`): a packed panel, or a transposed matrix.
#[inline(always)]
unsafe fn by_columns<const R: usize, const V: usize>(k: usize, a: Left, b: Right, c: Out) {
    // SAFETY: as in `by_rows`.
    unsafe {
        let mut acc: Acc<R, V> = start(c);
        let (mut pa, mut pb) = (a.ptr, b.ptr);
        for _ in 0..k {
            let mut bv = [F4::splat(0.0); V];
            for j in 0..V {
                bv[j] = F4::load(pb.add(4 * j));
            }
            for i in 0..R {
                let av = F4::load_splat(pa.add(i));
                for j in 0..V {
                    acc[i][j] = fma(acc[i][j], av, bv[j]);
                }
            }
            pa = pa.wrapping_add(a.cs);
            pb = pb.wrapping_add(b.rs);
        }
        finish(acc, c);
    }
}

// One function per shape, never inlined: each is compiled alone, with all registers to itself. In the `relaxed` build these functions, and no
// others, have the target feature that lets `fma` become one fused instruction; it must be an attribute of the outermost function because
// `#[inline(always)]` code takes on the features of its caller. Arguments are words, not structures: those would travel through memory.
macro_rules! tile {
    ($($(#[$doc:meta])* $name:ident = $body:ident<$rows:literal, $vectors:literal>;)*) => { $(
        $(#[$doc])*
        /// # Safety
        /// The operands cover the tile: rows × k of A, k × columns of B, rows × columns of C.
        #[inline(never)]
        #[cfg_attr(all(target_arch = "wasm32", feature = "relaxed"), target_feature(enable = "relaxed-simd"))]
        unsafe fn $name(k: usize, a: *const f32, ars: usize, acs: usize, b: *const f32, brs: usize, c: *mut f32, crs: usize, add: bool) {
            let (a, b, c) = (Left { ptr: a, rs: ars, cs: acs }, Right { ptr: b, rs: brs }, Out { ptr: c, rs: crs, add });
            // SAFETY: the caller's.
            unsafe { $body::<$rows, $vectors>(k, a, b, c) }
        }
    )* };
}
macro_rules! packed_tile {
    ($($(#[$doc:meta])* $name:ident = $vectors:literal;)*) => { $(
        $(#[$doc])*
        /// # Safety
        /// `a` and `b` are panels of k steps; `c` covers the tile.
        #[inline(never)]
        #[cfg_attr(all(target_arch = "wasm32", feature = "relaxed"), target_feature(enable = "relaxed-simd"))]
        pub unsafe fn $name(k: usize, a: *const f32, b: *const f32, c: *mut f32, crs: usize, add: bool) {
            let (a, b, c) = (Left { ptr: a, rs: 1, cs: ROWS }, Right { ptr: b, rs: COLS }, Out { ptr: c, rs: crs, add });
            // SAFETY: the caller's.
            unsafe { by_columns::<ROWS, $vectors>(k, a, b, c) }
        }
    )* };
}
packed_tile! {
    /// 4 × 8 with both operands packed.
    packed_4x8 = 2;
    /// 4 × 4 with both operands packed: the left half of a panel of B.
    packed_4x4 = 1;
}
tile! {
    rows_4x8 = by_rows<4, 2>;
    rows_3x8 = by_rows<3, 2>;
    rows_2x8 = by_rows<2, 2>;
    rows_1x8 = by_rows<1, 2>;
    rows_4x4 = by_rows<4, 1>;
    rows_3x4 = by_rows<3, 1>;
    rows_2x4 = by_rows<2, 1>;
    rows_1x4 = by_rows<1, 1>;
    columns_4x8 = by_columns<4, 2>;
    columns_4x4 = by_columns<4, 1>;
    rows_1x32 = by_rows<1, 8>;
}

/// The tile for `rows` (1 to 4) rows of an A that is not packed, and 8 columns (`narrow`: 4).
///
/// # Safety
/// As for every tile.
#[inline(always)]
pub unsafe fn unpacked(rows: usize, narrow: bool, k: usize, a: Left, b: Right, c: Out) {
    let tile = match (rows, narrow) {
        (4, false) if a.rs == 1 => columns_4x8,
        (4, true) if a.rs == 1 => columns_4x4,
        (4, false) => rows_4x8,
        (4, true) => rows_4x4,
        (3, false) => rows_3x8,
        (3, true) => rows_3x4,
        (2, false) => rows_2x8,
        (2, true) => rows_2x4,
        (_, false) => rows_1x8,
        (_, true) => rows_1x4,
    };
    // SAFETY: the caller's.
    unsafe { tile(k, a.ptr, a.rs, a.cs, b.ptr, b.rs, c.ptr, c.rs, c.add) }
}

/// One row and [`STRIP`] columns: 8 accumulators, B read in place.
///
/// # Safety
/// As for every tile.
#[inline(always)]
pub unsafe fn strip(k: usize, a: Left, b: Right, c: Out) {
    // SAFETY: the caller's.
    unsafe { rows_1x32(k, a.ptr, a.rs, a.cs, b.ptr, b.rs, c.ptr, c.rs, c.add) }
}
