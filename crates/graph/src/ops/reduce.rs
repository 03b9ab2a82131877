//! Reductions over a contiguous range of axes, which disappear, and running sums and products along one axis.
//!
//! `Tensor::reduce` brings axes together that lie apart. Kernels see every reduction as `[outer, n, inner] → [outer, inner]`.

use crate::dtype::DType::{self, Bool, F32, I32, U32};
use crate::error::Error;
use crate::graph::Type;
use crate::op::{Algebra, Call, CallDef, Coerce, Geometry, Infer, Kernel, Kind, OpDef, Reads, Rule, Units, Vjp};
use crate::shape::numel;
use crate::tensor::Tensor;
use keratin_kernels::reduce::{self, ReduceFn};

pub static ROWS: &[&OpDef] = &[&SUM, &MAX, &MIN, &PROD, &ALL, &ANY, &ARGMAX, &ARGMIN, &CUMSUM, &CUMPROD];

pub(crate) fn range(i: &Infer) -> Result<(usize, usize), Error> {
    let (from, to) = (i.size(0)?, i.size(1)?);
    if from > to || to > i.inputs[0].shape.len() {
        return Err(Error::Axis {
            op: i.op,
            axis: to as i64 - 1,
            ndim: i.inputs[0].shape.len(),
        });
    }
    Ok((from, to))
}
fn reduced(i: &Infer, dtype: DType) -> Result<Vec<Type>, Error> {
    let (from, to) = range(i)?;
    let shape = &i.inputs[0].shape;
    Ok(vec![Type {
        shape: [&shape[..from], &shape[to..]].concat(),
        dtype,
    }])
}
fn number(i: &Infer) -> Result<Vec<Type>, Error> {
    let dtype = i.dtype(0, &[F32, I32, U32])?;
    reduced(i, dtype)
}
/// Without u32: the kernels compare signed.
fn ordered(i: &Infer) -> Result<Vec<Type>, Error> {
    let dtype = i.dtype(0, &[F32, I32])?;
    reduced(i, dtype)
}
fn truth(i: &Infer) -> Result<Vec<Type>, Error> {
    let dtype = i.dtype(0, &[Bool])?;
    reduced(i, dtype)
}
fn index(i: &Infer) -> Result<Vec<Type>, Error> {
    i.dtype(0, &[F32, I32])?;
    let (from, to) = range(i)?;
    if numel(&i.inputs[0].shape[from..to]) == 0 {
        return Err(i.shape("at least one element along the axis", 0));
    }
    reduced(i, I32)
}

/// `[outer, n, inner]` of axes `from..to`.
pub fn split(shape: &[usize], from: usize, to: usize) -> (usize, usize, usize) {
    (numel(&shape[..from]), numel(&shape[from..to]), numel(&shape[to..]))
}
fn units(g: &Geometry) -> Units {
    let (from, to) = (g.attrs.ints[0] as usize, g.attrs.ints[1] as usize);
    let (outer, n, inner) = split(&g.inputs[0].shape, from, to);
    Units {
        count: outer * inner,
        words: 1,
        cost: 0.2 * n as f32 + 1.0,
        grain: if inner > 1 { 32 } else { 1 },
        coarse: false,
    }
}
/// # Safety
/// As the kernel contract says; the pointers come from the caller's operands.
unsafe fn run(c: &Call, f: ReduceFn) {
    let (outer, n, inner) = split(c.inputs[0].shape, c.attrs.ints[0] as usize, c.attrs.ints[1] as usize);
    // SAFETY: the operand and the result have the sizes that their types say.
    unsafe { f(c.outputs[0], c.inputs[0].ptr, outer, n, inner, c.from, c.to) }
}

/// The kernel of a search: a call, since where an element is cannot be told from a piece of the axis.
macro_rules! search {
    (|$d:ident| $kernel:expr) => {
        Kernel::Call(CallDef {
            // SAFETY: see `run`.
            run: |c| unsafe {
                let $d = c.inputs[0].dtype;
                run(c, $kernel)
            },
            units,
            workspace: |_| 0,
            strided: false,
            in_place: &[],
        })
    };
}

macro_rules! row {
    ($id:ident $name:literal $coerce:ident $infer:ident reads $reads:ident, vjp $vjp:expr, reference $ref:expr, kernel $kernel:expr) => {
        pub static $id: OpDef = OpDef {
            name: $name,
            kind: Kind::Reduce,
            arity: Some(1),
            coerce: Coerce::$coerce,
            infer: $infer,
            vjp: $vjp,
            reads: Reads::$reads,
            algebra: Algebra::NONE,
            kernel: $kernel,
            #[cfg(feature = "oracle")]
            reference: |r| r.reduce(r.attrs.ints[0] as usize, r.attrs.ints[1] as usize, $ref),
        };
    };
}

