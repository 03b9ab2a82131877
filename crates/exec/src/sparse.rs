//! Lets an update of a table touch only the rows that an index names.
//!
//! The gradient of a gather is a scatter-add onto zeros: as large as the table, and zero but for a few rows. Where such gradients reach
//! nothing but elementwise updates of states of that shape, and these leave a row without gradient as it was (`rests`), the same chain
//! runs on the named rows alone:
//! ```text
//!                                             slot, row = distinct(index)
//! S = scatter_add(0, index, g): [rows, …]     s = scatter_add(0, slot, g): [n, …]        the same sums in the same order
//! state' = f(S, state, …)                     state' = scatter_set(state, row, f(s, gather(state, row), …))
//! ```
//! Writes come last in the graph: when they run all reading of old values is over, so the plan makes them in place.

mod rests;

use crate::simplify::{Simplified, constant_word};
use keratin_graph::hash::HashMap;
use keratin_graph::op::Kind;
use keratin_graph::ops::{index, source, view};
use keratin_graph::{Attrs, DType, Error, Node, Nodes, OpDef, Type, ValueId};
use rests::Rest;
use std::collections::BTreeSet;

/// Rewrites all updates that can touch rows alone, and says whether there are any. The last of `wanted` are new values of the states
/// `targets`. What is not needed any more stays as dead nodes.
pub fn touch_rows(simple: &mut Simplified, targets: &[usize]) -> Result<bool, Error> {
    let nodes = &simple.nodes;
    let gradients = (0..nodes.nodes.len()).filter(|&at| is_gradient(nodes, &nodes.nodes[at]));
    let gradients: Vec<usize> = gradients.collect();
    if targets.is_empty() || gradients.is_empty() {
        return Ok(false);
    }
    let readers = readers(nodes);
    let mut regions: Vec<Region> = Vec::new();
    for seed in gradients {
        if regions.iter().all(|r| !r.inside.contains(&seed)) {
            regions.extend(Region::around(simple, targets, &readers, seed));
        }
    }
    let mut writes = Vec::new();
    for region in &regions {
        region.on_rows(simple, &mut writes)?;
    }
    for w in &writes {
        let inputs = [w.state, w.row, w.value];
        simple.wanted[w.position] = emit(&mut simple.nodes, &index::SCATTER_SET, &inputs, [])?;
    }
    Ok(!writes.is_empty())
}

/// Rows added onto zeros: what the derivative of a gather makes.
fn is_gradient(nodes: &Nodes, node: &Node) -> bool {
    index::adds_rows(node.op) && constant_word(nodes, node.inputs[0]) == Some((0, DType::F32))
}

fn clamps(gradient: &Node) -> bool {
    index::clamps(&gradient.attrs, 0)
}

/// The nodes that read each value.
fn readers(nodes: &Nodes) -> Vec<Vec<usize>> {
    let mut readers = vec![Vec::new(); nodes.values.len()];
    for (at, node) in nodes.nodes.iter().enumerate() {
        node.inputs.iter().for_each(|v| readers[v.index()].push(at));
    }
    readers
}

/// The scalar that a value repeats.
fn repeated(nodes: &Nodes, v: ValueId) -> Option<ValueId> {
    let node = nodes.maker(v);
    let is_view = node.op.kind == Kind::View && node.inputs.len() == 1 && node.attrs.floats.is_empty();
    match nodes.ty(v).numel() {
        1 => Some(v),
        _ if is_view => repeated(nodes, node.inputs[0]),
        _ => None,
    }
}

/// Gradients of one shape with the elementwise nodes between them and the states that they update.
struct Region {
    table: Type,
    /// Do indices outside mean the nearest row?
    clamp: bool,
    /// Gradients and elementwise nodes, in order.
    inside: BTreeSet<usize>,
    /// Positions among what is wanted, with the states whose new values these are.
    updates: Vec<(usize, ValueId)>,
}

/// An update of named rows: the state's new value is the old one with `value` at `row`.
struct Write {
    position: usize,
    state: ValueId,
    row: ValueId,
    value: ValueId,
}

