// Elementwise functions of one tensor. Integers become float32 wherever the result is not whole by nature.

import { apply } from "../core/apply.js";
import { checkOptions } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import { choose, filled, float } from "./basics.js";

/** `−x`. `ops.negative([1, -2]) // [-1, 2]` */
export const negative = op("negative", (x: TensorLike): Tensor => apply("negative", [x]));

/** `|x|`; its derivative at 0 is 1, as on JAX. `ops.abs([-3, 2]) // [3, 2]` */
export const abs = op("abs", (x: TensorLike): Tensor => apply("abs", [x]));

/** `|x|`: another name of `abs`. `ops.absolute([-3]) // [3]` */
export const absolute = abs;

/** `|x|` in float32. `ops.fabs([-3]) // [3]` */
export const fabs = op("fabs", (x: TensorLike): Tensor => abs(float(x)));

/** −1, 0 or 1 by the sign of `x`; NaN stays. Flat: its derivative is 0. `ops.sign([-3, 0, 2]) // [-1, 0, 1]` */
export const sign = op("sign", (x: TensorLike): Tensor => apply("sign", [x]));

/** Is the sign bit set? True for −0. `ops.signbit([-1, 0]) // [true, false]` */
export const signbit = op("signbit", (x: TensorLike): Tensor => {
  const t = tensor(x);
  return apply("less", [t.dtype === "float32" ? apply("bitcast", [t], { ints: [1] }) : t, 0]);
});

/** `x²`. `ops.square([-3, 2]) // [9, 4]` */
export const square = op("square", (x: TensorLike): Tensor => apply("square", [x]));

/** `√x`; NaN for x < 0. `ops.sqrt([4, 9]) // [2, 3]` */
export const sqrt = op("sqrt", (x: TensorLike): Tensor => apply("sqrt", [x]));

/** `1/√x`; Infinity at 0. `ops.rsqrt([4]) // [0.5]` */
export const rsqrt = op("rsqrt", (x: TensorLike): Tensor => apply("rsqrt", [x]));

/** `∛x` with the sign of `x`. `ops.cbrt([-8, 27]) // [-2, 3]` */
export const cbrt = op("cbrt", (x: TensorLike): Tensor => {
  const t = float(x);
  return apply("multiply", [sign(t), apply("power", [abs(t), 1 / 3])]);
});

/** `1/x`; Infinity at 0. `ops.reciprocal([4]) // [0.25]` */
export const reciprocal = op("reciprocal", (x: TensorLike): Tensor => apply("reciprocal", [x]));

/** `eˣ`; overflow gives Infinity. `ops.exp([0]) // [1]` */
export const exp = op("exp", (x: TensorLike): Tensor => apply("exp", [x]));

/** `2ˣ`. `ops.exp2([3]) // [8]` */
export const exp2 = op("exp2", (x: TensorLike): Tensor => apply("power", [2, float(x)]));

/** `eˣ − 1`, accurate near 0. `ops.expm1([0]) // [0]` */
export const expm1 = op("expm1", (x: TensorLike): Tensor => apply("expm1", [x]));

/** `ln x`; −Infinity at 0, NaN below. `ops.log([1]) // [0]` */
export const log = op("log", (x: TensorLike): Tensor => apply("log", [x]));

/** `ln(1 + x)`, accurate near 0. `ops.log1p([0]) // [0]` */
export const log1p = op("log1p", (x: TensorLike): Tensor => apply("log1p", [x]));

/** `log₂ x`. `ops.log2([8]) // [3]` */
export const log2 = op("log2", (x: TensorLike): Tensor => apply("log2", [x]));

/** `log₁₀ x`. `ops.log10([100]) // [2]` */
export const log10 = op("log10", (x: TensorLike): Tensor => apply("log10", [x]));

/** Sine of radians. `ops.sin([0]) // [0]` */
export const sin = op("sin", (x: TensorLike): Tensor => apply("sin", [x]));

/** Cosine of radians. `ops.cos([0]) // [1]` */
export const cos = op("cos", (x: TensorLike): Tensor => apply("cos", [x]));

