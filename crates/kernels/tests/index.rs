//! Gather, scatter, one-hot against index loops.

mod common;
use common::*;
use keratin_kernels::index::{self, Outside};

/// Indices from −rows − 2 to rows + 1: some wrap, some are outside.
fn indices(n: usize, rows: usize) -> Vec<i32> {
    noise(n, 3)
        .iter()
        .map(|w| (w % (2 * rows as u32 + 4)) as i32 - rows as i32 - 2)
        .collect()
}
fn as_words(x: &[i32]) -> Vec<u32> {
    x.iter().map(|&x| x as u32).collect()
}
/// Where an index points, or the nearest row of a table that has one.
fn nearest(i: i32, rows: usize) -> Option<usize> {
    let end = if i < 0 { 0 } else { rows.checked_sub(1)? };
    python(i, rows).or((rows > 0).then_some(end))
}
/// Python's indexing: where a negative index points, or nothing.
fn python(i: i32, rows: usize) -> Option<usize> {
    let i = if i < 0 { i + rows as i32 } else { i };
    (0..rows as i32).contains(&i).then_some(i as usize)
}

#[test]
fn gather_wraps_negative_indices_and_fills_or_clamps_outside() {
    for [n, rows, width] in [
        [0, 3, 4],
        [7, 5, 1],
        [9, 4, 3],
        [20, 6, 17],
        [20, 3, 65],
        [5, 2, 130],
        [4, 3, 0],
    ] {
        let (table, idx) = (noise(rows * width, 1), indices(n, rows));
        for outside in [Outside::NAN, Outside::MIN_I32, Outside::Clamp] {
            let mut dst = Guarded::new(1, &vec![7; n * width]);
            let (mut t, mut i) = (Guarded::new(2, &table), Guarded::new(3, &as_words(&idx)));
            // SAFETY: shapes as stated.
            unsafe { index::gather(dst.ptr(), t.ptr(), i.ptr(), n, rows, width, outside) }
            let wanted: Vec<u32> = idx
                .iter()
                .flat_map(|&i| match (python(i, rows), outside) {
                    (Some(r), _) => table[r * width..][..width].to_vec(),
                    (None, Outside::Fill(word)) => vec![word; width],
                    (None, Outside::Clamp) => table[if i < 0 { 0 } else { rows - 1 } * width..][..width].to_vec(),
                })
                .collect();
            assert_eq!(dst.read(), wanted, "{n} {rows} {width} {outside:?}");
        }
    }
}

#[test]
fn an_empty_table_gives_fill_words() {
    for (outside, word) in [(Outside::NAN, 0x7FC0_0000), (Outside::Clamp, 0)] {
        let mut dst = Guarded::new(0, &[7; 3]);
        // SAFETY: nothing of the table is read.
        unsafe { index::gather(dst.ptr(), std::ptr::dangling(), [0].as_ptr(), 1, 0, 3, outside) }
        assert_eq!(dst.read(), [word; 3]);
    }
}

type Scatter = unsafe fn(index::Target, *const u32, *const u32, usize);

