//! Pooling against a naive loop over windows: nothing outside is touched, and every split gives the same bits.

mod common;
use common::*;
use keratin_kernels::pool::{self, Axis, Pool};

fn axis(size: usize, [window, stride, pad, high]: [usize; 4]) -> Axis {
    Axis {
        size,
        out: (size + pad + high - window) / stride + 1,
        window,
        stride,
        pad,
    }
}
fn pools() -> Vec<Pool> {
    let planes = [
        [axis(4, [2, 2, 0, 0]), axis(6, [2, 2, 0, 0])],
        [axis(5, [2, 2, 0, 0]), axis(7, [2, 2, 0, 1])],
        [axis(7, [3, 2, 1, 1]), axis(5, [3, 1, 1, 1])],
        [axis(3, [2, 5, 0, 0]), axis(9, [2, 3, 0, 0])],
        [axis(1, [1, 1, 0, 0]), axis(6, [3, 3, 0, 0])],
        [axis(2, [1, 1, 2, 0]), axis(3, [1, 1, 0, 1])], // windows of padding alone
    ];
    let mut all = vec![];
    for [a, b] in planes {
        for channels in [1, 3, 4, 7, 16, 21] {
            let axes = [Axis::NONE, a, b];
            all.push(Pool { axes, channels });
            all.push(Pool {
                axes: [axis(3, [2, 1, 0, 1]), a, b],
                channels,
            });
        }
    }
    all
}
fn sizes(p: &Pool) -> [usize; 3] {
    p.axes.map(|a| a.size)
}
fn outs(p: &Pool) -> [usize; 3] {
    p.axes.map(|a| a.out)
}
fn words_of(n: usize, sizes: [usize; 3], c: usize) -> usize {
    n * sizes.iter().product::<usize>() * c
}

/// By element of the result: the places of its cells, ascending.
fn windows(n: usize, p: &Pool) -> Vec<Vec<usize>> {
    let ([s0, s1, s2], [o0, o1, o2], c) = (sizes(p), outs(p), p.channels);
    let covered = |k: usize, o: usize| {
        let a = p.axes[k];
        (0..a.size).filter(move |&i| (o * a.stride..o * a.stride + a.window).contains(&(i + a.pad)))
    };
    let mut all = vec![];
    for at in 0..n * o0 * o1 * o2 * c {
        let (ch, l, b, a) = (at % c, at / c % o2, at / c / o2 % o1, at / c / o2 / o1 % o0);
        let image = at / c / o2 / o1 / o0;
        let mut cells = vec![];
        for i in covered(0, a) {
            for j in covered(1, b) {
                cells.extend(covered(2, l).map(|k| (((image * s0 + i) * s1 + j) * s2 + k) * c + ch));
            }
        }
        all.push(cells);
    }
    all
}
fn first_max(x: &[f32], cells: &[usize]) -> Option<usize> {
    let better = |best: usize, at: usize| {
        let beats = x[at] > x[best] || (x[at].is_nan() && !x[best].is_nan());
        if beats { at } else { best }
    };
    cells.iter().copied().reduce(better)
}

/// Runs units `0..count` in parts into a guarded result.
fn in_parts(words: usize, count: usize, parts: usize, f: impl Fn(*mut f32, usize, usize)) -> Vec<f32> {
    let mut dst = Guarded::new(3, &vec![7; words]);
    for part in 0..parts {
        f(dst.ptr().cast(), count * part / parts, count * (part + 1) / parts);
    }
    floats(&dst.read())
}

/// Few different values make ties; NaN and both zeros are among them.
fn values(n: usize, seed: u32) -> Vec<f32> {
    let some = [-1.0, 2.0, 0.0, -0.0, f32::NAN, -3.0, 2.0, f32::NEG_INFINITY, 1.0];
    noise(n, seed)
        .iter()
        .map(|w| some[(w >> 9) as usize % some.len()])
        .collect()
}

#[test]
fn pools_agree_with_loops_over_windows() {
    const N: usize = 2;
    const DIVISOR: f32 = 3.0;
    for (p, numbers) in pools().into_iter().flat_map(|p| [(p, false), (p, true)]) {
        let (full, pooled) = (words_of(N, sizes(&p), p.channels), words_of(N, outs(&p), p.channels));
        let (mut x, t, g) = (values(full, 1), noise_f32(full, 2, 1.0), noise_f32(pooled, 3, 1.0));
        if numbers {
            x.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = 2.0); // ties, without the way for NaN
        }
        let windows = windows(N, &p);
        let max: Vec<f32> = windows
            .iter()
            .map(|w| first_max(&x, w).map_or(f32::NEG_INFINITY, |i| x[i]))
            .collect();
        let pick: Vec<f32> = windows.iter().map(|w| first_max(&x, w).map_or(0.0, |i| t[i])).collect();
        let sum: Vec<f32> = windows
            .iter()
            .map(|w| w.iter().fold(-0.0, |s, &i| s + t[i]) / DIVISOR)
            .collect();
        let sum: Vec<f32> = sum
            .iter()
            .zip(&windows)
            .map(|(&s, w)| if w.is_empty() { 0.0 } else { s })
            .collect();
        let (mut to_max, mut to_all) = (vec![0.0; full], vec![0.0; full]);
        for (w, g) in windows.iter().zip(&g) {
            if let Some(i) = first_max(&x, w) {
                to_max[i] += g;
            }
            w.iter().for_each(|&i| to_all[i] += g);
        }
        to_all.iter_mut().for_each(|y| *y /= DIVISOR);
        let ([s0, s1, _], [o0, o1, _]) = (sizes(&p), outs(&p));
        for parts in [1, 3] {
            // SAFETY: the arrays have the sizes of the pooling.
            let rows = |f: &dyn Fn(*mut f32, usize, usize)| in_parts(pooled, N * o0 * o1, parts, f);
            let got = rows(&|dst, a, b| unsafe { pool::max_pool(dst, x.as_ptr(), &p, a, b) });
            assert!(same_f32(&words(&got), &words(&max)), "max {p:?}");
            let got = rows(&|dst, a, b| unsafe { pool::max_pool_pick(dst, x.as_ptr(), t.as_ptr(), &p, a, b) });
            assert_eq!(got, pick, "pick {p:?}");
            let got = rows(&|dst, a, b| unsafe { pool::sum_pool(dst, t.as_ptr(), DIVISOR, &p, a, b) });
            assert_eq!(words(&got), words(&sum), "sum {p:?}");
            let got = in_parts(full, N, parts, |dst, a, b| unsafe {
                pool::max_pool_spread(dst, x.as_ptr(), g.as_ptr(), &p, a, b)
            });
            assert_eq!(got, to_max, "max spread {p:?}");
            let got = in_parts(full, N * s0 * s1, parts, |dst, a, b| unsafe {
                pool::sum_pool_spread(dst, g.as_ptr(), DIVISOR, &p, a, b)
            });
            assert_eq!(got, to_all, "sum spread {p:?}");
        }
    }
}

#[test]
fn a_window_of_negatives_has_a_negative_maximum_and_padding_never_wins() {
    let p = Pool {
        axes: [Axis::NONE, Axis::NONE, axis(3, [2, 2, 1, 0])],
        channels: 1,
    };
    let (x, mut y) = ([-5.0f32, -2.0, -3.0], [7.0; 2]);
    // SAFETY: three cells, two windows.
    unsafe { pool::max_pool(y.as_mut_ptr(), x.as_ptr(), &p, 0, 1) };
    assert_eq!(y, [-5.0, -2.0]);
}
