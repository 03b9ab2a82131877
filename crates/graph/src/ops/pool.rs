//! Pooling over windows of one to three spatial axes, channels last: `x: [N, s1…sr, C] → [N, o1…or, C]`, and the adjoints.
//!
//! Attributes: per spatial axis `window, stride, pad_lo, pad_hi`; o = ⌊(s + pad_lo + pad_hi − window) / stride⌋ + 1. Padding never wins
//! and adds nothing. Sums have a float, too: what they are divided by (1 without one). Maxima keep NaN; of equal cells the first in the window counts, which is where Keras on JAX sends the gradient.

use crate::dtype::DType::F32;
use crate::error::Error;
use crate::graph::Type;
use crate::op::{Algebra, Attrs, Call, CallDef, Coerce, Geometry, Infer, Kernel, Kind, OpDef, Reads, Rule, Units, Vjp};
use crate::shape::numel;
use crate::tensor::Tensor;
use keratin_kernels::pool::{self, Axis, Pool};

pub static ROWS: &[&OpDef] = &[&MAX_POOL, &MAX_POOL_PICK, &MAX_POOL_SPREAD, &SUM_POOL, &SUM_POOL_SPREAD];

/// Ints per spatial axis: window, stride, pad_lo, pad_hi.
const PER_AXIS: usize = 4;
/// The same and the size, where no operand has it.
const WITH_SIZE: usize = 5;
/// What sums of windows, strides and padding can take in 32 bits.
const LARGEST: i64 = 1 << 28;

/// Checks the attributes of an operand `[N, …, C]` and returns the sizes after pooling: `sizes` before it, `[s1…sr]`.
fn pooled(i: &Infer, sizes: &[usize], per_axis: usize) -> Result<Vec<usize>, Error> {
    let ints = &i.attrs.ints;
    if ints.len() != per_axis * sizes.len() {
        return Err(i.bad(format!(
            "expected {per_axis} ints for each of {} spatial axes, received {}",
            sizes.len(),
            ints.len()
        )));
    }
    let mut out = sizes.to_vec();
    for (axis, size) in out.iter_mut().enumerate() {
        let ints = &ints[per_axis * axis..per_axis * (axis + 1)];
        let [window, stride, lo, hi] = [ints[0], ints[1], ints[2], ints[3]];
        let what = if ints.iter().any(|&n| n > LARGEST) {
            format!("a number among {ints:?} is too large")
        } else if window < 1 || stride < 1 || lo < 0 || hi < 0 {
            format!("window {window} and stride {stride} must be at least 1, padding ({lo}, {hi}) not negative")
        } else {
            let padded = (*size as i64).saturating_add(lo + hi);
            if padded >= window {
                *size = ((padded - window) / stride + 1) as usize;
                continue;
            }
            format!(
                "a window of {window} does not fit into {size} cells with padding ({lo}, {hi}); use a smaller window, or padding \"same\""
            )
        };
        return Err(i.bad(format!("spatial axis {axis}: {what}")));
    }
    Ok(out)
}
/// The shape after pooling the first operand.
fn windows(i: &Infer) -> Result<Vec<usize>, Error> {
    let sizes = pooled(i, spatial(i, 0)?, PER_AXIS)?;
    Ok(resized(&i.inputs[0].shape, &sizes))
}
/// `[s1…sr]` of operand `at`, which must be a float array `[N, s1…sr, C]`.
fn spatial<'a>(i: &'a Infer, at: usize) -> Result<&'a [usize], Error> {
    i.dtype(at, &[F32])?;
    let shape = &i.inputs[at].shape;
    match shape.len() {
        3..=5 => Ok(&shape[1..shape.len() - 1]),
        _ => Err(i.shape("a tensor [batch, spatial axes (1 to 3), channels]", at)),
    }
}
/// The shape with other spatial sizes.
fn resized(shape: &[usize], sizes: &[usize]) -> Vec<usize> {
    [&shape[..1], sizes, &shape[shape.len() - 1..]].concat()
}
fn one(shape: Vec<usize>) -> Vec<Type> {
    vec![Type { shape, dtype: F32 }]
}
fn same(i: &Infer, at: usize, expected: &[usize]) -> Result<(), Error> {
    i.dtype(at, &[F32])?;
    if i.inputs[at].shape != expected {
        return Err(i.shape(format!("shape {expected:?}"), at));
    }
    Ok(())
}

