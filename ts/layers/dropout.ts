// Layers that disturb their input while training: dropout of elements and feature maps, noise.

import { ValueError } from "../errors.js";
import { dataFormatOf } from "../ops/window.js";
import * as ops from "../ops.js";
import * as random from "../random.js";
import type { Tensor } from "../tensor.js";
import { InputSpec } from "./inputSpec.js";
import { type CallArguments, Layer, type LayerOptions } from "./layer.js";

export interface DropoutOptions extends LayerOptions {
  /** Shape of the mask, broadcast over the input; null sizes are the input's. `[null, 1, null]`: the same for all steps. */
  noiseShape?: readonly (number | null)[] | null;
  seed?: number | null;
}

type Seeded = LayerOptions & { seed?: number | null };

/** A share of 0 to 1. Errors: `ValueError`. */
function share(where: string, name: string, value: unknown): number {
  if (typeof value !== "number" || !(value >= 0 && value <= 1)) {
    throw new ValueError(
      `${where}: invalid value for ${name}, expected a number from 0 to 1, received ${JSON.stringify(value)}.`,
    );
  }
  return value;
}

/** The mask's shape with the input's sizes in the place of null. */
const fill = (noise: readonly (number | null)[] | null, shape: readonly number[]): number[] =>
  noise === null ? [...shape] : noise.map((d, i) => d ?? shape[i]!);

/** What these layers share: a seed generator when there is something to draw, and no weights. */
abstract class RandomLayer extends Layer {
  static override readonly builtAtStart: boolean = true;
  readonly seed: number | null;
  seedGenerator: random.SeedGenerator | null = null;

  constructor(options: Seeded) {
    super(options);
    this.seed = options.seed ?? null;
    this.supportsMasking = true;
  }

  /** Is there anything to draw? Without a rate no seed is taken from the stream of seeds. */
  protected seeded(needed: boolean): void {
    if (needed) this.seedGenerator = new random.SeedGenerator(this.seed);
  }

  override call(x: Tensor, { training }: CallArguments): Tensor {
    return training && this.seedGenerator ? this.disturb(x, this.seedGenerator) : x;
  }

  /** What becomes of the input while training. */
  protected abstract disturb(x: Tensor, seed: random.SeedGenerator): Tensor;
}

/**
 * Sets elements to 0 with probability `rate` while training, and divides the others by `1 − rate`; otherwise the identity.
 *
 * Any shape. `rate` 1 gives zeros. Errors: `ValueError` for a rate outside 0 … 1.
 */
export class Dropout extends RandomLayer {
  static override readonly className: string = "Dropout";
  static override readonly required = ["rate"];
  static override readonly defaults: Readonly<Record<string, unknown>> = { seed: null, noiseShape: null };
  readonly rate: number;
  readonly noiseShape: readonly (number | null)[] | null;

  constructor(rate: number, options: DropoutOptions = {}) {
    super(options);
    this.rate = share("Dropout", "rate", rate);
    const { noiseShape = null } = options;
    if (noiseShape?.some((d) => d !== null && !(Number.isInteger(d) && d > 0))) {
      throw new ValueError(`Dropout: noiseShape has positive whole numbers and nulls, received ${JSON.stringify(noiseShape)}.`);
    }
    this.noiseShape = noiseShape;
    this.seeded(rate > 0);
  }

  protected override disturb(x: Tensor, seed: random.SeedGenerator): Tensor {
    return random.dropout(x, this.rate, { noiseShape: this.noise(x), seed });
  }

  /** The shape of the mask for this input. */
  protected noise(x: Tensor): number[] {
    return fill(this.noiseShape, x.shape);
  }
}

export interface SpatialDropoutOptions {
  seed?: number | null;
  name?: string | null;
  dtype?: LayerOptions["dtype"];
}
export interface SpatialDropoutNDOptions extends SpatialDropoutOptions {
  dataFormat?: "channels_last" | "channels_first" | null;
}

/** Drops whole feature maps: the mask has size 1 along the spatial axes. */
abstract class SpatialDropout extends RandomLayer {
  static override readonly required: readonly string[] = ["rate"];
  readonly rate: number;
  readonly dataFormat: "channels_last" | "channels_first";

  constructor(where: string, ndim: number, rate: number, { dataFormat, ...options }: SpatialDropoutNDOptions) {
    super(options);
    this.rate = share(where, "rate", rate);
    this.dataFormat = dataFormatOf(where, dataFormat);
    this.inputSpec = new InputSpec({ ndim });
    this.seeded(rate > 0);
  }

