// Pooling: windows, global, adaptive; values against loops over the definition.

import { describe, expect, test } from "vitest";
import { grad, jit } from "../../ts/functions.js";
import * as layers from "../../ts/layers/index.js";
import * as ops from "../../ts/ops.js";
import { type Tensor, tensor } from "../../ts/tensor.js";
import { layerTest, spread } from "../layerTest.js";

const first = { dataFormat: "channels_first" } as const;
const same = { padding: "same" } as const;

// Windows that overlap, that leave gaps, longer than the input, of size 1; several samples.
layerTest(layers.MaxPooling1D, { inputShape: [2, 5, 3], outputShape: [null, 2, 3] });
layerTest(layers.MaxPooling1D, {
  options: { poolSize: 4, strides: 3, ...same },
  inputShape: [2, 5, 1],
  outputShape: [null, 2, 1],
});
layerTest(layers.MaxPooling1D, { options: { poolSize: 1, strides: 7 }, inputShape: [2, 5, 3], outputShape: [null, 1, 3] });
layerTest(layers.MaxPooling2D, {
  options: { poolSize: 3, strides: [1, 2], ...same },
  inputShape: [2, 4, 5, 2],
  outputShape: [null, 4, 3, 2],
});
layerTest(layers.MaxPooling2D, {
  options: { poolSize: [3, 1], ...first },
  inputShape: [2, 2, 3, 4],
  outputShape: [null, 2, 1, 4],
});
layerTest(layers.MaxPooling3D, {
  options: { poolSize: [1, 2, 3], strides: 1 },
  inputShape: [2, 2, 3, 3, 1],
  outputShape: [null, 2, 2, 1, 1],
});
layerTest(layers.MaxPooling3D, { options: { ...same, ...first }, inputShape: [1, 2, 3, 1, 3], outputShape: [null, 2, 2, 1, 2] });
layerTest(layers.AveragePooling1D, { args: [2], inputShape: [2, 5, 3], outputShape: [null, 2, 3] });
layerTest(layers.AveragePooling1D, {
  args: [7],
  options: { strides: 1, ...same },
  inputShape: [2, 3, 2],
  outputShape: [null, 3, 2],
});
layerTest(layers.AveragePooling2D, {
  args: [[2, 3]],
  options: { strides: 2, ...same },
  inputShape: [2, 3, 5, 2],
  outputShape: [null, 2, 3, 2],
});
layerTest(layers.AveragePooling2D, {
  args: [2],
  options: { strides: [3, 1], ...first },
  inputShape: [2, 2, 5, 3],
  outputShape: [null, 2, 2, 2],
});
layerTest(layers.AveragePooling3D, {
  args: [2],
  options: { strides: 1, ...same },
  inputShape: [2, 2, 1, 3, 2],
  outputShape: [null, 2, 1, 3, 2],
});
layerTest(layers.GlobalMaxPooling1D, { inputShape: [2, 5, 3], outputShape: [null, 3] });
layerTest(layers.GlobalMaxPooling2D, { options: { keepdims: true }, inputShape: [2, 3, 1, 2], outputShape: [null, 1, 1, 2] });
layerTest(layers.GlobalMaxPooling3D, { options: first, inputShape: [2, 2, 3, 1, 2], outputShape: [null, 2] });
layerTest(layers.GlobalAveragePooling1D, {
  options: { keepdims: true, ...first },
  inputShape: [2, 3, 5],
  outputShape: [null, 3, 1],
  supportsMasking: true,
  maskShape: [2, 5],
  maskAfter: () => null,
});
layerTest(layers.GlobalAveragePooling2D, { inputShape: [2, 3, 5, 2], outputShape: [null, 2] });
layerTest(layers.GlobalAveragePooling3D, {
  options: { keepdims: true },
  inputShape: [1, 3, 1, 2, 2],
  outputShape: [null, 1, 1, 1, 2],
});
for (const Class of [layers.AdaptiveMaxPooling1D, layers.AdaptiveAveragePooling1D]) {
  layerTest(Class, { args: [3], inputShape: [2, 5, 2], outputShape: [null, 3, 2] });
  layerTest(Class, { args: [5], options: first, inputShape: [2, 2, 3], outputShape: [null, 2, 5] });
}
for (const Class of [layers.AdaptiveMaxPooling2D, layers.AdaptiveAveragePooling2D]) {
  layerTest(Class, { args: [[2, 3]], inputShape: [2, 4, 3, 2], outputShape: [null, 2, 3, 2] });
  layerTest(Class, { args: [[3, 1]], inputShape: [2, 4, 5, 1], outputShape: [null, 3, 1, 1] });
}
for (const Class of [layers.AdaptiveMaxPooling3D, layers.AdaptiveAveragePooling3D])
  layerTest(Class, { args: [2], inputShape: [2, 3, 1, 2, 2], outputShape: [null, 2, 2, 2, 2] });

