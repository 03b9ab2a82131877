// The namespace `optimizers.schedules`: learning rates as functions of the step, computed in float32 inside the training step.

import { apply } from "./core/apply.js";
import { ValueError } from "./errors.js";
import * as ops from "./ops.js";
import { add, ceil, cos, divide, floor, log, minimum, multiply, power, subtract } from "./ops.js";
import { deserializeAs } from "./saving/identifier.js";
import { type Config, classNameOf, type KerasClass, KerasObject } from "./saving/object.js";
import { type DeserializeOptions, registerClass, type SerializedObject, serialize as toJSON } from "./saving/serialize.js";
import { type Tensor, type TensorLike, tensor } from "./tensor.js";

/** Base class. A schedule of one's own overrides `call(step)`, in ops. */
export abstract class LearningRateSchedule<Options extends object = object> extends KerasObject<Options> {
  static override readonly className: string = "LearningRateSchedule";
  static override readonly module: string = "keras.optimizers.schedules";

  /** step: the number of updates before this one → the learning rate, a scalar. */
  abstract call(step: TensorLike): Tensor;
}

/** NOTE a number becomes a tensor first: as a constant of the program each step would compile one. */
const float = (step: TensorLike): Tensor => ops.cast(tensor(step), "float32");
const select = (condition: Tensor, a: TensorLike, b: TensorLike): Tensor => apply("select", [condition, a, b]);

function positive(where: string, name: string, value: number): void {
  if (!(value > 0)) throw new ValueError(`${where}: ${name} must be positive, received ${value}.`);
}

export interface DecayOptions {
  /** Changes once per `decaySteps` instead of each step. */
  staircase: boolean;
  name: string;
}

/** A decay by `decayRate` per stretch of `decaySteps`. Errors: `ValueError` when these are not positive. */
abstract class Decay extends LearningRateSchedule<DecayOptions> {
  static override readonly required = ["initialLearningRate", "decaySteps", "decayRate"];
  constructor(
    readonly initialLearningRate: number,
    readonly decaySteps: number,
    readonly decayRate: number,
    options: Partial<DecayOptions> = {},
  ) {
    super(options);
    positive(classNameOf(new.target as unknown as KerasClass), "decaySteps", decaySteps);
  }
  /** How many stretches have gone by: whole ones in a staircase. */
  protected stretches(step: TensorLike): Tensor {
    const p = divide(float(step), this.decaySteps);
    return this.config.staircase ? floor(p) : p;
  }
}

/**
 * initial · rate^(step / decaySteps).
 *
 * Example: `new ExponentialDecay(0.1, 100, 0.5).call(100) // 0.05`
 */
export class ExponentialDecay extends Decay {
  static override readonly className: string = "ExponentialDecay";
  static override readonly defaults: Config = { staircase: false, name: "ExponentialDecay" };
  call(step: TensorLike): Tensor {
    return multiply(power(tensor(this.decayRate), this.stretches(step)), this.initialLearningRate);
  }
}

/**
 * initial / (1 + rate · step / decaySteps).
 *
 * Example: `new InverseTimeDecay(0.1, 100, 0.5).call(100) // 0.0666…`
 */
export class InverseTimeDecay extends Decay {
  static override readonly className: string = "InverseTimeDecay";
  static override readonly defaults: Config = { staircase: false, name: "InverseTimeDecay" };
  call(step: TensorLike): Tensor {
    return divide(this.initialLearningRate, add(multiply(this.stretches(step), this.decayRate), 1));
  }
}

/**
 * `values[0]` up to and including step `boundaries[0]`, then `values[1]` …, the last value after the last boundary.
 *
 * Errors: `ValueError` unless there is one value more than boundaries.
 * Example: `new PiecewiseConstantDecay([100, 200], [1, 0.5, 0.1]).call(101) // 0.5`
 */
export class PiecewiseConstantDecay extends LearningRateSchedule<{ name: string }> {
  static override readonly className: string = "PiecewiseConstantDecay";
  static override readonly required = ["boundaries", "values"];
  static override readonly defaults: Config = { name: "PiecewiseConstant" };
  constructor(
    readonly boundaries: readonly number[],
    readonly values: readonly number[],
    options: { name?: string } = {},
  ) {
    super(options);
    if (values.length !== boundaries.length + 1) {
      throw new ValueError(
        `PiecewiseConstantDecay: ${boundaries.length} boundaries need ${boundaries.length + 1} values, received ${values.length}.`,
      );
    }
  }
  call(step: TensorLike): Tensor {
    const s = float(step);
    const last = this.values.length - 1;
    let rate: Tensor = tensor(this.values[last]!);
    for (let i = last - 1; i >= 0; i--) rate = select(ops.lessEqual(s, this.boundaries[i]!), this.values[i]!, rate);
    return rate;
  }
}

export interface PolynomialDecayOptions {
  endLearningRate: number;
  power: number;
  /** Starts over, over ever longer stretches, in the place of staying at the end. */
  cycle: boolean;
  name: string;
}
/**
 * (initial − end) · (1 − step/decaySteps)^power + end, then end.
 *
 * Example: `new PolynomialDecay(0.1, 100).call(50) // 0.05005`
 */