/** Tangent of radians. `ops.tan([0]) // [0]` */
export const tan = op("tan", (x: TensorLike): Tensor => apply("tan", [x]));

/** Inverse sine in [−π/2, π/2]; NaN outside [−1, 1]. `ops.arcsin([0]) // [0]` */
export const arcsin = op("arcsin", (x: TensorLike): Tensor => apply("arcsin", [x]));

/** Inverse cosine in [0, π]; NaN outside [−1, 1]. `ops.arccos([1]) // [0]` */
export const arccos = op("arccos", (x: TensorLike): Tensor => apply("arccos", [x]));

/** Inverse tangent in (−π/2, π/2). `ops.arctan([0]) // [0]` */
export const arctan = op("arctan", (x: TensorLike): Tensor => apply("arctan", [x]));

/** `(eˣ − e⁻ˣ)/2`. `ops.sinh([0]) // [0]` */
export const sinh = op("sinh", (x: TensorLike): Tensor => apply("sinh", [x]));

/** `(eˣ + e⁻ˣ)/2`. `ops.cosh([0]) // [1]` */
export const cosh = op("cosh", (x: TensorLike): Tensor => apply("cosh", [x]));

/** `(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)`. `ops.tanh([0]) // [0]` */
export const tanh = op("tanh", (x: TensorLike): Tensor => apply("tanh", [x]));

/** Inverse of `sinh`. `ops.arcsinh([0]) // [0]` */
export const arcsinh = op("arcsinh", (x: TensorLike): Tensor => apply("arcsinh", [x]));

/** Inverse of `cosh`, ≥ 0; NaN for x < 1. `ops.arccosh([1]) // [0]` */
export const arccosh = op("arccosh", (x: TensorLike): Tensor => apply("arccosh", [x]));

/** Inverse of `tanh`; ±Infinity at ±1, NaN outside. `ops.arctanh([0]) // [0]` */
export const arctanh = op("arctanh", (x: TensorLike): Tensor => apply("arctanh", [x]));

/** The error function `2/√π ∫₀ˣ e^(−t²) dt`. `ops.erf([0]) // [0]` */
export const erf = op("erf", (x: TensorLike): Tensor => apply("erf", [x]));

/** `1 − erf(x)`, accurate for large `x`. `ops.erfc([0]) // [1]` */
export const erfc = op("erfc", (x: TensorLike): Tensor => apply("erfc", [x]));

/** Inverse of `erf`; ±Infinity at ±1, NaN outside. `ops.erfinv([0]) // [0]` */
export const erfinv = op("erfinv", (x: TensorLike): Tensor => apply("erfinv", [x]));

/** The largest whole number ≤ x, as float32. `ops.floor([-1.5]) // [-2]` */
export const floor = op("floor", (x: TensorLike): Tensor => apply("floor", [x]));

/** The smallest whole number ≥ x, as float32. `ops.ceil([1.2]) // [2]` */
export const ceil = op("ceil", (x: TensorLike): Tensor => apply("ceil", [x]));

/** `x` cut towards zero; integers stay what they are. `ops.trunc([-1.7]) // [-1]` */
export const trunc = op("trunc", (x: TensorLike): Tensor => {
  const t = tensor(x);
  return t.dtype === "float32" ? apply("trunc", [t]) : t;
});

/**
 * Rounded to `decimals` digits after the point, halves to even; integers stay what they are unless `decimals` is negative.
 *
 * Example: `ops.round([0.5, 1.5]) // [0, 2]`
 */
export const round = op("round", (x: TensorLike, options: { decimals?: number } = {}): Tensor => {
  checkOptions("round", options, ["decimals"]);
  const { decimals = 0 } = options;
  const t = tensor(x);
  if (t.dtype !== "float32" && decimals >= 0) return t;
  if (decimals === 0) return apply("round", [t]);
  const scale = 10 ** decimals;
  return apply("divide", [apply("round", [apply("multiply", [t, scale])]), scale]);
});

