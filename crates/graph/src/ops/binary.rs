//! Elementwise functions of two or three tensors of one shape. `Graph::apply` broadcasts before they are emitted.

use crate::dtype::DType::{self, Bool, F32, I32, U32};
use crate::error::Error;
use crate::graph::Type;
use crate::op::{Algebra, Coerce, Infer, Kernel, Kind, OpDef, Reads, Rule, Vjp};
use crate::ops::unary;
use crate::tensor::Tensor;
use keratin_kernels::map::{self, MapFn};

pub static ROWS: &[&OpDef] = &[
    &ADD,
    &SUBTRACT,
    &MULTIPLY,
    &DIVIDE,
    &POWER,
    &MAXIMUM,
    &MINIMUM,
    &FLOOR_MOD,
    &FLOOR_DIVIDE,
    &FMOD,
    &ARCTAN2,
    &EQUAL,
    &NOT_EQUAL,
    &LESS,
    &LESS_EQUAL,
    &GREATER,
    &GREATER_EQUAL,
    &LOGICAL_AND,
    &LOGICAL_OR,
    &LOGICAL_XOR,
    &BITWISE_AND,
    &BITWISE_OR,
    &BITWISE_XOR,
    &LEFT_SHIFT,
    &RIGHT_SHIFT,
    &FMA,
    &SELECT,
];

fn equal_shapes(i: &Infer) -> Result<(), Error> {
    match i.inputs.iter().find(|t| t.shape != i.inputs[0].shape) {
        Some(t) => Err(Error::Broadcast {
            op: i.op,
            left: i.inputs[0].shape.clone(),
            right: t.shape.clone(),
        }),
        None => Ok(()),
    }
}
fn equal_types(i: &Infer, from: usize) -> Result<DType, Error> {
    let dtype = i.inputs[from].dtype;
    match i.inputs[from..].iter().find(|t| t.dtype != dtype) {
        Some(t) => Err(Error::DType {
            op: i.op,
            found: t.dtype,
        }),
        None => Ok(dtype),
    }
}
fn result(i: &Infer, dtype: DType) -> Result<Vec<Type>, Error> {
    equal_shapes(i)?;
    Ok(vec![Type {
        shape: i.inputs[0].shape.clone(),
        dtype,
    }])
}
fn number(i: &Infer) -> Result<Vec<Type>, Error> {
    i.dtype(0, &[F32, I32, U32])?;
    let dtype = equal_types(i, 0)?;
    result(i, dtype)
}
fn float(i: &Infer) -> Result<Vec<Type>, Error> {
    i.dtype(0, &[F32])?;
    let dtype = equal_types(i, 0)?;
    result(i, dtype)
}
fn compare(i: &Infer) -> Result<Vec<Type>, Error> {
    equal_types(i, 0)?;
    result(i, Bool)
}
fn logical(i: &Infer) -> Result<Vec<Type>, Error> {
    i.dtype(0, &[Bool])?;
    let dtype = equal_types(i, 0)?;
    result(i, dtype)
}
fn integer(i: &Infer) -> Result<Vec<Type>, Error> {
    i.dtype(0, &[I32, U32, Bool])?;
    let dtype = equal_types(i, 0)?;
    result(i, dtype)
}
fn shift(i: &Infer) -> Result<Vec<Type>, Error> {
    i.dtype(0, &[I32, U32])?;
    integer(i)
}
fn select(i: &Infer) -> Result<Vec<Type>, Error> {
    i.dtype(0, &[Bool])?;
    let dtype = equal_types(i, 1)?;
    result(i, dtype)
}

macro_rules! row {
    ($id:ident $name:literal $coerce:ident $infer:ident reads $reads:ident, vjp $vjp:expr, algebra $algebra:expr, reference $ref:expr, kernel $kernel:expr) => {
        pub static $id: OpDef = OpDef {
            name: $name,
            kind: Kind::Map,
            arity: Some(2),
            coerce: Coerce::$coerce,
            infer: $infer,
            vjp: $vjp,
            reads: Reads::$reads,
            algebra: $algebra,
            kernel: Kernel::Map($kernel),
            #[cfg(feature = "oracle")]
            reference: |r| r.map2($ref),
        };
    };
}
/// Arithmetic: `|r| da, db` are the cotangents.
macro_rules! arithmetic {
    ($id:ident $name:literal $infer:ident $coerce:ident reads $reads:ident, |$r:ident| $da:expr, $db:expr; $algebra:expr, $ref:expr, $kernel:expr) => {
        row! { $id $name $coerce $infer reads $reads, vjp Vjp::Rule(|$r| vec![Some($da), Some($db)]), algebra $algebra, reference $ref, kernel $kernel }
    };
}
/// No derivative.
macro_rules! plain {
    ($id:ident $name:literal $coerce:ident $infer:ident $ref:expr, $kernel:expr) => {
        row! { $id $name $coerce $infer reads Nothing, vjp Vjp::Zero, algebra Algebra::NONE, reference $ref, kernel $kernel }
    };
}

