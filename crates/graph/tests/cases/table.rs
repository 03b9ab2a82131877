//! The table itself, in the order of `crates/graph/src/ops`.

mod conv;
mod pools;
mod shaped;

use super::{Case, Domain, Operand, SIZES, is};
use DType::{Bool, F32, I32, U32};
use conv::convolutions;
use keratin_graph::{Attrs, DType, Type};
use pools::pools;
use shaped::{fast, indices, products, random, reductions, scans, views};

/// Every case of every op.
pub fn cases() -> Vec<Case> {
    let groups = [
        sources(),
        unary(),
        binary(),
        casts(),
        reductions(),
        views(),
        products(),
        convolutions(),
        indices(),
        random(),
        scans(),
        fast(),
        pools(),
    ];
    groups.into_iter().flatten().collect()
}

const BIG: i64 = i32::MAX as i64;
const WORD: i64 = u32::MAX as i64;

fn ty(shape: &[usize], dtype: DType) -> Type {
    Type::new(shape, dtype)
}
fn ints(list: &[i64]) -> Attrs {
    Attrs::ints(list.iter().copied())
}
fn sizes(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&n| n as i64).collect()
}
fn source_ints(head: &[i64], shape: &[usize]) -> Attrs {
    Attrs::ints(head.iter().copied().chain(sizes(shape)))
}

fn sources() -> Vec<Case> {
    let constant = Attrs {
        words: Some([1.5f32, -0.0, 7.0].map(f32::to_bits).into()),
        ..source_ints(&[0], &[3])
    };
    vec![
        Case::new("input", vec![], source_ints(&[0, 0], &[2, 3]), vec![ty(&[2, 3], F32)]),
        Case::new("state", vec![], source_ints(&[7, 2], &[2]), vec![ty(&[2], U32)]),
        Case::new("constant", vec![], constant, vec![ty(&[3], F32)]),
    ]
}

/// One elementwise op on operands of these types and domains, in all sizes and one shape of two axes.
fn map(name: &str, operands: &[(DType, Domain)], gives: DType, attrs: Attrs) -> Vec<Case> {
    let shapes = SIZES.iter().map(|&n| vec![n]).chain([vec![3, 5], vec![]]);
    let make = |shape: Vec<usize>| {
        let operands = operands.iter().map(|(dtype, domain)| Operand {
            ty: ty(&shape, *dtype),
            domain: domain.clone(),
        });
        Case::new(name, operands.collect(), attrs.clone(), vec![ty(&shape, gives)])
    };
    shapes.map(make).collect()
}
fn plain(name: &str, operands: &[(DType, Domain)], gives: DType) -> Vec<Case> {
    map(name, operands, gives, Attrs::default())
}

const ODD: Domain = Domain::Apart(0.05);

