// fit, evaluate, predict: what is learnt, in which order data comes, and every option of the protocol.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  clearSession,
  constraints,
  Input,
  layers,
  ops,
  optimizers,
  random,
  Sequential,
  StateError,
  setRandomSeed,
  type Tensor,
  tensor,
  ValueError,
} from "keratin";
import { beforeEach, describe, expect, test, vi } from "vitest";

const { Dense, Dropout } = layers;

beforeEach(() => {
  clearSession();
  setRandomSeed(42);
});

/** n rows of 3 numbers in [−0.5, 0.5), and half their sum. */
const X = (n: number): number[][] => Array.from({ length: n }, (_, i) => [0, 1, 2].map((j) => ((3 * i + 7 * j) % 10) / 10 - 0.5));
const Y = (n: number): number[][] => X(n).map((row) => [0.5 * (row[0]! + row[1]! + row[2]!)]);
const quiet = { verbose: 0 } as const;

/** One unit with weights 1, 1, 1 and no bias: its loss can be computed by hand. */
function fixed(learningRate = 0): Sequential {
  const model = new Sequential([Input([3]), new Dense(1, { useBias: false, kernelInitializer: "ones" })]);
  model.compile({ optimizer: new optimizers.SGD({ learningRate }), loss: "mse" });
  return model;
}
/** Squared errors of `fixed` on the rows: (Σx − Σx/2)². */
const squared = (n: number): number[] => Y(n).map(([y]) => y! * y!);
const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

describe("learning", () => {
  const names = ["sgd", "rmsprop", "adam", "adamw"] as const;
  test.each(names)("%s learns a line, and learns the same again", async (name) => {
    const run = async (): Promise<number[]> => {
      clearSession();
      setRandomSeed(7);
      const model = new Sequential([Input([3]), new Dense(8, { activation: "tanh" }), new Dense(1)]);
      const optimizer = optimizers.get(name)!;
      optimizer.learningRate = name === "sgd" ? 0.1 : 0.01;
      model.compile({ optimizer, loss: "mse" });
      return (await model.fit(X(64), Y(64), { epochs: 30, batchSize: 16, ...quiet })).history.loss!;
    };
    const losses = await run();
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 10);
    expect(await run()).toEqual(losses);
  });

  test("exclusive or, which no line separates", async () => {
    const x = [[0, 0], [0, 1], [1, 0], [1, 1]]; // biome-ignore format: a table
    const y = [[0], [1], [1], [0]];
    const model = new Sequential([Input([2]), new Dense(8, { activation: "tanh" }), new Dense(1, { activation: "sigmoid" })]);
    model.compile({ optimizer: new optimizers.Adam({ learningRate: 0.1 }), loss: "binary_crossentropy", metrics: ["accuracy"] });
    const { history } = await model.fit(x, y, { epochs: 100, ...quiet });
    expect(history.accuracy!.at(-1)).toBe(1);
    expect((await model.predict(x, quiet)).data.map(Math.round)).toEqual(Float32Array.of(0, 1, 1, 0));
  });

  test("a constraint holds after every step", async () => {
    const model = new Sequential([Input([3]), new Dense(4, { kernelConstraint: new constraints.MaxNorm({ maxValue: 0.5 }) })]);
    model.compile({ optimizer: new optimizers.SGD({ learningRate: 1 }), loss: "mse" });
    await model.fit(X(20), ops.ones([20, 4]), { epochs: 2, ...quiet });
    const norms = ops.norm(model.weights[0]!.value, { axis: 0 }).data;
    for (const n of norms) expect(n).toBeLessThanOrEqual(0.5 + 1e-6);
  });

  test("without trainable weights a model is trained to no effect", async () => {
    const model = fixed(1);
    model.layers[0]!.trainable = false;
    model.compile({ optimizer: "sgd", loss: "mse" });
    await model.fit(X(8), Y(8), quiet);
    expect(model.weights[0]!.value.array()).toEqual([[1], [1], [1]]);
  });
});

