// Programs of a model: traced once per shape, found again, and dropped when there are too many.

import { clearSession, Input, layers, ops, optimizers, Sequential, setRandomSeed } from "keratin";
import { beforeEach, expect, test, vi } from "vitest";

const quiet = { verbose: 0 } as const;

function small(): Sequential {
  const model = new Sequential([
    Input([3]),
    new layers.Dense(4, { activation: "relu" }),
    new layers.Dropout(0.5),
    new layers.Dense(2),
  ]);
  model.compile({ optimizer: "adam", loss: "mse", metrics: ["mae"] });
  return model;
}
const x = (n: number): ReturnType<typeof ops.ones> => ops.ones([n, 3]);
const y = (n: number): ReturnType<typeof ops.ones> => ops.ones([n, 2]);

beforeEach(() => {
  clearSession();
  setRandomSeed(0);
});

test("a fit needs two programs: one for full batches, one for the last", async () => {
  const model = small();
  await model.fit(x(20), y(20), { batchSize: 8, epochs: 3, ...quiet });
  expect(model.trainer.traced).toBe(2);
  await model.fit(x(20), y(20), { batchSize: 8, epochs: 3, ...quiet });
  expect(model.trainer.traced).toBe(2);
  await model.fit(x(16), y(16), { batchSize: 8, ...quiet });
  expect(model.trainer.traced).toBe(2);
});

test("validation, evaluation and prediction have programs of their own, found again", async () => {
  const model = small();
  await model.fit(x(16), y(16), { batchSize: 8, validationData: [x(8), y(8)], ...quiet });
  expect(model.trainer.traced).toBe(2); // training, evaluation
  await model.evaluate(x(16), y(16), { batchSize: 8, ...quiet });
  expect(model.trainer.traced).toBe(2);
  await model.predict(x(16), { batchSize: 8, ...quiet });
  model.predictOnBatch(x(8));
  model.predictOnBatch(x(8).array() as number[][]);
  expect(model.trainer.traced).toBe(3);
});

test("sample weights make another form; so does another dtype", async () => {
  const model = small();
  const one = (options = {}): unknown => model.trainOnBatch(x(4), y(4), options);
  one();
  one({ sampleWeight: [1, 1, 1, 1] });
  one();
  expect(model.trainer.traced).toBe(2);
  model.trainOnBatch(ops.cast(x(4), "int32"), y(4));
  expect(model.trainer.traced).toBe(3);
});

test("values of the learning rate, weights and seeds are states: no new program", () => {
  const model = small();
  model.trainOnBatch(x(4), y(4));
  model.optimizer!.learningRate = 0.5;
  model.setWeights(model.getWeights().map((w) => ops.multiply(w, 2)));
  model.trainOnBatch(x(4), y(4));
  expect(model.trainer.traced).toBe(1);
  const before = model.weights[0]!.value.array();
  model.optimizer!.learningRate = 0;
  model.trainOnBatch(x(4), y(4));
  expect(model.weights[0]!.value.array()).toEqual(before);
});

test("compiling again traces again; predictions after it see the new weights", () => {
  const model = small();
  model.trainOnBatch(x(4), y(4));
  const before = model.predictOnBatch(x(4)).array();
  model.compile({ optimizer: new optimizers.SGD({ learningRate: 0.1 }), loss: "mae" });
  model.trainOnBatch(x(4), y(4));
  expect(model.predictOnBatch(x(4)).array()).not.toEqual(before);
  expect(model.trainer.traced).toBe(4); // training and prediction, twice
});

test("a structure that changes drops its programs", () => {
  const model = small();
  expect(model.predictOnBatch(x(4)).shape).toEqual([4, 2]);
  model.add(new layers.Dense(5));
  expect(model.predictOnBatch(x(4)).shape).toEqual([4, 5]);
  model.pop();
  expect(model.predictOnBatch(x(4)).shape).toEqual([4, 2]);
});

test("many shapes warn once, and the oldest programs go; what went is traced again", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const model = small();
  for (let n = 1; n <= 40; n++) model.predictOnBatch(x(n));
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]![0]).toMatch(/16 programs were compiled/);
  expect(model.trainer.traced).toBe(40);
  model.predictOnBatch(x(39)); // among the 32 that are kept
  expect(model.trainer.traced).toBe(40);
  model.predictOnBatch(x(1)); // gone
  expect(model.trainer.traced).toBe(41);
  warn.mockRestore();
});

test("a step that fails to trace leaves the others", () => {
  const model = small();
  model.trainOnBatch(x(4), y(4));
  expect(() => model.trainOnBatch(x(4), ops.ones([4, 7]))).toThrow();
  const traced = model.trainer.traced;
  model.trainOnBatch(x(4), y(4));
  expect(model.trainer.traced).toBe(traced);
});
