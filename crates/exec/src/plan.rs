//! Turns lifetimes into places in the arena, and proves where a result may take the memory of what it reads.

use crate::buffers::GRAIN;
use crate::lower::{Home, Lowered, Work};
use crate::map_vm::{Access, MapProgram};
use crate::reduction::Source;
use keratin_graph::Nodes;
use keratin_graph::op::Kernel;

/// Where buffers are, by buffer: offset in the arena; the words of the arena; what dies after each step.
pub struct Plan {
    pub offsets: Vec<usize>,
    pub words: usize,
    /// By step: buffers whose last reader it is (poisoned in debugging).
    pub freed: Vec<Vec<usize>>,
    /// Copies at the end of a run: from a buffer to a state.
    pub copies: Vec<(usize, usize)>,
}

/// Lifetimes of buffers in steps.
struct Life {
    born: Vec<usize>,
    dies: Vec<usize>,
}

const END: usize = usize::MAX;

/// Plans a program whose `updates` are pairs of a state's buffer and the buffer with its new value. Buffers may be redirected to states.
pub fn plan(
    nodes: &Nodes,
    low: &mut Lowered,
    outputs: &[usize],
    updates: &[(usize, usize)],
    in_place: bool,
    external_inputs: bool,
) -> Plan {
    let copies = place_updates(nodes, low, outputs, updates, in_place);
    let mut life = lifetimes(low, outputs);
    copies.iter().for_each(|&(_, from)| life.dies[from] = END);
    let n = low.works.len();
    let mut offsets = vec![usize::MAX; low.buffers.len()];
    let mut space = Space::default();
    let mut freed = vec![Vec::new(); n];
    let in_arena = |home: Home| home == Home::Arena || (matches!(home, Home::Input(_)) && !external_inputs);
    // Inputs are there before the first step.
    for (offset, buffer) in offsets.iter_mut().zip(&low.buffers) {
        if matches!(buffer.home, Home::Input(_)) && !external_inputs {
            *offset = space.take(buffer.words);
        }
    }
    for (at, work) in low.works.iter().enumerate() {
        let mut inherited = Vec::new();
        for out in work.writes() {
            if low.buffers[out].home != Home::Arena || offsets[out] != usize::MAX {
                continue;
            }
            let heir = |b: &usize| {
                in_place
                    && in_arena(low.buffers[*b].home)
                    && offsets[*b] != usize::MAX
                    && low.buffers[*b].words == low.buffers[out].words
                    && life.dies[*b] == at
                    && !inherited.contains(b)
                    && may_share(nodes, work, out, *b)
            };
            // An epilogue may also write over the result that it reads.
            let own = match work {
                Work::Call {
                    results,
                    epilogue: Some(_),
                    ..
                } => results.clone(),
                _ => vec![],
            };
            match work.reads().iter().chain(&own).find(|b| heir(b)) {
                Some(&b) => {
                    offsets[out] = offsets[b];
                    inherited.push(b);
                }
                None => offsets[out] = space.take(low.buffers[out].words),
            }
        }
        let mut gone: Vec<usize> = work
            .reads()
            .into_iter()
            .chain(work.writes())
            .filter(|&b| life.dies[b] == at && in_arena(low.buffers[b].home))
            .collect();
        gone.sort_unstable();
        gone.dedup();
        for b in gone {
            if !inherited.contains(&b) {
                space.free(offsets[b], low.buffers[b].words);
                freed[at].push(b);
            }
        }
    }
    // Buffers that nothing writes or reads (an input that is an output) keep their place.
    Plan {
        offsets,
        words: space.top,
        freed,
        copies,
    }
}

fn lifetimes(low: &Lowered, outputs: &[usize]) -> Life {
    let mut life = Life {
        born: vec![END; low.buffers.len()],
        dies: vec![0; low.buffers.len()],
    };
    for (at, work) in low.works.iter().enumerate() {
        for b in work.writes() {
            life.born[b] = life.born[b].min(at);
            life.dies[b] = life.dies[b].max(at);
        }
        for b in work.reads() {
            life.dies[b] = life.dies[b].max(at);
        }
    }
    outputs.iter().for_each(|&b| life.dies[b] = END);
    life
}

