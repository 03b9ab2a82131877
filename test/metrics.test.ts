// Metrics: small numbers by hand, state over several batches, weights, names, pure functions, metrics inside compiled steps.

import { IdentifierError, jit, losses, metrics, ops, ShapeError, saving, type Tensor, tensor, ValueError } from "keratin";
import { describe, expect, test } from "vitest";
import { make, near } from "./opsSupport.js";

type Updated = metrics.Metric;
/** The result after one update. */
const measured = (metric: Updated, yTrue: unknown, yPred: unknown, sampleWeight?: unknown): Tensor => {
  metric.updateState(
    yTrue as number[],
    yPred as number[],
    sampleWeight === undefined ? {} : { sampleWeight: sampleWeight as number[] },
  );
  return metric.result();
};

describe("Mean and Sum", () => {
  test("a mean over batches counts samples, with weights their sum", () => {
    const m = new metrics.Mean();
    near(m.result(), 0);
    m.updateState([1, 3, 5, 7]);
    near(m.result(), 4);
    m.updateState(10, { sampleWeight: 4 });
    near(m.result(), 56 / 8);
    expect(m.variables.map((v) => v.path)).toEqual(["mean/total", "mean/count"]);
    m.resetState();
    near(m.result(), 0);
  });
  test("weights per sample for values of more axes: those are averaged first", () => {
    const m = new metrics.Mean();
    m.updateState(
      [
        [1, 3],
        [5, 9],
      ],
      { sampleWeight: [1, 3] },
    );
    near(m.result(), (2 + 3 * 7) / 4);
    const each = new metrics.Mean();
    each.updateState([[1, 3]], { sampleWeight: [[1, 0]] });
    near(each.result(), 1); // mean(1·1, 3·0) over mean(1, 0)
  });
  test("a sum adds up", () => {
    const m = new metrics.Sum();
    m.updateState([
      [1, 2],
      [3, 4],
    ]);
    m.updateState([1, 3, 5, 7], { sampleWeight: [1, 1, 0, 0] });
    near(m.result(), 14);
  });
  test("options of an update are checked", () => {
    expect(() => new metrics.Mean().updateState([1], { sampleWeights: 1 } as object)).toThrow(/Did you mean "sampleWeight"/);
  });
});

const BINARY = { t: [0, 1, 1, 0, 1, 0], p: [0.1, 0.8, 0.3, 0.6, 0.9, 0.4], w: [1, 0.5, 2, 1, 1, 0] };

