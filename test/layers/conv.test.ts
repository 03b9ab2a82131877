// Conv, ConvTranspose, DepthwiseConv, SeparableConv.

import { describe, expect, test } from "vitest";
import { Program } from "../../ts/core/program.js";
import { grad } from "../../ts/functions.js";
import * as layers from "../../ts/layers/index.js";
import {
  Conv1D,
  Conv1DTranspose,
  Conv2D,
  Conv2DTranspose,
  Conv3D,
  Conv3DTranspose,
  DepthwiseConv1D,
  DepthwiseConv2D,
  SeparableConv1D,
  SeparableConv2D,
} from "../../ts/layers/index.js";
import type { Layer } from "../../ts/layers/layer.js";
import * as ops from "../../ts/ops.js";
import * as saving from "../../ts/saving.js";
import { type Tensor, tensor } from "../../ts/tensor.js";
import { sameBitsOnDirtyMemory } from "../dirtyMemory.js";
import { layerTest, spread } from "../layerTest.js";

const weights = ["kernel", "bias"];
const separable = ["depthwise_kernel", "pointwise_kernel", "bias"];

layerTest(Conv1D, { args: [4, 3], inputShape: [2, 5, 3], outputShape: [null, 3, 4], weights });
layerTest(Conv1D, { args: [1, 1], inputShape: [1, 1, 1], outputShape: [null, 1, 1], weights });
layerTest(Conv1D, {
  args: [9, [3]],
  options: { strides: 5, padding: "same", activation: "tanh", useBias: false },
  inputShape: [3, 3, 1],
  outputShape: [null, 1, 9],
  weights: ["kernel"],
});
layerTest(Conv1D, {
  args: [2, 2],
  options: { padding: "CAUSAL", dilationRate: 3, biasInitializer: "ones" },
  inputShape: [2, 7, 2],
  outputShape: [null, 7, 2],
  weights,
});
layerTest(Conv1D, {
  args: [6, 3],
  options: { groups: 3, dataFormat: "channels_first", kernelRegularizer: "l2", kernelConstraint: "MaxNorm", strides: 2 },
  inputShape: [2, 3, 8],
  outputShape: [null, 6, 3],
  weights,
});
layerTest(Conv2D, { args: [3, 3], inputShape: [2, 4, 5, 2], outputShape: [null, 2, 3, 3], weights });
layerTest(Conv2D, {
  args: [9, [3, 1]],
  options: { strides: [1, 4], padding: "same", activation: "sigmoid", kernelInitializer: "he_normal" },
  inputShape: [2, 3, 3, 1],
  outputShape: [null, 3, 1, 9],
  weights,
});
layerTest(Conv2D, {
  args: [4, [2, 3]],
  options: { dilationRate: [2, 1], groups: 2, padding: "same", dataFormat: "channels_first", activityRegularizer: "l1" },
  inputShape: [2, 4, 5, 3],
  outputShape: [null, 4, 5, 3],
  weights,
});
layerTest(Conv2D, { args: [8, 1], inputShape: [2, 3, 1, 9], outputShape: [null, 3, 1, 8], weights });
layerTest(Conv2D, {
  args: [3, 5],
  options: { strides: 3, padding: "same" },
  inputShape: [1, 4, 5, 2],
  outputShape: [null, 2, 2, 3],
  weights,
});
layerTest(Conv3D, { args: [2, 2], inputShape: [2, 3, 2, 3, 2], outputShape: [null, 2, 1, 2, 2], weights });
layerTest(Conv3D, {
  args: [2, [1, 3, 2]],
  options: { strides: [1, 2, 3], padding: "same", dataFormat: "channels_first", groups: 2 },
  inputShape: [1, 2, 3, 3, 2],
  outputShape: [null, 2, 3, 2, 1],
  weights,
});
layerTest(Conv3D, {
  args: [2, 2],
  options: { dilationRate: [1, 2, 1], activation: "tanh" },
  inputShape: [2, 2, 3, 2, 1],
  outputShape: [null, 1, 1, 1, 2],
  weights,
});

