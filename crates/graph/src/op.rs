//! What an op is: one row that holds its kind, shape rule, derivative, f64 reference and kernel. Passes ask rows, never names.

use crate::dtype::DType;
use crate::error::Error;
use crate::graph::{Nodes, Type, ValueId};
use crate::tensor::Tensor;
use keratin_kernels::map::MapFn;
use keratin_kernels::reduce::ReduceFn;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// What passes may assume of an op. Closed: a new kind makes every pass answer for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// No inputs: an input, a state, a constant.
    Source,
    /// Element i of the result depends on element i of each input: fusable, may run in place.
    Map,
    /// Some axes are removed.
    Reduce,
    /// Data only moves; may become an alias.
    View,
    /// A heavy product; may take a `Map` epilogue.
    Contract,
    /// A local neighbourhood.
    Window,
    /// Has an operand of indices.
    Index,
    /// A pure function of its state operand; every element can be made alone.
    Random,
    /// Owns a body graph.
    Loop,
    /// One kernel that equals a composition of other ops.
    Fast,
}

/// The constants of a node. One form for all ops keeps hash-consing, the text form and the boundary free of cases.
#[derive(Clone, Default)]
pub struct Attrs {
    pub ints: Vec<i64>,
    pub floats: Vec<f32>,
    /// The contents of a constant.
    pub words: Option<Rc<[u32]>>,
    pub body: Option<Rc<Body>>,
}

impl Attrs {
    pub fn ints(ints: impl IntoIterator<Item = i64>) -> Self {
        Attrs {
            ints: ints.into_iter().collect(),
            ..Default::default()
        }
    }
    pub fn floats(floats: impl IntoIterator<Item = f32>) -> Self {
        Attrs {
            floats: floats.into_iter().collect(),
            ..Default::default()
        }
    }
}

impl PartialEq for Attrs {
    fn eq(&self, o: &Self) -> bool {
        let bits = |a: &Attrs| a.floats.iter().map(|f| f.to_bits()).collect::<Vec<_>>();
        let body = match (&self.body, &o.body) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        body && self.ints == o.ints && bits(self) == bits(o) && self.words == o.words
    }
}
impl Eq for Attrs {}
impl Hash for Attrs {
    fn hash<H: Hasher>(&self, h: &mut H) {
        self.ints.hash(h);
        self.floats.iter().for_each(|f| f.to_bits().hash(h));
        self.words.hash(h);
        self.body.as_ref().map(|b| Rc::as_ptr(b) as usize).hash(h);
    }
}

/// The graph inside a loop: its inputs are `input` nodes, in order.
pub struct Body {
    pub nodes: Nodes,
    pub inputs: Vec<ValueId>,
    pub outputs: Vec<ValueId>,
}

/// What a shape rule sees.
pub struct Infer<'a> {
    pub op: &'static str,
    pub inputs: &'a [&'a Type],
    pub attrs: &'a Attrs,
}

impl Infer<'_> {
    pub fn int(&self, i: usize) -> Result<i64, Error> {
        self.attrs
            .ints
            .get(i)
            .copied()
            .ok_or_else(|| self.bad("an attribute is missing"))
    }
    pub fn size(&self, i: usize) -> Result<usize, Error> {
        usize::try_from(self.int(i)?).map_err(|_| self.bad("a size is negative"))
    }
    pub fn bad(&self, what: impl Into<String>) -> Error {
        Error::Attribute {
            op: self.op,
            what: what.into(),
        }
    }
    pub fn shape(&self, expected: impl Into<String>, i: usize) -> Error {
        Error::Shape {
            op: self.op,
            expected: expected.into(),
            found: self.inputs[i].shape.clone(),
        }
    }
    pub fn dtype(&self, i: usize, allowed: &[DType]) -> Result<DType, Error> {
        let found = self.inputs[i].dtype;
        if allowed.contains(&found) {
            Ok(found)
        } else {
            Err(Error::DType { op: self.op, found })
        }
    }
}

pub type InferFn = fn(&Infer) -> Result<Vec<Type>, Error>;

/// What a derivative rule sees: the inputs, the results and the cotangents of one node.
pub struct Rule<'g> {
    pub inputs: Vec<Tensor<'g>>,
    pub outputs: Vec<Tensor<'g>>,
    /// One per result; `None` where nothing depends on it.
    pub cotangents: Vec<Option<Tensor<'g>>>,
    pub attrs: Attrs,
    /// Which inputs want a cotangent: a rule may skip the work for the others.
    pub wanted: Vec<bool>,
}

impl<'g> Rule<'g> {
    pub fn x(&self, i: usize) -> Tensor<'g> {
        self.inputs[i]
    }
    pub fn y(&self) -> Tensor<'g> {
        self.outputs[0]
    }
    /// The cotangent of the (first) result.
    pub fn g(&self) -> Tensor<'g> {
        self.cotangents[0].expect("internal: a rule ran without a cotangent")
    }
}