row! { SUM "sum" Promote number reads Nothing, vjp Vjp::Rule(|r| vec![Some(spread(r, r.g()))]),
reference |xs| xs.iter().sum(), kernel Kernel::Reduce(|d| if d == F32 { reduce::sum } else { reduce::isum }) }
// elements that share the extreme share the cotangent equally
row! { MAX "max" Promote ordered reads Both, vjp Vjp::Rule(|r| vec![Some(extreme(r))]),
reference |xs| xs.iter().fold(f64::NEG_INFINITY, |a, &b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }),
kernel Kernel::Reduce(|d| if d == F32 { reduce::max } else { reduce::imax }) }
row! { MIN "min" Promote ordered reads Both, vjp Vjp::Rule(|r| vec![Some(extreme(r))]),
reference |xs| xs.iter().fold(f64::INFINITY, |a, &b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }),
kernel Kernel::Reduce(|d| if d == F32 { reduce::min } else { reduce::imin }) }
row! { PROD "prod" Promote number reads Inputs, vjp Vjp::Rule(|r| vec![Some(prod_vjp(r))]),
reference |xs| xs.iter().product(), kernel Kernel::Reduce(|d| if d == F32 { reduce::prod } else { reduce::iprod }) }
row! { ALL "all" Bool truth reads Nothing, vjp Vjp::Zero, reference |xs| xs.iter().all(|&x| x != 0.0) as u8 as f64, kernel Kernel::Reduce(|_d| all) }
row! { ANY "any" Bool truth reads Nothing, vjp Vjp::Zero, reference |xs| xs.iter().any(|&x| x != 0.0) as u8 as f64, kernel Kernel::Reduce(|_d| any) }
// the first of equals; NaN counts as the extreme
row! { ARGMAX "argmax" Promote index reads Nothing, vjp Vjp::Zero, reference |xs| first(xs, |a, b| a > b), kernel search!(|d| if d == F32 { reduce::argmax } else { reduce::iargmax }) }
row! { ARGMIN "argmin" Promote index reads Nothing, vjp Vjp::Zero, reference |xs| first(xs, |a, b| a < b), kernel search!(|d| if d == F32 { reduce::argmin } else { reduce::iargmin }) }

/// The smallest of 0 and 1; of nothing it is true.
/// # Safety
/// As `ReduceFn`.
unsafe fn all(dst: *mut u32, src: *const u32, outer: usize, n: usize, inner: usize, from: usize, to: usize) {
    // SAFETY: the caller's.
    unsafe {
        if n == 0 {
            (from..to).for_each(|i| *dst.add(i) = 1);
        } else {
            reduce::imin(dst, src, outer, n, inner, from, to);
        }
    }
}
/// The largest of 0 and 1; of nothing it is false.
/// # Safety
/// As `ReduceFn`.
unsafe fn any(dst: *mut u32, src: *const u32, outer: usize, n: usize, inner: usize, from: usize, to: usize) {
    // SAFETY: the caller's.
    unsafe {
        if n == 0 {
            (from..to).for_each(|i| *dst.add(i) = 0);
        } else {
            reduce::imax(dst, src, outer, n, inner, from, to);
        }
    }
}

#[cfg(feature = "oracle")]
fn first(xs: &[f64], better: fn(f64, f64) -> bool) -> f64 {
    let mut at = 0;
    for (i, &x) in xs.iter().enumerate() {
        if !xs[at].is_nan() && (x.is_nan() || better(x, xs[at])) {
            at = i;
        }
    }
    at as f64
}

/// A reduced tensor over the shape of the input.
pub(crate) fn spread<'g>(r: &Rule<'g>, t: Tensor<'g>) -> Tensor<'g> {
    let (from, to) = (r.attrs.ints[0] as usize, r.attrs.ints[1] as usize);
    let shape = r.x(0).shape();
    let kept: Vec<usize> = shape
        .iter()
        .enumerate()
        .map(|(i, &n)| if (from..to).contains(&i) { 1 } else { n })
        .collect();
    t.reshape(&kept).broadcast(&shape)
}
fn extreme<'g>(r: &Rule<'g>) -> Tensor<'g> {
    let hit = r.x(0).eq(spread(r, r.y())).cast(F32);
    let axes: Vec<usize> = (r.attrs.ints[0] as usize..r.attrs.ints[1] as usize).collect();
    hit * spread(r, r.g() / hit.sum(&axes))
}
/// Each element's cotangent is the product of the others: those before times those after, so that zeros do no harm.
fn prod_vjp<'g>(r: &Rule<'g>) -> Tensor<'g> {
    let shape = r.x(0).shape();
    let (outer, n, inner) = split(&shape, r.attrs.ints[0] as usize, r.attrs.ints[1] as usize);
    if n == 0 {
        return r.x(0);
    }
    let x = r.x(0).reshape(&[outer, n, inner]);
    let before = |x: Tensor<'g>| {
        let shifted = x.narrow(1, 0, n - 1).pad(&[(0, 0, 0), (1, 0, 0), (0, 0, 0)], 1.0);
        cumulative(shifted, &CUMPROD, 1)
    };
    let others = before(x) * before(x.flip(1)).flip(1);
    others.reshape(&shape) * spread(r, r.g())
}

