// Shapes of symbolic calls: unknown sizes, large images, and what Keras makes of sizes that only one of two inputs knows.

import { describe, expect, test } from "vitest";
import * as layers from "../ts/layers/index.js";
import { Input, Layer } from "../ts/layers/index.js";
import { Model } from "../ts/models/model.js";
import * as ops from "../ts/ops.js";
import type { Tensor } from "../ts/tensor.js";

const { Conv1D, Conv2D, Conv3D, Dense, Dot, Dropout, MaxPooling2D, Reshape, TimeDistributed } = layers;

describe("large images", () => {
  test("the first blocks of VGG16, and the model as a layer of another", () => {
    const inputs = Input([224, 224, 3]);
    let x: Tensor = inputs;
    for (const filters of [64, 128]) {
      x = new Conv2D(filters, 3, { padding: "same", activation: "relu" }).apply(x);
      x = new MaxPooling2D(2).apply(x);
    }
    const model = new Model(inputs, x);
    expect(model.outputShape).toEqual([null, 56, 56, 128]);
    expect(model.apply(Input([224, 224, 3])).shape).toEqual([null, 56, 56, 128]);
  });
  test("a megapixel, and sixteen", () => {
    expect(new Conv2D(64, 3).apply(Input([1024, 1024, 3])).shape).toEqual([null, 1022, 1022, 64]);
    expect(new Conv2D(16, 3, { padding: "same" }).apply(Input([4096, 4096, 3])).shape).toEqual([null, 4096, 4096, 16]);
  });
  test("a volume of unknown size in every axis", () => {
    expect(new Conv3D(4, 3).apply(Input([null, null, null, 2])).shape).toEqual([null, null, null, null, 4]);
  });
});

describe("windows longer than most inputs", () => {
  test("of pooling and of strided convolution", () => {
    expect(new layers.AveragePooling2D(300).apply(Input([null, null, 3])).shape).toEqual([null, null, null, 3]);
    expect(new Conv1D(4, 500, { strides: 250 }).apply(Input([null, 1])).shape).toEqual([null, null, 4]);
  });
});

describe("sizes that divide", () => {
  test("an unknown size can be divided among axes", () => {
    expect(ops.reshape(Input([3]), [-1, 2]).shape).toEqual([null, 2]);
    expect(new Reshape([-1, 2]).apply(Input([null, 3])).shape).toEqual([null, null, 2]);
    expect(ops.split(Input([null, 3]), 2, { axis: 1 }).map((t) => t.shape)).toEqual([
      [null, null, 3],
      [null, null, 3],
    ]);
  });
});

describe("two inputs, of which one knows a size", () => {
  // Keras: broadcasting takes the known size, the merging layers do not
  test("ops broadcast to the known size", () => {
    expect(ops.add(Input([null, 3]), Input([5, 3])).shape).toEqual([null, 5, 3]);
    expect(ops.add(Input([5, 3]), Input([null, 3])).shape).toEqual([null, 5, 3]);
    expect(ops.add(Input([null, 3]), Input([1, 3])).shape).toEqual([null, null, 3]);
  });
  test("merging layers keep it unknown", () => {
    expect(layers.add([Input([null, 3]), Input([4, 3])]).shape).toEqual([null, null, 3]);
    expect(layers.add([Input({ batchShape: [1, 3] }), Input([3])]).shape).toEqual([1, 3]);
  });
  test("products keep what they do not sum over", () => {
    expect(ops.matmul(Input([null, 4]), Input([4, 7])).shape).toEqual([null, null, 7]);
    expect(new Dot([2, 1]).apply([Input([null, 3]), Input([3, null])]).shape).toEqual([null, null, null]);
  });
});

describe("steps of unknown number", () => {
  test("TimeDistributed, on layers that are called step by step too", () => {
    const x = Input([null, 3]);
    const model = new Model(x, new Dense(2).apply(new TimeDistributed(new Dropout(0.5)).apply(x)));
    expect(model.outputShape).toEqual([null, null, 2]);
    expect(model.apply(ops.ones([2, 5, 3])).shape).toEqual([2, 5, 2]);
  });
});

describe("errors", () => {
  test("say null for what is unknown", () => {
    expect(() => ops.matmul(Input([null, 3]), Input([null, 4]))).toThrow("[null, null, 3] · [null, null, 4]");
    expect(() => ops.add(Input([224, 224, 64]), Input([224, 225, 64]))).toThrow("[null, 224, 224, 64] and [null, 224, 225, 64]");
  });
  test("of a call are thrown after at most a dozen traces, and others at the first", () => {
    let calls = 0;
    class Refuses extends Layer {
      static override readonly className = "Refuses";
      override call(x: Tensor): Tensor {
        calls++;
        return ops.matmul(x, ops.ones([7, 7]));
      }
    }
    expect(() => new Refuses().apply(Input([null, 5]))).toThrow("matmul");
    expect(calls).toBeLessThan(13);
    class Breaks extends Refuses {
      override call(): Tensor {
        calls++;
        throw new RangeError("mine");
      }
    }
    calls = 0;
    expect(() => new Breaks().apply(Input([null, 5]))).toThrow("mine");
    expect(calls).toBe(1);
  });
});
