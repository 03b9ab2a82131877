//! Proves that updates leave a row alone that no index names: there the gradient is +0, and each new value must come out as the old one.
//!
//! Kernels are asked, not names: what is known of an operand becomes a few words, and what the kernel makes of all their combinations
//! says what is known of the result. Three things are taken for granted. Scalars of a run and the states are finite: where a learning
//! rate is infinite or NaN the whole sum would be NaN, and now only touched rows are. What a gradient is divided by is not zero, unless it
//! already is for states of zeros (an accumulator from 0 without epsilon), which is looked at. A zero may keep its sign: −0 + 0 is +0.

use super::{is_gradient, repeated};
use crate::simplify::constant_word;
use keratin_graph::hash::HashMap;
use keratin_graph::op::Kernel;
use keratin_graph::ops::source;
use keratin_graph::{DType, Node, Nodes, ValueId, numel};
use keratin_kernels::map::MapFn;

/// What is known of an element of such a row.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Known {
    Word(u32),
    /// 0 of either sign.
    Zero,
    /// What the state held, up to the sign of a zero.
    Old(ValueId),
    /// Nothing but that it is finite; equal values are equal.
    Any(ValueId),
}

/// What a chain of elementwise nodes gives for a row without gradient.
pub struct Rest {
    known: HashMap<ValueId, Known>,
    /// The same where all states are zeros and all scalars ones: nothing may come out but zeros.
    fresh: HashMap<ValueId, Known>,
}

impl Rest {
    /// `chain` holds gradients and elementwise nodes, in order.
    pub fn of(nodes: &Nodes, chain: &[usize]) -> Rest {
        let constant = |v| constant_word(nodes, v).map(|(word, _)| Known::Word(word));
        let any = |v: ValueId| match repeated(nodes, v) {
            Some(scalar) => Known::Any(scalar),
            None if source::is_state(nodes.maker(v).op) && nodes.ty(v).dtype == DType::F32 => Known::Old(v),
            None => Known::Any(v),
        };
        let fresh = |v: ValueId| match (repeated(nodes, v), nodes.ty(v).dtype) {
            (None, _) => Known::Word(0),
            (Some(_), DType::F32) => Known::Word(1f32.to_bits()),
            (Some(_), DType::I32 | DType::U32 | DType::Bool) => Known::Word(1),
        };
        Rest {
            known: follow(nodes, chain, &|v| constant(v).unwrap_or(any(v))),
            fresh: follow(nodes, chain, &|v| constant(v).unwrap_or(fresh(v))),
        }
    }

    /// The state whose old value this is.
    pub fn state(&self, v: ValueId) -> Option<ValueId> {
        let zero = [Known::Zero, Known::Word(0), Known::Word((-0f32).to_bits())];
        match self.known.get(&v)? {
            Known::Old(state) if zero.contains(&self.fresh[&v]) => Some(*state),
            Known::Old(_) | Known::Word(_) | Known::Zero | Known::Any(_) => None,
        }
    }
}

fn follow(nodes: &Nodes, chain: &[usize], outside: &dyn Fn(ValueId) -> Known) -> HashMap<ValueId, Known> {
    let mut known = HashMap::default();
    for &at in chain {
        let node = &nodes.nodes[at];
        let result = match is_gradient(nodes, node) {
            true => Known::Word(0),
            false => {
                let inputs: Vec<Known> = (node.inputs.iter())
                    .map(|v| known.get(v).copied().unwrap_or_else(|| outside(*v)))
                    .collect();
                result(nodes, node, &inputs)
            }
        };
        known.insert(node.first, result);
    }
    known
}

