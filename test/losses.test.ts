// Losses: formulas on small numbers, weights and masks and reductions by a naive sum, names, labels out of range, losses of one's own.

import { DataError, grad, IdentifierError, jit, losses, ops, ShapeError, saving, type Tensor, tensor, ValueError } from "keratin";
import { describe, expect, test, vi } from "vitest";
import { make, near } from "./opsSupport.js";

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

const T = [
  [0, 1, 0.5],
  [1, 2, -1],
];
const P = [
  [0.1, 0.8, 0.5],
  [1.5, 1, 1],
];
const pairs = (f: (t: number, p: number) => number): number[] => T.map((row, i) => mean(row.map((t, j) => f(t, P[i]![j]!))));

describe("functions give a value per sample", () => {
  const cases: [string, (t: number[][], p: number[][]) => Tensor, (t: number, p: number) => number][] = [
    ["mean_squared_error", losses.meanSquaredError, (t, p) => (t - p) ** 2],
    ["mean_absolute_error", losses.meanAbsoluteError, (t, p) => Math.abs(t - p)],
    [
      "mean_absolute_percentage_error",
      losses.meanAbsolutePercentageError,
      (t, p) => (100 * Math.abs(t - p)) / Math.max(Math.abs(t), 1e-7),
    ],
    [
      "mean_squared_logarithmic_error",
      losses.meanSquaredLogarithmicError,
      (t, p) => (Math.log(Math.max(t, 1e-7) + 1) - Math.log(Math.max(p, 1e-7) + 1)) ** 2,
    ],
    ["huber", losses.huber, (t, p) => (Math.abs(t - p) <= 1 ? 0.5 * (t - p) ** 2 : Math.abs(t - p) - 0.5)],
    ["log_cosh", losses.logCosh, (t, p) => Math.log(Math.cosh(p - t))],
    ["poisson", losses.poisson, (t, p) => p - t * Math.log(p + 1e-7)],
  ];
  test.each(cases)("%s", (name, f, formula) => {
    near(f(T, P), pairs(formula), 1e-5);
    near(losses.get(name)!.call(T, P), mean(pairs(formula)), 1e-5);
  });

  test("huber takes its delta, cosine similarity its axis", () => {
    near(losses.huber([[0, 0]], [[0.25, 3]], { delta: 0.5 }), [(0.5 * 0.25 ** 2 + 0.5 * 3 - 0.125) / 2]);
    near(losses.cosineSimilarity([[3, 4]], [[4, 3]]), [-(12 + 12) / 25]);
    near(losses.cosineSimilarity([[1, 1]], [[1, -2]], { axis: 0 }), [-1, 1]);
    expect(() => losses.huber([[0]], [[0]], { detla: 1 } as object)).toThrow(/Did you mean "delta"/);
  });

  test("binary cross-entropy: probabilities and logits agree, smoothing moves labels towards ½", () => {
    const x = [-2, 0.3, 4];
    const expected = mean([1, 0, 1].map((t, i) => -t * Math.log(logistic(x[i]!)) - (1 - t) * Math.log(1 - logistic(x[i]!))));
    near(losses.binaryCrossentropy([[1, 0, 1]], [x], { fromLogits: true }), [expected]);
    near(losses.binaryCrossentropy([[1, 0, 1]], [x.map(logistic)]), [expected]);
    const smooth = -0.9 * Math.log(0.8) - 0.1 * Math.log(0.2); // 1 → 1·(1 − 0.2) + 0.1
    near(losses.binaryCrossentropy([[1]], [[0.8]], { labelSmoothing: 0.2 }), [smooth]);
    near(losses.binaryCrossentropy([[1]], [[0]]), [-Math.log(1e-7)], 1e-5); // cut to [1e-7, 1 − 1e-7], not infinite
  });

  test("categorical and sparse cross-entropy say the same, from logits too", () => {
    const logits = [
      [1, 2, 0.5],
      [0, -1, 3],
    ];
    const expected = [1, 2].map((c, i) => Math.log(logits[i]!.reduce((s, v) => s + Math.exp(v), 0)) - logits[i]![c]!);
    const oneHot = [
      [0, 1, 0],
      [0, 0, 1],
    ];
    near(losses.categoricalCrossentropy(oneHot, logits, { fromLogits: true }), expected);
    near(losses.sparseCategoricalCrossentropy([1, 2], logits, { fromLogits: true }), expected);
    near(losses.sparseCategoricalCrossentropy([[1], [2]], logits, { fromLogits: true }), expected);
    // Probabilities are scaled to the sum 1.
    near(losses.sparseCategoricalCrossentropy(make([1], [1], "int32"), [[1, 3]]), [-Math.log(0.75)]);
    near(losses.sparseCategoricalCrossentropy([7], [[0.5, 0.5]]), [0]); // no such class
  });

  test("an axis of classes in the middle", () => {
    const p = make([0.2, 0.5, 0.8, 0.5], [1, 2, 2]); // [batch, classes, places]
    near(losses.sparseCategoricalCrossentropy([[1, 0]], p, { axis: 1 }), [-Math.log(0.8), -Math.log(0.5)]);
    near(losses.categoricalCrossentropy(make([0, 1, 1, 0], [1, 2, 2]), p, { axis: 1 }), [-Math.log(0.8), -Math.log(0.5)]);
  });

  test("hinges take labels of 0 and 1 as −1 and 1", () => {
    near(losses.hinge([[1, 0]], [[0.5, -2]]), [0.25]);
    near(losses.hinge([[1, -1]], [[0.5, -2]]), [0.25]);
    near(losses.squaredHinge([[1, 0]], [[0.5, 1]]), [(0.25 + 4) / 2]);
    near(losses.categoricalHinge([[0, 1, 0]], [[0.2, 0.5, 0.7]]), [0.7 - 0.5 + 1]);
  });

  test("focal losses are cross-entropy times what is missing to certainty", () => {
    near(losses.binaryFocalCrossentropy([[1]], [[0.7]]), [-(0.3 ** 2) * Math.log(0.7)]);
    near(losses.binaryFocalCrossentropy([[0]], [[0.7]], { gamma: 1, applyClassBalancing: true }), [-0.75 * 0.7 * Math.log(0.3)]);
    near(losses.categoricalFocalCrossentropy([[0, 1]], [[0.3, 0.7]]), [-0.25 * 0.3 ** 2 * Math.log(0.7)]);
  });

  test("regions and distributions", () => {
    near(losses.klDivergence([[0.5, 0.5]], [[0.25, 0.75]]), [0.5 * Math.log(2) + 0.5 * Math.log(0.5 / 0.75)]);
    near(losses.dice([[1, 0, 1]], [[0.5, 0.5, 1]]), 1 - (2 * 1.5) / (2 + 2));
    expect(losses.dice([[1], [0]], [[1], [0]], { axis: 1 }).shape).toEqual([2]);
    // alpha weighs what was missed (0.5), beta what was invented (0.5)
    near(losses.tversky([[1, 0, 1]], [[0.5, 0.5, 1]], { alpha: 0.3, beta: 0.7 }), 1 - 1.5 / (1.5 + 0.3 * 0.5 + 0.7 * 0.5));
    near(losses.tversky([[1, 1]], [[0.5, 1]], { alpha: 1, beta: 0 }), 1 - 1.5 / 2);
    near(losses.categoricalGeneralizedCrossEntropy([1], [[0.75, 0.25]], 0.5), [(1 - 0.5) / 0.5]);
  });

  test("ctc of one label and one blank: all ways to read it", () => {
    // Two steps, classes blank and 1: label [1] is read from (1,1), (1,blank), (blank,1): all but (blank,blank).
    const p = logistic(1); // of class 1 in both steps
    near(losses.ctc([[1]], make([0, 1, 0, 1], [1, 2, 2])), [-Math.log(1 - (1 - p) ** 2)], 1e-5);
    expect(() => losses.ctc([1], [[1]])).toThrow(ShapeError);
  });

  test("circle: a sample without a partner counts nothing and leaves the gradient finite", () => {
    const embeddings = [
      [0.6, 0.8],
      [0.8, 0.6],
      [0, 1],
    ];
    const loss = losses.circle([0, 0, 1], embeddings);
    expect(loss.data[2]).toBe(0);
    expect(loss.mask!.array()).toEqual([true, true, false]);
    near(new losses.Circle().call([0, 0, 1], embeddings), (loss.data[0]! + loss.data[1]!) / 2, 1e-5);
    const g = grad((p: Tensor) => new losses.Circle().call([0, 0, 1], p))(tensor(embeddings));
    expect(g.data.every(Number.isFinite)).toBe(true);
  });
});