describe("answers of yes and no", () => {
  // Weighted: tp 0.5 + 1, fp 1, tn 1 + 0, fn 2.
  test.each<[string, () => Updated, number, number]>([
    ["BinaryAccuracy", () => new metrics.BinaryAccuracy(), 4 / 6, 2.5 / 5.5],
    ["TruePositives", () => new metrics.TruePositives(), 2, 1.5],
    ["FalsePositives", () => new metrics.FalsePositives(), 1, 1],
    ["TrueNegatives", () => new metrics.TrueNegatives(), 2, 1],
    ["FalseNegatives", () => new metrics.FalseNegatives(), 1, 2],
    ["Precision", () => new metrics.Precision(), 2 / 3, 1.5 / 2.5],
    ["Recall", () => new metrics.Recall(), 2 / 3, 1.5 / 3.5],
    // Pairs of a positive and a negative in the right order: 7 of 9; 2.5 of 3.5 by weight.
    ["AUC", () => new metrics.AUC(), 7 / 9, 2.5 / 3.5],
  ])("%s", (_, create, plain, weighted) => {
    near(measured(create(), BINARY.t, BINARY.p), plain);
    near(measured(create(), BINARY.t, BINARY.p, BINARY.w), weighted);
    const column = (xs: readonly number[]): number[][] => xs.map((x) => [x]);
    near(measured(create(), BINARY.t, column(BINARY.p), BINARY.w), weighted);
    near(measured(create(), column(BINARY.t), column(BINARY.p), BINARY.w), weighted);
    const twice = create();
    twice.updateState(BINARY.t.slice(0, 2), BINARY.p.slice(0, 2));
    near(measured(twice, BINARY.t.slice(2), BINARY.p.slice(2)), plain);
    twice.resetState();
    expect(twice.variables.every((v) => v.value.data.every((x) => x === 0))).toBe(true);
  });

  test("several thresholds: a number for each; even ones count as the others do", () => {
    near(measured(new metrics.Precision({ thresholds: [0.2, 0.5] }), BINARY.t, BINARY.p), [3 / 5, 2 / 3]);
    // 0, ½, 1 are even and go by buckets: p > 0 all, p > 0.5 as above, p > 1 none.
    near(measured(new metrics.TruePositives({ thresholds: [0, 0.5, 1] }), BINARY.t, BINARY.p), [3, 2, 0]);
    near(measured(new metrics.FalsePositives({ thresholds: [0, 0.5, 1] }), [0, 0, 0, 0], [0, 0.5, 0.51, 1]), [3, 2, 0]);
    expect(() => new metrics.Recall({ thresholds: [0.5, 1.5] })).toThrow(ValueError);
  });

  test("topK and classId", () => {
    const t = [
      [0, 1, 0],
      [0, 1, 0],
      [1, 0, 0],
    ];
    const p = [
      [0.1, 0.6, 0.3],
      [0.2, 0.3, 0.5],
      [0.3, 0.4, 0.2],
    ];
    near(measured(new metrics.Precision({ topK: 1, classId: 1 }), t, p), 1 / 2);
    near(measured(new metrics.Recall({ topK: 2 }), t, p), 1);
    near(measured(new metrics.Recall({ classId: -1 }), t, p), 0); // none there
    expect(() => measured(new metrics.Recall({ classId: 0 }), [1], [1])).toThrow(ShapeError);
  });

  test("the best of one share under a bound on another", () => {
    near(measured(new metrics.SensitivityAtSpecificity(0.5), BINARY.t, BINARY.p), 2 / 3);
    near(measured(new metrics.SpecificityAtSensitivity(0.5), BINARY.t, BINARY.p), 1);
    near(measured(new metrics.PrecisionAtRecall(0.5), BINARY.t, BINARY.p), 1);
    near(measured(new metrics.RecallAtPrecision(0.7), BINARY.t, BINARY.p), 2 / 3);
    expect(() => new metrics.RecallAtPrecision(1.2)).toThrow(ValueError);
    expect(() => new metrics.RecallAtPrecision(0.2, { numThresholds: 0 })).toThrow(ValueError);
  });

  test("other curves and sums under them", () => {
    near(measured(new metrics.AUC({ curve: "PR" }), BINARY.t, BINARY.p), 0.8512377, 1e-5); // from Keras
    near(measured(new metrics.AUC({ curve: "prgain" }), BINARY.t, BINARY.p), 0.5833333, 1e-5);
    // Points of (false, true positive rate) at −ε, ½, 1 + ε: (1, 1), (⅓, ⅔), (0, 0).
    near(measured(new metrics.AUC({ numThresholds: 3 }), BINARY.t, BINARY.p), (2 / 3) * (5 / 6) + (1 / 3) * (1 / 3));
    near(measured(new metrics.AUC({ numThresholds: 3, summationMethod: "minoring" }), BINARY.t, BINARY.p), (2 / 3) * (2 / 3));
    near(
      measured(new metrics.AUC({ numThresholds: 3, summationMethod: "majoring" }), BINARY.t, BINARY.p),
      2 / 3 + (1 / 3) * (2 / 3),
    );
    // At ¼: (⅔, 1), at ½: (⅓, ⅔).
    near(
      measured(new metrics.AUC({ thresholds: [0.5, 0.25] }), BINARY.t, BINARY.p),
      1 / 3 + (1 / 3) * (5 / 6) + (1 / 3) * (1 / 3),
    );
    const logit = (x: number): number => Math.log(x / (1 - x));
    near(measured(new metrics.AUC({ fromLogits: true }), BINARY.t, BINARY.p.map(logit)), 7 / 9);
    expect(() => new metrics.AUC({ curve: "RCO" as "ROC" })).toThrow(ValueError);
    expect(() => new metrics.AUC({ numLabels: 3 })).toThrow(ValueError);
  });

  test("multiLabel: areas per column, then their mean", () => {
    const t = BINARY.t.map((x) => [x, 1 - x]);
    const p = BINARY.p.map((x) => [x, x]);
    near(measured(new metrics.AUC({ multiLabel: true }), t, p), (7 / 9 + 2 / 9) / 2);
    near(measured(new metrics.AUC({ multiLabel: true, numLabels: 2, labelWeights: [3, 1] }), t, p), (3 * (7 / 9) + 2 / 9) / 4);
    expect(() => measured(new metrics.AUC({ multiLabel: true }), BINARY.t, BINARY.p)).toThrow(ShapeError);
  });
});

