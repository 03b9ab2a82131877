// Shapes and types of results by tracing: a call is traced with stand-ins for the unknown sizes, twice; what differs is unknown in the result.

import type { DType } from "../core/dtype.js";
import { leavesOf, mapStructure, type Structure, type TensorTree } from "../core/structure.js";
import { KeratinError, ShapeError } from "../errors.js";
import { type Tensor, Trace } from "../tensor.js";
import { isSpec, type TensorSpec } from "./node.js";

// By axis, so that the batch sizes of two inputs are one size. Primes, so that nothing broadcasts or divides by accident; large and far apart,
// so that windows and strides fit and no rounding makes two results equal.
const STAND_INS = [
  [1021, 1013, 997, 983, 971, 953],
  [2053, 2039, 2017, 1999, 1987, 1973],
] as const;

/** What `call` returns for inputs of these shapes and types, which may have unknown sizes. `name` is for errors. */
export function inferSpecs(
  name: string,
  inputs: readonly TensorSpec[],
  call: (values: readonly Tensor[]) => TensorTree,
): Structure<TensorSpec | null> {
  const first = trace(inputs, STAND_INS[0], call);
  if (!inputs.some((spec) => spec.shape.includes(null))) return first;
  const second = leavesOf<TensorSpec | null>(trace(inputs, STAND_INS[1], call), isSpec);
  let at = 0;
  return mapStructure<TensorSpec | null, TensorSpec | null>(
    first,
    (a) => {
      const b = second[at++] ?? null;
      if (a === null || b === null) return null;
      if (a.shape.length !== b.shape.length)
        throw new ShapeError(
          `${name}: the number of output axes depends on an unknown size; say the output shape with computeOutputShape.`,
        );
      return { shape: a.shape.map((d, i) => (d === b.shape[i] ? d : null)), dtype: a.dtype };
    },
    isSpec,
  );
}

function trace(
  inputs: readonly TensorSpec[],
  standIns: readonly number[],
  call: (values: readonly Tensor[]) => TensorTree,
): Structure<TensorSpec | null> {
  const open = new Trace();
  try {
    return open.run(() => {
      const values = inputs.map((spec) =>
        open.input(
          spec.shape.map((d, axis) => d ?? standIns[axis % standIns.length]!),
          spec.dtype as DType,
        ),
      );
      return mapStructure<Tensor | null, TensorSpec | null>(call(values), (t) =>
        t === null ? null : { shape: t.shape, dtype: t.dtype },
      );
    });
  } catch (error) {
    if (error instanceof KeratinError) sayUnknown(error, standIns);
    throw error;
  } finally {
    open.graph.close();
  }
}

/** Shapes in a message are those of the user, who knows no stand-ins: `[null, 3]`. */
function sayUnknown(error: Error, standIns: readonly number[]): void {
  const said = error.message.replace(new RegExp(`\\b(${standIns.join("|")})\\b`, "g"), "null");
  error.stack = error.stack?.replace(error.message, said);
  error.message = said;
}
