// Random initializers. One object with an integer seed (given, or drawn when it is made) returns the same values each time it is called.

import { apply } from "../core/apply.js";
import type { EdgeDType } from "../core/dtype.js";
import { classOf, ShapeError, unknownName, ValueError } from "../errors.js";
import { drawHalf, isHalf } from "../random/half.js";
import { drawKey, type Seed, SeedGenerator } from "../random/seedGenerator.js";
import { drawSeed } from "../random/streams.js";
import type { Config } from "../saving/object.js";
import { sizeOf, Tensor } from "../tensor.js";
import { call, memoryFloats } from "../wasm.js";
import { Initializer, type InitializerOptions } from "./constant.js";
import { fans } from "./fans.js";

interface SeedOption {
  /** An integer in [0, 2³² − 1]; a generator, which moves on with each call; null draws an integer from the global stream now. */
  seed: Seed;
}

/** Base of the random initializers: decides the seed. */
export abstract class RandomInitializer<Options extends SeedOption = SeedOption> extends Initializer<Options> {
  readonly seed: number | SeedGenerator;

  constructor(options: Partial<Options> = {}) {
    super(options);
    const { seed } = this.config;
    if (seed !== null && !(seed instanceof SeedGenerator) && !(typeof seed === "number" && Number.isInteger(seed))) {
      throw new ValueError(`${classOf(this)}: the seed must be an integer, a SeedGenerator or null, received ${String(seed)}.`);
    }
    this.seed = seed ?? drawSeed();
  }

  protected key(): Tensor {
    return drawKey(classOf(this), this.seed);
  }
}

type Distribution = "uniform" | "normal" | "truncated_normal";

/** A draw with its two parameters: ends of the range, or mean and deviation. */
function draw(
  distribution: Distribution,
  key: Tensor,
  shape: readonly number[],
  dtype: EdgeDType | null | undefined,
  a: number,
  b: number,
): Tensor {
  if (isHalf(dtype)) return drawHalf(distribution, key, shape, dtype, a, b);
  return apply(`random_${distribution}`, [key], { ints: shape, floats: [a, b] });
}

export interface NormalOptions extends SeedOption {
  mean: number;
  stddev: number;
}
/** Normal with a mean and a standard deviation. `new RandomNormal({ stddev: 1, seed: 42 }).call([2]) // [0.168…, -1.509…]` */
export class RandomNormal extends RandomInitializer<NormalOptions> {
  static override readonly className: string = "RandomNormal";
  static override readonly defaults: Config = { seed: null, mean: 0, stddev: 0.05 };
  call(shape: readonly number[], options: InitializerOptions = {}): Tensor {
    return draw("normal", this.key(), shape, options.dtype, this.config.mean, this.config.stddev);
  }
}

/** Normal, kept within two standard deviations of the mean. `new TruncatedNormal({ stddev: 1, seed: 42 }).call([2]) // [0.160…, -1.370…]` */
export class TruncatedNormal extends RandomInitializer<NormalOptions> {
  static override readonly className: string = "TruncatedNormal";
  static override readonly defaults: Config = { seed: null, mean: 0, stddev: 0.05 };
  call(shape: readonly number[], options: InitializerOptions = {}): Tensor {
    return draw("truncated_normal", this.key(), shape, options.dtype, this.config.mean, this.config.stddev);
  }
}

export interface UniformOptions extends SeedOption {
  minval: number;
  maxval: number;
}
/** Uniform on [minval, maxval). `new RandomUniform({ seed: 42 }).call([2]) // [0.00667…, -0.0434…]` */
export class RandomUniform extends RandomInitializer<UniformOptions> {
  static override readonly className: string = "RandomUniform";
  static override readonly defaults: Config = { seed: null, minval: -0.05, maxval: 0.05 };
  call(shape: readonly number[], options: InitializerOptions = {}): Tensor {
    return draw("uniform", this.key(), shape, options.dtype, this.config.minval, this.config.maxval);
  }
}

export interface FanOptions extends SeedOption {
  /** The axes whose sizes multiply to the fan in; with `outputAxes` in the place of the rule for kernels. */
  inputAxes: readonly number[] | null;
  outputAxes: readonly number[] | null;
}
export type FanMode = "fan_in" | "fan_out" | "fan_avg";
export type ScalingDistribution = "truncated_normal" | "untruncated_normal" | "uniform";
export interface VarianceScalingOptions extends FanOptions {
  scale: number;
  mode: FanMode;
  distribution: ScalingDistribution | "normal";
}

/** A truncated normal has less variance than the normal that it was cut from: its standard deviation is this. */
const TRUNCATED_STDDEV = 0.87962566103423978;

abstract class Scaled<Options extends FanOptions> extends RandomInitializer<Options> {
  protected abstract readonly scaling: { scale: number; mode: FanMode; distribution: ScalingDistribution | "normal" };

  call(shape: readonly number[], options: InitializerOptions = {}): Tensor {
    const { scale, mode, distribution } = this.scaling;
    const { fanIn, fanOut } = fans(shape, this.config.inputAxes, this.config.outputAxes);
    const n = mode === "fan_in" ? fanIn : mode === "fan_out" ? fanOut : (fanIn + fanOut) / 2;
    const variance = scale / Math.max(1, n);
    switch (distribution) {
      case "uniform": {
        const limit = Math.sqrt(3 * variance);
        return draw("uniform", this.key(), shape, options.dtype, -limit, limit);
      }
      case "untruncated_normal":
        return draw("normal", this.key(), shape, options.dtype, 0, Math.sqrt(variance));
      case "truncated_normal":
      case "normal":
        return draw("truncated_normal", this.key(), shape, options.dtype, 0, Math.sqrt(variance) / TRUNCATED_STDDEV);
    }
  }
}