/// The kernel's view: axes that are not there come first, with one cell.
fn geometry(x: &[usize], out: &[usize], ints: &[i64], per_axis: usize) -> Pool {
    let mut axes = [Axis::NONE; 3];
    let r = x.len() - 2;
    for (k, ints) in ints.chunks(per_axis).enumerate() {
        axes[3 - r + k] = Axis {
            size: x[1 + k],
            out: out[1 + k],
            window: ints[0] as usize,
            stride: ints[1] as usize,
            pad: ints[2] as usize,
        };
    }
    Pool {
        axes,
        channels: x[x.len() - 1],
    }
}
/// Rows of the last spatial axis of a result; each reads `cells` cells per element.
fn row_units(result: &[usize], cells: f32) -> Units {
    let words = numel(&result[result.len() - 2..]);
    Units {
        count: numel(&result[..result.len() - 2]),
        words,
        cost: words as f32 * (0.2 + 0.15 * cells),
        grain: 1,
        coarse: false,
    }
}
/// Cells of a window.
fn cells(attrs: &Attrs, per_axis: usize) -> f32 {
    attrs.ints.chunks(per_axis).map(|ints| ints[0] as f32).product()
}
/// Windows that cover a cell, about.
fn covers(attrs: &Attrs, per_axis: usize) -> f32 {
    let along = |ints: &[i64]| (ints[0] as f32 / ints[1] as f32).max(1.0);
    attrs.ints.chunks(per_axis).map(along).product()
}
/// Units of the rows that make `[N, o1…or, C]`.
fn units(g: &Geometry) -> Units {
    row_units(&g.outputs[0].shape, cells(g.attrs, PER_AXIS))
}
/// What sums are divided by.
fn divisor(attrs: &Attrs) -> f32 {
    attrs.floats.first().copied().unwrap_or(1.0)
}
/// `op(x, g)` with the same attributes.
fn beside<'g>(r: &Rule<'g>, op: &'static OpDef) -> Option<Tensor<'g>> {
    Some(r.x(0).graph.must(op, &[r.x(0), r.g()], r.attrs.clone()))
}
/// `op(g)` with other ints.
fn adjoint<'g>(r: &Rule<'g>, op: &'static OpDef, ints: Vec<i64>) -> Vec<Option<Tensor<'g>>> {
    let attrs = Attrs {
        ints,
        ..r.attrs.clone()
    };
    vec![Some(r.x(0).graph.must(op, &[r.g()], attrs))]
}
/// The pooling of a call whose first operand is `x`.
fn pool_of(c: &Call) -> Pool {
    geometry(c.inputs[0].shape, &c.types[0].shape, &c.attrs.ints, PER_AXIS)
}
fn dst(c: &Call) -> *mut f32 {
    c.outputs[0].cast()
}
fn src(c: &Call, at: usize) -> *const f32 {
    c.inputs[at].ptr.cast()
}

