//! Fast ops: one kernel each that equals a composition, there because a benchmark shows the gain. Authors of layers and optimizers call
//! them; nothing looks for the pattern.

use crate::dtype::DType::F32;
use crate::graph::Type;
use crate::op::{Algebra, Call, CallDef, Coerce, Geometry, Infer, Kernel, Kind, OpDef, Reads, Units, Vjp};
use crate::ops::{index::rows_of, reduce};
use crate::shape::numel;
use keratin_kernels::fast;

pub static ROWS: &[&OpDef] = &[&SOFTMAX, &LOG_SOFTMAX, &ADAM, &MOMENTS];

type RowsFn = unsafe fn(*mut f32, *const f32, usize, usize);

fn rows(i: &Infer) -> Result<Vec<Type>, crate::Error> {
    i.dtype(0, &[F32])?;
    if i.inputs[0].shape.is_empty() {
        return Err(i.shape("a tensor with at least one axis", 0));
    }
    Ok(vec![i.inputs[0].clone()])
}
fn run_rows(c: &Call, f: RowsFn) {
    let (_, n) = rows_of(c.inputs[0].shape);
    // SAFETY: rows from..to of operand and result, which are the same array or disjoint.
    unsafe {
        f(
            c.outputs[0].cast::<f32>().add(c.from * n),
            c.inputs[0].ptr.cast::<f32>().add(c.from * n),
            c.to - c.from,
            n,
        )
    }
}
fn row_units(g: &Geometry) -> Units {
    let (count, n) = rows_of(&g.inputs[0].shape);
    Units {
        count,
        words: n,
        cost: 2.0 * n as f32,
        grain: 16,
        coarse: false,
    }
}

/// exp(x − max) / Σ over the last axis.
pub static SOFTMAX: OpDef = OpDef {
    name: "softmax",
    kind: Kind::Fast,
    arity: Some(1),
    coerce: Coerce::Float,
    infer: rows,
    vjp: Vjp::Rule(|r| {
        let (y, g, last) = (r.y(), r.g(), r.y().ndim() - 1);
        let mut kept = y.shape();
        kept[last] = 1;
        let mean = (g * y).sum(&[last]).reshape(&kept);
        vec![Some((g - mean) * y)]
    }),
    reads: Reads::Output,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| run_rows(c, fast::softmax_rows),
        units: row_units,
        workspace: |_| 0,
        strided: false,
        in_place: &[(0, 0)],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| {
        r.rows(|x| {
            let m = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let s: f64 = x.iter().map(|v| (v - m).exp()).sum();
            x.iter().map(|v| (v - m).exp() / s).collect()
        })
    },
};

/// x − max − ln Σ exp(x − max) over the last axis.
pub static LOG_SOFTMAX: OpDef = OpDef {
    name: "log_softmax",
    kind: Kind::Fast,
    arity: Some(1),
    coerce: Coerce::Float,
    infer: rows,
    vjp: Vjp::Rule(|r| {
        let (y, g, last) = (r.y(), r.g(), r.y().ndim() - 1);
        let mut kept = y.shape();
        kept[last] = 1;
        vec![Some(g - y.exp() * g.sum(&[last]).reshape(&kept))]
    }),
    reads: Reads::Output,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| run_rows(c, fast::log_softmax_rows),
        units: row_units,
        workspace: |_| 0,
        strided: false,
        in_place: &[(0, 0)],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| {
        r.rows(|x| {
            let m = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let s: f64 = x.iter().map(|v| (v - m).exp()).sum();
            x.iter().map(|v| v - m - s.ln()).collect()
        })
    },
};

