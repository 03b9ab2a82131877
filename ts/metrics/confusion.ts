// Counts of true and false positives and negatives at thresholds: the state of Precision, Recall, AUC and their kin.

import { ShapeError, ValueError } from "../errors.js";
import { alignRanks } from "../losses/reduction.js";
import { EPSILON } from "../losses/values.js";
import * as ops from "../ops.js";
import { Tensor, type TensorLike, tensor } from "../tensor.js";
import type { Variable } from "../variable.js";

/** Where counts go: `[thresholds]`, or `[thresholds, labels]` when labels are counted apart. What is missing is not counted. */
export interface Counts {
  truePositives?: Variable;
  falsePositives?: Variable;
  trueNegatives?: Variable;
  falseNegatives?: Variable;
}

export interface CountOptions {
  thresholds: readonly number[];
  sampleWeight: Tensor | null;
  /** Only the k largest predictions of a row can be positive. */
  topK?: number | null;
  /** Look at this column only. */
  classId?: number | null;
  /** Count each column by itself? */
  multiLabel?: boolean;
  /** A weight per column, where columns are counted together. */
  labelWeights?: Tensor | null;
}

/** In the place of predictions that are not among the k largest, and the threshold that all others pass. */
export const NEVER = -1e10;

/** Thresholds as a list. Errors: `ValueError` unless all are in [0, 1]. */
export function thresholdsOf(where: string, given: number | readonly number[] | null, otherwise = 0.5): number[] {
  if (given === null) return [otherwise];
  const list = typeof given === "number" ? [given] : [...given];
  const wrong = list.filter((t) => !(t >= 0 && t <= 1));
  if (wrong.length > 0) throw new ValueError(`${where}: thresholds must be in [0, 1], received ${wrong.join(", ")}.`);
  return list;
}

/** `n` thresholds from `first` to `last`, the others evenly between 0 and 1. */
export const evenThresholds = (n: number, first = 0, last = 1): number[] => [
  first,
  ...Array.from({ length: n - 2 }, (_, i) => (i + 1) / (n - 1)),
  last,
];

/** Do thresholds lie evenly on [0, 1], up to rounding? */
function areEven(thresholds: readonly number[]): boolean {
  const n = thresholds.length;
  return n >= 3 && thresholds.every((t, i) => Math.abs(t - i / (n - 1)) <= EPSILON * 1.5 + (1e-5 * i) / (n - 1));
}

/**
 * Adds a batch to the counts. A prediction is positive iff it is greater than the threshold; a label is iff it is not 0.
 *
 * Errors: `ShapeError` for `classId` without an axis of classes.
 */
export function count(where: string, counts: Counts, yTrue: TensorLike, yPred: TensorLike, options: CountOptions): void {
  const { thresholds, topK = null, classId = null, multiLabel = false, labelWeights = null } = options;
  let [p, t] = alignRanks(ops.cast(tensor(yPred), "float32"), ops.cast(tensor(yTrue), "float32"));
  let weights = options.sampleWeight;
  if (weights) [, weights] = alignRanks(t, ops.expandDims(weights, -1), { expandVectors: false });
  if (topK !== null) p = onlyTopK(p, topK);
  if (classId !== null) {
    if (p.ndim < 2) {
      throw new ShapeError(`${where}: classId needs predictions [samples, classes], received shape [${p.shape.join(", ")}].`);
    }
    // The axis stays, so that weights per sample still fit.
    const column = ["...", { start: classId, stop: classId === -1 ? null : classId + 1 }] as const;
    [p, t] = [ops.getItem(p, column), ops.getItem(t, column)];
  }
  if (labelWeights) weights = weights ? ops.multiply(weights, labelWeights) : labelWeights;
  const shape = multiLabel ? p.shape : [p.size, 1];
  const rows = (x: Tensor): Tensor => ops.reshape(x, shape);
  const data = {
    p: rows(p),
    t: rows(ops.cast(ops.notEqual(ops.broadcastTo(t, p.shape), 0), "float32")),
    w: weights ? rows(ops.broadcastTo(weights, p.shape)) : null,
  };
  const { tp, fp } = areEven(thresholds) ? byBuckets(data, thresholds) : byComparison(data, thresholds);
  const [yes, no] = weighed(data).map((x) => ops.sum(x, { axis: 0, keepdims: true })) as [Tensor, Tensor];
  const add = (v: Variable | undefined, x: () => Tensor): void => {
    if (v) v.assign(ops.add(v.value, ops.reshape(x(), v.shape)));
  };
  add(counts.truePositives, () => tp);
  add(counts.falsePositives, () => fp);
  add(counts.trueNegatives, () => ops.subtract(no, fp));
  add(counts.falseNegatives, () => ops.subtract(yes, tp));
}

