// Wrapper and TimeDistributed.

import { describe, expect, test } from "vitest";
import { grad } from "../../ts/functions.js";
import type { CallArguments } from "../../ts/layers/calling.js";
import { BatchNormalization, Dense, Dropout, Flatten, Lambda, Layer, TimeDistributed, Wrapper } from "../../ts/layers/index.js";
import { Sequential } from "../../ts/models/sequential.js";
import * as ops from "../../ts/ops.js";
import * as random from "../../ts/random.js";
import * as saving from "../../ts/saving.js";
import { type Tensor, tensor } from "../../ts/tensor.js";
import { sameBitsOnDirtyMemory } from "../dirtyMemory.js";
import { layerTest, spread } from "../layerTest.js";

layerTest(TimeDistributed, {
  args: [saving.serialize(new Dense(4, { name: "inner", activation: "tanh" }))], // as JSON, so that each of the test's layers has its own
  inputShape: [2, 3, 5],
  outputShape: [null, 3, 4],
  weights: ["inner/kernel", "inner/bias"],
  supportsMasking: true,
});
layerTest(TimeDistributed, {
  args: [saving.serialize(new BatchNormalization({ name: "inner", axis: 1 }))],
  knownAxes: [2],
  inputShape: [2, 1, 3, 4],
  outputShape: [null, 1, 3, 4],
  weights: ["inner/gamma", "inner/beta", "inner/moving_mean", "inner/moving_variance"],
  supportsMasking: true,
});

/** Adds up what it is called with. */
class Seen extends Layer {
  static override readonly className: string = "Seen";
  calls: { shape: readonly number[]; training: boolean; mask: unknown }[] = [];
  override call(x: Tensor, { training, mask }: CallArguments): Tensor {
    this.calls.push({ shape: x.shape, training, mask: (mask as Tensor | null)?.array() ?? null });
    return ops.multiply(x, 2);
  }
}
/** The same, and says that it treats each sample by itself. */
class SeenApart extends Seen {
  static override readonly className: string = "SeenApart";
  static override readonly samplesApart = true;
}
/** Changes that without saying so. */
class Inherited extends SeenApart {}

