// The namespace `regularizers`: penalties on weights or outputs, added to the loss.

import { ShapeError, ValueError } from "./errors.js";
import * as ops from "./ops.js";
import { deserializeAs, identifyCallable, type Kind } from "./saving/identifier.js";
import { type Config, type KerasClass, KerasObject } from "./saving/object.js";
import { type DeserializeOptions, registerClass, type SerializedObject, serialize as toJSON } from "./saving/serialize.js";
import { type Tensor, type TensorLike, tensor } from "./tensor.js";

/** Base class: no penalty. A regularizer of one's own overrides `call(x)`, in ops, and returns a scalar. */
export class Regularizer<Options extends object = object> extends KerasObject<Options> {
  static override readonly className: string = "Regularizer";
  static override readonly module: string = "keras.regularizers";

  /** x: any shape → scalar. */
  call(_x: TensorLike): Tensor {
    return tensor(0);
  }
}

/** Errors: `ValueError` unless a factor is a finite number ≥ 0. */
function factor(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new ValueError(`Invalid value for argument ${name}: expected a non-negative float. Received: ${name}=${String(value)}.`);
}
/** `l2(1e-4)` and `l2({ l2: 1e-4 })` are one thing; null means the default. */
const options = <K extends string>(name: K, given: number | null | { [key in K]?: number | null }): { [key in K]?: number } =>
  (typeof given === "number" ? { [name]: given } : withoutNulls(given ?? {})) as { [key in K]?: number };
const withoutNulls = (given: object): object => Object.fromEntries(Object.entries(given).filter(([, v]) => v !== null));

const absolute = (x: Tensor): Tensor => ops.sum(ops.abs(x));
const squares = (x: Tensor): Tensor => ops.sum(ops.square(x));

/** l1 · Σ |x|. `new L1(0.1).call([1, -2]) // 0.3` */
export class L1 extends Regularizer<{ l1: number }> {
  static override readonly className: string = "L1";
  static override readonly defaults: Config = { l1: 0.01 };
  readonly l1: number;
  constructor(l1: number | null | { l1?: number | null } = {}) {
    super(options("l1", l1));
    this.l1 = Math.fround(factor("l1", this.config.l1)); // Keras keeps this one as float32, and writes it so
  }
  override call(x: TensorLike): Tensor {
    return ops.multiply(absolute(tensor(x)), this.l1);
  }
  override getConfig(): Record<string, unknown> {
    return { l1: this.l1 };
  }
}

/** l2 · Σ x². `new L2(0.1).call([1, -2]) // 0.5` */
export class L2 extends Regularizer<{ l2: number }> {
  static override readonly className: string = "L2";
  static override readonly defaults: Config = { l2: 0.01 };
  constructor(l2: number | null | { l2?: number | null } = {}) {
    super(options("l2", l2));
    factor("l2", this.config.l2);
  }
  get l2(): number {
    return this.config.l2;
  }
  override call(x: TensorLike): Tensor {
    return ops.multiply(squares(tensor(x)), this.config.l2);
  }
}

/** l1 · Σ |x| + l2 · Σ x². `new L1L2({ l1: 0.1, l2: 0.1 }).call([1, -2]) // 0.8` */
export class L1L2 extends Regularizer<{ l1: number; l2: number }> {
  static override readonly className: string = "L1L2";
  static override readonly defaults: Config = { l1: 0, l2: 0 };
  constructor(given: { l1?: number | null; l2?: number | null } = {}) {
    super(withoutNulls(given));
    factor("l1", this.config.l1);
    factor("l2", this.config.l2);
  }
  get l1(): number {
    return this.config.l1;
  }
  get l2(): number {
    return this.config.l2;
  }
  override call(x: TensorLike): Tensor {
    const { l1, l2 } = this.config;
    const t = tensor(x);
    let penalty = tensor(0);
    if (l1) penalty = ops.multiply(absolute(t), l1);
    if (l2) penalty = l1 ? ops.add(penalty, ops.multiply(squares(t), l2)) : ops.multiply(squares(t), l2);
    return penalty;
  }
}

/**
 * Pushes rows (or columns) to be orthogonal: factor · ½ · Σ |G| / (n(n − 1)/2), where G is the Gram matrix of the n normalised
 * rows without its diagonal.
 *
 * One row alone gives NaN (0/0), as in Keras. Errors: `ShapeError` unless x is a matrix.
 * Example: `new OrthogonalRegularizer({ factor: 0.01 }).call([[1, 0], [1, 1]]) // 0.00707…`
 */
