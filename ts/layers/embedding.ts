// Embedding: a table of vectors that indices choose from. ReversibleEmbedding also goes back, from vectors to scores of indices.

import type * as constraints from "../constraints.js";
import { apply } from "../core/apply.js";
import type { EdgeDType } from "../core/dtype.js";
import type { TensorTree } from "../core/structure.js";
import { ValueError } from "../errors.js";
import type * as initializers from "../initializers.js";
import { wholeNumber } from "../ops/basics.js";
import * as ops from "../ops.js";
import type * as regularizers from "../regularizers.js";
import { currentTrace, sizeOf, type Tensor, type TensorLike, tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { debugging } from "../wasm.js";
import { type CallArguments, classNameOf, type Layer } from "./layer.js";
import { ADAPTABLE, AdaptableLayer, type AdaptableOptions } from "./lora.js";
import { setWeightOptions, weightOptionsOf } from "./weightOptions.js";

export interface EmbeddingOptions extends AdaptableOptions {
  embeddingsInitializer?: initializers.InitializerIdentifier;
  embeddingsRegularizer?: regularizers.RegularizerIdentifier;
  embeddingsConstraint?: constraints.ConstraintIdentifier;
  /** Is index 0 padding? Then a mask says where the indices are not 0. */
  maskZero?: boolean;
  /** The table to begin with: [inputDim, outputDim], or a list of just that. */
  weights?: TensorLike | readonly TensorLike[] | null;
  /** From Keras 2; ignored. */
  inputLength?: number | null;
}

/** What `gather` does outside the table: take the nearest row. See `crates/graph/src/ops/index.rs`. */
const CLAMP = 1;

/**
 * y = embeddings[x]: the row that each index names. The gradient of a row that occurs several times is the sum.
 *
 * x: indices of any shape, numbers cut towards zero → [...x, outputDim]; embeddings: [inputDim, outputDim].
 * Errors: `ValueError` when a size is no positive whole number, and for an index outside 0 … inputDim − 1 where indices are at hand. In a
 * program (a model's step, `jit`) their values are not known before it runs: there negative indices count from the end, and others outside
 * take the nearest row; after `init({ debug: true })` a run that met such an index ends with the `ValueError`. Keras on JAX gives NaN.
 * Example: `new Embedding(1000, 64).apply([[4, 20]]).shape // [1, 2, 64]`
 */
export class Embedding extends AdaptableLayer {
  static override readonly className: string = "Embedding";
  static override readonly samplesApart: boolean = true;
  static override readonly required = ["inputDim", "outputDim"];
  static override readonly defaults: Readonly<Record<string, unknown>> = {
    embeddingsInitializer: "uniform",
    embeddingsRegularizer: null,
    embeddingsConstraint: null,
    maskZero: false,
    weights: null,
    inputLength: null,
    ...ADAPTABLE,
  };
  readonly inputDim: number;
  readonly outputDim: number;
  declare readonly embeddingsInitializer: initializers.InitializerLike;
  declare readonly embeddingsRegularizer: regularizers.RegularizerLike | null;
  declare readonly embeddingsConstraint: constraints.ConstraintLike | null;
  readonly maskZero: boolean;
  embeddings: Variable | undefined;
  declare readonly loraEmbeddingsA: Variable | undefined;
  declare readonly loraEmbeddingsB: Variable | undefined;
  protected override readonly adapts = "embeddings";

  constructor(inputDim: number, outputDim: number, options: EmbeddingOptions = {}) {
    const { weights = null, ...rest } = options;
    super(rest);
    const where = classNameOf(this);
    if (options.inputLength !== undefined && options.inputLength !== null)
      console.warn(`${where}: inputLength is of Keras 2 and ignored; leave it out.`);
    this.inputDim = wholeNumber(where, "inputDim", inputDim, 1);
    this.outputDim = wholeNumber(where, "outputDim", outputDim, 1);
    setWeightOptions(this, options, "embeddings", "uniform");
    this.maskZero = options.maskZero ?? false;
    this.supportsMasking = this.maskZero;
    if (weights !== null) {
      this.build();
      this.setWeights([tableOf(weights)]);
    }
  }

  override build(..._inputShapes: Parameters<Layer["build"]>): void {
    this.embeddings = this.addWeight({
      name: "embeddings",
      shape: [this.inputDim, this.outputDim],
      ...weightOptionsOf(this, "embeddings"),
    });
    this.adaptAsAsked();
  }

  override call(x: Tensor, _options: CallArguments): Tensor {
    const indices = ops.cast(x, "int32");
    if (!indices.isTraced) checkIndices(this.name, indices, this.inputDim);
    else if (debugging()) countOutside(this.name, indices, this.inputDim);
    return apply("gather", [this.adapted, indices], { ints: [CLAMP] });
  }

  override computeMask(inputs: TensorTree, _previousMask: TensorTree): TensorTree {
    return this.maskZero ? ops.notEqual(inputs as Tensor, 0) : null;
  }

  override getConfig(): Record<string, unknown> {
    const { weights: _weights, inputLength: _length, ...config } = super.getConfig();
    return { ...config, activityRegularizer: this.activityRegularizer };
  }
}

/** Errors: `ValueError` that names the first index outside the table, and where it stands. */
function checkIndices(layer: string, indices: Tensor, rows: number): void {
  const at = indices.data.findIndex((i) => i < 0 || i >= rows);
  if (at < 0) return;
  throw new ValueError(
    `${layer}: index ${indices.data[at]} (element ${at} of shape [${indices.shape.join(", ")}]) is outside the table of ${rows} rows: ` +
      `indices go from 0 to ${rows - 1}. Make inputDim larger, or map unknown values to one index.`,
  );
}

/** Has each run of the program count the indices outside. Errors, after a run: `ValueError` with their number. */
function countOutside(layer: string, indices: Tensor, rows: number): void {
  const outside = ops.logicalOr(ops.less(indices, 0), ops.greaterEqual(indices, rows));
  currentTrace()!.check(ops.sum(ops.cast(outside, "int32")), (count) => {
    const what = `${count} of ${sizeOf(indices.shape)} indices were outside the table of ${rows} rows`;
    return new ValueError(
      `${layer}: ${what}: they go from 0 to ${rows - 1}. The step went on with other rows in their place. ` +
        "Make inputDim larger, or map unknown values to one index.",
    );
  });
}

/** The table of `weights`: itself, or the only entry of a list. */
function tableOf(weights: TensorLike | readonly TensorLike[]): Tensor {
  if (!Array.isArray(weights) || weights.length !== 1) return tensor(weights as TensorLike);
  const only = tensor(weights[0] as TensorLike);
  return only.ndim === 2 ? only : tensor(weights as TensorLike);
}

export interface ReversibleEmbeddingOptions extends Omit<EmbeddingOptions, "weights" | "inputLength"> {
  /** Go back with the same table? Otherwise a second matrix is learnt. */
  tieWeights?: boolean;
  /** The type to go back in. */
  reverseDtype?: EdgeDType | null;
  /** Scores are kept within ± this, by `cap · tanh(scores / cap)`. */
  logitSoftCap?: number | null;
}

/**
 * An Embedding that also goes back: `apply(x, { reverse: true })` is x · embeddingsᵀ, a score for each index.
 *
 * Forwards as `Embedding`. Backwards x: [..., outputDim] → [..., inputDim]; with `tieWeights: false` by reverseEmbeddings: [outputDim, inputDim].
 */
export class ReversibleEmbedding extends Embedding {
  static override readonly className: string = "ReversibleEmbedding";
  static override readonly defaults = { ...Embedding.defaults, tieWeights: true, reverseDtype: null, logitSoftCap: null };
  static override readonly callOptions = ["reverse"];
  readonly tieWeights: boolean;
  readonly reverseDtype: EdgeDType | null;
  readonly logitSoftCap: number | null;
  reverseEmbeddings: Variable | undefined;

  constructor(inputDim: number, outputDim: number, options: ReversibleEmbeddingOptions = {}) {
    const { weights = null, ...rest } = options as EmbeddingOptions;
    super(inputDim, outputDim, rest);
    if (weights !== null) throw new ValueError("ReversibleEmbedding: weights is no option; build the layer and use setWeights.");
    this.tieWeights = options.tieWeights ?? true;
    this.reverseDtype = options.reverseDtype ?? null;
    this.logitSoftCap = options.logitSoftCap ?? null;
  }

  override build(): void {
    super.build();
    if (this.tieWeights) return;
    this.reverseEmbeddings = this.addWeight({
      name: "reverse_embeddings",
      shape: [this.outputDim, this.inputDim],
      ...weightOptionsOf(this, "embeddings"),
    });
  }

  override call(x: Tensor, options: CallArguments): Tensor {
    if (options.reverse !== true) {
      const y = super.call(x, options);
      y.mask = super.computeMask(x, null) as Tensor | null;
      return y;
    }
    const kernel = this.reverseEmbeddings?.value ?? ops.transpose(this.adapted);
    const { reverseDtype: dtype, logitSoftCap: cap } = this;
    const scores = dtype === null ? ops.matmul(x, kernel) : ops.matmul(ops.cast(x, dtype), ops.cast(kernel, dtype));
    return cap === null ? scores : ops.multiply(ops.tanh(ops.divide(scores, cap)), cap);
  }

  // `call` knows the direction: forwards its result has a mask already, and scores have none.
  override computeMask(): TensorTree {
    return null;
  }
}
