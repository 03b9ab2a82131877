// Conv1D, Conv2D, Conv3D.

import type { PartialShape } from "../../core/structure.js";
import { ValueError } from "../../errors.js";
import { convolve } from "../../ops/conv.js";
import { checkWindows, type Padding, spaceOf } from "../../ops/window.js";
import type { Tensor } from "../../tensor.js";
import { classNameOf } from "../layer.js";
import { KERNEL_DEFAULTS, KernelLayer, type KernelOptions, notBoth, type PerAxis, positive } from "./base.js";

export interface ConvOptions extends KernelOptions {
  padding?: "valid" | "same";
  /** So many convolutions side by side, each over its share of the channels and of the filters. */
  groups?: number;
}
export interface Conv1DOptions extends Omit<ConvOptions, "padding"> {
  /** `"causal"`: a step sees itself and steps before. */
  padding?: Padding;
}

const defaultsOf = (perAxis: 1 | readonly number[]) => ({
  strides: perAxis,
  padding: "valid",
  dataFormat: null,
  dilationRate: perAxis,
  groups: 1,
  ...KERNEL_DEFAULTS,
});

abstract class Conv extends KernelLayer {
  readonly groups: number;

  constructor(filters: number, kernelSize: PerAxis, options: ConvOptions = {}) {
    super(filters, kernelSize, options);
    this.groups = positive(this, "groups", options.groups ?? 1);
    if (filters % this.groups !== 0) {
      throw new ValueError(
        `${classNameOf(this)}: the filters must be a multiple of the groups, received ${filters} filters and ${this.groups} groups.`,
      );
    }
    notBoth(this);
  }

  override build(inputShape: PartialShape): void {
    const channels = this.channelsOf(inputShape);
    if (channels % this.groups !== 0) {
      throw new ValueError(
        `${this.name}: the channels of the input must be a multiple of the groups, received ${channels} channels (shape ${JSON.stringify(inputShape)}) and ${this.groups} groups.`,
      );
    }
    checkWindows(this.name, spaceOf(inputShape, this.dataFormat), this.windows, inputShape);
    this.makeKernel([...this.kernelSize, channels / this.groups, this.filters]);
    this.makeBias([this.filters]);
    this.fixChannels(channels);
  }

  override call(x: Tensor): Tensor {
    return this.around(x, (t) => convolve("conv", t, this.kernel!, this.windows));
  }
}

/**
 * Convolution along time: `y[t, o] = activation(Σ x[t·stride + j·dilation, c] · kernel[j, c, o] + bias[o])`, 0 outside of x.
 *
 * x: [batch, steps, channels] → [batch, steps′, filters]; kernel: [kernelSize, channels / groups, filters], bias: [filters]. With
 * `channels_first` x and y have their channels before the steps. steps′: valid ⌊(steps − reach) / stride⌋ + 1, same and causal ⌈steps / stride⌉.
 * Errors: `ValueError` for options, and for groups that do not divide the channels; `ShapeError` when no window fits.
 * Example: `new Conv1D(32, 3, { activation: "relu" }).apply(ops.ones([4, 10, 8])).shape // [4, 8, 32]`
 */
export class Conv1D extends Conv {
  static override readonly className: string = "Conv1D";
  static override readonly rank = 1;
  static override readonly defaults = defaultsOf(1);
  protected static override readonly paddings: readonly Padding[] = ["valid", "same", "causal"];
  constructor(filters: number, kernelSize: PerAxis, options: Conv1DOptions = {}) {
    super(filters, kernelSize, options as ConvOptions);
  }
}

/**
 * Convolution over images: [batch, rows, columns, channels] → [batch, rows′, columns′, filters].
 *
 * kernel: [rows of the window, columns of the window, channels / groups, filters]. All else as in Conv1D, without causal padding.
 * Example: `new Conv2D(32, 3, { activation: "relu" }).apply(ops.ones([4, 28, 28, 1])).shape // [4, 26, 26, 32]`
 */
export class Conv2D extends Conv {
  static override readonly className: string = "Conv2D";
  static override readonly rank = 2;
  static override readonly defaults = defaultsOf([1, 1]);
}

/**
 * Convolution over volumes: [batch, d1, d2, d3, channels] → [batch, d1′, d2′, d3′, filters]. All else as in Conv2D.
 *
 * Example: `new Conv3D(8, 3).apply(ops.ones([1, 5, 5, 5, 2])).shape // [1, 3, 3, 3, 8]`
 */
export class Conv3D extends Conv {
  static override readonly className: string = "Conv3D";
  static override readonly rank = 3;
  static override readonly defaults = defaultsOf([1, 1, 1]);
}

export { Conv1D as Convolution1D, Conv2D as Convolution2D, Conv3D as Convolution3D };