describe("one class warns", () => {
  test("categorical cross-entropy over one class", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    losses.categoricalCrossentropy([[1]], [[0.5]]);
    expect(warn.mock.calls[0]![0]).toMatch(/one class.*binaryCrossentropy/);
    warn.mockRestore();
  });
});

describe("reductions", () => {
  // Values per sample of T and P, mean absolute errors.
  const values = pairs((t, p) => Math.abs(t - p));
  const w = [0.2, 0.8];
  const weighted = values.map((v, i) => v * w[i]!);
  const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
  test.each([
    ["sum_over_batch_size", sum(values) / 2, sum(weighted) / 2],
    ["mean", sum(values) / 2, sum(weighted) / 2],
    ["sum", sum(values), sum(weighted)],
    ["mean_with_sample_weight", sum(values) / 2, sum(weighted) / sum(w)],
    ["none", values, weighted],
    [null, values, weighted],
  ] as const)("%s", (reduction, plain, withWeights) => {
    const loss = new losses.MeanAbsoluteError({ reduction });
    near(loss.call(T, P), plain);
    near(loss.call(T, P, { sampleWeight: w }), withWeights);
    near(loss.call(T, P, { sampleWeight: w.map((x) => [x]) }), withWeights);
    near(loss.call(T, P, { sampleWeight: make(w, [2]) }), withWeights);
  });

  test("one number weighs everything", () => {
    near(new losses.MeanAbsoluteError().call(T, P, { sampleWeight: 3 }), 3 * mean(values));
  });

  test("a mask takes samples out of the mean, and multiplies with weights", () => {
    const masked = tensor(P);
    masked.mask = tensor([true, false]);
    near(new losses.MeanAbsoluteError().call(T, masked), values[0]);
    near(new losses.MeanAbsoluteError({ reduction: "none" }).call(T, masked), [values[0], 0]);
    near(new losses.MeanAbsoluteError().call(T, masked, { sampleWeight: [0.5, 1] }), 0.5 * values[0]!);
    const empty = tensor(P);
    empty.mask = tensor([false, false]);
    near(new losses.MeanAbsoluteError().call(T, empty), 0);
  });

  test("ignoreClass counts the valid labels only, in the gradient too", () => {
    const loss = new losses.SparseCategoricalCrossentropy({ ignoreClass: -1 });
    const p = [
      [0.5, 0.5],
      [0, 0], // would be 0/0
    ];
    near(loss.call([1, -1], p), Math.log(2));
    near(grad((q: Tensor) => loss.call([1, -1], q))(tensor(p)), [1, -1, 0, 0]); // −ln(p₁/(p₀ + p₁))
  });

  test("[n] beside [n, 1] is one value per sample, not n²", () => {
    near(new losses.MeanSquaredError().call([1, 2, 3], [[1], [2], [5]]), 4 / 3);
    near(losses.hinge([1, 0], [[2], [-3]]), [0, 0]);
  });

  test("no samples: 0", () => {
    near(new losses.MeanSquaredError().call(make([], [0, 3]), make([], [0, 3])), []);
    near(new losses.MeanSquaredError().call(make([], [0, 2, 3]), make([], [0, 2, 3])), 0);
  });

  test("unknown reductions and options are refused", () => {
    expect(() => new losses.Huber({ reduction: "average" as "mean" })).toThrow(ValueError);
    expect(() => new losses.Huber({ detla: 1 } as object)).toThrow(/Huber: Unknown option "detla"\. Did you mean "delta"/);
    expect(() => new losses.Huber().call([[1]], [[1]], { sampleWeights: [1] } as object)).toThrow(/Did you mean "sampleWeight"/);
    expect(() => new losses.CategoricalGeneralizedCrossEntropy({ q: 1 })).toThrow(ValueError);
  });
});

