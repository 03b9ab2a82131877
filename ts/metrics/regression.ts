// Measures of numbers that are no mean of a loss: RMSE, cosine, correlations, R².

import { checkOptions, ShapeError, ValueError } from "../errors.js";
import { alignedFloats, EPSILON } from "../losses/values.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import type { Tensor, TensorLike } from "../tensor.js";
import type { Variable } from "../variable.js";
import { Metric, type MetricOptions, metricDefaults, type UpdateOptions } from "./metric.js";
import { Average, ScoreMean, weightsOf } from "./reduction.js";

/** √mean((t − p)²) over all samples. `const m = new RootMeanSquaredError(); m.updateState([0, 0], [3, 4]); m.result() // 3.53…` */
export class RootMeanSquaredError extends Average {
  static override readonly className: string = "RootMeanSquaredError";
  static override readonly defaults: Config = metricDefaults("root_mean_squared_error");
  override readonly direction = "down";

  constructor(options: Partial<MetricOptions> = {}) {
    super(options);
  }

  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    const [t, p] = alignedFloats(yTrue, yPred);
    this.take(ops.square(ops.subtract(p, t)), weightsOf(this.name, options));
  }

  override result(): Tensor {
    return ops.sqrt(super.result());
  }
}

type WithAxis = MetricOptions & { axis: number };

/** Σ t̂·p̂ along an axis, t̂ and p̂ of length 1. NOTE the loss of this name has the opposite sign. */
function cosineSimilarity(yTrue: TensorLike, yPred: TensorLike, options: { axis?: number } = {}): Tensor {
  const { axis = -1 } = options;
  const [t, p] = alignedFloats(yTrue, yPred);
  return ops.sum(ops.multiply(ops.normalize(t, { axis }), ops.normalize(p, { axis })), { axis });
}
/** The mean cosine of the angle between target and prediction: 1 for one direction. */
export class CosineSimilarity extends ScoreMean<WithAxis> {
  static override readonly className: string = "CosineSimilarity";
  static override readonly body = cosineSimilarity;
  static override readonly defaults: Config = metricDefaults("cosine_similarity", { axis: -1 });
}

/** Pearson's r along an axis: mean of the product of standardised values; NaN where values do not vary. `[…, n] → […]` */
export function pearsonCorrelation(yTrue: TensorLike, yPred: TensorLike, options: { axis?: number } = {}): Tensor {
  checkOptions("metrics.pearsonCorrelation", options, ["axis"]);
  const { axis = -1 } = options;
  const [t, p] = alignedFloats(yTrue, yPred).map((x) => {
    const centred = ops.subtract(x, ops.mean(x, { axis, keepdims: true }));
    return ops.divide(centred, ops.std(centred, { axis, keepdims: true }));
  }) as [Tensor, Tensor];
  return ops.mean(ops.multiply(t, p), { axis });
}
/** The mean of Pearson's r over samples. */
export class PearsonCorrelation extends ScoreMean<WithAxis> {
  static override readonly className: string = "PearsonCorrelation";
  static override readonly body = pearsonCorrelation;
  static override readonly defaults: Config = metricDefaults("pearson_correlation", { axis: -1 });
}

/** 2·cov / (var t + var p + (mean t − mean p)² + 1e-7) along an axis: 1 only where t = p. Lin, 1989. `[…, n] → […]` */
export function concordanceCorrelation(yTrue: TensorLike, yPred: TensorLike, options: { axis?: number } = {}): Tensor {
  checkOptions("metrics.concordanceCorrelation", options, ["axis"]);
  const { axis = -1 } = options;
  const over = { axis, keepdims: true };
  const [t, p] = alignedFloats(yTrue, yPred);
  const [meanT, meanP] = [ops.mean(t, over), ops.mean(p, over)];
  // Σ (t − c)(p − mean p) does not depend on c, so Keras' mean of p in the place of t's changes nothing.
  const covariance = ops.multiply(ops.subtract(t, meanP), ops.subtract(p, meanP));
  const spread = ops.add(
    ops.add(ops.var(ops.subtract(t, meanT), over), ops.var(ops.subtract(p, meanP), over)),
    ops.square(ops.subtract(meanT, meanP)),
  );
  return ops.mean(ops.divide(ops.multiply(covariance, 2), ops.add(spread, EPSILON)), { axis });
}
/** The mean concordance correlation over samples. */
export class ConcordanceCorrelation extends ScoreMean<WithAxis> {
  static override readonly className: string = "ConcordanceCorrelation";
  static override readonly body = concordanceCorrelation;
  static override readonly defaults: Config = metricDefaults("concordance_correlation", { axis: -1 });
}

