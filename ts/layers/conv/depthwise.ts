// DepthwiseConv1D, DepthwiseConv2D: a filter bank for each channel; and SeparableConv1D, SeparableConv2D, which mix the channels behind it.

import type * as constraints from "../../constraints.js";
import type { PartialShape } from "../../core/structure.js";
import type * as initializers from "../../initializers.js";
import { convolveDepthwise, convolveSeparable } from "../../ops/conv.js";
import { checkWindows, spaceOf } from "../../ops/window.js";
import type * as regularizers from "../../regularizers.js";
import type { Tensor } from "../../tensor.js";
import type { Variable } from "../../variable.js";
import { setWeightOptions, weightOptionsOf } from "../weightOptions.js";
import { type PerAxis, positive, WindowLayer, type WindowOptions } from "./base.js";

export interface DepthwiseConvOptions extends WindowOptions {
  padding?: "valid" | "same";
  /** Filters per channel. */
  depthMultiplier?: number;
  depthwiseInitializer?: initializers.InitializerIdentifier;
  depthwiseRegularizer?: regularizers.RegularizerIdentifier;
  depthwiseConstraint?: constraints.ConstraintIdentifier;
}
export interface SeparableConvOptions extends DepthwiseConvOptions {
  pointwiseInitializer?: initializers.InitializerIdentifier;
  pointwiseRegularizer?: regularizers.RegularizerIdentifier;
  pointwiseConstraint?: constraints.ConstraintIdentifier;
}

const depthwiseDefaults = (perAxis: 1 | readonly number[]) => ({
  strides: perAxis,
  padding: "valid",
  depthMultiplier: 1,
  dataFormat: null,
  dilationRate: perAxis,
  activation: null,
  useBias: true,
  depthwiseInitializer: "glorot_uniform",
  biasInitializer: "zeros",
  depthwiseRegularizer: null,
  biasRegularizer: null,
  activityRegularizer: null,
  depthwiseConstraint: null,
  biasConstraint: null,
});

const separableDefaults = (perAxis: 1 | readonly number[]) => ({
  ...depthwiseDefaults(perAxis),
  pointwiseInitializer: "glorot_uniform",
  pointwiseRegularizer: null,
  pointwiseConstraint: null,
});

/** What both share: the depthwise kernel. */
abstract class Depthwise extends WindowLayer {
  readonly depthMultiplier: number;
  declare readonly depthwiseInitializer: initializers.InitializerLike;
  declare readonly depthwiseRegularizer: regularizers.RegularizerLike | null;
  declare readonly depthwiseConstraint: constraints.ConstraintLike | null;

  constructor(kernelSize: PerAxis, options: DepthwiseConvOptions = {}) {
    super(kernelSize, options);
    this.depthMultiplier = positive(this, "depthMultiplier", options.depthMultiplier ?? 1);
    setWeightOptions(this, options, "depthwise", "glorot_uniform");
  }

  /** Checks the shape and makes the kernel: [...kernelSize, channels, depthMultiplier]. */
  protected makeDepthwise(name: string, inputShape: PartialShape): Variable {
    const channels = this.channelsOf(inputShape);
    checkWindows(this.name, spaceOf(inputShape, this.dataFormat), this.windows, inputShape);
    const shape = [...this.kernelSize, channels, this.depthMultiplier];
    return this.addWeight({ name, shape, ...weightOptionsOf(this, "depthwise") });
  }
}

abstract class DepthwiseConv extends Depthwise {
  static override readonly required = ["kernelSize"];
  kernel: Variable | undefined;

  override build(inputShape: PartialShape): void {
    const kernel = this.makeDepthwise("kernel", inputShape);
    const channels = kernel.shape.at(-2)!;
    this.kernel = kernel;
    this.makeBias([channels * this.depthMultiplier]);
    this.fixChannels(channels);
  }

  override call(x: Tensor): Tensor {
    return this.around(x, (t) => convolveDepthwise("depthwiseConv", t, this.kernel!, this.windows));
  }
}

/**
 * Convolution along time, each channel by itself: channel c gives channels c·m … c·m + m − 1, m = `depthMultiplier`.
 *
 * x: [batch, steps, channels] → [batch, steps′, channels·m]; kernel: [kernelSize, channels, m], bias: [channels·m].
 * Errors: `ValueError` for options, `ShapeError` when no window fits.
 * Example: `new DepthwiseConv1D(3).apply(ops.ones([1, 5, 4])).shape // [1, 3, 4]`
 */
export class DepthwiseConv1D extends DepthwiseConv {
  static override readonly className: string = "DepthwiseConv1D";
  static override readonly rank = 1;
  static override readonly defaults = depthwiseDefaults(1);
}

/** Convolution over images, each channel by itself: [batch, rows, columns, channels] → [batch, rows′, columns′, channels·m]. As DepthwiseConv1D. */
export class DepthwiseConv2D extends DepthwiseConv {
  static override readonly className: string = "DepthwiseConv2D";
  static override readonly rank = 2;
  static override readonly defaults = depthwiseDefaults([1, 1]);
}

abstract class SeparableConv extends Depthwise {
  static override readonly required = ["filters", "kernelSize"];

  readonly filters: number;
  declare readonly pointwiseInitializer: initializers.InitializerLike;
  declare readonly pointwiseRegularizer: regularizers.RegularizerLike | null;
  declare readonly pointwiseConstraint: constraints.ConstraintLike | null;
  depthwiseKernel: Variable | undefined;
  pointwiseKernel: Variable | undefined;

  constructor(filters: number, kernelSize: PerAxis, options: SeparableConvOptions = {}) {
    super(kernelSize, options);
    this.filters = positive(this, "filters", filters);
    setWeightOptions(this, options, "pointwise", "glorot_uniform");
  }

  override build(inputShape: PartialShape): void {
    const kernel = this.makeDepthwise("depthwise_kernel", inputShape);
    const channels = kernel.shape.at(-2)!;
    this.depthwiseKernel = kernel;
    this.pointwiseKernel = this.addWeight({
      name: "pointwise_kernel",
      shape: [...this.kernelSize.map(() => 1), channels * this.depthMultiplier, this.filters],
      ...weightOptionsOf(this, "pointwise"),
    });
    this.makeBias([this.filters]);
    this.fixChannels(channels);
  }

  override call(x: Tensor): Tensor {
    return this.around(x, (t) =>
      convolveSeparable("separableConv", t, this.depthwiseKernel!, this.pointwiseKernel!, this.windows),
    );
  }
}

/**
 * A depthwise convolution along time, then one over the channels of each step, then bias and activation.
 *
 * x: [batch, steps, channels] → [batch, steps′, filters]; depthwise kernel: [kernelSize, channels, m], pointwise kernel:
 * [1, channels·m, filters], bias: [filters]. Errors: `ValueError` for options, `ShapeError` when no window fits.
 * Example: `new SeparableConv1D(8, 3).apply(ops.ones([1, 5, 4])).shape // [1, 3, 8]`
 */
export class SeparableConv1D extends SeparableConv {
  static override readonly className: string = "SeparableConv1D";
  static override readonly rank = 1;
  static override readonly defaults = separableDefaults(1);
}

/** Depthwise, then pointwise convolution of images: [batch, rows, columns, channels] → [batch, rows′, columns′, filters]. As SeparableConv1D. */
export class SeparableConv2D extends SeparableConv {
  static override readonly className: string = "SeparableConv2D";
  static override readonly rank = 2;
  static override readonly defaults = separableDefaults([1, 1]);
}

export { SeparableConv1D as SeparableConvolution1D, SeparableConv2D as SeparableConvolution2D };
