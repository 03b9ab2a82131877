// Activation and the activation layers with parameters.

import * as activations from "../activations.js";
import type * as constraints from "../constraints.js";
import type { PartialShape } from "../core/structure.js";
import { ValueError } from "../errors.js";
import type * as initializers from "../initializers.js";
import * as ops from "../ops.js";
import type * as regularizers from "../regularizers.js";
import type { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { InputSpec } from "./inputSpec.js";
import { type CallArguments, Layer, type LayerOptions } from "./layer.js";
import { withFirst } from "./options.js";
import { setWeightOptions, weightOptionsOf } from "./weightOptions.js";

/** An activation function as a layer: `new Activation("relu")`. Elementwise for most; `softmax` works along the last axis. */
export class Activation extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "Activation";
  static override readonly required = ["activation"];
  static override readonly builtAtStart = true;
  readonly activation: activations.Activation;

  constructor(activation: activations.ActivationIdentifier, options: LayerOptions = {}) {
    super(options);
    this.activation = activations.get(activation);
    this.supportsMasking = true;
  }

  override call(x: Tensor): Tensor {
    return this.activation(x);
  }
}

export interface ReLUOptions extends LayerOptions {
  /** Largest output; null: none. */
  maxValue?: number | null;
  negativeSlope?: number;
  threshold?: number;
}

/**
 * `max` where x ≥ max, `x` where threshold < x < max, else `negativeSlope · (x − threshold)`.
 *
 * Any shape. Errors: `ValueError` for a negative parameter.
 */
export class ReLU extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "ReLU";
  static override readonly defaults = { maxValue: null, negativeSlope: 0, threshold: 0 };
  static override readonly builtAtStart = true;
  readonly maxValue: number | null;
  readonly negativeSlope: number;
  readonly threshold: number;

  constructor(max: number | null | ReLUOptions = {}, options: ReLUOptions = {}) {
    const given = withFirst("maxValue", max, options);
    super(given);
    const { maxValue = null, negativeSlope = 0, threshold = 0 } = given;
    if (maxValue !== null) notNegative("ReLU", "maxValue", maxValue);
    notNegative("ReLU", "negativeSlope", negativeSlope);
    notNegative("ReLU", "threshold", threshold);
    this.maxValue = maxValue;
    this.negativeSlope = negativeSlope;
    this.threshold = threshold;
    this.supportsMasking = true;
  }

  override call(x: Tensor): Tensor {
    return activations.relu(x, { negativeSlope: this.negativeSlope, maxValue: this.maxValue, threshold: this.threshold });
  }
}

export interface LeakyReLUOptions extends LayerOptions {
  negativeSlope?: number;
}

/** x ≥ 0 ? x : negativeSlope · x, by default 0.3 (the function `activations.leakyRelu` has 0.2). */
export class LeakyReLU extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "LeakyReLU";
  static override readonly defaults = { negativeSlope: 0.3 };
  static override readonly builtAtStart = true;
  readonly negativeSlope: number;

  constructor(negativeSlope: number | LeakyReLUOptions = {}, options: LeakyReLUOptions = {}) {
    const given = withFirst("negativeSlope", negativeSlope, options);
    super(given);
    this.negativeSlope = given.negativeSlope ?? 0.3;
    if (given.negativeSlope === null) throw new ValueError("LeakyReLU: negativeSlope must be a number ≥ 0, received null.");
    notNegative("LeakyReLU", "negativeSlope", this.negativeSlope);
    this.supportsMasking = true;
  }

  override call(x: Tensor): Tensor {
    return activations.leakyRelu(x, { negativeSlope: this.negativeSlope });
  }
}

export interface PReLUOptions extends LayerOptions {
  alphaInitializer?: initializers.InitializerIdentifier;
  alphaRegularizer?: regularizers.RegularizerIdentifier;
  alphaConstraint?: constraints.ConstraintIdentifier;
  /** Axes along which one slope serves all, counted from 1 (the batch is 0). */
  sharedAxes?: number | readonly number[] | null;
}

/**
 * relu(x) − alpha · relu(−x), with a learnt slope per element.
 *
 * x: [batch, …] ; alpha: the shape of one sample, with 1 at shared axes.
 */
