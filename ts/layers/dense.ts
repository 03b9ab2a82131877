// Dense: the fully connected layer.

import * as activations from "../activations.js";
import * as constraints from "../constraints.js";
import type { PartialShape } from "../core/structure.js";
import { ValueError } from "../errors.js";
import * as initializers from "../initializers.js";
import * as ops from "../ops.js";
import * as regularizers from "../regularizers.js";
import type { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { InputSpec } from "./inputSpec.js";
import { Layer, type LayerOptions } from "./layer.js";
import { refuseUnsupported, UNSUPPORTED, type UnsupportedOptions, withoutLora } from "./unsupported.js";

export interface DenseOptions extends LayerOptions, UnsupportedOptions {
  activation?: activations.ActivationIdentifier;
  useBias?: boolean;
  kernelInitializer?: initializers.InitializerIdentifier;
  biasInitializer?: initializers.InitializerIdentifier;
  kernelRegularizer?: regularizers.RegularizerIdentifier;
  biasRegularizer?: regularizers.RegularizerIdentifier;
  kernelConstraint?: constraints.ConstraintIdentifier;
  biasConstraint?: constraints.ConstraintIdentifier;
}

/**
 * y = activation(x · kernel + bias).
 *
 * x: [batch, …, in] → y: [batch, …, units]; kernel: [in, units], bias: [units]. Any rank from 2 on: the last axis is contracted.
 * Errors: `ValueError` when `units` is no positive whole number; `ShapeError` when the last axis is not the one that it was built for.
 * Example: `new Dense(32, { activation: "relu" }).apply(ops.ones([2, 16])).shape // [2, 32]`
 */
export class Dense extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "Dense";
  static override readonly required = ["units"];
  static override readonly defaults = {
    activation: null,
    useBias: true,
    kernelInitializer: "glorot_uniform",
    biasInitializer: "zeros",
    kernelRegularizer: null,
    biasRegularizer: null,
    kernelConstraint: null,
    biasConstraint: null,
    ...UNSUPPORTED,
  };

  readonly units: number;
  readonly activation: activations.Activation;
  readonly useBias: boolean;
  readonly kernelInitializer: initializers.InitializerLike;
  readonly biasInitializer: initializers.InitializerLike;
  readonly kernelRegularizer: regularizers.RegularizerLike | null;
  readonly biasRegularizer: regularizers.RegularizerLike | null;
  readonly kernelConstraint: constraints.ConstraintLike | null;
  readonly biasConstraint: constraints.ConstraintLike | null;
  readonly quantizationConfig = null;
  kernel: Variable | undefined;
  bias: Variable | undefined;

  constructor(units: number, options: DenseOptions = {}) {
    super(options);
    if (!Number.isInteger(units) || units <= 0) {
      throw new ValueError(`Dense: units must be a positive whole number, received ${JSON.stringify(units)}.`);
    }
    refuseUnsupported("Dense", options);
    this.units = units;
    this.activation = activations.get(options.activation ?? null);
    this.useBias = options.useBias ?? true;
    this.kernelInitializer = initializers.get(options.kernelInitializer ?? "glorot_uniform")!;
    this.biasInitializer = initializers.get(options.biasInitializer ?? "zeros")!;
    this.kernelRegularizer = regularizers.get(options.kernelRegularizer ?? null);
    this.biasRegularizer = regularizers.get(options.biasRegularizer ?? null);
    this.kernelConstraint = constraints.get(options.kernelConstraint ?? null);
    this.biasConstraint = constraints.get(options.biasConstraint ?? null);
    this.inputSpec = new InputSpec({ minNdim: 2 });
    this.supportsMasking = true;
  }

  override build(inputShape: PartialShape): void {
    const size = inputShape.at(-1);
    if (size === null || size === undefined)
      throw new ValueError(`${this.name}: the size of the last axis must be known to make the kernel.`);
    this.kernel = this.addWeight({
      name: "kernel",
      shape: [size, this.units],
      initializer: this.kernelInitializer,
      regularizer: this.kernelRegularizer,
      constraint: this.kernelConstraint,
    });
    if (this.useBias) {
      this.bias = this.addWeight({
        name: "bias",
        shape: [this.units],
        initializer: this.biasInitializer,
        regularizer: this.biasRegularizer,
        constraint: this.biasConstraint,
      });
    }
    this.inputSpec = new InputSpec({ minNdim: 2, axes: { [-1]: size } });
  }

  override computeOutputShape(inputShape: PartialShape): PartialShape {
    return [...inputShape.slice(0, -1), this.units];
  }

  override call(x: Tensor): Tensor {
    const y = ops.matmul(x, this.kernel!);
    return this.activation(this.bias ? ops.add(y, this.bias) : y);
  }

  override getConfig(): Record<string, unknown> {
    return withoutLora(super.getConfig());
  }
}
