//! C = A·B for f32: own 4×8 micro-kernel, packed blocks, and paths for one row and for small products.
//!
//! # Bits
//! `C[i, j] = Σ_p A[i, p]·B[p, j]` with p strictly ascending, one accumulator per output that starts at 0, and separate roundings of product
//! and sum. Tiles, packing and blocks of k do not change that (a later block continues from C), so a scalar loop gives the same bits, and so
//! does any split of the rows or columns over threads. The `relaxed` feature alone gives other bits.
//!
//! # Blocks
//! ```text
//! for p0 in blocks of k (about 256–480)        a panel of B, 8 columns, stays in L1
//!   for j0 in blocks of 512 columns            pack B into panels of 8 columns        (L2 or L3)
//!     for i0 in blocks of 64 rows              pack A into panels of 4 rows           (L2)
//!       for each panel of B, each panel of A   micro-kernel: 4×8 of C in registers
//! ```
//! Small products read A and B in place: packing costs k·(m + n) copies, which pays from about 64³ up.

mod micro;
mod pack;

use micro::{COLS, Left, Out, ROWS, Right, STRIP};
use pack::{pack_columns, pack_rows};

/// A matrix operand: element (i, j) at `ptr[i·rs + j·cs]`. A transposed matrix is one with its strides exchanged.
#[derive(Clone, Copy, Debug)]
pub struct Mat {
    pub ptr: *const f32,
    pub rs: usize,
    pub cs: usize,
}

impl Mat {
    /// The address of element (i, j).
    #[inline(always)]
    fn at(self, i: usize, j: usize) -> *const f32 {
        self.ptr.wrapping_add(i * self.rs + j * self.cs)
    }
    /// The same matrix from element (i, j) on.
    #[inline(always)]
    fn from(self, i: usize, j: usize) -> Self {
        Self {
            ptr: self.at(i, j),
            ..self
        }
    }
    fn transposed(self) -> Self {
        Self {
            ptr: self.ptr,
            rs: self.cs,
            cs: self.rs,
        }
    }
}

/// Rows of A per packed block.
const MC: usize = 64;
/// Columns of B per packed block.
const NC: usize = 512;
/// Columns per block when fewer rows than a tile use them: the packed panels should not leave L1.
const NC_FEW_ROWS: usize = 32;
/// Multiply-adds from which packing both operands pays.
const PACK_FROM: usize = 1 << 18;
/// From this many columns a single row walks k in blocks: taller strips would touch more pages than the TLB holds.
const ROW_BLOCKS_FROM: usize = 512;

/// The depth of a block of k: near 320, and equal blocks rather than a short last one.
fn depth(k: usize) -> usize {
    let blocks = ((k + 160) / 320).max(1);
    k.div_ceil(blocks).next_multiple_of(4).min(k).max(1)
}

/// Words of workspace that one thread needs for `gemm` or `gemm_packed` of this size.
pub fn workspace_words(m: usize, n: usize, k: usize) -> usize {
    depth(k) * (n.min(NC).next_multiple_of(COLS) + m.min(MC))
}

/// C = A·B. `a`: [m, k], `b`: [k, n], `c`: [m, n] row-major with row stride `ldc ≥ n`.
///
/// Sizes may be 0: k = 0 writes zeros. `c` is written whole and must not overlap the operands.
///
/// # Safety
/// The operands are valid for these sizes, `ws` for [`workspace_words`] words that overlap nothing.
pub unsafe fn gemm(m: usize, n: usize, k: usize, a: Mat, b: Mat, c: *mut f32, ldc: usize, ws: *mut f32) {
    // SAFETY: the caller's; every path stays inside the three matrices and the workspace.
    unsafe {
        if k == 0 {
            return zero(m, n, c, ldc);
        }
        if n == 1 && ldc == 1 && m > 1 {
            // A column is the row of the transposed product; products commute, so the bits are the same.
            return gemm(1, m, k, b.transposed(), a.transposed(), c, m, ws);
        }
        if m == 1 && b.cs == 1 && n >= COLS {
            return one_row(n, k, a, b, c);
        }
        let large = m >= ROWS && k >= 16 && m * n * k >= PACK_FROM;
        let source = if large || b.cs != 1 {
            Source::Pack(b)
        } else {
            Source::InPlace(b)
        };
        blocks(m, n, k, a, source, c, ldc, ws, large);
    }
}

