// Comparisons, logic, bits, and what is not a number. Comparisons give bool; so do logical ops, which read `x ≠ 0`.

import { apply, operands } from "../core/apply.js";
import { coreDType, dtypeCode, type EdgeDType } from "../core/dtype.js";
import { checkOptions } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import { choose, float } from "./basics.js";
import { reduce } from "./reduction.js";

/** `x1 = x2`; NaN equals nothing. `ops.equal([1, 2], 2) // [false, true]` */
export const equal = op("equal", (x1: TensorLike, x2: TensorLike): Tensor => apply("equal", [x1, x2]));
/** `x1 ≠ x2`. `ops.notEqual([1, 2], 2) // [true, false]` */
export const notEqual = op("notEqual", (x1: TensorLike, x2: TensorLike): Tensor => apply("not_equal", [x1, x2]));
/** `x1 < x2`. `ops.less([1, 2], 2) // [true, false]` */
export const less = op("less", (x1: TensorLike, x2: TensorLike): Tensor => apply("less", [x1, x2]));
/** `x1 ≤ x2`. `ops.lessEqual([1, 3], 2) // [true, false]` */
export const lessEqual = op("lessEqual", (x1: TensorLike, x2: TensorLike): Tensor => apply("less_equal", [x1, x2]));
/** `x1 > x2`. `ops.greater([1, 3], 2) // [false, true]` */
export const greater = op("greater", (x1: TensorLike, x2: TensorLike): Tensor => apply("greater", [x1, x2]));
/** `x1 ≥ x2`. `ops.greaterEqual([1, 2], 2) // [false, true]` */
export const greaterEqual = op("greaterEqual", (x1: TensorLike, x2: TensorLike): Tensor => apply("greater_equal", [x1, x2]));

/** True where both are. `ops.logicalAnd([1, 0], [2, 3]) // [true, false]` */
export const logicalAnd = op("logicalAnd", (x1: TensorLike, x2: TensorLike): Tensor => apply("logical_and", [x1, x2]));
/** True where at least one is. `ops.logicalOr([1, 0], [0, 0]) // [true, false]` */
export const logicalOr = op("logicalOr", (x1: TensorLike, x2: TensorLike): Tensor => apply("logical_or", [x1, x2]));
/** True where exactly one is. `ops.logicalXor([1, 1], [0, 2]) // [true, false]` */
export const logicalXor = op("logicalXor", (x1: TensorLike, x2: TensorLike): Tensor => apply("logical_xor", [x1, x2]));
/** True where `x` is not. `ops.logicalNot([1, 0]) // [false, true]` */
export const logicalNot = op("logicalNot", (x: TensorLike): Tensor => apply("logical_not", [x]));

/** Bits that both have. Errors: floats have no bits; cast them first. `ops.bitwiseAnd(a, b)` with a = 6, b = 3 gives 2. */
export const bitwiseAnd = op("bitwiseAnd", (x: TensorLike, y: TensorLike): Tensor => apply("bitwise_and", [x, y]));
/** Bits that one or both have. With 6 and 3 it gives 7. */
export const bitwiseOr = op("bitwiseOr", (x: TensorLike, y: TensorLike): Tensor => apply("bitwise_or", [x, y]));
/** Bits that exactly one has. With 6 and 3 it gives 5. */
export const bitwiseXor = op("bitwiseXor", (x: TensorLike, y: TensorLike): Tensor => apply("bitwise_xor", [x, y]));
/** All bits turned: `−x − 1` for int32; the opposite for bool. */
export const bitwiseNot = op("bitwiseNot", (x: TensorLike): Tensor => {
  const t = tensor(x);
  return apply(t.dtype === "bool" ? "logical_not" : "bitwise_not", [t]);
});
/** Another name of `bitwiseNot`. */
export const bitwiseInvert = bitwiseNot;
/** `x · 2^y` by shifting; what leaves 32 bits is lost. With 3 and 2 it gives 12. */
export const leftShift = op("leftShift", (x: TensorLike, y: TensorLike): Tensor => apply("left_shift", [x, y]));
/** `⌊x / 2^y⌋` by shifting; the sign of int32 stays. With −8 and 1 it gives −4. */
export const rightShift = op("rightShift", (x: TensorLike, y: TensorLike): Tensor => apply("right_shift", [x, y]));
/** Another name of `leftShift`. */
export const bitwiseLeftShift = leftShift;
/** Another name of `rightShift`. */
export const bitwiseRightShift = rightShift;