const ONE_HOT = [
  [0, 1, 0],
  [0, 0, 1],
  [1, 0, 0],
];
const SCORES = [
  [0.1, 0.6, 0.3],
  [0.2, 0.5, 0.3],
  [0.4, 0.4, 0.2],
];

describe("classes", () => {
  test("accuracies; of equal scores the first counts", () => {
    near(measured(new metrics.CategoricalAccuracy(), ONE_HOT, SCORES), 2 / 3);
    for (const labels of [[1, 2, 0], [[1], [2], [0]], make([1, 2, 0], [3], "int32")]) {
      near(measured(new metrics.SparseCategoricalAccuracy(), labels, SCORES), 2 / 3);
      near(measured(new metrics.SparseTopKCategoricalAccuracy({ k: 2 }), labels, SCORES), 1);
    }
    near(measured(new metrics.TopKCategoricalAccuracy({ k: 2 }), ONE_HOT, SCORES), 1);
    near(measured(new metrics.TopKCategoricalAccuracy({ k: 1 }), ONE_HOT, SCORES), 2 / 3);
    near(measured(new metrics.SparseTopKCategoricalAccuracy({ k: 1, fromSortedIds: true }), [1, 2], [[1, 0], [0, 2]]), 0.5); // biome-ignore format: rows
    near(measured(new metrics.Accuracy(), [[1], [2], [3]], [1, 2, 4]), 2 / 3);
  });

  test("sequences: the mean over all steps, and a mask takes steps out", () => {
    const p = make([0.9, 0.1, 0.2, 0.8, 0.3, 0.7, 0.6, 0.4], [2, 2, 2]);
    const labels = [
      [0, 0],
      [1, 1],
    ];
    near(measured(new metrics.SparseCategoricalAccuracy(), labels, p), 2 / 4);
    p.mask = tensor([
      [true, false],
      [true, false],
    ]);
    near(measured(new metrics.SparseCategoricalAccuracy(), labels, p), 1);
  });

  test("means of losses are the losses", () => {
    near(
      measured(new metrics.CategoricalCrossentropy(), ONE_HOT, SCORES),
      losses.get("categorical_crossentropy")!.call(ONE_HOT, SCORES).item(),
    );
    near(measured(new metrics.SparseCategoricalCrossentropy({ axis: -1 }), [1, 2, 0], SCORES), -Math.log(0.6 * 0.3 * 0.4) / 3);
    near(measured(new metrics.BinaryCrossentropy({ fromLogits: true }), [[1]], [[0]]), Math.log(2));
    near(measured(new metrics.MeanSquaredError(), [[0, 0]], [[1, 3]]), 5);
    near(measured(new metrics.LogCoshError(), [[0]], [[1]]), Math.log(Math.cosh(1)));
  });

  test("F-scores", () => {
    // The largest of each row are (0,1), (1,1), and of the tie both (2,0) and (2,1): class 0 tp 1; class 1 tp 1, fp 2; class 2 fn 1.
    near(measured(new metrics.F1Score(), ONE_HOT, SCORES), [1, (2 * (1 / 3)) / (1 / 3 + 1), 0], 1e-5);
    near(measured(new metrics.F1Score({ average: "macro", threshold: 0.35 }), ONE_HOT, SCORES), (1 + 0.5 + 0) / 3, 1e-5);
    // The same ones are above 0.35: tp 2, fp 2, fn 1; F₂ = 5·½·⅔ / (4·½ + ⅔)
    near(
      measured(new metrics.FBetaScore({ beta: 2, average: "micro", threshold: 0.35 }), ONE_HOT, SCORES),
      (5 * 0.5 * (2 / 3)) / (2 + 2 / 3),
      1e-5,
    );
    near(measured(new metrics.F1Score({ average: "weighted" }), ONE_HOT, SCORES, [1, 1, 0]), 0.5 * (2 / 3), 1e-5);
    expect(() => measured(new metrics.F1Score(), [1, 0], [1, 0])).toThrow(ShapeError);
    expect(() => new metrics.FBetaScore({ beta: 0 })).toThrow(ValueError);
    expect(() => new metrics.F1Score({ threshold: 0 })).toThrow(ValueError);
  });

  test("intersection over union", () => {
    // Pairs (true, predicted): (0,0) (0,1) (1,1) (1,1) (2,0): IoU of 0: 1/3, of 1: 2/3, of 2: 0/1.
    const [t, p] = [
      [0, 0, 1, 1, 2],
      [0, 1, 1, 1, 0],
    ];
    near(measured(new metrics.IoU(3, [0, 1]), t, p), (1 / 3 + 2 / 3) / 2);
    near(measured(new metrics.MeanIoU(3), t, p), 1 / 3);
    near(measured(new metrics.MeanIoU(4), t, p), 1 / 3); // a class that never occurs does not count
    near(measured(new metrics.IoU(3, [0], { ignoreClass: 2 }), t, p), 1 / 2);
    near(measured(new metrics.IoU(2, [0, 1]), t, p), (1 / 2 + 2 / 3) / 2); // class 2 lies outside
    near(measured(new metrics.BinaryIoU(), BINARY.t, BINARY.p), (2 / 4 + 2 / 4) / 2);
    near(measured(new metrics.BinaryIoU({ targetClassIds: [1], threshold: 0.8 }), [1, 0], [0.8, 0.7]), 1);
    near(measured(new metrics.OneHotIoU(3, [1]), ONE_HOT, SCORES), 1 / 2);
    near(measured(new metrics.OneHotMeanIoU(3), ONE_HOT, SCORES), (1 + 0.5 + 0) / 3);
    near(measured(new metrics.IoU(2, [0]), [0, 0, 1], [0, 1, 0], [2, 1, 1]), 2 / 4);
    expect(new metrics.IoU(2, [0]).dtype).toBe("int32");
    expect(() => new metrics.IoU(2, [2])).toThrow(ValueError);
    expect(() => new (metrics.IoU as unknown as new () => unknown)()).toThrow(ValueError);
  });
});