/// Lets updates be made where the state lives, when nobody needs the old value any more; the others are copied at the end.
fn place_updates(
    nodes: &Nodes,
    low: &mut Lowered,
    outputs: &[usize],
    updates: &[(usize, usize)],
    in_place: bool,
) -> Vec<(usize, usize)> {
    let mut copies = Vec::new();
    // Looked up by buffer: a deep model has hundreds of updates and thousands of steps.
    let life = lifetimes(low, outputs);
    let mut last_reads = vec![None; low.buffers.len()];
    for (at, work) in low.works.iter().enumerate() {
        work.reads().into_iter().for_each(|b| last_reads[b] = Some(at));
    }
    let mut is_output = vec![false; low.buffers.len()];
    outputs.iter().for_each(|&b| is_output[b] = true);
    let mut given = vec![0; low.buffers.len()];
    updates.iter().for_each(|u| given[u.1] += 1);
    for &(state, value) in updates {
        let maker = life.born[value];
        let movable = low.buffers[value].home == Home::Arena && maker != END && given[value] == 1;
        // The state's own buffer may have been given to no other update: each state is updated once.
        let old_value_is_output = is_output[state] || given[state] > 0;
        let ends = match last_reads[state] {
            None => true,
            Some(at) if at < maker => true,
            Some(at) => at == maker && may_share(nodes, &low.works[maker], value, state),
        };
        if in_place && movable && ends && !old_value_is_output {
            low.buffers[value].home = low.buffers[state].home;
        } else {
            copies.push((state, value));
        }
    }
    copies
}

/// May the step's result `out` be the memory of its operand `read`?
fn may_share(nodes: &Nodes, work: &Work, out: usize, read: usize) -> bool {
    match work {
        Work::Map(m) => map_may_share(m, out, read),
        Work::Call {
            node,
            operands,
            results,
            epilogue,
            ..
        } => {
            let among_operands = operands.iter().any(|o| o.place.buffer == read);
            if let Some(k) = results.iter().position(|&r| r == out) {
                let Kernel::Call(def) = &nodes.nodes[*node].op.kernel else {
                    return false;
                };
                let pair = operands.iter().position(|o| o.place.buffer == read);
                let once = operands.iter().filter(|o| o.place.buffer == read).count() == 1;
                return epilogue.is_none()
                    && once
                    && pair.is_some_and(|i| operands[i].place.offset == 0 && def.in_place.contains(&(k, i)));
            }
            !among_operands && epilogue.as_ref().is_some_and(|m| map_may_share(m, out, read))
        }
        // A fold must not find the program's result where it looks for an array.
        Work::Reduce(r) => {
            let folded = r
                .folds
                .iter()
                .any(|f| matches!(f.source, Source::Memory { buffer, .. } if buffer == read));
            !folded && r.map.as_ref().is_some_and(|m| map_may_share(m, out, read))
        }
        Work::Copy { .. } | Work::Loop { .. } => false,
    }
}

/// Element by element, a result may replace what is read at the same place, if no later instruction of the block reads it.
fn map_may_share(m: &MapProgram, out: usize, read: usize) -> bool {
    let Some(k) = m.outputs.iter().position(|&b| b == out) else {
        return false;
    };
    let register = m.inputs.len() + k;
    let Some(written) = m.instrs.iter().position(|i| i.dst == register) else {
        return false;
    };
    m.inputs
        .iter()
        .enumerate()
        .filter(|(_, i)| i.buffer == read)
        .all(|(r, i)| {
            let last = m.instrs.iter().rposition(|instr| instr.src.contains(&r));
            i.access == Access::Full && i.offset == 0 && last.is_none_or(|l| l <= written)
        })
}

