// The three options that say how a weight is made, by the weight's name: `kernelInitializer`, `kernelRegularizer`, `kernelConstraint`.

import * as constraints from "../constraints.js";
import * as initializers from "../initializers.js";
import * as regularizers from "../regularizers.js";
import type { Layer } from "./layer.js";
import type { WeightOptions } from "./options.js";

/** Options of layers with a kernel and a bias. */
export interface KernelAndBiasOptions {
  kernelInitializer?: initializers.InitializerIdentifier;
  biasInitializer?: initializers.InitializerIdentifier;
  kernelRegularizer?: regularizers.RegularizerIdentifier;
  biasRegularizer?: regularizers.RegularizerIdentifier;
  kernelConstraint?: constraints.ConstraintIdentifier;
  biasConstraint?: constraints.ConstraintIdentifier;
}

/** Their defaults, in Keras' order. */
export const KERNEL_AND_BIAS = {
  kernelInitializer: "glorot_uniform",
  biasInitializer: "zeros",
  kernelRegularizer: null,
  biasRegularizer: null,
  kernelConstraint: null,
  biasConstraint: null,
};

/**
 * Reads the options of a weight into the layer's properties of the same names; `initial` is the initializer where none is given.
 *
 * Example: `setWeightOptions(this, options, "kernel", "glorot_uniform")`. Errors: `IdentifierError` for a name that stands for nothing.
 */
export function setWeightOptions(layer: Layer, options: object, weight: string, initial: initializers.InitializerName): void {
  const given = options as Record<string, never>;
  Object.assign(layer, {
    [`${weight}Initializer`]: initializers.get(given[`${weight}Initializer`] ?? initial),
    [`${weight}Regularizer`]: regularizers.get(given[`${weight}Regularizer`] ?? null),
    [`${weight}Constraint`]: constraints.get(given[`${weight}Constraint`] ?? null),
  });
}

/** What `setWeightOptions` read, as `addWeight` takes it: `this.addWeight({ name: "kernel", shape, ...weightOptionsOf(this, "kernel") })` */
export function weightOptionsOf(layer: Layer, weight: string): WeightOptions {
  const own = layer as unknown as Record<string, never>;
  return {
    initializer: own[`${weight}Initializer`]!,
    regularizer: own[`${weight}Regularizer`]!,
    constraint: own[`${weight}Constraint`]!,
  };
}
