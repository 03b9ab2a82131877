//! Strided copies against an index loop.

mod common;
use common::*;
use keratin_kernels::copy;

/// Every index below `shape`, row-major.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |all, &n| {
        all.iter()
            .flat_map(|index| (0..n).map(move |i| [index.as_slice(), &[i]].concat()))
            .collect()
    })
}
fn dense(shape: &[usize]) -> Vec<usize> {
    (0..shape.len()).map(|a| shape[a + 1..].iter().product()).collect()
}

/// Copies into a destination with `dst_strides`, whole and in three parts, and compares with the index loop.
fn check(shape: &[usize], dst_strides: &[usize], src_strides: &[isize]) {
    let reach = |strides: &[isize], sign: isize| -> usize {
        shape
            .iter()
            .zip(strides)
            .map(|(&n, &s)| {
                if s * sign > 0 {
                    n.saturating_sub(1) * s.unsigned_abs()
                } else {
                    0
                }
            })
            .sum()
    };
    let (back, forth) = (reach(src_strides, -1), reach(src_strides, 1));
    let x = noise(back + forth + 1, 1);
    let signed: Vec<isize> = dst_strides.iter().map(|&s| s as isize).collect();
    let len = reach(&signed, 1) + 1;
    let mut wanted = vec![9; len];
    for index in indices(shape) {
        let to: usize = index.iter().zip(dst_strides).map(|(&i, &s)| i * s).sum();
        let from: isize = index.iter().zip(src_strides).map(|(&i, &s)| i as isize * s).sum();
        wanted[to] = x[(back as isize + from) as usize];
    }
    let mut src = Guarded::new(1, &x);
    let mut dst = Guarded::new(3, &vec![9; len]);
    // SAFETY: the reach of the strides was measured above.
    unsafe { copy::strided(dst.ptr(), dst_strides, src.ptr().add(back), src_strides, shape) }
    assert_eq!(dst.read(), wanted, "{shape:?} {dst_strides:?} {src_strides:?}");

    let mut parts = Guarded::new(2, &vec![9; len]);
    let n = shape.first().copied().unwrap_or(1);
    for i in 0..3 {
        let (from, to) = (n * i / 3, n * (i + 1) / 3);
        // SAFETY: as above.
        unsafe {
            copy::strided_range(
                parts.ptr(),
                dst_strides,
                src.ptr().add(back),
                src_strides,
                shape,
                from,
                to,
            )
        }
    }
    assert_eq!(
        parts.read(),
        wanted,
        "{shape:?} {dst_strides:?} {src_strides:?} in parts"
    );
}

#[test]
fn every_permutation_of_odd_shapes() {
    for shape in [
        vec![5],
        vec![4, 4],
        vec![9, 6],
        vec![70, 13],
        vec![3, 1, 5],
        vec![2, 5, 7],
        vec![5, 8, 4],
        vec![2, 3, 4, 5],
        vec![6, 2, 5, 4],
    ] {
        let strides = dense(&shape);
        for order in permutations(shape.len()) {
            // dst has the permuted shape, densely; src is read through permuted strides.
            let permuted: Vec<usize> = order.iter().map(|&a| shape[a]).collect();
            let from: Vec<isize> = order.iter().map(|&a| strides[a] as isize).collect();
            check(&permuted, &dense(&permuted), &from);
        }
    }
}
fn permutations(n: usize) -> Vec<Vec<usize>> {
    match n {
        0 => vec![vec![]],
        _ => permutations(n - 1)
            .iter()
            .flat_map(|p| (0..n).map(move |at| [&p[..at], &[n - 1], &p[at..]].concat()))
            .collect(),
    }
}

#[test]
fn broadcasts_slices_flips_and_gaps() {
    check(&[], &[], &[]);
    check(&[0], &[1], &[1]);
    check(&[3, 0, 2], &[2, 2, 1], &[2, 2, 1]);
    check(&[5, 7], &[7, 1], &[0, 1]); // bias
    check(&[5, 7], &[7, 1], &[1, 0]); // column
    check(&[2, 3, 100], &[300, 100, 1], &[0, 0, 0]); // scalar
    check(&[4, 3], &[10, 1], &[3, 1]); // into the columns of a wider matrix
    check(&[4, 65], &[130, 2], &[65, 1]); // with gaps
    check(&[6, 5], &[5, 1], &[10, 2]); // every other column
    check(&[6, 5], &[5, 1], &[5, -1]); // flipped columns
    check(&[6, 5], &[5, 1], &[-5, 1]); // flipped rows
    check(&[5, 6], &[6, 1], &[1, -5]); // flipped and transposed
    check(&[2, 3, 4, 2, 3, 2], &[144, 48, 12, 6, 2, 1], &[1, 2, 6, 24, 48, 144]);
    check(
        &[1, 1, 1, 1, 1, 1, 1, 1, 1, 3],
        &[3, 3, 3, 3, 3, 3, 3, 3, 3, 1],
        &[9, 9, 9, 9, 9, 9, 9, 9, 9, 1],
    );
}

#[test]
fn fill_touches_its_words_alone() {
    for n in SIZES {
        let mut dst = Guarded::new(1, &vec![0; n]);
        // SAFETY: n words.
        unsafe { copy::fill(dst.ptr(), n, 5) }
        assert_eq!(dst.read(), vec![5; n]);
    }
}
