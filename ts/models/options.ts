// The options of compile, fit, evaluate and predict.

import type { CallbackLike } from "../callbacks/callback.js";
import { ValueError } from "../errors.js";
import type * as optimizers from "../optimizers.js";
import type { LossLike, MetricLike, PerOutput } from "./compile.js";
import type { BatchIterable, DataLike } from "./data.js";

export interface CompileOptions {
  /** An optimizer or its name. Default "rmsprop", as Keras. */
  optimizer?: optimizers.Optimizer | optimizers.OptimizerIdentifier;
  /** A loss or its name; one per output for several. */
  loss?: PerOutput<LossLike> | null;
  lossWeights?: PerOutput<number> | null;
  /** Metrics or their names; "accuracy" is resolved by the shapes. They ignore sample weights. */
  metrics?:
    | readonly (MetricLike | readonly MetricLike[])[]
    | { readonly [output: string]: MetricLike | readonly MetricLike[] }
    | null;
  /** Metrics that take sample weights into account. */
  weightedMetrics?:
    | readonly (MetricLike | readonly MetricLike[])[]
    | { readonly [output: string]: MetricLike | readonly MetricLike[] }
    | null;
  /** Accepted for Keras' sake; steps are always compiled. */
  runEagerly?: boolean;
  stepsPerExecution?: number;
  jitCompile?: boolean | "auto";
  autoScaleLoss?: boolean;
}

export type Verbose = 0 | 1 | 2 | "auto";

interface RunOptions {
  /** Rows per batch of arrays. Default 32. */
  batchSize?: number | null;
  verbose?: Verbose;
  callbacks?: readonly CallbackLike[] | null;
  /** Aborts between two batches; the call rejects with the signal's reason, the model stays usable. */
  signal?: AbortSignal;
}

export interface FitOptions extends RunOptions {
  epochs?: number;
  /** This fraction of the rows, from the end, is kept for validation. */
  validationSplit?: number;
  /** [x, y], [x, y, sampleWeight] or an iterable of batches. */
  validationData?: readonly [x: DataLike, y?: DataLike | null, sampleWeight?: DataLike | null] | BatchIterable | null;
  /** A new order in each epoch (true), inside batches ("batch"), or the given order. Default true. */
  shuffle?: boolean | "batch";
  /** A weight per class for the loss. */
  classWeight?: Readonly<Record<string, number>> | null;
  sampleWeight?: DataLike | null;
  initialEpoch?: number;
  stepsPerEpoch?: number | null;
  validationSteps?: number | null;
  validationBatchSize?: number | null;
  /** Validate every n-th epoch, or in the listed ones (from 1). */
  validationFreq?: number | readonly number[];
}

export interface EvaluateOptions extends RunOptions {
  sampleWeight?: DataLike | null;
  steps?: number | null;
  /** An object by name instead of a list. */
  returnDict?: boolean;
}

export interface PredictOptions extends RunOptions {
  steps?: number | null;
}

export interface OnBatchOptions {
  sampleWeight?: DataLike | null;
  classWeight?: Readonly<Record<string, number>> | null;
  returnDict?: boolean;
}

/** What each call takes. */
export const COMPILE_OPTIONS = [
  "optimizer", "loss", "lossWeights", "metrics", "weightedMetrics", "runEagerly", "stepsPerExecution", "jitCompile", "autoScaleLoss",
]; // biome-ignore format: a list
export const EVALUATE_OPTIONS = ["batchSize", "verbose", "sampleWeight", "steps", "callbacks", "returnDict", "signal"];
export const PREDICT_OPTIONS = ["batchSize", "verbose", "steps", "callbacks", "signal"];
export const FIT_OPTIONS = [
  "batchSize", "epochs", "verbose", "callbacks", "validationSplit", "validationData", "shuffle", "classWeight", "sampleWeight", "initialEpoch",
  "stepsPerEpoch", "validationSteps", "validationBatchSize", "validationFreq", "signal",
]; // biome-ignore format: a list

export function resolveVerbose(verbose: Verbose | undefined): 0 | 1 | 2 {
  if (verbose === undefined || verbose === "auto") return 1;
  if (![0, 1, 2].includes(verbose))
    throw new ValueError(`verbose must be 0, 1, 2 or "auto", received ${JSON.stringify(verbose)}.`);
  return verbose;
}