/// One Adam update: `w, g, m, v, α → w', m', v'` with m' = m + (g − m)(1 − β₁), v' = v + (g² − v)(1 − β₂), w' = w − m'·α/(√v' + ε).
/// floats: 1 − β₁, 1 − β₂, ε. Bit-equal to the composition.
pub static ADAM: OpDef = OpDef {
    name: "adam",
    kind: Kind::Fast,
    arity: Some(5),
    coerce: Coerce::Keep,
    infer: |i| {
        let w = i.inputs[0];
        for k in 0..4 {
            i.dtype(k, &[F32])?;
            if i.inputs[k].shape != w.shape {
                return Err(i.shape(format!("{:?}, as the weight", w.shape), k));
            }
        }
        if !i.inputs[4].shape.is_empty() || i.attrs.floats.len() != 3 {
            return Err(i.shape("a scalar step size", 4));
        }
        Ok(vec![w.clone(), w.clone(), w.clone()])
    },
    vjp: Vjp::Zero,
    reads: Reads::Nothing,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            let f = &c.attrs.floats;
            let at = |i: usize| c.inputs[i].ptr.cast::<f32>();
            let to = |i: usize| c.outputs[i].cast::<f32>();
            // SAFETY: elements from..to of four operands and three results, each of which is its operand or disjoint.
            unsafe {
                let alpha = *at(4);
                let src = [0, 1, 2, 3].map(|i| at(i).add(c.from));
                let dst = [0, 1, 2].map(|i| to(i).add(c.from));
                fast::adam(c.to - c.from, dst, src, alpha, f[0], f[1], f[2]);
            }
        },
        units: |g| Units {
            count: numel(&g.inputs[0].shape),
            words: 1,
            cost: 0.8,
            grain: 64,
            coarse: false,
        },
        workspace: |_| 0,
        strided: false,
        in_place: &[(0, 0), (1, 2), (2, 3)],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| {
        let (rate1, rate2, eps) = (
            r.attrs.floats[0] as f64,
            r.attrs.floats[1] as f64,
            r.attrs.floats[2] as f64,
        );
        let alpha = r.inputs[4].first().copied().unwrap();
        let m = r.inputs[2] + &((r.inputs[1] - r.inputs[2]) * rate1);
        let v = r.inputs[3] + &((&(r.inputs[1] * r.inputs[1]) - r.inputs[3]) * rate2);
        let w = r.inputs[0] - &(&m * alpha / (v.mapv(f64::sqrt) + eps));
        vec![w, m, v]
    },
};

/// `x → mean, variance` over axes `ints[0]..ints[1]`, which disappear: Σx / n and Σ(x − mean)² / n. Of nothing they are NaN.
///
/// The derivative of the variance needs no sum over the axes, since Σ(x − mean) = 0; as a composition it would take one more pass.
pub static MOMENTS: OpDef = OpDef {
    name: "moments",
    kind: Kind::Fast,
    arity: Some(1),
    coerce: Coerce::Float,
    infer: |i| {
        i.dtype(0, &[F32])?;
        let (from, to) = reduce::range(i)?;
        let shape = &i.inputs[0].shape;
        Ok(vec![
            Type {
                shape: [&shape[..from], &shape[to..]].concat(),
                dtype: F32,
            };
            2
        ])
    },
    vjp: Vjp::Rule(|r| {
        let (from, to) = (r.attrs.ints[0] as usize, r.attrs.ints[1] as usize);
        let n = numel(&r.x(0).shape()[from..to]) as f32;
        // d mean/dx = 1/n, d variance/dx = 2 (x − mean)/n
        let by_mean = r.cotangents[0].map(|g| reduce::spread(r, g / n));
        let by_variance =
            r.cotangents[1].map(|g| (r.x(0) - reduce::spread(r, r.y())) * reduce::spread(r, g * (2.0 / n)));
        vec![match (by_mean, by_variance) {
            (Some(a), Some(b)) => Some(b + a),
            (a, b) => a.or(b),
        }]
    }),
    reads: Reads::Both,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            let (_, n, inner) = reduce::split(c.inputs[0].shape, c.attrs.ints[0] as usize, c.attrs.ints[1] as usize);
            // SAFETY: the operand and both results have the sizes that their types say.
            unsafe {
                let [mean, variance] = [0, 1].map(|k| c.outputs[k].cast());
                keratin_kernels::reduce::moments(mean, variance, c.inputs[0].ptr.cast(), n, inner, c.from, c.to);
            }
        },
        units: |g| {
            let (outer, n, inner) =
                reduce::split(&g.inputs[0].shape, g.attrs.ints[0] as usize, g.attrs.ints[1] as usize);
            Units {
                count: outer * inner,
                words: 1,
                cost: 0.4 * n as f32 + 2.0,
                grain: if inner > 1 { 16 } else { 1 },
                coarse: false,
            }
        },
        workspace: |_| 0,
        strided: false,
        in_place: &[],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| {
        let (from, to) = (r.attrs.ints[0] as usize, r.attrs.ints[1] as usize);
        let mean = |xs: &[f64]| xs.iter().sum::<f64>() / xs.len() as f64;
        let variance = |xs: &[f64]| xs.iter().map(|x| (x - mean(xs)).powi(2)).sum::<f64>() / xs.len() as f64;
        [r.reduce(from, to, mean), r.reduce(from, to, variance)].concat()
    },
};
