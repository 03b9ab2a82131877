// Small layers without weights: Identity, Masking, ActivityRegularization.

import type { TensorTree } from "../core/structure.js";
import * as ops from "../ops.js";
import * as regularizers from "../regularizers.js";
import type { Tensor } from "../tensor.js";
import { Layer, type LayerOptions } from "./layer.js";
import { withFirst } from "./options.js";

/** Returns its inputs, of whatever form. */
export class Identity extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "Identity";
  static override readonly builtAtStart = true;

  constructor(options: LayerOptions = {}) {
    super(options);
    this.supportsMasking = true;
  }

  override call(inputs: TensorTree): TensorTree {
    return inputs;
  }

  override computeOutputShape(...inputShapes: Parameters<Layer["computeOutputShape"]>): ReturnType<Layer["computeOutputShape"]> {
    return inputShapes[0]!;
  }
}

export interface MaskingOptions extends LayerOptions {
  maskValue?: number;
}

/**
 * Masks the steps all of whose features equal `maskValue`, and sets them to 0.
 *
 * x: [batch, steps, features] → the same; the mask is [batch, steps], and replaces any that came.
 */
export class Masking extends Layer {
  static override readonly className: string = "Masking";
  static override readonly defaults = { maskValue: 0 };
  static override readonly builtAtStart = true;
  readonly maskValue: number;

  constructor(maskValue: number | MaskingOptions = {}, options: MaskingOptions = {}) {
    const given = withFirst("maskValue", maskValue, options);
    super(given);
    this.maskValue = given.maskValue ?? 0;
    this.supportsMasking = true;
  }

  override computeMask(inputs: TensorTree): TensorTree {
    return ops.any(ops.notEqual(inputs as Tensor, this.maskValue), { axis: -1 });
  }

  override call(x: Tensor): Tensor {
    const valid = ops.any(ops.notEqual(x, this.maskValue), { axis: -1, keepdims: true });
    const y = ops.multiply(x, ops.cast(valid, x.dtype));
    y.mask = ops.squeeze(valid, { axis: -1 });
    return y;
  }
}

export interface ActivityRegularizationOptions extends Omit<LayerOptions, "activityRegularizer"> {
  l1?: number;
  l2?: number;
}

/** The identity, which adds `(l1 · Σ|x| + l2 · Σx²) / batch` to the loss. Any shape. */
export class ActivityRegularization extends Layer {
  static override readonly className: string = "ActivityRegularization";
  static override readonly defaults = { l1: 0, l2: 0 };
  static override readonly builtAtStart = true;
  readonly l1: number;
  readonly l2: number;

  constructor(options: ActivityRegularizationOptions = {}) {
    super({
      ...options,
      activityRegularizer: new regularizers.L1L2({ l1: options.l1 ?? 0, l2: options.l2 ?? 0 }),
    } as LayerOptions);
    this.l1 = options.l1 ?? 0;
    this.l2 = options.l2 ?? 0;
    this.supportsMasking = true;
  }

  override call(x: Tensor): Tensor {
    return x;
  }

  // The penalty is l1 and l2: an activityRegularizer beside them would say it twice.
  override getConfig(): Record<string, unknown> {
    const { activityRegularizer: _, ...config } = super.getConfig();
    return config;
  }
}
