// Nested structures of tensors: arrays and plain objects with tensors as leaves, taken apart and put together again.

import { Tensor } from "../tensor.js";
import { Variable } from "../variable.js";

/** A structure taken apart. */
export interface Flat<T> {
  /** Its tensors, in order. */
  leaves: Tensor[];
  /** The same structure with other tensors. */
  rebuild: (leaves: readonly Tensor[]) => T;
  /** Equal for structures of equal form, types and other contents: objects that are not plain count by identity. */
  key: string;
}

const isPlain = (x: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
};

const identities = new WeakMap<object, number>();
let identity = 0;
function identityOf(x: object): number {
  let id = identities.get(x);
  if (id === undefined) identities.set(x, (id = ++identity));
  return id;
}

/** Takes a structure apart. Variables give their values; with `numbers`, numbers are leaves too and become float32 scalars. */
export function flatten<T>(value: T, numbers = false): Flat<T> {
  const leaves: Tensor[] = [];
  const key: string[] = [];
  type Build = (next: () => Tensor) => unknown;
  const leaf = (t: Tensor): Build => {
    leaves.push(t);
    key.push(`${t.dtype}[${t.shape.join()}]`);
    return (next) => next();
  };
  const walk = (x: unknown): Build => {
    if (x instanceof Tensor) return leaf(x);
    if (x instanceof Variable) return leaf(x.value);
    if (numbers && typeof x === "number") return leaf(new Tensor([x], []));
    if (Array.isArray(x)) {
      key.push("(");
      const parts = x.map(walk);
      key.push(")");
      return (next) => parts.map((build) => build(next));
    }
    if (typeof x === "object" && x !== null && isPlain(x)) {
      key.push("{");
      const parts = Object.entries(x).map(([name, part]) => {
        key.push(JSON.stringify(name));
        return [name, walk(part)] as const;
      });
      key.push("}");
      return (next) => Object.fromEntries(parts.map(([name, build]) => [name, build(next)]));
    }
    const reference = typeof x === "function" || (typeof x === "object" && x !== null);
    key.push(
      reference ? `#${identityOf(x as object)}` : typeof x === "string" ? JSON.stringify(x) : Object.is(x, -0) ? "-0" : String(x),
    );
    return () => x;
  };
  const build = walk(value);
  return {
    leaves,
    key: key.join(" "),
    rebuild: (others) => {
      let at = 0;
      return build(() => others[at++]!) as T;
    },
  };
}
