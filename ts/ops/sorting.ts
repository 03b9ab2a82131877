// Order: sort, the largest k, and where a value belongs in sorted ones.

import { apply } from "../core/apply.js";
import { checkOptions, ShapeError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import { axisOf, cast, choose, filled, indices, oneOf, sliceAxis, wholeNumber } from "./basics.js";
import { take, takeAlongAxis, takeLast } from "./indexing.js";
import { reduce } from "./reduction.js";
import { expandDims, flip, ravel, swapaxes } from "./view.js";

interface SortOptions {
  /** The axis; null: the elements in a row. */
  axis?: number | null;
}

/** Ascending along an axis, NaN last; gradients follow their elements. `ops.sort([3, 1, 2]) // [1, 2, 3]` */
export const sort = op("sort", (x: TensorLike, options: SortOptions = {}): Tensor => {
  checkOptions("sort", options, ["axis"]);
  return alongLast("sort", x, options, (t) => takeLast(t, apply("argsort", [t])));
});

/** The order that `sort` would make, as int32; equal elements keep their order. `ops.argsort([3, 1, 2]) // [1, 2, 0]` */
export const argsort = op("argsort", (x: TensorLike, options: SortOptions = {}): Tensor => {
  checkOptions("argsort", options, ["axis"]);
  return alongLast("argsort", x, options, (t) => apply("argsort", [t]));
});

/** An order in which the `kth` element stands where sorting would put it; here: the sorted order. */
export const argpartition = op("argpartition", (x: TensorLike, kth: number, options: SortOptions = {}): Tensor => {
  checkOptions("argpartition", options, ["axis"]);
  const t = tensor(x);
  const n = (options.axis ?? -1) === null ? t.size : t.shape[axisOf("argpartition", options.axis ?? -1, t.ndim)]!;
  if (!Number.isInteger(kth) || kth < -n || kth >= n) throw new ValueError(`argpartition: kth is below ${n}, received ${kth}.`);
  return argsort(t, { axis: options.axis === null ? null : (options.axis ?? -1) });
});

function alongLast(where: string, x: TensorLike, options: SortOptions, order: (t: Tensor) => Tensor): Tensor {
  const axis = options.axis === undefined ? -1 : options.axis;
  const t = axis === null ? ravel(x) : tensor(x);
  const at = axisOf(where, axis ?? 0, t.ndim);
  return swapaxes(order(swapaxes(t, at, -1)), at, -1);
}

/**
 * The `k` largest of the last axis, descending, and where they stood (int32): `[…, n] → [[…, k], […, k]]`.
 *
 * Of equals the first comes first; NaN counts as the largest. Errors: `ShapeError` for k > n.
 * Example: `ops.topK([1, 3, 2], 2) // [[3, 2], [1, 2]]`
 */
export const topK = op("topK", (x: TensorLike, k: number, options: { sorted?: boolean } = {}): [Tensor, Tensor] => {
  checkOptions("topK", options, ["sorted"]);
  const t = tensor(x);
  const n = t.shape[axisOf("topK", -1, t.ndim)]!;
  if (wholeNumber("topK", "k", k) > n) throw new ShapeError(`topK: the last axis has ${n} elements, ${k} are asked for.`);
  // Ascending order of what turns the order round: −x, or all bits of an integer, where −x would overflow.
  const turned =
    t.dtype === "float32"
      ? choose(apply("is_nan", [t]), -Infinity, apply("negative", [t]))
      : apply("bitwise_not", [cast(t, t.dtype === "bool" ? "int32" : t.dtype)]);
  const order = sliceAxis(apply("argsort", [turned]), t.ndim - 1, 0, k);
  return [takeLast(t, order), order];
});

/** Is the target's prediction among the `k` largest of its row? Ties are generous: `targets: [b], predictions: [b, n] → bool[b]`. */
export const inTopK = op("inTopK", (targets: TensorLike, predictions: TensorLike, k: number): Tensor => {
  const [labels, p] = [indices(targets), tensor(predictions)];
  const own = takeAlongAxis(p, expandDims(labels, -1), { axis: -1 });
  const certain = choose(apply("is_nan", [own]), -Infinity, own); // NaN is not a large probability
  const better = reduce("sum", cast(apply("greater", [p, certain]), "int32"), -1);
  return apply("less", [better, wholeNumber("inTopK", "k", k)]);
});

/**
 * Where each value would be put into a sorted vector: before equals (`left`) or behind them (`right`), as int32.
 *
 * Example: `ops.searchsorted([1, 2, 3], [2]) // [1]`
 */
export const searchsorted = op(
  "searchsorted",
  (sortedSequence: TensorLike, values: TensorLike, options: { side?: "left" | "right" } = {}): Tensor => {
    checkOptions("searchsorted", options, ["side"]);
    const sorted = tensor(sortedSequence);
    if (sorted.ndim !== 1)
      throw new ShapeError(`searchsorted: the sorted sequence is a vector, received shape [${sorted.shape.join(", ")}].`);
    const side = oneOf("searchsorted", "side", options.side ?? "left", ["left", "right"]);
    const v = expandDims(values, -1);
    // The number of elements below is the place: no branches, and small sequences (bins) are the usual case.
    const below = apply(side === "left" ? "less" : "less_equal", [sorted, v]);
    const known = v.dtype === "float32" ? apply("logical_or", [below, apply("is_nan", [v])]) : below;
    return reduce("sum", cast(known, "int32"), -1);
  },
);

/** The number of the bin of each value: `bins[i − 1] ≤ x < bins[i]`; bins ascend or descend. `ops.digitize([0.5], [0, 1]) // [1]` */
export const digitize = op("digitize", (x: TensorLike, bins: TensorLike): Tensor => {
  const edges = tensor(bins);
  const n = edges.size;
  if (edges.ndim !== 1 || n === 0)
    throw new ShapeError(`digitize: bins are a vector of at least one edge, received shape [${edges.shape.join(", ")}].`);
  const up = searchsorted(edges, x, { side: "right" });
  const down = apply("subtract", [n, searchsorted(flip(edges), x, { side: "right" })]);
  const ends = take(edges, [0, n - 1]);
  const ascending = apply("less_equal", [take(ends, filled([], 0, "int32")), take(ends, filled([], 1, "int32"))]);
  return choose(ascending, up, down);
});