/// Plays a program's steps through and looks whether each read finds what was written for it: no two buffers that are both needed share memory.
///
/// Independent of how the plan was made: it knows places and the order of steps, and no lifetimes.
pub fn prove(low: &Lowered, offsets: &[usize], outputs: &[usize]) -> Result<(), String> {
    let grains = |b: usize| {
        let at = offsets[b] / GRAIN;
        at..at + low.buffers[b].words.max(1).div_ceil(GRAIN)
    };
    let placed = |b: usize| offsets[b] != usize::MAX && low.buffers[b].words > 0;
    let top = (0..low.buffers.len())
        .filter(|&b| placed(b))
        .map(|b| grains(b).end)
        .max();
    let mut arena: Vec<Option<usize>> = vec![None; top.unwrap_or(0)];
    let mut states: Vec<Option<usize>> = vec![None; low.states.len()];
    let write = |arena: &mut Vec<Option<usize>>, states: &mut Vec<Option<usize>>, b: usize| match low.buffers[b].home {
        Home::State(i) => states[i] = Some(b),
        _ if placed(b) => arena[grains(b)].fill(Some(b)),
        _ => {}
    };
    let found = |arena: &[Option<usize>], states: &[Option<usize>], b: usize| match low.buffers[b].home {
        Home::State(i) => states[i].is_none_or(|owner| owner == b),
        _ => !placed(b) || arena[grains(b)].iter().all(|&owner| owner == Some(b)),
    };
    for (b, buffer) in low.buffers.iter().enumerate() {
        if matches!(buffer.home, Home::Input(_)) {
            write(&mut arena, &mut states, b);
        }
    }
    for (at, work) in low.works.iter().enumerate() {
        for b in work.reads() {
            if !found(&arena, &states, b) {
                return Err(format!(
                    "step {at} reads buffer {b}, whose memory another one has taken"
                ));
            }
        }
        work.writes()
            .into_iter()
            .for_each(|b| write(&mut arena, &mut states, b));
    }
    match outputs.iter().find(|&&b| !found(&arena, &states, b)) {
        Some(b) => Err(format!("output {b} is overwritten before the end")),
        None => Ok(()),
    }
}

/// Free stretches of the arena, first fit.
#[derive(Default)]
struct Space {
    free: Vec<(usize, usize)>,
    top: usize,
}

impl Space {
    fn round(words: usize) -> usize {
        words.max(1).div_ceil(GRAIN) * GRAIN
    }
    fn take(&mut self, words: usize) -> usize {
        let size = Self::round(words);
        let best = (0..self.free.len())
            .filter(|&i| self.free[i].1 >= size)
            .min_by_key(|&i| self.free[i].1);
        if let Some(i) = best {
            let (at, room) = self.free[i];
            if room == size {
                self.free.remove(i);
            } else {
                self.free[i] = (at + size, room - size);
            }
            return at;
        }
        self.top += size;
        self.top - size
    }
    fn free(&mut self, at: usize, words: usize) {
        let size = Self::round(words);
        let i = self.free.partition_point(|f| f.0 < at);
        self.free.insert(i, (at, size));
        if i + 1 < self.free.len() && self.free[i].0 + self.free[i].1 == self.free[i + 1].0 {
            self.free[i].1 += self.free.remove(i + 1).1;
        }
        if i > 0 && self.free[i - 1].0 + self.free[i - 1].1 == self.free[i].0 {
            self.free[i - 1].1 += self.free.remove(i).1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keratin_graph::{DType, Graph};

    #[test]
    fn the_proof_notices_buffers_that_share_memory_while_both_are_needed() {
        let g = Graph::new();
        let x = g.input(0, [8, 8], DType::F32);
        // Two products and the product of both: the first must outlive the second.
        let (a, b) = (x.dot(x, false, false), x.dot(x, true, false));
        let wanted = [a.dot(b, false, false).id];
        let nodes = g.nodes();
        let units = crate::group::group(&nodes, true);
        let mut low = crate::lower::lower(&nodes, &units, &wanted, false, &|_| unreachable!("no loops here")).unwrap();
        let outputs = low.wanted.clone();
        let made = plan(&nodes, &mut low, &outputs, &[], true, false);
        prove(&low, &made.offsets, &outputs).unwrap();
        let calls: Vec<usize> = low
            .works
            .iter()
            .filter(|w| matches!(w, Work::Call { .. }))
            .flat_map(Work::writes)
            .collect();
        let mut broken = made.offsets.clone();
        broken[calls[1]] = broken[calls[0]];
        assert!(prove(&low, &broken, &outputs).is_err());
    }
}