  protected override disturb(x: Tensor, seed: random.SeedGenerator): Tensor {
    const channels = this.dataFormat === "channels_last" ? x.ndim - 1 : 1;
    const noiseShape = x.shape.map((d, axis) => (axis === 0 || axis === channels ? d : 1));
    return random.dropout(x, this.rate, { noiseShape, seed });
  }

  /** As Keras: no `trainable`, and the dtype by its name. */
  override getConfig(): Record<string, unknown> {
    const { name, trainable: _, dtype: policy, ...own } = super.getConfig();
    void policy;
    return { ...own, name, dtype: this.dtype };
  }
}

/** Drops whole channels of sequences. x: [batch, steps, channels], mask: [batch, 1, channels]. */
export class SpatialDropout1D extends SpatialDropout {
  static override readonly className: string = "SpatialDropout1D";
  static override readonly defaults = { seed: null };
  constructor(rate: number, options: SpatialDropoutOptions = {}) {
    super("SpatialDropout1D", 3, rate, options);
  }
}

/** Drops whole channels of images. x: [batch, rows, columns, channels], mask: [batch, 1, 1, channels]. */
export class SpatialDropout2D extends SpatialDropout {
  static override readonly className: string = "SpatialDropout2D";
  static override readonly defaults = { seed: null, dataFormat: null };
  constructor(rate: number, options: SpatialDropoutNDOptions = {}) {
    super("SpatialDropout2D", 4, rate, options);
  }
}

/** Drops whole channels of volumes. x: [batch, d1, d2, d3, channels], mask: [batch, 1, 1, 1, channels]. */
export class SpatialDropout3D extends SpatialDropout {
  static override readonly className: string = "SpatialDropout3D";
  static override readonly defaults = { seed: null, dataFormat: null };
  constructor(rate: number, options: SpatialDropoutNDOptions = {}) {
    super("SpatialDropout3D", 5, rate, options);
  }
}

/** x + N(0, stddev²) while training. Any shape. Errors: `ValueError` for a stddev outside 0 … 1, as in Keras. */
export class GaussianNoise extends RandomLayer {
  static override readonly className: string = "GaussianNoise";
  static override readonly required = ["stddev"];
  static override readonly defaults = { seed: null };
  readonly stddev: number;

  constructor(stddev: number, options: Seeded = {}) {
    super(options);
    this.stddev = share("GaussianNoise", "stddev", stddev);
    this.seeded(stddev > 0);
  }

  protected override disturb(x: Tensor, seed: random.SeedGenerator): Tensor {
    return ops.add(x, random.normal(x.shape, { mean: 0, stddev: this.stddev, seed }));
  }
}

/** x · N(1, rate / (1 − rate)) while training. Any shape. `rate` 1 divides by zero. */
export class GaussianDropout extends RandomLayer {
  static override readonly className: string = "GaussianDropout";
  static override readonly required = ["rate"];
  static override readonly defaults = { seed: null };
  readonly rate: number;

  constructor(rate: number, options: Seeded = {}) {
    super(options);
    this.rate = share("GaussianDropout", "rate", rate);
    this.seeded(rate > 0);
  }

  protected override disturb(x: Tensor, seed: random.SeedGenerator): Tensor {
    const stddev = Math.sqrt(this.rate / (1 - this.rate));
    return ops.multiply(x, random.normal(x.shape, { mean: 1, stddev, seed }));
  }
}

// The value that selu takes at −∞: −scale · alpha of Klambauer et al., "Self-Normalizing Neural Networks".
const SELU_FLOOR = -1.6732632423543772 * 1.0507009873554805;

/**
 * Dropout for selu networks: dropped elements take selu's floor, then `a · x + b` keeps mean and variance.
 *
 * Any shape. Source: Klambauer et al. 2017.
 */
export class AlphaDropout extends RandomLayer {
  static override readonly className: string = "AlphaDropout";
  static override readonly required = ["rate"];
  static override readonly defaults = { seed: null, noiseShape: null };
  readonly rate: number;
  readonly noiseShape: readonly (number | null)[] | null;

  constructor(rate: number, options: DropoutOptions = {}) {
    super(options);
    this.rate = share("AlphaDropout", "rate", rate);
    this.noiseShape = options.noiseShape ?? null;
    this.seeded(rate > 0);
  }

  protected override disturb(x: Tensor, seed: random.SeedGenerator): Tensor {
    const { rate } = this;
    const kept = ops.greaterEqual(random.uniform(fill(this.noiseShape, x.shape), { seed }), rate);
    const a = ((1 - rate) * (1 + rate * SELU_FLOOR ** 2)) ** -0.5;
    const b = -a * SELU_FLOOR * rate;
    return ops.add(ops.multiply(ops.where(kept, x, SELU_FLOOR), a), b);
  }
}
