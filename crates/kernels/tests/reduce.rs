//! Reductions, searches and scans against naive loops; every split of the outputs gives the same bits.

mod common;
use common::*;
use keratin_kernels::reduce::{self, ReduceFn};

/// `[outer, n, inner]` around vectors, strips and pieces.
const SHAPES: [[usize; 3]; 20] = [
    [0, 3, 2],
    [1, 0, 1],
    [2, 0, 5],
    [1, 1, 1],
    [3, 1, 4],
    [5, 3, 1],
    [4, 10, 1],
    [3, 17, 1],
    [2, 65, 1],
    [2, 513, 1],
    [1, 4096, 1],
    [1, 9001, 1],
    [2, 5, 3],
    [3, 4, 5],
    [1, 9, 17],
    [2, 7, 33],
    [1, 13, 65],
    [2, 3, 127],
    [1, 4100, 5],
    [1, 8200, 2],
];

fn reduce(f: ReduceFn, x: &[u32], [outer, n, inner]: [usize; 3], len: usize, cuts: &[usize]) -> Vec<u32> {
    let mut src = Guarded::new(1, x);
    let mut dst = Guarded::new(3, &vec![7; len]);
    for cut in cuts.windows(2) {
        // SAFETY: the arrays have the stated shapes.
        unsafe { f(dst.ptr(), src.ptr(), outer, n, inner, cut[0], cut[1]) }
    }
    dst.read()
}

/// Runs a reduction (or, with `scan`, a scan) whole and in uneven parts, and compares with `naive(line)` per output.
fn check<T: Copy>(
    name: &str,
    f: ReduceFn,
    scan: bool,
    x: impl Fn(usize) -> Vec<u32>,
    from_word: fn(u32) -> T,
    close: impl Fn(&[T], &[u32]) -> bool,
) {
    for shape @ [outer, n, inner] in SHAPES {
        let x = x(outer * n * inner);
        let count = outer * inner;
        let len = if scan { x.len() } else { count };
        let whole = reduce(f, &x, shape, len, &[0, count]);
        for parts in [2, 3, 8] {
            let cuts: Vec<usize> = (0..=parts).map(|i| count * i * i / (parts * parts)).collect();
            assert_eq!(
                reduce(f, &x, shape, len, &cuts),
                whole,
                "{name} {shape:?} in {parts} parts"
            );
        }
        for o in 0..outer {
            for j in 0..inner {
                let line: Vec<T> = (0..n).map(|r| from_word(x[(o * n + r) * inner + j])).collect();
                let got: Vec<u32> = if scan {
                    (0..n).map(|r| whole[(o * n + r) * inner + j]).collect()
                } else {
                    vec![whole[o * inner + j]]
                };
                assert!(close(&line, &got), "{name} {shape:?} [{o}, {j}]: {got:x?}");
            }
        }
    }
}

fn close(got: u32, wanted: f64, scale: f64) -> bool {
    (f64::from(f32::from_bits(got)) - wanted).abs() <= 1e-6 * scale
}

#[test]
fn sums_and_products() {
    let x = |n| words(&noise_f32(n, 1, 2.0));
    check("sum", reduce::sum, false, x, f32::from_bits, |line, got| {
        let scale: f64 = line.iter().map(|x| f64::from(x.abs())).sum();
        close(got[0], line.iter().map(|&x| f64::from(x)).sum(), scale)
    });
    let near_one = |n| words(&noise_f32(n, 1, 0.01).iter().map(|x| 1.0 + x).collect::<Vec<_>>());
    check("prod", reduce::prod, false, near_one, f32::from_bits, |line, got| {
        let wanted: f64 = line.iter().map(|&x| f64::from(x)).product();
        close(got[0], wanted, 200.0 * wanted)
    });
    let int = |w: u32| w as i32;
    check(
        "isum",
        reduce::isum,
        false,
        |n| noise(n, 2),
        int,
        |line, got| got[0] as i32 == line.iter().fold(0i32, |s, &x| s.wrapping_add(x)),
    );
    check(
        "iprod",
        reduce::iprod,
        false,
        |n| noise(n, 2),
        int,
        |line, got| got[0] as i32 == line.iter().fold(1i32, |s, &x| s.wrapping_mul(x)),
    );
}

