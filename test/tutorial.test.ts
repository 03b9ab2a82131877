// The tutorial, line by line: each snippet of examples/tutorial.ts does what the tutorial says of it.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ops, type Sequential, setRandomSeed, type Tensor, tensor } from "keratin";
import { beforeEach, describe, expect, test } from "vitest";
import * as tutorial from "../examples/tutorial.js";

beforeEach(() => setRandomSeed(42));

/** A batch of numbers in [-1, 1), in no order. */
const batch = (...shape: number[]): Tensor => {
  const size = shape.reduce((n, d) => n * d, 1);
  return tensor(
    Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 997) / 498.5 - 1),
    { shape },
  );
};
const kernelOf = (model: Sequential): Tensor => model.getWeights()[0]!;
const biasOf = (model: Sequential): Tensor => model.getWeights()[1]!;
const mean = (xs: ArrayLike<number>): number => Array.from(xs).reduce((a, b) => a + b, 0) / xs.length;
const deviation = (xs: ArrayLike<number>): number => {
  const m = mean(xs);
  return Math.sqrt(mean(Array.from(xs, (x) => (x - m) ** 2)));
};
const largest = (xs: ArrayLike<number>): number => Array.from(xs).reduce((a, x) => Math.max(a, Math.abs(x)), 0);
/** Lengths of the columns: the incoming weights of each unit. */
const norms = (kernel: Tensor): number[] => {
  const [rows, columns] = kernel.shape as [number, number];
  return Array.from({ length: columns }, (_, c) =>
    Math.sqrt(Array.from({ length: rows }, (_, r) => kernel.data[r * columns + c]! ** 2).reduce((a, b) => a + b, 0)),
  );
};
/** Some steps with a rate that moves the weights far. */
const train = (model: Sequential, options: { steps?: number } = {}): number[] => {
  const x = batch(8, ...(model.inputShape!.slice(1) as number[]));
  const y = batch(8, ...(model.outputShape!.slice(1) as number[]));
  model.compile({ optimizer: "adam", loss: "mse" });
  model.optimizer!.learningRate = 0.01;
  return Array.from({ length: options.steps ?? 4 }, () => model.trainOnBatch(x, y) as number);
};

describe("1. the introduction", () => {
  test("its model has the shapes and the numbers of parameters of the tutorial", () => {
    const model = tutorial.introduction();
    expect(model.layers.map((l) => l.countParams())).toEqual([16 * 32 + 32, 32 * 16 + 16, 16 * 8 + 8]);
    expect(model.outputShape).toEqual([null, 8]);
    expect(model.apply(batch(5, 16)).shape).toEqual([5, 8]);
  });
  test("it trains, and its MaxNorm keeps the columns of the first kernel at length 2 at most", () => {
    const model = tutorial.introduction();
    const losses = train(model, { steps: 20 });
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    expect(Math.max(...norms(kernelOf(model)))).toBeLessThanOrEqual(2 + 1e-5);
  });
  test("an input shape may have any number of axes: Dense works on the last", () => {
    const shapes = tutorial.inputShapes().map((model) => model.outputShape);
    expect(shapes).toEqual([
      [null, 8],
      [null, 4, 8],
      [null, 3, 4, 8],
    ]);
  });
});

