// The graph of a functional model as Keras' JSON, and back: layers and ops in order, each with the calls that it takes part in.

import { isPlainObject, leavesOf, mapStructure, type Structure } from "../core/structure.js";
import { ValueError } from "../errors.js";
import { Layer } from "../layers/layer.js";
import { toCamelCase, toSnakeName } from "../saving/names.js";
import { type DeserializeOptions, deserialize, serialize } from "../saving/serialize.js";
import { KerasTensor } from "../symbolic/kerasTensor.js";
import type { Node, Operation } from "../symbolic/node.js";
import { OpCall, opNamed } from "../symbolic/operation.js";
import type { FunctionalGraph } from "./functionalGraph.js";

type Json = Record<string, unknown>;
/** Name of an operation, which of its calls, which of the results. */
type Triple = readonly [string, number, number];

/** Is the operation a functional model? Keras counts its calls differently at the ends of a graph. */
type IsFunctional = (operation: Operation) => boolean;

// ---- to JSON

/** `layers`, `input_layers` and `output_layers` of the config. */
export function graphConfig(
  graph: FunctionalGraph,
  isFunctional: IsFunctional,
): { layers: Json[]; inputLayers: unknown; outputLayers: unknown } {
  // Calls are counted within the model: a layer may be called elsewhere too.
  const inModel = new Set(graph.nodes);
  const indexOf = (node: Node): number => node.operation.inboundNodes.filter((n) => inModel.has(n)).indexOf(node);
  const triple = (t: KerasTensor, shift: IsFunctional): Triple => {
    const { operation, node, index } = t.history;
    const at = indexOf(operation.inboundNodes[node]!);
    return [operation.name, shift(operation) ? at + 1 : at, index];
  };
  const tensorJson = (t: KerasTensor): Json => ({
    class_name: "__keras_tensor__",
    config: { shape: t.shape, dtype: t.dtype, keras_history: triple(t, () => false) },
  });
  const plain = (x: unknown): unknown => {
    if (x instanceof KerasTensor) return tensorJson(x);
    if (Array.isArray(x)) return x.map(plain);
    if (isPlainObject(x)) return Object.fromEntries(Object.entries(x).map(([k, v]) => [toSnakeName(k), plain(v)]));
    return serialize(x);
  };
  const layers = graph.operations.map((operation): Json => {
    const nodes = operation.inboundNodes.filter((n) => inModel.has(n));
    if (operation instanceof OpCall) {
      const { args, config } = splitArguments(operation.op, nodes[0]!.args);
      return {
        module: `keras.src.ops.${moduleOf(operation.op)}`,
        class_name: operation.className,
        config: { name: operation.name, ...(plain(config) as Json) },
        registered_name: operation.className,
        name: operation.name,
        inbound_nodes: [{ args: args.map(plain), kwargs: {} }],
      };
    }
    return {
      ...(serialize(operation as unknown as Layer) as object),
      name: operation.name,
      inbound_nodes: nodes.filter((n) => n.inputs.length > 0).map((n) => ({ args: n.args.map(plain), kwargs: plain(n.options) })),
    };
  });
  const ends = (tree: Structure<KerasTensor>): unknown =>
    mapStructure<KerasTensor, unknown>(tree, (t) => triple(t, isFunctional));
  return { layers, inputLayers: ends(graph.inputs), outputLayers: ends(graph.outputs) };
}

/**
 * Parameters of ops that are no tensors but have no default: in Keras they are the op's config, here arguments after the tensors (before
 * them for einsum).
 */
