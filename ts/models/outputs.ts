// Outputs: what a model gives, and how losses, metrics, targets and weights find their output: by name or by place.

import { flatten, isPlainObject, type Structure } from "../core/structure.js";
import { ValueError } from "../errors.js";
import type { Tensor } from "../tensor.js";

/** A model's outputs, in the order in which Keras flattens them: records by sorted key. */
export class Outputs {
  /** What logs call them; null for those of a list that a `call` of the user's returns. */
  readonly names: readonly (string | null)[];
  /** Are they a record? Then its keys are the names, and lists of losses or targets are in their order. */
  readonly keyed: boolean;
  /** Those that have a loss. */
  learned: readonly number[];

  /** `layerNames`: of the layers that make the outputs, as far as they are known. */
  constructor(tree: Structure<Tensor>, layerNames: readonly string[]) {
    this.keyed = isPlainObject(tree);
    const count = flatten<Tensor>(tree).length;
    this.names = isPlainObject(tree)
      ? Object.keys(tree)
          .sort()
          .flatMap((key) => namesUnder(key, tree[key] as Structure<Tensor>))
      : Array.from({ length: count }, (_, i) => layerNames[i] ?? null);
    this.learned = this.names.map((_, i) => i);
  }

  get count(): number {
    return this.names.length;
  }
  /** How a message calls one. */
  nameOf(output: number): string {
    return this.names[output] ?? String(output);
  }
  get all(): string {
    return this.names.includes(null) ? `${this.count}, without names: give lists` : this.names.join(", ");
  }

  /** Targets or sample weights in the order of the outputs: records by name, lists as they are. A place stays empty where there is none. */
  inOrder<T>(tree: Structure<T> | null, what = "y", isLeaf: (x: unknown) => boolean = () => false): (T | undefined)[] {
    if (tree === null) return [];
    if (isPlainObject(tree) && !isLeaf(tree)) return this.byName(what, tree as Record<string, T>);
    const list = flatten<T>(tree, isLeaf);
    if (list.length !== this.learned.length || this.keyed) return list;
    const placed: (T | undefined)[] = this.names.map(() => undefined);
    this.learned.forEach((output, i) => (placed[output] = list[i]));
    return placed;
  }

  /** The entries of a record for each output. Errors: `ValueError` for a name that no output has. */
  byName<T>(what: string, table: Readonly<Record<string, T>>): (T | undefined)[] {
    for (const key of Object.keys(table))
      if (!this.names.includes(key))
        throw new ValueError(
          `${what} names an output ${JSON.stringify(key)} that the model does not have. Outputs: ${this.all}.`,
        );
    return this.names.map((name) => (name === null ? undefined : table[name]));
  }

  /** What each output gets of something that was given once, in order or by name. */
  each<T>(what: string, given: unknown, isOne: (x: unknown) => boolean): (T | null)[] {
    if (given === null || given === undefined) return this.names.map(() => null);
    if (isOne(given)) return this.names.map(() => given as T);
    if (!Array.isArray(given)) return this.byName(`compile: ${what}`, given as Record<string, T>).map((x) => x ?? null);
    if (given.length !== this.count)
      throw new ValueError(
        `compile: ${what} has ${given.length} entries, the model has ${this.count} output(s) (${this.all}). Give one for each, or null.`,
      );
    return given as (T | null)[];
  }
}

/** The names of a structure inside a record: paths, as Keras writes them. */
function namesUnder(path: string, tree: Structure<Tensor>): string[] {
  if (Array.isArray(tree)) return tree.flatMap((t: Structure<Tensor>, i) => namesUnder(`${path}/${i}`, t));
  if (!isPlainObject(tree)) return [path];
  return Object.keys(tree)
    .sort()
    .flatMap((key) => namesUnder(`${path}/${key}`, tree[key] as Structure<Tensor>));
}

/** The sample weights of an output: its own, or those that were given once for all. */
export const weightsFor = (given: readonly (Tensor | undefined)[] | null, output: number): Tensor | undefined =>
  given?.[given.length === 1 ? 0 : output];
