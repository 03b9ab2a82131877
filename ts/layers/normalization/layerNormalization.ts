// Normalizations of each sample by itself, along some of its axes: LayerNormalization, RMSNormalization, UnitNormalization.

import type { PartialShape } from "../../core/structure.js";
import { ValueError } from "../../errors.js";
import { axesOf } from "../../ops/basics.js";
import * as ops from "../../ops.js";
import type { Tensor } from "../../tensor.js";
import type { Variable } from "../../variable.js";
import { classNameOf, Layer, type LayerOptions } from "../layer.js";
import { AFFINE, AffineLayer, type AffineOptions, epsilonOf, sizesAt } from "./affine.js";

/** One axis, or several that are normalized together; negative ones count from the end. */
type Axes = number | readonly number[];

/** Errors: `ValueError` for anything but whole numbers. */
function checkAxes(layer: Layer, axis: unknown): Axes {
  const axes = Array.isArray(axis) ? axis : [axis];
  if (!axes.every((a) => Number.isInteger(a)))
    throw new ValueError(`${classNameOf(layer)}: axis is a whole number or several, received ${JSON.stringify(axis)}.`);
  return Array.isArray(axis) ? [...axis] : (axis as number);
}

/** As Keras writes axes: a built layer has a list. */
const written = (layer: Layer, axis: Axes): Axes => (layer.built && typeof axis === "number" ? [axis] : axis);

export interface LayerNormalizationOptions extends AffineOptions {
  axis?: Axes;
  /** Divide by the deviation without taking the mean away, and without beta. Deprecated in Keras: use RMSNormalization. */
  rmsScaling?: boolean;
}

/**
 * y = gamma · (x − mean)/√(variance + epsilon) + beta, with mean and variance (divided by n) of each sample over `axis`.
 *
 * x: any shape; gamma, beta: the sizes of the axes. Errors: `ValueError` when an axis is named twice, `ShapeError` when there is none such.
 * Example: `new LayerNormalization().apply([[1, 2, 3]]) // [[-1.2238, 0, 1.2238]]`
 */
export class LayerNormalization extends AffineLayer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "LayerNormalization";
  static override readonly defaults = { axis: -1, ...AFFINE, rmsScaling: false };
  readonly axis: Axes;
  readonly rmsScaling: boolean;

  constructor(options: LayerNormalizationOptions = {}) {
    super(options);
    this.axis = checkAxes(this, options.axis ?? -1);
    this.rmsScaling = options.rmsScaling ?? false;
  }

  override build(inputShape: PartialShape): void {
    const shape = sizesAt(this, inputShape, axesOf(this.name, this.axis, inputShape.length));
    this.makeAffine(shape, this.rmsScaling ? { scale: true, center: false } : undefined);
  }

  override call(x: Tensor): Tensor {
    const { axis, epsilon } = this;
    const [gamma, beta] = [this.gamma?.value ?? null, this.beta?.value ?? null];
    if (!this.rmsScaling) return ops.layerNormalization(x, { gamma, beta, axis, epsilon });
    const t = ops.cast(x, "float32");
    const axes = axesOf(this.name, axis, t.ndim);
    const scale = ops.reshape(
      gamma!,
      t.shape.map((n, i) => (axes.includes(i) ? n : 1)),
    );
    const factor = ops.rsqrt(ops.add(ops.var(t, { axis: axes, keepdims: true }), epsilon));
    return ops.multiply(ops.multiply(t, factor), scale);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), axis: written(this, this.axis) };
  }
}

export interface RMSNormalizationOptions extends LayerOptions {
  axis?: Axes;
  epsilon?: number;
}

/**
 * y = scale · x/√(mean(x²) + epsilon), with the mean of each sample over `axis`.
 *
 * x: any shape; scale: the sizes of the axes, and multiplied along the last ones, as in Keras. Masks end here.
 * Example: `new RMSNormalization().apply([[1, 2, 3]]) // [[0.46291, 0.92582, 1.38873]]`
 */
export class RMSNormalization extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "RMSNormalization";
  static override readonly defaults = { axis: -1, epsilon: 1e-6 };
  readonly axis: Axes;
  readonly epsilon: number;
  scale: Variable | undefined;

  constructor(options: RMSNormalizationOptions = {}) {
    super(options);
    this.axis = checkAxes(this, options.axis ?? -1);
    this.epsilon = epsilonOf(this, options.epsilon ?? 1e-6);
  }

  override build(inputShape: PartialShape): void {
    const shape = sizesAt(this, inputShape, axesOf(this.name, this.axis, inputShape.length));
    this.scale = this.addWeight({ name: "scale", shape, initializer: "ones" });
  }

  override call(x: Tensor): Tensor {
    return ops.rmsNormalization(x, { scale: this.scale!.value, axis: this.axis, epsilon: this.epsilon });
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), axis: written(this, this.axis) };
  }
}

export interface UnitNormalizationOptions extends LayerOptions {
  axis?: Axes;
}

// A shorter vector counts as one of this length, so that a vector of zeros stays one.
const SHORTEST = 1e-12;

/** y = x/‖x‖: each sample has length 1 along `axis`, zeros stay zeros. x: any shape. `new UnitNormalization().apply([[3, 4]]) // [[0.6, 0.8]]` */
export class UnitNormalization extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "UnitNormalization";
  static override readonly defaults = { axis: -1 };
  static override readonly builtAtStart = true;
  readonly axis: Axes;

  constructor(options: UnitNormalizationOptions = {}) {
    super(options);
    this.axis = checkAxes(this, options.axis ?? -1);
    this.supportsMasking = true;
  }

  override call(x: Tensor): Tensor {
    const t = ops.cast(x, "float32");
    const squares = ops.sum(ops.square(t), { axis: this.axis, keepdims: true });
    // NOTE not ops.normalize: its gradient at zeros is NaN (∞ · 0), the maximum's is 0.
    return ops.multiply(t, ops.rsqrt(ops.maximum(squares, SHORTEST ** 2)));
  }
}