describe("2. initializers", () => {
  test("constants: Zeros, Ones, Constant", () => {
    expect(largest(kernelOf(tutorial.zeros()).data)).toBe(0);
    expect(kernelOf(tutorial.ones()).data.every((w) => w === 1)).toBe(true);
    expect([...kernelOf(tutorial.constant()).data, ...biasOf(tutorial.constant()).data].every((w) => w === 0)).toBe(true);
  });

  // n = 784 · 512 draws: the deviation of a sample is within 1 % of the distribution's by far, the mean within 4·σ/√n.
  const fanIn = 784;
  const fanOut = 512;
  test.each<[string, () => Sequential, number, number]>([
    ["RandomNormal: σ = stddev", tutorial.randomNormal, 0.05, Infinity],
    ["RandomUniform: σ = (maxval − minval)/√12", tutorial.randomUniform, 0.1 / Math.sqrt(12), 0.05],
    ["TruncatedNormal: nothing beyond 2·stddev; σ = 0.8796·stddev", tutorial.truncatedNormal, 0.05 * 0.87962566, 0.1],
    [
      "VarianceScaling: σ = √(scale/fan_in)",
      tutorial.varianceScaling,
      Math.sqrt(1 / fanIn),
      (2 / 0.87962566) * Math.sqrt(1 / fanIn),
    ],
    ["lecun_normal: σ = √(1/fan_in)", tutorial.lecunNormal, Math.sqrt(1 / fanIn), Infinity],
    ["lecun_uniform: limit √(3/fan_in)", tutorial.lecunUniform, Math.sqrt(1 / fanIn), Math.sqrt(3 / fanIn)],
    ["glorot_normal: σ = √(2/(fan_in + fan_out))", tutorial.glorotNormal, Math.sqrt(2 / (fanIn + fanOut)), Infinity],
    [
      "glorot_uniform: limit √(6/(fan_in + fan_out))",
      tutorial.glorotUniform,
      Math.sqrt(2 / (fanIn + fanOut)),
      Math.sqrt(6 / (fanIn + fanOut)),
    ],
    ["he_normal: σ = √(2/fan_in)", tutorial.heNormal, Math.sqrt(2 / fanIn), Infinity],
    ["he_uniform: limit √(6/fan_in)", tutorial.heUniform, Math.sqrt(2 / fanIn), Math.sqrt(6 / fanIn)],
  ])("%s", (_, make, sigma, limit) => {
    const { data } = kernelOf(make());
    expect(Math.abs(deviation(data) / sigma - 1)).toBeLessThan(0.01);
    expect(Math.abs(mean(data))).toBeLessThan((4 * sigma) / Math.sqrt(data.length));
    expect(largest(data)).toBeLessThanOrEqual(limit * (1 + 1e-6));
  });

  test("Orthogonal: columns are of length 1 and at right angles", () => {
    const kernel = kernelOf(tutorial.orthogonal());
    const gram = ops.matmul(ops.transpose(kernel), kernel);
    expect(largest(ops.subtract(gram, ops.eye(512)).data)).toBeLessThan(1e-5);
  });
  test("Identity: ones on the diagonal", () => {
    const kernel = kernelOf(tutorial.identity());
    expect(Array.from(kernel.data).filter((w) => w !== 0).length).toBe(512);
    expect(kernel.data[3 * 512 + 3]).toBe(1);
  });
  test("an object, a class name and Keras' string name the same class", () => {
    expect(new Set(tutorial.oneInitializer().map((i) => i!.constructor)).size).toBe(1);
  });
});

describe("3. constraints", () => {
  test("hold after every step, whatever the weights were before", () => {
    const nonNeg = tutorial.nonNeg();
    train(nonNeg);
    expect(kernelOf(nonNeg).data.every((w) => w >= 0)).toBe(true);
    const unit = tutorial.unitNorm();
    train(unit);
    expect(norms(kernelOf(unit)).every((n) => Math.abs(n - 1) < 1e-5)).toBe(true);
    const max = tutorial.maxNorm();
    max.setWeights([ops.ones([784, 512]), ops.zeros([512])]); // columns of length 28
    train(max);
    expect(norms(kernelOf(max)).every((n) => n <= 2 + 1e-5)).toBe(true);
    const minMax = tutorial.minMaxNorm();
    train(minMax);
    expect(norms(kernelOf(minMax)).every((n) => n <= 1 + 1e-5)).toBe(true);
  });
  test("by name, on the kernel and the bias", () => {
    const model = tutorial.constraintsByName();
    train(model);
    expect(norms(kernelOf(model)).every((n) => n <= 2 + 1e-5)).toBe(true);
    expect(biasOf(model).data.every((w) => w >= 0)).toBe(true);
  });
});

