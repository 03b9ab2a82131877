// What all layers share: weights, sub-layers, the steps of a call, losses, masks, errors; and users' own layers.

import { beforeEach, describe, expect, test, vi } from "vitest";
import { grad, jit } from "../../ts/functions.js";
import * as layers from "../../ts/layers/index.js";
import { Dense, Dropout, Flatten, InputSpec, Layer, Masking } from "../../ts/layers/index.js";
import type { CallArguments, LayerOptions } from "../../ts/layers/layer.js";
import * as ops from "../../ts/ops.js";
import * as regularizers from "../../ts/regularizers.js";
import { clearNames } from "../../ts/saving/names.js";
import * as saving from "../../ts/saving.js";
import { type Tensor, tensor } from "../../ts/tensor.js";
import type { Variable } from "../../ts/variable.js";
import { layerTest } from "../layerTest.js";

beforeEach(clearNames);

/** y = factor · w · x, with one weight and one plain option. */
class Scale extends Layer {
  static override readonly className: string = "Scale";
  static override readonly defaults = { factor: 1 };
  readonly factor: number;
  w: Variable | undefined;
  constructor(options: LayerOptions & { factor?: number } = {}) {
    super(options);
    this.factor = options.factor ?? 1;
    this.supportsMasking = true;
  }
  override build(): void {
    this.w = this.addWeight({ shape: [], initializer: "ones", name: "w" });
  }
  override call(x: Tensor): Tensor {
    return ops.multiply(x, ops.multiply(this.w!, this.factor));
  }
}

/** Sub-layers in a property, an array and a map. */
class Block extends Layer {
  first = new Dense(3);
  more = [new Dense(3), new Dropout(0.5)];
  named = new Map([["last", new Dense(2)]]);
  override call(x: Tensor): Tensor {
    return this.named.get("last")!.apply(this.more.reduce<Tensor>((y, layer) => layer.apply(y), this.first.apply(x)));
  }
}

describe("options that are true or false", () => {
  const flags = Object.values(layers).flatMap((Class) => {
    if (!(typeof Class === "function" && Class.prototype instanceof Layer) || Class === layers.InputLayer) return [];
    const { className, defaults, required } = Class as unknown as typeof Layer;
    return Object.entries({ trainable: true, ...defaults }).flatMap(([key, usual]) =>
      typeof usual === "boolean"
        ? [[className, key, Class as unknown as new (...args: unknown[]) => Layer, required] as const]
        : [],
    );
  });
  test.each(flags)("%s refuses anything else as %s", (name, key, Class, required) => {
    const options = { [key]: "no" };
    expect(() => new Class(...required.map(() => undefined), options)).toThrow(
      `${name}: ${key} must be true or false, received "no".`,
    );
  });
  test("are many", () => expect(flags.length).toBeGreaterThan(80));
});

layerTest(Scale, {
  options: { factor: 2 },
  inputShape: [3, 4],
  outputShape: [null, 4],
  weights: ["w"],
  supportsMasking: true,
  customObjects: { Scale },
});

describe("names", () => {
  test("are the class in snake case, counted", () => {
    expect([new Dense(1).name, new Dense(1).name, new Scale().name]).toEqual(["dense", "dense_1", "scale"]);
  });
  test("given ones do not advance the counter, and have no slash", () => {
    new Dense(1, { name: "mine" });
    expect(new Dense(1).name).toBe("dense");
    expect(() => new Dense(1, { name: "a/b" })).toThrow(/without "\/"/);
  });
});

describe("sub-layers", () => {
  test("are found in properties, arrays and maps, in the order of assignment", () => {
    const block = new Block();
    block.apply(ops.ones([2, 4]));
    expect(block.subLayers.map((l) => l.name)).toEqual(["dense", "dense_1", "dropout", "dense_2"]);
    expect(block.weights.map((w) => w.path)).toEqual([
      "block/dense/kernel", "block/dense/bias", "block/dense_1/kernel", "block/dense_1/bias", "block/dense_2/kernel", "block/dense_2/bias",
    ]); // biome-ignore format: a list
  });
  test("their seed generators are variables, and no weights", () => {
    const block = new Block();
    block.apply(ops.ones([2, 4]));
    expect(block.variables.length).toBe(block.weights.length + 1);
    expect(block.nonTrainableVariables.length).toBe(1);
  });
  test("freezing one of them, or all", () => {
    const block = new Block();
    block.apply(ops.ones([2, 4]));
    block.first.trainable = false;
    expect(block.trainableWeights.length).toBe(4);
    expect(block.weights[0]!.path).toBe("block/dense/kernel"); // the order stays
    block.trainable = false;
    expect(block.trainableWeights).toEqual([]);
    expect(block.named.get("last")!.trainable).toBe(false);
  });
});

