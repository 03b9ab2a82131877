// Sequential: building, names, structure, config, summary, weights in files.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Dense, Dropout, Flatten, Input, Layer, Masking } from "../ts/layers/index.js";
import { Model } from "../ts/models/model.js";
import { Sequential } from "../ts/models/sequential.js";
import * as ops from "../ts/ops.js";
import { setRandomSeed } from "../ts/random.js";
import { clearNames, uniqueName } from "../ts/saving/names.js";
import * as saving from "../ts/saving.js";
import { type Tensor, tensor } from "../ts/tensor.js";

beforeEach(clearNames);

const small = (): Sequential =>
  new Sequential([new Dense(3, { inputShape: [4], activation: "relu" }), new Dropout(0.5), new Dense(2)]);
const text = (model: Model): string => {
  let out = "";
  model.summary({ printFn: (s) => (out += s), lineLength: 76 });
  return out;
};

describe("building", () => {
  test.each([
    ["inputShape of the first layer", small],
    ["Input", () => new Sequential([Input([4]), new Dense(3), new Dropout(0.5), new Dense(2)])],
    [
      "add",
      () => {
        const model = new Sequential();
        for (const layer of [Input([4]), new Dense(3), new Dropout(0.5), new Dense(2)]) model.add(layer);
        return model;
      },
    ],
    [
      "build",
      () => {
        const model = new Sequential([new Dense(3), new Dropout(0.5), new Dense(2)]);
        expect(model.built).toBe(false);
        model.build([null, 4]);
        return model;
      },
    ],
    [
      "the first data",
      () => {
        const model = new Sequential([new Dense(3), new Dropout(0.5), new Dense(2)]);
        model.apply(ops.ones([5, 4]));
        return model;
      },
    ],
  ])("by %s", (_, make) => {
    const model = make();
    expect(model.built).toBe(true);
    expect(model.weights.map((w) => w.path)).toEqual([
      "sequential/dense/kernel",
      "sequential/dense/bias",
      "sequential/dense_1/kernel",
      "sequential/dense_1/bias",
    ]);
    expect(model.countParams()).toBe(4 * 3 + 3 + 3 * 2 + 2);
    expect(model.outputShape!.slice(1)).toEqual([2]);
    expect(model.layers.map((l) => l.name)).toEqual(["dense", "dropout", "dense_1"]);
    expect(model.apply(ops.ones([7, 4])).shape).toEqual([7, 2]);
  });
  test("every build takes a name `functional`, as in Keras", () => {
    small();
    expect(uniqueName("functional")).toBe("functional_1");
    const model = new Sequential([Input([4])]);
    model.add(new Dense(1));
    model.add(new Dense(1));
    expect(uniqueName("functional")).toBe("functional_4");
  });
  test("names of models are counted or given", () => {
    expect([new Sequential().name, new Sequential().name, new Sequential([], { name: "mine" }).name]).toEqual([
      "sequential",
      "sequential_1",
      "mine",
    ]);
  });
  test("pop takes the last layer off", () => {
    const model = small();
    expect(model.pop()!.name).toBe("dense_1");
    expect(model.outputShape).toEqual([null, 3]);
    expect(model.apply(ops.ones([1, 4])).shape).toEqual([1, 3]);
  });
  test("input shapes of any rank", () => {
    const model = new Sequential([new Dense(2, { inputShape: [3, 4, 2] }), new Flatten()]);
    expect(model.inputShape).toEqual([null, 3, 4, 2]);
    expect(model.outputShape).toEqual([null, 24]);
  });
  test("computes layer by layer, and equals the layers called by hand", () => {
    const model = small();
    const x = tensor([[1, -2, 3, 0.5]]);
    const [a, , b] = model.layers;
    expect(model.apply(x).array()).toEqual(b!.apply(a!.apply(x)).array());
  });
  test("masks go through", () => {
    const model = new Sequential([new Masking({ inputShape: [2, 2] }), new Dense(1)]);
    expect(
      model
        .apply(
          tensor([
            [
              [0, 0],
              [1, 1],
            ],
          ]),
        )
        .mask!.array(),
    ).toEqual([[false, true]]);
  });
});

