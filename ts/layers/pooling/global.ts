// Pooling over all of space at once: GlobalMaxPooling and GlobalAveragePooling, 1D to 3D.

import type { PartialShape } from "../../core/structure.js";
import * as ops from "../../ops.js";
import type { Tensor } from "../../tensor.js";
import type { CallArguments } from "../layer.js";
import { SpaceLayer, type SpaceOptions } from "../space.js";

export interface GlobalPoolingOptions extends SpaceOptions {
  /** Leave the axes of space with size 1? */
  keepdims?: boolean;
}

/** [batch, …space, channels] → [batch, channels]; with `keepdims` [batch, 1, …, channels]. */
abstract class GlobalPooling extends SpaceLayer {
  static override readonly defaults: Readonly<Record<string, unknown>> = { dataFormat: null, keepdims: false };
  static override readonly builtAtStart: boolean = true;
  readonly keepdims: boolean;

  constructor(options: GlobalPoolingOptions = {}) {
    super(options);
    this.keepdims = options.keepdims ?? false;
  }

  /** The axes of space. */
  protected axes(x: Tensor): number[] {
    const from = this.dataFormat === "channels_last" ? 1 : 2;
    return Array.from({ length: x.ndim - 2 }, (_, i) => from + i);
  }

  protected override outputSpace(space: PartialShape): PartialShape {
    return this.keepdims ? space.map(() => 1) : [];
  }
}

/** The maximum over space; equal maxima share the gradient. Errors: `ShapeError` when there is no cell. */
abstract class GlobalMaxPooling extends GlobalPooling {
  override call(x: Tensor): Tensor {
    return ops.max(x, { axis: this.axes(x), keepdims: this.keepdims });
  }
}

/** The mean over space. */
abstract class GlobalAveragePooling extends GlobalPooling {
  override call(x: Tensor): Tensor {
    return ops.mean(x, { axis: this.axes(x), keepdims: this.keepdims });
  }
}

/** The maximum over the steps: [batch, steps, channels] → [batch, channels]. */
export class GlobalMaxPooling1D extends GlobalMaxPooling {
  static override readonly className: string = "GlobalMaxPooling1D";
  static override readonly rank = 1;
}

/** The maximum over rows and columns: [batch, rows, columns, channels] → [batch, channels]. */
export class GlobalMaxPooling2D extends GlobalMaxPooling {
  static override readonly className: string = "GlobalMaxPooling2D";
  static override readonly rank = 2;
}

/** The maximum over a volume: [batch, d1, d2, d3, channels] → [batch, channels]. */
export class GlobalMaxPooling3D extends GlobalMaxPooling {
  static override readonly className: string = "GlobalMaxPooling3D";
  static override readonly rank = 3;
}

/**
 * The mean over the steps: [batch, steps, channels] → [batch, channels].
 *
 * With a mask [batch, steps], the mean over the steps that count, `Σ x·m / Σ m`: NaN where none does. The mask ends here.
 */
export class GlobalAveragePooling1D extends GlobalPooling {
  static override readonly className: string = "GlobalAveragePooling1D";
  static override readonly rank = 1;
  static override readonly takesMask = true;
  constructor(options: GlobalPoolingOptions = {}) {
    super(options);
    this.supportsMasking = true;
  }

  override call(x: Tensor, { mask }: CallArguments): Tensor {
    const [steps] = this.axes(x) as [number];
    const reduction = { axis: steps, keepdims: this.keepdims };
    if (mask === null) return ops.mean(x, reduction);
    const weights = ops.expandDims(ops.cast(mask as Tensor, "float32"), steps === 1 ? 2 : 1);
    return ops.divide(ops.sum(ops.multiply(x, weights), reduction), ops.sum(weights, reduction));
  }

  override computeMask(): null {
    return null;
  }
}

/** The mean over rows and columns: [batch, rows, columns, channels] → [batch, channels]. */
export class GlobalAveragePooling2D extends GlobalAveragePooling {
  static override readonly className: string = "GlobalAveragePooling2D";
  static override readonly rank = 2;
}

/** The mean over a volume: [batch, d1, d2, d3, channels] → [batch, channels]. */
export class GlobalAveragePooling3D extends GlobalAveragePooling {
  static override readonly className: string = "GlobalAveragePooling3D";
  static override readonly rank = 3;
}

export {
  GlobalAveragePooling1D as GlobalAvgPool1D,
  GlobalAveragePooling2D as GlobalAvgPool2D,
  GlobalAveragePooling3D as GlobalAvgPool3D,
  GlobalMaxPooling1D as GlobalMaxPool1D,
  GlobalMaxPooling2D as GlobalMaxPool2D,
  GlobalMaxPooling3D as GlobalMaxPool3D,
};