describe("from a seed to the digits of Keras 3.15.1", () => {
  const make = (): Sequential => {
    const model = new Sequential([Input([3]), new Dense(4, { activation: "relu" }), new Dropout(0.25), new Dense(1)]);
    model.compile({ optimizer: new optimizers.Adam({ learningRate: 0.01 }), loss: "mse", metrics: ["mae"] });
    return model;
  };
  const near = (got: readonly number[], want: readonly number[]): void => {
    expect(got).toHaveLength(want.length);
    want.forEach((w, i) => expect(Math.abs(got[i]! - w)).toBeLessThanOrEqual(1e-8 + 1e-7 * Math.abs(w)));
  };
  const y = (n: number): number[] => Y(n).map(([v]) => v!);

  test("weights, losses of three epochs, dropout masks, predictions", async () => {
    const model = make();
    near([...model.weights[0]!.value.data.slice(0, 4)], [-0.79004699, 0.109021209, -0.450196743, -0.238129541]);
    near([...model.weights[2]!.value.data], [0.0409767069, -0.613313138, 0.203178853, -0.173267066]);
    near((await model.evaluate(X(20), y(20), { batchSize: 8, ...quiet })) as number[], [0.0362691842, 0.158651263]);
    const { history } = await model.fit(X(20), y(20), { batchSize: 8, epochs: 3, validationSplit: 0.2, ...quiet });
    near(history.loss!, [0.043734707, 0.037616935, 0.038984127]);
    near(history.val_loss!, [0.0059507727, 0.004885009, 0.0044680284]);
    near(history.mae!, [0.18067878, 0.17229915, 0.17638817]);
    const state = model.variables.find((v) => v.path.startsWith("seed_generator"))!;
    expect([...state.value.data]).toEqual([119540832, 6]);
    expect(model.optimizer!.iterations).toBe(6);
    near([...(await model.predict(X(3), quiet)).data], [-0.05419144, -0.11048991, -0.029967833]);
  });

  test("one thread and two give the same last digits", () => {
    const script = `
      import { init, layers, optimizers, Sequential, setRandomSeed, Tensor } from "keratin";
      await init({ threads: Number(process.argv[1]) });
      setRandomSeed(1);
      const n = 512;
      const x = new Tensor(Float32Array.from({ length: n * 256 }, (_, i) => ((i * 7919) % 255) / 127 - 1), [n, 256]);
      const y = new Tensor(Int32Array.from({ length: n }, (_, i) => (i * 31) % 10), [n]);
      const model = new Sequential([new layers.Dense(256, { activation: "relu", inputShape: [256] }), new layers.Dropout(0.2), new layers.Dense(10, { activation: "softmax" })]);
      model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
      const { history } = await model.fit(x, y, { epochs: 3, batchSize: 128, verbose: 0 });
      console.log(JSON.stringify([history, [...model.weights[0].value.data.slice(0, 100)]]));
      process.exit();
    `;
    const run = (threads: number): string =>
      execFileSync(process.execPath, ["--input-type=module", "-e", script, String(threads)], {
        cwd: fileURLToPath(new URL("..", import.meta.url)),
        encoding: "utf8",
      });
    const one = run(1);
    expect(JSON.parse(one)[0].loss).toHaveLength(3);
    expect(run(2)).toBe(one);
  });
});