describe("what it refuses, unchanged", () => {
  test("things that are no layers, taken names, a second Input", () => {
    const model = small();
    expect(() => model.add("dense" as never)).toThrow("Only layers can be added");
    expect(() => model.add(new Dense(1, { name: "dropout" }))).toThrow("unique names");
    expect(() => model.add(Input([4]))).toThrow("must be the first");
    expect(() => model.add(model)).toThrow("cannot be a layer of itself");
    expect(() => model.add(new Sequential([model]))).toThrow("cannot be a layer of itself");
    expect(() => model.add(new Dense(1), { rebuil: false } as never)).toThrow(/rebuil.*rebuild/s);
    expect(model.layers.length).toBe(3);
    expect(model.apply(ops.ones([1, 4])).shape).toEqual([1, 2]);
  });
  test("a layer that does not fit", () => {
    class NeedsImages extends Layer {
      override build(): void {
        throw new Error("images only");
      }
    }
    const model = small();
    expect(() => model.add(new NeedsImages())).toThrow("images only");
    expect(model.layers.length).toBe(3);
    expect(model.apply(ops.ones([1, 4])).shape).toEqual([1, 2]);
  });
  test("input of another size: the error has the model's name and both shapes", () => {
    expect(() => small().apply(ops.ones([2, 5]))).toThrow(
      'layer "sequential" is incompatible with the layer: expected shape=(None, 4), found shape=(2, 5)',
    );
    expect(() => small().apply(ops.ones([2, 4, 3]))).toThrow("expected shape=(None, 4), found shape=(2, 4, 3)");
    expect(() => small().build([null, 5])).toThrow("already been configured to use input shape (None, 4)");
  });
  test("build without layers or shape", () => {
    expect(() => new Sequential().build([null, 3])).toThrow("has no layers");
    expect(() => new Sequential([new Dense(1)]).build()).toThrow("needs the shape");
  });
});

describe("structure", () => {
  test("getLayer by name and index", () => {
    const model = small();
    expect(model.getLayer("dropout")).toBe(model.layers[1]);
    expect(model.getLayer({ index: -1 })).toBe(model.layers[2]);
    expect(() => model.getLayer("nope")).toThrow("Existing layers are: dense, dropout, dense_1");
    expect(() => model.getLayer({ index: 3 })).toThrow("no layer at index 3");
  });
  test("trainable goes down to the weights", () => {
    const model = small();
    model.layers[0]!.trainable = false;
    expect(model.trainableWeights.map((w) => w.path)).toEqual(["sequential/dense_1/kernel", "sequential/dense_1/bias"]);
    expect(model.nonTrainableVariables.length).toBe(3); // and the dropout's seed
  });
  test("models nest", () => {
    const inner = small();
    const model = new Sequential([inner, new Dense(1)]);
    expect(model.built).toBe(true);
    expect(model.apply(ops.ones([1, 4])).shape).toEqual([1, 1]);
    expect(model.weights.length).toBe(6);
  });
  test("a model of a class of one's own", () => {
    class Residual extends Model {
      a = new Dense(4);
      b = new Dense(4);
      override call(x: Tensor): Tensor {
        return ops.add(x, this.b.apply(this.a.apply(x)));
      }
    }
    const model = new Residual();
    expect(model.apply(ops.ones([2, 4])).shape).toEqual([2, 4]);
    expect(model.weights.map((w) => w.path)).toEqual([
      "residual/dense/kernel",
      "residual/dense/bias",
      "residual/dense_1/kernel",
      "residual/dense_1/bias",
    ]);
    const other = new Residual();
    other.build([null, 4]);
    expect(other.countParams()).toBe(40);
  });
});