fn by_type(dtype: DType, f: MapFn, i: MapFn, u: MapFn) -> Option<MapFn> {
    match dtype {
        F32 => Some(f),
        I32 => Some(i),
        U32 | Bool => Some(u),
    }
}
fn whole(dtype: DType, f: MapFn) -> Option<MapFn> {
    (dtype != F32).then_some(f)
}
const fn identity(e: f32, commutative: bool) -> Algebra {
    Algebra {
        right_identity: Some(e),
        commutative,
        transparent: false,
    }
}
/// The cotangent where `choose` holds, half of it in a tie, none elsewhere.
fn winner<'g>(r: &Rule<'g>, mine: Tensor<'g>, other: Tensor<'g>, better: &'static OpDef) -> Tensor<'g> {
    let tie = mine.eq(other).select(r.g() * 0.5, r.g().like(0.0));
    mine.zip(better, other).select(r.g(), tie)
}

arithmetic! { ADD "add" number Promote reads Nothing, |r| r.g(), r.g(); identity(0.0, true), |a, b| a + b, |d| by_type(d, map::add, map::iadd, map::iadd) }
arithmetic! { SUBTRACT "subtract" number Promote reads Nothing, |r| r.g(), -r.g(); identity(0.0, false), |a, b| a - b, |d| by_type(d, map::sub, map::isub, map::isub) }
arithmetic! { MULTIPLY "multiply" number Promote reads Inputs, |r| r.g() * r.x(1), r.g() * r.x(0); identity(1.0, true), |a, b| a * b, |d| by_type(d, map::mul, map::imul, map::imul) }
arithmetic! { DIVIDE "divide" float Float reads Both, |r| r.g() / r.x(1), -r.g() * r.y() / r.x(1); identity(1.0, false), |a, b| a / b, |_| Some(map::div) }
// d/db a^b = a^b·ln a; where a = 0 the limit 0 is meant, not 0·∞
arithmetic! { POWER "power" number Promote reads Both, |r| power_base(r), power_exponent(r); identity(1.0, false), f64::powf, |d| by_type(d, map::pow, map::ipow, map::ipow) }
arithmetic! { MAXIMUM "maximum" number Promote reads Inputs, |r| winner(r, r.x(0), r.x(1), &GREATER), winner(r, r.x(1), r.x(0), &GREATER); Algebra::NONE,
|a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }, |d| by_type(d, map::maximum, map::imaximum, map::umaximum) }
arithmetic! { MINIMUM "minimum" number Promote reads Inputs, |r| winner(r, r.x(0), r.x(1), &LESS), winner(r, r.x(1), r.x(0), &LESS); Algebra::NONE,
|a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }, |d| by_type(d, map::minimum, map::iminimum, map::uminimum) }
// a − b·⌊a/b⌋: the sign of the divisor, as Python
arithmetic! { FLOOR_MOD "floor_mod" number Promote reads Inputs, |r| r.g(), -r.g() * r.x(0).zip(&FLOOR_DIVIDE, r.x(1)); Algebra::NONE,
|a, b| a - b * (a / b).floor(), |d| by_type(d, map::floor_mod, map::ifloor_mod, map::umod) }
plain! { FLOOR_DIVIDE "floor_divide" Promote number |a, b| (a / b).floor(), |d| by_type(d, map::floor_div, map::ifloor_div, map::udiv) }
arithmetic! { FMOD "fmod" float Float reads Inputs, |r| r.g(), -r.g() * (r.x(0) / r.x(1)).map(&unary::TRUNC); Algebra::NONE, |a, b| a % b, |_| Some(map::fmod) }
// d atan2(a, b) = (b·da − a·db) / (a² + b²)
arithmetic! { ARCTAN2 "arctan2" float Float reads Inputs, |r| r.g() * r.x(1) / (r.x(0).square() + r.x(1).square()), -r.g() * r.x(0) / (r.x(0).square() + r.x(1).square());
Algebra::NONE, f64::atan2, |_| Some(map::atan2) }

