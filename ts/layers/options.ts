// The options that all layers and all weights take; and the first parameter that may stand before options or among them.

import type * as constraints from "../constraints.js";
import type { EdgeDType } from "../core/dtype.js";
import { isPlainObject, type PartialShape } from "../core/structure.js";
import { show, ValueError } from "../errors.js";
import type * as initializers from "../initializers.js";
import type * as regularizers from "../regularizers.js";
import type { DTypeIdentifier } from "./dtypePolicy.js";

/** Options that every layer takes. */
export interface LayerOptions {
  /** Without `/`. Default: the class name in snake case, numbered. */
  name?: string | null;
  /** False: no optimizer changes the weights. */
  trainable?: boolean;
  dtype?: DTypeIdentifier;
  autocast?: boolean;
  /** Added to the loss for every output of every call, divided by the batch size. */
  activityRegularizer?: regularizers.RegularizerIdentifier;
  /** Shape of one sample; the first layer of a Sequential model may say it. */
  inputShape?: PartialShape | null;
  /** `inputDim: 784` is `inputShape: [784]`. */
  inputDim?: number | null;
}

export interface WeightOptions {
  shape?: readonly number[];
  /** Default: glorot_uniform, or zeros for integers. */
  initializer?: initializers.InitializerIdentifier | null;
  dtype?: EdgeDType | null;
  trainable?: boolean;
  regularizer?: regularizers.RegularizerIdentifier;
  constraint?: constraints.ConstraintIdentifier;
  name?: string;
}

/**
 * The options of a layer whose first parameter has a default but is mostly given: `new X(value, options)`, `new X(options)`, `new X()`.
 *
 * `withFirst("poolSize", 3, { strides: 1 })` → `{ poolSize: 3, strides: 1 }`. Errors: `ValueError` when it is given both ways.
 */
export function withFirst<Options extends object>(name: keyof Options & string, first: unknown, options: Options): Options {
  if (isPlainObject(first)) return { ...(first as Options), ...options };
  if (name in options) throw new ValueError(`${name} is given by position and as an option: leave one of them out.`);
  return { ...options, [name]: first };
}

/** Errors: `ValueError` for an option that is true or false by default, in the class or one that it extends, and given as something else. */
export function checkFlags(where: string, own: object, options: object): void {
  const usual: Record<string, unknown> = { trainable: true };
  for (let c = own as { defaults?: object }; c !== Function.prototype; c = Object.getPrototypeOf(c) as object)
    Object.assign(usual, { ...c.defaults, ...usual });
  for (const [key, value] of Object.entries(options))
    if (typeof usual[key] === "boolean" && typeof (value ?? true) !== "boolean")
      throw new ValueError(`${where}: ${key} must be true or false, received ${show(value)}.`);
}
