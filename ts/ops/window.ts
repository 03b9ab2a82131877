// Window arithmetic, sizes per axis and data formats: what convolution, pooling, padding and their layers share.

import { ShapeError, ValueError } from "../errors.js";
import type { Tensor } from "../tensor.js";
import { oneOf, showShape, sliceAxis, transposeTo } from "./basics.js";

/** `"causal"` (along time only) looks back and never ahead. */
export type Padding = "valid" | "same" | "causal";
export type DataFormat = "channels_last" | "channels_first";

/** How far a window of `k` cells reaches when its cells are `dilation` apart. */
export const reach = (k: number, dilation: number): number => (k - 1) * dilation + 1;

/**
 * How many windows there are along an axis of `n` cells: valid ⌊(n − reach) / stride⌋ + 1, same and causal ⌈n / stride⌉.
 *
 * 0 or less when no window fits: see `checkWindows`. Example: `outputSize(6, 4, 2, 1, "same") // 3`
 */
export function outputSize(n: number, k: number, stride: number, dilation: number, padding: Padding): number {
  return padding === "valid" ? Math.floor((n - reach(k, dilation)) / stride) + 1 : Math.ceil(n / stride);
}

/**
 * The cells to add before and behind an axis of `n` cells: `[lo, hi]`, each ≥ 0.
 *
 * same: what the last window needs, half on each side, the odd one behind; causal: all before. Example: `pads(6, 4, 2, 1, "same") // [1, 1]`
 */
export function pads(n: number, k: number, stride: number, dilation: number, padding: Padding): [lo: number, hi: number] {
  switch (padding) {
    case "valid":
      return [0, 0];
    case "causal":
      return [reach(k, dilation) - 1, 0];
    case "same": {
      const total = Math.max(0, (outputSize(n, k, stride, dilation, padding) - 1) * stride + reach(k, dilation) - n);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    }
  }
}

/**
 * How long a transposed convolution makes an axis of `n` cells, and how many cells of the full result it cuts off in front.
 *
 * The full result, in which cell i adds to the `reach` cells from i·stride on, has (n − 1)·stride + reach cells. valid keeps all of it and
 * adds `outputPadding` zeros behind (by default so many that cells without an input get their stride); same is n·stride long by default.
 * Example: `transposedSize(3, 4, 2, 1, "same", null) // { size: 6, cut: 1 }`
 */
export function transposedSize(
  n: number,
  k: number,
  stride: number,
  dilation: number,
  padding: Exclude<Padding, "causal">,
  outputPadding: number | null,
): { size: number; cut: number } {
  const far = reach(k, dilation);
  const start = (n - 1) * stride;
  if (padding === "valid")
    return { size: start + (outputPadding === null ? Math.max(far, stride) : far + outputPadding), cut: 0 };
  const odd = far % 2;
  const [size, around] =
    outputPadding === null ? [n * stride, stride + far - 2] : [start + odd + outputPadding, far + odd - 2 + outputPadding];
  return { size, cut: far - 1 - Math.min(Math.ceil(around / 2), far - 1) };
}

/** Windows along several axes: one entry per axis. */
export interface Windows {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: Padding;
}

/**
 * Does at least one window fit along every axis? Unknown sizes (null) pass.
 *
 * `shape` is what the message shows, by default `space`, the sizes of the axes that windows move along. Errors: `ShapeError`.
 */
export function checkWindows(
  where: string,
  space: readonly (number | null)[],
  { sizes, strides, dilations, padding }: Windows,
  shape: readonly (number | null)[] = space,
): void {
  space.forEach((n, i) => {
    if (n === null || outputSize(n, sizes[i]!, strides[i]!, dilations[i]!, padding) > 0) return;
    const far = reach(sizes[i]!, dilations[i]!);
    throw new ShapeError(
      `${where}: the output size would be zero or negative: an input of shape ${shapeOf(shape)} has ${n} cells where a window reaches over ${far} (size ${sizes[i]}, dilation ${dilations[i]}, padding "${padding}"). ` +
        `Make the window smaller, or the input larger${padding === "valid" && n > 0 ? ', or use padding "same"' : ""}.`,
    );
  });
}

/**
 * `transposedSize` for each axis; null where the size is unknown.
 *
 * Errors: `ShapeError` when an axis would have no cells; `shape` is what the message shows.
 */
export function transposedSizes(
  where: string,
  space: readonly (number | null)[],
  { sizes, strides, dilations, padding }: Windows,
  outputPadding: readonly number[] | null,
  shape: readonly (number | null)[] = space,
): ({ size: number; cut: number } | null)[] {
  return space.map((n, i) => {
    if (n === null) return null;
    const kind = padding === "same" ? "same" : "valid";
    const axis = transposedSize(n, sizes[i]!, strides[i]!, dilations[i]!, kind, outputPadding?.[i] ?? null);
    if (axis.size > 0) return axis;
    throw new ShapeError(
      `${where}: the output size would be zero or negative: an input of shape ${shapeOf(shape)}, a window of ${shapeOf(sizes)}, padding "${padding}". ` +
        "Make the input, the window or outputPadding larger.",
    );
  });
}

