// Normalization, Rescaling, CategoryEncoding, Discretization, Resizing, CenterCrop.

import { describe, expect, test } from "vitest";
import { grad } from "../../ts/functions.js";
import {
  CategoryEncoding,
  CenterCrop,
  Dense,
  Discretization,
  Embedding,
  Input,
  Normalization,
  Rescaling,
  Resizing,
} from "../../ts/layers/index.js";
import { Sequential } from "../../ts/models/sequential.js";
import { resize } from "../../ts/ops/image.js";
import * as ops from "../../ts/ops.js";
import * as saving from "../../ts/saving.js";
import { Tensor, tensor } from "../../ts/tensor.js";
import { sameBitsOnDirtyMemory } from "../dirtyMemory.js";
import { checkGradients, layerTest, spread } from "../layerTest.js";

const ADAPTED = { weights: ["mean", "variance", "count"], supportsMasking: true, gradient: false }; // no weight trains: see below
layerTest(Normalization, { inputShape: [3, 4], outputShape: [null, 4], ...ADAPTED });
layerTest(Normalization, {
  options: { axis: [1, -1], invert: true },
  knownAxes: [1, -1],
  inputShape: [2, 3, 1, 4],
  outputShape: [null, 3, 1, 4],
  ...ADAPTED,
});
layerTest(Normalization, { options: { axis: null }, inputShape: [5], outputShape: [null], ...ADAPTED });
layerTest(Normalization, {
  options: { mean: [1, 2, 3], variance: 4 },
  inputShape: [1, 3],
  outputShape: [null, 3],
  supportsMasking: true,
});
layerTest(Rescaling, {
  args: [1 / 255],
  options: { offset: [0, 1, -1] },
  inputShape: [2, 5, 3],
  outputShape: [null, 5, 3],
  supportsMasking: true,
});
layerTest(CategoryEncoding, {
  options: { numTokens: 4 },
  inputShape: [2, 3],
  outputShape: [null, 4],
  input: new Tensor([0, 1, 3, 3, 3, 0], [2, 3], { dtype: "int32" }),
  gradient: false,
});
layerTest(Discretization, {
  options: { binBoundaries: [-0.5, 0.5], outputMode: "one_hot" },
  inputShape: [2, 4],
  outputShape: [null, 4, 3],
  gradient: false,
});
layerTest(Resizing, { args: [3, 2], inputShape: [2, 4, 5, 3], outputShape: [null, 3, 2, 3] });
layerTest(Resizing, {
  args: [5, 7],
  options: { interpolation: "bicubic", antialias: true, dataFormat: "channels_first" },
  inputShape: [1, 2, 7, 3],
  outputShape: [null, 2, 5, 7],
});
layerTest(Resizing, {
  args: [4, 4],
  options: { padToAspectRatio: true, fillValue: 0.5, interpolation: "lanczos3" },
  inputShape: [2, 3, 5, 1],
  outputShape: [null, 4, 4, 1],
});
layerTest(CenterCrop, { args: [2, 3], inputShape: [2, 5, 4, 1], outputShape: [null, 2, 3, 1] });
layerTest(CenterCrop, {
  args: [3, 3],
  options: { dataFormat: "channels_first" },
  inputShape: [1, 2, 2, 5],
  outputShape: [null, 2, 3, 3],
});

const close = (t: Tensor, want: readonly number[], digits = 5): void => {
  expect(t.size).toBe(want.length);
  t.data.forEach((x, i) => expect(x).toBeCloseTo(want[i]!, digits));
};

