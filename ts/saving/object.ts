// KerasObject: what every configurable object shares: declared options, `getConfig`, `fromConfig`.

import { checkOptions } from "../errors.js";

/** Options of an object under their camelCase names. */
export type Config = { readonly [option: string]: unknown };

/** The class side of a KerasObject. */
export interface KerasClass<T extends KerasObject = KerasObject> {
  new (...args: never[]): T;
  readonly name: string;
  readonly className: string;
  readonly module: string;
  readonly required: readonly string[];
  readonly defaults: Config;
  fromConfig(config: Config): T;
}

/**
 * Base class of layers, initializers, constraints, regularizers, optimizers, losses, metrics and schedules.
 *
 * A subclass declares its options once, as data; checking, `getConfig` and `fromConfig` follow from that:
 *
 * ```ts
 * class Scaled extends Initializer<{ scale: number }> {
 *   static override readonly className: string = "Scaled";
 *   static override readonly defaults: Config = { scale: 1 };
 *   call(shape: readonly number[]) { return ops.full(shape, this.config.scale); }
 * }
 * new Scaled({ scale: 2 }).getConfig()   // { scale: 2 }
 * new Scaled({ sclae: 2 })               // ValueError: … Did you mean "scale"?
 * ```
 */
export abstract class KerasObject<Options extends object = object> {
  /** The class' name in files; a class of one's own that declares none goes by its JavaScript name. */
  static readonly className: string = "";
  /** The public module in Keras: `keras.layers`. */
  static readonly module: string = "";
  /** Parameters that the constructor takes by position, in order. */
  static readonly required: readonly string[] = [];
  /** Options with their Keras defaults, in the order of Keras' config. */
  static readonly defaults: Config = {};

  /** The options that the constructor got, defaults filled in. */
  protected readonly config: Readonly<Options>;

  /** Errors: `ValueError` for an option that the class does not declare. */
  constructor(options: Partial<Options> = {}) {
    const own = new.target as unknown as KerasClass;
    checkOptions(classNameOf(own), options, optionNames(own));
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    this.config = { ...own.defaults, ...Object.fromEntries(given) } as Options;
  }

  /** The options that make an equal object: `Class.fromConfig(x.getConfig())`. */
  getConfig(): Record<string, unknown> {
    const own = this.constructor as unknown as KerasClass;
    const config = this.config as Config;
    const value = (name: string): unknown => (name in config ? config[name] : (this as unknown as Config)[name]);
    return Object.fromEntries(optionNames(own).map((name) => [name, value(name)]));
  }

  /** An object from what `getConfig` returned. */
  static fromConfig<T extends KerasObject>(this: new (...args: never[]) => T, config: Config): T {
    const own = this as unknown as KerasClass<T>;
    const options = Object.fromEntries(Object.entries(config).filter(([name]) => !own.required.includes(name)));
    const args: unknown[] = [...own.required.map((name) => config[name]), options];
    return new own(...(args as never[]));
  }
}

/** All options of a class, those by position first. */
export const optionNames = (own: KerasClass): string[] => [...own.required, ...Object.keys(own.defaults)];

/** The class' name in files. */
export const classNameOf = (own: KerasClass): string =>
  Object.hasOwn(own, "className") && own.className !== "" ? own.className : own.name;

/** Is it a class (rather than a plain function) of objects of this base? */
export function isClassOf<T extends KerasObject>(
  value: unknown,
  base: abstract new (...args: never[]) => T,
): value is KerasClass<T> {
  return typeof value === "function" && (value === base || value.prototype instanceof base);
}

/** A plain function in the place of an object that is called with `.call(…)`. */
export class FunctionObject<Args extends unknown[], Result> {
  constructor(readonly body: (...args: Args) => Result) {}
  call(...args: Args): Result {
    return this.body(...args);
  }
}
