// What `adapt` of the preprocessing layers takes: one array, or batches one after the other.

import { DataError, ValueError } from "../../errors.js";
import { Tensor, type TensorLike, tensor } from "../../tensor.js";

/** One array, or an iterable of batches. */
export type AdaptData = TensorLike | Iterable<TensorLike>;

/**
 * The batches of `data`; an array is one batch.
 *
 * Errors: `ValueError` for what is neither, such as an async iterable; `DataError` when there is not a single number.
 */
export function* batchesOf(layer: string, data: AdaptData): Generator<Tensor> {
  let elements = 0;
  for (const batch of isArray(data) ? [data] : iterated(layer, data)) {
    const t = tensor(batch);
    elements += t.size;
    if (t.size > 0) yield t;
  }
  if (elements === 0) throw new DataError(`${layer}: adapt received no data.`);
}

/** Is it one array, rather than a list of some? */
function isArray(data: AdaptData): data is TensorLike {
  if (data instanceof Tensor || ArrayBuffer.isView(data)) return true;
  if (Array.isArray(data)) return isNested(data);
  return typeof data !== "object" || data === null || "value" in data;
}

/** Numbers, or arrays of them: the rows of a nested array. */
const isNested = (x: unknown): boolean =>
  typeof x === "number" || typeof x === "boolean" || (Array.isArray(x) && (x.length === 0 || isNested(x[0])));

function iterated(layer: string, data: unknown): Iterable<TensorLike> {
  if (typeof data === "object" && data !== null && Symbol.iterator in data) return data as Iterable<TensorLike>;
  const what = typeof data === "object" && data !== null && Symbol.asyncIterator in data ? "an async iterable" : typeof data;
  throw new ValueError(
    `${layer}: adapt takes an array or an iterable of batches, received ${what}. Collect the batches of an async one first.`,
  );
}
