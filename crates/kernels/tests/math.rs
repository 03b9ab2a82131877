//! Transcendental maps against f64 on dense grids, and at their special values.

mod common;
use common::*;
use keratin_kernels::map::{self, MapFn};

/// Positive or signed values spread evenly over the exponents from `low` to `high`.
fn exponents(low: f64, high: f64, signed: bool) -> Vec<f32> {
    let n = 100_003;
    (0..n)
        .map(|i| {
            let x = (low.ln() + (high.ln() - low.ln()) * f64::from(i) / f64::from(n)).exp();
            (if signed && i % 2 == 1 { -x } else { x }) as f32
        })
        .collect()
}
fn linear(low: f64, high: f64) -> Vec<f32> {
    let n = 200_003;
    (0..n)
        .map(|i| (low + (high - low) * f64::from(i) / f64::from(n)) as f32)
        .collect()
}

fn worst(f: MapFn, truth: impl Fn(f64) -> f64, xs: &[f32]) -> (f64, f32) {
    let y = floats(&run(f, &[&words(xs)], &[]));
    xs.iter()
        .zip(y)
        .map(|(&x, y)| (ulps(y, truth(f64::from(x))), x))
        .fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a })
}

fn sigmoid(x: f64) -> f64 {
    if x < -87.33654 { 0.0 } else { 1.0 / (1.0 + (-x).exp()) }
}

#[test]
fn functions_keep_their_error_bounds() {
    type Row = (&'static str, MapFn, fn(f64) -> f64, f64, Vec<f32>);
    let rows: Vec<Row> = vec![
        ("exp", map::exp, f64::exp, 1.0, linear(-104.0, 89.0)),
        ("exp", map::exp, f64::exp, 1.0, exponents(1e-20, 1.0, true)),
        ("expm1", map::expm1, f64::exp_m1, 2.0, linear(-20.0, 89.0)),
        ("expm1", map::expm1, f64::exp_m1, 2.0, linear(-2.0, 2.0)),
        ("expm1", map::expm1, f64::exp_m1, 2.0, exponents(1e-44, 1.0, true)),
        ("log", map::log, f64::ln, 1.0, exponents(1e-44, 3e38, false)),
        ("log", map::log, f64::ln, 1.0, linear(0.4, 2.5)),
        ("log1p", map::log1p, f64::ln_1p, 3.0, linear(-0.999, 3.0)),
        ("log1p", map::log1p, f64::ln_1p, 3.0, exponents(1e-44, 3e38, false)),
        ("sigmoid", map::sigmoid, sigmoid, 3.0, linear(-87.0, 30.0)),
        ("tanh", map::tanh, f64::tanh, 2.0, linear(-10.0, 10.0)),
        ("tanh", map::tanh, f64::tanh, 2.0, exponents(1e-44, 30.0, true)),
        (
            "softplus",
            map::softplus,
            |x| x.max(0.0) + (-x.abs()).exp().ln_1p(),
            3.0,
            linear(-100.0, 30.0),
        ),
        ("erf", map::erf, libm::erf, 3.0, linear(-5.0, 5.0)),
        ("erf", map::erf, libm::erf, 3.0, exponents(1e-44, 5.0, true)),
        ("erfc", map::erfc, libm::erfc, 3.0, linear(-5.0, 10.2)),
        ("erfc", map::erfc, libm::erfc, 3.0, linear(0.0, 1.0)),
        ("erfc", map::erfc, libm::erfc, 3.0, exponents(1e-20, 11.0, true)),
        ("log2", map::log2, f64::log2, 1.0, exponents(1e-44, 3e38, false)),
        ("log10", map::log10, f64::log10, 1.5, exponents(1e-44, 3e38, false)),
        ("sin", map::sin, f64::sin, 1.0, linear(-100.0, 100.0)),
        ("cos", map::cos, f64::cos, 1.0, linear(-100.0, 100.0)),
        ("tan", map::tan, f64::tan, 1.0, linear(-100.0, 100.0)),
        ("asin", map::asin, f64::asin, 1.0, linear(-1.0, 1.0)),
        ("acos", map::acos, f64::acos, 1.0, linear(-1.0, 1.0)),
        ("atan", map::atan, f64::atan, 1.0, linear(-20.0, 20.0)),
        ("sinh", map::sinh, f64::sinh, 2.0, linear(-80.0, 80.0)),
        ("cosh", map::cosh, f64::cosh, 2.0, linear(-80.0, 80.0)),
        ("asinh", map::asinh, f64::asinh, 2.0, linear(-80.0, 80.0)),
        ("acosh", map::acosh, f64::acosh, 2.0, linear(1.001, 80.0)),
        ("atanh", map::atanh, f64::atanh, 2.0, linear(-0.999, 0.999)),
    ];
    let mut failed = false;
    for (name, f, truth, bound, xs) in rows {
        let (error, at) = worst(f, truth, &xs);
        println!("{name:9} {error:6.2} ulp at {at:e}");
        failed |= error > bound;
    }
    assert!(!failed, "a bound is exceeded; see the table above");
}

/// Rows of (function, argument, value).
#[test]
fn special_values() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let rows: Vec<(&str, MapFn, f32, f32)> = vec![
        ("exp", map::exp, -inf, 0.0),
        ("exp", map::exp, inf, inf),
        ("exp", map::exp, 0.0, 1.0),
        ("exp", map::exp, -0.0, 1.0),
        ("exp", map::exp, nan, nan),
        ("exp", map::exp, 200.0, inf),
        ("exp", map::exp, -200.0, 0.0),
        ("expm1", map::expm1, -inf, -1.0),
        ("expm1", map::expm1, inf, inf),
        ("expm1", map::expm1, -0.0, -0.0),
        ("expm1", map::expm1, nan, nan),
        ("expm1", map::expm1, 1e-40, 1e-40),
        ("log", map::log, 0.0, -inf),
        ("log", map::log, -0.0, -inf),
        ("log", map::log, 1.0, 0.0),
        ("log", map::log, inf, inf),
        ("log", map::log, -1.0, nan),
        ("log", map::log, -inf, nan),
        ("log", map::log, nan, nan),
        ("log1p", map::log1p, -1.0, -inf),
        ("log1p", map::log1p, -1.5, nan),
        ("log1p", map::log1p, inf, inf),
        ("log1p", map::log1p, -0.0, -0.0),
        ("log1p", map::log1p, nan, nan),
        ("sigmoid", map::sigmoid, inf, 1.0),
        ("sigmoid", map::sigmoid, -inf, 0.0),
        ("sigmoid", map::sigmoid, 0.0, 0.5),
        ("sigmoid", map::sigmoid, nan, nan),
        ("tanh", map::tanh, inf, 1.0),
        ("tanh", map::tanh, -inf, -1.0),
        ("tanh", map::tanh, -0.0, -0.0),
        ("tanh", map::tanh, nan, nan),
        ("softplus", map::softplus, inf, inf),
        ("softplus", map::softplus, -inf, 0.0),
        ("softplus", map::softplus, nan, nan),
        ("erf", map::erf, inf, 1.0),
        ("erf", map::erf, -inf, -1.0),
        ("erf", map::erf, -0.0, -0.0),
        ("erf", map::erf, nan, nan),
        ("erfc", map::erfc, inf, 0.0),
        ("erfc", map::erfc, -inf, 2.0),
        ("erfc", map::erfc, 0.0, 1.0),
        ("erfc", map::erfc, nan, nan),
        ("erf_inv", map::erf_inv, 1.0, inf),
        ("erf_inv", map::erf_inv, -1.0, -inf),
        ("erf_inv", map::erf_inv, 0.0, 0.0),
        ("erf_inv", map::erf_inv, 1.5, nan),
        ("erf_inv", map::erf_inv, nan, nan),
    ];
    for (name, f, x, y) in rows {
        let got = run(f, &[&[x.to_bits()]], &[]);
        assert!(
            same_f32(&got, &[y.to_bits()]),
            "{name}({x}) = {} and not {y}",
            f32::from_bits(got[0])
        );
    }
}

