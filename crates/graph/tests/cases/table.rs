//! The table itself, in the order of `crates/graph/src/ops`.

use super::{Case, Domain, Operand, SIZES, apart, is, real, truth, whole};
use DType::{Bool, F32, I32, U32};
use keratin_graph::{Attrs, DType, Graph, Type};

/// Every case of every op.
pub fn cases() -> Vec<Case> {
    let groups = [sources(), unary(), binary(), casts(), reductions(), views(), products(), indices(), random(), scans(), fast()];
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
    let constant = Attrs { words: Some([1.5f32, -0.0, 7.0].map(f32::to_bits).into()), ..source_ints(&[0], &[3]) };
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
        let operands = operands.iter().map(|(dtype, domain)| Operand { ty: ty(&shape, *dtype), domain: domain.clone() });
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
        ("negative", Domain::Real(-2.0, 2.0)), ("abs", ODD), ("sign", ODD), ("square", Domain::Real(-2.0, 2.0)), ("floor", ODD),
        ("ceil", ODD), ("round", ODD), ("trunc", ODD), ("sqrt", Domain::Real(0.1, 4.0)), ("rsqrt", Domain::Real(0.1, 4.0)),
        ("reciprocal", Domain::Real(0.3, 3.0)), ("exp", Domain::Real(-3.0, 3.0)), ("expm1", Domain::Real(-3.0, 3.0)),
        ("log", Domain::Real(0.1, 5.0)), ("log1p", Domain::Real(-0.8, 3.0)), ("log2", Domain::Real(0.1, 5.0)),
        ("log10", Domain::Real(0.1, 5.0)), ("sin", Domain::Real(-6.0, 6.0)), ("cos", Domain::Real(-6.0, 6.0)),
        ("tan", Domain::Real(-1.2, 1.2)), ("arcsin", Domain::Real(-0.9, 0.9)), ("arccos", Domain::Real(-0.9, 0.9)),
        ("arctan", Domain::Real(-3.0, 3.0)), ("sinh", Domain::Real(-2.0, 2.0)), ("cosh", Domain::Real(-2.0, 2.0)),
        ("tanh", Domain::Real(-3.0, 3.0)), ("arcsinh", Domain::Real(-3.0, 3.0)), ("arccosh", Domain::Real(1.1, 4.0)),
        ("arctanh", Domain::Real(-0.9, 0.9)), ("sigmoid", Domain::Real(-5.0, 5.0)), ("softplus", Domain::Real(-5.0, 5.0)),
        ("erf", Domain::Real(-2.5, 2.5)), ("erfc", Domain::Real(-2.5, 2.5)),
    ];
    let special = Domain::Is(vec![0.0, f64::NAN, 1.0, f64::INFINITY, -2.5, f64::NEG_INFINITY, 3.0e38]);
    let mut all: Vec<Case> = float.into_iter().flat_map(|(name, domain)| plain(name, &[(F32, domain)], F32)).collect();
    all.extend(plain("erfinv", &[(F32, Domain::Real(-0.9, 0.9))], F32));
    all.extend(plain("relu", &[(F32, ODD)], F32));
    for name in ["negative", "abs", "sign", "square"] {
        let small = if name == "square" { 46_000 } else { BIG };
        all.extend(plain(name, &[(I32, Domain::Whole(-small, small))], I32));
        all.extend(plain(name, &[(U32, Domain::Whole(0, if name == "square" { 65_535 } else { WORD }))], U32));
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
    let mut two = |name: &str, dtype: DType, a: Domain, b: Domain| all.extend(plain(name, &[(dtype, a), (dtype, b)], dtype));
    for name in ["add", "subtract"] {
        two(name, F32, Real(-2.0, 2.0), Real(-2.0, 2.0));
        two(name, I32, Whole(-BIG, BIG), Whole(-BIG, BIG));
        two(name, U32, Whole(0, WORD), Whole(0, WORD));
    }
    two("multiply", F32, Real(-2.0, 2.0), Real(-2.0, 2.0));
    two("multiply", I32, Whole(-90_000_000, 90_000_000), Whole(-90_000_000, 90_000_000)); // wraps; products stay below 2⁵³
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
        two(name, I32, Whole(-BIG, BIG), Is(vec![7.0, -7.0, 1.0, -1.0, 65_536.0, -3.0]));
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
            all.extend(plain(name, &[(dtype, Whole(low, high)), (dtype, Whole(low, high))], Bool));
        }
        all.extend(plain(name, &[(F32, Is(vec![f64::NAN, 1.0])), (F32, Is(vec![1.0, f64::NAN, 1.0]))], Bool));
    }
    all.extend(plain("fma", &[(F32, Real(-2.0, 2.0)), (F32, Real(-2.0, 2.0)), (F32, Real(-2.0, 2.0))], F32));
    all.extend(plain("select", &[(Bool, Truth), (F32, Real(-2.0, 2.0)), (F32, Real(-2.0, 2.0))], F32));
    all.extend(plain("select", &[(Bool, Truth), (I32, Whole(-BIG, BIG)), (I32, Whole(-BIG, BIG))], I32));
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
    let edges = [f64::NAN, f64::INFINITY, -f64::INFINITY, 2147483648.0, -2147483648.0, 3e9, -3e9, -0.9];
    all.push(Case::new("cast", vec![is(&[8], F32, &edges)], ints(&[1]), vec![ty(&[8], I32)]));
    for (from, to) in [(F32, I32), (F32, U32), (I32, F32), (U32, I32), (I32, U32)] {
        // bits of ordinary floats, so that the way back has no NaN
        let into = if to == F32 { Domain::Whole(0x3f00_0000, 0x4100_0000) } else { domain(from) };
        all.extend(map("bitcast", &[(from, into)], to, ints(&[to.code() as i64])));
    }
    all
}