/** Max or mean over the cells of each window that are there, by the definition. x: [n, h, w, c]. */
function loop(x: Tensor, k: readonly number[], s: readonly number[], padded: boolean, kind: "max" | "mean"): number[] {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const along = (size: number, i: number): { out: number; lo: number } => {
    if (!padded) return { out: Math.floor((size - k[i]!) / s[i]!) + 1, lo: 0 };
    const out = Math.ceil(size / s[i]!);
    return { out, lo: Math.floor(Math.max(0, (out - 1) * s[i]! + k[i]! - size) / 2) };
  };
  const [rows, columns] = [along(h, 0), along(w, 1)];
  const y: number[] = [];
  for (let b = 0; b < n; b++)
    for (let i = 0; i < rows.out; i++)
      for (let j = 0; j < columns.out; j++)
        for (let d = 0; d < c; d++) {
          const cells: number[] = [];
          for (let p = i * s[0]! - rows.lo; p < i * s[0]! - rows.lo + k[0]!; p++)
            for (let q = j * s[1]! - columns.lo; q < j * s[1]! - columns.lo + k[1]!; q++)
              if (p >= 0 && p < h && q >= 0 && q < w) cells.push(x.data[((b * h + p) * w + q) * c + d]!);
          y.push(kind === "max" ? Math.max(...cells) : cells.reduce((a, v) => a + v, 0) / cells.length);
        }
  return y;
}

test("windows of all kinds give what a loop gives", () => {
  for (const [h, w, c] of [[1, 1, 1], [3, 4, 5], [5, 17, 3], [4, 4, 65]] as const) // biome-ignore format: a list
    for (const k of [[1, 1], [2, 2], [3, 2], [5, 4]]) // biome-ignore format: a list
      for (const s of [[1, 1], [2, 2], [1, 3]]) // biome-ignore format: a list
        for (const padding of ["valid", "same"] as const) {
          if (padding === "valid" && (k[0]! > h || k[1]! > w)) continue;
          const x = spread([2, h, w, c]);
          const max = ops.maxPool(x, k, { strides: s, padding });
          expect(Array.from(max.data)).toEqual(loop(x, k, s, padding === "same", "max"));
          const mean = ops.averagePool(x, k, { strides: s, padding });
          loop(x, k, s, padding === "same", "mean").forEach((v, i) => expect(mean.data[i]!).toBeCloseTo(v, 5));
        }
});

test("adaptive windows reach from ⌊i·n/m⌋ to before ⌈(i + 1)·n/m⌉", () => {
  for (const [n, m] of [
    [5, 3],
    [7, 2],
    [7, 5],
    [3, 5],
    [6, 3],
    [1, 4],
    [17, 4],
  ] as const) {
    // biome-ignore format: a list
    const x = spread([2, n, 3]);
    const [max, mean] = [ops.adaptiveMaxPool(x, m), ops.adaptiveAveragePool(x, m)];
    expect(max.shape).toEqual([2, m, 3]);
    for (let b = 0; b < 2; b++)
      for (let i = 0; i < m; i++)
        for (let c = 0; c < 3; c++) {
          const cells: number[] = [];
          for (let p = Math.floor((i * n) / m); p < Math.ceil(((i + 1) * n) / m); p++) cells.push(x.data[(b * n + p) * 3 + c]!);
          const at = (b * m + i) * 3 + c;
          expect(max.data[at]).toBe(Math.max(...cells));
          expect(mean.data[at]!).toBeCloseTo(cells.reduce((a, v) => a + v, 0) / cells.length, 5);
        }
  }
});

test("max-pool of a window of negatives with padding is a negative: padding never wins", () => {
  const x = ops.reshape([-5, -3, -4, -2, -6], [1, 5, 1]);
  const y = ops.maxPool(x, 4, { strides: 2, padding: "same" });
  expect(Array.from(y.data)).toEqual([-3, -2, -2]); // windows [·, −5, −3, −4], [−3, −4, −2, −6], [−2, −6, ·, ·]
  const all = new layers.MaxPooling2D({ poolSize: 5, strides: 1, padding: "same" }).apply(ops.full([2, 3, 3, 5], -7));
  expect([...new Set(all.data)]).toEqual([-7]);
});

