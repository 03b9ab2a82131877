//! Elementwise functions of one tensor: formula, derivative, f64 reference and kernel of each in one row.

use crate::dtype::DType::{self, Bool, F32, I32, U32};
use crate::graph::Type;
use crate::op::{Algebra, Coerce, Infer, Kernel, Kind, OpDef, Reads, Rule, Vjp};
use crate::tensor::Tensor;
use keratin_kernels::map::{self, MapFn};

pub static ROWS: &[&OpDef] = &[
    &NEGATIVE,
    &ABS,
    &SIGN,
    &SQUARE,
    &FLOOR,
    &CEIL,
    &ROUND,
    &TRUNC,
    &SQRT,
    &RSQRT,
    &RECIPROCAL,
    &EXP,
    &EXPM1,
    &LOG,
    &LOG1P,
    &LOG2,
    &LOG10,
    &SIN,
    &COS,
    &TAN,
    &ARCSIN,
    &ARCCOS,
    &ARCTAN,
    &SINH,
    &COSH,
    &TANH,
    &ARCSINH,
    &ARCCOSH,
    &ARCTANH,
    &SIGMOID,
    &SOFTPLUS,
    &ERF,
    &ERFC,
    &ERFINV,
    &RELU,
    &IS_FINITE,
    &IS_NAN,
    &IS_INF,
    &LOGICAL_NOT,
    &BITWISE_NOT,
    &CLIP,
    &STOP_GRADIENT,
];

fn same(i: &Infer) -> Result<Vec<Type>, crate::Error> {
    Ok(vec![i.inputs[0].clone()])
}
fn float(i: &Infer) -> Result<Vec<Type>, crate::Error> {
    i.dtype(0, &[F32])?;
    same(i)
}
fn number(i: &Infer) -> Result<Vec<Type>, crate::Error> {
    i.dtype(0, &[F32, I32, U32])?;
    same(i)
}
fn integer(i: &Infer) -> Result<Vec<Type>, crate::Error> {
    i.dtype(0, &[I32, U32])?;
    same(i)
}
fn truth(i: &Infer) -> Result<Vec<Type>, crate::Error> {
    i.dtype(0, &[Bool])?;
    same(i)
}
fn predicate(i: &Infer) -> Result<Vec<Type>, crate::Error> {
    i.dtype(0, &[F32])?;
    Ok(vec![Type {
        shape: i.inputs[0].shape.clone(),
        dtype: Bool,
    }])
}

macro_rules! row {
    ($id:ident $name:literal $coerce:ident $infer:ident reads $reads:ident, vjp $vjp:expr, reference $ref:expr, kernel $kernel:expr) => {
        pub static $id: OpDef = OpDef {
            name: $name,
            kind: Kind::Map,
            arity: Some(1),
            coerce: Coerce::$coerce,
            infer: $infer,
            vjp: $vjp,
            reads: Reads::$reads,
            algebra: Algebra::NONE,
            kernel: Kernel::Map($kernel),
            #[cfg(feature = "oracle")]
            reference: |r| r.map1($ref),
        };
    };
}

/// A function of floats: `float! { ID "name" reads What, |r| dx, reference, kernel }` where `dx` is the cotangent of the input.
macro_rules! float {
    ($id:ident $name:literal reads $reads:ident, |$r:ident| $dx:expr, $ref:expr, $kernel:expr) => {
        row! { $id $name Float float reads $reads, vjp Vjp::Rule(|$r| vec![Some($dx)]), reference $ref, kernel |_| Some($kernel as MapFn) }
    };
}
/// A function that is flat almost everywhere.
macro_rules! flat {
    ($id:ident $name:literal $coerce:ident $infer:ident, $ref:expr, $kernel:expr) => {
        row! { $id $name $coerce $infer reads Nothing, vjp Vjp::Zero, reference $ref, kernel $kernel }
    };
}

/// # Safety
/// As the kernels' contract.
unsafe fn isquare(n: usize, dst: *mut u32, src: [*const u32; 3], params: &[f32]) {
    // SAFETY: the caller's.
    unsafe { map::imul(n, dst, [src[0], src[0], src[0]], params) }
}
fn by_type(dtype: DType, f: MapFn, i: MapFn, u: MapFn) -> Option<MapFn> {
    match dtype {
        F32 => Some(f),
        I32 => Some(i),
        U32 => Some(u),
        Bool => None,
    }
}

