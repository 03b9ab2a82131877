//! Ops that only move data. Each says so as data (`ViewPlan`), so that a pass may turn it into strides, and each is another's adjoint.

use crate::error::Error;
use crate::graph::Type;
use crate::op::{Algebra, Coerce, Infer, Kernel, Kind, OpDef, Piece, Reads, ViewPlan, Vjp};
use crate::shape::{self, numel, strides};
use crate::tensor::Tensor;

pub static ROWS: &[&OpDef] = &[&RESHAPE, &TRANSPOSE, &BROADCAST, &SLICE, &PAD, &CONCAT];

macro_rules! row {
    ($(#[$doc:meta])* $id:ident $name:literal $arity:expr, $infer:expr, vjp |$r:ident| $vjp:expr, plan $plan:expr) => {
        $(#[$doc])*
        pub static $id: OpDef = OpDef {
            name: $name,
            kind: Kind::View,
            arity: $arity,
            coerce: if $arity.is_none() { Coerce::Common } else { Coerce::Keep },
            infer: $infer,
            vjp: Vjp::Rule(|$r| $vjp),
            reads: Reads::Nothing,
            algebra: Algebra::NONE,
            kernel: Kernel::View($plan),
            #[cfg(feature = "oracle")]
            reference: |r| r.view($plan),
        };
    };
}

fn sizes(i: &Infer) -> Result<Vec<usize>, Error> {
    (0..i.attrs.ints.len()).map(|k| i.size(k)).collect()
}
fn with_shape(i: &Infer, shape: Vec<usize>) -> Result<Vec<Type>, Error> {
    Ok(vec![Type {
        shape,
        dtype: i.inputs[0].dtype,
    }])
}
fn signed(strides: Vec<usize>) -> Vec<isize> {
    strides.into_iter().map(|s| s as isize).collect()
}
/// One piece that covers the whole result.
fn whole(out: &Type, src_offset: usize, src_strides: Vec<isize>) -> ViewPlan {
    let dst_strides = strides(&out.shape);
    ViewPlan {
        fill: None,
        pieces: vec![Piece {
            input: 0,
            shape: out.shape.clone(),
            src_offset,
            src_strides,
            dst_offset: 0,
            dst_strides,
        }],
    }
}

row! {
    /// ints: the new sizes.
    RESHAPE "reshape" Some(1), |i| {
        let to = sizes(i)?;
        if numel(&to) != i.inputs[0].numel() {
            return Err(Error::Size { from: i.inputs[0].shape.clone(), to });
        }
        with_shape(i, to)
    }, vjp |r| vec![Some(r.g().reshape(&r.x(0).shape()))], plan |_, out| whole(&out[0], 0, signed(strides(&out[0].shape)))
}
row! {
    /// ints: axis i of the result is axis ints[i] of the input.
    TRANSPOSE "transpose" Some(1), |i| {
        let order = sizes(i)?;
        let shape = &i.inputs[0].shape;
        let mut seen = order.clone();
        seen.sort_unstable();
        if seen.iter().enumerate().any(|(k, &a)| k != a) || order.len() != shape.len() {
            return Err(i.bad(format!("{order:?} is not an order of the {} axes", shape.len())));
        }
        with_shape(i, order.iter().map(|&a| shape[a]).collect())
    }, vjp |r| {
        let mut back = vec![0; r.attrs.ints.len()];
        r.attrs.ints.iter().enumerate().for_each(|(i, &a)| back[a as usize] = i);
        vec![Some(r.g().transpose(&back))]
    }, plan |i, out| {
        let from = signed(strides(&i.inputs[0].shape));
        whole(&out[0], 0, i.attrs.ints.iter().map(|&a| from[a as usize]).collect())
    }
}
row! {
    /// ints: the shape, to which the input's must broadcast.
    BROADCAST "broadcast" Some(1), |i| {
        let to = sizes(i)?;
        match shape::broadcast(i.op, &i.inputs[0].shape, &to) {
            Ok(shape) if shape == to => with_shape(i, to),
            _ => Err(Error::Broadcast { op: i.op, left: i.inputs[0].shape.clone(), right: to }),
        }
    }, vjp |r| vec![Some(r.g().sum_to(&r.x(0).shape()))], plan |i, out| {
        let from = &i.inputs[0].shape;
        let lead = out[0].shape.len() - from.len();
        let own = signed(strides(from));
        let step = |k: usize| k.checked_sub(lead).map_or(0, |j| if from[j] == 1 { 0 } else { own[j] });
        whole(&out[0], 0, (0..out[0].shape.len()).map(step).collect())
    }
}
row! {
    /// ints: per axis start, size, step (not 0; negative walks back).
    SLICE "slice" Some(1), |i| {
        let shape = &i.inputs[0].shape;
        if i.attrs.ints.len() != 3 * shape.len() {
            return Err(i.bad(format!("start, size and step are needed for each of {} axes", shape.len())));
        }
        for (k, &n) in shape.iter().enumerate() {
            let (start, size, step) = (i.size(3 * k)?, i.size(3 * k + 1)?, i.int(3 * k + 2)?);
            let last = start as i64 + (size as i64 - 1) * step;
            if step == 0 || (size > 0 && (start >= n || !(0..n as i64).contains(&last))) {
                return Err(i.bad(format!("{size} elements from {start} in steps of {step} leave axis {k} of shape {shape:?}")));
            }
        }
        with_shape(i, i.attrs.ints.chunks(3).map(|c| c[1] as usize).collect())
    }, vjp |r| vec![Some(slice_vjp(r.x(0), r.g(), &r.attrs.ints))], plan |i, out| {
        let own = strides(&i.inputs[0].shape);
        let spec = i.attrs.ints.chunks(3);
        let offset = if numel(&out[0].shape) == 0 { 0 } else { spec.clone().zip(&own).map(|(c, s)| c[0] as usize * s).sum() };
        whole(&out[0], offset, spec.zip(&own).map(|(c, &s)| c[2] as isize * s as isize).collect())
    }
}
row! {
    /// ints: per axis cells before, after, and between neighbours; floats: the fill (as a number of the tensor's type).
    PAD "pad" Some(1), |i| {
        let shape = &i.inputs[0].shape;
        let p = sizes(i)?;
        if p.len() != 3 * shape.len() || i.attrs.floats.len() != 1 {
            return Err(i.bad(format!("low, high and interior are needed for each of {} axes", shape.len())));
        }
        // saturating: on 32 bits a sum that wrapped could pass for a small size
        let padded = |(&n, c): (&usize, &[usize])| n.saturating_sub(1).saturating_mul(c[2]).saturating_add(n).saturating_add(c[0]).saturating_add(c[1]);
        with_shape(i, shape.iter().zip(p.chunks(3)).map(padded).collect())
    }, vjp |r| {
        let spec: Vec<_> = (r.x(0).shape().iter().zip(r.attrs.ints.chunks(3))).map(|(&n, c)| (c[0] as usize, n, c[2] + 1)).collect();
        vec![Some(r.g().slice(&spec))]
    }, plan |i, out| {
        let (from, own) = (&i.inputs[0].shape, strides(&out[0].shape));
        let spec = i.attrs.ints.chunks(3);
        let offset = if numel(from) == 0 { 0 } else { spec.clone().zip(&own).map(|(c, s)| c[0] as usize * s).sum() };
        let piece = Piece {
            input: 0,
            shape: from.clone(),
            src_offset: 0,
            src_strides: signed(strides(from)),
            dst_offset: offset,
            dst_strides: spec.zip(&own).map(|(c, &s)| (c[2] as usize + 1) * s).collect(),
        };
        ViewPlan { fill: Some(word(i.attrs.floats[0], out[0].dtype)), pieces: vec![piece] }
    }
}
row! {
    /// ints: the axis. Inputs agree on all others.
    CONCAT "concatenate" None::<usize>, |i| {
        let Some(first) = i.inputs.first() else { return Err(i.bad("at least one tensor is needed")) };
        let axis = shape::axis(i.op, i.size(0)? as i64, first.shape.len())?;
        let mut to = first.shape.clone();
        to[axis] = 0;
        for t in i.inputs {
            let fits = t.shape.len() == to.len() && t.shape.iter().zip(&first.shape).enumerate().all(|(k, (a, b))| k == axis || a == b);
            if !fits {
                return Err(Error::Shape { op: i.op, expected: format!("all sizes but those of axis {axis} as in {:?}", first.shape), found: t.shape.clone() });
            }
            if t.dtype != first.dtype {
                return Err(Error::DType { op: i.op, found: t.dtype });
            }
            to[axis] += t.shape[axis];
        }
        with_shape(i, to)
    }, vjp |r| {
        let axis = r.attrs.ints[0] as usize;
        let mut at = 0;
        r.inputs.iter().map(|x| {
            let size = x.shape()[axis];
            at += size;
            Some(r.g().narrow(axis, at - size, size))
        }).collect()
    }, plan |i, out| {
        let (axis, own) = (i.attrs.ints[0] as usize, strides(&out[0].shape));
        let mut at = 0;
        let pieces = i.inputs.iter().enumerate().map(|(input, t)| {
            let dst_offset = at * own[axis];
            at += t.shape[axis];
            Piece { input, shape: t.shape.clone(), src_offset: 0, src_strides: signed(strides(&t.shape)), dst_offset, dst_strides: own.clone() }
        });
        ViewPlan { fill: None, pieces: pieces.collect() }
    }
}

fn word(x: f32, dtype: crate::DType) -> u32 {
    match dtype {
        crate::DType::F32 => x.to_bits(),
        crate::DType::I32 => x as i32 as u32,
        crate::DType::U32 => x as u32,
        crate::DType::Bool => (x != 0.0) as u32,
    }
}

/// Zeros with `g` where the slice was: backward steps are undone by a flip, gaps by interior padding.
fn slice_vjp<'g>(x: Tensor<'g>, g: Tensor<'g>, spec: &[i64]) -> Tensor<'g> {
    let mut g = g;
    for (axis, c) in spec.chunks(3).enumerate() {
        if c[2] < 0 {
            g = g.flip(axis);
        }
    }
    let pads: Vec<_> = (x.shape().iter().zip(spec.chunks(3)))
        .map(|(&n, c)| {
            let (size, step) = (c[1] as usize, c[2].unsigned_abs() as usize);
            if size == 0 {
                return (0, n, 0);
            }
            let low = if c[2] < 0 {
                c[0] as usize - (size - 1) * step
            } else {
                c[0] as usize
            };
            (low, n - low - ((size - 1) * step + 1), step - 1)
        })
        .collect();
    g.pad(&pads, 0.0)
}
