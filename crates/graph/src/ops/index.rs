//! Ops with an operand of indices: gather and scatter-add as each other's adjoints, and the order of rows.

use crate::dtype::DType::{F32, I32, U32};
use crate::error::Error;
use crate::graph::Type;
use crate::op::{Algebra, CallDef, Coerce, Geometry, Infer, Kernel, Kind, OpDef, Reads, Units, Vjp};
use crate::shape::numel;
use keratin_kernels::{index, sort};

pub static ROWS: &[&OpDef] = &[&GATHER, &SCATTER_ADD, &ARGSORT];

/// What `gather` does with an index outside the table (negative ones count from the end first).
pub mod mode {
    /// NaN, or the smallest integer: what Keras does on JAX.
    pub const FILL: i64 = 0;
    /// The nearest row.
    pub const CLAMP: i64 = 1;
    /// Zeros.
    pub const ZERO: i64 = 2;
}

/// Words of one row of a table.
fn width(table: &[usize]) -> usize {
    numel(&table[1..])
}
fn has_rows(i: &Infer, at: usize) -> Result<(), Error> {
    if i.inputs[at].shape.is_empty() {
        Err(i.shape("a tensor with at least one axis", at))
    } else {
        Ok(())
    }
}

/// `table: [rows, …], index: i32[…] → […index, …row]`. ints: mode.
pub static GATHER: OpDef = OpDef {
    name: "gather",
    kind: Kind::Index,
    arity: Some(2),
    coerce: Coerce::Keep,
    infer: |i| {
        has_rows(i, 0)?;
        i.dtype(1, &[I32])?;
        i.int(0)?;
        let table = i.inputs[0];
        Ok(vec![Type {
            shape: [&i.inputs[1].shape[..], &table.shape[1..]].concat(),
            dtype: table.dtype,
        }])
    },
    vjp: Vjp::Rule(|r| {
        let (zeros, mut index) = (r.x(0).full_like(0.0), r.x(1));
        if r.attrs.ints[0] == mode::CLAMP {
            // scattering drops what is outside, so the clamped index must say the row itself
            let rows = index.like(r.x(0).shape()[0] as f64);
            index = index
                .lt(index.like(0.0))
                .select(index + rows, index)
                .maximum(index.like(0.0))
                .minimum(rows - index.like(1.0));
        }
        vec![
            Some(
                zeros
                    .graph
                    .must(&SCATTER_ADD, &[zeros, index, r.g()], crate::Attrs::default()),
            ),
            None,
        ]
    }),
    reads: Reads::Inputs,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            let (table, index) = (&c.inputs[0], &c.inputs[1]);
            let w = width(table.shape);
            // SAFETY: indices from..to and their rows are inside the operands; the kernel checks each index against `rows`.
            unsafe {
                let fill = match (c.attrs.ints[0], table.dtype) {
                    (mode::FILL, F32) => index::Outside::Fill(f32::NAN.to_bits()),
                    (mode::FILL, _) => index::Outside::Fill(i32::MIN as u32),
                    (mode::CLAMP, _) => index::Outside::Clamp,
                    _ => index::Outside::Fill(0),
                };
                let dst = c.outputs[0].add(c.from * w);
                index::gather(
                    dst,
                    table.ptr,
                    index.ptr.add(c.from),
                    c.to - c.from,
                    table.shape[0],
                    w,
                    fill,
                );
            }
        },
        units: |g| {
            let w = width(&g.inputs[0].shape);
            Units {
                count: g.inputs[1].numel(),
                words: w,
                cost: 2.0 + 0.15 * w as f32,
                grain: 1,
                coarse: false,
            }
        },
        workspace: |_| 0,
        strided: false,
        in_place: &[],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| vec![r.gather(r.attrs.ints[0])],
};

