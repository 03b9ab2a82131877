// Each surprising consequence of tracing, pinned and explained, with what to write instead.
//
// A function given to `jit` or `grad`, a layer's `call`, a loss: keratin runs it once, on tensors that have a shape but no numbers yet,
// writes down the ops it calls, and from then on runs what was written down. Whatever JavaScript itself decides, it decides at that moment.

import {
  grad,
  jit,
  layers,
  ops,
  random,
  Sequential,
  StateError,
  setRandomSeed,
  Tensor,
  tensor,
  ValueError,
  Variable,
} from "keratin";
import { describe, expect, test, vi } from "vitest";

describe("what JavaScript decides is decided once", () => {
  test("a number from outside is frozen at its value when the function was traced", () => {
    let factor = 2;
    const f = jit((x: Tensor) => ops.multiply(x, factor));
    expect(f(tensor([1, 2])).array()).toEqual([2, 4]);
    factor = 10;
    expect(f(tensor([1, 2])).array()).toEqual([2, 4]); // still 2: the program has the constant in it
  });
  test("instead: a Variable, or an argument that is a tensor", () => {
    const factor = new Variable(2);
    const f = jit((x: Tensor) => ops.multiply(x, factor));
    f(tensor([1, 2]));
    factor.assign(10);
    expect(f(tensor([1, 2])).array()).toEqual([10, 20]);

    const g = jit((x: Tensor, k: Tensor) => ops.multiply(x, k));
    expect(g(tensor([1, 2]), tensor(10)).array()).toEqual([10, 20]);
  });

  test("a tensor from outside is frozen too", () => {
    let shift = tensor([1, 1]);
    const f = jit((x: Tensor) => ops.add(x, shift));
    expect(f(tensor([0, 0])).array()).toEqual([1, 1]);
    shift = tensor([5, 5]);
    expect(f(tensor([0, 0])).array()).toEqual([1, 1]);
  });

  test("side effects happen while tracing: once for each form of the arguments", () => {
    const seen = vi.fn();
    const f = jit((x: Tensor) => {
      seen(x.shape.join());
      return ops.sum(x);
    });
    for (const x of [[1], [2], [3, 4], [5, 6], [7]]) f(tensor(x));
    expect(seen.mock.calls).toEqual([["1"], ["2"]]);
  });

  test("Math.random is one number for ever; random ops with a SeedGenerator draw anew", () => {
    const once = jit((x: Tensor) => ops.add(x, Math.random()));
    expect(once(tensor([0])).item()).toBe(once(tensor([0])).item());
    const seed = new random.SeedGenerator(1);
    const anew = jit((x: Tensor) => ops.add(x, random.uniform([1], { seed })));
    expect(anew(tensor([0])).item()).not.toBe(anew(tensor([0])).item());
  });

  test("a branch on a number is taken when tracing and stays taken; a number among the arguments makes a program for each value", () => {
    let mode = "double";
    const f = jit((x: Tensor) => (mode === "double" ? ops.multiply(x, 2) : x));
    expect(f(tensor([3])).item()).toBe(6);
    mode = "keep";
    expect(f(tensor([3])).item()).toBe(6);

    const g = jit((x: Tensor, how: string) => (how === "double" ? ops.multiply(x, 2) : x));
    expect([g(tensor([3]), "double").item(), g(tensor([3]), "keep").item()]).toEqual([6, 3]);
  });

  test("a loop is written out: as many ops as turns", () => {
    const f = (x: Tensor): Tensor => {
      let y = x;
      for (let i = 0; i < 3; i++) y = ops.multiply(y, y);
      return y;
    };
    expect(jit(f)(tensor([2])).item()).toBe(256);
  });

  test("a Lambda layer is traced as well: what it reads from outside is frozen when the model's program is made", () => {
    let factor = 2;
    const model = new Sequential([new layers.Lambda((x) => ops.multiply(x, factor), { inputShape: [1] })]);
    expect(model.predictOnBatch(tensor([[1]])).item()).toBe(2);
    factor = 10;
    expect(model.predictOnBatch(tensor([[1]])).item()).toBe(2);
    // Another form of the data is another program, which reads it anew. Both answers stay: use a Variable of a layer.
    expect(model.predictOnBatch(tensor([[1], [1]])).array()).toEqual([[10], [10]]);
  });
});

