// Losses and metrics against what Keras recorded: all reductions, sample weights, gradients, sequences of updates.

import { grad, type losses, type metrics, saving, type Tensor } from "keratin";
import { describe, expect, test } from "vitest";
import { agrees, type Case, topic } from "../goldenReader.js";
import { objectOf } from "./call.js";
import { CASES, LOSSES, METRICS } from "./later.js";

/** A loss is a mean of logarithms and powers: a few roundings more than one operation. */
const CLOSE = { rtol: 2e-6, atol: 2e-6 };

const full = (c: Case): object => ({ ...(c.config as object), ...(c.init as object) });

describe("losses", () => {
  const t = topic("losses");
  const present = t.cases.filter((c) => !(c.class in LOSSES) && !(`losses/${c.id}` in CASES));
  test.each(present)("$id", (c) => {
    // Keras leaves some options out of the config (the delta of Huber): `init` has them.
    const make = (reduction: string): losses.Loss => objectOf<losses.Loss>("keras.losses", c, { ...full(c), reduction });
    const [yTrue, yPred] = [t.tensor(c, "y_true"), t.tensor(c, "y_pred")];
    const value = (loss: losses.Loss, how: string, p: Tensor): Tensor =>
      loss.call(yTrue, p, how.endsWith("_weighted") ? { sampleWeight: t.tensor(c, "sample_weight") } : {});
    for (const [how, array] of Object.entries(c.outputs as Record<string, string>)) {
      agrees(value(make(how.replace(/_weighted$/, "")), how, yPred), t.array(c, array), { ...CLOSE, what: how });
    }
    for (const [how, array] of Object.entries((c.grad ?? {}) as Record<string, string>)) {
      const gradient = grad((p: Tensor) => value(make("sum_over_batch_size"), how, p))(yPred);
      agrees(gradient, t.array(c, array), { ...CLOSE, what: `gradient of ${how}` });
    }
    const plain = objectOf<losses.Loss>("keras.losses", c);
    expect((saving.serialize(plain) as { config: object }).config).toMatchObject(c.config as object);
  });
});

describe("metrics", () => {
  const t = topic("metrics");
  const present = t.cases.filter((c) => !(c.class in METRICS) && !(`metrics/${c.id}` in CASES));
  interface Update {
    values?: string;
    y_true?: string;
    y_pred?: string;
    sample_weight?: string;
  }
  test.each(present)("$id", (c) => {
    const metric = objectOf<metrics.Metric>("keras.metrics", c, full(c));
    const update = (...args: unknown[]): void => Reflect.apply(metric.updateState, metric, args);
    (c.updates as Update[]).forEach((u, i) => {
      const options = u.sample_weight ? { sampleWeight: t.tensor(c, u.sample_weight) } : {};
      const data = u.values ? [t.tensor(c, u.values)] : [t.tensor(c, u.y_true), t.tensor(c, u.y_pred)];
      update(...data, options);
      agrees(metric.result(), t.array(c, (c.outputs as string[])[i]), { ...CLOSE, what: `result ${i}` });
    });
    (c.variables as { array: string }[]).forEach((v, i) => {
      agrees(metric.variables[i]!.value, t.array(c, v.array), { ...CLOSE, what: `variable ${i}` });
    });
    metric.resetState();
    for (const v of metric.variables) expect(v.value.data.every((x) => x === 0)).toBe(true);
    const plain = objectOf<metrics.Metric>("keras.metrics", c);
    expect((saving.serialize(plain) as { config: object }).config).toMatchObject(c.config as object);
  });
});
