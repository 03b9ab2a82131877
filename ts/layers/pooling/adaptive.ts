// Pooling to a given number of outputs: AdaptiveMaxPooling and AdaptiveAveragePooling, 1D to 3D.

import type { PartialShape } from "../../core/structure.js";
import { checkWindows, normalizeTuple } from "../../ops/window.js";
import * as ops from "../../ops.js";
import type { Tensor } from "../../tensor.js";
import { classNameOf } from "../layer.js";
import { SpaceLayer, type SpaceOptions } from "../space.js";

type Sizes = number | readonly number[];

/**
 * Window i of m over n cells reaches from ⌊i·n/m⌋ to before ⌈(i + 1)·n/m⌉; see `ops.adaptiveMaxPool`.
 *
 * Errors: `ValueError` for an output size that is not one whole number ≥ 1, or one per axis; `ShapeError` for an axis without cells.
 */
abstract class AdaptivePooling extends SpaceLayer {
  static override readonly required: readonly string[] = ["outputSize"];
  static override readonly defaults: Readonly<Record<string, unknown>> = { dataFormat: null };
  static override readonly builtAtStart: boolean = true;
  readonly outputSize: readonly number[];

  constructor(outputSize: Sizes, options: SpaceOptions = {}) {
    super(options);
    this.outputSize = normalizeTuple(`${classNameOf(this)}: outputSize`, outputSize, this.rank);
  }

  protected override outputSpace(space: PartialShape, shape: PartialShape): PartialShape {
    const ones = space.map(() => 1);
    checkWindows(this.name, space, { sizes: ones, strides: ones, dilations: ones, padding: "valid" }, shape);
    return this.outputSize;
  }
}

/** The maxima of windows that fit themselves to the output size. */
abstract class AdaptiveMaxPooling extends AdaptivePooling {
  override call(x: Tensor): Tensor {
    return ops.adaptiveMaxPool(x, this.outputSize, { dataFormat: this.dataFormat });
  }
}

/** The means of windows that fit themselves to the output size. */
abstract class AdaptiveAveragePooling extends AdaptivePooling {
  override call(x: Tensor): Tensor {
    return ops.adaptiveAveragePool(x, this.outputSize, { dataFormat: this.dataFormat });
  }
}

/** Maxima over steps: [batch, steps, channels] → [batch, outputSize, channels]. `new AdaptiveMaxPooling1D(3)` */
export class AdaptiveMaxPooling1D extends AdaptiveMaxPooling {
  static override readonly className: string = "AdaptiveMaxPooling1D";
  static override readonly rank = 1;
}

/** Maxima over rows and columns: [batch, rows, columns, channels] → [batch, …outputSize, channels]. */
export class AdaptiveMaxPooling2D extends AdaptiveMaxPooling {
  static override readonly className: string = "AdaptiveMaxPooling2D";
  static override readonly rank = 2;
}

/** Maxima over a volume: [batch, d1, d2, d3, channels] → [batch, …outputSize, channels]. */
export class AdaptiveMaxPooling3D extends AdaptiveMaxPooling {
  static override readonly className: string = "AdaptiveMaxPooling3D";
  static override readonly rank = 3;
}

/** Means over steps: [batch, steps, channels] → [batch, outputSize, channels]. `new AdaptiveAveragePooling1D(3)` */
export class AdaptiveAveragePooling1D extends AdaptiveAveragePooling {
  static override readonly className: string = "AdaptiveAveragePooling1D";
  static override readonly rank = 1;
}

/** Means over rows and columns: [batch, rows, columns, channels] → [batch, …outputSize, channels]. */
export class AdaptiveAveragePooling2D extends AdaptiveAveragePooling {
  static override readonly className: string = "AdaptiveAveragePooling2D";
  static override readonly rank = 2;
}

/** Means over a volume: [batch, d1, d2, d3, channels] → [batch, …outputSize, channels]. */
export class AdaptiveAveragePooling3D extends AdaptiveAveragePooling {
  static override readonly className: string = "AdaptiveAveragePooling3D";
  static override readonly rank = 3;
}
