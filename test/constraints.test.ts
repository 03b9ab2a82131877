// Constraints against the goldens and their formulas.

import { constraints, IdentifierError, ops, saving, type Tensor, tensor } from "keratin";
import { describe, expect, test } from "vitest";
import { agrees, topic } from "./goldenReader.js";

const { cases, array, tensor: input } = topic("constraints");

describe.each(cases)("$id", (c) => {
  const json = { module: "keras.constraints", class_name: c.class, config: c.config, registered_name: null };

  test("values", () => agrees(constraints.deserialize(json).call(input(c, "in0")), array(c, "out0")));
  test("its JSON is Keras'", () => expect(saving.serialize(constraints.deserialize(json))).toEqual(json));
});

test("norms over several and over negative axes", () => {
  const w = ops.ones([2, 2, 3]);
  // ‖w‖ over four ones is 2.
  const flat = (t: Tensor): number[] => Array.from(t.data);
  flat(new constraints.UnitNorm({ axis: [0, 1] }).call(w)).forEach((x) => expect(x).toBeCloseTo(0.5, 6));
  flat(new constraints.MaxNorm({ maxValue: 1, axis: -1 }).call(w)).forEach((x) => expect(x).toBeCloseTo(1 / Math.sqrt(3), 6));
});

test("short vectors stay, empty ones are none", () => {
  expect(new constraints.MaxNorm({ maxValue: 2 }).call([[0], [0]]).array()).toEqual([[0], [0]]);
  expect(new constraints.NonNeg().call(ops.zeros([0, 3])).shape).toEqual([0, 3]);
});

test("names, Keras 2 names, functions and one's own classes", () => {
  for (const name of ["max_norm", "MaxNorm", "maxnorm"]) expect(constraints.get(name)).toBeInstanceOf(constraints.MaxNorm);
  expect(constraints.maxNorm({ maxValue: 3 }).getConfig()).toEqual({ maxValue: 3, axis: 0 });
  expect(
    constraints
      .get((w) => ops.abs(w))!
      .call(tensor([-1]))
      .array(),
  ).toEqual([1]);
  class Halved extends constraints.Constraint {
    static override readonly className: string = "Halved";
    override call(w: Tensor): Tensor {
      return ops.multiply(w, 0.5);
    }
  }
  const json = saving.serialize(new Halved());
  expect((saving.deserialize(json, { customObjects: { Halved } }) as Halved).call(tensor([2])).array()).toEqual([1]);
  expect(() => saving.deserialize(json)).toThrow(/customObjects: \{ Halved \}/);
});

test("a function of the namespace that was not called stands for what it makes, as its name does in Keras", () => {
  const { nonNeg, maxNorm, unitNorm, minMaxNorm, NonNeg, MaxNorm, UnitNorm, MinMaxNorm } = constraints;
  const got = [nonNeg, maxNorm, unitNorm, minMaxNorm].map((make) => constraints.get(make)!.constructor);
  expect(got).toEqual([NonNeg, MaxNorm, UnitNorm, MinMaxNorm]);
});

test("errors", () => {
  expect(() => constraints.get("max_nrom")).toThrow(/Did you mean "max_norm" or "maxnorm"\?/);
  expect(() => constraints.deserialize({ class_name: "Zeros", config: {}, module: "keras.initializers" })).toThrow(
    IdentifierError,
  );
  // @ts-expect-error a misspelt option
  expect(() => new constraints.MaxNorm({ max: 2 })).toThrow(/Known: "maxValue", "axis"/);
});
