// The namespace `activations`: functions of one tensor, found by name, JSON or as they are.

import { apply } from "./core/apply.js";
import { checkOptions, IdentifierError, unknownName, ValueError } from "./errors.js";
import * as ops from "./ops.js";
import { KerasObject } from "./saving/object.js";
import {
  type DeserializeOptions,
  deserializeIn,
  getRegisteredObject,
  isSerialized,
  registerFunction,
  type SerializedObject,
  standFor,
  serialize as toJSON,
} from "./saving/serialize.js";
import { nameArgument, Tensor, type TensorLike, tensor } from "./tensor.js";

/** A function from a tensor to a tensor. */
export type Activation = (x: Tensor) => Tensor;

/** The argument as a tensor. Errors: `ValueError` that names the function. */
function operand(name: string, x: TensorLike): Tensor {
  try {
    return tensor(x);
  } catch (error) {
    nameArgument(error, `activations.${name}`, [x]);
    throw error;
  }
}

/** x. `activations.linear([1]) // [1]` */
export const linear = (x: TensorLike): Tensor => operand("linear", x);

export interface ReluOptions {
  /** Slope below the threshold. */
  negativeSlope?: number;
  /** The result is no larger; null for no bound. */
  maxValue?: number | null;
  threshold?: number;
}
/**
 * max(x, 0); with options: `maxValue` at and above it, x from `threshold` on, negativeSlope·(x − threshold) below.
 *
 * The gradient at 0 is 0. Example: `activations.relu([-1, 3, 9], { maxValue: 6 }) // [0, 3, 6]`
 */
export function relu(x: TensorLike, options: ReluOptions = {}): Tensor {
  checkOptions("activations.relu", options, ["negativeSlope", "maxValue", "threshold"]);
  const { negativeSlope = 0, maxValue = null, threshold = 0 } = options;
  let y = operand("relu", x);
  if (negativeSlope !== 0) {
    if (maxValue === null && threshold === 0) return ops.leakyRelu(y, { negativeSlope });
    const below = threshold !== 0 ? ops.add(ops.negative(y), threshold) : ops.negative(y);
    return bounded(y, maxValue, threshold, ops.multiply(ops.relu(below), negativeSlope));
  }
  if (threshold === 0 && maxValue === 6) return relu6(y);
  y = bounded(y, maxValue, threshold, null);
  return y;
}

/** The part from the threshold on, cut at `maxValue`, less what lies below. */
function bounded(x: Tensor, maxValue: number | null, threshold: number, below: Tensor | null): Tensor {
  let y = threshold !== 0 ? apply("select", [ops.lessEqual(x, threshold), 0, x]) : ops.relu(x);
  if (maxValue !== null) y = ops.clip(y, 0, maxValue);
  return below ? ops.subtract(y, below) : y;
}

