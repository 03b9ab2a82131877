// A model in a page: `await init()`, then everything as in Node.

import { callbacks, init, layers, ops, Sequential, StateError, setRandomSeed, tensor } from "keratin";
import { expect, test } from "vitest";

const { Dense, Dropout } = layers;

test("before init() a page gets an error that says what to do", () => {
  expect(() => ops.add(1, 2)).toThrow(StateError);
  expect(() => new Sequential([new Dense(1, { inputShape: [2] })])).toThrow("await init()");
});

test("one op", async () => {
  await init();
  expect(ops.matmul(tensor([[1, 2]]), tensor([[3], [4]])).array()).toEqual([[11]]);
});

test("the digits of a seed are those of Keras, in a page too", async () => {
  await init();
  setRandomSeed(42);
  const model = new Sequential([new Dense(4, { activation: "relu", inputShape: [3] }), new Dropout(0.25), new Dense(1)]);
  [-0.79004699, 0.109021209, -0.450196743, -0.238129541].forEach((w, i) =>
    expect(model.weights[0]!.value.data[i]).toBeCloseTo(w, 8),
  );
  const rows = Array.from({ length: 20 }, (_, i) => [0, 1, 2].map((j) => ((3 * i + 7 * j) % 10) / 10 - 0.5));
  const halves = rows.map((row) => 0.5 * row.reduce((a, b) => a + b, 0));
  model.compile({ optimizer: "adam", loss: "mse", metrics: ["mae"] });
  model.optimizer!.learningRate = 0.01;
  await model.evaluate(rows, halves, { batchSize: 8, verbose: 0 });
  const { history } = await model.fit(rows, halves, { batchSize: 8, epochs: 3, validationSplit: 0.2, verbose: 0 });
  [0.043734707, 0.037616935, 0.038984127].forEach((loss, i) => expect(history.loss![i]).toBeCloseTo(loss, 8));
});

test("a small Sequential trains, tells its callbacks, and predicts", async () => {
  await init();
  setRandomSeed(1);
  const model = new Sequential([new Dense(8, { activation: "tanh", inputShape: [2] }), new Dense(1, { activation: "sigmoid" })]);
  model.compile({ optimizer: "adam", loss: "binary_crossentropy", metrics: ["accuracy"] });
  model.optimizer!.learningRate = 0.1;
  const x = [[0, 0], [0, 1], [1, 0], [1, 1]]; // biome-ignore format: a table
  const y = [[0], [1], [1], [0]];
  let epochs = 0;
  const stop = new callbacks.EarlyStopping({ monitor: "loss", patience: 20, restoreBestWeights: true });
  const { history } = await model.fit(x, y, { epochs: 200, verbose: 0, callbacks: [stop, { onEpochEnd: () => void epochs++ }] });
  expect(history.loss).toHaveLength(epochs);
  expect((await model.predict(x, { verbose: 0 })).data.map(Math.round)).toEqual(Float32Array.of(0, 1, 1, 0));
  expect(model.predictOnBatch(tensor([[0, 1]])).item()).toBeGreaterThan(0.5);
});
