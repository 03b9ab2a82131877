// Models with several outputs, in every form: how losses, metrics, targets and sample weights find them, and what logs call them.
// The names are those that Keras 3.15.1 on JAX gave for the same models.

import { beforeEach, describe, expect, test } from "vitest";
import { Dense, Input } from "../ts/layers/index.js";
import { Model } from "../ts/models/model.js";
import type { CompileOptions } from "../ts/models/options.js";
import * as ops from "../ts/ops.js";
import { clearNames } from "../ts/saving/names.js";
import type { Tensor } from "../ts/tensor.js";

beforeEach(clearNames);

const ramp = (...shape: number[]): Tensor => {
  const size = shape.reduce((n, d) => n * d, 1);
  return ops.reshape(ops.divide(ops.arange(size), 10), shape);
};
const wide = (): Tensor => ramp(6, 2);
const narrow = (): Tensor => ramp(6, 1);

class TwoLayers extends Model {
  wide = new Dense(2);
  narrow = new Dense(1);
}
class List extends TwoLayers {
  override call(x: Tensor): Tensor[] {
    return [this.wide.apply(x), this.narrow.apply(x)];
  }
}
class Keyed extends TwoLayers {
  override call(x: Tensor): Record<string, Tensor> {
    return { q: this.wide.apply(x), p: this.narrow.apply(x) };
  }
}
class Nested extends TwoLayers {
  override call(x: Tensor): Record<string, Tensor | Tensor[]> {
    return { q: this.wide.apply(x), p: [this.narrow.apply(x)] };
  }
}
class OneKeyed extends TwoLayers {
  override call(x: Tensor): Record<string, Tensor> {
    return { o: this.wide.apply(x) };
  }
}
const functional = (outputs: (x: Tensor) => Tensor | Tensor[] | Record<string, Tensor>) => (): Model => {
  const x = Input([3]);
  return new Model(x, outputs(x));
};
const FORMS: Record<string, () => Model> = {
  "a list by call": () => new List(),
  "a record by call": () => new Keyed(),
  "a list of symbolic tensors": functional((x) => [new Dense(2, { name: "dp" }).apply(x), new Dense(1, { name: "dq" }).apply(x)]),
  "a record of symbolic tensors": functional((x) => ({
    q: new Dense(2, { name: "dq" }).apply(x),
    p: new Dense(1, { name: "dp" }).apply(x),
  })),
  "a record of one by call": () => new OneKeyed(),
  "a record of one symbolic tensor": functional((x) => ({ o: new Dense(2, { name: "dq" }).apply(x) })),
  "a record with a list": () => new Nested(),
};

type Case = [options: CompileOptions & { y?: unknown; w?: unknown }, keys: string | RegExp];

