// BatchNormalization, LayerNormalization, GroupNormalization, RMSNormalization, UnitNormalization, SpectralNormalization.

import { describe, expect, test } from "vitest";
import { grad, jit } from "../../ts/functions.js";
import {
  BatchNormalization,
  Dense,
  Embedding,
  Flatten,
  GroupNormalization,
  LayerNormalization,
  RMSNormalization,
  SpectralNormalization,
  UnitNormalization,
} from "../../ts/layers/index.js";
import type { Layer } from "../../ts/layers/layer.js";
import { Sequential } from "../../ts/models/sequential.js";
import * as ops from "../../ts/ops.js";
import * as saving from "../../ts/saving.js";
import { Tensor, tensor } from "../../ts/tensor.js";
import { sameBitsOnDirtyMemory } from "../dirtyMemory.js";
import { checkGradients, layerTest, spread } from "../layerTest.js";
import { gradientsAreExact } from "../oracle.js";

const BATCH = ["gamma", "beta", "moving_mean", "moving_variance"];

layerTest(BatchNormalization, { inputShape: [4, 5], outputShape: [null, 5], weights: BATCH, supportsMasking: true });
layerTest(BatchNormalization, {
  options: {
    axis: 1,
    momentum: 0.5,
    epsilon: 0.1,
    center: false,
    gammaRegularizer: "l2",
    gammaConstraint: "NonNeg",
    synchronized: true,
  },
  knownAxes: [1],
  inputShape: [2, 3, 1, 4],
  outputShape: [null, 3, 1, 4],
  weights: ["gamma", "moving_mean", "moving_variance"],
  supportsMasking: true,
});
layerTest(BatchNormalization, {
  options: { renorm: true, renormClipping: { rmin: 0.5, rmax: 2, dmax: 1 }, renormMomentum: 0.9, scale: false },
  gradientInTraining: false, // r and d are constants of the step (Ioffe 2017)
  inputShape: [3, 17],
  outputShape: [null, 17],
  weights: ["beta", "moving_mean", "moving_variance", "moving_stddev", "renorm_mean", "renorm_stddev"],
  supportsMasking: true,
});
layerTest(LayerNormalization, { inputShape: [3, 5], outputShape: [null, 5], weights: ["gamma", "beta"], supportsMasking: true });
layerTest(LayerNormalization, {
  options: { axis: [1, -1], epsilon: 1e-5, scale: false, betaInitializer: "ones" },
  knownAxes: [1, -1],
  inputShape: [2, 3, 1, 4],
  outputShape: [null, 3, 1, 4],
  weights: ["beta"],
  supportsMasking: true,
});
layerTest(LayerNormalization, {
  options: { axis: 1, rmsScaling: true },
  knownAxes: [1],
  inputShape: [2, 3, 4],
  outputShape: [null, 3, 4],
  weights: ["gamma"],
  supportsMasking: true,
});
layerTest(GroupNormalization, {
  options: { groups: 3 },
  inputShape: [2, 5, 6],
  outputShape: [null, 5, 6],
  weights: ["gamma", "beta"],
  supportsMasking: true,
});
layerTest(GroupNormalization, {
  options: { groups: -1, axis: 1, center: false, epsilon: 0.01 },
  knownAxes: [1],
  inputShape: [1, 3, 4, 2],
  outputShape: [null, 3, 4, 2],
  weights: ["gamma"],
  supportsMasking: true,
});
layerTest(RMSNormalization, { inputShape: [3, 17], outputShape: [null, 17], weights: ["scale"] });
layerTest(RMSNormalization, {
  options: { axis: [1, 2], epsilon: 0.1 },
  knownAxes: [1, 2],
  inputShape: [2, 3, 4],
  outputShape: [null, 3, 4],
  weights: ["scale"],
});
layerTest(UnitNormalization, { inputShape: [3, 4], outputShape: [null, 4], supportsMasking: true });
layerTest(UnitNormalization, {
  options: { axis: [1, 2] },
  inputShape: [2, 3, 1, 5],
  outputShape: [null, 3, 1, 5],
  supportsMasking: true,
});
layerTest(SpectralNormalization, {
  args: [saving.serialize(new Dense(4, { name: "inner" }))], // as JSON, so that each of the test's layers has its own
  options: { powerIterations: 2 },
  gradientInTraining: false, // the singular vectors are constants of the step, as in Keras
  inputShape: [3, 5],
  outputShape: [null, 4],
  weights: ["inner/kernel", "vector_u", "inner/bias"],
  maskAfter: ([mask]) => mask!, // of the layer inside; the wrapper itself warns, as in Keras
});

