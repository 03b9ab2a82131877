// Optimizers: ten steps of every golden with all state, then what the base class promises.

import {
  constraints,
  grad,
  jit,
  ops,
  optimizers,
  ShapeError,
  StateError,
  saving,
  type Tensor,
  tensor,
  ValueError,
  Variable,
} from "keratin";
import { describe, expect, test } from "vitest";
import { agrees, type Case, type Recorded, slice, topic } from "./goldenReader.js";

const { cases, array } = topic("optimizers");
const asTensor = (a: Recorded): Tensor => tensor(Float32Array.from(a.data), { shape: a.shape });
const TOLERANCE = { rtol: 2e-5, atol: 2e-6 };

interface Golden extends Case {
  variables: { trajectory: string; gradients: string; name?: string }[];
  optimizer_variables: { path: string; trajectory: string }[];
  learning_rates: number[];
  steps: number;
  finalized?: string[];
  options?: { exclude?: number[]; constraints?: Record<string, string> };
}

describe.each(cases as Golden[])("$id", (c) => {
  const make = (): optimizers.Optimizer =>
    optimizers.deserialize({ module: "keras.optimizers", class_name: c.class, config: c.config, registered_name: null });

  test("ten steps give Keras' weights, state and learning rates", () => {
    const optimizer = make();
    const vars = c.variables.map(
      (v, i) => new Variable(asTensor(slice(array(c, v.trajectory), 0)), { name: v.name ?? `var${i}` }),
    );
    for (const [i, name] of Object.entries(c.options?.constraints ?? {})) vars[Number(i)]!.constraint = constraints.get(name);
    if (c.options?.exclude) optimizer.excludeFromWeightDecay({ varList: c.options.exclude.map((i) => vars[i]!) });
    optimizer.build(vars);
    for (let s = 0; s < c.steps; s++) {
      optimizer.apply(
        c.variables.map((v) => asTensor(slice(array(c, v.gradients), s))),
        vars,
      );
      vars.forEach((v, i) =>
        agrees(v.value, slice(array(c, c.variables[i]!.trajectory), s + 1), { ...TOLERANCE, what: `step ${s} variable ${i}` }),
      );
      c.optimizer_variables.forEach((o, i) => {
        agrees(optimizer.variables[i]!.value, slice(array(c, o.trajectory), s), { ...TOLERANCE, what: `step ${s} ${o.path}` });
      });
      expect(optimizer.learningRate).toBeCloseTo(c.learning_rates[s]!, 6);
    }
    if (c.finalized) {
      optimizer.finalizeVariableValues(vars);
      c.finalized.forEach((f, i) => agrees(vars[i]!.value, array(c, f), { ...TOLERANCE, what: `finalized ${i}` }));
    }
    // Keras gives Adafactor's and Nadam's own variables no proper paths.
    if (c.class !== "Adafactor" && c.class !== "Nadam")
      expect(optimizer.variables.map((v) => v.path)).toEqual(c.optimizer_variables.map((o) => o.path));
  });

  test("its JSON is Keras'", () => {
    expect(saving.serialize(make()).config).toEqual(c.config);
  });
});

const step = (optimizer: optimizers.Optimizer, w: Variable, g: number[]): number[] => {
  optimizer.apply([tensor(g)], [w]);
  return Array.from(w.value.data);
};

