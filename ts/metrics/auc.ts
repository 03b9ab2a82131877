// AUC: the area under the ROC, precision-recall or precision-recall-gain curve.

import { ShapeError, ValueError } from "../errors.js";
import { EPSILON } from "../losses/values.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { count, evenThresholds, thresholdsOf } from "./confusion.js";
import { Metric, type MetricOptions, metricDefaults, type UpdateOptions } from "./metric.js";
import { weightsOf } from "./reduction.js";

const CURVES = ["ROC", "PR", "PRGAIN"] as const;
const METHODS = ["interpolation", "minoring", "majoring"] as const;
type Curve = (typeof CURVES)[number];
type Method = (typeof METHODS)[number];

export interface AUCOptions extends MetricOptions {
  /** How many even thresholds make the curve. Default 200. */
  numThresholds: number;
  curve: Curve | Lowercase<Curve>;
  /** Heights between two points: their mean (for PR: Davis & Goadrich 2006), the smaller, or the larger. */
  summationMethod: Method | Capitalize<Method>;
  /** Thresholds in [0, 1] of one's own; two outer ones are added. */
  thresholds: readonly number[] | null;
  /** Columns of `[samples, labels]` each by itself, then their mean? Default: all together. */
  multiLabel: boolean;
  numLabels: number | null;
  /** Weights of the columns. */
  labelWeights: readonly number[] | null;
  fromLogits: boolean;
}

interface Cells {
  tp: Variable;
  fp: Variable;
  tn: Variable;
  fn: Variable;
}

/** The number from a list of names, in their spelling or in the one that Keras accepts too. */
function oneOf<T extends string>(option: string, given: string, known: readonly T[]): T {
  const found = known.find((k) => k === given || k.toLowerCase() === given || k === given[0]?.toLowerCase() + given.slice(1));
  if (found) return found;
  throw new ValueError(
    `AUC: ${option} is one of ${known.map((k) => JSON.stringify(k)).join(", ")}, received ${JSON.stringify(given)}.`,
  );
}

/**
 * Area under a curve, from counts at thresholds: 1 is perfect, for ROC 0.5 is chance.
 *
 * Predictions are probabilities in [0, 1], or logits with `fromLogits`. Errors: `ValueError` for options that do not fit together,
 * `ShapeError` for `multiLabel` without a matrix.
 * Example: `const m = new AUC(); m.updateState([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]); m.result() // 0.75`
 */
export class AUC extends Metric<AUCOptions> {
  static override readonly className: string = "AUC";
  static override readonly defaults: Config = metricDefaults(null, {
    numThresholds: 200,
    curve: "ROC",
    summationMethod: "interpolation",
    thresholds: null,
    multiLabel: false,
    numLabels: null,
    labelWeights: null,
    fromLogits: false,
  });
  override readonly direction = "up";
  readonly thresholds: readonly number[];
  readonly #curve: Curve;
  readonly #method: Method;
  readonly #labelWeights: Tensor | null;
  /** Made with the first batch when nobody says how many labels there are. */
  #cells: Cells | null = null;

  constructor(options: Partial<AUCOptions> = {}) {
    super(options);
    const { curve, summationMethod, multiLabel, numLabels, labelWeights, thresholds, numThresholds } = this.config;
    this.#curve = oneOf("curve", curve, CURVES);
    this.#method = oneOf("summationMethod", summationMethod, METHODS);
    if (thresholds) {
      const own = thresholdsOf("AUC", thresholds).sort((a, b) => a - b);
      this.thresholds = [-EPSILON, ...own, 1 + EPSILON];
    } else {
      if (!Number.isInteger(numThresholds) || numThresholds < 2) {
        throw new ValueError(`AUC: numThresholds must be an integer > 1, received ${numThresholds}.`);
      }
      this.thresholds = evenThresholds(numThresholds, -EPSILON, 1 + EPSILON);
    }
    this.#labelWeights = labelWeights ? ops.cast(tensor(labelWeights), "float32") : null;
    if (numLabels && !multiLabel) throw new ValueError("AUC: numLabels goes with multiLabel: true only.");
    if (!multiLabel || numLabels) this.#cells = this.#make(numLabels);
  }

