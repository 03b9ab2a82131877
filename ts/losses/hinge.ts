// Hinge losses: margins between the right class and the others.

import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import type { Tensor, TensorLike } from "../tensor.js";
import { lossDefaults, NamedLoss } from "./loss.js";
import { alignedFloats, meanOfLast } from "./values.js";

/** Labels of 0 and 1 as −1 and 1, when all labels are one of these; others stay. */
function signed(t: Tensor): Tensor {
  const binary = ops.all(ops.logicalOr(ops.equal(t, 0), ops.equal(t, 1)));
  return ops.where(binary, ops.subtract(ops.multiply(t, 2), 1), t);
}

/** max(1 − t·p, 0) with t ∈ {−1, 1}. */
function margins(yTrue: TensorLike, yPred: TensorLike): Tensor {
  const [t, p] = alignedFloats(yTrue, yPred);
  return ops.maximum(ops.subtract(1, ops.multiply(signed(t), p)), 0);
}

/** mean(max(1 − t·p, 0)) over the last axis; labels are −1 and 1, or 0 and 1. `losses.hinge([[1, 0]], [[0.5, -2]]) // [0.25]` */
export const hinge = (yTrue: TensorLike, yPred: TensorLike): Tensor => meanOfLast(margins(yTrue, yPred));
/** mean(max(1 − t·p, 0)); labels are −1 and 1, or 0 and 1. `new Hinge().call([[1, 0]], [[0.5, -2]]) // 0.25` */
export class Hinge extends NamedLoss {
  static override readonly className: string = "Hinge";
  static override readonly body = hinge;
  static override readonly defaults: Config = lossDefaults("hinge");
}

/** mean(max(1 − t·p, 0)²) over the last axis; labels are −1 and 1, or 0 and 1. */
export const squaredHinge = (yTrue: TensorLike, yPred: TensorLike): Tensor => meanOfLast(ops.square(margins(yTrue, yPred)));
/** mean(max(1 − t·p, 0)²); labels are −1 and 1, or 0 and 1. */
export class SquaredHinge extends NamedLoss {
  static override readonly className: string = "SquaredHinge";
  static override readonly body = squaredHinge;
  static override readonly defaults: Config = lossDefaults("squared_hinge");
}

/** max(max((1 − t)·p) − Σ t·p + 1, 0) over the last axis: the best wrong class against the right one; labels are 0 and 1. */
export function categoricalHinge(yTrue: TensorLike, yPred: TensorLike): Tensor {
  const [t, p] = alignedFloats(yTrue, yPred);
  const right = ops.sum(ops.multiply(t, p), { axis: -1 });
  const wrong = ops.max(ops.multiply(ops.subtract(1, t), p), { axis: -1 });
  return ops.maximum(ops.add(ops.subtract(wrong, right), 1), 0);
}
/** max(max((1 − t)·p) − Σ t·p + 1, 0); targets are one-hot. */
export class CategoricalHinge extends NamedLoss {
  static override readonly className: string = "CategoricalHinge";
  static override readonly body = categoricalHinge;
  static override readonly defaults: Config = lossDefaults("categorical_hinge");
}
