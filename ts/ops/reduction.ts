// Sums, extremes and products over axes, and running ones. `axis`: one axis, several, or null for all; `keepdims` leaves them as 1.

import { apply, applyAll } from "../core/apply.js";
import type { EdgeDType } from "../core/dtype.js";
import { checkOptions, ShapeError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { sizeOf, type Tensor, type TensorLike, tensor } from "../tensor.js";
import {
  type Axis,
  axesOf,
  axisOf,
  cast,
  choose,
  filled,
  float,
  HIGHEST,
  keptShape,
  LOWEST,
  otherAxes,
  reshapeTo,
  showShape,
  transposeTo,
} from "./basics.js";

export interface AxisOptions {
  /** The axes that disappear; null: all. */
  axis?: Axis;
  /** Leave them with size 1? */
  keepdims?: boolean;
}
const AXIS_OPTIONS = ["axis", "keepdims"] as const;

/** @internal A reduction row of the core over any axes. Those that lie apart are brought together first. */
export const reduce = (op: string, x: TensorLike, axis: Axis | undefined, keepdims = false): Tensor =>
  reduceAll(op, x, axis, keepdims)[0]!;

/** @internal The same for a row with several results. */
function reduceAll(op: string, x: TensorLike, axis: Axis | undefined, keepdims: boolean): Tensor[] {
  const t = tensor(x);
  const axes = axesOf(op, axis, t.ndim);
  const from = axes[0] ?? 0;
  const together = axes.every((a, i) => a === from + i);
  const kept = otherAxes(axes, t.ndim);
  const operand = together ? t : transposeTo(t, [...kept, ...axes]);
  const start = together ? from : kept.length;
  const results = applyAll(op, [operand], { ints: [start, start + axes.length] });
  return keepdims ? results.map((y) => reshapeTo(y, keptShape(t.shape, axes))) : results;
}

/** @internal Mean and variance over axes: one row of the core, which reads x once and whose gradient needs no sum of its own. */
export function meanAndVariance(x: TensorLike, axis: Axis | undefined, keepdims = false): [Tensor, Tensor] {
  const [mean, variance] = reduceAll("moments", float(x), axis, keepdims);
  return [mean!, variance!];
}

/** How many elements each result is made of. */
export const countOf = (t: Tensor, axes: readonly number[]): number => axes.reduce((n, a) => n * t.shape[a]!, 1);

/**
 * `Σ x` over axes; of nothing it is 0. Bools are counted as int32. Splitting over threads changes no bit.
 *
 * Example: `ops.sum([[1, 2], [3, 4]], { axis: 1 }) // [3, 7]`
 */
export const sum = op("sum", (x: TensorLike, options: AxisOptions = {}): Tensor => {
  checkOptions("sum", options, AXIS_OPTIONS);
  return reduce("sum", x, options.axis, options.keepdims);
});

/** `Π x` over axes; of nothing it is 1. The gradient is right where elements are 0. `ops.prod([2, 3]) // 6` */
export const prod = op("prod", (x: TensorLike, options: AxisOptions & { dtype?: EdgeDType | null } = {}): Tensor => {
  checkOptions("prod", options, [...AXIS_OPTIONS, "dtype"]);
  return reduce("prod", options.dtype ? cast(x, options.dtype) : x, options.axis, options.keepdims);
});

/** `Σ x / n` over axes, in float32; of nothing it is NaN. `ops.mean([1, 3]) // 2` */
export const mean = op("mean", (x: TensorLike, options: AxisOptions = {}): Tensor => {
  checkOptions("mean", options, AXIS_OPTIONS);
  const t = float(x);
  const n = countOf(t, axesOf("mean", options.axis, t.ndim));
  return apply("divide", [reduce("sum", t, options.axis, options.keepdims), n]);
});

/** `mean((x − mean(x))²)` over axes: divided by n, not n − 1. `ops.var([1, 3]) // 1` */
export const variance = op("var", (x: TensorLike, options: AxisOptions = {}): Tensor => {
  checkOptions("var", options, AXIS_OPTIONS);
  return meanAndVariance(x, options.axis, options.keepdims)[1];
});
export { variance as var };

/** `√var(x)` over axes. `ops.std([1, 3]) // 1` */
export const std = op("std", (x: TensorLike, options: AxisOptions = {}): Tensor => {
  checkOptions("std", options, AXIS_OPTIONS);
  return apply("sqrt", [variance(x, options)]);
});

export interface ExtremeOptions extends AxisOptions {
  /** A number that takes part; needed where there is nothing to compare. */
  initial?: number | null;
}

/**
 * The largest element over axes; NaN wins; elements that share the maximum share the gradient equally.
 *
 * Errors: `ShapeError` when there is nothing to compare and no `initial`. Example: `ops.max([[1, 4], [3, 2]], { axis: 0 }) // [3, 4]`
 */
export const max = op("max", (x: TensorLike, options: ExtremeOptions = {}): Tensor => extreme("max", "maximum", x, options));

/** The smallest element over axes; as `max`. `ops.min([[1, 4], [3, 2]], { axis: 0 }) // [1, 2]` */
export const min = op("min", (x: TensorLike, options: ExtremeOptions = {}): Tensor => extreme("min", "minimum", x, options));

/** Another name of `max`. */
export const amax = op("amax", (x: TensorLike, options: AxisOptions = {}): Tensor => max(x, options));
/** Another name of `min`. */
export const amin = op("amin", (x: TensorLike, options: AxisOptions = {}): Tensor => min(x, options));

function extreme(op: "max" | "min", pair: "maximum" | "minimum", x: TensorLike, options: ExtremeOptions): Tensor {
  checkOptions(op, options, [...AXIS_OPTIONS, "initial"]);
  const t = tensor(x);
  const { axis, keepdims, initial = null } = options;
  if (initial === null) notEmpty(op, t, axis);
  const y = reduce(op, t, axis, keepdims);
  return initial === null ? y : apply(pair, [y, initial]);
}

function notEmpty(op: string, t: Tensor, axis: Axis | undefined): void {
  if (countOf(t, axesOf(op, axis, t.ndim)) > 0) return;
  throw new ShapeError(
    `${op}: there is no ${op} of no elements; the shape is ${showShape(t.shape)}. Give \`initial\`, or check for empty data first.`,
  );
}

/** `max − min` over axes ("peak to peak"). `ops.ptp([1, 4, 2]) // 3` */
export const ptp = op("ptp", (x: TensorLike, options: AxisOptions = {}): Tensor => {
  checkOptions("ptp", options, AXIS_OPTIONS);
  return apply("subtract", [max(x, options), min(x, options)]);
});

/** Are all elements true (≠ 0)? Of nothing: true. `ops.all([[1, 0], [1, 1]], { axis: 0 }) // [true, false]` */
export const all = op("all", (x: TensorLike, options: AxisOptions = {}): Tensor => {
  checkOptions("all", options, AXIS_OPTIONS);
  return reduce("all", x, options.axis, options.keepdims);
});

/** Is any element true (≠ 0)? Of nothing: false. `ops.any([[1, 0], [0, 0]], { axis: 0 }) // [true, false]` */
export const any = op("any", (x: TensorLike, options: AxisOptions = {}): Tensor => {
  checkOptions("any", options, AXIS_OPTIONS);
  return reduce("any", x, options.axis, options.keepdims);
});

/** The number of elements that are not 0, as int32. `ops.countNonzero([0, 2, 3]) // 2` */
export const countNonzero = op("countNonzero", (x: TensorLike, options: { axis?: Axis } = {}): Tensor => {
  checkOptions("countNonzero", options, ["axis"]);
  return reduce("sum", cast(apply("not_equal", [x, 0]), "int32"), options.axis);
});

/** `ln Σ eˣ` over axes without overflow. `ops.logsumexp([0, 0]) // 0.69…` */
export const logsumexp = op("logsumexp", (x: TensorLike, options: AxisOptions = {}): Tensor => {
  checkOptions("logsumexp", options, AXIS_OPTIONS);
  const t = float(x);
  const axis = options.axis ?? null;
  const largest = apply("stop_gradient", [max(t, { axis, keepdims: true })]);
  const shift = choose(apply("is_finite", [largest]), largest, 0);
  const sums = reduce("sum", apply("exp", [apply("subtract", [t, shift])]), axis, true);
  const y = apply("add", [apply("log", [sums]), shift]);
  return options.keepdims
    ? y
    : reshapeTo(
        y,
        otherAxes(axesOf("logsumexp", axis, t.ndim), t.ndim).map((a) => t.shape[a]!),
      );
});

export interface OneAxisOptions {
  /** The axis; null: the elements in a row. */
  axis?: number | null;
  keepdims?: boolean;
}

/** Where the largest element is, as int32: the first of equals; NaN counts as the largest. `ops.argmax([1, 4, 4]) // 1` */
export const argmax = op("argmax", (x: TensorLike, options: OneAxisOptions = {}): Tensor => {
  checkOptions("argmax", options, AXIS_OPTIONS);
  return place("argmax", x, options);
});

/** Where the smallest element is, as int32: the first of equals; NaN counts as the smallest. `ops.argmin([3, 1, 1]) // 1` */
export const argmin = op("argmin", (x: TensorLike, options: OneAxisOptions = {}): Tensor => {
  checkOptions("argmin", options, AXIS_OPTIONS);
  return place("argmin", x, options);
});

function place(op: "argmax" | "argmin", x: TensorLike, { axis = null, keepdims = false }: OneAxisOptions): Tensor {
  const t = tensor(x);
  if (axis !== null) axisOf(op, axis, t.ndim);
  notEmpty(op, t, axis);
  // The core compares floats and int32; turning the top bit puts uint32 in the order of int32.
  const ordered = t.dtype === "uint32" ? apply("bitcast", [apply("bitwise_xor", [t, 0x80000000])], { ints: [1] }) : t;
  return reduce(op, ordered, axis, keepdims);
}

export interface RunningOptions {
  /** The axis; null: the elements in a row. */
  axis?: number | null;
  dtype?: EdgeDType | null;
}

/** `yᵢ = x₀ + … + xᵢ` along an axis. `ops.cumsum([1, 2, 3]) // [1, 3, 6]` */
export const cumsum = op("cumsum", (x: TensorLike, options: RunningOptions = {}): Tensor => running("cumsum", x, options));

/** `yᵢ = x₀ · … · xᵢ` along an axis. `ops.cumprod([1, 2, 3]) // [1, 2, 6]` */
export const cumprod = op("cumprod", (x: TensorLike, options: RunningOptions = {}): Tensor => running("cumprod", x, options));

function running(op: "cumsum" | "cumprod", x: TensorLike, options: RunningOptions): Tensor {
  checkOptions(op, options, ["axis", "dtype"]);
  const given = options.dtype ? cast(x, options.dtype) : tensor(x);
  const t = (options.axis ?? null) === null ? reshapeTo(given, [sizeOf(given.shape)]) : given;
  return apply(op, [t], { ints: [axisOf(op, options.axis ?? 0, t.ndim)] });
}

// ---- the same, without NaN

const withoutNan = (x: TensorLike, instead: number): Tensor => {
  const t = tensor(x);
  return t.dtype === "float32" ? choose(apply("is_nan", [t]), instead, t) : t;
};
const allNan = (x: TensorLike, axis: Axis | undefined, keepdims = false): Tensor =>
  reduce("all", apply("is_nan", [x]), axis, keepdims);

/** `sum` without the NaNs. `ops.nansum([1, NaN]) // 1` */
export const nansum = op("nansum", (x: TensorLike, options: AxisOptions = {}): Tensor => sum(withoutNan(x, 0), options));
/** `prod` without the NaNs. `ops.nanprod([2, NaN]) // 2` */
export const nanprod = op("nanprod", (x: TensorLike, options: AxisOptions = {}): Tensor => prod(withoutNan(x, 1), options));
/** `cumsum` with NaN as 0. `ops.nancumsum([1, NaN, 2]) // [1, 1, 3]` */
export const nancumsum = op(
  "nancumsum",
  (x: TensorLike, options: RunningOptions = {}): Tensor => cumsum(withoutNan(x, 0), options),
);
/** `cumprod` with NaN as 1. `ops.nancumprod([2, NaN, 2]) // [2, 2, 4]` */
export const nancumprod = op(
  "nancumprod",
  (x: TensorLike, options: RunningOptions = {}): Tensor => cumprod(withoutNan(x, 1), options),
);

/** `mean` of the elements that are numbers; NaN where there are none. `ops.nanmean([1, NaN, 3]) // 2` */
export const nanmean = op("nanmean", (x: TensorLike, options: AxisOptions = {}): Tensor => {
  checkOptions("nanmean", options, AXIS_OPTIONS);
  const numbers = cast(apply("logical_not", [apply("is_nan", [x])]), "float32");
  return apply("divide", [sum(withoutNan(float(x), 0), options), reduce("sum", numbers, options.axis, options.keepdims)]);
});

/** `var` of the elements that are numbers. `ops.nanvar([1, NaN, 3]) // 1` */
export const nanvar = op("nanvar", (x: TensorLike, options: AxisOptions = {}): Tensor => {
  checkOptions("nanvar", options, AXIS_OPTIONS);
  const t = float(x);
  const centred = apply("subtract", [t, nanmean(t, { axis: options.axis ?? null, keepdims: true })]);
  return nanmean(apply("square", [centred]), options);
});

/** `std` of the elements that are numbers. `ops.nanstd([1, NaN, 3]) // 1` */
export const nanstd = op("nanstd", (x: TensorLike, options: AxisOptions = {}): Tensor => apply("sqrt", [nanvar(x, options)]));

/** `max` without the NaNs; NaN where there is nothing else. `ops.nanmax([1, NaN]) // 1` */
export const nanmax = op(
  "nanmax",
  (x: TensorLike, options: AxisOptions = {}): Tensor => nanExtreme("max", x, LOWEST.float32, options),
);
/** `min` without the NaNs; NaN where there is nothing else. `ops.nanmin([1, NaN]) // 1` */
export const nanmin = op(
  "nanmin",
  (x: TensorLike, options: AxisOptions = {}): Tensor => nanExtreme("min", x, HIGHEST.float32, options),
);

function nanExtreme(op: "max" | "min", x: TensorLike, identity: number, options: AxisOptions): Tensor {
  const y = (op === "max" ? max : min)(withoutNan(x, identity), options);
  return y.dtype === "float32" ? choose(allNan(x, options.axis, options.keepdims), Number.NaN, y) : y;
}

/** `argmax` without the NaNs; −1 where there is nothing else. `ops.nanargmax([NaN, 1]) // 1` */
export const nanargmax = op(
  "nanargmax",
  (x: TensorLike, options: OneAxisOptions = {}): Tensor =>
    choose(allNan(x, options.axis, options.keepdims), filled([], -1, "int32"), argmax(withoutNan(x, LOWEST.float32), options)),
);
/** `argmin` without the NaNs; −1 where there is nothing else. `ops.nanargmin([NaN, 1]) // 1` */
export const nanargmin = op(
  "nanargmin",
  (x: TensorLike, options: OneAxisOptions = {}): Tensor =>
    choose(allNan(x, options.axis, options.keepdims), filled([], -1, "int32"), argmin(withoutNan(x, HIGHEST.float32), options)),
);
