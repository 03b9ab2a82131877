//! The append-only list of nodes: what a computation is. Equal nodes are one node, and each knows the layer that asked for it.

use crate::dtype::DType;
use crate::error::Error;
use crate::hash::{HashMap, Mix};
use crate::op::{Attrs, Body, Infer, OpDef};
use crate::shape::{Shape, numel};
use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// One result of a node. Ids count up in the order of creation, so an input's id is smaller than its reader's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ValueId(pub u32);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

/// Shape and element type of a value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Type {
    pub shape: Shape,
    pub dtype: DType,
}

impl Type {
    pub fn new(shape: impl Into<Shape>, dtype: DType) -> Self {
        Type {
            shape: shape.into(),
            dtype,
        }
    }
    pub fn numel(&self) -> usize {
        numel(&self.shape)
    }
}

pub struct Node {
    pub op: &'static OpDef,
    pub inputs: Vec<ValueId>,
    pub attrs: Attrs,
    /// Its first result; the others follow.
    pub first: ValueId,
    pub outputs: usize,
    /// Index into `Nodes::paths`: the layer that emitted it.
    pub path: u32,
}

impl Node {
    pub fn results(&self) -> impl Iterator<Item = ValueId> + use<> {
        (self.first.0..self.first.0 + self.outputs as u32).map(ValueId)
    }
}

pub struct Value {
    pub node: NodeId,
    pub ty: Type,
}

/// The contents of a graph.
#[derive(Default)]
pub struct Nodes {
    pub nodes: Vec<Node>,
    pub values: Vec<Value>,
    pub paths: Vec<String>,
    path: u32,
    /// By the hash of what a node computes: the latest such node; by node, the one before it of the same hash.
    known: HashMap<u64, NodeId>,
    same_hash: Vec<Option<NodeId>>,
}

/// No tensor may pass this many words: a WebAssembly memory of 4 GiB could not hold it.
const LIMIT: usize = 1 << 29;

impl Nodes {
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0 as usize]
    }
    pub fn ty(&self, id: ValueId) -> &Type {
        &self.value(id).ty
    }
    /// The node that makes a value.
    pub fn maker(&self, id: ValueId) -> &Node {
        self.node(self.value(id).node)
    }
    pub fn path_of(&self, node: &Node) -> &str {
        &self.paths[node.path as usize]
    }

    /// Appends a node, or finds the equal one that is there. Checks everything first: an error changes nothing.
    pub fn emit(&mut self, op: &'static OpDef, inputs: &[ValueId], attrs: Attrs) -> Result<NodeId, Error> {
        if let Some(expected) = op.arity
            && expected != inputs.len()
        {
            return Err(Error::Arity {
                op: op.name,
                expected,
                found: inputs.len(),
            });
        }
        let mut hasher = Mix::default();
        (std::ptr::from_ref(op) as usize, inputs, &attrs).hash(&mut hasher);
        let hash = hasher.finish();
        let latest = self.known.get(&hash).copied();
        let mut known = latest;
        while let Some(id) = known {
            let node = self.node(id);
            if std::ptr::eq(node.op, op) && node.inputs == inputs && node.attrs == attrs {
                return Ok(id);
            }
            known = self.same_hash[id.0 as usize];
        }
        let types: Vec<&Type> = inputs.iter().map(|&v| self.ty(v)).collect();
        let results = (op.infer)(&Infer {
            op: op.name,
            inputs: &types,
            attrs: &attrs,
        })?;
        for ty in &results {
            let size = ty.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
            if size.is_none_or(|n| n > LIMIT) {
                return Err(Error::TooLarge {
                    op: op.name,
                    shape: ty.shape.clone(),
                });
            }
        }
        let id = NodeId(self.nodes.len() as u32);
        let first = ValueId(self.values.len() as u32);
        let outputs = results.len();
        self.values.extend(results.into_iter().map(|ty| Value { node: id, ty }));
        self.nodes.push(Node {
            op,
            inputs: inputs.to_vec(),
            attrs,
            first,
            outputs,
            path: self.path,
        });
        self.known.insert(hash, id);
        self.same_hash.push(latest);
        Ok(id)
    }

    /// An empty graph that has the paths of another.
    pub fn with_paths_of(other: &Nodes) -> Nodes {
        Nodes {
            paths: other.paths.clone(),
            ..Default::default()
        }
    }
    /// The nodes from here on carry the path of a node of the graph that the paths came from.
    pub fn set_path_of(&mut self, node: &Node) {
        self.path = node.path;
    }

    /// The layer path that the nodes from here on carry.
    pub fn set_path(&mut self, path: &str) {
        if self.paths.is_empty() {
            self.paths.push(String::new());
        }
        self.path = match self.paths.iter().rposition(|p| p == path) {
            Some(at) => at as u32,
            None => {
                self.paths.push(path.to_string());
                self.paths.len() as u32 - 1
            }
        };
    }
}

/// A graph under construction; `Tensor` handles borrow it.
pub struct Graph {
    nodes: RefCell<Nodes>,
}

impl Default for Graph {
    fn default() -> Self {
        Self::new()
    }
}

impl Graph {
    pub fn new() -> Self {
        let mut nodes = Nodes::default();
        nodes.set_path("");
        Graph {
            nodes: RefCell::new(nodes),
        }
    }

    pub fn nodes(&self) -> std::cell::Ref<'_, Nodes> {
        self.nodes.borrow()
    }
    pub fn into_nodes(self) -> Nodes {
        self.nodes.into_inner()
    }
    pub fn set_path(&self, path: &str) {
        self.nodes.borrow_mut().set_path(path);
    }
    pub fn emit(&self, op: &'static OpDef, inputs: &[ValueId], attrs: Attrs) -> Result<NodeId, Error> {
        self.nodes.borrow_mut().emit(op, inputs, attrs)
    }
    pub fn ty(&self, id: ValueId) -> Type {
        self.nodes.borrow().ty(id).clone()
    }
    pub fn first(&self, id: NodeId) -> ValueId {
        self.nodes.borrow().node(id).first
    }

    /// Closes the graph into a body of a loop.
    pub fn into_body(self, inputs: Vec<ValueId>, outputs: Vec<ValueId>) -> Rc<Body> {
        Rc::new(Body {
            nodes: self.into_nodes(),
            inputs,
            outputs,
        })
    }
}