macro_rules! row {
    ($(#[$doc:meta])* $id:ident $name:literal ($arity:literal) infer |$i:ident| $infer:expr, vjp $reads:ident $vjp:expr,
     units $units:expr, run |$c:ident| $run:expr, reference |$r:ident| $reference:expr) => {
        $(#[$doc])*
        pub static $id: OpDef = OpDef {
            name: $name,
            kind: Kind::Window,
            arity: Some($arity),
            coerce: Coerce::Float,
            infer: |$i| $infer,
            vjp: Vjp::Rule($vjp),
            reads: Reads::$reads,
            algebra: Algebra::NONE,
            kernel: Kernel::Call(CallDef {
                // SAFETY: operands and result are whole arrays of the shapes that the shape rule checked, units within the result.
                run: |$c| unsafe { $run },
                units: $units,
                workspace: |_| 0,
                strided: false,
                in_place: &[],
            }),
            #[cfg(feature = "oracle")]
            reference: |$r| vec![$reference],
        };
    };
}

row! {
/// `x: [N, s1…sr, C] → [N, o1…or, C]`: the largest cell of each window; NaN if it has one, −∞ if it lies in the padding altogether.
MAX_POOL "max_pool" (1)
infer |i| Ok(one(windows(i)?)),
vjp Inputs |r| vec![beside(r, &MAX_POOL_SPREAD)],
units units, run |c| pool::max_pool(dst(c), src(c, 0), &pool_of(c), c.from, c.to),
reference |r| r.max_pool() }

row! {
/// `x, t: [N, s1…sr, C] → [N, o1…or, C]`: the cell of `t` where `x` has the first maximum of the window; 0 if the window has no cell.
MAX_POOL_PICK "max_pool_pick" (2)
infer |i| {
    let shape = windows(i)?;
    same(i, 1, &i.inputs[0].shape)?;
    Ok(one(shape))
},
vjp Inputs |r| vec![None, beside(r, &MAX_POOL_SPREAD)],
units units, run |c| pool::max_pool_pick(dst(c), src(c, 0), src(c, 1), &pool_of(c), c.from, c.to),
reference |r| r.max_pool_pick() }

row! {
/// `x: [N, s1…sr, C], g: [N, o1…or, C] → [N, s1…sr, C]`: each window adds its `g` at the first maximum of `x`, windows in ascending order.
MAX_POOL_SPREAD "max_pool_spread" (2)
infer |i| {
    same(i, 1, &windows(i)?)?;
    Ok(vec![i.inputs[0].clone()])
},
vjp Inputs |r| vec![None, beside(r, &MAX_POOL_PICK)],
units |g| {
    let words = numel(&g.outputs[0].shape[1..]);
    let cost = words as f32 * (0.4 + 0.5 * covers(g.attrs, PER_AXIS));
    Units { count: g.outputs[0].shape[0], words, cost, grain: 1, coarse: false }
},
run |c| {
    let pool = geometry(c.inputs[0].shape, c.inputs[1].shape, &c.attrs.ints, PER_AXIS);
    pool::max_pool_spread(dst(c), src(c, 0), src(c, 1), &pool, c.from, c.to)
},
reference |r| r.max_pool_spread() }

row! {
/// `x: [N, s1…sr, C] → [N, o1…or, C]`: the sum of each window. floats: what it is divided by, if anything.
SUM_POOL "sum_pool" (1)
infer |i| Ok(one(windows(i)?)),
vjp Nothing |r| {
    let (shape, mut ints) = (r.x(0).shape(), vec![]);
    for (axis, own) in r.attrs.ints.chunks(PER_AXIS).enumerate() {
        ints.extend_from_slice(own);
        ints.push(shape[1 + axis] as i64);
    }
    adjoint(r, &SUM_POOL_SPREAD, ints)
},
units units, run |c| pool::sum_pool(dst(c), src(c, 0), divisor(c.attrs), &pool_of(c), c.from, c.to),
reference |r| r.sum_pool() }

row! {
/// `g: [N, o1…or, C] → [N, s1…sr, C]`: the sum of `g` over the windows that cover a cell. One more int per axis: the size s. floats: what it is
/// divided by, if anything.
SUM_POOL_SPREAD "sum_pool_spread" (1)
infer |i| {
    let mut sizes = vec![];
    for axis in 0..spatial(i, 0)?.len() {
        sizes.push(i.size(WITH_SIZE * axis + WITH_SIZE - 1)?);
    }
    let out = pooled(i, &sizes, WITH_SIZE)?;
    same(i, 0, &resized(&i.inputs[0].shape, &out))?;
    Ok(one(resized(&i.inputs[0].shape, &sizes)))
},
vjp Nothing |r| {
    let mut ints = vec![];
    for own in r.attrs.ints.chunks(WITH_SIZE) {
        ints.extend_from_slice(&own[..PER_AXIS]);
    }
    adjoint(r, &SUM_POOL, ints)
},
units |g| row_units(&g.outputs[0].shape, covers(g.attrs, WITH_SIZE)),
run |c| {
    let pool = geometry(&c.types[0].shape, c.inputs[0].shape, &c.attrs.ints, WITH_SIZE);
    pool::sum_pool_spread(dst(c), src(c, 0), divisor(c.attrs), &pool, c.from, c.to)
},
reference |r| r.sum_pool_spread() }
