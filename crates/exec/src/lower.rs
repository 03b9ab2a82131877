//! From units of nodes to work on buffers: where each value lives, which views are only a way of reading, which must be copied.

use crate::group::Unit;
use crate::map_vm::{Access, MapInput, MapProgram, access_of};
use crate::program::Code;
use crate::reduction::{Fold, Reduction, Source};
use crate::registers::registers;
use keratin_graph::hash::HashMap;
use keratin_graph::op::{Geometry, Infer, Kernel, Kind, Units, ViewPlan};
use keratin_graph::ops::reduce::split;
use keratin_graph::shape::{numel, strides};
use keratin_graph::{DType, Error, Nodes, Type, ValueId};
use keratin_kernels::reduce::ReduceFn;

/// Whose memory a buffer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Home {
    /// A stretch of the arena, given by the plan.
    Arena,
    /// The program's n-th input: a stretch of the arena, or the caller's memory in a loop's body.
    Input(usize),
    /// The program's n-th state.
    State(usize),
    /// The program's n-th constant.
    Constant(usize),
}

pub struct Buffer {
    pub home: Home,
    pub words: usize,
}

/// How a value's elements are found: `buffer[offset + Σ index·stride]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub buffer: usize,
    pub offset: usize,
    pub strides: Vec<isize>,
}

impl Place {
    fn whole(buffer: usize, shape: &[usize]) -> Place {
        Place {
            buffer,
            offset: 0,
            strides: dense(shape),
        }
    }
    pub fn is_dense(&self, shape: &[usize]) -> bool {
        numel(shape) == 0
            || self
                .strides
                .iter()
                .zip(dense(shape))
                .zip(shape)
                .all(|((&s, d), &n)| n == 1 || s == d)
    }
}

fn dense(shape: &[usize]) -> Vec<isize> {
    strides(shape).into_iter().map(|s| s as isize).collect()
}

/// A strided block that is copied.
pub struct CopyPiece {
    pub src: Place,
    pub shape: Vec<usize>,
    pub dst_offset: usize,
    pub dst_strides: Vec<usize>,
}

pub struct Operand {
    pub place: Place,
    pub ty: Type,
}

/// One step of a program.
pub enum Work {
    Map(MapProgram),
    Call {
        node: usize,
        operands: Vec<Operand>,
        results: Vec<usize>,
        types: Vec<Type>,
        units: Units,
        workspace: usize,
        epilogue: Option<MapProgram>,
    },
    Reduce(Reduction),
    Copy {
        dst: usize,
        fill: Option<u32>,
        pieces: Vec<CopyPiece>,
    },
    /// `states` are the buffers of the states that the body reads, in the body's order.
    Loop {
        node: usize,
        operands: Vec<Operand>,
        states: Vec<usize>,
        results: Vec<usize>,
        body: Box<Code>,
        region: usize,
    },
}

impl Work {
    /// Takes the work out of the list; nothing is left in its place.
    pub fn take(&mut self) -> Work {
        let nothing = Work::Copy {
            dst: 0,
            fill: None,
            pieces: vec![],
        };
        std::mem::replace(self, nothing)
    }
    pub fn is_nothing(&self) -> bool {
        matches!(self, Work::Copy { pieces, fill: None, .. } if pieces.is_empty())
    }

    /// Buffers that it reads.
    pub fn reads(&self) -> Vec<usize> {
        let map = |m: &MapProgram| m.inputs.iter().map(|i| i.buffer).collect::<Vec<_>>();
        match self {
            Work::Map(m) => map(m),
            Work::Call {
                operands,
                results,
                epilogue,
                ..
            } => {
                let mut all: Vec<usize> = operands.iter().map(|o| o.place.buffer).collect();
                // Its own result stays inside the step.
                all.extend(epilogue.iter().flat_map(map).filter(|b| !results.contains(b)));
                all
            }
            Work::Reduce(r) => r.reads(),
            Work::Copy { pieces, .. } => pieces.iter().map(|p| p.src.buffer).collect(),
            Work::Loop { operands, states, .. } => operands
                .iter()
                .map(|o| o.place.buffer)
                .chain(states.iter().copied())
                .collect(),
        }
    }
    /// Buffers that it writes.
    pub fn writes(&self) -> Vec<usize> {
        match self {
            Work::Map(m) => m.outputs.clone(),
            Work::Call { results, epilogue, .. } => results
                .iter()
                .copied()
                .chain(epilogue.iter().flat_map(|m| m.outputs.iter().copied()))
                .collect(),
            Work::Reduce(r) => r.writes(),
            Work::Copy { dst, .. } if self.is_nothing() => vec![],
            Work::Copy { dst, .. } => vec![*dst],
            Work::Loop { results, region, .. } => results.iter().copied().chain([*region]).collect(),
        }
    }
}