fn reductions() -> Vec<Case> {
    let shapes: Vec<(Vec<usize>, usize, usize)> = SIZES
        .iter()
        .map(|&n| (vec![n], 0, 1))
        .chain([(vec![3, 5, 4], 1, 2), (vec![17, 5], 0, 1), (vec![5, 17], 1, 2), (vec![2, 3, 4], 1, 3), (vec![2, 3, 4], 0, 3)])
        .chain([(vec![3, 4], 0, 0), (vec![3, 4], 2, 2), (vec![0, 3], 0, 1), (vec![3, 0], 0, 1), (vec![3, 0, 2], 0, 2), (vec![], 0, 0)])
        .collect();
    let mut all = vec![];
    for (shape, from, to) in &shapes {
        let kept = [&shape[..*from], &shape[*to..]].concat();
        let mut one = |name: &str, operand: Operand, gives: DType| {
            let case = Case::new(name, vec![operand], ints(&[*from as i64, *to as i64]), vec![ty(&kept, gives)]).within(1e-5);
            // the extreme of nothing is infinite
            let infinite = matches!(name, "max" | "min") && shape[*from..*to].contains(&0);
            all.push(if infinite { case.rough() } else { case });
        };
        for name in ["sum", "max", "min", "prod"] {
            one(name, if name == "prod" { real(shape, 0.5, 1.5) } else { apart(shape, 0.05) }, F32);
            one(name, if name == "prod" { is(shape, I32, &[2.0, -1.0, 1.0]) } else { whole(shape, I32, -BIG, BIG) }, I32);
        }
        one("sum", whole(shape, U32, 0, WORD), U32);
        one("prod", is(shape, U32, &[2.0, 1.0, 1.0]), U32);
        for name in ["all", "any"] {
            one(name, truth(shape), Bool);
            one(name, is(shape, Bool, &[if name == "all" { 1.0 } else { 0.0 }]), Bool);
        }
        if shape[*from..*to].iter().all(|&n| n > 0) {
            for name in ["argmax", "argmin"] {
                one(name, apart(shape, 0.0), I32);
                one(name, whole(shape, F32, -2, 2), I32); // ties
                one(name, is(shape, F32, &[1.0, 2.0, f64::NAN, 0.0, f64::NAN]), I32);
                one(name, whole(shape, I32, -2, 2), I32);
            }
        }
    }
    for (shape, axis) in SIZES.iter().map(|&n| (vec![n], 0)).chain([(vec![3, 5, 4], 1), (vec![17, 3], 0), (vec![3, 17], 1), (vec![2, 0], 0)]) {
        let mut one = |name: &str, operand: Operand| {
            let gives = operand.ty.clone();
            all.push(Case::new(name, vec![operand], ints(&[axis]), vec![gives]).within(1e-5));
        };
        one("cumsum", apart(&shape, 0.05));
        one("cumsum", whole(&shape, I32, -BIG, BIG));
        one("cumprod", real(&shape, 0.5, 1.5));
        one("cumprod", is(&shape, U32, &[2.0, 1.0, 1.0]));
    }
    all
}

