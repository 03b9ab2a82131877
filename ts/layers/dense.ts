// Dense: the fully connected layer.

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
import { ADAPTABLE, AdaptableLayer, type AdaptableOptions } from "./lora.js";
import { KERNEL_AND_BIAS, type KernelAndBiasOptions, setWeightOptions, weightOptionsOf } from "./weightOptions.js";

export interface DenseOptions extends AdaptableOptions, KernelAndBiasOptions {
  activation?: activations.ActivationIdentifier;
  useBias?: boolean;
}

/**
 * y = activation(x · kernel + bias).
 *
 * x: [batch, …, in] → y: [batch, …, units]; kernel: [in, units], bias: [units]. Any rank from 2 on: the last axis is contracted.
 * With `loraRank` the kernel is frozen and a product of that rank is trained in its place. Errors: `ValueError` when `units` is no positive whole number; `ShapeError` when the last axis is not the one that it was built for.
 * Example: `new Dense(32, { activation: "relu" }).apply(ops.ones([2, 16])).shape // [2, 32]`
 */
export class Dense extends AdaptableLayer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "Dense";
  static override readonly required = ["units"];
  static override readonly defaults = {
    activation: null,
    useBias: true,
    ...KERNEL_AND_BIAS,
    ...ADAPTABLE,
  };

  readonly units: number;
  readonly activation: activations.Activation;
  readonly useBias: boolean;
  declare readonly kernelInitializer: initializers.InitializerLike;
  declare readonly biasInitializer: initializers.InitializerLike;
  declare readonly kernelRegularizer: regularizers.RegularizerLike | null;
  declare readonly biasRegularizer: regularizers.RegularizerLike | null;
  declare readonly kernelConstraint: constraints.ConstraintLike | null;
  declare readonly biasConstraint: constraints.ConstraintLike | null;
  kernel: Variable | undefined;
  declare readonly loraKernelA: Variable | undefined;
  declare readonly loraKernelB: Variable | undefined;
  bias: Variable | undefined;

  constructor(units: number, options: DenseOptions = {}) {
    super(options);
    if (!Number.isInteger(units) || units <= 0) {
      throw new ValueError(`Dense: units must be a positive whole number, received ${JSON.stringify(units)}.`);
    }
    this.units = units;
    this.activation = activations.get(options.activation ?? null);
    this.useBias = options.useBias ?? true;
    setWeightOptions(this, options, "kernel", "glorot_uniform");
    setWeightOptions(this, options, "bias", "zeros");
    this.inputSpec = new InputSpec({ minNdim: 2 });
    this.supportsMasking = true;
  }

  override build(inputShape: PartialShape): void {
    const size = inputShape.at(-1);
    if (size === null || size === undefined)
      throw new ValueError(`${this.name}: the size of the last axis must be known to make the kernel.`);
    this.kernel = this.addWeight({ name: "kernel", shape: [size, this.units], ...weightOptionsOf(this, "kernel") });
    if (this.useBias) this.bias = this.addWeight({ name: "bias", shape: [this.units], ...weightOptionsOf(this, "bias") });
    this.inputSpec = new InputSpec({ minNdim: 2, axes: { [-1]: size } });
    this.adaptAsAsked();
  }

  override computeOutputShape(inputShape: PartialShape): PartialShape {
    return [...inputShape.slice(0, -1), this.units];
  }

  override call(x: Tensor): Tensor {
    const y = ops.matmul(x, this.adapted);
    return this.activation(this.bias ? ops.add(y, this.bias) : y);
  }
}
