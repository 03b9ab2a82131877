//! Ops with an operand of indices: gather and scatter-add as each other's adjoints, what writes rows anew, and the order of rows.

use crate::dtype::DType::{F32, I32, U32};
use crate::error::Error;
use crate::graph::Type;
use crate::op::{Algebra, Attrs, Call, CallDef, Coerce, Geometry, Infer, Kernel, Kind, OpDef, Reads, Units, Vjp};
use crate::shape::numel;
use crate::tensor::Tensor;
use keratin_kernels::{index, sort};

pub static ROWS: &[&OpDef] = &[&GATHER, &SCATTER_ADD, &SCATTER_SET, &DISTINCT, &ARGSORT];

/// What `gather` does with an index outside the table (negative ones count from the end first). Scatters drop it unless they clamp.
pub mod mode {
    /// NaN, or the smallest integer: what Keras does on JAX.
    pub const FILL: i64 = 0;
    /// The nearest row.
    pub const CLAMP: i64 = 1;
    /// Zeros.
    pub const ZERO: i64 = 2;
}

/// Does a node's attribute say that indices outside mean the nearest row?
pub fn clamps(attrs: &Attrs, at: usize) -> bool {
    attrs.ints.get(at) == Some(&mode::CLAMP)
}

/// Words of one row of a table.
fn width(table: &[usize]) -> usize {
    numel(&table[1..])
}
/// The result of a scatter: columns `from..to` of the rows of its base.
fn target(c: &Call) -> index::Target {
    let base = &c.inputs[0];
    index::Target {
        dst: c.outputs[0],
        rows: base.shape[0],
        width: width(base.shape),
        from: c.from,
        to: c.to,
        clamp: clamps(c.attrs, 0),
    }
}
/// Puts the base there, unless it is there already.
///
/// # Safety
/// Base and result have one shape, and are the same array or disjoint.
unsafe fn copy_columns(target: &index::Target, base: *const u32) {
    if core::ptr::eq(base, target.dst) {
        return;
    }
    for row in 0..target.rows {
        let at = row * target.width + target.from;
        // SAFETY: the caller's.
        unsafe { core::ptr::copy_nonoverlapping(base.add(at), target.dst.add(at), target.to - target.from) }
    }
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
        let zeros = r.x(0).full_like(0.0);
        let ints = clamps(&r.attrs, 0).then_some(mode::CLAMP);
        let back = zeros
            .graph
            .must(&SCATTER_ADD, &[zeros, r.x(1), r.g()], Attrs::ints(ints));
        vec![Some(back), None]
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

/// `base: [rows, …], index: i32[…], updates: […index, …row] → base + updates at their rows`. ints: mode, where it is `CLAMP`; else
/// indices outside are dropped.
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
    vjp: Vjp::Rule(|r| {
        let mode = if clamps(&r.attrs, 0) { mode::CLAMP } else { mode::ZERO };
        vec![Some(r.g()), None, Some(r.g().gather(r.x(1), mode))]
    }),
    reads: Reads::Inputs,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            let (base, index) = (&c.inputs[0], &c.inputs[1]);
            // SAFETY: columns from..to of all rows; base and result are the same array or disjoint.
            unsafe {
                copy_columns(&target(c), base.ptr);
                let add = if base.dtype == F32 {
                    index::scatter_add
                } else {
                    index::iscatter_add
                };
                add(target(c), index.ptr, c.inputs[2].ptr, numel(index.shape));
            }
        },
        units: |g| {
            let w = width(&g.inputs[0].shape);
            Units {
                count: w,
                words: 0,
                cost: 0.2 * g.inputs[0].shape[0] as f32 + 0.3 * g.inputs[1].numel() as f32,
                grain: 16,
                coarse: false,
            }
        },
        workspace: |_| 0,
        strided: false,
        in_place: &[(0, 0)],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| vec![r.scatter(|old, update| old + update)],
};

/// Does the op read the rows of the first operand that the second names?
pub fn reads_rows(op: &OpDef) -> bool {
    core::ptr::eq(op, &GATHER)
}
/// Does the op add the third operand to the rows of the first that the second names?
pub fn adds_rows(op: &OpDef) -> bool {
    core::ptr::eq(op, &SCATTER_ADD)
}

