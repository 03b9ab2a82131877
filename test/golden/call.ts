// Calls what a golden case names, the way the package spells Keras' names: required parameters by position, the others as options.

import { readFileSync } from "node:fs";
import * as keratin from "keratin";
import { type Layer, saving, Tensor } from "keratin";
import type { Case, topic } from "../goldenReader.js";

export type Topic = ReturnType<typeof topic>;
/** Arguments of a case with tensors in the places of array names. */
export type Tree = Tensor | null | number | string | boolean | undefined | Tree[] | { [name: string]: Tree };

interface Signature {
  required: string[];
  optional: Record<string, unknown>;
  variadic?: string[];
}
const api = JSON.parse(readFileSync(new URL("./keras-api.json", import.meta.url), "utf8")) as {
  spaces: Record<string, Record<string, Signature>>;
};

export const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
export const camelKeys = (o: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(o).map(([k, v]) => [camel(k), v]));

const isObject = (x: unknown): x is Record<string, unknown> =>
  typeof x === "object" && x !== null && !Array.isArray(x) && !(x instanceof Tensor);

/** The same structure with `f` of each leaf; null stays. */
export function mapTree(x: unknown, f: (leaf: unknown) => unknown): Tree {
  if (x === null || x === undefined) return x;
  if (Array.isArray(x)) return x.map((y) => mapTree(y, f));
  if (isObject(x)) return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, mapTree(v, f)]));
  return f(x) as Tree;
}

/** The tensors of a structure in Keras' order: lists as they are, dictionaries by sorted keys. */
export function leaves(x: unknown): Tensor[] {
  if (x instanceof Tensor) return [x];
  if (Array.isArray(x)) return x.flatMap(leaves);
  if (isObject(x))
    return Object.keys(x)
      .sort()
      .flatMap((k) => leaves(x[k]));
  return [];
}

const NUMBERS: Record<string, number> = { NaN: Number.NaN, Infinity: Infinity, "-Infinity": -Infinity };

/** JSON of a golden as an argument: `{array}` and `{arrays}` are tensors, objects of Keras are made, spelled-out numbers are numbers. */
export function argument(t: Topic, c: Case, json: unknown, given?: ReadonlyMap<string, Tensor>): unknown {
  const array = (name: unknown): Tensor => given?.get(String(name)) ?? t.tensor(c, name);
  const read = (x: unknown): unknown => {
    if (typeof x === "string") return NUMBERS[x] ?? x;
    if (Array.isArray(x)) return x.map(read);
    if (!isObject(x)) return x;
    if ("array" in x) return array(x.array);
    if ("arrays" in x) return mapTree(x.arrays, array);
    if ("class_name" in x) return saving.deserialize(x as never);
    return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, read(v)]));
  };
  return read(json);
}

/** The function of a namespace by Keras' name ("image.resize" too), or undefined. */
export function lookUp(space: string, name: string): ((...args: unknown[]) => unknown) | undefined {
  let found: unknown = (keratin as Record<string, unknown>)[space];
  for (const part of name.split(".")) found = (found as Record<string, unknown> | undefined)?.[camel(part)];
  return typeof found === "function" ? (found as (...args: unknown[]) => unknown) : undefined;
}

/** Calls `keras.<space>.<name>(*args, **kwargs)`. */
export function callFunction(space: string, name: string, args: readonly unknown[], kwargs: object = {}): unknown {
  const f = lookUp(space, name);
  if (!f) throw new Error(`there is no ${space}.${camel(name)}`);
  const path = `${space}.${name}`; // "ops.image.resize" is "resize" of the space "ops.image"
  const dot = path.lastIndexOf(".");
  const { required, optional, variadic = [] } = api.spaces[path.slice(0, dot)]?.[path.slice(dot + 1)] ?? { required: [], optional: {} };
  const left: Record<string, unknown> = { ...kwargs };
  const positional = required.map((parameter, i) => (i < args.length ? args[i] : left[parameter]));
  for (const parameter of required) delete left[parameter];
  const more = args.slice(required.length);
  const takesMore = variadic.some((v) => v.startsWith("*") && !v.startsWith("**"));
  if (takesMore) positional.push(...more);
  else more.forEach((a, i) => (left[Object.keys(optional)[i]!] = a));
  return Object.keys(left).length > 0 ? f(...positional, camelKeys(left)) : f(...positional);
}

/** The object that a case describes by class and config. */
export const objectOf = <T = Layer>(module: string, c: Case, config: unknown = c.config): T =>
  saving.deserialize({ module, class_name: c.class, config, registered_name: null } as never) as T;