fn views() -> Vec<Case> {
    let mut all = vec![];
    let mut one = |name: &str, from: &[usize], attrs: Attrs, to: &[usize]| {
        all.push(Case::new(name, vec![real(from, -2.0, 2.0)], attrs.clone(), vec![ty(to, F32)]));
        all.push(Case::new(name, vec![whole(from, I32, -BIG, BIG)], attrs, vec![ty(to, I32)]));
    };
    for (from, to) in [(&[6][..], &[2, 3][..]), (&[2, 3], &[3, 1, 2]), (&[1, 1], &[]), (&[], &[1]), (&[0, 3], &[5, 0])] {
        one("reshape", from, ints(&sizes(to)), to);
    }
    one("transpose", &[2, 3, 4], ints(&[2, 0, 1]), &[4, 2, 3]);
    one("transpose", &[17, 5], ints(&[1, 0]), &[5, 17]);
    one("transpose", &[0, 5], ints(&[1, 0]), &[5, 0]);
    one("transpose", &[], ints(&[]), &[]);
    for (from, to) in [(&[3, 1][..], &[2, 3, 5][..]), (&[], &[4]), (&[1], &[0]), (&[5], &[3, 5]), (&[2, 1, 3], &[2, 4, 3]), (&[1, 3], &[3])] {
        if from.len() <= to.len() {
            one("broadcast", from, ints(&sizes(to)), to);
        }
    }
    one("slice", &[5, 7], ints(&[1, 2, 2, 6, 3, -2]), &[2, 3]);
    one("slice", &[5], ints(&[4, 5, -1]), &[5]);
    one("slice", &[5, 3], ints(&[5, 0, 1, 0, 3, 1]), &[0, 3]);
    one("slice", &[0], ints(&[0, 0, -1]), &[0]);
    one("slice", &[65], ints(&[3, 17, 3]), &[17]);
    one("slice", &[3, 4], ints(&[2, 1, 1, 0, 4, 1]), &[1, 4]);
    let pad = |list: &[i64], fill: f32| Attrs { floats: vec![fill], ..ints(list) };
    one("pad", &[3, 4], pad(&[1, 0, 2, 0, 2, 0], 3.0), &[8, 6]);
    one("pad", &[0, 2], pad(&[1, 1, 3, 0, 0, 0], -1.0), &[2, 2]);
    one("pad", &[5], pad(&[0, 0, 0], 0.0), &[5]);
    one("pad", &[], pad(&[], 7.0), &[]);
    let parts = |dtype: DType, shapes: &[&[usize]]| -> Vec<Operand> {
        shapes.iter().map(|s| if dtype == F32 { real(s, -2.0, 2.0) } else { whole(s, dtype, 0, 1) }).collect()
    };
    for dtype in [F32, I32, Bool] {
        all.push(Case::new("concatenate", parts(dtype, &[&[2, 3], &[2, 1], &[2, 0]]), ints(&[1]), vec![ty(&[2, 4], dtype)]));
        all.push(Case::new("concatenate", parts(dtype, &[&[3, 5], &[1, 5]]), ints(&[0]), vec![ty(&[4, 5], dtype)]));
        all.push(Case::new("concatenate", parts(dtype, &[&[4]]), ints(&[0]), vec![ty(&[4], dtype)]));
    }
    all
}

fn products() -> Vec<Case> {
    let mut all = vec![];
    let sizes = [(3, 4, 5), (1, 17, 65), (17, 65, 1), (17, 5, 33), (1, 1, 1), (0, 3, 4), (3, 0, 4), (3, 4, 0), (5, 3, 17)];
    for batch in [None, Some(1), Some(3), Some(0)] {
        for (m, k, n) in if batch.is_none() { &sizes[..] } else { &sizes[..2] } {
            for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
                let shape = |r: usize, c: usize, transposed: bool| {
                    let matrix = if transposed { [c, r] } else { [r, c] };
                    batch.into_iter().chain(matrix).collect::<Vec<_>>()
                };
                let operands = vec![real(&shape(*m, *k, ta), -1.0, 1.0), real(&shape(*k, *n, tb), -1.0, 1.0)];
                all.push(Case::new("dot", operands, ints(&[ta as i64, tb as i64]), vec![ty(&shape(*m, *n, false), F32)]).within(1e-5));
            }
        }
    }
    all
}