describe("config", () => {
  test("is Keras' JSON: the InputLayer first, shapes of builds, an empty compile_config", () => {
    const json = JSON.parse(new Sequential([new Dense(2, { inputShape: [4] })]).toJSON());
    expect(json.module).toBe("keras");
    expect(json.class_name).toBe("Sequential");
    expect(json.config.layers.map((l: { class_name: string }) => l.class_name)).toEqual(["InputLayer", "Dense"]);
    expect(json.config.build_input_shape).toEqual([null, 4]);
    expect(json.build_config).toEqual({ input_shape: [null, 4] });
    expect(json.compile_config).toEqual({});
    expect(json.config.layers[1].build_config).toEqual({ input_shape: [null, 4] });
  });
  test("round trips through JSON and through getConfig, with weights of its own", () => {
    const model = small();
    const json = JSON.parse(model.toJSON());
    const copy = saving.deserialize<Sequential>(json);
    expect(JSON.parse(copy.toJSON())).toEqual(json);
    expect(copy.weights.map((w) => w.path)).toEqual(model.weights.map((w) => w.path));
    const again = Sequential.fromConfig(model.getConfig());
    expect(JSON.parse(again.toJSON())).toEqual(json);
    expect(again.layers[0]).not.toBe(model.layers[0]);
    expect(JSON.parse(JSON.stringify(model))).toEqual(json);
  });
  test("a model without shape stays without", () => {
    const copy = saving.deserialize<Sequential>(JSON.parse(new Sequential([new Dense(2)]).toJSON()));
    expect(copy.built).toBe(false);
    expect(copy.layers.length).toBe(1);
  });
  test("layers of one's own come back with customObjects", () => {
    class Twice extends Layer {
      override call(x: Tensor): Tensor {
        return ops.multiply(x, 2);
      }
    }
    const json = JSON.parse(new Sequential([Input([2]), new Twice()]).toJSON());
    const copy = saving.deserialize<Sequential>(json, { customObjects: { Twice } });
    expect(copy.apply(tensor([[1, 2]])).array()).toEqual([[2, 4]]);
  });
  test("the same seed makes the same weights", () => {
    const make = (): unknown[] => {
      setRandomSeed(42);
      return small()
        .getWeights()
        .map((w) => w.array());
    };
    expect(make()).toEqual(make());
  });
});

describe("summary", () => {
  test("of a built model", () => {
    const lines = text(small()).split("\n");
    expect(lines[0]).toBe('Model: "sequential"');
    expect(lines.find((l) => l.includes("dropout (Dropout)"))).toMatch(/\(None, 3\) .* 0 │$/);
    expect(lines.find((l) => l.includes("dense_1 (Dense)"))).toMatch(/\(None, 2\) .* 8 │$/);
    expect(lines).toContain(" Total params: 23 (92.00 B)");
  });
  test("of a model without shape", () => {
    expect(text(new Sequential([new Dense(2)]))).toMatch(/dense \(Dense\).*\?.*0 \(unbuilt\)/);
  });
  test("expandNested, showTrainable, layerRange", () => {
    const inner = small();
    inner.trainable = false;
    const model = new Sequential([inner, new Dense(1)]);
    let out = "";
    model.summary({ printFn: (s) => (out += s), expandNested: true, showTrainable: true });
    expect(out).toContain("└ dropout (Dropout)");
    expect(out).toMatch(/dense_2 \(Dense\).* Y /);
    expect(out).toMatch(/sequential .* N /);
    out = "";
    model.summary({ printFn: (s) => (out += s), layerRange: ["dense", "dense"] });
    expect(out).not.toContain("(Sequential)");
    expect(() => model.summary({ layerRange: ["x", "y"] })).toThrow("matches no layer");
  });
});