test("inside jit and grad a loss is what it is outside", () => {
  const loss = new losses.CategoricalCrossentropy({ fromLogits: true, labelSmoothing: 0.1 });
  const t = tensor([[0, 1, 0]]);
  const x = tensor([[0.2, 1, -1]]);
  near(jit((p: Tensor) => loss.call(t, p))(x), loss.call(t, x).item());
  // Softmax minus the smoothed target, K = 3.
  const e = [0.2, 1, -1].map(Math.exp);
  const target = [0.1 / 3, 0.9 + 0.1 / 3, 0.1 / 3];
  near(
    grad((p: Tensor) => loss.call(t, p))(x),
    e.map((v, i) => v / (e[0]! + e[1]! + e[2]!) - target[i]!),
  );
});

describe("names", () => {
  test("functions' names, class names and aliases stand for losses", () => {
    expect(losses.get("mse")).toBeInstanceOf(losses.MeanSquaredError);
    expect(losses.get("mse")!.name).toBe("mse");
    expect(losses.get("Huber")!.name).toBe("huber_loss");
    expect(losses.get("KLD")).toBeInstanceOf(losses.KLDivergence);
    expect(losses.get(losses.Poisson)).toBeInstanceOf(losses.Poisson);
    expect(losses.get(null)).toBeNull();
    const own = new losses.Dice();
    expect(losses.get(own)).toBe(own);
    expect(() => losses.get("mean_squared_eror")).toThrow(IdentifierError);
    expect(() => losses.get("Mse")).toThrow(/Unknown loss "Mse"\. Did you mean "mse"/);
  });

  test("crossentropy is decided by shapes", () => {
    expect(losses.resolve("crossentropy", [32, 1], [32, 1])).toBeInstanceOf(losses.BinaryCrossentropy);
    expect(losses.resolve("CE", [32], [32, 10])).toBeInstanceOf(losses.SparseCategoricalCrossentropy);
    expect(losses.resolve("ce", [32, 1], [32, 10])).toBeInstanceOf(losses.SparseCategoricalCrossentropy);
    expect(losses.resolve("ce", [32, 10], [32, 10])).toBeInstanceOf(losses.CategoricalCrossentropy);
  });

  test("a function becomes a loss of its name", () => {
    const loss = losses.resolve(function worstError(t, p) {
      return ops.max(ops.abs(ops.subtract(t, p)), { axis: -1 });
    }, [2, 3], [2, 3]); // biome-ignore format: a function with a name
    expect(loss.name).toBe("worst_error");
    near(loss.call(T, P), mean([0.2, 2]));
  });

  test("configs make equal losses; JSON is Keras' own", () => {
    const loss = new losses.Tversky({ alpha: 0.2, axis: [1, 2] });
    expect(losses.Tversky.fromConfig(loss.getConfig()).getConfig()).toEqual(loss.getConfig());
    expect(losses.serialize(new losses.BinaryCrossentropy({ fromLogits: true }))).toEqual({
      module: "keras.losses",
      class_name: "BinaryCrossentropy",
      config: { name: "binary_crossentropy", reduction: "sum_over_batch_size", from_logits: true, label_smoothing: 0, axis: -1 },
      registered_name: null,
    });
    const wrapped = new losses.LossFunctionWrapper(losses.huber, { name: "soft", delta: 0.5 });
    const again = losses.deserialize(losses.serialize(wrapped));
    expect(again.name).toBe("soft");
    near(again.call([[0]], [[3]]), wrapped.call([[0]], [[3]]).item());
    near(wrapped.call([[0]], [[3]]), 0.5 * 3 - 0.125);
    expect(() => losses.deserialize({ module: "keras.initializers", class_name: "Zeros", config: {} })).toThrow(IdentifierError);
  });
});