/// The order written in the module: pieces of 4096, four vector accumulators, `(a+b)+(c+d)`, `(l0+l2)+(l1+l3)`, then the tail.
#[test]
fn the_order_of_a_row_sum_is_fixed() {
    let x = noise_f32(9001, 9, 1.0);
    let mut wanted = 0.0;
    for piece in x.chunks(4096) {
        let mut acc = [[0f32; 4]; 4];
        let vectors = piece.len() / 4;
        for v in 0..vectors {
            let a = if v < vectors / 4 * 4 { v % 4 } else { 0 };
            (0..4).for_each(|l| acc[a][l] += piece[4 * v + l]);
        }
        let l: [f32; 4] = std::array::from_fn(|l| (acc[0][l] + acc[1][l]) + (acc[2][l] + acc[3][l]));
        let mut sum = (l[0] + l[2]) + (l[1] + l[3]);
        piece[4 * vectors..].iter().for_each(|x| sum += x);
        wanted += sum;
    }
    assert_eq!(
        reduce(reduce::sum, &words(&x), [1, 9001, 1], 1, &[0, 1]),
        [f32::to_bits(wanted)]
    );
}

#[test]
fn extremes_are_exact_and_nan_wins() {
    let with_nan = |n: usize| {
        let mut x = words(&noise_f32(n, 3, 5.0));
        x.iter_mut().skip(11).step_by(97).for_each(|w| *w = 0x7FC0_0000);
        x
    };
    check("max", reduce::max, false, with_nan, f32::from_bits, |line, got| {
        let nan = line.iter().any(|x| x.is_nan());
        let wanted = if nan {
            f32::NAN
        } else {
            line.iter().fold(f32::NEG_INFINITY, |m, &x| m.max(x))
        };
        same_f32(got, &[wanted.to_bits()])
    });
    check("min", reduce::min, false, with_nan, f32::from_bits, |line, got| {
        let nan = line.iter().any(|x| x.is_nan());
        let wanted = if nan {
            f32::NAN
        } else {
            line.iter().fold(f32::INFINITY, |m, &x| m.min(x))
        };
        same_f32(got, &[wanted.to_bits()])
    });
    let int = |w: u32| w as i32;
    check(
        "imax",
        reduce::imax,
        false,
        |n| noise(n, 4),
        int,
        |line, got| got[0] as i32 == line.iter().copied().max().unwrap_or(i32::MIN),
    );
    check(
        "imin",
        reduce::imin,
        false,
        |n| noise(n, 4),
        int,
        |line, got| got[0] as i32 == line.iter().copied().min().unwrap_or(i32::MAX),
    );
}

/// The first index that no other beats.
fn first<T: Copy>(line: &[T], beats: impl Fn(T, T) -> bool) -> u32 {
    (0..line.len()).fold(0, |best, i| if beats(line[i], line[best]) { i } else { best }) as u32
}

#[test]
fn searches_find_the_first_of_equals_and_the_first_nan() {
    // Few different values make ties; both zeros are among them.
    let ties = |n: usize| {
        words(
            &noise(n, 5)
                .iter()
                .map(|w| (w % 5) as f32 - 2.0)
                .map(|x| x * 0.0 + x)
                .collect::<Vec<_>>(),
        )
    };
    let zeros = |n: usize| {
        noise(n, 6)
            .iter()
            .map(|w| [0u32, 0x8000_0000, 0xBF80_0000][(w >> 8) as usize % 3])
            .collect::<Vec<_>>()
    };
    let nans = move |n: usize| {
        let mut x = ties(n);
        x.iter_mut().skip(5).step_by(31).for_each(|w| *w = 0xFFC0_0000);
        x
    };
    let more = |a: f32, b: f32| a > b || (a.is_nan() && !b.is_nan());
    let less = |a: f32, b: f32| a < b || (a.is_nan() && !b.is_nan());
    for x in [&ties as &dyn Fn(usize) -> Vec<u32>, &zeros, &nans] {
        check("argmax", reduce::argmax, false, x, f32::from_bits, |line, got| {
            got[0] == first(line, more)
        });
        check("argmin", reduce::argmin, false, x, f32::from_bits, |line, got| {
            got[0] == first(line, less)
        });
    }
    let ints = |n: usize| {
        noise(n, 7)
            .iter()
            .map(|w| [0x8000_0000u32, 3, 3, 0x7FFF_FFFF][(w >> 9) as usize % 4])
            .collect::<Vec<_>>()
    };
    let lowest = |n: usize| vec![0x8000_0000u32; n];
    for x in [&ints as &dyn Fn(usize) -> Vec<u32>, &lowest] {
        let int = |w: u32| w as i32;
        check("iargmax", reduce::iargmax, false, x, int, |line, got| {
            got[0] == first(line, |a, b| a > b)
        });
        check("iargmin", reduce::iargmin, false, x, int, |line, got| {
            got[0] == first(line, |a, b| a < b)
        });
    }
}

