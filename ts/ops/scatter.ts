// The way back from indices: scatter, segments, counts.

import { apply } from "../core/apply.js";
import { checkOptions, ShapeError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { sizeOf, Tensor, type TensorLike, tensor } from "../tensor.js";
import {
  indices as asIndices,
  broadcast,
  cast,
  choose,
  filled,
  float,
  HIGHEST,
  iota,
  LOWEST,
  oneOf,
  reshapeTo,
  type Shape,
  showShape,
  sliceAxis,
  wholeNumber,
} from "./basics.js";
import { linspace } from "./creation.js";
import { sizeFromData } from "./dynamic.js";
import { take } from "./indexing.js";
import { max, min } from "./reduction.js";
import { searchsorted } from "./sorting.js";
import { ravel } from "./view.js";

/** `base[rows] += updates`, where `rows` outside are dropped. Bools count as int32. */
const addRows = (base: Tensor, rows: Tensor, updates: Tensor): Tensor => apply("scatter_add", [base, rows, updates]);
const number = (t: Tensor): Tensor => (t.dtype === "bool" ? cast(t, "int32") : t);

/** Coordinates over the first axes of a shape as numbers of rows; `outside` for those that lie outside. */
function rowsOf(where: string, indices: Tensor, shape: Shape): { rows: Tensor; depth: number } {
  if (indices.ndim === 0) throw new ShapeError(`${where}: indices are coordinates along their last axis, received a scalar.`);
  const depth = indices.shape.at(-1)!;
  if (depth > shape.length) throw new ShapeError(`${where}: coordinates of ${depth} numbers for shape ${showShape(shape)}.`);
  const lead = indices.shape.slice(0, -1);
  const outside = sizeOf(shape.slice(0, depth));
  let rows = filled(lead, 0, "int32");
  let inside = filled(lead, 1, "bool");
  for (let k = 0; k < depth; k++) {
    const given = reshapeTo(sliceAxis(indices, lead.length, k, 1), lead);
    const at = choose(apply("less", [given, 0]), apply("add", [given, shape[k]!]), given);
    inside = apply("logical_and", [
      inside,
      apply("logical_and", [apply("greater_equal", [at, 0]), apply("less", [at, shape[k]!])]),
    ]);
    rows = apply("add", [apply("multiply", [rows, shape[k]!]), at]);
  }
  return { rows: choose(inside, rows, outside), depth };
}

/**
 * Zeros of the given shape with `values` added at coordinates: `indices: [n, d], values: [n, rest…] → shape` of d + rest axes.
 *
 * Values at one place add up; those outside are dropped; negative coordinates count from the end.
 * Example: `ops.scatter([[1], [1]], [2, 3], [3]) // [0, 5, 0]`
 */
export const scatter = op(
  "scatter",
  (indices: TensorLike, values: TensorLike, shape: Shape): Tensor =>
    scatterInto("scatter", filled(shape, 0, number(tensor(values)).dtype), asIndices(indices), number(tensor(values)), addRows),
);

type Combine = (base: Tensor, rows: Tensor, updates: Tensor) => Tensor;

function scatterInto(where: string, base: Tensor, indices: Tensor, updates: Tensor, combine: Combine): Tensor {
  const { rows, depth } = rowsOf(where, indices, base.shape);
  const [count, rest] = [sizeOf(base.shape.slice(0, depth)), base.shape.slice(depth)];
  const wanted = [...indices.shape.slice(0, -1), ...rest];
  if (updates.ndim > wanted.length)
    throw new ShapeError(`${where}: updates of shape ${showShape(updates.shape)}, expected ${showShape(wanted)}.`);
  const width = sizeOf(rest);
  const flat = reshapeTo(broadcast(updates, wanted), [rows.size, width]);
  return reshapeTo(combine(reshapeTo(base, [count, width]), reshapeTo(rows, [rows.size]), flat), base.shape);
}

export type ScatterReduction = "add" | "max" | "min" | "mul";

/**
 * `inputs` with `updates` at coordinates: put in their place, or combined with what is there by `reduction`.
 *
 * Of several updates at one place the last one stays. Outside: dropped. Example: `ops.scatterUpdate([1, 2], [[0]], [9]) // [9, 2]`
 */
export const scatterUpdate = op(
  "scatterUpdate",
  (
    inputs: TensorLike,
    indices: TensorLike,
    updates: TensorLike,
    options: { reduction?: ScatterReduction | null } = {},
  ): Tensor => {
    checkOptions("scatterUpdate", options, ["reduction"]);
    const base = tensor(inputs);
    const given = cast(updates, base.dtype);
    const reduction = options.reduction ?? "set";
    oneOf<string>("scatterUpdate", "reduction", reduction, ["set", "add", "max", "min", "mul"]);
    const combine: Record<typeof reduction, Combine> = {
      set: setRows,
      add: addRows,
      max: (b, rows, u) => apply("maximum", [b, segmentExtreme("max", u, rows, b.shape[0]!)]),
      min: (b, rows, u) => apply("minimum", [b, segmentExtreme("min", u, rows, b.shape[0]!)]),
      mul: (b, rows, u) => apply("multiply", [b, segmentProduct(u, rows, b.shape[0]!)]),
    };
    const y = scatterInto("scatterUpdate", number(base), asIndices(indices), number(given), combine[reduction]);
    return cast(y, base.dtype);
  },
);

/** Rows replaced. NOTE duplicates: only the last update of a row may count, so the others are sent outside. */
const setRows: Combine = (base, rows, updates) => {
  const sorted = sortBySegment(rows, updates);
  const only = choose(sorted.isLast, sorted.ids, base.shape[0]!);
  const hit = addRows(filled([base.shape[0]!], 0, "int32"), only, filled(only.shape, 1, "int32"));
  const replaced = addRows(filled(base.shape, 0, base.dtype), only, sorted.data);
  return choose(reshapeTo(apply("greater", [hit, 0]), [base.shape[0]!, 1]), replaced, base);
};

/** Rows in the order of their segments (stable), and which is the last of its segment. */
function sortBySegment(ids: Tensor, data: Tensor): { ids: Tensor; data: Tensor; isLast: Tensor } {
  const n = ids.size;
  const order = apply("argsort", [ids]);
  const sorted = take(ids, order);
  const isLast =
    n === 0
      ? filled([0], 1, "bool")
      : apply(
          "concatenate",
          [apply("not_equal", [sliceAxis(sorted, 0, 1, n - 1), sliceAxis(sorted, 0, 0, n - 1)]), filled([1], 1, "bool")],
          { ints: [0] },
        );
  return { ids: sorted, data: take(data, order, { axis: 0 }), isLast };
}

/**
 * Each segment's rows combined: sorted, then a running combination that starts anew with each segment, in log₂(n) doublings; the last
 * row of a segment holds its result. `identity` fills segments without rows.
 */
function segmentFold(op: string, data: Tensor, ids: Tensor, segments: number, identity: number): Tensor {
  const n = ids.size;
  const column = (t: Tensor): Tensor => reshapeTo(t, [n, ...data.shape.slice(1).map(() => 1)]);
  const sorted = sortBySegment(ids, data);
  let y = sorted.data;
  for (let reach = 1; reach < n; reach *= 2) {
    const before = (t: Tensor): Tensor =>
      apply("concatenate", [sliceAxis(t, 0, 0, reach), sliceAxis(t, 0, 0, n - reach)], { ints: [0] });
    const mine = apply("logical_and", [
      apply("equal", [before(sorted.ids), sorted.ids]),
      apply("greater_equal", [iota(n), reach]),
    ]);
    y = choose(column(mine), apply(op, [before(y), y]), y);
  }
  const only = choose(sorted.isLast, sorted.ids, segments);
  const hit = addRows(filled([segments], 0, "int32"), only, filled([n], 1, "int32"));
  const kept = addRows(filled([segments, ...data.shape.slice(1)], 0, data.dtype), only, harmless(y, column(sorted.isLast)));
  const found = reshapeTo(apply("greater", [hit, 0]), [segments, ...data.shape.slice(1).map(() => 1)]);
  return choose(found, kept, filled([], identity, data.dtype));
}

/** Rows that are dropped anyway, as zeros. */
const harmless = (y: Tensor, kept: Tensor): Tensor => choose(kept, y, filled([], 0, y.dtype));

const segmentProduct = (data: Tensor, ids: Tensor, segments: number): Tensor => segmentFold("multiply", data, ids, segments, 1);

/** Segments' extremes. The value comes from a fold; its gradient is shared equally by the rows that have it, as for `max`. */
function segmentExtreme(kind: "max" | "min", data: Tensor, ids: Tensor, segments: number): Tensor {
  const identity = kind === "max" ? LOWEST[data.dtype] : HIGHEST[data.dtype];
  const held = apply("stop_gradient", [data]);
  const value = segmentFold(kind === "max" ? "maximum" : "minimum", held, ids, segments, identity);
  if (data.dtype !== "float32") return value;
  const hit = float(apply("equal", [held, apply("gather", [value, ids], { ints: [0] })]));
  const zeros = filled([segments, ...data.shape.slice(1)], 0, "float32");
  const count = apply("maximum", [addRows(zeros, ids, hit), 1]);
  // 0 in value, the cotangent in derivative
  const finite = apply("is_finite", [held]);
  const carrier = choose(finite, apply("subtract", [data, held]), 0);
  return apply("add", [value, apply("divide", [addRows(zeros, ids, apply("multiply", [carrier, hit])), count])]);
}

export interface SegmentOptions {
  /** How many segments; null: the largest id + 1, which must be known. */
  numSegments?: number | null;
  /** A promise that ids ascend; nothing depends on it here. */
  sorted?: boolean;
}

/**
 * `yₛ = Σ data` over the rows whose id is s: `data: [n, …], segmentIds: [n] → [numSegments, …]`; rows of other ids are dropped.
 *
 * Example: `ops.segmentSum([1, 2, 3], [0, 0, 1], { numSegments: 2 }) // [3, 3]`
 */
export const segmentSum = op(
  "segmentSum",
  (data: TensorLike, segmentIds: TensorLike, options: SegmentOptions = {}): Tensor =>
    segment("segmentSum", data, segmentIds, options, (t, ids, n) =>
      addRows(filled([n, ...t.shape.slice(1)], 0, t.dtype), ids, t),
    ),
);
/** The largest of each segment; without rows −Infinity (the smallest integer). `ops.segmentMax([1, 2], [0, 0]) // [2]` */
export const segmentMax = op(
  "segmentMax",
  (data: TensorLike, segmentIds: TensorLike, options: SegmentOptions = {}): Tensor =>
    segment("segmentMax", data, segmentIds, options, (t, ids, n) => segmentExtreme("max", t, ids, n)),
);
/** The smallest of each segment; without rows Infinity (the largest integer). `ops.segmentMin([1, 2], [0, 0]) // [1]` */
export const segmentMin = op(
  "segmentMin",
  (data: TensorLike, segmentIds: TensorLike, options: SegmentOptions = {}): Tensor =>
    segment("segmentMin", data, segmentIds, options, (t, ids, n) => segmentExtreme("min", t, ids, n)),
);
/** The product of each segment; without rows 1. `ops.segmentProd([2, 3], [0, 0]) // [6]` */
export const segmentProd = op(
  "segmentProd",
  (data: TensorLike, segmentIds: TensorLike, options: SegmentOptions = {}): Tensor =>
    segment("segmentProd", data, segmentIds, options, segmentProduct),
);

type Segment = (data: Tensor, ids: Tensor, segments: number) => Tensor;
function segment(where: string, data: TensorLike, segmentIds: TensorLike, options: SegmentOptions, combine: Segment): Tensor {
  checkOptions(where, options, ["numSegments", "sorted"]);
  const [t, ids] = [number(tensor(data)), asIndices(segmentIds)];
  if (ids.ndim !== 1 || t.ndim === 0 || t.shape[0] !== ids.size) {
    throw new ShapeError(`${where}: one id per row: data ${showShape(t.shape)}, ids ${showShape(ids.shape)}.`);
  }
  const n = options.numSegments ?? sizeFromData(where, ids, "numSegments");
  // Ids below 0 are dropped, not counted from the end.
  return combine(t, choose(apply("less", [ids, 0]), n, ids), wholeNumber(where, "numSegments", n));
}

export interface BincountOptions {
  /** Adds up in the place of 1: a tensor of `x`'s shape. */
  weights?: TensorLike | null;
  /** At least so many bins; exactly so many inside a traced function, where the values are not known. */
  minlength?: number;
  sparse?: boolean;
}

/** How often each whole number occurs: `[…, n] → […, bins]`, int32, or in the type of the weights. `ops.bincount([1, 1, 2]) // [0, 2, 1]` */
export const bincount = op("bincount", (x: TensorLike, options: BincountOptions = {}): Tensor => {
  checkOptions("bincount", options, ["weights", "minlength", "sparse"]);
  const t = asIndices(x);
  const least = wholeNumber("bincount", "minlength", options.minlength ?? 0);
  const n = t.isTraced && least > 0 ? least : Math.max(least, sizeFromData("bincount", t, "minlength"));
  const weights =
    options.weights === null || options.weights === undefined ? filled(t.shape, 1, "int32") : tensor(options.weights);
  const lead = t.shape.slice(0, -1);
  const rows = sizeOf(lead);
  // Each row of a batch counts into its own stretch of bins.
  const starts = new Tensor(
    Int32Array.from({ length: rows }, (_, i) => i * n),
    [...lead, 1],
  );
  const inside = apply("logical_and", [apply("greater_equal", [t, 0]), apply("less", [t, n])]);
  const flat = ravel(choose(inside, apply("add", [t, starts]), rows * n));
  return reshapeTo(addRows(filled([rows * n], 0, weights.dtype), flat, ravel(weights)), [...lead, n]);
});

/**
 * How many values fall into each of `bins` equal stretches of `range` (by default from the smallest to the largest): `[counts, edges]`.
 *
 * The last stretch includes its end; values outside are not counted. Example: `ops.histogram([0, 1, 1], { bins: 2 }) // [[1, 2], [0, 0.5, 1]]`
 */
export const histogram = op(
  "histogram",
  (x: TensorLike, options: { bins?: number; range?: readonly [number, number] | null } = {}): [Tensor, Tensor] => {
    checkOptions("histogram", options, ["bins", "range"]);
    const t = float(ravel(x));
    const bins = wholeNumber("histogram", "bins", options.bins ?? 10, 1);
    const [low, high]: TensorLike[] = options.range ? [...options.range] : t.size === 0 ? [0, 1] : [min(t), max(t)];
    const flat = apply("equal", [low!, high!]); // one value only: half a unit to either side
    const edges = linspace(apply("subtract", [low!, choose(flat, 0.5, 0)]), apply("add", [high!, choose(flat, 0.5, 0)]), {
      num: bins + 1,
    });
    const last = take(edges, filled([], bins, "int32"));
    const place = apply("subtract", [searchsorted(edges, t, { side: "right" }), 1]);
    const bin = choose(apply("equal", [t, last]), bins - 1, choose(apply("is_nan", [t]), bins, place));
    const counts = addRows(
      filled([bins], 0, "float32"),
      choose(apply("less", [bin, 0]), bins, bin),
      filled([t.size], 1, "float32"),
    );
    return [counts, edges];
  },
);
