// Nested structures of tensors and shapes: what layers with several inputs or outputs take and return.

import { show, ValueError } from "../errors.js";
import { Tensor, type TensorLike, tensor } from "../tensor.js";

/** A shape whose sizes may be unknown: `[null, 784]` is a batch of any size. */
export type PartialShape = readonly (number | null)[];

/** A leaf, or arrays and plain objects of leaves. */
export type Structure<T> = T | readonly Structure<T>[] | { readonly [key: string]: Structure<T> };

/** A tensor, or a list or record of them; null stands for an optional one that is absent. */
export type TensorTree = Structure<Tensor | null>;

/** What `apply` takes in the place of a tensor. */
export type TensorInput = TensorLike | null | readonly TensorInput[] | { readonly [key: string]: TensorInput };

/** Is it an object literal rather than an instance of some class? */
export function isPlainObject(x: unknown): x is Record<string, unknown> {
  if (typeof x !== "object" || x === null || Array.isArray(x)) return false;
  const prototype = Object.getPrototypeOf(x) as unknown;
  return prototype === Object.prototype || prototype === null;
}

/** Is it one shape, rather than a list or record of shapes? */
export const isShape = (x: unknown): x is PartialShape => Array.isArray(x) && x.every((d) => d === null || typeof d === "number");

/** Applies `f` to every leaf; `isLeaf` says where arrays and objects end. */
export function mapStructure<T, U>(
  tree: Structure<T>,
  f: (leaf: T) => U,
  isLeaf: (x: unknown) => boolean = () => false,
): Structure<U> {
  if (isLeaf(tree)) return f(tree as T);
  if (Array.isArray(tree)) return tree.map((x: Structure<T>) => mapStructure(x, f, isLeaf));
  if (isPlainObject(tree))
    return Object.fromEntries(Object.entries(tree).map(([k, x]) => [k, mapStructure(x as Structure<T>, f, isLeaf)]));
  return f(tree as T);
}

/** The leaves in order; records in the order of their sorted keys, as Keras flattens them. */
export function flatten<T>(tree: Structure<T>, isLeaf: (x: unknown) => boolean = () => false): T[] {
  if (isLeaf(tree)) return [tree as T];
  if (Array.isArray(tree)) return tree.flatMap((x: Structure<T>) => flatten(x, isLeaf));
  if (isPlainObject(tree)) {
    return Object.keys(tree)
      .sort()
      .flatMap((k) => flatten(tree[k] as Structure<T>, isLeaf));
  }
  return [tree as T];
}

/** The leaves in the order in which `mapStructure` comes to them. */
export function leavesOf<T>(tree: Structure<T>, isLeaf?: (x: unknown) => boolean): T[] {
  const leaves: T[] = [];
  mapStructure<T, number>(tree, (leaf) => leaves.push(leaf), isLeaf);
  return leaves;
}

/** The tensors of a tree, without absent ones. */
export const tensorsOf = (tree: TensorTree): Tensor[] => flatten<Tensor | null>(tree).filter((t) => t !== null);

/** The shapes of a tree of tensors. */
export const shapesOf = (tree: TensorTree): Structure<PartialShape> =>
  mapStructure<Tensor | null, PartialShape>(tree, (t) => t?.shape ?? []);

/**
 * Numbers, typed arrays, variables and nested arrays of numbers become tensors; arrays and records of tensors keep their form.
 *
 * Errors: `ValueError` naming `where` for anything else, such as a string.
 */
export function toTensors(value: unknown, where: string): TensorTree {
  if (value === null || value instanceof Tensor) return value;
  if (Array.isArray(value)) return isNumeric(value) ? tensor(value as TensorLike) : value.map((x) => toTensors(x, where));
  if (typeof value === "number" || typeof value === "boolean" || ArrayBuffer.isView(value)) return tensor(value as TensorLike);
  if (typeof value === "object" && "value" in value && value.value instanceof Tensor) return value.value;
  if (isPlainObject(value)) return Object.fromEntries(Object.entries(value).map(([k, x]) => [k, toTensors(x, where)]));
  throw new ValueError(
    `${where}: only input tensors may be passed as positional arguments, received ${show(value)}. Pass it as an option.`,
  );
}

/** What a function of the user's returned, as a tensor. Errors: `ValueError` that begins with `what` when it is none. */
export function mustBeTensor(x: unknown, what: string): Tensor {
  if (x instanceof Tensor) return x;
  if (typeof x === "number") return tensor(x);
  throw new ValueError(
    `${what} must return a tensor, it returned ${x instanceof Promise ? "a promise: it must not be async" : show(x)}.`,
  );
}

/** Does a nested array hold numbers (data) rather than tensors? An empty one does. */
function isNumeric(value: readonly unknown[]): boolean {
  const first = value[0];
  if (first === undefined) return true;
  return Array.isArray(first) ? isNumeric(first) : typeof first === "number" || typeof first === "boolean";
}

/** `(None, 784)`: a shape as Keras writes it in its messages and tables. */
export function shapeText(shape: PartialShape): string {
  const sizes = shape.map((d) => (d === null ? "None" : String(d)));
  return sizes.length === 1 ? `(${sizes[0]},)` : `(${sizes.join(", ")})`;
}
