// The namespace `optimizers`.

import { Adadelta, Adagrad, Ftrl } from "./optimizers/accumulating.js";
import { Adafactor } from "./optimizers/adafactor.js";
import { Adam, AdamW } from "./optimizers/adam.js";
import { Adamax, Lamb, Lion, Nadam, ScheduleFreeAdamW } from "./optimizers/adaptive.js";
import { LossScaleOptimizer } from "./optimizers/lossScale.js";
import { MultiOptimizer, OptimizerMap } from "./optimizers/multi.js";
import { Muon } from "./optimizers/muon.js";
import { Optimizer } from "./optimizers/optimizer.js";
import { RMSprop } from "./optimizers/rmsprop.js";
import { SGD } from "./optimizers/sgd.js";
import { deserializeAs, identify, type Kind } from "./saving/identifier.js";
import type { KerasClass } from "./saving/object.js";
import { type DeserializeOptions, registerClass, type SerializedObject, serialize as toJSON } from "./saving/serialize.js";

export {
  Adadelta,
  type AdadeltaOptions,
  Adagrad,
  type AdagradOptions,
  Ftrl,
  type FtrlOptions,
} from "./optimizers/accumulating.js";
export { Adafactor, type AdafactorOptions } from "./optimizers/adafactor.js";
export { Adam, type AdamOptions, AdamW } from "./optimizers/adam.js";
// biome-ignore format: a list
export {
  Adamax, type BetaOptions, Lamb, Lion, type LionOptions, Nadam, ScheduleFreeAdamW, type ScheduleFreeAdamWOptions,
} from "./optimizers/adaptive.js";
export { LossScaleOptimizer, type LossScaleOptions } from "./optimizers/lossScale.js";
export { MultiOptimizer, OptimizerMap } from "./optimizers/multi.js";
export { Muon, type MuonOptions } from "./optimizers/muon.js";
export { type LearningRate, Optimizer, type OptimizerOptions } from "./optimizers/optimizer.js";
export { RMSprop, type RMSpropOptions } from "./optimizers/rmsprop.js";
export { SGD, type SGDOptions } from "./optimizers/sgd.js";
export * as schedules from "./schedules.js";

// biome-ignore format: a list
const CLASSES = {
  SGD, RMSprop, Adam, AdamW, Adadelta, Adagrad, Adamax, Adafactor, Nadam, Ftrl, Lion, Lamb, Muon, ScheduleFreeAdamW, LossScaleOptimizer, MultiOptimizer,
};
for (const own of [...Object.values(CLASSES), OptimizerMap]) registerClass("keras.optimizers", own);

// biome-ignore format: a list
export type OptimizerName =
  | "sgd" | "rmsprop" | "adam" | "adamw" | "adadelta" | "adagrad" | "adamax" | "adafactor" | "nadam" | "ftrl" | "lion" | "lamb" | "muon" | "schedulefreeadamw"
  | keyof typeof CLASSES;
/** An optimizer, its name in upper or lower case, its JSON, its class, or null. */
export type OptimizerIdentifier = OptimizerName | (string & {}) | Optimizer | SerializedObject | KerasClass<Optimizer> | null;

const KIND: Kind<Optimizer> = {
  kind: "optimizer",
  module: "keras.optimizers",
  base: Optimizer,
  names: Object.fromEntries(
    Object.entries(CLASSES).map(([name, own]) => [name.toLowerCase(), own as unknown as KerasClass<Optimizer>]),
  ),
  anyCase: true,
};

/**
 * The optimizer that an identifier stands for, with default options; null for null.
 *
 * Errors: `IdentifierError` with near misses. Example: `optimizers.get("adam")`
 */
export const get = (identifier: OptimizerIdentifier | undefined): Optimizer | null => identify(KIND, identifier);

/** The optimizer as Keras' JSON. */
export const serialize = (optimizer: Optimizer): SerializedObject => toJSON(optimizer);

/** The optimizer of Keras' JSON. Errors: `IdentifierError` when it describes something else. */
export const deserialize = (config: unknown, options: DeserializeOptions = {}): Optimizer => deserializeAs(KIND, config, options);
