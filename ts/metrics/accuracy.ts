// How often predictions are right.

import { checkOptions } from "../errors.js";
import { alignRanks } from "../losses/reduction.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import { type MetricOptions, metricDefaults } from "./metric.js";
import { ScoreMean } from "./reduction.js";

const asFloat = (x: TensorLike): Tensor => ops.cast(x, "float32");

/** 1 where target and prediction are equal, else 0. */
function accuracy(yTrue: TensorLike, yPred: TensorLike): Tensor {
  const p = tensor(yPred);
  const [t, q] = alignRanks(ops.cast(yTrue, p.dtype), p);
  return asFloat(ops.equal(t, q));
}
/** How often predictions equal the targets. `const m = new Accuracy(); m.updateState([1, 2], [1, 3]); m.result() // 0.5` */
export class Accuracy extends ScoreMean {
  static override readonly className: string = "Accuracy";
  static override readonly body = accuracy;
  static override readonly defaults: Config = metricDefaults("accuracy");
}

/** 1 where t = (p > threshold), else 0: targets are 0 and 1. `metrics.binaryAccuracy([1, 0], [0.6, 0.5]) // [1, 1]` */
export function binaryAccuracy(yTrue: TensorLike, yPred: TensorLike, options: { threshold?: number } = {}): Tensor {
  checkOptions("metrics.binaryAccuracy", options, ["threshold"]);
  const [t, p] = alignRanks(tensor(yTrue), tensor(yPred));
  return asFloat(ops.equal(t, ops.cast(ops.greater(p, options.threshold ?? 0.5), t.dtype)));
}
/** How often t = (p > threshold). */
export class BinaryAccuracy extends ScoreMean<MetricOptions & { threshold: number }> {
  static override readonly className: string = "BinaryAccuracy";
  static override readonly body = binaryAccuracy;
  static override readonly defaults: Config = metricDefaults("binary_accuracy", { threshold: 0.5 });
}

/** 1 where the largest prediction stands where the largest target does (the first of equals), else 0: `[…, classes] → […]`. */
export function categoricalAccuracy(yTrue: TensorLike, yPred: TensorLike): Tensor {
  return asFloat(ops.equal(ops.argmax(yTrue, { axis: -1 }), ops.argmax(yPred, { axis: -1 })));
}
/** How often the likeliest class is the right one; targets are one-hot. */
export class CategoricalAccuracy extends ScoreMean {
  static override readonly className: string = "CategoricalAccuracy";
  static override readonly body = categoricalAccuracy;
  static override readonly defaults: Config = metricDefaults("categorical_accuracy");
}

/** 1 where the largest prediction stands at the label, else 0: `yTrue: […] or […, 1], yPred: […, classes] → […]`. */
export function sparseCategoricalAccuracy(yTrue: TensorLike, yPred: TensorLike): Tensor {
  const p = tensor(yPred);
  let labels = tensor(yTrue);
  if (labels.ndim === p.ndim && labels.shape.at(-1) === 1) labels = ops.squeeze(labels, { axis: -1 });
  const right = asFloat(ops.equal(labels, ops.cast(ops.argmax(p, { axis: -1 }), labels.dtype)));
  return right.ndim > 1 && right.shape.at(-1) === 1 ? ops.squeeze(right, { axis: -1 }) : right;
}
/** How often the likeliest class is the label; targets are integers. */
export class SparseCategoricalAccuracy extends ScoreMean {
  static override readonly className: string = "SparseCategoricalAccuracy";
  static override readonly body = sparseCategoricalAccuracy;
  static override readonly defaults: Config = metricDefaults("sparse_categorical_accuracy");
}

/** Labels of any shape against rows of predictions, in the labels' shape. */
function byRow(labels: Tensor, p: Tensor, right: (labels: Tensor, rows: Tensor) => Tensor): Tensor {
  const rows = ops.reshape(p, [-1, p.shape.at(-1) ?? 1]);
  return ops.reshape(asFloat(right(ops.reshape(labels, [-1]), rows)), labels.shape);
}

/** 1 where the right class is among the k likeliest, else 0: `[…, classes] → […]`; targets are one-hot. */
export function topKCategoricalAccuracy(yTrue: TensorLike, yPred: TensorLike, options: { k?: number } = {}): Tensor {
  checkOptions("metrics.topKCategoricalAccuracy", options, ["k"]);
  const labels = ops.argmax(yTrue, { axis: -1 });
  return byRow(labels, tensor(yPred), (l, rows) => ops.inTopK(l, rows, options.k ?? 5));
}
/** How often the right class is among the k likeliest; targets are one-hot. */
export class TopKCategoricalAccuracy extends ScoreMean<MetricOptions & { k: number }> {
  static override readonly className: string = "TopKCategoricalAccuracy";
  static override readonly body = topKCategoricalAccuracy;
  static override readonly defaults: Config = metricDefaults("top_k_categorical_accuracy", { k: 5 });
}

export interface SparseTopKOptions {
  k?: number;
  /** Are predictions ids of classes, the likeliest first, rather than scores? Default false. */
  fromSortedIds?: boolean;
}
/** 1 where the label is among the k likeliest classes, else 0: `yTrue: […], yPred: […, classes] → […]`. */
export function sparseTopKCategoricalAccuracy(yTrue: TensorLike, yPred: TensorLike, options: SparseTopKOptions = {}): Tensor {
  checkOptions("metrics.sparseTopKCategoricalAccuracy", options, ["k", "fromSortedIds"]);
  const { k = 5, fromSortedIds = false } = options;
  const p = tensor(yPred);
  if (!fromSortedIds) return byRow(ops.cast(yTrue, "int32"), p, (l, rows) => ops.inTopK(l, rows, k));
  return byRow(ops.cast(yTrue, p.dtype), p, (l, rows) =>
    ops.any(ops.equal(ops.expandDims(l, 1), ops.getItem(rows, [{}, { stop: k }])), { axis: 1 }),
  );
}
/** How often the label is among the k likeliest classes; targets are integers. */
export class SparseTopKCategoricalAccuracy extends ScoreMean<MetricOptions & Required<SparseTopKOptions>> {
  static override readonly className: string = "SparseTopKCategoricalAccuracy";
  static override readonly body = sparseTopKCategoricalAccuracy;
  static override readonly defaults: Config = metricDefaults("sparse_top_k_categorical_accuracy", { k: 5, fromSortedIds: false });
}
