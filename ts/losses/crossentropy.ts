// Cross-entropies: binary, categorical, and categorical with integer labels.

import { checkOptions, DataError } from "../errors.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import { sizeOf, type Tensor, type TensorLike, tensor } from "../tensor.js";
import { type LossOptions, lossDefaults, NamedLoss } from "./loss.js";
import { alignedFloats, smoothed, warnOfOneClass } from "./values.js";

export interface CrossentropyOptions {
  /** Are predictions scores (logits) rather than probabilities? Numerically the better way. Default false. */
  fromLogits?: boolean;
  /** Moves targets towards even ones by this fraction, in [0, 1]. Default 0. */
  labelSmoothing?: number;
  /** The axis of classes. Default −1. */
  axis?: number;
}
export const CROSSENTROPY_OPTIONS = ["fromLogits", "labelSmoothing", "axis"] as const;

type Parameters = LossOptions & Required<CrossentropyOptions>;
const PARAMETERS: Config = { fromLogits: false, labelSmoothing: 0, axis: -1 };

/**
 * mean(−t·ln p − (1 − t)·ln(1 − p)) over an axis: `[…, n] → […]`; p is cut to [1e-7, 1 − 1e-7], or made of logits.
 *
 * Errors: `ShapeError` when targets and predictions differ in shape. Example: `losses.binaryCrossentropy([[1, 0]], [[0.5, 0.5]]) // [0.69…]`
 */
export function binaryCrossentropy(yTrue: TensorLike, yPred: TensorLike, options: CrossentropyOptions = {}): Tensor {
  checkOptions("losses.binaryCrossentropy", options, CROSSENTROPY_OPTIONS);
  const { fromLogits = false, labelSmoothing = 0, axis = -1 } = options;
  const [t, p] = alignedFloats(yTrue, yPred);
  return ops.mean(ops.binaryCrossentropy(smoothed(t, labelSmoothing, 2), p, { fromLogits }), { axis });
}
/** mean(−t·ln p − (1 − t)·ln(1 − p)) for labels 0 and 1. `new BinaryCrossentropy({ fromLogits: true })` */
export class BinaryCrossentropy extends NamedLoss<Parameters> {
  static override readonly className: string = "BinaryCrossentropy";
  static override readonly body = binaryCrossentropy;
  static override readonly defaults: Config = lossDefaults("binary_crossentropy", PARAMETERS);
}

/**
 * −Σ t·ln p over the classes: `[…, classes] → […]`. Probabilities are scaled to the sum 1 and cut to [1e-7, 1 − 1e-7], or made of logits.
 *
 * NOTE label smoothing divides by the size of the last axis, whatever `axis` says, as Keras 3.15 does.
 * Errors: `ShapeError` when targets and predictions differ in shape; for integer labels take the sparse one.
 * Example: `losses.categoricalCrossentropy([[0, 1]], [[0.5, 0.5]]) // [0.69…]`
 */
export function categoricalCrossentropy(yTrue: TensorLike, yPred: TensorLike, options: CrossentropyOptions = {}): Tensor {
  checkOptions("losses.categoricalCrossentropy", options, CROSSENTROPY_OPTIONS);
  const { fromLogits = false, labelSmoothing = 0, axis = -1 } = options;
  const [t, p] = alignedFloats(yTrue, yPred);
  warnOfOneClass("categoricalCrossentropy", p, axis);
  return ops.categoricalCrossentropy(smoothed(t, labelSmoothing, t.shape.at(-1) ?? 1), p, { fromLogits, axis });
}
/** −Σ t·ln p for one-hot targets. `new CategoricalCrossentropy().call([[0, 1]], [[0.5, 0.5]]) // 0.69…` */
export class CategoricalCrossentropy extends NamedLoss<Parameters> {
  static override readonly className: string = "CategoricalCrossentropy";
  static override readonly body = categoricalCrossentropy;
  static override readonly defaults: Config = lossDefaults("categorical_crossentropy", PARAMETERS);
}

export interface SparseCrossentropyOptions {
  fromLogits?: boolean;
  /** Labels of this class do not count: 0 in value, and masked out of the mean. Default null. */
  ignoreClass?: number | null;
  axis?: number;
}

/**
 * −ln p[label]: `yTrue: […] or […, 1], yPred: […, classes] → […]`. A label outside the classes gives 0; `fit` refuses it.
 *
 * With `ignoreClass` the result carries a mask of the places that count.
 * Example: `losses.sparseCategoricalCrossentropy([1], [[0.5, 0.5]]) // [0.69…]`
 */
export function sparseCategoricalCrossentropy(
  yTrue: TensorLike,
  yPred: TensorLike,
  options: SparseCrossentropyOptions = {},
): Tensor {
  checkOptions("losses.sparseCategoricalCrossentropy", options, ["fromLogits", "ignoreClass", "axis"]);
  const { fromLogits = false, ignoreClass = null, axis = -1 } = options;
  let p = ops.cast(tensor(yPred), "float32");
  let labels = tensor(yTrue);
  if (labels.ndim === p.ndim && labels.shape.at(axis) === 1) labels = ops.squeeze(labels, { axis });
  labels = ops.cast(labels, "int32");
  if (ignoreClass === null) return ops.sparseCategoricalCrossentropy(labels, p, { fromLogits, axis });
  const counts = ops.notEqual(labels, ignoreClass);
  // Ignored rows are made harmless first: a NaN in them must not reach the gradient.
  labels = ops.where(counts, labels, 0);
  p = ops.where(ops.expandDims(counts, axis), p, 0);
  const values = ops.where(counts, ops.sparseCategoricalCrossentropy(labels, p, { fromLogits, axis }), 0);
  values.mask = counts;
  return values;
}

type SparseParameters = LossOptions & Required<SparseCrossentropyOptions>;
/** −ln p[label] for integer labels. `new SparseCategoricalCrossentropy().call([1], [[0.5, 0.5]]) // 0.69…` */
export class SparseCategoricalCrossentropy extends NamedLoss<SparseParameters> {
  static override readonly className: string = "SparseCategoricalCrossentropy";
  static override readonly body = sparseCategoricalCrossentropy;
  static override readonly defaults: Config = lossDefaults("sparse_categorical_crossentropy", {
    fromLogits: false,
    ignoreClass: null,
    axis: -1,
  });

  /** Errors: `DataError` that names the first row whose label is no class. With `ignoreClass` nothing is checked. */
  override checkTargets(data: ArrayLike<number>, outputShape: readonly number[]): void {
    const { axis, ignoreClass } = this.config;
    const classes = outputShape.at(axis);
    if (ignoreClass !== null || classes === undefined) return;
    for (let i = 0; i < data.length; i++) {
      const label = data[i]!;
      if (label >= 0 && label < classes && Number.isInteger(label)) continue;
      const perRow = Math.max(1, sizeOf(outputShape.slice(1)) / classes);
      throw new DataError(
        `${this.name}: labels must be whole numbers from 0 to ${classes - 1}, one of the ${classes} classes that the model puts out. ` +
          `Row ${Math.floor(i / perRow)} of y has ${label}. Count classes from 0, or give the last layer more units.`,
      );
    }
  }
}
