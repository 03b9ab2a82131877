//! The second half of the table: ops with axes, indices, keys or bodies.

use super::super::{Case, Domain, Operand, SIZES, apart, is, real, truth, whole};
use super::{BIG, WORD, ints, map, plain, sizes, ty};
use DType::{Bool, F32, I32, U32};
use keratin_graph::{Attrs, DType, Graph};

pub fn reductions() -> Vec<Case> {
    let shapes: Vec<(Vec<usize>, usize, usize)> = SIZES
        .iter()
        .map(|&n| (vec![n], 0, 1))
        .chain([
            (vec![3, 5, 4], 1, 2),
            (vec![17, 5], 0, 1),
            (vec![5, 17], 1, 2),
            (vec![2, 3, 4], 1, 3),
            (vec![2, 3, 4], 0, 3),
        ])
        .chain([
            (vec![3, 4], 0, 0),
            (vec![3, 4], 2, 2),
            (vec![0, 3], 0, 1),
            (vec![3, 0], 0, 1),
            (vec![3, 0, 2], 0, 2),
            (vec![], 0, 0),
        ])
        .collect();
    let mut all = vec![];
    for (shape, from, to) in &shapes {
        let kept = [&shape[..*from], &shape[*to..]].concat();
        let mut one = |name: &str, operand: Operand, gives: DType| {
            let case = Case::new(
                name,
                vec![operand],
                ints(&[*from as i64, *to as i64]),
                vec![ty(&kept, gives)],
            )
            .within(1e-5);
            // the extreme of nothing is infinite
            let infinite = matches!(name, "max" | "min") && shape[*from..*to].contains(&0);
            all.push(if infinite { case.rough() } else { case });
        };
        for name in ["sum", "max", "min", "prod"] {
            one(
                name,
                if name == "prod" {
                    real(shape, 0.5, 1.5)
                } else {
                    apart(shape, 0.05)
                },
                F32,
            );
            one(
                name,
                if name == "prod" {
                    is(shape, I32, &[2.0, -1.0, 1.0])
                } else {
                    whole(shape, I32, -BIG, BIG)
                },
                I32,
            );
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
    for (shape, axis) in SIZES.iter().map(|&n| (vec![n], 0)).chain([
        (vec![3, 5, 4], 1),
        (vec![17, 3], 0),
        (vec![3, 17], 1),
        (vec![2, 0], 0),
    ]) {
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

pub fn views() -> Vec<Case> {
    let mut all = vec![];
    let mut one = |name: &str, from: &[usize], attrs: Attrs, to: &[usize]| {
        all.push(Case::new(
            name,
            vec![real(from, -2.0, 2.0)],
            attrs.clone(),
            vec![ty(to, F32)],
        ));
        all.push(Case::new(
            name,
            vec![whole(from, I32, -BIG, BIG)],
            attrs,
            vec![ty(to, I32)],
        ));
    };
    for (from, to) in [
        (&[6][..], &[2, 3][..]),
        (&[2, 3], &[3, 1, 2]),
        (&[1, 1], &[]),
        (&[], &[1]),
        (&[0, 3], &[5, 0]),
    ] {
        one("reshape", from, ints(&sizes(to)), to);
    }
    one("transpose", &[2, 3, 4], ints(&[2, 0, 1]), &[4, 2, 3]);
    one("transpose", &[17, 5], ints(&[1, 0]), &[5, 17]);
    one("transpose", &[0, 5], ints(&[1, 0]), &[5, 0]);
    one("transpose", &[], ints(&[]), &[]);
    for (from, to) in [
        (&[3, 1][..], &[2, 3, 5][..]),
        (&[], &[4]),
        (&[1], &[0]),
        (&[5], &[3, 5]),
        (&[2, 1, 3], &[2, 4, 3]),
        (&[1, 3], &[3]),
    ] {
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
    let pad = |list: &[i64], fill: f32| Attrs {
        floats: vec![fill],
        ..ints(list)
    };
    one("pad", &[3, 4], pad(&[1, 0, 2, 0, 2, 0], 3.0), &[8, 6]);
    one("pad", &[0, 2], pad(&[1, 1, 3, 0, 0, 0], -1.0), &[2, 2]);
    one("pad", &[5], pad(&[0, 0, 0], 0.0), &[5]);
    one("pad", &[], pad(&[], 7.0), &[]);
    let parts = |dtype: DType, shapes: &[&[usize]]| -> Vec<Operand> {
        shapes
            .iter()
            .map(|s| {
                if dtype == F32 {
                    real(s, -2.0, 2.0)
                } else {
                    whole(s, dtype, 0, 1)
                }
            })
            .collect()
    };
    for dtype in [F32, I32, Bool] {
        all.push(Case::new(
            "concatenate",
            parts(dtype, &[&[2, 3], &[2, 1], &[2, 0]]),
            ints(&[1]),
            vec![ty(&[2, 4], dtype)],
        ));
        all.push(Case::new(
            "concatenate",
            parts(dtype, &[&[3, 5], &[1, 5]]),
            ints(&[0]),
            vec![ty(&[4, 5], dtype)],
        ));
        all.push(Case::new(
            "concatenate",
            parts(dtype, &[&[4]]),
            ints(&[0]),
            vec![ty(&[4], dtype)],
        ));
    }
    all
}

pub fn products() -> Vec<Case> {
    let mut all = vec![];
    let sizes = [
        (3, 4, 5),
        (1, 17, 65),
        (17, 65, 1),
        (17, 5, 33),
        (1, 1, 1),
        (0, 3, 4),
        (3, 0, 4),
        (3, 4, 0),
        (5, 3, 17),
    ];
    for batch in [None, Some(1), Some(3), Some(0)] {
        for (m, k, n) in if batch.is_none() { &sizes[..] } else { &sizes[..2] } {
            for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
                let shape = |r: usize, c: usize, transposed: bool| {
                    let matrix = if transposed { [c, r] } else { [r, c] };
                    batch.into_iter().chain(matrix).collect::<Vec<_>>()
                };
                let operands = vec![real(&shape(*m, *k, ta), -1.0, 1.0), real(&shape(*k, *n, tb), -1.0, 1.0)];
                all.push(
                    Case::new(
                        "dot",
                        operands,
                        ints(&[ta as i64, tb as i64]),
                        vec![ty(&shape(*m, *n, false), F32)],
                    )
                    .within(1e-5),
                );
            }
        }
    }
    all
}

pub fn indices() -> Vec<Case> {
    let mut all = vec![];
    for mode in 0..3 {
        for (table, index) in [
            (&[5, 3][..], &[2, 3][..]),
            (&[5, 3], &[0]),
            (&[17], &[5]),
            (&[4, 2, 2], &[]),
            (&[5, 0], &[3]),
        ] {
            let gives = [index, &table[1..]].concat();
            let inside = is(index, I32, &[0.0, 3.0, -1.0, 2.0, 2.0, -3.0]);
            let outside = is(index, I32, &[9.0, 1.0, -20.0, 2.0, 17.0]);
            let floats = |index| {
                Case::new(
                    "gather",
                    vec![real(table, -2.0, 2.0), index],
                    ints(&[mode]),
                    vec![ty(&gives, F32)],
                )
            };
            all.push(floats(inside));
            // what mode 0 writes for an index outside is NaN
            all.push(if mode == 0 {
                floats(outside.clone()).rough()
            } else {
                floats(outside.clone())
            });
            all.push(Case::new(
                "gather",
                vec![whole(table, I32, -9, 9), outside],
                ints(&[mode]),
                vec![ty(&gives, I32)],
            ));
        }
    }
    for (base, index) in [
        (&[5, 3][..], &[2, 3][..]),
        (&[5, 17], &[4]),
        (&[3], &[17]),
        (&[3, 2], &[0]),
        (&[0, 2], &[3]),
        (&[3, 0], &[3]),
    ] {
        let rows = [index, &base[1..]].concat();
        let at = is(index, I32, &[0.0, 2.0, 0.0, -1.0, 1.0, 9.0, -9.0]);
        for name in ["scatter_add", "scatter_set"] {
            for mode in [&[][..], &[1]] {
                for dtype in [F32, I32] {
                    let operand = |shape: &[usize]| match dtype {
                        F32 => real(shape, -2.0, 2.0),
                        _ => whole(shape, I32, -BIG, BIG),
                    };
                    let operands = vec![operand(base), at.clone(), operand(&rows)];
                    all.push(Case::new(name, operands, ints(mode), vec![ty(base, dtype)]));
                }
            }
        }
    }
    for (index, rows) in [
        (&[2, 3][..], 5),
        (&[17], 3),
        (&[65], 1000),
        (&[4], 0),
        (&[0], 3),
        (&[], 2),
    ] {
        let n = index.iter().product();
        let operands = [
            is(index, I32, &[0.0, 2.0, 0.0, -1.0, 1.0, 9.0, -9.0, 4.0]),
            whole(index, I32, -BIG, BIG),
            whole(index, I32, -3, 3),
        ];
        for o in operands {
            for attrs in [ints(&[rows]), ints(&[rows, 1])] {
                let gives = vec![ty(index, I32), ty(&[n], I32)];
                all.push(Case::new("distinct", vec![o.clone()], attrs, gives));
            }
        }
    }
    for shape in SIZES
        .iter()
        .map(|&n| vec![n])
        .chain([vec![3, 5], vec![2, 3, 4], vec![3, 0], vec![2, 130]])
    {
        let unordered = is(
            &shape,
            F32,
            &[1.0, -0.0, f64::NAN, 0.0, -3.0, f64::INFINITY, f64::NEG_INFINITY],
        );
        let operands = [
            apart(&shape, 0.0),
            whole(&shape, F32, -2, 2),
            unordered,
            whole(&shape, I32, -3, 3),
            whole(&shape, U32, 0, WORD),
        ];
        all.extend(operands.map(|o| Case::new("argsort", vec![o], Attrs::default(), vec![ty(&shape, I32)])));
    }
    all
}

pub fn random() -> Vec<Case> {
    let key = || whole(&[2], U32, 0, WORD);
    let mut all = vec![];
    for shape in SIZES.iter().map(|&n| vec![n]).chain([vec![3, 5], vec![], vec![600]]) {
        all.push(Case::new(
            "random_bits",
            vec![key()],
            ints(&sizes(&shape)),
            vec![ty(&shape, U32)],
        ));
    }
    for n in SIZES {
        all.push(Case::new(
            "random_split",
            vec![key()],
            ints(&[n as i64]),
            vec![ty(&[n, 2], U32)],
        ));
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
pub fn scans() -> Vec<Case> {
    let mut all = vec![];
    for steps in [0, 1, 3, 17] {
        for reverse in [0, 1] {
            let body = Graph::new();
            let (w, h, n, x) = (
                body.input(0, [2], F32),
                body.input(1, [2], F32),
                body.input(2, [], I32),
                body.input(3, [2], F32),
            );
            let next = (h * w + x).map(&keratin_graph::ops::unary::TANH);
            let outputs = vec![next.id, (n + n.like(1.0)).id, (h * x).id, n.id];
            let ids = vec![w.id, h.id, n.id, x.id];
            let attrs = Attrs {
                body: Some(body.into_body(ids, outputs)),
                ..ints(&[1, 2, steps as i64, reverse])
            };
            let operands = vec![
                real(&[2], -1.0, 1.0),
                real(&[2], -1.0, 1.0),
                whole(&[], I32, -5, 5),
                real(&[steps, 2], -1.0, 1.0),
            ];
            let gives = vec![ty(&[2], F32), ty(&[], I32), ty(&[steps, 2], F32), ty(&[steps], I32)];
            all.push(Case::new("scan", operands, attrs, gives));
        }
    }
    all
}

pub fn fast() -> Vec<Case> {
    let mut all = vec![];
    for shape in
        SIZES
            .iter()
            .map(|&n| vec![n])
            .chain([vec![3, 5], vec![17, 10], vec![2, 3, 65], vec![0, 4], vec![3, 1]])
    {
        for name in ["softmax", "log_softmax"] {
            all.push(Case::new(
                name,
                vec![real(&shape, -3.0, 3.0)],
                Attrs::default(),
                vec![ty(&shape, F32)],
            ));
        }
        for from in 0..shape.len() {
            for to in from..=shape.len() {
                let kept = [&shape[..from], &shape[to..]].concat();
                let empty = keratin_graph::numel(&shape[from..to]) == 0;
                all.push(Case {
                    smooth: !empty, // of nothing they are NaN
                    ..Case::new(
                        "moments",
                        vec![real(&shape, -2.0, 2.0)],
                        ints(&[from as i64, to as i64]),
                        vec![ty(&kept, F32); 2],
                    )
                });
            }
        }
        for from in 0..=shape.len() {
            for centred in [0, 1] {
                let rows = ty(&shape[..from], F32);
                let attrs = ints(&[from as i64, shape.len() as i64, centred]);
                let smooth = keratin_graph::numel(&shape[from..]) > 0; // of nothing it is NaN
                let results = vec![ty(&shape, F32), rows.clone()];
                all.push(Case {
                    smooth,
                    ..Case::new(
                        "normalize",
                        vec![real(&shape, -2.0, 2.0)],
                        Attrs {
                            floats: vec![0.1],
                            ..attrs.clone()
                        },
                        results,
                    )
                });
                let operands = vec![
                    real(&shape, -2.0, 2.0),
                    real(&rows.shape, 0.5, 2.0),
                    real(&shape, -1.0, 1.0),
                ];
                all.push(Case {
                    smooth,
                    ..Case::new("normalize_pull", operands, attrs, vec![ty(&shape, F32)])
                });
            }
        }
        let operands = vec![
            real(&shape, -1.0, 1.0),
            real(&shape, -1.0, 1.0),
            real(&shape, -0.1, 0.1),
            real(&shape, 0.0, 0.1),
            real(&[], 0.001, 0.01),
        ];
        all.push(Case::new(
            "adam",
            operands,
            Attrs::floats([0.1, 0.001, 1e-7]),
            vec![ty(&shape, F32); 3],
        ));
    }
    all
}
