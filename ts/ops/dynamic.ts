// Ops whose result's shape depends on the values: they need numbers at hand and throw a `StateError` inside a traced function.

import { allocate } from "../core/dtype.js";
import { checkOptions, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { Tensor, type TensorLike, tensor } from "../tensor.js";
import { axisOf, transposeTo } from "./basics.js";

/** Where elements are not 0: one int32 tensor of coordinates per axis, in row-major order. `ops.nonzero([0, 5, 6]) // [[1, 2]]` */
export const nonzero = op("nonzero", (x: TensorLike): Tensor[] => {
  const t = tensor(x);
  const places: number[] = [];
  t.data.forEach((v, i) => {
    if (v !== 0) places.push(i);
  });
  let stride = t.size;
  return t.shape.map((n) => {
    stride /= Math.max(1, n);
    const step = Math.max(1, stride);
    return new Tensor(
      Int32Array.from(places, (i) => Math.floor(i / step) % Math.max(1, n)),
      [places.length],
    );
  });
});

export interface UniqueOptions {
  sorted?: boolean;
  returnIndex?: boolean;
  returnInverse?: boolean;
  returnCounts?: boolean;
  /** The axis whose slices are compared; null: the elements in a row. */
  axis?: number | null;
  /** Exactly so many: cut, or filled with `fillValue` (the smallest). */
  size?: number | null;
  fillValue?: number | null;
}

/**
 * The distinct elements (or slices of an axis), ascending; asked for, also where each first occurs, which of them each element is,
 * and how often each occurs: then the result is an array in this order.
 *
 * Example: `ops.unique([3, 1, 3]) // [1, 3]`
 */
export const unique = op("unique", (x: TensorLike, options: UniqueOptions = {}): Tensor | Tensor[] => {
  checkOptions("unique", options, ["sorted", "returnIndex", "returnInverse", "returnCounts", "axis", "size", "fillValue"]);
  const t = tensor(x);
  const { axis = null, size = null, fillValue = null } = options;
  const at = axis === null ? 0 : axisOf("unique", axis, t.ndim);
  const order = [at, ...t.shape.map((_, i) => i).filter((i) => i !== at)];
  const rest = axis === null ? [] : order.slice(1).map((i) => t.shape[i]!);
  const data = axis === null ? t.data : transposeTo(t, order).data;
  const n = axis === null ? t.size : t.shape[at]!;
  const width = n === 0 ? 1 : data.length / n;
  const compare = (a: number, b: number): number => {
    for (let i = 0; i < width; i++) {
      const [p, q] = [data[a * width + i]!, data[b * width + i]!];
      if (p !== q && !(Number.isNaN(p) && Number.isNaN(q))) return p < q || Number.isNaN(q) ? -1 : 1;
    }
    return 0;
  };
  const byValue = Array.from({ length: n }, (_, i) => i).sort((a, b) => compare(a, b) || a - b);
  const firsts: number[] = [];
  const counts: number[] = [];
  const inverse = new Int32Array(n);
  for (const i of byValue) {
    if (firsts.length === 0 || compare(firsts.at(-1)!, i) !== 0) {
      firsts.push(i);
      counts.push(0);
    }
    counts[counts.length - 1]!++;
    inverse[i] = firsts.length - 1;
  }
  const found = firsts.length;
  const length = size ?? found;
  const values = allocate(t.dtype, length * width);
  for (let k = 0; k < length; k++) {
    for (let i = 0; i < width; i++) {
      values[k * width + i] = k < found ? data[firsts[k]! * width + i]! : (fillValue ?? data[(firsts[0] ?? 0) * width + i] ?? 0);
    }
  }
  const moved = new Tensor(values, [length, ...rest], { dtype: t.dtype });
  const back = order.map((_, i) => order.indexOf(i));
  const fit = (list: readonly number[]): Tensor =>
    new Tensor(
      Int32Array.from({ length }, (_, k) => list[k] ?? 0),
      [length],
    );
  const results = [axis === null ? moved : transposeTo(moved, back)];
  if (options.returnIndex) results.push(fit(firsts));
  if (options.returnInverse) results.push(new Tensor(inverse, axis === null ? t.shape : [n]));
  if (options.returnCounts) results.push(fit(counts));
  return results.length === 1 ? results[0]! : results;
});

/** @internal The largest whole number in a tensor of indices, plus one; 0 of nothing. `what` says what to give instead while traced. */
export function sizeFromData(where: string, x: Tensor, what: string): number {
  if (x.isTraced)
    throw new ValueError(`${where}: the size depends on values that are not known inside a traced function; give \`${what}\`.`);
  let most = 0;
  for (const v of x.data) most = Math.max(most, v + 1);
  return most;
}
