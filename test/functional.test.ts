// Functional models: graphs of layers and ops, their structure, training, files and errors.

import {
  clearSession,
  cloneModel,
  Input,
  type KerasTensor,
  Layer,
  layers,
  Model,
  ops,
  optimizers,
  Sequential,
  saving,
  setRandomSeed,
  type Tensor,
  tensor,
  type Variable,
} from "keratin";
import { beforeEach, describe, expect, test } from "vitest";

const { Add, Concatenate, Dense, Dropout, Embedding, Masking } = layers;

beforeEach(() => {
  clearSession();
  setRandomSeed(1);
});

/** A Dense whose output is known: every weight is `value`, no bias. */
const constant = (units: number, value: number, name?: string) =>
  new Dense(units, {
    kernelInitializer: { module: "keras.initializers", class_name: "Constant", config: { value } } as never,
    useBias: false,
    ...(name !== undefined && { name }),
  });

describe("graphs compute", () => {
  test("two inputs by order, by name, and as a record of arrays", async () => {
    const a = Input([2], { name: "a" });
    const b = Input([3], { name: "b" });
    const model = new Model([a, b], constant(1, 2).apply(new Concatenate().apply([a, b])));
    const [x, y] = [tensor([[1, 2]]), tensor([[3, 4, 5]])];
    const want = [[30]]; // 2·(1+2+3+4+5)
    expect((model.apply([x, y]) as Tensor).array()).toEqual(want);
    expect((model.apply({ b: y, a: x }) as Tensor).array()).toEqual(want);
    expect((await model.predict([x, y] as never)).array()).toEqual(want);
    expect((await model.predict([[[1, 2]], [[3, 4, 5]]] as never)).array()).toEqual(want);
    expect(model.predictOnBatch({ a: x, b: y, unread: x } as never).array()).toEqual(want);
  });

  test("records in and out", () => {
    const inputs = { left: Input([2], { name: "l" }), right: Input([2], { name: "r" }) };
    const sum = new Add().apply([inputs.left, inputs.right]);
    const model = new Model(inputs, { sum, difference: ops.subtract(inputs.left, inputs.right) });
    const out = model.apply({ left: tensor([[1, 2]]), right: tensor([[10, 20]]) }) as unknown as Record<string, Tensor>;
    expect([out.sum!.array(), out.difference!.array()]).toEqual([[[11, 22]], [[-9, -18]]]);
  });

  test("a shared layer has one set of weights, and gradients of all its calls", async () => {
    const shared = constant(1, 1, "shared");
    const [a, b] = [Input([1]), Input([1])];
    const model = new Model([a, b], new Add().apply([shared.apply(a), shared.apply(b)]));
    expect(model.weights.map((w) => w.path)).toEqual(["shared/kernel"]);
    model.compile({ optimizer: new optimizers.SGD({ learningRate: 0.5 }), loss: "mean_absolute_error" });
    model.trainOnBatch([tensor([[2]]), tensor([[3]])] as never, tensor([[100]]));
    // d|y − w(2 + 3)|/dw = −5, and w = 1 + 0.5·5
    expect(model.weights[0]!.value.array()).toEqual([[3.5]]);
  });

  test("a symbolic tensor behind many others at hand is found", () => {
    const x = Input([3]);
    const model = new Model(x, ops.concatenate([...Array.from({ length: 70 }, () => ops.ones([2, 1])), x], { axis: 1 }));
    expect(model.apply(ops.zeros([2, 3])).shape).toEqual([2, 73]);
    expect(ops.sum(model.apply(ops.zeros([2, 3]))).item()).toBe(140);
  });

  test("masks of Concatenate, where one input has none", () => {
    const x = Input([2, 3]);
    const masked = new Masking().apply(x);
    const layer = new Concatenate({ axis: 1 });
    const model = new Model(x, layer.apply([masked, x]));
    const given = tensor([[[0, 0, 0], [1, 0, 2]], [[0, 0, 0], [0, 0, 0]]]); // biome-ignore format: samples
    const eager = new Concatenate({ axis: 1 }).apply([new Masking().apply(given), given]);
    expect(model.apply(given).mask!.array()).toEqual(eager.mask!.array());
    expect(eager.mask!.array()).toEqual([[false, true, true, true], [false, false, true, true]]); // biome-ignore format: samples
  });

  test("ops between layers, with unknown sizes and constants", () => {
    const x = Input([null, 3]) as KerasTensor;
    const y = ops.sum(ops.multiply(ops.relu(x), 2), { axis: -1, keepdims: true });
    expect([x.shape, y.shape]).toEqual([
      [null, null, 3],
      [null, null, 1],
    ]);
    const model = new Model(x, ops.reshape(y, [-1, 1]));
    expect(model.outputShape).toEqual([null, 1]);
    const rows = (n: number): Tensor => ops.cast(ops.reshape(ops.subtract(ops.arange(2 * n * 3), 3), [2, n, 3]), "float32");
    for (const n of [1, 4]) {
      const given = rows(n);
      const want = ops.multiply(ops.sum(ops.maximum(given, 0), { axis: -1 }), 2);
      expect((model.apply(given) as Tensor).data).toEqual(want.data);
    }
  });

  test("nested models, models as layers, and a model cut at inner tensors", () => {
    const inner = new Sequential([Input([2]), constant(2, 1, "first"), constant(1, 3, "second")], { name: "inner" });
    const x = Input([2]);
    const hidden = inner.apply(x);
    const twice = new Model(x, ops.add(hidden, inner.apply(ops.multiply(x, 10))), { name: "outer" });
    // inner(x) = 3·2·(x₀ + x₁)
    expect((twice.apply(tensor([[1, 2]])) as Tensor).array()).toEqual([[18 + 180]]);
    expect(twice.getLayer("inner")).toBe(inner);
    const deep = new Model(twice.input, twice.output);
    expect((deep.apply(tensor([[1, 2]])) as Tensor).array()).toEqual([[198]]);

    const a = Input([2]);
    const h = constant(2, 1, "h").apply(a);
    const y = constant(1, 1, "y").apply(ops.square(h));
    const whole = new Model(a, y);
    const head = new Model(h, y); // begins at an inner tensor
    const body = new Model(a, whole.getLayer("h").output);
    expect(head.layers[0]!.constructor.name).toBe("InputLayer");
    const x1 = tensor([[1, 2]]);
    expect((head.apply(body.apply(x1)) as Tensor).array()).toEqual((whole.apply(x1) as Tensor).array());
    expect(head.getLayer("y")).toBe(whole.getLayer("y"));
  });

  test("training flag and masks pass through the graph", () => {
    const x = Input([3], { dtype: "int32" });
    const embedded = new Embedding(10, 2, { maskZero: true, name: "embedded" }).apply(x);
    const seen: (boolean | null)[] = [];
    class Look extends Layer {
      override call(...[t, options]: [Tensor, { training: boolean; mask: Tensor | null }]): Tensor {
        seen.push(options.training);
        return options.mask ? ops.multiply(t, ops.expandDims(ops.cast(options.mask, "float32"), -1)) : ops.zerosLike(t);
      }
      override computeMask() {
        return null;
      }
    }
    const model = new Model(x, new Look().apply(embedded));
    const row = tensor([[1, 0, 2]], { dtype: "int32" });
    seen.length = 0;
    const y = model.apply(row, { training: true }) as Tensor;
    expect(seen).toEqual([true]);
    expect([...y.data].map((v) => v !== 0)).toEqual([true, true, false, false, true, true]);
  });
});