const SETTINGS: Readonly<Record<string, readonly string[]>> = {
  adaptiveAveragePool: ["outputSize"],
  adaptiveMaxPool: ["outputSize"],
  argpartition: ["kth"],
  arraySplit: ["indicesOrSections"],
  averagePool: ["poolSize"],
  batchNormalization: ["axis"],
  broadcastTo: ["shape"],
  cast: ["dtype"],
  clip: ["xMin", "xMax"],
  digitize: ["bins"],
  dsplit: ["indicesOrSections"],
  einsum: ["subscripts"],
  expandDims: ["axis"],
  getItem: ["key"],
  hsplit: ["indicesOrSections"],
  inTopK: ["k"],
  maxPool: ["poolSize"],
  moments: ["axes"],
  moveaxis: ["source", "destination"],
  oneHot: ["numClasses"],
  pad: ["padWidth"],
  repeat: ["repeats"],
  reshape: ["newshape"],
  roll: ["shift"],
  slice: ["shape"],
  split: ["indicesOrSections"],
  swapaxes: ["axis1", "axis2"],
  threshold: ["threshold", "defaultValue"],
  tile: ["repeats"],
  topK: ["k"],
  vsplit: ["indicesOrSections"],
};
/** Where Keras keeps the class of an op; all others are in `numpy`. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  nn: [
    "averagePool", "adaptiveAveragePool", "adaptiveMaxPool", "batchNormalization", "binaryCrossentropy", "categoricalCrossentropy", "celu", "conv",
    "convTranspose", "depthwiseConv", "dotProductAttention", "elu", "gelu", "glu", "hardShrink", "hardSigmoid", "hardSilu", "hardTanh",
    "layerNormalization", "leakyRelu", "logSigmoid", "logSoftmax", "maxPool", "moments", "multiHot", "normalize", "oneHot", "psnr", "relu", "relu6",
    "rmsNormalization", "selu", "separableConv", "sigmoid", "silu", "softShrink", "softmax", "softplus", "softsign", "sparseCategoricalCrossentropy",
    "sparsePlus", "sparseSigmoid", "sparsemax", "squareplus", "tanhShrink", "threshold", "unfold",
  ], // biome-ignore format: a list
  math: ["erf", "erfinv", "extractSequences", "inTopK", "logdet", "logsumexp", "rsqrt", "segmentMax", "segmentSum", "topK"],
  core: ["cast", "scan", "scatter", "scatterUpdate", "slice", "sliceUpdate", "stopGradient", "unstack"],
  linalg: ["norm", "det", "inv", "solve", "qr", "svd", "cholesky", "eigh"],
}; // biome-ignore format: a list

const moduleOf = (op: string): string =>
  op.startsWith("image.") ? "image" : (Object.keys(MODULES).find((m) => MODULES[m]!.includes(op)) ?? "numpy");
/** Keras' form of a call: what the op's `call` takes, and what its constructor takes. */
function splitArguments(op: string, given: readonly unknown[]): { args: unknown[]; config: Json } {
  const settings = SETTINGS[op] ?? [];
  const list = [...given];
  const last = list.at(-1);
  const options = list.length > 1 && isPlainObject(last) ? (list.pop() as Json) : {};
  const taken = op === "einsum" ? list.splice(0, 1) : list.splice(Math.max(1, list.length - settings.length), settings.length);
  const config = Object.fromEntries(settings.map((name, i) => [name, taken[i]]).filter(([, v]) => v !== undefined));
  return { args: list, config: { ...config, ...options } };
}

/** Back: the arguments of the function. */
function joinArguments(op: string, args: readonly unknown[], config: Json): unknown[] {
  const settings = SETTINGS[op] ?? [];
  const options = Object.fromEntries(Object.entries(config).filter(([k]) => k !== "name" && !settings.includes(k)));
  const own = settings.filter((name) => config[name] !== undefined).map((name) => config[name]);
  const all = op === "einsum" ? [...own, ...args] : [...args, ...own];
  return Object.keys(options).length > 0 ? [...all, options] : all;
}

// ---- from JSON

/** The symbolic inputs and outputs that a config describes, with fresh layers. */
export function graphFromConfig(
  config: Json,
  options: DeserializeOptions,
  isFunctional: IsFunctional,
): { inputs: Structure<KerasTensor>; outputs: Structure<KerasTensor> } {
  const list = config.layers;
  if (!Array.isArray(list)) throw new ValueError("deserialize: the config of a functional model must have a list of layers.");
  const made = new Map<string, Made>();
  const waiting = new Map<Made, unknown[]>();
  for (const item of list as unknown[]) {
    if (!isPlainObject(item)) throw new ValueError("deserialize: a layer of a functional model must be an object.");
    const { inbound_nodes: calls, name: itemName, ...json } = item;
    const entry = makeOperation(json, options);
    made.set(String(itemName ?? entry.name), entry);
    if (Array.isArray(calls) && calls.length > 0) waiting.set(entry, [...calls]);
  }
  const tensorAt = (triple: unknown, shifted: boolean): KerasTensor | undefined => {
    const [name, node, index] = triple as Triple;
    const entry = made.get(String(name));
    if (!entry) throw new ValueError(`deserialize: the model names layer ${JSON.stringify(name)}, which it does not have.`);
    const shift = shifted && entry.operation !== null && isFunctional(entry.operation) ? 1 : 0;
    return entry.calls[node - shift]?.[index];
  };
  while (waiting.size > 0) {
    let progress = false;
    for (const [entry, calls] of waiting) {
      while (calls.length > 0) {
        const ready = argumentsOf(calls[0], (t) => tensorAt(t, false), options);
        if (!ready) break;
        entry.call(ready.args, ready.kwargs);
        calls.shift();
        progress = true;
      }
      if (calls.length === 0) waiting.delete(entry);
    }
    if (!progress)
      throw new ValueError(
        `deserialize: invalid functional model: the inputs of ${[...waiting.keys()].map((e) => JSON.stringify(e.name)).join(", ")} are never made: these calls wait for each other in a cycle.`,
      );
  }
  const ends = (what: string): Structure<KerasTensor> => {
    const tree = config[what];
    if (tree === undefined) throw new ValueError(`deserialize: the config of a functional model lacks ${what}.`);
    return mapStructure<Triple, KerasTensor>(
      tree as Structure<Triple>,
      (triple) => {
        const t = tensorAt(triple, true) ?? tensorAt(triple, false);
        if (!t) throw new ValueError(`deserialize: ${what} names ${JSON.stringify(triple)}, which no call makes.`);
        return t;
      },
      isTriple,
    );
  };
  return { inputs: ends("input_layers"), outputs: ends("output_layers") };
}

