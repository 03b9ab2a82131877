// Circle loss: embeddings of one class together, those of others apart.

import { checkOptions } from "../errors.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import { type LossOptions, lossDefaults, NamedLoss } from "./loss.js";

export interface CircleOptions {
  /** Labels and embeddings to compare with; default: those of the batch itself. */
  refLabels?: TensorLike | null;
  refEmbeddings?: TensorLike | null;
  /** Leave each sample out of its own positives? Default true. */
  removeDiagonal?: boolean;
  gamma?: number;
  margin?: number;
}

/**
 * softplus(LSE over positives + LSE over negatives) per sample: labels `yTrue: [n]`, embeddings of length 1 `yPred: [n, dim] → [n]`.
 *
 * With d = 1 − cosine: positives give −gamma·(margin + d)·(margin − d), negatives gamma·(1 + margin − d)·(1 − margin − d). A sample
 * without positives or without negatives gives 0; the mask of the result leaves those out of the mean. Sun et al., 2020.
 */
export function circle(yTrue: TensorLike, yPred: TensorLike, options: CircleOptions = {}): Tensor {
  checkOptions("losses.circle", options, ["refLabels", "refEmbeddings", "removeDiagonal", "gamma", "margin"]);
  const { removeDiagonal = true, gamma = 80, margin = 0.4 } = options;
  const embeddings = ops.cast(tensor(yPred), "float32");
  const labels = ops.cast(yTrue, "int32");
  const others = ops.cast(options.refEmbeddings ?? embeddings, "float32");
  const otherLabels = ops.cast(options.refLabels ?? labels, "int32");
  const distance = ops.maximum(ops.subtract(1, ops.matmul(embeddings, ops.transpose(others))), 0);
  const same = ops.equal(ops.reshape(labels, [-1, 1]), ops.reshape(otherLabels, [1, -1]));
  const self = ops.eye(labels.size, { M: otherLabels.size, dtype: "bool" });
  const positive = removeDiagonal ? ops.logicalAnd(same, ops.logicalNot(self)) : same;
  const negative = ops.logicalNot(same);
  const attract = ops.multiply(ops.multiply(ops.maximum(ops.add(distance, margin), 0), ops.subtract(margin, distance)), -gamma);
  const repel = ops.multiply(
    ops.multiply(ops.maximum(ops.subtract(1 + margin, distance), 0), ops.subtract(1 - margin, distance)),
    gamma,
  );
  const has = ops.logicalAnd(ops.any(positive, { axis: 1 }), ops.any(negative, { axis: 1 }));
  // Over an empty row LSE is −∞, its derivative 0/0: such rows take part with zeros and are set to 0 afterwards.
  const over = (chosen: Tensor, values: Tensor): Tensor =>
    ops.logsumexp(ops.where(ops.expandDims(has, 1), ops.where(chosen, values, -Infinity), 0), { axis: 1 });
  const loss = ops.where(has, ops.softplus(ops.add(over(positive, attract), over(negative, repel))), 0);
  loss.mask = ops.greater(loss, 0);
  return loss;
}

type CircleParameters = LossOptions & { gamma: number; margin: number; removeDiagonal: boolean };
/** Pulls embeddings of one label together and pushes others apart; predictions must have length 1 (`UnitNormalization`). */
export class Circle extends NamedLoss<CircleParameters> {
  static override readonly className: string = "Circle";
  static override readonly body = circle;
  static override readonly defaults: Config = lossDefaults("circle", { gamma: 80, margin: 0.4, removeDiagonal: true });
}
