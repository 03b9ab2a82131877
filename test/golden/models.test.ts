// Models against what Keras recorded: initial weights from a seed, summaries, and complete training runs.

import { callbacks, clearSession, type Model, Sequential, saving, setRandomSeed, Tensor, type Variable } from "keratin";
import { describe, expect, test } from "vitest";
import { agrees, type Case, EXACT, topic } from "../goldenReader.js";
import { argument, camelKeys, leaves, mapTree, type Topic } from "./call.js";
import { CASES } from "./later.js";

const present = (name: string, t: Topic): Case[] => t.cases.filter((c) => !(`${name}/${c.id}` in CASES));
const modelOf = (c: Case): Model =>
  saving.deserialize({ module: "keras", class_name: c.class, config: c.config, registered_name: c.class } as never) as Model;
interface Weight {
  array: string;
  path: string;
}

describe("initial weights after setRandomSeed", () => {
  const t = topic("seeded_models");
  test.each(present("seeded_models", t))("$id", (c) => {
    clearSession();
    setRandomSeed(c.seed as number);
    const model = modelOf(c);
    const weights = c.weights as Weight[];
    expect(model.weights.map((w) => w.path)).toEqual(weights.map((w) => w.path));
    weights.forEach((w, i) =>
      agrees(model.weights[i]!.value, t.array(c, w.array), { ...initialTolerance(c, w.path), what: w.path }),
    );
  });
});

describe("summaries and structure", () => {
  const t = topic("summary");
  test.each(present("summary", t))("$id", (c) => {
    clearSession();
    const model = modelOf(c);
    const text = (options: object = {}): string => {
      let printed = "";
      model.summary({ ...options, printFn: (s) => (printed += `${s}\n`) });
      return printed.trimEnd();
    };
    const want = Object.fromEntries(Object.entries(c.summary as Record<string, string>).map(([k, v]) => [k, v.trimEnd()]));
    expect(text()).toBe(want.default);
    expect(text({ lineLength: 100 })).toBe(want.line_length_100);
    expect(text({ expandNested: true, showTrainable: true })).toBe(want.expand_nested_show_trainable);
    expect(model.layers.map((l) => l.name)).toEqual(c.layer_names);
    expect(model.weights.map((w) => w.path)).toEqual(c.weight_paths);
    expect(model.weights.map((w) => [...w.shape])).toEqual(c.weight_shapes);
    const count = (vs: readonly Variable[]): number => vs.reduce((n, v) => n + v.size, 0);
    if (c.count_params !== null && c.count_params !== undefined) expect(model.countParams()).toBe(c.count_params);
    expect([count(model.trainableWeights), count(model.nonTrainableWeights)]).toEqual([
      c.trainable_params,
      c.non_trainable_params,
    ]);
    if (c.input_shape) expect([model.inputShape, model.outputShape]).toEqual([c.input_shape, c.output_shape]);
    expect((saving.serialize(model) as { config: unknown }).config).toEqual(c.config);
  });
});

/** Bits, but for orthogonal matrices: their factorisation adds up in another order than LAPACK's. */
function initialTolerance(c: Case, path: string): { rtol: number; atol: number } {
  const layer = path.split("/").at(-2);
  const { layers } = c.config as { layers: { config: { name: string; kernel_initializer?: { class_name: string } } }[] };
  const initializer = layers.find((l) => l.config.name === layer)?.config.kernel_initializer?.class_name;
  return initializer === "Orthogonal" && path.endsWith("kernel") ? { rtol: 1e-6, atol: 1e-6 } : EXACT;
}

interface Run extends Case {
  seed: number;
  weights: Weight[];
  compile: Record<string, unknown>;
  x: unknown;
  y: unknown;
  fit: Record<string, unknown>;
  history: Record<string, number[]>;
  epochs_run: number[];
  batch_logs: Record<string, number>[];
  weights_step1: string[];
  weights_final: string[];
  optimizer_final: Weight[];
  evaluate: Record<string, number>;
  predict_rows: number;
  outputs: string[];
  callbacks?: { class: string; init: Record<string, unknown> }[];
}

/** Float32 in another order of summation, over some epochs. */
const TRAINED = { rtol: 1e-5, atol: 1e-6 };

