// Rescaling: pixels from 0 … 255 to 0 … 1, and the like.

import { ValueError } from "../../errors.js";
import * as ops from "../../ops.js";
import type { Tensor, TensorLike } from "../../tensor.js";
import { Layer, type LayerOptions } from "../layer.js";

export interface RescalingOptions extends LayerOptions {
  offset?: TensorLike;
}

/** y = x · scale + offset in float32; scale and offset broadcast to x. Masks pass. `new Rescaling(1 / 255)`, `new Rescaling(1 / 127.5, { offset: -1 })` */
export class Rescaling extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "Rescaling";
  static override readonly required = ["scale"];
  static override readonly defaults = { offset: 0 };
  static override readonly builtAtStart = true;
  readonly scale: TensorLike;
  readonly offset: TensorLike;

  constructor(scale: TensorLike, options: RescalingOptions = {}) {
    super(options);
    if (scale === undefined) throw new ValueError("Rescaling: the scale is missing: new Rescaling(1 / 255).");
    this.scale = scale;
    this.offset = options.offset ?? 0;
    this.supportsMasking = true;
  }

  override call(x: Tensor): Tensor {
    return ops.add(ops.multiply(ops.cast(x, "float32"), this.scale), this.offset);
  }
}
