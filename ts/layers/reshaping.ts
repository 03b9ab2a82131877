// Layers that only move or repeat data: Flatten, Reshape, Permute, RepeatVector.

import { type PartialShape, type Structure, shapeText } from "../core/structure.js";
import { ShapeError, ValueError } from "../errors.js";
import { dataFormatOf } from "../ops/window.js";
import * as ops from "../ops.js";
import type { Tensor } from "../tensor.js";
import { InputSpec } from "./inputSpec.js";
import { Layer, type LayerOptions } from "./layer.js";

export interface FlattenOptions extends LayerOptions {
  dataFormat?: "channels_last" | "channels_first" | null;
}

/**
 * [batch, …] → [batch, product of the rest]; [batch] → [batch, 1].
 *
 * With `channels_first` and rank above 2 the channels go last first, so that both formats give the same order.
 */
export class Flatten extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "Flatten";
  static override readonly defaults = { dataFormat: null };
  readonly dataFormat: "channels_last" | "channels_first";

  constructor(options: FlattenOptions = {}) {
    super(options);
    this.dataFormat = dataFormatOf("Flatten", options.dataFormat);
    this.inputSpec = new InputSpec({ minNdim: 1 });
  }

  override call(x: Tensor): Tensor {
    const [batch = 0, ...rest] = x.shape;
    const ordered = this.dataFormat === "channels_first" && x.ndim > 2 ? ops.moveaxis(x, 1, -1) : x;
    return ops.reshape(ordered, [batch, rest.reduce((n, d) => n * d, 1)]);
  }
}

/**
 * [batch, …] → [batch, …targetShape]; one entry may be −1: what is left.
 *
 * Errors: `ValueError` for a target with two −1 or other negative entries; `ShapeError` when the number of elements differs.
 */
export class Reshape extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "Reshape";
  static override readonly required = ["targetShape"];
  readonly targetShape: readonly number[];

  constructor(targetShape: readonly number[], options: LayerOptions = {}) {
    super(options);
    if (
      !Array.isArray(targetShape) ||
      targetShape.some((d) => !Number.isInteger(d) || d < -1) ||
      targetShape.filter((d) => d === -1).length > 1
    ) {
      throw new ValueError(
        `Reshape: targetShape has whole numbers ≥ 0 and at most one -1, received ${JSON.stringify(targetShape)}.`,
      );
    }
    this.targetShape = [...targetShape];
  }

  override call(x: Tensor): Tensor {
    return ops.reshape(x, [x.shape[0]!, ...(this.#target(x.shape.slice(1)) as number[])]);
  }

  // Not by tracing: -1 stays unknown wherever an inner size is, as in Keras.
  override computeOutputShape(inputShape: Structure<PartialShape>): Structure<PartialShape> {
    const shape = inputShape as PartialShape;
    return [shape[0] ?? null, ...this.#target(shape.slice(1))];
  }

  /** The sizes after the batch. */
  #target(sample: PartialShape): (number | null)[] {
    const known = sample.every((d) => d !== null);
    if (!known) return this.targetShape.map((d) => (d === -1 ? null : d));
    const size = (sample as number[]).reduce((n, d) => n * d, 1);
    const rest = this.targetShape.filter((d) => d !== -1).reduce((n, d) => n * d, 1);
    const free = this.targetShape.includes(-1);
    if (free ? rest === 0 || size % rest !== 0 : size !== rest) {
      throw new ShapeError(
        `${this.name}: the total size of the tensor must be unchanged: a sample of shape ${shapeText(sample)} has ${size} elements, targetShape ${shapeText(this.targetShape)} has ${free ? `a multiple of ${rest}` : rest}.`,
      );
    }
    return this.targetShape.map((d) => (d === -1 ? size / rest : d));
  }
}

/**
 * Reorders the axes of a sample: axis i + 1 of the output is axis `dims[i]` of the input, counted from 1 (the batch is 0).
 *
 * `new Permute([2, 1])`: [batch, a, b] → [batch, b, a]. Errors: `ValueError` when `dims` is no order of 1 … n.
 */
export class Permute extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "Permute";
  static override readonly required = ["dims"];
  readonly dims: readonly number[];

  constructor(dims: readonly number[], options: LayerOptions = {}) {
    super(options);
    if (!Array.isArray(dims) || [...dims].sort((a, b) => a - b).some((d, i) => d !== i + 1)) {
      throw new ValueError(`Permute: dims must be an order of 1 … n, received ${JSON.stringify(dims)}.`);
    }
    this.dims = [...dims];
    this.inputSpec = new InputSpec({ ndim: dims.length + 1 });
  }

  override call(x: Tensor): Tensor {
    return ops.transpose(x, { axes: [0, ...this.dims] });
  }
}

/** [batch, features] → [batch, n, features]. Errors: `ValueError` when `n` is no positive whole number. */
export class RepeatVector extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "RepeatVector";
  static override readonly required = ["n"];
  readonly n: number;

  constructor(n: number, options: LayerOptions = {}) {
    super(options);
    if (!Number.isInteger(n) || n <= 0)
      throw new ValueError(`RepeatVector: n must be a positive whole number, received ${JSON.stringify(n)}.`);
    this.n = n;
    this.inputSpec = new InputSpec({ ndim: 2 });
  }

  override call(x: Tensor): Tensor {
    const [batch = 0, features = 0] = x.shape;
    return ops.broadcastTo(ops.reshape(x, [batch, 1, features]), [batch, this.n, features]);
  }
}
