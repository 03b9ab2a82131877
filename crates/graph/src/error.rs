//! What can be wrong with a computation somebody asked for. Variants hold values; the text is made once, here.

use crate::dtype::DType;
use crate::shape::Shape;
use core::fmt;

#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// Two shapes that do not broadcast.
    Broadcast {
        op: &'static str,
        left: Shape,
        right: Shape,
    },
    /// A product whose inner sizes differ.
    Inner {
        op: &'static str,
        left: Shape,
        right: Shape,
        sizes: (usize, usize),
    },
    /// Shapes that an op needs to be equal, or of another form.
    Shape {
        op: &'static str,
        expected: String,
        found: Shape,
    },
    /// An axis outside the shape.
    Axis { op: &'static str, axis: i64, ndim: usize },
    /// A reshape that would change the number of elements.
    Size { from: Shape, to: Shape },
    /// An element type that the op has no rule for.
    DType { op: &'static str, found: DType },
    /// Another number of inputs than the op takes.
    Arity {
        op: &'static str,
        expected: usize,
        found: usize,
    },
    /// An attribute that makes no sense.
    Attribute { op: &'static str, what: String },
    /// A text that is not a graph.
    Parse { line: usize, what: String },
    /// Arrays that pass what a 32-bit memory can hold.
    TooLarge { op: &'static str, shape: Shape },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Error::Broadcast { op, left, right } => {
                write!(
                    f,
                    "{op}: shapes {left:?} and {right:?} do not broadcast: aligned at the end, sizes must agree or be 1."
                )
            }
            Error::Inner {
                op,
                left,
                right,
                sizes: (a, b),
            } => {
                write!(
                    f,
                    "{op}: inner sizes differ: {left:?} · {right:?} ({a} ≠ {b}). Was the layer built for another input?"
                )
            }
            Error::Shape { op, expected, found } => write!(f, "{op}: expected {expected}, received shape {found:?}."),
            Error::Axis { op, axis, ndim } => match ndim {
                0 => write!(f, "{op}: axis {axis} of a scalar: it has no axes."),
                _ => write!(
                    f,
                    "{op}: axis {axis} is out of range; a tensor of {ndim} axes has -{ndim} … {}.",
                    ndim - 1
                ),
            },
            Error::Size { from, to } => write!(
                f,
                "reshape: the total size of the tensor must be unchanged: {from:?} has {} elements, {to:?} would have {}.",
                crate::shape::numel(from),
                crate::shape::numel(to)
            ),
            Error::DType { op, found } => write!(f, "{op}: not defined for {found}; cast the tensor first."),
            Error::Arity { op, expected, found } => write!(f, "{op}: takes {expected} tensors, received {found}."),
            Error::Attribute { op, what } => write!(f, "{op}: {what}"),
            Error::Parse { line, what } => write!(f, "line {line}: {what}"),
            Error::TooLarge { op, shape } => write!(
                f,
                "{op}: a tensor of shape {shape:?} is larger than the memory of a WebAssembly module."
            ),
        }
    }
}

impl std::error::Error for Error {}
