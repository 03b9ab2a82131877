// Low-rank adaptation: shapes and paths of the weights, what trains, what the layer computes, configs, errors.

import { describe, expect, test } from "vitest";
import { Dense, EinsumDense, Embedding, Input } from "../../ts/layers/index.js";
import type { AdaptableLayer } from "../../ts/layers/lora.js";
import { Sequential } from "../../ts/models/sequential.js";
import * as ops from "../../ts/ops.js";
import * as saving from "../../ts/saving.js";
import { Tensor } from "../../ts/tensor.js";
import type { Variable } from "../../ts/variable.js";
import { checkGradients, layerTest, spread } from "../layerTest.js";

const small = ["kernel", "bias", "lora_kernel_a", "lora_kernel_b"];
// `layerTest` counts all weights as non-trainable after `trainable = false`, and steps against the gradient of those that train
layerTest(Dense, {
  args: [3],
  options: { loraRank: 2, loraAlpha: 5 },
  inputShape: [2, 4],
  outputShape: [null, 3],
  weights: small,
  supportsMasking: true,
});
layerTest(EinsumDense, {
  args: ["abc,cd->abd", [null, 3]],
  options: { biasAxes: "d", loraRank: 1 },
  inputShape: [2, 3, 4],
  outputShape: [null, 3, 3],
  weights: small,
});
layerTest(Embedding, {
  args: [5, 3],
  options: { loraRank: 2 },
  inputShape: [2, 3],
  outputShape: [null, 3, 3],
  input: new Tensor([0, 1, 4, 4, 2, 0], [2, 3], { dtype: "int32" }),
  weights: ["embeddings", "lora_embeddings_a", "lora_embeddings_b"],
  maskShape: [2, 3],
});

const values = (v: Variable | undefined): unknown => v!.value.array();

describe("enableLora", () => {
  const adapted = (): Dense => {
    const layer = new Dense(3, { name: "dense" });
    layer.build([null, 4]);
    layer.enableLora(2, { loraAlpha: 3 });
    layer.loraKernelA!.assign(spread([4, 2]));
    layer.loraKernelB!.assign(spread([2, 3]));
    return layer;
  };

  test("y = x · (W + α/r · A · B) + b", () => {
    const layer = adapted();
    const x = spread([5, 4]);
    const product = ops.multiply(ops.matmul(spread([4, 2]), spread([2, 3])), 3 / 2);
    const expected = ops.add(ops.matmul(x, layer.kernel!), ops.matmul(x, product));
    const got = layer.apply(x);
    got.data.forEach((y, i) => expect(y).toBeCloseTo(expected.data[i]!, 4));
    checkGradients(layer, x);
  });

  test("begins as the layer was: B is 0; then only the product and the bias train", () => {
    const model = new Sequential([Input([4]), new Dense(3, { name: "dense" })], { name: "net" });
    const x = spread([8, 4]);
    const before = model.apply(x).array();
    const layer = model.layers[0] as Dense;
    layer.enableLora(2);
    expect(layer.loraEnabled).toBe(true);
    expect(model.apply(x).array()).toEqual(before);
    expect(layer.weights.map((w) => w.path)).toEqual(small.map((name) => `net/dense/${name}`));
    expect(layer.trainableVariables.map((w) => w.name)).toEqual(small.slice(1));
    const kernel = values(layer.kernel);
    model.compile({ optimizer: "sgd", loss: "mse" });
    for (let i = 0; i < 3; i++) model.trainOnBatch(x, spread([8, 3]));
    expect(values(layer.kernel)).toEqual(kernel);
    expect(values(layer.loraKernelB)).not.toEqual([[0, 0, 0], [0, 0, 0]]); // biome-ignore format: a matrix
    expect(model.apply(x).array()).not.toEqual(before);
  });

  test("is in the config only where it is used, and comes back with its weights", () => {
    expect(new Dense(1).getConfig()).not.toHaveProperty("loraRank");
    const layer = adapted();
    expect(layer.getConfig()).toMatchObject({ loraRank: 2, loraAlpha: 3 });
    const copy = saving.deserialize<Dense>(JSON.parse(JSON.stringify(saving.serialize(layer))));
    copy.setWeights(layer.getWeights());
    expect(copy.apply(spread([2, 4])).array()).toEqual(layer.apply(spread([2, 4])).array());
  });

  test("is refused before build, twice, with a constraint, and for ranks that are none", () => {
    expect(() => new Dense(1).enableLora(2)).toThrow("enableLora needs a built layer");
    expect(() => adapted().enableLora(2)).toThrow("LoRA is enabled already");
    const bound: AdaptableLayer = new Dense(2, { kernelConstraint: "NonNeg" });
    bound.build([null, 2]);
    expect(() => bound.enableLora(1)).toThrow("LoRA does not go with kernelConstraint");
    expect(bound.weights.length).toBe(2);
    expect(() => new Embedding(4, 2, { loraRank: 1, embeddingsConstraint: "NonNeg" }).build()).toThrow("embeddingsConstraint");
    const plain = new Dense(2);
    plain.build([null, 2]);
    for (const rank of [0, -1, 1.5, "2" as never]) expect(() => plain.enableLora(rank)).toThrow("rank is a whole number ≥ 1");
  });
});