export interface R2ScoreOptions extends MetricOptions {
  /** What becomes of the scores of several columns: their mean, a mean by variance, or nothing. */
  classAggregation: "uniform_average" | "variance_weighted_average" | null;
  /** Regressors of the model, for the adjusted score; 0: not adjusted. */
  numRegressors: number;
}

/**
 * 1 − Σ(t − p)² / Σ(t − mean t)² per column of `[n, columns]`: 1 is perfect, 0 is no better than the mean; NaN before the first update.
 *
 * With k regressors and n > k + 1 samples: 1 − (1 − r)(n − 1)/(n − k − 1).
 * NOTE n counts all entries, rows times columns, as Keras 3.15 does.
 * Errors: `ShapeError` unless targets and predictions are matrices.
 */
export class R2Score extends Metric<R2ScoreOptions> {
  static override readonly className: string = "R2Score";
  static override readonly defaults: Config = metricDefaults("r2_score", {
    classAggregation: "uniform_average",
    numRegressors: 0,
  });
  override readonly direction = "up";
  readonly #samples: Variable;
  /** Per column; made when the first batch tells how many there are. */
  #sums: { squared: Variable; sum: Variable; residual: Variable; count: Variable } | null = null;

  constructor(options: Partial<R2ScoreOptions> = {}) {
    super(options);
    const { classAggregation, numRegressors } = this.config;
    if (![null, "uniform_average", "variance_weighted_average"].includes(classAggregation)) {
      throw new ValueError(
        `R2Score: classAggregation is "uniform_average", "variance_weighted_average" or null, received ${JSON.stringify(classAggregation)}.`,
      );
    }
    if (!(numRegressors >= 0)) throw new ValueError(`R2Score: numRegressors must be ≥ 0, received ${numRegressors}.`);
    this.#samples = this.addVariable([], "zeros", { name: "num_samples" });
  }

  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    const [t, p] = alignedFloats(yTrue, yPred);
    if (t.ndim !== 2 || p.ndim !== 2) {
      throw new ShapeError(
        `R2Score: expected matrices [samples, columns], received yTrue [${t.shape.join(", ")}] and yPred [${p.shape.join(", ")}].`,
      );
    }
    const make = (name: string): Variable => this.addVariable([p.shape[1]!], "zeros", { name });
    this.#sums ??= { squared: make("squared_sum"), sum: make("sum"), residual: make("residual"), count: make("count") };
    const { squared, sum, residual, count } = this.#sums;
    const given = weightsOf(this.name, options) ?? ops.ones([]);
    const weights = ops.broadcastTo(given.ndim === 1 ? ops.expandDims(given, 1) : given, t.shape);
    const weighted = ops.multiply(t, weights);
    const addTo = (v: Variable, x: Tensor): Tensor => v.assign(ops.add(v.value, ops.sum(x, { axis: 0 })));
    addTo(sum, weighted);
    addTo(squared, ops.multiply(t, weighted));
    addTo(residual, ops.multiply(ops.square(ops.subtract(t, p)), weights));
    addTo(count, weights);
    this.#samples.assign(ops.add(this.#samples.value, t.size));
  }

  override result(): Tensor {
    if (!this.#sums) return ops.full([], Number.NaN);
    const { classAggregation, numRegressors } = this.config;
    const { squared, sum, residual, count } = this.#sums;
    const total = ops.subtract(squared.value, ops.multiply(sum.value, ops.divide(sum.value, count.value)));
    const raw = ops.subtract(1, ops.divide(residual.value, total));
    const scores = ops.where(ops.isinf(raw), 0, raw);
    let score = scores;
    if (classAggregation === "uniform_average") score = ops.mean(scores);
    if (classAggregation === "variance_weighted_average") {
      score = ops.divide(ops.sum(ops.multiply(total, scores)), ops.sum(total));
    }
    if (numRegressors === 0) return score;
    const n = this.#samples.value;
    const freedom = ops.subtract(n, numRegressors + 1);
    const adjusted = ops.subtract(1, ops.divide(ops.multiply(ops.subtract(1, score), ops.subtract(n, 1)), freedom));
    return ops.where(ops.greater(freedom, 0), adjusted, score);
  }
}
