//! Decides what runs together, looking only at kinds: elementwise nodes of one size become one unit wherever no path leaves and comes back.

use keratin_graph::op::Kind;
use keratin_graph::{Nodes, ValueId};

/// Instructions per unit: their registers must stay in the first cache.
const MAX_NODES: usize = 24;
/// Values read from outside per unit.
const MAX_INPUTS: usize = 14;
/// Units that a search looks at before it gives up. What lies further apart stays apart: it would gain little, and a pass over a graph of
/// any depth takes time in proportion to its nodes.
const HORIZON: usize = 256;

/// Nodes that run as one, in order.
pub struct Unit {
    pub nodes: Vec<usize>,
}

/// Partitions the nodes (sources apart) into units, in an order in which they can run.
pub fn group(nodes: &Nodes, fuse: bool) -> Vec<Unit> {
    partition(nodes, fuse).schedule()
}

fn partition(nodes: &Nodes, fuse: bool) -> Partition<'_> {
    let mut p = Partition::new(nodes);
    let mut near = Vec::new();
    for at in 0..nodes.nodes.len() {
        p.add(at);
        let node = &nodes.nodes[at];
        if !fuse || node.op.kind != Kind::Map {
            continue;
        }
        let size = |i: usize| nodes.ty(nodes.nodes[i].first).numel();
        let n = size(at);
        near.clear();
        near.extend(makers(nodes, at).filter(|&m| nodes.nodes[m].op.kind == Kind::Map && size(m) == n));
        near.sort_unstable_by(|a, b| b.cmp(a)); // the latest first: the longest chain
        near.dedup();
        for &m in &near {
            let (a, b) = (p.root[m], p.root[at]);
            if a != b && p.members[a].len() + p.members[b].len() <= MAX_NODES && p.inputs_after(a, b) <= MAX_INPUTS {
                p.merge(a, b);
            }
        }
    }
    p
}

/// The nodes that make a node's inputs.
fn makers(nodes: &Nodes, node: usize) -> impl Iterator<Item = usize> + '_ {
    nodes.nodes[node].inputs.iter().map(|&v| maker(nodes, v))
}
fn maker(nodes: &Nodes, v: ValueId) -> usize {
    nodes.value(v).node.0 as usize
}

/// Units as sets of nodes, kept acyclic. A unit is named by one of its nodes.
///
/// Each has a level above the levels of all units that it reads. So a search for a path from `a` need not look at units on a's level or
/// below, and finds out quickly about units that lie near each other, which are those that are worth to be one.
struct Partition<'g> {
    nodes: &'g Nodes,
    /// By node: its unit.
    root: Vec<usize>,
    members: Vec<Vec<usize>>,
    /// By node: the nodes that read it.
    readers: Vec<Vec<usize>>,
    level: Vec<usize>,
    /// By unit: the last search that came by.
    seen: Vec<usize>,
    searches: usize,
    /// Units that were looked at in all: the work of the pass.
    looked: usize,
}

impl<'g> Partition<'g> {
    fn new(nodes: &'g Nodes) -> Self {
        let n = nodes.nodes.len();
        Partition {
            nodes,
            root: (0..n).collect(),
            members: vec![Vec::new(); n],
            readers: vec![Vec::new(); n],
            level: vec![0; n],
            seen: vec![0; n],
            searches: 0,
            looked: 0,
        }
    }

    /// A node as a unit of its own; those that it reads were added before.
    fn add(&mut self, node: usize) {
        self.members[node].push(node);
        for m in makers(self.nodes, node) {
            self.readers[m].push(node);
            self.level[node] = self.level[node].max(self.level[self.root[m]] + 1);
        }
    }

