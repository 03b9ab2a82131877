//! The op case table: for every row of the op table, operands, attributes and results that all tests of ops draw from.
//!
//! A domain keeps operands away from kinks, where a derivative is a decision (those have their own tests) and where f32 and f64
//! may land on different sides.
#![allow(dead_code, unused_imports)] // each test binary uses its part

pub mod run;
pub mod slope;
mod table;

pub use keratin_graph::reference::differences::Random;
pub use table::cases;

use keratin_graph::reference::array;
use keratin_graph::{Attrs, DType, Graph, OpDef, Type, ValueId, numel, op};
use ndarray::ArrayD;

/// Empty, one, and around the lanes and turns of vector loops.
pub const SIZES: [usize; 7] = [0, 1, 3, 4, 5, 17, 65];

#[derive(Clone)]
pub enum Domain {
    /// Uniform on an interval.
    Real(f64, f64),
    /// A shuffled grid with steps of 0.1 around this offset: no two within 0.1, and operands with other offsets lie between.
    Apart(f64),
    /// Whole numbers, both ends included.
    Whole(i64, i64),
    /// 0 and 1.
    Truth,
    /// These, over and over.
    Is(Vec<f64>),
}

#[derive(Clone)]
pub struct Operand {
    pub ty: Type,
    pub domain: Domain,
}

#[derive(Clone)]
pub struct Case {
    pub op: &'static OpDef,
    pub operands: Vec<Operand>,
    pub attrs: Attrs,
    /// What the shape rule must answer.
    pub gives: Vec<Type>,
    /// Largest |kernel − reference| / (1 + |reference|) of float results.
    pub tolerance: f64,
    /// Has derivatives everywhere on its domain.
    pub smooth: bool,
}

impl Case {
    pub fn new(name: &str, operands: Vec<Operand>, attrs: Attrs, gives: Vec<Type>) -> Case {
        let op = op::find(name).unwrap_or_else(|| panic!("the case table names {name}, which is no op"));
        Case {
            op,
            operands,
            attrs,
            gives,
            tolerance: 2e-6,
            smooth: true,
        }
    }
    /// Not differentiated here: a kink, a NaN or a hole is the point of the case.
    pub fn rough(mut self) -> Case {
        self.smooth = false;
        self
    }
    pub fn within(mut self, tolerance: f64) -> Case {
        self.tolerance = tolerance;
        self
    }

    /// The operands as f64, the same for the same seed.
    pub fn values(&self, seed: u64) -> Vec<ArrayD<f64>> {
        let mut random = Random(seed);
        self.operands
            .iter()
            .map(|o| array(&o.ty.shape, o.domain.draw(numel(&o.ty.shape), &mut random)))
            .collect()
    }
    /// The case as a graph: its operands as inputs 0, 1, …, and the results.
    pub fn graph(&self) -> (Graph, Vec<ValueId>) {
        let graph = Graph::new();
        let ids: Vec<ValueId> = self
            .operands
            .iter()
            .enumerate()
            .map(|(i, o)| graph.input(i, o.ty.shape.clone(), o.ty.dtype).id)
            .collect();
        let node = graph
            .emit(self.op, &ids, self.attrs.clone())
            .unwrap_or_else(|e| panic!("{self}: {e}"));
        let outputs = graph.nodes().node(node).results().collect();
        (graph, outputs)
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let types: Vec<String> = self
            .operands
            .iter()
            .map(|o| format!("{}{:?}", o.ty.dtype, o.ty.shape))
            .collect();
        write!(
            f,
            "{} {} {:?} {:?}",
            self.op.name,
            types.join(" "),
            self.attrs.ints,
            self.attrs.floats
        )
    }
}

impl Domain {
    fn draw(&self, n: usize, random: &mut Random) -> Vec<f64> {
        match self {
            Domain::Real(low, high) => (0..n).map(|_| low + (high - low) * random.unit()).collect(),
            Domain::Apart(offset) => {
                let mut grid: Vec<f64> = (0..n).map(|i| offset + 0.1 * (i as f64 - (n / 2) as f64)).collect();
                (1..n).for_each(|i| grid.swap(i, random.below(i as u64 + 1) as usize));
                grid
            }
            Domain::Whole(low, high) => (0..n)
                .map(|_| (low + random.below((high - low + 1) as u64) as i64) as f64)
                .collect(),
            Domain::Truth => (0..n).map(|_| random.below(2) as f64).collect(),
            Domain::Is(values) => (0..n).map(|i| values[i % values.len()]).collect(),
        }
    }
}

/// `real([2, 3], -1.0, 1.0)` and friends: operands in one line.
pub fn real(shape: &[usize], low: f64, high: f64) -> Operand {
    Operand {
        ty: Type::new(shape, DType::F32),
        domain: Domain::Real(low, high),
    }
}
pub fn apart(shape: &[usize], offset: f64) -> Operand {
    Operand {
        ty: Type::new(shape, DType::F32),
        domain: Domain::Apart(offset),
    }
}
pub fn whole(shape: &[usize], dtype: DType, low: i64, high: i64) -> Operand {
    Operand {
        ty: Type::new(shape, dtype),
        domain: Domain::Whole(low, high),
    }
}
pub fn truth(shape: &[usize]) -> Operand {
    Operand {
        ty: Type::new(shape, DType::Bool),
        domain: Domain::Truth,
    }
}
pub fn is(shape: &[usize], dtype: DType, values: &[f64]) -> Operand {
    Operand {
        ty: Type::new(shape, dtype),
        domain: Domain::Is(values.to_vec()),
    }
}
