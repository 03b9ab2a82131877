// Every function of `ops` on symbolic tensors: a model of the call gives the bits that the call gives.

import { Input, Model, type ops, type Tensor } from "keratin";
import { describe, expect, test } from "vitest";
import { type Case, topic } from "../goldenReader.js";
import { argument, callFunction, leaves } from "./call.js";
import { CASES, OPS } from "./later.js";

const t = topic("ops");

interface Golden extends Case {
  op: keyof typeof ops;
  args: unknown[];
  kwargs: object;
  inputs: string[];
}

/** Calls whose first axes cannot all be unknown, by what they need of them; their models know all sizes. */
const FIXED: Readonly<Record<string, string>> = {
  broadcast_to_00: "is a size of 1",
  diagonal_00: "is the shorter one: of an unknown and a known size the known one is said",
  dot_00: "is summed over with a known size",
  einsum_00: "is summed over with a known size",
  einsum_02: "has the size of another axis",
  einsum_04: "is summed over with a known size",
  matmul_00: "is summed over with a known size",
  matmul_01: "is summed over with a known size",
  matmul_04: "is summed over with a known size",
  matmul_05: "is summed over with a known size",
  separable_conv_00: "is a size of 1",
  squeeze_00: "is a size of 1",
  tensordot_00: "is summed over with a known size",
  tensordot_01: "is summed over with a known size",
};
/** The shape of the result depends on the values. */
const BY_VALUE = ["nonzero", "unique", "repeat_01"];

const present = (t.cases as Golden[]).filter(
  (c) => !(c.op in OPS) && !(`ops/${c.id}` in CASES) && c.inputs.length > 0 && !BY_VALUE.includes(c.op) && !BY_VALUE.includes(c.id),
);
const call = (c: Golden, inputs: ReadonlyMap<string, Tensor>): unknown =>
  callFunction("ops", c.op, argument(t, c, c.args, inputs) as unknown[], argument(t, c, c.kwargs, inputs) as object);
const given = (c: Golden): Map<string, Tensor> => new Map(c.inputs.map((n) => [n, t.tensor(c, n)]));

function modelOf(c: Golden, known: boolean): Model {
  const inputs = new Map<string, Tensor>();
  for (const [name, { shape, dtype }] of given(c)) {
    const batchShape = shape.map((n, axis) => (axis === 0 && !known ? null : n));
    inputs.set(name, Input({ batchShape, dtype, name }));
  }
  return new Model([...inputs.values()], leaves(call(c, inputs)));
}

describe.each([...new Set(present.map((c) => c.op))])("%s", (op) => {
  test.each(present.filter((c) => c.op === op))("$id", (c) => {
    const model = modelOf(c, c.id in FIXED);
    const wanted = leaves(call(c, given(c)));
    const got = leaves(model.apply([...given(c).values()]));
    expect(got.length).toBe(wanted.length);
    got.forEach((y, i) => {
      expect([y.dtype, y.shape]).toEqual([wanted[i]!.dtype, wanted[i]!.shape]);
      expect([...y.data]).toEqual([...wanted[i]!.data]);
      const said = model.outputs[i]!.shape as readonly (number | null)[];
      expect(said.map((d, k) => d ?? y.shape[k])).toEqual(y.shape);
    });
  });
});

test.each(Object.keys(FIXED).filter((id) => id !== "diagonal_00"))("%s needs known sizes, and says so", (id) => {
  expect(() => modelOf(present.find((c) => c.id === id)!, false)).toThrow("null");
});
test("where the values decide the shape, the error says that they are not known", () => {
  for (const c of t.cases as Golden[])
    if (BY_VALUE.includes(c.op) || BY_VALUE.includes(c.id)) expect(() => modelOf(c, true)).toThrow(/not known|no values/);
});