/// Words that [`pack_b`] writes for a B of [k, n].
pub fn packed_words(n: usize, k: usize) -> usize {
    k * n.next_multiple_of(COLS)
}

/// Packs columns `from..to` of `b`: [k, n] for [`gemm_packed`], for a B that is used more than once or by several threads.
///
/// `from` is a multiple of 8, and `to` too unless it is n, so that threads can share the work. Disjoint ranges write disjoint words.
///
/// # Safety
/// `b` covers [k, n]; `out` is valid for [`packed_words`] words and does not overlap it.
pub unsafe fn pack_b(n: usize, k: usize, b: Mat, out: *mut f32, from: usize, to: usize) {
    debug_assert!(
        from.is_multiple_of(COLS) && to <= n,
        "internal: pack_b range {from}..{to} of {n}"
    );
    let (width, step) = (n.next_multiple_of(COLS), depth(k));
    for p in (0..k).step_by(step) {
        let kb = step.min(k - p);
        // SAFETY: the block of kb rows takes kb·width words from p·width on; its panels from column `from` on.
        unsafe { pack_columns(kb, to - from, b.from(p, from), out.add(p * width + from * kb)) };
    }
}

/// C = A·B with B packed by [`pack_b`]; the same bits as [`gemm`].
///
/// # Safety
/// As for [`gemm`]; `b` holds all [`packed_words`] words of a B of [k, n].
pub unsafe fn gemm_packed(m: usize, n: usize, k: usize, a: Mat, b: *const f32, c: *mut f32, ldc: usize, ws: *mut f32) {
    // SAFETY: the caller's.
    unsafe {
        if k == 0 {
            return zero(m, n, c, ldc);
        }
        let large = m >= ROWS && k >= 16 && m * n * k >= PACK_FROM;
        blocks(m, n, k, a, Source::Packed(b), c, ldc, ws, large);
    }
}

/// Where panels of B come from.
#[derive(Clone, Copy)]
enum Source {
    /// Packed here, block by block, into the workspace.
    Pack(Mat),
    /// Read where it is; rows must be contiguous.
    InPlace(Mat),
    /// Packed whole by `pack_b`.
    Packed(*const f32),
}

/// The loops over blocks. The workspace holds the packed block of B, then that of A.
unsafe fn blocks(m: usize, n: usize, k: usize, a: Mat, b: Source, c: *mut f32, ldc: usize, ws: *mut f32, pack_a: bool) {
    let (kc, nc) = (depth(k), if m < ROWS { NC_FEW_ROWS } else { NC });
    let packed_a = ws.wrapping_add(kc * n.min(NC).next_multiple_of(COLS));
    for p in (0..k).step_by(kc) {
        let kb = kc.min(k - p);
        for j0 in (0..n).step_by(nc) {
            let nb = nc.min(n - j0);
            // SAFETY: blocks lie inside the matrices; the workspace has room for kc·⌈nb/8⌉·8 and 64·kc words.
            unsafe {
                let panels = match b {
                    Source::Pack(b) => {
                        pack_columns(kb, nb, b.from(p, j0), ws);
                        Panels::packed(ws, kb)
                    }
                    Source::Packed(b) => Panels::packed(b.add(p * n.next_multiple_of(COLS) + j0 * kb), kb),
                    Source::InPlace(b) => Panels::in_place(kb, nb, b.from(p, j0), ws, kb == k),
                };
                for i in (0..m).step_by(MC) {
                    let mb = MC.min(m - i);
                    let block = a.from(i, p);
                    if pack_a {
                        pack_rows(mb, kb, block, packed_a);
                    }
                    let packed = if pack_a { Some(packed_a.cast_const()) } else { None };
                    let out = Out {
                        ptr: c.add(i * ldc + j0),
                        rs: ldc,
                        add: p > 0,
                    };
                    block_product(mb, nb, kb, block, packed, panels, out);
                }
            }
        }
    }
}

