// Images in another size: nearest pixels, or weighted means with a kernel.

import { apply } from "../core/apply.js";
import { checkOptions, ShapeError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { sizeOf, Tensor, type TensorLike, tensor } from "../tensor.js";
import { broadcast, float, oneOf, reshapeTo, showShape, sliceAxis } from "./basics.js";
import { pick, repeat } from "./join.js";
import { channelsLast, type DataFormat, dataFormatOf, normalizeTuple } from "./window.js";

/** How the value between pixels is found. */
export type Interpolation = "nearest" | "bilinear" | "bicubic" | "lanczos3" | "lanczos5";
type Smooth = Exclude<Interpolation, "nearest">;
/** @internal All of them. */
export const INTERPOLATIONS: readonly Interpolation[] = ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"];

export interface ResizeOptions {
  interpolation?: Interpolation;
  /** Widen the kernel when images shrink, so that no pixel is passed over? Not for `"nearest"`. */
  antialias?: boolean;
  /** Cut the middle of the wanted aspect ratio out before resizing? */
  cropToAspectRatio?: boolean;
  /** Fill up to the wanted aspect ratio before resizing? */
  padToAspectRatio?: boolean;
  /** Keras has this one mode. */
  fillMode?: "constant";
  fillValue?: number;
  dataFormat?: DataFormat | null;
}
const RESIZE_OPTIONS = [
  "interpolation",
  "antialias",
  "cropToAspectRatio",
  "padToAspectRatio",
  "fillMode",
  "fillValue",
  "dataFormat",
];

/**
 * Images in another size: pixel i of n lies at (i + ½)/n of the side, and takes a weighted mean of what lies around that place.
 *
 * images: [height, width, channels], or [batch, height, width, channels] (`channels_first`: channels before height); size: [height, width].
 * Integers become float32, but for `nearest`. The weights beyond an edge are spread over those inside. `fillMode`, `fillValue`: what is added
 * by `padToAspectRatio`. Errors: `ShapeError` for other ranks and for images without pixels; `ValueError` for unknown names, a size that is not
 * two whole numbers ≥ 1, cropping together with padding. Source: Keras on JAX (`jax.image.resize`).
 * Example: `ops.image.resize([[[1], [3]]], [1, 4]) // [[[1], [1.5], [2.5], [3]]]`
 */
export const resize = op("image.resize", (images: TensorLike, size: readonly number[], options: ResizeOptions = {}): Tensor => {
  const where = "image.resize";
  checkOptions(where, options, RESIZE_OPTIONS);
  const { antialias = false, cropToAspectRatio = false, padToAspectRatio = false, fillValue = 0 } = options;
  const interpolation = oneOf<Interpolation>(where, "interpolation", options.interpolation ?? "bilinear", INTERPOLATIONS);
  oneOf(where, "fillMode", options.fillMode ?? "constant", ["constant"]);
  const format = dataFormatOf(where, options.dataFormat);
  if (!Array.isArray(size)) throw new ValueError(`${where}: size is [height, width], received ${JSON.stringify(size)}.`);
  const [height, width] = normalizeTuple(`${where}: size`, size, 2) as [number, number];
  if (cropToAspectRatio && padToAspectRatio)
    throw new ValueError(`${where}: cropToAspectRatio and padToAspectRatio exclude each other: take one.`);
  const t = tensor(images);
  if (t.ndim !== 3 && t.ndim !== 4)
    throw new ShapeError(`${where}: expected an image of 3 axes or a batch of 4, received shape ${showShape(t.shape)}.`);
  const batch = t.ndim === 4 ? t : reshapeTo(t, [1, ...t.shape]);
  const resized = channelsLast(batch, format, (x) => {
    if (x.shape[1] === 0 || x.shape[2] === 0)
      throw new ShapeError(`${where}: an image without pixels cannot be resized; the shape is ${showShape(t.shape)}.`);
    const framed = cropToAspectRatio ? crop(x, height, width) : padToAspectRatio ? fill(x, height, width, fillValue) : x;
    return interpolation === "nearest"
      ? nearest(framed, [height, width])
      : smooth(smooth(float(framed), 2, width, interpolation, antialias), 1, height, interpolation, antialias);
  });
  return t.ndim === 4 ? resized : reshapeTo(resized, resized.shape.slice(1));
});

/**
 * @internal Each cell repeated along the axes of space: axis i `times[i]` times. t: [batch, …space, channels].
 *
 * For floats it is the adjoint of sums over blocks: one pass over the data there, and one for the gradient, which is those sums.
 */
export function enlarge(t: Tensor, times: readonly number[]): Tensor {
  if (times.every((n) => n === 1)) return t;
  const space = t.shape.slice(1, -1);
  if (t.dtype === "float32" && t.size > 0)
    return apply("sum_pool_spread", [t], { ints: times.flatMap((n, i) => [n, n, 0, 0, space[i]! * n]) });
  return times.reduce((y, n, i) => repeat(y, n, { axis: i + 1 }), t);
}

// ---- aspect ratios

/** The middle part that has the ratio of `height` to `width`. */
function crop(x: Tensor, height: number, width: number): Tensor {
  const [, h, w] = x.shape as [number, number, number, number];
  const rows = Math.max(1, Math.min(h, Math.trunc((w * height) / width)));
  const columns = Math.max(1, Math.min(w, Math.trunc((h * width) / height)));
  return sliceAxis(
    sliceAxis(x, 1, Math.trunc((h - rows) / 2), rows), // an odd cell more is cut off behind
    2,
    Math.trunc((w - columns) / 2),
    columns,
  );
}

/** `value` around, until the ratio is that of `height` to `width`. Both sides get the same, as in Keras; an odd cell is left out. */
function fill(x: Tensor, height: number, width: number, value: number): Tensor {
  const [, h, w] = x.shape as [number, number, number, number];
  const above = Math.trunc((Math.max(h, Math.trunc((w * height) / width)) - h) / 2);
  const left = above > 0 ? 0 : Math.trunc((Math.max(w, Math.trunc((h * width) / height)) - w) / 2);
  if (above === 0 && left === 0) return x;
  return apply("pad", [x], { ints: [0, 0, 0, above, above, 0, left, left, 0, 0, 0, 0], floats: [value] });
}

// ---- one axis

/** The nearest pixels: along each axis place (i + ½)·from/to, in float32 as JAX has it, cut off. */
function nearest(t: Tensor, size: readonly [number, number]): Tensor {
  const times = size.map((to, i) => (to % t.shape[i + 1]! === 0 ? to / t.shape[i + 1]! : 1));
  const { fround } = Math;
  return size.reduce(
    (y, to, i) => {
      const from = y.shape[i + 1]!;
      if (from === to) return y;
      const place = (k: number): number => Math.min(from - 1, Math.floor(fround(fround((k + 0.5) * from) / to)));
      return pick(
        y,
        i + 1,
        Array.from({ length: to }, (_, k) => place(k)),
      );
    },
    enlarge(t, times),
  );
}

/**
 * One axis resized. By a whole factor every cell spreads with the same weights, so a convolution per channel (transposed) does it with as
 * many products as there are weights ≠ 0; otherwise it is a matrix product with all weights.
 */
function smooth(t: Tensor, axis: number, to: number, interpolation: Smooth, antialias: boolean): Tensor {
  const from = t.shape[axis]!;
  if (from === to) return t;
  const filter = FILTERS[interpolation];
  if (to % from === 0) return spread(t, axis, to / from, filter);
  const [before, behind] = [t.shape.slice(0, axis), t.shape.slice(axis + 1)];
  const [count, depth] = [sizeOf(before), sizeOf(behind)];
  const weights = broadcast(reshapeTo(axisWeights(from, to, filter, antialias), [1, to, from]), [count, to, from]);
  return reshapeTo(apply("dot", [weights, reshapeTo(t, [count, from, depth])], { ints: [0, 0] }), [...before, to, ...behind]);
}

/** [to, from]: row i says how much of each old cell is in the new cell i. Rows sum to 1. */
function axisWeights(from: number, to: number, { weight }: Filter, antialias: boolean): Tensor {
  const step = from / to;
  const width = antialias ? Math.max(step, 1) : 1;
  const rows = Array.from({ length: to }, (_, i) => {
    const place = (i + 0.5) * step - 0.5;
    const row = Array.from({ length: from }, (_, j) => weight(Math.abs(place - j) / width));
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((w) => w / total);
  });
  return new Tensor(Float32Array.from(rows.flat()), [to, from]);
}

/**
 * One axis enlarged by a whole factor: the new cell i·factor + m takes weight(|(m + ½)/factor − ½|) of cell i, then all is divided by the sums.
 *
 * With radius 1 the sums are 1 when the outermost cells are repeated once, which saves a pass over the result.
 */
function spread(t: Tensor, axis: number, factor: number, { weight, radius }: Filter): Tensor {
  const from = t.shape[axis]!;
  const channels = t.shape[3]!;
  const more = radius === 1 ? 1 : 0;
  const x = more === 0 ? t : pick(t, axis, [0, ...Array.from({ length: from }, (_, i) => i), from - 1]);
  const lowest = Math.floor((factor - 1) / 2 - radius * factor) + 1;
  const highest = Math.ceil((factor - 1) / 2 + radius * factor) - 1;
  const weights = Array.from({ length: highest - lowest + 1 }, (_, k) => weight(Math.abs((lowest + k + 0.5) / factor - 0.5)));
  const along = (own: number, other: number): number[] => (axis === 1 ? [own, other] : [other, own]);
  const kernel = new Tensor(Float32Array.from(weights.flatMap((w) => Array<number>(channels).fill(w))), [
    ...along(weights.length, 1),
    1,
    channels,
  ]);
  // stride, dilation, cells cut off before and behind, size of the result
  const own = [factor, 1, more * factor - lowest, more * factor + highest + 1 - factor, from * factor];
  const other = [1, 1, 0, 0, t.shape[3 - axis]!];
  const y = apply("conv_input", [x, kernel], { ints: [channels, ...(axis === 1 ? [...own, ...other] : [...other, ...own])] });
  if (more > 0) return y;
  const sums = new Float64Array(from * factor);
  for (let i = 0; i < from; i++) {
    weights.forEach((w, k) => {
      const at = i * factor + lowest + k;
      if (at >= 0 && at < sums.length) sums[at]! += w;
    });
  }
  const scale = new Tensor(
    Float32Array.from(sums, (s) => 1 / s),
    [...along(sums.length, 1), 1],
  );
  return apply("multiply", [y, scale]);
}

/** The weight of a cell at a distance of x ≥ 0 cells: 0 from `radius` on. */
interface Filter {
  readonly radius: number;
  readonly weight: (x: number) => number;
}
const FILTERS: Record<Smooth, Filter> = {
  bilinear: { radius: 1, weight: (x) => Math.max(0, 1 - x) },
  // Keys' cubic convolution with a = −½ (IEEE Trans. ASSP 29, 1981)
  bicubic: {
    radius: 2,
    weight: (x) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0),
  },
  lanczos3: { radius: 3, weight: (x) => lanczos(x, 3) },
  lanczos5: { radius: 5, weight: (x) => lanczos(x, 5) },
};

/** `sinc(x)·sinc(x / radius)` within the radius. */
function lanczos(x: number, radius: number): number {
  if (x > radius) return 0;
  return x > 1e-3 ? (radius * sinPi(x) * sinPi(x / radius)) / (Math.PI * x) ** 2 : 1;
}

/** sin(πx) for x ≥ 0 by its series, to 1e-16: `Math.sin` may differ from platform to platform. */
function sinPi(x: number): number {
  const whole = Math.round(x);
  const r = Math.PI * (x - whole); // |r| ≤ π/2
  let term = r;
  let sum = r;
  for (let k = 2; k <= 22; k += 2) {
    term *= -(r * r) / (k * (k + 1));
    sum += term;
  }
  return whole % 2 === 0 ? sum : -sum;
}
