// Every error that keratin throws on purpose, and the two helpers that word the most common ones.

/**
 * Base class of all errors thrown on purpose; `catch (e) { if (e instanceof KeratinError) … }`.
 * A message says where, what was expected, what was received, and how to repair it.
 */
export class KeratinError extends Error {}

/** An argument or option has a value that is not allowed. Repair: the message names the allowed values or range. */
export class ValueError extends KeratinError {}

/** Shapes do not fit together. Repair: compare the two shapes in the message; a batch axis is the usual suspect. */
export class ShapeError extends KeratinError {}

/** A dtype is unknown, or a conversion would lose information. Repair: `ops.cast` the value to the dtype that the message names. */
export class DTypeError extends KeratinError {}

/** A string names nothing that is known ("he_unifrom"). Repair: take a suggestion, or pass the object in `customObjects`. */
export class IdentifierError extends KeratinError {}

/** Data cannot be used as given: ragged arrays, lengths that differ, an empty data set. Repair: mend the data before the call. */
export class DataError extends KeratinError {}

/** A file is missing, damaged, or not of the format that it claims. Repair: fetch or write the file again. */
export class FileError extends KeratinError {}

/** A call came too early or too late: fit before compile, weights before build. Repair: make the call that the message names first. */
export class StateError extends KeratinError {}

// On the prototypes, no fields: the stack's first line is written before fields exist.
for (const [name, own] of Object.entries({
  KeratinError,
  ValueError,
  ShapeError,
  DTypeError,
  IdentifierError,
  DataError,
  FileError,
  StateError,
})) {
  own.prototype.name = name;
}

/**
 * The message for a name that nothing answers to.
 *
 * `unknownName("initializer", "he_unifrom", ["he_uniform", "zeros"])` →
 * `Unknown initializer "he_unifrom". Did you mean "he_uniform"? Known: "he_uniform", "zeros".`
 *
 * @param kind what the name should have named, in the singular: "initializer"
 * @param received what the caller passed; anything but a string is shown as it prints
 */
export function unknownName(kind: string, received: unknown, known: readonly string[]): string {
  const near = typeof received === "string" ? nearMisses(received, known) : [];
  const question = near.length > 0 ? ` Did you mean ${near.map(quote).join(" or ")}?` : "";
  const list = known.length > 0 ? ` Known: ${known.map(quote).join(", ")}.` : "";
  return `Unknown ${kind} ${show(received)}.${question}${list}`;
}

/**
 * Throws `ValueError` when `options` is not an object or has a key outside `allowedKeys`; a misspelt option must never be ignored.
 *
 * `checkOptions("Dense", { activaton: "relu" }, ["activation", "useBias"])` throws
 * `Dense: Unknown option "activaton". Did you mean "activation"? Known: "activation", "useBias".`
 *
 * `undefined` passes: it means that no options were given.
 */
export function checkOptions(where: string, options: unknown, allowedKeys: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new ValueError(`${where}: expected an object of options, received ${show(options)}. Write { name: value }.`);
  }
  for (const key of Object.keys(options)) {
    if (!allowedKeys.includes(key)) throw new ValueError(`${where}: ${unknownName("option", key, allowedKeys)}`);
  }
}

/** Up to three known names that `received` may be a slip of, nearest first. Case, `_`, `-` and spaces do not count as slips. */
function nearMisses(received: string, known: readonly string[]): string[] {
  const wanted = fold(received);
  if (wanted.length > 100) return []; // No name is that long; the distance would cost time on hostile input.
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  return known
    .map((name) => ({ name, distance: editDistance(wanted, fold(name)) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

const fold = (name: string): string => name.toLowerCase().replace(/[_\-\s]/g, "");

/** Edits that turn `a` into `b`: insertions, deletions, substitutions, and swaps of neighbours (the commonest slip of a typist). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(substitution, last[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, beforeLast[j - 2]! + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

const quote = (name: string): string => JSON.stringify(name);

/** The class of an object as its messages call it. Classes of the package say theirs: minifiers rename them. */
export function classOf(value: object): string {
  const own = value.constructor as { readonly className?: string; readonly name?: string } | undefined;
  return (own && Object.hasOwn(own, "className") ? own.className : own?.name) || "(none)";
}

/** A received value in a message: strings quoted and cut at 80 characters, objects by their class only. */
export function show(value: unknown): string {
  if (typeof value === "string") return quote(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value === "object" && value !== null) return `an object of class ${classOf(value)}`;
  return String(value);
}
