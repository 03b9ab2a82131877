// FunctionalGraph: the calls between symbolic inputs and outputs, found once, and run on values in the place of the symbolic tensors.

import {
  flatten,
  isPlainObject,
  isShape,
  leavesOf,
  mapStructure,
  type PartialShape,
  type Structure,
  shapeText,
  type TensorTree,
} from "../core/structure.js";
import { ShapeError, show, ValueError } from "../errors.js";
import { InputLayer } from "../layers/input.js";
import * as ops from "../ops.js";
import { KerasTensor, replaceSymbolic } from "../symbolic/kerasTensor.js";
import type { Node, Operation } from "../symbolic/node.js";
import type { Tensor } from "../tensor.js";

/** One symbolic tensor, or arrays or records of them. */
export type SymbolicTree = Structure<Tensor>;

/** What a functional model is made of. */
export class FunctionalGraph {
  readonly inputs: Structure<KerasTensor>;
  readonly outputs: Structure<KerasTensor>;
  /** Inputs and outputs in Keras' order: records by sorted key. */
  readonly inputList: readonly KerasTensor[];
  readonly outputList: readonly KerasTensor[];
  /** Calls in an order in which they can run. */
  readonly nodes: readonly Node[];
  /** What is called, each once: far from the outputs first, as Keras orders layers. */
  readonly operations: readonly Operation[];

  /** Errors: `ValueError` for what is no symbolic tensor, a disconnected graph, two operations of one name. Calls cannot form a cycle. */
  constructor(inputs: SymbolicTree, outputs: SymbolicTree, model: string) {
    for (const [what, tree] of [
      ["inputs", inputs],
      ["outputs", outputs],
    ] as const)
      mustBeSymbolic(tree, what, model);
    const fresh = withInputLayers(inputs as Structure<KerasTensor>, outputs as Structure<KerasTensor>, model);
    this.inputs = fresh.inputs;
    this.outputs = fresh.outputs;
    this.inputList = flatten(this.inputs);
    this.outputList = flatten(this.outputs);
    if (new Set(this.inputList).size !== this.inputList.length)
      throw new ValueError(`${model}: a symbolic tensor is listed twice among the inputs.`);
    const { nodes, operations } = ordered(this.inputList, this.outputList, model);
    this.nodes = nodes;
    this.operations = operations;
    const names = new Set<string>();
    for (const { name } of operations) {
      if (names.has(name))
        throw new ValueError(
          `${model}: all operations of a model should have unique names, ${JSON.stringify(name)} is used by two. Give one of them another name.`,
        );
      names.add(name);
    }
  }

  get inputNames(): string[] {
    return this.inputList.map((t) => t.history.operation.name);
  }
  get outputNames(): string[] {
    return this.outputList.map((t) => t.history.operation.name);
  }

  /** Runs the graph. Errors: `ValueError` when the number or names of inputs differ, `ShapeError` when a shape does not fit. */
  run(given: TensorTree, model: string): TensorTree {
    const values = new Map<KerasTensor, Tensor | null>();
    this.arranged(given, model).forEach((t, i) => {
      const input = this.inputList[i]!;
      values.set(input, t && fitted(t, input, model));
    });
    const valueAt = (t: KerasTensor): Tensor | null => values.get(t) ?? null;
    for (const node of this.nodes) {
      if (node.operation instanceof InputLayer) continue;
      for (const [t, value] of callAgain<Tensor>(node, node.operation, valueAt)) values.set(t, value);
    }
    return mapStructure<KerasTensor, Tensor | null>(this.outputs, (t) => valueAt(t));
  }

  /** Errors: `ValueError` or `ShapeError`, as `run` would throw them, for shapes of data that do not fit. */
  checkShapes(shapes: Structure<PartialShape>, model: string): void {
    this.arranged<PartialShape>(shapes, model, isShape).forEach((shape, i) =>
      mustFit(repaired(shape, this.inputList[i]!), shape, this.inputList[i]!, model),
    );
  }

