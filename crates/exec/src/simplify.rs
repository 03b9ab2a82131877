//! Writes the graph anew without what changes nothing: dead nodes, transparent ops, identities, views of views, a loop beside its extension.

use keratin_graph::hash::HashMap;
use keratin_graph::op::{Body, Kernel, Kind};
use keratin_graph::{Attrs, DType, Error, Nodes, ValueId};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A graph with the places of the values that were asked for.
pub struct Simplified {
    pub nodes: Nodes,
    pub wanted: Vec<ValueId>,
}

/// Keeps what `wanted` needs. With `rewrite` off it only removes dead nodes.
pub fn simplify(nodes: &Nodes, wanted: &[ValueId], rewrite: bool) -> Result<Simplified, Error> {
    let live = live(nodes, wanted);
    let extensions = if rewrite {
        extended_loops(nodes, &live)
    } else {
        HashMap::default()
    };
    let mut out = Nodes::with_paths_of(nodes);
    let mut place: Vec<Option<ValueId>> = vec![None; nodes.values.len()];
    for (at, node) in nodes.nodes.iter().enumerate() {
        if !live[at] || place[node.first.index()].is_some() {
            continue;
        }
        out.set_path_of(node);
        let inputs: Vec<ValueId> = node
            .inputs
            .iter()
            .map(|v| place[v.index()].expect("internal: an input comes later"))
            .collect();
        if rewrite && let Some(same) = unchanged(&out, node.op, &inputs, &node.attrs) {
            place[node.first.index()] = Some(same);
            continue;
        }
        // A loop whose longer twin follows is run as the twin: the twin's first results are its own.
        let (made, twin) = match extensions.get(&at) {
            Some(&longer) => (&nodes.nodes[longer], Some(longer)),
            None => (node, None),
        };
        let (inputs, attrs) = if rewrite {
            through_views(&out, made.op, inputs, &made.attrs)
        } else {
            (inputs, made.attrs.clone())
        };
        let id = out.emit(made.op, &inputs, attrs)?;
        let first = out.node(id).first.0;
        let mut record = |n: &keratin_graph::Node| {
            n.results()
                .enumerate()
                .for_each(|(k, v)| place[v.index()] = Some(ValueId(first + k as u32)))
        };
        record(node);
        if let Some(longer) = twin {
            record(&nodes.nodes[longer]);
        }
    }
    let wanted = wanted
        .iter()
        .map(|v| place[v.index()].expect("internal: an output is dead"))
        .collect();
    Ok(Simplified { nodes: out, wanted })
}

fn live(nodes: &Nodes, wanted: &[ValueId]) -> Vec<bool> {
    let mut live = vec![false; nodes.nodes.len()];
    wanted.iter().for_each(|&v| live[nodes.value(v).node.0 as usize] = true);
    for at in (0..nodes.nodes.len()).rev() {
        if live[at] {
            nodes.nodes[at]
                .inputs
                .iter()
                .for_each(|&v| live[nodes.value(v).node.0 as usize] = true);
        }
    }
    live
}

/// The value that an op returns as it came, when its row says so.
fn unchanged(nodes: &Nodes, op: &keratin_graph::OpDef, inputs: &[ValueId], _attrs: &Attrs) -> Option<ValueId> {
    if op.algebra.transparent {
        return Some(inputs[0]);
    }
    let identity = op.algebra.right_identity?;
    let is_identity = |v: ValueId| {
        constant_word(nodes, v)
            .is_some_and(|(word, dtype)| word == word_of(identity, dtype) && keeps_bits(op, word, dtype))
    };
    match inputs {
        [x, e] if is_identity(*e) => Some(*x),
        [e, x] if op.algebra.commutative && is_identity(*e) => Some(*x),
        _ => None,
    }
}

/// Is `x ∘ e` the same word as `x`, not only the same number? Algebra says x + 0 = x, but −0 + 0 is +0.
fn keeps_bits(op: &keratin_graph::OpDef, e: u32, dtype: DType) -> bool {
    if dtype != DType::F32 {
        return true;
    }
    let Kernel::Map(kernel) = op.kernel else { return false };
    let Some(f) = kernel(dtype) else { return false };
    let probes = [
        -0.0f32,
        0.0,
        1.5,
        -2.75,
        f32::MIN_POSITIVE / 4.0,
        f32::MAX,
        f32::INFINITY,
        f32::NEG_INFINITY,
    ]
    .map(f32::to_bits);
    let (es, mut got) = ([e; 8], [0; 8]);
    // SAFETY: all arrays hold the eight words.
    unsafe { f(8, got.as_mut_ptr(), [probes.as_ptr(), es.as_ptr(), es.as_ptr()], &[]) };
    got == probes
}