describe("Normalization", () => {
  const data = tensor([[1, 10], [3, 10], [5, 40]]); // biome-ignore format: rows
  test("adapts to mean and variance (÷ n) of each feature, and brings data to 0 and 1", () => {
    const layer = new Normalization();
    layer.adapt(data);
    close(layer.mean!, [3, 20]);
    close(layer.variance!, [8 / 3, 200]);
    const y = layer.apply(data);
    close(ops.mean(y, { axis: 0 }), [0, 0]);
    close(ops.var(y, { axis: 0 }), [1, 1]);
    close(new Normalization({ mean: layer.mean, variance: layer.variance, invert: true }).apply(y), Array.from(data.data), 4);
  });
  test.each([
    [1, (i: number) => Math.trunc(i / 4) % 3],
    [[0, 2], (i: number) => Math.trunc(i / 12) * 4 + (i % 4)],
    [[-1, 1], (i: number) => i % 12],
    [null, () => 0],
  ] as const)("axis %j keeps statistics of its own, as a loop over the elements says", (axis, groupOf) => {
    const x = spread([2, 3, 4], 10);
    const layer = new Normalization({ axis: axis as number });
    layer.adapt(x);
    const groups = new Map<number, number[]>();
    x.data.forEach((v, i) => groups.set(groupOf(i), [...(groups.get(groupOf(i)) ?? []), v]));
    const ordered = [...groups].sort((a, b) => a[0] - b[0]).map(([, vs]) => vs);
    const mean = ordered.map((vs) => vs.reduce((a, b) => a + b, 0) / vs.length);
    close(layer.adaptMean!.value, mean);
    close(
      layer.adaptVariance!.value,
      ordered.map((vs, g) => vs.reduce((a, v) => a + (v - mean[g]!) ** 2, 0) / vs.length),
      4,
    );
  });
  test("batches of any size give what the whole gives, from arrays, typed arrays and generators", () => {
    const x = spread([17, 3], 100);
    const whole = new Normalization();
    whole.adapt(x);
    const parts = [ops.getItem(x, { stop: 1 }), ops.getItem(x, { start: 1, stop: 9 }), ops.getItem(x, { start: 9 })];
    function* generated(): Generator<Tensor> {
      yield* parts;
    }
    for (const data of [
      parts,
      new Set(parts),
      generated(),
      x.array() as number[][],
      parts.map((p) => p.array() as number[][]).values(),
    ]) {
      const layer = new Normalization();
      layer.adapt(data as Iterable<Tensor>);
      close(layer.mean!, Array.from(whole.mean!.data), 4);
      ops.divide(layer.variance!, whole.variance!).data.forEach((v) => expect(v).toBeCloseTo(1, 5));
    }
  });
  test("large offsets cost no digits", () => {
    const layer = new Normalization({ axis: null });
    layer.adapt(Float32Array.from({ length: 1000 }, (_, i) => 65536 + (i % 2)));
    close(layer.variance!, [0.25], 6);
  });
  test("adapting again forgets, and a compiled model takes notice", async () => {
    const layer = new Normalization();
    const model = new Sequential([Input([1]), layer]);
    layer.adapt([[0], [2]]);
    close(await model.predict(tensor([[3]]), { verbose: 0 }), [2]);
    layer.adapt([[1], [5]]);
    close(await model.predict(tensor([[3]]), { verbose: 0 }), [0]);
  });
  test.each([{}, { axis: [1, 2] }, { axis: null, invert: true }])(
    "its gradient by the input agrees with differences: %j",
    (options) => {
      const layer = new Normalization(options);
      const x = spread([3, 2, 5], 3);
      layer.adapt(x);
      checkGradients(layer, x);
    },
  );
  test("its statistics are weights that do not train", () => {
    const layer = new Normalization();
    layer.adapt(data);
    expect(layer.trainableWeights).toEqual([]);
    const copy = new Normalization();
    copy.build([null, 2]);
    copy.setWeights(layer.getWeights());
    expect(copy.apply(data).array()).toEqual(layer.apply(data).array());
    const restored = saving.deserialize<Normalization>(JSON.parse(JSON.stringify(saving.serialize(layer))));
    expect(restored.weights.map((w) => w.shape)).toEqual([[2], [2], []]);
  });
  test("features that do not vary become 0", () => {
    const layer = new Normalization();
    layer.adapt([[7], [7]]);
    close(layer.apply([[7]]), [0]);
  });
  test("integers are taken as numbers, masks pass", () => {
    const layer = new Normalization({ mean: 1, variance: 4 });
    close(layer.apply(new Tensor([3, 1], [2], { dtype: "int32" })), [1, 0]);
    const masked = new Embedding(2, 1, { maskZero: true, weights: [[1], [2]] }).apply([[0, 1]]);
    expect(layer.apply(masked).mask!.array()).toEqual([[false, true]]);
  });
  test("names what does not fit, and changes nothing", () => {
    expect(() => new Normalization({ mean: 1 })).toThrow("only the mean came");
    expect(() => new Normalization({ axis: 1.5 })).toThrow("axis is a whole number");
    expect(() => new Normalization({ axis: 3 }).adapt(data)).toThrow("out of range");
    expect(() => new Normalization({ mean: 1, variance: 1 }).adapt(data)).toThrow("were given to the constructor");
    expect(() => new Normalization({ mean: [1, 2, 3], variance: 1 }).build([null, 2])).toThrow();
    expect(() => new Normalization().build([2, null])).toThrow("the size of axis 1 must be known");
    const layer = new Normalization();
    layer.adapt(data);
    const before = layer.getWeights().map((w) => w.array());
    for (const bad of [ops.ones([2, 3]), [data, ops.ones([2, 3])]])
      expect(() => layer.adapt(bad)).toThrow("data of shape [2, 3]");
    expect(() => layer.adapt([])).toThrow("received no data");
    expect(() => layer.adapt("text" as never)).toThrow();
    const later = { async *[Symbol.asyncIterator]() {} };
    expect(() => layer.adapt(later as never)).toThrow("an async iterable");
    expect(layer.getWeights().map((w) => w.array())).toEqual(before);
    const fresh = new Normalization();
    expect(() => fresh.adapt([data, ops.ones([2, 3])])).toThrow("data of shape [2, 3]");
    expect(fresh.built).toBe(false);
  });
});

