// KerasTensor: stands for a tensor that a model will receive, before there is data.

import { coreDType, type DType } from "../core/dtype.js";
import { StateError } from "../errors.js";
import { uniqueName } from "../saving/names.js";
import type { Layer } from "./layer.js";
import { type PartialShape, shapeText } from "./structure.js";

/** A symbolic tensor: shape with unknown sizes, type, and the layer call that makes it. `Input(…)` returns one. */
export class KerasTensor {
  readonly shape: PartialShape;
  readonly dtype: DType;
  readonly name: string;
  /** The layer that made it, which of its calls, and which of its outputs. */
  readonly history: { readonly layer: Layer; readonly node: number; readonly index: number };

  constructor(shape: PartialShape, dtype: string, history: KerasTensor["history"], name?: string | null) {
    this.shape = shape;
    this.dtype = coreDType(dtype);
    this.history = history;
    this.name = name ?? uniqueName("keras_tensor");
  }

  get ndim(): number {
    return this.shape.length;
  }

  toString(): string {
    return `<KerasTensor shape=${shapeText(this.shape)}, dtype=${this.dtype}, name=${this.name}>`;
  }

  /** As for tensors: `x + y` would make a string. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new StateError("JavaScript cannot compute with symbolic tensors: use layers and ops.");
  }
}
