// Dropout and its kin.

import { describe, expect, test } from "vitest";
import {
  AlphaDropout,
  Dropout,
  GaussianDropout,
  GaussianNoise,
  SpatialDropout1D,
  SpatialDropout2D,
  SpatialDropout3D,
} from "../../ts/layers/index.js";
import * as ops from "../../ts/ops.js";
import { layerTest } from "../layerTest.js";

const same = { inputShape: [3, 5], outputShape: [null, 5], supportsMasking: true, training: true } as const;
layerTest(Dropout, { args: [0.3], options: { seed: 1 }, ...same });
layerTest(GaussianNoise, { args: [0.1], options: { seed: 1 }, ...same });
layerTest(GaussianDropout, { args: [0.1], options: { seed: 1 }, ...same });
layerTest(AlphaDropout, { args: [0.1], options: { seed: 1 }, ...same });
layerTest(SpatialDropout1D, { args: [0.5], inputShape: [2, 3, 4], outputShape: [null, 3, 4], supportsMasking: true });
layerTest(SpatialDropout2D, { args: [0.5], inputShape: [2, 3, 1, 4], outputShape: [null, 3, 1, 4], supportsMasking: true });
layerTest(SpatialDropout3D, {
  args: [0.5],
  options: { dataFormat: "channels_first" },
  inputShape: [1, 2, 3, 1, 4],
  outputShape: [null, 2, 3, 1, 4],
  supportsMasking: true,
});

describe("Dropout", () => {
  test("keeps 1 − rate of the elements and divides them by it", () => {
    const y = new Dropout(0.25, { seed: 3 }).apply(ops.ones([100, 100]), { training: true });
    const kept = Array.from(y.data).filter((v) => v !== 0).length;
    for (const v of new Set(y.data)) expect([0, Math.fround(1 / 0.75)]).toContain(v);
    expect(Math.abs(kept / 10_000 - 0.75)).toBeLessThan(0.02); // five standard deviations of sqrt(0.75 · 0.25 / 10⁴)
  });
  test("is the identity outside training, and for rate 0", () => {
    const x = ops.ones([2, 2]);
    expect(new Dropout(0.5).apply(x)).toBe(x);
    const none = new Dropout(0);
    expect(none.apply(x, { training: true })).toBe(x);
    expect(none.variables).toEqual([]);
  });
  test("rate 1 gives zeros", () => {
    expect(new Dropout(1).apply(ops.ones([2]), { training: true }).array()).toEqual([0, 0]);
  });
  test("draws anew in each call; the same seed draws the same", () => {
    const [a, b] = [new Dropout(0.5, { seed: 5 }), new Dropout(0.5, { seed: 5 })];
    const x = ops.ones([64]);
    const first = a.apply(x, { training: true }).array();
    expect(b.apply(x, { training: true }).array()).toEqual(first);
    expect(a.apply(x, { training: true }).array()).not.toEqual(first);
  });
  test("noiseShape makes steps share their fate", () => {
    const y = new Dropout(0.5, { seed: 1, noiseShape: [null, 1, null] }).apply(ops.ones([4, 3, 8]), { training: true });
    const rows = y.array() as number[][][];
    for (const [a, b, c] of rows) {
      expect(a).toEqual(b);
      expect(b).toEqual(c);
    }
  });
  test.each([-0.1, 1.1, Number.NaN, "0.5"])("refuses rate %j", (rate) => {
    expect(() => new Dropout(rate as number)).toThrow("expected a number from 0 to 1");
  });
});

test("SpatialDropout2D drops whole channels", () => {
  const y = new SpatialDropout2D(0.5, { seed: 2 }).apply(ops.ones([1, 4, 4, 8]), { training: true });
  const perChannel = ops.sum(y, { axis: [0, 1, 2] }).data;
  for (const s of perChannel) expect([0, 32]).toContain(s); // 16 places of 1 / 0.5
});

test("the config of SpatialDropout is as short as in Keras", () => {
  expect(new SpatialDropout2D(0.5, { seed: 1, name: "s" }).getConfig()).toEqual({
    rate: 0.5,
    seed: 1,
    name: "s",
    dtype: "float32",
    dataFormat: "channels_last",
  });
});
