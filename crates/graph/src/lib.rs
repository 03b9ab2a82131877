//! What a computation *is*: values and nodes, the table of ops, derivatives, and an f64 oracle. Nothing here runs fast.
//!
//! ```
//! use keratin_graph::{DType, Graph, grad};
//! let g = Graph::new();
//! let x = g.input(0, [3], DType::F32);
//! let y = (x * x).sum(&[0]);
//! let dx = grad(y, &[x])[0]; // 2·x
//! let text = keratin_graph::display::text(&g.nodes(), &[dx.id]);
//! assert!(text.contains("multiply"), "{text}");
//! ```

pub mod display;
pub mod dtype;
pub mod error;
pub mod grad;
pub mod graph;
pub mod hash;
pub mod op;
pub mod ops;
#[cfg(feature = "oracle")]
pub mod reference;
pub mod shape;
pub mod tensor;
pub mod verify;

pub use dtype::DType;
pub use error::Error;
pub use grad::grad;
pub use graph::{Graph, Node, NodeId, Nodes, Type, Value, ValueId};
pub use op::{Attrs, Body, Kernel, Kind, OpDef};
pub use shape::{Shape, numel};
pub use tensor::Tensor;
