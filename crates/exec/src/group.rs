//! Decides what runs together, looking only at kinds: elementwise nodes of one size become one unit wherever no path leaves and comes back.

use keratin_graph::op::Kind;
use keratin_graph::{Nodes, ValueId};

/// Instructions per unit: their registers must stay in the first cache.
const MAX_NODES: usize = 24;
/// Values read from outside per unit.
const MAX_INPUTS: usize = 14;

/// Nodes that run as one, in order.
pub struct Unit {
    pub nodes: Vec<usize>,
}

/// Partitions the nodes (sources apart) into units, in an order in which they can run.
pub fn group(nodes: &Nodes, fuse: bool) -> Vec<Unit> {
    let n = nodes.nodes.len();
    let mut p = Partition::new(n);
    let node_of = |v: ValueId| nodes.value(v).node.0 as usize;
    for at in 0..n {
        let node = &nodes.nodes[at];
        let makers: Vec<usize> = node.inputs.iter().map(|&v| node_of(v)).collect();
        p.add(at, &makers);
        if !fuse || node.op.kind != Kind::Map {
            continue;
        }
        let size = |i: usize| nodes.ty(nodes.nodes[i].first).numel();
        let mut near: Vec<usize> = makers
            .iter()
            .copied()
            .filter(|&m| nodes.nodes[m].op.kind == Kind::Map && size(m) == size(at))
            .collect();
        near.sort_unstable_by(|a, b| b.cmp(a)); // the latest first: the longest chain
        near.dedup();
        for m in near {
            let (a, b) = (p.root(m), p.root(at));
            if a != b
                && p.inputs_after(nodes, a, b) <= MAX_INPUTS
                && p.members[a].len() + p.members[b].len() <= MAX_NODES
                && p.apart(nodes, a, b)
            {
                p.merge(a, b);
            }
        }
    }
    p.schedule(nodes)
}

/// Units as sets of nodes with their ancestors, kept acyclic.
struct Partition {
    root: Vec<usize>,
    members: Vec<Vec<usize>>,
    /// By unit: the units that must run before it, as bits.
    before: Vec<Vec<u64>>,
    words: usize,
}

impl Partition {
    fn new(n: usize) -> Self {
        let words = n.div_ceil(64);
        Partition {
            root: (0..n).collect(),
            members: vec![Vec::new(); n],
            before: vec![Vec::new(); n],
            words,
        }
    }
    fn root(&self, node: usize) -> usize {
        self.root[node]
    }
    fn has(&self, unit: usize, ancestor: usize) -> bool {
        self.before[unit][ancestor / 64] >> (ancestor % 64) & 1 == 1
    }
    fn include(&mut self, unit: usize, ancestor: usize) {
        let theirs = std::mem::take(&mut self.before[ancestor]);
        let mine = &mut self.before[unit];
        mine.iter_mut().zip(&theirs).for_each(|(a, b)| *a |= b);
        mine[ancestor / 64] |= 1 << (ancestor % 64);
        self.before[ancestor] = theirs;
    }
    fn add(&mut self, node: usize, makers: &[usize]) {
        self.members[node] = vec![node];
        self.before[node] = vec![0; self.words];
        for &m in makers {
            let r = self.root[m];
            self.include(node, r);
        }
    }
    /// May two units become one: does every path between them consist of a single edge?
    fn apart(&self, nodes: &Nodes, a: usize, b: usize) -> bool {
        let through = |from: usize, to: usize| {
            self.has(to, from)
                && self.members[to].iter().any(|&m| {
                    nodes.nodes[m].inputs.iter().any(|&v| {
                        let r = self.root[nodes.value(v).node.0 as usize];
                        r != from && r != to && self.has(r, from)
                    })
                })
        };
        !through(a, b) && !through(b, a)
    }
    fn inputs_after(&self, nodes: &Nodes, a: usize, b: usize) -> usize {
        let mut outside: Vec<ValueId> = [a, b]
            .into_iter()
            .flat_map(|u| &self.members[u])
            .flat_map(|&m| nodes.nodes[m].inputs.iter().copied())
            .filter(|&v| ![a, b].contains(&self.root[nodes.value(v).node.0 as usize]))
            .collect();
        outside.sort_unstable();
        outside.dedup();
        outside.len()
    }
    fn merge(&mut self, a: usize, b: usize) {
        let moved = std::mem::take(&mut self.members[b]);
        moved.iter().for_each(|&m| self.root[m] = a);
        self.members[a].extend(moved);
        let theirs = std::mem::take(&mut self.before[b]);
        self.before[a].iter_mut().zip(&theirs).for_each(|(x, y)| *x |= y);
        let clear = |bits: &mut [u64], i: usize| bits[i / 64] &= !(1 << (i % 64));
        let own = self.before[a].clone();
        for u in 0..self.before.len() {
            if u == a || self.members[u].is_empty() {
                continue;
            }
            let follows = self.has(u, a) || self.has(u, b);
            clear(&mut self.before[u], b);
            if follows {
                self.before[u].iter_mut().zip(&own).for_each(|(x, y)| *x |= y);
                self.before[u][a / 64] |= 1 << (a % 64);
                clear(&mut self.before[u], b);
            }
        }
        clear(&mut self.before[a], a);
        clear(&mut self.before[a], b);
    }

    /// Units in an order that respects their edges: the one whose last node is oldest first, so that values are used soon.
    fn schedule(mut self, nodes: &Nodes) -> Vec<Unit> {
        let n = self.root.len();
        let mut waits = vec![0usize; n];
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); n];
        for (u, members) in self.members.iter().enumerate() {
            let mut makers: Vec<usize> = members
                .iter()
                .flat_map(|&m| &nodes.nodes[m].inputs)
                .map(|&v| self.root[nodes.value(v).node.0 as usize])
                .filter(|&r| r != u)
                .collect();
            makers.sort_unstable();
            makers.dedup();
            waits[u] = makers.len();
            makers.into_iter().for_each(|m| readers[m].push(u));
        }
        let mut ready = std::collections::BinaryHeap::new();
        let last = |members: &[usize]| members.iter().copied().max();
        for (u, &wait) in waits.iter().enumerate() {
            if let (Some(l), 0) = (last(&self.members[u]), wait) {
                ready.push(std::cmp::Reverse((l, u)));
            }
        }
        let mut units = Vec::new();
        while let Some(std::cmp::Reverse((_, u))) = ready.pop() {
            for &r in &readers[u] {
                waits[r] -= 1;
                if waits[r] == 0 {
                    ready.push(std::cmp::Reverse((last(&self.members[r]).unwrap_or(0), r)));
                }
            }
            let mut members = std::mem::take(&mut self.members[u]);
            members.sort_unstable();
            if nodes.nodes[members[0]].op.kind != Kind::Source {
                units.push(Unit { nodes: members });
            }
        }
        units
    }
}
