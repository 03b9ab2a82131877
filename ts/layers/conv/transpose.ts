// Conv1DTranspose, Conv2DTranspose, Conv3DTranspose: from small to large, as the gradient of a convolution goes.

import type { PartialShape } from "../../core/structure.js";
import { ValueError } from "../../errors.js";
import { convolveTransposed } from "../../ops/conv.js";
import { normalizeTuple, spaceOf, transposedSizes } from "../../ops/window.js";
import type { Tensor } from "../../tensor.js";
import { classNameOf } from "../layer.js";
import { KERNEL_DEFAULTS, KernelLayer, type KernelOptions, notBoth, type PerAxis } from "./base.js";

export interface ConvTransposeOptions extends KernelOptions {
  padding?: "valid" | "same";
  /** Cells more at the end of each axis, fewer than its stride; null makes the result as long as `padding` says. */
  outputPadding?: PerAxis | null;
}

const defaultsOf = (perAxis: 1 | readonly number[]) => ({
  strides: perAxis,
  padding: "valid",
  outputPadding: null,
  dataFormat: null,
  dilationRate: perAxis,
  ...KERNEL_DEFAULTS,
});

abstract class ConvTranspose extends KernelLayer {
  readonly outputPadding: readonly number[] | null;

  constructor(filters: number, kernelSize: PerAxis, options: ConvTransposeOptions = {}) {
    super(filters, kernelSize, options);
    const where = classNameOf(this);
    const { outputPadding = null } = options;
    this.outputPadding =
      outputPadding === null ? null : normalizeTuple(`${where}: outputPadding`, outputPadding, this.rank, { min: 0 });
    notBoth(this);
    if (this.outputPadding?.some((p, i) => p >= this.strides[i]!)) {
      throw new ValueError(
        `${where}: outputPadding must be less than strides, received outputPadding ${JSON.stringify(this.outputPadding)} and strides ${JSON.stringify(this.strides)}.`,
      );
    }
  }

  override build(inputShape: PartialShape): void {
    const channels = this.channelsOf(inputShape);
    transposedSizes(this.name, spaceOf(inputShape, this.dataFormat), this.windows, this.outputPadding, inputShape);
    this.makeKernel([...this.kernelSize, this.filters, channels]);
    this.makeBias([this.filters]);
    this.fixChannels(channels);
  }

  override call(x: Tensor): Tensor {
    return this.around(x, (t) => convolveTransposed("convTranspose", t, this.kernel!, this.windows, this.outputPadding));
  }
}

/**
 * Transposed convolution along time: step i adds `x[i, c] · kernel[j, o, c]` to step i·stride + j·dilation; then bias and activation.
 *
 * x: [batch, steps, channels] → [batch, steps′, filters]; kernel: [kernelSize, filters, channels], bias: [filters]. steps′: valid
 * (steps − 1)·stride + max(reach, stride), same steps·stride; see `ops.convTranspose` for `outputPadding`.
 * Errors: `ValueError` for options. Example: `new Conv1DTranspose(8, 3, { strides: 2 }).apply(ops.ones([1, 4, 2])).shape // [1, 9, 8]`
 */
export class Conv1DTranspose extends ConvTranspose {
  static override readonly className: string = "Conv1DTranspose";
  static override readonly rank = 1;
  static override readonly defaults = defaultsOf(1);
}

/** Transposed convolution over images: [batch, rows, columns, channels] → [batch, rows′, columns′, filters]. As Conv1DTranspose per axis. */
export class Conv2DTranspose extends ConvTranspose {
  static override readonly className: string = "Conv2DTranspose";
  static override readonly rank = 2;
  static override readonly defaults = defaultsOf([1, 1]);
}

/** Transposed convolution over volumes: [batch, d1, d2, d3, channels] → [batch, d1′, d2′, d3′, filters]. As Conv1DTranspose per axis. */
export class Conv3DTranspose extends ConvTranspose {
  static override readonly className: string = "Conv3DTranspose";
  static override readonly rank = 3;
  static override readonly defaults = defaultsOf([1, 1, 1]);
}

export {
  Conv1DTranspose as Convolution1DTranspose,
  Conv2DTranspose as Convolution2DTranspose,
  Conv3DTranspose as Convolution3DTranspose,
};