/** Predictions, labels of 0 and 1, and weights, all `[samples, labels]`. */
interface Batch {
  p: Tensor;
  t: Tensor;
  w: Tensor | null;
}
/** Weights of positives and of negatives: `[samples, labels]` each. */
function weighed({ t, w }: Batch): [positives: Tensor, negatives: Tensor] {
  const no = ops.subtract(1, t);
  return w ? [ops.multiply(t, w), ops.multiply(no, w)] : [t, no];
}

/** Every prediction against every threshold: `[thresholds, labels]`. */
function byComparison(data: Batch, thresholds: readonly number[]): { tp: Tensor; fp: Tensor } {
  const limits = new Tensor(Float32Array.from(thresholds), [thresholds.length, 1, 1]);
  const positive = ops.cast(ops.greater(ops.expandDims(data.p, 0), limits), "float32");
  const [yes, no] = weighed(data);
  const among = (x: Tensor): Tensor => ops.sum(ops.multiply(positive, x), { axis: 1 });
  return { tp: among(yes), fp: among(no) };
}

/**
 * The same for even thresholds in one pass: each prediction falls into the bucket between two thresholds, and what is above a threshold
 * is the sum of all buckets from there on.
 *
 * NOTE the bucket is ⌈p·(T − 1)⌉ − 1: a prediction that equals a threshold is not above it. Outer thresholds below 0 or above 1 are
 * Keras' ±1e-7, which let a prediction of 0 pass the first one.
 */
function byBuckets(data: Batch, thresholds: readonly number[]): { tp: Tensor; fp: Tensor } {
  const n = thresholds.length;
  const labels = data.p.shape[1]!;
  let bucket = ops.subtract(ops.ceil(ops.multiply(ops.clip(data.p, 0, 1), n - 1)), 1);
  if (thresholds[0]! < 0 || thresholds[n - 1]! > 1) bucket = ops.relu(bucket);
  const index = ops.cast(bucket, "int32");
  // Each label has buckets of its own, one stretch behind the other; below the first threshold there is no bucket.
  const own = Int32Array.from({ length: labels }, (_, i) => i * n);
  const ids = ops.where(ops.less(index, 0), -1, ops.add(index, new Tensor(own, [1, labels])));
  const above = (x: Tensor): Tensor => {
    const sums = ops.segmentSum(ops.reshape(x, [-1]), ops.reshape(ids, [-1]), { numSegments: labels * n });
    const perLabel = ops.reshape(sums, [labels, n]);
    return ops.transpose(ops.flip(ops.cumsum(ops.flip(perLabel, { axis: 1 }), { axis: 1 }), { axis: 1 }));
  };
  const [yes, no] = weighed(data);
  return { tp: above(yes), fp: above(no) };
}

/** All but the k largest of each row become `NEVER`. */
function onlyTopK(p: Tensor, k: number): Tensor {
  const [, places] = ops.topK(p, k);
  const chosen = ops.sum(ops.oneHot(places, p.shape.at(-1)!), { axis: -2 });
  return ops.add(ops.multiply(p, chosen), ops.multiply(ops.subtract(1, chosen), NEVER));
}
