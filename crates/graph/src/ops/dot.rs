//! The matrix product with transpose flags: closed under its own derivative, so no backward pass holds a materialised transpose.

use crate::dtype::DType::F32;
use crate::error::Error;
use crate::graph::Type;
use crate::op::{Algebra, Call, CallDef, Coerce, Geometry, Infer, Kernel, Kind, OpDef, Operand, Reads, Units, Vjp};
use keratin_kernels::gemm::{self, Mat};

pub static ROWS: &[&OpDef] = &[&DOT];

/// `[m, k] · [k, n] → [m, n]`, or the same for each of a batch on a leading axis. ints: transpose a, transpose b.
///
/// Sums run over k in ascending order with one accumulator (kernels' contract), so splitting changes no bit.
pub static DOT: OpDef = OpDef {
    name: "dot",
    kind: Kind::Contract,
    arity: Some(2),
    coerce: Coerce::Float,
    infer,
    vjp: Vjp::Rule(|r| {
        let (a, b, g) = (r.x(0), r.x(1), r.g());
        let (ta, tb) = (r.attrs.ints[0] != 0, r.attrs.ints[1] != 0);
        // y = A·B: dA = g·Bᵀ, dB = Aᵀ·g; a stored transpose swaps the operands
        let da = || if ta { b.dot(g, tb, true) } else { g.dot(b, false, !tb) };
        let db = || if tb { g.dot(a, true, ta) } else { a.dot(g, !ta, false) };
        vec![r.wanted[0].then(da), r.wanted[1].then(db)]
    }),
    reads: Reads::Inputs,
    algebra: Algebra::NONE,
    kernel: Kernel::Call(CallDef {
        run: |c| {
            // SAFETY: operands are valid for their shapes and strides, the workspace for `workspace` words.
            unsafe { run(c) }
        },
        units,
        workspace: |g| {
            let s = Sizes::of(&g.inputs[0].shape, &g.inputs[1].shape, &g.attrs.ints);
            gemm::workspace_words(s.m, s.n, s.k)
        },
        strided: true,
        in_place: &[],
    }),
    #[cfg(feature = "oracle")]
    reference: |r| vec![r.dot(r.attrs.ints[0] != 0, r.attrs.ints[1] != 0)],
};

struct Sizes {
    batch: usize,
    m: usize,
    k: usize,
    n: usize,
    k_b: usize,
}

impl Sizes {
    fn of(a: &[usize], b: &[usize], flags: &[i64]) -> Sizes {
        let last = |s: &[usize], transposed: bool| {
            let (r, c) = (s[s.len() - 2], s[s.len() - 1]);
            if transposed { (c, r) } else { (r, c) }
        };
        let ((m, k), (k_b, n)) = (last(a, flags[0] != 0), last(b, flags[1] != 0));
        Sizes {
            batch: if a.len() == 3 { a[0] } else { 1 },
            m,
            k,
            n,
            k_b,
        }
    }
}

fn infer(i: &Infer) -> Result<Vec<Type>, Error> {
    i.dtype(0, &[F32])?;
    i.dtype(1, &[F32])?;
    let (a, b) = (&i.inputs[0].shape, &i.inputs[1].shape);
    let ranks = a.len() == b.len() && matches!(a.len(), 2 | 3) && i.attrs.ints.len() == 2;
    if !ranks || (a.len() == 3 && a[0] != b[0]) {
        return Err(i.shape("two matrices, or two equally long batches of them", 0));
    }
    let s = Sizes::of(a, b, &i.attrs.ints);
    if s.k != s.k_b {
        return Err(Error::Inner {
            op: "matmul",
            left: a.clone(),
            right: b.clone(),
            sizes: (s.k, s.k_b),
        });
    }
    let shape = if a.len() == 3 {
        vec![s.batch, s.m, s.n]
    } else {
        vec![s.m, s.n]
    };
    Ok(vec![Type { shape, dtype: F32 }])
}

/// Nanoseconds of one multiply-add: the planner's estimate, not a promise.
const COST: f32 = 0.05;

/// Rows of the result; columns where rows are few.
fn units(g: &Geometry) -> Units {
    let s = Sizes::of(&g.inputs[0].shape, &g.inputs[1].shape, &g.attrs.ints);
    if by_columns(s.batch, s.m, s.n) {
        return Units {
            count: s.n,
            words: if s.m == 1 { 1 } else { 0 },
            cost: COST * (s.m * s.k) as f32,
            grain: 32,
            coarse: true,
        };
    }
    Units {
        count: s.batch * s.m,
        words: s.n,
        cost: COST * (s.k * s.n) as f32,
        grain: 4,
        coarse: true,
    }
}
fn by_columns(batch: usize, m: usize, n: usize) -> bool {
    batch == 1 && m < 16 && n > m
}

fn matrix(o: &Operand, transposed: bool, at: usize) -> Mat {
    let d = o.shape.len() - 2;
    let (r, c) = (o.strides[d] as usize, o.strides[d + 1] as usize);
    let batch = if d == 1 { o.strides[0] } else { 0 };
    // SAFETY: `at` is an index of the batch axis.
    let ptr = unsafe { o.ptr.cast::<f32>().offset(batch * at as isize) };
    if transposed {
        Mat { ptr, rs: c, cs: r }
    } else {
        Mat { ptr, rs: r, cs: c }
    }
}

/// # Safety
/// As `CallDef::run`.
unsafe fn run(c: &Call) {
    let s = Sizes::of(c.inputs[0].shape, c.inputs[1].shape, &c.attrs.ints);
    let (ta, tb) = (c.attrs.ints[0] != 0, c.attrs.ints[1] != 0);
    let (out, ws) = (c.outputs[0].cast::<f32>(), c.workspace.cast::<f32>());
    if by_columns(s.batch, s.m, s.n) {
        let (a, mut b) = (matrix(&c.inputs[0], ta, 0), matrix(&c.inputs[1], tb, 0));
        // SAFETY: columns from..to are inside B and C.
        unsafe {
            b.ptr = b.ptr.add(c.from * b.cs);
            gemm::gemm(s.m, c.to - c.from, s.k, a, b, out.add(c.from), s.n, ws);
        }
        return;
    }
    let mut row = c.from;
    while row < c.to {
        let (batch, i) = (row / s.m, row % s.m);
        let rows = (s.m - i).min(c.to - row);
        let (mut a, b) = (matrix(&c.inputs[0], ta, batch), matrix(&c.inputs[1], tb, batch));
        // SAFETY: rows i..i+rows are inside this batch's A and C.
        unsafe {
            a.ptr = a.ptr.add(i * a.rs);
            gemm::gemm(rows, s.n, s.k, a, b, out.add(row * s.n), s.n, ws);
        }
        row += rows;
    }
}