test("ties go to the first maximum, in the order of rows and columns", () => {
  const x = ops.reshape([1, 3, 3, 3], [1, 2, 2, 1]);
  const gradient = (f: (t: Tensor) => Tensor): number[] => Array.from((grad((t: Tensor) => ops.sum(f(t)))(x) as Tensor).data);
  expect(gradient((t) => ops.maxPool(t, 2))).toEqual([0, 1, 0, 0]);
  expect(gradient((t) => ops.maxPool(t, [2, 1]))).toEqual([0, 1, 1, 0]);
  // windows that overlap add up: [1, 3], [3, 3], [3, 3] along the flattened steps
  const steps = grad((t: Tensor) => ops.sum(ops.maxPool(ops.reshape(t, [1, 4, 1]), 2, { strides: 1 })))(x) as Tensor;
  expect(Array.from(steps.data)).toEqual([0, 2, 1, 0]);
  // the maximum over all of space is a reduction: equals share
  expect(gradient((t) => new layers.GlobalMaxPooling2D().apply(t)).map((v) => Math.round(v * 3))).toEqual([0, 1, 1, 1]);
});

test("NaN wins over every number, and integers stay integers", () => {
  expect(Array.from(ops.maxPool(ops.reshape([1, Number.NaN, 5, 2], [1, 4, 1]), 2).data)).toEqual([Number.NaN, 5]);
  const whole = ops.maxPool(tensor([[[3], [-1], [-4], [-9]]], { dtype: "int32" }), 2);
  expect([whole.dtype, Array.from(whole.data)]).toEqual(["int32", [3, -4]]);
  expect(ops.averagePool(tensor([[[3], [4]]], { dtype: "int32" }), 2).array()).toEqual([[[3.5]]]);
});

test("an average near an edge is over the cells inside", () => {
  expect(
    Array.from(ops.averagePool(ops.reshape([1, 2, 3, 4, 5, 6], [1, 6, 1]), 2, { strides: 1, padding: "same" }).data),
  ).toEqual([1.5, 2.5, 3.5, 4.5, 5.5, 6]); // keras-layers.md §0.5
  const ones = ops.averagePool(ops.ones([1, 5, 3, 2]), [4, 2], { strides: [1, 2], padding: "same" });
  expect([...new Set(ones.data)]).toEqual([1]);
});

test("both data formats pool the same cells", () => {
  const last = spread([2, 5, 4, 3]);
  const firstX = ops.moveaxis(last, -1, 1);
  const pairs: ((o: object) => layers.Layer)[] = [
    (o) => new layers.MaxPooling2D({ poolSize: [2, 3], strides: 1, ...o }),
    (o) => new layers.AveragePooling2D(3, { ...same, ...o }),
    (o) => new layers.GlobalMaxPooling2D({ keepdims: true, ...o }),
    (o) => new layers.AdaptiveAveragePooling2D([2, 3], o),
  ];
  for (const make of pairs) expect(ops.moveaxis(make(first).apply(firstX), 1, -1).array()).toEqual(make({}).apply(last).array());
});

test("an empty batch has an empty result and an empty gradient", () => {
  const x = ops.zeros([0, 4, 4, 2]);
  const layer = new layers.MaxPooling2D();
  expect(layer.apply(x).shape).toEqual([0, 2, 2, 2]);
  expect((grad((t: Tensor) => ops.sum(layer.apply(t)))(x) as Tensor).shape).toEqual([0, 4, 4, 2]);
  expect(new layers.AveragePooling2D(3, same).apply(x).shape).toEqual([0, 2, 2, 2]);
});

test("dirty memory gives the same bits", () => {
  const x = spread([3, 7, 5, 6]);
  const outputs = (t: Tensor): Tensor[] => [
    ops.maxPool(t, 3, { strides: 2, padding: "same" }),
    ops.averagePool(t, [4, 2], { strides: 1, padding: "same" }),
    ops.adaptiveMaxPool(t, [3, 4]),
    new layers.UpSampling2D({ size: [2, 3] }).apply(t),
    new layers.ZeroPadding2D({ padding: [[1, 2], [0, 3]] }).apply(t), // biome-ignore format: a list
    ops.image.resize(t, [9, 4], { interpolation: "bicubic" }),
  ];
  const loss = (t: Tensor): Tensor => outputs(t).reduce((a, y) => ops.add(a, ops.sum(ops.square(y))), ops.sum(t));
  const step = jit((t: Tensor) => [...outputs(t), grad(loss)(t) as Tensor]) as (t: Tensor) => Tensor[];
  const bits = (): number[][] => step(x).map((t) => Array.from(new Uint32Array((t.data as Float32Array).slice().buffer)));
  const before = bits();
  // another program leaves NaN all over the arena that both share
  const soil = jit((t: Tensor) => ops.maxPool(ops.multiply(ops.exp(t), Number.NaN), 1));
  for (let i = 0; i < 3; i++) {
    soil(ops.ones([8, 40, 40, 16]));
    expect(bits()).toEqual(before);
  }
});

