//! Compiled code: steps over buffers, and the program that owns memory for them. `run` is one pass over the steps.

use crate::buffers::{self, StateBuf};
use crate::chunks::{self, Shared};
use crate::lower::{Home, Lowered, Place, Work};
use crate::plan::Plan;
use keratin_graph::op::{Call, Kernel, Operand};
use keratin_graph::ops::scan::Loop;
use keratin_graph::{Nodes, Type, numel};
use keratin_kernels::copy;
use std::rc::Rc;

/// What freed memory is filled with to prove that nobody reads it: a NaN with a payload, and as an integer far out of range.
const POISON: u32 = 0x7FED_DEAD;

/// Steps with their buffers: the form in which a program, or the body of a loop, runs.
pub struct Code {
    pub(crate) nodes: Nodes,
    pub(crate) low: Lowered,
    pub(crate) plan: Plan,
    /// The number of a body's input by its position among the loop's operands.
    positions: Vec<usize>,
    /// Addresses by buffer, good for one place of the arena.
    table: Vec<*mut u32>,
    /// Words of scratch for each thread.
    scratch: usize,
    poison: bool,
}

impl Code {
    pub(crate) fn new(nodes: Nodes, low: Lowered, plan: Plan, positions: Vec<usize>, poison: bool) -> Code {
        let scratch = |w: &Work| match w {
            Work::Map(m) => m.workspace(),
            Work::Call {
                workspace, epilogue, ..
            } => (*workspace).max(epilogue.as_ref().map_or(0, |m| m.workspace())),
            Work::Reduce(r) => r.workspace(),
            Work::Copy { .. } => 0,
            Work::Loop { body, .. } => body.scratch,
        };
        let scratch = low
            .works
            .iter()
            .map(scratch)
            .max()
            .unwrap_or(0)
            .next_multiple_of(buffers::GRAIN);
        let table = vec![core::ptr::null_mut(); low.buffers.len()];
        Code {
            nodes,
            low,
            plan,
            positions,
            table,
            scratch,
            poison,
        }
    }

    /// Words of the arena that the buffers need.
    pub(crate) fn words(&self) -> usize {
        self.plan.words
    }
    pub(crate) fn scratch_words(&self) -> usize {
        self.scratch
    }

    /// Fills the table of addresses. Inputs of a body keep what `set_input` gave them.
    fn link(&mut self, base: *mut u32, states: &[*mut u32]) {
        for (b, buffer) in self.low.buffers.iter().enumerate() {
            self.table[b] = match buffer.home {
                Home::State(i) => states[i],
                Home::Constant(i) => self.low.constants[i].as_ptr().cast_mut(),
                Home::Arena | Home::Input(_) if self.plan.offsets[b] != usize::MAX => {
                    base.wrapping_add(self.plan.offsets[b])
                }
                Home::Arena | Home::Input(_) => self.table[b],
            };
        }
    }
    /// Gives a body its `position`-th operand.
    fn set_input(&mut self, position: usize, at: *mut u32) {
        if let Some(&b) = self.low.inputs.get(&self.positions[position]) {
            self.table[b] = at;
        }
    }

    /// # Safety
    /// The table is linked, inputs are written, `scratch` holds `scratch_words` for each thread.
    unsafe fn run(&mut self, scratch: *mut u32) {
        for at in 0..self.low.works.len() {
            // SAFETY: the caller's.
            unsafe { self.run_step(at, scratch) };
        }
        for &(state, from) in &self.plan.copies {
            let words = self.low.buffers[state].words;
            // SAFETY: both buffers have that many words; a state is no other state's memory.
            unsafe { core::ptr::copy(self.table[from], self.table[state], words) };
        }
    }