  #make(labels: number | null): Cells {
    const n = this.thresholds.length;
    const make = (name: string): Variable => this.addVariable(labels === null ? [n] : [n, labels], "zeros", { name });
    return { tp: make("true_positives"), fp: make("false_positives"), tn: make("true_negatives"), fn: make("false_negatives") };
  }

  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    const { fromLogits, multiLabel } = this.config;
    const given = tensor(yPred);
    if (multiLabel && given.ndim !== 2) {
      throw new ShapeError(`AUC: multiLabel needs predictions [samples, labels], received shape [${given.shape.join(", ")}].`);
    }
    this.#cells ??= this.#make(given.shape[1]!);
    const { tp, fp, tn, fn } = this.#cells;
    const counts = { truePositives: tp, falsePositives: fp, trueNegatives: tn, falseNegatives: fn };
    const sampleWeight = weightsOf(this.name, options);
    count(this.name, counts, yTrue, fromLogits ? ops.sigmoid(given) : given, {
      thresholds: this.thresholds,
      sampleWeight,
      multiLabel,
      labelWeights: multiLabel ? null : this.#labelWeights,
    });
  }

  override result(): Tensor {
    if (!this.#cells) return ops.zeros([]);
    const counts = Object.fromEntries(Object.entries(this.#cells).map(([k, v]) => [k, (v as Variable).value])) as Record<
      keyof Cells,
      Tensor
    >;
    const stripes = this.#curve === "PR" && this.#method === "interpolation" ? davisGoadrich(counts) : this.#riemann(counts);
    const areas = ops.sum(stripes, { axis: 0 });
    if (!this.config.multiLabel) return areas;
    const weights = this.#labelWeights;
    return weights ? ops.divideNoNan(ops.sum(ops.multiply(areas, weights)), ops.sum(weights)) : ops.mean(areas);
  }

  /** Widths times heights between neighbours. Thresholds ascend, so x descends. */
  #riemann(counts: Record<keyof Cells, Tensor>): Tensor {
    const [x, y] = POINTS[this.#curve](counts);
    const [a, b] = neighbours(y);
    const heights =
      this.#method === "interpolation"
        ? ops.divide(ops.add(a, b), 2)
        : this.#method === "minoring"
          ? ops.minimum(a, b)
          : ops.maximum(a, b);
    return ops.multiply(ops.subtract(...neighbours(x)), heights);
  }

  override getConfig(): Record<string, unknown> {
    const { thresholds, ...config } = super.getConfig();
    const own = this.config.thresholds ? { thresholds: this.thresholds.slice(1, -1) } : {};
    return { ...config, curve: this.#curve, summationMethod: this.#method, numThresholds: this.thresholds.length, ...own };
  }
}

/** All but the last, all but the first, along the thresholds. */
const neighbours = (x: Tensor): [Tensor, Tensor] => [ops.getItem(x, { stop: x.shape[0]! - 1 }), ops.getItem(x, { start: 1 })];

const share = (a: Tensor, b: Tensor): Tensor => ops.divideNoNan(a, ops.add(a, b));

/** Points of the curves, one per threshold. */
const POINTS: Record<Curve, (counts: Record<keyof Cells, Tensor>) => [x: Tensor, y: Tensor]> = {
  ROC: ({ tp, fp, tn, fn }) => [share(fp, tn), share(tp, fn)],
  PR: ({ tp, fp, fn }) => [share(tp, fn), share(tp, fp)],
  // Flach & Kull, 2015
  PRGAIN: ({ tp, fp, tn, fn }) => {
    const scale = ops.divideNoNan(ops.add(tp, fn), ops.add(tn, fp));
    const gain = (mistakes: Tensor): Tensor => ops.subtract(1, ops.multiply(scale, ops.divideNoNan(mistakes, tp)));
    const none = ops.equal(tp, 0);
    return [ops.maximum(ops.where(none, 0, gain(fn)), 0), ops.where(none, 1, gain(fp))];
  },
};

/**
 * Stripes under the precision-recall curve where true positives, not precision, are interpolated between thresholds:
 * slope·(Δtp + intercept·ln(P₀/P₁)) / positives, with P = tp + fp and slope = Δtp/ΔP. Davis & Goadrich, 2006.
 */
function davisGoadrich({ tp, fp, fn }: Record<keyof Cells, Tensor>): Tensor {
  const [tp0, tp1] = neighbours(tp);
  const [p0, p1] = neighbours(ops.add(tp, fp));
  const gained = ops.subtract(tp0, tp1);
  const slope = ops.divideNoNan(gained, ops.maximum(ops.subtract(p0, p1), 0));
  const intercept = ops.subtract(tp1, ops.multiply(slope, p1));
  const both = ops.logicalAnd(ops.greater(p0, 0), ops.greater(p1, 0));
  const ratio = ops.where(both, ops.divideNoNan(p0, ops.maximum(p1, 0)), 1);
  const [, fn1] = neighbours(fn);
  const area = ops.multiply(slope, ops.add(gained, ops.multiply(intercept, ops.log(ratio))));
  return ops.divideNoNan(area, ops.maximum(ops.add(tp1, fn1), 0));
}
