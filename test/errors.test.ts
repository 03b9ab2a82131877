// What bad input gets: a named error before anything changes. After each of them the same model still trains.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  callbacks,
  constraints,
  DataError,
  datasets,
  FileError,
  type FitOptions,
  grad,
  IdentifierError,
  Input,
  init,
  initializers,
  jit,
  type KeratinError,
  Layer,
  layers,
  losses,
  Model,
  metrics,
  ops,
  optimizers,
  random,
  regularizers,
  Sequential,
  ShapeError,
  StateError,
  saving,
  setRandomSeed,
  type Tensor,
  tensor,
  ValueError,
  Variable,
} from "keratin";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";

const { Dense } = layers;
type Class = new (message?: string) => KeratinError;

const folder = mkdtempSync(join(tmpdir(), "keratin-errors-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Twelve points of three classes. */
const x = tensor(Array.from({ length: 12 }, (_, i) => [Math.cos(i), Math.sin(i), i % 3, 1]));
const y = tensor(
  Array.from({ length: 12 }, (_, i) => i % 3),
  { dtype: "int32" },
);

let model: Sequential;
beforeEach(() => {
  setRandomSeed(7);
  model = new Sequential([
    new Dense(8, { activation: "relu", inputShape: [4], name: "hidden" }),
    new Dense(3, { activation: "softmax", name: "classes" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
});

const numbers = (): number[][] => model.getWeights().map((w) => Array.from(w.data));

/** `attempt` throws this error; the weights are as before it, and the model trains from there. */
async function refused(attempt: () => unknown, type: Class, text: RegExp): Promise<void> {
  const before = numbers();
  const error: unknown = await (async () => attempt())().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error, "nothing was thrown").toBeInstanceOf(type);
  expect((error as Error).message).toMatch(text);
  expect(numbers()).toEqual(before);
  const history = await model.fit(x, y, { epochs: 20, batchSize: 4, verbose: 0 });
  expect(history.history.loss!.at(-1)!).toBeLessThan(history.history.loss![0]!);
}

describe("data", () => {
  test("too few or too many features: the layer's name and both shapes", async () => {
    const wide = ops.ones([12, 5]);
    await refused(
      () => model.fit(wide, y, { verbose: 0 }),
      ShapeError,
      /layer "sequential\w*".*expected shape=\(None, 4\), found shape=\(None, 5\)/,
    );
    for (const use of [
      () => model.predict(wide, { verbose: 0 }),
      () => model.predictOnBatch(wide),
      () => model.trainOnBatch(wide, y),
    ]) {
      await refused(use, ShapeError, /expected shape=\(None, 4\), found shape=\(\w+, 5\)/);
    }
    await refused(() => model.layers[0]!.apply(wide), ShapeError, /layer "hidden".*axis -1 .* value 4, .*shape \(12, 5\)/);
  });
  test("the wrong number of axes", async () => {
    await refused(
      () => model.fit(ops.ones([12, 2, 4]), y, { verbose: 0 }),
      ShapeError,
      /expected shape=\(None, 4\), found shape=\(None, 2, 4\)/,
    );
    await refused(
      () => model.layers[0]!.apply(ops.ones([4])),
      ShapeError,
      /layer "hidden".*min_ndim=2, found ndim=1\. Full shape received: \(4,\)/,
    );
    await refused(() => model.fit(tensor(1), tensor(1), { verbose: 0 }), DataError, /a number is no data set/);
  });
  test("labels out of range", async () => {
    const high = tensor([...y.data].map((label, i) => (i === 5 ? 3 : label)));
    await refused(
      () => model.fit(x, high, { verbose: 0 }),
      DataError,
      /labels must be whole numbers from 0 to 2.*Row 5 of y has 3\. Count classes from 0/,
    );
    await refused(() => model.evaluate(x, ops.negative(y), { verbose: 0 }), DataError, /Row 1 of y has -1/);
    await refused(() => model.trainOnBatch(x, high), DataError, /Row 5 of y has 3/);
  });
  test("validation data is looked at before the first epoch", async () => {
    const high = ops.add(y, 1);
    await refused(() => model.fit(x, y, { validationData: [x, high], verbose: 0 }), DataError, /Row 2 of y has 3/);
  });
  test("x and y of different lengths", async () => {
    const short = tensor([0, 1, 2]);
    await refused(() => model.fit(x, short, { verbose: 0 }), DataError, /numbers of samples differ \(x: 12; y: 3\)/);
    await refused(() => model.fit(x, y, { sampleWeight: [1, 2], verbose: 0 }), DataError, /x: 12; y: 12; sampleWeight: 2/);
    await refused(() => model.testOnBatch(x, short), DataError, /x: 12; y: 3/);
  });
  test("rows of different lengths", async () => {
    await refused(
      () =>
        model.fit(
          [
            [1, 2, 3, 4],
            [1, 2],
          ],
          y,
          { verbose: 0 },
        ),
      ShapeError,
      /rows differ in length \(4 and 2/,
    );
  });
  test("a validation split that leaves nothing", async () => {
    await refused(
      () => model.fit(x, y, { validationSplit: 1.5, verbose: 0 }),
      ValueError,
      /validationSplit must be between 0 and 1/,
    );
    await refused(() => model.fit(x, y, { validationSplit: 0.999, verbose: 0 }), ValueError, /leaves one part empty/);
  });
  const tooWide = ops.ones([5, 7]);
  test.each<[string, FitOptions["validationData"], Class, RegExp]>([
    ["features", [tooWide, ops.ones([5])], ShapeError, /expected shape=\(None, 4\), found shape=\(None, 7\)/],
    ["targets", [ops.ones([5, 4]), ops.ones([5, 2])], ShapeError, /y of shape \[5, 2\] does not fit/],
    ["no targets", [ops.ones([5, 4])], ValueError, /y has no target for output "classes"/],
    ["no rows", [ops.ones([0, 4]), ops.ones([0])], DataError, /validationData: there are no samples/],
  ])("validation data that does not fit is found before the first epoch: %s", async (_, validationData, type, text) => {
    const begun = vi.fn();
    const callbacks = { onTrainBegin: begun };
    await refused(() => model.fit(x, y, { validationData, verbose: 0, callbacks }), type, text);
    const batches = { [Symbol.iterator]: () => [[x, y] as const][Symbol.iterator]() };
    await refused(() => model.fit(batches, null, { validationData, verbose: 0, callbacks }), type, text);
    expect(begun).not.toHaveBeenCalled();
  });
  test("labels out of range in iterables of batches", async () => {
    const good = [x, y] as const;
    const bad = [x, ops.full([12], 77)] as const;
    const feed = (...batches: (typeof good)[]): Iterable<typeof good> => ({
      [Symbol.iterator]: () => batches[Symbol.iterator](),
    });
    model.compile({ optimizer: "sgd", loss: "sparse_categorical_crossentropy" });
    await refused(() => model.evaluate(feed(bad), null, { verbose: 0 }), DataError, /Row 0 of y has 77/);
    await refused(() => model.fit(feed(bad), null, { verbose: 0 }), DataError, /Row 0 of y has 77/);
    model.optimizer!.learningRate = 0; // so that the good batch before the bad one changes nothing
    const { learningRate } = model.optimizer!;
    for (const run of [
      () => model.fit(feed(good, bad), null, { verbose: 0 }),
      () => model.fit(x, y, { validationData: feed(bad), verbose: 0 }),
    ]) {
      await expect(run()).rejects.toThrow(/Row 0 of y has 77/);
    }
    expect(learningRate).toBe(0);
  });
  test("iterables without batches, and options that they do not go with", async () => {
    const none = { *[Symbol.iterator](): Generator<never> {} };
    await refused(() => model.fit(none, null, { verbose: 0 }), DataError, /fit: the iterable yields no batches/);
    await refused(() => model.evaluate(none, null, { verbose: 0 }), DataError, /evaluate: the iterable yields no batches/);
    await refused(() => model.predict(none, { verbose: 0 }), DataError, /predict: there are no samples/);
    const feed = { [Symbol.iterator]: () => [[x, y] as const][Symbol.iterator]() };
    await refused(() => model.fit(feed, y, { verbose: 0 }), ValueError, /fit: y does not go with an iterable/);
    await refused(() => model.fit(feed, null, { batchSize: 3, verbose: 0 }), ValueError, /fit: batchSize does not go/);
    await refused(() => model.evaluate(feed, y, { verbose: 0 }), ValueError, /evaluate: y does not go/);
    await refused(() => model.predict(feed, { batchSize: 3, verbose: 0 }), ValueError, /predict: batchSize does not go/);
  });
  const spoiled = tensor(
    x.data.map((v, i) => (i === 9 ? Number.NaN : v)),
    { shape: x.shape },
  );
  test("NaN in the data: TerminateOnNaN ends training, with what was learnt before it", async () => {
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    const whole = { epochs: 50, batchSize: 12, verbose: 0, callbacks: new callbacks.TerminateOnNaN() } as const;
    const before = model.variables.map((v) => [...v.value.data]);
    const history = await model.fit(spoiled, y, whole);
    expect(history.epoch).toEqual([0]);
    expect(history.history.loss).toEqual([Number.NaN]);
    expect(said.mock.calls.flat().join("\n")).toMatch(/Batch 0: Invalid loss, terminating training/);
    expect(model.variables.map((v) => [...v.value.data])).toEqual(before);
    expect(model.optimizer!.variables.flatMap((v) => [...v.value.data]).every(Number.isFinite)).toBe(true);
    // Rows 2 and 3 make the second batch: the first has trained.
    await model.fit(spoiled, y, { ...whole, batchSize: 2, shuffle: false });
    expect(said.mock.calls.flat().at(-1)).toBe("Batch 1: Invalid loss, terminating training");
    expect(model.variables.map((v) => [...v.value.data])).not.toEqual(before);
    said.mockRestore();
    const again = await model.fit(x, y, { epochs: 20, verbose: 0 });
    expect(again.history.loss!.at(-1)!).toBeLessThan(again.history.loss![0]!);
  });
  test("NaN in the data as an error, if you like: it says where", async () => {
    const strict = new callbacks.TerminateOnNaN({ raiseError: true });
    const run = (given: Tensor): unknown => model.fit(given, y, { verbose: 0, callbacks: strict });
    await refused(() => run(spoiled), DataError, /Batch 0: Invalid loss.*: x has NaN in row 2, column 1/);
    const weights = ops.add(ops.zeros([12]), [0, 0, 0, 0, 0, Infinity, 0, 0, 0, 0, 0, 0]);
    await refused(
      () => model.fit(x, y, { sampleWeight: weights, verbose: 0, callbacks: [strict] }),
      DataError,
      /sampleWeight has Infinity in row 5, column 0/,
    );
  });
  test("NaN that the loss does not meet is no reason to stop", async () => {
    const input = Input([4]);
    const clean = new Model(input, new Dense(3, { activation: "softmax" }).apply(ops.where(ops.isfinite(input), input, 0)));
    clean.compile({ optimizer: "sgd", loss: "sparse_categorical_crossentropy" });
    const before = clean.getWeights()[0]!.array();
    const { epoch } = await clean.fit(spoiled, y, { epochs: 2, verbose: 0, callbacks: [new callbacks.TerminateOnNaN()] });
    expect(epoch).toEqual([0, 1]);
    expect(clean.getWeights()[0]!.array()).not.toEqual(before);
  });
});

describe("options of fit, evaluate and predict", () => {
  test.each<[string, object, RegExp]>([
    ["epochs", { epochs: -1 }, /fit: epochs must be a whole number ≥ 0, received -1/],
    ["epochs that are none", { epochs: Number.NaN }, /epochs must be .*received NaN/],
    ["epochs as text", { epochs: "3" }, /epochs must be .*received "3"/],
    ["epochs null", { epochs: null }, /epochs must be .*received null/],
    ["half epochs", { epochs: 1.5 }, /epochs must be/],
    ["initialEpoch", { initialEpoch: -1 }, /initialEpoch must be a whole number ≥ 0/],
    ["batchSize", { batchSize: "8" }, /batchSize must be a whole number ≥ 1/],
    ["stepsPerEpoch", { stepsPerEpoch: 0 }, /stepsPerEpoch must be a whole number ≥ 1, received 0/],
    ["negative stepsPerEpoch", { stepsPerEpoch: -1 }, /stepsPerEpoch must be/],
    ["half stepsPerEpoch", { stepsPerEpoch: 1.5 }, /stepsPerEpoch must be/],
    ["validationFreq", { validationFreq: 0 }, /validationFreq must be a whole number ≥ 1 or a list of them/],
    ["validationFreq as text", { validationFreq: "x" }, /validationFreq must be/],
    ["a list in validationFreq", { validationFreq: [1, -1] }, /validationFreq must be/],
    ["validationSteps", { validationSteps: -2 }, /validationSteps must be/],
    ["validationBatchSize", { validationBatchSize: 0 }, /validationBatchSize must be/],
    ["validationSplit", { validationSplit: "a" }, /validationSplit must be between 0 and 1/],
    ["shuffle", { shuffle: "bach" }, /shuffle must be true, false or "batch", received "bach"/],
    ["a number as shuffle", { shuffle: 7 }, /shuffle must be/],
    ["signal", { signal: "x" }, /signal must be an AbortSignal, received "x"/],
    [
      "the weight of a class",
      { classWeight: { 0: "heavy" } },
      /classWeight: expected a finite number .* received "heavy" for "0"/,
    ],
    ["the name of a class", { classWeight: { a: 1 } }, /classWeight: .* for "a"/],
    ["the key in a Map", { classWeight: new Map([[0.5, 1]]) }, /classWeight: .* for 0.5/],
  ])("of fit: %s", async (_, options, text) => {
    await refused(() => model.fit(x, y, { verbose: 0, ...options }), ValueError, text);
  });
  test("of evaluate, predict and trainOnBatch", async () => {
    await refused(() => model.evaluate(x, y, { steps: 0, verbose: 0 }), ValueError, /evaluate: steps must be a whole number ≥ 1/);
    await refused(() => model.predict(x, { steps: -1, verbose: 0 }), ValueError, /predict: steps must be/);
    await refused(() => model.predict(x, { batchSize: 0, verbose: 0 }), ValueError, /predict: batchSize must be/);
    await refused(() => model.trainOnBatch(x, y, { classWeight: { 0: Infinity } }), ValueError, /classWeight/);
  });
  test.each<[string, unknown, RegExp]>([
    ["a number", [5], /callbacks\[0\]: expected an object with hooks such as onEpochEnd, received 5/],
    ["text", "x", /callbacks\[0\]: expected an object/],
    [
      "a class",
      [{ onTrainEnd() {} }, callbacks.EarlyStopping],
      /callbacks\[1\]: .* received function \w+\. Make an instance with new/,
    ],
    ["a misspelt hook", [{ onEpocEnd() {} }], /callbacks\[0\]: Unknown hook "onEpocEnd"\. Did you mean "onEpochEnd"/],
    ["a hook that is no function", [{ onEpochEnd: 5 }], /callbacks\[0\]: onEpochEnd must be a function, received 5/],
    ["an object without hooks", [{ epochs: 3 }], /callbacks\[0\]: an object of class Object has no hook/],
  ])("callbacks: %s", async (_, given, text) => {
    await refused(() => model.fit(x, y, { verbose: 0, callbacks: given as never }), ValueError, text);
    await refused(() => model.evaluate(x, y, { verbose: 0, callbacks: given as never }), ValueError, text);
  });
  test("LambdaCallback takes functions only", async () => {
    await refused(
      () => new callbacks.LambdaCallback({ onEpochEnd: 3 as never }),
      ValueError,
      /LambdaCallback: onEpochEnd must be a function, received 3/,
    );
  });
});

describe("names, options and arguments", () => {
  test("negative, fractional and absent units", async () => {
    for (const units of [-1, 0, 2.5, undefined as unknown as number]) {
      await refused(() => new Dense(units), ValueError, /Dense: units must be a positive whole number, received/);
    }
  });
  test.each<[string, () => unknown, RegExp]>([
    [
      "initializer",
      () => new Dense(2, { kernelInitializer: "he_unifrom" }),
      /Unknown initializer "he_unifrom"\. Did you mean "he_uniform"/,
    ],
    ["constraint", () => new Dense(2, { kernelConstraint: "MaxNrom" }), /Unknown constraint "MaxNrom"\. Did you mean "MaxNorm"/],
    ["regularizer", () => new Dense(2, { kernelRegularizer: "l3" }), /Unknown regularizer "l3"\. Did you mean [^?]*"l1"/],
    ["activation", () => new Dense(2, { activation: "rleu" }), /Unknown activation "rleu"\. Did you mean "relu"/],
    ["optimizer", () => model.compile({ optimizer: "adm", loss: "mse" }), /Unknown optimizer "adm"\. Did you mean "adam"/],
    ["loss", () => losses.get("mean_squared_eror"), /Unknown loss "mean_squared_eror"\. Did you mean [^?]*"mean_squared_error"/],
    ["metric", () => metrics.get("acuracy"), /Unknown metric "acuracy"\. Did you mean [^?]*"accuracy"/],
  ])("an unknown %s is answered with near misses", async (_, attempt, text) => {
    await refused(attempt, IdentifierError, text);
  });
  test("an unknown loss or metric of compile is named by the first call that needs it", async () => {
    const other = new Sequential([new Dense(1, { inputShape: [4] })]);
    other.compile({ optimizer: "sgd", loss: "mean_squared_eror" });
    await refused(() => other.fit(x, y, { verbose: 0 }), IdentifierError, /Did you mean [^?]*"mean_squared_error"/);
    other.compile({ optimizer: "sgd", loss: "mse", metrics: ["acuracy"] });
    await refused(() => other.fit(x, y, { verbose: 0 }), IdentifierError, /Did you mean [^?]*"accuracy"/);
    other.compile({ optimizer: "sgd", loss: "mse" });
    await other.fit(x, y, { verbose: 0 });
  });
  test.each<[string, () => unknown, RegExp]>([
    ["a layer", () => new Dense(2, { activaton: "relu" } as object), /Unknown option "activaton"\. Did you mean "activation"/],
    [
      "a layer, in Python's spelling",
      () => new Dense(2, { use_bias: true } as object),
      /Unknown option "use_bias"\. Did you mean "useBias"/,
    ],
    [
      "an initializer",
      () => new initializers.RandomNormal({ stdev: 1 } as object),
      /RandomNormal: Unknown option "stdev"\. Did you mean "stddev"/,
    ],
    [
      "a constraint",
      () => new constraints.MaxNorm({ max_value: 1 } as object),
      /MaxNorm: Unknown option "max_value"\. Did you mean "maxValue"/,
    ],
    ["a regularizer", () => new regularizers.L1L2({ l3: 1 } as object), /L1L2: Unknown option "l3"/],
    [
      "an optimizer",
      () => new optimizers.Adam({ learning_rate: 1 } as object),
      /Adam: Unknown option "learning_rate"\. Did you mean "learningRate"/,
    ],
    [
      "compile",
      () => model.compile({ optimiser: "adam" } as object),
      /compile: Unknown option "optimiser"\. Did you mean "optimizer"/,
    ],
    ["fit", () => model.fit(x, y, { epoch: 2 } as object), /fit: Unknown option "epoch"\. Did you mean "epochs"/],
    [
      "evaluate",
      () => model.evaluate(x, y, { batchsize: 2 } as object),
      /evaluate: Unknown option "batchsize"\. Did you mean "batchSize"/,
    ],
    [
      "predict",
      () => model.predict(x, { batch_size: 2 } as object),
      /predict: Unknown option "batch_size"\. Did you mean "batchSize"/,
    ],
    ["an op", () => ops.sum(x, { keepDims: true } as object), /Unknown option "keepDims"\. Did you mean "keepdims"/],
    [
      "a layer's call",
      () => model.layers[0]!.apply(x, { trainin: true }),
      /hidden: Unknown option "trainin"\. Did you mean "training"/,
    ],
    ["a model's call", () => model.apply(x, { Training: true }), /Unknown option "Training"\. Did you mean "training"/],
    ["mnist.loadData", () => datasets.mnist.loadData({ pth: folder } as object), /Unknown option "pth"\. Did you mean "path"/],
    [
      "mnist.loadData, by position",
      () => datasets.mnist.loadData(folder as unknown as object),
      /expected an object of options, received "/,
    ],
    [
      "registerKerasSerializable",
      () => saving.registerKerasSerializable("my" as unknown as object),
      /registerKerasSerializable: expected an object of options, received "my"/,
    ],
    ["a Variable", () => new Variable(1, { shpe: [] } as object), /Variable: Unknown option "shpe"\. Did you mean "shape"/],
    [
      "init, whether the core runs or not",
      () => init({ thread: 2 } as object),
      /init: Unknown option "thread"\. Did you mean "threads"/,
    ],
    ["a random op", () => random.normal([2], { std: 1 } as object), /Unknown option "std"/],
    [
      "a callback",
      () => new callbacks.EarlyStopping({ patiance: 1 } as object),
      /Unknown option "patiance"\. Did you mean "patience"/,
    ],
  ])("a misspelt option of %s", async (_, attempt, text) => {
    await refused(attempt, ValueError, text);
  });
  test("values that an option does not have", async () => {
    await refused(() => new layers.Dropout(1.5), ValueError, /Dropout: invalid value for rate.*received 1\.5/);
    await refused(() => model.fit(x, y, { verbose: 3 as 2 }), ValueError, /verbose must be 0, 1, 2 or "auto", received 3/);
    await refused(() => model.fit(x, y, { batchSize: 0 }), ValueError, /batchSize must be a whole number ≥ 1, received 0/);
    await refused(() => new optimizers.SGD({ momentum: 2 }), ValueError, /momentum/);
    await refused(
      () => model.compile({ metrics: "accuracy" as unknown as [] }),
      ValueError,
      /metrics must be a list.*Write metrics: \["accuracy"\]/,
    );
  });
  test.each([-1, 0, 1.5, 65, 100_000, "2", Number.NaN, null])("init with %j threads", async (threads) => {
    const text = /init: threads must be a whole number from 1 to 64, received/;
    await refused(() => init({ threads: threads as number }), ValueError, text);
  });
  test("options of a call that its own code names are let through, others are not", async () => {
    class Scaled extends Layer {
      override call(t: Tensor, { factor = 1 }: layers.CallArguments): Tensor {
        return ops.multiply(t, factor as number);
      }
    }
    class Inner extends Scaled {}
    class Passing extends Layer {
      static override readonly callOptions: readonly string[] = ["factor"];
      readonly inner = new Inner();
      override call(t: Tensor, options: layers.CallArguments): Tensor {
        return this.inner.apply(t, { ...options });
      }
    }
    for (const layer of [new Scaled(), new Inner(), new Passing()]) {
      expect(layer.apply(tensor([2]), { factor: 3, training: true }).item()).toBe(6);
      await refused(() => layer.apply(x, { facto: 3 }), ValueError, /Unknown option "facto"/);
    }
    const own = /Unknown option "scale"\. Known: "training", "mask"\. For a call of your own: static callOptions = \["scale"\]\./;
    await refused(() => new Scaled().apply(x, { scale: 3 }), ValueError, own);
  });
  test("what is no tensor: the op and its argument are named", async () => {
    const of = (value: unknown): Tensor => value as Tensor;
    await refused(
      () => ops.add(of(null), 2),
      ValueError,
      /^ops\.add: argument 1: expected numbers or booleans, received null\.$/,
    );
    await refused(() => ops.add(2, of(undefined)), ValueError, /^ops\.add: argument 2: .*received undefined/);
    await refused(() => ops.softmax(of({})), ValueError, /^ops\.softmax: argument 1: .*received an object of class Object/);
    await refused(() => ops.matmul(x, [["a"]] as unknown as Tensor), ValueError, /^ops\.matmul: argument 2: .*received "a"/);
    await refused(() => ops.concatenate([x, of(null)]), ValueError, /^ops\.concatenate: argument 1: .*received null/);
    await refused(() => tensor(null as unknown as Tensor), ValueError, /^tensor: expected numbers or booleans, received null/);
  });
  test("shapes that are none", async () => {
    const three = 3 as unknown as number[];
    for (const draw of [
      () => random.normal(three),
      () => random.uniform([2.5]),
      () => random.truncatedNormal([-1]),
      () => random.randint(three, 0, 2),
      () => random.gamma(three, 1),
      () => random.dropout(x, 0.5, { noiseShape: three }),
    ])
      await refused(
        draw,
        ShapeError,
        /^random\.\w+: the shape is a list of sizes such as \[2, 3\], received (3|\(2\.5,\)|\(-1,\))\.$/,
      );
    await refused(() => random.categorical(x, "2" as unknown as number), ValueError, /numSamples is a whole number/);
    const layer = new Layer({ name: "own" });
    const text = /own: the shape of weight "w" must be known sizes, received 3/;
    await refused(() => layer.addWeight({ shape: three, name: "w" }), ShapeError, text);
  });
  test("layers that are none, and two of one name", async () => {
    await refused(
      () => model.add("dense" as unknown as Layer),
      ValueError,
      /Only layers can be added to a Sequential model, received "dense"/,
    );
    await refused(() => model.add(new Dense(2, { name: "hidden" })), ValueError, /unique names: 'hidden' is already the name/);
    await refused(() => model.getLayer("hiden"), ValueError, /No such layer: "hiden"\. Existing layers are: hidden, classes/);
    for (const which of [undefined, null, 0, {}])
      await refused(() => model.getLayer(which as string), ValueError, /getLayer: expected a name or \{ index \}, received/);
  });
});

describe("order of calls", () => {
  test("training and evaluating before compile", async () => {
    const fresh = new Sequential([new Dense(3, { inputShape: [4] })]);
    const text = /sequential_\d+: you must call compile before training or evaluating/;
    await refused(() => fresh.fit(x, y), StateError, text);
    await refused(() => fresh.evaluate(x, y), StateError, text);
    await refused(() => fresh.trainOnBatch(x, y), StateError, text);
    expect((await fresh.predict(x, { verbose: 0 })).shape).toEqual([12, 3]); // predicting needs no compile
  });
  test("weights and counts before build", async () => {
    const fresh = new Sequential([new Dense(3)]);
    await refused(() => fresh.layers[0]!.countParams(), StateError, /isn't built.*build\(inputShape\)/s);
    await refused(() => fresh.saveWeights(), StateError, /no weights to save: build the model first/);
    await refused(() => fresh.loadWeights(new Uint8Array()), StateError, /build the model before loading weights/);
  });
  test("init with other options once the core runs", async () => {
    await refused(() => init({ threads: 7 }), StateError, /the core runs already.*Call init first/);
  });
  test("a page that uses anything before init()", () => {
    // The condition that bundlers for pages set: it takes the platform of pages, which cannot compile a module at once.
    const code =
      'globalThis.navigator ??= {}; import { ops } from "keratin"; try { ops.add(1, 2) } catch (e) { console.log(e.name + ": " + e.message) }';
    const { stdout, stderr } = spawnSync(process.execPath, ["--conditions=browser", "--input-type=module", "-e", code], {
      encoding: "utf8",
    });
    expect(stdout, stderr).toMatch(/^StateError: keratin is not ready: in a page, `await init\(\)` once before anything else\./);
  });
});

describe("weights and files", () => {
  test("weights of the wrong shape or number", async () => {
    const [kernel, bias, ...rest] = model.getWeights();
    await refused(
      () => model.setWeights([bias!, kernel!, ...rest]),
      ShapeError,
      /weight shape \(4, 8\) \(.*hidden\/kernel\) is not compatible with the provided weight shape \(8,\)/,
    );
    await refused(
      () => model.setWeights([kernel!]),
      ShapeError,
      /weight list of length 1, .* expecting 4 weights of shapes \(4, 8\), \(8,\), \(8, 3\), \(3,\)/,
    );
    await refused(
      () => model.layers[0]!.setWeights([kernel!, ops.ones([9])]),
      ShapeError,
      /weight shape \(8,\) \(.*hidden\/bias\) .* provided weight shape \(9,\)/,
    );
  });
  test("truncated and lying weight files: nothing is loaded", async () => {
    const bytes = await model.saveWeights();
    const lying = bytes.slice();
    new DataView(lying.buffer).setBigUint64(0, 2n ** 40n, true); // the length of the header
    const swapped = bytes.slice();
    const header = new TextDecoder().decode(bytes.subarray(8, 200));
    swapped.set(new TextEncoder().encode("9"), 8 + header.indexOf('"shape":[') + 9); // a size that the bytes do not have
    const trained = new Float32Array(bytes.buffer.slice(-4))[0];
    expect(Number.isFinite(trained)).toBe(true);
    await refused(() => model.loadWeights(bytes.subarray(0, 5)), FileError, /truncated/);
    await refused(() => model.loadWeights(bytes.subarray(0, bytes.length - 4)), FileError, /truncated|bytes/);
    await refused(() => model.loadWeights(lying), FileError, /header claims 1099511627776 bytes/);
    await refused(() => model.loadWeights(swapped), FileError, /lies about its size/);
    await refused(() => model.loadWeights(new TextEncoder().encode("<!doctype html><html></html>")), FileError, /safetensors/i);
  });
  test("the weights of another model: all that does not fit is named", async () => {
    const other = new Sequential([new Dense(9, { inputShape: [4] }), new Dense(3, { useBias: false }), new Dense(1)]);
    const bytes = await other.saveWeights();
    for (const part of [
      /shape of dense\/kernel: the model has \(4, 8\), the file \(4, 9\)/,
      /shape of dense\/bias: the model has \(8,\), the file \(9,\)/,
      /missing: dense_1\/bias/,
      /not in the model: dense_2\/kernel/,
      /Nothing was loaded/,
    ]) {
      await refused(() => model.loadWeights(bytes), FileError, part);
    }
  });
  test("a file that is not there", async () => {
    await refused(() => model.loadWeights(join(folder, "none.safetensors")), FileError, /cannot read .*none\.safetensors/);
    await refused(
      () => datasets.mnist.loadData({ path: folder }),
      FileError,
      /no IDX file train-images-idx3-ubyte.*Check the path/,
    );
  });
  test("a path that weights cannot be written to", async () => {
    for (const name of ["w.weights.h5", "w.keras"])
      await refused(
        () => model.saveWeights(join(folder, name)),
        ValueError,
        /only safetensors can be written, received ".*Name the file x\.safetensors/,
      );
    for (const path of [5, "", null])
      await refused(() => model.saveWeights(path as string), ValueError, /saveWeights: expected a path, received (5|""|null)/);
    const missing = join(folder, "none", "w.safetensors");
    for (const path of [missing, folder, pathToFileURL(missing), new URL("https://example.com/w")])
      await refused(() => model.saveWeights(path), FileError, /saveWeights: cannot write .*(ENOENT|EISDIR|scheme)/);
    expect(readdirSync(folder).filter((name) => name.startsWith("w."))).toEqual([]);
    await refused(
      () => model.loadWeights("http://127.0.0.1:9/w.safetensors"),
      FileError,
      /loadWeights: cannot reach http:\/\/127/,
    );
  });
  test("a page has no files: the bytes are there, and names are addresses", async () => {
    const kept = await model.saveWeights();
    const asked: unknown[] = [];
    const { process } = globalThis;
    try {
      vi.stubGlobal("process", undefined);
      vi.stubGlobal("fetch", async (address: string) => {
        asked.push(address);
        return new Response(kept as Uint8Array<ArrayBuffer>);
      });
      await expect(model.saveWeights("w.safetensors")).rejects.toThrow(
        /no files in a page\. Take the bytes that saveWeights\(\) returns/,
      );
      await model.loadWeights("models/w.safetensors");
    } finally {
      vi.unstubAllGlobals();
      expect(globalThis.process).toBe(process);
    }
    expect(asked).toEqual(["models/w.safetensors"]);
  });
  test("truncated and lying IDX files", async () => {
    // magic: two zeros, type 8 (uint8), three axes; then sizes [2, 28, 28] and too few bytes.
    const idx = (type: number, sizes: number[], bytes: number): Uint8Array => {
      const file = new Uint8Array(4 + 4 * sizes.length + bytes);
      file.set([0, 0, type, sizes.length]);
      sizes.forEach((n, axis) => new DataView(file.buffer).setUint32(4 + 4 * axis, n));
      return file;
    };
    const images = "train-images-idx3-ubyte";
    const write = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes);
    write("train-labels-idx1-ubyte", idx(8, [2], 2));
    write("t10k-images-idx3-ubyte", idx(8, [1, 28, 28], 784));
    write("t10k-labels-idx1-ubyte", idx(8, [1], 1));
    const load = () => datasets.mnist.loadData({ path: folder });
    write(images, idx(8, [2, 28, 28], 1000));
    await refused(load, FileError, /IDX: truncated: uint8 \[2, 28, 28\] takes 1584 bytes with its header, 1016 are there/);
    write(images, idx(8, [2, 2 ** 31, 2 ** 31], 10));
    await refused(load, FileError, /announce more than the 2147483648 bytes allowed/);
    write(images, idx(8, [3, 28, 28], 3 * 784));
    await refused(load, DataError, /the training files hold 3 images and 2 labels/);
    write(images, idx(8, [2, 28, 28], 2 * 784));
    expect((await load())[0][0].shape).toEqual([2, 28, 28]);
  });
});

describe("functions of one's own", () => {
  test("a call that returns no tensor", async () => {
    class Silent extends Layer {
      override call(): Tensor {
        return undefined as unknown as Tensor;
      }
    }
    class Counting extends Layer {
      override call(t: Tensor): Tensor {
        return t.shape.length as unknown as Tensor;
      }
    }
    await refused(
      () => new Silent({ name: "silent" }).apply(x),
      ValueError,
      /Silent\.call\(\) of layer "silent" must return a tensor.*returned undefined/,
    );
    await refused(
      () => new Counting({ name: "counting" }).apply(x),
      ValueError,
      /Counting\.call\(\) of layer "counting" must return a tensor/,
    );
    const stray = new Sequential([new Dense(2, { inputShape: [4] })]);
    await refused(() => stray.add(new Silent({ name: "silent" })), ValueError, /layer "silent" must return a tensor/);
    expect(stray.apply(x).shape).toEqual([12, 2]); // the layer was not added
    await refused(
      () => grad((_: Tensor) => undefined as unknown as Tensor)(x),
      StateError,
      /must return a scalar tensor, it returned undefined/,
    );
  });
  test("other functions that return nothing", async () => {
    const nothing = (): Tensor => undefined as unknown as Tensor;
    const one = (options: object, compiled: object = {}) => {
      const other = new Sequential([new Dense(1, { inputShape: [4], name: "one", ...options })]);
      other.compile({ optimizer: "sgd", loss: "mse", ...compiled });
      return other.fit(x, y, { verbose: 0 });
    };
    const text = (what: string): RegExp => new RegExp(`${what} must return a tensor, it returned undefined\\.`);
    await refused(() => one({}, { loss: nothing }), ValueError, text('loss "nothing"'));
    await refused(() => one({}, { metrics: [nothing] }), ValueError, text('metric "nothing"'));
    await refused(() => one({ kernelRegularizer: nothing }), ValueError, text("the regularizer of .*one/kernel"));
    await refused(() => one({ activityRegularizer: nothing }), ValueError, text("the activityRegularizer of one"));
    await refused(() => one({ biasConstraint: nothing }), ValueError, text("the constraint of .*one/bias"));
    await refused(() => one({ kernelInitializer: nothing }), ValueError, text("Variable: the initializer"));
    await refused(
      () => one({}, { loss: async () => x }),
      ValueError,
      /loss "loss" must return a tensor, it returned a promise: it must not be async/,
    );
    await refused(() => one({}, { metrics: [null] }), ValueError, /compile: expected a metric, received null/);
  });
  test("x + y on tensors, inside a layer and outside", async () => {
    const doubled = new layers.Lambda((t) => ((t as unknown as number) + (t as unknown as number)) as unknown as Tensor);
    await refused(() => doubled.apply(x), ValueError, /ops\.add\(x, y\) for x \+ y/);
    await refused(() => (x as unknown as number) + (y as unknown as number), ValueError, /ops\.add\(x, y\) for x \+ y/);
  });
  test("reading the value of a traced tensor", async () => {
    const f = (t: Tensor): Tensor => (t.data[0]! > 0 ? t : ops.negative(t));
    await refused(() => jit(f)(x), StateError, /not known.*is being traced/);
    await refused(() => grad((t: Tensor) => ops.multiply(ops.sum(t), ops.sum(t).item()))(x), StateError, /is being traced/);
    const branching = new layers.Lambda((t) => ops.multiply(t, t.data[0]!), { inputShape: [4] });
    await refused(() => new Sequential([branching]), StateError, /is being traced/);
  });
  test("shapes that do not fit, deep inside: the layers on the way are named", async () => {
    class Misfit extends Layer {
      override call(t: Tensor): Tensor {
        return ops.matmul(t, ops.ones([5, 2]));
      }
    }
    const deep = () => new Sequential([new Dense(4, { inputShape: [4] }), new Misfit({ name: "misfit" })], { name: "deep" });
    await refused(deep, ShapeError, /misfit.*4\].*\[5, 2\].*4 ≠ 5/s);
  });
});