/**
 * Draws whose variance is scale / n, so that layers keep the size of what passes through: n is the fan in, the fan out or their mean.
 *
 * Errors: `ValueError` for a scale ≤ 0, an unknown mode or distribution.
 */
export class VarianceScaling extends Scaled<VarianceScalingOptions> {
  static override readonly className: string = "VarianceScaling";
  // biome-ignore format: a line
  static override readonly defaults: Config = {
    seed: null, scale: 1, mode: "fan_in", distribution: "truncated_normal", inputAxes: null, outputAxes: null,
  };
  protected override readonly scaling;
  constructor(options: Partial<VarianceScalingOptions> = {}) {
    super(options);
    const { scale, mode } = this.config;
    const distribution = String(this.config.distribution).toLowerCase() as VarianceScalingOptions["distribution"];
    if (!(scale > 0)) throw new ValueError(`VarianceScaling: scale must be positive, received ${scale}.`);
    const modes = ["fan_in", "fan_out", "fan_avg"];
    if (!modes.includes(mode)) throw new ValueError(`VarianceScaling: ${unknownName("mode", mode, modes)}`);
    const distributions = ["truncated_normal", "untruncated_normal", "uniform", "normal"];
    if (!distributions.includes(distribution))
      throw new ValueError(`VarianceScaling: ${unknownName("distribution", distribution, distributions)}`);
    this.scaling = { scale, mode, distribution };
  }
}

const FAN_DEFAULTS: Config = { seed: null, inputAxes: null, outputAxes: null };

/** Uniform within ±√(6 / (fan in + fan out)). Glorot & Bengio 2010. The default of Dense and Conv kernels. */
export class GlorotUniform extends Scaled<FanOptions> {
  static override readonly className: string = "GlorotUniform";
  static override readonly defaults: Config = FAN_DEFAULTS;
  protected override readonly scaling = { scale: 1, mode: "fan_avg", distribution: "uniform" } as const;
}
/** Truncated normal with standard deviation √(2 / (fan in + fan out)). Glorot & Bengio 2010. */
export class GlorotNormal extends Scaled<FanOptions> {
  static override readonly className: string = "GlorotNormal";
  static override readonly defaults: Config = FAN_DEFAULTS;
  protected override readonly scaling = { scale: 1, mode: "fan_avg", distribution: "truncated_normal" } as const;
}
/** Uniform within ±√(6 / fan in), for relu. He et al. 2015. */
export class HeUniform extends Scaled<FanOptions> {
  static override readonly className: string = "HeUniform";
  static override readonly defaults: Config = FAN_DEFAULTS;
  protected override readonly scaling = { scale: 2, mode: "fan_in", distribution: "uniform" } as const;
}
/** Truncated normal with standard deviation √(2 / fan in), for relu. He et al. 2015. */
export class HeNormal extends Scaled<FanOptions> {
  static override readonly className: string = "HeNormal";
  static override readonly defaults: Config = FAN_DEFAULTS;
  protected override readonly scaling = { scale: 2, mode: "fan_in", distribution: "truncated_normal" } as const;
}
/** Uniform within ±√(3 / fan in), for selu. Klambauer et al. 2017. */
export class LecunUniform extends Scaled<FanOptions> {
  static override readonly className: string = "LecunUniform";
  static override readonly defaults: Config = FAN_DEFAULTS;
  protected override readonly scaling = { scale: 1, mode: "fan_in", distribution: "uniform" } as const;
}
/** Truncated normal with standard deviation √(1 / fan in), for selu. Klambauer et al. 2017. */
export class LecunNormal extends Scaled<FanOptions> {
  static override readonly className: string = "LecunNormal";
  static override readonly defaults: Config = FAN_DEFAULTS;
  protected override readonly scaling = { scale: 1, mode: "fan_in", distribution: "truncated_normal" } as const;
}

export interface OrthogonalOptions extends SeedOption {
  gain: number;
}
/**
 * A matrix with orthonormal columns (or rows, where there are fewer), times `gain`; more axes are folded into the rows. Saxe et al. 2014.
 *
 * The Q of a normal matrix, signed so that R's diagonal is positive. Errors: `ShapeError` for fewer than two sizes.
 */
export class Orthogonal extends RandomInitializer<OrthogonalOptions> {
  static override readonly className: string = "Orthogonal";
  static override readonly defaults: Config = { seed: null, gain: 1 };
  call(shape: readonly number[], _options: InitializerOptions = {}): Tensor {
    if (shape.length < 2) throw new ShapeError(`Orthogonal: needs two sizes or more, received shape [${shape.join(", ")}].`);
    const columns = shape.at(-1)!;
    const rows = sizeOf(shape.slice(0, -1));
    if (rows * columns === 0) return new Tensor(new Float32Array(0), shape);
    const [k0, k1] = this.key().data as Uint32Array;
    call((core) => core.orthogonal(rows, columns, k0!, k1!, this.config.gain));
    const at = call((core) => core.transfer(0)) >>> 2;
    return new Tensor(memoryFloats().slice(at, at + rows * columns), shape);
  }
}
