// What the normalizations with gamma and beta share: the options of both, and their weights.

import type * as constraints from "../../constraints.js";
import { type PartialShape, shapeText } from "../../core/structure.js";
import { show, ValueError } from "../../errors.js";
import type * as initializers from "../../initializers.js";
import type * as regularizers from "../../regularizers.js";
import type { Variable } from "../../variable.js";
import { classNameOf, Layer, type LayerOptions } from "../layer.js";
import { setWeightOptions, weightOptionsOf } from "../weightOptions.js";

export interface AffineOptions extends LayerOptions {
  /** Added to the variance, so that its root is not 0. */
  epsilon?: number;
  /** Is there a beta, which is added at the end? */
  center?: boolean;
  /** Is there a gamma, which multiplies? */
  scale?: boolean;
  betaInitializer?: initializers.InitializerIdentifier;
  gammaInitializer?: initializers.InitializerIdentifier;
  betaRegularizer?: regularizers.RegularizerIdentifier;
  gammaRegularizer?: regularizers.RegularizerIdentifier;
  betaConstraint?: constraints.ConstraintIdentifier;
  gammaConstraint?: constraints.ConstraintIdentifier;
}

/** Their defaults, for `static defaults`. */
export const AFFINE = {
  epsilon: 1e-3,
  center: true,
  scale: true,
  betaInitializer: "zeros",
  gammaInitializer: "ones",
  betaRegularizer: null,
  gammaRegularizer: null,
  betaConstraint: null,
  gammaConstraint: null,
};

/** A normalization that ends in `· gamma + beta`. */
export abstract class AffineLayer extends Layer {
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
  declare readonly betaInitializer: initializers.InitializerLike;
  declare readonly gammaInitializer: initializers.InitializerLike;
  declare readonly betaRegularizer: regularizers.RegularizerLike | null;
  declare readonly gammaRegularizer: regularizers.RegularizerLike | null;
  declare readonly betaConstraint: constraints.ConstraintLike | null;
  declare readonly gammaConstraint: constraints.ConstraintLike | null;
  gamma: Variable | undefined;
  beta: Variable | undefined;

  constructor(options: AffineOptions) {
    super(options);
    this.epsilon = epsilonOf(this, options.epsilon ?? AFFINE.epsilon);
    this.center = options.center ?? true;
    this.scale = options.scale ?? true;
    setWeightOptions(this, options, "beta", "zeros");
    setWeightOptions(this, options, "gamma", "ones");
    this.supportsMasking = true;
  }

  /** Makes gamma and beta, as far as there are to be some. */
  protected makeAffine(shape: readonly number[], { scale, center } = { scale: this.scale, center: this.center }): void {
    if (scale) this.gamma = this.addWeight({ name: "gamma", shape, ...weightOptionsOf(this, "gamma") });
    if (center) this.beta = this.addWeight({ name: "beta", shape, ...weightOptionsOf(this, "beta") });
  }
}

/** What is added to a variance: a number from 0. Errors: `ValueError`. */
export function epsilonOf(layer: Layer, epsilon: number): number {
  if (typeof epsilon === "number" && epsilon >= 0) return epsilon;
  throw new ValueError(`${classNameOf(layer)}: epsilon is a number from 0, received ${show(epsilon)}.`);
}

/** The sizes of axes that weights are made for. Errors: `ValueError` when one is not known. */
export function sizesAt(layer: Layer, inputShape: PartialShape, axes: readonly number[]): number[] {
  return axes.map((axis) => {
    const size = inputShape[axis];
    if (size === null || size === undefined)
      throw new ValueError(
        `${layer.name}: the size of axis ${axis} must be known, received input shape ${shapeText(inputShape)}.`,
      );
    return size;
  });
}
