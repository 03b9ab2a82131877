// Objects to and from Keras' JSON: registry, custom objects, nested and hostile input.

import {
  constraints,
  IdentifierError,
  Input,
  initializers,
  layers,
  Model,
  metrics,
  ops,
  optimizers,
  random,
  regularizers,
  Sequential,
  saving,
  type Tensor,
  tensor,
  ValueError,
} from "keratin";
import { describe, expect, test, vi } from "vitest";

const MAX_NORM = {
  module: "keras.constraints",
  class_name: "MaxNorm",
  config: { max_value: 3, axis: [0, 1] },
  registered_name: null,
};

test("options are camelCase in programs and snake_case in files", () => {
  const made = saving.deserialize(MAX_NORM) as constraints.MaxNorm;
  expect(made).toBeInstanceOf(constraints.MaxNorm);
  expect(made.getConfig()).toEqual({ maxValue: 3, axis: [0, 1] });
  expect(saving.serialize(made)).toEqual(MAX_NORM);
  expect(constraints.MaxNorm.fromConfig(made.getConfig()).getConfig()).toEqual(made.getConfig());
});

test("nested objects are made and written in their place", () => {
  const sgd = new optimizers.SGD({ name: "sgd", learningRate: new optimizers.schedules.ExponentialDecay(0.5, 2, 0.25) });
  const json = saving.serialize(sgd);
  expect((json.config as Record<string, { class_name: string }>).learning_rate!.class_name).toBe("ExponentialDecay");
  expect((saving.deserialize(json) as optimizers.SGD).learningRate).toBe(0.5);
  const init = new initializers.HeNormal({ seed: new random.SeedGenerator(3, { name: "g" }) });
  const again = saving.deserialize(JSON.parse(JSON.stringify(saving.serialize(init)))) as initializers.HeNormal;
  expect(again.call([2, 2]).array()).toEqual(new initializers.HeNormal({ seed: 3 }).call([2, 2]).array());
});

test("values that are no objects pass through", () => {
  expect(saving.serialize([1, "a", null, true])).toEqual([1, "a", null, true]);
  const json = saving.serialize(new initializers.Constant(tensor([1, 2])));
  expect((saving.deserialize(json) as initializers.Constant).call([2]).array()).toEqual([1, 2]);
});

test("keys of other versions are left out, missing ones take their defaults", () => {
  const json = { module: "keras.initializers", class_name: "GlorotUniform", config: { seed: 1, future_option: 2 } };
  expect((saving.deserialize(json) as initializers.GlorotUniform).getConfig()).toEqual({
    seed: 1,
    inputAxes: null,
    outputAxes: null,
  });
});

test.each(["keras.src.initializers.random_initializers", "keras.initializers.initializers_v2", undefined])(
  "the module %s finds the class too",
  (module) => {
    expect(saving.deserialize({ module, class_name: "HeNormal", config: {} })).toBeInstanceOf(initializers.HeNormal);
  },
);

describe("classes of one's own", () => {
  class Scaled extends regularizers.Regularizer<{ factor: number }> {
    static override readonly className: string = "Scaled";
    static override readonly defaults = { factor: 1 };
    override call(x: Tensor): Tensor {
      return regularizers.l1(this.config.factor).call(x);
    }
  }

  test("come back through customObjects or a scope", () => {
    const json = saving.serialize(new Scaled({ factor: 2 }));
    expect(json).toEqual({ module: null, class_name: "Scaled", config: { factor: 2 }, registered_name: "Scaled" });
    expect((saving.deserialize(json, { customObjects: { Scaled } }) as Scaled).call(tensor([3])).item()).toBe(6);
    expect(saving.customObjectScope({ Scaled }, () => regularizers.get("Scaled"))).toBeInstanceOf(Scaled);
    expect(() => saving.deserialize(json)).toThrow(IdentifierError);
  });

  test("are found by their registered name", () => {
    saving.registerKerasSerializable({ package: "mine" })(Scaled);
    const json = saving.serialize(new Scaled());
    expect(json.registered_name).toBe("mine>Scaled");
    expect(saving.deserialize(json)).toBeInstanceOf(Scaled);
    expect(saving.getRegisteredObject("mine>Scaled")).toBe(Scaled);
  });

  test("a class without a declared name goes by its own", () => {
    class Plain extends constraints.MaxNorm {}
    const json = saving.serialize(new Plain({ maxValue: 1 }));
    expect(json.class_name).toBe("Plain");
    expect((saving.deserialize(json, { customObjects: { Plain } }) as Plain).getConfig().maxValue).toBe(1);
  });

  test("a plain value in customObjects is refused", () => {
    expect(() => saving.deserialize({ class_name: "X", config: {} }, { customObjects: { X: 1 } })).toThrow(/not a class/);
  });
});

test("an anonymous function cannot be written", () => {
  expect(() =>
    saving.serialize(
      (
        () => () =>
          1
      )(),
    ),
  ).toThrow(/anonymous function/);
});

