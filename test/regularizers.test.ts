// Regularizers against the goldens: penalties and gradients.

import { grad, ops, regularizers, saving, type Tensor, tensor } from "keratin";
import { describe, expect, test } from "vitest";
import { agrees, topic } from "./goldenReader.js";

const { cases, array, tensor: input } = topic("regularizers");

describe.each(cases)("$id", (c) => {
  const json = { module: "keras.regularizers", class_name: c.class, config: c.config, registered_name: null };
  const make = (): regularizers.Regularizer => regularizers.deserialize(json);

  test("penalty", () => agrees(make().call(input(c, "in0")), array(c, "out0")));
  test("gradient", () => agrees(grad((x: Tensor) => make().call(x))(input(c, "in0")), array(c, "gin0")));
  test("its JSON is Keras'", () => expect(saving.serialize(make())).toEqual(json));
});

test("factors by position and by name", () => {
  expect(regularizers.l1(0.5).call([1, -2]).item()).toBe(1.5);
  expect(regularizers.l2({ l2: 0.5 }).call([1, -2]).item()).toBe(2.5);
  expect(regularizers.l1L2({ l1: 0.5, l2: 0.5 }).call([1, -2]).item()).toBe(4);
  expect(new regularizers.L1(null).getConfig()).toEqual({ l1: Math.fround(0.01) });
  expect(regularizers.L2.fromConfig(new regularizers.L2(0.25).getConfig()).l2).toBe(0.25);
});

test("one row alone has no others to be orthogonal to", () => {
  expect(new regularizers.OrthogonalRegularizer().call([[1, 2]]).item()).toBeNaN();
});

test("identifiers", () => {
  expect(regularizers.get("l2")).toBeInstanceOf(regularizers.L2);
  expect(
    regularizers
      .get("l1_l2")!
      .call(tensor([3]))
      .item(),
  ).toBe(0); // both factors 0, as Keras' "l1l2"
  expect(
    regularizers
      .get((x) => ops.sum(x))!
      .call(tensor([1, 2]))
      .item(),
  ).toBe(3);
  const { l1, l2, l1L2, orthogonalRegularizer, L1, L2, L1L2, OrthogonalRegularizer } = regularizers;
  const uncalled = [l1, l2, l1L2, orthogonalRegularizer].map((make) => regularizers.get(make)!.constructor);
  expect(uncalled).toEqual([L1, L2, L1L2, OrthogonalRegularizer]);
  expect(regularizers.get(null)).toBeNull();
  expect(() => regularizers.get("l3")).toThrow(/Unknown regularizer "l3"/);
});

test.each([-1, Number.NaN, Infinity])("factor %f is refused", (factor) => {
  expect(() => regularizers.l1(factor)).toThrow(/expected a non-negative float/);
  expect(() => regularizers.l1L2({ l2: factor })).toThrow(/expected a non-negative float/);
});

test("a matrix is needed, and a known mode", () => {
  expect(() => new regularizers.OrthogonalRegularizer().call([1, 2])).toThrow(/must be a matrix/);
  expect(() => new regularizers.OrthogonalRegularizer({ mode: "row" as "rows" })).toThrow(/"rows" or "columns"/);
});