layerTest(Conv1DTranspose, { args: [3, 3], options: { strides: 2 }, inputShape: [2, 3, 2], outputShape: [null, 7, 3], weights });
layerTest(Conv1DTranspose, {
  args: [2, 2],
  options: { strides: 5, outputPadding: 3, padding: "same", activation: "tanh" },
  inputShape: [2, 3, 3],
  outputShape: [null, 13, 2], // (3 − 1)·5 + 2 mod 2 + 3
  weights,
});
layerTest(Conv1DTranspose, {
  args: [9, 3],
  options: { dilationRate: 2, dataFormat: "channels_first" },
  inputShape: [1, 2, 1],
  outputShape: [null, 9, 5],
  weights,
});
layerTest(Conv2DTranspose, {
  args: [3, [3, 2]],
  options: { strides: [2, 3], padding: "same" },
  inputShape: [2, 2, 3, 2],
  outputShape: [null, 4, 9, 3],
  weights,
});
layerTest(Conv2DTranspose, {
  args: [2, 1],
  options: { strides: [3, 1], useBias: false, dataFormat: "channels_first" },
  inputShape: [2, 3, 1, 3],
  outputShape: [null, 2, 3, 3],
  weights: ["kernel"],
});
layerTest(Conv2DTranspose, {
  args: [1, 3],
  options: { strides: 2, outputPadding: [1, 0], activation: "tanh" },
  inputShape: [1, 3, 1, 9],
  outputShape: [null, 8, 3, 1],
  weights,
});
layerTest(Conv3DTranspose, {
  args: [2, 2],
  options: { strides: [1, 2, 1] },
  inputShape: [2, 2, 1, 2, 2],
  outputShape: [null, 3, 2, 3, 2],
  weights,
});
layerTest(Conv3DTranspose, {
  args: [1, [3, 1, 2]],
  options: { padding: "same", strides: [2, 1, 1], dataFormat: "channels_first" },
  inputShape: [1, 3, 1, 3, 2],
  outputShape: [null, 1, 2, 3, 2],
  weights,
});

layerTest(DepthwiseConv1D, { args: [3], inputShape: [2, 5, 3], outputShape: [null, 3, 3], weights });
layerTest(DepthwiseConv1D, {
  args: [2],
  options: { depthMultiplier: 3, strides: 2, dilationRate: 2, padding: "same", depthwiseRegularizer: "l2" },
  inputShape: [2, 5, 2],
  outputShape: [null, 3, 6],
  weights,
});
layerTest(DepthwiseConv2D, {
  args: [3],
  options: { padding: "same", activation: "tanh" },
  inputShape: [2, 3, 4, 9],
  outputShape: [null, 3, 4, 9],
  weights,
});
layerTest(DepthwiseConv2D, {
  args: [[1, 2]],
  options: { depthMultiplier: 2, strides: [3, 1], dataFormat: "channels_first", useBias: false },
  inputShape: [1, 3, 1, 3],
  outputShape: [null, 6, 1, 2],
  weights: ["kernel"],
});
layerTest(SeparableConv1D, { args: [4, 3], inputShape: [2, 5, 2], outputShape: [null, 3, 4], weights: separable });
layerTest(SeparableConv1D, {
  args: [1, 1],
  options: { strides: 3, depthMultiplier: 2, dataFormat: "channels_first", pointwiseConstraint: "NonNeg" },
  inputShape: [2, 3, 4],
  outputShape: [null, 1, 2],
  weights: separable,
});
layerTest(SeparableConv2D, {
  args: [3, [2, 3]],
  options: { padding: "same", strides: 2, depthMultiplier: 2, activation: "tanh" },
  inputShape: [2, 3, 5, 3],
  outputShape: [null, 2, 3, 3],
  weights: separable,
});
layerTest(SeparableConv2D, {
  args: [5, 2],
  options: { dilationRate: [2, 1], useBias: false },
  inputShape: [1, 3, 3, 1],
  outputShape: [null, 1, 2, 5],
  weights: ["depthwise_kernel", "pointwise_kernel"],
});