const isTriple = (x: unknown): boolean =>
  Array.isArray(x) && x.length >= 3 && typeof x[0] === "string" && typeof x[1] === "number" && typeof x[2] === "number";

/** A layer or op of the file, and the results of its calls so far. */
interface Made {
  readonly name: string;
  readonly operation: Operation | null;
  readonly calls: KerasTensor[][];
  call(args: unknown[], kwargs: Json): void;
}

function makeOperation(json: Json, options: DeserializeOptions): Made {
  const isOp = typeof json.module === "string" && /^keras\.(src\.)?ops\./.test(json.module);
  const calls: KerasTensor[][] = [];
  const note = (result: unknown): void => void calls.push(leavesOf<KerasTensor>(result as Structure<KerasTensor>));
  if (!isOp) {
    const layer = deserialize<Layer>(json, options);
    if (!(layer instanceof Layer)) throw new ValueError(`deserialize: ${JSON.stringify(json.class_name)} is no layer.`);
    for (const node of layer.inboundNodes) calls.push([...node.outputs]); // an Input has its tensor from the start
    return {
      name: layer.name,
      operation: layer,
      calls,
      call: (args, kwargs) => note(layer.apply(...([...args, kwargs] as never[]))),
    };
  }
  const name = String(json.class_name);
  const own = name[0]!.toLowerCase() + name.slice(1);
  const op = [own, `image.${own}`].find((candidate) => opNamed(candidate));
  if (op === undefined) throw new ValueError(`deserialize: the model calls the op ${name}, which ops does not have.`);
  const config = Object.fromEntries(
    Object.entries(isPlainObject(json.config) ? json.config : {}).map(([k, v]) => [toCamelCase(k), v]),
  );
  const call = new OpCall(op, opNamed(op)!, config.name === undefined ? null : String(config.name));
  return {
    name: call.name,
    operation: call,
    calls,
    call: (args, kwargs) => note(call.apply(...(joinArguments(op, args, { ...config, ...kwargs }) as never[]))),
  };
}

/** The arguments of a call, or null while a tensor among them is not made. */
function argumentsOf(
  call: unknown,
  find: (triple: unknown) => KerasTensor | undefined,
  options: DeserializeOptions,
): { args: unknown[]; kwargs: Json } | null {
  let missing = false;
  const tensor = (triple: unknown): unknown => {
    const t = find(triple);
    if (!t) missing = true;
    return t;
  };
  const revive = (x: unknown): unknown => {
    if (isPlainObject(x) && x.class_name === "__keras_tensor__")
      return tensor((x.config as { keras_history: unknown }).keras_history);
    if (Array.isArray(x)) return x.map(revive);
    if (isPlainObject(x) && "class_name" in x && "config" in x) return deserialize(x, options);
    if (isPlainObject(x)) return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, revive(v)]));
    return x;
  };
  const camel = (x: unknown): Json =>
    Object.fromEntries(Object.entries(isPlainObject(x) ? x : {}).map(([k, v]) => [toCamelCase(k), v]));
  let result: { args: unknown[]; kwargs: Json };
  if (isPlainObject(call)) {
    const args = Array.isArray(call.args) ? call.args.map(revive) : [];
    result = { args, kwargs: camel(revive(call.kwargs ?? {})) };
  } else {
    // Keras 2: a list of [layer, node, tensor, kwargs]; a single one is a single argument.
    const list = call as readonly unknown[];
    const triples = isTriple(list) ? [list] : (list as readonly (readonly unknown[])[]);
    const tensors = triples.map((t) => (t[0] === "_CONSTANT_VALUE" ? t[2] : tensor(t)));
    const kwargs = Object.assign({}, ...triples.map((t) => t[3] ?? {})) as Json;
    const inside = Object.fromEntries(Object.entries(kwargs).map(([k, v]) => [k, isTriple(v) ? tensor(v) : v]));
    result = { args: [tensors.length === 1 ? tensors[0] : tensors], kwargs: camel(inside) };
  }
  return missing ? null : result;
}
