// What losses per sample share.

import * as ops from "../ops.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import { alignRanks } from "./reduction.js";

/** Keras' `backend.epsilon()`. */
export const EPSILON = 1e-7;

/**
 * Targets and predictions as float32 of one rank.
 *
 * NOTE Keras aligns ranks in some of its functions only; in the others `[n]` beside `[n, 1]` would broadcast to `[n, n]`.
 */
export const alignedFloats = (yTrue: TensorLike, yPred: TensorLike): [Tensor, Tensor] =>
  alignRanks(ops.cast(tensor(yTrue), "float32"), ops.cast(tensor(yPred), "float32"));

/** `[…, n] → […]` */
export const meanOfLast = (x: Tensor): Tensor => ops.mean(x, { axis: -1 });

/** Targets moved towards even ones: t·(1 − s) + s/classes. */
export const smoothed = (t: Tensor, labelSmoothing: number, classes: number): Tensor =>
  labelSmoothing ? ops.add(ops.multiply(t, 1 - labelSmoothing), labelSmoothing / classes) : t;

/** A distribution over one class is always 1: whoever has one class means another loss. */
export function warnOfOneClass(where: string, p: Tensor, axis: number): void {
  if (p.shape.at(axis) !== 1) return;
  console.warn(
    `keratin: losses.${where}: predictions of shape [${p.shape.join(", ")}] have one class, so the loss is 0 whatever the model says. ` +
      "Use binaryCrossentropy for two classes told apart by one number.",
  );
}