/** One layer of each class, for an input of its shape. */
const EACH: [() => Layer, readonly number[]][] = [
  [() => new Conv1D(9, 3, { padding: "causal", dilationRate: 2 }), [3, 17, 5]],
  [() => new Conv2D(10, 3, { padding: "same", activation: "relu" }), [3, 9, 7, 1]],
  [() => new Conv2D(8, 3, { strides: 2, padding: "same" }), [3, 9, 7, 9]],
  [() => new Conv2D(6, [2, 3], { groups: 3, dataFormat: "channels_first" }), [3, 6, 5, 7]],
  [() => new Conv2D(17, 1), [2, 5, 4, 16]],
  [() => new Conv3D(3, 2, { padding: "same" }), [2, 3, 5, 4, 2]],
  [() => new Conv1DTranspose(9, 3, { strides: 2 }), [3, 9, 5]],
  [() => new Conv2DTranspose(8, 3, { strides: 2, padding: "same" }), [2, 5, 4, 9]],
  [() => new Conv3DTranspose(2, 2, { strides: [1, 3, 1] }), [2, 3, 2, 3, 3]],
  [() => new DepthwiseConv1D(3, { depthMultiplier: 2, padding: "same" }), [3, 9, 5]],
  [() => new DepthwiseConv2D(3, { strides: 2, padding: "same" }), [2, 9, 7, 17]],
  [() => new SeparableConv1D(4, 3, { padding: "same" }), [3, 9, 5]],
  [() => new SeparableConv2D(4, 3, { dilationRate: 2 }), [2, 9, 7, 3]],
];
const named = EACH.map(([make, shape]) => [make().constructor.name, shape, make] as const);

test.each(named)("%s of %j gives the same bits on dirty memory, in its gradients too", (_, shape, make) => {
  const layer = make();
  const x = spread(shape);
  layer.apply(x);
  const loss = (a: Tensor, w: Tensor[]): Tensor => ops.sum(ops.square(layer.statelessCall(w, [], a)[0] as Tensor));
  sameBitsOnDirtyMemory(() => {
    const [dx, dw] = grad(loss, { argnums: [0, 1] })(x, layer.getWeights()) as unknown as [Tensor, Tensor[]];
    return [layer.apply(x), dx, ...dw];
  });
});

test.each(named)("%s of %j: an empty batch gives an empty batch", (_, shape, make) => {
  const layer = make();
  const full = layer.computeOutputShape(shape) as number[];
  expect(layer.apply(ops.zeros([0, ...shape.slice(1)])).shape).toEqual([0, ...full.slice(1)]);
});

describe("the core", () => {
  const CHANNELS_LAST: [Layer, readonly number[], string][] = [
    [new Conv1D(4, 3, { activation: "relu" }), [2, 5, 3], "conv + map[add, relu]"],
    [new Conv2D(4, 3, { activation: "relu", padding: "same", strides: 2 }), [2, 5, 5, 3], "conv + map[add, relu]"],
    [new Conv2DTranspose(4, 3, { activation: "relu" }), [2, 5, 5, 3], "conv_input + map[add, relu]"],
    [new DepthwiseConv2D(3, { activation: "relu" }), [2, 5, 5, 3], "conv + map[add, relu]"],
  ];
  test.each(CHANNELS_LAST)("%s is one step of a program, with bias and activation in it", (layer, shape, step) => {
    layer.build([...shape]);
    const program = Program.trace([{ shape, dtype: "float32" }], ([x]) => [layer.apply(x!)]);
    expect(program.text()).toContain(step);
    expect(program.text()).toMatch(/→ 1 steps/);
  });
});

