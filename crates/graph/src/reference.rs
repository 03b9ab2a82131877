//! The oracle: a naive f64 evaluator on `ndarray`, which kernels, derivatives and whole programs are tested against. It never ships.
//!
//! Each row of the op table says its meaning through the helpers of `Reference`. Integers and bools are f64 that hold whole
//! numbers; integer results wrap into their type, exact as long as a product stays below 2⁵³.

mod conv;
pub mod differences;
mod pool;

use crate::dtype::DType::{self, Bool, F32, I32, U32};
use crate::graph::{Nodes, Type, ValueId};
use crate::op::{Attrs, Infer, ViewPlan};
use crate::ops::index::mode;
use crate::ops::scan::Loop;
use crate::ops::source;
use crate::shape::numel;
use keratin_kernels::map::MapFn;
use ndarray::{ArrayD, Axis, Dimension, IxDyn};
use std::collections::HashMap;

/// Tensors by the index of an input, or by the number of a state.
pub type Tensors = HashMap<usize, ArrayD<f64>>;

/// The values of `wanted`, given what inputs and states hold.
///
/// # Panics
/// When an input or state that is needed has no value, or one of another shape.
pub fn evaluate(nodes: &Nodes, inputs: &Tensors, states: &Tensors, wanted: &[ValueId]) -> Vec<ArrayD<f64>> {
    let bound = |nodes: &Nodes, v: ValueId| {
        let node = nodes.maker(v);
        let at = *node.attrs.ints.first().expect("internal: a source without a number") as usize;
        let found = if node.op.name == source::INPUT.name {
            inputs.get(&at)
        } else {
            states.get(&at)
        };
        found
            .unwrap_or_else(|| panic!("{} {at} has no value", node.op.name))
            .clone()
    };
    run(nodes, &bound, states, wanted)
}

/// Evaluates what `wanted` needs, oldest first; `bound` gives inputs and states their values.
fn run(
    nodes: &Nodes,
    bound: &dyn Fn(&Nodes, ValueId) -> ArrayD<f64>,
    states: &Tensors,
    wanted: &[ValueId],
) -> Vec<ArrayD<f64>> {
    let mut needed = vec![false; nodes.values.len()];
    wanted.iter().for_each(|v| needed[v.index()] = true);
    for node in nodes.nodes.iter().rev() {
        if node.results().any(|v| needed[v.index()]) {
            node.inputs.iter().for_each(|v| needed[v.index()] = true);
        }
    }
    let mut values: Vec<Option<ArrayD<f64>>> = vec![None; nodes.values.len()];
    for node in nodes.nodes.iter().filter(|n| n.results().any(|v| needed[v.index()])) {
        let outputs: Vec<Type> = node.results().map(|v| nodes.ty(v).clone()).collect();
        let results = match &node.attrs.words {
            Some(words) => vec![array(
                &outputs[0].shape,
                words.iter().map(|&w| from_word(w, outputs[0].dtype)).collect(),
            )],
            None if node.op.arity == Some(0) => vec![bound(nodes, node.first)],
            None => {
                let inputs: Vec<&ArrayD<f64>> = node
                    .inputs
                    .iter()
                    .map(|v| values[v.index()].as_ref().expect("internal: read before made"))
                    .collect();
                let types: Vec<&Type> = node.inputs.iter().map(|&v| nodes.ty(v)).collect();
                (node.op.reference)(&Reference {
                    op: node.op.name,
                    inputs: &inputs,
                    types: &types,
                    outputs: &outputs,
                    attrs: &node.attrs,
                    states,
                })
            }
        };
        for ((v, x), ty) in node.results().zip(results).zip(&outputs) {
            assert_eq!(
                x.shape(),
                &ty.shape[..],
                "internal: the reference of {} made another shape",
                node.op.name
            );
            values[v.index()] = Some(x.mapv(|x| wrap(x, ty.dtype)));
        }
    }
    wanted
        .iter()
        .map(|v| values[v.index()].clone().expect("internal: wanted but not made"))
        .collect()
}