describe("Rescaling", () => {
  test("is x · scale + offset in float32", () => {
    close(new Rescaling(0.5, { offset: -1 }).apply(new Tensor([0, 2, 255], [3], { dtype: "int32" })), [-1, 0, 126.5]);
    close(new Rescaling([1, 2], { offset: [0, 1] }).apply([[3, 4]]), [3, 9]);
  });
});

describe("CategoryEncoding", () => {
  const x = new Tensor([0, 2, 2, 1, 9, -1], [2, 3], { dtype: "int32" });
  test("multi_hot says which occur, count how often, one_hot each by itself; indices outside are not seen", () => {
    expect(new CategoryEncoding({ numTokens: 3 }).apply(x).array()).toEqual([[1, 0, 1], [0, 1, 0]]); // biome-ignore format: rows
    expect(new CategoryEncoding({ numTokens: 3, outputMode: "count" }).apply(x).array()).toEqual([[1, 0, 2], [0, 1, 0]]); // biome-ignore format: rows
    expect(new CategoryEncoding({ numTokens: 3, outputMode: "one_hot" }).apply([1, 5]).array()).toEqual([[0, 1, 0], [0, 0, 0]]); // biome-ignore format: rows
  });
  test.each([
    ["one_hot", [], [1, 4]],
    ["one_hot", [3], [3, 4]],
    ["one_hot", [1], [1, 4]],
    ["one_hot", [2, 1], [2, 4]],
    ["one_hot", [2, 3], [2, 3, 4]],
    ["multi_hot", [], [4]],
    ["multi_hot", [3], [4]],
    ["multi_hot", [2, 3, 5], [2, 3, 4]],
    ["binary", [2, 3], [2, 4]],
    ["count", [3], [4]],
    ["count", [2, 3], [2, 4]],
  ] as const)("%s of %j is %j", (outputMode, shape, want) => {
    expect(new CategoryEncoding({ numTokens: 4, outputMode }).apply(ops.zeros(shape, { dtype: "int32" })).shape).toEqual(want);
  });
  test("counts with weights", () => {
    const layer = new CategoryEncoding({ numTokens: 3, outputMode: "count" });
    expect(layer.apply([[0, 2, 2]], { countWeights: [[0.5, 1, 2]] }).array()).toEqual([[0.5, 0, 3]]);
    expect(() => layer.apply([[0, 2, 2]], { countWeights: [1, 2] })).toThrow("countWeights need the shape of the inputs [1, 3]");
    expect(() => new CategoryEncoding({ numTokens: 3 }).apply([[0]], { countWeights: [[1]] })).toThrow(
      'are for outputMode "count"',
    );
  });
  test("refuses what it cannot do", () => {
    expect(() => new CategoryEncoding()).toThrow("numTokens is a whole number ≥ 1");
    expect(() => new CategoryEncoding({ numTokens: 0 })).toThrow("numTokens is a whole number ≥ 1");
    expect(() => new CategoryEncoding({ numTokens: 2, outputMode: "int" as never })).toThrow("outputMode is one of");
    expect(() => new CategoryEncoding({ numTokens: 2, sparse: true as never })).toThrow("sparse tensors do not exist");
    expect(() => new CategoryEncoding({ numTokens: 2, outputMode: "count" }).apply(ops.zeros([1, 2, 3]))).toThrow("1 or 2 axes");
  });
});