export class PReLU extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "PReLU";
  static override readonly defaults = {
    alphaInitializer: "Zeros",
    alphaRegularizer: null,
    alphaConstraint: null,
    sharedAxes: null,
  };
  declare readonly alphaInitializer: initializers.InitializerLike;
  declare readonly alphaRegularizer: regularizers.RegularizerLike | null;
  declare readonly alphaConstraint: constraints.ConstraintLike | null;
  readonly sharedAxes: readonly number[] | null;
  alpha: Variable | undefined;

  constructor(options: PReLUOptions = {}) {
    super(options);
    const { sharedAxes = null } = options;
    setWeightOptions(this, options, "alpha", "Zeros");
    this.sharedAxes = typeof sharedAxes === "number" ? [sharedAxes] : sharedAxes;
    this.supportsMasking = true;
  }

  override build(inputShape: PartialShape): void {
    const shape = inputShape.slice(1).map((d, i) => {
      if (this.sharedAxes?.includes(i + 1)) return 1;
      if (d === null) throw new ValueError(`${this.name}: the size of axis ${i + 1} must be known, or the axis shared.`);
      return d;
    });
    this.alpha = this.addWeight({ name: "alpha", shape, ...weightOptionsOf(this, "alpha") });
    const axes = Object.fromEntries(
      shape.map((d, i) => [i + 1, d] as const).filter(([axis]) => !this.sharedAxes?.includes(axis)),
    );
    this.inputSpec = new InputSpec({ ndim: inputShape.length, axes });
  }

  override call(x: Tensor): Tensor {
    return ops.subtract(activations.relu(x), ops.multiply(this.alpha!, activations.relu(ops.negative(x))));
  }
}

export interface ELUOptions extends LayerOptions {
  alpha?: number;
}

/** x > 0 ? x : alpha · (eˣ − 1). */
export class ELU extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "ELU";
  static override readonly defaults = { alpha: 1 };
  static override readonly builtAtStart = true;
  readonly alpha: number;

  constructor(alpha: number | ELUOptions = {}, options: ELUOptions = {}) {
    const given = withFirst("alpha", alpha, options);
    super(given);
    this.alpha = given.alpha ?? 1;
    this.supportsMasking = true;
  }

  override call(x: Tensor): Tensor {
    return activations.elu(x, { alpha: this.alpha });
  }
}

export interface SoftmaxOptions extends LayerOptions {
  /** The axis, or axes that share one sum. */
  axis?: number | readonly number[];
}

// What Keras adds to the logits of masked entries.
const MASKED = -1e9;

/**
 * exp(x) / Σ exp(x) along `axis`.
 *
 * With a mask (bool, or numbers of which those above 0.5 count; broadcast to x), masked entries are 0 and the others sum to 1;
 * a row without valid entries is all 0.
 */
export class Softmax extends Layer {
  static override readonly className: string = "Softmax";
  static override readonly defaults = { axis: -1 };
  static override readonly builtAtStart = true;
  readonly axis: number | readonly number[];

  constructor(axis: number | readonly number[] | SoftmaxOptions = {}, options: SoftmaxOptions = {}) {
    const given = withFirst("axis", axis, options);
    super(given);
    this.axis = given.axis ?? -1;
    this.supportsMasking = true;
  }

  override call(x: Tensor, { mask }: CallArguments): Tensor {
    if (!mask) return this.#softmax(x);
    const given = mask as Tensor;
    const valid = given.dtype === "bool" ? given : ops.greater(given, 0.5);
    const y = this.#softmax(ops.add(x, ops.multiply(ops.subtract(1, ops.cast(valid, "float32")), MASKED)));
    return ops.multiply(y, ops.cast(valid, "float32"));
  }

  #softmax(x: Tensor): Tensor {
    if (typeof this.axis === "number") return activations.softmax(x, { axis: this.axis });
    const axis = [...this.axis];
    if (axis.length === 1) return activations.softmax(x, { axis: axis[0]! });
    return ops.exp(ops.subtract(x, ops.logsumexp(x, { axis, keepdims: true })));
  }
}

function notNegative(where: string, name: string, value: unknown): void {
  if (typeof value !== "number" || !(value >= 0))
    throw new ValueError(`${where}: ${name} must be a number ≥ 0, received ${JSON.stringify(value)}.`);
}