export class OrthogonalRegularizer extends Regularizer<{ factor: number; mode: "rows" | "columns" }> {
  static override readonly className: string = "OrthogonalRegularizer";
  static override readonly defaults: Config = { factor: 0.01, mode: "rows" };
  readonly factor: number;
  constructor(given: { factor?: number; mode?: "rows" | "columns" } = {}) {
    super(given);
    this.factor = Math.fround(factor("factor", this.config.factor));
    const { mode } = this.config;
    if (mode !== "rows" && mode !== "columns") {
      throw new ValueError(`OrthogonalRegularizer: mode is "rows" or "columns", received ${JSON.stringify(mode)}.`);
    }
  }
  override call(x: TensorLike): Tensor {
    const t = tensor(x);
    if (t.ndim !== 2)
      throw new ShapeError(`OrthogonalRegularizer: the input must be a matrix, received shape [${t.shape.join(", ")}].`);
    const rows = this.config.mode === "rows";
    const n = t.shape[rows ? 0 : 1]!;
    const unit = ops.multiply(t, ops.rsqrt(ops.maximum(ops.sum(ops.square(t), { axis: rows ? 1 : 0, keepdims: true }), 1e-12)));
    const gram = rows ? ops.matmul(unit, ops.transpose(unit)) : ops.matmul(ops.transpose(unit), unit);
    const apart = ops.multiply(gram, ops.subtract(1, ops.eye(n)));
    return ops.divide(ops.multiply(absolute(apart), this.factor * 0.5), (n * (n - 1)) / 2);
  }
  override getConfig(): Record<string, unknown> {
    return { factor: this.factor, mode: this.config.mode };
  }
}

for (const own of [Regularizer, L1, L2, L1L2, OrthogonalRegularizer]) registerClass("keras.regularizers", own);

/** `new L1(…)`: `l1(0.01)` or `l1({ l1: 0.01 })`. */
export const l1 = (given: number | { l1?: number } = {}): L1 => new L1(given);
/** `new L2(…)`: `l2(1e-4)` or `l2({ l2: 1e-4 })`. */
export const l2 = (given: number | { l2?: number } = {}): L2 => new L2(given);
/** `new L1L2({ l1, l2 })` */
export const l1L2 = (given: { l1?: number; l2?: number } = {}): L1L2 => new L1L2(given);
/** `new OrthogonalRegularizer({ factor, mode })` */
export const orthogonalRegularizer = (given: { factor?: number; mode?: "rows" | "columns" } = {}): OrthogonalRegularizer =>
  new OrthogonalRegularizer(given);

/** What a layer needs of a regularizer. */
export interface RegularizerLike {
  call(x: Tensor): Tensor;
}
export type RegularizerName =
  | "L1"
  | "l1"
  | "L2"
  | "l2"
  | "L1L2"
  | "l1l2"
  | "l1_l2"
  | "OrthogonalRegularizer"
  | "orthogonal_regularizer";
/** A regularizer, its name, its JSON, a function to a scalar, or null. */
export type RegularizerIdentifier =
  | RegularizerName
  | (string & {})
  | RegularizerLike
  | SerializedObject
  | KerasClass<Regularizer>
  | ((x: Tensor) => Tensor)
  | null;

// biome-ignore format: a table
const KIND: Kind<Regularizer> = {
  kind: "regularizer",
  module: "keras.regularizers",
  base: Regularizer,
  makers: [l1, l2, l1L2, orthogonalRegularizer],
  names: {
    Regularizer, regularizer: Regularizer, L1, l1: L1, L2, l2: L2, L1L2, l1l2: L1L2, l1_l2: L1L2, OrthogonalRegularizer, orthogonal_regularizer: OrthogonalRegularizer,
  },
};

/**
 * The regularizer that an identifier stands for, null for null.
 *
 * NOTE `"l1l2"` has both factors 0, as in Keras: give the factors with `regularizers.l1L2({ l1, l2 })`.
 * Errors: `IdentifierError` with near misses. Example: `regularizers.get("l2")`
 */
export const get = (identifier: RegularizerIdentifier | undefined): RegularizerLike | null =>
  identifyCallable<Regularizer, RegularizerLike>(KIND, identifier);

/** The regularizer as Keras' JSON. */
export const serialize = (regularizer: Regularizer): SerializedObject => toJSON(regularizer);

/** The regularizer of Keras' JSON. Errors: `IdentifierError` when it describes something else. */
export const deserialize = (config: unknown, given: DeserializeOptions = {}): Regularizer => deserializeAs(KIND, config, given);