describe("numbers", () => {
  const T = [
    [0, 1, 0.5],
    [1, 2, -1],
  ];
  const P = [
    [0.1, 0.8, 0.5],
    [1.5, 1, 1],
  ];
  test("errors and correlations", () => {
    const squares = [0.01, 0.04, 0, 0.25, 1, 4];
    near(measured(new metrics.RootMeanSquaredError(), T, P), Math.sqrt(squares.reduce((a, b) => a + b) / 6));
    near(measured(new metrics.MeanSquaredError(), T, P, [0.2, 0.8]), 0.2 * (0.05 / 3) + 0.8 * (5.25 / 3));
    near(measured(new metrics.CosineSimilarity(), [[3, 4]], [[4, 3]]), 24 / 25); // the loss has the other sign
    near(measured(new metrics.PearsonCorrelation(), [[1, 2, 3]], [[2, 4, 6]]), 1);
    near(measured(new metrics.PearsonCorrelation({ axis: 0 }), [[1], [2]], [[5], [3]]), -1);
    near(measured(new metrics.ConcordanceCorrelation(), [[1, 2, 3]], [[2, 3, 4]]), (2 * (2 / 3)) / (4 / 3 + 1)); // shifted by one
  });
  test("R²: 1 is perfect, 0 is the mean", () => {
    near(measured(new metrics.R2Score(), [[1], [2], [3]], [[1], [2], [3]]), 1);
    near(measured(new metrics.R2Score(), [[1], [2], [3]], [[2], [2], [2]]), 0, 1e-6);
    near(measured(new metrics.R2Score({ classAggregation: null }), [[1, 1], [3, 5]], [[1, 1], [3, 3]]), [1, 0.5]); // biome-ignore format: rows
    // r = 0.75, n = 4, one regressor: 1 − 0.25·3/2
    near(measured(new metrics.R2Score({ numRegressors: 1 }), [[-1], [-1], [1], [1]], [[0], [-1], [1], [1]]), 1 - (0.25 * 3) / 2);
    expect(new metrics.R2Score().result().item()).toBeNaN();
    expect(() => measured(new metrics.R2Score(), [1], [1])).toThrow(ShapeError);
    expect(() => new metrics.R2Score({ numRegressors: -1 })).toThrow(ValueError);
  });
});

