// Node: one call of an operation on symbolic tensors. Calls and the tensors between them are the graph of a functional model.

import { mapStructure, type PartialShape, type Structure } from "../core/structure.js";
import { KerasTensor, symbolicIn } from "./kerasTensor.js";

/** What can be called on symbolic tensors: a layer, or a function of `ops`. */
export interface Operation {
  readonly name: string;
  /** Its calls on symbolic tensors, in order. */
  readonly inboundNodes: readonly Node[];
  /** Calls it on values. */
  apply(...args: never[]): unknown;
}

/** Shape and type of a tensor that does not exist yet. */
export interface TensorSpec {
  readonly shape: PartialShape;
  readonly dtype: string;
}

/** A call: the operation, its arguments as they were given, and the tensors that it makes. */
export class Node {
  readonly operation: Operation;
  /** Positional arguments, with symbolic tensors in the places of tensors. */
  readonly args: readonly unknown[];
  /** Named arguments. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The symbolic tensors among the arguments. */
  readonly inputs: readonly KerasTensor[];
  /** What the call returns. */
  readonly result: Structure<KerasTensor | null>;
  /** The symbolic tensors of the result, in order. */
  readonly outputs: readonly KerasTensor[];

  /** `index`: which call of the operation it is. `names`: of the outputs, for an input that has one. */
  constructor(
    operation: Operation,
    index: number,
    args: readonly unknown[],
    options: Readonly<Record<string, unknown>>,
    specs: Structure<TensorSpec | null>,
    name?: string | null,
  ) {
    this.operation = operation;
    this.args = args;
    this.options = options;
    this.inputs = symbolicIn([...args, options]);
    const outputs: KerasTensor[] = [];
    this.result = mapStructure<TensorSpec | null, KerasTensor | null>(
      specs,
      (spec) => {
        if (spec === null) return null;
        const t = new KerasTensor(spec.shape, spec.dtype, { operation, node: index, index: outputs.length }, name);
        outputs.push(t);
        return t;
      },
      isSpec,
    );
    this.outputs = outputs;
  }
}

export const isSpec = (x: unknown): x is TensorSpec | null =>
  x === null || (typeof x === "object" && "shape" in x && "dtype" in x && Array.isArray(x.shape));