fn unary() -> Vec<Case> {
    let float: [(&str, Domain); 33] = [
        ("negative", Domain::Real(-2.0, 2.0)),
        ("abs", ODD),
        ("sign", ODD),
        ("square", Domain::Real(-2.0, 2.0)),
        ("floor", ODD),
        ("ceil", ODD),
        ("round", ODD),
        ("trunc", ODD),
        ("sqrt", Domain::Real(0.1, 4.0)),
        ("rsqrt", Domain::Real(0.1, 4.0)),
        ("reciprocal", Domain::Real(0.3, 3.0)),
        ("exp", Domain::Real(-3.0, 3.0)),
        ("expm1", Domain::Real(-3.0, 3.0)),
        ("log", Domain::Real(0.1, 5.0)),
        ("log1p", Domain::Real(-0.8, 3.0)),
        ("log2", Domain::Real(0.1, 5.0)),
        ("log10", Domain::Real(0.1, 5.0)),
        ("sin", Domain::Real(-6.0, 6.0)),
        ("cos", Domain::Real(-6.0, 6.0)),
        ("tan", Domain::Real(-1.2, 1.2)),
        ("arcsin", Domain::Real(-0.9, 0.9)),
        ("arccos", Domain::Real(-0.9, 0.9)),
        ("arctan", Domain::Real(-3.0, 3.0)),
        ("sinh", Domain::Real(-2.0, 2.0)),
        ("cosh", Domain::Real(-2.0, 2.0)),
        ("tanh", Domain::Real(-3.0, 3.0)),
        ("arcsinh", Domain::Real(-3.0, 3.0)),
        ("arccosh", Domain::Real(1.1, 4.0)),
        ("arctanh", Domain::Real(-0.9, 0.9)),
        ("sigmoid", Domain::Real(-5.0, 5.0)),
        ("softplus", Domain::Real(-5.0, 5.0)),
        ("erf", Domain::Real(-2.5, 2.5)),
        ("erfc", Domain::Real(-2.5, 2.5)),
    ];
    let special = Domain::Is(vec![0.0, f64::NAN, 1.0, f64::INFINITY, -2.5, f64::NEG_INFINITY, 3.0e38]);
    let mut all: Vec<Case> = float
        .into_iter()
        .flat_map(|(name, domain)| plain(name, &[(F32, domain)], F32))
        .collect();
    all.extend(plain("erfinv", &[(F32, Domain::Real(-0.9, 0.9))], F32));
    all.extend(plain("relu", &[(F32, ODD)], F32));
    for name in ["negative", "abs", "sign", "square"] {
        let small = if name == "square" { 46_000 } else { BIG };
        all.extend(plain(name, &[(I32, Domain::Whole(-small, small))], I32));
        all.extend(plain(
            name,
            &[(U32, Domain::Whole(0, if name == "square" { 65_535 } else { WORD }))],
            U32,
        ));
    }
    for name in ["is_finite", "is_nan", "is_inf"] {
        all.extend(plain(name, &[(F32, special.clone())], Bool));
    }
    all.extend(plain("logical_not", &[(Bool, Domain::Truth)], Bool));
    all.extend(plain("bitwise_not", &[(I32, Domain::Whole(-BIG, BIG))], I32));
    all.extend(plain("bitwise_not", &[(U32, Domain::Whole(0, WORD))], U32));
    all.extend(map("clip", &[(F32, ODD)], F32, Attrs::floats([-1.0, 0.5])));
    all.extend(plain("stop_gradient", &[(F32, ODD)], F32));
    all.extend(plain("stop_gradient", &[(Bool, Domain::Truth)], Bool));
    all
}