describe("state", () => {
  test("inside jit updates are part of the program", () => {
    const m = new metrics.BinaryAccuracy();
    const step = jit((t: Tensor, p: Tensor) => {
      m.updateState(t, p);
      return m.result();
    });
    near(step(tensor([1, 0]), tensor([0.9, 0.8])), 0.5);
    near(step(tensor([1, 1]), tensor([0.9, 0.8])), 0.75);
    near(m.result(), 0.75);
  });

  test("state that the first batch shapes can be made inside a program", () => {
    const m = new metrics.F1Score({ average: "macro" });
    const step = jit((t: Tensor, p: Tensor) => m.call(t, p));
    near(step(tensor(ONE_HOT), tensor(SCORES)), 0.5, 1e-5);
    near(step(tensor(ONE_HOT), tensor(SCORES)), 0.5, 1e-5);
    expect(m.variables.map((v) => v.path)).toEqual(
      ["true_positives", "false_positives", "false_negatives", "intermediate_weights"].map((n) => `f1_score/${n}`),
    );
    near(m.variables[0]!.value, [2, 2, 0]);
  });

  test("as pure functions", () => {
    const m = new metrics.Mean();
    const first = m.statelessUpdateState(m.statelessResetState(), [1, 3]);
    near(first, [4, 2]);
    const second = m.statelessUpdateState(first, [8], { sampleWeight: [2] });
    near(m.statelessResult(second), 20 / 4);
    near(m.result(), 0); // untouched
    expect(() => m.statelessResult([])).toThrow(/one value for each of its 2 variables/);
  });

  test("a metric of one's own, with another inside", () => {
    class Largest extends metrics.Metric {
      static override readonly className: string = "Largest";
      readonly #largest = this.addVariable([], "zeros", { name: "largest" });
      readonly errors = new metrics.Mean({ name: "errors" });
      override updateState(yTrue: Tensor, yPred: Tensor): void {
        const error = ops.abs(ops.subtract(yTrue, yPred));
        this.#largest.assign(ops.maximum(this.#largest.value, ops.max(error)));
        this.errors.updateState(error);
      }
      override result(): Tensor {
        return this.#largest.value;
      }
    }
    const m = new Largest();
    near(m.call([1, 2], [1, 5]), 3);
    near(m.call([1, 2], [2, 2]), 3);
    near(m.errors.result(), 1);
    expect(m.variables.map((v) => v.path)).toEqual([`${m.name}/largest`, "errors/total", "errors/count"]);
    m.resetState();
    near([m.result(), m.errors.result()], [0, 0]);
    expect(m.direction).toBeNull();
  });
});