describe("structure is Keras'", () => {
  test("names, order by depth, paths, inputs that nobody reads", () => {
    const a = Input([4], { name: "a" });
    const unread = Input([4], { name: "unread" });
    const left = new Dense(3, { name: "left" }).apply(a);
    const right = new Dense(3, { name: "right" }).apply(new Dense(3, { name: "before_right" }).apply(a));
    const model = new Model([a, unread], new Add().apply([left, right]));
    expect(model.name).toBe("functional");
    expect(model.layers.map((l) => l.name)).toEqual(["a", "before_right", "left", "right", "unread", "add"]);
    expect(model.weights.map((w) => w.path)).toEqual([
      "before_right/kernel", "before_right/bias", "left/kernel", "left/bias", "right/kernel", "right/bias",
    ]); // biome-ignore format: a list
    expect(model.inputNames).toEqual(["a", "unread"]);
    expect(model.outputNames).toEqual(["add"]);
    expect([model.inputShape, model.outputShape]).toEqual([[[null, 4], [null, 4]], [null, 3]]); // biome-ignore format: a pair
    expect(new Model(a, left).name).toBe("functional_1");
    expect(model).toBeInstanceOf(Model);
  });

  test("config and JSON round trips, with ops, shared layers, keyword arguments and several nodes", () => {
    const x = Input([4], { name: "x" });
    const shared = new Dense(4, { name: "shared", activation: "tanh" });
    const one = shared.apply(x);
    const two = shared.apply(one);
    const kept = new Dropout(0.5, { name: "drop" }).apply(two, { training: false });
    const clipped = ops.clip(ops.concatenate([one, kept], { axis: -1 }), -0.5, 0.5);
    const model = new Model({ x }, [ops.mean(clipped, { axis: 1 }), ops.expandDims(kept, 1)], { name: "mixed" });
    const json = JSON.parse(model.toJSON());
    const copies = [saving.deserialize<Model>(json), Model.fromConfig(model.getConfig()) as Model, cloneModel(model)];
    const given = { x: tensor([[0.1, -2, 3, 0.4]]) };
    const want = (model.apply(given) as unknown as Tensor[]).map((t) => t.array());
    for (const copy of copies) {
      expect(copy.weights.map((w) => w.path)).toEqual(model.weights.map((w) => w.path));
      expect(copy.weights[0]).not.toBe(model.weights[0]);
      copy.setWeights(model.getWeights());
      expect((copy.apply(given, { training: true }) as unknown as Tensor[]).map((t) => t.array())).toEqual(want);
      expect(saving.serialize(copy)).toEqual(saving.serialize(model));
    }
  });

  test("a layer of one's own, an extended Model with a graph, cloneFunction", () => {
    class Doubled extends Model {
      static override readonly className = "Doubled";
      calls = 0;
      override trainStep(data: Parameters<Model["trainStep"]>[0]) {
        this.calls++;
        const yPred = this.apply(data.x as Tensor, { training: true });
        const loss = ops.multiply(this.computeLoss({ ...data, yPred }), 2);
        this.optimizer!.apply(this.gradientsOf(loss), this.trainableVariables);
        return this.computeMetrics({ ...data, yPred, loss });
      }
    }
    const x = Input([1]);
    const model = new Doubled(x, constant(1, 1).apply(x));
    model.compile({ optimizer: new optimizers.SGD({ learningRate: 0.1 }), loss: "mean_squared_error" });
    const loss = model.trainOnBatch(tensor([[1]]), tensor([[3]]));
    expect(loss).toBeCloseTo(2 * (3 - 1) ** 2, 5);
    // d(2(3 − w)²)/dw = −8, and w = 1 + 0.1·8
    expect(model.weights[0]!.value.item()).toBeCloseTo(1.8, 5);
    expect(model.calls).toBe(1);
    const shared = cloneModel(model, { cloneFunction: (layer) => layer });
    expect(shared.weights[0]).toBe(model.weights[0]);
    expect(shared).toBeInstanceOf(Doubled);
  });

  test("cloneModel: models inside, calls of one's own, training, code", () => {
    const x = Input([4], { name: "x" });
    const inner = new Sequential([Input([4]), new Dense(3, { name: "deep" })], { name: "inner" });
    const model = new Model(x, new Dense(2, { name: "top" }).apply(inner.apply(x)), { name: "outer" });
    model.compile({ optimizer: "adam", loss: "mse" });
    const seen = (recursive: boolean): string[] => {
      const names: string[] = [];
      const cloneFunction = (layer: Layer): Layer => {
        names.push(layer.name);
        return layer instanceof Model ? cloneModel(layer) : Dense.fromConfig(layer.getConfig());
      };
      const copy = cloneModel(model, { cloneFunction, recursive });
      expect(copy.weights.map((w) => w.path)).toEqual(model.weights.map((w) => w.path));
      expect(copy.compiled).toBe(true);
      expect(copy.trainOnBatch(ops.ones([2, 4]), ops.ones([2, 2]))).toBeGreaterThanOrEqual(0);
      return names;
    };
    expect(seen(false)).toEqual(["inner", "top"]);
    expect(seen(true)).toEqual(["deep", "top"]);
    // a Dropout behind each Dense, with the layers as they are
    const callFunction = (layer: Layer, ...args: never[]): unknown => {
      const y = layer.apply(...args);
      return layer instanceof Dense ? new Dropout(0.5).apply(y) : y;
    };
    const longer = cloneModel(model, { cloneFunction: (layer) => layer, callFunction });
    expect(longer.layers.map((l) => l.name)).toEqual(["x", "inner", "top", "dropout"]);
    expect(longer.weights).toEqual(model.weights);
    expect(longer.apply(ops.ones([1, 4])).array()).toEqual(model.apply(ops.ones([1, 4])).array());
    inner.trainable = false;
    expect(cloneModel(inner).trainable).toBe(false);
    expect(() => cloneModel(inner, { callFunction })).toThrow("callFunction is for functional models");
    class Coded extends Model {
      static override readonly className = "Coded";
      dense = new Dense(2);
      override call(t: Tensor): Tensor {
        return this.dense.apply(t);
      }
    }
    const coded = cloneModel(new Coded({ name: "coded" }));
    expect([coded instanceof Coded, coded.name]).toEqual([true, "coded"]);
    expect(() => cloneModel(new Coded(), { cloneFunction: (layer) => layer })).toThrow("computes in code");
  });

  test("symbolic tensors tell what they are, and refuse to be read", () => {
    const x = Input([3], { name: "x" });
    expect(`${ops.relu(x)}`).toBe("<KerasTensor shape=(None, 3), dtype=float32, name=keras_tensor>");
    expect(() => x.data).toThrow("a symbolic tensor has no values");
    expect(() => (x as unknown as number) + 1).toThrow("JavaScript cannot compute with symbolic tensors");
    expect((ops.greater(x, 0) as Tensor).dtype).toBe("bool");
    expect((ops.argmax(x, { axis: -1 }) as Tensor).dtype).toBe("int32");
  });
});