/** Names of the logs, sorted, or the message. */
const cases = (y: unknown, rows: Case[]): Case[] => rows.map(([options, keys]) => [{ y, ...options }, keys]);
const all: Record<string, Case[]> = {
  "a list by call": cases(
    [wide(), narrow()],
    [
      [{ loss: "mse" }, "loss mse_loss"],
      [{ loss: ["mse", "mae"] }, "loss mae_loss mse_loss"],
      [{ loss: ["mse", null] }, "loss"],
      [{ loss: ["mse", null], y: [wide()] }, "loss"],
      [{ loss: ["mse", "mae"], lossWeights: [1, 2] }, "loss mae_loss mse_loss"],
      [{ loss: { q: "mse", p: "mae" } }, /loss names an output "q".*without names: give lists/],
      [{ loss: "mse", metrics: ["mae", "mse"] }, "loss mae mse mse_loss"],
      [{ loss: "mse", metrics: [null, "mse"] }, "loss mse mse_loss"],
      [{ loss: "mse", metrics: ["mae", ["mse", "mape"]] }, "loss mae mape mse mse_loss"],
      [{ loss: "mse", metrics: ["mae"] }, /metrics has 1 entries, the model has 2 output/],
      [{ loss: "mse", metrics: [["mae"]] }, /metrics has 1 entries/],
      [{ loss: "mse", metrics: ["mae", "mse", "mape"] }, /metrics has 3 entries/],
      [{ loss: "mse", metrics: { q: ["mae"] } }, /metrics names an output "q"/],
      [
        { loss: "mse", metrics: [["mae"], ["mae"]], weightedMetrics: [["mae"], ["mse"]] },
        "loss mae mae_1 mse mse_loss weighted_mae",
      ],
      [{ loss: "mse", y: [wide().array(), narrow().array()] }, "loss mse_loss"],
      [{ loss: "mse", y: { q: wide(), p: narrow() } }, /y names an output "q"/],
      [{ loss: "mse", y: wide() }, /y has 1 array\(s\), the model has 2/],
      [{ loss: "mse", w: [ramp(6), ramp(6)] }, "loss mse_loss"],
      [{ loss: "mse", w: ramp(6) }, "loss mse_loss"],
      [{ loss: "mse", w: { q: ramp(6) } }, /sampleWeight names an output "q"/],
      [{ loss: "mse", lossWeights: 2 }, /lossWeights is a list or an object/],
    ],
  ),
  "a record by call": [],
  "a list of symbolic tensors": cases(
    [wide(), narrow()],
    [
      [{ loss: "mse" }, "dp_loss dq_loss loss"],
      [{ loss: { dq: "mse", dp: "mae" } }, "dp_loss dq_loss loss"],
      [{ loss: { q: "mse", p: "mae" } }, /loss names an output "q" that the model does not have. Outputs: dp, dq/],
      [{ loss: "mse", metrics: [null, "mse"] }, "dp_loss dq_loss dq_mse loss"],
      [{ loss: "mse", metrics: { dq: "mae", dp: ["mse"] } }, "dp_loss dp_mse dq_loss dq_mae loss"],
      [{ loss: "mse", y: { dp: wide(), dq: narrow() } }, "dp_loss dq_loss loss"],
      [{ loss: ["mse", null], y: [wide()] }, "loss"],
      [
        { loss: "mse", metrics: [["mae"], ["mae"]], weightedMetrics: [["mae"], ["mse"]] },
        "dp_loss dp_mae dp_weighted_mae dq_loss dq_mae dq_mse loss",
      ],
    ],
  ),
  "a record of one by call": cases({ o: wide() }, [
    [{ loss: "mse", metrics: ["mae"] }, "loss mae"],
    [{ loss: { o: "mse" }, metrics: { o: ["mae"] } }, "loss mae"],
    [{ loss: { o: "mse" }, y: wide() }, "loss"],
    [{ loss: { dq: "mse" }, y: wide() }, /loss names an output "dq".*Outputs: o/],
    [{ loss: "mse", y: { dq: wide() } }, /y names an output "dq"/],
  ]),
  "a record with a list": cases(
    [narrow(), wide()],
    [[{ loss: "mse", metrics: [["mae"], "mse"] }, "loss p/0_loss p/0_mae q_loss q_mse"]],
  ),
};
all["a record by call"] = cases({ q: wide(), p: narrow() }, [
  [{ loss: "mse" }, "loss p_loss q_loss"],
  [{ loss: ["mae", "mse"] }, "loss p_loss q_loss"],
  [{ loss: { q: "mse", p: "mae" }, lossWeights: { q: 1, p: 2 } }, "loss p_loss q_loss"],
  [{ loss: { q: "mse" } }, "loss"],
  [{ loss: { q: "mse" }, y: { q: wide() } }, "loss"],
  [{ loss: { dq: "mse", dp: "mae" } }, /loss names an output "dq".*Outputs: p, q/],
  [{ loss: "mse", metrics: ["mae", "mse"] }, "loss p_loss p_mae q_loss q_mse"],
  [{ loss: "mse", metrics: { q: "mae", p: ["mse", "mape"] } }, "loss p_loss p_mape p_mse q_loss q_mae"],
  [{ loss: "mse", metrics: { q: ["mae"] } }, "loss p_loss q_loss q_mae"],
  [{ loss: "mse", metrics: { dq: "mae" } }, /metrics names an output "dq"/],
  [{ loss: "mse", y: [narrow(), wide()] }, "loss p_loss q_loss"],
  [{ loss: "mse", w: { q: ramp(6), p: ramp(6) } }, "loss p_loss q_loss"],
]);
all["a record of symbolic tensors"] = all["a record by call"];
all["a record of one symbolic tensor"] = all["a record of one by call"]!;

