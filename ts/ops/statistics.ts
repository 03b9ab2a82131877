// Statistics that need order or two variables: quantiles, averages, correlations, differences.

import { apply } from "../core/apply.js";
import { checkOptions, ShapeError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import {
  type Axis,
  axesOf,
  axisOf,
  broadcast,
  cast,
  choose,
  float,
  oneOf,
  otherAxes,
  reshapeTo,
  showShape,
  sliceAxis,
  transposeTo,
} from "./basics.js";
import { takeLast } from "./indexing.js";
import { matmul } from "./linalg.js";
import { type AxisOptions, countOf, mean, reduce } from "./reduction.js";
import { sort } from "./sorting.js";
import { moveaxis } from "./view.js";

export type QuantileMethod = "linear" | "lower" | "higher" | "midpoint" | "nearest";
export interface QuantileOptions extends AxisOptions {
  /** Between two elements: the line, one of them, or their middle. */
  method?: QuantileMethod;
}

/**
 * The value below which the share `q` (0 … 1) of the elements lies; several `q` make a new first axis. NaN if there is one.
 *
 * Example: `ops.quantile([1, 2, 3], 0.5) // 2`
 */
export const quantile = op(
  "quantile",
  (x: TensorLike, q: TensorLike, options: QuantileOptions = {}): Tensor => ranked("quantile", x, q, options, false),
);
/** `quantile` with `q` in percent. `ops.percentile([1, 2, 3], 50) // 2` */
export const percentile = op(
  "percentile",
  (x: TensorLike, q: TensorLike, options: QuantileOptions = {}): Tensor =>
    ranked("percentile", x, apply("divide", [q, 100]), options, false),
);
/** The middle element, or the mean of the two. `ops.median([3, 1, 2]) // 2` */
export const median = op(
  "median",
  (x: TensorLike, options: AxisOptions = {}): Tensor => ranked("median", x, 0.5, options, false),
);
/** `quantile` of the elements that are numbers. */
export const nanquantile = op(
  "nanquantile",
  (x: TensorLike, q: TensorLike, options: QuantileOptions = {}): Tensor => ranked("nanquantile", x, q, options, true),
);
/** `percentile` of the elements that are numbers. */
export const nanpercentile = op(
  "nanpercentile",
  (x: TensorLike, q: TensorLike, options: QuantileOptions = {}): Tensor =>
    ranked("nanpercentile", x, apply("divide", [q, 100]), options, true),
);
/** `median` of the elements that are numbers. `ops.nanmedian([3, NaN, 1]) // 2` */
export const nanmedian = op(
  "nanmedian",
  (x: TensorLike, options: AxisOptions = {}): Tensor => ranked("nanmedian", x, 0.5, options, true),
);

function ranked(where: string, x: TensorLike, q: TensorLike, options: QuantileOptions, skipNan: boolean): Tensor {
  checkOptions(where, options, ["axis", "keepdims", "method"]);
  const { axis = null, keepdims = false } = options;
  const method = oneOf<QuantileMethod>(where, "method", options.method ?? "linear", [
    "linear",
    "lower",
    "higher",
    "midpoint",
    "nearest",
  ]);
  const t = float(x);
  const share = float(q);
  if (share.ndim > 1) throw new ShapeError(`${where}: q is a number or a vector, received shape ${showShape(share.shape)}.`);
  const axes = axesOf(where, axis, t.ndim);
  const kept = otherAxes(axes, t.ndim);
  const lead = kept.map((a) => t.shape[a]!);
  const n = countOf(t, axes);
  if (n === 0) throw new ShapeError(`${where}: there is no quantile of no elements; the shape is ${showShape(t.shape)}.`);
  const sorted = sort(reshapeTo(transposeTo(t, [...kept, ...axes]), [...lead, n]));
  const missing = reduce("sum", cast(apply("is_nan", [sorted]), "float32"), -1, true); // NaNs stand last
  const count = skipNan ? apply("subtract", [n, missing]) : n;
  // q·(count − 1) in each row: […lead, number of q]
  const wide = [...lead, share.size];
  const place = broadcast(apply("multiply", [reshapeTo(share, [share.size]), apply("subtract", [count, 1])]), wide);
  const at = (p: Tensor): Tensor => takeLast(sorted, cast(apply("minimum", [apply("maximum", [p, 0]), n - 1]), "int32"));
  const [low, high] = [apply("floor", [place]), apply("ceil", [place])];
  const between = (weight: TensorLike): Tensor =>
    apply("add", [apply("multiply", [at(low), apply("subtract", [1, weight])]), apply("multiply", [at(high), weight])]);
  const methods: Record<QuantileMethod, () => Tensor> = {
    linear: () => between(apply("subtract", [place, low])),
    midpoint: () => between(0.5),
    lower: () => at(low),
    higher: () => at(high),
    nearest: () => at(apply("round", [place])),
  };
  const found = methods[method]();
  const undefinedHere = apply(skipNan ? "greater_equal" : "greater", [missing, skipNan ? n : 0]);
  const y = choose(undefinedHere, Number.NaN, found);
  const first = y.ndim > 1 ? moveaxis(y, -1, 0) : y;
  const rest = keepdims ? t.shape.map((size, i) => (axes.includes(i) ? 1 : size)) : lead;
  return reshapeTo(first, share.ndim === 0 ? rest : [share.size, ...rest]);
}

/**
 * `Σ w·x / Σ w`; the weights have `x`'s shape, or are a vector along the axis. Without weights the mean.
 *
 * Example: `ops.average([1, 3], { weights: [3, 1] }) // 1.5`
 */
export const average = op("average", (x: TensorLike, options: { axis?: Axis; weights?: TensorLike | null } = {}): Tensor => {
  checkOptions("average", options, ["axis", "weights"]);
  const { axis = null, weights = null } = options;
  const t = float(x);
  if (weights === null) return mean(t, { axis });
  let w = float(weights);
  if (w.ndim !== t.ndim) {
    if (typeof axis !== "number" || w.ndim !== 1)
      throw new ShapeError(
        `average: weights of shape ${showShape(w.shape)} for ${showShape(t.shape)}: give the axis that they lie along.`,
      );
    const at = axisOf("average", axis, t.ndim);
    w = reshapeTo(
      w,
      t.shape.map((_, i) => (i === at ? w.size : 1)),
    );
  }
  const weighted = apply("multiply", [t, w]);
  return apply("divide", [reduce("sum", weighted, axis), reduce("sum", broadcast(w, weighted.shape), axis)]);
});

/** The differences of neighbours along an axis, `n` times over. `ops.diff([1, 4, 9]) // [3, 5]` */
export const diff = op("diff", (a: TensorLike, options: { n?: number; axis?: number } = {}): Tensor => {
  checkOptions("diff", options, ["n", "axis"]);
  const { n = 1, axis = -1 } = options;
  if (!Number.isInteger(n) || n < 0) throw new ValueError(`diff: n is a whole number ≥ 0, received ${n}.`);
  let t = tensor(a);
  const at = axisOf("diff", axis, t.ndim);
  for (let i = 0; i < n; i++) {
    const size = Math.max(0, t.shape[at]! - 1);
    const [next, here] = [sliceAxis(t, at, Math.min(1, t.shape[at]!), size), sliceAxis(t, at, 0, size)];
    t = apply(t.dtype === "bool" ? "logical_xor" : "subtract", [next, here]);
  }
  return t;
});

/** The area under `y` by trapezoids along an axis; points at `x`, or `dx` apart. `ops.trapezoid([1, 3]) // 2` */
export const trapezoid = op(
  "trapezoid",
  (y: TensorLike, options: { x?: TensorLike | null; dx?: number; axis?: number } = {}): Tensor => {
    checkOptions("trapezoid", options, ["x", "dx", "axis"]);
    const t = float(y);
    const at = axisOf("trapezoid", options.axis ?? -1, t.ndim);
    const n = t.shape[at]!;
    const middle = apply("add", [sliceAxis(t, at, Math.min(1, n), Math.max(0, n - 1)), sliceAxis(t, at, 0, Math.max(0, n - 1))]);
    let widths: TensorLike = options.dx ?? 1;
    if (options.x !== null && options.x !== undefined) {
      const points = float(options.x);
      widths =
        points.ndim === 1
          ? reshapeTo(
              diff(points),
              t.shape.map((_, i) => (i === at ? n - 1 : 1)),
            )
          : diff(points, { axis: at });
    }
    return apply("multiply", [reduce("sum", apply("multiply", [middle, widths]), at), 0.5]);
  },
);

/** Pearson's correlation of each row with each: `[variables, observations] → [variables, variables]`. */
export const corrcoef = op("corrcoef", (x: TensorLike): Tensor => {
  const t = float(x);
  if (t.ndim > 2) throw new ShapeError(`corrcoef: expected [variables, observations], received shape ${showShape(t.shape)}.`);
  const rows = t.ndim === 2 ? t : reshapeTo(t, [1, t.size]);
  const centred = apply("subtract", [rows, mean(rows, { axis: 1, keepdims: true })]);
  const scale = apply("sqrt", [reduce("sum", apply("square", [centred]), 1, true)]);
  const unit = apply("divide", [centred, scale]);
  const r = apply("clip", [matmul(unit, transposeTo(unit, [1, 0]))], { floats: [-1, 1] });
  return t.ndim === 2 ? r : reshapeTo(r, []);
});

/** Euclidean distances between rows: `x: [n, d], y: [m, d] → [n, m]`, with the same leading axes. `ops.cdist([[0, 0]], [[3, 4]]) // [[5]]` */
export const cdist = op("cdist", (x: TensorLike, y: TensorLike): Tensor => {
  const [a, b] = [float(x), float(y)];
  if (a.ndim < 2 || b.ndim < 2 || a.shape.at(-1) !== b.shape.at(-1)) {
    throw new ShapeError(`cdist: expected rows of one length, received shapes ${showShape(a.shape)} and ${showShape(b.shape)}.`);
  }
  const left = reshapeTo(a, [...a.shape.slice(0, -1), 1, a.shape.at(-1)!]);
  const right = reshapeTo(b, [...b.shape.slice(0, -2), 1, ...b.shape.slice(-2)]);
  const squares = reduce("sum", apply("square", [apply("subtract", [left, right])]), -1);
  const same = apply("equal", [squares, 0]); // √ has no slope at 0: rows that agree pass no gradient
  return choose(same, 0, apply("sqrt", [choose(same, 1, squares)]));
});

/** `Σₖ x1[n + k]·x2[k]`: the correlation of two vectors where they overlap fully (`valid`), as long as the longer (`same`), or at all (`full`). */
export const correlate = op(
  "correlate",
  (x1: TensorLike, x2: TensorLike, options: { mode?: "valid" | "same" | "full" } = {}): Tensor => {
    checkOptions("correlate", options, ["mode"]);
    const mode = oneOf("correlate", "mode", options.mode ?? "valid", ["valid", "same", "full"]);
    const [a, b] = [float(x1), float(x2)];
    if (a.ndim !== 1 || b.ndim !== 1 || a.size === 0 || b.size === 0) {
      throw new ShapeError(
        `correlate: expected two vectors that are not empty, received shapes ${showShape(a.shape)} and ${showShape(b.shape)}.`,
      );
    }
    const [n, m] = [a.size, b.size];
    // full[i] = Σₖ a[i − (m − 1) + k]·b[k]: windows of the padded vector, as an [n + m − 1, m] matrix of slices
    const padded = apply("pad", [a], { ints: [m - 1, m - 1, 0], floats: [0] });
    const length = n + m - 1;
    const columns = Array.from({ length: m }, (_, k) => reshapeTo(sliceAxis(padded, 0, k, length), [length, 1]));
    const all = reshapeTo(matmul(apply("concatenate", columns, { ints: [1] }), reshapeTo(b, [m, 1])), [length]);
    if (mode === "full") return all;
    const [long, short] = [Math.max(n, m), Math.min(n, m)];
    return mode === "same"
      ? sliceAxis(all, 0, Math.floor((short - (n >= m ? 1 : 0)) / 2), long)
      : sliceAxis(all, 0, short - 1, long - short + 1);
  },
);