describe("4. regularizers", () => {
  const absolute = (t: Tensor): number => Array.from(t.data).reduce((a, w) => a + Math.abs(w), 0);
  const squares = (t: Tensor): number => Array.from(t.data).reduce((a, w) => a + w * w, 0);
  const total = (model: Sequential): number => model.losses.reduce((a, t) => a + t.item(), 0);

  test("with factor 0 they add nothing", () => {
    expect([total(tutorial.l1()), total(tutorial.l2())]).toEqual([0, 0]);
  });
  test("l1_l2 adds l1·Σ|w| + l2·Σw²", () => {
    const model = tutorial.l1L2();
    const expected = 0.01 * absolute(kernelOf(model)) + 0.02 * squares(kernelOf(model));
    expect(Math.abs(total(model) / expected - 1)).toBeLessThan(1e-5);
  });
  test("what they add is part of what evaluate reports", async () => {
    const model = tutorial.l1L2();
    model.compile({ optimizer: "sgd", loss: "mse" });
    const x = batch(4, 784);
    const y = await model.predict(x, { verbose: 0 });
    // The targets are the predictions: all that is left is the penalty.
    const loss = (await model.evaluate(x, y, { verbose: 0 })) as number;
    expect(Math.abs(loss / total(model) - 1)).toBeLessThan(1e-5);
  });
  test("by name, on kernel, bias and output", () => {
    const model = tutorial.regularizersByName();
    model.setWeights([kernelOf(model), ops.full([512], 0.5)]);
    const y = model.apply(batch(4, 784));
    // Default factors 0.01; what the output adds is divided by the batch size.
    const expected = 0.01 * absolute(kernelOf(model)) + 0.01 * 512 * 0.25 + (0.01 * squares(y)) / 4;
    expect(Math.abs(total(model) / expected - 1)).toBeLessThan(1e-4);
  });
});

describe("5. activations", () => {
  const formulas: Record<(typeof tutorial.ACTIVATIONS)[number], (x: number, row: number[]) => number> = {
    linear: (x) => x,
    elu: (x) => (x > 0 ? x : Math.expm1(x)),
    selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
    relu: (x) => Math.max(0, x),
    softmax: (x, row) => Math.exp(x) / row.reduce((a, z) => a + Math.exp(z), 0),
    softplus: (x) => Math.log1p(Math.exp(x)),
    softsign: (x) => x / (1 + Math.abs(x)),
    tanh: Math.tanh,
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    hard_sigmoid: (x) => Math.min(6, Math.max(0, x + 3)) / 6,
    exponential: Math.exp,
  };
  test.each(tutorial.ACTIVATIONS)("%s: activation(Σ input·weight + bias)", (name) => {
    const model = tutorial.activation(name);
    const x = batch(2, 784);
    const sums = ops.add(ops.matmul(x, kernelOf(model)), biasOf(model));
    const row = (i: number): number[] => Array.from(sums.data.subarray(i * 512, (i + 1) * 512));
    const expected = [0, 1].flatMap((i) => row(i).map((z) => formulas[name](z, row(i))));
    const y = model.apply(x).data;
    expect(expected.every((e, i) => Math.abs(y[i]! - e) <= 2e-6 * Math.max(1, Math.abs(e)))).toBe(true);
  });
  test("as a layer and as a function", () => {
    const model = tutorial.activationForms();
    expect(model.apply(batch(3, 16)).data.every((y) => y >= 0)).toBe(true);
  });
  test("a neuron: relu(1·0.5 + 2·0.75 + 1) = 3", () => {
    expect(tutorial.neuron().item()).toBe(3);
  });
});