    /// # Safety
    /// As `run`; earlier steps have run.
    unsafe fn run_step(&mut self, at: usize, scratch: *mut u32) {
        let each = self.scratch;
        if let Work::Loop {
            node,
            body,
            region,
            operands,
            states,
            results,
        } = &mut self.low.works[at]
        {
            let shape = Loop::of(&self.nodes.nodes[*node].attrs);
            // SAFETY: the caller's, and the plan's: the region holds the body's words.
            unsafe {
                run_loop(
                    &shape,
                    body,
                    self.table[*region],
                    operands,
                    states,
                    results,
                    &self.table,
                    scratch,
                )
            };
        } else {
            let (table, nodes) = (Shared(self.table.as_slice()), &self.nodes);
            let scratch = Shared(scratch);
            match &self.low.works[at] {
                Work::Map(m) => chunks::share(chunks::map_units(m), &|from, to, thread| {
                    // SAFETY: chunks are disjoint stretches, the scratch is this thread's.
                    unsafe { m.run(table.get(), scratch.get().add(thread * each), from, to) }
                }),
                // SAFETY: the table is linked, the scratch holds `each` words for every thread.
                Work::Reduce(r) => unsafe { r.run(table.get(), scratch.get(), each) },
                Work::Copy { dst, fill, pieces } => {
                    // SAFETY: pieces lie inside their buffers, as the rows' plans say.
                    unsafe {
                        if let Some(word) = fill {
                            copy::fill(table.get()[*dst], self.low.buffers[*dst].words, *word);
                        }
                    }
                    for p in pieces {
                        chunks::share(chunks::copy_units(&p.shape), &|from, to, _| {
                            // SAFETY: as above; chunks are indices of the first axis, and no two send words to one place.
                            unsafe {
                                let dst = table.get()[*dst].wrapping_add(p.dst_offset);
                                let src = table.get()[p.src.buffer].wrapping_add(p.src.offset);
                                let (dst_strides, src_strides) = (&p.dst_strides, &p.src.strides);
                                copy::strided_range(dst, dst_strides, src, src_strides, &p.shape, from, to);
                            }
                        });
                    }
                }
                Work::Call {
                    node,
                    operands,
                    results,
                    types,
                    units,
                    workspace,
                    epilogue,
                } => {
                    let needs = *workspace;
                    let node = &nodes.nodes[*node];
                    let Kernel::Call(def) = &node.op.kernel else {
                        unreachable!("internal: a call without a kernel")
                    };
                    let inputs: Vec<Operand> = operands
                        .iter()
                        .map(|o| Operand {
                            // SAFETY: the offset is inside the buffer.
                            ptr: unsafe { table.get()[o.place.buffer].add(o.place.offset) },
                            shape: &o.ty.shape,
                            strides: &o.place.strides,
                            dtype: o.ty.dtype,
                        })
                        .collect();
                    let outputs: Vec<*mut u32> = results.iter().map(|&b| table.get()[b]).collect();
                    let (inputs, outputs) = (Shared(&inputs[..]), Shared(&outputs[..]));
                    let attrs = Shared(&node.attrs);
                    let stretch = match epilogue {
                        Some(_) => chunks::stretch(units, needs),
                        None => units.count,
                    };
                    chunks::share(*units, &|from, to, thread| {
                        for from in (from..to).step_by(stretch.max(1)) {
                            let to = to.min(from + stretch);
                            // SAFETY: units of a call are apart, and the scratch is this thread's.
                            unsafe {
                                let workspace = scratch.get().add(thread * each);
                                (def.run)(&Call {
                                    inputs: inputs.get(),
                                    outputs: outputs.get(),
                                    types,
                                    attrs: attrs.get(),
                                    from,
                                    to,
                                    workspace,
                                });
                                if let Some(m) = epilogue {
                                    m.run(table.get(), workspace, from * units.words, to * units.words);
                                }
                            }
                        }
                    });
                }
                Work::Loop { .. } => unreachable!("internal: handled above"),
            }
        }
        if self.poison {
            for &b in &self.plan.freed[at] {
                // SAFETY: the buffer has that many words and no reader is left.
                unsafe { copy::fill(self.table[b], self.low.buffers[b].words, POISON) };
            }
        }
    }
}

