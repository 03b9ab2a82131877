// More cells along the axes of space: UpSampling, 1D to 3D.

import type { PartialShape } from "../core/structure.js";
import { oneOf } from "../ops/basics.js";
import { enlarge, INTERPOLATIONS, type Interpolation } from "../ops/resize.js";
import { channelsLast, normalizeTuple } from "../ops/window.js";
import * as ops from "../ops.js";
import type { Tensor } from "../tensor.js";
import { classNameOf, type LayerOptions } from "./layer.js";
import { withFirst } from "./options.js";
import { SpaceLayer, type SpaceOptions } from "./space.js";

type Sizes = number | readonly number[];
type Defaults = Readonly<Record<string, unknown>>;

export interface UpSampling1DOptions extends LayerOptions {
  /** How often each step is repeated. */
  size?: number;
}
export interface UpSamplingOptions extends SpaceOptions {
  /** How many cells one becomes, along all axes or each. */
  size?: Sizes;
}
export interface UpSampling2DOptions extends UpSamplingOptions {
  /** How pixels between are found; `"nearest"` repeats. See `ops.image.resize`. */
  interpolation?: Interpolation;
}

/**
 * Each cell becomes `size` cells: `new UpSampling2D(3)` is `new UpSampling2D({ size: 3 })`.
 *
 * Errors: `ValueError` for sizes below 1, when made.
 */
abstract class UpSampling extends SpaceLayer {
  readonly size: number | readonly number[];
  protected readonly times: readonly number[];

  constructor(size: Sizes | UpSamplingOptions = {}, options: UpSamplingOptions = {}) {
    const given = withFirst("size", size, options);
    super(given);
    this.times = normalizeTuple(`${classNameOf(this)}: size`, given.size ?? 2, this.rank);
    this.size = this.times;
  }

  override call(x: Tensor): Tensor {
    return channelsLast(x, this.dataFormat, (t) => enlarge(t, this.times));
  }

  protected override outputSpace(space: PartialShape): PartialShape {
    return space.map((n, i) => (n === null ? null : n * this.times[i]!));
  }
}

/** Each step repeated: [batch, steps, channels] → [batch, size · steps, channels]. */
export class UpSampling1D extends UpSampling {
  static override readonly className: string = "UpSampling1D";
  static override readonly rank = 1;
  static override readonly defaults: Defaults = { size: 2 };
  override readonly size: number;

  constructor(size: number | UpSampling1DOptions = {}, options: UpSampling1DOptions = {}) {
    super(size, options);
    this.size = this.times[0]!;
  }
}

/**
 * Images enlarged: [batch, rows, columns, channels] → [batch, size₀ · rows, size₁ · columns, channels].
 *
 * `interpolation`: `"nearest"` repeats pixels; the others take weighted means, see `ops.image.resize`. Errors: `ValueError` for other names.
 */
export class UpSampling2D extends UpSampling {
  static override readonly className: string = "UpSampling2D";
  static override readonly rank = 2;
  static override readonly defaults: Defaults = { size: [2, 2], dataFormat: null, interpolation: "nearest" };
  readonly interpolation: Interpolation;

  constructor(size: Sizes | UpSampling2DOptions = {}, options: UpSampling2DOptions = {}) {
    const given = withFirst("size", size, options);
    super(given);
    const { interpolation = "nearest" } = given;
    const name = (typeof interpolation === "string" ? interpolation.toLowerCase() : interpolation) as Interpolation;
    this.interpolation = oneOf("UpSampling2D", "interpolation", name, INTERPOLATIONS);
  }

  override call(x: Tensor): Tensor {
    const { interpolation, dataFormat, times } = this;
    if (interpolation === "nearest") return super.call(x);
    const [rows, columns] = x.shape.slice(dataFormat === "channels_last" ? 1 : 2) as [number, number];
    return ops.image.resize(x, [rows * times[0]!, columns * times[1]!], { interpolation, dataFormat });
  }
}

/** Volumes enlarged by repeating: [batch, d1, d2, d3, channels] → the same with more cells. */
export class UpSampling3D extends UpSampling {
  static override readonly className: string = "UpSampling3D";
  static override readonly rank = 3;
  static override readonly defaults: Defaults = { size: [2, 2, 2], dataFormat: null };
}
