//! Exact maps against one-line scalar functions, at odd sizes and alignments, apart and in place.

mod common;
use common::*;
use keratin_kernels::map::{self, MapFn};

struct Row {
    name: &'static str,
    f: MapFn,
    arity: usize,
    params: &'static [f32],
    naive: Box<dyn Fn([u32; 3]) -> u32>,
}

/// Compares a kernel with its scalar twin. `values` repeat in another order in every source.
fn check(rows: Vec<Row>, values: &[u32], float: bool) {
    let source = |i: usize, n: usize| -> Vec<u32> {
        (0..n)
            .map(|j| values[(j * [1, 7, 11][i] + j / values.len() + i) % values.len()])
            .collect()
    };
    for Row {
        name,
        f,
        arity,
        params,
        naive,
    } in rows
    {
        for n in SIZES.into_iter().chain([1009]) {
            let sources: Vec<Vec<u32>> = (0..arity).map(|i| source(i, n)).collect();
            let views: Vec<&[u32]> = sources.iter().map(Vec::as_slice).collect();
            let wanted: Vec<u32> = (0..n)
                .map(|j| naive([0, 1, 2].map(|i| sources.get(i).map_or(0, |s| s[j]))))
                .collect();
            let equal = |got: &[u32]| {
                for (j, (&g, &w)) in got.iter().zip(&wanted).enumerate() {
                    let same = if float { same_f32(&[g], &[w]) } else { g == w };
                    let at: Vec<u32> = sources.iter().map(|s| s[j]).collect();
                    assert!(
                        same,
                        "{name} of {n}: {g:#x} and not {w:#x} at {at:x?} = {:?}",
                        floats(&at)
                    );
                }
            };
            equal(&run(f, &views, params));
            (0..arity).for_each(|into| equal(&run_in_place(f, &views, params, into)));
        }
    }
}

macro_rules! rows {
    (@row $name:ident $arity:expr, $params:expr, $naive:expr) => {
        Row { name: stringify!($name), f: map::$name, arity: $arity, params: $params, naive: Box::new($naive) }
    };
    (float: $($n1:ident |$x:ident| $e1:expr;)*) => { vec![$(rows!(@row $n1 1, &[], |w: [u32; 3]| { let $x = f32::from_bits(w[0]); let y: f32 = $e1; y.to_bits() })),*] };
    (float2: $($n:ident |$x:ident, $y:ident| $e:expr;)*) => { vec![$(rows!(@row $n 2, &[], |w: [u32; 3]| { let [$x, $y, _] = w.map(f32::from_bits); let z: f32 = $e; z.to_bits() })),*] };
    (test: $($n:ident |$x:ident, $y:ident| $e:expr;)*) => { vec![$(rows!(@row $n 2, &[], |w: [u32; 3]| { let [$x, $y, _] = w.map(f32::from_bits); u32::from($e) })),*] };
    (int: $($n:ident |$x:ident, $y:ident| $e:expr;)*) => { vec![$(rows!(@row $n 2, &[], |w: [u32; 3]| { let [$x, $y, _] = w.map(|w| i64::from(w as i32)); ($e) as u32 })),*] };
    (word: $($n:ident |$x:ident, $y:ident| $e:expr;)*) => { vec![$(rows!(@row $n 2, &[], |w: [u32; 3]| { let [$x, $y, _] = w; $e })),*] };
}

fn float_values() -> Vec<u32> {
    let mut x = SPECIALS.to_vec();
    x.extend([
        3.0,
        -3.0,
        4.0,
        -4.0,
        2.0,
        -2.0,
        0.1,
        1e10,
        -1e10,
        2_147_483_600.0,
        -2_147_483_648.0,
        4_294_967_000.0,
    ]);
    x.extend(noise_f32(40, 3, 10.0));
    words(&x)
}
fn int_values() -> Vec<u32> {
    let mut x: Vec<u32> = [0, 1, -1, 2, -2, 3, -3, 7, -7, 31, 32, 33, i32::MAX, i32::MIN]
        .map(|x| x as u32)
        .to_vec();
    x.extend(noise(30, 4));
    x.extend(noise(30, 5).iter().map(|&w| (w as i32 >> 26) as u32));
    x
}

/// Python's remainder, from the C one.
fn python_mod(x: f32, y: f32) -> f32 {
    let r = x % y;
    if r != 0.0 && (r < 0.0) != (y < 0.0) { r + y } else { r }
}

