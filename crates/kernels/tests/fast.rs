//! Fused kernels against the maps that they are made of, and softmax against f64.

mod common;
use common::*;
use keratin_kernels::map::{self, MapFn};
use keratin_kernels::{fast, random};

fn two(f: MapFn, x: &[u32], y: &[u32]) -> Vec<u32> {
    run(f, &[x, y], &[])
}

#[test]
fn adam_equals_its_composition_bit_for_bit() {
    let (alpha, rate1, rate2, eps) = (0.0123f32, (1.0 - 0.9f64) as f32, (1.0 - 0.999f64) as f32, 1e-7f32);
    for n in SIZES {
        let fill = |x: f32| vec![x.to_bits(); n];
        let [w, g, m] = [1, 2, 3].map(|seed| words(&noise_f32(n, seed, 1.0)));
        let v = words(&noise_f32(n, 4, 1.0).iter().map(|x| x.abs()).collect::<Vec<_>>());
        let m2 = two(map::add, &m, &two(map::mul, &two(map::sub, &g, &m), &fill(rate1)));
        let g2 = run(map::square, &[&g], &[]);
        let v2 = two(map::add, &v, &two(map::mul, &two(map::sub, &g2, &v), &fill(rate2)));
        let down = two(map::add, &run(map::sqrt, &[&v2], &[]), &fill(eps));
        let w2 = two(map::sub, &w, &two(map::div, &two(map::mul, &m2, &fill(alpha)), &down));

        let mut src = [&w, &g, &m, &v].map(|x| Guarded::new(1, x));
        let mut dst = [2, 3, 0].map(|offset| Guarded::new(offset, &fill(9.0)));
        let from = src.each_mut().map(|s| s.ptr().cast_const().cast());
        let to = dst.each_mut().map(|d| d.ptr().cast());
        // SAFETY: all arrays hold n words; in the second call destinations are exactly their sources.
        unsafe {
            fast::adam(n, to, from, alpha, rate1, rate2, eps);
            fast::adam(
                n,
                [from[0], from[2], from[3]].map(|p| p.cast_mut()),
                from,
                alpha,
                rate1,
                rate2,
                eps,
            );
        }
        assert_eq!(
            dst.each_ref().map(Guarded::read),
            [w2.clone(), m2.clone(), v2.clone()],
            "{n}"
        );
        assert_eq!(src.each_ref().map(Guarded::read), [w2, g, m2, v2], "{n} in place");
    }
}

type Rows = unsafe fn(*mut f32, *const f32, usize, usize);
fn rows(f: Rows, x: &[f32], rows: usize, n: usize) -> Vec<f32> {
    let (mut src, mut dst) = (Guarded::new(1, &words(x)), Guarded::new(3, &vec![7; rows * n]));
    // SAFETY: shapes as stated; in place is allowed.
    unsafe {
        f(dst.ptr().cast(), src.ptr().cast(), rows, n);
        f(src.ptr().cast(), src.ptr().cast(), rows, n);
    }
    assert!(same_f32(&src.read(), &dst.read()), "in place");
    floats(&dst.read())
}

#[test]
fn softmax_is_close_to_f64() {
    for n in [1, 2, 3, 4, 5, 10, 15, 16, 17, 20, 65, 255, 256, 257, 513, 1000] {
        for count in [0, 1, 2, 40] {
            let x = noise_f32(count * n, n as u32, 20.0);
            let y = rows(fast::softmax_rows, &x, count, n);
            let log_y = rows(fast::log_softmax_rows, &x, count, n);
            for (r, row) in x.chunks(n).enumerate() {
                let max = f64::from(row.iter().fold(f32::NEG_INFINITY, |m, &x| m.max(x)));
                let sum: f64 = row.iter().map(|&x| (f64::from(x) - max).exp()).sum();
                for (j, &x) in row.iter().enumerate() {
                    let log = f64::from(x) - max - sum.ln();
                    let (got, got_log) = (f64::from(y[r * n + j]), f64::from(log_y[r * n + j]));
                    // Rounding x − max loses up to half an ulp of 40.
                    assert!(
                        (got - log.exp()).abs() <= 3e-6 * log.exp(),
                        "{n}: {got} and not {}",
                        log.exp()
                    );
                    assert!(
                        (got_log - log).abs() <= 3e-6 * log.abs().max(2.0),
                        "{n}: {got_log} and not {log}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_row_has_the_same_bits_alone_and_among_others() {
    for f in [fast::softmax_rows as Rows, fast::log_softmax_rows] {
        for n in [1, 3, 10, 16, 17, 65, 300] {
            let x = noise_f32(37 * n, 9, 5.0);
            let alone: Vec<f32> = x.chunks(n).flat_map(|row| rows(f, row, 1, n)).collect();
            assert_eq!(words(&rows(f, &x, 37, n)), words(&alone), "{n}");
        }
    }
}

#[test]
fn masked_scores_get_zero_and_undefined_rows_nan() {
    let inf = f32::INFINITY;
    for n in [3, 16, 17, 40] {
        let mut x = vec![-inf; n];
        assert!(rows(fast::softmax_rows, &x, 1, n).iter().all(|y| y.is_nan()));
        x[n - 1] = 1.0;
        x[0] = 1.0;
        let y = rows(fast::softmax_rows, &x, 1, n);
        assert_eq!((y[0], y[n - 1], y[1]), (0.5, 0.5, 0.0));
        x[1] = f32::NAN;
        assert!(rows(fast::softmax_rows, &x, 1, n).iter().all(|y| y.is_nan()));
        assert!(rows(fast::log_softmax_rows, &x, 1, n).iter().all(|y| y.is_nan()));
        x[1] = inf;
        assert!(
            rows(fast::softmax_rows, &x, 1, n)
                .iter()
                .all(|y| y.is_nan() || *y == 0.0)
        );
    }
}

#[test]
fn dropout_equals_its_composition_and_any_range_of_it() {
    let (key, keep, scale) = ([42, 3], 0.8f32, 1.0 / 0.8f32);
    for n in SIZES {
        let x = words(&noise_f32(n, 1, 1.0));
        let mut bits = vec![0; n];
        // SAFETY: n words.
        unsafe { random::bits(key, 100, n, bits.as_mut_ptr()) }
        let kept = run(map::bits_keep, &[&bits], &[keep]);
        let scaled = run(map::scale_add, &[&x], &[scale, 0.0]);
        let wanted = run(map::select, &[&kept, &scaled, &vec![0; n]], &[]);
        let (mut src, mut dst) = (Guarded::new(1, &x), Guarded::new(2, &vec![7; n]));
        let half = n / 2;
        // SAFETY: both halves lie inside the arrays.
        unsafe {
            let (s, d) = (src.ptr().cast::<f32>(), dst.ptr().cast::<f32>());
            fast::dropout(half, d, s, key, 100, keep, scale);
            fast::dropout(n - half, d.add(half), s.add(half), key, 100 + half as u64, keep, scale);
            fast::dropout(n, s, s, key, 100, keep, scale);
        }
        assert_eq!(dst.read(), wanted, "{n}");
        assert_eq!(src.read(), wanted, "{n} in place");
    }
}