describe("training", () => {
  const net = () => {
    const [a, b] = [Input([3], { name: "a" }), Input([2], { name: "b" })];
    const joined = new Dense(8, { activation: "relu", name: "joined" }).apply(new Concatenate().apply([a, b]));
    return new Model(
      [a, b],
      [new Dense(1, { name: "value" }).apply(joined), new Dense(3, { activation: "softmax", name: "kind" }).apply(joined)],
    );
  };
  const x = () => ({
    a: ops.reshape(ops.divide(ops.arange(24), 24), [8, 3]),
    b: ops.reshape(ops.divide(ops.arange(16), 16), [8, 2]),
  });
  const y = () => ({ value: ops.ones([8, 1]), kind: tensor([0, 1, 2, 0, 1, 2, 0, 1], { dtype: "int32" }) });

  test("losses, weights and metrics per output; targets by name or order", async () => {
    const model = net();
    model.compile({
      optimizer: "adam",
      loss: { value: "mse", kind: "sparse_categorical_crossentropy" },
      lossWeights: { value: 0.25, kind: 2 },
      metrics: { kind: ["accuracy"], value: ["mae"] },
    });
    const { history } = await model.fit(x(), y(), { epochs: 40, batchSize: 4, verbose: 0, shuffle: false });
    expect(Object.keys(history).sort()).toEqual(["kind_accuracy", "kind_loss", "loss", "value_loss", "value_mae"]);
    const last = (name: string): number => history[name]!.at(-1)!;
    expect(last("loss")).toBeCloseTo(0.25 * last("value_loss") + 2 * last("kind_loss"), 5);
    expect(last("loss")).toBeLessThan(history.loss![0]!);
    const byOrder = await model.evaluate([x().a, x().b] as never, [y().value, y().kind] as never, {
      verbose: 0,
      returnDict: true,
    });
    const byName = await model.evaluate(x(), y(), { verbose: 0, returnDict: true });
    expect(byOrder).toEqual(byName);
    const [value, kind] = (await model.predict(x())) as unknown as Tensor[];
    expect([value!.shape, kind!.shape]).toEqual([[8, 1], [8, 3]]); // biome-ignore format: a pair
  });

  test("iterables of batches with several inputs", async () => {
    const model = net();
    model.compile({ optimizer: "sgd", loss: ["mse", "sparse_categorical_crossentropy"] });
    const batches = [[x(), y()], [x(), y()]]; // biome-ignore format: a list
    const { history } = await model.fit({ [Symbol.iterator]: () => batches[Symbol.iterator]() } as never, null, {
      epochs: 2,
      verbose: 0,
    });
    expect(history.loss).toHaveLength(2);
  });

  test("a frozen layer of the graph stays as it is", async () => {
    const model = net();
    model.getLayer("joined").trainable = false;
    model.compile({ optimizer: "adam", loss: ["mse", "sparse_categorical_crossentropy"] });
    const before = model
      .getLayer("joined")
      .getWeights()
      .map((t) => [...t.data]);
    const values = (v: Variable): number[] => [...v.value.data];
    const head = values(model.getLayer("value").weights[0]!);
    model.trainOnBatch(x(), y());
    expect(
      model
        .getLayer("joined")
        .getWeights()
        .map((t) => [...t.data]),
    ).toEqual(before);
    expect(values(model.getLayer("value").weights[0]!)).not.toEqual(head);
  });
});