describe("batches", () => {
  test("the last batch holds what is left and weighs as much as it has rows", async () => {
    const model = fixed();
    const sizes: number[] = [];
    const losses: number[] = [];
    const history = await model.fit(X(10), Y(10), {
      batchSize: 4,
      shuffle: false,
      ...quiet,
      callbacks: [
        {
          onTrainBatchEnd: (batch, logs) => {
            losses.push(logs.loss!);
            sizes.push(batch);
          },
        },
      ],
    });
    expect(sizes).toEqual([0, 1, 2]);
    const e = squared(10);
    // Logs are the running mean of the epoch: over 4, 8 and 10 rows.
    [4, 8, 10].forEach((n, i) => expect(losses[i]).toBeCloseTo(mean(e.slice(0, n)), 7));
    expect(history.history.loss![0]).toBeCloseTo(mean(e), 7);
  });

  test("rows come in NumPy's order, after the one order that building draws", async () => {
    const model = fixed();
    const seen: number[] = [];
    let sum = 0;
    const rows = Array.from({ length: 5 }, (_, i) => [i, 0, 0]);
    // With learning rate 0 the loss of a batch of one row is (row − 0)²: it tells which row it was.
    await model.fit(rows, ops.zeros([5, 1]), {
      batchSize: 1,
      epochs: 2,
      ...quiet,
      callbacks: [
        {
          onEpochBegin: () => void (sum = 0),
          onTrainBatchEnd: (batch, logs) => {
            const total = logs.loss! * (batch + 1);
            seen.push(Math.round(Math.sqrt(total - sum)));
            sum = total;
          },
        },
      ],
    });
    setRandomSeed(42);
    const [, first, second] = [1, 2, 3].map(() => [...random.dataPermutation(5)]);
    expect(seen).toEqual([...first!, ...second!]);
  });
  test('shuffle: "batch" changes the order inside batches only, false draws nothing', async () => {
    const fit = async (shuffle: "batch" | false): Promise<{ losses: number[]; next: number[] }> => {
      setRandomSeed(1);
      const losses: number[] = [];
      const rows = Array.from({ length: 6 }, (_, i) => [i, 0, 0]);
      const watch = { onTrainBatchEnd: (_batch: number, logs: { loss?: number }) => void losses.push(logs.loss!) };
      await fixed().fit(rows, ops.zeros([6, 1]), { batchSize: 3, shuffle, ...quiet, callbacks: [watch] });
      return { losses, next: [...random.dataPermutation(9)] };
    };
    const draws = (sizes: readonly number[]): number[] => {
      setRandomSeed(1);
      for (const n of sizes) random.dataPermutation(n);
      return [...random.dataPermutation(9)];
    };
    const [inner, none] = [await fit("batch"), await fit(false)];
    // Both see rows 0–2, then 3–5, and a sum over a batch does not depend on its order.
    [(0 + 1 + 4) / 3, (0 + 1 + 4 + 9 + 16 + 25) / 6].forEach((loss, i) => {
      expect(inner.losses[i]).toBeCloseTo(loss, 5);
      expect(none.losses[i]).toBeCloseTo(loss, 5);
    });
    expect(inner.next).toEqual(draws([3, 3, 3])); // one for building, one for each batch
    expect(none.next).toEqual(draws([]));
  });

  test.each(["labels", "validation data"])(
    "a fit that %s ended before it began leaves the order of the next one alone",
    async (what) => {
      const order = async (bad: boolean): Promise<number[]> => {
        clearSession();
        setRandomSeed(3);
        const model = new Sequential([Input([3]), new Dense(2, { activation: "softmax" })]);
        model.compile({ optimizer: "sgd", loss: "sparse_categorical_crossentropy" });
        const labels = X(20).map((_, i) => i % 2);
        const high = labels.map(() => 77);
        if (bad) {
          const [y, validationData] = what === "labels" ? [high, null] : [labels, [X(20), high] as const];
          await expect(model.fit(X(20), y, { validationData, ...quiet })).rejects.toThrow(/has 77/);
        }
        return (await model.fit(X(20), labels, { batchSize: 3, epochs: 2, ...quiet })).history.loss!;
      };
      expect(await order(true)).toEqual(await order(false));
    },
  );

  test("a batch may be larger than the data; batchSize must be a whole number", async () => {
    expect((await fixed().fit(X(5), Y(5), { batchSize: 100, ...quiet })).history.loss![0]).toBeCloseTo(mean(squared(5)), 7);
    await expect(fixed().fit(X(5), Y(5), { batchSize: 0, ...quiet })).rejects.toThrow(/batchSize must be a whole number/);
    await expect(fixed().fit(X(5), Y(5), { batchSize: 2.5, ...quiet })).rejects.toThrow(ValueError);
  });
});

