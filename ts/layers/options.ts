// The options that all layers and all weights take.

import type * as constraints from "../constraints.js";
import type { EdgeDType } from "../core/dtype.js";
import type { PartialShape } from "../core/structure.js";
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
