//! `Tensor<'g>`: a `Copy` handle to a value of a graph. Its operators and methods emit nodes; derivative rules are written with it.
//!
//! Methods panic on operands that do not fit: they are for code that knows its shapes. What users ask for goes through
//! `Graph::apply`, which checks.

use crate::dtype::DType;
use crate::error::Error;
use crate::graph::{Graph, Type, ValueId};
use crate::op::{Attrs, Coerce, Kind, OpDef};
use crate::ops;
use crate::shape::{self, Shape, numel};
use core::ops::{Add, Div, Mul, Neg, Sub};

#[derive(Clone, Copy)]
pub struct Tensor<'g> {
    pub graph: &'g Graph,
    pub id: ValueId,
}

impl Graph {
    pub fn tensor(&self, id: ValueId) -> Tensor<'_> {
        Tensor { graph: self, id }
    }

    /// An input of the program: its `index`-th.
    pub fn input(&self, index: usize, shape: impl Into<Shape>, dtype: DType) -> Tensor<'_> {
        self.source(&ops::source::INPUT, index, shape.into(), dtype)
    }
    /// A value that lives between runs.
    pub fn state(&self, index: usize, shape: impl Into<Shape>, dtype: DType) -> Tensor<'_> {
        self.source(&ops::source::STATE, index, shape.into(), dtype)
    }
    fn source(&self, op: &'static OpDef, index: usize, shape: Shape, dtype: DType) -> Tensor<'_> {
        let head = [index as i64, dtype.code() as i64];
        self.must(
            op,
            &[],
            Attrs::ints(head.into_iter().chain(shape.iter().map(|&n| n as i64))),
        )
    }
    pub fn constant(&self, words: impl Into<std::rc::Rc<[u32]>>, shape: &[usize], dtype: DType) -> Tensor<'_> {
        let ints = std::iter::once(dtype.code() as i64)
            .chain(shape.iter().map(|&n| n as i64))
            .collect();
        self.must(
            &ops::source::CONSTANT,
            &[],
            Attrs {
                ints,
                words: Some(words.into()),
                ..Default::default()
            },
        )
    }
    pub fn scalar(&self, x: f32) -> Tensor<'_> {
        self.constant([x.to_bits()], &[], DType::F32)
    }
    pub fn scalar_i32(&self, x: i32) -> Tensor<'_> {
        self.constant([x as u32], &[], DType::I32)
    }
    /// The number `x` in the given type, as a scalar.
    pub fn number(&self, x: f64, dtype: DType) -> Tensor<'_> {
        let word = match dtype {
            DType::F32 => (x as f32).to_bits(),
            DType::I32 => x as i32 as u32,
            DType::U32 => x as u32,
            DType::Bool => (x != 0.0) as u32,
        };
        self.constant([word], &[], dtype)
    }

    pub(crate) fn must(&self, op: &'static OpDef, inputs: &[Tensor], attrs: Attrs) -> Tensor<'_> {
        let ids: Vec<ValueId> = inputs.iter().map(|t| t.id).collect();
        match self.emit(op, &ids, attrs) {
            Ok(node) => self.tensor(self.first(node)),
            Err(error) => panic!("internal: {error}"),
        }
    }

    /// Emits an op as users mean it: operands are promoted and, for elementwise ops, broadcast. Returns all results.
    pub fn apply(&self, op: &'static OpDef, inputs: &[ValueId], attrs: Attrs) -> Result<Vec<ValueId>, Error> {
        let mut operands: Vec<Tensor> = inputs.iter().map(|&id| self.tensor(id)).collect();
        let common = |ts: &[Tensor], min: DType| ts.iter().fold(min, |d, t| d.promote(t.dtype()));
        fn cast(ts: &mut [Tensor], to: DType) {
            ts.iter_mut().for_each(|t| *t = t.cast(to));
        }
        match op.coerce {
            Coerce::Keep => {}
            Coerce::Float => cast(&mut operands, DType::F32),
            Coerce::Bool => cast(&mut operands, DType::Bool),
            Coerce::Promote => match common(&operands, DType::Bool) {
                DType::Bool => cast(&mut operands, DType::I32),
                to => cast(&mut operands, to),
            },
            Coerce::Common => {
                let to = common(&operands, DType::Bool);
                cast(&mut operands, to);
            }
            Coerce::Select if !operands.is_empty() => {
                let to = common(&operands[1..], DType::Bool);
                cast(&mut operands[..1], DType::Bool);
                cast(&mut operands[1..], to);
            }
            Coerce::Select => {}
        }
        if op.kind == Kind::Map && operands.len() > 1 {
            let mut to = operands[0].shape();
            for t in &operands[1..] {
                to = shape::broadcast(op.name, &to, &t.shape())?;
            }
            operands.iter_mut().for_each(|t| *t = t.broadcast(&to));
        }
        let ids: Vec<ValueId> = operands.iter().map(|t| t.id).collect();
        let node = self.emit(op, &ids, attrs)?;
        Ok(self.nodes().node(node).results().collect())
    }
}

