// BatchNormalization: every channel to mean 0 and variance 1, over the batch while training, with running statistics otherwise.

import type { PartialShape } from "../../core/structure.js";
import { checkOptions, ShapeError, ValueError } from "../../errors.js";
import * as initializers from "../../initializers.js";
import { axisOf, otherAxes } from "../../ops/basics.js";
import * as ops from "../../ops.js";
import type { Tensor } from "../../tensor.js";
import type { Variable } from "../../variable.js";
import { InputSpec } from "../inputSpec.js";
import type { CallArguments } from "../layer.js";
import { AFFINE, AffineLayer, type AffineOptions, sizesAt } from "./affine.js";

/** Bounds of the correction of batch renormalization: `rmin ≤ r ≤ rmax`, `|d| ≤ dmax`. */
export interface RenormClipping {
  rmin?: number;
  rmax?: number;
  dmax?: number;
}

export interface BatchNormalizationOptions extends AffineOptions {
  /** The axis of channels, which keep a mean and variance each. */
  axis?: number;
  /** How much of the old running statistics stays at each step. */
  momentum?: number;
  movingMeanInitializer?: initializers.InitializerIdentifier;
  movingVarianceInitializer?: initializers.InitializerIdentifier;
  /** Correct the batch's statistics towards the running ones (batch renormalization)? */
  renorm?: boolean;
  renormClipping?: RenormClipping | null;
  renormMomentum?: number;
  /** Accepted; there is one device, so a batch is always whole. */
  synchronized?: boolean;
}

/** Keras' `backend.epsilon()`: keeps the mean of nothing from being NaN. */
const TINY = 1e-7;

/**
 * y = gamma · (x − mean)/√(variance + epsilon) + beta, with one mean, variance, gamma and beta per index of `axis`.
 *
 * While training, mean and variance (divided by n) are those of the batch, and `moving ← moving·momentum + batch·(1 − momentum)`; in
 * inference, and always when the layer is frozen (`trainable = false`), they are the moving ones. With a mask, of all axes but the last,
 * only what it lets through counts for mean and variance; everything is normalized.
 *
 * x: any shape from 1 axis on; gamma, beta, movingMean, movingVariance: [channels].
 * `renorm`: while training, y = gamma · ((x − mean)/stddev · r + d) + beta with r = stddev/renormStddev, d = (mean − renormMean)/renormStddev as
 * constants (https://arxiv.org/abs/1702.03275). Errors: `ShapeError` for a mask of another rank.
 */
export class BatchNormalization extends AffineLayer {
  static override readonly className: string = "BatchNormalization";
  static override readonly takesMask = true;
  static override readonly defaults = {
    axis: -1,
    momentum: 0.99,
    ...AFFINE,
    movingMeanInitializer: "zeros",
    movingVarianceInitializer: "ones",
    renorm: false,
    renormClipping: null,
    renormMomentum: 0.99,
    synchronized: false,
  };
  readonly axis: number;
  readonly momentum: number;
  readonly movingMeanInitializer: initializers.InitializerLike;
  readonly movingVarianceInitializer: initializers.InitializerLike;
  readonly renorm: boolean;
  readonly renormClipping: RenormClipping | null;
  readonly renormMomentum: number;
  readonly synchronized: boolean;
  movingMean: Variable | undefined;
  movingVariance: Variable | undefined;
  movingStddev: Variable | undefined;
  renormMean: Variable | undefined;
  renormStddev: Variable | undefined;

  constructor(options: BatchNormalizationOptions = {}) {
    super(options);
    const { axis = -1, momentum = 0.99, renorm = false, renormMomentum = 0.99, synchronized = false } = options;
    if (!Number.isInteger(axis))
      throw new ValueError(`BatchNormalization: axis is one whole number, received ${JSON.stringify(axis)}.`);
    this.axis = axis;
    this.momentum = share("momentum", momentum);
    this.movingMeanInitializer = initializers.get(options.movingMeanInitializer ?? "zeros")!;
    this.movingVarianceInitializer = initializers.get(options.movingVarianceInitializer ?? "ones")!;
    this.renorm = renorm;
    this.renormClipping = renorm ? { ...options.renormClipping } : (options.renormClipping ?? null);
    checkOptions("BatchNormalization: renormClipping", this.renormClipping ?? undefined, ["rmin", "rmax", "dmax"]);
    this.renormMomentum = share("renormMomentum", renormMomentum);
    this.synchronized = synchronized;
  }

