// To and from Keras' JSON objects `{ module, class_name, config, registered_name }`, and the registry of the classes in them.

import type { EdgeDType } from "../core/dtype.js";
import { checkOptions, IdentifierError, unknownName, ValueError } from "../errors.js";
import { type Nested, Tensor, tensor } from "../tensor.js";
import { toCamelCase, toSnakeName } from "./names.js";
import { type Config, classNameOf, FunctionObject, isClassOf, type KerasClass, KerasObject, optionNames } from "./object.js";

/** An object as Keras writes it into files. */
export interface SerializedObject {
  module?: string | null;
  class_name: string;
  config: unknown;
  registered_name?: string | null;
  build_config?: unknown;
  compile_config?: unknown;
}

/** Classes and functions of one's own, by class name, function name or registered name (`package>Name`). */
export type CustomObjects = { readonly [name: string]: unknown };

export interface DeserializeOptions {
  customObjects?: CustomObjects | null;
}

/** What a class may add beyond its options. All are optional. */
interface Hooks {
  /** Shapes that the object was built with, or null. */
  getBuildConfig?(): object | null;
  buildFromConfig?(config: unknown): void;
  /** How a model was compiled, in Keras' JSON form, or null. */
  getCompileConfig?(): object | null;
  compileFromConfig?(config: unknown, options: DeserializeOptions): void;
}
interface ClassHooks {
  /** Takes the config as it stands in the file: snake_case, nested objects still JSON. For classes with a structure of their own. */
  fromSerialized?(config: unknown, options: DeserializeOptions, whole: SerializedObject): KerasObject;
}

// ---- the registry

interface Entry {
  module: string;
  name: string;
  own: KerasClass;
}
const entries: Entry[] = [];
const byKey = new Map<string, Entry>();
const byClass = new Map<unknown, Entry>();
const functions = new Map<string, (...args: never[]) => unknown>();
const functionNames = new Map<unknown, string>();
/** Registered by users, under `package>Name`. */
const custom = new Map<string, unknown>();
const customNames = new Map<unknown, string>();
let scopes: CustomObjects[] = [];
/** Functions that stand for an object, as an activation does for a layer: written as that object. */
const standIns = new WeakMap<object, KerasObject>();

/** Makes a class of Keras' known to `deserialize`. Classes call this beside their definition. */
export function registerClass(module: string, own: abstract new (...args: never[]) => KerasObject): void {
  const entry = { module, name: classNameOf(own as unknown as KerasClass), own: own as unknown as KerasClass };
  entries.push(entry);
  byKey.set(`${module}>${entry.name}`, entry);
  byClass.set(own, entry);
}

/** Makes a function of Keras' (an activation, a loss) known under its snake_case name; the first name is the one it is written as. */
export function registerFunction(name: string, body: (...args: never[]) => unknown): void {
  if (!functions.has(name)) functions.set(name, body);
  if (!functionNames.has(body)) functionNames.set(body, name);
}

/** From here on `body` is written as `object` is. */
export function standFor(body: (...args: never[]) => unknown, object: KerasObject): void {
  standIns.set(body, object);
}

/**
 * Makes a class or function of one's own known under `package>Name`, so that files with it load without `customObjects`.
 *
 * Example: `saving.registerKerasSerializable({ package: "mine" })(MyLayer)`
 */
export function registerKerasSerializable(options: { package?: string; name?: string | null } = {}): <T>(own: T) => T {
  checkOptions("registerKerasSerializable", options, ["package", "name"]);
  return (own) => {
    if (typeof own !== "function") throw new ValueError("registerKerasSerializable: expected a class or a named function.");
    const name = options.name ?? plainName(own);
    if (name === "") throw new ValueError("registerKerasSerializable: an anonymous function needs a name: { name: … }.");
    const registered = `${options.package ?? "Custom"}>${name}`;
    custom.set(registered, own);
    customNames.set(own, registered);
    return own;
  };
}

/** Runs `body` with classes and functions of one's own known by name; objects nest, the innermost wins. */
export function customObjectScope<T>(customObjects: CustomObjects, body: () => T): T {
  const before = scopes;
  scopes = [...scopes, customObjects];
  try {
    return body();
  } finally {
    scopes = before;
  }
}

/** All that users registered, by registered name. */
export const getCustomObjects = (): Record<string, unknown> => Object.fromEntries(custom);

