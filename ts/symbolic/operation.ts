// `op`: makes a function of `ops` one that takes symbolic tensors too. Such a call becomes a step of a functional model.

import type { TensorTree } from "../core/structure.js";
import { toSnakeName, uniqueName } from "../saving/names.js";
import { nameArgument, type Tensor } from "../tensor.js";
import { inferSpecs } from "./infer.js";
import { holdsSymbolic, replaceSymbolic, symbolicIn, tensorsIn } from "./kerasTensor.js";
import { Node } from "./node.js";

type OpFunction = (...args: never[]) => unknown;

const functions = new Map<string, OpFunction>();

/** The function of `ops` by its name (`add`, `image.resize`), or undefined. */
export const opNamed = (name: string): OpFunction | undefined => functions.get(name);

/** A call of a function of `ops` on symbolic tensors: the operation of its node. Every call is one of its own, as in Keras. */
export class OpCall {
  readonly name: string;
  /** The function's name in `ops`. */
  readonly op: string;
  readonly #body: OpFunction;
  readonly #nodes: Node[] = [];

  constructor(op: string, body: OpFunction, name?: string | null) {
    this.op = op;
    this.#body = body;
    this.name = name ?? uniqueName(toSnakeName(op.split(".").at(-1)!));
  }

  get inboundNodes(): readonly Node[] {
    return this.#nodes;
  }
  /** As Keras calls the class of the op: `leakyRelu` → `LeakyRelu`, `image.resize` → `Resize`. */
  get className(): string {
    const name = this.op.split(".").at(-1)!;
    return name[0]!.toUpperCase() + name.slice(1);
  }

  /** Calls it: on values, or on symbolic tensors, which adds a node. */
  apply(...args: never[]): unknown {
    return holdsSymbolic(args) ? this.#record(args) : this.#body(...args);
  }

  #record(args: readonly unknown[]): Node["result"] {
    const inputs = symbolicIn(args);
    const call = (values: readonly Tensor[]): TensorTree => {
      let next = 0;
      return this.apply(...(replaceSymbolic(args, () => values[next++]) as never[])) as TensorTree;
    };
    const specs = inferSpecs(this.name, inputs, call, tensorsIn(args));
    const node = new Node(this, this.#nodes.length, args, {}, specs);
    this.#nodes.push(node);
    return node.result;
  }
}

/**
 * Registers a function of `ops` under its public name and teaches it symbolic tensors: with one among its arguments the call becomes a step
 * of the graph between them; otherwise `body` runs.
 */
export function op<F extends OpFunction>(name: string, body: F): F {
  const call = (...args: never[]): unknown => {
    if (holdsSymbolic(args)) return new OpCall(name, body).apply(...args);
    try {
      return body(...args);
    } catch (error) {
      nameArgument(error, `ops.${name}`, args);
      throw error;
    }
  };
  functions.set(name, call);
  return Object.defineProperty(call, "name", { value: name }) as F;
}
