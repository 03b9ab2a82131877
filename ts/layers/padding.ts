// Cells added to or taken from the ends of the axes of space: ZeroPadding and Cropping, 1D to 3D.

import { type PartialShape, shapeText } from "../core/structure.js";
import { ShapeError, ValueError } from "../errors.js";
import { type DataFormat, spaceOf } from "../ops/window.js";
import * as ops from "../ops.js";
import type { Tensor } from "../tensor.js";
import { classNameOf, type LayerOptions } from "./layer.js";
import { withFirst } from "./options.js";
import { SpaceLayer, type SpaceOptions } from "./space.js";

/** Cells before and behind an axis. */
type Ends = readonly [before: number, behind: number];
type Defaults = Readonly<Record<string, unknown>>;
/** One number for all ends, one per axis for both of its ends, or both ends of each axis. */
type EndsOption = number | readonly (number | readonly number[])[];

/** Both ends of each of `rank` axes. Along one axis, [a, b] are its ends. Errors: `ValueError`. */
function endsOf(name: string, value: unknown, rank: number): Ends[] {
  const isCount = (n: unknown): n is number => typeof n === "number" && Number.isInteger(n) && n >= 0;
  const ends = (x: unknown): Ends | null => {
    if (isCount(x)) return [x, x];
    return Array.isArray(x) && x.length === 2 && x.every(isCount) ? [x[0]!, x[1]!] : null;
  };
  const rows: unknown[] = isCount(value)
    ? Array<number>(rank).fill(value)
    : !Array.isArray(value)
      ? []
      : rank === 1
        ? [value]
        : value;
  const all = rows.map(ends);
  if (all.length === rank && all.every((e) => e !== null)) return all;
  const forms =
    rank === 1 ? "[before, behind]" : `an array of ${rank} of: a number for both ends of the axis, or [before, behind]`;
  throw new ValueError(`${name} must be a whole number ≥ 0, or ${forms}; received ${JSON.stringify(value) ?? "undefined"}.`);
}

/** The ends of all axes, those of batch and channels with no cells. */
const ofAllAxes = (ends: readonly Ends[], format: DataFormat): Ends[] =>
  format === "channels_last" ? [[0, 0], ...ends, [0, 0]] : [[0, 0], [0, 0], ...ends];

export interface ZeroPaddingOptions extends SpaceOptions {
  /** Cells to add: everywhere, or along each axis (one number for both ends, or [before, behind]). */
  padding?: EndsOption;
}

/**
 * Zeros around: `new ZeroPadding2D(2)` is `new ZeroPadding2D({ padding: 2 })`.
 *
 * Errors: `ValueError` for a padding that is none, when made.
 */
abstract class ZeroPadding extends SpaceLayer {
  readonly padding: readonly number[] | readonly Ends[];
  readonly #ends: readonly Ends[];

  constructor(padding: EndsOption | ZeroPaddingOptions = {}, options: ZeroPaddingOptions = {}) {
    const given = withFirst("padding", padding, options);
    super(given);
    this.#ends = endsOf(`${classNameOf(this)}: padding`, given.padding ?? 1, this.rank);
    this.padding = this.rank === 1 ? this.#ends[0]! : this.#ends;
  }