describe("Conv", () => {
  test("causal: a step sees itself and steps before", () => {
    const layer = new Conv1D(1, 3, { padding: "causal", kernelInitializer: "ones", strides: 2 });
    expect(ops.reshape(layer.apply(tensor([[[1], [2], [3], [4], [5], [6]]])), [-1]).array()).toEqual([1, 6, 12]);
  });

  test("has the other names of Keras", () => {
    const { Convolution1D, Convolution2D, Convolution3D } = layers;
    expect([Convolution1D, Convolution2D, Convolution3D]).toEqual([Conv1D, Conv2D, Conv3D]);
    const { Convolution1DTranspose, Convolution2DTranspose, Convolution3DTranspose } = layers;
    const transposed = [Convolution1DTranspose, Convolution2DTranspose, Convolution3DTranspose];
    expect(transposed).toEqual([Conv1DTranspose, Conv2DTranspose, Conv3DTranspose]);
    expect([layers.SeparableConvolution1D, layers.SeparableConvolution2D]).toEqual([SeparableConv1D, SeparableConv2D]);
  });

  test("unknown lengths stay unknown, whatever the window", () => {
    expect(new Conv1D(4, 400, { strides: 300 }).computeOutputShape([null, null, 2])).toEqual([null, null, 4]);
    expect(new Conv2D(4, 3, { dataFormat: "channels_first" }).computeOutputShape([2, 3, null, 7])).toEqual([2, 4, null, 5]);
    expect(
      new Conv2DTranspose(4, 2, { padding: "same", strides: 500, outputPadding: 0 }).computeOutputShape([1, null, 2, 3]),
    ).toEqual([1, null, 500, 4]);
    expect(new SeparableConv1D(4, 400).computeOutputShape([null, null, 2])).toEqual([null, null, 4]);
  });

  test("the kernel is initialized by its own fans: 3·3·4 in, 3·3·8 out", () => {
    const limit = Math.sqrt(6 / (36 + 72));
    const layer = new Conv2D(8, 3);
    layer.build([null, 9, 9, 4]);
    const largest = Math.max(...Array.from(layer.getWeights()[0]!.data, Math.abs));
    expect(largest).toBeLessThanOrEqual(limit);
    expect(largest).toBeGreaterThan(0.9 * limit);
  });

  test("an activation over axes sees the format of the layer", () => {
    const x = spread([2, 3, 4, 5]);
    const layer = new Conv2D(2, 1, { dataFormat: "channels_first", activation: "softmax" });
    const y = layer.apply(x);
    expect(y.shape).toEqual([2, 2, 4, 5]);
    for (const sum of ops.reshape(ops.sum(y, { axis: -1 }), [-1]).data) expect(sum).toBeCloseTo(1, 5);
  });
});

