// LocallyConnected1D and LocallyConnected2D.

import { describe, expect, test } from "vitest";
import { grad } from "../../ts/functions.js";
import { LocallyConnected1D, LocallyConnected2D } from "../../ts/layers/index.js";
import type { Layer } from "../../ts/layers/layer.js";
import * as ops from "../../ts/ops.js";
import * as saving from "../../ts/saving.js";
import { type Tensor, tensor } from "../../ts/tensor.js";
import { sameBitsOnDirtyMemory } from "../dirtyMemory.js";
import { layerTest, spread } from "../layerTest.js";

const weights = ["kernel", "bias"];
layerTest(LocallyConnected1D, { args: [4, 3], knownAxes: [1, 2], inputShape: [3, 5, 2], outputShape: [null, 3, 4], weights });
layerTest(LocallyConnected1D, { args: [1, 1], knownAxes: [1, 2], inputShape: [1, 1, 1], outputShape: [null, 1, 1], weights });
layerTest(LocallyConnected1D, {
  args: [3, 2],
  options: { strides: 5, activation: "tanh", dataFormat: "channels_first", biasInitializer: "ones" },
  knownAxes: [1, 2],
  inputShape: [2, 3, 8],
  outputShape: [null, 3, 2],
  weights,
});
layerTest(LocallyConnected1D, {
  args: [2, [4]],
  options: { padding: "same", implementation: 2, useBias: false, kernelRegularizer: "l2" },
  knownAxes: [1, 2],
  inputShape: [2, 3, 1],
  outputShape: [null, 3, 2],
  weights: ["kernel"],
});
layerTest(LocallyConnected2D, {
  args: [2, [3, 1]],
  options: { strides: [1, 3], activation: "tanh" },
  knownAxes: [1, 2, 3],
  inputShape: [2, 5, 4, 3],
  outputShape: [null, 3, 2, 2],
  weights,
});
layerTest(LocallyConnected2D, {
  args: [3, 2],
  options: { padding: "same", implementation: 3, dataFormat: "channels_first", strides: 2 },
  knownAxes: [1, 2, 3],
  inputShape: [2, 2, 3, 3],
  outputShape: [null, 3, 2, 2],
  weights,
});

/** A layer whose weights are spread out, called. */
function called(layer: Layer, x: Tensor): Tensor {
  layer.apply(x);
  layer.setWeights(layer.getWeights().map((w) => spread(w.shape)));
  return layer.apply(x);
}

