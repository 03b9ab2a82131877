// Pooling over windows: MaxPooling and AveragePooling, 1D to 3D.

import type { PartialShape } from "../../core/structure.js";
import { checkWindows, normalizeTuple, outputSize, paddingOf } from "../../ops/window.js";
import * as ops from "../../ops.js";
import type { Tensor } from "../../tensor.js";
import { classNameOf } from "../layer.js";
import { withFirst } from "../options.js";
import { SpaceLayer, type SpaceOptions } from "../space.js";

type Sizes = number | readonly number[];
type Defaults = Readonly<Record<string, unknown>>;

/** Options of all of them, with Keras' defaults. */
const COMMON = { strides: null, padding: "valid", dataFormat: null };

export interface AveragePoolingOptions extends SpaceOptions {
  /** How far apart windows are, along all axes or each; null: as far as they are long. */
  strides?: Sizes | null;
  /** `"same"` lets windows reach over the edges, so that ⌈n / stride⌉ fit; what lies outside does not count. */
  padding?: "valid" | "same";
}
export interface MaxPoolingOptions extends AveragePoolingOptions {
  /** The length of a window along all axes, or each. */
  poolSize?: Sizes;
}

/** What all of them share. Along each axis of n cells: valid ⌊(n − size) / stride⌋ + 1 windows, same ⌈n / stride⌉. */
abstract class Pooling extends SpaceLayer {
  static override readonly builtAtStart: boolean = true;
  readonly poolSize: readonly number[];
  readonly strides: readonly number[];
  readonly padding: "valid" | "same";

  constructor(poolSize: Sizes, options: AveragePoolingOptions) {
    super(options);
    const where = classNameOf(this);
    this.poolSize = normalizeTuple(`${where}: poolSize`, poolSize, this.rank);
    this.strides = normalizeTuple(`${where}: strides`, options.strides ?? this.poolSize, this.rank);
    this.padding = paddingOf(where, options.padding ?? "valid", ["valid", "same"]);
  }

  protected override outputSpace(space: PartialShape, shape: PartialShape): PartialShape {
    const { poolSize: sizes, strides, padding } = this;
    checkWindows(this.name, space, { sizes, strides, dilations: space.map(() => 1), padding }, shape);
    return space.map((n, i) => (n === null ? null : outputSize(n, sizes[i]!, strides[i]!, 1, padding)));
  }
}

/**
 * The maximum of each window; see `ops.maxPool` for padding, ties and NaN.
 *
 * `new MaxPooling2D(2)` is `new MaxPooling2D({ poolSize: 2 })`, and the same as `new MaxPooling2D()`.
 * Errors: `ValueError` for sizes and strides below 1 and unknown paddings, when made; `ShapeError` when no window fits.
 */
abstract class MaxPooling extends Pooling {
  constructor(poolSize: Sizes | MaxPoolingOptions = {}, options: MaxPoolingOptions = {}) {
    const given = withFirst("poolSize", poolSize, options);
    super(given.poolSize ?? 2, given);
  }
  override call(x: Tensor): Tensor {
    const { strides, padding, dataFormat } = this;
    return ops.maxPool(x, this.poolSize, { strides, padding, dataFormat });
  }
}

/**
 * The mean of each window, over the cells that lie inside.
 *
 * Errors: `ValueError` for sizes and strides below 1 and unknown paddings, when made; `ShapeError` when no window fits.
 */
abstract class AveragePooling extends Pooling {
  static override readonly required: readonly string[] = ["poolSize"];
  static override readonly defaults: Defaults = COMMON;
  constructor(poolSize: Sizes, options: AveragePoolingOptions = {}) {
    super(poolSize, options);
  }
  override call(x: Tensor): Tensor {
    const { strides, padding, dataFormat } = this;
    return ops.averagePool(x, this.poolSize, { strides, padding, dataFormat });
  }
}

/** The maximum of each stretch: [batch, steps, channels] → [batch, windows, channels]. `new MaxPooling1D(2)` */
export class MaxPooling1D extends MaxPooling {
  static override readonly className: string = "MaxPooling1D";
  static override readonly rank = 1;
  static override readonly defaults: Defaults = { poolSize: 2, ...COMMON };
}

/** The maximum of each rectangle: [batch, rows, columns, channels] → the same with fewer rows and columns. */
export class MaxPooling2D extends MaxPooling {
  static override readonly className: string = "MaxPooling2D";
  static override readonly rank = 2;
  static override readonly defaults: Defaults = { poolSize: [2, 2], ...COMMON };
}

/** The maximum of each box: [batch, d1, d2, d3, channels] → the same with fewer cells. */
export class MaxPooling3D extends MaxPooling {
  static override readonly className: string = "MaxPooling3D";
  static override readonly rank = 3;
  static override readonly defaults: Defaults = { poolSize: [2, 2, 2], ...COMMON };
}

/** The mean of each stretch: [batch, steps, channels] → [batch, windows, channels]. `new AveragePooling1D(2)` */
export class AveragePooling1D extends AveragePooling {
  static override readonly className: string = "AveragePooling1D";
  static override readonly rank = 1;
}

/** The mean of each rectangle: [batch, rows, columns, channels] → the same with fewer rows and columns. */
export class AveragePooling2D extends AveragePooling {
  static override readonly className: string = "AveragePooling2D";
  static override readonly rank = 2;
}

/** The mean of each box: [batch, d1, d2, d3, channels] → the same with fewer cells. */
export class AveragePooling3D extends AveragePooling {
  static override readonly className: string = "AveragePooling3D";
  static override readonly rank = 3;
}

export {
  AveragePooling1D as AvgPool1D,
  AveragePooling2D as AvgPool2D,
  AveragePooling3D as AvgPool3D,
  MaxPooling1D as MaxPool1D,
  MaxPooling2D as MaxPool2D,
  MaxPooling3D as MaxPool3D,
};
