// Output shapes of layers by tracing their calls.

import { isShape, leavesOf, mapStructure, type PartialShape, type Structure, type TensorTree } from "../core/structure.js";
import { inferSpecs } from "../symbolic/infer.js";
import { isSpec, type TensorSpec } from "../symbolic/node.js";

interface Callable {
  readonly name: string;
  readonly built: boolean;
  build(...shapes: Structure<PartialShape>[]): void;
  apply<Result extends TensorTree>(...inputs: (TensorTree | { training: boolean })[]): Result;
}

/** The shapes that `layer` gives for inputs of these shapes, which may have unknown sizes. The layer is built if it is not yet. */
export function outputShape(
  layer: Callable,
  inputs: readonly Structure<PartialShape>[],
  dtype = "float32",
): Structure<PartialShape> {
  if (!layer.built) layer.build(...inputs);
  const flat = inputs.flatMap((s) => leavesOf<PartialShape>(s, isShape));
  const specs = inferSpecs(
    layer.name,
    flat.map((shape) => ({ shape, dtype })),
    (values) => {
      let next = 0;
      const given = inputs.map((s) => mapStructure<PartialShape, (typeof values)[number]>(s, () => values[next++]!, isShape));
      return layer.apply<TensorTree>(...given, { training: false });
    },
  );
  return mapStructure<TensorSpec | null, PartialShape>(specs, (spec) => spec?.shape ?? [], isSpec);
}
