// Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate, Dot: shapes, masks, values that a formula gives.

import { describe, expect, test } from "vitest";
import { grad } from "../../ts/functions.js";
import * as layers from "../../ts/layers/index.js";
import * as ops from "../../ts/ops.js";
import { type Tensor, tensor } from "../../ts/tensor.js";
import { layerTest, spread } from "../layerTest.js";

const { Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract } = layers;
const ELEMENTWISE = [Add, Multiply, Average, Maximum, Minimum];
// As in Keras, an entry counts when it counts in any input.
const any = { supportsMasking: true, maskAfter: (masks: readonly Tensor[]) => masks.reduce((a, b) => ops.logicalOr(a, b)) };
const joined = (axis: number) => ({
  supportsMasking: true,
  maskAfter: (masks: readonly Tensor[]) => ops.concatenate(masks, { axis }),
});
const ended = { supportsMasking: true, maskAfter: () => null };

for (const Class of [...ELEMENTWISE, Subtract]) {
  layerTest(Class, { inputShape: [[3, 5], [3, 5]], outputShape: [null, 5], ...any }); // biome-ignore format: a list
  layerTest(Class, { inputShape: [[2, 1, 3], [2, 4, 1]], outputShape: [null, 4, 3], ...any }); // biome-ignore format: a list
}
for (const Class of ELEMENTWISE) {
  layerTest(Class, { inputShape: [[2, 3], [2, 4, 3], [2, 4, 1]], outputShape: [null, 4, 3], ...any, maskShape: [2] }); // biome-ignore format: a list
  layerTest(Class, { inputShape: [[2, 3]], outputShape: [null, 3], ...any });
}
layerTest(Concatenate, { inputShape: [[2, 3], [2, 1], [2, 4]], outputShape: [null, 8], ...any }); // biome-ignore format: a list
layerTest(Concatenate, { options: { axis: 1 }, inputShape: [[2, 3, 4], [2, 1, 4]], outputShape: [null, 4, 4], ...joined(1) }); // biome-ignore format: a list
layerTest(Concatenate, { options: { axis: -2 }, inputShape: [[1, 1, 2, 3], [1, 1, 3, 3]], outputShape: [null, 1, 5, 3], ...joined(2) }); // biome-ignore format: a list
layerTest(Dot, { args: [1], inputShape: [[3, 4], [3, 4]], outputShape: [null, 1], ...ended }); // biome-ignore format: a list
layerTest(Dot, { args: [[2, 1]], knownAxes: [1, 2], inputShape: [[2, 4, 3], [2, 3, 5]], outputShape: [null, 4, 5], ...ended }); // biome-ignore format: a list
layerTest(Dot, { args: [1], options: { normalize: true }, inputShape: [[2, 4, 3], [2, 4, 5]], outputShape: [null, 3, 5], ...ended }); // biome-ignore format: a list
layerTest(Dot, { args: [-1], inputShape: [[2, 2, 1, 3], [2, 3]], outputShape: [null, 2, 1], ...ended }); // biome-ignore format: a list

const a = (): Tensor => tensor([[1, -2], [3, 4]]); // biome-ignore format: a matrix
const b = (): Tensor => tensor([[5, -6], [0, 8]]); // biome-ignore format: a matrix

test("the functions are the layers", () => {
  expect(layers.add([a(), b()]).array()).toEqual([[6, -8], [3, 12]]); // biome-ignore format: a matrix
  expect(layers.subtract([a(), b()]).array()).toEqual([[-4, 4], [3, -4]]); // biome-ignore format: a matrix
  expect(layers.multiply([a(), b()]).array()).toEqual([[5, 12], [0, 32]]); // biome-ignore format: a matrix
  expect(layers.average([a(), b()]).array()).toEqual([[3, -4], [1.5, 6]]); // biome-ignore format: a matrix
  expect(layers.maximum([a(), b()]).array()).toEqual([[5, -2], [3, 8]]); // biome-ignore format: a matrix
  expect(layers.minimum([a(), b()]).array()).toEqual([[1, -6], [0, 4]]); // biome-ignore format: a matrix
  expect(layers.concatenate([a(), b()]).shape).toEqual([2, 4]);
  expect(layers.concatenate([a(), b()], { axis: 0 }).shape).toEqual([4, 2]);
  expect(layers.dot([a(), b()]).array()).toEqual([[17], [32]]);
  expect(layers.dot([ops.ones([2, 3, 4]), ops.ones([2, 5, 3])], { axes: [1, 2] }).shape).toEqual([2, 4, 5]);
});