impl<'g> Tensor<'g> {
    pub fn ty(self) -> Type {
        self.graph.ty(self.id)
    }
    pub fn shape(self) -> Shape {
        self.ty().shape
    }
    pub fn dtype(self) -> DType {
        self.graph.nodes().ty(self.id).dtype
    }
    pub fn ndim(self) -> usize {
        self.graph.nodes().ty(self.id).shape.len()
    }

    /// One input, no attributes.
    pub fn map(self, op: &'static OpDef) -> Tensor<'g> {
        self.graph.must(op, &[self], Attrs::default())
    }
    pub fn map_with(self, op: &'static OpDef, floats: &[f32]) -> Tensor<'g> {
        self.graph.must(op, &[self], Attrs::floats(floats.iter().copied()))
    }
    /// Two inputs of one shape, or one of them a scalar.
    pub fn zip(self, op: &'static OpDef, other: Tensor<'g>) -> Tensor<'g> {
        let to = shape::broadcast(op.name, &self.shape(), &other.shape()).unwrap_or_else(|e| panic!("internal: {e}"));
        self.graph
            .must(op, &[self.broadcast(&to), other.broadcast(&to)], Attrs::default())
    }
    /// A scalar of this tensor's type.
    pub fn like(self, x: f64) -> Tensor<'g> {
        self.graph.number(x, self.dtype())
    }
    /// A tensor of this one's shape and type, filled with `x`.
    pub fn full_like(self, x: f64) -> Tensor<'g> {
        self.like(x).broadcast(&self.shape())
    }

    pub fn cast(self, to: DType) -> Tensor<'g> {
        if self.dtype() == to {
            return self;
        }
        self.graph
            .must(&ops::cast::CAST, &[self], Attrs::ints([to.code() as i64]))
    }
    pub fn exp(self) -> Tensor<'g> {
        self.map(&ops::unary::EXP)
    }
    pub fn sqrt(self) -> Tensor<'g> {
        self.map(&ops::unary::SQRT)
    }
    pub fn square(self) -> Tensor<'g> {
        self * self
    }
    pub fn eq(self, other: Tensor<'g>) -> Tensor<'g> {
        self.zip(&ops::binary::EQUAL, other)
    }
    pub fn lt(self, other: Tensor<'g>) -> Tensor<'g> {
        self.zip(&ops::binary::LESS, other)
    }
    pub fn maximum(self, other: Tensor<'g>) -> Tensor<'g> {
        self.zip(&ops::binary::MAXIMUM, other)
    }
    pub fn minimum(self, other: Tensor<'g>) -> Tensor<'g> {
        self.zip(&ops::binary::MINIMUM, other)
    }
    /// `self` is the condition.
    pub fn select(self, a: Tensor<'g>, b: Tensor<'g>) -> Tensor<'g> {
        let to = [a, b].iter().fold(self.shape(), |s, t| {
            shape::broadcast("select", &s, &t.shape()).unwrap_or_else(|e| panic!("internal: {e}"))
        });
        self.graph.must(
            &ops::binary::SELECT,
            &[self.broadcast(&to), a.broadcast(&to), b.broadcast(&to)],
            Attrs::default(),
        )
    }

    /// NumPy broadcasting to a given shape.
    pub fn broadcast(self, to: &[usize]) -> Tensor<'g> {
        if self.shape() == to {
            return self;
        }
        self.graph.must(
            &ops::view::BROADCAST,
            &[self],
            Attrs::ints(to.iter().map(|&n| n as i64)),
        )
    }
    pub fn reshape(self, to: &[usize]) -> Tensor<'g> {
        if self.shape() == to {
            return self;
        }
        self.graph
            .must(&ops::view::RESHAPE, &[self], Attrs::ints(to.iter().map(|&n| n as i64)))
    }
    /// Axis `i` of the result is axis `order[i]` of the input.
    pub fn transpose(self, order: &[usize]) -> Tensor<'g> {
        if order.iter().enumerate().all(|(i, &a)| i == a) {
            return self;
        }
        self.graph.must(
            &ops::view::TRANSPOSE,
            &[self],
            Attrs::ints(order.iter().map(|&a| a as i64)),
        )
    }
    /// Per axis `(start, size, step)`; a negative step walks back from `start`.
    pub fn slice(self, spec: &[(usize, usize, i64)]) -> Tensor<'g> {
        let ints = spec
            .iter()
            .flat_map(|&(start, size, step)| [start as i64, size as i64, step]);
        self.graph.must(&ops::view::SLICE, &[self], Attrs::ints(ints))
    }
    /// One stretch of one axis.
    pub fn narrow(self, axis: usize, start: usize, size: usize) -> Tensor<'g> {
        let spec: Vec<_> = (self.shape().iter().enumerate())
            .map(|(i, &n)| if i == axis { (start, size, 1) } else { (0, n, 1) })
            .collect();
        self.slice(&spec)
    }
    pub fn flip(self, axis: usize) -> Tensor<'g> {
        let spec: Vec<_> = (self.shape().iter().enumerate())
            .map(|(i, &n)| {
                if i == axis {
                    (n.saturating_sub(1), n, -1)
                } else {
                    (0, n, 1)
                }
            })
            .collect();
        self.slice(&spec)
    }
    /// Per axis `(low, high, interior)` cells of `fill`.
    pub fn pad(self, spec: &[(usize, usize, usize)], fill: f64) -> Tensor<'g> {
        let ints = spec
            .iter()
            .flat_map(|&(lo, hi, inner)| [lo as i64, hi as i64, inner as i64])
            .collect();
        self.graph.must(
            &ops::view::PAD,
            &[self],
            Attrs {
                ints,
                floats: vec![fill as f32],
                ..Default::default()
            },
        )
    }
    pub fn concat(parts: &[Tensor<'g>], axis: usize) -> Tensor<'g> {
        parts[0]
            .graph
            .must(&ops::view::CONCAT, parts, Attrs::ints([axis as i64]))
    }

    /// Sum over axes, which disappear.
    pub fn sum(self, axes: &[usize]) -> Tensor<'g> {
        self.reduce(&ops::reduce::SUM, axes)
    }
    /// A reduction over any axes: brings them together first, since rows reduce a contiguous range.
    pub fn reduce(self, op: &'static OpDef, axes: &[usize]) -> Tensor<'g> {
        let mut axes = axes.to_vec();
        axes.sort_unstable();
        let (Some(&first), Some(&last)) = (axes.first(), axes.last()) else {
            return self.graph.must(op, &[self], Attrs::ints([0, 0]));
        };
        if last - first + 1 == axes.len() {
            return self
                .graph
                .must(op, &[self], Attrs::ints([first as i64, last as i64 + 1]));
        }
        let kept: Vec<usize> = (0..self.ndim()).filter(|a| !axes.contains(a)).collect();
        let order: Vec<usize> = kept.iter().chain(&axes).copied().collect();
        let ints = Attrs::ints([kept.len() as i64, order.len() as i64]);
        self.graph.must(op, &[self.transpose(&order)], ints)
    }
    /// Sum down to a shape that broadcasts to this one: the adjoint of `broadcast`.
    pub fn sum_to(self, to: &[usize]) -> Tensor<'g> {
        let from = self.shape();
        let lead = from.len() - to.len();
        let axes: Vec<usize> = (0..from.len())
            .filter(|&i| i < lead || (to[i - lead] == 1 && from[i] != 1))
            .collect();
        if axes.is_empty() {
            self.reshape(to)
        } else {
            self.sum(&axes).reshape(to)
        }
    }

    /// `op(self) · op(b)` over the last two axes, where a flag transposes; rank 2, or rank 3 with one batch size.
    pub fn dot(self, b: Tensor<'g>, transpose_a: bool, transpose_b: bool) -> Tensor<'g> {
        self.graph.must(
            &ops::dot::DOT,
            &[self, b],
            Attrs::ints([transpose_a as i64, transpose_b as i64]),
        )
    }
    /// Rows of `self` by index; see `ops::index::GATHER`.
    pub fn gather(self, index: Tensor<'g>, mode: i64) -> Tensor<'g> {
        self.graph
            .must(&ops::index::GATHER, &[self, index], Attrs::ints([mode]))
    }

    pub fn numel(self) -> usize {
        numel(&self.graph.nodes().ty(self.id).shape)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $op:expr) => {
        impl<'g> $trait for Tensor<'g> {
            type Output = Tensor<'g>;
            fn $method(self, other: Tensor<'g>) -> Tensor<'g> {
                self.zip(&$op, other)
            }
        }
        impl<'g> $trait<f32> for Tensor<'g> {
            type Output = Tensor<'g>;
            fn $method(self, other: f32) -> Tensor<'g> {
                self.zip(&$op, self.like(other as f64))
            }
        }
    };
}
operator!(Add, add, ops::binary::ADD);
operator!(Sub, sub, ops::binary::SUBTRACT);
operator!(Mul, mul, ops::binary::MULTIPLY);
operator!(Div, div, ops::binary::DIVIDE);
impl<'g> Neg for Tensor<'g> {
    type Output = Tensor<'g>;
    fn neg(self) -> Tensor<'g> {
        self.map(&ops::unary::NEGATIVE)
    }
}