describe("the base class", () => {
  test("a subclass writes one update and has everything else", () => {
    class Sign extends optimizers.Optimizer {
      static override readonly className: string = "Sign";
      protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
        w.assign(ops.subtract(w.value, ops.multiply(lr, ops.sign(g))));
      }
    }
    const w = new Variable([1, -2]);
    const sign = new Sign({ learningRate: 0.5, weightDecay: 0.5 });
    expect(step(sign, w, [3, -7])).toEqual([1 - 0.25 - 0.5, -2 + 0.5 + 0.5]);
    expect(sign.getConfig()).toMatchObject({ learningRate: 0.5, weightDecay: 0.5, name: "sign" });
    const again = saving.deserialize(saving.serialize(sign), { customObjects: { Sign } });
    expect(again).toBeInstanceOf(Sign);
  });

  test("names count up and slots carry the variable's path", () => {
    const adam = new optimizers.Adam({ name: "adam" });
    adam.build([new Variable([1], { name: "kernel", path: "sequential/dense" })]);
    expect(adam.variables.map((v) => v.path)).toEqual([
      "adam/iteration",
      "adam/learning_rate",
      "adam/sequential_dense_kernel_momentum",
      "adam/sequential_dense_kernel_velocity",
    ]);
  });

  test("the learning rate is read and set as a number; a step sees the new one without a new program", () => {
    const w = new Variable([1]);
    const sgd = new optimizers.SGD({ learningRate: 0.5 });
    expect(sgd.learningRate).toBe(0.5);
    expect(step(sgd, w, [1])).toEqual([0.5]);
    sgd.learningRate = 0.25;
    expect(step(sgd, w, [1])).toEqual([0.25]);
    expect(sgd.iterations).toBe(2);
    const scheduled = new optimizers.SGD({ learningRate: new optimizers.schedules.PiecewiseConstantDecay([0], [1, 0.5]) });
    expect(() => (scheduled.learningRate = 0.1)).toThrow(StateError);
    expect([step(scheduled, new Variable([1]), [1]), scheduled.learningRate]).toEqual([[0], 0.5]);
  });

  test("a function gives the rate of each eager step", () => {
    let rate = 1;
    const w = new Variable([1]);
    const sgd = new optimizers.SGD({ learningRate: () => rate });
    step(sgd, w, [0.5]);
    rate = 0;
    expect(step(sgd, w, [9])).toEqual([0.5]);
  });

  test("a step inside jit is the step outside", () => {
    const [a, b] = [new Variable([1, -2]), new Variable([1, -2])];
    const [inside, outside] = [new optimizers.Adam({ learningRate: 0.1 }), new optimizers.Adam({ learningRate: 0.1 })];
    inside.build([a]);
    const loss = (x: Tensor): Tensor => ops.sum(ops.square(x));
    const train = jit((): Tensor => {
      const g = grad(loss)(a.value);
      inside.apply([g], [a]);
      return loss(a.value);
    });
    for (let i = 0; i < 3; i++) {
      train();
      outside.apply([grad(loss)(b.value)], [b]);
    }
    expect(a.value.array()).toEqual(b.value.array());
    expect(inside.iterations).toBe(3);
  });

  test("null gradients leave their variables alone", () => {
    const [a, b] = [new Variable([1]), new Variable([1])];
    new optimizers.SGD({ learningRate: 1 }).apply([null, tensor([1])], [a, b]);
    expect([a.value.array(), b.value.array()]).toEqual([[1], [0]]);
  });

  test("weight decay stays away from names that a pattern finds", () => {
    const [kernel, bias] = [new Variable([1], { name: "kernel" }), new Variable([1], { name: "bias" })];
    const sgd = new optimizers.SGD({ learningRate: 0.5, weightDecay: 0.5 });
    sgd.excludeFromWeightDecay({ varNames: ["bias"] });
    sgd.apply([tensor([0]), tensor([0])], [kernel, bias]);
    expect([kernel.value.array(), bias.value.array()]).toEqual([[0.75], [1]]);
    expect(() => sgd.excludeFromWeightDecay({ varNames: ["x"] })).toThrow(StateError);
  });

  test("a global norm that is not finite shows as NaN in all gradients", () => {
    const [a, b] = [new Variable([1]), new Variable([1])];
    new optimizers.SGD({ globalClipnorm: 1 }).apply([tensor([Infinity]), tensor([1])], [a, b]);
    expect(b.value.item()).toBeNaN();
  });

  test("accumulation counts public iterations and touches nothing in between", () => {
    const w = new Variable([1]);
    const sgd = new optimizers.SGD({ learningRate: 1, gradientAccumulationSteps: 2 });
    expect([step(sgd, w, [1]), sgd.iterations]).toEqual([[1], 0]);
    expect([step(sgd, w, [3]), sgd.iterations]).toEqual([[-1], 1]);
  });

  test("loss scaling multiplies the loss and divides the gradients", () => {
    const w = new Variable([1]);
    const sgd = new optimizers.SGD({ learningRate: 1, lossScaleFactor: 8 });
    expect(sgd.scaleLoss(tensor(2)).item()).toBe(16);
    expect(step(sgd, w, [8])).toEqual([0]);
    const scaled = new optimizers.LossScaleOptimizer(new optimizers.SGD({ learningRate: 1 }), { initialScale: 8 });
    const v = new Variable([1]);
    expect([step(scaled, v, [Infinity]), scaled.dynamicScale, scaled.iterations]).toEqual([[1], 4, 0]);
    expect([step(scaled, v, [4]), scaled.dynamicScale, scaled.iterations]).toEqual([[0], 4, 1]);
  });

  test("each variable gets the optimizer that the map names", () => {
    const [kernel, bias] = [new Variable([1], { name: "kernel" }), new Variable([1], { name: "bias" })];
    const map = new optimizers.OptimizerMap(new optimizers.SGD({ learningRate: 0.5 }), {
      optimizerMap: { ".*bias": new optimizers.SGD({ learningRate: 0.25 }) },
    });
    const multi = new optimizers.MultiOptimizer(map);
    multi.apply([tensor([1]), tensor([1])], [kernel, bias]);
    expect([kernel.value.item(), bias.value.item(), multi.iterations]).toEqual([0.5, 0.75, 1]);
    const again = optimizers.deserialize(JSON.parse(JSON.stringify(saving.serialize(multi)))) as optimizers.MultiOptimizer;
    expect(again.optimizers.map((o) => o.learningRate)).toEqual([0.5, 0.25]);
    expect(() => multi.learningRate).toThrow(/its `optimizers`/);
  });

  test("bad input is an error that changes nothing", () => {
    const w = new Variable([1, 2]);
    const sgd = new optimizers.SGD();
    expect(() => sgd.apply([tensor([1])], [w])).toThrow(ShapeError);
    expect(() => sgd.apply([tensor([1, 1]), tensor([1])], [w])).toThrow(ShapeError);
    expect(() => sgd.apply([null], [w])).toThrow(ValueError);
    expect(() => sgd.apply([tensor([1, 1])], [new Variable([1, 1])])).toThrow(/unknown variable/);
    expect(sgd.iterations).toBe(0);
    expect(w.value.array()).toEqual([1, 2]);
    expect(() => new optimizers.SGD({ clipnorm: 1, clipvalue: 1 })).toThrow(/only one of/);
    expect(() => new optimizers.SGD({ momentum: 2 })).toThrow(/momentum must be in \[0, 1\]/);
    expect(() => new optimizers.SGD({ gradientAccumulationSteps: 1 })).toThrow(/integer ≥ 2/);
    expect(() => new optimizers.AdamW({ weightDecay: null })).toThrow(/Use Adam/);
    // @ts-expect-error a misspelt option
    expect(() => new optimizers.Adam({ learningrate: 1 })).toThrow(/Did you mean "learningRate"/);
    for (const rate of ["x", Number.NaN, Infinity, null]) {
      const text = "learningRate must be a finite number, a schedule or a function, received";
      expect(() => new optimizers.SGD({ learningRate: rate as number })).toThrow(text);
      expect(() => {
        sgd.learningRate = rate as number;
      }).toThrow(text);
    }
    expect(sgd.learningRate).toBe(Math.fround(0.01));
    for (const variables of [5, [5]])
      expect(() => new optimizers.SGD({ name: "s" }).build(variables as unknown as Variable[])).toThrow(
        /^s: build takes a list of Variables, received (5|an array of 1)\.$/,
      );
  });

  test("identifiers: any case, JSON, class, instance, null; near misses are named", () => {
    expect(optimizers.get("AdamW")).toBeInstanceOf(optimizers.AdamW);
    expect(optimizers.get("rmsprop")).toBeInstanceOf(optimizers.RMSprop);
    expect(optimizers.get(optimizers.Lion)).toBeInstanceOf(optimizers.Lion);
    expect(optimizers.get({ class_name: "SGD", config: { learning_rate: 0.5 } })?.learningRate).toBe(0.5);
    expect(optimizers.get(null)).toBeNull();
    expect(() => optimizers.get("adamm")).toThrow(/Did you mean "adam"/);
  });
});
