// Embedding and ReversibleEmbedding.

import { describe, expect, test } from "vitest";
import { grad, jit, valueAndGrad } from "../../ts/functions.js";
import { Dense, Embedding, ReversibleEmbedding } from "../../ts/layers/index.js";
import { Sequential } from "../../ts/models/sequential.js";
import * as ops from "../../ts/ops.js";
import * as saving from "../../ts/saving.js";
import { Tensor, tensor } from "../../ts/tensor.js";
import { sameBitsOnDirtyMemory } from "../dirtyMemory.js";
import { layerTest } from "../layerTest.js";

const int32 = (data: readonly number[], shape: readonly number[] = [data.length]): Tensor =>
  new Tensor(data, shape, { dtype: "int32" });

layerTest(Embedding, {
  args: [7, 3],
  inputShape: [2, 5],
  outputShape: [null, 5, 3],
  input: int32([0, 6, 3, 3, 1, 2, 0, 6, 6, 5], [2, 5]),
  weights: ["embeddings"],
});
layerTest(Embedding, {
  args: [4, 1],
  options: { maskZero: true, embeddingsConstraint: "UnitNorm", embeddingsRegularizer: "l2", embeddingsInitializer: "he_normal" },
  inputShape: [3],
  outputShape: [null, 1],
  input: int32([0, 3, 3]),
  weights: ["embeddings"],
  supportsMasking: true,
  maskAfter: () => [false, true, true],
});
layerTest(ReversibleEmbedding, {
  args: [5, 4],
  options: { tieWeights: false, logitSoftCap: 3 },
  inputShape: [1, 2, 3],
  outputShape: [null, 2, 3, 4],
  input: int32([0, 4, 2, 1, 1, 3], [1, 2, 3]),
  weights: ["embeddings", "reverse_embeddings"],
});

const rows = [
  [1, 2],
  [3, 4],
  [5, 6],
];