/// The panels of one block of B.
#[derive(Clone, Copy)]
struct Panels {
    ptr: *const f32,
    /// Stride of k inside a panel.
    rs: usize,
    /// Words from one panel to the next.
    step: usize,
    last: Last,
}

/// How to read a last panel of fewer than 8 columns.
#[derive(Clone, Copy)]
enum Last {
    /// Like the others: it is padded with zeros.
    Padded,
    /// In place: the tile moves left until it fits, and computes some columns a second time (to the same bits).
    Overlap,
    /// A padded copy of it.
    Copy(*const f32),
}

impl Panels {
    fn packed(ptr: *const f32, kb: usize) -> Self {
        Self {
            ptr,
            rs: COLS,
            step: COLS * kb,
            last: Last::Padded,
        }
    }

    /// # Safety
    /// `b` covers [kb, nb] with contiguous rows; `ws` is valid for 8·kb words.
    unsafe fn in_place(kb: usize, nb: usize, b: Mat, ws: *mut f32, only_block: bool) -> Self {
        let rest = nb % COLS;
        let width = if rest <= 4 { 4 } else { COLS };
        // Overlapping columns must not continue from a C that this block has already updated, hence `only_block`.
        let last = if rest == 4 || only_block && nb >= width {
            Last::Overlap
        } else {
            // SAFETY: the last `rest` columns are inside b.
            unsafe { pack_columns(kb, rest, b.from(0, nb - rest), ws) };
            Last::Copy(ws)
        };
        Self {
            ptr: b.ptr,
            rs: b.rs,
            step: COLS,
            last,
        }
    }
}

/// One block: `mb` rows of A (packed, or in place) times `nb` columns of B.
#[inline(always)]
unsafe fn block_product(mb: usize, nb: usize, kb: usize, a: Mat, packed: Option<*const f32>, b: Panels, c: Out) {
    let whole = nb - nb % COLS;
    let mut right = Right { ptr: b.ptr, rs: b.rs };
    for j in (0..whole).step_by(COLS) {
        // SAFETY: whole panels of 8 columns.
        unsafe { column_of_tiles(mb, kb, a, packed, right, Out { ptr: c.ptr.add(j), ..c }, false) };
        right.ptr = right.ptr.wrapping_add(b.step);
    }
    let rest = nb - whole;
    if rest == 0 {
        return;
    }
    let narrow = rest <= 4;
    let width = if narrow { 4 } else { COLS };
    // SAFETY: padded panels may be read in full but C has only `rest` columns: those go through `edge`. Overlapping tiles end where the
    // block ends, and `in_place` has checked that they start inside it.
    unsafe {
        match b.last {
            Last::Overlap => {
                let back = width - rest;
                let right = Right {
                    ptr: right.ptr.wrapping_sub(back),
                    ..right
                };
                let c = Out {
                    ptr: c.ptr.wrapping_add(whole).wrapping_sub(back),
                    ..c
                };
                column_of_tiles(mb, kb, a, packed, right, c, narrow);
            }
            Last::Padded => edge(
                mb,
                kb,
                a,
                packed,
                right,
                Out {
                    ptr: c.ptr.add(whole),
                    ..c
                },
                rest,
            ),
            Last::Copy(copy) => {
                edge(
                    mb,
                    kb,
                    a,
                    packed,
                    Right { ptr: copy, rs: COLS },
                    Out {
                        ptr: c.ptr.add(whole),
                        ..c
                    },
                    rest,
                );
            }
        }
    }
}

