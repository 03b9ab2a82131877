//! Turns lifetimes into places in the arena, and proves where a result may take the memory of what it reads.

use crate::buffers::GRAIN;
use crate::lower::{Home, Lowered, Work};
use crate::map_vm::{Access, MapProgram};
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
    for &(state, value) in updates {
        let life = lifetimes(low, outputs);
        let maker = life.born[value];
        let movable = low.buffers[value].home == Home::Arena
            && maker != END
            && updates.iter().filter(|u| u.1 == value).count() == 1;
        // The state's own buffer may have been given to no other update: each state is updated once.
        let last_read = low.works.iter().rposition(|w| w.reads().contains(&state));
        let old_value_is_output = outputs.contains(&state) || updates.iter().any(|u| u.1 == state);
        let ends = match last_read {
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