test("options that no layer can work with are refused by name", () => {
  expect(() => new Rescaling(undefined as never)).toThrow("Rescaling: the scale is missing");
  expect(() => new Normalization({ name: "n", mean: [1, 2], variance: [1, 2] }).apply(spread([2, 3]))).toThrow(
    /n: mean and variance must broadcast to \[1,3\].*received shape \[2\]/,
  );
  expect(new Normalization({ mean: [[1], [2]], variance: 4, axis: [1, 2] }).apply(ops.zeros([1, 2, 3])).array()).toEqual([
    [[-0.5, -0.5, -0.5], [-1, -1, -1]],
  ]); // biome-ignore format: rows
  expect(new CategoryEncoding(3, { dtype: "int32" }).apply([[0, 2]]).dtype).toBe("int32");
});

describe("Discretization", () => {
  test("counts the boundaries that are not above", () => {
    const y = new Discretization({ binBoundaries: [0, 1] }).apply([[-0.5, 0, 0.5, 1, 7]]);
    expect(y.array()).toEqual([[0, 1, 1, 2, 2]]);
    expect(y.dtype).toBe("int32");
    expect(new Discretization({ binBoundaries: [0, 1], outputMode: "one_hot" }).apply([[-1], [3]]).array()).toEqual([[1, 0, 0], [0, 0, 1]]); // biome-ignore format: rows
    expect(new Discretization({ binBoundaries: [0, 1], outputMode: "count" }).apply([[-1, 2, 3]]).array()).toEqual([[1, 0, 2]]);
    expect(new Discretization({ numBins: 1 }).apply([5, -5]).array()).toEqual([0, 0]);
  });
  test.each([1000, 10_007])("adapts to quantiles of %j numbers, within epsilon", (n) => {
    const x = Float32Array.from({ length: n }, (_, i) => ((i * 7919) % n) / n); // 0 … 1, evenly, out of order
    const layer = new Discretization({ numBins: 4, epsilon: 0.01 });
    layer.adapt(x);
    [0.25, 0.5, 0.75].forEach((q, i) => expect(Math.abs(layer.binBoundaries[i]! - q)).toBeLessThan(0.01));
    const bins = new Discretization({ numBins: 4, epsilon: 0.01 });
    bins.adapt(Array.from({ length: 10 }, (_, i) => x.subarray((i * n) / 10, ((i + 1) * n) / 10)));
    [0.25, 0.5, 0.75].forEach((q, i) => expect(Math.abs(bins.binBoundaries[i]! - q)).toBeLessThan(0.03));
  });
  test("its config has what it adapted to, and can adapt again", () => {
    const layer = new Discretization({ numBins: 2 });
    layer.adapt([1, 2, 3, 4]);
    const copy = saving.deserialize<Discretization>(JSON.parse(JSON.stringify(saving.serialize(layer))));
    expect(copy.binBoundaries).toEqual(layer.binBoundaries);
    copy.adapt([10, 20, 30, 40]);
    expect(copy.binBoundaries[0]).toBeGreaterThanOrEqual(10);
    expect(Discretization.fromConfig(layer.getConfig()).binBoundaries).toEqual(layer.binBoundaries);
  });
  test("feeds an embedding in a model", async () => {
    const model = new Sequential([new Discretization({ binBoundaries: [0] }), new Embedding(2, 1, { weights: [[5], [6]] })]);
    close(await model.predict(tensor([[-1], [1]]), { verbose: 0 }), [5, 6]);
  });
  test("refuses what it cannot do", () => {
    expect(() => new Discretization()).toThrow("give binBoundaries, or numBins");
    expect(() => new Discretization({ numBins: 3, binBoundaries: [1] })).toThrow("make 2 bins, numBins says 3");
    expect(() => new Discretization({ binBoundaries: [1, 0] })).toThrow("ascending numbers");
    expect(() => new Discretization({ numBins: 0 })).toThrow("numBins is a whole number ≥ 1");
    expect(() => new Discretization({ numBins: 2, epsilon: 0 })).toThrow("epsilon is a share");
    expect(() => new Discretization({ numBins: 2 }).apply([1])).toThrow("call adapt(data) first");
    expect(() => new Discretization({ binBoundaries: [1] }).adapt([1])).toThrow("give numBins in their place");
    expect(() => new Discretization({ binBoundaries: [1], trainable: false } as never)).not.toThrow();
  });
});