describe("epochs", () => {
  test("initialEpoch is where counting starts, epochs where it ends", async () => {
    const history = await fixed().fit(X(4), Y(4), { initialEpoch: 3, epochs: 5, ...quiet });
    expect(history.epoch).toEqual([3, 4]);
    expect((await fixed().fit(X(4), Y(4), { initialEpoch: 5, epochs: 5, ...quiet })).epoch).toEqual([]);
  });

  test("a second fit goes on where the first ended", async () => {
    const make = (): Sequential => {
      clearSession();
      setRandomSeed(3);
      const model = new Sequential([Input([3]), new Dense(4, { activation: "relu" }), new Dropout(0.5), new Dense(1)]);
      model.compile({ optimizer: "adam", loss: "mse" });
      return model;
    };
    const together = (await make().fit(X(20), Y(20), { epochs: 4, batchSize: 8, ...quiet })).history.loss!;
    const model = make();
    const first = (await model.fit(X(20), Y(20), { epochs: 2, batchSize: 8, ...quiet })).history.loss!;
    const second = (await model.fit(X(20), Y(20), { epochs: 2, batchSize: 8, ...quiet })).history.loss!;
    expect([...first, ...second]).toEqual(together);
  });

  test("stepsPerEpoch goes on in the data; a pass that ends inside an epoch ends the epoch, with a warning", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const seen: number[][] = [];
    await fixed().fit(X(10), Y(10), {
      batchSize: 2,
      stepsPerEpoch: 2,
      epochs: 4,
      ...quiet,
      callbacks: [{ onEpochBegin: () => void seen.push([]), onTrainBatchEnd: (batch) => void seen.at(-1)!.push(batch) }],
    });
    // 5 batches: two epochs of 2, one of 1, then a new pass.
    expect(seen).toEqual([[0, 1], [0, 1], [0], [0, 1]]);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toMatch(/ran out of data/);
    warn.mockRestore();
  });

  test("model.stopTraining ends after the batch, and validation and the epoch's end still come", async () => {
    const model = fixed();
    const hooks: string[] = [];
    const history = await model.fit(X(12), Y(12), {
      batchSize: 4,
      epochs: 5,
      ...quiet,
      validationData: [X(4), Y(4)],
      callbacks: [
        {
          onTrainBatchEnd: (batch) => {
            hooks.push(`batch ${batch}`);
            if (batch === 1) model.stopTraining = true;
          },
          onEpochEnd: (epoch) => void hooks.push(`epoch ${epoch}`),
          onTrainEnd: () => void hooks.push("end"),
        },
      ],
    });
    expect(hooks).toEqual(["batch 0", "batch 1", "epoch 0", "end"]);
    expect(Object.keys(history.history)).toEqual(["loss", "val_loss"]);
    // The next fit starts with a clean flag.
    expect((await model.fit(X(4), Y(4), { epochs: 2, ...quiet })).epoch).toEqual([0, 1]);
  });
});

describe("validation", () => {
  test("validationSplit keeps the last rows, before any shuffling", async () => {
    const { history } = await fixed().fit(X(10), Y(10), { validationSplit: 0.3, epochs: 2, ...quiet });
    const e = squared(10);
    for (const i of [0, 1]) {
      expect(history.loss![i]).toBeCloseTo(mean(e.slice(0, 7)), 7);
      expect(history.val_loss![i]).toBeCloseTo(mean(e.slice(7)), 7);
    }
  });

  test("a split that leaves one part empty, or is none, is an error", async () => {
    await expect(fixed().fit(X(3), Y(3), { validationSplit: 0.01, ...quiet })).resolves.toBeDefined(); // floor(2.97) = 2
    await expect(fixed().fit(X(3), Y(3), { validationSplit: 0.9, ...quiet })).rejects.toThrow(/leaves one part empty/);
    await expect(fixed().fit(X(3), Y(3), { validationSplit: 1.5, ...quiet })).rejects.toThrow(/between 0 and 1/);
  });

  test("validationData with weights; a frequency; a list of epochs", async () => {
    const w = [1, 2, 3, 4];
    const data = [X(4), Y(4), w] as const;
    const { history } = await fixed().fit(X(4), Y(4), { validationData: data, validationFreq: 2, epochs: 5, ...quiet });
    expect(history.val_loss).toHaveLength(2);
    const weighted = mean(squared(4).map((e, i) => e * w[i]!));
    expect(history.val_loss![0]).toBeCloseTo(weighted, 7);
    const listed = await fixed().fit(X(4), Y(4), { validationData: data, validationFreq: [1, 5], epochs: 5, ...quiet });
    expect(listed.history.val_loss).toHaveLength(2);
  });

  test("validationBatchSize and validationSteps say which rows count", async () => {
    const { history } = await fixed().fit(X(4), Y(4), {
      validationData: [X(10), Y(10)],
      validationBatchSize: 3,
      validationSteps: 2,
      ...quiet,
    });
    expect(history.val_loss![0]).toBeCloseTo(mean(squared(6)), 7);
  });

  test("dropout rests while validating", async () => {
    const model = new Sequential([Input([3]), new Dropout(0.9), new Dense(1, { useBias: false, kernelInitializer: "ones" })]);
    model.compile({ optimizer: new optimizers.SGD({ learningRate: 0 }), loss: "mse" });
    const { history } = await model.fit(X(10), Y(10), { validationData: [X(10), Y(10)], ...quiet });
    expect(history.val_loss![0]).toBeCloseTo(mean(squared(10)), 7);
    expect(history.loss![0]).not.toBeCloseTo(mean(squared(10)), 4);
  });
});

