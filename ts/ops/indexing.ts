// Choosing by position and by condition: take, slices, where, one-hot.

import { apply } from "../core/apply.js";
import type { EdgeDType } from "../core/dtype.js";
import { checkOptions, ShapeError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { sizeOf, Tensor, type TensorLike, tensor } from "../tensor.js";
import {
  indices as asIndices,
  axisOf,
  broadcast,
  broadcastShapes,
  cast,
  choose,
  filled,
  iota,
  reshapeTo,
  type Shape,
  showShape,
  transposeTo,
  wholeNumber,
} from "./basics.js";
import { nonzero } from "./dynamic.js";
import { reduce } from "./reduction.js";
import { expandDims, ravel } from "./view.js";

/** What `gather` does outside the table: see `crates/graph/src/ops/index.rs`. */
const FILL = 0;

/**
 * Slices at indices along an axis; without axis the elements in a row: `x: [a, n, b], indices: [i…] → [a, i…, b]` for axis 1.
 *
 * Negative indices count from the end; outside the axis the result is NaN (the smallest int32 for integers), as on JAX.
 * Gradients add up where an index repeats. Example: `ops.take([5, 6, 7], [2, 0]) // [7, 5]`
 */
export const take = op("take", (x: TensorLike, indices: TensorLike, options: { axis?: number | null } = {}): Tensor => {
  checkOptions("take", options, ["axis"]);
  const { axis = null } = options;
  const t = axis === null ? ravel(x) : tensor(x);
  const at = axisOf("take", axis ?? 0, t.ndim);
  const index = asIndices(indices);
  const order = [at, ...t.shape.map((_, i) => i).filter((i) => i !== at)];
  const y = apply("gather", [transposeTo(t, order), index], { ints: [FILL] });
  // [index…, before…, behind…] → [before…, index…, behind…]
  const k = index.ndim;
  const back = y.shape.map((_, i) => i);
  return transposeTo(y, [...back.slice(k, k + at), ...back.slice(0, k), ...back.slice(k + at)]);
});

/**
 * For each place along an axis the element that the index at that place names; without axis the elements in a row.
 *
 * `x: [a, n], indices: [a, m] → [a, m]` for axis 1; other axes broadcast. Outside: NaN, as `take`.
 * Example: `ops.takeAlongAxis([[5, 6], [7, 8]], [[1], [0]], { axis: 1 }) // [[6], [7]]`
 */
export const takeAlongAxis = op(
  "takeAlongAxis",
  (x: TensorLike, indices: TensorLike, options: { axis?: number | null } = {}): Tensor => {
    checkOptions("takeAlongAxis", options, ["axis"]);
    const { axis = null } = options;
    if (axis === null) return take(x, ravel(indices));
    const [t, given] = [tensor(x), asIndices(indices)];
    if (t.ndim !== given.ndim) {
      throw new ShapeError(
        `takeAlongAxis: the indices need as many axes as the tensor: ${showShape(given.shape)} for ${showShape(t.shape)}.`,
      );
    }
    const at = axisOf("takeAlongAxis", axis, t.ndim);
    const last = [...t.shape.map((_, i) => i).filter((i) => i !== at), at];
    const back = t.shape.map((_, i) => (i < at ? i : i === at ? t.ndim - 1 : i - 1));
    return transposeTo(takeLast(transposeTo(t, last), transposeTo(given, last)), back);
  },
);

/** @internal `takeAlongAxis` for the last axis. */
export function takeLast(t: Tensor, given: Tensor): Tensor {
  const [n, m] = [t.shape.at(-1)!, given.shape.at(-1)!];
  const lead = broadcastShapes("takeAlongAxis", t.shape.slice(0, -1), given.shape.slice(0, -1));
  const rows = sizeOf(lead);
  const table = reshapeTo(broadcast(t, [...lead, n]), [rows * n]);
  const index = reshapeTo(broadcast(given, [...lead, m]), [rows, m]);
  const counted = choose(apply("less", [index, 0]), apply("add", [index, n]), index);
  const inside = apply("logical_and", [apply("greater_equal", [counted, 0]), apply("less", [counted, n])]);
  const starts = new Tensor(
    Int32Array.from({ length: rows }, (_, i) => i * n),
    [rows, 1],
  );
  const flat = choose(inside, apply("add", [counted, starts]), rows * n);
  return reshapeTo(apply("gather", [table, flat], { ints: [FILL] }), [...lead, m]);
}

/** One part of a key of `getItem`: an index, a stretch, `null` for a new axis, `"..."` for all axes that are left, or a tensor of indices. */
export type Key = number | null | "..." | Tensor | { start?: number | null; stop?: number | null; step?: number | null };

/**
 * `x[key]` as in Python: `ops.getItem(x, [0, { start: 1, step: 2 }, "..."])` is `x[0, 1::2, ...]`. Bounds are cut to the axis as in Python.
 *
 * Errors: `ShapeError` for an index outside its axis or too many parts. Example: `ops.getItem([5, 6, 7], -1) // 7`
 */
export const getItem = op("getItem", (x: TensorLike, key: Key | readonly Key[]): Tensor => {
  const t = tensor(x);
  const parts = (Array.isArray(key) ? [...key] : [key]) as Key[];
  const used = parts.filter((p) => p !== null && p !== "...").length;
  if (used > t.ndim) throw new ShapeError(`getItem: ${used} indices for the ${t.ndim} axes of shape ${showShape(t.shape)}.`);
  if (parts.filter((p) => p === "...").length > 1) throw new ValueError('getItem: a key has one "..." at most.');
  const dots = parts.indexOf("...");
  parts.splice(dots < 0 ? parts.length : dots, dots < 0 ? 0 : 1, ...Array<Key>(t.ndim - used).fill({}));
  const ints: number[] = [];
  const sizes: number[] = [];
  const gathers: [number, Tensor][] = [];
  for (const part of parts) {
    const n = t.shape[ints.length / 3]!;
    if (part === null) sizes.push(1);
    else if (part instanceof Tensor) {
      gathers.push([sizes.length, part]);
      ints.push(0, n, 1);
      sizes.push(n);
    } else if (typeof part === "number") {
      const i = part < 0 ? part + n : part;
      if (!Number.isInteger(part) || i < 0 || i >= n)
        throw new ShapeError(`getItem: index ${part} is outside axis ${ints.length / 3} of shape ${showShape(t.shape)}.`);
      ints.push(i, 1, 1);
    } else {
      const [start, size, step] = stretch(part as Exclude<Key, number | string | Tensor | null>, n);
      ints.push(start, size, step);
      sizes.push(size);
    }
  }
  if (gathers.length > 1)
    throw new ValueError("getItem: a key holds one tensor of indices at most; take the axes one after the other.");
  const whole = ints.every((v, i) => v === (i % 3 === 0 ? 0 : i % 3 === 1 ? t.shape[(i - 1) / 3] : 1));
  const y = reshapeTo(whole ? t : apply("slice", [t], { ints }), sizes);
  return gathers.reduce((z, [axis, index]) => take(z, index, { axis }), y);
});

/** Start, size and step of a Python slice on an axis of n. */
function stretch(
  part: { start?: number | null; stop?: number | null; step?: number | null },
  n: number,
): [number, number, number] {
  const step = part.step ?? 1;
  if (!Number.isInteger(step) || step === 0) throw new ValueError(`getItem: a step is a whole number but 0, received ${step}.`);
  const bound = (v: number | null | undefined, otherwise: number): number => {
    if (v === null || v === undefined) return otherwise;
    return Math.max(step > 0 ? 0 : -1, Math.min(step > 0 ? n : n - 1, v < 0 ? v + n : v));
  };
  const start = bound(part.start, step > 0 ? 0 : n - 1);
  const stop = bound(part.stop, step > 0 ? n : -1);
  const size = Math.max(0, Math.ceil((stop - start) / step));
  return [size === 0 ? 0 : start, size, step];
}

/** Starts as numbers where they are known, cut so that the block lies inside, as XLA does. */
function knownStarts(start: readonly number[] | TensorLike): number[] | null {
  if (Array.isArray(start) && start.every((s) => typeof s === "number")) return start as number[];
  const t = tensor(start as TensorLike);
  return t.isTraced ? null : Array.from(t.data);
}
const cut = (start: number, n: number, size: number): number => Math.max(0, Math.min(n - size, start < 0 ? start + n : start));

/**
 * The block of the given shape from `startIndices` on; one that would stick out is moved inside, as XLA does.
 *
 * `startIndices` may be a traced tensor. Errors: `ShapeError` for a block larger than the tensor.
 * Example: `ops.slice([1, 2, 3, 4], [1], [2]) // [2, 3]`
 */
export const slice = op("slice", (inputs: TensorLike, startIndices: readonly number[] | TensorLike, shape: Shape): Tensor => {
  const t = tensor(inputs);
  fits("slice", shape, t.shape);
  const starts = knownStarts(startIndices);
  if (!starts) {
    const start = asIndices(startIndices as TensorLike);
    return shape.reduce(
      (y, size, axis) => take(y, apply("add", [iota(size), startAt(start, axis, t.shape[axis]!, size)]), { axis }),
      t,
    );
  }
  return apply("slice", [t], {
    ints: shape.flatMap((size, i) => [size === 0 ? 0 : cut(starts[i] ?? 0, t.shape[i]!, size), size, 1]),
  });
});

function fits(where: string, block: Shape, shape: Shape): void {
  if (block.length === shape.length && block.every((n, i) => n >= 0 && n <= shape[i]!)) return;
  throw new ShapeError(`${where}: a block of shape ${showShape(block)} does not fit into a tensor of shape ${showShape(shape)}.`);
}

/** A traced start on one axis, cut. */
function startAt(start: Tensor, axis: number, n: number, size: number): Tensor {
  const s = apply("gather", [start, filled([], axis, "int32")], { ints: [FILL] });
  const counted = choose(apply("less", [s, 0]), apply("add", [s, n]), s);
  return apply("minimum", [apply("maximum", [counted, 0]), n - size]);
}

/**
 * `inputs` with a block replaced by `updates` from `startIndices` on; a block that would stick out is moved inside.
 *
 * Errors: `ShapeError` for updates larger than the tensor. Example: `ops.sliceUpdate([1, 2, 3], [1], [9]) // [1, 9, 3]`
 */
export const sliceUpdate = op(
  "sliceUpdate",
  (inputs: TensorLike, startIndices: readonly number[] | TensorLike, updates: TensorLike): Tensor => {
    const t = tensor(inputs);
    const block = cast(updates, t.dtype);
    fits("sliceUpdate", block.shape, t.shape);
    const starts = knownStarts(startIndices);
    if (starts) {
      const ints = block.shape.flatMap((size, i) => {
        const low = cut(starts[i] ?? 0, t.shape[i]!, size);
        return [low, t.shape[i]! - size - low, 0];
      });
      const inside = apply("pad", [filled(block.shape, 1, "bool")], { ints, floats: [0] });
      return choose(inside, apply("pad", [block], { ints, floats: [0] }), t);
    }
    // Every place of the result asks which place of the block lies there.
    const start = asIndices(startIndices as TensorLike);
    let inside: Tensor | undefined;
    let spread = block;
    t.shape.forEach((n, axis) => {
      const size = block.shape[axis]!;
      if (size === 0) return;
      const at = apply("subtract", [iota(n), startAt(start, axis, n, size)]);
      const here = apply("logical_and", [apply("greater_equal", [at, 0]), apply("less", [at, size])]);
      const own = reshapeTo(
        here,
        t.shape.map((_, i) => (i === axis ? n : 1)),
      );
      inside = inside ? apply("logical_and", [inside, own]) : own;
      spread = take(spread, apply("minimum", [apply("maximum", [at, 0]), size - 1]), { axis });
    });
    return inside && sizeOf(block.shape) > 0 ? choose(inside, spread, t) : t;
  },
);

/**
 * Where the condition is true (≠ 0) `x1`, else `x2`; all three broadcast. With the condition alone: where it is true (`nonzero`).
 *
 * NOTE a NaN of the derivative on the side that is not chosen still spoils the gradient (0 · NaN): make that side harmless first,
 * `ops.where(ok, ops.sqrt(ops.where(ok, x, 1)), 0)`.
 * Example: `ops.where([true, false], [1, 2], 0) // [1, 0]`
 */
export const where = op("where", whereOrNonzero) as {
  (condition: TensorLike): Tensor[];
  (condition: TensorLike, x1: TensorLike, x2: TensorLike): Tensor;
  (condition: TensorLike, options: { x1: TensorLike; x2: TensorLike }): Tensor;
};

function whereOrNonzero(
  condition: TensorLike,
  x1?: TensorLike | { x1: TensorLike; x2: TensorLike },
  x2?: TensorLike,
): Tensor | Tensor[] {
  if (typeof x1 === "object" && x1 !== null && "x1" in x1) {
    checkOptions("where", x1, ["x1", "x2"]);
    return choose(condition, x1.x1, x1.x2);
  }
  if (x1 === undefined && x2 === undefined) return nonzero(condition);
  if (x1 === undefined || x2 === undefined) throw new ValueError("where: give both x1 and x2, or neither.");
  return choose(condition, x1 as TensorLike, x2);
}

/** At each place the first choice whose condition is true, else `default`. `ops.select([[true, false]], [[1, 2]], 9) // [1, 9]` */
export const select = op(
  "select",
  (
    condlist: readonly TensorLike[],
    choicelist: readonly TensorLike[],
    options: { default?: TensorLike } | number | Tensor = {},
  ): Tensor => {
    if (condlist.length === 0 || condlist.length !== choicelist.length) {
      throw new ValueError(`select: needs as many conditions as choices, received ${condlist.length} and ${choicelist.length}.`);
    }
    const plain = typeof options === "number" || options instanceof Tensor;
    if (!plain) checkOptions("select", options, ["default"]);
    const otherwise: TensorLike = plain ? options : (options.default ?? 0);
    return condlist.reduceRight<TensorLike>((y, condition, i) => choose(condition, choicelist[i]!, y), otherwise) as Tensor;
  },
);

export interface OneHotOptions {
  /** Where the new axis of classes goes. */
  axis?: number;
  dtype?: EdgeDType | null;
  sparse?: boolean;
}

/** 1 at the class, 0 elsewhere; a class outside is all zeros: `[…] → […, numClasses]`. `ops.oneHot([1, 0], 2) // [[0, 1], [1, 0]]` */
export const oneHot = op("oneHot", (x: TensorLike, numClasses: number, options: OneHotOptions = {}): Tensor => {
  checkOptions("oneHot", options, ["axis", "dtype", "sparse"]);
  dense("oneHot", options.sparse);
  const classes = asIndices(x);
  const axis = axisOf("oneHot", options.axis ?? -1, classes.ndim + 1);
  const n = wholeNumber("oneHot", "numClasses", numClasses);
  const row = reshapeTo(
    iota(n),
    Array.from({ length: classes.ndim + 1 }, (_, i) => (i === axis ? n : 1)),
  );
  return cast(apply("equal", [expandDims(classes, axis), row]), options.dtype ?? "float32");
});

/**
 * 1 at each class that occurs in the last axis: `[batch, tokens] → [batch, numClasses]`; the number may stand alone or be an option.
 *
 * Example: `ops.multiHot([2, 0], 3) // [1, 0, 1]`
 */
export const multiHot = op(
  "multiHot",
  (inputs: TensorLike, numClasses: number | (OneHotOptions & { numClasses: number }), options: OneHotOptions = {}): Tensor => {
    const { numClasses: n, ...given } = typeof numClasses === "object" ? numClasses : { numClasses, ...options };
    checkOptions("multiHot", given, ["axis", "dtype", "sparse"]);
    const t = tensor(inputs);
    const tokens = t.ndim === 0 ? ravel(t) : t;
    const hot = oneHot(tokens, wholeNumber("multiHot", "numClasses", n), given);
    // The axis of tokens is the last but for the classes, which may have been put before it.
    const classes = axisOf("multiHot", given.axis ?? -1, hot.ndim);
    return reduce("max", hot, classes === hot.ndim - 1 ? hot.ndim - 2 : hot.ndim - 1);
  },
);

function dense(where: string, sparse: boolean | undefined): void {
  if (sparse) throw new ValueError(`${where}: sparse tensors do not exist here; leave \`sparse\` away.`);
}

/** Is each element of `x1` among those of `x2`? `ops.isin([1, 2], [2, 5]) // [false, true]` */
export const isin = op(
  "isin",
  (x1: TensorLike, x2: TensorLike, options: { assumeUnique?: boolean; invert?: boolean } = {}): Tensor => {
    checkOptions("isin", options, ["assumeUnique", "invert"]);
    const found = reduce("any", apply("equal", [expandDims(x1, -1), ravel(x2)]), -1);
    return options.invert ? apply("logical_not", [found]) : found;
  },
);

/** Flat indices as coordinates: one tensor per axis. `ops.unravelIndex([5], [2, 3]) // [[1], [2]]` */
export const unravelIndex = op("unravelIndex", (indices: TensorLike, shape: Shape): Tensor[] => {
  const flat = asIndices(indices);
  let stride = sizeOf(shape);
  return shape.map((n) => {
    stride = n === 0 ? 0 : stride / n;
    return apply("floor_mod", [apply("floor_divide", [flat, Math.max(1, stride)]), Math.max(1, n)]);
  });
});