/// The one word of a constant, looked at through broadcasts.
pub fn constant_word(nodes: &Nodes, v: ValueId) -> Option<(u32, DType)> {
    let node = nodes.maker(v);
    match (node.op.kind, &node.attrs.words) {
        (Kind::Source, Some(words)) if words.len() == 1 => Some((words[0], nodes.ty(v).dtype)),
        (Kind::View, _) if node.inputs.len() == 1 && node.attrs.floats.is_empty() => {
            constant_word(nodes, node.inputs[0])
        }
        _ => None,
    }
}
fn word_of(x: f32, dtype: DType) -> u32 {
    match dtype {
        DType::F32 => x.to_bits(),
        DType::I32 => x as i32 as u32,
        DType::U32 | DType::Bool => x as u32,
    }
}

/// A view whose plan moves nothing reads the source of the view before it, when that moved nothing either (reshape of reshape).
fn through_views(
    nodes: &Nodes,
    op: &keratin_graph::OpDef,
    mut inputs: Vec<ValueId>,
    attrs: &Attrs,
) -> (Vec<ValueId>, Attrs) {
    if op.kind == Kind::View && inputs.len() == 1 && moves_nothing(nodes, op, &inputs, attrs) {
        loop {
            let node = nodes.maker(inputs[0]);
            if node.op.kind != Kind::View
                || node.inputs.len() != 1
                || !moves_nothing(nodes, node.op, &node.inputs, &node.attrs)
            {
                break;
            }
            let (before, shape) = (inputs[0], result_shape(nodes, op, &inputs, attrs));
            inputs[0] = node.inputs[0];
            // The view's own attributes must mean the same of another shape: a reshape's do.
            if !moves_nothing(nodes, op, &inputs, attrs) || result_shape(nodes, op, &inputs, attrs) != shape {
                inputs[0] = before;
                break;
            }
        }
    }
    (inputs, attrs.clone())
}
fn result_shape(nodes: &Nodes, op: &keratin_graph::OpDef, inputs: &[ValueId], attrs: &Attrs) -> Option<Vec<usize>> {
    let types: Vec<_> = inputs.iter().map(|&v| nodes.ty(v)).collect();
    let results = (op.infer)(&keratin_graph::op::Infer {
        op: op.name,
        inputs: &types,
        attrs,
    })
    .ok()?;
    Some(results[0].shape.clone())
}
/// Is the result the input's memory in the same order?
fn moves_nothing(nodes: &Nodes, op: &keratin_graph::OpDef, inputs: &[ValueId], attrs: &Attrs) -> bool {
    let Kernel::View(plan) = op.kernel else { return false };
    let types: Vec<_> = inputs.iter().map(|&v| nodes.ty(v)).collect();
    let infer = keratin_graph::op::Infer {
        op: op.name,
        inputs: &types,
        attrs,
    };
    let Ok(results) = (op.infer)(&infer) else { return false };
    let plan = plan(&infer, &results);
    let own = keratin_graph::shape::strides(&results[0].shape);
    let dense = |p: &keratin_graph::op::Piece| {
        p.src_offset == 0
            && p.dst_offset == 0
            && p.src_strides
                .iter()
                .zip(&own)
                .zip(&p.shape)
                .all(|((&s, &d), &n)| n <= 1 || s == d as isize)
    };
    plan.fill.is_none() && plan.pieces.len() == 1 && results[0].numel() == types[0].numel() && dense(&plan.pieces[0])
}

/// Loops with equal inputs where one's results are the first results of another: shorter → longer.
fn extended_loops(nodes: &Nodes, live: &[bool]) -> HashMap<usize, usize> {
    let loops: Vec<usize> = (0..nodes.nodes.len())
        .filter(|&i| live[i] && nodes.nodes[i].op.kind == Kind::Loop)
        .collect();
    let mut found = HashMap::default();
    for (k, &short) in loops.iter().enumerate() {
        for &long in &loops[k + 1..] {
            let (a, b) = (&nodes.nodes[short], &nodes.nodes[long]);
            if a.inputs != b.inputs || a.attrs.ints != b.attrs.ints || a.outputs > b.outputs {
                continue;
            }
            let (Some(x), Some(y)) = (&a.attrs.body, &b.attrs.body) else {
                continue;
            };
            if fingerprints(y).starts_with(&fingerprints(x)) {
                found.insert(short, long);
                break;
            }
        }
    }
    found
}

/// A hash of what each output of a body computes from its inputs, whatever the numbers of its values.
fn fingerprints(body: &Body) -> Vec<u64> {
    let mut known = vec![0u64; body.nodes.values.len()];
    let position: HashMap<ValueId, usize> = body.inputs.iter().enumerate().map(|(i, &v)| (v, i)).collect();
    for node in &body.nodes.nodes {
        let mut h = DefaultHasher::new();
        node.op.name.hash(&mut h);
        match position.get(&node.first) {
            Some(i) => i.hash(&mut h),
            None => {
                node.attrs.hash(&mut h);
                node.inputs.iter().for_each(|v| known[v.index()].hash(&mut h));
            }
        }
        for (k, v) in node.results().enumerate() {
            known[v.index()] = h.finish().wrapping_add(k as u64);
        }
    }
    body.outputs.iter().map(|v| known[v.index()]).collect()
}
