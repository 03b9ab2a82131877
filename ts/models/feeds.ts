// Data and options of a call as feeds of batches. What does not go together is refused here, before anything changes.

import { DataError, ValueError } from "../errors.js";
import { dataPermutation } from "../random.js";
import {
  ArrayFeed,
  type ArraySource,
  type Batch,
  type BatchIterable,
  classWeights,
  type DataLike,
  type Feed,
  IterableFeed,
  isBatchIterable,
} from "./data.js";
import type { EvaluateOptions, FitOptions } from "./options.js";

/** Makes a source of inputs, targets and sample weights as a model takes them. */
export type Read = typeof ArraySource.of;

/** The arrays of a call, with class weights as sample weights. */
export function sourceOf(
  read: Read,
  x: DataLike,
  y: DataLike | null,
  options: Pick<FitOptions, "sampleWeight" | "classWeight">,
): ArraySource {
  const source = read(x, y, options.sampleWeight ?? null);
  if (!options.classWeight) return source;
  if (options.sampleWeight)
    throw new ValueError("classWeight and sampleWeight exclude each other; multiply them into one sampleWeight.");
  return source.withSampleWeight(classWeights(source.y, options.classWeight));
}

/** An iterable yields targets, weights and batches of its own: what would say them too is refused. */
function batchesOf(where: string, read: Read, x: BatchIterable, y: unknown, options: object): IterableFeed {
  const given: Readonly<Record<string, unknown>> = { ...options, y };
  for (const name of ["y", "classWeight", "sampleWeight", "validationSplit", "batchSize"]) {
    if (given[name])
      throw new ValueError(`${where}: ${name} does not go with an iterable of batches; let it yield [x, y, sampleWeight].`);
  }
  return new IterableFeed(x, read);
}

/** What evaluate and predict run through. */
export function feedOf(
  where: string,
  read: Read,
  x: DataLike | BatchIterable,
  y: DataLike | null,
  options: EvaluateOptions,
): Feed {
  if (isBatchIterable(x)) return batchesOf(where, read, x, y, options);
  return new ArrayFeed(read(x, y, options.sampleWeight ?? null), options.batchSize ?? 32);
}

/** What fit trains on, and what it validates on where that is asked for. */
export function feedsOfFit(
  read: Read,
  x: DataLike | BatchIterable,
  y: DataLike | null,
  options: FitOptions,
): { feed: Feed; validation: Feed | null } {
  const { validationSplit = 0, shuffle = true, stepsPerEpoch } = options;
  let validation = validationOf(read, options);
  if (isBatchIterable(x)) return { feed: batchesOf("fit", read, x, y, options), validation };
  let source = sourceOf(read, x, y, options);
  if (validationSplit !== 0 && !validation) {
    if (!(validationSplit > 0 && validationSplit < 1))
      throw new ValueError(`fit: validationSplit must be between 0 and 1, received ${validationSplit}.`);
    const at = Math.floor(source.size * (1 - validationSplit));
    if (at === 0 || at === source.size)
      throw new ValueError(`fit: validationSplit ${validationSplit} of ${source.size} samples leaves one part empty.`);
    validation = new ArrayFeed(source.slice(at, source.size), validationBatchSize(options));
    source = source.slice(0, at);
  }
  const batchSize = options.batchSize ?? (stepsPerEpoch ? Math.ceil(source.size / stepsPerEpoch) : 32);
  return { feed: new ArrayFeed(source, batchSize, shuffle ? dataPermutation : null, shuffle === "batch"), validation };
}

const validationBatchSize = (options: FitOptions): number => options.validationBatchSize ?? options.batchSize ?? 32;

function validationOf(read: Read, options: FitOptions): Feed | null {
  const given = options.validationData;
  if (given === null || given === undefined) return null;
  if (!Array.isArray(given) && isBatchIterable(given)) return new IterableFeed(given, read);
  if (!Array.isArray(given) || given.length < 1 || given.length > 3)
    throw new ValueError("fit: validationData is [x, y], [x, y, sampleWeight] or an iterable of batches.");
  const [x, y, w] = given as unknown[];
  return new ArrayFeed(read(x, y, w), validationBatchSize(options));
}

/** The first rows of arrays, in the order in which they are given. Errors: `DataError` when there are none. */
export function firstBatch(where: string, { source, batchSize }: ArrayFeed): Batch {
  if (source.size === 0) throw new DataError(`${where}: there are no samples; x has 0 rows.`);
  return { source, rows: null, from: 0, size: Math.min(batchSize, source.size) };
}