describe("bad input is named, and changes nothing", () => {
  const graph = () => {
    const [a, b] = [Input([2], { name: "a" }), Input([2], { name: "b" })];
    return { a, b, model: new Model([a, b], new Dense(1, { name: "out" }).apply(new Add().apply([a, b]))) };
  };

  test("graphs", () => {
    const { a, b } = graph();
    const sum = ops.add(a, b);
    expect(() => new Model(a, sum)).toThrow(/Graph disconnected.*layer "b".*layer "add.*List its Input/s);
    expect(() => new Model(a, tensor([1]) as never)).toThrow("outputs must be symbolic tensors");
    expect(() => new Model(a, [] as never)).toThrow("there are no outputs");
    expect(() => new Model([a, a], sum)).toThrow("listed twice");
    expect(() => new Model(a, undefined as never)).toThrow("outputs are missing");
    const twins = new Add().apply([new Dense(2, { name: "twin" }).apply(a), new Dense(2, { name: "twin" }).apply(a)]);
    expect(() => new Model(a, twins)).toThrow(/unique names, "twin" is used by two/);
    expect(() => new Dense(3).apply(Input([null]))).toThrow(/Dense|last|size/);
    expect(() => graph().model.getLayer("none")).toThrow(/No such layer: "none".*out/);
    expect(() => new Dense(1).output).toThrow("never called on symbolic tensors");
  });

  test("data", async () => {
    const { model } = graph();
    model.compile({ optimizer: "sgd", loss: "mse" });
    const [x, y] = [tensor([[1, 2]]), tensor([[1]])];
    const before = model.getWeights().map((t) => [...t.data]);
    await expect(model.fit([x] as never, y, { verbose: 0 })).rejects.toThrow(/expects 2 input\(s\) \(a, b\), but it received 1/);
    await expect(model.fit({ a: x } as never, y, { verbose: 0 })).rejects.toThrow(/misses input "b"; it received a/);
    await expect(model.fit([x, tensor([[1, 2, 3]])] as never, y, { verbose: 0 })).rejects.toThrow(
      /Input "b" of model .*expected shape=\(None, 2\), found shape=\(None, 3\)/,
    );
    await expect(model.fit([x, tensor([[1, 2], [1, 2]])] as never, y, { verbose: 0 })).rejects.toThrow("numbers of samples differ"); // biome-ignore format: short
    await expect(model.fit([x, x] as never, [y, y] as never, { verbose: 0 })).rejects.toThrow(
      /y has 2 array\(s\), the model has 1 output\(s\) \(out\)/,
    );
    expect(() => model.apply([x])).toThrow("expects 2 input(s)");
    expect(model.getWeights().map((t) => [...t.data])).toEqual(before);
    await model.fit([x, x] as never, y, { verbose: 0 });
    expect(model.getWeights().map((t) => [...t.data])).not.toEqual(before);
  });

  test("losses for outputs that are not there", async () => {
    const { model } = graph();
    model.compile({ loss: { nothing: "mse" } });
    const x = tensor([[1, 2]]);
    await expect(model.fit([x, x] as never, tensor([[1]]), { verbose: 0 })).rejects.toThrow(
      /loss names an output "nothing" that the model does not have/,
    );
  });

  test("files", () => {
    const json = JSON.parse(graph().model.toJSON());
    const change = (f: (config: Record<string, unknown>) => void): unknown => {
      const copy = structuredClone(json);
      f(copy.config);
      return copy;
    };
    type Entry = { name: string; inbound_nodes: { args: [{ config: { keras_history: unknown[] } }[]] }[] };
    const broken = change(
      ({ layers: list }) =>
        void ((list as Entry[]).find((l) => l.name === "add")!.inbound_nodes[0]!.args[0][0]!.config.keras_history = [
          "gone",
          0,
          0,
        ]),
    );
    expect(() => saving.deserialize(broken)).toThrow(/names layer "gone"/);
    const circle = change(
      ({ layers: list }) =>
        void ((list as Entry[]).find((l) => l.name === "add")!.inbound_nodes[0]!.args[0][0]!.config.keras_history = [
          "out",
          0,
          0,
        ]),
    );
    expect(() => saving.deserialize(circle)).toThrow(/invalid functional model.*wait for each other in a cycle/);
    const open = change((config) => void delete config.output_layers);
    expect(() => saving.deserialize(open)).toThrow("lacks output_layers");
  });
});

test("masking in a graph is noted down as Keras does: the mask is computed by ops of its own", () => {
  const x = Input([4, 2]);
  const masked = new Masking().apply(x) as KerasTensor;
  expect(masked.mask).not.toBeNull();
  expect((masked.mask as KerasTensor).shape).toEqual([null, 4]);
});
