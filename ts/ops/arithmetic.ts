// Elementwise arithmetic of two tensors. Shapes broadcast as in NumPy; types are promoted; plain numbers adapt to the tensor beside them.

import { apply, operands } from "../core/apply.js";
import { op } from "../symbolic/operation.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import { cast, choose, float, HIGHEST, LOWEST } from "./basics.js";
import { scan } from "./control.js";
import { abs, exp2, log1p, sqrt, square } from "./unary.js";

/** `x1 + x2`. Errors: `ShapeError` when shapes do not broadcast; so do all ops of two tensors. `ops.add([1, 2], 1) // [2, 3]` */
export const add = op("add", (x1: TensorLike, x2: TensorLike): Tensor => apply("add", [x1, x2]));

/** `x1 − x2`. `ops.subtract([3, 2], 1) // [2, 1]` */
export const subtract = op("subtract", (x1: TensorLike, x2: TensorLike): Tensor => apply("subtract", [x1, x2]));

/** `x1 · x2`, element by element. `ops.multiply([1, 2], [3, 4]) // [3, 8]` */
export const multiply = op("multiply", (x1: TensorLike, x2: TensorLike): Tensor => apply("multiply", [x1, x2]));

/** `x1 / x2` in float32; x/0 is ±Infinity, 0/0 NaN. `ops.divide([1, 4], 2) // [0.5, 2]` */
export const divide = op("divide", (x1: TensorLike, x2: TensorLike): Tensor => apply("divide", [x1, x2]));

/** Another name of `divide`. `ops.trueDivide([1], [2]) // [0.5]` */
export const trueDivide = divide;

/** `x1 / x2`, and 0 where `x2` is 0. `ops.divideNoNan([1, 1], [2, 0]) // [0.5, 0]` */
export const divideNoNan = op("divideNoNan", (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = operands([x1, x2]) as [Tensor, Tensor];
  const zero = apply("equal", [b, 0]);
  return choose(zero, 0, divide(float(a), choose(zero, 1, float(b))));
});

/** `⌊x1 / x2⌋`. Integers divided by 0 give −1. `ops.floorDivide([-7], [2]) // [-4]` */
export const floorDivide = op("floorDivide", (x1: TensorLike, x2: TensorLike): Tensor => apply("floor_divide", [x1, x2]));

/** `x1 − x2·⌊x1/x2⌋`: the remainder with the sign of the divisor, as in Python. `ops.mod([-7], [3]) // [2]` */
export const mod = op("mod", (x1: TensorLike, x2: TensorLike): Tensor => apply("floor_mod", [x1, x2]));

/** The remainder with the sign of the dividend, as in C. `ops.fmod([-7], [3]) // [-1]` */
export const fmod = op("fmod", (x1: TensorLike, x2: TensorLike): Tensor => apply("fmod", [x1, x2]));

/** `x1^x2`; 0⁰ is 1, a negative base with a fraction is NaN. `ops.power([2, 3], 2) // [4, 9]` */
export const power = op("power", (x1: TensorLike, x2: TensorLike): Tensor => apply("power", [x1, x2]));

/** The larger; NaN on either side wins; in a tie each side gets half of the gradient. `ops.maximum([1, 5], 3) // [3, 5]` */
export const maximum = op("maximum", (x1: TensorLike, x2: TensorLike): Tensor => apply("maximum", [x1, x2]));

/** The smaller; NaN on either side wins; in a tie each side gets half of the gradient. `ops.minimum([1, 5], 3) // [1, 3]` */
export const minimum = op("minimum", (x1: TensorLike, x2: TensorLike): Tensor => apply("minimum", [x1, x2]));

/** The larger; a NaN loses against a number. `ops.fmax([NaN], [1]) // [1]` */
export const fmax = op("fmax", (x1: TensorLike, x2: TensorLike): Tensor => ignoringNan("maximum", x1, x2));

/** The smaller; a NaN loses against a number. `ops.fmin([NaN], [1]) // [1]` */
export const fmin = op("fmin", (x1: TensorLike, x2: TensorLike): Tensor => ignoringNan("minimum", x1, x2));

function ignoringNan(op: "maximum" | "minimum", x1: TensorLike, x2: TensorLike): Tensor {
  const [a, b] = operands([x1, x2]) as [Tensor, Tensor];
  const isnan = (t: Tensor): Tensor => apply("is_nan", [t]);
  return choose(isnan(a), b, choose(isnan(b), a, apply(op, [a, b])));
}

/**
 * `x` between `xMin` and `xMax`; NaN stays. A value on a bound passes half of the gradient, as on JAX.
 *
 * Example: `ops.clip([-2, 0.5, 3], 0, 1) // [0, 0.5, 1]`
 */
export const clip = op("clip", (x: TensorLike, xMin: TensorLike | null, xMax: TensorLike | null): Tensor => {
  const t = tensor(x);
  const low = xMin ?? LOWEST[t.dtype];
  const high = xMax ?? HIGHEST[t.dtype];
  if (t.dtype === "float32" && typeof low === "number" && typeof high === "number" && low < high) {
    return apply("clip", [t], { floats: [low, high] });
  }
  return minimum(maximum(t, low), high);
});

/** The angle of the point (x2, x1) in (−π, π]. `ops.arctan2([1], [0]) // [1.57…]` */
export const arctan2 = op("arctan2", (x1: TensorLike, x2: TensorLike): Tensor => apply("arctan2", [x1, x2]));