#[test]
fn scans_run_in_order() {
    fn running<T: Copy>(line: &[T], start: T, f: impl Fn(T, T) -> T) -> Vec<T> {
        line.iter()
            .scan(start, |t, &x| {
                *t = f(*t, x);
                Some(*t)
            })
            .collect()
    }
    let x = |n| words(&noise_f32(n, 8, 1.5));
    check("cumsum", reduce::cumsum, true, x, f32::from_bits, |line, got| {
        same_f32(got, &words(&running(line, 0.0, |a, b| a + b)))
    });
    check("cumprod", reduce::cumprod, true, x, f32::from_bits, |line, got| {
        same_f32(got, &words(&running(line, 1.0, |a, b| a * b)))
    });
    let int = |w: u32| w;
    check(
        "icumsum",
        reduce::icumsum,
        true,
        |n| noise(n, 9),
        int,
        |line, got| got == running(line, 0, u32::wrapping_add),
    );
    check(
        "icumprod",
        reduce::icumprod,
        true,
        |n| noise(n, 9),
        int,
        |line, got| got == running(line, 1, u32::wrapping_mul),
    );
}

/// Columns go through the even and the odd rows of pieces of `piece_rows`, each in order.
#[test]
fn the_order_of_a_column_sum_is_fixed() {
    for [n, inner] in [[700, 16], [40, 300], [9000, 2]] {
        let x = noise_f32(n * inner, 10, 1.0);
        let wanted: Vec<u32> = (0..inner)
            .map(|j| {
                let column: Vec<f32> = (0..n).map(|r| x[r * inner + j]).collect();
                let pieces = column.chunks(reduce::piece_rows(inner));
                let every_second =
                    |piece: &[f32], first: usize| piece.iter().skip(first).step_by(2).fold(0f32, |s, x| s + x);
                let total = pieces.fold(0f32, |t, piece| t + (every_second(piece, 0) + every_second(piece, 1)));
                total.to_bits()
            })
            .collect();
        assert_eq!(
            reduce(reduce::sum, &words(&x), [1, n, inner], inner, &[0, inner]),
            wanted
        );
    }
}

#[test]
fn moments_are_mean_and_mean_square_distance_whatever_the_split() {
    for [outer, n, inner] in SHAPES.into_iter().filter(|s| s[1] > 0) {
        let x: Vec<f32> = noise_f32(outer * n * inner, 11, 1.0).iter().map(|x| x + 3.0).collect();
        let count = outer * inner;
        let parts = |parts: usize| {
            let (mut mean, mut variance) = (Guarded::new(1, &vec![7; count]), Guarded::new(2, &vec![7; count]));
            for part in 0..parts {
                let (from, to) = (count * part / parts, count * (part + 1) / parts);
                let (mean, variance) = (mean.ptr().cast(), variance.ptr().cast());
                // SAFETY: the arrays have the stated shapes.
                unsafe { reduce::moments(mean, variance, x.as_ptr(), n, inner, from, to) };
            }
            [floats(&mean.read()), floats(&variance.read())]
        };
        let [mean, variance] = parts(1);
        assert_eq!(parts(3), [mean.clone(), variance.clone()]);
        for at in 0..count {
            let line: Vec<f64> = (0..n)
                .map(|r| f64::from(x[(at / inner * n + r) * inner + at % inner]))
                .collect();
            let m = line.iter().sum::<f64>() / n as f64;
            let v = line.iter().map(|x| (x - m).powi(2)).sum::<f64>() / n as f64;
            assert!(close(mean[at].to_bits(), m, 4.0), "mean {m}, got {}", mean[at]);
            assert!(
                close(variance[at].to_bits(), v, 4.0),
                "variance {v}, got {}",
                variance[at]
            );
        }
    }
}

