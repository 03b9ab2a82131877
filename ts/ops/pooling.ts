// Pooling: the maximum or the mean of windows that move over the axes of space.

import { apply } from "../core/apply.js";
import { checkOptions } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { Tensor, type TensorLike, tensor } from "../tensor.js";
import { cast, float } from "./basics.js";
import { concatenate, pick } from "./join.js";
import {
  channelsLast,
  checkRank,
  checkWindows,
  type DataFormat,
  dataFormatOf,
  normalizeTuple,
  paddingOf,
  pads,
  spaceOf,
} from "./window.js";

export interface PoolOptions {
  /** How far apart windows are, along all axes or each; null: as far as they are long. */
  strides?: number | readonly number[] | null;
  /** `"same"` lets windows reach over the edges; what lies outside never counts. */
  padding?: "valid" | "same";
  dataFormat?: DataFormat | null;
}
const POOL_OPTIONS = ["strides", "padding", "dataFormat"] as const;

/**
 * `y[o] = max x[o·stride + i]` over the cells i of a window.
 *
 * inputs: [batch, …space, channels] with one to three axes of space (`channels_first`: [batch, channels, …space]); poolSize: one number, or one
 * per axis. Padding never wins, NaN does; the gradient goes to the first of equal maxima. Errors: `ShapeError` when no window fits,
 * `ValueError` for sizes and strides below 1. Example: `ops.maxPool([[[1], [4], [2], [3]]], 2) // [[[4], [3]]]`
 */
export const maxPool = op(
  "maxPool",
  (inputs: TensorLike, poolSize: number | readonly number[], options: PoolOptions = {}): Tensor =>
    pool("maxPool", tensor(inputs), poolSize, options, largestOf),
);

/**
 * `y[o] = mean x[o·stride + i]` over the cells i of a window that lie inside: padding does not count.
 *
 * Shapes and errors as `maxPool`; integers become float32. Example: `ops.averagePool([[[1], [3], [2], [4]]], 2) // [[[2], [3]]]`
 */
export const averagePool = op(
  "averagePool",
  (inputs: TensorLike, poolSize: number | readonly number[], options: PoolOptions = {}): Tensor =>
    pool("averagePool", float(inputs), poolSize, options, meanOf),
);

/** Along an axis: window, stride, cells before, cells behind. */
type Along = readonly [size: number, stride: number, lo: number, hi: number];

function pool(
  where: string,
  t: Tensor,
  poolSize: number | readonly number[],
  options: PoolOptions,
  body: (x: Tensor, along: readonly Along[]) => Tensor,
): Tensor {
  checkOptions(where, options, POOL_OPTIONS);
  const format = dataFormatOf(where, options.dataFormat);
  const padding = paddingOf(where, options.padding ?? "valid", ["valid", "same"]);
  const space = spaceOf(checkRank(where, t, format).shape, format);
  const sizes = normalizeTuple(`${where}: poolSize`, poolSize, space.length);
  const strides = normalizeTuple(`${where}: strides`, options.strides ?? sizes, space.length);
  checkWindows(where, space, { sizes, strides, dilations: space.map(() => 1), padding }, t.shape);
  return channelsLast(t, format, (x) =>
    body(
      x,
      space.map((n, i) => [sizes[i]!, strides[i]!, ...pads(n, sizes[i]!, strides[i]!, 1, padding)]),
    ),
  );
}

/** The maxima of the windows, in the type of x: the core compares in float32, which holds integers up to 2²⁴. */
const largestOf = (x: Tensor, along: readonly Along[]): Tensor => cast(apply("max_pool", [x], { ints: along.flat() }), x.dtype);

/** The sums of the windows, divided by how many cells each has inside. */
function meanOf(x: Tensor, along: readonly Along[]): Tensor {
  const ints = along.flat();
  if (along.every(([, , lo, hi]) => lo === 0 && hi === 0))
    return apply("sum_pool", [x], { ints, floats: [along.reduce((n, [size]) => n * size, 1)] });
  const sums = apply("sum_pool", [x], { ints });
  const space = x.shape.slice(1, -1);
  // windows at the edges are smaller: a constant, the product of the counts along the axes
  const counts = along
    .map(([size, stride, lo], i) => inside(space[i]!, size, stride, lo, sums.shape[i + 1]!))
    .reduce((all, own) => all.flatMap((a) => own.map((b) => a * b)), [1]);
  return apply("divide", [sums, new Tensor(Float32Array.from(counts), [...sums.shape.slice(1, -1), 1])]);
}

