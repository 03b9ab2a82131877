// Functions of `ops` against what Keras recorded: values, types, gradients.

import { grad, ops, type Tensor } from "keratin";
import { describe, expect, test } from "vitest";
import { agrees, type Case, topic } from "../goldenReader.js";
import { argument, callFunction, leaves } from "./call.js";
import { CASES, OPS } from "./later.js";

const t = topic("ops");

interface Golden extends Case {
  op: string;
  args: unknown[];
  kwargs: object;
  inputs: string[];
  outputs: string[];
  output_dtypes: string[];
  grad?: { projections: (string | null)[]; inputs: (string | null)[] };
}

/** Gradients that the recorder took with two keyword arrays exchanged: it filled them in alphabetical order. */
const EXCHANGED: Readonly<Record<string, readonly [string, string]>> = { layer_normalization_00: ["in1", "in2"] };
/** Stored in half precision by Keras; here such a cast rounds the value and computes on in float32. */
const HALF = { rtol: 1e-3, atol: 1e-3 };
const CLOSE = { rtol: 1e-6, atol: 1e-6 };

const present = (t.cases as Golden[]).filter((c) => !(c.op in OPS) && !(`ops/${c.id}` in CASES));
describe.each([...new Set(present.map((c) => c.op))])("%s", (op) => {
  test.each(present.filter((c) => c.op === op))("$id", (c) => {
    const tolerance = c.output_dtypes.some((d) => d.endsWith("float16")) ? HALF : CLOSE;
    const inputs = new Map(c.inputs.map((n) => [n, t.tensor(c, n)]));
    const run = (given: ReadonlyMap<string, Tensor>): Tensor[] =>
      leaves(callFunction("ops", c.op, argument(t, c, c.args, given) as unknown[], argument(t, c, c.kwargs, given) as object));
    const outputs = run(inputs);
    c.outputs.forEach((o, i) => agrees(outputs[i]!, t.array(c, o), { ...tolerance, what: `output ${i}` }));
    const kind = (dtype: string): string => (/^(b?float)/.test(dtype) ? "float" : dtype === "bool" ? "bool" : "integer");
    expect(outputs.map((o) => kind(o.dtype))).toEqual(c.output_dtypes.map(kind));
    if (!c.grad) return;
    const [a, b] = EXCHANGED[c.id] ?? [];
    if (a && b) [inputs.get(a)!, inputs.get(b)!].forEach((x, i) => inputs.set([b, a][i]!, x));
    const by = c.inputs.filter((_, i) => c.grad!.inputs[i]);
    const loss = (xs: Tensor[]): Tensor => {
      const outs = run(new Map([...inputs, ...by.map((n, i): [string, Tensor] => [n, xs[i]!])]));
      const parts = outs.flatMap((o, i) =>
        c.grad!.projections[i] ? [ops.sum(ops.multiply(ops.cast(o, "float32"), t.tensor(c, c.grad!.projections[i])))] : [],
      );
      return parts.reduce((a, b) => ops.add(a, b));
    };
    const gradients = grad(loss)(by.map((n) => inputs.get(n)!));
    by.forEach((n, i) =>
      agrees(gradients[i]!, t.array(c, c.grad!.inputs[c.inputs.indexOf(n)]), { ...tolerance, what: `gradient of ${n}` }),
    );
  });
});
