// GroupNormalization: the channels of each sample in groups that are normalized together.

import type { PartialShape } from "../../core/structure.js";
import { ShapeError, ValueError } from "../../errors.js";
import { axisOf, otherAxes } from "../../ops/basics.js";
import * as ops from "../../ops.js";
import type { Tensor } from "../../tensor.js";
import { InputSpec } from "../inputSpec.js";
import { AFFINE, AffineLayer, type AffineOptions, sizesAt } from "./affine.js";

export interface GroupNormalizationOptions extends AffineOptions {
  /** How many groups; −1: each channel is one (instance normalization). */
  groups?: number;
  /** The axis of channels. */
  axis?: number;
}

/**
 * y = gamma · (x − mean)/√(variance + epsilon) + beta, with mean and variance over all axes of a sample, for each group of channels.
 *
 * x: [batch, …] with channels along `axis`; gamma, beta: [channels]. Channels that follow each other form a group.
 * Errors: `ShapeError` when the groups do not divide the channels. Example: `new GroupNormalization({ groups: 2 })`
 */
export class GroupNormalization extends AffineLayer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "GroupNormalization";
  static override readonly defaults = { groups: 32, axis: -1, ...AFFINE };
  readonly groups: number;
  readonly axis: number;

  constructor(options: GroupNormalizationOptions = {}) {
    super(options);
    const { groups = 32, axis = -1 } = options;
    if (!Number.isInteger(groups) || (groups < 1 && groups !== -1))
      throw new ValueError(`GroupNormalization: groups is a whole number ≥ 1, or -1, received ${JSON.stringify(groups)}.`);
    if (!Number.isInteger(axis))
      throw new ValueError(`GroupNormalization: axis is one whole number, received ${JSON.stringify(axis)}.`);
    this.groups = groups;
    this.axis = axis;
  }

  override build(inputShape: PartialShape): void {
    const [channels] = sizesAt(this, inputShape, [axisOf(this.name, this.axis, inputShape.length)]) as [number];
    const groups = this.#groupsOf(channels);
    if (channels % groups !== 0) {
      throw new ShapeError(
        `${this.name}: ${groups} groups do not divide the ${channels} channels of axis ${this.axis}. Set groups to a divisor of ${channels}.`,
      );
    }
    this.makeAffine([channels]);
    this.inputSpec = new InputSpec({ ndim: inputShape.length, axes: { [this.axis]: channels } });
  }

  #groupsOf(channels: number): number {
    return this.groups === -1 ? channels : this.groups;
  }

  override call(x: Tensor): Tensor {
    const t = ops.cast(x, "float32");
    const at = axisOf(this.name, this.axis, t.ndim);
    const channels = t.shape[at]!;
    const groups = this.#groupsOf(channels);
    /** The axis of channels as two: groups, and the channels of one; `others` are the sizes of the other axes. */
    const apart = (others: readonly number[]): number[] =>
      others.flatMap((n, i) => (i === at ? [groups, channels / groups] : [n]));
    const grouped = ops.reshape(t, apart(t.shape));
    const [mean, variance] = ops.moments(grouped, otherAxes([0, at], grouped.ndim), { keepdims: true });
    const channelsOnly = apart(t.shape.map(() => 1));
    let factor = ops.rsqrt(ops.add(variance, this.epsilon));
    if (this.gamma) factor = ops.multiply(factor, ops.reshape(this.gamma, channelsOnly));
    let shift = ops.multiply(ops.negative(mean), factor);
    if (this.beta) shift = ops.add(shift, ops.reshape(this.beta, channelsOnly));
    return ops.reshape(ops.add(ops.multiply(grouped, factor), shift), t.shape);
  }
}
