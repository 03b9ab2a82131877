// What the tests of ops share: comparing with f64 arrays, and derivatives by central differences.

import { grad, ops, Tensor, tensor } from "keratin";
import { expect } from "vitest";

export type Numbers = readonly number[];

/** A tensor of given elements and shape. */
export const make = (data: Numbers, shape: Numbers, dtype: "float32" | "int32" | "bool" = "float32"): Tensor =>
  new Tensor(Float64Array.from(data), [...shape], { dtype });

/** Elements that are no multiples of each other: 0.37, −0.61, … in (−2, 2). */
export const sample = (shape: Numbers, seed = 0): Tensor => {
  const size = shape.reduce((n, d) => n * d, 1);
  return make(
    Array.from({ length: size }, (_, i) => 2 * Math.sin(1.7 * i + seed + 0.2)),
    shape,
  );
};

/** Equal up to `tolerance·max(1, |expected|)`; NaN and infinities must agree. */
export function near(got: Tensor | readonly Tensor[], expected: unknown, tolerance = 2e-6): void {
  const flat = (x: unknown): number[] => (Array.isArray(x) ? x.flatMap(flat) : [Number(x)]);
  const values = flat((Array.isArray(got) ? got : [got]).map((t: Tensor) => t.array()));
  const wanted = flat(expected);
  expect(values.length).toBe(wanted.length);
  values.forEach((v, i) => {
    const w = wanted[i]!;
    const same = Object.is(v, w) || v === w || Math.abs(v - w) <= tolerance * Math.max(1, Math.abs(w));
    if (!same) expect.fail(`element ${i}: ${v}, expected ${w}; all: ${values} · ${wanted}`);
  });
}

/** The gradient of `Σ w·f(x)` against central differences of f, which are good to about 1e-3 in float32. */
export function gradientHolds(f: (x: Tensor) => Tensor, x: Tensor, step = 1e-2, tolerance = 5e-3): void {
  const weights = sample(f(x).shape, 0.5);
  const loss = (t: Tensor): Tensor => ops.sum(ops.multiply(f(t), weights));
  const at = (i: number, by: number): number => {
    const data = Float32Array.from(x.data);
    data[i]! += by;
    return loss(new Tensor(data, x.shape)).item();
  };
  const expected = Array.from({ length: x.size }, (_, i) => (at(i, step) - at(i, -step)) / (2 * step));
  near(grad(loss)(x), expected, tolerance);
}

/** All positions of a shape, row-major. */
export function positions(shape: Numbers): number[][] {
  return shape.reduce<number[][]>((all, n) => all.flatMap((p) => Array.from({ length: n }, (_, i) => [...p, i])), [[]]);
}

/** The element at a position. */
export function at(t: Tensor, position: Numbers): number {
  return t.data[position.reduce((flat, i, axis) => flat * t.shape[axis]! + i, 0)]!;
}

export { tensor };