/** The name that a class or function goes by in files: `package>Name` when it was registered. */
export const getRegisteredName = (own: unknown): string => customNames.get(own) ?? plainName(own);

/** What is registered or in scope under a name, or null. */
export const getRegisteredObject = (name: string, options: DeserializeOptions = {}): unknown => findCustom(name, options) ?? null;

const plainName = (own: unknown): string => {
  if (typeof own !== "function") return "";
  return own.prototype instanceof KerasObject ? classNameOf(own as unknown as KerasClass) : own.name;
};

function findCustom(name: string | null | undefined, options: DeserializeOptions): unknown {
  if (!name) return undefined;
  for (const objects of [options.customObjects ?? {}, ...[...scopes].reverse()])
    if (Object.hasOwn(objects, name)) return objects[name];
  return custom.get(name);
}

// ---- to JSON

/**
 * An object as Keras' JSON. Values that are none (numbers, strings, lists, tensors) pass through; activation functions become their names.
 *
 * Errors: `ValueError` for an anonymous function, which nothing could find again.
 * Example: `saving.serialize(new initializers.Zeros()) // { module: "keras.initializers", class_name: "Zeros", config: {}, registered_name: null }`
 */
export function serialize(value: KerasObject): SerializedObject;
export function serialize(value: unknown): unknown;
export function serialize(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (value instanceof KerasObject) return serializeObject(value);
  if (value instanceof FunctionObject) return serializeFunction(value.body);
  if (value instanceof Tensor) return { class_name: "__tensor__", config: { value: value.array(), dtype: value.dtype } };
  if (Array.isArray(value)) return value.map((v) => serialize(v));
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (typeof value === "function") return serializeFunction(value);
  if (typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, serialize(v)]));
  return value;
}

function serializeObject(x: KerasObject & Hooks): SerializedObject {
  const config = Object.fromEntries(Object.entries(x.getConfig()).map(([k, v]) => [toSnakeName(k), serialize(v)]));
  const out = written(x.constructor as unknown as KerasClass, config);
  const built = x.getBuildConfig?.();
  if (built) out.build_config = built;
  const compiled = x.getCompileConfig?.();
  if (compiled) out.compile_config = compiled;
  return out;
}

function written(own: KerasClass, config: unknown): SerializedObject {
  const entry = byClass.get(own);
  return entry
    ? // What is not public in Keras has a name of its own in files.
      {
        module: entry.module,
        class_name: entry.name,
        config,
        registered_name: entry.module.startsWith("keras.src.") ? entry.name : null,
      }
    : { module: null, class_name: classNameOf(own), config, registered_name: getRegisteredName(own) };
}

function serializeFunction(body: object): unknown {
  const object = standIns.get(body);
  if (object) return serializeObject(object);
  const known = functionNames.get(body);
  if (known !== undefined) return known;
  // Where a class will do, it stands for what it makes without options.
  if (isClassOf(body, KerasObject)) return written(body, {});
  const name = getRegisteredName(body);
  if (name === "")
    throw new ValueError(
      "serialize: an anonymous function cannot be written; name it and register it with saving.registerKerasSerializable.",
    );
  return { module: "builtins", class_name: "function", config: name, registered_name: "function" };
}

// ---- from JSON

/** Files are hostile until read: deeper nesting than this is no model. */
const MAX_DEPTH = 100;
let depth = 0;

/** Does it look like `{ class_name, config }`? */
export const isSerialized = (value: unknown): value is SerializedObject =>
  typeof value === "object" && value !== null && typeof (value as SerializedObject).class_name === "string" && "config" in value;

/**
 * The object that JSON of Keras' describes. Nested objects in its config are made too; unknown config keys of Keras' classes are left out.
 *
 * `customObjects` gives classes and functions of one's own by name. Errors: `IdentifierError` for a class or function that nobody knows,
 * with near misses; whatever the constructor throws.
 */
export function deserialize<T = KerasObject>(json: unknown, options: DeserializeOptions = {}): T {
  return revive(json, options, null) as T;
}

/** `deserialize` for JSON that may lack a module: `module` says where such a class is looked for. */
export function deserializeIn(module: string, json: unknown, options: DeserializeOptions = {}): unknown {
  return revive(json, options, module);
}