/// What a row's reference sees: the operands and what is known of them and of the results.
pub struct Reference<'a> {
    pub op: &'static str,
    pub inputs: &'a [&'a ArrayD<f64>],
    /// Of the inputs.
    pub types: &'a [&'a Type],
    pub outputs: &'a [Type],
    pub attrs: &'a Attrs,
    /// For bodies of loops, which may read states too.
    pub states: &'a Tensors,
}

impl Reference<'_> {
    /// yᵢ = f(aᵢ)
    pub fn map1(&self, f: impl Fn(f64) -> f64) -> Vec<ArrayD<f64>> {
        vec![self.inputs[0].mapv(f)]
    }
    /// yᵢ = f(aᵢ, bᵢ)
    pub fn map2(&self, f: impl Fn(f64, f64) -> f64) -> Vec<ArrayD<f64>> {
        let pairs = self.inputs[0].iter().zip(self.inputs[1]);
        vec![self.result(pairs.map(|(&a, &b)| f(a, b)).collect())]
    }
    /// yᵢ = f(aᵢ, bᵢ, cᵢ)
    pub fn map3(&self, f: impl Fn(f64, f64, f64) -> f64) -> Vec<ArrayD<f64>> {
        let triples = self.inputs[0].iter().zip(self.inputs[1]).zip(self.inputs[2]);
        vec![self.result(triples.map(|((&a, &b), &c)| f(a, b, c)).collect())]
    }

    /// `[outer, axes from..to, inner] → [outer, inner]`: f of each fibre.
    pub fn reduce(&self, from: usize, to: usize, f: impl Fn(&[f64]) -> f64) -> Vec<ArrayD<f64>> {
        let shape = &self.types[0].shape;
        let (outer, n, inner) = (numel(&shape[..from]), numel(&shape[from..to]), numel(&shape[to..]));
        let x = flat(self.inputs[0]);
        let fibre = |o: usize, i: usize| (0..n).map(|k| x[(o * n + k) * inner + i]).collect::<Vec<_>>();
        vec![self.result((0..outer * inner).map(|at| f(&fibre(at / inner, at % inner))).collect())]
    }
    /// y₀ = x₀, yᵢ = f(yᵢ₋₁, xᵢ) along an axis.
    pub fn running(&self, axis: usize, f: impl Fn(f64, f64) -> f64) -> Vec<ArrayD<f64>> {
        let mut y = self.inputs[0].clone();
        for mut lane in y.lanes_mut(Axis(axis)) {
            (1..lane.len()).for_each(|i| lane[i] = f(lane[i - 1], lane[i]));
        }
        vec![y]
    }
    /// f of each row of the last axis.
    pub fn rows(&self, f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<ArrayD<f64>> {
        let x = flat(self.inputs[0]);
        let n = *self.types[0].shape.last().expect("internal: rows of a scalar");
        vec![self.result(if n == 0 {
            vec![]
        } else {
            x.chunks(n).flat_map(f).collect()
        })]
    }

    /// Follows the plan of a view word by word.
    pub fn view(&self, plan: fn(&Infer, &[Type]) -> ViewPlan) -> Vec<ArrayD<f64>> {
        let plan = plan(
            &Infer {
                op: self.op,
                inputs: self.types,
                attrs: self.attrs,
            },
            self.outputs,
        );
        let fill = plan.fill.map_or(f64::NAN, |w| from_word(w, self.outputs[0].dtype));
        let mut y = vec![fill; self.outputs[0].numel()];
        for piece in &plan.pieces {
            let x = flat(self.inputs[piece.input]);
            for at in ndarray::indices(&piece.shape[..]) {
                let (mut src, mut dst) = (piece.src_offset as isize, piece.dst_offset);
                for (k, &i) in at.as_array_view().iter().enumerate() {
                    src += i as isize * piece.src_strides[k];
                    dst += i * piece.dst_strides[k];
                }
                y[dst] = x[src as usize];
            }
        }
        vec![self.result(y)]
    }

    /// Matrix product of the last two axes, each operand transposed first where its flag says so.
    pub fn dot(&self, transpose_a: bool, transpose_b: bool) -> ArrayD<f64> {
        let batched = |x: &ArrayD<f64>, transpose: bool| {
            let x = if x.ndim() == 2 {
                x.clone().insert_axis(Axis(0))
            } else {
                x.clone()
            };
            if transpose {
                x.permuted_axes(IxDyn(&[0, 2, 1]))
            } else {
                x
            }
        };
        let (a, b) = (
            batched(self.inputs[0], transpose_a),
            batched(self.inputs[1], transpose_b),
        );
        let (batch, m, k, n) = (a.shape()[0], a.shape()[1], a.shape()[2], b.shape()[2]);
        let entry = |at: usize| {
            let (i, j, l) = (at / (m * n), at / n % m, at % n);
            (0..k).map(|p| a[[i, j, p]] * b[[i, p, l]]).sum()
        };
        self.result((0..batch * m * n).map(entry).collect())
    }

    /// Rows of the first input by the second; see `ops::index::mode` for indices outside.
    pub fn gather(&self, outside: i64) -> ArrayD<f64> {
        let table = self.inputs[0];
        let (rows, width) = (table.shape()[0], numel(&self.types[0].shape[1..]));
        let x = flat(table);
        let fill = match (outside, self.types[0].dtype) {
            (mode::FILL, F32) => f64::NAN,
            (mode::FILL, _) => i32::MIN as f64,
            _ => 0.0,
        };
        let row = |&i: &f64| match place(i, rows, outside == mode::CLAMP) {
            Some(at) => x[at * width..(at + 1) * width].to_vec(),
            None => vec![fill; width],
        };
        self.result(self.inputs[1].iter().flat_map(row).collect())
    }
    /// `base`, where each row of the updates is combined with what is at its index, in order.
    pub fn scatter(&self, combine: fn(f64, f64) -> f64) -> ArrayD<f64> {
        let (rows, width) = (self.inputs[0].shape()[0], numel(&self.types[0].shape[1..]));
        let (mut y, updates) = (flat(self.inputs[0]), flat(self.inputs[2]));
        let clamp = self.attrs.ints.first() == Some(&mode::CLAMP);
        for (k, &i) in self.inputs[1].iter().enumerate() {
            if let Some(at) = place(i, rows, clamp) {
                (0..width).for_each(|j| y[at * width + j] = combine(y[at * width + j], updates[k * width + j]));
            }
        }
        self.result(y)
    }
    /// For each index the place of the first that names the same row, and the row at such first places; see `ops::index::DISTINCT`.
    pub fn distinct(&self, rows: usize) -> Vec<ArrayD<f64>> {
        let clamp = self.attrs.ints.get(1) == Some(&mode::CLAMP);
        let named: Vec<_> = self.inputs[0].iter().map(|&i| place(i, rows, clamp)).collect();
        let first = |at: Option<usize>| at.and_then(|_| named.iter().position(|&other| other == at));
        let slot = named.iter().map(|&at| first(at).unwrap_or(named.len()) as f64);
        let row = |(k, &at): (usize, &Option<usize>)| if first(at) == Some(k) { at.unwrap() } else { rows } as f64;
        vec![
            array(&self.outputs[0].shape, slot.collect()),
            array(&self.outputs[1].shape, named.iter().enumerate().map(row).collect()),
        ]
    }
    /// The stable ascending order of each row, NaN last.
    pub fn argsort(&self) -> ArrayD<f64> {
        let order = |row: &[f64]| {
            let mut order: Vec<usize> = (0..row.len()).collect();
            order.sort_by(|&a, &b| {
                row[a]
                    .partial_cmp(&row[b])
                    .unwrap_or_else(|| row[a].is_nan().cmp(&row[b].is_nan()))
            });
            order.into_iter().map(|i| i as f64).collect()
        };
        self.rows(order).remove(0)
    }

    /// yᵢ = f(i), i the flat index.
    pub fn generate(&self, f: impl Fn(usize) -> f64) -> ArrayD<f64> {
        self.result((0..self.outputs[0].numel()).map(f).collect())
    }
    /// Runs the kernel itself: for rows that are defined by their bits.
    pub fn by_kernel(&self, kernel: MapFn) -> Vec<ArrayD<f64>> {
        let words: Vec<Vec<u32>> = self
            .inputs
            .iter()
            .zip(self.types)
            .map(|(x, ty)| to_words(x, ty.dtype))
            .collect();
        let n = self.outputs[0].numel();
        let mut y = vec![0u32; n];
        let src = core::array::from_fn(|k| words.get(k).map_or(core::ptr::null(), |w| w.as_ptr()));
        // SAFETY: a map reads n words of each of its sources, which all have the result's shape, and writes n words.
        unsafe { kernel(n, y.as_mut_ptr(), src, &self.attrs.floats) }
        vec![self.result(y.into_iter().map(|w| from_word(w, self.outputs[0].dtype)).collect())]
    }

    /// Runs the body once per step, as `ops::scan::SCAN` describes.
    pub fn scan(&self) -> Vec<ArrayD<f64>> {
        let shape = Loop::of(self.attrs);
        let body = self.attrs.body.as_ref().expect("internal: a scan without a body");
        let first_x = shape.consts + shape.carries;
        let mut carry: Vec<ArrayD<f64>> = self.inputs[shape.consts..first_x].iter().map(|&x| x.clone()).collect();
        let mut stacked: Vec<ArrayD<f64>> = self.outputs[shape.carries..]
            .iter()
            .map(|ty| ArrayD::zeros(&ty.shape[..]))
            .collect();
        for step in 0..shape.steps {
            let at = shape.slice(step);
            let bound = |nodes: &Nodes, v: ValueId| match body.inputs.iter().position(|&i| i == v) {
                Some(k) if k < shape.consts => self.inputs[k].clone(),
                Some(k) if k < first_x => carry[k - shape.consts].clone(),
                Some(k) => self.inputs[k].index_axis(Axis(0), at).to_owned(),
                None => self.states[&(nodes.maker(v).attrs.ints[0] as usize)].clone(),
            };
            let mut outputs = run(&body.nodes, &bound, self.states, &body.outputs);
            let results = outputs.split_off(shape.carries);
            stacked
                .iter_mut()
                .zip(results)
                .for_each(|(all, y)| all.index_axis_mut(Axis(0), at).assign(&y));
            carry = outputs;
        }
        carry.into_iter().chain(stacked).collect()
    }

    /// Row-major values in the shape of the (first) result.
    fn result(&self, values: Vec<f64>) -> ArrayD<f64> {
        array(&self.outputs[0].shape, values)
    }
}

