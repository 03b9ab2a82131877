// EinsumDense.

import { describe, expect, test } from "vitest";
import { GlorotUniform, VarianceScaling } from "../../ts/initializers.js";
import { EinsumDense } from "../../ts/layers/index.js";
import * as ops from "../../ts/ops.js";
import { tensor } from "../../ts/tensor.js";
import { layerTest, spread } from "../layerTest.js";

layerTest(EinsumDense, {
  args: ["ab,bc->ac", 4],
  options: { biasAxes: "c" },
  inputShape: [3, 5],
  outputShape: [null, 4],
  weights: ["kernel", "bias"],
});
layerTest(EinsumDense, {
  args: ["abc,cd->abd", [null, 3]],
  options: { activation: "tanh", kernelRegularizer: "l2", kernelInitializer: "he_normal", kernelConstraint: "NonNeg" },
  inputShape: [2, 1, 17],
  outputShape: [null, 1, 3],
  weights: ["kernel"],
});
layerTest(EinsumDense, {
  args: ["...x,xy->...y", 2],
  options: { biasAxes: "y" },
  inputShape: [2, 3, 1, 5],
  outputShape: [null, 3, 1, 2],
  weights: ["kernel", "bias"],
});
layerTest(EinsumDense, {
  args: ["ab...,bc->ac...", 3],
  options: { biasAxes: "c" },
  knownAxes: [1],
  inputShape: [2, 4, 3],
  outputShape: [null, 3, 3],
  weights: ["kernel", "bias"],
});
layerTest(EinsumDense, {
  args: ["abc,cde->abde", [null, 2, 3]],
  options: { biasAxes: "d" },
  inputShape: [1, 3, 2],
  outputShape: [null, 3, 2, 3],
  weights: ["kernel", "bias"],
});

describe("EinsumDense", () => {
  test("is activation(einsum(x, kernel) + bias)", () => {
    const layer = new EinsumDense("abc,cde->abde", [null, 2, 3], { biasAxes: "de", activation: "relu" });
    const x = spread([2, 3, 4]);
    layer.apply(x);
    const [kernel, bias] = [spread([4, 2, 3]), spread([2, 3], 2)];
    layer.setWeights([kernel, bias]);
    const at = (data: ArrayLike<number>, ...index: [number, number][]): number =>
      data[index.reduce((i, [k, n]) => i * n + k, 0)]!;
    const y = layer.apply(x);
    for (let a = 0; a < 2; a++)
      for (let b = 0; b < 3; b++)
        for (let d = 0; d < 2; d++)
          for (let e = 0; e < 3; e++) {
            let want = at(bias.data, [d, 2], [e, 3]);
            for (let c = 0; c < 4; c++) want += at(x.data, [a, 2], [b, 3], [c, 4]) * at(kernel.data, [c, 4], [d, 2], [e, 3]);
            expect(at(y.data, [a, 2], [b, 3], [d, 2], [e, 3])).toBeCloseTo(Math.max(0, want), 5);
          }
  });
  test("the bias has the sizes from its first letter on, and 1 between", () => {
    const shapes = (equation: string, output: (number | null)[], biasAxes: string, input: number[]): unknown => {
      const layer = new EinsumDense(equation, output, { biasAxes });
      layer.build(input);
      return [layer.kernel!.shape, layer.bias!.shape];
    };
    expect(shapes("abc,cde->abde", [null, 2, 3], "d", [5, 7, 4])).toEqual([
      [4, 2, 3],
      [2, 1],
    ]);
    expect(shapes("abc,cde->abde", [null, 2, 3], "be", [5, 7, 4])).toEqual([
      [4, 2, 3],
      [7, 1, 3],
    ]);
    expect(shapes("ab...,bc->ac...", [3], "c", [5, 4, 6, 7])).toEqual([
      [4, 3],
      [3, 1, 1],
    ]);
    expect(shapes("...ab,bc->...ac", [null, 3], "c", [5, 6, 7, 4])).toEqual([[4, 3], [3]]);
  });
  test("fans are counted by the letters, with the initializer's own seed", () => {
    const options = { kernelInitializer: new GlorotUniform({ seed: 7 }) };
    const layer = new EinsumDense("abc,cde->abde", [null, 2, 3], options);
    layer.build([null, 5, 4]);
    const same = new VarianceScaling({
      scale: 1,
      mode: "fan_avg",
      distribution: "uniform",
      seed: 7,
      inputAxes: [0],
      outputAxes: [1, 2],
    });
    expect(layer.kernel!.value.array()).toEqual(same.call([4, 2, 3]).array());
    expect((layer.getConfig().kernelInitializer as GlorotUniform).getConfig()).toMatchObject({
      inputAxes: null,
      outputAxes: null,
    });
  });
  test("an empty batch gives an empty batch", () => {
    expect(new EinsumDense("ab,bc->ac", 2).apply(ops.zeros([0, 3])).shape).toEqual([0, 2]);
  });
  test.each(["ab,bc", "ab->ac", "ab,bc,cd->ad", "...a...,ab->...b...", "...ab,bc->ac", "ab,bc->...ac", "a1,ab->ab", ""])(
    "refuses %j",
    (equation) => {
      expect(() => new EinsumDense(equation, 3)).toThrow("invalid equation");
    },
  );
  test("names what does not fit", () => {
    const build =
      (equation: string, output: (number | null)[], input: (number | null)[], biasAxes: string | null = null) =>
      () =>
        new EinsumDense(equation, output, { biasAxes }).build(input);
    expect(build("abc,cd->abd", [4, 6], [null, 3, 5])).toThrow('"b" is 3 in the input (None, 3, 5) and 4 in outputShape (4, 6)');
    expect(build("ab,bc->acd", [3, 4], [null, 2])).toThrow('the result\'s "d" is neither in the input nor in the kernel');
    expect(build("ab,bcd->ac", [3], [null, 2])).toThrow('the kernel\'s "d" is neither in the input nor in the result');
    expect(build("ab,bc->ac", [3], [null, 2], "x")).toThrow('biasAxes has "x"');
    expect(build("ab,bc->ac", [3], [null, 2, 4])).toThrow("names 2 axes of the input, which has 3");
    expect(build("ab,bc->ac", [3, 4], [null, 2])).toThrow("names 2 axes of the result");
    expect(build("abc,cd->abd", [null, 3], [null, 4, null])).toThrow("the sizes of the kernel must be known");
    expect(() => new EinsumDense("ab,bc->ac", 0)).toThrow("positive whole numbers");
    expect(() => new EinsumDense("ab,bc->ac", 1, { gptqUnpackedColumnSize: 3 as never })).toThrow("not supported");
  });
  test("null sizes are those of the input", () => {
    expect(new EinsumDense("abc,cd->abd", [null, 6]).apply(tensor([[[1], [2], [3]]])).shape).toEqual([1, 3, 6]);
  });
});
