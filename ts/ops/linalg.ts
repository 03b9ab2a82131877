// Products of vectors, matrices and batches of them, and norms.

import { apply } from "../core/apply.js";
import { promote } from "../core/dtype.js";
import { checkOptions, ShapeError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { sizeOf, type Tensor, type TensorLike, tensor } from "../tensor.js";
import {
  axesOf,
  axisOf,
  broadcast,
  broadcastShapes,
  cast,
  float,
  keptShape,
  reshapeTo,
  type Shape,
  showShape,
  transposeTo,
} from "./basics.js";
import { stack } from "./join.js";
import { type AxisOptions, reduce } from "./reduction.js";
import { expandDims, moveaxis, ravel } from "./view.js";

/**
 * The matrix product `Σₖ x1[…, i, k]·x2[…, k, j]`; leading axes are a batch and broadcast.
 *
 * Vectors stand for a row on the left and a column on the right, and their axis disappears. Integers give int32, exactly.
 * Errors: `ShapeError` when the inner sizes differ, or for a scalar. Example: `ops.matmul([[1, 2]], [[3], [4]]) // [[11]]`
 */
export const matmul = op("matmul", (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = [tensor(x1), tensor(x2)];
  if (a.ndim === 0 || b.ndim === 0) throw new ShapeError("matmul: a scalar has no rows or columns; use ops.multiply.");
  const left = a.ndim === 1 ? reshapeTo(a, [1, a.size]) : a;
  const right = b.ndim === 1 ? reshapeTo(b, [b.size, 1]) : b;
  const [m, k] = left.shape.slice(-2) as [number, number];
  const [rows, n] = right.shape.slice(-2) as [number, number];
  if (k !== rows) {
    throw new ShapeError(
      `matmul: inner sizes differ: ${showShape(a.shape)} · ${showShape(b.shape)} (${k} ≠ ${rows}). Was the layer built for another input?`,
    );
  }
  const [batchA, batchB] = [left.shape.slice(0, -2), right.shape.slice(0, -2)];
  const batch = broadcastShapes("matmul", batchA, batchB);
  const shape = [...batch, ...(a.ndim === 1 ? [] : [m]), ...(b.ndim === 1 ? [] : [n])];
  // One matrix on the right serves all rows of the batch: a single tall product.
  if (batchB.length === 0) return reshapeTo(product(reshapeTo(left, [sizeOf(batchA) * m, k]), right), shape);
  const flat = (t: Tensor, rows: number, columns: number): Tensor =>
    reshapeTo(broadcast(t, [...batch, rows, columns]), [sizeOf(batch), rows, columns]);
  return reshapeTo(product(flat(left, m, k), flat(right, k, n)), shape);
});

/** @internal `[m, k]·[k, n]`, or equally long batches of them. The core multiplies floats; integers are multiplied and summed up. */
export function product(a: Tensor, b: Tensor): Tensor {
  if (a.dtype === "float32" || b.dtype === "float32") return apply("dot", [a, b], { ints: [0, 0] });
  const [left, right] = [reshapeTo(a, [...a.shape, 1]), expandDims(b, -3)];
  const terms = apply("multiply", [left, right]);
  const sums = reduce("sum", terms, -2);
  return promote(a.dtype, b.dtype) === "bool" ? cast(sums, "bool") : sums;
}

/**
 * Vectors: `Σ x1·x2`; matrices: their product; a scalar: `multiply`; else `Σₖ x1[…, k]·x2[…, k, j]` over all pairs of leading axes.
 *
 * Example: `ops.dot([1, 2], [3, 4]) // 11`
 */
export const dot = op("dot", (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = [tensor(x1), tensor(x2)];
  if (a.ndim === 0 || b.ndim === 0) return apply("multiply", [a, b]);
  return contract("dot", a, b, [a.ndim - 1], [Math.max(0, b.ndim - 2)]);
});

/**
 * Sums of products over pairs of axes: over the last `axes` of `x1` and the first of `x2`, or over two lists of axes.
 *
 * The result has the other axes of `x1`, then those of `x2`. Example: `ops.tensordot(a, b, { axes: [[1, 2], [1, 0]] })`: [2, 3, 4], [4, 3, 5] → [2, 5].
 */
export const tensordot = op(
  "tensordot",
  (x1: TensorLike, x2: TensorLike, options: { axes?: number | readonly (number | readonly number[])[] } = {}): Tensor => {
    checkOptions("tensordot", options, ["axes"]);
    const { axes = 2 } = options;
    const [a, b] = [tensor(x1), tensor(x2)];
    if (typeof axes === "number") {
      if (!Number.isInteger(axes) || axes < 0 || axes > a.ndim || axes > b.ndim)
        throw new ShapeError(`tensordot: axes is at most the number of axes of both, received ${axes}.`);
      const count = Array.from({ length: axes }, (_, i) => i);
      return contract(
        "tensordot",
        a,
        b,
        count.map((i) => a.ndim - axes + i),
        count,
      );
    }
    const [left, right] = axes.map((list) => [list].flat()) as [number[], number[]];
    if (axes.length !== 2 || left.length !== right.length)
      throw new ValueError("tensordot: axes are two lists of one length: [axes of x1, axes of x2].");
    return contract("tensordot", a, b, left, right);
  },
);

function contract(where: string, a: Tensor, b: Tensor, axesA: readonly number[], axesB: readonly number[]): Tensor {
  axesOf(where, axesA, a.ndim);
  axesOf(where, axesB, b.ndim);
  const [inA, inB] = [axesA.map((x) => axisOf(where, x, a.ndim)), axesB.map((x) => axisOf(where, x, b.ndim))];
  const sizes = (t: Tensor, axes: readonly number[]): number[] => axes.map((x) => t.shape[x]!);
  if (showShape(sizes(a, inA)) !== showShape(sizes(b, inB))) {
    throw new ShapeError(
      `${where}: the axes that are summed over differ: ${showShape(sizes(a, inA))} of ${showShape(a.shape)}, ${showShape(sizes(b, inB))} of ${showShape(b.shape)}.`,
    );
  }
  const freeA = a.shape.map((_, i) => i).filter((i) => !inA.includes(i));
  const freeB = b.shape.map((_, i) => i).filter((i) => !inB.includes(i));
  const k = sizeOf(sizes(a, inA));
  const left = reshapeTo(transposeTo(a, [...freeA, ...inA]), [sizeOf(sizes(a, freeA)), k]);
  const right = reshapeTo(transposeTo(b, [...inB, ...freeB]), [k, sizeOf(sizes(b, freeB))]);
  return reshapeTo(product(left, right), [...sizes(a, freeA), ...sizes(b, freeB)]);
}

/** `Σₖ x1[…, k]·x2[…, k]` over all pairs of leading axes; scalars multiply. `ops.inner([1, 2], [3, 4]) // 11` */
export const inner = op("inner", (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = [tensor(x1), tensor(x2)];
  return a.ndim === 0 || b.ndim === 0 ? apply("multiply", [a, b]) : contract("inner", a, b, [a.ndim - 1], [b.ndim - 1]);
});

/** Every element of one times every of the other: `[n], [m] → [n, m]`. `ops.outer([1, 2], [3, 4]) // [[3, 4], [6, 8]]` */
export const outer = op("outer", (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = [ravel(x1), ravel(x2)];
  return apply("multiply", [reshapeTo(a, [a.size, 1]), reshapeTo(b, [1, b.size])]);
});

/** `Σ x1·x2` over all elements in a row. `ops.vdot([[1, 2]], [[3, 4]]) // 11` */
export const vdot = op("vdot", (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = [ravel(x1), ravel(x2)];
  if (a.size !== b.size) throw new ShapeError(`vdot: ${a.size} and ${b.size} elements; both need as many.`);
  return contract("vdot", a, b, [0], [0]);
});

export interface CrossOptions {
  axisa?: number;
  axisb?: number;
  axisc?: number;
  /** All three at once. */
  axis?: number | null;
}

/** The vector perpendicular to two of three numbers; vectors of two lie in the plane, and two such give a number. `ops.cross([1, 0, 0], [0, 1, 0]) // [0, 0, 1]` */
export const cross = op("cross", (x1: TensorLike, x2: TensorLike, options: CrossOptions = {}): Tensor => {
  checkOptions("cross", options, ["axisa", "axisb", "axisc", "axis"]);
  const axis = options.axis ?? null;
  const [a, b] = [moveaxis(x1, axis ?? options.axisa ?? -1, -1), moveaxis(x2, axis ?? options.axisb ?? -1, -1)];
  const [n, m] = [a.shape.at(-1)!, b.shape.at(-1)!];
  if (![2, 3].includes(n) || ![2, 3].includes(m))
    throw new ShapeError(`cross: vectors have 2 or 3 numbers, received ${n} and ${m}.`);
  const part = (t: Tensor, i: number): TensorLike =>
    i < t.shape.at(-1)!
      ? reshapeTo(
          apply("slice", [t], { ints: t.shape.flatMap((size, d) => (d === t.ndim - 1 ? [i, 1, 1] : [0, size, 1])) }),
          t.shape.slice(0, -1),
        )
      : 0;
  const minor = (i: number, j: number): Tensor =>
    apply("subtract", [apply("multiply", [part(a, i), part(b, j)]), apply("multiply", [part(a, j), part(b, i)])]);
  if (n === 2 && m === 2) return minor(0, 1);
  return stack([minor(1, 2), minor(2, 0), minor(0, 1)], { axis: axis ?? options.axisc ?? -1 });
});

/** Blocks: every element of `x1` times the whole of `x2`. `ops.kron([1, 2], [1, 1]) // [1, 1, 2, 2]` */
export const kron = op("kron", (x1: TensorLike, x2: TensorLike): Tensor => {
  const [a, b] = [tensor(x1), tensor(x2)];
  const ndim = Math.max(a.ndim, b.ndim);
  const full = (s: Shape): number[] => [...(Array(ndim - s.length).fill(1) as number[]), ...s];
  const [p, q] = [full(a.shape), full(b.shape)];
  const terms = apply("multiply", [
    reshapeTo(
      a,
      p.flatMap((n) => [n, 1]),
    ),
    reshapeTo(
      b,
      q.flatMap((n) => [1, n]),
    ),
  ]);
  return reshapeTo(
    terms,
    p.map((n, i) => n * q[i]!),
  );
});

export type NormOrder = number | "fro" | "nuc" | null;

/**
 * The norm of vectors (one axis) or matrices (two axes); without axis and order that of all elements in a row, `√Σ x²`.
 *
 * Vectors: `(Σ |x|^ord)^(1/ord)`, ±Infinity: the largest and smallest |x|, 0: how many are not 0. Matrices: `"fro"`, ±1 (column sums),
 * ±Infinity (row sums). Errors: `ValueError` for orders of matrices that need singular values (2, −2, "nuc").
 * Example: `ops.norm([3, 4]) // 5`
 */
export const norm = op("norm", (x: TensorLike, options: AxisOptions & { ord?: NormOrder } = {}): Tensor => {
  checkOptions("norm", options, ["ord", "axis", "keepdims"]);
  const { ord = null, axis = null, keepdims = false } = options;
  const t = float(x);
  const axes = axesOf("norm", axis, t.ndim);
  const size = apply("abs", [t]);
  const sum = (y: Tensor): Tensor => reduce("sum", y, axes, keepdims);
  const euclid = (): Tensor => apply("sqrt", [sum(apply("square", [t]))]);
  if (ord === null && (axis === null || axes.length <= 2)) return euclid();
  if (axes.length === 1) {
    if (typeof ord !== "number")
      throw new ValueError(`norm: order ${JSON.stringify(ord)} is one of matrices; vectors take a number.`);
    if (ord === Infinity) return reduce("max", size, axes, keepdims);
    if (ord === -Infinity) return reduce("min", size, axes, keepdims);
    if (ord === 0) return sum(float(apply("not_equal", [t, 0])));
    if (ord === 1) return sum(size);
    if (ord === 2) return euclid();
    return apply("power", [sum(apply("power", [size, ord])), 1 / ord]);
  }
  if (axes.length !== 2)
    throw new ShapeError(
      `norm: a norm of order ${ord} is one of vectors (one axis) or matrices (two), received ${axes.length} axes.`,
    );
  if (ord === "fro") return euclid();
  const order =
    ([axis].flat() as number[] | [null])[0] === null ? axes : ([axis].flat() as number[]).map((a) => axisOf("norm", a, t.ndim));
  const [row, column] = order as [number, number];
  const along = ord === 1 || ord === -1 ? row : ord === Infinity || ord === -Infinity ? column : -1;
  if (along < 0)
    throw new ValueError(
      `norm: order ${JSON.stringify(ord)} of matrices is not computed; take "fro", 1, -1, Infinity or -Infinity.`,
    );
  const sums = reduce("sum", size, along, true);
  const y = reduce((ord as number) > 0 ? "max" : "min", sums, axes, true);
  return reshapeTo(y, keepdims ? keptShape(t.shape, axes) : t.shape.filter((_, i) => !axes.includes(i)));
});
