// Initializers: bits of the goldens, seeds, identifiers and errors.

import {
  IdentifierError,
  initializers,
  layers,
  ops,
  random,
  ShapeError,
  saving,
  setRandomSeed,
  type Tensor,
  tensor,
  ValueError,
  Variable,
} from "keratin";
import { describe, expect, test } from "vitest";
import { fans } from "../ts/initializers/fans.js";
import { agrees, EXACT, topic } from "./goldenReader.js";

const { cases, array } = topic("initializers");
// Keras leaves the gain out of Identity's config, so these two are made from their arguments.
const fromInit = new Set(["identity_112", "identity_113"]);

describe.each(cases)("$id", (c) => {
  const json = {
    module: "keras.initializers",
    class_name: c.class,
    config: fromInit.has(c.id) ? c.init : c.config,
    registered_name: null,
  };
  const make = (): initializers.Initializer => initializers.deserialize(json);

  test("values", () => {
    const got = make().call(c.shape as number[], { dtype: c.dtype as "float32" });
    agrees(got, array(c, "out0"), c.exact ? EXACT : { rtol: 1e-5, atol: 1e-6 });
  });

  test("its JSON is Keras'", () => {
    expect(saving.serialize(make())).toEqual(c.class === "Identity" ? { ...json, config: c.init } : json);
  });
});

test("an unseeded initializer draws its seed when it is made, keeps it, and does not show it", () => {
  setRandomSeed(7);
  const [a, b] = [new initializers.GlorotUniform(), new initializers.GlorotUniform()];
  expect([a.seed, b.seed]).toEqual([347712783, 161973070]); // keras-layers §3.6: two objects after set_random_seed(7)
  expect(a.getConfig()).toEqual({ seed: null, inputAxes: null, outputAxes: null });
  expect(a.call([2, 2]).array()).toEqual(a.call([2, 2]).array());
});

test("a function of the namespace that was not called stands for what it makes, as its name does in Keras", () => {
  const makers = Object.entries(initializers).filter(
    ([name]) => /^[a-z]/.test(name) && !["get", "serialize", "deserialize"].includes(name),
  );
  expect(makers.length).toBe(16);
  for (const [name, make] of makers) {
    const got = initializers.get(make as () => initializers.Initializer)!;
    expect((got.constructor as unknown as { className: string }).className.toLowerCase()).toBe(name.toLowerCase());
  }
  const layer = new layers.Dense(3, { kernelInitializer: initializers.ones });
  layer.build([null, 2]);
  expect(layer.getWeights()[0]!.array()).toEqual([[1, 1, 1], [1, 1, 1]]); // biome-ignore format: a matrix
});

describe("a Variable takes an initializer in every form", () => {
  const json = { module: "keras.initializers", class_name: "Ones", config: {}, registered_name: null };
  test.each<[string, ConstructorParameters<typeof Variable>[0]]>([
    ["name", "ones"],
    ["object", new initializers.Ones()],
    ["class", initializers.Ones],
    ["uncalled function", initializers.ones],
    ["JSON", json],
    ["function", (shape) => ops.ones(shape)],
  ])("%s", (_, form) => {
    expect(new Variable(form, { shape: [2] }).value.array()).toEqual([1, 1]);
    expect(() => new Variable(form)).toThrow("Variable: an initializer needs a shape such as [2, 3], received undefined.");
  });
  test("and names what is wrong with it", () => {
    expect(() => new Variable("onse", { shape: [2] })).toThrow(/Unknown initializer "onse"\. Did you mean "ones"/);
    expect(() => new Variable(() => undefined as unknown as Tensor, { shape: [2] })).toThrow(
      "Variable: the initializer must return a tensor, it returned undefined.",
    );
    expect(() => new Variable(1, { shape: 3 as unknown as [] })).toThrow(
      "Variable: expected a shape such as [2, 3], received 3.",
    );
    expect(() => new Variable(1, { shap: [1] } as object)).toThrow(/Variable: Unknown option "shap"\. Did you mean "shape"/);
  });
});

