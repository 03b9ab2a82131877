// F-scores: the harmonic mean of precision and recall, with a weight.

import { ShapeError, ValueError } from "../errors.js";
import { EPSILON } from "../losses/values.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { Metric, type MetricOptions, metricDefaults, type UpdateOptions } from "./metric.js";
import { weightsOf } from "./reduction.js";

export interface F1ScoreOptions extends MetricOptions {
  /** Over classes: none (a number per class), counts together, the mean, or the mean by how often classes occur. */
  average: "micro" | "macro" | "weighted" | null;
  /** Predictions above it are positive, in (0, 1]; null: the largest of each row is. */
  threshold: number | null;
}
export interface FBetaScoreOptions extends F1ScoreOptions {
  /** How much more recall counts than precision. Default 1. */
  beta: number;
}

/** State and result of F-scores. */
abstract class FScore<Options extends F1ScoreOptions> extends Metric<Options> {
  override readonly direction = "up";
  readonly #beta: number;
  /** Made with the first batch, which tells the number of classes. */
  #sums: { tp: Variable; fp: Variable; fn: Variable; weights: Variable } | null = null;

  constructor(beta: number, options: Partial<Options>) {
    super(options);
    const { average, threshold } = this.config;
    if (![null, "micro", "macro", "weighted"].includes(average)) {
      throw new ValueError(`${this.name}: average is "micro", "macro", "weighted" or null, received ${JSON.stringify(average)}.`);
    }
    if (!(beta > 0)) throw new ValueError(`${this.name}: beta must be greater than 0, received ${beta}.`);
    if (threshold !== null && !(threshold > 0 && threshold <= 1)) {
      throw new ValueError(`${this.name}: threshold must be in (0, 1], received ${threshold}.`);
    }
    this.#beta = beta;
  }

  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    const [t, scores] = [ops.cast(tensor(yTrue), "float32"), ops.cast(tensor(yPred), "float32")];
    if (t.ndim !== 2 || scores.ndim !== 2) {
      throw new ShapeError(
        `${this.name}: expected matrices [samples, classes], received yTrue [${t.shape.join(", ")}] and yPred [${scores.shape.join(", ")}].`,
      );
    }
    const { average, threshold } = this.config;
    const micro = average === "micro";
    const make = (name: string): Variable => this.addVariable(micro ? [] : [scores.shape[1]!], "zeros", { name });
    this.#sums ??= {
      tp: make("true_positives"), fp: make("false_positives"), fn: make("false_negatives"), weights: make("intermediate_weights"),
    }; // biome-ignore format: a list
    // All that share the largest score are positive; scores of 0 never are.
    const positive =
      threshold === null
        ? ops.logicalAnd(
            ops.greaterEqual(scores, ops.max(scores, { axis: -1, keepdims: true })),
            ops.greater(ops.abs(scores), 1e-9),
          )
        : ops.greater(scores, threshold);
    const p = ops.cast(positive, "float32");
    const given = weightsOf(this.name, options);
    const weights = given && given.ndim === 1 ? ops.expandDims(given, 1) : given;
    const add = (v: Variable, x: Tensor): void => {
      v.assign(ops.add(v.value, ops.sum(weights ? ops.multiply(x, weights) : x, { axis: micro ? null : 0 })));
    };
    add(this.#sums.tp, ops.multiply(p, t));
    add(this.#sums.fp, ops.multiply(p, ops.subtract(1, t)));
    add(this.#sums.fn, ops.multiply(ops.subtract(1, p), t));
    add(this.#sums.weights, t);
  }

  override result(): Tensor {
    if (!this.#sums) return ops.zeros([]);
    const { tp, fp, fn, weights } = this.#sums;
    const share = (mistakes: Variable): Tensor => ops.divide(tp.value, ops.add(ops.add(tp.value, mistakes.value), EPSILON));
    const [precision, recall] = [share(fp), share(fn)];
    const squared = this.#beta ** 2;
    const below = ops.add(ops.add(ops.multiply(precision, squared), recall), EPSILON);
    const score = ops.multiply(ops.divide(ops.multiply(precision, recall), below), 1 + squared);
    const { average } = this.config;
    if (average === null) return score;
    if (average !== "weighted") return ops.mean(score);
    return ops.sum(ops.multiply(score, ops.divide(weights.value, ops.add(ops.sum(weights.value), EPSILON))));
  }
}

/**
 * (1 + β²)·precision·recall / (β²·precision + recall), per class or averaged: targets and predictions are `[samples, classes]`.
 *
 * Errors: `ShapeError` for other ranks. Example: `new FBetaScore({ beta: 2, average: "macro" })`
 */
export class FBetaScore extends FScore<FBetaScoreOptions> {
  static override readonly className: string = "FBetaScore";
  static override readonly defaults: Config = metricDefaults("fbeta_score", { average: null, beta: 1, threshold: null });
  constructor(options: Partial<FBetaScoreOptions> = {}) {
    super(options.beta ?? 1, options);
  }
}

/** 2·precision·recall / (precision + recall), per class or averaged. `new F1Score({ average: "macro" })` */
export class F1Score extends FScore<F1ScoreOptions> {
  static override readonly className: string = "F1Score";
  static override readonly defaults: Config = metricDefaults("f1_score", { average: null, threshold: null });
  constructor(options: Partial<F1ScoreOptions> = {}) {
    super(1, options);
  }
}