/// All rows of the block times one panel of 8 columns (`narrow`: 4).
#[inline(always)]
unsafe fn column_of_tiles(mb: usize, kb: usize, a: Mat, packed: Option<*const f32>, b: Right, c: Out, narrow: bool) {
    let mut i = 0;
    let mut out = c;
    // SAFETY: rows i..i+4 (at the end fewer) of the block, and the columns that the caller states.
    unsafe {
        if let Some(mut panel) = packed {
            let tile = if narrow { micro::packed_4x4 } else { micro::packed_4x8 };
            while i + ROWS <= mb {
                tile(kb, panel, b.ptr, out.ptr, out.rs, out.add);
                panel = panel.add(ROWS * kb);
                out.ptr = out.ptr.wrapping_add(ROWS * c.rs);
                i += ROWS;
            }
        }
        while i < mb {
            let left = Left {
                ptr: a.at(i, 0),
                rs: a.rs,
                cs: a.cs,
            };
            micro::unpacked((mb - i).min(ROWS), narrow, kb, left, b, out);
            out.ptr = out.ptr.wrapping_add(ROWS * c.rs);
            i += ROWS;
        }
    }
}

/// The last `rest` < 8 columns: tiles are computed in a small buffer, because C has nothing behind them that may be touched.
unsafe fn edge(mb: usize, kb: usize, a: Mat, packed: Option<*const f32>, b: Right, c: Out, rest: usize) {
    let mut buffer = [0f32; ROWS * COLS];
    for i in (0..mb).step_by(ROWS) {
        let rows = (mb - i).min(ROWS);
        // SAFETY: `rows` rows of `rest` columns of C; the buffer holds a whole tile.
        unsafe {
            let to = c.ptr.add(i * c.rs);
            if c.add {
                for r in 0..rows {
                    for j in 0..rest {
                        buffer[r * COLS + j] = *to.add(r * c.rs + j);
                    }
                }
            }
            let tile = Out {
                ptr: buffer.as_mut_ptr(),
                rs: COLS,
                add: c.add,
            };
            let panel = packed.map(|p| p.add(i * kb));
            column_of_tiles(rows, kb, a.from(i, 0), panel, b, tile, rest <= 4);
            for r in 0..rows {
                for j in 0..rest {
                    *to.add(r * c.rs + j) = buffer[r * COLS + j];
                }
            }
        }
    }
}

/// One row times a B with contiguous rows and n ≥ 8 columns: strips of 32 columns read in place, k inside.
unsafe fn one_row(n: usize, k: usize, a: Mat, b: Mat, c: *mut f32) {
    let blocked = n >= ROW_BLOCKS_FROM;
    let kc = if blocked { depth(k) } else { k };
    for p in (0..k).step_by(kc) {
        let kb = kc.min(k - p);
        let left = Left {
            ptr: a.at(0, p),
            rs: 0,
            cs: a.cs,
        };
        let right = |j| Right {
            ptr: b.at(p, j),
            rs: b.rs,
        };
        // SAFETY: all columns from j on that a tile covers are below n.
        unsafe {
            let out = |j| Out {
                ptr: c.add(j),
                rs: 0,
                add: p > 0,
            };
            let mut j = 0;
            while j + STRIP <= n {
                micro::strip(kb, left, right(j), out(j));
                j += STRIP;
            }
            while j + COLS <= n {
                micro::unpacked(1, false, kb, left, right(j), out(j));
                j += COLS;
            }
            if j < n {
                // The last columns as a tile of 8 that overlaps its neighbour. In a later block the columns that it shares are finished
                // already, and would be added to twice: put them back.
                let shared = c.add(n - COLS);
                let mut finished = [0f32; COLS];
                let count = if p > 0 { j - (n - COLS) } else { 0 };
                core::ptr::copy_nonoverlapping(shared, finished.as_mut_ptr(), count);
                micro::unpacked(1, false, kb, left, right(n - COLS), out(n - COLS));
                core::ptr::copy_nonoverlapping(finished.as_ptr(), shared, count);
            }
        }
    }
}

unsafe fn zero(m: usize, n: usize, c: *mut f32, ldc: usize) {
    for i in 0..m {
        // SAFETY: row i of C.
        unsafe { core::ptr::write_bytes(c.add(i * ldc), 0, n) };
    }
}
