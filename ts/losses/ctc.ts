// CTC: sequences whose labels are not aligned with the steps of the output.

import { ShapeError } from "../errors.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import { lossDefaults, NamedLoss } from "./loss.js";

/**
 * −ln of the probability that the output, read without repeats and blanks, spells the labels: labels `yTrue: [b, length]` with 0 as
 * padding, scores `yPred: [b, time, classes] → [b]`. Class 0 is the blank. Errors: `ShapeError` for other ranks.
 */
export function ctc(yTrue: TensorLike, yPred: TensorLike): Tensor {
  const [labels, scores] = [ops.cast(yTrue, "int32"), tensor(yPred)];
  if (labels.ndim !== 2 || scores.ndim !== 3) {
    throw new ShapeError(
      `losses.ctc: expected labels [batch, length] and scores [batch, time, classes], received [${labels.shape.join(", ")}] and [${scores.shape.join(", ")}].`,
    );
  }
  const [batch, time] = scores.shape as [number, number];
  const lengths = ops.sum(ops.cast(ops.notEqual(labels, 0), "int32"), { axis: -1 });
  return ops.ctcLoss(labels, scores, lengths, ops.full([batch], time, { dtype: "int32" }), { maskIndex: 0 });
}
/** Connectionist temporal classification. Graves et al., 2006. */
export class CTC extends NamedLoss {
  static override readonly className: string = "CTC";
  static override readonly body = ctc;
  static override readonly defaults: Config = lossDefaults("ctc");
}