describe("LocallyConnected", () => {
  test("every place is a Dense of its window", () => {
    const x = spread([2, 5, 3]);
    const layer = new LocallyConnected1D(4, 2, { strides: 3 });
    const y = called(layer, x);
    const [kernel, bias] = layer.getWeights() as [Tensor, Tensor];
    expect(kernel.shape).toEqual([2, 6, 4]);
    expect(bias.shape).toEqual([2, 4]);
    const at = (t: Tensor, ...p: number[]): number => t.data[p.reduce((n, q, i) => n * t.shape[i]! + q, 0)]!;
    for (const b of [0, 1])
      for (const t of [0, 1])
        for (const o of [0, 1, 2, 3]) {
          let sum = at(bias, t, o);
          for (const j of [0, 1]) for (const c of [0, 1, 2]) sum += at(x, b, 3 * t + j, c) * at(kernel, t, j * 3 + c, o);
          expect(at(y, b, t, o)).toBeCloseTo(sum, 4);
        }
  });

  // A row of the kernel is ordered by channel first, and the bias is reshaped, not turned: as in Keras 2.
  test.each([[[2, 5, 3]], [[2, 4, 5, 3]]])("channels first are the same sums: %j", (shape) => {
    const make = (dataFormat: "channels_last" | "channels_first"): Layer =>
      shape.length === 3 ? new LocallyConnected1D(4, 2, { dataFormat }) : new LocallyConnected2D(4, [2, 3], { dataFormat });
    const [last, first] = [make("channels_last"), make("channels_first")];
    const x = spread(shape);
    const y = called(last, x);
    first.apply(ops.moveaxis(x, -1, 1));
    const [kernel, bias] = last.getWeights() as [Tensor, Tensor];
    const [places, , filters] = kernel.shape as [number, number, number];
    const channels = shape.at(-1)!;
    const turned = ops.reshape(ops.swapaxes(ops.reshape(kernel, [places, -1, channels, filters]), 1, 2), kernel.shape);
    const turnedBias = ops.reshape(ops.moveaxis(bias, -1, 0), bias.shape);
    first.setWeights([turned, turnedBias]);
    const z = ops.moveaxis(first.apply(ops.moveaxis(x, -1, 1)), 1, -1);
    z.data.forEach((v, i) => expect(v).toBeCloseTo(y.data[i]!, 4));
  });

  test("all implementations give one result, and keep their number in the config", () => {
    const x = spread([2, 6, 2]);
    const results = ([1, 2, 3] as const).map((implementation) => {
      const layer = new LocallyConnected1D(3, 3, { implementation });
      const y = called(layer, x);
      expect((saving.serialize(layer).config as { implementation: number }).implementation).toBe(implementation);
      return y.array();
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  test("same padding: a window over the edge sees zeros there", () => {
    const layer = new LocallyConnected1D(1, 3, { padding: "same", implementation: 2, kernelInitializer: "ones" });
    expect(layer.apply(tensor([[[1], [2], [4]]])).array()).toEqual([[[3], [7], [6]]]);
  });

  test("has the config of Keras 2", () => {
    const json = saving.serialize(new LocallyConnected2D(3, 2, { name: "l" }));
    expect(json.module).toBe("keras.layers");
    expect(json.config).toMatchObject({
      name: "l",
      filters: 3,
      kernel_size: [2, 2],
      strides: [1, 1],
      padding: "valid",
      data_format: "channels_last",
      activation: "linear",
      use_bias: true,
      kernel_regularizer: null,
      bias_regularizer: null,
      activity_regularizer: null,
      kernel_constraint: null,
      bias_constraint: null,
      implementation: 1,
    });
    expect(Object.keys(json.config as object)).not.toContain("dilation_rate");
  });

  test("an empty batch gives an empty batch", () => {
    expect(new LocallyConnected1D(2, 2).apply(ops.zeros([0, 4, 3])).shape).toEqual([0, 3, 2]);
  });

  test("bad input is an error before there are weights", () => {
    const layer = new LocallyConnected1D(2, 3);
    expect(() => layer.build([null, null, 4])).toThrow(/length of every axis must be known.*\[null,null,4\]/);
    expect(() => layer.computeOutputShape([null, null, 4])).toThrow(/must be known/);
    expect(() => layer.build([null, 4, null])).toThrow(/number of channels must be known/);
    expect(() => layer.build([null, 2, 4])).toThrow(/output size would be zero or negative/);
    expect(() => layer.apply(ops.ones([1, 4]))).toThrow(/expected ndim=3, found ndim=2/);
    expect(layer.built).toBe(false);
    expect(layer.weights).toEqual([]);
    layer.apply(ops.ones([1, 4, 2]));
    expect(() => layer.apply(ops.ones([1, 5, 2]))).toThrow(/expected axis 1 of input shape to have value 4/);
    expect(() => new LocallyConnected1D(2, 3, { padding: "same" })).toThrow(/needs implementation 2 or 3/);
    expect(() => new LocallyConnected1D(2, 3, { implementation: 4 as 3 })).toThrow(/implementation is 1, 2 or 3, received 4/);
    expect(() => new LocallyConnected1D(2, 3, { dilationRate: 2 } as never)).toThrow(/Unknown option "dilationRate"/);
  });

  test("gives the same bits on dirty memory", () => {
    const layer = new LocallyConnected2D(5, 3, { padding: "same", implementation: 2, strides: 2 });
    const x = spread([3, 7, 6, 2]);
    called(layer, x);
    const loss = (a: Tensor, w: Tensor[]): Tensor => ops.sum(ops.square(layer.statelessCall(w, [], a)[0] as Tensor));
    sameBitsOnDirtyMemory(() => {
      const [dx, dw] = grad(loss, { argnums: [0, 1] })(x, layer.getWeights()) as unknown as [Tensor, Tensor[]];
      return [layer.apply(x), dx, ...dw];
    });
  });
});