test("unknown sizes stay unknown where they decide", () => {
  expect(new Add().computeOutputShape([[null, 3], [null, 3]])).toEqual([null, 3]); // biome-ignore format: a list
  expect(new Add().computeOutputShape([[4, null, 3], [null, 1, 3]])).toEqual([4, null, 3]); // biome-ignore format: a list
  expect(new Concatenate({ axis: 1 }).computeOutputShape([[null, 2, 3], [null, null, 3]])).toEqual([null, null, 3]); // biome-ignore format: a list
  expect(new Concatenate().computeOutputShape([[null, null, 2], [null, null, 3]])).toEqual([null, null, 5]); // biome-ignore format: a list
  expect(new Dot([2, 1]).computeOutputShape([[null, null, 3], [null, 3, 5]])).toEqual([null, null, 5]); // biome-ignore format: a list
});

test("Dot contracts one axis of each, as a loop does", () => {
  const [x, y] = [spread([2, 3, 4, 5]), spread([2, 6, 4], 0.7)];
  const got = new Dot([2, 2]).apply([x, y]);
  expect(got.shape).toEqual([2, 3, 5, 6]);
  for (let n = 0; n < 2; n++)
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 5; j++)
        for (let m = 0; m < 6; m++) {
          let sum = 0;
          for (let k = 0; k < 4; k++) sum += x.data[((n * 3 + i) * 4 + k) * 5 + j]! * y.data[(n * 6 + m) * 4 + k]!;
          expect(got.data[((n * 3 + i) * 5 + j) * 6 + m]!).toBeCloseTo(sum, 4);
        }
});

test("normalized Dot gives cosines, and 0 with a finite gradient for a zero vector", () => {
  const [x, y] = [tensor([[3, 4], [0, 0]]), tensor([[4, 3], [1, 1]])]; // biome-ignore format: matrices
  const cosines = layers.dot([x, y], { axes: 1, normalize: true });
  expect(cosines.data[0]!).toBeCloseTo(0.96, 6);
  expect(cosines.data[1]!).toBe(0);
  const slope = grad((t: Tensor) => ops.sum(layers.dot([t, y], { axes: 1, normalize: true })))(x) as Tensor;
  expect(Array.from(slope.data).every(Number.isFinite)).toBe(true);
});

