// Losses between distributions, counts and regions: Kullback-Leibler, Poisson, Dice, Tversky.

import { checkOptions } from "../errors.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import type { Tensor, TensorLike } from "../tensor.js";
import { type LossOptions, lossDefaults, NamedLoss } from "./loss.js";
import { alignedFloats, EPSILON, meanOfLast } from "./values.js";

/** Σ t·ln(t/p) over the last axis, both cut to [1e-7, 1]: `[…, n] → […]`. `losses.klDivergence([[1, 0]], [[0.5, 0.5]]) // [0.69…]` */
export function klDivergence(yTrue: TensorLike, yPred: TensorLike): Tensor {
  const [t, p] = alignedFloats(yTrue, yPred).map((x) => ops.clip(x, EPSILON, 1)) as [Tensor, Tensor];
  return ops.sum(ops.multiply(t, ops.log(ops.divide(t, p))), { axis: -1 });
}
/** Σ t·ln(t/p): how far the predicted distribution is from the true one. */
export class KLDivergence extends NamedLoss {
  static override readonly className: string = "KLDivergence";
  static override readonly body = klDivergence;
  static override readonly defaults: Config = lossDefaults("kl_divergence");
}

/** mean(p − t·ln(p + 1e-7)) over the last axis: `[…, n] → […]`, for counts t and rates p. `losses.poisson([[1]], [[1]]) // [1]` */
export function poisson(yTrue: TensorLike, yPred: TensorLike): Tensor {
  const [t, p] = alignedFloats(yTrue, yPred);
  return meanOfLast(ops.subtract(p, ops.multiply(t, ops.log(ops.add(p, EPSILON)))));
}
/** mean(p − t·ln p): for counts t and predicted rates p > 0. */
export class Poisson extends NamedLoss {
  static override readonly className: string = "Poisson";
  static override readonly body = poisson;
  static override readonly defaults: Config = lossDefaults("poisson");
}

/** One axis, several, or null for all of them. */
type Axis = number | readonly number[] | null;

/** 1 − 2·Σtp / (Σt + Σp + 1e-7) over axes; null: over everything, a scalar. `losses.dice([[1, 0]], [[1, 0]]) // 0` */
export function dice(yTrue: TensorLike, yPred: TensorLike, options: { axis?: Axis } = {}): Tensor {
  checkOptions("losses.dice", options, ["axis"]);
  const { axis = null } = options;
  const [t, p] = alignedFloats(yTrue, yPred);
  const both = ops.multiply(ops.sum(ops.multiply(t, p), { axis }), 2);
  return ops.subtract(1, ops.divide(both, ops.add(ops.add(ops.sum(t, { axis }), ops.sum(p, { axis })), EPSILON)));
}
/** 1 − the overlap of two regions, as twice the common part by the sum of the parts. */
export class Dice extends NamedLoss<LossOptions & { axis: Axis }> {
  static override readonly className: string = "Dice";
  static override readonly body = dice;
  static override readonly defaults: Config = lossDefaults("dice", { axis: null });
}

export interface TverskyOptions {
  alpha?: number;
  beta?: number;
  axis?: Axis;
}
/**
 * 1 − TP / (TP + alpha·FN + beta·FP + 1e-7) over axes, TP = Σtp, FN = Σt(1 − p), FP = Σ(1 − t)p; null: over everything, a scalar.
 *
 * NOTE alpha weighs what was missed and beta what was invented: so it is in Keras 3.15, against the paper; later versions swap them.
 */
export function tversky(yTrue: TensorLike, yPred: TensorLike, options: TverskyOptions = {}): Tensor {
  checkOptions("losses.tversky", options, ["alpha", "beta", "axis"]);
  const { alpha = 0.5, beta = 0.5, axis = null } = options;
  const [t, p] = alignedFloats(yTrue, yPred);
  const sum = (a: Tensor, b: Tensor): Tensor => ops.sum(ops.multiply(a, b), { axis });
  const common = sum(t, p);
  const missed = ops.multiply(sum(t, ops.subtract(1, p)), alpha);
  const invented = ops.multiply(sum(ops.subtract(1, t), p), beta);
  return ops.subtract(1, ops.divide(common, ops.add(ops.add(ops.add(common, missed), invented), EPSILON)));
}
type TverskyParameters = LossOptions & Required<TverskyOptions>;
/** Dice with weights for what was missed (alpha) and what was invented (beta). Salehi et al., 2017. */
export class Tversky extends NamedLoss<TverskyParameters> {
  static override readonly className: string = "Tversky";
  static override readonly body = tversky;
  static override readonly defaults: Config = lossDefaults("tversky", { alpha: 0.5, beta: 0.5, axis: null });
}
