// Data as users give it: every form gives the same batches, and what cannot be used says why.

import {
  clearSession,
  DataError,
  DTypeError,
  Input,
  layers,
  Model,
  Sequential,
  ShapeError,
  setRandomSeed,
  Tensor,
  tensor,
} from "keratin";
import { beforeEach, describe, expect, test } from "vitest";

const { Dense } = layers;
type DataLike = Parameters<Sequential["trainOnBatch"]>[0];
const quiet = { verbose: 0 } as const;

beforeEach(() => {
  clearSession();
  setRandomSeed(0);
});

/** Sums a row: its prediction tells what arrived. */
function adder(width: number, loss = "mse"): Sequential {
  const model = new Sequential([Input([width]), new Dense(1, { useBias: false, kernelInitializer: "ones" })]);
  model.compile({ optimizer: "sgd", loss });
  return model;
}

const rows = [[1, 2], [3, 4], [5, 6]]; // biome-ignore format: a matrix
const flat = [1, 2, 3, 4, 5, 6];
const shape = [3, 2];

describe("one array in many forms", () => {
  const forms: [string, DataLike][] = [
    ["nested arrays", rows],
    ["a tensor", tensor(rows)],
    ["float32 with its shape", { data: Float32Array.from(flat), shape }],
    ["float64", { data: Float64Array.from(flat), shape }],
    ["bytes", { data: Uint8Array.from(flat), shape }],
    ["16 bits", { data: Int16Array.from(flat), shape }],
    ["32 bits", { data: Int32Array.from(flat), shape }],
    ["64 bits", { data: BigInt64Array.from(flat.map(BigInt)), shape }],
    ["integers in a tensor", new Tensor(Int32Array.from(flat), shape)],
    ["rows as typed arrays", rows.map((row) => Float32Array.from(row))],
    ["rows as typed integers", rows.map((row) => Int16Array.from(row))],
    ["a list of one tensor, as Keras takes it", [tensor(rows)]],
    ["a record by the input's name", { input_layer: tensor(rows) }],
    ["a record of nested arrays", { input_layer: rows }],
    ["rows as typed arrays in one tensor", tensor(Float32Array.from(flat), { shape })],
  ];
  test.each(forms)("%s", async (_, x) => {
    const model = adder(2);
    expect((await model.predict(x as never, quiet)).array()).toEqual([[3], [7], [11]]);
    expect(model.predictOnBatch(x as never).array()).toEqual([[3], [7], [11]]);
    const { history } = await model.fit(x as never, [3, 7, 12], { batchSize: 2, shuffle: false, ...quiet });
    expect(Number.isFinite(history.loss![0])).toBe(true);
    expect(model.testOnBatch(x as never, [[3], [7], [11]], {})).toEqual(expect.any(Number));
  });

  test("models with one Input take a list or record of one too", async () => {
    const input = Input([2], { name: "given" });
    const output = new Dense(1, { useBias: false, kernelInitializer: "ones" }).apply(input);
    for (const model of [new Model(input, output), new Model([input], output), new Model({ given: input }, output)]) {
      model.compile({ optimizer: "sgd", loss: "mse" });
      for (const x of [tensor(rows), [tensor(rows)], { given: tensor(rows) }]) {
        expect((await model.predict(x, quiet)).array()).toEqual([[3], [7], [11]]);
        for (const y of [[3, 7, 11], [tensor([3, 7, 11])], [Float32Array.of(3, 7, 11)]])
          expect(await model.evaluate(x, y, quiet)).toBe(0);
      }
    }
  });

  test("one row as a typed array in a list", () => {
    expect(
      adder(2)
        .predictOnBatch([Float32Array.of(3, 4)])
        .array(),
    ).toEqual([[7]]);
  });

  test("tensor takes typed arrays as rows, as deep as need be", () => {
    const deep = tensor([
      [Int8Array.of(1, 2), Int8Array.of(3, 4)],
      [Int8Array.of(5, 6), Int8Array.of(7, 8)],
    ]);
    expect([deep.dtype, deep.array()]).toEqual(["int32", [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]]); // biome-ignore format: a cube
    expect(tensor([Float64Array.of(0.5), Float64Array.of(2)]).dtype).toBe("float32");
    expect(tensor([BigInt64Array.of(-1n), BigInt64Array.of(2n)]).array()).toEqual([[-1], [2]]);
    // Of several kinds: float32, as of numbers.
    const mixed = tensor([Int32Array.of(1), Uint32Array.of(2)]);
    expect([mixed.dtype, mixed.array()]).toEqual(["float32", [[1], [2]]]);
    expect(tensor([[true], [2]]).dtype).toBe("float32");
    expect(tensor([[true], [false]]).dtype).toBe("bool");
    expect(() => tensor([Int32Array.of(1), Int32Array.of(2, 3)])).toThrow(/rows differ in length \(1 and 2/);
    expect(() => tensor([BigInt64Array.of(2n ** 40n)])).toThrow(DTypeError);
  });

  test("labels may be numbers, a column, or booleans", async () => {
    const losses: number[] = [];
    for (const y of [[0, 1, 1], [[0], [1], [1]], [false, true, true], new Tensor(Uint8Array.of(0, 1, 1), [3])]) {
      losses.push((await adder(2, "mse").evaluate(rows, y as never, quiet)) as number);
    }
    expect(losses).toEqual(losses.map(() => Math.fround((9 + 36 + 100) / 3)));
  });

  test("rows of any rank: images, and a vector as a set of numbers", async () => {
    const images = Array.from({ length: 2 }, (_, n) => Array.from({ length: 3 }, (_, i) => [n, i, 1]));
    const model = new Sequential([
      Input([3, 3]),
      new layers.Flatten(),
      new Dense(1, { useBias: false, kernelInitializer: "ones" }),
    ]);
    expect((await model.predict(images, quiet)).array()).toEqual([[0 + 3 + 3], [3 + 3 + 3]]);
    // One number a row, one input: Keras adds the missing axis.
    expect((await adder(1).predict([4, 5], quiet)).array()).toEqual([[4], [5]]);
  });

  test("data is read, not kept: what changes later does not matter, what was given is unchanged", async () => {
    const data = Float32Array.from(flat);
    const model = adder(2);
    await model.fit({ data, shape }, [3, 7, 11], { epochs: 2, ...quiet });
    expect([...data]).toEqual(flat);
    const predicted = await model.predict({ data, shape }, quiet);
    const before = predicted.array();
    data.fill(0);
    await model.predict({ data, shape }, quiet);
    expect(predicted.array()).toEqual(before);
  });
});

describe("errors name what does not fit, and the model still trains", () => {
  const still = async (model: Sequential): Promise<void> => {
    const { history } = await model.fit(rows, [3, 7, 11], quiet);
    expect(history.loss![0]).toBe(0);
  };
  const bad: [string, unknown, unknown, new (...a: never[]) => Error, RegExp][] = [
    ["y of another length", rows, [1, 2], DataError, /x: 3; y: 2/],
    ["rows that are ragged", [[1, 2], [3]], [1, 2], ShapeError, /differ in length/],
    ["rows of another width", [[1, 2, 3]], [1], ShapeError, /sequential.*(\[null, 2\]|\(None, 2\))/s],
    ["rows of another rank", [[[[1, 2]]]], [1], ShapeError, /sequential/],
    ["a single number", 5, [1], DataError, /a number is no data set/],
  ]; // biome-ignore format: a table
  test.each(bad)("%s", async (_, x, y, kind, message) => {
    const model = adder(2);
    await expect(model.fit(x as never, y as never, quiet)).rejects.toThrow(kind);
    await expect(model.fit(x as never, y as never, quiet)).rejects.toThrow(message);
    expect(() => model.trainOnBatch(x as never, y as never)).toThrow(kind);
    await still(model);
  });

  test("no rows at all", async () => {
    const model = adder(2);
    const none = new Tensor(new Float32Array(0), [0, 2]);
    await expect(model.fit(none, new Tensor(new Float32Array(0), [0]), quiet)).rejects.toThrow(DataError);
    await expect(model.evaluate(none, new Tensor(new Float32Array(0), [0]), quiet)).rejects.toThrow(DataError);
    await expect(model.predict(none, quiet)).rejects.toThrow(DataError);
    await still(model);
  });

  test("sample weights of another length", async () => {
    const model = adder(2);
    await expect(model.fit(rows, [1, 2, 3], { sampleWeight: [1], ...quiet })).rejects.toThrow(/sampleWeight: 1/);
    await still(model);
  });

  test("labels out of range, in training and in validation", async () => {
    const model = new Sequential([Input([2]), new Dense(3, { activation: "softmax" })]);
    model.compile({ optimizer: "sgd", loss: "sparse_categorical_crossentropy" });
    const before = model.weights[0]!.value.array();
    for (const labels of [
      [0, 1, 3],
      [0, -1, 2],
    ]) {
      await expect(model.fit(rows, labels, quiet)).rejects.toThrow(DataError);
      await expect(model.fit(rows, [0, 1, 2], { validationData: [rows, labels], ...quiet })).rejects.toThrow(DataError);
      await expect(model.evaluate(rows, labels, quiet)).rejects.toThrow(DataError);
      expect(() => model.trainOnBatch(rows, labels)).toThrow(DataError);
    }
    expect(model.weights[0]!.value.array()).toEqual(before);
    await model.fit(rows, [0, 1, 2], quiet);
  });
});
