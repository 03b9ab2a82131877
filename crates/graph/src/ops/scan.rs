//! The loop: a body graph run once per step. Three rules make its derivative, a scan in the other direction.

use crate::dtype::DType;
use crate::error::Error;
use crate::grad;
use crate::graph::{Graph, Nodes, Type, ValueId};
use crate::op::{Algebra, Attrs, Body, Coerce, Infer, Kernel, Kind, OpDef, Reads, Rule, Vjp};
use crate::tensor::Tensor;
use std::rc::Rc;

pub static ROWS: &[&OpDef] = &[&SCAN];

/// `consts…, carry…, xs… → carry…, ys…` where `xs: [steps, …]` gives each step its slice and `ys: [steps, …]` collects the steps' results.
/// ints: consts, carries, steps, reverse. The body takes `consts…, carry…, slices…` and returns `carry…, results…`.
///
/// Reverse runs from the last slice to the first; results stay at their slice's place.
pub static SCAN: OpDef = OpDef {
    name: "scan",
    kind: Kind::Loop,
    arity: None,
    coerce: Coerce::Keep,
    infer,
    vjp: Vjp::Rule(vjp),
    reads: Reads::Both,
    algebra: Algebra::NONE,
    kernel: Kernel::Loop,
    #[cfg(feature = "oracle")]
    reference: |r| r.scan(),
};

/// The shape of a scan, read from its attributes.
#[derive(Clone, Copy)]
pub struct Loop {
    pub consts: usize,
    pub carries: usize,
    pub steps: usize,
    pub reverse: bool,
}

impl Loop {
    pub fn of(attrs: &Attrs) -> Loop {
        let i = |k: usize| attrs.ints[k] as usize;
        Loop {
            consts: i(0),
            carries: i(1),
            steps: i(2),
            reverse: i(3) != 0,
        }
    }
    /// The slice that step `t` works on.
    pub fn slice(&self, t: usize) -> usize {
        if self.reverse { self.steps - 1 - t } else { t }
    }
    fn attrs(&self, body: Rc<Body>) -> Attrs {
        Attrs {
            ints: vec![
                self.consts as i64,
                self.carries as i64,
                self.steps as i64,
                self.reverse as i64,
            ],
            body: Some(body),
            ..Default::default()
        }
    }
}

fn infer(i: &Infer) -> Result<Vec<Type>, Error> {
    let body = i.attrs.body.as_ref().ok_or_else(|| i.bad("a scan needs a body"))?;
    let (consts, carries, steps) = (i.size(0)?, i.size(1)?, i.size(2)?);
    i.int(3)?;
    if body.inputs.len() != i.inputs.len() || consts + carries > i.inputs.len() || body.outputs.len() < carries {
        return Err(i.bad(format!(
            "its body takes {} tensors and returns {}",
            body.inputs.len(),
            body.outputs.len()
        )));
    }
    for (k, t) in i.inputs.iter().enumerate() {
        let inside = body.nodes.ty(body.inputs[k]);
        let outside = if k < consts + carries {
            Some(&t.shape[..])
        } else {
            t.shape.split_first().filter(|(n, _)| **n == steps).map(|(_, s)| s)
        };
        if outside != Some(&inside.shape[..]) || t.dtype != inside.dtype {
            return Err(i.shape(
                format!("what the body's input {k} takes: {}{:?}", inside.dtype, inside.shape),
                k,
            ));
        }
    }
    let results = body.outputs.iter().enumerate().map(|(k, &v)| {
        let ty = body.nodes.ty(v);
        if k >= carries {
            let shape = std::iter::once(steps).chain(ty.shape.iter().copied()).collect();
            return Ok(Type { shape, dtype: ty.dtype });
        }
        let carry = i.inputs[consts + k];
        if carry == ty {
            Ok(ty.clone())
        } else {
            Err(i.shape(
                format!(
                    "a carry that keeps its type: the body returns {}{:?}",
                    ty.dtype, ty.shape
                ),
                consts + k,
            ))
        }
    });
    results.collect()
}

/// Copies a graph's values into another, with given tensors in the place of its inputs.
pub fn inline<'g>(
    from: &Nodes,
    into: &'g Graph,
    inputs: &[(ValueId, Tensor<'g>)],
    outputs: &[ValueId],
) -> Vec<Tensor<'g>> {
    let mut known: Vec<Option<ValueId>> = vec![None; from.values.len()];
    inputs.iter().for_each(|(v, t)| known[v.index()] = Some(t.id));
    for node in &from.nodes {
        if node.results().all(|v| known[v.index()].is_some()) {
            continue;
        }
        let ids: Option<Vec<ValueId>> = node.inputs.iter().map(|v| known[v.index()]).collect();
        let Some(ids) = ids else { continue };
        let copy = into
            .emit(node.op, &ids, node.attrs.clone())
            .unwrap_or_else(|e| panic!("internal: {e}"));
        let first = into.first(copy);
        node.results()
            .enumerate()
            .for_each(|(k, v)| known[v.index()] = Some(ValueId(first.0 + k as u32)));
    }
    outputs
        .iter()
        .map(|v| into.tensor(known[v.index()].expect("internal: a body reads a value it does not have")))
        .collect()
}

