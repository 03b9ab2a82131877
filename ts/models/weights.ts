// Weights of a model to and from safetensors, named by their place in the model.

import { shapeText } from "../core/structure.js";
import { checkOptions, FileError, StateError, show, ValueError } from "../errors.js";
import { fileSystem, hasFiles } from "../formats/files.js";
import {
  readSafetensors,
  type SafetensorsData,
  type SafetensorsDtype,
  type SafetensorsEntry,
  writeSafetensors,
} from "../formats/safetensors.js";
import type { Layer } from "../layers/layer.js";
import { toSnakeCase } from "../saving/names.js";
import { classNameOf, type KerasClass } from "../saving/object.js";
import { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";

/** Where weights are read from: a file's path (Node, Deno, Bun), a URL, the bytes, or a Blob. */
export type WeightsSource = string | URL | Uint8Array | ArrayBuffer | Blob;

export interface LoadWeightsOptions {
  /** Load what fits, and warn about the rest. */
  skipMismatch?: boolean;
}

const STORED: Record<string, SafetensorsDtype> = { float32: "F32", int32: "I32", uint32: "U32", bool: "BOOL" };

/** The weights as bytes; written to `path` when there is one. */
export async function saveWeights(model: Layer, path?: string | URL): Promise<Uint8Array> {
  if (path !== undefined && !(path instanceof URL) && (typeof path !== "string" || path === ""))
    throw new ValueError(`saveWeights: expected a path, received ${show(path)}.`);
  if (/\.(h5|hdf5|keras)$/i.test(String(path)))
    throw new ValueError(
      `saveWeights: only safetensors can be written, received ${show(String(path))}. Name the file x.safetensors.`,
    );
  if (path !== undefined && !hasFiles())
    throw new FileError("saveWeights: there are no files in a page. Take the bytes that saveWeights() returns.");
  if (!model.built)
    throw new StateError(
      `${model.name}: there are no weights to save: build the model first, with build(inputShape) or by calling it on data.`,
    );
  const entries = new Map<string, SafetensorsEntry>();
  for (const [name, v] of named(model)) {
    const { data, shape, dtype } = v.value;
    entries.set(name, { dtype: STORED[dtype]!, shape, data: data as SafetensorsData });
  }
  const bytes = writeSafetensors(entries, { format: "keratin" });
  if (path !== undefined) {
    const { writeFile } = await fileSystem();
    await writeFile(path, bytes).catch((cause: unknown) => {
      throw new FileError(`saveWeights: cannot write ${path}: ${(cause as Error).message}.`, { cause });
    });
  }
  return bytes;
}

/** Reads, checks everything, then assigns. */
export async function loadWeights(model: Layer, source: WeightsSource, options: LoadWeightsOptions = {}): Promise<void> {
  checkOptions("loadWeights", options, ["skipMismatch"]);
  if (!model.built)
    throw new StateError(
      `${model.name}: build the model before loading weights, with build(inputShape) or by calling it on data.`,
    );
  const entries = readSafetensors(await bytesOf(source));
  const wanted = named(model);
  const problems: string[] = [];
  const values: [Variable, Tensor][] = [];
  for (const [name, v] of wanted) {
    const entry = entries.get(name);
    if (!entry) problems.push(`missing: ${name}`);
    else if (entry.shape.join() !== v.shape.join())
      problems.push(`shape of ${name}: the model has ${shapeText(v.shape)}, the file ${shapeText(entry.shape)}`);
    else if (entry.dtype !== STORED[v.dtype]) problems.push(`type of ${name}: the model has ${v.dtype}, the file ${entry.dtype}`);
    else values.push([v, new Tensor(entry.data as Float32Array, entry.shape, { dtype: v.dtype })]);
  }
  for (const name of entries.keys()) if (!wanted.has(name)) problems.push(`not in the model: ${name}`);
  if (problems.length > 0) {
    const text = `${model.name}: the weights in the file do not fit the model:\n  ${problems.join("\n  ")}`;
    if (!options.skipMismatch)
      throw new FileError(`${text}\nNothing was loaded. With { skipMismatch: true } the weights that fit are.`);
    console.warn(text);
  }
  for (const [v, value] of values) v.assign(value);
}

/**
 * The weights by structural names: `dense/kernel`, `dense_1/kernel`, counted by class inside the model. They do not depend on the names
 * that layers happened to get, so a second model made by the same code reads the file (Keras' own weight files count the same way).
 */
function named(model: Layer): Map<string, Variable> {
  const names = new Map<Variable, string>();
  const walk = (layer: Layer, prefix: string): void => {
    const counts = new Map<string, number>();
    for (const sub of layer.subLayers) {
      const base = toSnakeCase(classNameOf(sub.constructor as unknown as KerasClass));
      const n = counts.get(base) ?? 0;
      counts.set(base, n + 1);
      walk(sub, `${prefix}${base}${n === 0 ? "" : `_${n}`}/`);
    }
    for (const v of layer.weights) if (!names.has(v)) names.set(v, prefix + v.name);
  };
  walk(model, "");
  const found = new Map<string, Variable>();
  for (const v of model.weights) {
    const base = names.get(v)!;
    let name = base;
    for (let n = 1; found.has(name); n++) name = `${base}_${n}`;
    found.set(name, v);
  }
  return found;
}

async function bytesOf(source: WeightsSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (typeof Blob !== "undefined" && source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  const text = String(source);
  if (!hasFiles() || /^(https?|blob|data):/.test(text)) {
    const response = await fetch(text).catch((cause: unknown) => {
      throw new FileError(`loadWeights: cannot reach ${text}: ${(cause as Error).message}.`, { cause });
    });
    if (!response.ok) throw new FileError(`loadWeights: ${text} answered ${response.status} ${response.statusText}.`);
    return new Uint8Array(await response.arrayBuffer());
  }
  const { readFile } = await fileSystem();
  try {
    return new Uint8Array(await readFile(source as string | URL));
  } catch (error) {
    throw new FileError(`loadWeights: cannot read ${text}: ${(error as Error).message}.`, { cause: error });
  }
}