/** x for x ≥ 0, negativeSlope·x below. `activations.leakyRelu([-1, 2]) // [-0.2, 2]` */
export const leakyRelu = (x: TensorLike, options: { negativeSlope?: number } = {}): Tensor => ops.leakyRelu(x, options);
/** min(max(x, 0), 6); the slope at 0 and at 6 is 0. `activations.relu6([-1, 8]) // [0, 6]` */
export function relu6(x: TensorLike): Tensor {
  const t = ops.cast(x, "float32");
  const inside = apply("logical_and", [ops.greater(t, 0), ops.less(t, 6)]);
  // NOTE a clip alone would pass half of the gradient at its ends.
  return apply("select", [inside, t, ops.stopGradient(ops.clip(t, 0, 6))]);
}
/** eˣ / Σ eˣ along an axis, or jointly along several. `activations.softmax([0, 0]) // [0.5, 0.5]` */
export const softmax = (x: TensorLike, options: { axis?: number | readonly number[] } = {}): Tensor => ops.softmax(x, options);
/** ln softmax(x), without overflow. `activations.logSoftmax([0, 0]) // [-0.69…, -0.69…]` */
export const logSoftmax = (x: TensorLike, options: { axis?: number } = {}): Tensor => ops.logSoftmax(x, options);
/** x for x > 0, alpha·(eˣ − 1) below. `activations.elu([-1, 2]) // [-0.63…, 2]` */
export const elu = (x: TensorLike, options: { alpha?: number } = {}): Tensor => ops.elu(x, options);
/** max(x, 0) + alpha·(e^(min(x, 0)/alpha) − 1). `activations.celu([-1, 2]) // [-0.63…, 2]` */
export const celu = (x: TensorLike, options: { alpha?: number } = {}): Tensor => ops.celu(x, options);
/** elu scaled so that activations keep mean 0 and variance 1. `activations.selu([1]) // [1.05…]` */
export const selu = (x: TensorLike): Tensor => ops.selu(x);
/** ln(1 + eˣ). `activations.softplus([0]) // [0.69…]` */
export const softplus = (x: TensorLike): Tensor => ops.softplus(x);
/** x / (1 + |x|). `activations.softsign([1]) // [0.5]` */
export const softsign = (x: TensorLike): Tensor => ops.softsign(x);
/** x − threshold above it, x + threshold below −threshold, 0 between. `activations.softShrink([1, 0.2]) // [0.5, 0]` */
export const softShrink = (x: TensorLike, options: { threshold?: number } = {}): Tensor => ops.softShrink(x, options);
/** 0 below −1, (x + 1)²/4 up to 1, x above. `activations.sparsePlus([0, 2]) // [0.25, 2]` */
export const sparsePlus = (x: TensorLike): Tensor => ops.sparsePlus(x);
/** (x + √(x² + b))/2. `activations.squareplus([0]) // [1]` */
export const squareplus = (x: TensorLike, options: { b?: number } = {}): Tensor => ops.squareplus(x, options);
/** x·sigmoid(x). `activations.silu([0]) // [0]` */
export const silu = (x: TensorLike): Tensor => ops.silu(x);
/** Another name of `silu`. `activations.swish([0]) // [0]` */
export const swish = silu;
/** x·Φ(x), Φ the normal distribution's cumulative function; `approximate` by tanh. `activations.gelu([1]) // [0.841…]` */
export const gelu = (x: TensorLike, options: { approximate?: boolean } = {}): Tensor =>
  ops.gelu(x, { approximate: false, ...options });
/** The first half of the axis times the sigmoid of the second. `activations.glu([1, 2, 3, 4]) // [0.95…, 1.96…]` */
export const glu = (x: TensorLike, options: { axis?: number } = {}): Tensor => ops.glu(x, { axis: -1, ...options });
/** tanh x. `activations.tanh([0]) // [0]` */
export const tanh = (x: TensorLike): Tensor => ops.tanh(x);
/** x − tanh x. `activations.tanhShrink([0]) // [0]` */
export const tanhShrink = (x: TensorLike): Tensor => ops.tanhShrink(x);
/** x above the threshold, the default value elsewhere. `activations.threshold([1, 0], 0.5, -1) // [1, -1]` */
export const threshold = (x: TensorLike, limit: number, defaultValue: number): Tensor => ops.threshold(x, limit, defaultValue);
/** 1/(1 + e⁻ˣ). `activations.sigmoid([0]) // [0.5]` */
export const sigmoid = (x: TensorLike): Tensor => ops.sigmoid(x);
/** eˣ. `activations.exponential([0]) // [1]` */
export const exponential = (x: TensorLike): Tensor => ops.exp(x);
/** relu6(x + 3)/6. `activations.hardSigmoid([0]) // [0.5]` */
export const hardSigmoid = (x: TensorLike): Tensor => ops.divide(relu6(ops.add(ops.cast(x, "float32"), 3)), 6);
/** x·relu6(x + 3)/6. `activations.hardSilu([3]) // [3]` */
export function hardSilu(x: TensorLike): Tensor {
  const t = ops.cast(x, "float32");
  return ops.multiply(t, hardSigmoid(t));
}
/** Another name of `hardSilu`. `activations.hardSwish([3]) // [3]` */
export const hardSwish = hardSilu;
/** x between −1 and 1. `activations.hardTanh([2]) // [1]` */
export const hardTanh = (x: TensorLike): Tensor => ops.hardTanh(x);
/** x where |x| > threshold, 0 elsewhere. `activations.hardShrink([1, 0.2]) // [1, 0]` */
export const hardShrink = (x: TensorLike, options: { threshold?: number } = {}): Tensor => ops.hardShrink(x, options);
/** −softplus(−x). `activations.logSigmoid([0]) // [-0.69…]` */
export const logSigmoid = (x: TensorLike): Tensor => ops.logSigmoid(x);
/** x·tanh(softplus(x)). `activations.mish([1]) // [0.865…]` */
export const mish = (x: TensorLike): Tensor => {
  const t = ops.cast(x, "float32");
  return apply("multiply", [t, ops.tanh(ops.softplus(t))]);
};
/** 0 below −1, (x + 1)/2 up to 1, 1 above; half of the slope at ±1. `activations.sparseSigmoid([0]) // [0.5]` */
export const sparseSigmoid = (x: TensorLike): Tensor => ops.multiply(ops.clip(ops.add(ops.cast(x, "float32"), 1), 0, 2), 0.5);
/**
 * The point of the simplex nearest to x along an axis; small scores become exactly 0. Martins & Astudillo 2016.
 *
 * NOTE Keras 3.15 sums its threshold wrongly where more than one score survives; this is what its documentation describes.
 * Example: `activations.sparsemax([0, 3]) // [0, 1]`
 */