/// Row-major values as an array.
pub fn array(shape: &[usize], values: Vec<f64>) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), values).expect("internal: values do not fill the shape")
}

/// Row-major values of an array.
pub fn flat(x: &ArrayD<f64>) -> Vec<f64> {
    x.iter().copied().collect()
}

/// The number that a word of this type stands for.
pub fn from_word(word: u32, dtype: DType) -> f64 {
    match dtype {
        F32 => f32::from_bits(word) as f64,
        I32 => word as i32 as f64,
        U32 | Bool => word as f64,
    }
}

/// The word of this type nearest to a number.
pub fn to_word(x: f64, dtype: DType) -> u32 {
    match dtype {
        F32 => (x as f32).to_bits(),
        I32 | U32 | Bool => x as i64 as u32,
    }
}

/// The words of an array, row-major.
pub fn to_words(x: &ArrayD<f64>, dtype: DType) -> Vec<u32> {
    x.iter().map(|&x| to_word(x, dtype)).collect()
}

/// Words as an array.
pub fn from_words(words: &[u32], ty: &Type) -> ArrayD<f64> {
    array(&ty.shape, words.iter().map(|&w| from_word(w, ty.dtype)).collect())
}

/// What the type keeps of a number: integers are cut and wrap, infinities become the extremes.
fn wrap(x: f64, dtype: DType) -> f64 {
    match dtype {
        F32 => x,
        I32 if x.is_infinite() => (x as i32) as f64,
        I32 => x as i64 as i32 as f64,
        U32 if x.is_infinite() => (x as u32) as f64,
        U32 => x as i64 as u32 as f64,
        Bool => (x != 0.0) as u8 as f64,
    }
}

/// The row that an index names: negative ones count from the end, once. Outside it is none, or the nearest if it is to `clamp`.
fn place(index: f64, rows: usize, clamp: bool) -> Option<usize> {
    let at = if index < 0.0 { index + rows as f64 } else { index };
    let at = if clamp { at.min(rows as f64 - 1.0).max(0.0) } else { at };
    (0.0..rows as f64).contains(&at).then_some(at as usize)
}
