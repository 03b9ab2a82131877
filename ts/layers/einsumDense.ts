// EinsumDense: a dense layer whose product is written as an equation.

import * as activations from "../activations.js";
import type * as constraints from "../constraints.js";
import type { PartialShape } from "../core/structure.js";
import { shapeText } from "../core/structure.js";
import { ShapeError, ValueError } from "../errors.js";
import * as initializers from "../initializers.js";
import * as ops from "../ops.js";
import type * as regularizers from "../regularizers.js";
import type { KerasClass } from "../saving/object.js";
import type { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { ADAPTABLE, AdaptableLayer, type AdaptableOptions, refuse } from "./lora.js";
import { KERNEL_AND_BIAS, type KernelAndBiasOptions, setWeightOptions, weightOptionsOf } from "./weightOptions.js";

export interface EinsumDenseOptions extends AdaptableOptions, KernelAndBiasOptions {
  activation?: activations.ActivationIdentifier;
  /** The letters of the result along which the bias has a size: `"d"`; null: no bias. */
  biasAxes?: string | null;
  gptqUnpackedColumnSize?: null;
}

/**
 * y = activation(einsum(equation, x, kernel) + bias).
 *
 * The equation has two terms, the second of which is the kernel: `"ab,bc->ac"`, `"...x,xy->...y"` or `"ab...,bc->ac..."`. `outputShape` is the
 * shape of one result without the batch; null sizes are those of the input. The kernel has the sizes of its letters in the result, else in
 * the input. Errors: `ValueError` for an equation of another form or a letter without a size; `ShapeError` for sizes that differ.
 * Example: `new EinsumDense("abc,cd->abd", [null, 64], { biasAxes: "d" }).apply(ops.ones([2, 10, 32])).shape // [2, 10, 64]`
 */
export class EinsumDense extends AdaptableLayer {
  static override readonly className: string = "EinsumDense";
  static override readonly required = ["equation", "outputShape"];
  static override readonly defaults = {
    activation: null,
    biasAxes: null,
    ...KERNEL_AND_BIAS,
    gptqUnpackedColumnSize: null,
    ...ADAPTABLE,
  };
  readonly equation: string;
  readonly outputShape: PartialShape;
  readonly activation: activations.Activation;
  readonly biasAxes: string | null;
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

  constructor(equation: string, outputShape: number | PartialShape, options: EinsumDenseOptions = {}) {
    super(options);
    refuse("EinsumDense", options, ["gptqUnpackedColumnSize"]);
    const shape = typeof outputShape === "number" ? [outputShape] : outputShape;
    if (!Array.isArray(shape) || shape.some((d) => d !== null && !(Number.isInteger(d) && d > 0))) {
      throw new ValueError(
        `EinsumDense: outputShape has positive whole numbers and nulls, received ${JSON.stringify(outputShape)}.`,
      );
    }
    this.equation = equation;
    parse(equation);
    this.outputShape = [...shape];
    this.activation = activations.get(options.activation ?? null);
    this.biasAxes = options.biasAxes ?? null;
    setWeightOptions(this, options, "kernel", "glorot_uniform");
    setWeightOptions(this, options, "bias", "zeros");
  }

  override build(inputShape: PartialShape): void {
    const { equation } = this;
    const { kernel, bias } = shapesFor(equation, this.biasAxes, inputShape, this.outputShape);
    this.kernel = this.addWeight({
      name: "kernel",
      shape: this.#known("kernel", kernel),
      ...weightOptionsOf(this, "kernel"),
      initializer: withAxes(this.kernelInitializer, equation),
    });
    if (bias) this.bias = this.addWeight({ name: "bias", shape: this.#known("bias", bias), ...weightOptionsOf(this, "bias") });
    this.adaptAsAsked();
  }

  #known(weight: string, shape: PartialShape): readonly number[] {
    if (shape.every((d) => d !== null)) return shape as readonly number[];
    throw new ValueError(
      `${this.name}: the sizes of the ${weight} must be known, ${JSON.stringify(this.equation)} gives ${shapeText(shape)}.`,
    );
  }

  override call(x: Tensor): Tensor {
    const y = ops.einsum(this.equation, x, this.adapted);
    return this.activation(this.bias ? ops.add(y, this.bias) : y);
  }

  override getConfig(): Record<string, unknown> {
    const { gptqUnpackedColumnSize: _, ...config } = super.getConfig();
    return { ...config, activityRegularizer: this.activityRegularizer };
  }
}

/** The letters of an equation; where the axes without a letter are. */
interface Equation {
  input: string;
  kernel: string;
  output: string;
  dots: "none" | "left" | "right";
}

function parse(equation: string): Equation {
  const found = /^(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?$/.exec(
    String(equation).replaceAll(" ", ""),
  );
  const [, left, input, right, kernel, leftOut, output, rightOut] = found ?? [];
  if (!found || left !== leftOut || right !== rightOut || (left && right)) {
    throw new ValueError(
      `EinsumDense: invalid equation ${JSON.stringify(equation)}. It has the form [X],[Y]->[Z], ...[X],[Y]->...[Z] or [X]...,[Y]->[Z]....`,
    );
  }
  return { input: input!, kernel: kernel!, output: output!, dots: left ? "left" : right ? "right" : "none" };
}

/** The shapes of kernel and bias. */
function shapesFor(
  equation: string,
  biasAxes: string | null,
  inputShape: PartialShape,
  outputShape: PartialShape,
): { kernel: PartialShape; bias: PartialShape | null } {
  const { input, kernel, output, dots } = parse(equation);
  const where = `EinsumDense: ${JSON.stringify(equation)}`;
  const hidden = inputShape.length - input.length;
  if (hidden < 0 || (hidden > 0 && dots === "none")) {
    throw new ShapeError(
      `${where} names ${input.length} axes of the input, which has ${inputShape.length}: ${shapeText(inputShape)}.`,
    );
  }
  const inputSizes = new Map([...input].map((c, i) => [c, inputShape[i + (dots === "left" ? hidden : 0)]!]));
  // The batch is the first axis: one of the axes without a letter when those come first, else the first letter.
  const lettered = dots === "left" && hidden > 0 ? outputShape : [inputShape[0]!, ...outputShape];
  if (lettered.length !== output.length) {
    throw new ShapeError(
      `${where} names ${output.length} axes of the result, outputShape ${shapeText(outputShape)} is for ${lettered.length}${dots === "left" && hidden > 0 ? "" : " with the batch"}.`,
    );
  }
  const outputSizes = new Map([...output].map((c, i) => [c, lettered[i] ?? inputSizes.get(c) ?? null]));
  for (const c of output) {
    if (!input.includes(c) && !kernel.includes(c))
      throw new ValueError(`${where}: the result's ${JSON.stringify(c)} is neither in the input nor in the kernel.`);
    const [a, b] = [inputSizes.get(c) ?? null, outputSizes.get(c) ?? null];
    if (a !== null && b !== null && a !== b) {
      throw new ShapeError(
        `${where}: ${JSON.stringify(c)} is ${a} in the input ${shapeText(inputShape)} and ${b} in outputShape ${shapeText(outputShape)}.`,
      );
    }
  }
  for (const c of kernel) {
    if (!output.includes(c) && !input.includes(c))
      throw new ValueError(
        `${where}: the kernel's ${JSON.stringify(c)} is neither in the input nor in the result, so its size is open.`,
      );
  }
  const sizeOf = (c: string): number | null => outputSizes.get(c) ?? inputSizes.get(c) ?? null;
  const missing = [...(biasAxes ?? "")].find((c) => !output.includes(c));
  if (missing !== undefined) throw new ValueError(`${where}: biasAxes has ${JSON.stringify(missing)}, which the result has not.`);
  const first = biasAxes ? Math.min(...[...biasAxes].map((c) => output.indexOf(c))) : -1;
  const behind = Array<number>(dots === "right" ? hidden : 0).fill(1);
  return {
    kernel: [...kernel].map(sizeOf),
    bias: biasAxes ? [...[...output.slice(first)].map((c) => (biasAxes.includes(c) ? sizeOf(c) : 1)), ...behind] : null,
  };
}

/** An initializer that scales by fans, told which axes of the kernel are summed over; with the seed that it has. */
function withAxes(initializer: initializers.InitializerLike, equation: string): initializers.InitializerLike {
  if (!(initializer instanceof initializers.Initializer)) return initializer;
  const config = initializer.getConfig();
  if (config.inputAxes !== null || config.outputAxes !== null) return initializer;
  const { kernel, output } = parse(equation);
  const axes = [...kernel].map((_, i) => i);
  return (initializer.constructor as unknown as KerasClass<initializers.Initializer>).fromConfig({
    ...config,
    seed: (initializer as unknown as { seed?: unknown }).seed ?? null,
    inputAxes: axes.filter((i) => !output.includes(kernel[i]!)),
    outputAxes: axes.filter((i) => output.includes(kernel[i]!)),
  });
}
