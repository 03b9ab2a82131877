//! Where values come from: inputs of a run, states that live between runs, constants.

use crate::dtype::DType;
use crate::error::Error;
use crate::graph::Type;
use crate::op::{Algebra, Coerce, Infer, Kernel, Kind, OpDef, Reads, Vjp};
use crate::shape::numel;

pub static ROWS: &[&OpDef] = &[&INPUT, &STATE, &CONSTANT];

/// ints: index, dtype, sizes…
pub static INPUT: OpDef = source("input", |i| ty(i, 1));
/// ints: state number, dtype, sizes…
pub static STATE: OpDef = source("state", |i| ty(i, 1));
/// ints: dtype, sizes…; words: the contents, row-major.
pub static CONSTANT: OpDef = source("constant", |i| {
    let types = ty(i, 0)?;
    match &i.attrs.words {
        Some(words) if words.len() == numel(&types[0].shape) => Ok(types),
        _ => Err(i.bad(format!("its contents do not fill shape {:?}", types[0].shape))),
    }
});

/// Does the source live between runs?
pub fn is_state(op: &OpDef) -> bool {
    core::ptr::eq(op, &STATE)
}

const fn source(name: &'static str, infer: fn(&Infer) -> Result<Vec<Type>, Error>) -> OpDef {
    OpDef {
        name,
        kind: Kind::Source,
        arity: Some(0),
        coerce: Coerce::Keep,
        infer,
        vjp: Vjp::Zero,
        reads: Reads::Nothing,
        algebra: Algebra::NONE,
        kernel: Kernel::Source,
        #[cfg(feature = "oracle")]
        reference: |_| panic!("internal: the evaluator gives sources their values"),
    }
}

fn ty(i: &Infer, at: usize) -> Result<Vec<Type>, Error> {
    let dtype = DType::from_code(i.size(at)?).ok_or_else(|| i.bad("an unknown element type"))?;
    let shape = (at + 1..i.attrs.ints.len())
        .map(|k| i.size(k))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(vec![Type { shape, dtype }])
}
