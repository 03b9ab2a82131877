//! How a graph runs: `compile` passes it through simplify, sparse, group, lower and plan to a `Program`, whose run is one call.

#![cfg_attr(
    all(target_arch = "wasm32", target_feature = "atomics"),
    feature(stdarch_wasm_atomic_wait)
)]

mod buffers;
mod chunks;
mod epilogue;
mod group;
mod lower;
mod map_vm;
pub mod par;
mod plan;
mod program;
mod prologue;
mod reduction;
mod registers;
mod simplify;
mod sparse;
mod text;

pub use buffers::{StateBuf, arena_words};
pub use program::Program;

use keratin_graph::{Body, Error, Nodes, ValueId};
use lower::Home;
use program::Code;
use std::rc::Rc;

/// Which passes run. All on gives the fastest program, all off the plainest; the results are the same.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Drop what changes nothing.
    pub simplify: bool,
    /// Let updates of tables touch the rows that an index names, where the others stay as they are.
    pub sparse: bool,
    /// Run elementwise chains together, and after products.
    pub group: bool,
    /// Let results take the memory of what they replace.
    pub in_place: bool,
    /// Fill dead memory, to prove that nobody reads it.
    pub poison: bool,
    /// Re-infer every node after each pass.
    pub verify: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            simplify: true,
            sparse: true,
            group: true,
            in_place: true,
            poison: false,
            verify: cfg!(debug_assertions),
        }
    }
}

/// Compiles what `outputs` and `updates` need. An update gives a state (by number) its value after the run; all updates see the values
/// before it. `states` finds a state's memory.
pub fn compile(
    nodes: &Nodes,
    outputs: &[ValueId],
    updates: &[(usize, ValueId)],
    states: &dyn Fn(usize) -> Rc<StateBuf>,
    options: &Options,
) -> Result<Program, Error> {
    let wanted: Vec<ValueId> = outputs.iter().copied().chain(updates.iter().map(|u| u.1)).collect();
    let targets: Vec<usize> = updates.iter().map(|u| u.0).collect();
    let code = code(nodes, &wanted, outputs.len(), &targets, None, options)?;
    let found = code.low.states.iter().map(|&number| states(number)).collect();
    Ok(Program::new(code, found))
}

/// `wanted` are outputs, then the new values of the states `targets`. `operands` are the inputs of a loop's body.
fn code(
    nodes: &Nodes,
    wanted: &[ValueId],
    outputs: usize,
    targets: &[usize],
    operands: Option<&[ValueId]>,
    options: &Options,
) -> Result<Code, Error> {
    let mut simple = simplify::simplify(nodes, wanted, options.simplify)?;
    if options.sparse && sparse::touch_rows(&mut simple, targets)? {
        simple = simplify::simplify(&simple.nodes, &simple.wanted, options.simplify)?;
    }
    check(&simple.nodes, options);
    let units = group::group(&simple.nodes, options.group);
    let mut low = lower::lower(
        &simple.nodes,
        &units,
        &simple.wanted,
        operands.is_some(),
        &|b: &Body| code(&b.nodes, &b.outputs, b.outputs.len(), &[], Some(&b.inputs), options),
    )?;
    let mut updates = Vec::new();
    for (k, &number) in targets.iter().enumerate() {
        let state = low.state_buffer(number, low.buffers[low.wanted[outputs + k]].words);
        updates.push((state, low.wanted[outputs + k]));
    }
    let mut kept: Vec<usize> = low.wanted[..outputs].to_vec();
    low.detach(&mut kept, &mut updates);
    low.wanted = kept.clone();
    if options.group {
        let needed: Vec<usize> = kept.iter().copied().chain(updates.iter().map(|u| u.1)).collect();
        epilogue::attach(&mut low, &needed, false);
        prologue::attach(&mut low, &needed);
        epilogue::attach(&mut low, &needed, true);
    }
    let plan = plan::plan(
        &simple.nodes,
        &mut low,
        &kept,
        &updates,
        options.in_place,
        operands.is_some(),
    );
    debug_assert!(
        low.buffers
            .iter()
            .zip(&plan.offsets)
            .all(|(b, o)| b.home != Home::Arena || *o != usize::MAX || b.words == 0 || low.works.is_empty())
    );
    if options.verify
        && let Err(finding) = plan::prove(&low, &plan.offsets, &kept)
    {
        panic!("internal: {finding}");
    }
    let positions = operands
        .unwrap_or_default()
        .iter()
        .map(|&v| nodes.maker(v).attrs.ints[0] as usize)
        .collect();
    Ok(Code::new(simple.nodes, low, plan, positions, options.poison))
}

fn check(nodes: &Nodes, options: &Options) {
    if options.verify
        && let Err(finding) = keratin_graph::verify::verify(nodes)
    {
        panic!("{finding}");
    }
}