describe("6. layers", () => {
  test("Dropout leaves predictions alone, and drops and scales in training", () => {
    const model = tutorial.dropout();
    const x = batch(4, 784);
    expect(model.apply(x).data).toEqual(model.apply(x).data);
    const layer = model.layers[1]!;
    const dropped = layer.apply(ops.ones([100, 512]), { training: true }).data;
    expect(new Set(dropped)).toEqual(new Set([0, Math.fround(1 / 0.8)]));
    // 51,200 independent draws: a fifth is dropped, within 5 deviations of √(0.2·0.8/51200).
    expect(Math.abs(dropped.filter((d) => d === 0).length / dropped.length - 0.2)).toBeLessThan(0.009);
    const classes = model.apply(x);
    expect(ops.sum(classes, { axis: 1 }).data.every((s) => Math.abs(s - 1) < 1e-6)).toBe(true);
  });
  test("its spatial and Gaussian kin are silent outside of training", () => {
    const model = tutorial.dropoutKin();
    const x = batch(2, 4, 3);
    expect(model.apply(x).data).toEqual(x.data);
    expect(model.apply(x, { training: true }).data).not.toEqual(x.data);
  });
  test("Flatten, Reshape, Permute, RepeatVector move numbers and compute nothing", () => {
    const x = batch(2, 8, 8);
    const [flat, reshaped, permuted] = [tutorial.flatten(), tutorial.reshape(), tutorial.permute()];
    const y = flat.layers[0]!.apply(x);
    expect(flat.apply(x)).toMatchObject({ shape: [2, 128], data: y.data });
    const r = reshaped.layers[0]!.apply(x);
    expect(reshaped.apply(x)).toMatchObject({ shape: [2, 16, 8], data: r.data });
    const p = permuted.layers[0]!.apply(x);
    expect(permuted.apply(x).array()).toEqual(ops.transpose(p, { axes: [0, 2, 1] }).array());
    const repeated = tutorial.repeatVector();
    const rows = repeated.layers[0]!.apply(batch(2, 8)).array() as number[][];
    expect(repeated.apply(batch(2, 8)).array()).toEqual(rows.map((row) => [row, row, row]));
  });
  test("Lambda computes x² and trains through it", () => {
    const model = tutorial.lambda();
    const x = batch(4, 8);
    const inner = model.layers[0]!.apply(x).data;
    expect(model.apply(x).data).toEqual(inner.map((v) => Math.fround(v * v)));
    const before = kernelOf(model).data;
    const losses = train(model, { steps: 30 });
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    expect(kernelOf(model).data).not.toEqual(before);
  });
});

test("the example of the README runs as it stands, on a small set of images", () => {
  mkdirSync("target", { recursive: true });
  const folder = mkdtempSync(join("target", "readme-"));
  try {
    /** IDX: two zeros, type 8 (uint8), the number of axes, big-endian sizes, bytes. */
    const idx = (name: string, sizes: number[], element: (i: number) => number): void => {
      const header = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
      header.setUint32(0, 0x0800 + sizes.length);
      sizes.forEach((size, axis) => {
        header.setUint32(4 + 4 * axis, size);
      });
      const bytes = Uint8Array.from({ length: sizes.reduce((n, d) => n * d, 1) }, (_, i) => element(i));
      writeFileSync(join(folder, name), Buffer.concat([Buffer.from(header.buffer), bytes]));
    };
    for (const [part, n] of [
      ["train", 60],
      ["t10k", 20],
    ] as const) {
      idx(`${part}-images-idx3-ubyte`, [n, 28, 28], (i) => (i * 31) % 256);
      idx(`${part}-labels-idx1-ubyte`, [n], (i) => i % 10);
    }
    const block = readFileSync("README.md", "utf8").match(/```ts\n([\s\S]*?)```/)![1]!;
    const code = block
      .replace("loadData()", `loadData({ path: ${JSON.stringify(folder)} })`)
      .replace('"digits', `"${folder}/digits`);
    writeFileSync(join(folder, "example.mjs"), `${code}\nconsole.log(accuracy, loss > 0);`);
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "example.mjs")], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/Total params: 407,050/); // 784·512 + 512 + 512·10 + 10
    expect(stdout).toMatch(/Epoch 5\/5/);
    expect(readFileSync(join(folder, "digits.safetensors")).length).toBeGreaterThan(4 * 407_050);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
