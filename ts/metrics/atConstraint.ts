// The best of one share where another is at least a given value: SensitivityAtSpecificity and its kin.

import { ValueError } from "../errors.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import type { Tensor, TensorLike } from "../tensor.js";
import type { Variable } from "../variable.js";
import { count, evenThresholds } from "./confusion.js";
import { Metric, type MetricOptions, metricDefaults, type UpdateOptions } from "./metric.js";
import { weightsOf } from "./reduction.js";

export interface AtOptions extends MetricOptions {
  /** How many even thresholds are tried. Default 200. */
  numThresholds: number;
  /** Look at this class only. */
  classId: number | null;
}

type Cell = "tp" | "fp" | "tn" | "fn";
/** A share a / (a + b). */
type Ratio = readonly [a: Cell, b: Cell];
const SENSITIVITY: Ratio = ["tp", "fn"];
const SPECIFICITY: Ratio = ["tn", "fp"];
const PRECISION: Ratio = ["tp", "fp"];

/** max of one share over the thresholds at which another is ≥ the given value; 0 when there is no such threshold. */
abstract class BestAt extends Metric<AtOptions> {
  static override readonly defaults: Config = metricDefaults(null, { numThresholds: 200, classId: null });
  override readonly direction = "up";
  readonly thresholds: readonly number[];
  readonly #counts: Record<Cell, Variable>;
  readonly #best: Ratio;
  readonly #constrained: Ratio;
  readonly #least: number;

  constructor(best: Ratio, constrained: Ratio, least: number, options: Partial<AtOptions>) {
    super(options);
    const { numThresholds } = this.config;
    if (!(least >= 0 && least <= 1)) throw new ValueError(`${this.name}: the constraint must be in [0, 1], received ${least}.`);
    if (!Number.isInteger(numThresholds) || numThresholds < 1) {
      throw new ValueError(`${this.name}: numThresholds must be an integer > 0, received ${numThresholds}.`);
    }
    this.#best = best;
    this.#constrained = constrained;
    this.#least = least;
    this.thresholds = numThresholds === 1 ? [0.5] : evenThresholds(numThresholds);
    const make = (name: string): Variable => this.addVariable([this.thresholds.length], "zeros", { name });
    this.#counts = {
      tp: make("true_positives"),
      fp: make("false_positives"),
      tn: make("true_negatives"),
      fn: make("false_negatives"),
    };
  }

  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    const { tp, fp, tn, fn } = this.#counts;
    const counts = { truePositives: tp, falsePositives: fp, trueNegatives: tn, falseNegatives: fn };
    const sampleWeight = weightsOf(this.name, options);
    count(this.name, counts, yTrue, yPred, { thresholds: this.thresholds, sampleWeight, classId: this.config.classId });
  }

  override result(): Tensor {
    const share = ([a, b]: Ratio): Tensor => {
      const value = this.#counts[a].value;
      return ops.divideNoNan(value, ops.add(value, this.#counts[b].value));
    };
    return ops.max(ops.where(ops.greaterEqual(share(this.#constrained), this.#least), share(this.#best), 0), { initial: 0 });
  }
}

/** The best sensitivity (recall) with a specificity of at least the given one, in [0, 1]. */
export class SensitivityAtSpecificity extends BestAt {
  static override readonly className: string = "SensitivityAtSpecificity";
  static override readonly required: readonly string[] = ["specificity"];
  constructor(
    readonly specificity: number,
    options: Partial<AtOptions> = {},
  ) {
    super(SENSITIVITY, SPECIFICITY, specificity, options);
  }
}
/** The best specificity with a sensitivity (recall) of at least the given one, in [0, 1]. */
export class SpecificityAtSensitivity extends BestAt {
  static override readonly className: string = "SpecificityAtSensitivity";
  static override readonly required: readonly string[] = ["sensitivity"];
  constructor(
    readonly sensitivity: number,
    options: Partial<AtOptions> = {},
  ) {
    super(SPECIFICITY, SENSITIVITY, sensitivity, options);
  }
}
/** The best precision with a recall of at least the given one, in [0, 1]. */
export class PrecisionAtRecall extends BestAt {
  static override readonly className: string = "PrecisionAtRecall";
  static override readonly required: readonly string[] = ["recall"];
  constructor(
    readonly recall: number,
    options: Partial<AtOptions> = {},
  ) {
    super(PRECISION, SENSITIVITY, recall, options);
  }
}
/** The best recall with a precision of at least the given one, in [0, 1]. */
export class RecallAtPrecision extends BestAt {
  static override readonly className: string = "RecallAtPrecision";
  static override readonly required: readonly string[] = ["precision"];
  constructor(
    readonly precision: number,
    options: Partial<AtOptions> = {},
  ) {
    super(SENSITIVITY, PRECISION, precision, options);
  }
}