/// The result of lowering.
pub struct Lowered {
    pub buffers: Vec<Buffer>,
    pub works: Vec<Work>,
    pub constants: Vec<Box<[u32]>>,
    /// State numbers, in the order of `Home::State`.
    pub states: Vec<usize>,
    /// Input numbers to buffers.
    pub inputs: HashMap<usize, usize>,
    /// Where each wanted value is, whole and row-major.
    pub wanted: Vec<usize>,
}

pub struct Lowering<'a> {
    nodes: &'a Nodes,
    body: bool,
    out: Lowered,
    places: Vec<Option<Place>>,
    /// Copies that were made of places that are not row-major.
    dense_copies: HashMap<ValueId, usize>,
    /// Is the value read outside the unit that makes it?
    leaves: Vec<bool>,
}

/// Lowers units. In a loop's body inputs are the caller's memory and outputs are always the body's own.
pub fn lower(
    nodes: &Nodes,
    units: &[Unit],
    wanted: &[ValueId],
    body: bool,
    compile_body: &dyn Fn(&keratin_graph::Body) -> Result<Code, Error>,
) -> Result<Lowered, Error> {
    let mut unit_of = vec![usize::MAX; nodes.nodes.len()];
    units
        .iter()
        .enumerate()
        .for_each(|(u, unit)| unit.nodes.iter().for_each(|&n| unit_of[n] = u));
    let mut leaves = vec![false; nodes.values.len()];
    wanted.iter().for_each(|v| leaves[v.index()] = true);
    for (at, node) in nodes.nodes.iter().enumerate() {
        for v in &node.inputs {
            if unit_of[nodes.value(*v).node.0 as usize] != unit_of[at] {
                leaves[v.index()] = true;
            }
        }
    }
    let out = Lowered {
        buffers: vec![],
        works: vec![],
        constants: vec![],
        states: vec![],
        inputs: HashMap::default(),
        wanted: vec![],
    };
    let mut l = Lowering {
        nodes,
        body,
        out,
        places: vec![None; nodes.values.len()],
        dense_copies: HashMap::default(),
        leaves,
    };
    for node in nodes.nodes.iter().filter(|n| n.op.kind == Kind::Source) {
        l.source(node);
    }
    for unit in units {
        let node = &nodes.nodes[unit.nodes[0]];
        match &node.op.kernel {
            Kernel::Source => {}
            Kernel::Map(_) | Kernel::Cast(_) => l.map(unit),
            Kernel::View(plan) => l.view(unit.nodes[0], *plan),
            Kernel::Call(_) => l.call(unit.nodes[0]),
            Kernel::Reduce(f) => l.reduce(unit.nodes[0], *f),
            Kernel::Loop => l.repeat(unit.nodes[0], compile_body)?,
        }
    }
    for &v in wanted {
        let buffer = l.own(v);
        l.out.wanted.push(buffer);
    }
    Ok(l.out)
}