describe("JavaScript's operators do not compute with tensors", () => {
  const x = tensor([1, 2]);
  const y = tensor([3, 4]);
  // What TypeScript refuses as well; here for those who write JavaScript.
  const anyX = x as unknown as number;
  const anyY = y as unknown as number;

  test.each<[string, () => unknown]>([
    ["x + y", () => anyX + anyY],
    ["x - y", () => anyX - anyY],
    ["x * y", () => anyX * anyY],
    ["x / y", () => anyX / anyY],
    ["x ** y", () => anyX ** anyY],
    ["-x", () => -anyX],
    ["x > 0", () => anyX > 0],
    ["x <= y", () => anyX <= anyY],
    // biome-ignore lint/suspicious/noDoubleEquals: it is what is tested
    ["x == 1", () => anyX == 1],
    ["Math.max(x, y)", () => Math.max(anyX, anyY)],
    ["Math.exp(x)", () => Math.exp(anyX)],
    ["Number(x)", () => Number(x)],
  ])("%s throws, and names the op", (_, compute) => {
    expect(compute).toThrow(ValueError);
    expect(compute).toThrow(/ops\.add\(x, y\) for x \+ y.*ops\.greater\(x, 0\) for x > 0.*x\.item\(\)/);
  });
  test("the same for traced tensors", () => {
    expect(() => jit((a: Tensor) => ops.add(a, (a as unknown as number) + 1))(x)).toThrow(ValueError);
    expect(() => jit((a: Tensor) => ((a as unknown as number) > 0 ? a : a))(x)).toThrow(ValueError);
  });
  test("the same for a Variable", () => {
    const v = new Variable([1, 2]) as unknown as number;
    for (const compute of [() => v + 1, () => v * 3, () => v > 0, () => -v, () => Math.exp(v)]) {
      expect(compute).toThrow(ValueError);
      expect(compute).toThrow(/ops\.add\(x, y\) for x \+ y.*ops\.greater\(x, 0\) for x > 0.*x\.value\.item\(\)/);
    }
  });
  test("in text a tensor prints itself, and a Variable says what it is", () => {
    expect(`${x}`).toBe("Tensor(float32[2], [1,2])");
    expect(`${new Variable([1], { name: "v" })}`).toBe("Variable(v, float32[1])");
  });

  test("=== compares objects, never numbers: it cannot be trapped. ops.equal compares", () => {
    const [a, b] = [tensor([1]), tensor([1])];
    expect(a === b).toBe(false);
    expect(ops.equal(a, b).array()).toEqual([true]);
  });
  test("if (x) is always true, even for a zero: it cannot be trapped. ops.where chooses", () => {
    expect(tensor(0) ? "true" : "false").toBe("true");
    expect(!tensor(false)).toBe(false);
    const relu = jit((a: Tensor) => ops.where(ops.greater(a, 0), a, 0));
    expect(relu(tensor([-1, 2])).array()).toEqual([0, 2]);
  });
  test("!x, x && y and x ?? y look at the object; so do sort and includes of arrays of tensors", () => {
    expect(x && y).toBe(y);
    expect([x].includes(tensor([1, 2]))).toBe(false);
  });
});