#[test]
fn the_variance_is_as_good_when_the_mean_is_large() {
    for [n, inner] in [[4100, 5], [700, 17], [9001, 1]] {
        // ±1 about 10000, whose squares are 10⁸: their difference would be lost in f32.
        let sign = |i: usize| if (i / inner).is_multiple_of(2) { 1.0 } else { -1.0 };
        let x: Vec<f32> = (0..n * inner).map(|i| 10_000.0 + sign(i)).collect();
        let (mut mean, mut variance) = (vec![0f32; inner], vec![0f32; inner]);
        // SAFETY: the arrays have the stated shapes.
        unsafe { reduce::moments(mean.as_mut_ptr(), variance.as_mut_ptr(), x.as_ptr(), n, inner, 0, inner) };
        assert!(
            variance.iter().all(|v| (v - 1.0).abs() < 1e-4),
            "{n}, {inner}: {variance:?}"
        );
    }
}

/// `[rows, n]` around vectors, groups of four rows and blocks of columns.
const ROWS: [[usize; 2]; 10] = [
    [0, 3],
    [1, 1],
    [3, 4],
    [4, 5],
    [5, 16],
    [2, 17],
    [7, 64],
    [1, 255],
    [6, 259],
    [1, 1030],
];

#[test]
fn rows_are_normalized_and_pulled_back_as_their_formulas_say_whatever_the_split() {
    for ([rows, n], centred) in ROWS.into_iter().flat_map(|s| [(s, true), (s, false)]) {
        let x: Vec<f32> = noise_f32(rows * n, 3, 1.0).iter().map(|x| x + 2.0).collect();
        let g = noise_f32(rows * n, 5, 1.0);
        let parts = |cuts: &[usize]| {
            let (mut y, mut scale) = (Guarded::new(1, &vec![7; rows * n]), Guarded::new(3, &vec![7; rows]));
            let mut dx = Guarded::new(2, &vec![7; rows * n]);
            for cut in cuts.windows(2) {
                let [yp, sp, dp]: [*mut f32; 3] = [y.ptr().cast(), scale.ptr().cast(), dx.ptr().cast()];
                // SAFETY: the arrays have the stated shapes.
                unsafe {
                    reduce::normalize(yp, sp, x.as_ptr(), n, centred, 0.01, cut[0], cut[1]);
                    reduce::normalize_pull(dp, yp, sp, g.as_ptr(), n, centred, cut[0], cut[1]);
                }
            }
            [y.read(), scale.read(), dx.read()]
        };
        let whole = parts(&[0, rows]);
        assert_eq!(parts(&(0..=rows).collect::<Vec<_>>()), whole, "{rows}×{n}");
        // In the place of what is read.
        let [mut y, mut scale, mut dx] = [x.clone(), vec![0.0; rows], g.clone()];
        // SAFETY: as above.
        unsafe {
            reduce::normalize(
                y.as_mut_ptr(),
                scale.as_mut_ptr(),
                y.as_ptr(),
                n,
                centred,
                0.01,
                0,
                rows,
            );
            reduce::normalize_pull(
                dx.as_mut_ptr(),
                y.as_ptr(),
                scale.as_ptr(),
                dx.as_ptr(),
                n,
                centred,
                0,
                rows,
            );
        }
        assert_eq!([y, scale, dx].map(|t| words(&t)), whole, "{rows}×{n} in place");
        for r in 0..rows {
            let [x, g] = [&x, &g].map(|t| t[r * n..(r + 1) * n].iter().map(|&x| f64::from(x)).collect::<Vec<_>>());
            let mean = |t: &[f64]| t.iter().sum::<f64>() / n as f64;
            let centre = if centred { mean(&x) } else { 0.0 };
            let variance = mean(&x.iter().map(|x| (x - centre).powi(2)).collect::<Vec<_>>());
            let scale = (variance + 0.01).powf(-0.5);
            let y: Vec<f64> = x.iter().map(|x| (x - centre) * scale).collect();
            let along = mean(&y.iter().zip(&g).map(|(y, g)| y * g).collect::<Vec<_>>());
            let shift = if centred { mean(&g) } else { 0.0 };
            assert!(close(whole[1][r], scale, 20.0), "{rows}×{n}: scale {scale}");
            for j in 0..n {
                let dx = scale * (g[j] - shift - y[j] * along);
                assert!(close(whole[0][r * n + j], y[j], 20.0), "{rows}×{n}: y {}", y[j]);
                assert!(close(whole[2][r * n + j], dx, 20.0 * scale), "{rows}×{n}: dx {dx}");
            }
        }
    }
}