impl Lowering<'_> {
    fn buffer(&mut self, home: Home, words: usize) -> usize {
        self.out.buffers.push(Buffer { home, words });
        self.out.buffers.len() - 1
    }
    fn place(&self, v: ValueId) -> &Place {
        self.places[v.index()]
            .as_ref()
            .expect("internal: a value is read before it is made")
    }

    fn source(&mut self, node: &keratin_graph::Node) {
        let v = node.first;
        let words = self.nodes.ty(v).numel();
        let shape = self.nodes.ty(v).shape.clone();
        let home = match &node.attrs.words {
            Some(contents) => {
                self.out.constants.push(contents.to_vec().into());
                Home::Constant(self.out.constants.len() - 1)
            }
            None => {
                let number = node.attrs.ints[0] as usize;
                if keratin_graph::ops::source::is_state(node.op) {
                    self.out.states.push(number);
                    Home::State(self.out.states.len() - 1)
                } else {
                    Home::Input(number)
                }
            }
        };
        let buffer = self.buffer(home, words);
        if let Home::Input(number) = home {
            self.out.inputs.insert(number, buffer);
        }
        self.places[v.index()] = Some(Place::whole(buffer, &shape));
    }

    /// A row-major place of the value: its own, or a copy made now and kept.
    fn dense(&mut self, v: ValueId) -> Place {
        let shape = self.nodes.ty(v).shape.clone();
        let place = self.place(v).clone();
        if place.is_dense(&shape) {
            return place;
        }
        if let Some(&buffer) = self.dense_copies.get(&v) {
            return Place::whole(buffer, &shape);
        }
        let buffer = self.copy_of(place, &shape);
        self.dense_copies.insert(v, buffer);
        Place::whole(buffer, &shape)
    }
    fn copy_of(&mut self, src: Place, shape: &[usize]) -> usize {
        let dst = self.buffer(Home::Arena, numel(shape));
        let piece = CopyPiece {
            src,
            shape: shape.to_vec(),
            dst_offset: 0,
            dst_strides: strides(shape),
        };
        self.out.works.push(Work::Copy {
            dst,
            fill: None,
            pieces: vec![piece],
        });
        dst
    }
    /// A buffer that holds exactly the value. In a body it is never the caller's memory.
    fn own(&mut self, v: ValueId) -> usize {
        let place = self.dense(v);
        let buffer = &self.out.buffers[place.buffer];
        let foreign = self.body && buffer.home != Home::Arena;
        if place.offset == 0 && buffer.words == self.nodes.ty(v).numel() && !foreign {
            return place.buffer;
        }
        let shape = self.nodes.ty(v).shape.clone();
        self.copy_of(place, &shape)
    }

    fn view(&mut self, at: usize, plan: fn(&Infer, &[Type]) -> ViewPlan) {
        let node = &self.nodes.nodes[at];
        let types: Vec<&Type> = node.inputs.iter().map(|&v| self.nodes.ty(v)).collect();
        let result = vec![self.nodes.ty(node.first).clone()];
        let plan = plan(
            &Infer {
                op: node.op.name,
                inputs: &types,
                attrs: &node.attrs,
            },
            &result,
        );
        let shape = &result[0].shape;
        let single = plan.fill.is_none() && plan.pieces.len() == 1 && plan.pieces[0].shape == *shape;
        let mut sources = Vec::with_capacity(plan.pieces.len());
        for p in &plan.pieces {
            let v = node.inputs[p.input];
            let source = &self.nodes.ty(v).shape;
            let (place, ty) = (self.place(v).clone(), dense(source));
            // A piece that takes the input as it lies can read any strides; others count on a row-major source.
            let as_it_lies = p.src_offset == 0 && p.shape == *source && p.src_strides == ty;
            let composed = if as_it_lies && !place.is_dense(source) {
                Some(place.strides.clone())
            } else {
                permuted(&p.src_strides, &p.shape, &ty, &place, source)
            };
            sources.push(match composed {
                Some(strides) if p.src_offset == 0 => Place { strides, ..place },
                _ => {
                    let base = self.dense(v);
                    Place {
                        buffer: base.buffer,
                        offset: base.offset + p.src_offset,
                        strides: p.src_strides.clone(),
                    }
                }
            });
        }
        if single {
            self.places[node.first.index()] = Some(sources.remove(0));
            return;
        }
        let dst = self.buffer(Home::Arena, numel(shape));
        let pieces = plan.pieces.into_iter().zip(sources);
        let pieces = pieces
            .map(|(p, src)| CopyPiece {
                src,
                shape: p.shape,
                dst_offset: p.dst_offset,
                dst_strides: p.dst_strides,
            })
            .collect();
        self.out.works.push(Work::Copy {
            dst,
            fill: plan.fill,
            pieces,
        });
        self.places[node.first.index()] = Some(Place::whole(dst, shape));
    }

    fn map(&mut self, unit: &Unit) {
        let nodes = self.nodes;
        let n = nodes.ty(nodes.nodes[unit.nodes[0]].first).numel();
        let inside = |v: ValueId| unit.nodes.binary_search(&(nodes.value(v).node.0 as usize)).is_ok();
        let mut inputs: Vec<(ValueId, MapInput)> = Vec::new();
        for &m in &unit.nodes {
            for &v in &nodes.nodes[m].inputs {
                if inside(v) || inputs.iter().any(|(w, _)| *w == v) {
                    continue;
                }
                let shape = &nodes.ty(v).shape;
                let place = self.place(v).clone();
                let input = match access_of(shape, &place.strides) {
                    Some(access) => MapInput {
                        buffer: place.buffer,
                        offset: place.offset,
                        access,
                    },
                    None => {
                        let d = self.dense(v);
                        MapInput {
                            buffer: d.buffer,
                            offset: d.offset,
                            access: Access::Full,
                        }
                    }
                };
                inputs.push((v, input));
            }
        }
        let mut outputs = Vec::new();
        for &m in &unit.nodes {
            let v = nodes.nodes[m].first;
            if self.leaves[v.index()] {
                let buffer = self.buffer(Home::Arena, n);
                self.places[v.index()] = Some(Place::whole(buffer, &nodes.ty(v).shape));
                outputs.push((v, buffer));
            }
        }
        let program = registers(nodes, unit, n, &inputs, &outputs);
        if program.fits() {
            self.out.works.push(Work::Map(program));
            return;
        }
        // Too many registers: each node alone. What stayed inside now needs memory.
        for &m in &unit.nodes {
            let v = nodes.nodes[m].first;
            self.leaves[v.index()] = true;
            self.places[v.index()] = None;
            self.map(&Unit { nodes: vec![m] });
        }
    }

    fn call(&mut self, at: usize) {
        let node = &self.nodes.nodes[at];
        let Kernel::Call(def) = &node.op.kernel else {
            unreachable!("internal: a call without a kernel")
        };
        let operands: Vec<Operand> = node.inputs.iter().map(|&v| self.operand(v, def.strided)).collect();
        let types: Vec<Type> = node.results().map(|v| self.nodes.ty(v).clone()).collect();
        let inputs: Vec<&Type> = operands.iter().map(|o| &o.ty).collect();
        let geometry = Geometry {
            inputs: &inputs,
            outputs: &types,
            attrs: &node.attrs,
        };
        let (units, workspace) = ((def.units)(&geometry), (def.workspace)(&geometry));
        let results = self.results(at);
        self.out.works.push(Work::Call {
            node: at,
            operands,
            results,
            types,
            units,
            workspace,
            epilogue: None,
        });
    }
    fn reduce(&mut self, at: usize, f: fn(DType) -> ReduceFn) {
        let node = &self.nodes.nodes[at];
        let v = node.inputs[0];
        let ty = self.nodes.ty(v).clone();
        let (outer, n, inner) = split(&ty.shape, node.attrs.ints[0] as usize, node.attrs.ints[1] as usize);
        let place = self.dense(v);
        let result = self.results(at)[0];
        let pieces = Reduction::pieces([outer, n, inner]).1;
        let partial = (pieces > 1).then(|| self.buffer(Home::Arena, outer * pieces * inner));
        let fold = Fold {
            f: f(ty.dtype),
            name: node.op.name,
            source: Source::Memory {
                buffer: place.buffer,
                offset: place.offset,
            },
            result,
            partial,
        };
        self.out.works.push(Work::Reduce(Reduction {
            node: at,
            shape: [outer, n, inner],
            folds: vec![fold],
            map: None,
            epilogues: vec![],
        }));
    }
    fn operand(&mut self, v: ValueId, strided: bool) -> Operand {
        let ty = self.nodes.ty(v).clone();
        let place = self.place(v).clone();
        let place = if strided && place.strides.iter().all(|&s| s >= 0) {
            place
        } else {
            self.dense(v)
        };
        Operand { place, ty }
    }
    fn results(&mut self, at: usize) -> Vec<usize> {
        let values: Vec<ValueId> = self.nodes.nodes[at].results().collect();
        values
            .into_iter()
            .map(|v| {
                let (words, shape) = (self.nodes.ty(v).numel(), self.nodes.ty(v).shape.clone());
                let buffer = self.buffer(Home::Arena, words);
                self.places[v.index()] = Some(Place::whole(buffer, &shape));
                buffer
            })
            .collect()
    }

    fn repeat(
        &mut self,
        at: usize,
        compile_body: &dyn Fn(&keratin_graph::Body) -> Result<Code, Error>,
    ) -> Result<(), Error> {
        let node = &self.nodes.nodes[at];
        let body = Box::new(compile_body(
            node.attrs.body.as_ref().expect("internal: a loop without a body"),
        )?);
        let operands: Vec<Operand> = node.inputs.iter().map(|&v| self.operand(v, false)).collect();
        let states = body
            .low
            .states
            .iter()
            .map(|&number| self.out.state_buffer(number, body.low.state_words(number)))
            .collect();
        let results = self.results(at);
        let region = self.buffer(Home::Arena, body.words());
        self.out.works.push(Work::Loop {
            node: at,
            operands,
            states,
            results,
            body,
            region,
        });
        Ok(())
    }
}

