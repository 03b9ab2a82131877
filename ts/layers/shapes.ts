// Output shapes of layers by tracing their calls.

import {
  isShape,
  leavesOf,
  mapStructure,
  type PartialShape,
  type Structure,
  shapesOf,
  type TensorTree,
} from "../core/structure.js";
import { inferSpecs } from "../symbolic/infer.js";
import { replaceSymbolic, symbolicIn, tensorsIn } from "../symbolic/kerasTensor.js";
import { isSpec, type TensorSpec } from "../symbolic/node.js";
import type { Tensor } from "../tensor.js";

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

interface Described extends Callable {
  computeOutputShape(...shapes: Structure<PartialShape>[]): Structure<PartialShape>;
}

/**
 * What a built layer returns for symbolic inputs and named arguments. With `ownShapes` its `computeOutputShape` says the shapes, which may
 * know more than tracing finds out; types come from the trace.
 */
export function specsOfCall(
  layer: Described,
  inputs: readonly TensorTree[],
  named: object,
  ownShapes: boolean,
): Structure<TensorSpec | null> {
  const given = [...inputs, named];
  const call = (values: readonly Tensor[]): TensorTree => {
    let next = 0;
    return layer.apply<TensorTree>(...(replaceSymbolic(given, () => values[next++]) as TensorTree[]));
  };
  const traced = inferSpecs(layer.name, symbolicIn(given), call, tensorsIn(given));
  if (!ownShapes) return traced;
  const shapes = leavesOf<PartialShape>(layer.computeOutputShape(...inputs.map((t) => shapesOf(t))), isShape);
  let next = 0;
  return mapStructure<TensorSpec | null, TensorSpec | null>(
    traced,
    (spec) => {
      const shape = shapes[next++];
      return spec && shape ? { ...spec, shape } : spec;
    },
    isSpec,
  );
}
