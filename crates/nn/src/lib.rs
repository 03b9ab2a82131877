//! Things Keras names that live in the core: seeded initializers and constraint projections, as compositions of ops.
//!
//! A composite looks like an op from outside (a name, inputs, attributes) and expands into a graph; the front calls both alike.

pub mod constraints;
pub mod initializers;

use keratin_graph::{Attrs, Error, Graph, ValueId};

pub type Expand = fn(&Graph, &[ValueId], &Attrs) -> Result<Vec<ValueId>, Error>;

/// A named composition.
pub struct Composite {
    pub name: &'static str,
    pub expand: Expand,
}

/// All composites; their numbers on the boundary follow those of the ops.
pub fn composites() -> impl Iterator<Item = &'static Composite> {
    constraints::COMPOSITES.iter().chain(initializers::COMPOSITES)
}