/** `√(x1² + x2²)` without overflow on the way. `ops.hypot([3], [4]) // [5]` */
export const hypot = op("hypot", (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = operands([x1, x2]).map(float) as [Tensor, Tensor];
  const largest = apply("stop_gradient", [maximum(abs(a), abs(b))]);
  const usable = apply("logical_and", [apply("greater", [largest, 0]), apply("is_finite", [largest])]);
  const scale = choose(usable, largest, 1);
  return multiply(scale, sqrt(add(square(divide(a, scale)), square(divide(b, scale)))));
});

/** `ln(e^x1 + e^x2)` without overflow. `ops.logaddexp([0], [0]) // [0.69…]` */
export const logaddexp = op(
  "logaddexp",
  (x1: TensorLike, x2: TensorLike): Tensor => logAdd(x1, x2, (d) => apply("softplus", [d])),
);

/** `log₂(2^x1 + 2^x2)` without overflow. `ops.logaddexp2([0], [0]) // [1]` */
export const logaddexp2 = op(
  "logaddexp2",
  (x1: TensorLike, x2: TensorLike): Tensor => logAdd(x1, x2, (d) => divide(log1p(exp2(d)), Math.LN2)),
);

/** larger + f(smaller − larger). NOTE the larger is a choice, not `maximum`: a tie must give each side its own half of the gradient. */
function logAdd(x1: TensorLike, x2: TensorLike, f: (difference: Tensor) => Tensor): Tensor {
  const [a, b] = operands([x1, x2]).map(float) as [Tensor, Tensor];
  const first = apply("greater_equal", [a, b]);
  const high = choose(first, a, b);
  const low = choose(first, b, a);
  const sameInfinity = apply("logical_and", [apply("equal", [high, low]), apply("is_inf", [high])]); // ∞ − ∞ is NaN
  return choose(sameInfinity, high, add(high, f(choose(sameInfinity, 0, subtract(low, high)))));
}

/** 0 for x1 < 0, `x2` at 0, 1 for x1 > 0; NaN stays. `ops.heaviside([-1, 0, 2], 0.5) // [0, 0.5, 1]` */
export const heaviside = op("heaviside", (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = operands([x1, x2]).map(float) as [Tensor, Tensor];
  const off = choose(apply("less", [a, 0]), 0, choose(apply("greater", [a, 0]), 1, a)); // what is left is NaN
  return choose(apply("equal", [a, 0]), b, off);
});

/** `x1 · 2^x2` for whole `x2`, exact unless it overflows. `ops.ldexp([3], [2]) // [12]` */
export const ldexp = op("ldexp", (x1: TensorLike, x2: TensorLike): Tensor => {
  const exponent = clip(cast(x2, "int32"), -252, 254);
  const half = apply("right_shift", [exponent, 1]);
  const twoTo = (e: Tensor): Tensor => apply("bitcast", [apply("left_shift", [add(e, 127), 23])], { ints: [0] });
  return multiply(multiply(float(x1), twoTo(half)), twoTo(subtract(exponent, half)));
});

/** The next float32 after `x1` towards `x2`. `ops.nextafter([1], [2]) // [1.0000001…]` */
export const nextafter = op("nextafter", (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = operands([x1, x2]).map(float) as [Tensor, Tensor];
  const bits = (t: Tensor): Tensor => apply("bitcast", [t], { ints: [1] });
  const value = (t: Tensor): Tensor => apply("bitcast", [t], { ints: [0] });
  const up = apply("greater", [b, a]);
  // Magnitudes grow with their bits: away from zero is + 1. From zero the neighbour is the smallest number of the target's sign.
  const awayFromZero = apply("equal", [up, apply("greater", [a, 0])]);
  const moved = value(add(bits(a), choose(awayFromZero, 1, -1)));
  const smallest = value(choose(up, 1, -2147483647));
  const step = choose(apply("equal", [a, 0]), smallest, moved);
  return choose(apply("equal", [a, b]), b, choose(apply("is_nan", [add(a, b)]), add(a, b), step));
});

/** The greatest common divisor of integers, ≥ 0. `ops.gcd(ops.cast([12], "int32"), ops.cast([18], "int32")) // [6]` */
export const gcd = op("gcd", (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = operands([x1, x2]).map((t) => abs(cast(t, "int32"))) as [Tensor, Tensor];
  const sum = add(a, b); // both in the shape that they broadcast to
  const spread = (t: Tensor): Tensor => add(t, subtract(sum, sum));
  // Euclid: each step (a, b) → (b, a mod b) at least halves the product; 46 steps end for all int32 (Fibonacci is the worst case).
  const step = ([p, q]: Tensor[]): [Tensor[], null] => {
    const done = apply("equal", [q!, 0]);
    return [[choose(done, p!, q!), choose(done, 0, mod(p!, choose(done, 1, q!)))], null];
  };
  return scan(step, [spread(a), spread(b)], { length: 47 })[0][0]!;
});

/** The least common multiple of integers, ≥ 0; 0 when one is 0. `ops.lcm(ops.cast([4], "int32"), ops.cast([6], "int32")) // [12]` */
export const lcm = op("lcm", (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = operands([x1, x2]).map((t) => abs(cast(t, "int32"))) as [Tensor, Tensor];
  const divisor = gcd(a, b);
  return multiply(floorDivide(a, choose(apply("equal", [divisor, 0]), 1, divisor)), b);
});
