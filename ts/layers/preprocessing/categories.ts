// Numbers that stand for categories: CategoryEncoding makes vectors of them, Discretization makes them of quantities.

import type { EdgeDType } from "../../core/dtype.js";
import { ShapeError, StateError, ValueError } from "../../errors.js";
import { oneOf, wholeNumber } from "../../ops/basics.js";
import * as ops from "../../ops.js";
import { type Tensor, type TensorLike, tensor } from "../../tensor.js";
import type { DTypeIdentifier } from "../dtypePolicy.js";
import { type CallArguments, Layer, type LayerOptions } from "../layer.js";
import { withFirst } from "../options.js";
import { type AdaptData, batchesOf } from "./data.js";
import { binsOf, mergeSummaries, type Summary, summarize } from "./quantiles.js";

/** How categories become vectors. `binary` is an old name of `multi_hot`. */
export type EncodingMode = "multi_hot" | "one_hot" | "count" | "binary";
type Encoding = Exclude<EncodingMode, "binary">;

const ENCODINGS: readonly Encoding[] = ["multi_hot", "one_hot", "count"];
const encodingOf = <T extends string>(where: string, mode: T, allowed: readonly Exclude<T, "binary">[]): Exclude<T, "binary"> =>
  oneOf(where, "outputMode", (mode === "binary" ? "multi_hot" : mode) as Exclude<T, "binary">, allowed);

/**
 * Indices as vectors of `depth`; indices outside are not seen.
 *
 * one_hot: […, n] → […, n, depth], and […, 1] → […, depth]; multi_hot and count: […, n] → […, depth], a scalar is one index.
 * Errors: `ShapeError` for counting in more than two axes, as Keras does.
 */
function encode(where: string, indices: Tensor, mode: Encoding, depth: number, weights: Tensor | null = null): Tensor {
  const t = indices.ndim === 0 ? ops.expandDims(indices, 0) : indices;
  if (mode === "one_hot") return ops.oneHot(t.shape.at(-1) === 1 && t.ndim > 1 ? ops.squeeze(t, { axis: -1 }) : t, depth);
  if (mode === "multi_hot") return ops.multiHot(t, depth);
  if (t.ndim > 2)
    throw new ShapeError(`${where}: counts are made of inputs of 1 or 2 axes, received shape [${indices.shape.join(", ")}].`);
  const hot = ops.oneHot(t, depth);
  return ops.sum(weights ? ops.multiply(hot, ops.expandDims(weights, -1)) : hot, { axis: -2 });
}

export interface CategoryEncodingOptions extends LayerOptions {
  /** How many categories there are: indices go from 0 to one less. */
  numTokens?: number | null;
  outputMode?: EncodingMode;
  /** Sparse tensors do not exist here. */
  sparse?: false;
}

/**
 * Indices of categories as vectors: `"multi_hot"` says which occur in a sample, `"count"` how often, `"one_hot"` encodes each by itself.
 *
 * x: […, n] → […, numTokens] for multi_hot and count, […, n, numTokens] for one_hot (an axis of size 1 at the end goes).
 * `apply(x, { countWeights })` counts with weights in the shape of x. An index outside is not seen.
 * Example: `new CategoryEncoding(4).apply([[0, 2]]) // [[1, 0, 1, 0]]`
 */
export class CategoryEncoding extends Layer {
  static override readonly className: string = "CategoryEncoding";
  static override readonly defaults = { numTokens: null, outputMode: "multi_hot", sparse: false };
  static override readonly builtAtStart = true;
  static override readonly callOptions = ["countWeights"];
  readonly numTokens: number;
  readonly outputMode: Encoding;

  constructor(numTokens: number | null | CategoryEncodingOptions = {}, options: CategoryEncodingOptions = {}) {
    const given = withFirst("numTokens", numTokens, options);
    super(given);
    refuseSparse("CategoryEncoding", given.sparse);
    this.numTokens = wholeNumber("CategoryEncoding", "numTokens", given.numTokens, 1);
    this.outputMode = encodingOf("CategoryEncoding", given.outputMode ?? "multi_hot", ENCODINGS);
  }

  override call(x: Tensor, options: CallArguments): Tensor {
    const given = (options.countWeights ?? null) as TensorLike | null;
    if (given !== null && this.outputMode !== "count")
      throw new ValueError(
        `${this.name}: countWeights are for outputMode "count", this one is ${JSON.stringify(this.outputMode)}.`,
      );
    const weights = given === null ? null : ops.cast(tensor(given), "float32");
    if (weights && weights.shape.join() !== x.shape.join())
      throw new ShapeError(
        `${this.name}: countWeights need the shape of the inputs [${x.shape.join(", ")}], received [${weights.shape.join(", ")}].`,
      );
    return ops.cast(encode(this.name, x, this.outputMode, this.numTokens, weights), this.computeDtype as EdgeDType);
  }