describe("weights of samples", () => {
  test("sampleWeight multiplies losses, reaches weightedMetrics and leaves metrics alone", async () => {
    const model = fixed();
    model.compile({
      optimizer: new optimizers.SGD({ learningRate: 0 }),
      loss: "mse",
      metrics: ["mae"],
      weightedMetrics: ["mse"],
    });
    const w = Array.from({ length: 8 }, (_, i) => i / 7);
    const { history } = await model.fit(X(8), Y(8), { batchSize: 3, shuffle: false, sampleWeight: w, ...quiet });
    const e = squared(8);
    const we = e.map((x, i) => x * w[i]!);
    const sum = (list: number[]): number => list.reduce((a, b) => a + b, 0);
    // Keras: loss = Σwe/8, a metric ignores weights, a weighted metric is Σwe/Σw.
    expect(history.loss![0]).toBeCloseTo(sum(we) / 8, 6);
    expect(history.mae![0]).toBeCloseTo(mean(e.map(Math.sqrt)), 6);
    expect(history.mse![0]).toBeCloseTo(sum(we) / sum(w), 6);
  });

  test("classWeight weighs by label: numbers, columns and one-hot rows; unnamed classes weigh 1", async () => {
    const labels = [0, 1, 2, 1, 0, 2];
    const run = async (y: readonly unknown[], loss: string, option: object): Promise<number> => {
      const model = new Sequential([Input([3]), new Dense(3, { activation: "softmax", kernelInitializer: "ones" })]);
      model.compile({ optimizer: new optimizers.SGD({ learningRate: 0 }), loss });
      return (await model.fit(X(6), y as number[], { ...option, ...quiet })).history.loss![0]!;
    };
    const classWeight = { 0: 3, 2: 0.5 };
    const sampleWeight = labels.map((l) => ({ 0: 3, 1: 1, 2: 0.5 })[l]!);
    const want = await run(labels, "sparse_categorical_crossentropy", { sampleWeight });
    expect(want).toBeCloseTo(Math.log(3) * mean(sampleWeight), 6);
    expect(await run(labels, "sparse_categorical_crossentropy", { classWeight })).toBeCloseTo(want, 6);
    expect(
      await run(
        labels.map((l) => [l]),
        "sparse_categorical_crossentropy",
        { classWeight },
      ),
    ).toBeCloseTo(want, 6);
    const oneHot = labels.map((l) => [0, 1, 2].map((c) => Number(c === l)));
    expect(await run(oneHot, "categorical_crossentropy", { classWeight })).toBeCloseTo(want, 6);
    const table = new Map(Object.entries(classWeight).map(([label, weight]) => [Number(label), weight]));
    expect(await run(labels, "sparse_categorical_crossentropy", { classWeight: table })).toBeCloseTo(want, 6);
    await expect(run(labels, "sparse_categorical_crossentropy", { classWeight, sampleWeight })).rejects.toThrow(
      /exclude each other/,
    );
  });
});