describe("training", () => {
  const t = topic("training");
  const start = (c: Run): Model => {
    clearSession();
    setRandomSeed(c.seed);
    const model = modelOf(c);
    c.weights.forEach((w, i) =>
      agrees(model.weights[i]!.value, t.array(c, w.array), { ...initialTolerance(c, w.path), what: `initial ${w.path}` }),
    );
    const own = (v: unknown): unknown =>
      Array.isArray(v)
        ? v.map(own)
        : typeof v === "object" && v !== null && "class_name" in v
          ? saving.deserialize(v as never)
          : v;
    model.compile(camelKeys(Object.fromEntries(Object.entries(c.compile).map(([k, v]) => [k, own(v)]))));
    return model;
  };
  const near = (
    got: Readonly<Record<string, number>>,
    want: Readonly<Record<string, number>>,
    what: string,
    tolerance?: typeof TRAINED,
  ): void => {
    expect(Object.keys(got), what).toEqual(Object.keys(want).sort());
    for (const [name, value] of Object.entries(want)) close(got[name]!, value, `${what} ${name}`, tolerance);
  };
  const weightsAre = (model: Model, c: Run, arrays: readonly string[], what: string, tolerance: object = TRAINED): void =>
    arrays.forEach((a, i) => {
      const { value, path } = model.weights[i]!;
      agrees(value, t.array(c, a), { ...(NOISE[c.id]?.[path] ?? tolerance), what: `${what} ${path}` });
    });

  test.each((present("training", t) as Run[]).filter((c) => c.kind !== "train_on_batch"))("$id", async (c) => {
    const model = start(c);
    const loose = LOOSE[c.id] ?? TRAINED;
    const data = (v: unknown): never => mapTree(v, (n) => t.tensor(c, n)) as never;
    const fit = { ...camelKeys(argument(t, c, c.fit) as object) };
    if (c.fit.validation_data) fit.validationData = data(c.fit.validation_data);
    if (c.fit.sample_weight) fit.sampleWeight = data(c.fit.sample_weight);
    const seen: Record<string, number>[] = [];
    const watch = new callbacks.LambdaCallback({
      onTrainBatchEnd: (_batch, logs) => {
        if (seen.push({ ...logs }) === 1) weightsAre(model, c, c.weights_step1, "after one batch", loose);
      },
    });
    const given = (c.callbacks ?? []).map(({ class: name, init }) => new callbacks[name as "EarlyStopping"](camelKeys(init)));
    const history = await model.fit(data(c.x), data(c.y), { verbose: 0, ...fit, callbacks: [...given, watch] });

    expect(history.epoch).toEqual(c.epochs_run);
    expect(Object.keys(history.history).sort()).toEqual(Object.keys(c.history).sort());
    expect(seen).toHaveLength(c.batch_logs.length);
    seen.forEach((logs, i) => near(logs, c.batch_logs[i]!, `batch ${i}`, LOOSE[c.id]));
    for (const [name, want] of Object.entries(c.history)) {
      expect(history.history[name]).toHaveLength(want.length);
      want.forEach((w, i) => close(history.history[name]![i]!, w, `epoch ${i} ${name}`, LOOSE[c.id]));
    }
    weightsAre(model, c, c.weights_final, "final", loose);
    const slots = model.optimizer!.variables;
    expect(slots.map((v) => v.path)).toEqual(c.optimizer_final.map((o) => o.path));
    c.optimizer_final.forEach((o, i) => agrees(slots[i]!.value, t.array(c, o.array), { ...loose, what: o.path }));
    near(await model.evaluate(data(c.x), data(c.y), { verbose: 0, returnDict: true }), c.evaluate, "evaluate", LOOSE[c.id]);
    const rows = mapTree(c.x, (n) => cut(t.tensor(c, n), 0, c.predict_rows)) as never;
    leaves(await model.predict(rows, { verbose: 0 })).forEach((p, i) =>
      agrees(p, t.array(c, c.outputs[i]), { ...loose, ...NOISE[c.id]?.predict, what: "predict" }),
    );
  });

  test("train_on_batch", () => {
    const c = t.cases.find((one) => one.kind === "train_on_batch")! as Run & {
      batch: number;
      logs: Record<string, number>[];
      test_logs: Record<string, number>;
    };
    const model = start(c);
    const [x, y] = [c.x, c.y].map((n) => t.tensor(c, n)) as [Tensor, Tensor];
    const rows = (a: Tensor, from: number, to: number): Tensor => cut(a, from, Math.min(to, a.shape[0]!));
    c.logs.forEach((want, i) => {
      const from = (i * c.batch) % x.shape[0]!;
      const [xs, ys] = [rows(x, from, from + c.batch), rows(y, from, from + c.batch)];
      near(model.trainOnBatch(xs, ys, { returnDict: true }) as Record<string, number>, want, `batch ${i}`);
    });
    near(
      model.testOnBatch(rows(x, 0, c.batch), rows(y, 0, c.batch), { returnDict: true }) as Record<string, number>,
      c.test_logs,
      "test",
    );
    weightsAre(model, c, c.weights_final, "final");
    agrees(model.predictOnBatch(rows(x, 0, 4)), t.array(c, c.outputs[0]), TRAINED);
  });
});

/**
 * Weights whose gradient is 0 but for rounding, of which Adam makes steps of some size all the same: the bias in front of a batch
 * normalization, which takes it away again.
 */
const NOISE: Readonly<Record<string, Readonly<Record<string, { rtol: number; atol: number }>>>> = {
  // The moving mean is a mean of x·kernel + bias: it carries that bias' rounding noise on.
  batchnorm_dropout: {
    "sequential/dense/bias": { rtol: 0, atol: 1e-4 },
    "sequential/batch_normalization/moving_mean": { rtol: 0, atol: 1e-4 },
    // Inference takes that mean from the bias, so their noise comes out; softmax passes on a quarter at most.
    predict: { rtol: 0, atol: 2.5e-5 },
  },
};

/** Runs whose steps divide by small numbers or round to half precision. */
const LOOSE: Readonly<Record<string, { rtol: number; atol: number }>> = { mixed_bfloat16: { rtol: 2e-2, atol: 2e-2 } };

function close(got: number, want: number, what: string, { rtol, atol } = { rtol: 1e-5, atol: 1e-5 }): void {
  if (!(Math.abs(got - want) <= atol + rtol * Math.abs(want))) expect.fail(`${what}: ${got}, Keras has ${want}`);
}

/** Rows `from..to` of a tensor. */
function cut(a: Tensor, from: number, to: number): Tensor {
  const width = a.size / a.shape[0]!;
  return new Tensor(a.data.slice(from * width, to * width), [to - from, ...a.shape.slice(1)], { dtype: a.dtype });
}

test("a Sequential from Keras' JSON is a Sequential", () => {
  expect(modelOf(topic("summary").cases.find((c) => c.id === "seed_tutorial")!)).toBeInstanceOf(Sequential);
});
