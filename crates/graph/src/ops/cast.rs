//! Changing the element type: by value (`cast`) or by bits (`bitcast`).

use crate::dtype::DType::{self, Bool, F32, I32, U32};
use crate::error::Error;
use crate::graph::Type;
use crate::op::{Algebra, Coerce, Infer, Kernel, Kind, OpDef, Reads, Vjp};
use keratin_kernels::map::{self, MapFn};

pub static ROWS: &[&OpDef] = &[&CAST, &BITCAST];

fn to(i: &Infer) -> Result<Vec<Type>, Error> {
    let dtype = DType::from_code(i.size(0)?).ok_or_else(|| i.bad("an unknown element type"))?;
    Ok(vec![Type {
        shape: i.inputs[0].shape.clone(),
        dtype,
    }])
}

/// ints: the new type. Floats are cut towards zero; NaN and what i32 cannot hold become its smallest number, as on JAX.
pub static CAST: OpDef = OpDef {
    name: "cast",
    kind: Kind::Map,
    arity: Some(1),
    coerce: Coerce::Keep,
    infer: to,
    vjp: Vjp::Rule(|r| vec![(r.x(0).dtype() == F32).then(|| r.g().cast(F32))]),
    reads: Reads::Nothing,
    algebra: Algebra::NONE,
    kernel: Kernel::Cast(convert),
    #[cfg(feature = "oracle")]
    reference: |r| {
        let to = DType::from_code(r.attrs.ints[0] as usize).unwrap();
        let float = r.types[0].dtype == F32;
        r.map1(|x| match to {
            F32 => x,
            I32 if float && (x.is_nan() || x.abs() >= 2147483648.0) => -2147483648.0,
            U32 if float => x.trunc().clamp(0.0, 4294967295.0),
            I32 | U32 => x.trunc(), // integers wrap
            Bool => (x != 0.0) as u8 as f64,
        })
    },
};

fn convert(from: DType, to: DType) -> MapFn {
    match (from, to) {
        (F32, F32) | (I32, I32) | (U32, U32) | (Bool, Bool) => map::copy,
        (F32, I32) => map::f32_to_i32,
        (F32, U32) => map::f32_to_u32,
        (F32, Bool) => map::f32_to_bool,
        (I32 | Bool, F32) => map::i32_to_f32,
        (U32, F32) => map::u32_to_f32,
        (I32 | U32, Bool) => map::word_to_bool,
        (I32, U32) | (U32, I32) | (Bool, I32 | U32) => map::copy,
    }
}

/// ints: the new type. The same 32 bits, read otherwise.
pub static BITCAST: OpDef = OpDef {
    name: "bitcast",
    kind: Kind::Map,
    arity: Some(1),
    coerce: Coerce::Keep,
    infer: |i| {
        i.dtype(0, &[F32, I32, U32])?;
        to(i)
    },
    vjp: Vjp::Zero,
    reads: Reads::Nothing,
    algebra: Algebra::NONE,
    kernel: Kernel::Map(|_| Some(map::copy)),
    #[cfg(feature = "oracle")]
    reference: |r| {
        let (from, to) = (r.types[0].dtype, DType::from_code(r.attrs.ints[0] as usize).unwrap());
        r.map1(|x| {
            let word = match from {
                F32 => (x as f32).to_bits(),
                _ => x as i64 as u32,
            };
            match to {
                F32 => f32::from_bits(word) as f64,
                I32 => word as i32 as f64,
                U32 | Bool => word as f64,
            }
        })
    },
};