describe("iterables of batches", () => {
  function* batches(n: number): Generator<[number[][], number[][]]> {
    for (let i = 0; i < n; i++) yield [X(12).slice(4 * i, 4 * i + 4), Y(12).slice(4 * i, 4 * i + 4)];
  }

  test("an array of batches passes as often as there are epochs; async iterables too", async () => {
    const again = { [Symbol.iterator]: () => batches(3) };
    const { history, params } = await fixed().fit(again, null, { epochs: 2, ...quiet });
    for (const loss of history.loss!) expect(loss).toBeCloseTo(mean(squared(12)), 7);
    expect(params.steps).toBe(3);
    const listed = [...batches(3)].map(([x, y]) => [tensor(x), tensor(y)] as const);
    const list = await fixed().fit(listed, null, { epochs: 2, ...quiet });
    expect(list.history).toEqual(history);
    expect(list.params.steps).toBe(3);
    expect(await fixed().evaluate(listed, null, quiet)).toBeCloseTo(mean(squared(12)), 7);
    const slow = {
      async *[Symbol.asyncIterator](): AsyncGenerator<[number[][], number[][]]> {
        for (const batch of batches(3)) yield await Promise.resolve(batch);
      },
    };
    expect((await fixed().fit(slow, null, quiet)).history.loss![0]).toBeCloseTo(mean(squared(12)), 7);
  });

  test("a generator gives stepsPerEpoch batches an epoch until it is exhausted", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const counts: number[] = [];
    await fixed().fit(batches(3), null, {
      stepsPerEpoch: 2,
      epochs: 2,
      ...quiet,
      callbacks: [{ onEpochBegin: () => void counts.push(0), onTrainBatchEnd: () => void counts[counts.length - 1]!++ }],
    });
    expect(counts).toEqual([2, 1]);
    expect(warn).toHaveBeenCalledTimes(1);
    // Without stepsPerEpoch the first epoch takes all; so it is in validation.
    const { epoch, history } = await fixed().fit(batches(3), null, { epochs: 2, validationData: batches(1), ...quiet });
    expect([epoch, history.loss!.length, history.val_loss!.length]).toEqual([[0, 1], 1, 1]);
    expect(warn.mock.calls.slice(1).flat()).toEqual([
      expect.stringMatching(/ran out of data/),
      expect.stringMatching(/validationData yields no more batches/),
    ]);
    warn.mockRestore();
  });

  test("a generator of the user is closed when training ends early", async () => {
    let closed = false;
    function* endless(): Generator<[number[][], number[][]]> {
      try {
        while (true) yield [X(4), Y(4)];
      } finally {
        closed = true;
      }
    }
    const model = fixed();
    await model.fit(endless(), null, { ...quiet, callbacks: [{ onTrainBatchEnd: (b) => void (model.stopTraining = b === 2) }] });
    expect(closed).toBe(true);
  });

  test("sample weights come with the batch; options for arrays are refused", async () => {
    const one = [[X(4), Y(4), [1, 0, 0, 0]]] as const;
    const feed = { [Symbol.iterator]: () => one[Symbol.iterator]() };
    expect((await fixed().fit(feed, null, quiet)).history.loss![0]).toBeCloseTo(squared(4)[0]! / 4, 7);
    await expect(fixed().fit(feed, null, { validationSplit: 0.5, ...quiet })).rejects.toThrow(/does not go with an iterable/);
    await expect(fixed().fit(feed, null, { sampleWeight: [1], ...quiet })).rejects.toThrow(/does not go with an iterable/);
  });

  test("evaluate and predict take them; predict ignores targets", async () => {
    const feed = { [Symbol.iterator]: () => batches(3) };
    expect(await fixed().evaluate(feed, null, quiet)).toBeCloseTo(mean(squared(12)), 7);
    const got = await fixed().predict(feed, quiet);
    expect(got.shape).toEqual([12, 1]);
    Y(12).forEach(([y], i) => expect(got.data[i]).toBeCloseTo(2 * y!, 6));
  });
});

