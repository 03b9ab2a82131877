// What the other ops stand on: how axes are read, and casts, reshapes and selections on tensors at hand.

import { apply } from "../core/apply.js";
import { allocate, coreDType, type DType, dtypeCode, type EdgeDType } from "../core/dtype.js";
import { ShapeError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { currentTrace, sizeOf, Tensor, type TensorLike, tensor } from "../tensor.js";

/** Sizes of the axes, outermost first. */
export type Shape = readonly number[];
/** One axis, several, or null for all; negative ones count from the end. */
export type Axis = number | readonly number[] | null;

/** A shape as messages show it. */
export const showShape = (shape: Shape): string => `[${shape.map(String).join(", ")}]`;

/** An axis as an index from the front. Errors: `ShapeError` when it is not an axis of the tensor. */
export function axisOf(where: string, axis: number, ndim: number): number {
  const at = axis < 0 ? axis + ndim : axis;
  if (Number.isInteger(axis) && at >= 0 && at < ndim) return at;
  if (!Number.isInteger(axis)) throw new ValueError(`${where}: an axis is a whole number, received ${String(axis)}.`);
  throw new ShapeError(
    ndim === 0
      ? `${where}: axis ${axis} of a scalar: it has no axes.`
      : `${where}: axis ${axis} is out of range; a tensor of ${ndim} axes has -${ndim} … ${ndim - 1}.`,
  );
}

/** Several axes, ascending, each once; null or undefined are all. */
export function axesOf(where: string, axis: Axis | undefined, ndim: number): number[] {
  if (axis === null || axis === undefined) return Array.from({ length: ndim }, (_, i) => i);
  const axes = (typeof axis === "number" ? [axis] : [...axis]).map((a) => axisOf(where, a, ndim)).sort((a, b) => a - b);
  if (axes.some((a, i) => a === axes[i + 1])) throw new ValueError(`${where}: axes ${JSON.stringify(axis)} name an axis twice.`);
  return axes;
}

/** The axes that are not in `axes`. */
export const otherAxes = (axes: readonly number[], ndim: number): number[] =>
  Array.from({ length: ndim }, (_, i) => i).filter((i) => !axes.includes(i));

/** `shape` with 1 at the given axes. */
export const keptShape = (shape: Shape, axes: readonly number[]): number[] => shape.map((n, i) => (axes.includes(i) ? 1 : n));

/** One of a few words. Errors: `ValueError` that lists them. */
export function oneOf<T extends string>(where: string, option: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw new ValueError(
    `${where}: ${option} is one of ${allowed.map((a) => JSON.stringify(a)).join(", ")}, received ${JSON.stringify(value)}.`,
  );
}

/** A whole number that must be known while tracing. Errors: `ValueError`. */
export function wholeNumber(where: string, name: string, value: unknown, least = 0): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least) return value;
  throw new ValueError(`${where}: ${name} is a whole number ≥ ${least}, received ${String(value)}.`);
}

/**
 * The values in another element type; nothing happens when it is the same.
 *
 * Floats are cut towards zero on the way to integers; NaN and what int32 cannot hold give −2147483648. To bool: `x ≠ 0`, NaN is true.
 * Names of narrower types give the type of the core that holds them (`float16` → float32). Errors: `DTypeError` for an unknown name.
 * Example: `ops.cast([1.7, -1.7], "int32") // [1, -1]`
 */
export const cast = op("cast", (x: TensorLike, dtype: EdgeDType): Tensor => {
  const t = tensor(x);
  const to = coreDType(dtype);
  return t.dtype === to ? t : apply("cast", [t], { ints: [dtypeCode(to)] });
});

/** `x` as float32. */
export const float = (x: TensorLike): Tensor => cast(x, "float32");

/** `x` as indices: int32, whatever the numbers came as. */
export const indices = (x: TensorLike): Tensor => cast(x, "int32");

/** The same elements under other sizes, which are known and fit. */
export const reshapeTo = (t: Tensor, shape: Shape): Tensor =>
  sameShape(t.shape, shape) ? t : apply("reshape", [t], { ints: shape });

/** Axis i of the result is axis `order[i]`. */
export const transposeTo = (t: Tensor, order: readonly number[]): Tensor =>
  order.every((a, i) => a === i) ? t : apply("transpose", [t], { ints: order });

/** The tensor spread to a shape that it is known to broadcast to. */
export const broadcast = (t: Tensor, shape: Shape): Tensor =>
  sameShape(t.shape, shape) ? t : apply("broadcast", [t], { ints: shape });

/** Do two shapes agree? */
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

/** The shape of `a ∘ b` under NumPy's rule. Errors: `ShapeError`. */
export function broadcastShapes(where: string, a: Shape, b: Shape): number[] {
  const ndim = Math.max(a.length, b.length);
  return Array.from({ length: ndim }, (_, i) => {
    const x = a[i - ndim + a.length] ?? 1;
    const y = b[i - ndim + b.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new ShapeError(
      `${where}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast: aligned at the end, sizes must agree or be 1.`,
    );
  });
}

/** Where the condition is true the first, else the second. */
export const choose = (condition: TensorLike, a: TensorLike, b: TensorLike): Tensor => apply("select", [condition, a, b]);

/** 0, 1, … n − 1. */
export const iota = (n: number): Tensor =>
  new Tensor(
    Int32Array.from({ length: n }, (_, i) => i),
    [n],
  );

/** A tensor of one number: in a trace a scalar spread out, which costs nothing there; else an array, for which no program has to be compiled. */
export function filled(shape: Shape, value: number, dtype: DType): Tensor {
  if (!currentTrace()) {
    const number = dtype === "bool" ? Number(value !== 0) : value;
    return new Tensor(allocate(dtype, sizeOf(shape)).fill(number), shape, { dtype });
  }
  const one = new Tensor([value], [], { dtype });
  return shape.length === 0 ? one : apply("broadcast", [one], { ints: shape });
}

/** A part of one axis: `size` elements from `start` in steps of `step`. */
export function sliceAxis(t: Tensor, axis: number, start: number, size: number, step = 1): Tensor {
  if (start === 0 && size === t.shape[axis] && step === 1) return t;
  const ints = t.shape.flatMap((n, i) => (i === axis ? [size === 0 ? 0 : start, size, step] : [0, n, 1]));
  return apply("slice", [t], { ints });
}

/** The smallest and largest number of a type: the identities of max and min. */
export const LOWEST: Record<DType, number> = { float32: -Infinity, int32: -2147483648, uint32: 0, bool: 0 };
export const HIGHEST: Record<DType, number> = { float32: Infinity, int32: 2147483647, uint32: 4294967295, bool: 1 };