/// Strides of a view over a place that is not row-major: possible where the view is the source's axes in another order, among axes that repeat.
fn permuted(view: &[isize], shape: &[usize], own: &[isize], place: &Place, source: &[usize]) -> Option<Vec<isize>> {
    if place.is_dense(source) || numel(source) == 0 {
        return None;
    }
    let mut used = vec![false; source.len()];
    let strides: Option<Vec<isize>> = (view.iter().zip(shape))
        .map(|(&s, &n)| {
            if s == 0 || n == 1 {
                return Some(0);
            }
            // Both stride and size must be an axis' own: a reshape or a slice may have one of them by chance.
            let k = (0..source.len()).find(|&k| !used[k] && own[k] == s && source[k] == n)?;
            used[k] = true;
            Some(place.strides[k])
        })
        .collect();
    let complete = used.iter().zip(source).all(|(&u, &n)| u || n == 1);
    strides.filter(|_| complete)
}

impl Lowered {
    /// Words of a state that the code reads.
    pub fn state_words(&self, number: usize) -> usize {
        let found = self
            .buffers
            .iter()
            .find(|b| matches!(b.home, Home::State(i) if self.states[i] == number));
        found.map_or(0, |b| b.words)
    }
    /// The buffer of a state, made if the graph does not read it.
    pub fn state_buffer(&mut self, number: usize, words: usize) -> usize {
        let at = match self.states.iter().position(|&s| s == number) {
            Some(at) => at,
            None => {
                self.states.push(number);
                self.states.len() - 1
            }
        };
        match self.buffers.iter().position(|b| b.home == Home::State(at)) {
            Some(b) => b,
            None => {
                self.buffers.push(Buffer {
                    home: Home::State(at),
                    words,
                });
                self.buffers.len() - 1
            }
        }
    }

    /// What is asked for and lies in a state gets a copy, made before any state changes: outputs and updates see the old values.
    pub fn detach(&mut self, outputs: &mut [usize], updates: &mut [(usize, usize)]) {
        let updated: Vec<usize> = updates.iter().map(|u| u.0).collect();
        let lies_in_state = |low: &Lowered, b: usize| matches!(low.buffers[b].home, Home::State(_));
        for value in outputs.iter_mut() {
            if lies_in_state(self, *value) && updated.contains(value) {
                *value = self.copied(*value);
            }
        }
        for (state, value) in updates.iter_mut() {
            if lies_in_state(self, *value) && state != value {
                *value = self.copied(*value);
            }
        }
    }
    fn copied(&mut self, buffer: usize) -> usize {
        let words = self.buffers[buffer].words;
        self.buffers.push(Buffer {
            home: Home::Arena,
            words,
        });
        let dst = self.buffers.len() - 1;
        let src = Place {
            buffer,
            offset: 0,
            strides: vec![1],
        };
        self.works.push(Work::Copy {
            dst,
            fill: None,
            pieces: vec![CopyPiece {
                src,
                shape: vec![words],
                dst_offset: 0,
                dst_strides: vec![1],
            }],
        });
        dst
    }
}
