// Flatten, Reshape, Permute, RepeatVector.

import { expect, test } from "vitest";
import { Flatten, Permute, RepeatVector, Reshape } from "../../ts/layers/index.js";
import * as ops from "../../ts/ops.js";
import { layerTest } from "../layerTest.js";

layerTest(Flatten, { inputShape: [2, 3, 4], outputShape: [null, 12] });
layerTest(Flatten, { options: { dataFormat: "channels_first" }, inputShape: [2, 3, 4, 1], outputShape: [null, 12] });
layerTest(Reshape, { args: [[4, 3]], inputShape: [2, 12], outputShape: [null, 4, 3] });
layerTest(Reshape, { args: [[-1, 2]], inputShape: [3, 3, 4], outputShape: [null, 6, 2] });
layerTest(Permute, { args: [[2, 1]], inputShape: [2, 3, 5], outputShape: [null, 5, 3] });
layerTest(RepeatVector, { args: [3], inputShape: [2, 4], outputShape: [null, 3, 4] });

test("unknown sizes stay unknown", () => {
  expect(new Flatten().computeOutputShape([null, null, 3])).toEqual([null, null]);
  expect(new Reshape([-1, 2]).computeOutputShape([null, null])).toEqual([null, null, 2]);
  expect(new Permute([2, 1]).computeOutputShape([null, null, 3])).toEqual([null, 3, null]);
});

test("Flatten of a vector adds an axis", () => {
  expect(new Flatten().apply(ops.ones([3])).shape).toEqual([3, 1]);
});

test("both data formats flatten to the same order", () => {
  const last = ops.reshape(ops.arange(24), [1, 2, 3, 4]);
  const first = ops.moveaxis(last, -1, 1);
  expect(new Flatten({ dataFormat: "channels_first" }).apply(first).array()).toEqual(new Flatten().apply(last).array());
});

test("bad targets are refused at construction, bad sizes when called", () => {
  expect(() => new Reshape([-1, -1])).toThrow("at most one -1");
  expect(() => new Reshape([-2])).toThrow("at most one -1");
  expect(() => new Reshape([5]).apply(ops.ones([2, 4]))).toThrow("the total size of the tensor must be unchanged");
  expect(() => new Reshape([3, -1]).apply(ops.ones([2, 4]))).toThrow("a multiple of 3");
  expect(() => new Permute([1, 3])).toThrow("an order of 1 … n");
  expect(() => new RepeatVector(0)).toThrow("positive whole number");
});

test("RepeatVector repeats", () => {
  expect(new RepeatVector(2).apply([[1, 2]] as never).array()).toEqual([
    [
      [1, 2],
      [1, 2],
    ],
  ]);
});
