// Lambda: any function of tensors as a layer.

import { isPlainObject, isShape, type PartialShape, type Structure, type TensorTree } from "../core/structure.js";
import { ValueError } from "../errors.js";
import type { Tensor } from "../tensor.js";
import { type CallArguments, Layer, type LayerOptions } from "./layer.js";

/** The function of a Lambda layer; it receives `arguments`, `mask` and `training` as options. */
export type LambdaFunction = (
  inputs: Tensor,
  options: Record<string, unknown> & { mask: TensorTree; training: boolean },
) => TensorTree;

export interface LambdaOptions extends LayerOptions {
  /** Shape of the output without the batch, or a function of the input shape; default: found by tracing. */
  outputShape?: PartialShape | ((inputShape: PartialShape) => PartialShape) | null;
  /** The mask of the output, or a function that makes it. Without it masks end here. */
  mask?: Tensor | ((inputs: TensorTree, mask: TensorTree) => TensorTree) | null;
  /** Further options for the function. */
  arguments?: Readonly<Record<string, unknown>> | null;
}

/**
 * `new Lambda((x) => ops.square(x))`: trains through the function.
 *
 * The function is traced when a model compiles: what it reads from outside (numbers, random choices) is frozen at that moment, and
 * variables that it captures are not weights of the layer; write a `Layer` for those.
 */
export class Lambda extends Layer {
  static override readonly className: string = "Lambda";
  static override readonly required = ["function"];
  static override readonly defaults = { outputShape: null, mask: null, arguments: null };
  readonly function: LambdaFunction;
  readonly outputShape: LambdaOptions["outputShape"];
  readonly mask: LambdaOptions["mask"];
  readonly arguments: Readonly<Record<string, unknown>>;

  constructor(func: LambdaFunction, options: LambdaOptions = {}) {
    super(options);
    if (typeof func !== "function")
      throw new ValueError(`Lambda: expected a function of tensors, received ${func === null ? "null" : typeof func}.`);
    this.function = func;
    this.outputShape = options.outputShape ?? null;
    this.mask = options.mask ?? null;
    this.arguments = options.arguments ?? {};
    this.supportsMasking = this.mask !== null;
  }

  override call(x: Tensor, { mask, training }: CallArguments): TensorTree {
    return this.function(x, { ...this.arguments, mask, training });
  }

  override computeMask(inputs: TensorTree, previousMask: TensorTree): TensorTree {
    if (typeof this.mask === "function") return this.mask(inputs, previousMask);
    return this.mask ?? null;
  }

  override computeOutputShape(...inputShapes: Structure<PartialShape>[]): Structure<PartialShape> {
    const shape = inputShapes[0]!;
    if (typeof this.outputShape === "function") return this.outputShape(shape as PartialShape);
    if (this.outputShape) return [firstSize(shape), ...this.outputShape];
    return super.computeOutputShape(...inputShapes);
  }

  override getConfig(): Record<string, unknown> {
    const config = super.getConfig();
    return this.mask === null ? (({ mask: _, ...rest }) => rest)(config) : config;
  }
}

/** The batch size of a shape, or of the first of several. */
function firstSize(shape: Structure<PartialShape>): number | null {
  if (isShape(shape)) return shape[0] ?? null;
  if (Array.isArray(shape)) return firstSize(shape[0] as Structure<PartialShape>);
  return isPlainObject(shape) ? firstSize(Object.values(shape)[0] as Structure<PartialShape>) : null;
}
