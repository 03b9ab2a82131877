// Convolutions: plain, transposed, depthwise, separable; and windows unfolded into columns, and folded back.

import { apply } from "../core/apply.js";
import { checkOptions, ShapeError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import { float, reshapeTo, showShape, sliceAxis } from "./basics.js";
import {
  channelsLast,
  checkRank,
  checkWindows,
  type DataFormat,
  dataFormatOf,
  normalizeTuple,
  outputSize,
  paddingOf,
  pads,
  reach,
  spaceOf,
  tapsOf,
  transposedSizes,
  type Windows,
} from "./window.js";

/** One number for all axes of space, or one for each. */
export type PerAxis = number | readonly number[];

export interface ConvOptions {
  /** How far windows are apart. */
  strides?: PerAxis;
  padding?: "valid" | "same" | "VALID" | "SAME";
  dataFormat?: DataFormat | null;
  /** How far the cells of a window are apart. */
  dilationRate?: PerAxis;
}
export interface ConvTransposeOptions extends ConvOptions {
  /** Cells more at the end; null makes the result as long as its name says: n·stride for same. */
  outputPadding?: PerAxis | null;
}

const CONV_OPTIONS = ["strides", "padding", "dataFormat", "dilationRate"];

/**
 * `y[p, o] = Σ x[p·stride + j·dilation, c] · kernel[j, c, o]` over the cells j of a window and the channels c; the kernel is not flipped.
 *
 * inputs: `[batch, …space, channels]` (or channels first) with one to three axes of space, kernel: `[…window, channels / groups, filters]`
 * → `[batch, …space′, filters]`; there are as many groups as the kernel's channels fit into the input's. Outside of the input is 0.
 * Errors: `ShapeError` when channels do not divide or no window fits, `ValueError` for options.
 * Example: `ops.conv(ops.ones([1, 4, 1]), ops.ones([2, 1, 1])).shape // [1, 3, 1]`
 */
export const conv = op("conv", (inputs: TensorLike, kernel: TensorLike, options: ConvOptions = {}): Tensor => {
  const { x, w, windows, format } = read("conv", inputs, kernel, options);
  return channelsLast(x, format, (t) => convolve("conv", t, w, windows));
});

/**
 * One filter bank per channel: `y[p, c·m + i] = Σ x[p·stride + j·dilation, c] · kernel[j, c, i]`.
 *
 * kernel: `[…window, channels, multiplier m]` → `[batch, …space′, channels·m]`. All else as `conv`.
 * Example: `ops.depthwiseConv(ops.ones([1, 4, 3]), ops.ones([2, 3, 1])).shape // [1, 3, 3]`
 */
export const depthwiseConv = op("depthwiseConv", (inputs: TensorLike, kernel: TensorLike, options: ConvOptions = {}): Tensor => {
  const { x, w, windows, format } = read("depthwiseConv", inputs, kernel, options);
  return channelsLast(x, format, (t) => convolveDepthwise("depthwiseConv", t, w, windows));
});

/**
 * A depthwise convolution, then one with windows of a single cell: `pointwiseKernel: [1…, channels·m, filters]`.
 *
 * Example: `ops.separableConv(ops.ones([1, 4, 3]), ops.ones([2, 3, 1]), ops.ones([1, 3, 8])).shape // [1, 3, 8]`
 */
export const separableConv = op(
  "separableConv",
  (inputs: TensorLike, depthwiseKernel: TensorLike, pointwiseKernel: TensorLike, options: ConvOptions = {}): Tensor => {
    const { x, w, windows, format } = read("separableConv", inputs, depthwiseKernel, options);
    return channelsLast(x, format, (t) => convolveSeparable("separableConv", t, w, pointwiseKernel, windows));
  },
);

/**
 * The gradient of a convolution by its input, as an op: cell i adds `x[i, c] · kernel[j, o, c]` to cell i·stride + j·dilation.
 *
 * inputs: `[batch, …space, channels]`, kernel: `[…window, filters, channels]` → `[batch, …space′, filters]`. Lengths: valid (n − 1)·stride +
 * max(reach, stride), same n·stride; with `outputPadding` p valid (n − 1)·stride + reach + p, same (n − 1)·stride + reach mod 2 + p.
 * Errors: as `conv`. Example: `ops.convTranspose(ops.ones([1, 3, 1]), ops.ones([2, 1, 1]), { strides: 2 }).shape // [1, 6, 1]`
 */
export const convTranspose = op(
  "convTranspose",
  (inputs: TensorLike, kernel: TensorLike, options: ConvTransposeOptions = {}): Tensor => {
    const { outputPadding = null, ...rest } = options;
    const { x, w, windows, format } = read("convTranspose", inputs, kernel, rest, [...CONV_OPTIONS, "outputPadding"]);
    const more =
      outputPadding === null ? null : normalizeTuple("convTranspose: outputPadding", outputPadding, x.ndim - 2, { min: 0 });
    return channelsLast(x, format, (t) => convolveTransposed("convTranspose", t, w, windows, more));
  },
);

/** Arguments made uniform. Errors: `ValueError` for options, `ShapeError` for ranks that do not fit. */
function read(
  where: string,
  inputs: TensorLike,
  kernel: TensorLike,
  options: ConvOptions,
  known: readonly string[] = CONV_OPTIONS,
): { x: Tensor; w: Tensor; windows: Windows; format: DataFormat } {
  checkOptions(where, options, known);
  const { strides = 1, padding = "valid", dilationRate = 1 } = options;
  const format = dataFormatOf(where, options.dataFormat);
  const x = checkRank(where, float(inputs), format);
  const w = float(kernel);
  if (w.ndim !== x.ndim) {
    throw new ShapeError(
      `${where}: the kernel needs as many axes as the inputs, received kernel ${showShape(w.shape)} for inputs ${showShape(x.shape)}.`,
    );
  }
  const rank = x.ndim - 2;
  const windows = {
    sizes: w.shape.slice(0, rank),
    strides: normalizeTuple(`${where}: strides`, strides, rank),
    dilations: normalizeTuple(`${where}: dilationRate`, dilationRate, rank),
    padding: paddingOf(where, padding, ["valid", "same"]),
  };
  return { x, w, windows, format };
}

// ---- channels last, options read: what layers call

/** The core's numbers per axis: stride, dilation, cells before and behind. */
const perAxis = (space: readonly number[], { sizes, strides, dilations, padding }: Windows): number[][] =>
  space.map((n, i) => [strides[i]!, dilations[i]!, ...pads(n, sizes[i]!, strides[i]!, dilations[i]!, padding)]);

/** @internal `conv` of x: [batch, …space, channels]. */
export function convolve(where: string, x: Tensor, kernel: TensorLike, windows: Windows): Tensor {
  const w = tensor(kernel);
  const [channels, own] = [x.shape.at(-1)!, w.shape.at(-2)!];
  const groups = own === 0 ? Number(channels === 0) : channels / own;
  if (!Number.isInteger(groups) || (groups === 0 && channels > 0) || (groups > 0 && w.shape.at(-1)! % groups !== 0)) {
    throw new ShapeError(
      `${where}: channels do not fit: the inputs ${showShape(x.shape)} have ${channels}, a filter of the kernel ${showShape(w.shape)} takes ${own}. ` +
        "The input's channels must be a multiple of the filter's (that many groups), and the filters a multiple of the groups.",
    );
  }
  const space = spaceOf(x.shape, "channels_last");
  checkWindows(where, space, windows, x.shape);
  return apply("conv", [x, w], { ints: [Math.max(1, groups), ...perAxis(space, windows).flat()] });
}

/** @internal `depthwiseConv` of x: [batch, …space, channels]. */
export function convolveDepthwise(where: string, x: Tensor, kernel: TensorLike, windows: Windows): Tensor {
  const w = tensor(kernel);
  const [channels, multiplier] = w.shape.slice(-2) as [number, number];
  if (x.shape.at(-1) !== channels) {
    throw new ShapeError(
      `${where}: the inputs ${showShape(x.shape)} have ${x.shape.at(-1)} channels, the kernel ${showShape(w.shape)} is for ${channels}.`,
    );
  }
  return convolve(where, x, reshapeTo(w, [...w.shape.slice(0, -2), 1, channels * multiplier]), windows);
}

/** @internal `separableConv` of x: [batch, …space, channels]. */
export function convolveSeparable(
  where: string,
  x: Tensor,
  depthwiseKernel: TensorLike,
  pointwiseKernel: TensorLike,
  windows: Windows,
): Tensor {
  const point = tensor(pointwiseKernel);
  const ones = windows.sizes.map(() => 1);
  const [channels, multiplier] = tensor(depthwiseKernel).shape.slice(-2) as [number, number];
  if (point.ndim !== x.ndim || point.shape.slice(0, -2).some((k) => k !== 1) || point.shape.at(-2) !== channels * multiplier) {
    throw new ShapeError(
      `${where}: the pointwise kernel must be ${showShape([...ones, channels * multiplier])} and filters, received ${showShape(point.shape)}.`,
    );
  }
  const deep = convolveDepthwise(where, x, depthwiseKernel, windows);
  return convolve(where, deep, point, { sizes: ones, strides: ones, dilations: ones, padding: "valid" });
}

/** @internal `convTranspose` of x: [batch, …space, channels]. */
export function convolveTransposed(
  where: string,
  x: Tensor,
  kernel: TensorLike,
  windows: Windows,
  outputPadding: readonly number[] | null,
): Tensor {
  const w = tensor(kernel);
  const channels = x.shape.at(-1);
  if (channels !== w.shape.at(-1)) {
    throw new ShapeError(
      `${where}: the inputs ${showShape(x.shape)} have ${channels} channels, the kernel ${showShape(w.shape)} takes ${w.shape.at(-1)}: its last axis.`,
    );
  }
  const space = spaceOf(x.shape, "channels_last");
  const ints = transposedSizes(where, space, windows, outputPadding, x.shape).flatMap((axis, i) => {
    const { size, cut } = axis!;
    const [k, stride, dilation] = [windows.sizes[i]!, windows.strides[i]!, windows.dilations[i]!];
    return [stride, dilation, cut, (space[i]! - 1) * stride + reach(k, dilation) - cut - size, size];
  });
  return apply("conv_input", [x, w], { ints: [1, ...ints] });
}

// ---- windows as columns

export interface UnfoldOptions {
  dilation?: PerAxis;
  /** Zeros on both sides. */
  padding?: PerAxis;
  stride?: PerAxis;
}

const UNFOLD_OPTIONS = ["dilation", "padding", "stride"];

/** Rows and columns of the windows over an image of `space` cells. Errors: `ShapeError` when none fits. */
function grid(
  where: string,
  space: readonly number[],
  kernelSize: PerAxis,
  options: UnfoldOptions,
): { windows: Windows; around: number[]; counts: number[] } {
  checkOptions(where, options, UNFOLD_OPTIONS);
  const windows: Windows = {
    sizes: normalizeTuple(`${where}: kernelSize`, kernelSize, 2),
    strides: normalizeTuple(`${where}: stride`, options.stride ?? 1, 2),
    dilations: normalizeTuple(`${where}: dilation`, options.dilation ?? 1, 2),
    padding: "valid",
  };
  const around = normalizeTuple(`${where}: padding`, options.padding ?? 0, 2, { min: 0 });
  const padded = space.map((n, i) => n + 2 * around[i]!);
  checkWindows(where, padded, windows);
  const counts = padded.map((n, i) => outputSize(n, windows.sizes[i]!, windows.strides[i]!, windows.dilations[i]!, "valid"));
  return { windows, around, counts };
}

/**
 * The windows of images as columns: `x: [batch, channels, rows, columns] → [batch, channels · window, windows]`, as `torch.nn.Unfold`.
 *
 * Errors: `ShapeError` for another rank or when no window fits. Example: `ops.unfold(ops.ones([1, 2, 4, 4]), 2).shape // [1, 8, 9]`
 */
export const unfold = op("unfold", (x: TensorLike, kernelSize: PerAxis, options: UnfoldOptions = {}): Tensor => {
  const t = tensor(x);
  if (t.ndim !== 4)
    throw new ShapeError(`unfold: expected images [batch, channels, rows, columns], received shape ${showShape(t.shape)}.`);
  const [batch, channels, ...space] = t.shape as [number, number, number, number];
  const { windows, around, counts } = grid("unfold", space, kernelSize, options);
  const padded = around.every((p) => p === 0)
    ? t
    : apply("pad", [t], { ints: [0, 0, 0, 0, 0, 0, ...around.flatMap((p) => [p, p, 0])], floats: [0] });
  const taps = tapsOf(padded, 2, windows, counts).map((tap) => reshapeTo(tap, [batch, channels, 1, counts[0]! * counts[1]!]));
  return reshapeTo(apply("concatenate", taps, { ints: [2] }), [batch, channels * taps.length, counts[0]! * counts[1]!]);
});

/**
 * Columns put back where `unfold` took them, added where windows overlap: `[batch, channels · window, windows] → [batch, channels, rows, columns]`.
 *
 * Errors: `ShapeError` when the columns are not those of images of `outputSize`.
 * Example: `ops.fold(ops.ones([1, 8, 9]), [4, 4], 2).shape // [1, 2, 4, 4]`
 */
export const fold = op("fold", (x: TensorLike, outputSize: PerAxis, kernelSize: PerAxis, options: UnfoldOptions = {}): Tensor => {
  const t = tensor(x);
  const space = normalizeTuple("fold: outputSize", outputSize, 2);
  const { windows, around, counts } = grid("fold", space, kernelSize, options);
  const { sizes, strides, dilations } = windows;
  const cells = sizes[0]! * sizes[1]!;
  const [batch = 0, rows = 0] = t.shape;
  if (t.ndim !== 3 || rows % cells !== 0 || t.shape[2] !== counts[0]! * counts[1]!) {
    throw new ShapeError(
      `fold: expected [batch, channels · ${cells}, ${counts[0]! * counts[1]!}] for images of ${showShape(space)}, received shape ${showShape(t.shape)}.`,
    );
  }
  const channels = rows / cells;
  const taps = reshapeTo(t, [batch, channels, cells, ...counts]);
  const spread = Array.from({ length: cells }, (_, cell) => {
    const tap = reshapeTo(sliceAxis(taps, 2, cell, 1), [batch, channels, ...counts]);
    const at = [Math.floor(cell / sizes[1]!), cell % sizes[1]!];
    const ints = space.flatMap((n, i) => {
      const before = at[i]! * dilations[i]!;
      return [before, n + 2 * around[i]! - before - (counts[i]! - 1) * strides[i]! - 1, strides[i]! - 1];
    });
    return apply("pad", [tap], { ints: [0, 0, 0, 0, 0, 0, ...ints], floats: [0] });
  });
  const whole = spread.reduce((a, b) => apply("add", [a, b]));
  return space.reduce((image, n, i) => sliceAxis(image, i + 2, around[i]!, n), whole);
});