/// The derivative of a scan is a scan of the body's derivative in the other direction:
/// 1. cotangents of consts are sums over the steps, carried;
/// 2. cotangents of the carry are the carry;
/// 3. cotangents of xs are the stacked results.
///
/// Each backward step computes its forward step again from the carry that went in, which a second forward scan stacks
/// (`simplify` merges it with the first): memory for one carry per step, not for every intermediate.
fn vjp<'g>(r: &Rule<'g>) -> Vec<Option<Tensor<'g>>> {
    let shape = Loop::of(&r.attrs);
    let body = r.attrs.body.clone().expect("internal: a scan without a body");
    let float = |v: ValueId| body.nodes.ty(v).dtype == DType::F32;
    let (first_x, graph) = (shape.consts + shape.carries, r.inputs[0].graph);

    // The forward scan once more, with each carry as it goes in among its results.
    let carries_in: Vec<ValueId> = body.inputs[shape.consts..first_x].to_vec();
    let forward = Graph::new();
    let ins = fresh_inputs(&forward, &body, &body.inputs);
    let wanted: Vec<ValueId> = body.outputs.iter().chain(&carries_in).copied().collect();
    let outs = inline(&body.nodes, &forward, &ins, &wanted);
    let (ids_in, ids_out) = (
        ins.iter().map(|(_, t)| t.id).collect(),
        outs.iter().map(|t| t.id).collect(),
    );
    let extended = forward.into_body(ids_in, ids_out);
    let inputs: Vec<ValueId> = r.inputs.iter().map(|t| t.id).collect();
    let again = graph
        .emit(&SCAN, &inputs, shape.attrs(extended))
        .unwrap_or_else(|e| panic!("internal: {e}"));
    let stacked = |k: usize| graph.tensor(ValueId(graph.first(again).0 + (body.outputs.len() + k) as u32));

    // The backward body. Inputs: consts, [const sums, carry cotangents], [carries in, slices, result cotangents].
    let back = Graph::new();
    let consts_f: Vec<usize> = (0..shape.consts).filter(|&k| float(body.inputs[k])).collect();
    let carries_f: Vec<usize> = (0..shape.carries).filter(|&k| float(carries_in[k])).collect();
    let results_f: Vec<usize> = (shape.carries..body.outputs.len())
        .filter(|&k| float(body.outputs[k]) && r.cotangents[k].is_some())
        .collect();
    let xs_f: Vec<usize> = (first_x..body.inputs.len())
        .filter(|&k| float(body.inputs[k]))
        .collect();
    let mut next = 0;
    let mut input = |ty: &Type| {
        next += 1;
        back.input(next - 1, ty.shape.clone(), ty.dtype)
    };
    let ty = |v: ValueId| body.nodes.ty(v);
    let consts: Vec<Tensor> = (0..shape.consts).map(|k| input(ty(body.inputs[k]))).collect();
    let sums: Vec<Tensor> = consts_f.iter().map(|&k| input(ty(body.inputs[k]))).collect();
    let cot_carry: Vec<Tensor> = carries_f.iter().map(|&k| input(ty(carries_in[k]))).collect();
    let carry: Vec<Tensor> = carries_in.iter().map(|&v| input(ty(v))).collect();
    let slices: Vec<Tensor> = (first_x..body.inputs.len())
        .map(|k| input(ty(body.inputs[k])))
        .collect();
    let cot_results: Vec<Tensor> = results_f.iter().map(|&k| input(ty(body.outputs[k]))).collect();
    let all_inputs: Vec<Tensor> = [&consts, &sums, &cot_carry, &carry, &slices, &cot_results]
        .into_iter()
        .flatten()
        .copied()
        .collect();

    let body_inputs: Vec<Tensor> = consts.iter().chain(&carry).chain(&slices).copied().collect();
    let pairs: Vec<_> = body.inputs.iter().copied().zip(body_inputs.iter().copied()).collect();
    let outs = inline(&body.nodes, &back, &pairs, &body.outputs);
    let seeds: Vec<(Tensor, Tensor)> = (carries_f.iter().map(|&k| outs[k]).zip(cot_carry.iter().copied()))
        .chain(results_f.iter().map(|&k| outs[k]).zip(cot_results.iter().copied()))
        .collect();
    let targets: Vec<Tensor> = (consts_f.iter().map(|&k| consts[k]))
        .chain(carries_f.iter().map(|&k| carry[k]))
        .chain(xs_f.iter().map(|&k| slices[k - first_x]))
        .collect();
    let grads = grad::pull(&seeds, &targets);
    let zero = |t: &Tensor| back.scalar(0.0).broadcast(&t.shape());
    let grads: Vec<Tensor> = grads
        .into_iter()
        .zip(&targets)
        .map(|(g, t)| g.map_or_else(|| zero(t), |g| back.tensor(g.id)))
        .collect();
    let (g_consts, rest) = grads.split_at(consts_f.len());
    let (g_carry, g_xs) = rest.split_at(carries_f.len());
    let out_ids: Vec<ValueId> = (sums.iter().zip(g_consts).map(|(s, g)| (*s + *g).id))
        .chain(g_carry.iter().chain(g_xs).map(|t| t.id))
        .collect();
    let in_ids: Vec<ValueId> = all_inputs.iter().map(|t| t.id).collect();
    let (n_consts, n_carries) = (shape.consts, consts_f.len() + carries_f.len());
    let backward = back.into_body(in_ids, out_ids);

    let zeros = |t: Tensor<'g>| t.full_like(0.0);
    let operands: Vec<ValueId> = (r.inputs[..shape.consts].iter().copied())
        .chain(consts_f.iter().map(|&k| zeros(r.inputs[k])))
        .chain(
            carries_f
                .iter()
                .map(|&k| r.cotangents[k].unwrap_or_else(|| zeros(r.outputs[k]))),
        )
        .chain((0..shape.carries).map(stacked))
        .chain(r.inputs[first_x..].iter().copied())
        .chain(
            results_f
                .iter()
                .map(|&k| r.cotangents[k].expect("internal: filtered above")),
        )
        .map(|t| t.id)
        .collect();
    let reversed = Loop {
        consts: n_consts,
        carries: n_carries,
        steps: shape.steps,
        reverse: !shape.reverse,
    };
    let node = graph
        .emit(&SCAN, &operands, reversed.attrs(backward))
        .unwrap_or_else(|e| panic!("internal: {e}"));
    let result = |k: usize| graph.tensor(ValueId(graph.first(node).0 + k as u32));

    let mut out = vec![None; r.inputs.len()];
    consts_f
        .iter()
        .enumerate()
        .for_each(|(at, &k)| out[k] = Some(result(at)));
    carries_f
        .iter()
        .enumerate()
        .for_each(|(at, &k)| out[shape.consts + k] = Some(result(consts_f.len() + at)));
    xs_f.iter()
        .enumerate()
        .for_each(|(at, &k)| out[k] = Some(result(n_carries + at)));
    out
}

