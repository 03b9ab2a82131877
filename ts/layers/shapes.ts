// Output shapes by tracing: a call is traced with stand-ins for the unknown sizes, twice; what differs is unknown in the output.

import type { DType } from "../core/dtype.js";
import { ShapeError } from "../errors.js";
import { type Tensor, Trace } from "../tensor.js";
import { flatten, isShape, mapStructure, type PartialShape, type Structure, type TensorTree } from "./structure.js";

interface Callable {
  readonly name: string;
  readonly built: boolean;
  build(...shapes: Structure<PartialShape>[]): void;
  apply<Result extends TensorTree>(...inputs: (TensorTree | { training: boolean })[]): Result;
}

// By axis, so that the batch sizes of two inputs are one size. Primes: nothing broadcasts or divides by accident.
const STAND_INS = [
  [211, 197, 179, 163, 149, 137],
  [223, 199, 181, 167, 151, 139],
] as const;

/** The shapes that `layer` gives for inputs of these shapes, which may have unknown sizes. The layer is built if it is not yet. */
export function outputShape(
  layer: Callable,
  inputs: readonly Structure<PartialShape>[],
  dtype: DType = "float32",
): Structure<PartialShape> {
  if (!layer.built) layer.build(...inputs);
  const unknown = inputs.some((s) => flatten<PartialShape>(s, isShape).some((shape) => shape.includes(null)));
  const first = trace(layer, inputs, STAND_INS[0], dtype);
  if (!unknown) return first;
  const second = flatten<PartialShape>(trace(layer, inputs, STAND_INS[1], dtype), isShape);
  let at = 0;
  return mapStructure<PartialShape, PartialShape>(
    first,
    (a) => {
      const b = second[at++]!;
      if (a.length !== b.length)
        throw new ShapeError(
          `${layer.name}: the number of output axes depends on an unknown size; say the output shape with computeOutputShape.`,
        );
      return a.map((d, i) => (d === b[i] ? d : null));
    },
    isShape,
  );
}

function trace(
  layer: Callable,
  inputs: readonly Structure<PartialShape>[],
  standIns: readonly number[],
  dtype: DType,
): Structure<PartialShape> {
  const open = new Trace();
  try {
    return open.run(() => {
      const values = inputs.map((s) =>
        mapStructure<PartialShape, Tensor>(
          s,
          (shape) =>
            open.input(
              shape.map((d, axis) => d ?? standIns[axis % standIns.length]!),
              dtype,
            ),
          isShape,
        ),
      );
      const outputs = layer.apply<TensorTree>(...values, { training: false });
      return mapStructure<Tensor | null, PartialShape>(outputs, (t) => t?.shape ?? []);
    });
  } finally {
    open.graph.close();
  }
}