function revive(json: unknown, options: DeserializeOptions, module: string | null): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (++depth > MAX_DEPTH) {
    depth--;
    throw new ValueError(`deserialize: objects are nested more than ${MAX_DEPTH} deep.`);
  }
  try {
    if (Array.isArray(json)) return json.map((v) => revive(v, options, null));
    if (isSerialized(json)) return reviveObject(json, options, module);
    return Object.fromEntries(Object.entries(json).map(([k, v]) => [k, revive(v, options, null)]));
  } finally {
    depth--;
  }
}

/** What stays JSON: the class that holds it knows what it is. */
const PLAIN = new Set(["__keras_tensor__", "__slice__", "__ellipsis__", "__bytes__", "__lambda__", "__typespec__"]);

function reviveObject(json: SerializedObject, options: DeserializeOptions, module: string | null): unknown {
  const name = json.class_name;
  if (name === "__tensor__" || name === "__numpy__") {
    const { value, dtype } = (json.config ?? {}) as { value: Nested; dtype?: EdgeDType };
    return tensor(value, dtype === undefined ? {} : { dtype });
  }
  if (PLAIN.has(name)) return json;
  if (name === "function") return reviveFunction(String(json.config), options);
  const own = findClass(json, options, module);
  const hooks = own as KerasClass & ClassHooks;
  const made: KerasObject & Hooks = hooks.fromSerialized
    ? hooks.fromSerialized(json.config, options, json)
    : own.fromConfig(knownOptions(own, reviveConfig(json.config, name, options)));
  if (json.build_config && made.buildFromConfig) made.buildFromConfig(json.build_config);
  // A model that was not compiled may say so by an empty object.
  if (Object.keys(json.compile_config ?? {}).length > 0) made.compileFromConfig?.(json.compile_config, options);
  return made;
}

/** Config of the JSON form as options: names in camelCase, nested objects made. */
export function reviveConfig(config: unknown, name: string, options: DeserializeOptions = {}): Config {
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new ValueError(
      `deserialize: the config of ${name} must be an object, received ${config === null ? "null" : typeof config}.`,
    );
  }
  return Object.fromEntries(Object.entries(config).map(([k, v]) => [toCamelCase(k), revive(v, options, null)]));
}

/**
 * The options that a class of Keras' declares; files of other versions have more. A class that reads its config in its own `fromConfig`,
 * and a class of one's own, gets all of them.
 */
export function knownOptions(own: KerasClass, config: Config): Config {
  if (!byClass.has(own) || (own.fromConfig as unknown) !== KerasObject.fromConfig) return config;
  const names = optionNames(own);
  return Object.fromEntries(Object.entries(config).filter(([k]) => names.includes(k)));
}

function findClass(json: SerializedObject, options: DeserializeOptions, module: string | null): KerasClass {
  const name = json.class_name;
  const own = findCustom(json.registered_name, options) ?? findCustom(name, options);
  if (own !== undefined) {
    if (typeof own === "function" && own.prototype instanceof KerasObject) return own as unknown as KerasClass;
    throw new ValueError(
      `deserialize: customObjects has ${JSON.stringify(name)}, which is not a class that extends one of keratin's.`,
    );
  }
  const at = json.module ?? module ?? "";
  const exact = byKey.get(`${at}>${name}`);
  if (exact) return exact.own;
  // Private module paths changed over the years: the class name decides, the path only between namesakes.
  const namesakes = entries.filter((e) => e.name === name);
  const alike = namesakes.length === 1 ? namesakes : namesakes.filter((e) => at.split(".").includes(e.module.split(".").at(-1)!));
  if (alike.length === 1 && (at === "" || at.includes("keras"))) return alike[0]!.own;
  const near = entries.filter((e) => e.module === at);
  const known = [...new Set((near.length > 0 ? near : entries).map((e) => e.name))].sort();
  throw new IdentifierError(
    `${unknownName(at ? `class of ${at}` : "class", name, known)} A class of your own goes into customObjects: { ${name} }.`,
  );
}

function reviveFunction(name: string, options: DeserializeOptions): unknown {
  const found = findCustom(name, options) ?? functions.get(name);
  if (typeof found === "function") return found;
  throw new IdentifierError(
    `${unknownName("function", name, [...functions.keys()].sort())} A function of your own goes into customObjects.`,
  );
}