describe("TimeDistributed", () => {
  test("is the layer at every step, with the same weights", () => {
    const dense = new Dense(2);
    const layer = new TimeDistributed(dense);
    const x = spread([3, 4, 5]);
    const y = layer.apply(x);
    for (let step = 0; step < 4; step++)
      expect(ops.getItem(y, [{}, step]).array()).toEqual(dense.apply(ops.getItem(x, [{}, step])).array());
    expect(layer.weights).toEqual(dense.weights);
  });
  test("calls a layer once per step, with the step's mask and the flag", () => {
    const seen = new Seen();
    const x = spread([2, 3, 1]);
    const mask = tensor([[true, false, true], [false, false, true]]); // biome-ignore format: rows
    const y = new TimeDistributed(seen).apply(x, { mask, training: true });
    expect(y.array()).toEqual(ops.multiply(x, 2).array());
    expect(y.mask!.array()).toEqual(mask.array());
    const columns = [[true, false], [false, false], [true, true]]; // biome-ignore format: rows
    expect(seen.calls).toEqual(columns.map((m) => ({ shape: [2, 1], training: true, mask: m })));
  });
  test("calls a layer that treats samples apart once, with all steps as one batch", () => {
    const seen = new SeenApart();
    const x = spread([2, 3, 1]);
    const y = new TimeDistributed(seen).apply(x, { mask: ops.ones([2, 3], { dtype: "bool" }) });
    expect(y.array()).toEqual(ops.multiply(x, 2).array());
    expect(seen.calls).toEqual([{ shape: [6, 1], training: false, mask: Array(6).fill(true) }]);
  });
  test("a class of one's own has to say it again, and so do the layers inside", () => {
    const seen = new Inherited();
    new TimeDistributed(seen).apply(spread([2, 3, 1]));
    expect(seen.calls).toHaveLength(3);
    const inner = new Seen();
    const layer = new TimeDistributed(new Sequential([inner]));
    layer.apply(spread([2, 3, 1]));
    inner.calls = []; // those of building
    layer.apply(spread([2, 3, 1]));
    expect(inner.calls).toHaveLength(3);
  });
  test("from a file, its weights are under its own path", () => {
    const layer = new TimeDistributed(new Dense(2, { name: "inner" }), { name: "outer" });
    layer.apply(ops.ones([1, 2, 3]));
    const json = JSON.parse(JSON.stringify(saving.serialize(layer)));
    expect(json.config.layer.build_config).toEqual({ input_shape: [1, 3] });
    expect(saving.deserialize<Layer>(json).weights.map((w) => w.path)).toEqual(["outer/inner/kernel", "outer/inner/bias"]);
  });
  test("a class of one's own inside is found in customObjects", () => {
    const json = saving.serialize(new TimeDistributed(new Seen()));
    expect(saving.deserialize<TimeDistributed>(json, { customObjects: { Seen } }).layer).toBeInstanceOf(Seen);
    expect(() => saving.deserialize(json)).toThrow("Seen");
  });
  test("gives the same bits on dirty memory, in its gradients too", () => {
    const layer = new TimeDistributed(new Dense(3, { activation: "tanh" }));
    const x = spread([2, 5, 3]);
    layer.build(x.shape);
    const weights = layer.getWeights();
    const loss = (w: Tensor[], t: Tensor): Tensor => ops.sum(layer.statelessCall(w, [], t)[0]);
    sameBitsOnDirtyMemory(() => [layer.apply(x), ...(grad(loss)(weights, x) as unknown as Tensor[])]);
  });
  test("dropout draws for every step", () => {
    const y = new TimeDistributed(new Dropout(0.5, { seed: 1 })).apply(ops.ones([1, 2, 40]), { training: true });
    const seeds = new random.SeedGenerator(1);
    const want = [0, 1].map(() => random.dropout(ops.ones([1, 40]), 0.5, { seed: seeds }).array());
    expect((y.array() as unknown[][])[0]).toEqual(want.flat());
  });
  test("batch normalization moves once per step", () => {
    const inner = new BatchNormalization({ momentum: 0.5 });
    new TimeDistributed(inner).apply([[[8], [0]]], { training: true });
    expect(inner.movingMean!.value.array()).toEqual([2]); // (0·½ + 8·½)·½ + 0·½
  });
  test("layers that change the form of a step do so to each", () => {
    expect(new TimeDistributed(new Flatten()).apply(ops.ones([2, 3, 4, 5])).shape).toEqual([2, 3, 20]);
    expect(new TimeDistributed(new Flatten()).computeOutputShape([null, null, 4, 5])).toEqual([null, null, 20]);
  });
  test("the activity regularizer of the layer is left out, its own counts", () => {
    const layer = new TimeDistributed(new Dense(1, { activityRegularizer: "l2" }), { activityRegularizer: "l1" });
    layer.apply(ops.ones([1, 2, 1]));
    expect(layer.losses).toHaveLength(1);
  });
  test("no steps and no samples give none", () => {
    expect(new TimeDistributed(new Dense(2)).apply(ops.zeros([2, 0, 3])).shape).toEqual([2, 0, 2]);
    expect(new TimeDistributed(new Dense(2)).apply(ops.zeros([0, 4, 3])).shape).toEqual([0, 4, 2]);
  });
  test("two around each other work on two axes", () => {
    const layer = new TimeDistributed(new TimeDistributed(new Dense(2)));
    expect(layer.apply(ops.ones([2, 3, 4, 5])).shape).toEqual([2, 3, 4, 2]);
    expect(layer.weights.map((w) => w.path.split("/").slice(1).join("/"))).toEqual([
      expect.stringMatching(/^time_distributed(_\d+)?\/dense(_\d+)?\/kernel$/),
      expect.stringMatching(/\/bias$/),
    ]);
  });
  test("names what does not fit", () => {
    expect(() => new TimeDistributed(new Dense(2)).apply(ops.ones([2, 3]))).toThrow("at least 3 axes, received (2, 3)");
    expect(() => new TimeDistributed(new Dense(2)).apply(ops.ones([2, 3, 4]), { mask: ops.ones([2, 4]) })).toThrow(
      "the mask must be [2, 3, …]",
    );
    expect(() => new TimeDistributed(new Lambda((x) => [x, x])).apply(ops.ones([2, 3, 4]))).toThrow("must return one tensor");
    expect(() => new TimeDistributed({} as never)).toThrow("expected a layer to wrap");
  });
  test("trains in a model", async () => {
    const model = new Sequential([new TimeDistributed(new Dense(1))]);
    model.compile({ optimizer: "adam", loss: "mse" });
    const x = spread([16, 3, 2]);
    const { history } = await model.fit(x, ops.sum(x, { axis: -1, keepdims: true }), { epochs: 5, verbose: 0 });
    expect(history.loss!.at(-1)).toBeLessThan(history.loss![0]!);
  });
});

describe("Wrapper", () => {
  test("builds the wrapped layer, and copies by config share nothing", () => {
    class Doubled extends Wrapper {
      static override readonly className: string = "Doubled";
      override call(x: Tensor): Tensor {
        return ops.multiply(this.layer.apply(x), 2);
      }
    }
    const layer = new Doubled(new Dense(2, { useBias: false }));
    const y = layer.apply(tensor([[1, 1]]));
    expect(y.array()).toEqual(ops.multiply(layer.layer.apply(tensor([[1, 1]])), 2).array());
    const copy = Doubled.fromConfig(layer.getConfig());
    expect(copy.layer).not.toBe(layer.layer);
    expect(copy.layer.name).toBe(layer.layer.name);
  });
});