/// A running reduction along one axis.
pub fn cumulative<'g>(x: Tensor<'g>, op: &'static OpDef, axis: usize) -> Tensor<'g> {
    x.graph.must(op, &[x], crate::Attrs::ints([axis as i64]))
}
fn running(i: &Infer) -> Result<Vec<Type>, Error> {
    i.dtype(0, &[F32, I32, U32])?;
    crate::shape::axis(i.op, i.size(0)? as i64, i.inputs[0].shape.len())?;
    Ok(vec![i.inputs[0].clone()])
}
fn lanes(shape: &[usize], axis: usize) -> (usize, usize, usize) {
    split(shape, axis, axis + 1)
}

macro_rules! running {
    ($id:ident $name:literal reads $reads:ident, vjp $vjp:expr, $f:expr, $i:expr, reference $ref:expr) => {
        /// ints: the axis.
        pub static $id: OpDef = OpDef {
            name: $name,
            kind: Kind::Reduce,
            arity: Some(1),
            coerce: Coerce::Promote,
            infer: running,
            vjp: $vjp,
            reads: Reads::$reads,
            algebra: Algebra::NONE,
            kernel: Kernel::Call(CallDef {
                run: |c| {
                    let (outer, n, inner) = lanes(c.inputs[0].shape, c.attrs.ints[0] as usize);
                    let f = if c.inputs[0].dtype == F32 {
                        $f as ReduceFn
                    } else {
                        $i
                    };
                    // SAFETY: the operand and the result have the sizes that their types say.
                    unsafe { f(c.outputs[0], c.inputs[0].ptr, outer, n, inner, c.from, c.to) }
                },
                units: |g| {
                    let (outer, n, inner) = lanes(&g.inputs[0].shape, g.attrs.ints[0] as usize);
                    Units {
                        count: outer * inner,
                        words: 0,
                        cost: n as f32,
                        grain: if inner > 1 { 32 } else { 1 },
                        coarse: false,
                    }
                },
                workspace: |_| 0,
                strided: false,
                in_place: &[],
            }),
            #[cfg(feature = "oracle")]
            reference: |r| r.running(r.attrs.ints[0] as usize, $ref),
        };
    };
}
running! { CUMSUM "cumsum" reads Nothing, vjp Vjp::Rule(|r| {
    let axis = r.attrs.ints[0] as usize;
    vec![Some(cumulative(r.g().flip(axis), &CUMSUM, axis).flip(axis))] // every later sum contains the element
}), reduce::cumsum, reduce::icumsum, reference |a, b| a + b }
running! { CUMPROD "cumprod" reads Both, vjp Vjp::Rule(|r| vec![Some(cumprod_vjp(r))]), reduce::cumprod, reduce::icumprod, reference |a, b| a * b }

/// dxᵢ = yᵢ₋₁·hᵢ with hᵢ = gᵢ + xᵢ₊₁·hᵢ₊₁: a recurrence from the end, exact where elements are zero.
fn cumprod_vjp<'g>(r: &Rule<'g>) -> Tensor<'g> {
    let axis = r.attrs.ints[0] as usize;
    let shape = r.x(0).shape();
    let (outer, n, inner) = lanes(&shape, axis);
    if n == 0 {
        return r.x(0);
    }
    let as_steps = |t: Tensor<'g>| t.reshape(&[outer, n, inner]).transpose(&[1, 0, 2]);
    let (x, y, g) = (as_steps(r.x(0)), as_steps(r.y()), as_steps(r.g()));
    let edge = |lo, hi| [(lo, hi, 0), (0, 0, 0), (0, 0, 0)];
    let next = x.narrow(0, 1, n - 1).pad(&edge(0, 1), 0.0);
    let before = y.narrow(0, 0, n - 1).pad(&edge(1, 0), 1.0);
    let h = crate::ops::scan::recurrence(next, g);
    (before * h).transpose(&[1, 0, 2]).reshape(&shape)
}