#[test]
fn erf_inv_undoes_erf() {
    let xs = linear(-3.0, 3.0);
    let u: Vec<f32> = xs
        .iter()
        .map(|&x| libm::erf(f64::from(x)) as f32)
        .filter(|u| u.abs() < 0.999_9)
        .collect();
    let x = floats(&run(map::erf_inv, &[&words(&u)], &[]));
    for (&u, x) in u.iter().zip(x) {
        // Newton's step from x: how far erf x is from u, over the slope 2/√π·e^−x².
        let x = f64::from(x);
        let error = (libm::erf(x) - f64::from(u)) / (std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp());
        // The formula's own limit near |u| = 1 is 57 ulp.
        assert!(error.abs() <= 57.0 * f64::from(f32::EPSILON) * x.abs(), "{u}: {error}");
    }
}

#[test]
fn a_result_does_not_depend_on_its_position() {
    let fs: [(&str, MapFn); 9] = [
        ("exp", map::exp),
        ("expm1", map::expm1),
        ("log", map::log),
        ("log1p", map::log1p),
        ("tanh", map::tanh),
        ("sigmoid", map::sigmoid),
        ("softplus", map::softplus),
        ("erf", map::erf),
        ("erfc", map::erfc),
    ];
    let mut xs = words(&noise_f32(513, 5, 8.0));
    xs[..SPECIALS.len()].copy_from_slice(&words(&SPECIALS));
    for (name, f) in fs {
        let alone: Vec<u32> = xs.iter().map(|&x| run(f, &[&[x]], &[])[0]).collect();
        for n in SIZES {
            assert!(same_f32(&run(f, &[&xs[..n]], &[]), &alone[..n]), "{name} of {n}");
            assert!(
                same_f32(&run_in_place(f, &[&xs[..n]], &[], 0), &alone[..n]),
                "{name} of {n} in place"
            );
        }
    }
}