  /** What a user gives as inputs, in the order of `inputList`. */
  arranged<T>(given: Structure<T>, model: string, isLeaf?: (x: unknown) => boolean): T[] {
    const n = this.inputList.length;
    const pick = (wanted: Structure<KerasTensor>, tree: Structure<T>): T[] => {
      if (Array.isArray(tree) && Array.isArray(wanted) && tree.length === wanted.length && !isLeaf?.(tree))
        return wanted.flatMap((w: Structure<KerasTensor>, i) => pick(w, tree[i] as Structure<T>));
      if (!isPlainObject(tree) || isLeaf?.(tree)) return flatten<T>(tree, isLeaf);
      // A record: by the keys of the model's own, else by the names of the inputs.
      const own = isPlainObject(wanted);
      const table = own ? wanted : Object.fromEntries(flatten<KerasTensor>(wanted).map((t) => [t.history.operation.name, t]));
      const keys = own ? Object.keys(table).sort() : Object.keys(table);
      const missing = keys.filter((k) => !(k in tree));
      if (missing.length > 0)
        throw new ValueError(
          `Layer "${model}" misses input ${missing.map((k) => JSON.stringify(k)).join(", ")}; it received ${Object.keys(tree).join(", ")}.`,
        );
      return keys.flatMap((k) => pick(table[k] as Structure<KerasTensor>, tree[k] as Structure<T>));
    };
    const list = pick(this.inputs, given);
    if (list.length !== n)
      throw new ValueError(
        `Layer "${model}" expects ${n} input(s) (${this.inputNames.join(", ")}), but it received ${list.length} input tensors.`,
      );
    return list;
  }
}

function mustBeSymbolic(tree: unknown, what: string, model: string): void {
  const leaves = flatten<unknown>(tree as Structure<unknown>);
  if (leaves.length === 0) throw new ValueError(`${model}: there are no ${what}.`);
  for (const x of leaves) {
    if (!(x instanceof KerasTensor))
      throw new ValueError(
        `${model}: ${what} must be symbolic tensors, as Input(…) and layer.apply(…) return them; received ${show(x)}.`,
      );
  }
}

/** The shape with a last axis of size 1 taken off or put on where that makes it fit, as Keras does. */
function repaired(shape: PartialShape, input: KerasTensor): PartialShape {
  const expected = input.shape as PartialShape;
  if (shape.length === expected.length + 1 && shape.at(-1) === 1) return shape.slice(0, -1);
  return shape.length === expected.length - 1 && expected.at(-1) === 1 ? [...shape, 1] : shape;
}

function mustFit(shape: PartialShape, given: PartialShape, input: KerasTensor, model: string): void {
  const expected = input.shape as PartialShape;
  const fits =
    shape.length === expected.length && expected.every((d, i) => i === 0 || d === null || shape[i] === null || d === shape[i]);
  if (fits) return;
  throw new ShapeError(
    `Input "${input.history.operation.name}" of model "${model}" is incompatible with the data: expected shape=${shapeText(expected)}, found shape=${shapeText(given)}.`,
  );
}

/** A value as the input wants it: its rank put right, and its type. */
function fitted(t: Tensor, input: KerasTensor, model: string): Tensor {
  const shape = repaired(t.shape, input);
  mustFit(shape, t.shape, input, model);
  const x = shape.length === t.ndim ? t : ops.reshape(t, shape as readonly number[]);
  const out = x.dtype === input.dtype ? x : ops.cast(x, input.dtype);
  out.mask ??= t.mask;
  return out;
}