impl Region {
    /// The region of the gradient `seed`; `None` where anything else reads a gradient, or an update would change other rows.
    fn around(simple: &Simplified, targets: &[usize], readers: &[Vec<usize>], seed: usize) -> Option<Region> {
        let nodes = &simple.nodes;
        let maker = |v: ValueId| nodes.value(v).node.0 as usize;
        let table = nodes.ty(nodes.nodes[seed].first).clone();
        let mut inside = BTreeSet::from([seed]);
        // Nodes that depend on a gradient: all that read them must be inside.
        let mut moved = BTreeSet::new();
        loop {
            let before = (inside.len(), moved.len());
            for at in inside.clone() {
                let node = &nodes.nodes[at];
                let depends = node.inputs.iter().any(|&v| moved.contains(&maker(v)));
                if is_gradient(nodes, node) {
                    if depends {
                        return None;
                    }
                    moved.insert(at);
                } else {
                    if node.op.kind != Kind::Map || nodes.ty(node.first).shape != table.shape {
                        return None;
                    }
                    if depends {
                        moved.insert(at);
                    }
                    inside.extend(row_by_row(nodes, node, &table)?);
                }
                if moved.contains(&at) {
                    inside.extend(&readers[node.first.index()]);
                }
            }
            if before == (inside.len(), moved.len()) {
                break;
            }
        }
        let region = Region {
            updates: vec![],
            clamp: clamps(&nodes.nodes[seed]),
            table,
            inside,
        };
        // As many indices as rows would touch the table whole, and one row must be one whoever names it.
        if region.touched(nodes) >= region.table.shape[0] || region.gradients(nodes).any(|g| clamps(g) != region.clamp)
        {
            return None;
        }
        let chain: Vec<usize> = region.inside.iter().copied().collect();
        let rest = Rest::of(nodes, &chain);
        let first = simple.wanted.len() - targets.len();
        let mut updates = Vec::new();
        for (position, &v) in simple
            .wanted
            .iter()
            .enumerate()
            .filter(|w| moved.contains(&maker(*w.1)))
        {
            let state = rest.state(v)?;
            let number = nodes.maker(state).attrs.ints[0] as usize;
            if position < first || targets[position - first] != number {
                return None;
            }
            updates.push((position, state));
        }
        Some(Region { updates, ..region })
    }

    fn gradients<'a>(&'a self, nodes: &'a Nodes) -> impl Iterator<Item = &'a Node> {
        let all = self.inside.iter().map(|&at| &nodes.nodes[at]);
        all.filter(|node| is_gradient(nodes, node))
    }
    /// The number of indices.
    fn touched(&self, nodes: &Nodes) -> usize {
        self.gradients(nodes).map(|g| nodes.ty(g.inputs[1]).numel()).sum()
    }

    /// The rows of a value as the step has read them already, which a table's forward pass does. Where an index is not the first of its
    /// row, or outside, they hold what `row` would not read; nothing is written from there.
    fn read_before(&self, nodes: &Nodes, v: ValueId) -> Option<ValueId> {
        let mut gradients = self.gradients(nodes);
        let (Some(only), None) = (gradients.next(), gradients.next()) else {
            return None;
        };
        let reads = |node: &&Node| {
            index::reads_rows(node.op) && node.inputs == [v, only.inputs[1]] && clamps(node) == self.clamp
        };
        nodes.nodes.iter().find(reads).map(|node| node.first)
    }