/// Runs a body once per slice. The carry lives in the loop's own results, consts and slices are read where they are.
///
/// # Safety
/// As `Code::run` for the body; operands and results have the types that the loop's row inferred.
unsafe fn run_loop(
    shape: &Loop,
    body: &mut Code,
    region: *mut u32,
    operands: &[crate::lower::Operand],
    states: &[usize],
    results: &[usize],
    table: &[*mut u32],
    scratch: *mut u32,
) {
    let at = |p: &Place| table[p.buffer].wrapping_add(p.offset);
    let (first_carry, first_x) = (shape.consts, shape.consts + shape.carries);
    let slice = |ty: &Type| numel(&ty.shape[1..]);
    for k in 0..shape.carries {
        let o = &operands[first_carry + k];
        // SAFETY: a carry has its result's type.
        unsafe { core::ptr::copy_nonoverlapping(at(&o.place), table[results[k]], o.ty.numel()) };
    }
    let states: Vec<*mut u32> = states.iter().map(|&b| table[b]).collect();
    body.link(region, &states);
    for (k, o) in operands[..first_carry].iter().enumerate() {
        body.set_input(k, at(&o.place));
    }
    for k in 0..shape.carries {
        body.set_input(first_carry + k, table[results[k]]);
    }
    for t in 0..shape.steps {
        let i = shape.slice(t);
        for (k, o) in operands.iter().enumerate().skip(first_x) {
            body.set_input(k, at(&o.place).wrapping_add(i * slice(&o.ty)));
        }
        // SAFETY: inputs are set; results of the body are its own memory, so copying them over the carry harms nothing.
        unsafe {
            body.run(scratch);
            for (k, &result) in results.iter().enumerate() {
                let from = body.low.wanted[k];
                let words = body.low.buffers[from].words;
                let to = if k < shape.carries {
                    table[result]
                } else {
                    table[result].add(i * words)
                };
                core::ptr::copy_nonoverlapping(body.table[from], to, words);
            }
        }
    }
}

/// A compiled graph with its states. Inputs are written before a run, outputs read after it, before any other program runs.
pub struct Program {
    pub(crate) code: Code,
    pub(crate) states: Vec<Rc<StateBuf>>,
    linked: (*mut u32, usize),
}

impl Program {
    pub(crate) fn new(code: Code, states: Vec<Rc<StateBuf>>) -> Program {
        Program {
            code,
            states,
            linked: (core::ptr::null_mut(), 0),
        }
    }

    /// Makes sure of the arena's room and the table of addresses.
    fn ready(&mut self) -> *mut u32 {
        let threads = crate::par::threads();
        let base = buffers::arena(self.code.words() + threads * self.code.scratch_words());
        if self.linked != (base, threads) {
            let states: Vec<*mut u32> = self.states.iter().map(|s| s.ptr()).collect();
            self.code.link(base, &states);
            self.linked = (base, threads);
        }
        base.wrapping_add(self.code.words())
    }

    /// Where input `index` is to be written and its words; `None` when no step reads it.
    pub fn input(&mut self, index: usize) -> Option<(*mut u32, usize)> {
        self.ready();
        let &b = self.code.low.inputs.get(&index)?;
        Some((self.code.table[b], self.code.low.buffers[b].words))
    }

    /// Where output `k` is after a run, and its words.
    pub fn output(&mut self, k: usize) -> (*const u32, usize) {
        self.ready();
        let b = self.code.low.wanted[k];
        (self.code.table[b], self.code.low.buffers[b].words)
    }

    pub fn run(&mut self) {
        let scratch = self.ready();
        let _step = self.parallel().then(crate::par::step);
        // SAFETY: linked above; inputs have their places in the arena whatever was written there.
        unsafe { self.code.run(scratch) }
    }

    /// Number of steps, the copies to states as one more where there are any.
    pub fn steps(&self) -> usize {
        self.code.low.works.len() + usize::from(!self.code.plan.copies.is_empty())
    }

    /// Runs one step alone. All in order are one run.
    pub fn run_step(&mut self, step: usize) {
        let scratch = self.ready();
        // SAFETY: linked above.
        unsafe {
            if step < self.code.low.works.len() {
                self.code.run_step(step, scratch);
            } else {
                for &(state, from) in &self.code.plan.copies {
                    core::ptr::copy(
                        self.code.table[from],
                        self.code.table[state],
                        self.code.low.buffers[state].words,
                    );
                }
            }
        }
    }

    /// Would a step be shared among threads, were there more than one?
    pub fn parallel(&self) -> bool {
        self.code.low.works.iter().any(|w| match w {
            Work::Map(m) => chunks::worth_sharing(&chunks::map_units(m)),
            Work::Call { units, .. } => chunks::worth_sharing(units),
            Work::Reduce(r) => chunks::worth_sharing(&r.units()),
            Work::Copy { pieces, .. } => pieces
                .iter()
                .any(|p| chunks::worth_sharing(&chunks::copy_units(&p.shape))),
            Work::Loop { .. } => false,
        })
    }

    /// Words of the arena that it uses.
    pub fn arena_words(&self) -> usize {
        self.code.words()
    }

    /// The program as text: a heading and a line per step.
    pub fn text(&self) -> String {
        crate::text::text(self)
    }
}
