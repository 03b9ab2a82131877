// Normalization: features to mean 0 and variance 1, with statistics of the data that `adapt` saw.

import type { PartialShape } from "../../core/structure.js";
import { ShapeError, StateError, ValueError } from "../../errors.js";
import { axesOf } from "../../ops/basics.js";
import * as ops from "../../ops.js";
import { sizeOf, type Tensor, type TensorLike, tensor } from "../../tensor.js";
import type { Variable } from "../../variable.js";
import { Layer, type LayerOptions } from "../layer.js";
import { sizesAt } from "../normalization/affine.js";
import { type AdaptData, batchesOf } from "./data.js";

export interface NormalizationOptions extends LayerOptions {
  /** The axes that keep statistics of their own: −1 for each feature; null: one mean and variance for everything. */
  axis?: number | readonly number[] | null;
  /** Mean and variance, when they are known; then there is nothing to adapt. */
  mean?: TensorLike | null;
  variance?: TensorLike | null;
  /** Go back: from normalized features to the original ones? */
  invert?: boolean;
}

/** Keras' `backend.epsilon()`: features that do not vary are divided by it. */
const EPSILON = 1e-7;

/**
 * y = (x − mean)/max(√variance, 1e-7); with `invert`, y = mean + x · max(√variance, 1e-7).
 *
 * `adapt(data)` computes mean and variance (divided by n) of an array or of batches. They are weights, so that a file has them, and a
 * compiled model takes notice. x: any shape; mean, variance: the sizes of `axis`. Masks pass.
 * Errors: `ValueError` when only one of mean and variance is given; `ShapeError` when data and layer do not fit.
 * Example: `const n = new Normalization(); n.adapt([[1], [3]]); n.apply([[5]]) // [[3]]`
 */
export class Normalization extends Layer {
  static override readonly className: string = "Normalization";
  static override readonly defaults = { axis: -1, mean: null, variance: null, invert: false };
  readonly axis: readonly number[];
  readonly inputMean: TensorLike | null;
  readonly inputVariance: TensorLike | null;
  readonly invert: boolean;
  adaptMean: Variable | undefined;
  adaptVariance: Variable | undefined;
  count: Variable | undefined;
  /** The shape in which mean and variance meet the inputs: 1 for the axes that share them. */
  #spread: readonly number[] = [];

  constructor(options: NormalizationOptions = {}) {
    super(options);
    const { axis = -1, mean = null, variance = null } = options;
    const axes = axis === null ? [] : typeof axis === "number" ? [axis] : axis;
    if (!Array.isArray(axes) || axes.some((a) => !Number.isInteger(a)))
      throw new ValueError(`Normalization: axis is a whole number, several, or null, received ${JSON.stringify(axis)}.`);
    if ((mean === null) !== (variance === null))
      throw new ValueError(
        `Normalization: give both mean and variance, or neither; only the ${mean === null ? "variance" : "mean"} came.`,
      );
    this.axis = [...axes];
    this.inputMean = mean;
    this.inputVariance = variance;
    this.invert = options.invert ?? false;
    this.supportsMasking = true;
  }

  override build(inputShape: PartialShape): void {
    const kept = axesOf(this.name, this.axis, inputShape.length);
    const shape = sizesAt(this, inputShape, kept);
    this.#spread = inputShape.map((_, i) => (kept.includes(i) ? shape[kept.indexOf(i)]! : 1));
    if (this.inputMean !== null) {
      this.#given(this.inputMean);
      this.#given(this.inputVariance!);
      return;
    }
    this.adaptMean = this.addWeight({ name: "mean", shape, initializer: "zeros", trainable: false });
    this.adaptVariance = this.addWeight({ name: "variance", shape, initializer: "ones", trainable: false });
    this.count = this.addWeight({ name: "count", shape: [], dtype: "int32", initializer: "zeros", trainable: false });
  }