#[test]
fn float_maps_equal_scalar_code() {
    check(
        rows!(float:
            neg |x| -x;
            abs |x| x.abs();
            sign |x| if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else { x };
            floor |x| x.floor();
            ceil |x| x.ceil();
            round |x| x.round_ties_even();
            trunc |x| x.trunc();
            sqrt |x| x.sqrt();
            rsqrt |x| 1.0 / x.sqrt();
            reciprocal |x| 1.0 / x;
            square |x| x * x;
            relu |x| if x < 0.0 { 0.0 } else { x };
            copy |x| x;
            log2 |x| libm::log2f(x);
            cos |x| libm::cosf(x);
        ),
        &float_values(),
        true,
    );
    check(
        rows!(float2:
            add |x, y| x + y;
            sub |x, y| x - y;
            mul |x, y| x * y;
            div |x, y| x / y;
            maximum |x, y| if x.is_nan() || y.is_nan() { f32::NAN } else if x < y { y } else { x };
            minimum |x, y| if x.is_nan() || y.is_nan() { f32::NAN } else if y < x { y } else { x };
            pow |x, y| libm::powf(x, y);
            atan2 |y, x| libm::atan2f(y, x);
            fmod |x, y| x % y;
            floor_mod |x, y| python_mod(x, y);
            floor_div |x, y| {
                let r = x % y;
                let q = (x - r) / y;
                (if r != 0.0 && (r < 0.0) != (y < 0.0) { q - 1.0 } else { q }).round_ties_even()
            };
        ),
        &float_values(),
        true,
    );
    check(
        rows!(test:
            eq |x, y| x == y;
            ne |x, y| x != y;
            lt |x, y| x < y;
            le |x, y| x <= y;
            gt |x, y| x > y;
            ge |x, y| x >= y;
            is_finite |x, _y| x.is_finite();
            is_nan |x, _y| x.is_nan();
            is_inf |x, _y| x.is_infinite();
            f32_to_bool |x, _y| x != 0.0;
        ),
        &float_values(),
        false,
    );
    let rows = vec![
        Row {
            name: "scale_add",
            f: map::scale_add,
            arity: 1,
            params: &[1.7, -0.3],
            naive: Box::new(|w| (f32::from_bits(w[0]) * 1.7 + -0.3).to_bits()),
        },
        Row {
            name: "clip",
            f: map::clip,
            arity: 1,
            params: &[-1.0, 2.0],
            naive: Box::new(|w| {
                let x = f32::from_bits(w[0]);
                (if x.is_nan() { x } else { x.clamp(-1.0, 2.0) }).to_bits()
            }),
        },
        Row {
            name: "fma_f32",
            f: map::fma_f32,
            arity: 3,
            params: &[],
            naive: Box::new(|w| {
                let [x, y, z] = w.map(|w| f64::from(f32::from_bits(w)));
                ((x * y + z) as f32).to_bits()
            }),
        },
    ];
    check(rows, &float_values(), true);
}

#[test]
fn python_remainder_and_quotient() {
    // Python: 7 % -3 == -2, -7 % 3 == 2, -7 // 3 == -3, 7 // -3 == -3, 5.5 % 2 == 1.5, -1 % inf == inf
    for (x, y, r, q) in [
        (7.0, -3.0, -2.0, -3.0),
        (-7.0, 3.0, 2.0, -3.0),
        (-7.0, -3.0, -1.0, 2.0),
        (5.5, 2.0, 1.5, 2.0),
        (-1.0, f32::INFINITY, f32::INFINITY, -1.0),
        (1e10, 3.0, 1.0, 3_333_333_333.0),
    ] {
        let sources: [&[u32]; 2] = [&words(&[x]), &words(&[y])];
        assert_eq!(floats(&run(map::floor_mod, &sources, &[])), [r], "{x} % {y}");
        assert_eq!(floats(&run(map::floor_div, &sources, &[])), [q], "{x} // {y}");
    }
}

#[test]
fn the_exact_remainder_equals_the_bitwise_one() {
    let (x, y) = (noise(200_000, 1), noise(200_000, 2));
    let near: Vec<u32> = x
        .iter()
        .zip(&y)
        .map(|(x, y)| (x & 0x07FF_FFFF) | (y & 0x7800_0000))
        .collect();
    for x in [x, near] {
        let got = run(map::fmod, &[&x, &y], &[]);
        let wanted: Vec<u32> = x
            .iter()
            .zip(&y)
            .map(|(&x, &y)| libm::fmodf(f32::from_bits(x), f32::from_bits(y)).to_bits())
            .collect();
        assert!(same_f32(&got, &wanted));
    }
}

