// Finds what a layer is made of: sub-layers, seed generators and variables among its properties, without being told.

import { isPlainObject } from "../core/structure.js";
import { SeedGenerator } from "../random.js";
import { Variable } from "../variable.js";

/** What the properties of a layer hold, in the order in which they were assigned, each thing once. */
export interface Parts<L> {
  layers: L[];
  seeds: SeedGenerator[];
  variables: Variable[];
}

/**
 * Walks an object's own enumerable properties, through arrays, maps, sets and plain objects.
 *
 * Private `#fields` cannot be seen from outside: a sub-layer kept in one is not found.
 */
export function partsOf<L extends object>(owner: object, isLayer: (x: unknown) => x is L): Parts<L> {
  const parts: Parts<L> = { layers: [], seeds: [], variables: [] };
  const seen = new Set<unknown>();
  const visit = (x: unknown): void => {
    if (typeof x !== "object" || x === null || seen.has(x)) return;
    if (isLayer(x)) parts.layers.push(x);
    else if (x instanceof Variable) parts.variables.push(x);
    else if (x instanceof SeedGenerator) parts.seeds.push(x);
    else if (Array.isArray(x)) {
      if (x.length === 0 || typeof x[0] === "number") return;
      seen.add(x);
      for (const item of x) visit(item);
      return;
    } else if (x instanceof Map || x instanceof Set) {
      seen.add(x);
      for (const item of x.values()) visit(item);
      return;
    } else if (isPlainObject(x)) {
      seen.add(x);
      for (const item of Object.values(x)) visit(item);
      return;
    } else return;
    seen.add(x);
  };
  for (const value of Object.values(owner)) visit(value);
  return parts;
}