  /** A statistic that the user gave, in the shape to compute with. */
  #given(value: TensorLike): Tensor {
    const t = ops.cast(tensor(value), "float32");
    if (t.size === sizeOf(this.#spread)) return ops.reshape(t, this.#spread);
    const fits = t.ndim <= this.#spread.length && t.shape.every((n, i) => n === 1 || n === this.#spread.at(i - t.ndim));
    if (fits) return ops.broadcastTo(t, this.#spread);
    throw new ShapeError(
      `${this.name}: mean and variance must broadcast to ${JSON.stringify(this.#spread)}, as axis ${JSON.stringify(this.axis)} of the inputs says; received shape [${t.shape.join(", ")}].`,
    );
  }

  /** The mean that is taken away, of a shape that broadcasts to the inputs; null before the layer is built. */
  get mean(): Tensor | null {
    if (!this.built) return null;
    return this.adaptMean ? ops.reshape(this.adaptMean, this.#spread) : this.#given(this.inputMean!);
  }
  /** The variance, as `mean`. */
  get variance(): Tensor | null {
    if (!this.built) return null;
    return this.adaptVariance ? ops.reshape(this.adaptVariance, this.#spread) : this.#given(this.inputVariance!);
  }

  /** Takes mean and variance from an array or from batches; what was adapted to before is forgotten. */
  adapt(data: AdaptData): void {
    if (this.inputMean !== null)
      throw new StateError(`${this.name}: mean and variance were given to the constructor; leave them out to adapt.`);
    let all: Moments | null = null;
    let shape: PartialShape = [];
    for (const batch of batchesOf(this.name, data)) {
      const kept = axesOf(this.name, this.axis, batch.ndim);
      const own = this.#fitting(batch, kept, all && shape);
      all = merged(all, momentsOf(batch, kept));
      shape = own;
    }
    if (!this.built) this.build(shape);
    const { mean, variance } = all!;
    this.adaptMean!.assign(tensor(Float32Array.from(mean), { shape: this.adaptMean!.shape }));
    this.adaptVariance!.assign(tensor(Float32Array.from(variance), { shape: this.adaptVariance!.shape }));
  }

  /** The batch's shape with null for axes that may differ. Errors: `ShapeError` when it is not that of the layer or of earlier batches. */
  #fitting(batch: Tensor, kept: readonly number[], before: PartialShape | null): PartialShape {
    const own = batch.shape.map((n, i) => (kept.includes(i) ? n : null));
    const wanted = before ?? (this.built ? this.#spread.map((n, i) => (kept.includes(i) ? n : null)) : own);
    if (JSON.stringify(own) !== JSON.stringify(wanted)) {
      throw new ShapeError(
        `${this.name}: adapt received data of shape [${batch.shape.join(", ")}]; expected ${JSON.stringify(wanted)}, as the layer was built or earlier batches were.`,
      );
    }
    return own;
  }

  override call(x: Tensor): Tensor {
    const t = ops.cast(x, "float32");
    const deviation = ops.maximum(ops.sqrt(this.variance!), EPSILON);
    if (this.invert) return ops.add(this.mean!, ops.multiply(t, deviation));
    return ops.divide(ops.subtract(t, this.mean!), deviation);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), mean: this.inputMean, variance: this.inputVariance };
  }
}

/** Mean and variance of groups of elements, and how many elements each group has. */
interface Moments {
  mean: Float64Array;
  variance: Float64Array;
  count: number;
}

/** Computed here rather than by ops: in float64, and without a copy of the data in the core. */
function momentsOf(t: Tensor, kept: readonly number[]): Moments {
  const [rows = 1, ...inner] = t.shape;
  const width = sizeOf(inner);
  const groups = sizeOf(kept.map((a) => t.shape[a]!));
  const rowStep = kept.includes(0) ? groups / rows : 0;
  const groupOf = innerGroups(inner, kept);
  const count = t.size / groups;
  const over = (f: (x: number, group: number) => number): Float64Array => {
    const sums = new Float64Array(groups);
    for (let row = 0, at = 0; row < rows; row++) {
      for (let i = 0; i < width; i++) {
        const group = row * rowStep + groupOf[i]!;
        sums[group]! += f(t.data[at++]!, group);
      }
    }
    return sums.map((sum) => sum / count);
  };
  const mean = over((x) => x);
  return { mean, variance: over((x, group) => (x - mean[group]!) ** 2), count };
}

/** For each element of a row the number of its group, by the kept axes behind axis 0. */
function innerGroups(inner: readonly number[], kept: readonly number[]): Int32Array {
  const groupOf = new Int32Array(sizeOf(inner));
  for (let i = 0; i < groupOf.length; i++) {
    let [rest, group, step] = [i, 0, 1];
    for (let axis = inner.length - 1; axis >= 0; axis--) {
      const n = inner[axis]!;
      if (kept.includes(axis + 1)) {
        group += (rest % n) * step;
        step *= n;
      }
      rest = Math.floor(rest / n);
    }
    groupOf[i] = group;
  }
  return groupOf;
}

/** The moments of both parts together: each variance is about its own mean, so the distance of the means comes on top. */
function merged(a: Moments | null, b: Moments): Moments {
  if (a === null) return b;
  const count = a.count + b.count;
  const share = b.count / count;
  const mean = a.mean.map((m, i) => m * (1 - share) + b.mean[i]! * share);
  const variance = mean.map(
    (m, i) => (a.variance[i]! + (a.mean[i]! - m) ** 2) * (1 - share) + (b.variance[i]! + (b.mean[i]! - m) ** 2) * share,
  );
  return { mean, variance, count };
}