#[test]
fn scatters_run_in_index_order_and_drop_or_clamp_what_is_outside() {
    type Row = (&'static str, Scatter, fn(u32, u32) -> u32);
    let rows: [Row; 7] = [
        ("add", index::scatter_add, |x, y| {
            (f32::from_bits(x) + f32::from_bits(y)).to_bits()
        }),
        ("iadd", index::iscatter_add, u32::wrapping_add),
        ("set", index::scatter_set, |_, y| y),
        ("max", index::scatter_max, |x, y| {
            f32::from_bits(x).max(f32::from_bits(y)).to_bits()
        }),
        ("min", index::scatter_min, |x, y| {
            f32::from_bits(x).min(f32::from_bits(y)).to_bits()
        }),
        ("imax", index::iscatter_max, |x, y| (x as i32).max(y as i32) as u32),
        ("imin", index::iscatter_min, |x, y| (x as i32).min(y as i32) as u32),
    ];
    for (name, scatter, naive) in rows {
        let sizes = [[0, 3, 4], [9, 5, 1], [30, 4, 3], [40, 6, 17], [33, 3, 65], [5, 0, 3]];
        for ([n, rows, width], clamp) in sizes.into_iter().flat_map(|s| [(s, false), (s, true)]) {
            let (start, src) = (
                words(&noise_f32(rows * width, 1, 3.0)),
                words(&noise_f32(n * width, 2, 3.0)),
            );
            let idx = indices(n, rows);
            let mut wanted = start.clone();
            for (i, &at) in idx.iter().enumerate() {
                if let Some(r) = if clamp { nearest(at, rows) } else { python(at, rows) } {
                    for j in 0..width {
                        let w = &mut wanted[r * width + j];
                        *w = naive(*w, src[i * width + j]);
                    }
                }
            }
            for cuts in [vec![0, width], vec![0, width / 3, width / 2, width]] {
                let (mut dst, mut i, mut s) = (
                    Guarded::new(1, &start),
                    Guarded::new(2, &as_words(&idx)),
                    Guarded::new(3, &src),
                );
                for cut in cuts.windows(2) {
                    let target = index::Target {
                        dst: dst.ptr(),
                        rows,
                        width,
                        from: cut[0],
                        to: cut[1],
                        clamp,
                    };
                    // SAFETY: shapes as stated.
                    unsafe { scatter(target, i.ptr(), s.ptr(), n) }
                }
                assert_eq!(dst.read(), wanted, "{name} {n} {rows} {width} {clamp}");
            }
        }
    }
}

#[test]
fn distinct_rows_have_one_place_each() {
    // a table of one row, as many rows as indices, far more rows than fit into the hash table
    let sizes = [
        [0, 3],
        [1, 1],
        [9, 0],
        [30, 1],
        [40, 6],
        [65, 65],
        [1000, 700],
        [500, 1 << 28],
    ];
    for ([n, rows], clamp) in sizes.into_iter().flat_map(|s| [(s, false), (s, true)]) {
        let idx = indices(n, rows);
        let (mut slot, mut row) = (Guarded::new(1, &vec![7; n]), Guarded::new(2, &vec![7; n]));
        let (mut i, mut ws) = (
            Guarded::new(3, &as_words(&idx)),
            Guarded::new(0, &noise(index::distinct_workspace(n), 5)),
        );
        // SAFETY: shapes as stated.
        unsafe { index::distinct(slot.ptr(), row.ptr(), i.ptr(), n, rows, clamp, ws.ptr()) }
        ws.read();
        let at = |&i: &i32| if clamp { nearest(i, rows) } else { python(i, rows) };
        let named: Vec<_> = idx.iter().map(at).collect();
        let first = |k: usize| named[..=k].iter().position(|r| *r == named[k]).unwrap();
        let slots: Vec<u32> = (0..n).map(|k| named[k].map_or(n, |_| first(k)) as u32).collect();
        let rows: Vec<u32> = (0..n)
            .map(|k| named[k].filter(|_| first(k) == k).unwrap_or(rows) as u32)
            .collect();
        assert_eq!((slot.read(), row.read()), (slots, rows), "of {n} indices, {clamp}");
    }
}

#[test]
fn one_hot_along_any_axis() {
    let one = 1f32.to_bits();
    for [outer, classes, inner] in [[0, 3, 1], [5, 4, 1], [3, 5, 2], [2, 1, 7], [2, 0, 3]] {
        let idx = indices(outer * inner, classes);
        let mut dst = Guarded::new(1, &vec![7; outer * classes * inner]);
        // SAFETY: shapes as stated.
        unsafe { index::one_hot(dst.ptr(), as_words(&idx).as_ptr(), outer, classes, inner, one) }
        let wanted: Vec<u32> = (0..outer * classes * inner)
            .map(|at| (at / (classes * inner), at / inner % classes, at % inner))
            .map(|(o, c, j)| if idx[o * inner + j] == c as i32 { one } else { 0 })
            .collect();
        assert_eq!(dst.read(), wanted);
    }
}

#[test]
fn take_along_last_and_its_adjoint() {
    let (rows, n_src, n_idx) = (5, 7, 11);
    let src = words(&noise_f32(rows * n_src, 1, 1.0));
    let idx = indices(rows * n_idx, n_src);
    let at = |i: usize| python(idx[i], n_src).map(|c| i / n_idx * n_src + c);
    let mut dst = Guarded::new(1, &vec![7; rows * n_idx]);
    // SAFETY: shapes as stated.
    unsafe {
        let i = as_words(&idx);
        index::take_along_last(dst.ptr(), src.as_ptr(), i.as_ptr(), rows, n_src, n_idx, Outside::NAN);
    }
    let wanted: Vec<u32> = (0..rows * n_idx)
        .map(|i| at(i).map_or(0x7FC0_0000, |p| src[p]))
        .collect();
    assert_eq!(dst.read(), wanted);

    let g = noise_f32(rows * n_idx, 2, 1.0);
    let mut sums = vec![0.5; rows * n_src];
    (0..g.len())
        .filter_map(|i| at(i).map(|p| (i, p)))
        .for_each(|(i, p)| sums[p] += g[i]);
    let mut dst = Guarded::new(1, &words(&vec![0.5; rows * n_src]));
    // SAFETY: shapes as stated.
    unsafe {
        index::add_along_last(
            dst.ptr().cast(),
            as_words(&idx).as_ptr(),
            g.as_ptr(),
            rows,
            n_src,
            n_idx,
        )
    }
    assert_eq!(dst.read(), words(&sums));
}