row! { NEGATIVE "negative" Promote number reads Nothing, vjp Vjp::Rule(|r| vec![Some(-r.g())]), reference |x| -x, kernel |d| by_type(d, map::neg, map::ineg, map::ineg) }
// jax: d|x|/dx at 0 is 1
row! { ABS "abs" Promote number reads Inputs, vjp Vjp::Rule(|r| vec![Some(r.x(0).lt(r.x(0).like(0.0)).select(-r.g(), r.g()))]),
reference f64::abs, kernel |d| by_type(d, map::abs, map::iabs, map::copy) }
row! { SQUARE "square" Promote number reads Inputs, vjp Vjp::Rule(|r| vec![Some(r.g() * r.x(0) * 2.0)]), reference |x| x * x, kernel |d| by_type(d, map::square, isquare, isquare) }

flat! { SIGN "sign" Promote number, |x| if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else { x }, |d| by_type(d, map::sign, map::isign, map::word_to_bool) }
flat! { FLOOR "floor" Float float, f64::floor, |_| Some(map::floor) }
flat! { CEIL "ceil" Float float, f64::ceil, |_| Some(map::ceil) }
flat! { ROUND "round" Float float, f64::round_ties_even, |_| Some(map::round) }
flat! { TRUNC "trunc" Float float, f64::trunc, |_| Some(map::trunc) }
flat! { IS_FINITE "is_finite" Float predicate, |x| x.is_finite() as u8 as f64, |_| Some(map::is_finite) }
flat! { IS_NAN "is_nan" Float predicate, |x| x.is_nan() as u8 as f64, |_| Some(map::is_nan) }
flat! { IS_INF "is_inf" Float predicate, |x| x.is_infinite() as u8 as f64, |_| Some(map::is_inf) }
flat! { LOGICAL_NOT "logical_not" Bool truth, |x| (x == 0.0) as u8 as f64, |_| Some(map::not) }
flat! { BITWISE_NOT "bitwise_not" Promote integer, |x| !(x as i64) as i32 as f64, |d| (d != F32).then_some(map::bit_not as MapFn) }

float! { SQRT "sqrt" reads Output, |r| r.g() * 0.5 / r.y(), f64::sqrt, map::sqrt }
float! { RSQRT "rsqrt" reads Output, |r| r.g() * -0.5 * r.y() * r.y() * r.y(), |x| 1.0 / x.sqrt(), map::rsqrt } // −½·x^(−3/2)
float! { RECIPROCAL "reciprocal" reads Output, |r| -r.g() * r.y() * r.y(), |x| 1.0 / x, map::reciprocal }
float! { EXP "exp" reads Output, |r| r.g() * r.y(), f64::exp, map::exp }
float! { EXPM1 "expm1" reads Output, |r| r.g() * (r.y() + 1.0), f64::exp_m1, map::expm1 }
float! { LOG "log" reads Inputs, |r| r.g() / r.x(0), f64::ln, map::log }
float! { LOG1P "log1p" reads Inputs, |r| r.g() / (r.x(0) + 1.0), f64::ln_1p, map::log1p }
float! { LOG2 "log2" reads Inputs, |r| r.g() / (r.x(0) * core::f32::consts::LN_2), f64::log2, map::log2 }
float! { LOG10 "log10" reads Inputs, |r| r.g() / (r.x(0) * core::f32::consts::LN_10), f64::log10, map::log10 }
float! { SIN "sin" reads Inputs, |r| r.g() * r.x(0).map(&COS), f64::sin, map::sin }
float! { COS "cos" reads Inputs, |r| -r.g() * r.x(0).map(&SIN), f64::cos, map::cos }
float! { TAN "tan" reads Output, |r| r.g() * (r.y() * r.y() + 1.0), f64::tan, map::tan }
float! { ARCSIN "arcsin" reads Inputs, |r| r.g() * (-r.x(0).square() + 1.0).map(&RSQRT), f64::asin, map::asin }
float! { ARCCOS "arccos" reads Inputs, |r| -r.g() * (-r.x(0).square() + 1.0).map(&RSQRT), f64::acos, map::acos }
float! { ARCTAN "arctan" reads Inputs, |r| r.g() / (r.x(0).square() + 1.0), f64::atan, map::atan }
float! { SINH "sinh" reads Inputs, |r| r.g() * r.x(0).map(&COSH), f64::sinh, map::sinh }
float! { COSH "cosh" reads Inputs, |r| r.g() * r.x(0).map(&SINH), f64::cosh, map::cosh }
float! { TANH "tanh" reads Output, |r| r.g() - r.g() * r.y() * r.y(), f64::tanh, map::tanh } // dy/dx = 1 − y²
float! { ARCSINH "arcsinh" reads Inputs, |r| r.g() * (r.x(0).square() + 1.0).map(&RSQRT), f64::asinh, map::asinh }
// 1/√((x−1)(x+1)): x² − 1 would lose digits near 1
float! { ARCCOSH "arccosh" reads Inputs, |r| r.g() * ((r.x(0) - 1.0) * (r.x(0) + 1.0)).map(&RSQRT), f64::acosh, map::acosh }
float! { ARCTANH "arctanh" reads Inputs, |r| r.g() / (-r.x(0).square() + 1.0), f64::atanh, map::atanh }
float! { SIGMOID "sigmoid" reads Output, |r| r.g() * r.y() * (-r.y() + 1.0), |x| 1.0 / (1.0 + (-x).exp()), map::sigmoid }
float! { SOFTPLUS "softplus" reads Inputs, |r| r.g() * r.x(0).map(&SIGMOID), |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), map::softplus }
float! { ERF "erf" reads Inputs, |r| r.g() * gauss(r), libm::erf, map::erf }
float! { ERFC "erfc" reads Inputs, |r| -r.g() * gauss(r), libm::erfc, map::erfc }
// (erf⁻¹)' = √π/2 · e^(y²)
float! { ERFINV "erfinv" reads Output, |r| r.g() * r.y().square().exp() * 0.886_226_9, erf_inv, map::erf_inv }
// relu'(0) = 0, and NaN passes
float! { RELU "relu" reads Output, |r| r.y().like(0.0).lt(r.y()).select(r.g(), r.g().like(0.0)), |x| if x < 0.0 { 0.0 } else { x }, map::relu }