/// `base: [rows, …], index: i32[…], updates: […index, …row] → base with updates in the place of the rows`. Of several updates of one row
/// the last one stays. ints: as of `scatter_add`.
///
/// In the place of `base` it costs what its updates cost, whatever the size of the table.
pub static SCATTER_SET: OpDef = OpDef {
    name: "scatter_set",
    kind: Kind::Index,
    arity: Some(3),
    coerce: Coerce::Keep,
    infer: |i| {
        has_rows(i, 0)?;
        i.dtype(1, &[I32])?;
        let (base, index, updates) = (i.inputs[0], i.inputs[1], i.inputs[2]);
        let expected = [&index.shape[..], &base.shape[1..]].concat();
        if updates.shape != expected || updates.dtype != base.dtype {
            return Err(i.shape(format!("updates of shape {expected:?} and type {}", base.dtype), 2));
        }
        Ok(vec![base.clone()])
    },
    vjp: Vjp::Rule(|r| {
        let (index, g) = (r.x(1), r.g());
        let (rows, n) = (r.x(0).shape()[0], index.numel());
        let set = |inputs: &[Tensor]| g.graph.must(&SCATTER_SET, inputs, r.attrs.clone());
        let (inside, outside) = match clamps(&r.attrs, 0) {
            true => (mode::CLAMP, mode::CLAMP),
            false => (mode::ZERO, mode::FILL),
        };
        // Each row says which update stayed, and an update has a gradient where its row names it.
        let places = g.graph.constant((0..n as u32).collect::<Vec<_>>(), &index.shape(), I32);
        let nobody = index.like(-1.0).broadcast(&[rows]);
        let won = set(&[nobody, index, places]).gather(index, outside).eq(places);
        let taken = g.gather(index, inside);
        let aligned = [&won.shape()[..], &vec![1; taken.ndim() - won.ndim()]].concat();
        let zeros = taken.full_like(0.0);
        vec![
            Some(set(&[g, index, zeros])),
            None,
            Some(won.reshape(&aligned).select(taken, zeros)),
        ]
    }),
    reads: Reads::Inputs,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            let (base, index) = (&c.inputs[0], &c.inputs[1]);
            // SAFETY: columns from..to of all rows; base and result are the same array or disjoint.
            unsafe {
                copy_columns(&target(c), base.ptr);
                index::scatter_set(target(c), index.ptr, c.inputs[2].ptr, numel(index.shape));
            }
        },
        units: |g| Units {
            count: width(&g.inputs[0].shape),
            words: 0,
            cost: 0.2 * g.inputs[1].numel() as f32,
            grain: 16,
            coarse: false,
        },
        workspace: |_| 0,
        strided: false,
        in_place: &[(0, 0)],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| vec![r.scatter(|_, update| update)],
};

/// `index: i32[…] → slot: i32[…], row: i32[n]` for n indices: who names the same row of a table. ints: its rows; mode, as of
/// `scatter_add`.
///
/// `slot` is the place of the first index that names the row, n for an index that is dropped. `row` is the row at such first places and the
/// number of rows, which is outside, at all others. So `row` names each row once, and adding by `slot` adds up what belongs to it.
pub static DISTINCT: OpDef = OpDef {
    name: "distinct",
    kind: Kind::Index,
    arity: Some(1),
    coerce: Coerce::Keep,
    infer: |i| {
        i.dtype(0, &[I32])?;
        if i32::try_from(i.size(0)?).is_err() {
            return Err(i.bad("a table cannot have so many rows"));
        }
        let index = i.inputs[0];
        let row = Type {
            shape: vec![index.numel()],
            dtype: I32,
        };
        Ok(vec![index.clone(), row])
    },
    vjp: Vjp::Zero,
    reads: Reads::Nothing,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            let index = &c.inputs[0];
            // SAFETY: there is one unit; the workspace holds what the kernel asks for.
            unsafe {
                index::distinct(
                    c.outputs[0],
                    c.outputs[1],
                    index.ptr,
                    numel(index.shape),
                    c.attrs.ints[0] as usize,
                    clamps(c.attrs, 1),
                    c.workspace,
                )
            }
        },
        units: |g| Units {
            count: 1,
            words: g.inputs[0].numel(),
            cost: 4.0 * g.inputs[0].numel() as f32,
            grain: 1,
            coarse: false,
        },
        workspace: |g| index::distinct_workspace(g.inputs[0].numel()),
        strided: false,
        in_place: &[],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| r.distinct(r.attrs.ints[0] as usize),
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