describe("values that are not there yet, or not there any more", () => {
  test("reading the numbers of a traced tensor throws, and says what to do", () => {
    for (const read of [(x: Tensor) => x.data, (x: Tensor) => x.array(), (x: Tensor) => x.item()] as const) {
      const f = jit((x: Tensor) => ops.multiply(x, Number(read(x))));
      expect(() => f(tensor([1]))).toThrow(StateError);
      expect(() => f(tensor([1]))).toThrow(/is being traced.*`ops\.where` in the place of an if/);
    }
    // Eagerly the same function works: numbers are at hand there.
    expect(((x: Tensor) => ops.multiply(x, x.item()))(tensor([3])).item()).toBe(9);
  });
  test("shape and dtype are known, so a branch on them is fine", () => {
    const f = jit((x: Tensor) => (x.shape.length === 1 ? ops.expandDims(x, 0) : x));
    expect(f(tensor([1, 2])).shape).toEqual([1, 2]);
    expect(f(tensor([[1, 2]])).shape).toEqual([1, 2]);
  });

  test("a tensor that leaked out of its trace says so when it is used", () => {
    let leaked: Tensor | undefined;
    const f = jit((x: Tensor) => {
      leaked = ops.multiply(x, 2);
      return x;
    });
    f(tensor([1]));
    expect(() => leaked!.data).toThrow(StateError);
    expect(() => ops.add(leaked!, 1)).toThrow(/made inside a traced function that has ended.*return it/);
    expect(() => jit((x: Tensor) => ops.add(x, leaked!))(tensor([1]))).toThrow(/made inside a traced function that has ended/);
    expect(String(leaked)).toBe("Tensor(float32[1], traced)");
  });
  test("instead: return it, or keep it in a Variable", () => {
    const last = new Variable([0]);
    const f = jit((x: Tensor) => {
      const twice = ops.multiply(x, 2);
      last.assign(twice);
      return [x, twice] as const;
    });
    expect(f(tensor([4]))[1].item()).toBe(8);
    expect(last.value.item()).toBe(8);
  });

  test("a failed trace leaves nothing open: the next op computes at once", () => {
    expect(() =>
      jit((x: Tensor) => {
        throw new Error(`broken at ${x.shape}`);
      })(tensor([1])),
    ).toThrow("broken at 1");
    expect(ops.add(tensor([1]), 1).array()).toEqual([2]);
  });
});

describe("functions of functions", () => {
  test("grad needs a scalar: a vector is not summed silently", () => {
    expect(() => grad((x: Tensor) => ops.square(x))(tensor([1, 2]))).toThrow(
      /must return a scalar, it returned shape \[2\].*ops\.mean or ops\.sum/,
    );
    expect(grad((x: Tensor) => ops.sum(ops.square(x)))(tensor([1, 2])).array()).toEqual([2, 4]);
  });
  test("an async function cannot be traced: it returns a promise before it has computed", () => {
    const f = (async (x: Tensor) => ops.sum(x)) as unknown as (x: Tensor) => Tensor;
    expect(() => grad(f)(tensor([1]))).toThrow(/a promise; it must not be async/);
  });
  test("a Variable that f reads is a constant for grad unless it is the argument", () => {
    const w = new Variable([3]);
    const f = (x: Tensor): Tensor => ops.sum(ops.multiply(x, w));
    expect(grad(f)(tensor([2])).array()).toEqual([3]);
    expect(grad((v: Variable) => ops.sum(ops.multiply(v, 2)))(w).array()).toEqual([2]);
  });
});

describe("data and memory", () => {
  test("a Tensor made of a Float32Array shares its memory: copy first if the array is changed later", () => {
    const numbers = new Float32Array([1, 2]);
    const shared = new Tensor(numbers, [2]);
    const copied = new Tensor(numbers.slice(), [2]);
    numbers[0] = 9;
    expect([shared.data[0], copied.data[0]]).toEqual([9, 1]);
  });
  test("results are copies: the next run does not overwrite them", () => {
    const f = jit((x: Tensor) => ops.multiply(x, 2));
    const first = f(tensor([1]));
    f(tensor([5]));
    expect(first.item()).toBe(2);
  });
  test("getWeights returns copies, so training does not change what you kept", () => {
    setRandomSeed(1);
    const model = new Sequential([new layers.Dense(1, { inputShape: [1] })]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    const kept = model.getWeights()[0]!;
    const before = kept.item();
    model.trainOnBatch(tensor([[1]]), tensor([[100]]));
    expect(kept.item()).toBe(before);
    expect(model.getWeights()[0]!.item()).not.toBe(before);
  });
  test("setting layer.trainable after compile is noticed: compile again", () => {
    const model = new Sequential([new layers.Dense(2, { inputShape: [1] }), new layers.Dense(1)]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    const step = () => model.trainOnBatch(tensor([[1]]), tensor([[1]]));
    step();
    model.layers[0]!.trainable = false;
    expect(step).toThrow(/trainable variables have changed since compile.*Call compile again/s);
    model.compile({ optimizer: "sgd", loss: "mse" });
    const frozen = model.layers[0]!.getWeights()[0]!.array();
    step();
    expect(model.layers[0]!.getWeights()[0]!.array()).toEqual(frozen);
  });
});