export const sparsemax = (x: TensorLike, options: { axis?: number } = {}): Tensor => ops.sparsemax(x, { axis: -1, ...options });

// biome-ignore format: a table
const TABLE = {
  relu, leaky_relu: leakyRelu, relu6, softmax, celu, elu, selu, softplus, softsign, squareplus, soft_shrink: softShrink, sparse_plus: sparsePlus, silu, swish, gelu, glu,
  tanh, tanh_shrink: tanhShrink, threshold, sigmoid, exponential, hard_sigmoid: hardSigmoid, hard_silu: hardSilu, hard_swish: hardSwish, hard_tanh: hardTanh,
  hard_shrink: hardShrink, linear, mish, log_softmax: logSoftmax, log_sigmoid: logSigmoid, sparse_sigmoid: sparseSigmoid, sparsemax,
};
for (const [name, body] of Object.entries(TABLE)) registerFunction(name, body);

export type ActivationName = keyof typeof TABLE;
/** An activation by Keras' name for it, a function, a layer, its JSON, or null for the identity. */
export type ActivationIdentifier = ActivationName | (string & {}) | Activation | LayerLike | SerializedObject | null;

interface LayerLike {
  readonly built: boolean;
  apply(x: Tensor): unknown;
}

/**
 * The function that an identifier stands for; null is `linear`.
 *
 * Errors: `IdentifierError` with near misses. Example: `activations.get("relu")([-1, 2]) // [0, 2]`
 */
export function get(identifier: ActivationIdentifier | undefined): Activation {
  if (identifier === null || identifier === undefined) return linear;
  if (typeof identifier === "string") {
    if (Object.hasOwn(TABLE, identifier)) return TABLE[identifier as ActivationName] as Activation;
    const own = getRegisteredObject(identifier);
    if (typeof own === "function") return own as Activation;
    throw new IdentifierError(unknownName("activation", identifier, Object.keys(TABLE)));
  }
  if (typeof identifier === "function") {
    if (identifier.prototype instanceof KerasObject)
      throw new IdentifierError(`Activation: a class was given, make an object of it: new ${identifier.name}().`);
    return identifier as Activation;
  }
  if (isSerialized(identifier)) return deserialize(identifier);
  if (typeof identifier === "object" && typeof identifier.apply === "function") {
    const body: Activation = (x) => {
      const y = identifier.apply(x);
      if (y instanceof Tensor) return y;
      throw new ValueError("activation: the layer must return one tensor.");
    };
    if (identifier instanceof KerasObject) standFor(body, identifier);
    return body;
  }
  throw new IdentifierError(unknownName("activation", identifier, Object.keys(TABLE)));
}

/**
 * An activation as Keras writes it: the name of a built-in one, JSON for a layer or a registered function of one's own.
 *
 * Example: `activations.serialize(activations.swish) // "silu"`
 */
export const serialize = (activation: ActivationIdentifier): string | SerializedObject =>
  toJSON(get(activation)) as string | SerializedObject;

/** The function that Keras' name or JSON stands for. Errors: `IdentifierError`. */
export function deserialize(config: unknown, options: DeserializeOptions = {}): Activation {
  if (typeof config === "string" || config === null) return get(config);
  const made = deserializeIn("keras.layers", config, options);
  if (typeof made === "function" || (typeof made === "object" && made !== null && "apply" in made))
    return get(made as ActivationIdentifier);
  throw new IdentifierError("activations.deserialize: the JSON does not describe an activation.");
}