describe("GlobalAveragePooling1D", () => {
  const x = (): Tensor => tensor([[[1, 10], [2, 20], [6, 60]], [[4, 40], [5, 50], [9, 90]]]); // biome-ignore format: a list
  test("averages over the steps that count, and ends the mask", () => {
    const masked = x();
    masked.mask = tensor([[true, true, false], [false, true, false]]); // biome-ignore format: a list
    const y = new layers.GlobalAveragePooling1D().apply(masked);
    expect(y.array()).toEqual([[1.5, 15], [5, 50]]); // biome-ignore format: a matrix
    expect(y.mask).toBeNull();
    expect(new layers.GlobalAveragePooling1D({ keepdims: true }).apply(masked).shape).toEqual([2, 1, 2]);
  });
  test("takes a mask as an option, and gives NaN where no step counts", () => {
    const y = new layers.GlobalAveragePooling1D().apply(x(), { mask: tensor([[true, true, true], [false, false, false]]) }); // biome-ignore format: a list
    expect(y.array()).toEqual([[3, 30], [Number.NaN, Number.NaN]]); // biome-ignore format: a matrix
  });
});

test("unknown sizes stay unknown, also with strides that hide a difference", () => {
  expect(new layers.MaxPooling1D({ poolSize: 50 }).computeOutputShape([null, null, 3])).toEqual([null, null, 3]);
  expect(new layers.AveragePooling2D(2, first).computeOutputShape([null, 3, null, 5])).toEqual([null, 3, null, 2]);
  expect(new layers.GlobalMaxPooling2D({ keepdims: true }).computeOutputShape([null, null, null, 3])).toEqual([null, 1, 1, 3]);
  expect(new layers.AdaptiveMaxPooling2D([2, 3]).computeOutputShape([null, null, null, 3])).toEqual([null, 2, 3, 3]);
});

test("short names are the same classes", () => {
  expect(layers.MaxPool2D).toBe(layers.MaxPooling2D);
  expect(layers.AvgPool1D).toBe(layers.AveragePooling1D);
  expect(layers.GlobalMaxPool3D).toBe(layers.GlobalMaxPooling3D);
  expect(layers.GlobalAvgPool1D).toBe(layers.GlobalAveragePooling1D);
});

test("windows that do not fit and options that are none are named errors", () => {
  const layer = new layers.MaxPooling2D({ poolSize: 4, name: "pool" });
  const message = /pool.*output size would be zero or negative.*\[2, 3, 9, 1\]/;
  expect(() => layer.apply(ops.ones([2, 3, 9, 1]))).toThrow(message);
  expect(() => layer.computeOutputShape([2, 3, 9, 1])).toThrow(message);
  expect(() => ops.averagePool(ops.ones([1, 0, 2]), 1)).toThrow("averagePool: the output size would be zero or negative");
  expect(() => ops.adaptiveMaxPool(ops.ones([1, 0, 2]), 2)).toThrow("adaptiveMaxPool: the output size");
  expect(() => new layers.GlobalMaxPooling1D().apply(ops.ones([1, 0, 2]))).toThrow("there is no max of no elements");
  expect(() => new layers.MaxPooling1D({ poolSize: 0 })).toThrow("MaxPooling1D: poolSize must be a whole number ≥ 1, received 0");
  expect(() => new layers.AveragePooling2D([2, 2, 2])).toThrow("AveragePooling2D: poolSize");
  expect(() => new layers.AveragePooling2D(undefined as never)).toThrow("AveragePooling2D: poolSize");
  expect(() => new layers.MaxPooling3D({ strides: [1, 0, 1] })).toThrow("MaxPooling3D: strides");
  expect(() => new layers.MaxPooling1D({ padding: "full" as never })).toThrow(/padding is one of "valid", "same"/);
  expect(() => new layers.AdaptiveMaxPooling1D(0)).toThrow("AdaptiveMaxPooling1D: outputSize");
  expect(() => layer.apply(ops.ones([2, 3, 4]))).toThrow("expected ndim=4, found ndim=3");
  expect(() => ops.maxPool(ops.ones([2, 3]), 2)).toThrow("maxPool: expected inputs");
  expect(() => ops.maxPool(ops.ones([1, 3, 1]), 2, { stride: 1 } as never)).toThrow('Did you mean "strides"');
});
