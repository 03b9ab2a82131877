// Activation and the activation layers.

import { expect, test } from "vitest";
import { Activation, ELU, LeakyReLU, PReLU, ReLU, Softmax } from "../../ts/layers/index.js";
import { tensor } from "../../ts/tensor.js";
import { layerTest } from "../layerTest.js";

const same = { inputShape: [3, 5], outputShape: [null, 5], supportsMasking: true } as const;
layerTest(Activation, { args: ["tanh"], ...same });
layerTest(ReLU, { options: { maxValue: 1, negativeSlope: 0.1, threshold: 0.25 }, ...same });
layerTest(LeakyReLU, same);
layerTest(ELU, { options: { alpha: 0.7 }, ...same });
layerTest(Softmax, { ...same, maskShape: [3, 5] });
layerTest(Softmax, {
  options: { axis: [1, 2] },
  inputShape: [2, 3, 2],
  outputShape: [null, 3, 2],
  supportsMasking: true,
  maskShape: [2, 3, 2],
});
layerTest(PReLU, { ...same, weights: ["alpha"] });
layerTest(PReLU, {
  options: { sharedAxes: [1], alphaInitializer: "ones" },
  inputShape: [2, 3, 4],
  outputShape: [null, 3, 4],
  weights: ["alpha"],
  supportsMasking: true,
});

test("ReLU has three pieces", () => {
  const y = new ReLU({ maxValue: 6, negativeSlope: 0.1, threshold: 1 }).apply(tensor([-2, 0, 1, 1.5, 7]));
  const want = [-0.3, -0.1, 0, 1.5, 6];
  y.data.forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 6));
});

test("slopes must not be negative", () => {
  expect(() => new ReLU({ negativeSlope: -1 })).toThrow("negativeSlope must be a number ≥ 0");
  expect(() => new ReLU({ maxValue: -1 })).toThrow("maxValue");
  expect(() => new LeakyReLU({ negativeSlope: -0.1 })).toThrow("negativeSlope");
});

test("PReLU multiplies negative values with its slope", () => {
  const layer = new PReLU({ alphaInitializer: "ones" });
  layer.build([null, 2]);
  layer.setWeights([tensor([0.5, 2])]);
  expect(
    layer
      .apply(
        tensor([
          [-2, -3],
          [2, 3],
        ]),
      )
      .array(),
  ).toEqual([
    [-1, -6],
    [2, 3],
  ]);
});

test("Softmax with a mask leaves nothing to masked entries, and an empty row all zero", () => {
  const y = new Softmax().apply(
    tensor([
      [1, 1, 5],
      [1, 2, 3],
    ]),
    {
      mask: tensor([
        [true, true, false],
        [false, false, false],
      ]),
    },
  );
  expect(y.array()).toEqual([
    [0.5, 0.5, 0],
    [0, 0, 0],
  ]);
});

test("an unknown activation names near misses", () => {
  expect(() => new Activation("rleu")).toThrow(/"relu"/);
});