describe("Embedding", () => {
  test("takes the rows that the indices name", () => {
    const layer = new Embedding(3, 2, { weights: rows });
    expect(layer.built).toBe(true);
    expect(layer.apply([[2, 0]]).array()).toEqual([[rows[2], rows[0]]]);
    expect(layer.apply(1).array()).toEqual(rows[1]);
  });
  test("takes `weights` as a table, as a list of one, and as a table of one row", () => {
    for (const weights of [rows, tensor(rows), [tensor(rows)], [rows]])
      expect(new Embedding(3, 2, { weights }).getWeights()[0]!.array()).toEqual(rows);
    expect(new Embedding(1, 2, { weights: [[7, 8]] }).getWeights()[0]!.array()).toEqual([[7, 8]]);
    expect(() => new Embedding(2, 2, { weights: rows })).toThrow("(2, 2)");
  });
  test("cuts fractions towards zero, as Keras does", () => {
    expect(new Embedding(3, 2, { weights: rows }).apply([1.9, 0.2]).array()).toEqual([rows[1], rows[0]]);
  });
  test("its gradient adds up where an index repeats, and is 0 elsewhere", () => {
    const layer = new Embedding(3, 2, { weights: rows });
    const loss = (w: Tensor): Tensor => ops.sum(ops.multiply(layer.statelessCall([w], [], int32([1, 1, 2]))[0], [[1], [2], [4]]));
    const [, g] = valueAndGrad(loss)(layer.embeddings!.value) as [Tensor, Tensor];
    expect(g.array()).toEqual([
      [0, 0],
      [3, 3], // 1 + 2
      [4, 4],
    ]);
  });
  test.each([[-1], [3], [2147483647]])("index %j is an error that says where, and the table stays", (index) => {
    const layer = new Embedding(3, 2, { weights: rows, name: "words" });
    expect(() => layer.apply(int32([0, 1, 2, index], [2, 2]))).toThrow(
      `words: index ${index} (element 3 of shape [2, 2]) is outside the table of 3 rows: indices go from 0 to 2.`,
    );
    expect(layer.getWeights()[0]!.array()).toEqual(rows);
  });
  test("in a program an index outside takes the nearest row, and its gradient goes there", () => {
    const layer = new Embedding(3, 2, { weights: rows });
    const inside = jit((x: Tensor) => layer.apply(x));
    expect((inside(int32([3, 1000, 2147483647, -1, -3, -4, -2147483648])) as Tensor).array()).toEqual([
      rows[2], rows[2], rows[2],
      rows[2], rows[0], // negative ones count from the end
      rows[0], rows[0],
    ]); // biome-ignore format: a table
    const step = jit((w: Tensor, x: Tensor) => {
      const loss = (v: Tensor): Tensor => ops.sum(layer.statelessCall([v], [], x)[0]);
      return (valueAndGrad(loss)(w) as [Tensor, Tensor])[1];
    });
    expect((step(layer.embeddings!.value, int32([9, 9, 0])) as Tensor).array()).toEqual([
      [1, 1],
      [0, 0],
      [2, 2],
    ]);
  });
  test("maskZero masks index 0 in front of what follows", () => {
    const layer = new Embedding(3, 2, { maskZero: true });
    expect(layer.apply([[1, 0, 2]]).mask!.array()).toEqual([[true, false, true]]);
    expect(new Dense(4).apply(layer.apply([[1, 0, 2]])).mask!.array()).toEqual([[true, false, true]]);
    expect(new Embedding(3, 2).apply([[1, 0]]).mask).toBeNull();
  });
  test("gives the same bits on dirty memory, in its gradients too", () => {
    const layer = new Embedding(5, 3);
    layer.build();
    const x = int32([4, 0, 0, 2], [2, 2]);
    const loss = (w: Tensor): Tensor => ops.sum(ops.square(layer.statelessCall([w], [], x)[0]));
    sameBitsOnDirtyMemory(() => [layer.apply(x), grad(loss)(layer.embeddings!.value) as Tensor]);
  });
  test("an empty batch gives an empty batch", () => {
    expect(new Embedding(3, 2).apply(int32([], [0, 5])).shape).toEqual([0, 5, 2]);
  });
  test("a frozen table stays in training", async () => {
    const layer = new Embedding(3, 2, { trainable: false });
    const model = new Sequential([layer, new Dense(1)]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    layer.apply([0]);
    const before = layer.getWeights()[0]!.array();
    await model.fit(int32([0, 1, 2, 1]), tensor([[[1]], [[2]], [[3]], [[4]]].map((r) => r[0]!)), { verbose: 0, epochs: 2 });
    expect(layer.getWeights()[0]!.array()).toEqual(before);
  });
  test("refuses sizes that are no positive whole numbers, and quantization", () => {
    for (const [a, b] of [[0, 2], [2, 0], [2.5, 1], [-1, 1], ["3", 1], [true, 1]]) // biome-ignore format: a table
      expect(() => new Embedding(a as number, b as number)).toThrow(/(inputDim|outputDim) is a whole number ≥ 1/);
    expect(() => new Embedding(2, 2, { loraRank: 0 })).toThrow("loraRank is a whole number ≥ 1");
    expect(() => new Embedding(2, 2, { quantizationConfig: {} as never })).toThrow("quantizationConfig is not supported");
  });
  test("inputLength of Keras 2 is accepted, and left out of the config", () => {
    const layer = saving.deserialize<Embedding>({
      module: "keras.layers",
      class_name: "Embedding",
      config: { input_dim: 3, output_dim: 2, input_length: null },
      registered_name: null,
    });
    expect(layer.getConfig()).not.toHaveProperty("inputLength");
  });
});

describe("ReversibleEmbedding", () => {
  const back = tensor([
    [1, 0],
    [1, 1],
  ]);
  test("goes back by the transposed table", () => {
    const layer = new ReversibleEmbedding(3, 2);
    layer.build();
    layer.setWeights([rows]);
    expect(layer.apply(back, { reverse: true }).array()).toEqual([
      [1, 3, 5],
      [3, 7, 11],
    ]);
  });
  test("goes back by a matrix of its own, in bounds", () => {
    const layer = new ReversibleEmbedding(3, 2, { tieWeights: false, logitSoftCap: 2, reverseDtype: "float32" });
    layer.build();
    layer.setWeights([rows, ops.multiply(ops.transpose(rows), 0.1)]);
    const want = [0.1, 0.3, 0.5, 0.3, 0.7, 1.1].map((x) => 2 * Math.tanh(x / 2));
    (layer.apply(back, { reverse: true }).array() as number[][]).flat().forEach((y, i) => expect(y).toBeCloseTo(want[i]!, 6));
  });
  test("has a mask forwards only", () => {
    const layer = new ReversibleEmbedding(3, 2, { maskZero: true });
    expect(layer.apply([[0, 1]]).mask!.array()).toEqual([[false, true]]);
    expect(layer.apply(back, { reverse: true }).mask).toBeNull();
  });
  test("refuses weights", () => {
    expect(() => new ReversibleEmbedding(3, 2, { weights: rows } as never)).toThrow("use setWeights");
  });
});
