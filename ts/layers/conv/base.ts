// What all layers with a window share: its options, the bias and the activation behind it, the checks before weights are made.

import * as activations from "../../activations.js";
import type * as constraints from "../../constraints.js";
import type { PartialShape, Structure } from "../../core/structure.js";
import { ValueError } from "../../errors.js";
import type * as initializers from "../../initializers.js";
import { wholeNumber } from "../../ops/basics.js";
import {
  channelsLast,
  type DataFormat,
  dataFormatOf,
  normalizeTuple,
  type Padding,
  paddingOf,
  reach,
  type Windows,
} from "../../ops/window.js";
import * as ops from "../../ops.js";
import type * as regularizers from "../../regularizers.js";
import type { Tensor } from "../../tensor.js";
import type { Variable } from "../../variable.js";
import { checkInputs, InputSpec } from "../inputSpec.js";
import { classNameOf, Layer, type LayerOptions } from "../layer.js";
import { setWeightOptions, weightOptionsOf } from "../weightOptions.js";

/** One number for all axes of space, or one for each. */
export type PerAxis = number | readonly number[];

/** Options of every convolution. */
export interface WindowOptions extends LayerOptions {
  /** How far windows are apart. */
  strides?: PerAxis;
  padding?: Padding;
  /** Where the channels are; null is `"channels_last"`. */
  dataFormat?: DataFormat | null;
  /** How far the cells of a window are apart. */
  dilationRate?: PerAxis;
  activation?: activations.ActivationIdentifier;
  useBias?: boolean;
  biasInitializer?: initializers.InitializerIdentifier;
  biasRegularizer?: regularizers.RegularizerIdentifier;
  biasConstraint?: constraints.ConstraintIdentifier;
}

/** Base of the layers that move a window over one to three axes of space. */
export abstract class WindowLayer extends Layer {
  static override readonly samplesApart: boolean = true;
  /** The number of axes of space. */
  static readonly rank: number = 0;
  /** The paddings that the class knows. */
  protected static readonly paddings: readonly Padding[] = ["valid", "same"];
  readonly rank: number;
  readonly kernelSize: readonly number[];
  readonly strides: readonly number[];
  readonly padding: Padding;
  readonly dataFormat: DataFormat;
  readonly dilationRate: readonly number[];
  readonly activation: activations.Activation;
  readonly useBias: boolean;
  declare readonly biasInitializer: initializers.InitializerLike;
  declare readonly biasRegularizer: regularizers.RegularizerLike | null;
  declare readonly biasConstraint: constraints.ConstraintLike | null;
  bias: Variable | undefined;

  /** Errors: `ValueError` for sizes that are not positive, a padding or format that the class does not know. */
  constructor(kernelSize: PerAxis, options: WindowOptions = {}) {
    super(options);
    const where = classNameOf(this);
    const { rank, paddings } = new.target;
    this.rank = rank;
    this.kernelSize = normalizeTuple(`${where}: kernelSize`, kernelSize, rank);
    this.strides = normalizeTuple(`${where}: strides`, options.strides ?? 1, rank);
    this.padding = paddingOf(where, options.padding ?? "valid", paddings);
    this.dataFormat = dataFormatOf(where, options.dataFormat);
    this.dilationRate = normalizeTuple(`${where}: dilationRate`, options.dilationRate ?? 1, rank);
    this.activation = activations.get(options.activation ?? null);
    this.useBias = options.useBias ?? true;
    setWeightOptions(this, options, "bias", "zeros");
    this.inputSpec = new InputSpec({ ndim: rank + 2 });
  }

  protected get windows(): Windows {
    return { sizes: this.kernelSize, strides: this.strides, dilations: this.dilationRate, padding: this.padding };
  }

  /** How many channels inputs of this shape have. Errors: `ShapeError` for another rank, `ValueError` when it is not known. */
  protected channelsOf(inputShape: PartialShape): number {
    checkInputs(this.inputSpec, [{ shape: inputShape }], this.name);
    const channels = inputShape.at(this.channelAxis) ?? null;
    if (channels === null)
      throw new ValueError(
        `${this.name}: the number of channels must be known to make the kernel, received shape ${JSON.stringify(inputShape)}.`,
      );
    return channels;
  }