describe("Resizing and CenterCrop", () => {
  test("Resizing is ops.image.resize", () => {
    const x = spread([2, 5, 4, 3]);
    for (const interpolation of ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"] as const)
      expect(new Resizing(3, 6, { interpolation }).apply(x).array()).toEqual(resize(x, [3, 6], { interpolation }).array());
    const image = ops.getItem(x, 0);
    expect(new Resizing(3, 6, { cropToAspectRatio: true }).apply(image).array()).toEqual(
      resize(image, [3, 6], { cropToAspectRatio: true }).array(),
    );
  });
  test("integer images stay integers, rounded", () => {
    const y = new Resizing(1, 4).apply(new Tensor([0, 10], [1, 2, 1], { dtype: "int32" }));
    expect(y.dtype).toBe("int32");
    expect(y.array()).toEqual([[[0], [2], [8], [10]]]); // 0, 2.5, 7.5, 10; halves to even
  });
  test("CenterCrop takes the middle, an odd pixel more is cut off behind", () => {
    const x = tensor(Array.from({ length: 5 }, (_, i) => Array.from({ length: 4 }, (_, j) => [10 * i + j])));
    expect(new CenterCrop(2, 3).apply(x).array()).toEqual([[[10], [11], [12]], [[20], [21], [22]]]); // biome-ignore format: rows
    const first = ops.transpose(ops.expandDims(x, 0), { axes: [0, 3, 1, 2] });
    expect(new CenterCrop(2, 3, { dataFormat: "channels_first" }).apply(first).array()).toEqual([
      [
        [
          [10, 11, 12],
          [20, 21, 22],
        ],
      ],
    ]);
  });
  test("CenterCrop resizes what is smaller, by the middle of its aspect ratio", () => {
    const x = spread([1, 4, 6, 2]);
    expect(new CenterCrop(5, 5).apply(x).array()).toEqual(resize(x, [5, 5], { cropToAspectRatio: true }).array());
  });
  test("a record has its images and masks resized, and keeps its labels", () => {
    const labels = tensor([1]);
    const masks = new Tensor([1, 2, 3, 4], [1, 2, 2, 1], { dtype: "int32" });
    const data = { images: spread([1, 2, 2, 3]), labels, segmentation_masks: masks };
    const y = new Resizing(4, 4).apply<Record<string, Tensor>>(data);
    expect(y.images!.shape).toEqual([1, 4, 4, 3]);
    expect(y.segmentation_masks!.array()).toEqual(resize(masks, [4, 4], { interpolation: "nearest" }).array());
    expect(y.segmentation_masks!.dtype).toBe("int32");
    expect(y.labels!.array()).toEqual([1]);
    expect(() => new Resizing(4, 4).apply({ ...data, bounding_boxes: labels })).toThrow("bounding boxes");
    expect(() => new Resizing(4, 4).apply({ labels })).toThrow('needs "images"');
  });
  test("feeds a model that trains", async () => {
    const model = new Sequential([new CenterCrop(3, 3), new Resizing(2, 2), new Dense(1)]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    await model.fit(spread([4, 5, 5, 1]), ops.ones([4, 2, 2, 1]), { verbose: 0 });
    expect(model.outputShape).toEqual([null, 2, 2, 1]);
  });
  test("Resizing gives the same bits on dirty memory, in its gradient too", () => {
    const layer = new Resizing(3, 7, { interpolation: "bicubic", antialias: true });
    const x = spread([2, 5, 4, 3]);
    sameBitsOnDirtyMemory(() => [layer.apply(x), grad((t: Tensor) => ops.sum(ops.square(layer.apply(t))))(x) as Tensor]);
  });
  test("refuses what is no size, no image and no interpolation", () => {
    expect(() => new Resizing(0, 2)).toThrow("height is a whole number ≥ 1");
    expect(() => new CenterCrop(2, 1.5)).toThrow("width is a whole number ≥ 1");
    expect(() => new Resizing(2, 2, { interpolation: "area" as never })).toThrow("interpolation is one of");
    expect(() => new Resizing(2, 2, { cropToAspectRatio: true, padToAspectRatio: true })).toThrow("exclude each other");
    expect(() => new CenterCrop(2, 2, { dataFormat: "last" as never })).toThrow("dataFormat is one of");
    expect(() => new Resizing(2, 2).apply(ops.ones([2, 2]))).toThrow("expected an image of 3 axes");
  });
});