fn binary() -> Vec<Case> {
    use Domain::{Apart, Is, Real, Truth, Whole};
    let mut all = vec![];
    let mut two =
        |name: &str, dtype: DType, a: Domain, b: Domain| all.extend(plain(name, &[(dtype, a), (dtype, b)], dtype));
    for name in ["add", "subtract"] {
        two(name, F32, Real(-2.0, 2.0), Real(-2.0, 2.0));
        two(name, I32, Whole(-BIG, BIG), Whole(-BIG, BIG));
        two(name, U32, Whole(0, WORD), Whole(0, WORD));
    }
    two("multiply", F32, Real(-2.0, 2.0), Real(-2.0, 2.0));
    two(
        "multiply",
        I32,
        Whole(-90_000_000, 90_000_000),
        Whole(-90_000_000, 90_000_000),
    ); // wraps; products stay below 2⁵³
    two("multiply", U32, Whole(0, 90_000_000), Whole(0, 90_000_000));
    two("divide", F32, Real(-2.0, 2.0), Real(0.5, 2.0));
    two("power", F32, Real(0.3, 2.0), Real(-2.0, 2.0));
    two("power", I32, Whole(-4, 4), Whole(0, 6));
    two("power", U32, Whole(0, 9), Whole(0, 9));
    for name in ["maximum", "minimum"] {
        two(name, F32, Apart(0.0), Apart(0.05));
        two(name, I32, Whole(-BIG, BIG), Whole(-BIG, BIG));
        two(name, U32, Whole(0, WORD), Whole(0, WORD));
    }
    for name in ["floor_mod", "floor_divide"] {
        two(name, F32, ODD, Is(vec![0.7, -0.7])); // 0.1·k + 0.05 is no multiple of 0.7
        two(
            name,
            I32,
            Whole(-BIG, BIG),
            Is(vec![7.0, -7.0, 1.0, -1.0, 65_536.0, -3.0]),
        );
        two(name, U32, Whole(0, WORD), Whole(1, WORD));
    }
    two("fmod", F32, ODD, Is(vec![0.7, -0.7]));
    two("arctan2", F32, Real(-2.0, 2.0), Real(0.2, 2.0));
    two("arctan2", F32, Real(0.2, 2.0), Real(-2.0, 2.0));
    for name in ["logical_and", "logical_or", "logical_xor"] {
        two(name, Bool, Truth, Truth);
    }
    for name in ["bitwise_and", "bitwise_or", "bitwise_xor"] {
        two(name, I32, Whole(-BIG, BIG), Whole(-BIG, BIG));
        two(name, U32, Whole(0, WORD), Whole(0, WORD));
        two(name, Bool, Truth, Truth);
    }
    for name in ["left_shift", "right_shift"] {
        two(name, I32, Whole(-BIG, BIG), Whole(0, 40));
        two(name, U32, Whole(0, WORD), Whole(0, 40));
    }
    for name in ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"] {
        for (dtype, low, high) in [(F32, -2, 2), (I32, -2, 2), (U32, WORD - 2, WORD), (Bool, 0, 1)] {
            all.extend(plain(
                name,
                &[(dtype, Whole(low, high)), (dtype, Whole(low, high))],
                Bool,
            ));
        }
        all.extend(plain(
            name,
            &[(F32, Is(vec![f64::NAN, 1.0])), (F32, Is(vec![1.0, f64::NAN, 1.0]))],
            Bool,
        ));
    }
    all.extend(plain(
        "fma",
        &[(F32, Real(-2.0, 2.0)), (F32, Real(-2.0, 2.0)), (F32, Real(-2.0, 2.0))],
        F32,
    ));
    all.extend(plain(
        "select",
        &[(Bool, Truth), (F32, Real(-2.0, 2.0)), (F32, Real(-2.0, 2.0))],
        F32,
    ));
    all.extend(plain(
        "select",
        &[(Bool, Truth), (I32, Whole(-BIG, BIG)), (I32, Whole(-BIG, BIG))],
        I32,
    ));
    all
}

fn casts() -> Vec<Case> {
    let domain = |dtype| match dtype {
        F32 => ODD,
        I32 => Domain::Whole(-BIG, BIG),
        U32 => Domain::Whole(0, WORD),
        Bool => Domain::Truth,
    };
    let mut all = vec![];
    for from in DType::ALL {
        for to in DType::ALL {
            let into = match (from, to) {
                (F32, U32) => Domain::Real(0.1, 3e6),
                _ => domain(from),
            };
            all.extend(map("cast", &[(from, into)], to, ints(&[to.code() as i64])));
        }
    }
    let edges = [
        f64::NAN,
        f64::INFINITY,
        -f64::INFINITY,
        2147483648.0,
        -2147483648.0,
        3e9,
        -3e9,
        -0.9,
    ];
    all.push(Case::new(
        "cast",
        vec![is(&[8], F32, &edges)],
        ints(&[1]),
        vec![ty(&[8], I32)],
    ));
    for (from, to) in [(F32, I32), (F32, U32), (I32, F32), (U32, I32), (I32, U32)] {
        // bits of ordinary floats, so that the way back has no NaN
        let into = if to == F32 {
            Domain::Whole(0x3f00_0000, 0x4100_0000)
        } else {
            domain(from)
        };
        all.extend(map("bitcast", &[(from, into)], to, ints(&[to.code() as i64])));
    }
    all
}