/** The same 32 bits read as another type; without `dtype` the tensor itself. `ops.view([1], { dtype: "int32" }) // [1065353216]` */
export const view = op("view", (x: TensorLike, options: { dtype?: EdgeDType | null } = {}): Tensor => {
  checkOptions("view", options, ["dtype"]);
  const t = tensor(x);
  if (!options.dtype || coreDType(options.dtype) === t.dtype) return t;
  return apply("bitcast", [t], { ints: [dtypeCode(coreDType(options.dtype))] });
});

/** Is it NaN? `ops.isnan([NaN, 1]) // [true, false]` */
export const isnan = op("isnan", (x: TensorLike): Tensor => apply("is_nan", [x]));
/** Is it Infinity or −Infinity? `ops.isinf([Infinity, 1]) // [true, false]` */
export const isinf = op("isinf", (x: TensorLike): Tensor => apply("is_inf", [x]));
/** Is it neither infinite nor NaN? `ops.isfinite([NaN, 1]) // [false, true]` */
export const isfinite = op("isfinite", (x: TensorLike): Tensor => apply("is_finite", [x]));
/** Is it Infinity? `ops.isposinf([Infinity, -Infinity]) // [true, false]` */
export const isposinf = op("isposinf", (x: TensorLike): Tensor => apply("equal", [float(x), Infinity]));
/** Is it −Infinity? `ops.isneginf([Infinity, -Infinity]) // [false, true]` */
export const isneginf = op("isneginf", (x: TensorLike): Tensor => apply("equal", [float(x), -Infinity]));
/** Has it no imaginary part? Always true here: no tensor is complex. `ops.isreal([1]) // [true]` */
export const isreal = op("isreal", (x: TensorLike): Tensor => {
  const t = tensor(x);
  return logicalOr(equal(t, t), notEqual(t, t));
});

export interface CloseOptions {
  /** Allowed difference relative to |x2|. */
  rtol?: number;
  /** Allowed difference as such. */
  atol?: number;
  /** Does NaN equal NaN? */
  equalNan?: boolean;
}

/**
 * `|x1 − x2| ≤ atol + rtol·|x2|`; infinities are close to themselves.
 *
 * Example: `ops.isclose([1, 1], [1.000001, 2]) // [true, false]`
 */
export const isclose = op("isclose", (x1: TensorLike, x2: TensorLike, options: CloseOptions = {}): Tensor => {
  checkOptions("isclose", options, ["rtol", "atol", "equalNan"]);
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options;
  const [a, b] = operands([x1, x2]).map(float) as [Tensor, Tensor];
  const size = apply("abs", [b]);
  const near = lessEqual(apply("abs", [apply("subtract", [a, b])]), apply("add", [apply("multiply", [size, rtol]), atol]));
  const close = logicalOr(equal(a, b), logicalAnd(near, logicalAnd(isfinite(a), isfinite(b))));
  return equalNan ? logicalOr(close, logicalAnd(isnan(a), isnan(b))) : close;
});

/** Are all elements close? See `isclose`. `ops.allclose([1], [1]) // true` */
export const allclose = op(
  "allclose",
  (x1: TensorLike, x2: TensorLike, options: CloseOptions = {}): Tensor => reduce("all", isclose(x1, x2, options), null, false),
);

/**
 * NaN replaced by `nan`, infinities by `posinf` and `neginf` (by default the largest and smallest float32).
 *
 * Example: `ops.nanToNum([NaN, 1]) // [0, 1]`
 */
export const nanToNum = op(
  "nanToNum",
  (x: TensorLike, options: { nan?: number; posinf?: number | null; neginf?: number | null } = {}): Tensor => {
    checkOptions("nanToNum", options, ["nan", "posinf", "neginf"]);
    const t = tensor(x);
    if (t.dtype !== "float32") return t;
    const largest = 3.4028234663852886e38;
    const finite = choose(isneginf(t), options.neginf ?? -largest, choose(isposinf(t), options.posinf ?? largest, t));
    return choose(isnan(t), options.nan ?? 0, finite);
  },
);
