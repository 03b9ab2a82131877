// LocallyConnected1D, LocallyConnected2D of Keras 2: convolutions whose every place has a kernel of its own.

import type { PartialShape, Structure } from "../core/structure.js";
import { ValueError } from "../errors.js";
import { checkWindows, outputSize, pads, spaceOf, tapsOf } from "../ops/window.js";
import * as ops from "../ops.js";
import type { Tensor } from "../tensor.js";
import { KERNEL_DEFAULTS, KernelLayer, type KernelOptions, type PerAxis } from "./conv/base.js";
import { checkInputs, InputSpec } from "./inputSpec.js";
import { classNameOf } from "./layer.js";

export interface LocallyConnectedOptions extends Omit<KernelOptions, "dilationRate"> {
  /** `"same"` only with implementation 2 or 3, as in Keras 2. */
  padding?: "valid" | "same";
  /** Keras 2 has three ways to compute the one result. Here there is one way, with the kernel of implementation 1; the number stays in the config. */
  implementation?: 1 | 2 | 3;
}

const defaultsOf = (perAxis: 1 | readonly number[]) => ({
  strides: perAxis,
  padding: "valid",
  dataFormat: null,
  ...KERNEL_DEFAULTS,
  implementation: 1,
});

abstract class LocallyConnected extends KernelLayer {
  readonly implementation: 1 | 2 | 3;

  constructor(filters: number, kernelSize: PerAxis, options: LocallyConnectedOptions = {}) {
    super(filters, kernelSize, options);
    const where = classNameOf(this);
    const { implementation = 1 } = options;
    if (![1, 2, 3].includes(implementation))
      throw new ValueError(`${where}: implementation is 1, 2 or 3, received ${JSON.stringify(implementation)}.`);
    if (implementation === 1 && this.padding !== "valid")
      throw new ValueError(`${where}: padding "same" needs implementation 2 or 3, received implementation 1.`);
    this.implementation = implementation;
  }

  override build(inputShape: PartialShape): void {
    const channels = this.channelsOf(inputShape);
    const space = this.#known(inputShape);
    checkWindows(this.name, space, this.windows, inputShape);
    const counts = this.#counts(space);
    this.makeKernel([product(counts), product(this.kernelSize) * channels, this.filters]);
    this.makeBias([...counts, this.filters]);
    const axes = Object.fromEntries(inputShape.slice(1).map((d, i) => [i + 1, d]));
    this.inputSpec = new InputSpec({ ndim: this.rank + 2, axes });
  }

  /** Every place has its own weights, so there must be so many places. Errors: `ValueError` for an unknown length. */
  #known(inputShape: PartialShape): number[] {
    const space = spaceOf(inputShape, this.dataFormat);
    if (!space.includes(null)) return space as number[];
    throw new ValueError(
      `${this.name}: the length of every axis must be known, since each place has its own kernel; received shape ${JSON.stringify(inputShape)}.`,
    );
  }

  #counts(space: readonly number[]): number[] {
    const { sizes, strides, dilations, padding } = this.windows;
    return space.map((n, i) => outputSize(n, sizes[i]!, strides[i]!, dilations[i]!, padding));
  }

  override computeOutputShape(inputShape: Structure<PartialShape>): Structure<PartialShape> {
    checkInputs(this.inputSpec, [{ shape: inputShape as PartialShape }], this.name);
    this.#known(inputShape as PartialShape);
    return super.computeOutputShape(inputShape);
  }

  // y[b, p] = windows[b, p] · kernel[p]: a batch of matrix products, one per place.
  override call(x: Tensor): Tensor {
    const { filters, dataFormat, bias } = this;
    const batch = x.shape[0]!;
    const space = spaceOf(x.shape, dataFormat);
    const counts = this.#counts(space);
    const perPlace = ops.transpose(this.#windowsOf(x, space, counts), { axes: [1, 0, 2] });
    const sums = ops.reshape(ops.transpose(ops.matmul(perPlace, this.kernel!), { axes: [1, 0, 2] }), [batch, ...counts, filters]);
    if (dataFormat === "channels_last") return this.activation(bias ? ops.add(sums, bias) : sums);
    const y = ops.moveaxis(sums, -1, 1);
    // NOTE: Keras 2 reshapes the bias to [filters, …places] rather than turn it; only so do its weights give its results.
    return this.activation(bias ? ops.add(y, ops.reshape(bias, [filters, ...counts])) : y);
  }

  /** What each window sees: [batch, places, cells · channels], or [batch, places, channels · cells] when the channels come first. */
  #windowsOf(x: Tensor, space: readonly number[], counts: readonly number[]): Tensor {
    const { sizes, strides, dilations, padding } = this.windows;
    const first = this.dataFormat === "channels_last" ? 1 : 2;
    const around = space.map((n, i) => pads(n, sizes[i]!, strides[i]!, dilations[i]!, padding));
    const widths = x.shape.map((_, axis) => around[axis - first] ?? [0, 0]);
    const padded = around.flat().some((p) => p > 0) ? ops.pad(x, widths) : x;
    const taps = tapsOf(padded, first, this.windows, counts);
    const [batch, places, channels] = [x.shape[0]!, product(counts), x.shape[first === 1 ? x.ndim - 1 : 1]!];
    if (first === 1) return ops.reshape(ops.concatenate(taps, { axis: -1 }), [batch, places, taps.length * channels]);
    const columns = taps.map((tap) => ops.reshape(tap, [batch, channels, 1, places]));
    return ops.transpose(ops.reshape(ops.concatenate(columns, { axis: 2 }), [batch, channels * taps.length, places]), {
      axes: [0, 2, 1],
    });
  }
}

const product = (sizes: readonly number[]): number => sizes.reduce((n, d) => n * d, 1);

/**
 * A convolution along time whose weights are not shared: `y[t, o] = activation(Σ x[t·stride + j, c] · kernel[t, j·channels + c, o] + bias[t, o])`.
 *
 * x: [batch, steps, channels] with a known number of steps → [batch, steps′, filters]; kernel: [steps′, kernelSize·channels, filters], bias:
 * [steps′, filters]. With `channels_first` a row of the kernel is ordered c·kernelSize + j. Source: Keras 2, `tf.keras.layers.LocallyConnected1D`.
 * Errors: `ValueError` for options and for unknown lengths; `ShapeError` when no window fits.
 * Example: `new LocallyConnected1D(4, 3).apply(ops.ones([2, 8, 1])).shape // [2, 6, 4]`
 */
export class LocallyConnected1D extends LocallyConnected {
  static override readonly className: string = "LocallyConnected1D";
  static override readonly rank = 1;
  static override readonly defaults = defaultsOf(1);
}

/**
 * The same over images: [batch, rows, columns, channels] → [batch, rows′, columns′, filters]; kernel: [rows′·columns′, window·channels, filters],
 * bias: [rows′, columns′, filters].
 */
export class LocallyConnected2D extends LocallyConnected {
  static override readonly className: string = "LocallyConnected2D";
  static override readonly rank = 2;
  static override readonly defaults = defaultsOf([1, 1]);
}
