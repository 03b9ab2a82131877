// Identity, Masking, ActivityRegularization, Lambda, Input.

import { describe, expect, test } from "vitest";
import type { TensorTree } from "../../ts/core/structure.js";
import { ActivityRegularization, Identity, Input, InputLayer, Lambda, Masking } from "../../ts/layers/index.js";
import * as ops from "../../ts/ops.js";
import * as saving from "../../ts/saving.js";
import { type Tensor, tensor } from "../../ts/tensor.js";
import { layerTest } from "../layerTest.js";

const same = { inputShape: [3, 5], outputShape: [null, 5], supportsMasking: true } as const;
layerTest(Identity, same);
layerTest(Masking, {
  options: { maskValue: 2 },
  inputShape: [2, 3, 2],
  outputShape: [null, 3, 2],
  supportsMasking: true,
  maskAfter: () => ops.ones([2, 3], { dtype: "bool" }), // its own: no step is all 2
});
const squared = (x: Tensor): Tensor => ops.square(x);
const reversed = (_: unknown, mask: TensorTree): Tensor | null => (mask ? ops.flip(mask as Tensor) : null);
const weighed = (x: Tensor, { by }: Record<string, unknown>): Tensor => ops.multiply(ops.sum(x, { axis: 1 }), by as number);
layerTest(Lambda, { args: [squared], customObjects: { squared }, inputShape: [3, 5], outputShape: [null, 5] });
layerTest(Lambda, {
  args: [weighed],
  options: { arguments: { by: 3 }, mask: reversed, outputShape: [2] },
  customObjects: { weighed, reversed },
  inputShape: [3, 5, 2],
  outputShape: [null, 2],
  supportsMasking: true,
  maskAfter: ([mask]) => ops.flip(mask!),
});
layerTest(ActivityRegularization, { options: { l1: 0.1, l2: 0.2 }, ...same });

test("Masking masks steps whose features all equal the value, and clears them", () => {
  const y = new Masking({ maskValue: 9 }).apply(
    tensor([
      [
        [9, 9],
        [9, 1],
        [2, 3],
      ],
    ]),
  );
  expect(y.array()).toEqual([
    [
      [0, 0],
      [9, 1],
      [2, 3],
    ],
  ]);
  expect(y.mask!.array()).toEqual([[false, true, true]]);
});

test("ActivityRegularization adds its penalty per sample", () => {
  const layer = new ActivityRegularization({ l1: 1, l2: 10 });
  layer.apply(
    tensor([
      [1, -2],
      [0, 1],
    ]),
  );
  expect(layer.losses.map((l) => l.item())).toEqual([32]); // (1 · 4 + 10 · 6) / 2
});

test("Identity returns what it got, of any form", () => {
  const x = ops.ones([2]);
  expect(new Identity().apply(x)).toBe(x);
  expect(new Identity().apply<Tensor[]>([x, x])).toEqual([x, x]);
});

describe("Lambda", () => {
  const square = (x: Tensor): Tensor => ops.square(x);
  test("calls its function, with its arguments", () => {
    expect(new Lambda(square).apply(tensor([2, 3])).array()).toEqual([4, 9]);
    const scale = new Lambda((x, { by }) => ops.multiply(x, by as number), { arguments: { by: 3 } });
    expect(scale.apply(tensor([1, 2])).array()).toEqual([3, 6]);
  });
  test("its shape is found by tracing, or given without the batch", () => {
    expect(new Lambda((x) => ops.sum(x, { axis: -1 })).computeOutputShape([null, 4, 3])).toEqual([null, 4]);
    expect(new Lambda(square, { outputShape: [7] }).computeOutputShape([null, 4])).toEqual([null, 7]);
  });
  test("is written by the function's name, and read with customObjects", () => {
    const json = saving.serialize(new Lambda(square));
    const copy = saving.deserialize<Lambda>(JSON.parse(JSON.stringify(json)), { customObjects: { square } });
    expect(copy.apply(tensor([3])).array()).toEqual([9]);
    expect(() => saving.deserialize(json)).toThrow(/customObjects/);
  });
  test("needs a function", () => {
    expect(() => new Lambda("x" as never)).toThrow("expected a function");
  });
});

describe("Input", () => {
  test("takes the shape by position or as an option", () => {
    expect(Input([784]).shape).toEqual([null, 784]);
    expect(Input({ shape: [2, null], batchSize: 3, name: "in" }).shape).toEqual([3, 2, null]);
    expect(Input({ batchShape: [4, 5] }).shape).toEqual([4, 5]);
  });
  test("a name is the name of the layer and of the tensor", () => {
    const x = Input([1], { name: "pixels" });
    expect([x.name, x.history.operation.name]).toEqual(["pixels", "pixels"]);
  });
  test("needs one shape", () => {
    expect(() => new InputLayer({})).toThrow("you must pass a shape");
    expect(() => new InputLayer({ shape: [1], batchShape: [null, 1] })).toThrow("not both");
    expect(() => new InputLayer({ shape: [1], sparse: true })).toThrow("not supported");
  });
  test("has the config of Keras", () => {
    expect(saving.serialize(new InputLayer({ shape: [4], name: "i", dtype: "int32" }))).toEqual({
      module: "keras.layers",
      class_name: "InputLayer",
      config: { batch_shape: [null, 4], dtype: "int32", sparse: false, ragged: false, name: "i", optional: false },
      registered_name: null,
    });
  });
});
