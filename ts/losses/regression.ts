// Losses of numbers: mean errors of several kinds, Huber, log-cosh, cosine similarity. Functions give a value per sample, classes reduce.

import { checkOptions } from "../errors.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import type { Tensor, TensorLike } from "../tensor.js";
import { type LossOptions, lossDefaults, NamedLoss } from "./loss.js";
import { alignedFloats, EPSILON, meanOfLast } from "./values.js";

/** mean((t − p)²) over the last axis: `[…, n] → […]`. `losses.meanSquaredError([[0, 1]], [[1, 1]]) // [0.5]` */
export function meanSquaredError(yTrue: TensorLike, yPred: TensorLike): Tensor {
  const [t, p] = alignedFloats(yTrue, yPred);
  return meanOfLast(ops.square(ops.subtract(t, p)));
}
/** mean((t − p)²). `new MeanSquaredError().call([[0, 1]], [[1, 1]]) // 0.5` */
export class MeanSquaredError extends NamedLoss {
  static override readonly className: string = "MeanSquaredError";
  static override readonly body = meanSquaredError;
  static override readonly defaults: Config = lossDefaults("mean_squared_error");
}

/** mean(|t − p|) over the last axis: `[…, n] → […]`. `losses.meanAbsoluteError([[0, 1]], [[2, 1]]) // [1]` */
export function meanAbsoluteError(yTrue: TensorLike, yPred: TensorLike): Tensor {
  const [t, p] = alignedFloats(yTrue, yPred);
  return meanOfLast(ops.abs(ops.subtract(t, p)));
}
/** mean(|t − p|). `new MeanAbsoluteError().call([[0, 1]], [[2, 1]]) // 1` */
export class MeanAbsoluteError extends NamedLoss {
  static override readonly className: string = "MeanAbsoluteError";
  static override readonly body = meanAbsoluteError;
  static override readonly defaults: Config = lossDefaults("mean_absolute_error");
}

/** 100·mean(|(t − p) / max(|t|, 1e-7)|) over the last axis: percent. `losses.meanAbsolutePercentageError([[2, 4]], [[1, 4]]) // [25]` */
export function meanAbsolutePercentageError(yTrue: TensorLike, yPred: TensorLike): Tensor {
  const [t, p] = alignedFloats(yTrue, yPred);
  const error = ops.abs(ops.divide(ops.subtract(t, p), ops.maximum(ops.abs(t), EPSILON)));
  return ops.multiply(meanOfLast(error), 100);
}
/** 100·mean(|(t − p) / t|): percent; a target of 0 counts as 1e-7. `new MeanAbsolutePercentageError().call([[2, 4]], [[1, 4]]) // 25` */
export class MeanAbsolutePercentageError extends NamedLoss {
  static override readonly className: string = "MeanAbsolutePercentageError";
  static override readonly body = meanAbsolutePercentageError;
  static override readonly defaults: Config = lossDefaults("mean_absolute_percentage_error");
}

/** mean((ln(p + 1) − ln(t + 1))²) over the last axis; below 1e-7 numbers count as that. */
export function meanSquaredLogarithmicError(yTrue: TensorLike, yPred: TensorLike): Tensor {
  const [t, p] = alignedFloats(yTrue, yPred);
  const scale = (x: Tensor): Tensor => ops.log(ops.add(ops.maximum(x, EPSILON), 1));
  return meanOfLast(ops.square(ops.subtract(scale(p), scale(t))));
}
/** mean((ln(p + 1) − ln(t + 1))²), for targets ≥ 0 of many sizes. */
export class MeanSquaredLogarithmicError extends NamedLoss {
  static override readonly className: string = "MeanSquaredLogarithmicError";
  static override readonly body = meanSquaredLogarithmicError;
  static override readonly defaults: Config = lossDefaults("mean_squared_logarithmic_error");
}

/** mean(½e²) where |e| ≤ delta, delta·|e| − ½delta² beyond, e = p − t. `losses.huber([[0, 0]], [[1, 3]]) // [1.5]` */
export function huber(yTrue: TensorLike, yPred: TensorLike, options: { delta?: number } = {}): Tensor {
  checkOptions("losses.huber", options, ["delta"]);
  const { delta = 1 } = options;
  const [t, p] = alignedFloats(yTrue, yPred);
  const error = ops.subtract(p, t);
  const size = ops.abs(error);
  const outer = ops.subtract(ops.multiply(size, delta), 0.5 * delta * delta);
  return meanOfLast(ops.where(ops.lessEqual(size, delta), ops.multiply(ops.square(error), 0.5), outer));
}
/** Squares for small errors, absolute values beyond `delta`. `new Huber({ delta: 1 }).call([[0, 0]], [[1, 3]]) // 1.5` */
export class Huber extends NamedLoss<LossOptions & { delta: number }> {
  static override readonly className: string = "Huber";
  static override readonly body = huber;
  static override readonly defaults: Config = lossDefaults("huber_loss", { delta: 1 });
}

/** mean(ln cosh(p − t)) over the last axis, without overflow: ln cosh d = d + softplus(−2d) − ln 2. */
export function logCosh(yTrue: TensorLike, yPred: TensorLike): Tensor {
  const [t, p] = alignedFloats(yTrue, yPred);
  const d = ops.subtract(p, t);
  return meanOfLast(ops.subtract(ops.add(d, ops.softplus(ops.multiply(d, -2))), Math.LN2));
}
/** mean(ln cosh(p − t)): about d²/2 for small d, |d| − ln 2 for large. */
export class LogCosh extends NamedLoss {
  static override readonly className: string = "LogCosh";
  static override readonly body = logCosh;
  static override readonly defaults: Config = lossDefaults("log_cosh");
}

/** −Σ t̂·p̂ along an axis, t̂ and p̂ of length 1: −1 for one direction, 1 for opposite ones. A vector of zeros gives 0. */
export function cosineSimilarity(yTrue: TensorLike, yPred: TensorLike, options: { axis?: number } = {}): Tensor {
  checkOptions("losses.cosineSimilarity", options, ["axis"]);
  const { axis = -1 } = options;
  const [t, p] = alignedFloats(yTrue, yPred);
  return ops.negative(ops.sum(ops.multiply(ops.normalize(t, { axis }), ops.normalize(p, { axis })), { axis }));
}
/** −cos of the angle between target and prediction: to be made small. `new CosineSimilarity().call([[0, 2]], [[0, 1]]) // -1` */
export class CosineSimilarity extends NamedLoss<LossOptions & { axis: number }> {
  static override readonly className: string = "CosineSimilarity";
  static override readonly body = cosineSimilarity;
  static override readonly defaults: Config = lossDefaults("cosine_similarity", { axis: -1 });
}
