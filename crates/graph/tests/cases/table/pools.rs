//! Cases of pooling: one to three axes, padding at both ends, overlapping windows and gaps, odd channels, empty batches.

use super::*;
use crate::cases::{apart, real};

/// Spatial sizes with `window, stride, pad_lo, pad_hi` of each axis.
const SPECS: [&[(usize, [i64; 4])]; 17] = [
    &[(4, [2, 2, 0, 0])],
    &[(5, [2, 2, 0, 1])],
    &[(7, [3, 1, 1, 1])],
    &[(3, [2, 5, 0, 0])], // a stride larger than the input
    &[(9, [2, 3, 0, 0])], // gaps between windows
    &[(1, [1, 1, 0, 0])],
    &[(1, [3, 1, 1, 1])],
    &[(2, [1, 1, 2, 0])], // windows of padding alone
    &[(0, [2, 1, 1, 1])],
    &[(4, [2, 2, 0, 0]), (6, [2, 2, 0, 0])],
    &[(5, [2, 2, 0, 0]), (5, [2, 2, 0, 0])], // cells that no window covers
    &[(3, [2, 2, 0, 1]), (5, [2, 2, 0, 1])],
    &[(5, [3, 2, 1, 1]), (4, [3, 2, 0, 1])], // overlapping
    &[(3, [2, 1, 0, 0]), (4, [2, 1, 0, 0])],
    &[(6, [3, 3, 0, 0]), (4, [1, 1, 0, 0])],
    &[(3, [2, 2, 0, 1]), (4, [2, 2, 0, 0]), (2, [2, 2, 0, 0])],
    &[(3, [3, 1, 1, 1]), (2, [2, 1, 0, 1]), (3, [2, 2, 1, 1])],
];

pub fn pools() -> Vec<Case> {
    let mut all = vec![];
    for (k, spec) in SPECS.into_iter().enumerate() {
        for (batch, channels) in [
            (1, [1, 3, 4, 5, 17][k % 5]),
            (2, [17, 4, 3, 1, 5][k % 5]),
            (0, 3),
            (1, 0),
        ] {
            all.extend(pools_of(spec, batch, channels));
        }
    }
    all
}

fn pools_of(spec: &[(usize, [i64; 4])], batch: usize, channels: usize) -> Vec<Case> {
    let array = |sizes: Vec<usize>| [&[batch], &sizes[..], &[channels]].concat();
    let full = array(spec.iter().map(|&(s, _)| s).collect());
    let pooled = array(
        spec.iter()
            .map(|&(s, [window, stride, lo, hi])| ((s as i64 + lo + hi - window) / stride + 1) as usize)
            .collect(),
    );
    let attrs = || Attrs::ints(spec.iter().flat_map(|&(_, ints)| ints));
    let sized = || Attrs::ints(spec.iter().flat_map(|&(s, ints)| ints.into_iter().chain([s as i64])));
    let over = |ints: Attrs| Attrs {
        floats: vec![3.0],
        ..ints
    };
    let (x, t, g) = (
        || apart(&full, 0.05),
        || real(&full, -2.0, 2.0),
        || real(&pooled, -2.0, 2.0),
    );
    // A window without cells is −∞: nothing to take differences of.
    let padding_alone = (spec.iter()).any(|&(s, [window, _, lo, hi])| s == 0 || lo >= window || hi >= window);
    let negative = || Operand {
        domain: Domain::Apart(-1000.0),
        ..x()
    };
    // Ties, both zeros, infinities and NaN: decisions, not slopes.
    let special = || {
        let values = [
            1.0,
            f64::NEG_INFINITY,
            -0.0,
            0.0,
            1.0,
            -3.0,
            f64::NAN,
            f64::INFINITY,
            1.0,
            2.0,
        ];
        is(&full, F32, &values)
    };
    let (like_x, like_y) = (vec![ty(&full, F32)], vec![ty(&pooled, F32)]);
    vec![
        Case {
            smooth: !padding_alone,
            ..Case::new("max_pool", vec![x()], attrs(), like_y.clone())
        },
        Case::new("max_pool", vec![negative()], attrs(), like_y.clone()).rough(),
        Case::new("max_pool", vec![special()], attrs(), like_y.clone()).rough(),
        Case::new("max_pool_pick", vec![x(), t()], attrs(), like_y.clone()),
        Case::new("max_pool_pick", vec![special(), t()], attrs(), like_y.clone()).rough(),
        Case::new("max_pool_spread", vec![x(), g()], attrs(), like_x.clone()),
        Case::new("max_pool_spread", vec![special(), g()], attrs(), like_x.clone()).rough(),
        Case::new("sum_pool", vec![t()], attrs(), like_y.clone()),
        Case::new("sum_pool", vec![t()], over(attrs()), like_y),
        Case::new("sum_pool_spread", vec![g()], sized(), like_x.clone()),
        Case::new("sum_pool_spread", vec![g()], over(sized()), like_x),
    ]
}