describe("calling", () => {
  test("training: said, else as the enclosing call, else false", () => {
    const seen: boolean[] = [];
    class Watch extends Layer {
      override call(x: Tensor, { training }: CallArguments): Tensor {
        seen.push(training);
        return x;
      }
    }
    class Outer extends Layer {
      inner = new Watch();
      override call(x: Tensor): Tensor {
        return this.inner.apply(x);
      }
    }
    new Watch().apply(ops.ones([1]));
    new Outer().apply(ops.ones([1]), { training: true });
    new Outer().apply(ops.ones([1]));
    expect(seen).toEqual([false, true, false]);
  });
  test("numbers and nested arrays are tensors", () => {
    expect(new Scale({ factor: 3 }).apply([[1, 2]] as never).array()).toEqual([[3, 6]]);
  });
  test("a call that returns no tensor names the layer and what came", () => {
    class Nothing extends Layer {
      override call(): Tensor {
        return undefined as never;
      }
    }
    expect(() => new Nothing().apply(ops.ones([1]))).toThrow(
      'Nothing.call() of layer "nothing" must return a tensor, or an array or object of tensors; it returned undefined.',
    );
  });
  test("an input of the wrong rank or size names the layer and both shapes, and changes nothing", () => {
    const dense = new Dense(2);
    expect(() => dense.apply(ops.ones([3]))).toThrow(
      'Input 0 of layer "dense" is incompatible with the layer: expected min_ndim=2, found ndim=1. Full shape received: (3,)',
    );
    expect(dense.built).toBe(false);
    dense.apply(ops.ones([3, 4]));
    expect(() => dense.apply(ops.ones([3, 5]))).toThrow(
      "expected axis -1 of input shape to have value 4, but received input with shape (3, 5)",
    );
    expect(dense.apply(ops.ones([1, 4])).shape).toEqual([1, 2]);
  });
  test("an error of the core carries the path of the layer", () => {
    class Bad extends Layer {
      override call(x: Tensor): Tensor {
        return ops.matmul(x, ops.ones([7, 7]));
      }
    }
    class Outer extends Layer {
      inner = new Bad();
      override call(x: Tensor): Tensor {
        return this.inner.apply(x);
      }
    }
    expect(() => new Outer().apply(ops.ones([2, 3]))).toThrow(/outer › bad/);
  });
  test("a build that fails leaves the layer as it was", () => {
    class Fails extends Layer {
      override build(): void {
        this.addWeight({ shape: [2], name: "w" });
        throw new Error("no");
      }
    }
    const layer: Layer = new Fails();
    expect(() => layer.build([null, 2])).toThrow("no");
    expect(layer.built).toBe(false);
    expect(layer.weights).toEqual([]);
  });
  test("weights are made in the middle of a trace", () => {
    const layer = new Dense(2, { kernelInitializer: "ones" });
    const y = jit((x: Tensor) => layer.apply(x))(ops.ones([1, 3])) as Tensor;
    expect(y.array()).toEqual([[3, 3]]);
    expect(layer.weights.length).toBe(2);
  });
  test("inputSpec of several inputs counts them", () => {
    class Two extends Layer {
      constructor() {
        super();
        this.inputSpec = [new InputSpec({ ndim: 2 }), new InputSpec({ ndim: 1 })];
      }
      override call(x: Tensor[]): Tensor {
        return x[0]!;
      }
    }
    expect(new Two().apply([ops.ones([1, 1]), ops.ones([1])]).shape).toEqual([1, 1]);
    expect(() => new Two().apply([ops.ones([1, 1])])).toThrow("expects 2 input(s), but it received 1");
  });
});