describe("bad input is an error before there are weights", () => {
  const REFUSED: [string, () => unknown, RegExp][] = [
    ["no filters", () => new Conv2D(0, 3), /Conv2D: filters is a whole number ≥ 1, received 0/],
    ["half a filter", () => new Conv2D(1.5, 3), /filters is a whole number/],
    ["a kernel of size 0", () => new Conv2D(2, [3, 0]), /Conv2D: kernelSize must be .* received \[3,0\]/],
    ["a kernel of another rank", () => new Conv3D(2, [3, 3]), /array of 3 whole numbers/],
    ["strides of 0", () => new Conv1D(2, 3, { strides: 0 }), /Conv1D: strides must be a whole number ≥ 1, received 0/],
    ["groups of 0", () => new Conv1D(2, 3, { groups: 0 }), /groups is a whole number ≥ 1, received 0/],
    [
      "filters that groups do not divide",
      () => new Conv2D(4, 3, { groups: 3 }),
      /multiple of the groups, received 4 filters and 3 groups/,
    ],
    [
      "strides with dilation",
      () => new Conv2D(4, 3, { strides: [1, 2], dilationRate: 2 }),
      /do not go together.*\[1,2\].*\[2,2\]/,
    ],
    ["strides with dilation, transposed", () => new Conv1DTranspose(4, 3, { strides: 2, dilationRate: 2 }), /do not go together/],
    ["causal images", () => new Conv2D(4, 3, { padding: "causal" as "same" }), /Conv2D: padding "causal".*only Conv1D/],
    ["causal depthwise", () => new DepthwiseConv1D(3, { padding: "causal" as "same" }), /only Conv1D/],
    ["causal separable", () => new SeparableConv1D(3, 3, { padding: "causal" as "same" }), /only Conv1D/],
    [
      "another padding",
      () => new Conv1D(4, 3, { padding: "full" as "same" }),
      /padding is one of "valid", "same", "causal", received "full"/,
    ],
    ["another format", () => new Conv1D(4, 3, { dataFormat: "NCHW" as "channels_last" }), /dataFormat is one of/],
    [
      "output padding as large as the strides",
      () => new Conv2DTranspose(4, 3, { strides: 2, outputPadding: [1, 2] }),
      /less than strides.*\[1,2\]/,
    ],
    [
      "a depth of 0",
      () => new DepthwiseConv2D(3, { depthMultiplier: 0 }),
      /DepthwiseConv2D: depthMultiplier is a whole number ≥ 1/,
    ],
    ["groups of a depthwise layer", () => new DepthwiseConv2D(3, { groups: 2 } as never), /Unknown option "groups"/],
  ];
  test.each(REFUSED)("%s", (_, make, text) => {
    expect(make).toThrow(text);
  });

  const SHAPES: [string, () => Layer, (number | null)[], RegExp][] = [
    [
      "a window that does not fit",
      () => new Conv2D(2, 3),
      [null, 2, 5, 1],
      /output size would be zero or negative.*\[null, 2, 5, 1\]/,
    ],
    ["a window that dilation spreads too far", () => new Conv1D(2, 3, { dilationRate: 3 }), [4, 6, 1], /reaches over 7/],
    ["channels that groups do not divide", () => new Conv2D(4, 3, { groups: 2 }), [null, 5, 5, 3], /3 channels .*2 groups/],
    ["unknown channels", () => new Conv2D(4, 3), [null, 5, 5, null], /number of channels must be known/],
    ["unknown channels in front", () => new Conv2D(4, 3, { dataFormat: "channels_first" }), [1, null, 5, 5], /must be known/],
    ["one axis too many", () => new Conv1D(4, 3), [1, 2, 5, 5], /expected ndim=3, found ndim=4/],
    ["one axis too few", () => new SeparableConv2D(4, 3), [1, 5, 5], /expected ndim=4, found ndim=3/],
    [
      "nothing left of a transposed one",
      () => new Conv1DTranspose(4, 2, { strides: 2, padding: "same", outputPadding: 0 }),
      [1, 1, 1],
      /zero or negative/,
    ],
    ["a window that does not fit, depthwise", () => new DepthwiseConv2D([3, 1]), [1, 2, 2, 1], /zero or negative/],
    ["a window that does not fit, separable", () => new SeparableConv1D(2, 5), [1, 2, 2], /zero or negative/],
  ];
  test.each(SHAPES)("%s", (_, make, shape, text) => {
    const layer = make();
    expect(() => layer.build(shape)).toThrow(text);
    expect(() => layer.build(shape)).toThrow(layer.name);
    expect(() => layer.computeOutputShape(shape)).toThrow(text);
    if (!shape.includes(null)) expect(() => layer.apply(ops.ones(shape as number[]))).toThrow(text);
    expect(layer.built).toBe(false);
    expect(layer.weights).toEqual([]);
  });

  test("a built layer refuses other channels, and lengths that its window does not fit, by name", () => {
    const layer = new Conv1D(2, 3, { name: "time" });
    layer.build([null, null, 4]);
    expect(() => layer.apply(ops.ones([1, 9, 5]))).toThrow(/layer "time".*expected axis -1 of input shape to have value 4/);
    expect(() => layer.apply(ops.ones([1, 2, 4]))).toThrow(/time › conv: the output size would be zero or negative/);
    expect(layer.apply(ops.ones([1, 9, 4])).shape).toEqual([1, 7, 2]);
  });
});

test("the config is that of Keras", () => {
  const { config } = saving.serialize(
    new Conv1DTranspose(3, 2, { name: "up", strides: 2, outputPadding: 1, padding: "SAME" as "same" }),
  );
  expect(config).toMatchObject({
    filters: 3,
    kernel_size: [2],
    strides: [2],
    padding: "same",
    output_padding: [1],
    data_format: "channels_last",
    dilation_rate: [1],
    activation: "linear",
    activity_regularizer: null,
  });
  expect(Object.keys(config as object)).not.toContain("groups");
});
