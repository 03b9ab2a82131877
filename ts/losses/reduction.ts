// From values per sample to a loss: ranks, sample weights, masks and the reduction, once for all losses.

import { ValueError } from "../errors.js";
import * as ops from "../ops.js";
import { sizeOf, type Tensor } from "../tensor.js";

/**
 * What becomes of the values per sample: their mean (`"sum_over_batch_size"`, `"mean"`), sum, mean by weights, or nothing (`"none"`, null).
 * The mean divides by the number of values, whatever the weights are; `"mean_with_sample_weight"` divides by the sum of the weights.
 */
export type Reduction = "sum_over_batch_size" | "mean" | "sum" | "mean_with_sample_weight" | "none" | null;

const REDUCTIONS: readonly Reduction[] = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", null];

/** Errors: `ValueError` for a reduction that does not exist. */
export function checkReduction(where: string, reduction: Reduction): void {
  if (REDUCTIONS.includes(reduction)) return;
  const known = REDUCTIONS.map((r) => JSON.stringify(r)).join(", ");
  throw new ValueError(`${where}: reduction is one of ${known}, received ${JSON.stringify(reduction)}.`);
}

/**
 * Brings two tensors to one rank where one has a last axis of size 1 more: `[n]` beside `[n, 1]` becomes `[n, 1]`, otherwise the extra
 * axis goes. With `expandVectors: false` it always goes. Other ranks stay as they are.
 */
export function alignRanks(a: Tensor, b: Tensor, { expandVectors = true } = {}): [Tensor, Tensor] {
  if (a.ndim === b.ndim + 1 && a.shape.at(-1) === 1) {
    return b.ndim === 1 && expandVectors ? [a, ops.expandDims(b, -1)] : [ops.squeeze(a, { axis: -1 }), b];
  }
  if (b.ndim === a.ndim + 1 && b.shape.at(-1) === 1) {
    return a.ndim === 1 && expandVectors ? [ops.expandDims(a, -1), b] : [a, ops.squeeze(b, { axis: -1 })];
  }
  return [a, b];
}

/**
 * Weights with a mask multiplied in: 0 where the mask is false. For means the entries that are left weigh total/valid, so that dividing
 * by the number of all entries gives the mean over the valid ones. Null when there is neither.
 */
export function applyMask(sampleWeight: Tensor | null, mask: Tensor | null, reduction: Reduction): Tensor | null {
  if (!mask) return sampleWeight;
  let kept = ops.cast(mask, "float32");
  if (reduction === "sum_over_batch_size" || reduction === "mean") {
    kept = ops.multiply(kept, ops.divideNoNan(sizeOf(mask.shape), ops.sum(kept)));
  }
  if (!sampleWeight) return kept;
  const [m, w] = alignRanks(kept, sampleWeight);
  return ops.multiply(w, m);
}

/**
 * Values per sample → the loss. A scalar and a tensor without samples come back as they are.
 *
 * `sampleWeight` broadcasts to the values, once a last axis of size 1 is out of the way.
 */
export function reduceWeighted(values: Tensor, sampleWeight: Tensor | null, mask: Tensor | null, reduction: Reduction): Tensor {
  const weights = applyMask(sampleWeight, mask, reduction);
  let weighted = values;
  let aligned = weights;
  if (weights) {
    const [v, w] = alignRanks(values, weights);
    weighted = ops.multiply(v, w);
    aligned = w;
  }
  const { shape } = weighted;
  if (reduction === null || reduction === "none" || shape.length === 0 || (shape.length === 1 && shape[0] === 0)) return weighted;
  const sum = ops.sum(weighted);
  if (reduction === "sum") return sum;
  if (reduction === "mean_with_sample_weight" && aligned) return ops.divideNoNan(sum, ops.sum(aligned));
  return ops.divideNoNan(sum, sizeOf(shape));
}
