// Intersection over union of predicted and true regions, from a confusion matrix.

import { checkOptions, ValueError } from "../errors.js";
import { EPSILON } from "../losses/values.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { Metric, type MetricOptions, metricDefaults, type UpdateOptions } from "./metric.js";

interface Classes {
  /** Labels of this class are not counted. */
  ignoreClass: number | null;
  /** Are targets ids of classes rather than one-hot? */
  sparseYTrue: boolean;
  /** Are predictions ids of classes rather than scores? */
  sparseYPred: boolean;
  /** The axis of classes, where they are not ids. */
  axis: number;
}
export type IoUOptions = MetricOptions & Classes;
export type OneHotIoUOptions = MetricOptions & Omit<Classes, "sparseYTrue">;

const CLASSES: Classes = { ignoreClass: null, sparseYTrue: true, sparseYPred: true, axis: -1 };
const ONE_HOT: Omit<Classes, "sparseYTrue"> = { ignoreClass: null, sparseYPred: false, axis: -1 };
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Counts pairs of true and predicted class; the result is the mean IoU over the wanted classes that occur. */
abstract class ConfusionIoU<Options extends MetricOptions> extends Metric<Options> {
  override readonly direction = "up";
  readonly numClasses: number;
  readonly targetClassIds: readonly number[];
  readonly #classes: Classes;
  /** Rows: true class, columns: predicted class. */
  readonly #matrix: Variable;
  #warned = false;

  constructor(numClasses: number, targetClassIds: readonly number[], classes: Classes, options: Partial<Options>) {
    super(options, "int32");
    if (!Number.isInteger(numClasses) || numClasses < 1) {
      throw new ValueError(`${this.name}: the number of classes must be a positive integer, received ${numClasses}.`);
    }
    const wrong = targetClassIds?.find((id) => !Number.isInteger(id) || id < 0 || id >= numClasses);
    if (!Array.isArray(targetClassIds) || wrong !== undefined) {
      throw new ValueError(
        `${this.name}: targetClassIds are ids from 0 to ${numClasses - 1}, received ${String(wrong ?? targetClassIds)}.`,
      );
    }
    this.numClasses = numClasses;
    this.targetClassIds = [...targetClassIds];
    this.#classes = classes;
    this.#matrix = this.addVariable([numClasses, numClasses], "zeros", { name: "total_confusion_matrix", dtype: this.dtype });
  }

  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    checkOptions(`${this.name}.updateState`, options, ["sampleWeight"]);
    const { ignoreClass, sparseYTrue, sparseYPred, axis } = this.#classes;
    const ids = (x: TensorLike, sparse: boolean): Tensor =>
      ops.reshape(ops.cast(sparse ? x : ops.argmax(x, { axis }), "int32"), [-1]);
    const [t, p] = [ids(yTrue, sparseYTrue), ids(yPred, sparseYPred)];
    const n = this.numClasses;
    const inside = (x: Tensor): Tensor => ops.logicalAnd(ops.greaterEqual(x, 0), ops.less(x, n));
    let counts = ops.logicalAnd(inside(t), inside(p));
    if (ignoreClass !== null) counts = ops.logicalAnd(counts, ops.notEqual(t, ignoreClass));
    const pairs = ops.where(counts, ops.add(ops.multiply(t, n), p), -1);
    const weights = ops.broadcastTo(this.#weights(options.sampleWeight ?? 1), t.shape);
    const sums = ops.segmentSum(weights, pairs, { numSegments: n * n });
    this.#matrix.assign(ops.add(this.#matrix.value, ops.reshape(sums, [n, n])));
  }

  /** Weights in the type of the counts. NOTE with integers, the default, fractions are cut off, as in Keras. */
  #weights(given: TensorLike): Tensor {
    const w = tensor(given);
    if (
      !this.#warned &&
      this.dtype !== "float32" &&
      w.dtype === "float32" &&
      !w.isTraced &&
      w.data.some((x) => !Number.isInteger(x))
    ) {
      this.#warned = true;
      console.warn(
        `keratin: ${this.name} counts in ${this.dtype}, which cuts off the fractions of sample weights. Give the metric dtype: "float32".`,
      );
    }
    return ops.cast(w.ndim > 1 ? ops.reshape(w, [-1]) : w, this.dtype);
  }

  override result(): Tensor {
    const matrix = ops.cast(this.#matrix.value, "float32");
    const wanted = (x: Tensor): Tensor => ops.take(x, this.targetClassIds, { axis: 0 });
    const right = wanted(ops.diag(matrix));
    const union = ops.subtract(ops.add(wanted(ops.sum(matrix, { axis: 0 })), wanted(ops.sum(matrix, { axis: 1 }))), right);
    const occurs = ops.greater(union, 1e-9);
    const iou = ops.where(occurs, ops.divide(right, ops.add(union, EPSILON)), 0);
    return ops.divide(ops.sum(iou), ops.add(ops.sum(ops.cast(occurs, "float32")), EPSILON));
  }
}