describe("weights in files", () => {
  test("come back bit by bit, from a file and from bytes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keratin-"));
    try {
      const path = join(folder, "w.safetensors");
      const model = small();
      await model.saveWeights(path);
      const other = new Sequential(
        [new Dense(3, { inputShape: [4], name: "dense" }), new Dropout(0.5), new Dense(2, { name: "dense_1" })],
        { name: "sequential" },
      );
      await other.loadWeights(path);
      expect(other.getWeights().map((w) => w.array())).toEqual(model.getWeights().map((w) => w.array()));
      const bytes = new Uint8Array(await readFile(path));
      other.setWeights(other.getWeights().map((w) => ops.zerosLike(w)));
      await other.loadWeights(bytes);
      expect(other.getWeights()[0]!.array()).toEqual(model.getWeights()[0]!.array());
    } finally {
      await rm(folder, { recursive: true });
    }
  });
  test("what does not fit is named, and nothing changes", async () => {
    const model = small();
    const before = model.getWeights().map((w) => w.array());
    const bytes = await new Sequential([new Dense(5, { inputShape: [4], name: "dense" })], { name: "sequential" }).saveWeights();
    const load = model.loadWeights(bytes);
    await expect(load).rejects.toThrow("shape of dense/kernel: the model has (4, 3), the file (4, 5)");
    await expect(load).rejects.toThrow("missing: dense_1/kernel");
    await expect(model.loadWeights(bytes.subarray(0, 40))).rejects.toThrow();
    expect(model.getWeights().map((w) => w.array())).toEqual(before);
  });
  test("skipMismatch loads what fits and warns", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const model = small();
    const bytes = await new Sequential([new Dense(3, { inputShape: [4], name: "dense", kernelInitializer: "ones" })], {
      name: "sequential",
    }).saveWeights();
    await model.loadWeights(bytes, { skipMismatch: true });
    expect(model.getWeights()[0]!.data[0]).toBe(1);
    expect(warn).toHaveBeenCalledOnce();
    warn.mockRestore();
  });
  test("a missing file is an error that names it", async () => {
    await expect(small().loadWeights("/nowhere/w.safetensors")).rejects.toThrow("/nowhere/w.safetensors");
  });
  test("an unbuilt model has none", async () => {
    await expect(new Sequential([new Dense(1)]).saveWeights()).rejects.toThrow("build the model first");
  });
});

describe("symbolic input and output", () => {
  test("a model of the first layers", () => {
    const model = new Sequential([Input([4]), new Dense(3, { activation: "relu" }), new Dense(2)]);
    expect(model.inputs.map((t) => t.shape)).toEqual([[null, 4]]);
    expect(model.outputs.map((t) => t.shape)).toEqual([[null, 2]]);
    const features = new Model(model.inputs, model.layers[0]!.output);
    const x = tensor([[1, -2, 3, 0.5]]);
    const expected = (model.layers[0] as Dense).apply(x);
    expect(features.apply(x).array()).toEqual(expected.array());
    expect(features.weights).toHaveLength(2);
  });
  test("a layer that is added gives another output; the input stays", () => {
    const model = new Sequential([Input([4]), new Dense(3)]);
    const [input, before] = [model.input, model.output];
    model.add(new Dense(5));
    expect(model.input).toBe(input);
    expect(model.output.shape).toEqual([null, 5]);
    expect(before.shape).toEqual([null, 3]);
  });
  test("before the model is built there are none", () => {
    expect(() => new Sequential([new Dense(3)]).inputs).toThrow("has no symbolic input and output before it is built");
  });
});

test("a build that fails in a later layer leaves none of the earlier ones built", () => {
  const model = new Sequential([new Dense(3), new Flatten(), new Dense(2, { kernelInitializer: () => ops.ones([1]) })]);
  expect(() => model.build([null, 4])).toThrow();
  expect(model.layers.map((layer) => [layer.built, layer.weights.length])).toEqual([
    [false, 0],
    [false, 0],
    [false, 0],
  ]);
  model.pop();
  model.build([null, 5]);
  expect(model.weights[0]!.shape).toEqual([5, 3]);
});

test("errors of a layer that is only being shaped say null for what is not known", () => {
  class Adds extends Layer {
    inner = new Dense(3);
    override call(x: Tensor): Tensor {
      return ops.add(this.inner.apply(x), ops.ones([7]));
    }
  }
  expect(() => new Sequential([Input([4]), new Adds({ name: "outer" })])).toThrow(/outer › add: shapes \[null, 3\] and \[7\]/);
});