  override build(inputShape: PartialShape): void {
    const at = axisOf(this.name, this.axis, inputShape.length);
    const shape = sizesAt(this, inputShape, [at]);
    this.makeAffine(shape);
    const state = (name: string, initializer: initializers.InitializerIdentifier): Variable =>
      this.addWeight({ name, shape, initializer, trainable: false });
    this.movingMean = state("moving_mean", this.movingMeanInitializer);
    this.movingVariance = state("moving_variance", this.movingVarianceInitializer);
    if (this.renorm) {
      const root = (size: readonly number[]): Tensor => ops.sqrt(this.movingVarianceInitializer.call(size));
      this.movingStddev = state("moving_stddev", root);
      this.renormMean = state("renorm_mean", this.movingMeanInitializer);
      this.renormStddev = state("renorm_stddev", root);
    }
    this.inputSpec = new InputSpec({ ndim: inputShape.length, axes: { [this.axis]: shape[0]! } });
  }

  override call(x: Tensor, { training, mask }: CallArguments): Tensor {
    const given = mask as Tensor | null;
    if (given && given.ndim !== x.ndim - 1) {
      throw new ShapeError(
        `${this.name}: the mask must have one axis less than the inputs, received shapes [${given.shape.join(", ")}] and [${x.shape.join(", ")}].`,
      );
    }
    const t = ops.cast(x, "float32");
    const gamma = this.gamma?.value ?? null;
    const beta = this.beta?.value ?? null;
    if (!training || !this.trainable) return this.#normalized(t, this.movingMean!.value, this.movingVariance!.value, gamma, beta);
    const [mean, variance] = this.#moments(t, given);
    if (this.renorm) return this.#renormalized(t, mean, variance);
    update(this.movingMean!, mean, this.momentum);
    update(this.movingVariance!, variance, this.momentum);
    return this.#normalized(t, mean, variance, gamma, beta);
  }

  #normalized(x: Tensor, mean: Tensor, variance: Tensor, scale: Tensor | null, offset: Tensor | null): Tensor {
    return ops.batchNormalization(x, mean, variance, this.axis, { scale, offset, epsilon: this.epsilon });
  }

  /** Mean and variance of each channel, of what the mask lets through. */
  #moments(x: Tensor, mask: Tensor | null): readonly [Tensor, Tensor] {
    const axes = otherAxes([axisOf(this.name, this.axis, x.ndim)], x.ndim);
    if (!mask) return ops.moments(x, axes);
    const weights = ops.broadcastTo(ops.expandDims(ops.cast(mask, "float32"), -1), x.shape);
    const count = ops.add(ops.sum(weights, { axis: axes, keepdims: true }), TINY);
    const mean = ops.divide(ops.sum(ops.multiply(weights, x), { axis: axes, keepdims: true }), count);
    const distance = ops.square(ops.subtract(x, mean));
    const variance = ops.divide(ops.sum(ops.multiply(weights, distance), { axis: axes, keepdims: true }), count);
    return [ops.reshape(mean, [-1]), ops.reshape(variance, [-1])];
  }

  #renormalized(x: Tensor, mean: Tensor, variance: Tensor): Tensor {
    const { rmin = null, rmax = null, dmax = null } = this.renormClipping ?? {};
    const stddev = ops.sqrt(ops.add(variance, this.epsilon));
    const before = ops.maximum(this.renormStddev!, Math.sqrt(this.epsilon));
    const within = (t: Tensor, low: number | null, high: number | null): Tensor => {
      const bounded = low === null ? t : ops.maximum(t, low);
      return ops.stopGradient(high === null ? bounded : ops.minimum(bounded, high));
    };
    const r = within(ops.divide(stddev, before), rmin, rmax);
    const d = within(ops.divide(ops.subtract(mean, this.renormMean!), before), dmax === null ? null : -dmax, dmax);
    const [gamma, beta] = [this.gamma?.value ?? 1, this.beta?.value ?? 0];
    update(this.movingMean!, mean, this.momentum);
    const moved = update(this.movingStddev!, stddev, this.momentum);
    this.movingVariance!.assign(ops.relu(ops.subtract(ops.square(moved), this.epsilon)));
    update(this.renormMean!, mean, this.renormMomentum);
    update(this.renormStddev!, stddev, this.renormMomentum);
    return this.#normalized(x, mean, variance, ops.multiply(r, gamma), ops.add(ops.multiply(d, gamma), beta));
  }
}

/** `v ← v·momentum + x·(1 − momentum)`; returns the new value. */
function update(v: Variable, x: Tensor, momentum: number): Tensor {
  const value = ops.add(ops.multiply(v, momentum), ops.multiply(x, 1 - momentum));
  v.assign(value);
  return value;
}

/** A share of 0 to 1. Errors: `ValueError`. */
function share(name: string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw new ValueError(`BatchNormalization: ${name} is a number from 0 to 1, received ${JSON.stringify(value)}.`);
}