test("a SeedGenerator moves on with each call", () => {
  const seed = new random.SeedGenerator(42);
  const init = new initializers.RandomNormal({ stddev: 1, seed });
  expect(init.call([2]).array()).toEqual(random.normal([2], { seed: 42 }).array());
  expect(init.call([2]).array()).not.toEqual(random.normal([2], { seed: 42 }).array());
  expect(seed.state.value.array()).toEqual([42, 2]);
});

test.each([
  [[], 1, 1],
  [[5], 5, 5],
  [[3, 4], 3, 4],
  [[3, 3, 2, 8], 18, 72],
])("fans of %j", (shape, fanIn, fanOut) => {
  expect(fans(shape as number[])).toEqual({ fanIn, fanOut });
});

test("fans over axes that are named", () => {
  expect(fans([2, 3, 5], [0, 2], [1])).toEqual({ fanIn: 10, fanOut: 3 });
});

test("orthogonal columns, orthogonal rows where they are fewer, no columns at all", () => {
  const gram = (q: Tensor, rows: boolean): number[][] =>
    ops.matmul(rows ? q : ops.transpose(q), rows ? ops.transpose(q) : q).array() as number[][];
  for (const [shape, rows] of [
    [[5, 3], false],
    [[3, 5], true],
    [[1, 1], false],
    [[17, 4], false],
  ] as [number[], boolean][]) {
    gram(new initializers.Orthogonal({ seed: 3 }).call(shape), rows).forEach((row, i) =>
      row.forEach((x, j) => expect(x).toBeCloseTo(i === j ? 1 : 0, 5)),
    );
  }
  expect(new initializers.Orthogonal().call([3, 0]).shape).toEqual([3, 0]);
});

test("aliases, classes, instances, functions, tensors, null", () => {
  for (const name of ["he_uniform", "HeUniform"]) expect(initializers.get(name)).toBeInstanceOf(initializers.HeUniform);
  expect(initializers.get("normal")).toBeInstanceOf(initializers.RandomNormal);
  expect(initializers.get("zero")).toBeInstanceOf(initializers.Zeros);
  expect(initializers.get(initializers.Ones)).toBeInstanceOf(initializers.Ones);
  expect(initializers.heNormal({ seed: 1 })).toBeInstanceOf(initializers.HeNormal);
  expect(initializers.get(null)).toBeNull();
  expect(
    initializers
      .get((shape) => ops.ones(shape))!
      .call([1])
      .array(),
  ).toEqual([1]);
  const fixed = initializers.get(tensor([1, 2]))!;
  expect(fixed.call([2]).array()).toEqual([1, 2]);
  expect(() => fixed.call([3])).toThrow(ShapeError);
  expect(new initializers.Constant(0.5).call([2]).array()).toEqual([0.5, 0.5]);
  expect(new initializers.Constant({ value: [1, 2] }).call([2, 2]).array()).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

test("errors name what is wrong", () => {
  expect(() => initializers.get("he_unifrom")).toThrow(
    /Unknown initializer "he_unifrom". Did you mean "he_uniform" or "uniform"\?/,
  );
  expect(() => initializers.get("xavier")).toThrow(IdentifierError);
  expect(() => initializers.get({ class_name: "L2", config: {}, module: "keras.regularizers" })).toThrow(IdentifierError);
  expect(() => new initializers.Identity().call([3])).toThrow(ShapeError);
  expect(() => new initializers.Orthogonal().call([3])).toThrow(ShapeError);
  expect(() => new initializers.VarianceScaling({ scale: 0 })).toThrow(ValueError);
  expect(() => new initializers.VarianceScaling({ mode: "fan_on" as "fan_in" })).toThrow(/Did you mean "fan_in"/);
  expect(() => new initializers.HeNormal({ seed: 1.5 })).toThrow(/seed must be an integer/);
  // @ts-expect-error a misspelt option
  expect(() => new initializers.HeNormal({ sede: 1 })).toThrow(/Did you mean "seed"/);
});