/** Keras' order: by depth, the longest way to an output; ties as a walk back from the outputs meets them. */
function ordered(
  inputs: readonly KerasTensor[],
  outputs: readonly KerasTensor[],
  model: string,
): { nodes: Node[]; operations: Operation[] } {
  const visits = new Map<Operation, number>();
  const finished: Node[] = [];
  const seen = new Set<Node>();
  const given = new Set(inputs);
  /** What the walk follows: nothing beyond an input. */
  const reads = new Map<Node, readonly KerasTensor[]>();
  // Depth first with a stack of its own: a deep model must not exhaust JavaScript's.
  for (const output of outputs) {
    const stack: { node: Node; next: number; inside: readonly KerasTensor[] }[] = [];
    const enter = (t: KerasTensor): void => {
      const node = makerOf(t);
      if (seen.has(node)) return;
      seen.add(node);
      if (!visits.has(node.operation)) visits.set(node.operation, visits.size);
      const inside = given.has(t) ? [] : node.inputs;
      reads.set(node, inside);
      stack.push({ node, next: 0, inside });
    };
    enter(output);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const below = top.inside[top.next++];
      if (below) enter(below);
      else {
        stack.pop();
        finished.push(top.node);
      }
    }
  }
  const depths = new Map<Node, number>();
  const operationDepths = new Map<Operation, number>();
  for (const node of [...finished].reverse()) {
    const depth = Math.max(depths.get(node) ?? 0, operationDepths.get(node.operation) ?? 0);
    depths.set(node, depth);
    operationDepths.set(node.operation, depth);
    for (const t of reads.get(node)!) {
      const parent = makerOf(t);
      depths.set(parent, Math.max(depth + 1, depths.get(parent) ?? 0));
    }
  }
  for (const t of inputs) {
    const node = makerOf(t);
    if (operationDepths.has(node.operation)) continue;
    operationDepths.set(node.operation, 0);
    depths.set(node, 0);
    visits.set(node.operation, -1); // an input that nobody reads
  }
  const operations = [...operationDepths.keys()].sort(
    (a, b) => operationDepths.get(b)! - operationDepths.get(a)! || visits.get(a)! - visits.get(b)!,
  );
  const place = new Map(operations.map((o, i) => [o, i]));
  const nodes = [...depths.keys()].sort(
    (a, b) => depths.get(b)! - depths.get(a)! || place.get(a.operation)! - place.get(b.operation)!,
  );
  const known = new Set(inputs);
  for (const node of nodes) {
    for (const t of reads.get(node) ?? []) {
      if (!known.has(t))
        throw new ValueError(
          `Graph disconnected: model ${model} cannot compute ${t.name} of layer "${t.history.operation.name}", which layer "${node.operation.name}" needs, from its inputs. List its Input among the model's inputs.`,
        );
    }
    // An Input that is not listed gives nothing.
    if (!(node.operation instanceof InputLayer)) for (const t of node.outputs) known.add(t);
  }
  const lost = outputs.find((t) => !known.has(t));
  if (lost)
    throw new ValueError(
      `Graph disconnected: model ${model} cannot compute its output ${lost.name} of layer "${lost.history.operation.name}" from its inputs. The inputs come first: new Model(inputs, outputs).`,
    );
  return { nodes, operations };
}

const makerOf = (t: KerasTensor): Node => t.history.operation.inboundNodes[t.history.node]!;

/** Inputs that are inner tensors of another graph get Inputs of their own, and the calls after them are noted down once more. */
function withInputLayers(
  inputs: Structure<KerasTensor>,
  outputs: Structure<KerasTensor>,
  model: string,
): { inputs: Structure<KerasTensor>; outputs: Structure<KerasTensor> } {
  if (flatten<KerasTensor>(inputs).every((t) => t.history.operation instanceof InputLayer)) return { inputs, outputs };
  const copies = new Map<KerasTensor, KerasTensor>();
  const freshInputs = mapStructure<KerasTensor, KerasTensor>(inputs, (t) => {
    if (t.history.operation instanceof InputLayer) {
      copies.set(t, t);
      return t;
    }
    const copy = new InputLayer({ batchShape: t.shape, dtype: t.dtype, name: t.name }).output;
    copies.set(t, copy);
    return copy;
  });
  const { nodes } = ordered(flatten(inputs), flatten(outputs), model);
  repeatCalls(nodes, copies, (operation) => operation);
  return { inputs: freshInputs, outputs: mapStructure<KerasTensor, KerasTensor>(outputs, (t) => copies.get(t) ?? t) };
}

/** Makes the calls of a graph once more, on the copies of its tensors; what they return is added to the copies. */
export function repeatCalls(
  nodes: readonly Node[],
  copies: Map<KerasTensor, KerasTensor>,
  operationFor: (operation: Operation) => Pick<Operation, "apply">,
): void {
  for (const node of nodes) {
    if (node.operation instanceof InputLayer || node.outputs.every((t) => copies.has(t))) continue;
    const made = callAgain<KerasTensor>(node, operationFor(node.operation), (t) => copies.get(t) ?? t);
    for (const [t, copy] of made) if (copy && !copies.has(t)) copies.set(t, copy);
  }
}

/** Makes one call with others in the place of its symbolic tensors; returns what it gives for each of its results. */
function callAgain<T extends Tensor>(
  node: Node,
  operation: Pick<Operation, "apply">,
  replace: (t: KerasTensor) => T | null,
): [KerasTensor, T | null][] {
  const args = [...(replaceSymbolic(node.args, replace) as readonly unknown[])];
  if (Object.keys(node.options).length > 0) args.push(replaceSymbolic(node.options, replace));
  const made = leavesOf<T | null>(operation.apply(...(args as never[])) as Structure<T | null>);
  return leavesOf<KerasTensor | null>(node.result).flatMap((t, i) =>
    t ? [[t, made[i] ?? null] as [KerasTensor, T | null]] : [],
  );
}