describe("evaluate and predict", () => {
  test("one value is a number, several are a list in the order of compile, returnDict names them", async () => {
    const model = fixed();
    expect(await model.evaluate(X(5), Y(5), quiet)).toBeCloseTo(mean(squared(5)), 7);
    model.compile({ optimizer: "sgd", loss: "mse", metrics: ["mse", "mae"] });
    const list = (await model.evaluate(X(5), Y(5), quiet)) as number[];
    expect(list).toHaveLength(3);
    const named = await model.evaluate(X(5), Y(5), { returnDict: true, ...quiet });
    expect(named).toEqual({ loss: list[0], mse: list[1], mae: list[2] });
    expect(model.metricsNames).toEqual(["loss", "compile_metrics"]);
  });

  test("steps limits what is looked at", async () => {
    expect(await fixed().evaluate(X(10), Y(10), { batchSize: 3, steps: 2, ...quiet })).toBeCloseTo(mean(squared(6)), 7);
    expect((await fixed().predict(X(10), { batchSize: 3, steps: 2, ...quiet })).shape).toEqual([6, 1]);
  });

  test("predict joins batches, needs no compile, and does not depend on their size", async () => {
    const model = new Sequential([Input([3]), new Dense(4, { activation: "relu" }), new Dense(2)]);
    const whole = await model.predict(X(17), quiet);
    expect(whole.shape).toEqual([17, 2]);
    const small = await model.predict(X(17), { batchSize: 5, ...quiet });
    whole.data.forEach((x, i) => expect(small.data[i]).toBeCloseTo(x, 6));
    whole.data.forEach((x, i) => expect(model.apply(tensor(X(17))).data[i]).toBeCloseTo(x, 6));
  });

  test("evaluate leaves weights and seeds alone", async () => {
    const model = new Sequential([Input([3]), new Dropout(0.5), new Dense(1)]);
    model.compile({ loss: "mse" });
    const before = model.variables.map((v) => v.value.array());
    await model.evaluate(X(5), Y(5), quiet);
    await model.predict(X(5), quiet);
    expect(model.variables.map((v) => v.value.array())).toEqual(before);
  });
});

describe("single batches", () => {
  test("trainOnBatch is a step of fit and returns this batch's values", async () => {
    const [a, b] = [fixed(0.1), fixed(0.1)];
    const loss = a.trainOnBatch(X(8), Y(8)) as number;
    expect(loss).toBeCloseTo(mean(squared(8)), 7);
    await b.fit(X(8), Y(8), { shuffle: false, ...quiet });
    expect(a.weights[0]!.value.array()).toEqual(b.weights[0]!.value.array());
    expect(a.trainOnBatch(X(8), Y(8), { returnDict: true })).toEqual({ loss: expect.any(Number) });
  });

  test("testOnBatch learns nothing; weights of samples and classes count", () => {
    const model = fixed(1);
    expect(model.testOnBatch(X(4), Y(4))).toBeCloseTo(mean(squared(4)), 7);
    expect(model.testOnBatch(X(4), Y(4), { sampleWeight: [4, 0, 0, 0] })).toBeCloseTo(squared(4)[0]!, 7);
    expect(model.weights[0]!.value.array()).toEqual([[1], [1], [1]]);
  });

  test("predictOnBatch takes tensors and arrays of any number of rows", () => {
    const model = fixed();
    for (const n of [1, 3, 1, 4]) {
      const want = Y(n).map(([y]) => 2 * y!);
      for (const x of [X(n), tensor(X(n))]) model.predictOnBatch(x).data.forEach((p, i) => expect(p).toBeCloseTo(want[i]!, 6));
    }
  });
});