fn indices() -> Vec<Case> {
    let mut all = vec![];
    for mode in 0..3 {
        for (table, index) in [(&[5, 3][..], &[2, 3][..]), (&[5, 3], &[0]), (&[17], &[5]), (&[4, 2, 2], &[]), (&[5, 0], &[3])] {
            let gives = [index, &table[1..]].concat();
            let inside = is(index, I32, &[0.0, 3.0, -1.0, 2.0, 2.0, -3.0]);
            let outside = is(index, I32, &[9.0, 1.0, -20.0, 2.0, 17.0]);
            let floats = |index| Case::new("gather", vec![real(table, -2.0, 2.0), index], ints(&[mode]), vec![ty(&gives, F32)]);
            all.push(floats(inside));
            // what mode 0 writes for an index outside is NaN
            all.push(if mode == 0 { floats(outside.clone()).rough() } else { floats(outside.clone()) });
            all.push(Case::new("gather", vec![whole(table, I32, -9, 9), outside], ints(&[mode]), vec![ty(&gives, I32)]));
        }
    }
    for (base, index) in [(&[5, 3][..], &[2, 3][..]), (&[5, 17], &[4]), (&[3], &[17]), (&[3, 2], &[0]), (&[0, 2], &[3]), (&[3, 0], &[3])] {
        let rows = [index, &base[1..]].concat();
        let at = is(index, I32, &[0.0, 2.0, 0.0, -1.0, 1.0, 9.0, -9.0]);
        all.push(Case::new("scatter_add", vec![real(base, -2.0, 2.0), at.clone(), real(&rows, -2.0, 2.0)], Attrs::default(), vec![ty(base, F32)]));
        all.push(Case::new("scatter_add", vec![whole(base, I32, -BIG, BIG), at, whole(&rows, I32, -BIG, BIG)], Attrs::default(), vec![ty(base, I32)]));
    }
    for shape in SIZES.iter().map(|&n| vec![n]).chain([vec![3, 5], vec![2, 3, 4], vec![3, 0], vec![2, 130]]) {
        let unordered = is(&shape, F32, &[1.0, -0.0, f64::NAN, 0.0, -3.0, f64::INFINITY, f64::NEG_INFINITY]);
        let operands = [apart(&shape, 0.0), whole(&shape, F32, -2, 2), unordered, whole(&shape, I32, -3, 3), whole(&shape, U32, 0, WORD)];
        all.extend(operands.map(|o| Case::new("argsort", vec![o], Attrs::default(), vec![ty(&shape, I32)])));
    }
    all
}

fn random() -> Vec<Case> {
    let key = || whole(&[2], U32, 0, WORD);
    let mut all = vec![];
    for shape in SIZES.iter().map(|&n| vec![n]).chain([vec![3, 5], vec![], vec![600]]) {
        all.push(Case::new("random_bits", vec![key()], ints(&sizes(&shape)), vec![ty(&shape, U32)]));
    }
    for n in SIZES {
        all.push(Case::new("random_split", vec![key()], ints(&[n as i64]), vec![ty(&[n, 2], U32)]));
    }
    let bits = [(U32, Domain::Whole(0, WORD))];
    all.extend(map("bits_to_uniform", &bits, F32, Attrs::floats([-0.05, 0.05])));
    all.extend(plain("bits_to_normal", &bits, F32));
    all.extend(plain("bits_to_truncated_normal", &bits, F32));
    all.extend(plain("bits_to_gumbel", &bits, F32));
    all.extend(map("bits_keep", &bits, Bool, Attrs::floats([0.8])));
    all
}

/// `[w: f32[2]], [h: f32[2], n: i32[]], [x: f32[2]] → [tanh(h·w + x), n + 1], [h·x, n]`: each kind of operand, and a carry of integers.
fn scans() -> Vec<Case> {
    let mut all = vec![];
    for steps in [0, 1, 3, 17] {
        for reverse in [0, 1] {
            let body = Graph::new();
            let (w, h, n, x) = (body.input(0, [2], F32), body.input(1, [2], F32), body.input(2, [], I32), body.input(3, [2], F32));
            let next = (h * w + x).map(&keratin_graph::ops::unary::TANH);
            let outputs = vec![next.id, (n + n.like(1.0)).id, (h * x).id, n.id];
            let ids = vec![w.id, h.id, n.id, x.id];
            let attrs = Attrs { body: Some(body.into_body(ids, outputs)), ..ints(&[1, 2, steps as i64, reverse]) };
            let operands = vec![real(&[2], -1.0, 1.0), real(&[2], -1.0, 1.0), whole(&[], I32, -5, 5), real(&[steps, 2], -1.0, 1.0)];
            let gives = vec![ty(&[2], F32), ty(&[], I32), ty(&[steps, 2], F32), ty(&[steps], I32)];
            all.push(Case::new("scan", operands, attrs, gives));
        }
    }
    all
}

fn fast() -> Vec<Case> {
    let mut all = vec![];
    for shape in SIZES.iter().map(|&n| vec![n]).chain([vec![3, 5], vec![17, 10], vec![2, 3, 65], vec![0, 4], vec![3, 1]]) {
        for name in ["softmax", "log_softmax"] {
            all.push(Case::new(name, vec![real(&shape, -3.0, 3.0)], Attrs::default(), vec![ty(&shape, F32)]));
        }
        let operands = vec![real(&shape, -1.0, 1.0), real(&shape, -1.0, 1.0), real(&shape, -0.1, 0.1), real(&shape, 0.0, 0.1), real(&[], 0.001, 0.01)];
        all.push(Case::new("adam", operands, Attrs::floats([0.1, 0.001, 1e-7]), vec![ty(&shape, F32); 3]));
    }
    all
}