/// The vector-Jacobian product of a row.
#[derive(Clone, Copy)]
pub enum Vjp {
    /// Constant as far as calculus goes: integers, comparisons, stopped gradients.
    Zero,
    /// One cotangent per input, `None` where there is none. Broadcasting is not its business.
    Rule(for<'g> fn(&Rule<'g>) -> Vec<Option<Tensor<'g>>>),
}

/// What the derivative rule reads, so that activations can be freed early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reads {
    Nothing,
    Inputs,
    Output,
    Both,
}

/// A piece of a view: a strided block of an input that lands in a strided block of the result.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    pub input: usize,
    pub shape: Vec<usize>,
    pub src_offset: usize,
    pub src_strides: Vec<isize>,
    pub dst_offset: usize,
    pub dst_strides: Vec<usize>,
}

/// A view as data: pieces, and the word that fills what no piece covers.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewPlan {
    pub fill: Option<u32>,
    pub pieces: Vec<Piece>,
}

/// An operand in memory. Strides differ from row-major only for rows that say `strided`.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    pub ptr: *const u32,
    pub shape: &'a [usize],
    pub strides: &'a [isize],
    pub dtype: DType,
}

/// One call of a kernel: compute units `from..to` of the results.
pub struct Call<'a> {
    pub inputs: &'a [Operand<'a>],
    pub outputs: &'a [*mut u32],
    pub types: &'a [Type],
    pub attrs: &'a Attrs,
    pub from: usize,
    pub to: usize,
    /// This thread's workspace, of the size that the row asked for.
    pub workspace: *mut u32,
}

/// What a row is asked about its work.
pub struct Geometry<'a> {
    pub inputs: &'a [&'a Type],
    pub outputs: &'a [Type],
    pub attrs: &'a Attrs,
}

/// How a call divides: into `count` units that may run apart, in any order, on any thread, with the same bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Units {
    pub count: usize,
    /// Words of the (first) result that one unit writes when units are consecutive stretches of it; 0 when they are not.
    pub words: usize,
    /// Estimated nanoseconds of a unit.
    pub cost: f32,
    /// Borders between chunks are multiples of this many units.
    pub grain: usize,
    /// Each chunk repeats some preparation (packing): as few chunks as threads.
    pub coarse: bool,
}

pub struct CallDef {
    /// # Safety
    /// Operands and results are valid for their types, units are within range.
    pub run: unsafe fn(&Call),
    pub units: fn(&Geometry) -> Units,
    /// Words of workspace per thread.
    pub workspace: fn(&Geometry) -> usize,
    /// May operands be affine views instead of row-major arrays?
    pub strided: bool,
    /// `(result, input)`: that result may take that input's place in memory.
    pub in_place: &'static [(usize, usize)],
}

/// How a row runs.
pub enum Kernel {
    Source,
    /// By element type of the first input, the block kernel.
    Map(fn(DType) -> Option<MapFn>),
    /// Like `Map`, by the element types of input and result.
    Cast(fn(DType, DType) -> MapFn),
    View(fn(&Infer, &[Type]) -> ViewPlan),
    Call(CallDef),
    /// By element type, the reduction of `[outer, n, inner]`, where n are the axes `ints[0]..ints[1]`.
    Reduce(fn(DType) -> ReduceFn),
    Loop,
}

/// How operands of other types or shapes are made to fit: what NumPy users expect of `a + b`. Map ops broadcast, whatever it says here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coerce {
    /// Taken as they are.
    Keep,
    /// All to f32.
    Float,
    /// To their common type; bools to i32.
    Promote,
    /// To their common type, bools stay.
    Common,
    /// All to bool.
    Bool,
    /// The first to bool, the others to their common type.
    Select,
}

/// Facts of algebra that a pass may use.
#[derive(Clone, Copy, Default)]
pub struct Algebra {
    /// `x ∘ e = x` for this second operand.
    pub right_identity: Option<f32>,
    pub commutative: bool,
    /// `f(x) = x` always: a node that only changes what is known of a value.
    pub transparent: bool,
}

impl Algebra {
    pub const NONE: Algebra = Algebra {
        right_identity: None,
        commutative: false,
        transparent: false,
    };
}

#[cfg(feature = "oracle")]
pub type ReferenceFn = fn(&crate::reference::Reference) -> Vec<ndarray::ArrayD<f64>>;

/// A row of the op table.
pub struct OpDef {
    pub name: &'static str,
    pub kind: Kind,
    /// Number of inputs; `None` where it varies.
    pub arity: Option<usize>,
    /// What `Graph::apply` does to operands before it emits.
    pub coerce: Coerce,
    pub infer: InferFn,
    pub vjp: Vjp,
    pub reads: Reads,
    pub algebra: Algebra,
    pub kernel: Kernel,
    #[cfg(feature = "oracle")]
    pub reference: ReferenceFn,
}

impl ValueId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// All rows, in the order of their numbers on the boundary to JavaScript.
pub fn table() -> impl Iterator<Item = &'static OpDef> {
    crate::ops::TABLES.iter().flat_map(|t| t.iter().copied())
}

/// The row of that name.
pub fn find(name: &str) -> Option<&'static OpDef> {
    table().find(|op| op.name == name)
}