fn fresh_inputs<'g>(graph: &'g Graph, body: &Body, values: &[ValueId]) -> Vec<(ValueId, Tensor<'g>)> {
    let make = |(k, &v): (usize, &ValueId)| {
        let ty = body.nodes.ty(v);
        (v, graph.input(k, ty.shape.clone(), ty.dtype))
    };
    values.iter().enumerate().map(make).collect()
}

/// A scan as a node of `graph`.
pub fn scan<'g>(
    consts: &[Tensor<'g>],
    carry: &[Tensor<'g>],
    xs: &[Tensor<'g>],
    steps: usize,
    reverse: bool,
    body: Rc<Body>,
) -> Result<Vec<Tensor<'g>>, Error> {
    let all: Vec<Tensor> = [consts, carry, xs].concat();
    let graph = all[0].graph;
    let ids: Vec<ValueId> = all.iter().map(|t| t.id).collect();
    let shape = Loop {
        consts: consts.len(),
        carries: carry.len(),
        steps,
        reverse,
    };
    let node = graph.emit(&SCAN, &ids, shape.attrs(body))?;
    Ok(graph.nodes().node(node).results().map(|v| graph.tensor(v)).collect())
}

/// hᵢ = bᵢ + aᵢ·hᵢ₊₁ from the end, h after the last = 0: `a, b: [steps, …] → h`.
pub(crate) fn recurrence<'g>(a: Tensor<'g>, b: Tensor<'g>) -> Tensor<'g> {
    let shape = a.shape();
    let body = Graph::new();
    let part = |k| body.input(k, &shape[1..], DType::F32);
    let (h, a_i, b_i) = (part(0), part(1), part(2));
    let next = (b_i + a_i * h).id;
    let ids = vec![h.id, a_i.id, b_i.id];
    let zero = a.graph.scalar(0.0).broadcast(&shape[1..]);
    let body = body.into_body(ids, vec![next, next]);
    scan(&[], &[zero], &[a, b], shape[0], true, body).unwrap_or_else(|e| panic!("internal: {e}"))[1]
}