/** How many cells of each window lie inside an axis of n cells. */
const inside = (n: number, size: number, stride: number, lo: number, windows: number): number[] =>
  Array.from({ length: windows }, (_, o) => {
    const start = o * stride - lo;
    return Math.min(start + size, n) - Math.max(start, 0);
  });

// ---- windows that fit themselves to a number of outputs

interface AdaptiveOptions {
  dataFormat?: DataFormat | null;
}

/**
 * The maxima of `outputSize` windows per axis: window i of m over n cells reaches from ⌊i·n/m⌋ to before ⌈(i + 1)·n/m⌉.
 *
 * Shapes as `maxPool`; outputSize: one number, or one per axis; it may be larger than n: windows then repeat cells. Axis by axis; along each,
 * the gradient goes to the first of equal maxima. Errors: `ValueError` for sizes below 1, `ShapeError` for an axis without cells.
 * Example: `ops.adaptiveMaxPool([[[1], [4], [2]]], 2) // [[[4], [4]]]`
 */
export const adaptiveMaxPool = op(
  "adaptiveMaxPool",
  (inputs: TensorLike, outputSize: number | readonly number[], options: AdaptiveOptions = {}): Tensor =>
    adaptive("adaptiveMaxPool", tensor(inputs), outputSize, options, largestOf),
);

/**
 * The means of `outputSize` windows per axis; windows, shapes and errors as `adaptiveMaxPool`.
 *
 * Example: `ops.adaptiveAveragePool([[[1], [4], [2]]], 2) // [[[2.5], [3]]]`
 */
export const adaptiveAveragePool = op(
  "adaptiveAveragePool",
  (inputs: TensorLike, outputSize: number | readonly number[], options: AdaptiveOptions = {}): Tensor =>
    adaptive("adaptiveAveragePool", float(inputs), outputSize, options, meanOf),
);

function adaptive(
  where: string,
  t: Tensor,
  size: number | readonly number[],
  options: AdaptiveOptions,
  body: (x: Tensor, along: readonly Along[]) => Tensor,
): Tensor {
  checkOptions(where, options, ["dataFormat"]);
  const format = dataFormatOf(where, options.dataFormat);
  const space = spaceOf(checkRank(where, t, format).shape, format);
  const wanted = normalizeTuple(`${where}: outputSize`, size, space.length);
  checkWindows(
    where,
    space,
    { sizes: space.map(() => 1), strides: space.map(() => 1), dilations: space.map(() => 1), padding: "valid" },
    t.shape,
  );
  return channelsLast(t, format, (x) => {
    if (space.every((n, i) => n % wanted[i]! === 0))
      return body(
        x,
        space.map((n, i) => [n / wanted[i]!, n / wanted[i]!, 0, 0]),
      );
    return space.reduce((y, n, i) => fitted(y, i, n, wanted[i]!, body), x);
  });
}

/** One axis of space with n cells pooled to m. There are at most two sizes of windows: both pool every place, and each output picks its own. */
function fitted(x: Tensor, axis: number, n: number, m: number, body: (x: Tensor, along: readonly Along[]) => Tensor): Tensor {
  const windows = Array.from({ length: m }, (_, i) => {
    const start = Math.floor((i * n) / m);
    return { start, size: Math.ceil(((i + 1) * n) / m) - start };
  });
  const one: Along = [1, 1, 0, 0];
  const along = (size: number): Along[] => x.shape.slice(1, -1).map((_, i) => (i === axis ? [size, 1, 0, 0] : one));
  const sizes = [...new Set(windows.map((w) => w.size))];
  const pooled = sizes.map((size) => body(x, along(size)));
  const first = sizes.map((_, k) => sizes.slice(0, k).reduce((at, s) => at + n - s + 1, 0));
  return pick(
    pooled.length === 1 ? pooled[0]! : concatenate(pooled, { axis: axis + 1 }),
    axis + 1,
    windows.map((w) => first[sizes.indexOf(w.size)]! + w.start),
  );
}