/** Degrees in radians: `x·π/180`. `ops.deg2rad([180]) // [3.14…]` */
export const deg2rad = op("deg2rad", (x: TensorLike): Tensor => apply("multiply", [float(x), Math.PI / 180]));

/** Radians in degrees: `x·180/π`. `ops.rad2deg([Math.PI]) // [180]` */
export const rad2deg = op("rad2deg", (x: TensorLike): Tensor => apply("multiply", [float(x), 180 / Math.PI]));

/** `sin(πx)/(πx)`, and 1 at 0. `ops.sinc([0, 1]) // [1, 0]` */
export const sinc = op("sinc", (x: TensorLike): Tensor => {
  const t = float(x);
  const atZero = apply("equal", [t, 0]);
  // The inner choice keeps 0/0 out of the derivative, which NaN would pass through the outer one.
  const angle = apply("multiply", [choose(atZero, 1, t), Math.PI]);
  return choose(atZero, 1, apply("divide", [sin(angle), angle]));
});

/** The real part: a real tensor itself. `ops.real([1]) // [1]` */
export const real = op("real", (x: TensorLike): Tensor => tensor(x));

/** The imaginary part of a real tensor: zeros. `ops.imag([1]) // [0]` */
export const imag = op("imag", (x: TensorLike): Tensor => {
  const t = tensor(x);
  return filled(t.shape, 0, t.dtype);
});

/** The complex conjugate: a real tensor itself. `ops.conj([1]) // [1]` */
export const conj = op("conj", (x: TensorLike): Tensor => tensor(x));

/** Another name of `conj`. `ops.conjugate([1]) // [1]` */
export const conjugate = conj;

/** The angle of a real number in the complex plane: 0, or π when it is negative; NaN stays. `ops.angle([1, -1]) // [0, 3.14…]` */
export const angle = op("angle", (x: TensorLike): Tensor => {
  const t = float(x);
  return choose(apply("is_nan", [t]), t, choose(apply("less", [t, 0]), Math.PI, 0));
});

// Chebyshev coefficients of e^(−x)·I₀(x) on [0, 8], and of e^(−x)·√x·I₀(x) on (8, ∞): Cephes' i0ef.c, the form that XLA uses.
const I0_SMALL = [
  -1.30002501e-8, 6.046995023e-8, -2.670793854e-7, 1.117387539e-6, -4.416738358e-6, 1.644844807e-5, -5.75419501e-5,
  1.885028851e-4, -5.763755745e-4, 1.639475617e-3, -4.324309995e-3, 1.054646039e-2, -2.373741481e-2, 4.930528424e-2,
  -9.490109705e-2, 1.716209015e-1, -3.046826723e-1, 6.767952744e-1,
];
const I0_LARGE = [3.396232026e-9, 2.26666899e-8, 2.048918589e-7, 2.891370521e-6, 6.889758347e-5, 3.369116478e-3, 8.04490411e-1];

/** Clenshaw's recurrence for a Chebyshev series, highest coefficient first, the last one halved. */
function chebyshev(x: Tensor, coefficients: readonly number[]): Tensor {
  let before: TensorLike = 0;
  let last: TensorLike = 0;
  let now: TensorLike = coefficients[0]!;
  for (const c of coefficients.slice(1)) {
    before = last;
    last = now;
    now = apply("add", [apply("subtract", [apply("multiply", [x, last]), before]), c]);
  }
  return apply("multiply", [apply("subtract", [now, before]), 0.5]);
}

/** The modified Bessel function of the first kind and order 0. `ops.i0([0]) // [1]` */
export const i0 = op("i0", (x: TensorLike): Tensor => {
  const t = abs(float(x));
  const small = chebyshev(apply("subtract", [apply("multiply", [t, 0.5]), 2]), I0_SMALL);
  const far = apply("maximum", [t, 8]); // keeps 32/x finite where the other series counts
  const large = apply("divide", [chebyshev(apply("subtract", [apply("divide", [32, far]), 2]), I0_LARGE), sqrt(far)]);
  return apply("multiply", [exp(t), choose(apply("less_equal", [t, 8]), small, large)]);
});