describe.each(Object.keys(FORMS))("outputs as %s", (form) => {
  test.each(all[form]!.map(([options, keys]) => [JSON.stringify(options).slice(0, 90), options, keys] as const))(
    "%s",
    async (_text, options, keys) => {
      const { y, w, ...compile } = options;
      const model = FORMS[form]!();
      model.compile({ optimizer: "sgd", ...compile });
      const fit = model.fit(ramp(6, 3), y as Tensor, { verbose: 0, sampleWeight: (w ?? null) as Tensor | null });
      if (typeof keys !== "string") return expect(fit).rejects.toThrow(keys);
      const { history } = await fit;
      expect(Object.keys(history).sort().join(" ")).toBe(keys);
      for (const values of Object.values(history)) expect(values[0]).toBeTypeOf("number");
    },
  );
});

describe("what the names stand for", () => {
  const mean = (t: Tensor): number => ops.mean(t).item();
  test("each loss, weight, target and sample weight belongs to its output, whatever order they were given in", () => {
    const model = FORMS["a record of symbolic tensors"]!();
    model.compile({ loss: { q: "mse", p: "mae" }, lossWeights: { p: 3, q: 0.5 }, metrics: { p: ["mse"] } });
    const x = ramp(6, 3);
    const { q, p } = model.predictOnBatch<Record<string, Tensor>>(x) as { q: Tensor; p: Tensor };
    const logs = model.testOnBatch(
      x,
      { q: wide(), p: narrow() },
      { returnDict: true, sampleWeight: { p: ramp(6), q: ops.ones([6]) } },
    );
    const error = ops.subtract(p, narrow());
    const ofP = mean(ops.multiply(ops.absolute(ops.squeeze(error, { axis: 1 })), ramp(6)));
    const ofQ = mean(ops.square(ops.subtract(q, wide())));
    const { loss, p_loss, q_loss, p_mse } = logs as unknown as Record<string, number>;
    expect(p_loss).toBeCloseTo(ofP, 5);
    expect(q_loss).toBeCloseTo(ofQ, 5);
    expect(loss).toBeCloseTo(3 * ofP + 0.5 * ofQ, 5);
    expect(p_mse).toBeCloseTo(mean(ops.square(error)), 5);
  });
  test("labels are checked by output, in records too", () => {
    const x = Input([3]);
    const classes = (name: string, n: number): Tensor => new Dense(n, { name, activation: "softmax" }).apply(x);
    const model = new Model(x, [classes("two", 2), classes("five", 5)]);
    model.compile({ loss: "sparse_categorical_crossentropy" });
    const labels = (k: number): Tensor => ops.full([6], k, { dtype: "int32" });
    expect(model.testOnBatch(ramp(6, 3), { five: labels(4), two: labels(1) })).toHaveLength(3);
    expect(() => model.testOnBatch(ramp(6, 3), { five: labels(1), two: labels(4) })).toThrow("4");
  });
  test("evaluate lists losses in the order of the record of losses, as Keras does", () => {
    const model = new Keyed();
    model.compile({ loss: { q: "mse", p: "mae" } });
    model.testOnBatch(ramp(6, 3), { q: wide(), p: narrow() });
    expect(model.metricsNames).toEqual(["loss", "q_loss", "p_loss"]);
  });
});

describe("inputs in structures", () => {
  test("are found by key and by place, in apply, fit and predict", async () => {
    const a = Input([2], { name: "a" });
    const b = Input([2], { name: "b" });
    const model = new Model({ w: [b], u: { v: a } }, new Dense(1).apply(ops.concatenate([a, ops.multiply(b, 2)], { axis: 1 })));
    const given = { u: { v: ramp(3, 2) }, w: [ops.add(ramp(3, 2), 5)] };
    const want = (model.apply(given) as Tensor).array();
    expect((await model.predict(given, { verbose: 0 })).array()).toEqual(want);
    expect((model.apply([ramp(3, 2), ops.add(ramp(3, 2), 5)]) as Tensor).array()).toEqual(want); // flat: by sorted keys
    model.compile({ loss: "mse" });
    expect(model.trainOnBatch(given, ramp(3, 1))).toBeGreaterThan(0);
    expect(() => model.apply({ u: { z: ramp(3, 2) }, w: [ramp(3, 2)] })).toThrow('misses input "v"');
  });
  test("the outputs in the place of the inputs are refused", () => {
    const x = Input([3]);
    const y = new Dense(3).apply(x);
    expect(() => new Model(y, x)).toThrow(/cannot compute its output.*new Model\(inputs, outputs\)/);
    expect(new Model(x, x).apply(ramp(1, 3)).shape).toEqual([1, 3]);
  });
});
