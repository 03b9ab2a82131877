// Learning-rate schedules against the goldens, and on the way through files.

import { jit, optimizers, saving, type Tensor, tensor } from "keratin";
import { describe, expect, test } from "vitest";
import { topic } from "./goldenReader.js";

const { schedules } = optimizers;
const { cases, array } = topic("schedules");

describe.each(cases)("$id", (c) => {
  const json = { module: "keras.optimizers.schedules", class_name: c.class, config: c.config, registered_name: null };
  const [steps, want] = [array(c, "in0"), array(c, "out0")];

  test("gives Keras' rates, from numbers and in a compiled function", () => {
    const schedule = schedules.deserialize(json);
    const traced = jit((s: Tensor): Tensor => schedule.call(s));
    for (let i = 0; i < steps.data.length; i++) {
      expect(schedule.call(steps.data[i]!).item()).toBeCloseTo(want.data[i]!, 6);
      expect(traced(tensor(steps.data[i]!)).item()).toBeCloseTo(want.data[i]!, 6);
    }
  });

  test("its JSON is Keras'", () => {
    expect(saving.serialize(schedules.deserialize(json))).toEqual(json);
  });
});

test("positional arguments and options", () => {
  const s = new schedules.ExponentialDecay(0.1, 100, 0.5, { staircase: true });
  expect(s.call(150).item()).toBeCloseTo(0.05, 7);
  expect(s.getConfig()).toEqual({
    initialLearningRate: 0.1,
    decaySteps: 100,
    decayRate: 0.5,
    staircase: true,
    name: "ExponentialDecay",
  });
  expect(schedules.ExponentialDecay.fromConfig(s.getConfig()).call(150).item()).toBeCloseTo(0.05, 7);
});

test("a boundary belongs to the value before it", () => {
  const s = new schedules.PiecewiseConstantDecay([100, 200], [1, 0.5, 0.25]);
  expect([100, 101, 200, 201].map((i) => s.call(i).item())).toEqual([1, 0.5, 0.5, 0.25]);
});

test("bad arguments are named", () => {
  expect(() => new schedules.CosineDecay(0.1, 0)).toThrow(/decaySteps must be positive/);
  expect(() => new schedules.PiecewiseConstantDecay([1], [1])).toThrow(/need 2 values/);
  expect(() => schedules.deserialize({ class_name: "CosineDecoy", config: {} })).toThrow(/Did you mean "CosineDecay"/);
});
