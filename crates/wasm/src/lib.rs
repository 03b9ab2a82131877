//! The surface that JavaScript sees: integer handles and one transfer buffer. Nothing here computes or decides.

use keratin_exec::{Options, Program, StateBuf, compile};
use keratin_graph::{Attrs, Body, Error, Graph, ValueId, grad, op};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Mutex;
use wasm_bindgen::prelude::*;

mod nn;
mod pool;
mod probe;
mod slab;
use slab::Slab;

/// What stopped the core, on whichever thread: the first panic's message where builds have them. Read by JavaScript after a trap.
pub(crate) static PANIC: Mutex<String> = Mutex::new(String::new());

/// What the calling thread owns. Pool threads never come here.
#[derive(Default)]
pub(crate) struct Session {
    pub transfer: Vec<u32>,
    pub error: String,
    graphs: Slab<Graph>,
    bodies: Slab<Rc<Body>>,
    programs: Slab<Program>,
    states: Slab<Rc<StateBuf>>,
}

thread_local! {
    static SESSION: RefCell<Session> = RefCell::default();
}

pub(crate) fn with<T>(f: impl FnOnce(&mut Session) -> T) -> T {
    SESSION.with(|s| f(&mut s.borrow_mut()))
}

impl Session {
    fn ids(&self, from: usize, n: usize) -> Vec<ValueId> {
        self.transfer[from..from + n].iter().map(|&id| ValueId(id)).collect()
    }
    /// Describes values in the transfer buffer: id, dtype, ndim, sizes. Returns their number.
    fn describe(&mut self, graph: usize, values: &[ValueId]) -> i32 {
        self.transfer.clear();
        let nodes = self.graphs.get(graph).nodes();
        for &v in values {
            let ty = nodes.ty(v);
            self.transfer
                .extend([v.0, ty.dtype.code() as u32, ty.shape.len() as u32]);
            self.transfer.extend(ty.shape.iter().map(|&n| n as u32));
        }
        values.len() as i32
    }
    pub(crate) fn fail(&mut self, error: Error) -> i32 {
        self.error = error.to_string();
        -1
    }
}

/// Run once per instance, by the first thread (wasm-bindgen skips it on pool threads).
#[cfg(feature = "messages")]
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut message) = PANIC.try_lock()
            && message.is_empty()
        {
            *message = info.to_string();
        }
    }));
}

/// Why the core stopped, or nothing.
#[wasm_bindgen(js_name = panicMessage)]
pub fn panic_message() -> String {
    PANIC.try_lock().map(|m| m.clone()).unwrap_or_default()
}

/// The text of the last error.
#[wasm_bindgen(js_name = lastError)]
pub fn last_error() -> String {
    with(|s| s.error.clone())
}

/// Room for `words` words in the transfer buffer; its address. 0 asks for the address alone.
#[wasm_bindgen]
pub fn transfer(words: usize) -> *mut u32 {
    with(|s| {
        if words > 0 {
            s.transfer.clear();
            s.transfer.resize(words, 0);
        }
        s.transfer.as_mut_ptr()
    })
}

/// The names of all ops, then of all composites, a line each, in the order of their numbers.
#[wasm_bindgen(js_name = opTable)]
pub fn op_table() -> String {
    let ops = op::table().map(|op| op.name);
    ops.chain(keratin_nn::composites().map(|c| c.name))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The op of that number, or the place among the composites.
fn numbered(number: usize) -> Result<&'static op::OpDef, usize> {
    let mut at = number;
    for rows in keratin_graph::ops::TABLES {
        match rows.get(at) {
            Some(op) => return Ok(op),
            None => at -= rows.len(),
        }
    }
    Err(at)
}

/// What a graph and its program mostly take. JavaScript engines collect garbage each time the memory grows, so it grows once for many.
const ROOM: usize = 8 << 20;

#[wasm_bindgen(js_name = graphOpen)]
pub fn graph_open() -> usize {
    // Given back at once: what is free at the memory's end serves what comes.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(ROOM)));
    with(|s| s.graphs.add(Graph::new()))
}

#[wasm_bindgen(js_name = graphClose)]
pub fn graph_close(graph: usize) {
    with(|s| drop(s.graphs.take(graph)));
}

/// The layer path of the nodes from here on.
#[wasm_bindgen(js_name = graphPath)]
pub fn graph_path(graph: usize, path: &str) {
    with(|s| s.graphs.get(graph).set_path(path));
}

/// Transfer in: inputs, ints, floats, words (`words` is −1 where there are none). Out: a description of each result. Returns their number, or −1.
#[wasm_bindgen]
pub fn emit(graph: usize, number: usize, inputs: usize, ints: usize, floats: usize, words: i32, body: usize) -> i32 {
    with(|s| {
        let ids = s.ids(0, inputs);
        let rest = &s.transfer[inputs..];
        let attrs = Attrs {
            ints: rest[..ints].iter().map(|&w| w as i32 as i64).collect(),
            floats: rest[ints..ints + floats].iter().map(|&w| f32::from_bits(w)).collect(),
            words: (words >= 0).then(|| Rc::from(&rest[ints + floats..ints + floats + words as usize])),
            body: (body > 0).then(|| s.bodies.get(body).clone()),
        };
        let graph_ref = s.graphs.get(graph);
        let results = match numbered(number) {
            Ok(op) => graph_ref.apply(op, &ids, attrs),
            Err(at) => {
                let composite = keratin_nn::composites().nth(at).expect("internal: no such op");
                (composite.expand)(graph_ref, &ids, &attrs)
            }
        };
        match results {
            Ok(values) => s.describe(graph, &values),
            Err(error) => s.fail(error),
        }
    })
}

