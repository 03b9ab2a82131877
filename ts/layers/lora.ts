// Low-rank adaptation: a frozen weight and, added to it, the product of two small trained ones. Hu et al. 2021.

import { StateError, ValueError } from "../errors.js";
import type * as initializers from "../initializers.js";
import { wholeNumber } from "../ops/basics.js";
import * as ops from "../ops.js";
import type { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { classNameOf, Layer, type LayerOptions } from "./layer.js";
import { weightOptionsOf } from "./weightOptions.js";

export interface AdaptableOptions extends LayerOptions {
  /** Rank of the product that adapts the weight, which is frozen then; null: the weight itself is trained. */
  loraRank?: number | null;
  /** The product is scaled by loraAlpha / loraRank. Default: the rank, for a scale of 1. */
  loraAlpha?: number | null;
  /** Quantization is not supported: only null is accepted. */
  quantizationConfig?: null;
}

export interface EnableLoraOptions {
  loraAlpha?: number | null;
  aInitializer?: initializers.InitializerIdentifier;
  bInitializer?: initializers.InitializerIdentifier;
}

/** Their defaults, for `static defaults`. */
export const ADAPTABLE = { loraRank: null, loraAlpha: null, quantizationConfig: null };

/** Errors: `ValueError` when one of these options, which only exist by name, is set. */
export function refuse(where: string, options: object, names: readonly string[]): void {
  for (const name of names) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && value !== null) throw new ValueError(`${where}: ${name} is not supported; leave it out.`);
  }
}

/** A layer whose main weight W: [in, …, out] can be adapted: it computes with W + loraAlpha / loraRank · A · B, A: [in, …, rank], B: [rank, out]. */
export abstract class AdaptableLayer extends Layer {
  loraRank: number | null;
  loraAlpha: number | null;
  readonly quantizationConfig = null;
  /** The weight: `"kernel"`. The small ones are `loraKernelA` and `loraKernelB` then. */
  protected readonly adapts: "kernel" | "embeddings" = "kernel";

  constructor(options: AdaptableOptions) {
    super(options);
    const where = classNameOf(this);
    refuse(where, options, ["quantizationConfig"]);
    const { loraRank: rank = null, loraAlpha: alpha = null } = options;
    this.loraRank = rank === null ? null : wholeNumber(where, "loraRank", rank, 1);
    this.loraAlpha = alpha ?? this.loraRank;
  }

  get loraEnabled(): boolean {
    return this.#own("A") !== undefined;
  }
  /** The property of one of the small weights: `loraKernelA`. */
  #property(letter: "A" | "B"): string {
    return `lora${this.adapts[0]!.toUpperCase()}${this.adapts.slice(1)}${letter}`;
  }
  #own(letter?: "A" | "B"): Variable | undefined {
    return (this as unknown as Record<string, Variable | undefined>)[letter ? this.#property(letter) : this.adapts];
  }

  /**
   * Freezes the weight and trains a product of this rank in its place. A compiled model has to be compiled again.
   *
   * Errors: `StateError` before `build` and when it was enabled already; `ValueError` when the weight has a constraint.
   */
  enableLora(rank: number, options: EnableLoraOptions = {}): void {
    if (!this.built)
      throw new StateError(`${this.name}: enableLora needs a built layer: call build(inputShape) or apply(x) first.`);
    if (this.loraEnabled) throw new StateError(`${this.name}: LoRA is enabled already; it can be once per layer.`);
    this.#adapt(wholeNumber(this.name, "rank", rank, 1), options);
  }

  /** For `build`, when the weight is there. */
  protected adaptAsAsked(): void {
    if (this.loraRank !== null) this.#adapt(this.loraRank, { loraAlpha: this.loraAlpha });
  }

  #adapt(rank: number, { loraAlpha = null, aInitializer = "he_uniform", bInitializer = "zeros" }: EnableLoraOptions): void {
    const { adapts } = this;
    const { regularizer, constraint } = weightOptionsOf(this, adapts);
    if (constraint) throw new ValueError(`${this.name}: LoRA does not go with ${adapts}Constraint; leave the constraint out.`);
    const weight = this.#own()!;
    const make = (letter: "A" | "B", shape: readonly number[], initializer: initializers.InitializerIdentifier): void => {
      const name = `lora_${adapts}_${letter.toLowerCase()}`;
      const made = this.addWeight({ name, shape, initializer, ...(regularizer && { regularizer }) });
      Object.assign(this, { [this.#property(letter)]: made });
    };
    make("A", [...weight.shape.slice(0, -1), rank], aInitializer);
    make("B", [rank, weight.shape.at(-1)!], bInitializer);
    weight.trainable = false;
    this.loraRank = rank;
    this.loraAlpha = loraAlpha ?? rank;
  }

  /** What the layer computes with: the weight, adapted where that is enabled. */
  protected get adapted(): Tensor | Variable {
    const [weight, a, b] = [this.#own()!, this.#own("A"), this.#own("B")];
    return a && b ? ops.add(weight, ops.multiply(ops.matmul(a, b), this.loraAlpha! / this.loraRank!)) : weight;
  }

  // Keras writes the two only where they are used.
  override getConfig(): Record<string, unknown> {
    const { loraRank, loraAlpha, ...config } = super.getConfig();
    return { ...config, quantizationConfig: null, ...(loraRank !== null && { loraRank, loraAlpha }) };
  }
}
