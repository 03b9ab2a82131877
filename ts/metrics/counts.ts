// Counts of right and wrong answers, and the shares made of them: precision and recall.

import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import type { Tensor, TensorLike } from "../tensor.js";
import type { Variable } from "../variable.js";
import { type Counts, count, NEVER, thresholdsOf } from "./confusion.js";
import { Metric, type MetricOptions, metricDefaults, type UpdateOptions } from "./metric.js";
import { weightsOf } from "./reduction.js";

export interface CountMetricOptions extends MetricOptions {
  /** One or several in [0, 1]: with several, the result has one number for each. Default 0.5. */
  thresholds: number | readonly number[] | null;
}

/** A number when there is one threshold, else one per threshold. */
const oneOrAll = (x: Tensor): Tensor => (x.size === 1 ? ops.reshape(x, []) : x);

/** Counts one of the four cases. */
abstract class CountMetric extends Metric<CountMetricOptions> {
  static override readonly defaults: Config = metricDefaults(null, { thresholds: null });
  readonly thresholds: readonly number[];
  readonly #case: keyof Counts;
  readonly #accumulator: Variable;

  constructor(which: keyof Counts, options: Partial<CountMetricOptions>) {
    super(options);
    this.#case = which;
    this.thresholds = thresholdsOf(this.name, this.config.thresholds);
    this.#accumulator = this.addVariable([this.thresholds.length], "zeros", { name: "accumulator" });
  }

  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    const sampleWeight = weightsOf(this.name, options);
    count(this.name, { [this.#case]: this.#accumulator }, yTrue, yPred, { thresholds: this.thresholds, sampleWeight });
  }

  override result(): Tensor {
    return oneOrAll(this.#accumulator.value);
  }
}

/** How many positives were predicted to be positive (p > threshold). */
export class TruePositives extends CountMetric {
  static override readonly className: string = "TruePositives";
  constructor(options: Partial<CountMetricOptions> = {}) {
    super("truePositives", options);
  }
}
/** How many negatives were predicted to be negative (p ≤ threshold). */
export class TrueNegatives extends CountMetric {
  static override readonly className: string = "TrueNegatives";
  constructor(options: Partial<CountMetricOptions> = {}) {
    super("trueNegatives", options);
  }
}
/** How many negatives were predicted to be positive (p > threshold). */
export class FalsePositives extends CountMetric {
  static override readonly className: string = "FalsePositives";
  constructor(options: Partial<CountMetricOptions> = {}) {
    super("falsePositives", options);
  }
}
/** How many positives were predicted to be negative (p ≤ threshold). */
export class FalseNegatives extends CountMetric {
  static override readonly className: string = "FalseNegatives";
  constructor(options: Partial<CountMetricOptions> = {}) {
    super("falseNegatives", options);
  }
}

export interface ShareOptions extends CountMetricOptions {
  /** Only the k largest predictions of a row can be positive; without thresholds they all are. */
  topK: number | null;
  /** Look at this class only. */
  classId: number | null;
}

/** True positives, as a share of themselves and one kind of mistake. */
abstract class Share extends Metric<ShareOptions> {
  static override readonly defaults: Config = metricDefaults(null, { thresholds: null, topK: null, classId: null });
  override readonly direction = "up";
  readonly thresholds: readonly number[];
  readonly #mistake: "falsePositives" | "falseNegatives";
  readonly #right: Variable;
  readonly #wrong: Variable;

  constructor(mistake: "falsePositives" | "falseNegatives", name: string, options: Partial<ShareOptions>) {
    super(options);
    const { thresholds, topK } = this.config;
    this.#mistake = mistake;
    this.thresholds = thresholdsOf(this.name, thresholds, topK === null ? 0.5 : NEVER);
    this.#right = this.addVariable([this.thresholds.length], "zeros", { name: "true_positives" });
    this.#wrong = this.addVariable([this.thresholds.length], "zeros", { name });
  }

  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    const { topK, classId } = this.config;
    const sampleWeight = weightsOf(this.name, options);
    const counts = { truePositives: this.#right, [this.#mistake]: this.#wrong };
    count(this.name, counts, yTrue, yPred, { thresholds: this.thresholds, sampleWeight, topK, classId });
  }

  override result(): Tensor {
    const [right, wrong] = [this.#right.value, this.#wrong.value];
    return oneOrAll(ops.divideNoNan(right, ops.add(right, wrong)));
  }
}

/** tp / (tp + fp): how many of those predicted to be positive are; 0 when there are none. `new Precision({ thresholds: 0.5 })` */
export class Precision extends Share {
  static override readonly className: string = "Precision";
  constructor(options: Partial<ShareOptions> = {}) {
    super("falsePositives", "false_positives", options);
  }
}
/** tp / (tp + fn): how many of the positives were found; 0 when there are none. `new Recall({ thresholds: 0.5 })` */
export class Recall extends Share {
  static override readonly className: string = "Recall";
  constructor(options: Partial<ShareOptions> = {}) {
    super("falseNegatives", "false_negatives", options);
  }
}
