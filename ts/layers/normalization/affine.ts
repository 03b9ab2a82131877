// What the normalizations with gamma and beta share: the options of both, and their weights.

import * as constraints from "../../constraints.js";
import { type PartialShape, shapeText } from "../../core/structure.js";
import { ValueError } from "../../errors.js";
import * as initializers from "../../initializers.js";
import * as regularizers from "../../regularizers.js";
import type { Variable } from "../../variable.js";
import { Layer, type LayerOptions } from "../layer.js";

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
  readonly betaInitializer: initializers.InitializerLike;
  readonly gammaInitializer: initializers.InitializerLike;
  readonly betaRegularizer: regularizers.RegularizerLike | null;
  readonly gammaRegularizer: regularizers.RegularizerLike | null;
  readonly betaConstraint: constraints.ConstraintLike | null;
  readonly gammaConstraint: constraints.ConstraintLike | null;
  gamma: Variable | undefined;
  beta: Variable | undefined;

  constructor(options: AffineOptions) {
    super(options);
    this.epsilon = options.epsilon ?? AFFINE.epsilon;
    this.center = options.center ?? true;
    this.scale = options.scale ?? true;
    this.betaInitializer = initializers.get(options.betaInitializer ?? "zeros")!;
    this.gammaInitializer = initializers.get(options.gammaInitializer ?? "ones")!;
    this.betaRegularizer = regularizers.get(options.betaRegularizer ?? null);
    this.gammaRegularizer = regularizers.get(options.gammaRegularizer ?? null);
    this.betaConstraint = constraints.get(options.betaConstraint ?? null);
    this.gammaConstraint = constraints.get(options.gammaConstraint ?? null);
    this.supportsMasking = true;
  }

  /** Makes gamma and beta, as far as there are to be some. */
  protected makeAffine(shape: readonly number[], { scale, center } = { scale: this.scale, center: this.center }): void {
    if (scale) {
      this.gamma = this.addWeight({
        name: "gamma",
        shape,
        initializer: this.gammaInitializer,
        regularizer: this.gammaRegularizer,
        constraint: this.gammaConstraint,
      });
    }
    if (center) {
      this.beta = this.addWeight({
        name: "beta",
        shape,
        initializer: this.betaInitializer,
        regularizer: this.betaRegularizer,
        constraint: this.betaConstraint,
      });
    }
  }
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
