// How `initializers.get("he_uniform")` and its like find an object: by name, by JSON, by class, or it is one already.

import { IdentifierError, unknownName } from "../errors.js";
import { classNameOf, FunctionObject, isClassOf, type KerasClass, KerasObject } from "./object.js";
import { type DeserializeOptions, deserializeIn, getRegisteredObject, isSerialized } from "./serialize.js";

/** One kind of object: what it is called in messages, its module, its base class, and what its names stand for. */
export interface Kind<T extends KerasObject> {
  readonly kind: string;
  readonly module: string;
  readonly base: abstract new (...args: never[]) => T;
  readonly names: { readonly [name: string]: KerasClass<T> };
  /** Do upper and lower case count as one? Default false. */
  readonly anyCase?: boolean;
  /** Functions that make one: uncalled they stand for what they make, since in Keras those names are the classes themselves. */
  readonly makers?: readonly (() => T)[];
}

/**
 * The object that an identifier stands for; null for null.
 *
 * Errors: `IdentifierError` that lists near misses.
 */
export function identify<T extends KerasObject>(kind: Kind<T>, identifier: unknown): T | null {
  if (identifier === null || identifier === undefined) return null;
  if (identifier instanceof kind.base) return identifier;
  if (isClassOf(identifier, kind.base)) return new identifier();
  if (typeof identifier === "string") {
    const name = kind.anyCase ? identifier.toLowerCase() : identifier;
    const known = Object.hasOwn(kind.names, name) ? kind.names[name] : getRegisteredObject(identifier);
    if (isClassOf(known, kind.base)) return new known();
    if (known instanceof kind.base) return known;
  } else if (isSerialized(identifier)) {
    const made = deserializeIn(kind.module, identifier);
    if (made instanceof kind.base) return made;
    const what = made !== null && typeof made === "object" ? classNameOf(made.constructor as unknown as KerasClass) : typeof made;
    throw new IdentifierError(`Expected ${withArticle(kind.kind)}, the JSON describes a ${what}.`);
  }
  throw new IdentifierError(unknownName(kind.kind, identifier, likeStyle(identifier, Object.keys(kind.names))));
}

/** As `identify`, but a plain function, and an object with a `call` of its own, stand for themselves. */
export function identifyCallable<T extends KerasObject, Like>(kind: Kind<T>, identifier: unknown): T | Like | null {
  if (typeof identifier === "function" && !(identifier.prototype instanceof KerasObject))
    return (
      kind.makers?.find((make) => make === identifier)?.() ??
      (new FunctionObject(identifier as (...args: unknown[]) => unknown) as Like)
    );
  if (typeof identifier === "object" && identifier !== null && "call" in identifier && !(identifier instanceof KerasObject))
    return identifier as Like;
  return identify(kind, identifier);
}

/** The object of this kind in Keras' JSON. Errors: `IdentifierError` when it describes something else. */
export function deserializeAs<T extends KerasObject>(
  { kind, module, base }: Pick<Kind<T>, "kind" | "module" | "base">,
  config: unknown,
  options: DeserializeOptions,
): T {
  const made = deserializeIn(module, config, options);
  if (made instanceof base) return made;
  throw new IdentifierError(`${module.split(".").at(-1)}.deserialize: the JSON does not describe ${withArticle(kind)}.`);
}

const withArticle = (noun: string): string => `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;

/** Most objects have a class name and a snake_case name: those that are written as the received one is. */
function likeStyle(received: unknown, names: readonly string[]): readonly string[] {
  const capital = (name: string): boolean => /^[A-Z]/.test(name);
  const alike = names.filter((name) => typeof received === "string" && capital(name) === capital(received));
  return alike.length > 0 ? alike : names;
}