/// What is known of the result of an elementwise node.
fn result(nodes: &Nodes, node: &Node, inputs: &[Known]) -> Known {
    let dtype = |v: ValueId| nodes.ty(v).dtype;
    // Operands that are one value vary together; zeros each have their own sign.
    let mut variables: Vec<(Known, Vec<u32>)> = Vec::new();
    let mut variable_of = Vec::new();
    for (&input, &v) in inputs.iter().zip(&node.inputs) {
        let same = variables.iter().position(|(k, _)| *k == input && input != Known::Zero);
        variable_of.push(same.unwrap_or(variables.len()));
        if same.is_none() {
            variables.push((input, probes(input, dtype(v))));
        }
    }
    let shape: Vec<usize> = variables.iter().map(|(_, words)| words.len()).collect();
    let lanes = numel(&shape);
    let operands: Vec<Vec<u32>> = (variable_of.iter())
        .map(|&k| {
            let inner = numel(&shape[k + 1..]);
            (0..lanes).map(|i| variables[k].1[i / inner % shape[k]]).collect()
        })
        .collect();
    let mut made = vec![0u32; lanes];
    let src = core::array::from_fn(|k| operands.get(k).unwrap_or(&operands[0]).as_ptr());
    // SAFETY: operands and result hold as many words as there are lanes.
    unsafe { kernel(nodes, node)(lanes, made.as_mut_ptr(), src, &node.attrs.floats) };

    let is_float = dtype(node.first) == DType::F32;
    let number = f32::from_bits;
    let all_zero = is_float && made.iter().all(|&w| number(w) == 0.0);
    let kept = (inputs.iter().zip(&operands)).find_map(|(input, words)| match input {
        Known::Old(_) if is_float && made.iter().zip(words).all(|(&m, &w)| number(m) == number(w)) => Some(*input),
        Known::Old(_) | Known::Word(_) | Known::Zero | Known::Any(_) => None,
    });
    let exact = inputs.iter().all(|k| matches!(k, Known::Word(_) | Known::Zero));
    let by_zero = (inputs.iter().zip(&node.inputs)).any(|(k, &v)| match k {
        Known::Zero => true,
        Known::Word(w) => dtype(v) == DType::F32 && number(*w) == 0.0,
        Known::Old(_) | Known::Any(_) => false,
    });
    match kept {
        Some(old) => old,
        None if exact && made.iter().all(|&w| w == made[0]) => Known::Word(made[0]),
        // 0·x, 0/x: words of both signs and all sizes made zeros of it
        None if all_zero && (exact || by_zero) => Known::Zero,
        None => Known::Any(node.first),
    }
}

fn kernel(nodes: &Nodes, node: &Node) -> MapFn {
    let from = nodes.ty(node.inputs[0]).dtype;
    match &node.op.kernel {
        Kernel::Map(f) => f(from).unwrap_or_else(|| panic!("internal: {} has no kernel for {from}", node.op.name)),
        Kernel::Cast(f) => f(from, nodes.ty(node.first).dtype),
        Kernel::Source | Kernel::View(_) | Kernel::Call(_) | Kernel::Reduce(_) | Kernel::Loop => {
            unreachable!("internal: not elementwise")
        }
    }
}

/// Words that stand for all that a value may be.
fn probes(known: Known, dtype: DType) -> Vec<u32> {
    let finite = [
        1.5f32,
        -2.75,
        1.234_567_8,
        -7.654_321e-5,
        f32::MIN_POSITIVE / 4.0,
        -f32::MIN_POSITIVE / 4.0,
        f32::MAX,
        f32::MIN,
    ];
    let ends = [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY];
    match (known, dtype) {
        (Known::Word(word), _) => vec![word],
        (Known::Zero, _) => vec![0, (-0f32).to_bits()],
        (Known::Old(_), _) => finite.into_iter().chain(ends).map(f32::to_bits).collect(),
        (Known::Any(_), DType::F32) => finite.map(f32::to_bits).to_vec(),
        (Known::Any(_), DType::I32 | DType::U32) => vec![0, 1, 12_345, u32::MAX, 1 << 31],
        (Known::Any(_), DType::Bool) => vec![0, 1],
    }
}