describe("losses", () => {
  // 4 × 3 ones · 3 × 2 ones: outputs 3; the penalty of Keras' documentation: l2 0.1 · 6 = 0.6, activity 24 / 4 = 6.
  test("the activity regularizer is divided by the batch, then come the penalties of weights", () => {
    const layer = new Dense(2, {
      kernelInitializer: "ones",
      kernelRegularizer: new regularizers.L2(0.1),
      activityRegularizer: new regularizers.L1(1),
    });
    layer.apply(ops.ones([4, 3]));
    expect(layer.losses.map((l) => l.item())).toEqual([6, Math.fround(0.6)]);
    layer.apply(ops.ones([4, 3]));
    expect(layer.losses.length).toBe(2); // a new outermost call starts over
    layer.trainable = false;
    expect(layer.losses.length).toBe(1); // a frozen weight has no penalty
  });
  test("those of a finished trace are gone", () => {
    const layer = new Dense(2, { activityRegularizer: "l2" });
    jit((x: Tensor) => layer.apply(x))(ops.ones([1, 3]));
    expect(layer.losses).toEqual([]);
  });
});

describe("statelessCall", () => {
  test("computes with the given values and leaves the layer's own", () => {
    const layer = new Dense(2, { kernelInitializer: "zeros" });
    layer.build([null, 3]);
    const [y, rest] = layer.statelessCall([ops.ones([3, 2]), ops.ones([2])], [], ops.ones([1, 3]));
    expect(y.array()).toEqual([[4, 4]]);
    expect(rest).toEqual([]);
    expect(layer.getWeights()[1]!.array()).toEqual([0, 0]);
  });
  test("returns what a seed generator becomes", () => {
    const layer = new Dropout(0.5, { seed: 7 });
    const before = layer.nonTrainableVariables[0]!.value.array();
    const [, after] = layer.statelessCall([], [tensor(before as number[], { dtype: "uint32" })], ops.ones([2, 2]), {
      training: true,
    });
    expect(layer.nonTrainableVariables[0]!.value.array()).toEqual(before);
    expect(after[0]!.array()).not.toEqual(before);
  });
  test("is what gradients are taken of", () => {
    const layer: Layer = new Scale({ factor: 3 });
    layer.build([null, 2]);
    const g = grad((w: Tensor) => ops.sum(layer.statelessCall([w], [], tensor([[1, 2]]))[0]))(tensor(1)) as Tensor;
    expect(g.item()).toBe(9); // d/dw Σ 3·w·x = 3 · (1 + 2)
  });
  test("counts the values", () => {
    const layer = new Dense(2);
    layer.build([null, 3]);
    expect(() => layer.statelessCall([ops.ones([3, 2])], [], ops.ones([1, 3]))).toThrow("expects 2 trainable values, received 1");
    expect(() => layer.statelessCall([ops.ones([3, 3]), ops.ones([2])], [], ops.ones([1, 3]))).toThrow("dense/kernel");
  });
});

describe("masks", () => {
  const masked = (): Tensor =>
    new Masking().apply(
      tensor([
        [
          [0, 0],
          [1, 2],
        ],
      ]),
    );
  test("travel through layers that support them, and end at others with a warning", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(new Dense(3).apply(masked()).mask!.array()).toEqual([[false, true]]);
    expect(new Scale().apply(masked()).mask!.array()).toEqual([[false, true]]);
    expect(warn).not.toHaveBeenCalled();
    expect(new Flatten().apply(masked()).mask).toBe(null);
    expect(warn.mock.calls[0]![0]).toContain("does not support masking");
    warn.mockRestore();
  });
  test("an explicit one wins", () => {
    let seen: unknown;
    class Look extends Layer {
      override call(x: Tensor, { mask }: CallArguments): Tensor {
        seen = (mask as Tensor).array();
        return ops.add(x, 0);
      }
      override computeMask(): null {
        return null;
      }
    }
    new Look().apply(masked(), { mask: tensor([[true, true]]) });
    expect(seen).toEqual([[true, true]]);
  });
});

test("setWeights checks everything before it writes anything", () => {
  const layer = new Dense(2, { kernelInitializer: "zeros" });
  layer.build([null, 2]);
  expect(() => layer.setWeights([ops.ones([2, 2]), ops.ones([3])])).toThrow(
    "(2,) (dense/bias) is not compatible with the provided weight shape (3,)",
  );
  expect(layer.getWeights()[0]!.array()).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

test("countParams before build says what to do", () => {
  expect(() => new Dense(2).countParams()).toThrow(/isn't built/);
});

test("a layer is built once", () => {
  const layer = new Dense(2);
  layer.build([null, 3]);
  layer.build([null, 3]);
  expect(layer.weights.length).toBe(2);
  expect(() => layer.build([null, 4])).toThrow("make a new layer");
});

test("a class of one's own that nobody names cannot be read back, and the error says how", () => {
  expect(() => saving.deserialize(saving.serialize(new Scale()))).toThrow(/customObjects/);
});