  override call(x: Tensor): Tensor {
    return ops.pad(x, ofAllAxes(this.#ends, this.dataFormat));
  }

  protected override outputSpace(space: PartialShape): PartialShape {
    return space.map((n, i) => (n === null ? null : n + this.#ends[i]![0] + this.#ends[i]![1]));
  }
}

/** Zeros before and behind the steps: [batch, steps, channels] → [batch, before + steps + behind, channels]. */
export class ZeroPadding1D extends ZeroPadding {
  static override readonly className: string = "ZeroPadding1D";
  static override readonly rank = 1;
  static override readonly defaults: Defaults = { padding: 1, dataFormat: null };
}

/** Zeros around images: [batch, rows, columns, channels]. `padding`: 1, [rows, columns], or [[top, bottom], [left, right]]. */
export class ZeroPadding2D extends ZeroPadding {
  static override readonly className: string = "ZeroPadding2D";
  static override readonly rank = 2;
  static override readonly defaults: Defaults = { padding: [1, 1], dataFormat: null };
}

/** Zeros around volumes: [batch, d1, d2, d3, channels]. */
export class ZeroPadding3D extends ZeroPadding {
  static override readonly className: string = "ZeroPadding3D";
  static override readonly rank = 3;
  static override readonly defaults: Defaults = {
    padding: [
      [1, 1],
      [1, 1],
      [1, 1],
    ],
    dataFormat: null,
  };
}

export interface Cropping1DOptions extends LayerOptions {
  /** Steps to take away at both ends, or [before, behind]. */
  cropping?: number | readonly number[];
}
export interface CroppingOptions extends SpaceOptions {
  /** Cells to take away: everywhere, or along each axis (one number for both ends, or [before, behind]). */
  cropping?: EndsOption;
}

/**
 * Cells taken away at the ends: `new Cropping2D(1)` is `new Cropping2D({ cropping: 1 })`.
 *
 * Errors: `ValueError` for a cropping that is none, when made; `ShapeError` when no cell is left.
 */
abstract class Cropping extends SpaceLayer {
  /** What is taken where nothing is said. */
  protected static readonly cells: number = 1;
  readonly cropping: readonly number[] | readonly Ends[];
  readonly #ends: readonly Ends[];

  constructor(cropping: EndsOption | CroppingOptions = {}, options: CroppingOptions = {}) {
    const given = withFirst("cropping", cropping, options);
    super(given);
    this.#ends = endsOf(`${classNameOf(this)}: cropping`, given.cropping ?? new.target.cells, this.rank);
    this.cropping = this.rank === 1 ? this.#ends[0]! : this.#ends;
  }

  override call(x: Tensor): Tensor {
    this.outputSpace(spaceOf(x.shape, this.dataFormat), x.shape);
    const ends = ofAllAxes(this.#ends, this.dataFormat);
    return ops.getItem(
      x,
      ends.map(([before, behind], i) => ({ start: before, stop: x.shape[i]! - behind })),
    );
  }

  protected override outputSpace(space: PartialShape, shape: PartialShape): PartialShape {
    return space.map((n, i) => {
      const [before, behind] = this.#ends[i]!;
      if (n === null || n > before + behind) return n === null ? null : n - before - behind;
      throw new ShapeError(
        `${this.name}: cropping must leave something: [${before}, ${behind}] takes ${before + behind} of the ${n} cells of an axis of space; the shape is ${shapeText(shape)}. Crop less, or give larger inputs.`,
      );
    });
  }
}

/** Steps taken away at the ends: [batch, steps, channels] → [batch, steps − before − behind, channels]. */
export class Cropping1D extends Cropping {
  static override readonly className: string = "Cropping1D";
  static override readonly rank = 1;
  static override readonly defaults: Defaults = { cropping: [1, 1] };
  constructor(cropping: number | readonly number[] | Cropping1DOptions = {}, options: Cropping1DOptions = {}) {
    super(cropping, options);
  }
}

/** Images cut at their edges: [batch, rows, columns, channels]. The default cuts nothing, as in Keras. */
export class Cropping2D extends Cropping {
  static override readonly className: string = "Cropping2D";
  protected static override readonly cells = 0;
  static override readonly rank = 2;
  static override readonly defaults: Defaults = {
    cropping: [
      [0, 0],
      [0, 0],
    ],
    dataFormat: null,
  };
}

/** Volumes cut at their faces: [batch, d1, d2, d3, channels]. */
export class Cropping3D extends Cropping {
  static override readonly className: string = "Cropping3D";
  static override readonly rank = 3;
  static override readonly defaults: Defaults = {
    cropping: [
      [1, 1],
      [1, 1],
      [1, 1],
    ],
    dataFormat: null,
  };
}
