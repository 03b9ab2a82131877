// ZeroPadding and Cropping.

import { expect, test } from "vitest";
import { Cropping1D, Cropping2D, Cropping3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D } from "../../ts/layers/index.js";
import * as ops from "../../ts/ops.js";
import { layerTest, spread } from "../layerTest.js";

const first = { dataFormat: "channels_first" } as const;

layerTest(ZeroPadding1D, { inputShape: [2, 3, 2], outputShape: [null, 5, 2] });
layerTest(ZeroPadding1D, { options: { padding: [0, 3], ...first }, inputShape: [2, 3, 1], outputShape: [null, 3, 4] });
layerTest(ZeroPadding2D, { options: { padding: [2, 0] }, inputShape: [2, 1, 3, 2], outputShape: [null, 5, 3, 2] });
layerTest(ZeroPadding2D, { options: { padding: [[1, 0], [2, 3]], ...first }, inputShape: [1, 2, 3, 1], outputShape: [null, 2, 4, 6] }); // biome-ignore format: a list
layerTest(ZeroPadding3D, {
  options: { padding: [1, [0, 2], [3, 0]] },
  inputShape: [2, 1, 2, 1, 2],
  outputShape: [null, 3, 4, 4, 2],
});
layerTest(Cropping1D, { inputShape: [2, 5, 3], outputShape: [null, 3, 3] });
layerTest(Cropping1D, { options: { cropping: [0, 4] }, inputShape: [2, 5, 3], outputShape: [null, 1, 3] });
// Nothing to cut off: the input itself comes back, and its mask with it.
layerTest(Cropping2D, { inputShape: [2, 1, 3, 2], outputShape: [null, 1, 3, 2], maskAfter: ([mask]) => mask! });
layerTest(Cropping2D, { options: { cropping: [1, 2] }, inputShape: [1, 3, 5, 2], outputShape: [null, 1, 1, 2] });
layerTest(Cropping2D, { options: { cropping: [[1, 0], [0, 2]], ...first }, inputShape: [2, 1, 3, 5], outputShape: [null, 1, 2, 3] }); // biome-ignore format: a list
layerTest(Cropping3D, { inputShape: [2, 3, 4, 5, 1], outputShape: [null, 1, 2, 3, 1] });

test("zeros stand where they were asked for, and cropping takes them away again", () => {
  const x = ops.reshape([1, 2, 3, 4], [1, 2, 2, 1]);
  const padding = [[1, 0], [0, 2]]; // biome-ignore format: a list
  const padded = new ZeroPadding2D({ padding }).apply(x);
  expect(ops.reshape(padded, [3, 4]).array()).toEqual([
    [0, 0, 0, 0],
    [1, 2, 0, 0],
    [3, 4, 0, 0],
  ]);
  expect(new Cropping2D({ cropping: padding }).apply(padded).array()).toEqual(x.array());
});

test("both data formats pad and crop the same cells", () => {
  const last = spread([2, 4, 5, 3]);
  const firstX = ops.moveaxis(last, -1, 1);
  for (const Class of [ZeroPadding2D, Cropping2D]) {
    const ends = [[1, 0], [1, 2]]; // biome-ignore format: a list
    const options = Class === ZeroPadding2D ? { padding: ends } : { cropping: ends };
    const y = new Class({ ...options, ...first }).apply(firstX);
    expect(ops.moveaxis(y, 1, -1).array()).toEqual(new Class(options).apply(last).array());
  }
});

test("unknown sizes stay unknown, however much is cropped", () => {
  expect(new ZeroPadding2D().computeOutputShape([null, null, 3, 2])).toEqual([null, null, 5, 2]);
  expect(new Cropping1D({ cropping: 500 }).computeOutputShape([null, null, 2])).toEqual([null, null, 2]);
  expect(new Cropping2D({ cropping: 1, ...first }).computeOutputShape([null, 2, null, 5])).toEqual([null, 2, null, 3]);
});

test("cropping more than there is, and options that are none, are errors", () => {
  const layer = new Cropping1D({ cropping: [2, 3] });
  const message = /cropping1d\w*: cropping must leave something: \[2, 3\] takes 5 of the 5 cells.*\(1, 5, 2\)/;
  expect(() => layer.apply(ops.ones([1, 5, 2]))).toThrow(message);
  expect(() => layer.computeOutputShape([1, 5, 2])).toThrow(message);
  expect(() => new Cropping2D({ cropping: [1, -1] })).toThrow("Cropping2D: cropping must be a whole number ≥ 0");
  expect(() => new Cropping2D({ cropping: [1, 2, 3] })).toThrow("an array of 2");
  expect(() => new ZeroPadding1D({ padding: 1.5 })).toThrow(
    "ZeroPadding1D: padding must be a whole number ≥ 0, or [before, behind]; received 1.5.",
  );
  expect(() => new ZeroPadding3D({ padding: [1, [1, 2, 3], 0] })).toThrow("received [1,[1,2,3],0]");
  expect(() => new ZeroPadding2D({ dataFormat: "last" as never })).toThrow("dataFormat");
  expect(() => new ZeroPadding2D().apply(ops.ones([2, 3, 4]))).toThrow("expected ndim=4, found ndim=3");
});