/** Mean and variance (÷ n) of some numbers. */
const stats = (xs: readonly number[]): [number, number] => {
  const mean = xs.reduce((a, b) => a + b, 0) / xs.length;
  return [mean, xs.reduce((a, x) => a + (x - mean) ** 2, 0) / xs.length];
};
const close = (t: Tensor, want: readonly number[], digits = 5): void => {
  expect(t.size).toBe(want.length);
  t.data.forEach((x, i) => expect(x).toBeCloseTo(want[i]!, digits));
};

describe("BatchNormalization", () => {
  test("the example of the reference: two rows, one step", () => {
    const layer = new BatchNormalization({ momentum: 0.9 });
    close(layer.apply([[1], [3]], { training: true }), [-0.9995004, 0.9995004], 6);
    close(layer.movingMean!.value, [0.2], 6);
    close(layer.movingVariance!.value, [1], 6);
  });
  test("while training each channel has mean beta and variance gamma², whatever it was", () => {
    const layer = new BatchNormalization({ axis: 1, epsilon: 0 });
    const x = spread([5, 3, 7], 10);
    layer.build(x.shape);
    layer.setWeights([tensor([1, 2, 3]), tensor([0, 10, 20]), ops.zeros([3]), ops.ones([3])]);
    const y = layer.apply(x, { training: true });
    [0, 1, 2].forEach((c) => {
      const [mean, variance] = stats(Array.from({ length: 35 }, (_, i) => y.data[Math.trunc(i / 7) * 21 + c * 7 + (i % 7)]!));
      expect(mean).toBeCloseTo(10 * c, 4);
      expect(variance).toBeCloseTo((c + 1) ** 2, 4);
    });
  });
  test("in inference, and when it is frozen, the moving statistics count and stay", () => {
    const layer = new BatchNormalization({ epsilon: 0.25 });
    layer.build([null, 2]);
    const weights = [tensor([2, 1]), tensor([0, 5]), tensor([1, 2]), tensor([0.75, 3.75])];
    layer.setWeights(weights);
    const want = [2 * (3 - 1), 5 + (0 - 2) / 2]; // (x − mean)/√(variance + 0.25)·gamma + beta
    close(layer.apply([[3, 0]]), want);
    layer.trainable = false;
    close(layer.apply([[3, 0]], { training: true }), want);
    expect(layer.getWeights().map((w) => w.array())).toEqual(weights.map((w) => w.array()));
    expect(layer.trainableWeights).toEqual([]);
  });
  test("a mask decides what counts, and passes", () => {
    const layer = new BatchNormalization({ momentum: 0, epsilon: 0 });
    const x = tensor([
      [[1], [3], [100]],
      [[5], [50], [100]],
    ]);
    const mask = tensor([[true, true, false], [true, false, false]]); // biome-ignore format: rows
    const y = layer.apply(x, { training: true, mask });
    const [mean, variance] = stats([1, 3, 5]);
    close(layer.movingMean!.value, [mean]);
    close(layer.movingVariance!.value, [variance]);
    close(
      y,
      [1, 3, 100, 5, 50, 100].map((v) => (v - mean) / Math.sqrt(variance)),
      3,
    );
    expect(y.mask!.array()).toEqual(mask.array());
  });
  test("the mask of an embedding is taken along", () => {
    const words = new Embedding(3, 1, { maskZero: true, weights: [[1000], [2], [4]] });
    const layer = new BatchNormalization({ momentum: 0 });
    layer.apply(words.apply([[1, 2, 0, 0]]), { training: true });
    close(layer.movingMean!.value, [3]);
  });
  test("a mask of another rank is an error", () => {
    expect(() => new BatchNormalization().apply(ops.ones([2, 3, 4]), { mask: ops.ones([2, 3, 4], { dtype: "bool" }) })).toThrow(
      "the mask must have one axis less",
    );
  });
  test.each([
    [{}, [4, 3], undefined],
    [{ axis: 1, center: false }, [3, 2, 5], undefined],
    [{ epsilon: 0.1, scale: false }, [2, 3, 2], [true, false, true, true, false, false]],
  ] as const)("its gradient while training goes through the batch's statistics: %j %j", (options, shape, mask) => {
    const layer = new BatchNormalization(options);
    const x = spread(shape);
    layer.build(shape);
    const state = layer.nonTrainableVariables.map((v) => v.value);
    const given = mask ? { mask: new Tensor(Uint8Array.from(mask, Number), shape.slice(0, -1), { dtype: "bool" }) } : {};
    gradientsAreExact(
      (input, ...weights) => layer.statelessCall(weights, state, input, { training: true, ...given })[0] as Tensor,
      x,
      ...layer.trainableVariables.map((v) => ops.add(v.value, ops.multiply(spread(v.shape), 0.2))),
    );
  });
  test("renormalization takes r and d as constants, and bounds them", () => {
    const layer = new BatchNormalization({
      renorm: true,
      renormClipping: { rmin: 0.5, rmax: 2, dmax: 3 },
      momentum: 0.75,
      renormMomentum: 0.5,
      epsilon: 0,
    });
    layer.build([null, 1]);
    layer.setWeights([tensor([1]), tensor([0]), tensor([0]), tensor([1]), tensor([1]), tensor([10]), tensor([4])]);
    const x = tensor([[0], [20]]); // mean 10, stddev 10: r = 10/4 → 2, d = 0
    close(layer.apply(x, { training: true }), [-2, 2]);
    const [, , mean, variance, stddev, renormMean, renormStddev] = layer.getWeights();
    close(mean!, [2.5]);
    close(stddev!, [1 * 0.75 + 10 * 0.25]);
    close(variance!, [3.25 ** 2]);
    close(renormMean!, [10]);
    close(renormStddev!, [7]);
    const state = layer.nonTrainableVariables.map((v) => v.value);
    const own = layer.trainableVariables.map((v) => v.value);
    const loss = (t: Tensor): Tensor =>
      ops.sum(ops.multiply(layer.statelessCall(own, state, t, { training: true })[0], [[1], [2]]));
    close((grad(loss) as (t: Tensor) => Tensor)(x), [0, 0]); // two rows: (x − mean)/stddev is ±1 whatever x is, and r and d are constants
  });
  test("each step of a program moves the statistics", () => {
    const layer = new BatchNormalization({ momentum: 0.5 });
    layer.build([null, 1]);
    const step = jit((x: Tensor) => layer.apply(x, { training: true }));
    for (const [value, want] of [
      [8, 4],
      [8, 6],
      [0, 3],
    ] as const) {
      // biome-ignore format: a table
      step(tensor([[value], [value]]));
      close(layer.movingMean!.value, [want]);
    }
  });
  test("fit moves the statistics towards those of the data, and predict uses them", async () => {
    const model = new Sequential([new BatchNormalization({ momentum: 0.5 }), new Dense(1)]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    const x = ops.add(spread([32, 2]), 5);
    await model.fit(x, ops.ones([32, 1]), { epochs: 20, batchSize: 32, verbose: 0 });
    const [, , mean] = model.layers[0]!.getWeights();
    close(mean!, Array.from(ops.mean(x, { axis: 0 }).data), 3);
  });
  test("an empty batch keeps its shape in inference", () => {
    expect(new BatchNormalization().apply(ops.zeros([0, 3])).shape).toEqual([0, 3]);
  });
  test("refuses what it cannot be", () => {
    expect(() => new BatchNormalization({ axis: [3] as never })).toThrow("axis is one whole number");
    expect(() => new BatchNormalization({ momentum: 1.5 })).toThrow("momentum is a number from 0 to 1");
    for (const Class of [BatchNormalization, LayerNormalization, GroupNormalization, RMSNormalization])
      for (const epsilon of [-1, Number.NaN, "0.1" as never])
        expect(() => new Class({ epsilon })).toThrow(/Normalization: epsilon is a number from 0, received/);
    expect(() => new BatchNormalization({ renorm: true, renormClipping: { rmux: 1 } as never })).toThrow(/rmux.*rmax/s);
    expect(() => new BatchNormalization().build([null, null])).toThrow("the size of axis 1 must be known");
    expect(() => new BatchNormalization({ axis: 4 }).build([null, 3])).toThrow("axis 4 is out of range");
    const layer = new BatchNormalization();
    layer.apply(ops.ones([2, 3]));
    expect(() => layer.apply(ops.ones([2, 4]))).toThrow("expected axis -1 of input shape to have value 3");
  });
});

describe("LayerNormalization", () => {
  test("the example of the reference", () => {
    close(new LayerNormalization().apply([[1, 2, 3]]), [-1.2238274, 0, 1.2238274], 6);
  });
  test("several axes are normalized together", () => {
    const x = spread([2, 3, 4]);
    const y = new LayerNormalization({ axis: [1, 2], epsilon: 0 }).apply(x);
    for (const sample of [0, 1]) {
      const [mean, variance] = stats(Array.from(x.data).slice(sample * 12, sample * 12 + 12));
      const want = Array.from(x.data).slice(sample * 12, sample * 12 + 12).map((v) => (v - mean) / Math.sqrt(variance)); // biome-ignore format: one idea
      want.forEach((v, i) => expect(y.data[sample * 12 + i]).toBeCloseTo(v, 4));
    }
  });
  test("rmsScaling divides by the deviation and leaves the mean", () => {
    const layer = new LayerNormalization({ rmsScaling: true, epsilon: 0 });
    close(layer.apply([[1, 3]]), [1, 3]); // deviation 1
    expect(layer.beta).toBeUndefined();
  });
  test("equal features give beta, and no NaN", () => {
    close(new LayerNormalization({ betaInitializer: "ones" }).apply([[7, 7, 7]]), [1, 1, 1]);
  });
  test("the config of a built layer has a list of axes, as Keras writes it", () => {
    const layer = new LayerNormalization();
    expect(layer.getConfig().axis).toBe(-1);
    layer.build([null, 3]);
    expect(layer.getConfig().axis).toEqual([-1]);
  });
  test("refuses axes that are none", () => {
    expect(() => new LayerNormalization({ axis: "1" as never })).toThrow("axis is a whole number or several");
    expect(() => new LayerNormalization({ axis: [1, -1] }).build([null, 3])).toThrow("twice");
    expect(() => new LayerNormalization({ axis: 3 }).build([null, 3])).toThrow("out of range");
  });
});

describe("GroupNormalization", () => {
  test("the example of the reference", () => {
    close(new GroupNormalization({ groups: 2 }).apply([[1, 2, 3, 6]]), [-0.998006, 0.998006, -0.9997779, 0.9997778]);
  });
  test.each([1, -1])("%j groups of channels along axis 1 are as a loop over samples says", (groups) => {
    const x = spread([2, 4, 3]);
    const y = new GroupNormalization({ groups, axis: 1, epsilon: 0 }).apply(x);
    const block = groups === 1 ? 12 : 3;
    for (let start = 0; start < 24; start += block) {
      const own = Array.from(x.data).slice(start, start + block);
      const [mean, variance] = stats(own);
      own.forEach((v, i) => expect(y.data[start + i]).toBeCloseTo((v - mean) / Math.sqrt(variance), 4));
    }
  });
  test("refuses groups that do not divide the channels", () => {
    expect(() => new GroupNormalization({ groups: 4 }).build([null, 6])).toThrow("4 groups do not divide the 6 channels");
    expect(() => new GroupNormalization().build([null, 6])).toThrow("32 groups do not divide");
    expect(() => new GroupNormalization({ groups: 0 })).toThrow("groups is a whole number ≥ 1, or -1");
  });
});

describe("RMSNormalization and UnitNormalization", () => {
  test("the examples of the reference", () => {
    close(new RMSNormalization().apply([[1, 2, 3]]), [0.46291, 0.92582, 1.38873]);
    close(new UnitNormalization().apply([[3, 4]]), [0.6, 0.8], 6);
  });
  test("zeros stay zeros, and their gradient is finite", () => {
    for (const layer of [new UnitNormalization(), new RMSNormalization()]) {
      expect(layer.apply([[0, 0]]).array()).toEqual([[0, 0]]);
      const g = (grad((x: Tensor) => ops.sum(layer.apply(x))) as (x: Tensor) => Tensor)(tensor([[0, 0]]));
      expect(Array.from(g.data).every(Number.isFinite)).toBe(true);
    }
  });
});

describe("SpectralNormalization", () => {
  const kernel = tensor([[3, 0], [0, 1], [0, 0]]); // biome-ignore format: rows
  const wrapped = (powerIterations: number): SpectralNormalization => {
    const layer = new SpectralNormalization(new Dense(2, { name: "inner" }), { powerIterations, name: "outer" });
    layer.build([null, 3]);
    layer.setWeights([kernel, tensor([[0.6, 0.8]]), ops.zeros([2])]);
    return layer;
  };
  test("its weights are kernel, vector_u, bias, each once", () => {
    const layer = wrapped(1);
    expect(layer.weights.map((w) => w.path)).toEqual(["outer/inner/kernel", "outer/vector_u", "outer/inner/bias"]);
    expect(layer.trainableWeights.map((w) => w.name)).toEqual(["kernel", "bias"]);
  });
  test("many iterations bring the largest singular value to 1", () => {
    const layer = wrapped(30);
    layer.apply(ops.ones([1, 3]), { training: true });
    close(layer.kernel!.value, [1, 0, 0, 1 / 3, 0, 0], 5);
    close(layer.vectorU!.value, [1, 0], 5);
  });
  test("one iteration is the formula: v = uWᵀ/‖…‖, u = vW/‖…‖, σ = vWuᵀ", () => {
    const layer = wrapped(1);
    layer.apply(ops.ones([1, 3]), { training: true });
    const v = [1.8 / Math.hypot(1.8, 0.8), 0.8 / Math.hypot(1.8, 0.8)];
    const length = Math.hypot(3 * v[0]!, v[1]!);
    close(layer.vectorU!.value, [(3 * v[0]!) / length, v[1]! / length], 6);
    close(layer.kernel!.value, [3 / length, 0, 0, 1 / length, 0, 0], 6);
  });
  test("inference takes the kernel as it is; zeros stay zeros", () => {
    const layer = wrapped(1);
    close(layer.apply([[1, 1, 1]]), [3, 1]);
    layer.setWeights([ops.zeros([3, 2]), tensor([[0.6, 0.8]]), ops.zeros([2])]);
    close(layer.apply([[1, 1, 1]], { training: true }), [0, 0]);
    close(layer.vectorU!.value, [0.6, 0.8], 6);
  });
  test("normalizes embeddings too, and refuses layers without either", () => {
    const words = new SpectralNormalization(new Embedding(3, 2));
    words.build([null, 1]);
    expect(words.kernel!.name).toBe("embeddings");
    expect(() => new SpectralNormalization(new Flatten() as Layer).build([null, 3])).toThrow("neither a kernel nor embeddings");
    expect(() => new SpectralNormalization(new Dense(2), { powerIterations: 0 })).toThrow(
      "powerIterations is a whole number ≥ 1",
    );
    expect(() => new SpectralNormalization("dense" as never)).toThrow("expected a layer to wrap");
  });
  test("its gradients in inference agree with differences", () => {
    const layer = wrapped(1);
    checkGradients(layer, spread([2, 3]));
  });
  test("trains in a model, where the kernel stays normalized", async () => {
    const layer = new SpectralNormalization(new Dense(2), { powerIterations: 5 });
    const model = new Sequential([layer]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    await model.fit(spread([8, 3]), spread([8, 2], 20), { epochs: 3, verbose: 0 });
    layer.apply(ops.ones([1, 3]), { training: true });
    for (let i = 0; i < 5; i++) layer.apply(ops.ones([1, 3]), { training: true });
    const w = layer.kernel!.value.array() as number[][];
    const [a, b, c] = [0, 1]
      .flatMap((i) => [0, 1].map((j) => w.reduce((s, r) => s + r[i]! * r[j]!, 0)))
      .filter((_, i) => i !== 2) as [number, number, number];
    const largest = (a + c) / 2 + Math.hypot((a - c) / 2, b); // eigenvalue of WᵀW
    expect(Math.sqrt(largest)).toBeCloseTo(1, 3);
  });
});

test.each([
  ["BatchNormalization", () => new BatchNormalization()],
  ["BatchNormalization with renormalization", () => new BatchNormalization({ renorm: true })],
  ["LayerNormalization", () => new LayerNormalization()],
  ["GroupNormalization", () => new GroupNormalization({ groups: 2 })],
  ["RMSNormalization", () => new RMSNormalization()],
  ["UnitNormalization", () => new UnitNormalization()],
  ["SpectralNormalization", () => new SpectralNormalization(new Dense(3))],
] as [string, () => Layer][])("%s gives the same bits on dirty memory, in its gradients and statistics too", (_, make) => {
  const layer = make();
  const x = spread([5, 3, 4]);
  layer.build(x.shape);
  const own = layer.trainableVariables.map((v) => v.value);
  const state = layer.nonTrainableVariables.map((v) => v.value);
  const run = (w: Tensor[], t: Tensor): [Tensor, Tensor[]] => layer.statelessCall(w, state, t, { training: true });
  const loss = (t: Tensor): Tensor => ops.sum(ops.multiply(run(own, t)[0], spread(run(own, t)[0].shape, 2)));
  const both = (w: Tensor[]): Tensor => ops.sum(ops.square(run(w, x)[0]));
  sameBitsOnDirtyMemory(() => {
    const [y, after] = run(own, x);
    const byWeights = own.length > 0 ? (grad(both)(own) as unknown as Tensor[]) : [];
    return [y, ...after, grad(loss)(x) as Tensor, ...byWeights];
  });
});
