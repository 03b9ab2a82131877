// Activations: elementwise functions that bend. Formulas and slopes at the kinks are those of Keras on JAX.

import { apply } from "../core/apply.js";
import { checkOptions, ShapeError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import {
  type Axis,
  axesOf,
  axisOf,
  choose,
  float,
  iota,
  otherAxes,
  reshapeTo,
  showShape,
  sliceAxis,
  transposeTo,
} from "./basics.js";
import { reduce } from "./reduction.js";
import { sort } from "./sorting.js";

const mul = (a: TensorLike, b: TensorLike): Tensor => apply("multiply", [a, b]);
const plus = (a: TensorLike, b: TensorLike): Tensor => apply("add", [a, b]);

/** `max(x, 0)`; its slope at 0 is 0, NaN stays. `ops.relu([-1, 2]) // [0, 2]` */
export const relu = op("relu", (x: TensorLike): Tensor => apply("relu", [x]));

/** `min(max(x, 0), 6)`. `ops.relu6([-1, 8]) // [0, 6]` */
export const relu6 = op("relu6", (x: TensorLike): Tensor => apply("clip", [x], { floats: [0, 6] }));

/** `1/(1 + e⁻ˣ)`. `ops.sigmoid([0]) // [0.5]` */
export const sigmoid = op("sigmoid", (x: TensorLike): Tensor => apply("sigmoid", [x]));

/** `ln(1 + eˣ)` without overflow. `ops.softplus([0]) // [0.69…]` */
export const softplus = op("softplus", (x: TensorLike): Tensor => apply("softplus", [x]));

/** `ln sigmoid(x) = −softplus(−x)`. `ops.logSigmoid([0]) // [-0.69…]` */
export const logSigmoid = op(
  "logSigmoid",
  (x: TensorLike): Tensor => apply("negative", [apply("softplus", [apply("negative", [float(x)])])]),
);

/** `x/(1 + |x|)`. `ops.softsign([1]) // [0.5]` */
export const softsign = op("softsign", (x: TensorLike): Tensor => {
  const t = float(x);
  return apply("divide", [t, plus(apply("abs", [t]), 1)]);
});

/** `x·sigmoid(x)`. `ops.silu([0]) // [0]` */
export const silu = op("silu", (x: TensorLike): Tensor => {
  const t = float(x);
  return mul(t, sigmoid(t));
});
/** Another name of `silu`. */
export const swish = silu;

/** `x` for x ≥ 0, else `negativeSlope·x`. `ops.leakyRelu([-1, 1]) // [-0.2, 1]` */
export const leakyRelu = op("leakyRelu", (x: TensorLike, options: { negativeSlope?: number } = {}): Tensor => {
  checkOptions("leakyRelu", options, ["negativeSlope"]);
  const t = float(x);
  return choose(apply("greater_equal", [t, 0]), t, mul(t, options.negativeSlope ?? 0.2));
});

/** `relu6(x + 3)/6`. `ops.hardSigmoid([0]) // [0.5]` */
export const hardSigmoid = op("hardSigmoid", (x: TensorLike): Tensor => apply("divide", [relu6(plus(float(x), 3)), 6]));

/** `x·hardSigmoid(x)`. `ops.hardSilu([3]) // [3]` */
export const hardSilu = op("hardSilu", (x: TensorLike): Tensor => {
  const t = float(x);
  return mul(t, hardSigmoid(t));
});
/** Another name of `hardSilu`. */
export const hardSwish = hardSilu;

/** `x` above 0, else `alpha·(eˣ − 1)`. `ops.elu([1]) // [1]` */
export const elu = op("elu", (x: TensorLike, options: { alpha?: number } = {}): Tensor => {
  checkOptions("elu", options, ["alpha"]);
  const t = float(x);
  const above = apply("greater", [t, 0]);
  const bent = apply("expm1", [choose(above, 0, t)]); // no overflow, whose slope would be NaN, where the other side counts
  return choose(above, t, mul(bent, options.alpha ?? 1));
});

/** `1.0507…·elu(x, 1.6732…)`: keeps mean 0 and variance 1. `ops.selu([0]) // [0]` */
export const selu = op("selu", (x: TensorLike): Tensor => mul(elu(x, { alpha: 1.6732632423543772 }), 1.0507009873554805));

/** `max(x, 0) + alpha·(e^(min(x, 0)/alpha) − 1)`. `ops.celu([1]) // [1]` */
export const celu = op("celu", (x: TensorLike, options: { alpha?: number } = {}): Tensor => {
  checkOptions("celu", options, ["alpha"]);
  const { alpha = 1 } = options;
  const t = float(x);
  return plus(apply("maximum", [t, 0]), mul(apply("expm1", [apply("divide", [apply("minimum", [t, 0]), alpha])]), alpha));
});

/** `x·Φ(x)` with the normal distribution Φ, or its approximation by tanh (the default). `ops.gelu([0]) // [0]` */
export const gelu = op("gelu", (x: TensorLike, options: { approximate?: boolean } = {}): Tensor => {
  checkOptions("gelu", options, ["approximate"]);
  const t = float(x);
  if (options.approximate ?? true) {
    const inside = mul(plus(t, mul(mul(mul(t, t), t), 0.044715)), Math.sqrt(2 / Math.PI));
    return mul(t, mul(plus(apply("tanh", [inside]), 1), 0.5));
  }
  // erfc keeps the small values at the left that 1 + erf would lose
  return mul(mul(t, 0.5), apply("erfc", [mul(t, -Math.SQRT1_2)]));
});

/** `tanh` cut to a line: x between −1 and 1. `ops.hardTanh([-2, 0.5]) // [-1, 0.5]` */
export const hardTanh = op("hardTanh", (x: TensorLike): Tensor => {
  const t = float(x);
  return choose(apply("greater", [t, 1]), 1, choose(apply("less", [t, -1]), -1, t));
});

/** `x − tanh(x)`. `ops.tanhShrink([0]) // [0]` */
export const tanhShrink = op("tanhShrink", (x: TensorLike): Tensor => {
  const t = float(x);
  return apply("subtract", [t, apply("tanh", [t])]);
});

/** `x` moved towards 0 by `threshold`, 0 where it would pass it. `ops.softShrink([1, 0.2]) // [0.5, 0]` */
export const softShrink = op("softShrink", (x: TensorLike, options: { threshold?: number } = {}): Tensor => {
  checkOptions("softShrink", options, ["threshold"]);
  const { threshold = 0.5 } = options;
  const t = float(x);
  const below = choose(apply("less", [t, -threshold]), plus(t, threshold), 0);
  return choose(apply("greater", [t, threshold]), plus(t, -threshold), below);
});

/** `x` where |x| > `threshold`, else 0. `ops.hardShrink([1, 0.2]) // [1, 0]` */
export const hardShrink = op("hardShrink", (x: TensorLike, options: { threshold?: number } = {}): Tensor => {
  checkOptions("hardShrink", options, ["threshold"]);
  const t = float(x);
  return choose(apply("greater", [apply("abs", [t]), options.threshold ?? 0.5]), t, 0);
});

/** `x` where it is above `threshold`, else `defaultValue`. `ops.threshold([1, 3], 2, 0) // [0, 3]` */
export const threshold = op("threshold", (x: TensorLike, threshold: TensorLike, defaultValue: TensorLike): Tensor => {
  const t = tensor(x);
  return choose(apply("greater", [t, threshold]), t, defaultValue);
});

/** `(x + √(x² + b))/2`. `ops.squareplus([0]) // [1]` */
export const squareplus = op("squareplus", (x: TensorLike, options: { b?: number } = {}): Tensor => {
  checkOptions("squareplus", options, ["b"]);
  const t = float(x);
  return mul(plus(t, apply("sqrt", [plus(apply("square", [t]), options.b ?? 4)])), 0.5);
});

/** 0 up to −1, `(x + 1)²/4` in between, `x` from 1 on. `ops.sparsePlus([0]) // [0.25]` */
export const sparsePlus = op("sparsePlus", (x: TensorLike): Tensor => {
  const t = float(x);
  const middle = mul(apply("square", [plus(t, 1)]), 0.25);
  return choose(apply("less_equal", [t, -1]), 0, choose(apply("greater_equal", [t, 1]), t, middle));
});

/** 0 up to −1, `(x + 1)/2` in between, 1 from 1 on. `ops.sparseSigmoid([0]) // [0.5]` */
export const sparseSigmoid = op("sparseSigmoid", (x: TensorLike): Tensor => {
  const t = float(x);
  return choose(apply("less_equal", [t, -1]), 0, choose(apply("greater_equal", [t, 1]), 1, mul(plus(t, 1), 0.5)));
});

/** `a·sigmoid(b)` where a and b are the halves of an axis: `[…, 2n] → […, n]`. Errors: `ShapeError` for an odd size. */
export const glu = op("glu", (x: TensorLike, options: { axis?: number } = {}): Tensor => {
  checkOptions("glu", options, ["axis"]);
  const t = float(x);
  const axis = axisOf("glu", options.axis ?? -1, t.ndim);
  const n = t.shape[axis]!;
  if (n % 2 !== 0)
    throw new ShapeError(`glu: axis ${axis} of shape ${showShape(t.shape)} has ${n} elements, which make no two halves.`);
  return mul(sliceAxis(t, axis, 0, n / 2), sigmoid(sliceAxis(t, axis, n / 2, n / 2)));
});

interface SoftmaxOptions {
  /** The axis, or axes, over which the sum is 1. */
  axis?: Axis;
}

/** `eˣ / Σ eˣ` over an axis (the last), several, or all (null), without overflow. `ops.softmax([0, 0]) // [0.5, 0.5]` */
export const softmax = op("softmax", (x: TensorLike, options: SoftmaxOptions = {}): Tensor => overRows("softmax", x, options));

/** `x − ln Σ eˣ` over an axis (the last), several, or all (null). `ops.logSoftmax([0, 0]) // [-0.69…, -0.69…]` */
export const logSoftmax = op(
  "logSoftmax",
  (x: TensorLike, options: SoftmaxOptions = {}): Tensor => overRows("log_softmax", x, options),
);

/** A row kernel over any axes: they are brought to the end as one row, and back. */
function overRows(op: "softmax" | "log_softmax", x: TensorLike, options: SoftmaxOptions): Tensor {
  checkOptions(op, options, ["axis"]);
  const t = float(x);
  const axes = axesOf(op, options.axis === undefined ? -1 : options.axis, t.ndim);
  if (axes.length === 0) throw new ValueError(`${op}: at least one axis is needed; the shape is ${showShape(t.shape)}.`);
  if (axes.length === 1 && axes[0] === t.ndim - 1) return apply(op, [t]);
  const order = [...otherAxes(axes, t.ndim), ...axes];
  const rows = transposeTo(t, order);
  const width = axes.reduce((n, a) => n * t.shape[a]!, 1);
  const y = apply(op, [reshapeTo(rows, [...rows.shape.slice(0, t.ndim - axes.length), width])]);
  return transposeTo(
    reshapeTo(y, rows.shape),
    order.map((_, i) => order.indexOf(i)),
  );
}

/**
 * The point of the simplex nearest to `x` along an axis: `max(x − τ, 0)` with the τ for which the sum is 1. Small scores become exactly 0.
 *
 * Source: Martins and Astudillo, 2016, https://arxiv.org/abs/1602.02068. Example: `ops.sparsemax([0, 2]) // [0, 1]`
 */
export const sparsemax = op("sparsemax", (x: TensorLike, options: { axis?: number } = {}): Tensor => {
  checkOptions("sparsemax", options, ["axis"]);
  const t = float(x);
  const axis = axisOf("sparsemax", options.axis ?? -1, t.ndim);
  const n = t.shape[axis]!;
  const descending = apply("negative", [sort(apply("negative", [t]), { axis })]);
  const sums = apply("cumsum", [descending], { ints: [axis] });
  const rank = reshapeTo(
    plus(iota(n), 1),
    t.shape.map((_, i) => (i === axis ? n : 1)),
  );
  const supported = apply("greater", [apply("subtract", [descending, apply("divide", [plus(sums, -1), rank])]), 0]);
  const count = reduce("sum", float(supported), axis, true);
  const top = reduce("sum", choose(supported, descending, 0), axis, true);
  return apply("maximum", [apply("subtract", [t, apply("divide", [plus(top, -1), count])]), 0]);
});
