//! What convolutions copy before they compute: a band of the source with its padding, and panels of weights.

use super::walk::{AXES, Bands};
use crate::copy::{fill, row};
use crate::lanes::F4;
use core::hint::black_box;

/// How the channels of a position are laid out in the copy of a band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cells {
    /// As they are.
    Same,
    /// Each so many times in a row.
    Repeat(usize),
    /// Each in a plane of its own.
    Planes,
}

/// Words that [`aligned`] may skip.
pub const ALIGN: usize = 16;

/// The next address that begins a cache line: panels read from there on cross no borders.
pub fn aligned(p: *mut f32) -> *mut f32 {
    p.wrapping_add((p as usize / 4).wrapping_neg() % ALIGN)
}

/// The first word that the results of a band read: of its copy, which is made now, or of the source itself.
///
/// # Safety
/// As for [`band`].
pub unsafe fn source(
    bands: &Bands,
    start: [usize; AXES],
    source: *const f32,
    channels: usize,
    cells: Cells,
    to: *mut f32,
) -> *const f32 {
    if bands.words == 0 {
        let w = &bands.walks;
        let at = |a: usize| (start[a] * w[a].step + w[a].low() as usize) * bands.strides[a];
        return source.wrapping_add((0..AXES).map(at).sum());
    }
    // SAFETY: the caller's.
    unsafe { band(bands, start, source, channels, cells, to) };
    to
}

/// Copies what the band that begins at line `start` reads of `source` (with `channels` words per position) to `to`; cells that are not
/// there are zeros.
///
/// # Safety
/// `source` covers its walks' sizes, `to` `bands.words` words, of each channel where those have planes.
unsafe fn band(bands: &Bands, start: [usize; AXES], source: *const f32, channels: usize, cells: Cells, to: *mut f32) {
    let w = &bands.walks;
    // Source cells of axis a that the copy holds: from `first` on, so many.
    let first: [isize; AXES] = core::array::from_fn(|a| (start[a] * w[a].step) as isize + w[a].low());
    let size: [usize; AXES] = core::array::from_fn(|a| w[a].extent(bands.lines[a]));
    let inside = |a: usize, i: usize| {
        let at = first[a] + i as isize;
        (at >= 0 && (at as usize) < w[a].source).then_some(at as usize)
    };
    // Of the last axis: cells of zeros, cells of the source, cells of zeros.
    let before = (-first[3]).clamp(0, size[3] as isize) as usize;
    let end = (w[3].source as isize - first[3]).clamp(before as isize, size[3] as isize) as usize;
    let cell = bands.strides[3];
    let line = size[3] * cell;
    let mut to = to;
    for i in 0..size[0] {
        let x = inside(0, i);
        for j in 0..size[1] {
            let y = inside(1, j);
            for k in 0..size[2] {
                // SAFETY: rows of the copy follow each other; cells before..end of this one are inside of the source.
                unsafe {
                    let planes = if cells == Cells::Planes { channels } else { 1 };
                    match (x, y, inside(2, k)) {
                        (Some(x), Some(y), Some(z)) if end > before => {
                            let at = ((x * w[1].source + y) * w[2].source + z) * w[3].source;
                            let at = at + (first[3] + before as isize) as usize;
                            if cells == Cells::Planes {
                                deal(
                                    source.add(at * channels),
                                    end - before,
                                    channels,
                                    to.add(before),
                                    bands.words,
                                );
                                for plane in 0..planes {
                                    let to = to.add(plane * bands.words);
                                    zero(to, before);
                                    zero(to.add(end), size[3] - end);
                                }
                                to = to.add(line);
                                continue;
                            }
                            zero(to, before * cell);
                            copy(
                                source.add(at * channels),
                                to.add(before * cell),
                                end - before,
                                channels,
                                cells,
                            );
                            zero(to.add(end * cell), (size[3] - end) * cell);
                        }
                        _ => (0..planes).for_each(|plane| zero(to.add(plane * bands.words), line)),
                    }
                    to = to.add(line);
                }
            }
        }
    }
}

/// `n` positions of `channels` words → a row of each plane.
unsafe fn deal(from: *const f32, n: usize, channels: usize, to: *mut f32, plane: usize) {
    let (whole, fours) = (n - n % 4, channels - channels % 4);
    // SAFETY: the caller's positions and planes; blocks of 4×4 are inside where the loops take them.
    unsafe {
        for c in (0..fours).step_by(4) {
            for i in (0..whole).step_by(4) {
                let position = |k: usize| F4::load(from.add((i + k) * channels + c));
                let turned = F4::transpose([position(0), position(1), position(2), position(3)]);
                for (k, x) in turned.into_iter().enumerate() {
                    x.store(to.add((c + k) * plane + i));
                }
            }
        }
        for c in 0..channels {
            for i in if c < fours { whole } else { 0 }..n {
                *to.add(c * plane + i) = *from.add(i * channels + c);
            }
        }
    }
}

/// A row of zeros. Most are short: the word is opaque, because a call of `memory.fill` costs more than them.
unsafe fn zero(to: *mut f32, words: usize) {
    // SAFETY: the caller's.
    unsafe { fill(to.cast(), words, black_box(0)) }
}

/// `n` positions.
unsafe fn copy(from: *const f32, to: *mut f32, n: usize, channels: usize, cells: Cells) {
    // SAFETY: the caller's n positions on both sides.
    unsafe {
        match cells {
            Cells::Same | Cells::Planes => row(to.cast(), from.cast(), n * channels),
            Cells::Repeat(m) => {
                for i in 0..n * channels {
                    for j in 0..m {
                        *to.add(i * m + j) = *from.add(i);
                    }
                }
            }
        }
    }
}

/// `rows × columns` of a matrix with these strides → rows of `width` words, filled up with zeros.
///
/// # Safety
/// The matrix covers its sizes, `to` rows·width words; `columns ≤ width`.
pub unsafe fn panel(rows: usize, columns: usize, m: *const f32, (rs, cs): (usize, usize), to: *mut f32, width: usize) {
    // SAFETY: blocks of 4×4, or of a row of 4, are inside where the loops take them; single words serve the rest.
    unsafe {
        if cs == 1 && columns == width && width.is_multiple_of(4) {
            for p in 0..rows {
                let (from, to) = (m.add(p * rs), to.add(p * width));
                for j in (0..width).step_by(4) {
                    F4::load(from.add(j)).store(to.add(j));
                }
            }
            return;
        }
        let (mut whole_rows, mut whole_columns) = (0, 0);
        if rs == 1 {
            (whole_rows, whole_columns) = (rows - rows % 4, columns - columns % 4);
            for p in (0..whole_rows).step_by(4) {
                for j in (0..whole_columns).step_by(4) {
                    let row = |i: usize| F4::load(m.add(p + (j + i) * cs));
                    let turned = F4::transpose([row(0), row(1), row(2), row(3)]);
                    for (i, x) in turned.into_iter().enumerate() {
                        x.store(to.add((p + i) * width + j));
                    }
                }
            }
        }
        for p in 0..rows {
            let from = if p < whole_rows { whole_columns } else { 0 };
            for j in from..width {
                *to.add(p * width + j) = if j < columns { *m.add(p * rs + j * cs) } else { 0.0 };
            }
        }
    }
}
