// Cross-entropies with a twist: focal ones, which look at hard samples, and the generalized one, which bears wrong labels.

import { checkOptions, ValueError } from "../errors.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import { CROSSENTROPY_OPTIONS, type CrossentropyOptions } from "./crossentropy.js";
import { FunctionLoss, type LossOptions, lossDefaults, NamedLoss } from "./loss.js";
import { alignedFloats, EPSILON, smoothed, warnOfOneClass } from "./values.js";

export interface BinaryFocalOptions extends CrossentropyOptions {
  /** Weigh class 1 by alpha and class 0 by 1 − alpha? Default false. */
  applyClassBalancing?: boolean;
  alpha?: number;
  /** The higher, the less easy samples count. Default 2. */
  gamma?: number;
}

/**
 * mean((1 − pₜ)^gamma · crossentropy) over an axis, pₜ the probability of the true label: `[…, n] → […]`. Lin et al., 2017.
 *
 * Example: `losses.binaryFocalCrossentropy([[1]], [[0.5]]) // [0.17…]`
 */
export function binaryFocalCrossentropy(yTrue: TensorLike, yPred: TensorLike, options: BinaryFocalOptions = {}): Tensor {
  checkOptions("losses.binaryFocalCrossentropy", options, ["applyClassBalancing", "alpha", "gamma", ...CROSSENTROPY_OPTIONS]);
  const { applyClassBalancing = false, alpha = 0.25, gamma = 2, fromLogits = false, labelSmoothing = 0, axis = -1 } = options;
  const [given, scores] = alignedFloats(yTrue, yPred);
  const t = smoothed(given, labelSmoothing, 2);
  const p = fromLogits ? ops.sigmoid(scores) : scores;
  const both = (one: TensorLike, zero: TensorLike): Tensor =>
    ops.add(ops.multiply(t, one), ops.multiply(ops.subtract(1, t), zero));
  const hard = ops.power(ops.subtract(1, both(p, ops.subtract(1, p))), gamma);
  const values = ops.multiply(hard, ops.binaryCrossentropy(t, p));
  return ops.mean(applyClassBalancing ? ops.multiply(both(alpha, 1 - alpha), values) : values, { axis });
}

type BinaryParameters = LossOptions & Required<BinaryFocalOptions>;
/** Binary cross-entropy in which easy samples count less. `new BinaryFocalCrossentropy({ gamma: 2 })` */
export class BinaryFocalCrossentropy extends NamedLoss<BinaryParameters> {
  static override readonly className: string = "BinaryFocalCrossentropy";
  static override readonly body = binaryFocalCrossentropy;
  static override readonly defaults: Config = lossDefaults("binary_focal_crossentropy", {
    fromLogits: false,
    labelSmoothing: 0,
    axis: -1,
    applyClassBalancing: false,
    alpha: 0.25,
    gamma: 2,
  });
}

export interface CategoricalFocalOptions extends CrossentropyOptions {
  /** A factor for all classes. Default 0.25. */
  alpha?: number;
  /** The higher, the less easy samples count. Default 2. */
  gamma?: number;
}

/** Σ alpha·(1 − p)^gamma · (−t·ln p) over the classes: `[…, classes] → […]`. Lin et al., 2017. */
export function categoricalFocalCrossentropy(
  yTrue: TensorLike,
  yPred: TensorLike,
  options: CategoricalFocalOptions = {},
): Tensor {
  checkOptions("losses.categoricalFocalCrossentropy", options, ["alpha", "gamma", ...CROSSENTROPY_OPTIONS]);
  const { alpha = 0.25, gamma = 2, fromLogits = false, labelSmoothing = 0, axis = -1 } = options;
  const [given, scores] = alignedFloats(yTrue, yPred);
  warnOfOneClass("categoricalFocalCrossentropy", scores, axis);
  const t = smoothed(given, labelSmoothing, given.shape.at(-1) ?? 1);
  const weights = fromLogits ? ops.softmax(scores, { axis }) : scores;
  const p = ops.clip(ops.divide(weights, ops.sum(weights, { axis, keepdims: true })), EPSILON, 1 - EPSILON);
  const hard = ops.multiply(ops.power(ops.subtract(1, p), gamma), alpha);
  return ops.negative(ops.sum(ops.multiply(hard, ops.multiply(t, ops.log(p))), { axis }));
}

type CategoricalParameters = LossOptions & Required<CategoricalFocalOptions>;
/** Categorical cross-entropy in which easy samples count less. `new CategoricalFocalCrossentropy({ gamma: 2 })` */
export class CategoricalFocalCrossentropy extends NamedLoss<CategoricalParameters> {
  static override readonly className: string = "CategoricalFocalCrossentropy";
  static override readonly body = categoricalFocalCrossentropy;
  static override readonly defaults: Config = lossDefaults("categorical_focal_crossentropy", {
    fromLogits: false,
    labelSmoothing: 0,
    axis: -1,
    alpha: 0.25,
    gamma: 2,
  });
}

/**
 * (1 − p^q) / q, p the probability of the label: `yTrue: […] or […, 1] integers, yPred: […, classes] → […]`. Zhang & Sabuncu, 2018.
 *
 * Near q = 0 it is the cross-entropy, near 1 the absolute error. Example: `losses.categoricalGeneralizedCrossEntropy([0], [[0.25, 0.75]], 0.5) // [1]`
 */
export function categoricalGeneralizedCrossEntropy(yTrue: TensorLike, yPred: TensorLike, q: number): Tensor {
  const p = ops.cast(tensor(yPred), "float32");
  let labels = tensor(yTrue);
  if (labels.ndim === p.ndim && labels.shape.at(-1) === 1) labels = ops.squeeze(labels, { axis: -1 });
  const own = ops.sum(ops.multiply(p, ops.oneHot(labels, p.shape.at(-1) ?? 1)), { axis: -1 });
  return ops.divide(ops.subtract(1, ops.power(own, q)), q);
}
/** (1 − p[label]^q) / q: bears wrong labels. `new CategoricalGeneralizedCrossEntropy({ q: 0.5 })` */
export class CategoricalGeneralizedCrossEntropy extends FunctionLoss<LossOptions & { q: number }> {
  static override readonly className: string = "CategoricalGeneralizedCrossEntropy";
  static override readonly defaults: Config = lossDefaults("categorical_generalized_cross_entropy", { q: 0.5 });
  constructor(options: Partial<LossOptions & { q: number }> = {}) {
    super((t: Tensor, p: Tensor) => categoricalGeneralizedCrossEntropy(t, p, this.config.q), options);
    const { q } = this.config;
    if (!(q > 0 && q < 1)) throw new ValueError(`CategoricalGeneralizedCrossEntropy: q must be between 0 and 1, received ${q}.`);
  }
}