/** The classes of `options`, `otherwise` where they do not say. */
const classesOf = (options: Partial<Classes>, otherwise: Partial<Classes>): Classes => ({
  ...CLASSES,
  ...otherwise,
  ...Object.fromEntries(Object.entries(options).filter(([k, v]) => k in CLASSES && v !== undefined)),
});

/**
 * Mean over the wanted classes of tp / (tp + fp + fn), where a class occurs; ids outside the classes are not counted.
 *
 * Example: `const m = new IoU(2, [0]); m.updateState([0, 0, 1, 1], [0, 1, 0, 1]); m.result() // 0.33…`
 */
export class IoU extends ConfusionIoU<IoUOptions> {
  static override readonly className: string = "IoU";
  static override readonly required: readonly string[] = ["numClasses", "targetClassIds"];
  static override readonly defaults: Config = metricDefaults(null, { ...CLASSES });
  constructor(numClasses: number, targetClassIds: readonly number[], options: Partial<IoUOptions> = {}) {
    super(numClasses, targetClassIds, classesOf(options, {}), options);
  }
}

/** IoU, mean over all classes that occur. `new MeanIoU(2)` */
export class MeanIoU extends ConfusionIoU<IoUOptions> {
  static override readonly className: string = "MeanIoU";
  static override readonly required: readonly string[] = ["numClasses"];
  static override readonly defaults: Config = metricDefaults(null, { ...CLASSES });
  constructor(numClasses: number, options: Partial<IoUOptions> = {}) {
    super(numClasses, upTo(numClasses), classesOf(options, {}), options);
  }
}

export interface BinaryIoUOptions extends MetricOptions {
  /** Classes to take the mean over, of 0 and 1. */
  targetClassIds: readonly number[];
  /** Class 1 is p ≥ threshold. */
  threshold: number;
}
/** IoU of two classes told apart by p ≥ threshold. `new BinaryIoU({ targetClassIds: [1], threshold: 0.3 })` */
export class BinaryIoU extends ConfusionIoU<BinaryIoUOptions> {
  static override readonly className: string = "BinaryIoU";
  static override readonly defaults: Config = metricDefaults(null, { targetClassIds: [0, 1], threshold: 0.5 });
  constructor(options: Partial<BinaryIoUOptions> = {}) {
    super(2, options.targetClassIds ?? [0, 1], CLASSES, options);
  }

  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    super.updateState(yTrue, ops.greaterEqual(ops.cast(tensor(yPred), "float32"), this.config.threshold), options);
  }
}

/** IoU for one-hot targets and scores. `new OneHotIoU(3, [0, 2])` */
export class OneHotIoU extends ConfusionIoU<OneHotIoUOptions> {
  static override readonly className: string = "OneHotIoU";
  static override readonly required: readonly string[] = ["numClasses", "targetClassIds"];
  static override readonly defaults: Config = metricDefaults(null, { ...ONE_HOT });
  constructor(numClasses: number, targetClassIds: readonly number[], options: Partial<OneHotIoUOptions> = {}) {
    super(numClasses, targetClassIds, classesOf(options, { ...ONE_HOT, sparseYTrue: false }), options);
  }
}

/** IoU for one-hot targets and scores, mean over all classes that occur. `new OneHotMeanIoU(3)` */
export class OneHotMeanIoU extends ConfusionIoU<OneHotIoUOptions> {
  static override readonly className: string = "OneHotMeanIoU";
  static override readonly required: readonly string[] = ["numClasses"];
  static override readonly defaults: Config = metricDefaults(null, { ...ONE_HOT });
  constructor(numClasses: number, options: Partial<OneHotIoUOptions> = {}) {
    super(numClasses, upTo(numClasses), classesOf(options, { ...ONE_HOT, sparseYTrue: false }), options);
  }
}
