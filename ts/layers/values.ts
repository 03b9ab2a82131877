// Values for the variables of a layer: all are checked before any is used.

import { shapeText } from "../core/structure.js";
import { ShapeError, ValueError } from "../errors.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import type { Variable } from "../variable.js";

/** Assigns `values` to `variables` in order. Errors: `ShapeError` when the count or a shape differs; then nothing was assigned. */
export function assignAll(layer: string, variables: readonly Variable[], values: readonly TensorLike[]): void {
  if (values.length !== variables.length) {
    const shapes = variables.map((v) => shapeText(v.shape)).join(", ");
    throw new ShapeError(
      `You called setWeights on layer "${layer}" with a weight list of length ${values.length}, ` +
        `but the layer was expecting ${variables.length} weights${shapes ? ` of shapes ${shapes}` : ""}.`,
    );
  }
  const tensors = values.map((x) => tensor(x));
  tensors.forEach((t, i) => {
    const v = variables[i]!;
    if (t.shape.join() === v.shape.join()) return;
    throw new ShapeError(
      `Layer "${layer}" weight shape ${shapeText(v.shape)} (${v.path}) is not compatible with the provided weight shape ${shapeText(t.shape)}.`,
    );
  });
  tensors.forEach((t, i) => variables[i]!.assign(t));
}

/** Pairs of a variable and the value that stands for it in a stateless call. Errors: `ValueError` by count, `ShapeError` by shape. */
export function boundTo(
  layer: string,
  what: string,
  variables: readonly Variable[],
  values: readonly TensorLike[],
): [Variable, Tensor][] {
  if (variables.length !== values.length) {
    throw new ValueError(`${layer}: statelessCall expects ${variables.length} ${what} values, received ${values.length}.`);
  }
  return variables.map((v, i) => {
    const t = tensor(values[i]!);
    if (t.shape.join() !== v.shape.join()) {
      throw new ShapeError(
        `${layer}: ${what} value ${i} (${v.path}) must have shape ${shapeText(v.shape)}, received ${shapeText(t.shape)}.`,
      );
    }
    return [v, t];
  });
}
