// Objects to and from Keras' JSON: registry, custom objects, nested and hostile input.

import {
  constraints,
  IdentifierError,
  initializers,
  optimizers,
  random,
  regularizers,
  saving,
  type Tensor,
  tensor,
  ValueError,
} from "keratin";
import { describe, expect, test } from "vitest";

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
