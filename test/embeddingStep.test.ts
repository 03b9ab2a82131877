// A training step of an embedding costs what its rows cost: nothing in its program grows with the table.

import {
  clearSession,
  constraints,
  Input,
  layers,
  Model,
  type optimizers as Optimizers,
  ops,
  optimizers,
  Sequential,
  setRandomSeed,
  Tensor,
} from "keratin";
import { describe, expect, test } from "vitest";

type Make = () => Optimizers.Optimizer;

const BATCH = 8;
const WORDS = 5;
const WIDTH = 6;

/** Names and weights as in a fresh process: programs print the names. */
function start(): void {
  clearSession();
  setRandomSeed(0);
}

function classifier(rows: number, make: Make, options: layers.EmbeddingOptions = {}): Sequential {
  start();
  const model = new Sequential([
    Input([WORDS], { dtype: "int32" }),
    new layers.Embedding(rows, WIDTH, options),
    new layers.Flatten(),
    new layers.Dense(1),
  ]);
  model.compile({ optimizer: make(), loss: "mse" });
  return model;
}

/** Indices with repeats. */
const indices = (rows: number): Tensor =>
  new Tensor(
    Int32Array.from({ length: BATCH * WORDS }, (_, i) => (i * i * 7) % Math.min(rows, 31)),
    [BATCH, WORDS],
    { dtype: "int32" },
  );
const targets = (): Tensor =>
  new Tensor(
    Float32Array.from({ length: BATCH }, (_, i) => (i % 3) - 1),
    [BATCH, 1],
  );

/** The printed program of a step, with the arena that it needs: a copy of the table would be in it. The number of rows as R. */
const step = (rows: number, make: Make, options: layers.EmbeddingOptions = {}): string =>
  classifier(rows, make, options).trainer.explain(indices(rows), targets(), 0).replaceAll(`[${rows}, ${WIDTH}]`, `[R, ${WIDTH}]`);

const alone: Record<string, Make> = {
  SGD: () => new optimizers.SGD({ learningRate: 0.1 }),
  "SGD with clipvalue": () => new optimizers.SGD({ learningRate: 0.1, clipvalue: 0.5 }),
  "SGD with a loss scale": () => new optimizers.SGD({ learningRate: 0.1, lossScaleFactor: 128 }),
  "SGD with a schedule": () => new optimizers.SGD({ learningRate: new optimizers.schedules.ExponentialDecay(0.1, 10, 0.5) }),
  Adagrad: () => new optimizers.Adagrad({ learningRate: 0.1 }),
};

describe("updates that leave other rows alone", () => {
  test.each(Object.entries(alone))("%s: the step of a large table is that of a small one", (_, make) => {
    const [small, large] = [step(1000, make), step(50_000, make)];
    expect(large).toBe(small);
    // The table is only where rows are read and where they are written, in its place.
    expect(large).toMatch(/scatter_set \[R, 6\] \[40\] \[40, 6\]/);
    expect(large).not.toMatch(/× (6000|300000)\b/);
  });

  test.each(Object.entries(alone))("%s: rows that no index names keep every bit, the others change", (_, make) => {
    const rows = 60;
    const model = classifier(rows, make);
    const table = (): Tensor => model.weights[0]!.value;
    const before = table().data;
    model.trainOnBatch(indices(rows), targets());
    const after = table().data;
    const named = new Set(indices(rows).data);
    for (let row = 0; row < rows; row++) {
      const [old, now] = [before, after].map((x) => [...x.slice(row * WIDTH, (row + 1) * WIDTH)]);
      if (named.has(row)) expect(now, `row ${row}`).not.toEqual(old);
      else expect(now, `row ${row}`).toEqual(old);
    }
  });
});

describe("updates that change every row stay whole", () => {
  test.each<[string, Make, layers.EmbeddingOptions?]>([
    ["weight decay", () => new optimizers.SGD({ weightDecay: 0.01 })],
    ["momentum", () => new optimizers.SGD({ momentum: 0.9 })],
    ["clipping by norm", () => new optimizers.SGD({ clipnorm: 1 })],
    ["moving averages of weights", () => new optimizers.SGD({ useEma: true })],
    ["Adam", () => new optimizers.Adam()],
    ["RMSprop", () => new optimizers.RMSprop()],
    ["Ftrl", () => new optimizers.Ftrl()],
    ["Adagrad that divides by zero", () => new optimizers.Adagrad({ initialAccumulatorValue: 0, epsilon: 0 })],
    ["a constraint", () => new optimizers.SGD(), { embeddingsConstraint: new constraints.MaxNorm({ maxValue: 1 }) }],
    ["a regularizer", () => new optimizers.SGD(), { embeddingsRegularizer: "l2" }],
  ])("%s", (_, make, options) => {
    expect(step(1000, make, options)).not.toMatch(/scatter_set/);
  });
});

test("w ← w − lr·Σg: the gradients of a row that is named again and again add up", () => {
  const rows = 100;
  const model = classifier(rows, () => new optimizers.SGD({ learningRate: 0.5 }));
  const [table, kernel, bias] = model.getWeights().map((w) => Float64Array.from(w.data)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [x, y] = [indices(rows).data, targets().data];
  model.trainOnBatch(indices(rows), targets());
  // mse of h·kernel + bias: dL/dh = 2/batch · (prediction − target) · kernel
  const expected = table.slice();
  for (let b = 0; b < BATCH; b++) {
    const h = (k: number): number => table[x[b * WORDS + Math.floor(k / WIDTH)]! * WIDTH + (k % WIDTH)]!;
    let error = bias[0]! - y[b]!;
    kernel.forEach((w, k) => (error += w * h(k)));
    kernel.forEach((w, k) => {
      expected[x[b * WORDS + Math.floor(k / WIDTH)]! * WIDTH + (k % WIDTH)]! -= 0.5 * (2 / BATCH) * error * w;
    });
  }
  const got = model.weights[0]!.value.data;
  expected.forEach((w, i) => expect(Math.abs(got[i]! - w)).toBeLessThan(1e-6));
});

test("a table that is read in two places is updated once, by the rows of both", () => {
  const make = (rows: number): Model => {
    start();
    const x = Input([WORDS], { dtype: "int32" });
    const table = new layers.Embedding(rows, WIDTH);
    const both = ops.multiply(table.apply(x), table.apply(ops.flip(x, { axis: 1 })));
    const model = new Model(x, new layers.Dense(1).apply(new layers.Flatten().apply(both)));
    model.compile({ optimizer: "adagrad", loss: "mse" });
    return model;
  };
  const text = (rows: number): string =>
    make(rows).trainer.explain(indices(rows), targets(), 0).replaceAll(`[${rows}, ${WIDTH}]`, `[R, ${WIDTH}]`);
  expect(text(50_000)).toBe(text(1000));
  expect(text(1000)).toMatch(/distinct \[80\]/);
});