fn quotient(x: i64, y: i64) -> i64 {
    match y {
        0 => -1,
        _ => (x as f64 / y as f64).floor() as i64, // exact: both have 32 bits
    }
}
fn power(x: i64, y: i64) -> i32 {
    match (x, y) {
        (_, 0..) => (0..y).fold(1i32, |p, _| p.wrapping_mul(x as i32)),
        (1 | -1, _) => power(x, -y), // 1 / ±1
        _ => 0,
    }
}

#[test]
fn integer_maps_equal_scalar_code() {
    check(
        rows!(int:
            iadd |x, y| x + y;
            isub |x, y| x - y;
            imul |x, y| x * y;
            ineg |x, _y| -x;
            iabs |x, _y| if x < 0 { -x } else { x };
            isign |x, _y| x.signum();
            imaximum |x, y| x.max(y);
            iminimum |x, y| x.min(y);
            ieq |x, y| x == y;
            ine |x, y| x != y;
            ilt |x, y| x < y;
            ile |x, y| x <= y;
            igt |x, y| x > y;
            ige |x, y| x >= y;
            ifloor_div |x, y| quotient(x, y);
            ifloor_mod |x, y| if y == 0 { x } else { x - y * quotient(x, y) };
            i32_to_f32 |x, _y| (x as f32).to_bits();
        ),
        &int_values(),
        false,
    );
    // Powers with exponents that a product loop can follow, and negative ones.
    let small: Vec<u32> = int_values()
        .into_iter()
        .filter(|&w| (-65..65).contains(&(w as i32)))
        .collect();
    check(rows!(int: ipow |x, y| power(x, y);), &small, false);
}

#[test]
fn word_maps_equal_scalar_code() {
    check(
        rows!(word:
            bit_and |x, y| x & y;
            bit_or |x, y| x | y;
            bit_xor |x, y| x ^ y;
            bit_not |x, _y| !x;
            shl |x, y| if y < 32 { x << y } else { 0 };
            shr |x, y| (i64::from(x as i32) >> y.min(63)) as u32;
            ushr |x, y| (u64::from(x) >> y.min(63)) as u32;
            umaximum |x, y| x.max(y);
            uminimum |x, y| x.min(y);
            ult |x, y| u32::from(x < y);
            ule |x, y| u32::from(x <= y);
            ugt |x, y| u32::from(x > y);
            uge |x, y| u32::from(x >= y);
            udiv |x, y| x.checked_div(y).unwrap_or(u32::MAX);
            umod |x, y| if y == 0 { x } else { x % y };
            u32_to_f32 |x, _y| (x as f32).to_bits();
            word_to_bool |x, _y| u32::from(x != 0);
            f32_to_u32 |x, _y| f32::from_bits(x) as u32;
        ),
        &int_values(),
        false,
    );
    check(
        rows!(word:
            not |x, _y| 1 - x;
            and |x, y| x & y;
            or |x, y| x | y;
            xor |x, y| x ^ y;
        ),
        &[0, 1, 1, 0, 0],
        false,
    );
    let select = Row {
        name: "select",
        f: map::select,
        arity: 3,
        params: &[],
        naive: Box::new(|[c, x, y]| if c != 0 { x } else { y }),
    };
    check(vec![select], &int_values(), false);
}

#[test]
fn floats_become_integers_towards_zero_and_what_does_not_fit_the_smallest() {
    let x = [
        0.0,
        -0.9,
        1.9,
        -1.9,
        2_147_483_520.0,
        2_147_483_648.0,
        -2_147_483_648.0,
        -3e9,
        f32::NAN,
        f32::INFINITY,
    ];
    let wanted = [
        0,
        0,
        1,
        -1,
        2_147_483_520,
        i32::MIN,
        i32::MIN,
        i32::MIN,
        i32::MIN,
        i32::MIN,
    ];
    let got: Vec<i32> = run(map::f32_to_i32, &[&words(&x)], &[])
        .iter()
        .map(|&w| w as i32)
        .collect();
    assert_eq!(got, wanted);
}