describe("how a model was compiled comes back with it", () => {
  // As Keras 3.15.1 writes them for SGD(0.25, momentum=0.5), Huber(), ["mae", MeanSquaredError(name="sq")], loss_weights=[2.0].
  const compile_config = {
    optimizer: {
      module: "keras.optimizers",
      class_name: "SGD",
      config: { name: "sgd", learning_rate: 0.25, weight_decay: null, momentum: 0.5, nesterov: false },
      registered_name: null,
    },
    loss: {
      module: "keras.losses",
      class_name: "Huber",
      config: { name: "huber_loss", reduction: "sum_over_batch_size" },
      registered_name: null,
    },
    loss_weights: [2.0],
    metrics: [
      "mae",
      {
        module: "keras.metrics",
        class_name: "MeanSquaredError",
        config: { name: "sq", dtype: "float32" },
        registered_name: null,
      },
    ],
    weighted_metrics: null,
    run_eagerly: false,
    steps_per_execution: 1,
    jit_compile: true,
  };
  const json = (compile: unknown): object => ({
    ...JSON.parse(new Sequential([new layers.Dense(3, { inputShape: [2], name: "d" })], { name: "s" }).toJSON()),
    compile_config: compile,
  });
  const [x, y] = [tensor([[1, 2], [3, 4]]), ops.zeros([2, 3])]; // biome-ignore format: a matrix

  test("it trains as Keras does after model_from_json, and writes the same again", () => {
    const model = saving.deserialize<Sequential>(json({ ...compile_config, of_another_version: 1 }));
    expect(model.compiled).toBe(true);
    expect(model.optimizer!.variables.map((v) => v.path)).toEqual([
      "sgd/iteration",
      "sgd/learning_rate",
      "sgd/s_d_kernel_momentum",
      "sgd/s_d_bias_momentum",
    ]);
    model.setWeights([ops.ones([2, 3]), ops.zeros([3])]);
    expect(model.trainOnBatch(x, y, { returnDict: true })).toEqual({ loss: 9, mae: 5, sq: 29 });
    const [kernel, bias] = model.getWeights().map((w) => Array.from(w.data)) as [number[], number[]];
    [2 / 3, 2 / 3, 2 / 3, 1 / 2, 1 / 2, 1 / 2].forEach((w, i) => expect(kernel[i]).toBeCloseTo(w, 6));
    for (const b of bias) expect(b).toBeCloseTo(-1 / 6, 6);

    const again = JSON.parse(model.toJSON());
    expect(again.compile_config).toMatchObject(compile_config);
    expect(JSON.parse(saving.deserialize<Sequential>(again).toJSON())).toEqual(again);
  });
  test("functional models, functions and classes of one's own", () => {
    const worst = (t: Tensor, p: Tensor): Tensor => ops.max(ops.abs(ops.subtract(t, p)), { axis: -1 });
    const input = Input([2]);
    const model = new Model(input, new layers.Dense(3).apply(input));
    model.compile({ optimizer: "adam", loss: worst, metrics: [metrics.MeanAbsoluteError] });
    const text = model.toJSON();
    const copy = saving.deserialize<Model>(JSON.parse(text), { customObjects: { worst } });
    copy.setWeights(model.getWeights());
    expect(copy.trainOnBatch(x, y, { returnDict: true })).toEqual(model.trainOnBatch(x, y, { returnDict: true }));
    expect(() => saving.deserialize(JSON.parse(text))).toThrow(/Unknown function "worst"/);
  });
  test("one that was not compiled, or compiles in a way of its own, is not", () => {
    for (const none of [{}, null, undefined]) expect(saving.deserialize<Sequential>(json(none)).compiled).toBe(false);
    class Own extends Sequential {
      static override readonly className: string = "Own";
      override compile(): void {
        super.compile({ optimizer: "sgd", loss: "mse" });
      }
    }
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const own = { ...json(compile_config), module: null, class_name: "Own", registered_name: "Own" };
    expect(saving.deserialize<Sequential>(own, { customObjects: { Own } }).compiled).toBe(false);
    expect(warn.mock.calls.flat().join()).toMatch(/not compiled.*override getCompileConfig and compileFromConfig/);
    warn.mockRestore();
  });
});

test("unknown classes and functions name near misses", () => {
  expect(() => saving.deserialize({ module: "keras.initializers", class_name: "HeUnifrom", config: {} })).toThrow(
    /Did you mean "HeUniform"/,
  );
  expect(() => saving.deserialize({ module: "builtins", class_name: "function", config: "rleu" })).toThrow(/Did you mean "relu"/);
});

test("hostile JSON is an error, not a crash", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  expect(() => saving.deserialize({ class_name: "Constant", module: "keras.initializers", config: { value: deep } })).toThrow(
    ValueError,
  );
  expect(() => saving.deserialize({ class_name: "Zeros", module: "keras.initializers", config: null })).toThrow(
    /must be an object/,
  );
  const polluting = JSON.parse('{"module":"keras.constraints","class_name":"MaxNorm","config":{"__proto__":{"polluted":1}}}');
  saving.deserialize(polluting);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
  for (const name of ["constructor", "__proto__", "toString"]) {
    expect(() => saving.deserialize({ class_name: name, config: {} })).toThrow();
    expect(() => initializers.get(name)).toThrow(IdentifierError);
  }
  expect(() => saving.deserialize(MAX_NORM)).not.toThrow(); // the depth counter is back at zero
});
