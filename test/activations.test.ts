// Activations against the goldens: values, gradients and names.

import { activations, grad, IdentifierError, ops, saving, type Tensor } from "keratin";
import { describe, expect, test } from "vitest";
import { agrees, topic } from "./goldenReader.js";

const { cases, array, tensor } = topic("activations");
const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, x: string) => x.toUpperCase());
type Anything = (x: unknown, ...rest: unknown[]) => Tensor;

/** Calls by Keras' name: what Keras requires by position, the rest as options. */
function call(name: string, x: Tensor, config: Record<string, number>): Tensor {
  const body = (activations as unknown as Record<string, Anything>)[camel(name)]!;
  if (name === "threshold") return body(x, config.threshold, config.default_value);
  return body(x, Object.fromEntries(Object.entries(config).map(([k, v]) => [camel(k), v])));
}

// Keras' sparsemax sums its threshold wrongly where several scores survive; ours is the published one, tested below.
const DEFECT = new Set(["sparsemax_125", "sparsemax_127", "sparsemax_128", "sparsemax_132"]);

describe.each(cases.filter((c) => !DEFECT.has(c.id)))("$id", (c) => {
  const config = (c.config ?? {}) as Record<string, number>;
  const name = c.function as string;
  const x = tensor(c, "in0");

  test("values", () => agrees(call(name, x, config), array(c, "out0"), { rtol: 2e-6, atol: 1e-6 }));

  if (c.grad) {
    test("gradient", () => {
      const weights = tensor(c, "proj0");
      const g = grad((v: Tensor) => ops.sum(ops.multiply(call(name, v, config), weights)))(x);
      agrees(g, array(c, "gin0"), { rtol: 1e-5, atol: 1e-5 });
    });
  }

  test("name", () => {
    expect(activations.serialize(name)).toBe(c.serialized);
    if (Object.keys(config).length === 0 && name !== "threshold")
      agrees(activations.get(name)(x), array(c, "out0"), { rtol: 2e-6, atol: 1e-6 });
  });
});

test("sparsemax is the nearest point of the simplex", () => {
  // Support {2.5, 2}: τ = (4.5 − 1)/2 = 1.75.
  expect(activations.sparsemax([1, 2, 2.5]).array()).toEqual([0, 0.25, 0.75]);
  // All three: τ = (0.6 − 1)/3; each x − τ.
  (activations.sparsemax([0.1, 0.2, 0.3]).array() as number[]).forEach((y, i) =>
    expect(y).toBeCloseTo([0.2333333, 0.3333333, 0.4333333][i]!, 6),
  );
});

test("relu cuts at its threshold and keeps NaN", () => {
  expect(activations.relu([-1, 0.5, 1, NaN], { threshold: 0.5 }).array()).toEqual([0, 0, 1, NaN]);
  expect(activations.relu([-2, 3, 9], { negativeSlope: 0.5, maxValue: 6 }).array()).toEqual([-1, 3, 6]);
});

test("what is no tensor is refused by the name of the function", () => {
  for (const name of ["relu", "linear", "softmax"] as const)
    expect(() => activations[name](null as never)).toThrow(new RegExp(`${name}: argument 1: expected numbers`));
});

test("identifiers: null, names, functions, layers-like objects, JSON", () => {
  expect(activations.get(null)).toBe(activations.linear);
  expect(activations.get("swish")).toBe(activations.silu);
  const own = (x: Tensor): Tensor => ops.square(x);
  expect(activations.get(own)).toBe(own);
  expect(
    activations
      .get({ built: true, apply: own })(ops.ones([1]))
      .array(),
  ).toEqual([1]);
  expect(
    activations.deserialize({ module: "keras.activations", class_name: "function", config: "relu", registered_name: "relu" }),
  ).toBe(activations.relu);
  expect(
    activations.deserialize({ module: "builtins", class_name: "function", config: "silu", registered_name: "function" }),
  ).toBe(activations.silu);
});

test("a function of one's own is written by its registered name and found by it", () => {
  const { doubled } = { doubled: (x: Tensor): Tensor => ops.multiply(x, 2) };
  saving.registerKerasSerializable({ package: "test" })(doubled);
  const json = activations.serialize(doubled);
  expect(json).toEqual({ module: "builtins", class_name: "function", config: "test>doubled", registered_name: "function" });
  expect(activations.deserialize(json)).toBe(doubled);
});

test("an unknown name lists near misses; a class name is none", () => {
  expect(() => activations.get("rleu")).toThrow(/Unknown activation "rleu". Did you mean "relu"/);
  expect(() => activations.get("ReLU")).toThrow(IdentifierError);
  // @ts-expect-error a misspelt option
  expect(() => activations.relu([1], { maxvalue: 6 })).toThrow(/Did you mean "maxValue"/);
});