export class PolynomialDecay extends LearningRateSchedule<PolynomialDecayOptions> {
  static override readonly className: string = "PolynomialDecay";
  static override readonly required = ["initialLearningRate", "decaySteps"];
  static override readonly defaults: Config = { endLearningRate: 0.0001, power: 1, cycle: false, name: "PolynomialDecay" };
  constructor(
    readonly initialLearningRate: number,
    readonly decaySteps: number,
    options: Partial<PolynomialDecayOptions> = {},
  ) {
    super(options);
    positive("PolynomialDecay", "decaySteps", decaySteps);
  }
  call(step: TensorLike): Tensor {
    const { endLearningRate: end, power: exponent, cycle } = this.config;
    const s = float(step);
    const stretches = cycle ? select(ops.equal(s, 0), 1, ceil(divide(s, this.decaySteps))) : null;
    const p = stretches ? divide(s, multiply(stretches, this.decaySteps)) : divide(minimum(s, this.decaySteps), this.decaySteps);
    return add(multiply(power(subtract(1, p), exponent), this.initialLearningRate - end), end);
  }
}

export interface CosineDecayOptions {
  /** The end, as a fraction of the start. */
  alpha: number;
  name: string;
  /** What the rate climbs to in a straight line over `warmupSteps`, before it falls; null for no climb. */
  warmupTarget: number | null;
  warmupSteps: number;
}
/**
 * initial · ((1 − alpha) · ½ (1 + cos(π step/decaySteps)) + alpha), after a climb if one is asked for. Loshchilov & Hutter 2016.
 *
 * Example: `new CosineDecay(0.1, 100).call(50) // 0.05`
 */
export class CosineDecay extends LearningRateSchedule<CosineDecayOptions> {
  static override readonly className: string = "CosineDecay";
  static override readonly required = ["initialLearningRate", "decaySteps"];
  static override readonly defaults: Config = { alpha: 0, name: "CosineDecay", warmupTarget: null, warmupSteps: 0 };
  constructor(
    readonly initialLearningRate: number,
    readonly decaySteps: number,
    options: Partial<CosineDecayOptions> = {},
  ) {
    super(options);
    positive("CosineDecay", "decaySteps", decaySteps);
  }
  call(step: TensorLike): Tensor {
    const { warmupTarget: target, warmupSteps: climb } = this.config;
    const s = float(step);
    if (target === null) return this.#fall(minimum(s, this.decaySteps), this.initialLearningRate);
    const bounded = minimum(s, this.decaySteps + climb);
    const climbing = add(multiply(divide(bounded, climb), target - this.initialLearningRate), this.initialLearningRate);
    return select(ops.less(bounded, climb), climbing, this.#fall(subtract(bounded, climb), target));
  }
  #fall(s: Tensor, from: number): Tensor {
    const { alpha } = this.config;
    const wave = multiply(add(cos(multiply(divide(s, this.decaySteps), Math.PI)), 1), 0.5);
    return multiply(add(multiply(wave, 1 - alpha), alpha), from);
  }
}

export interface CosineDecayRestartsOptions {
  /** Each stretch is so many times as long as the one before. */
  tMul: number;
  /** Each stretch starts at so many times the rate of the one before. */
  mMul: number;
  alpha: number;
  name: string;
}
/**
 * Cosine decay that starts over: stretch i is firstDecaySteps · tMulⁱ long and starts at initial · mMulⁱ. Loshchilov & Hutter 2016.
 *
 * Example: `new CosineDecayRestarts(0.1, 100).call(100) // 0.1`
 */
export class CosineDecayRestarts extends LearningRateSchedule<CosineDecayRestartsOptions> {
  static override readonly className: string = "CosineDecayRestarts";
  static override readonly required = ["initialLearningRate", "firstDecaySteps"];
  static override readonly defaults: Config = { tMul: 2, mMul: 1, alpha: 0, name: "SGDRDecay" };
  constructor(
    readonly initialLearningRate: number,
    readonly firstDecaySteps: number,
    options: Partial<CosineDecayRestartsOptions> = {},
  ) {
    super(options);
    positive("CosineDecayRestarts", "firstDecaySteps", firstDecaySteps);
  }
  call(step: TensorLike): Tensor {
    const { tMul: t, mMul: m, alpha } = this.config;
    const f = divide(float(step), this.firstDecaySteps);
    let stretch: Tensor;
    let fraction: Tensor;
    if (t === 1) {
      stretch = floor(f);
      fraction = subtract(f, stretch);
    } else {
      stretch = floor(divide(log(subtract(1, multiply(f, 1 - t))), log(tensor(t))));
      const length = power(tensor(t), stretch);
      fraction = divide(subtract(f, divide(subtract(1, length), 1 - t)), length);
    }
    const wave = multiply(multiply(power(tensor(m), stretch), 0.5), add(cos(multiply(fraction, Math.PI)), 1));
    return multiply(add(multiply(wave, 1 - alpha), alpha), this.initialLearningRate);
  }
}

for (const own of [
  LearningRateSchedule,
  ExponentialDecay,
  InverseTimeDecay,
  PiecewiseConstantDecay,
  PolynomialDecay,
  CosineDecay,
  CosineDecayRestarts,
]) {
  registerClass("keras.optimizers.schedules", own);
}

const KIND = { kind: "learning-rate schedule", module: "keras.optimizers.schedules", base: LearningRateSchedule };

/** The schedule as Keras' JSON. */
export const serialize = (schedule: LearningRateSchedule): SerializedObject => toJSON(schedule);

/** The schedule of Keras' JSON. Errors: `IdentifierError` when it describes something else. */
export const deserialize = (config: unknown, options: DeserializeOptions = {}): LearningRateSchedule =>
  deserializeAs(KIND, config, options);
