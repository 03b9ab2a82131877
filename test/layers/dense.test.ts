// Dense.

import { describe, expect, test } from "vitest";
import { Dense } from "../../ts/layers/index.js";
import * as ops from "../../ts/ops.js";
import { tensor } from "../../ts/tensor.js";
import { layerTest } from "../layerTest.js";

layerTest(Dense, { args: [4], inputShape: [3, 5], outputShape: [null, 4], weights: ["kernel", "bias"], supportsMasking: true });
layerTest(Dense, {
  args: [3],
  options: {
    activation: "tanh",
    kernelRegularizer: "l2",
    biasConstraint: "NonNeg",
    kernelInitializer: "he_normal",
    name: "hidden",
  },
  inputShape: [2, 1, 17],
  outputShape: [null, 1, 3],
  weights: ["kernel", "bias"],
  supportsMasking: true,
});
layerTest(Dense, {
  args: [1],
  options: { useBias: false },
  inputShape: [1, 4, 2, 3],
  outputShape: [null, 4, 2, 1],
  weights: ["kernel"],
  supportsMasking: true,
});

describe("Dense", () => {
  test("is activation(x · kernel + bias)", () => {
    const layer = new Dense(2, { activation: "relu" });
    layer.build([null, 2]);
    layer.setWeights([
      tensor([
        [1, 2],
        [3, -4],
      ]),
      tensor([10, 1]),
    ]);
    expect(layer.apply(tensor([[1, 1]])).array()).toEqual([[14, 0]]); // [1 + 3 + 10, 2 − 4 + 1 < 0]
  });
  test("an empty batch gives an empty batch", () => {
    expect(new Dense(2).apply(ops.zeros([0, 3])).shape).toEqual([0, 2]);
  });
  test.each([0, -1, 2.5, "3", null])("refuses %j units", (units) => {
    expect(() => new Dense(units as number)).toThrow("units must be a positive whole number");
  });
  test("refuses a rank of 0, and quantization", () => {
    expect(() => new Dense(2, { loraRank: 0 })).toThrow("loraRank is a whole number ≥ 1");
  });
  test("null stands for no activation", () => {
    expect(new Dense(2, { activation: null }).getConfig().activation).toBe(
      new Dense(2, { activation: "linear" }).getConfig().activation,
    );
  });
});