const shapeOf = (shape: readonly (number | null)[]): string => `[${shape.map((d) => d ?? "null").join(", ")}]`;

/**
 * A number for all axes, or one per axis: whole, and at least `min` (1 unless said).
 *
 * `name` begins the message: `"Conv2D: kernelSize"`. Errors: `ValueError`. Example: `normalizeTuple("x: size", 3, 2) // [3, 3]`
 */
export function normalizeTuple(name: string, value: unknown, rank: number, options: { min?: number } = {}): number[] {
  const { min = 1 } = options;
  const values: unknown[] = typeof value === "number" ? Array<number>(rank).fill(value) : Array.isArray(value) ? [...value] : [];
  const good = values.length === rank && values.every((v) => typeof v === "number" && Number.isInteger(v) && v >= min);
  if (good) return values as number[];
  const wanted = `whole number${rank === 1 ? "" : "s"} ≥ ${min}`;
  throw new ValueError(
    `${name} must be ${rank === 1 ? `a ${wanted}` : `a whole number ≥ ${min} or an array of ${rank} ${wanted}`}, received ${JSON.stringify(value) ?? "undefined"}.`,
  );
}

/** One of the paddings, in any case ("SAME"). Errors: `ValueError` that lists the allowed ones. */
export function paddingOf<T extends Padding>(where: string, padding: unknown, allowed: readonly T[]): T {
  const given = typeof padding === "string" ? padding.toLowerCase() : padding;
  if (given === "causal" && !(allowed as readonly string[]).includes(given)) {
    throw new ValueError(
      `${where}: padding "causal" looks back along time, which only Conv1D does; use ${allowed.map((p) => `"${p}"`).join(" or ")}.`,
    );
  }
  return oneOf(where, "padding", given as T, allowed);
}

/** The data format, in any case; null and undefined are `"channels_last"`. Errors: `ValueError`. */
export function dataFormatOf(where: string, format: unknown): DataFormat {
  const given = typeof format === "string" ? format.toLowerCase() : (format ?? "channels_last");
  return oneOf<DataFormat>(where, "dataFormat", given as DataFormat, ["channels_last", "channels_first"]);
}

/** The axes of a shape that windows move along: all but the batch and the channels. */
export const spaceOf = <D>(shape: readonly D[], format: DataFormat): D[] =>
  format === "channels_last" ? shape.slice(1, -1) : shape.slice(2);

/** The axis of channels. */
export const channelAxis = (ndim: number, format: DataFormat): number => (format === "channels_last" ? ndim - 1 : 1);

/** `body(x)` for a body that takes and returns channels last: `channels_first` is turned before and back behind it. */
export function channelsLast(x: Tensor, format: DataFormat, body: (x: Tensor) => Tensor): Tensor {
  if (format === "channels_last") return body(x);
  const y = body(transposeTo(x, toLast(x.ndim)));
  return transposeTo(y, toFirst(y.ndim));
}

/** [batch, channels, space…] → [batch, space…, channels]. */
const toLast = (ndim: number): number[] => [0, ...Array.from({ length: ndim - 2 }, (_, i) => i + 2), 1];
/** [batch, space…, channels] → [batch, channels, space…]. */
const toFirst = (ndim: number): number[] => [0, ndim - 1, ...Array.from({ length: ndim - 2 }, (_, i) => i + 1)];

/**
 * The cells that windows see at each of their places: for every place, in row-major order, what is there in all windows.
 *
 * `t` is already padded; windows move along the axes from `first` on. Each result has the sizes `counts` (windows per axis) there.
 */
export function tapsOf(
  t: Tensor,
  first: number,
  { sizes, strides, dilations }: Omit<Windows, "padding">,
  counts: readonly number[],
): Tensor[] {
  return sizes.reduce<Tensor[]>(
    (parts, k, i) =>
      parts.flatMap((part) =>
        Array.from({ length: k }, (_, at) => sliceAxis(part, first + i, at * dilations[i]!, counts[i]!, strides[i]!)),
      ),
    [t],
  );
}

/** A batch with channels and one to three axes of space. Errors: `ShapeError`. */
export function checkRank(where: string, x: Tensor, format: DataFormat): Tensor {
  if (x.ndim >= 3 && x.ndim <= 5) return x;
  const expected = format === "channels_last" ? "[batch, …space, channels]" : "[batch, channels, …space]";
  throw new ShapeError(
    `${where}: expected inputs ${expected} with one to three axes of space, received shape ${showShape(x.shape)}.`,
  );
}