/// `base: [rows, …], index: i32[…], updates: […index, …row] → base + updates at their rows`. Indices outside are dropped.
///
/// Rows are added in the order of their indices, so the result does not depend on threads: those split columns.
pub static SCATTER_ADD: OpDef = OpDef {
    name: "scatter_add",
    kind: Kind::Index,
    arity: Some(3),
    coerce: Coerce::Keep,
    infer: |i| {
        has_rows(i, 0)?;
        i.dtype(0, &[F32, I32, U32])?;
        i.dtype(1, &[I32])?;
        let (base, index, updates) = (i.inputs[0], i.inputs[1], i.inputs[2]);
        let expected = [&index.shape[..], &base.shape[1..]].concat();
        if updates.shape != expected || updates.dtype != base.dtype {
            return Err(i.shape(format!("updates of shape {expected:?} and type {}", base.dtype), 2));
        }
        Ok(vec![base.clone()])
    },
    vjp: Vjp::Rule(|r| vec![Some(r.g()), None, Some(r.g().gather(r.x(1), mode::ZERO))]),
    reads: Reads::Inputs,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            let (base, index) = (&c.inputs[0], &c.inputs[1]);
            let (rows, w) = (base.shape[0], width(base.shape));
            let dst = c.outputs[0];
            // SAFETY: columns from..to of all rows; base and result are the same array or disjoint.
            unsafe {
                if !core::ptr::eq(base.ptr, dst) {
                    for row in 0..rows {
                        let at = row * w + c.from;
                        core::ptr::copy_nonoverlapping(base.ptr.add(at), dst.add(at), c.to - c.from);
                    }
                }
                let f = if base.dtype == F32 {
                    index::scatter_add
                } else {
                    index::iscatter_add
                };
                f(
                    dst,
                    index.ptr,
                    c.inputs[2].ptr,
                    numel(index.shape),
                    rows,
                    w,
                    c.from,
                    c.to,
                );
            }
        },
        units: |g| {
            let w = width(&g.inputs[0].shape);
            Units {
                count: w,
                words: 0,
                cost: 0.2 * g.inputs[0].shape[0] as f32 + g.inputs[1].numel() as f32,
                grain: 16,
                coarse: false,
            }
        },
        workspace: |_| 0,
        strided: false,
        in_place: &[(0, 0)],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| vec![r.scatter_add()],
};

/// The stable ascending order of each row of the last axis, NaN last: `[…, n] → i32[…, n]`.
pub static ARGSORT: OpDef = OpDef {
    name: "argsort",
    kind: Kind::Index,
    arity: Some(1),
    coerce: Coerce::Promote,
    infer: |i| {
        has_rows(i, 0)?;
        Ok(vec![Type {
            shape: i.inputs[0].shape.clone(),
            dtype: I32,
        }])
    },
    vjp: Vjp::Zero,
    reads: Reads::Nothing,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            let (rows, n) = rows_of(c.inputs[0].shape);
            let (from, count) = (c.from * n, (c.to - c.from).min(rows));
            let order = match c.inputs[0].dtype {
                F32 => sort::Order::F32,
                I32 => sort::Order::I32,
                _ => sort::Order::U32,
            };
            // SAFETY: rows from..to of operand and result; the workspace holds what the kernel asks for.
            unsafe {
                sort::argsort_rows(
                    c.outputs[0].add(from),
                    c.inputs[0].ptr.add(from),
                    count,
                    n,
                    order,
                    c.workspace,
                )
            }
        },
        units: |g: &Geometry| {
            let (rows, n) = rows_of(&g.inputs[0].shape);
            Units {
                count: rows,
                words: n,
                cost: 5.0 * n as f32 * (n.max(2) as f32).log2(),
                grain: 1,
                coarse: false,
            }
        },
        workspace: |g| sort::workspace_words(rows_of(&g.inputs[0].shape).1),
        strided: false,
        in_place: &[],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| vec![r.argsort()],
};

pub(crate) fn rows_of(shape: &[usize]) -> (usize, usize) {
    let (&n, lead) = shape.split_last().expect("internal: a shape rule let a scalar through");
    (numel(lead), n)
}
