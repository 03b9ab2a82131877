// The namespace `constraints`: projections of weights, applied by optimizers after each update.

import { apply } from "./core/apply.js";
import { deserializeAs, identifyCallable, type Kind } from "./saving/identifier.js";
import { type Config, type KerasClass, KerasObject } from "./saving/object.js";
import { type DeserializeOptions, registerClass, type SerializedObject, serialize as toJSON } from "./saving/serialize.js";
import { type Tensor, type TensorLike, tensor } from "./tensor.js";

/**
 * Base class: the identity. A constraint of one's own overrides `call(w)`, in ops.
 *
 * Constraints apply to trained variables after each optimizer step; never to first values, loaded or frozen weights.
 */
export class Constraint<Options extends object = object> extends KerasObject<Options> {
  static override readonly className: string = "Constraint";
  static override readonly module: string = "keras.constraints";

  /** w: any shape → the same shape. */
  call(w: TensorLike): Tensor {
    return tensor(w);
  }
}

/** Axes over which a norm is taken: one or several. */
type NormAxis = number | readonly number[];
const axesOf = (axis: NormAxis): readonly number[] => (typeof axis === "number" ? [axis] : axis);

/** max(w, 0). `new NonNeg().call([-1, 2]) // [0, 2]` */
export class NonNeg extends Constraint {
  static override readonly className: string = "NonNeg";
  override call(w: TensorLike): Tensor {
    return apply("non_neg", [w]);
  }
}

export interface MaxNormOptions {
  maxValue: number;
  axis: NormAxis;
}
/**
 * Shortens vectors along `axis` to at most `maxValue`: w · clip(‖w‖, 0, max) / (1e-7 + ‖w‖).
 *
 * Axis 0 is right for the kernel of a Dense layer (each unit's incoming weights); use [0, 1, 2] for Conv2D.
 * Example: `new MaxNorm({ maxValue: 2 }).call([[3], [4]]) // [[1.2], [1.6]]`
 */
export class MaxNorm extends Constraint<MaxNormOptions> {
  static override readonly className: string = "MaxNorm";
  static override readonly defaults: Config = { maxValue: 2, axis: 0 };
  override call(w: TensorLike): Tensor {
    return apply("max_norm", [w], { ints: axesOf(this.config.axis), floats: [this.config.maxValue] });
  }
}

/** Makes vectors along `axis` one long: w / (1e-7 + ‖w‖). `new UnitNorm().call([[3], [4]]) // [[0.6], [0.8]]` */
export class UnitNorm extends Constraint<{ axis: NormAxis }> {
  static override readonly className: string = "UnitNorm";
  static override readonly defaults: Config = { axis: 0 };
  override call(w: TensorLike): Tensor {
    return apply("unit_norm", [w], { ints: axesOf(this.config.axis) });
  }
}

export interface MinMaxNormOptions {
  minValue: number;
  maxValue: number;
  /** How far to go: 1 projects onto the bounds, less moves that fraction of the way. */
  rate: number;
  axis: NormAxis;
}
/**
 * Moves the length of vectors along `axis` between two bounds: w · (rate·clip(‖w‖, min, max) + (1 − rate)·‖w‖) / (1e-7 + ‖w‖).
 *
 * Example: `new MinMaxNorm({ minValue: 0.5, maxValue: 1, rate: 0.5 }).call([[3], [4]]) // [[1.8], [2.4]]`
 */
export class MinMaxNorm extends Constraint<MinMaxNormOptions> {
  static override readonly className: string = "MinMaxNorm";
  static override readonly defaults: Config = { minValue: 0, maxValue: 1, rate: 1, axis: 0 };
  override call(w: TensorLike): Tensor {
    const { minValue, maxValue, rate, axis } = this.config;
    return apply("min_max_norm", [w], { ints: axesOf(axis), floats: [minValue, maxValue, rate] });
  }
}

for (const own of [Constraint, NonNeg, MaxNorm, UnitNorm, MinMaxNorm]) registerClass("keras.constraints", own);

/** `new NonNeg()` */
export const nonNeg = (): NonNeg => new NonNeg();
/** `new MaxNorm(options)` */
export const maxNorm = (options: Partial<MaxNormOptions> = {}): MaxNorm => new MaxNorm(options);
/** `new UnitNorm(options)` */
export const unitNorm = (options: { axis?: NormAxis } = {}): UnitNorm => new UnitNorm(options);
/** `new MinMaxNorm(options)` */
export const minMaxNorm = (options: Partial<MinMaxNormOptions> = {}): MinMaxNorm => new MinMaxNorm(options);

/** What an optimizer needs of a constraint. */
export interface ConstraintLike {
  call(w: Tensor): Tensor;
}
export type ConstraintName =
  | "NonNeg"
  | "non_neg"
  | "MaxNorm"
  | "max_norm"
  | "UnitNorm"
  | "unit_norm"
  | "MinMaxNorm"
  | "min_max_norm";
/** A constraint, its name, its JSON, a function of the weights, or null. */
export type ConstraintIdentifier =
  | ConstraintName
  | (string & {})
  | ConstraintLike
  | SerializedObject
  | KerasClass<Constraint>
  | ((w: Tensor) => Tensor)
  | null;

// biome-ignore format: a table
const KIND: Kind<Constraint> = {
  kind: "constraint",
  module: "keras.constraints",
  base: Constraint,
  makers: [nonNeg, maxNorm, unitNorm, minMaxNorm],
  names: {
    Constraint, constraint: Constraint, NonNeg, non_neg: NonNeg, MaxNorm, max_norm: MaxNorm, UnitNorm, unit_norm: UnitNorm, MinMaxNorm, min_max_norm: MinMaxNorm,
    nonneg: NonNeg, maxnorm: MaxNorm, unitnorm: UnitNorm, // Keras 2 files
  },
};

/**
 * The constraint that an identifier stands for, null for null.
 *
 * Errors: `IdentifierError` with near misses. Example: `constraints.get("max_norm")`
 */
export const get = (identifier: ConstraintIdentifier | undefined): ConstraintLike | null =>
  identifyCallable<Constraint, ConstraintLike>(KIND, identifier);

/** The constraint as Keras' JSON. */
export const serialize = (constraint: Constraint): SerializedObject => toJSON(constraint);

/** The constraint of Keras' JSON. Errors: `IdentifierError` when it describes something else. */
export const deserialize = (config: unknown, options: DeserializeOptions = {}): Constraint =>
  deserializeAs(KIND, config, options);
