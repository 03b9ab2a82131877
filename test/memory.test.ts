// Memory stays constant: thousands of predictions and training steps leave nothing behind, in the core or in JavaScript.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Input, init, layers, ops, Sequential, tensor } from "../ts/index.js";
import { call, memoryWords } from "../ts/wasm.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of the core's memory, words of its arena, bytes of JavaScript objects after a collection. */
async function used(): Promise<{ memory: number; arena: number; heap: number }> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 1)); // finalizers run in a turn of their own
  }
  return {
    memory: memoryWords().buffer.byteLength,
    arena: call((core) => core.arenaWords()),
    heap: process.memoryUsage().heapUsed,
  };
}

/** Runs `body` often; the core must not grow by a byte, JavaScript not by more than noise. */
async function constant(times: number, body: (i: number) => unknown): Promise<void> {
  for (let i = 0; i < 200; i++) await body(i); // warm: programs, compiled code
  const before = await used();
  for (let i = 0; i < times; i++) await body(i);
  const after = await used();
  expect(after.memory).toBe(before.memory);
  expect(after.arena).toBe(before.arena);
  expect(after.heap - before.heap).toBeLessThan(2 << 20);
}

await init({ threads: 1 });
const n = 16;
const model = new Sequential([
  Input([8]),
  new layers.Dense(16, { activation: "relu" }),
  new layers.Dropout(0.5),
  new layers.Dense(3, { activation: "softmax" }),
]);
model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
const x = tensor(
  Float32Array.from({ length: n * 8 }, (_, i) => Math.sin(i)),
  { shape: [n, 8] },
);
const y = tensor(
  Int32Array.from({ length: n }, (_, i) => i % 3),
  { shape: [n] },
);
const row = tensor(x.data.slice(0, 8), { shape: [1, 8] });

test("20,000 predictions of one row", async () => {
  await constant(20_000, () => model.predictOnBatch(row));
});

test("20,000 calls of predict, some of several batches", async () => {
  await constant(20_000, (i) => model.predict(x, { verbose: 0, batchSize: i % 8 === 0 ? 5 : 16 }));
});

test("5,000 training steps", async () => {
  await constant(5_000, () => model.trainOnBatch(x, y));
});

test("300 fits with evaluation", async () => {
  await constant(300, () => model.fit(x, y, { verbose: 0, batchSize: 8, validationData: [x, y] }));
});

test("5,000 eager operations on tensors", async () => {
  await constant(5_000, () => ops.sum(ops.multiply(x, ops.add(x, 1))));
});

test("models that are thrown away give their states and programs back", async () => {
  const make = (): void => {
    const other = new Sequential([Input([64]), new layers.Dense(256), new layers.Dense(8)]);
    other.compile({ optimizer: "adam", loss: "mse" });
    other.trainOnBatch(ops.ones([4, 64]), ops.ones([4, 8]));
  };
  const round = async (): Promise<number> => {
    for (let i = 0; i < 20; i++) make();
    return (await used()).memory;
  };
  await round();
  const before = await round();
  let after = before;
  // Weights and slots of one model take 0.2 MB: leaking them all would add 4 MB a round.
  for (let i = 0; i < 3; i++) after = await round();
  expect(after - before).toBeLessThan(4 << 20);
});
