// Input and InputLayer: the shape that a model begins with.

import { coreDType } from "../core/dtype.js";
import { type PartialShape, shapeText, type TensorTree } from "../core/structure.js";
import { checkOptions, ValueError } from "../errors.js";
import type { KerasTensor } from "../symbolic/kerasTensor.js";
import { Layer } from "./layer.js";

export interface InputOptions {
  /** Shape of one sample; null sizes are unknown. */
  shape?: PartialShape | null;
  batchSize?: number | null;
  dtype?: string | null;
  /** Sparse and ragged inputs are not supported: only null or false is accepted. */
  sparse?: boolean | null;
  ragged?: boolean | null;
  /** Shape with the batch, in the place of `shape` and `batchSize`. */
  batchShape?: PartialShape | null;
  name?: string | null;
  optional?: boolean;
}

const KEYS = ["shape", "batchSize", "dtype", "sparse", "ragged", "batchShape", "inputShape", "name", "optional"];

/** The beginning of a model: no computation, a shape and a type. `new InputLayer({ shape: [784] })`; usually made by `Input`. */
export class InputLayer extends Layer {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "InputLayer";
  static override readonly builtAtStart = true;
  readonly batchShape: PartialShape;
  readonly optional: boolean;
  readonly #dtype: string;

  constructor(options: InputOptions = {}) {
    checkOptions("InputLayer", options, KEYS);
    super({ name: options.name ?? null, dtype: options.dtype ?? null });
    const { shape = null, batchSize = null, batchShape = null, sparse, ragged } = options;
    if (sparse || ragged) throw new ValueError(`InputLayer: ${sparse ? "sparse" : "ragged"} inputs are not supported.`);
    if (shape && batchShape) throw new ValueError("InputLayer: pass shape or batchShape, not both.");
    if (batchShape && batchSize !== null) throw new ValueError("InputLayer: pass batchSize or batchShape, not both.");
    if (!shape && !batchShape) throw new ValueError("InputLayer: you must pass a shape, such as { shape: [784] }.");
    this.batchShape = Object.freeze(batchShape ? [...batchShape] : [batchSize, ...shape!]);
    const bad = this.batchShape.find((d) => d !== null && !(Number.isInteger(d) && d >= 0));
    if (bad !== undefined)
      throw new ValueError(`InputLayer: sizes are whole numbers ≥ 0 or null, received ${shapeText(this.batchShape)}.`);
    this.#dtype = options.dtype ?? "float32";
    this.optional = options.optional ?? false;
    this.noteCall([], {}, { shape: this.batchShape, dtype: coreDType(this.#dtype) }, options.name);
  }

  /** What the rest of a model is built on. */
  override get output(): KerasTensor {
    return this.inboundNodes[0]!.outputs[0]!;
  }
  override get dtype(): string {
    return this.#dtype;
  }

  override call(x: TensorTree): TensorTree {
    return x;
  }

  override getConfig(): Record<string, unknown> {
    return {
      batchShape: this.batchShape,
      dtype: this.#dtype,
      sparse: false,
      ragged: false,
      name: this.name,
      optional: this.optional,
    };
  }
}

/**
 * The symbolic input of a model: `Input([784])` or `Input({ shape: [784] })`; the batch size is unknown unless given.
 *
 * Errors: `ValueError` without a shape, or with two that say the same.
 */
export function Input(shape: PartialShape, options?: InputOptions): KerasTensor;
export function Input(options: InputOptions): KerasTensor;
export function Input(shapeOrOptions: PartialShape | InputOptions, options: InputOptions = {}): KerasTensor {
  const given: InputOptions = Array.isArray(shapeOrOptions)
    ? { ...options, shape: shapeOrOptions }
    : (shapeOrOptions as InputOptions);
  return new InputLayer(given).output;
}