describe("ending early", () => {
  test("an AbortSignal stops between two batches; the model goes on afterwards", async () => {
    const model = fixed(0.1);
    const controller = new AbortController();
    let batches = 0;
    const run = model.fit(X(40), Y(40), {
      batchSize: 4,
      epochs: 100,
      signal: controller.signal,
      ...quiet,
      callbacks: [{ onTrainBatchEnd: () => void (++batches === 3 && controller.abort(new Error("enough"))) }],
    });
    await expect(run).rejects.toThrow("enough");
    expect(batches).toBe(3);
    expect((await model.fit(X(40), Y(40), quiet)).history.loss![0]).toBeGreaterThan(0);
    await expect(model.evaluate(X(4), Y(4), { signal: controller.signal, ...quiet })).rejects.toThrow("enough");
    await expect(model.predict(X(4), { signal: controller.signal, ...quiet })).rejects.toThrow("enough");
  });

  test("fit lets timers run while it trains", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const model = new Sequential([Input([64]), new Dense(256), new Dense(64)]);
    model.compile({ loss: "mse" });
    await model.fit(ops.ones([256, 64]), ops.ones([256, 64]), { epochs: 60, ...quiet });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });
});

describe("compile", () => {
  test("functions serve as loss and metric, under their own names", async () => {
    const model = fixed();
    const largest = (yTrue: Tensor, yPred: Tensor): Tensor => ops.max(ops.abs(ops.subtract(yTrue, yPred)), { axis: -1 });
    model.compile({ optimizer: "sgd", loss: (t, p) => ops.mean(ops.abs(ops.subtract(t, p)), { axis: -1 }), metrics: [largest] });
    const logs = await model.evaluate(X(4), Y(4), { returnDict: true, ...quiet });
    const want = mean(Y(4).map(([y]) => Math.abs(y!)));
    expect(logs.loss).toBeCloseTo(want, 6);
    expect(logs.largest).toBeCloseTo(want, 6);
  });

  test("a metric given twice is told apart by number", async () => {
    const model = fixed();
    model.compile({ optimizer: "sgd", loss: "mse", metrics: ["mae", "mae"], weightedMetrics: ["mae"] });
    expect(Object.keys(await model.evaluate(X(4), Y(4), { returnDict: true, ...quiet })).sort()).toEqual([
      "loss",
      "mae",
      "mae_1",
      "weighted_mae",
    ]);
  });

  test("without a loss the losses of layers are what is minimised", async () => {
    const model = new Sequential([
      Input([3]),
      new Dense(1, { useBias: false, kernelInitializer: "ones", kernelRegularizer: "l2" }),
    ]);
    model.compile({ optimizer: new optimizers.SGD({ learningRate: 1 }) });
    const { history } = await model.fit(X(4), null, quiet);
    expect(history.loss![0]).toBeCloseTo(0.01 * 3, 7); // l2 = 0.01·Σw²
    expect(model.weights[0]!.value.data[0]).toBeCloseTo(1 - 0.02, 7);
  });

  test("what was not compiled, or was frozen since, says so", async () => {
    const model = new Sequential([Input([3]), new Dense(1)]);
    await expect(model.fit(X(4), Y(4), quiet)).rejects.toThrow(StateError);
    expect(() => model.trainOnBatch(X(4), Y(4))).toThrow(/compile/);
    model.compile({ loss: "mse" });
    await model.fit(X(4), Y(4), quiet);
    model.layers[0]!.trainable = false;
    await expect(model.fit(X(4), Y(4), quiet)).rejects.toThrow(/Call compile again/);
    model.compile({ loss: "mse" });
    await model.fit(X(4), Y(4), quiet);
  });

  test("compiling again starts the optimizer anew and keeps the weights", async () => {
    const model = fixed(0.1);
    await model.fit(X(8), Y(8), quiet);
    const weights = model.weights[0]!.value.array();
    model.compile({ optimizer: "adam", loss: "mae" });
    expect(model.weights[0]!.value.array()).toEqual(weights);
    await model.fit(X(8), Y(8), quiet);
    expect(model.optimizer!.iterations).toBe(1);
  });
});

test("explain shows the steps of training and leaves the model as it was", async () => {
  const model = new Sequential([Input([3]), new Dense(4), new Dropout(0.5), new Dense(1)]);
  model.compile({ optimizer: "adam", loss: "mse" });
  await model.fit(X(4), Y(4), quiet);
  const all = [...model.variables, ...model.optimizer!.variables];
  const before = all.map((v) => v.value.array());
  expect(model.explain(X(4), Y(4), 2)).toMatch(/sequential\/dense/);
  expect(all.map((v) => v.value.array())).toEqual(before);
});