/// Transfer in: the values to differentiate by. Out: a description of each gradient of the scalar `y`.
#[wasm_bindgen(js_name = grad)]
pub fn gradient(graph: usize, y: u32, wrt: usize) -> i32 {
    with(|s| {
        let ids = s.ids(0, wrt);
        let grads: Vec<ValueId> = {
            let g = s.graphs.get(graph);
            let xs: Vec<_> = ids.iter().map(|&v| g.tensor(v)).collect();
            grad(g.tensor(ValueId(y)), &xs).into_iter().map(|t| t.id).collect()
        };
        s.describe(graph, &grads)
    })
}

/// Transfer in: the body's inputs and outputs. The graph is gone; returns a handle for `emit`.
#[wasm_bindgen(js_name = graphToBody)]
pub fn graph_to_body(graph: usize, inputs: usize, outputs: usize) -> usize {
    with(|s| {
        let (ins, outs) = (s.ids(0, inputs), s.ids(inputs, outputs));
        let body = s.graphs.take(graph).into_body(ins, outs);
        s.bodies.add(body)
    })
}

#[wasm_bindgen(js_name = bodyFree)]
pub fn body_free(body: usize) {
    with(|s| drop(s.bodies.take(body)));
}

/// Transfer in: the outputs.
#[wasm_bindgen(js_name = graphText)]
pub fn graph_text(graph: usize, outputs: usize) -> String {
    with(|s| keratin_graph::display::text(&s.graphs.get(graph).nodes(), &s.ids(0, outputs)))
}

/// Transfer in: outputs, then pairs of a state and its new value. Returns a program, or −1.
#[wasm_bindgen(js_name = compile)]
pub fn compile_program(graph: usize, outputs: usize, updates: usize) -> i32 {
    with(|s| {
        let outs = s.ids(0, outputs);
        let pairs: Vec<_> = s.transfer[outputs..outputs + 2 * updates]
            .chunks(2)
            .map(|p| (p[0] as usize, ValueId(p[1])))
            .collect();
        let compiled = {
            let nodes = s.graphs.get(graph).nodes();
            compile(&nodes, &outs, &pairs, &|i| s.states.get(i).clone(), &Options::default())
        };
        match compiled {
            Ok(program) => s.programs.add(program) as i32,
            Err(error) => s.fail(error),
        }
    })
}

/// Where input `i` is to be written, or null when nothing reads it.
#[wasm_bindgen(js_name = programInput)]
pub fn program_input(program: usize, i: usize) -> *mut u32 {
    with(|s| {
        s.programs
            .get_mut(program)
            .input(i)
            .map_or(core::ptr::null_mut(), |(at, _)| at)
    })
}

/// Where output `k` is after a run.
#[wasm_bindgen(js_name = programOutput)]
pub fn program_output(program: usize, k: usize) -> *const u32 {
    with(|s| s.programs.get_mut(program).output(k).0)
}

#[wasm_bindgen(js_name = programRun)]
pub fn program_run(program: usize) {
    with(|s| s.programs.get_mut(program).run());
}

/// Has it a step that gains from threads?
#[wasm_bindgen(js_name = programParallel)]
pub fn program_parallel(program: usize) -> bool {
    with(|s| s.programs.get_mut(program).parallel())
}

/// Number of steps.
#[wasm_bindgen(js_name = programSteps)]
pub fn program_steps(program: usize) -> usize {
    with(|s| s.programs.get_mut(program).steps())
}

/// Runs one step alone; JavaScript, which has a clock, times them in order.
#[wasm_bindgen(js_name = programRunStep)]
pub fn program_run_step(program: usize, step: usize) {
    with(|s| s.programs.get_mut(program).run_step(step));
}

/// The program as text: a heading and a line per step.
#[wasm_bindgen(js_name = programText)]
pub fn program_text(program: usize) -> String {
    with(|s| s.programs.get_mut(program).text())
}

#[wasm_bindgen(js_name = programFree)]
pub fn program_free(program: usize) {
    with(|s| drop(s.programs.take(program)));
}

#[wasm_bindgen(js_name = stateNew)]
pub fn state_new(words: usize) -> usize {
    with(|s| s.states.add(Rc::new(StateBuf::new(words))))
}

#[wasm_bindgen(js_name = statePointer)]
pub fn state_pointer(state: usize) -> *mut u32 {
    with(|s| s.states.get(state).ptr())
}

/// Programs that use the state keep it.
#[wasm_bindgen(js_name = stateFree)]
pub fn state_free(state: usize) {
    with(|s| drop(s.states.take(state)));
}

/// Words of the arena that all programs share.
#[wasm_bindgen(js_name = arenaWords)]
pub fn arena_words() -> usize {
    keratin_exec::arena_words()
}
