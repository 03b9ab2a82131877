// Gradients through traced computations, checked in f64 against differences: whole layers and losses written in ops, and loops.

import { expect, test } from "vitest";
import { Dense } from "../ts/layers/dense.js";
import * as ops from "../ts/ops.js";
import { Tensor } from "../ts/tensor.js";
import { ask, gradientsAreExact } from "./oracle.js";

/** Values that are spread out, in no order. */
const spread = (shape: readonly number[], seed = 0): Tensor => {
  const size = shape.reduce((n, d) => n * d, 1);
  return new Tensor(
    Array.from({ length: size }, (_, i) => 1.3 * Math.sin(2.1 * i + seed + 0.3)),
    shape,
  );
};

test("the oracle evaluates in f64", () => {
  const graph = "graph\n%0: f32[2] = input {0,0,2}\n%1: f32[2] = exp %0\nreturn %1\n";
  expect(ask(`${graph}input 0 0 1\neval\n`)).toEqual([`ok f32[2] 1.0 ${Math.E}`]);
});

test("a layer by its input and its weights", () => {
  const layer = new Dense(4, { activation: "tanh" });
  layer.build([null, 3]);
  const f = (x: Tensor, kernel: Tensor, bias: Tensor): Tensor => layer.statelessCall([kernel, bias], [], x)[0] as Tensor;
  gradientsAreExact(f, spread([2, 3]), spread([3, 4], 1), spread([4], 2));
});

test("normalisation, softmax and broadcasting", () => {
  gradientsAreExact(
    (x, gamma) => {
      const centred = ops.subtract(x, ops.mean(x, { axis: -1, keepdims: true }));
      const variance = ops.mean(ops.square(centred), { axis: -1, keepdims: true });
      return [ops.multiply(ops.divide(centred, ops.sqrt(ops.add(variance, 1e-3))), gamma), ops.softmax(x)];
    },
    spread([3, 5]),
    spread([5], 1),
  );
});

test("products over several axes, slices and joins", () => {
  gradientsAreExact(
    (a, b) => ops.concatenate([ops.matmul(a, b), ops.transpose(ops.matmul(a, b), { axes: [0, 1, 2] })], { axis: 1 }),
    spread([2, 3, 4]),
    spread([2, 4, 2], 1),
  );
  gradientsAreExact((x) => [ops.prod(x, { axis: 0 }), ops.cumsum(x, { axis: 1 })], spread([3, 4]));
});

test("a wrong gradient is told from a right one", () => {
  // stopGradient makes the derived gradient half of the true slope of x²
  expect(() => gradientsAreExact((x) => ops.multiply(x, ops.stopGradient(x)), spread([3]))).toThrow(/the gradient gives/);
});