  override getConfig(): Record<string, unknown> {
    const { sparse: _, ...config } = super.getConfig();
    return config;
  }
}

export interface DiscretizationOptions {
  /** Where one bin ends and the next begins, ascending. */
  binBoundaries?: readonly number[] | null;
  /** How many bins `adapt` makes. */
  numBins?: number | null;
  /** How exactly `adapt` finds the quantiles: a share of the data. */
  epsilon?: number;
  outputMode?: EncodingMode | "int";
  sparse?: false;
  dtype?: DTypeIdentifier;
  name?: string | null;
}

/**
 * The bin of each number: how many boundaries are not above it, as int32 or as a vector (`outputMode`, as in CategoryEncoding).
 *
 * x: any shape → the same for `"int"`. The boundaries are given, or `adapt(data)` makes `numBins` bins that hold about equally many of the data.
 * They are constants of a compiled model: adapt before it is compiled. Errors: `ValueError` unless boundaries or a number of bins are
 * given; `StateError` before `adapt`.
 * Example: `new Discretization([0, 1]).apply([-1, 0, 0.5, 7]) // [0, 1, 1, 2]`
 */
export class Discretization extends Layer {
  static override readonly className: string = "Discretization";
  static override readonly defaults = {
    binBoundaries: null,
    numBins: null,
    epsilon: 0.01,
    outputMode: "int",
    sparse: false,
  };
  static override readonly builtAtStart = true;
  binBoundaries: readonly number[];
  readonly numBins: number | null;
  readonly epsilon: number;
  readonly outputMode: Encoding | "int";
  readonly sparse = false;

  constructor(binBoundaries: readonly number[] | null | DiscretizationOptions = {}, options: DiscretizationOptions = {}) {
    const given = withFirst("binBoundaries", binBoundaries, options);
    super(given);
    const where = "Discretization";
    const { binBoundaries: bins = null, numBins = null, epsilon = 0.01 } = given;
    refuseSparse(where, given.sparse);
    if (bins === null && numBins === null) throw new ValueError(`${where}: give binBoundaries, or numBins and call adapt(data).`);
    if (numBins !== null) wholeNumber(where, "numBins", numBins, 1);
    if (bins !== null && numBins !== null && bins.length !== numBins - 1)
      throw new ValueError(
        `${where}: ${bins.length} binBoundaries make ${bins.length + 1} bins, numBins says ${numBins}: leave one out.`,
      );
    if (bins?.some((b, i) => !(typeof b === "number" && (i === 0 || bins[i - 1]! <= b))))
      throw new ValueError(`${where}: binBoundaries are ascending numbers, received ${JSON.stringify(bins)}.`);
    if (!(typeof epsilon === "number" && epsilon > 0 && epsilon <= 1))
      throw new ValueError(`${where}: epsilon is a share above 0, at most 1, received ${JSON.stringify(epsilon)}.`);
    this.binBoundaries = bins ? [...bins] : [];
    this.numBins = numBins;
    this.epsilon = epsilon;
    this.outputMode = encodingOf(where, given.outputMode ?? "int", ["int", ...ENCODINGS]);
  }

  /** Takes the boundaries from an array or from batches; what was adapted to before is forgotten. Errors: `StateError` without `numBins`. */
  adapt(data: AdaptData): void {
    const { numBins, epsilon } = this;
    if (numBins === null)
      throw new StateError(
        `${this.name}: the binBoundaries were given to the constructor; give numBins in their place to adapt.`,
      );
    let summary: Summary = { values: [], weights: [] };
    for (const batch of batchesOf(this.name, data)) summary = mergeSummaries(summarize(batch.data, epsilon), summary, epsilon);
    this.binBoundaries = binsOf(summary, numBins);
  }

  override call(x: Tensor): Tensor {
    const { binBoundaries: bins, outputMode: mode } = this;
    if (bins.length === 0 && this.numBins !== 1)
      throw new StateError(`${this.name}: there are no bins yet: call adapt(data) first, or give binBoundaries.`);
    const indices = bins.length === 0 ? ops.zerosLike(x, { dtype: "int32" }) : ops.digitize(x, bins);
    return mode === "int" ? indices : encode(this.name, indices, mode, bins.length + 1);
  }

  // Keras writes the dtype by its name here, and no `trainable`.
  override getConfig(): Record<string, unknown> {
    const { trainable: _, ...config } = super.getConfig();
    return { ...config, dtype: this.dtypePolicy.name, binBoundaries: this.binBoundaries.length > 0 ? this.binBoundaries : null };
  }
}

function refuseSparse(where: string, sparse: unknown): void {
  if (sparse) throw new ValueError(`${where}: sparse tensors do not exist here; leave sparse out.`);
}