describe("names", () => {
  test("strings and aliases", () => {
    expect(metrics.get("mse")).toBeInstanceOf(metrics.MeanSquaredError);
    expect(metrics.get("auc")).toBeInstanceOf(metrics.AUC);
    expect(metrics.get("f1_score")).toBeInstanceOf(metrics.F1Score);
    expect(metrics.get("log_cosh_error")!.name).toBe("logcosh");
    expect(metrics.get("Recall")).toBeInstanceOf(metrics.Recall);
    expect(metrics.get(null)).toBeNull();
    expect(() => metrics.get("acc")).toThrow(IdentifierError);
    expect(() => metrics.get("acuracy")).toThrow(/Did you mean "accuracy"/);
  });

  test("what compile makes of strings: by shapes, under their own name", () => {
    const kinds = [metrics.BinaryAccuracy, metrics.SparseCategoricalAccuracy, metrics.CategoricalAccuracy];
    const shapes = [
      [[8, 1], [8, 1]],
      [[8], [8, 3]],
      [[8, 3], [8, 3]],
    ] as const; // biome-ignore format: pairs
    shapes.forEach(([t, p], i) => {
      expect(metrics.resolve("accuracy", t, p)).toBeInstanceOf(kinds[i]!);
      expect(metrics.resolve("acc", t, p).name).toBe("acc");
    });
    expect(metrics.resolve("crossentropy", [8, 1], [8, 3])).toBeInstanceOf(metrics.SparseCategoricalCrossentropy);
    expect(metrics.resolve("mse", [8], [8]).name).toBe("mse");
    const own = new metrics.MeanSquaredError({ name: "mine" });
    expect(metrics.resolve(own, [8], [8])).toBe(own);
  });

  test("functions become means of their name", () => {
    const m = metrics.resolve(function worstError(t: Tensor, p: Tensor) {
      return ops.max(ops.abs(ops.subtract(t, p)), { axis: -1 });
    }, [2, 2], [2, 2]); // biome-ignore format: a function with a name
    expect([m.name, m.direction]).toEqual(["worst_error", null]);
    near(measured(m, [[0, 0], [0, 0]], [[1, 2], [0, 4]]), 3); // biome-ignore format: rows
    expect(metrics.resolve(losses.meanSquaredError, [2], [2]).direction).toBe("down");
  });

  test("directions for callbacks", () => {
    for (const name of ["auc", "accuracy", "cosine_similarity", "precision", "r2_score"])
      expect(metrics.get(name)!.direction).toBe("up");
    for (const name of ["mse", "root_mean_squared_error", "kl_divergence", "hinge"])
      expect(metrics.get(name)!.direction).toBe("down");
  });

  test("automatic names count up", () => {
    const [a, b] = [new metrics.TrueNegatives(), new metrics.TrueNegatives()].map((m) => m.name);
    expect(a).toMatch(/^true_negatives/);
    expect(b).not.toBe(a);
  });

  test("configs make equal metrics; JSON is Keras' own", () => {
    for (const m of [
      new metrics.AUC({ thresholds: [0.5, 0.25], curve: "PR", name: "a" }),
      new metrics.IoU(3, [0, 1], { ignoreClass: 2, name: "b" }),
      new metrics.RecallAtPrecision(0.7, { name: "c" }),
      new metrics.SparseTopKCategoricalAccuracy({ k: 3 }),
    ]) {
      const again = saving.deserialize<metrics.Metric>(saving.serialize(m));
      expect(again.constructor).toBe(m.constructor);
      expect(again.getConfig()).toEqual(m.getConfig());
    }
    expect(metrics.serialize(new metrics.BinaryAccuracy({ threshold: 0.3 }))).toEqual({
      module: "keras.metrics",
      class_name: "BinaryAccuracy",
      config: { name: "binary_accuracy", dtype: "float32", threshold: 0.3 },
      registered_name: null,
    });
    const wrapped = new metrics.MeanMetricWrapper(losses.huber, { name: "soft", delta: 0.5 });
    const again = metrics.deserialize(metrics.serialize(wrapped));
    near(measured(again, [[0]], [[3]]), 0.5 * 3 - 0.125);
    expect([again.name, again.direction]).toEqual(["soft", "down"]);
  });
});