  /** −1 or 1, as Keras counts it. */
  protected get channelAxis(): number {
    return this.dataFormat === "channels_last" ? -1 : 1;
  }

  /** From now on inputs need this many channels. */
  protected fixChannels(channels: number): void {
    this.inputSpec = new InputSpec({ ndim: this.rank + 2, axes: { [this.channelAxis]: channels } });
  }

  protected makeBias(shape: readonly number[]): void {
    if (this.useBias) this.bias = this.addWeight({ name: "bias", shape, ...weightOptionsOf(this, "bias") });
  }

  /** activation(body(x) + bias), with a body and a bias that have their channels last: as one step of the core where the format allows. */
  protected around(x: Tensor, body: (x: Tensor) => Tensor): Tensor {
    const { bias } = this;
    return this.activation(channelsLast(x, this.dataFormat, (t) => (bias ? ops.add(body(t), bias) : body(t))));
  }

  // An axis whose length is unknown stays unknown whatever the window; it is traced with a length that the window fits into.
  override computeOutputShape(inputShape: Structure<PartialShape>): Structure<PartialShape> {
    const shape = inputShape as PartialShape;
    checkInputs(this.inputSpec, [{ shape }], this.name);
    const first = this.dataFormat === "channels_last" ? 1 : 2;
    const unknown = (axis: number): boolean => axis >= first && axis < first + this.rank && shape[axis] === null;
    const known = shape.map((d, axis) =>
      unknown(axis) ? reach(this.kernelSize[axis - first]!, this.dilationRate[axis - first]!) : d,
    );
    const output = super.computeOutputShape(known) as PartialShape;
    return output.map((d, axis) => (unknown(axis) ? null : d));
  }
}

/** A count that must be 1 or more. Errors: `ValueError`. */
export const positive = (layer: Layer, name: string, value: unknown): number => wholeNumber(classNameOf(layer), name, value, 1);

/** Options of layers with one kernel. */
export interface KernelOptions extends WindowOptions {
  kernelInitializer?: initializers.InitializerIdentifier;
  kernelRegularizer?: regularizers.RegularizerIdentifier;
  kernelConstraint?: constraints.ConstraintIdentifier;
}

/** Defaults of what follows the options of the window, in Keras' order. */
export const KERNEL_DEFAULTS = {
  activation: null,
  useBias: true,
  kernelInitializer: "glorot_uniform",
  biasInitializer: "zeros",
  kernelRegularizer: null,
  biasRegularizer: null,
  activityRegularizer: null,
  kernelConstraint: null,
  biasConstraint: null,
};

/** Base of those with filters in one kernel. */
export abstract class KernelLayer extends WindowLayer {
  static override readonly required: readonly string[] = ["filters", "kernelSize"];

  readonly filters: number;
  declare readonly kernelInitializer: initializers.InitializerLike;
  declare readonly kernelRegularizer: regularizers.RegularizerLike | null;
  declare readonly kernelConstraint: constraints.ConstraintLike | null;
  kernel: Variable | undefined;

  constructor(filters: number, kernelSize: PerAxis, options: KernelOptions = {}) {
    super(kernelSize, options);
    this.filters = positive(this, "filters", filters);
    setWeightOptions(this, options, "kernel", "glorot_uniform");
  }

  protected makeKernel(shape: readonly number[]): void {
    this.kernel = this.addWeight({ name: "kernel", shape, ...weightOptionsOf(this, "kernel") });
  }
}

/** Errors: `ValueError` when windows are both apart and spread out, which Keras refuses. */
export function notBoth(layer: WindowLayer): void {
  if (Math.max(...layer.strides) > 1 && Math.max(...layer.dilationRate) > 1) {
    throw new ValueError(
      `${classNameOf(layer)}: strides > 1 and dilationRate > 1 do not go together, received strides ${JSON.stringify(layer.strides)} and dilationRate ${JSON.stringify(layer.dilationRate)}. Set one of them to 1.`,
    );
  }
}
