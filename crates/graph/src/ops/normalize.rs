//! Normalization of rows, and what its derivative is made of.
//!
//! Both rows have ints: axes `from..to`, where `to` is the end (of all a row is made of; those before count rows), and 1 if the mean is
//! taken away, 0 if it counts as 0 (root mean square).

use crate::dtype::DType::F32;
use crate::error::Error;
use crate::graph::Type;
use crate::op::{Algebra, Attrs, Call, CallDef, Coerce, Geometry, Infer, Kernel, Kind, OpDef, Reads, Rule, Units, Vjp};
use crate::ops::reduce;
use crate::shape::numel;
use crate::tensor::Tensor;
use keratin_kernels::reduce::{normalize, normalize_pull};

pub static ROWS: &[&OpDef] = &[&NORMALIZE, &NORMALIZE_PULL];

/// The type of a row-wise scale.
fn scale_of(i: &Infer) -> Result<Type, Error> {
    let (from, to) = reduce::range(i)?;
    i.int(2)?;
    let shape = &i.inputs[0].shape;
    if to != shape.len() {
        return Err(i.bad("rows are the last axes"));
    }
    i.dtype(0, &[F32])?;
    Ok(Type {
        shape: shape[..from].into(),
        dtype: F32,
    })
}

const fn call(run: unsafe fn(&Call), in_place: &'static [(usize, usize)]) -> Kernel {
    Kernel::Call(CallDef {
        run,
        units: |g: &Geometry| {
            let (count, n, _) = split(&g.inputs[0].shape, g.attrs);
            Units {
                count,
                words: n,
                cost: 0.6 * n as f32 + 4.0,
                grain: 4,
                coarse: false,
            }
        },
        workspace: |_| 0,
        strided: false,
        in_place,
    })
}
fn split(shape: &[usize], attrs: &Attrs) -> (usize, usize, bool) {
    let from = attrs.ints[0] as usize;
    (numel(&shape[..from]), numel(&shape[from..]), attrs.ints[2] != 0)
}

/// `x → y, scale`: scale = 1/√(variance + ε), y = (x − mean)·scale, of each row. floats: ε. Of rows without elements the scale is NaN.
pub static NORMALIZE: OpDef = OpDef {
    name: "normalize",
    kind: Kind::Fast,
    arity: Some(1),
    coerce: Coerce::Float,
    infer: |i| {
        if i.attrs.floats.len() != 1 {
            return Err(i.bad("an epsilon is missing"));
        }
        Ok(vec![i.inputs[0].clone(), scale_of(i)?])
    },
    vjp: Vjp::Rule(|r| {
        let (y, scale) = (r.outputs[0], r.outputs[1]);
        let by_y = r.cotangents[0].map(|g| pull(r, y, scale, g));
        // d scale/dx = −scale²·y/n
        let by_scale = r.cotangents[1].map(|g| y * mean_like(r, g * scale * scale * -1.0));
        vec![match (by_y, by_scale) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        }]
    }),
    reads: Reads::Output,
    algebra: Algebra::NONE,
    kernel: call(
        |c| {
            let (_, n, centred) = split(c.inputs[0].shape, c.attrs);
            let [y, scale] = [0, 1].map(|k| c.outputs[k].cast());
            // SAFETY: operands and results are rows `from..to` of the types that were inferred.
            unsafe {
                normalize(
                    y,
                    scale,
                    c.inputs[0].ptr.cast(),
                    n,
                    centred,
                    c.attrs.floats[0],
                    c.from,
                    c.to,
                )
            }
        },
        &[(0, 0)],
    ),
    #[cfg(feature = "oracle")]
    reference: |r| {
        let from = r.attrs.ints[0] as usize;
        let (count, n, centred) = split(&r.types[0].shape, r.attrs);
        let (x, epsilon) = (crate::reference::flat(r.inputs[0]), r.attrs.floats[0] as f64);
        let (mut y, mut scales) = (vec![], vec![]);
        for row in (0..count).map(|k| &x[k * n..(k + 1) * n]) {
            let mean = if centred {
                row.iter().sum::<f64>() / n as f64
            } else {
                0.0
            };
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
            let scale = (variance + epsilon).powf(-0.5);
            y.extend(row.iter().map(|x| (x - mean) * scale));
            scales.push(scale);
        }
        let shape = &r.types[0].shape;
        vec![
            crate::reference::array(shape, y),
            crate::reference::array(&shape[..from], scales),
        ]
    },
};

/// `y, scale, g → dx = scale·(g − mean(g) − y·mean(g·y))`: the cotangent of x for that of y. Linear in g, and its own transpose.
pub static NORMALIZE_PULL: OpDef = OpDef {
    name: "normalize_pull",
    kind: Kind::Fast,
    arity: Some(3),
    coerce: Coerce::Keep,
    infer: |i| {
        let (y, scale) = (i.inputs[0], scale_of(i)?);
        for (k, wanted) in [(1, &scale), (2, y)] {
            if i.inputs[k] != wanted {
                return Err(i.shape(format!("f32 {:?}", wanted.shape), k));
            }
        }
        Ok(vec![y.clone()])
    },
    vjp: Vjp::Rule(|r| {
        let [y, scale, g, dx, u] = [r.x(0), r.x(1), r.x(2), r.y(), r.g()];
        let axes: Vec<usize> = (r.attrs.ints[0] as usize..y.ndim()).collect();
        let [along_g, along_u] = [g, u].map(|t| mean_like(r, (t * y).sum(&axes) * scale));
        vec![
            Some((u * along_g + g * along_u) * -1.0),
            Some((u * dx).sum(&axes) / scale),
            Some(pull(r, y, scale, u)),
        ]
    }),
    reads: Reads::Both,
    algebra: Algebra::NONE,
    kernel: call(
        |c| {
            let (_, n, centred) = split(c.inputs[0].shape, c.attrs);
            let [y, scale, g] = [0, 1, 2].map(|k| c.inputs[k].ptr.cast());
            // SAFETY: as above.
            unsafe { normalize_pull(c.outputs[0].cast(), y, scale, g, n, centred, c.from, c.to) }
        },
        &[(0, 2), (0, 0)],
    ),
    #[cfg(feature = "oracle")]
    reference: |r| {
        let (count, n, centred) = split(&r.types[0].shape, r.attrs);
        let [y, scale, g] = [0, 1, 2].map(|k| crate::reference::flat(r.inputs[k]));
        let mut dx = vec![];
        for k in 0..count {
            let (y, g) = (&y[k * n..(k + 1) * n], &g[k * n..(k + 1) * n]);
            let mean = if centred { g.iter().sum::<f64>() / n as f64 } else { 0.0 };
            let along = y.iter().zip(g).map(|(y, g)| y * g).sum::<f64>() / n as f64;
            dx.extend(y.iter().zip(g).map(|(y, g)| scale[k] * (g - mean - y * along)));
        }
        vec![crate::reference::array(&r.types[0].shape, dx)]
    },
};

fn pull<'g>(r: &Rule<'g>, y: Tensor<'g>, scale: Tensor<'g>, g: Tensor<'g>) -> Tensor<'g> {
    let attrs = Attrs::ints(r.attrs.ints.iter().copied());
    y.graph.must(&NORMALIZE_PULL, &[y, scale, g], attrs)
}
/// t/n of each row over the row.
fn mean_like<'g>(r: &Rule<'g>, t: Tensor<'g>) -> Tensor<'g> {
    let (_, n, _) = split(&r.y().shape(), &r.attrs);
    reduce::spread(r, t * (1.0 / n as f32))
}