describe("labels out of range", () => {
  const loss = new losses.SparseCategoricalCrossentropy();
  test("the first bad row is named", () => {
    expect(() => loss.checkTargets([0, 9, 3], [3, 10])).not.toThrow();
    expect(() => loss.checkTargets([0, 3, 10, 11], [4, 10])).toThrow(DataError);
    expect(() => loss.checkTargets([0, 3, 10, 11], [4, 10])).toThrow(/from 0 to 9.*Row 2 of y has 10/s);
    expect(() => loss.checkTargets([0, -1], [2, 10])).toThrow(/Row 1 of y has -1/);
    expect(() => loss.checkTargets([0.5], [1, 10])).toThrow(/Row 0 of y has 0\.5/);
    expect(() => loss.checkTargets([Number.NaN], [1, 10])).toThrow(DataError);
  });
  test("rows of several labels, another axis, ignoreClass", () => {
    expect(() => loss.checkTargets([0, 1, 2, 0, 1, 7], [2, 3, 5])).toThrow(/Row 1 of y has 7/);
    const middle = new losses.SparseCategoricalCrossentropy({ axis: 1 });
    expect(() => middle.checkTargets([0, 1, 2, 2], [2, 3, 2])).not.toThrow();
    expect(() => new losses.SparseCategoricalCrossentropy({ ignoreClass: -1 }).checkTargets([-1], [1, 10])).not.toThrow();
  });
});

describe("a loss of one's own", () => {
  class Cubic extends losses.Loss {
    static override readonly className: string = "Cubic";
    override call(yTrue: Tensor, yPred: Tensor): Tensor {
      return ops.mean(ops.power(ops.abs(ops.subtract(yTrue, yPred)), 3), { axis: -1 });
    }
  }
  test("writes call per sample; weights and the reduction come with it", () => {
    const cubic: losses.Loss = new Cubic();
    near(cubic.call([[0, 0]], [[1, 2]]), 4.5);
    near(cubic.call([[0, 0]], [[1, 2]], { sampleWeight: [2] }), 9);
    const each: losses.Loss = new Cubic({ reduction: "none" });
    near(each.call([[0], [0]], [[1], [2]]), [1, 8]);
    expect(new Cubic({ name: "third" }).name).toBe("third");
    expect(new Cubic().name).toMatch(/^cubic/);
  });
  test("is found by its class or by registration", () => {
    expect(losses.get(Cubic)).toBeInstanceOf(Cubic);
    const again = saving.deserialize(saving.serialize(new Cubic({ name: "third" })), { customObjects: { Cubic } });
    expect((again as unknown as Cubic).name).toBe("third");
  });
});