describe("masks", () => {
  const masked = (x: Tensor, mask: readonly (readonly boolean[])[] | null): Tensor => {
    if (mask) x.mask = tensor(mask);
    return x;
  };
  const T = true;
  const F = false;
  const x = (mask: boolean[][] | null): Tensor => masked(tensor([[[2], [3], [4]]]), mask);
  const y = (mask: boolean[][] | null): Tensor => masked(tensor([[[5], [1], [7]]]), mask);

  test("an elementwise merge is valid where one input is, and has no mask when one input has none", () => {
    for (const Class of ELEMENTWISE) {
      expect(new Class().apply([x([[T, F, F]]), y([[F, F, T]])]).mask!.array()).toEqual([[T, F, T]]);
      expect(new Class().apply([x([[T, F, F]]), y(null)]).mask).toBeNull();
    }
  });
  test("Add takes the values as they are; a masked factor is 1, and 0 where all are masked", () => {
    expect(layers.add([x([[T, F, F]]), y([[T, T, F]])]).array()).toEqual([[[7], [4], [11]]]);
    expect(layers.multiply([x([[T, F, F]]), y([[T, T, F]])]).array()).toEqual([[[10], [1], [0]]]);
    expect(layers.multiply([x([[T, F, F]]), y(null)]).array()).toEqual([[[10], [1], [7]]]);
  });
  test("Maximum and Minimum take the other operand where one is masked", () => {
    expect(layers.maximum([x([[T, T, F]]), y([[F, T, T]])]).array()).toEqual([[[2], [3], [7]]]);
    expect(layers.minimum([x([[T, F, T]]), y([[F, T, T]])]).array()).toEqual([[[2], [1], [4]]]);
    expect(layers.minimum([x(null), y([[T, F, F]])]).array()).toEqual([[[2], [3], [4]]]);
  });
  test("Concatenate joins masks along time, and takes any of them along the features", () => {
    const time = new Concatenate({ axis: 1 }).apply([x([[T, F, F]]), y(null)]);
    expect(time.mask!.array()).toEqual([[T, F, F, T, T, T]]);
    expect(new Concatenate().apply([x([[T, F, F]]), y([[F, F, T]])]).mask!.array()).toEqual([[T, F, T]]);
    expect(new Concatenate().apply([x([[T, F, F]]), y(null)]).mask!.array()).toEqual([[T, T, T]]);
    expect(new Concatenate().apply([x(null), y(null)]).mask).toBeNull();
  });
  test("Dot ends a mask", () => {
    expect(new Dot([2, 2]).apply([x([[T, F, F]]), y([[T, F, F]])]).mask).toBeNull();
  });
});

describe("what does not fit is an error that shows the shapes, before the layer is built", () => {
  const refused = (layer: layers.Layer, inputs: unknown, message: RegExp): void => {
    expect(() => layer.apply(inputs as never)).toThrow(message);
    expect(layer.built).toBe(false);
  };
  test("a single tensor, no tensor, the wrong number", () => {
    refused(new Add(), a(), /add\w*: a merge layer should be called on a list of inputs.*\(2, 2\)/);
    expect(() => new Add().computeOutputShape([])).toThrow(/called on a list of at least 1 input, received 0/);
    refused(new Subtract(), [a()], /exactly 2 inputs, received 1: \[\(2, 2\)\]/);
    refused(new Dot(1), [a(), a(), a()], /exactly 2 inputs, received 3/);
  });
  test("sizes that do not broadcast, batches that differ", () => {
    refused(new Add(), [ops.ones([2, 3]), ops.ones([2, 4])], /incompatible shapes, received \[\(2, 3\), \(2, 4\)\]: 3 ≠ 4/);
    refused(
      new Multiply(),
      [ops.ones([2, 3]), ops.ones([1, 3])],
      /different batch sizes, received shapes \[\(2, 3\), \(1, 3\)\]/,
    );
  });
  test("Concatenate with other sizes, ranks or axes", () => {
    refused(new Concatenate(), [ops.ones([2, 3]), ops.ones([3, 3])], /matching shapes.*\[\(2, 3\), \(3, 3\)\]/);
    refused(new Concatenate(), [ops.ones([2, 3]), ops.ones([2, 3, 1])], /matching shapes/);
    refused(new Concatenate({ axis: 2 }), [a(), b()], /axis 2 is out of range/);
    expect(() => new Concatenate({ axis: 0.5 })).toThrow("whole number");
  });
  test("Dot over sizes that differ, over the batch, over what is no axis", () => {
    refused(new Dot([1, 2]), [ops.ones([2, 3, 4]), ops.ones([2, 3, 5])], /3 \(axis 1\) ≠ 5 \(axis 2\).*\(2, 3, 4\), \(2, 3, 5\)/);
    refused(new Dot(-2), [a(), b()], /is the batch/);
    refused(new Dot(3), [a(), b()], /axis 3 is out of range/);
    for (const axes of [0, [1, 0], [1, 2, 3], 1.5, "1", null])
      expect(() => new Dot(axes as never), JSON.stringify(axes)).toThrow(/Dot: axes is a whole number/);
  });
  test("a layer that is built checks again", () => {
    const layer = new Add();
    layer.apply([a(), b()]);
    expect(() => layer.apply([ops.ones([2, 3]), ops.ones([2, 4])])).toThrow("incompatible shapes");
  });
});
