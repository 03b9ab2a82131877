// The options of compile, fit, evaluate and predict.

import { type CallbackLike, callbacksOf } from "../callbacks/callback.js";
import { checkOptions, show, ValueError } from "../errors.js";
import type * as optimizers from "../optimizers.js";
import type { LossLike, MetricLike, PerOutput } from "./compile.js";
import type { BatchIterable, ClassWeight, DataLike } from "./data.js";

type Metrics = MetricLike | readonly MetricLike[] | null;
type MetricsLike = readonly Metrics[] | { readonly [output: string]: Metrics } | null;

export interface CompileOptions {
  /** An optimizer or its name. Default "rmsprop", as Keras. */
  optimizer?: optimizers.Optimizer | optimizers.OptimizerIdentifier;
  /** A loss or its name; one per output for several. */
  loss?: PerOutput<LossLike> | null;
  lossWeights?: PerOutput<number> | null;
  /**
   * Metrics or their names; "accuracy" is resolved by the shapes. They ignore sample weights. With several outputs an entry for each, which may
   * be a list or null, or a record by the names of the outputs.
   */
  metrics?: MetricsLike;
  /** Metrics that take sample weights into account. */
  weightedMetrics?: MetricsLike;
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
  /** One callback or several: instances, or objects with some of the hooks. */
  callbacks?: CallbackLike | readonly CallbackLike[] | null;
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
  classWeight?: ClassWeight | null;
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
  classWeight?: ClassWeight | null;
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

/** Counts among the options, and the least that each may be. Those from 1 on may be null. */
const COUNTS = {
  epochs: 0, initialEpoch: 0, batchSize: 1, stepsPerEpoch: 1, validationSteps: 1, validationBatchSize: 1, steps: 1,
}; // biome-ignore format: a table

/** Checks the options of fit, evaluate or predict, before anything is done with them; returns those that have several forms. Errors: `ValueError`. */
export function checkRun(
  where: string,
  given: FitOptions | EvaluateOptions | PredictOptions,
  known: readonly string[],
): { verbose: 0 | 1 | 2; callbacks: readonly CallbackLike[] } {
  checkOptions(where, given, known);
  const options = given as Readonly<Record<string, unknown>>;
  const must = (name: string, fits: boolean, what: string): void => {
    if (!fits) throw new ValueError(`${where}: ${name} must be ${what}, received ${show(options[name])}.`);
  };
  const isCount = (x: unknown, least: number): boolean => Number.isInteger(x) && (x as number) >= least;
  for (const [name, least] of Object.entries(COUNTS)) {
    const value = options[name] === null && least === 1 ? undefined : options[name];
    must(name, value === undefined || isCount(value, least), `a whole number ≥ ${least}`);
  }
  const { validationFreq = 1, shuffle = true, signal } = given as FitOptions;
  must(
    "validationFreq",
    [validationFreq].flat().every((n) => isCount(n, 1)),
    "a whole number ≥ 1 or a list of them",
  );
  must("shuffle", shuffle === "batch" || typeof shuffle === "boolean", 'true, false or "batch"');
  must("signal", signal === undefined || typeof signal?.throwIfAborted === "function", "an AbortSignal");
  return { verbose: resolveVerbose(given.verbose), callbacks: callbacksOf(given.callbacks) };
}

function resolveVerbose(verbose: Verbose | undefined): 0 | 1 | 2 {
  if (verbose === undefined || verbose === "auto") return 1;
  if (![0, 1, 2].includes(verbose))
    throw new ValueError(`verbose must be 0, 1, 2 or "auto", received ${JSON.stringify(verbose)}.`);
  return verbose;
}