/// 2/√π · e^(−x²)
fn gauss<'g>(r: &Rule<'g>) -> Tensor<'g> {
    (-r.x(0).square()).exp() * core::f32::consts::FRAC_2_SQRT_PI
}

/// floats: low, high. It is min(max(x, low), high), so that a bound itself passes half the cotangent, as on JAX.
pub static CLIP: OpDef = OpDef {
    name: "clip",
    kind: Kind::Map,
    arity: Some(1),
    coerce: Coerce::Float,
    infer: float,
    vjp: Vjp::Rule(|r| {
        let (x, zero, half) = (r.x(0), r.g().like(0.0), r.g() * 0.5);
        let (low, high) = (x.like(r.attrs.floats[0] as f64), x.like(r.attrs.floats[1] as f64));
        let inside = low.lt(x).select(x.lt(high).select(r.g(), zero), zero);
        vec![Some(x.eq(low).select(half, x.eq(high).select(half, inside)))]
    }),
    reads: Reads::Inputs,
    algebra: Algebra::NONE,
    kernel: Kernel::Map(|_| Some(map::clip)),
    #[cfg(feature = "oracle")]
    reference: |r| {
        let (lo, hi) = (r.attrs.floats[0] as f64, r.attrs.floats[1] as f64);
        r.map1(|x| {
            if x < lo {
                lo
            } else if x > hi {
                hi
            } else {
                x
            }
        })
    },
};

/// The value, as a constant of calculus.
pub static STOP_GRADIENT: OpDef = OpDef {
    name: "stop_gradient",
    kind: Kind::Map,
    arity: Some(1),
    coerce: Coerce::Keep,
    infer: same,
    vjp: Vjp::Zero,
    reads: Reads::Nothing,
    algebra: Algebra {
        transparent: true,
        ..Algebra::NONE
    },
    kernel: Kernel::Map(|_| Some(map::copy)),
    #[cfg(feature = "oracle")]
    reference: |r| r.map1(|x| x),
};

/// erf⁻¹ in f64: a start from the formula of Winitzki, then Newton steps on `erf`.
#[cfg(feature = "oracle")]
fn erf_inv(u: f64) -> f64 {
    if u.abs() >= 1.0 {
        return if u.abs() == 1.0 { u * f64::INFINITY } else { f64::NAN };
    }
    let (a, l) = (0.147, (1.0 - u * u).ln());
    let b = 2.0 / (core::f64::consts::PI * a) + l / 2.0;
    let mut y = ((b * b - l / a).sqrt() - b).sqrt().copysign(u);
    for _ in 0..6 {
        y -= (libm::erf(y) - u) / (core::f64::consts::FRAC_2_SQRT_PI * (-y * y).exp());
    }
    y
}
