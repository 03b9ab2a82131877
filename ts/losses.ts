// The namespace `losses`: classes that reduce to a number, functions that give a value per sample, and how names find them.

import { IdentifierError, unknownName } from "./errors.js";
import { BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy } from "./losses/crossentropy.js";
import { Loss, type LossFunction, LossFunctionWrapper } from "./losses/loss.js";
import { CLASSES, FUNCTIONS } from "./losses/table.js";
import { targetKind } from "./losses/targetKind.js";
import { toSnakeCase } from "./saving/names.js";
import { isClassOf, type KerasClass } from "./saving/object.js";
import {
  type DeserializeOptions,
  deserializeIn,
  getRegisteredObject,
  isSerialized,
  type SerializedObject,
  serialize as toJSON,
} from "./saving/serialize.js";
import type { Tensor } from "./tensor.js";

export * from "./losses/circle.js";
export {
  BinaryCrossentropy, binaryCrossentropy, CategoricalCrossentropy, type CrossentropyOptions, categoricalCrossentropy,
  SparseCategoricalCrossentropy, type SparseCrossentropyOptions, sparseCategoricalCrossentropy,
} from "./losses/crossentropy.js"; // biome-ignore format: a list
export * from "./losses/ctc.js";
export * from "./losses/distribution.js";
export * from "./losses/focal.js";
export * from "./losses/hinge.js";
export { Loss, type LossCallOptions, type LossFunction, LossFunctionWrapper, type LossOptions } from "./losses/loss.js";
export type { Reduction } from "./losses/reduction.js";
export * from "./losses/regression.js";

export type LossName = keyof typeof CLASSES | keyof typeof FUNCTIONS;
/** A loss, its name, its JSON or its class. */
export type LossIdentifier = LossName | (string & {}) | Loss | SerializedObject | KerasClass<Loss>;
/** A function that gives a value per sample, or one number. */
export type LossLikeFunction = (yTrue: Tensor, yPred: Tensor) => Tensor;

/**
 * The loss that an identifier stands for; null for null.
 *
 * NOTE for the name of a function (`"mse"`, `"mean_squared_error"`) Keras returns the function, here it is the loss of that name all the
 * same, so that `.call` and the reduction are there; the function itself is `losses.meanSquaredError`.
 * Errors: `IdentifierError` with near misses. Example: `losses.get("mse")!.call([[1]], [[3]]) // 4`
 */
export function get(identifier: LossIdentifier | LossLikeFunction | null | undefined): Loss | null {
  if (identifier === null || identifier === undefined) return null;
  if (identifier instanceof Loss) return identifier;
  if (isClassOf(identifier, Loss)) return new identifier();
  if (typeof identifier === "function") return ofFunction(identifier as LossFunction, toSnakeCase(identifier.name));
  if (typeof identifier === "string") {
    if (Object.hasOwn(CLASSES, identifier)) return new CLASSES[identifier as keyof typeof CLASSES]();
    if (Object.hasOwn(FUNCTIONS, identifier)) return new FUNCTIONS[identifier as keyof typeof FUNCTIONS]({ name: identifier });
    const own = getRegisteredObject(identifier);
    if (own instanceof Loss) return own;
    if (isClassOf(own, Loss)) return new own();
    if (typeof own === "function") return ofFunction(own as LossFunction, identifier);
  } else if (isSerialized(identifier)) {
    return deserialize(identifier);
  }
  throw new IdentifierError(unknownName("loss", identifier, [...Object.keys(FUNCTIONS), ...Object.keys(CLASSES)]));
}

const ofFunction = (fn: LossFunction, name: string): Loss => new LossFunctionWrapper(fn, name === "" ? {} : { name });

/**
 * What `compile` makes of a loss: as `get`, and `"crossentropy"` or `"ce"` (in any case) become the binary, sparse or categorical one
 * by the shapes of targets and predictions, batch axis included.
 */
export function resolve(
  loss: LossIdentifier | LossLikeFunction,
  yTrueShape: readonly number[],
  yPredShape: readonly number[],
): Loss {
  if (typeof loss === "string" && ["crossentropy", "ce"].includes(loss.toLowerCase())) {
    const kinds = { binary: BinaryCrossentropy, sparse: SparseCategoricalCrossentropy, categorical: CategoricalCrossentropy };
    return new kinds[targetKind(yTrueShape, yPredShape)]({ name: loss });
  }
  return get(loss)!;
}

/** The loss, or the function, as Keras' JSON. */
export function serialize(loss: Loss): SerializedObject;
export function serialize(loss: Loss | LossFunction): unknown;
export function serialize(loss: Loss | LossFunction): unknown {
  return toJSON(loss);
}

/** The loss of Keras' JSON, or of a name. Errors: `IdentifierError` when it describes something else. */
export function deserialize(name: unknown, options: DeserializeOptions = {}): Loss {
  if (typeof name === "string" && !options.customObjects) return get(name)!;
  const made = typeof name === "string" ? options.customObjects![name] : deserializeIn("keras.losses", name, options);
  if (made instanceof Loss) return made;
  if (typeof made === "function") return get(made as LossLikeFunction)!;
  if (typeof name === "string") return get(name)!;
  throw new IdentifierError("losses.deserialize: the JSON does not describe a loss.");
}
