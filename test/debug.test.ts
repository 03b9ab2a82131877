// Debug mode: `init({ debug: true })` makes programs report what they otherwise pass over. A file of its own, since it holds for the process.

import { beforeAll, expect, test } from "vitest";
import { jit } from "../ts/functions.js";
import { Dense, Embedding, Flatten } from "../ts/layers/index.js";
import { Input } from "../ts/layers/input.js";
import { Sequential } from "../ts/models/sequential.js";
import { Tensor } from "../ts/tensor.js";
import { init } from "../ts/wasm.js";

const indices = (...data: number[]): Tensor => new Tensor(data, [1, data.length], { dtype: "int32" });

beforeAll(async () => {
  await init({ threads: 1, debug: true });
});

test("a training step with indices outside the table reports how many, and the next one runs", () => {
  const model = new Sequential([Input([3], { dtype: "int32" }), new Embedding(10, 4), new Flatten(), new Dense(1)]);
  model.compile({ optimizer: "sgd", loss: "mse" });
  const step = (...at: number[]): void => void model.trainOnBatch(indices(...at), [[1]]);
  step(0, 9, 5);
  expect(() => step(0, 10, -1)).toThrow(/embedding.*: 2 of 3 indices were outside the table of 10 rows/);
  expect(() => model.predictOnBatch(indices(99, 1, 2))).toThrow(/1 of 3 indices/);
  step(1, 2, 3);
});

test("a compiled function reports them too, and without any it returns its value", () => {
  const layer = new Embedding(3, 2, {
    weights: [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  });
  const rows = jit((at: Tensor) => layer.apply(at) as Tensor);
  expect(rows(indices(2, 0)).array()).toEqual([
    [
      [5, 6],
      [1, 2],
    ],
  ]);
  expect(() => rows(indices(3, 0))).toThrow(/1 of 2 indices/);
});