plain! { EQUAL "equal" Common compare |a, b| (a == b) as u8 as f64, |d| by_type(d, map::eq, map::ieq, map::ieq) }
plain! { NOT_EQUAL "not_equal" Common compare |a, b| (a != b) as u8 as f64, |d| by_type(d, map::ne, map::ine, map::ine) }
plain! { LESS "less" Common compare |a, b| (a < b) as u8 as f64, |d| by_type(d, map::lt, map::ilt, map::ult) }
plain! { LESS_EQUAL "less_equal" Common compare |a, b| (a <= b) as u8 as f64, |d| by_type(d, map::le, map::ile, map::ule) }
plain! { GREATER "greater" Common compare |a, b| (a > b) as u8 as f64, |d| by_type(d, map::gt, map::igt, map::ugt) }
plain! { GREATER_EQUAL "greater_equal" Common compare |a, b| (a >= b) as u8 as f64, |d| by_type(d, map::ge, map::ige, map::uge) }
plain! { LOGICAL_AND "logical_and" Bool logical |a, b| (a != 0.0 && b != 0.0) as u8 as f64, |_| Some(map::and) }
plain! { LOGICAL_OR "logical_or" Bool logical |a, b| (a != 0.0 || b != 0.0) as u8 as f64, |_| Some(map::or) }
plain! { LOGICAL_XOR "logical_xor" Bool logical |a, b| ((a != 0.0) != (b != 0.0)) as u8 as f64, |_| Some(map::xor) }
plain! { BITWISE_AND "bitwise_and" Common integer |a, b| (a as i64 & b as i64) as f64, |d| whole(d, map::bit_and) }
plain! { BITWISE_OR "bitwise_or" Common integer |a, b| (a as i64 | b as i64) as f64, |d| whole(d, map::bit_or) }
plain! { BITWISE_XOR "bitwise_xor" Common integer |a, b| (a as i64 ^ b as i64) as f64, |d| whole(d, map::bit_xor) }
plain! { LEFT_SHIFT "left_shift" Promote shift |a, b| if (0.0..32.0).contains(&b) { ((a as i64) << b as i64) as f64 } else { 0.0 }, |d| whole(d, map::shl) }
plain! { RIGHT_SHIFT "right_shift" Promote shift |a, b| (a as i64 >> if (0.0..32.0).contains(&b) { b as i64 } else { 63 }) as f64, |d| match d { I32 => Some(map::shr), U32 => Some(map::ushr), F32 | Bool => None } }

fn power_base<'g>(r: &Rule<'g>) -> Tensor<'g> {
    let (x, p) = (r.x(0), r.x(1));
    let slope = p * x.zip(&POWER, p - 1.0);
    r.g() * p.eq(p.like(0.0)).select(p.like(0.0), slope) // x⁰ is flat at 0 too
}
fn power_exponent<'g>(r: &Rule<'g>) -> Tensor<'g> {
    let x = r.x(0);
    let log = x.eq(x.like(0.0)).select(x.like(1.0), x).map(&unary::LOG);
    r.g() * r.y() * log
}

/// a·b + c, rounded once.
pub static FMA: OpDef = OpDef {
    name: "fma",
    kind: Kind::Map,
    arity: Some(3),
    coerce: Coerce::Float,
    infer: float,
    vjp: Vjp::Rule(|r| vec![Some(r.g() * r.x(1)), Some(r.g() * r.x(0)), Some(r.g())]),
    reads: Reads::Inputs,
    algebra: Algebra::NONE,
    kernel: Kernel::Map(|_| Some(map::fma_f32)),
    #[cfg(feature = "oracle")]
    reference: |r| r.map3(|a, b, c| a * b + c),
};

/// Where the first is true the second, else the third.
pub static SELECT: OpDef = OpDef {
    name: "select",
    kind: Kind::Map,
    arity: Some(3),
    coerce: Coerce::Select,
    infer: select,
    vjp: Vjp::Rule(|r| {
        let zero = r.g().like(0.0);
        vec![None, Some(r.x(0).select(r.g(), zero)), Some(r.x(0).select(zero, r.g()))]
    }),
    reads: Reads::Inputs,
    algebra: Algebra::NONE,
    kernel: Kernel::Map(|_| Some(map::select)),
    #[cfg(feature = "oracle")]
    reference: |r| r.map3(|c, a, b| if c != 0.0 { a } else { b }),
};