    /// Emits the chain on named rows.
    fn on_rows(&self, simple: &mut Simplified, writes: &mut Vec<Write>) -> Result<(), Error> {
        let Simplified { nodes, wanted } = simple;
        let n = self.touched(nodes);
        let sizes = |first: usize| [&[first], &self.table.shape[1..]].concat();
        let parts: Vec<(ValueId, ValueId, ValueId, usize)> = self
            .gradients(nodes)
            .map(|g| (g.first, g.inputs[1], g.inputs[2], nodes.ty(g.inputs[1]).numel()))
            .collect();
        // All indices in a row, so that a row that several gradients name is one.
        let mut flat = Vec::new();
        for &(_, index, _, count) in &parts {
            flat.push(reshape(nodes, index, &[count])?);
        }
        let all = match flat[..] {
            [only] => only,
            _ => emit(nodes, &view::CONCAT, &flat, [0])?,
        };
        let rows = [self.table.shape[0] as i64].into_iter();
        let rows = Attrs::ints(rows.chain(self.clamp.then_some(index::mode::CLAMP)));
        let distinct = nodes.emit(&index::DISTINCT, &[all], rows)?;
        let slot = nodes.node(distinct).first;
        let row = ValueId(slot.0 + 1);
        let zero = Attrs {
            words: Some([0].into()),
            ..Attrs::ints([DType::F32.code() as i64])
        };
        let zero = nodes.emit(&source::CONSTANT, &[], zero)?;
        let zeros = repeat(nodes, nodes.node(zero).first, &sizes(n))?;
        let mut known: HashMap<ValueId, ValueId> = HashMap::default();
        let mut from = 0;
        for &(gradient, _, updates, count) in &parts {
            let own = match count == n {
                true => slot,
                false => emit(nodes, &view::SLICE, &[slot], [from as i64, count as i64, 1])?,
            };
            let updates = reshape(nodes, updates, &sizes(count))?;
            known.insert(gradient, emit(nodes, &index::SCATTER_ADD, &[zeros, own, updates], [])?);
            from += count;
        }
        for &at in &self.inside {
            let node = &nodes.nodes[at];
            if known.contains_key(&node.first) {
                continue;
            }
            let (op, inputs, attrs, result) = (node.op, node.inputs.clone(), node.attrs.clone(), node.first);
            let path = nodes.path_of(node).to_string();
            nodes.set_path(&path);
            let mut on_rows = Vec::with_capacity(inputs.len());
            for v in inputs {
                on_rows.push(match (known.get(&v), repeated(nodes, v)) {
                    (Some(&there), _) => there,
                    (None, Some(scalar)) => repeat(nodes, scalar, &sizes(n))?,
                    (None, None) => match self.read_before(nodes, v) {
                        Some(rows) => reshape(nodes, rows, &sizes(n))?,
                        None => emit(nodes, &index::GATHER, &[v, row], [index::mode::ZERO])?,
                    },
                });
            }
            let made = nodes.emit(op, &on_rows, attrs)?;
            known.insert(result, nodes.node(made).first);
        }
        nodes.set_path("");
        writes.extend(self.updates.iter().map(|&(position, state)| Write {
            position,
            state,
            row,
            value: known[&wanted[position]],
        }));
        Ok(())
    }
}

/// The nodes that an elementwise node needs inside its region; `None` where an operand cannot be had for some rows alone.
fn row_by_row(nodes: &Nodes, node: &Node, table: &Type) -> Option<Vec<usize>> {
    let mut needed = Vec::new();
    for &v in node.inputs.iter().filter(|&&v| repeated(nodes, v).is_none()) {
        let maker = nodes.maker(v);
        match maker.op.kind {
            _ if nodes.ty(v).shape != table.shape => return None,
            Kind::Source => {}
            Kind::Map => needed.push(nodes.value(v).node.0 as usize),
            _ if is_gradient(nodes, maker) => needed.push(nodes.value(v).node.0 as usize),
            _ => return None,
        }
    }
    Some(needed)
}

/// The first result of a node.
fn emit(
    nodes: &mut Nodes,
    op: &'static OpDef,
    inputs: &[ValueId],
    ints: impl IntoIterator<Item = i64>,
) -> Result<ValueId, Error> {
    let node = nodes.emit(op, inputs, Attrs::ints(ints))?;
    Ok(nodes.node(node).first)
}
fn reshape(nodes: &mut Nodes, v: ValueId, to: &[usize]) -> Result<ValueId, Error> {
    if nodes.ty(v).shape == to {
        return Ok(v);
    }
    emit(nodes, &view::RESHAPE, &[v], to.iter().map(|&n| n as i64))
}
/// A scalar in every element.
fn repeat(nodes: &mut Nodes, scalar: ValueId, to: &[usize]) -> Result<ValueId, Error> {
    let scalar = reshape(nodes, scalar, &[])?;
    emit(nodes, &view::BROADCAST, &[scalar], to.iter().map(|&n| n as i64))
}