    /// The units that `unit` reads, some more than once.
    fn reads(&self, unit: usize) -> impl Iterator<Item = usize> + '_ {
        let of_members = self.members[unit].iter().flat_map(|&m| makers(self.nodes, m));
        of_members.map(|m| self.root[m]).filter(move |&r| r != unit)
    }

    /// Makes one unit of `a` and `b`, which reads it, if every path from `a` to `b` is a single edge.
    fn merge(&mut self, a: usize, b: usize) {
        if !self.apart(a, b) || !self.lift(a, b) {
            return;
        }
        let moved = std::mem::take(&mut self.members[b]);
        moved.iter().for_each(|&m| self.root[m] = a);
        self.members[a].extend(moved);
    }

    /// Is there no path from `a` to `b` through a third unit? None from `b` to `a` is possible, since `b` reads `a`. False also when the
    /// search comes to the horizon.
    fn apart(&mut self, a: usize, b: usize) -> bool {
        self.searches += 1;
        let (level, search) = (self.level[a], self.searches);
        let mut open = Vec::new();
        let mut next = Some(b);
        let mut steps = 0;
        while let Some(unit) = next {
            for m in 0..self.members[unit].len() {
                for maker in makers(self.nodes, self.members[unit][m]) {
                    let r = self.root[maker];
                    if r == a && unit != b {
                        return false;
                    }
                    if r != b && self.level[r] > level && self.seen[r] != search {
                        self.seen[r] = search;
                        open.push(r);
                    }
                }
            }
            steps += 1;
            self.looked += 1;
            next = open.pop();
            if steps > HORIZON {
                return false;
            }
        }
        true
    }

    /// Gives `a` the level that it needs when `b` is part of it, and the units after them levels above. Changes nothing and returns false
    /// when these are more than the horizon allows.
    fn lift(&mut self, a: usize, b: usize) -> bool {
        let inputs = self.reads(a).chain(self.reads(b)).filter(|&r| r != a && r != b);
        let level = inputs.map(|r| self.level[r] + 1).max().unwrap_or(0);
        let mut before = vec![(a, self.level[a])];
        let mut open = vec![a, b];
        self.level[a] = self.level[a].max(level);
        self.level[b] = self.level[a];
        while let Some(unit) = open.pop() {
            let above = self.level[unit] + 1;
            for m in 0..self.members[unit].len() {
                for k in 0..self.readers[self.members[unit][m]].len() {
                    let r = self.root[self.readers[self.members[unit][m]][k]];
                    if r == a || r == b || r == unit || self.level[r] >= above {
                        continue;
                    }
                    before.push((r, self.level[r]));
                    self.level[r] = above;
                    open.push(r);
                }
            }
            self.looked += 1;
            if before.len() > HORIZON {
                before.into_iter().rev().for_each(|(u, level)| self.level[u] = level);
                return false;
            }
        }
        true
    }

    fn inputs_after(&self, a: usize, b: usize) -> usize {
        let members = self.members[a].iter().chain(&self.members[b]);
        let mut outside: Vec<ValueId> = members
            .flat_map(|&m| &self.nodes.nodes[m].inputs)
            .copied()
            .filter(|&v| ![a, b].contains(&self.root[maker(self.nodes, v)]))
            .collect();
        outside.sort_unstable();
        outside.dedup();
        outside.len()
    }

    /// Units in an order that respects their edges: the one whose last node is oldest first, so that values are used soon.
    fn schedule(mut self) -> Vec<Unit> {
        let n = self.root.len();
        let mut waits = vec![0usize; n];
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); n];
        for (u, wait) in waits.iter_mut().enumerate() {
            let mut read: Vec<usize> = self.reads(u).collect();
            read.sort_unstable();
            read.dedup();
            *wait = read.len();
            read.into_iter().for_each(|m| readers[m].push(u));
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
            if self.nodes.nodes[members[0]].op.kind != Kind::Source {
                units.push(Unit { nodes: members });
            }
        }
        units
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keratin_graph::ops::{binary, unary};
    use keratin_graph::{DType::F32, Graph, Tensor, grad};

    /// `blocks` times `x + relu(x·w + b)·0.5`, summed to a loss, with the gradients of all weights.
    fn residual(g: &Graph, blocks: usize) -> Vec<ValueId> {
        let x0 = g.input(0, [4, 8], F32);
        let weights: Vec<[Tensor; 2]> = (0..blocks)
            .map(|i| [g.state(2 * i, [8, 8], F32), g.state(2 * i + 1, [8], F32)])
            .collect();
        let out = weights.iter().fold(x0, |x, &[w, b]| {
            x + (x.dot(w, false, false) + b).map(&unary::RELU) * 0.5
        });
        let all: Vec<Tensor> = weights.into_iter().flatten().collect();
        let updated = all.iter().zip(grad(out.sum(&[0, 1]), &all));
        updated.map(|(&w, d)| (w - d * 0.1).id).collect()
    }

    /// What `apart` answers, by following every path.
    fn apart_by_all_paths(p: &Partition, a: usize, b: usize) -> bool {
        let mut seen = vec![false; p.root.len()];
        let mut open: Vec<usize> = p.reads(b).filter(|&r| r != a).collect();
        while let Some(u) = open.pop() {
            if u == a {
                return false;
            }
            if !std::mem::replace(&mut seen[u], true) {
                open.extend(p.reads(u));
            }
        }
        true
    }

    #[test]
    fn the_work_grows_with_the_nodes_not_with_their_square() {
        let g = Graph::new();
        residual(&g, 1000);
        let nodes = g.into_nodes();
        let n = nodes.nodes.len();
        assert!(n >= 20_000, "{n} nodes");
        let p = partition(&nodes, true);
        assert!(p.looked < 4 * n, "looked at {} units for {n} nodes", p.looked);
        let units = p.schedule();
        // Each block's chain forward, and its derivative, are units.
        let largest = units.iter().map(|u| u.nodes.len()).max();
        assert!(largest >= Some(3) && units.len() < n / 2, "{} units", units.len());
    }

    #[test]
    fn every_node_is_in_one_unit_and_runs_after_what_it_reads() {
        let g = Graph::new();
        residual(&g, 50);
        let nodes = g.into_nodes();
        let mut done: Vec<bool> = nodes.nodes.iter().map(|n| n.op.kind == Kind::Source).collect();
        for unit in group(&nodes, true) {
            for &at in &unit.nodes {
                assert!(!std::mem::replace(&mut done[at], true), "node {at} runs twice");
                assert!(makers(&nodes, at).all(|m| done[m]), "node {at} runs too early");
            }
        }
        assert!(done.iter().all(|&d| d));
    }

    #[test]
    fn within_the_horizon_the_search_answers_as_following_every_path_does() {
        let mut state = 88172645463325252u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 33) as usize % below
        };
        let mut answers = [0; 2];
        for _ in 0..200 {
            let g = Graph::new();
            let mut made = vec![g.input(0, [2, 2], F32), g.input(1, [2, 2], F32)];
            for _ in 0..60 {
                // Mostly near values, so that there are long chains and short circuits.
                let back = 1 + random(6);
                let (x, y) = (made[made.len() - back.min(made.len())], made[random(made.len())]);
                made.push(match random(4) {
                    0 => x.map(&unary::EXP),
                    1 => x.dot(y, false, false),
                    _ => g.tensor(g.apply(&binary::MAXIMUM, &[x.id, y.id], Default::default()).unwrap()[0]),
                });
            }
            let nodes = g.nodes();
            let mut p = Partition::new(&nodes);
            for at in 0..nodes.nodes.len() {
                p.add(at);
                for m in makers(&nodes, at) {
                    let (a, b) = (p.root[m], p.root[at]);
                    if a == b || nodes.nodes[at].op.kind != Kind::Map || nodes.nodes[m].op.kind != Kind::Map {
                        continue;
                    }
                    let expected = apart_by_all_paths(&p, a, b);
                    assert_eq!(p.apart(a, b), expected, "units {a} and {b}");
                    answers[expected as usize] += 1;
                    p.merge(a, b);
                    let above = |u: usize| p.reads(u).all(|r| p.level[r] < p.level[u]);
                    assert!(
                        (0..=at).filter(|&u| !p.members[u].is_empty()).all(above),
                        "levels after node {at}"
                    );
                }
            }
        }
        assert!(answers.iter().all(|&n| n > 100), "{answers:?}");
    }
}
