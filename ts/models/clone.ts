// cloneModel: the same architecture with layers and weights of its own.

import { mapStructure, type Structure } from "../core/structure.js";
import { checkOptions, ValueError } from "../errors.js";
import { InputLayer } from "../layers/input.js";
import { Layer } from "../layers/layer.js";
import { deserialize, serialize } from "../saving/serialize.js";
import { KerasTensor } from "../symbolic/kerasTensor.js";
import { type FunctionalGraph, repeatCalls } from "./functionalGraph.js";
import { Model } from "./model.js";
import { Sequential } from "./sequential.js";

export interface CloneOptions {
  /** Symbolic tensors in the places of the model's inputs, in order. */
  inputTensors?: KerasTensor | readonly KerasTensor[] | null;
  /** Makes the copy of a layer; returns the layer itself to share it. Default: a layer of the same config. */
  cloneFunction?: ((layer: Layer) => Layer) | null;
  /**
   * Calls a copied layer in a functional model, with what the layer was called with. Default: `(layer, ...args) => layer.apply(...args)`; one that
   * puts a Dropout behind each Dense calls both.
   */
  callFunction?: ((layer: Layer, ...args: never[]) => unknown) | null;
  /** Do both functions see the layers of models inside too, instead of these models as layers? */
  recursive?: boolean;
}

/**
 * A model of the same architecture with new layers, and so with new weights. Layers keep their names; a compiled model's copy is compiled as it is.
 *
 * Errors: `ValueError` for a function that has nothing to work on (a model whose `call` is code is copied by its config, a Sequential calls no
 * layers), when `cloneFunction` returns no layer, when the number of `inputTensors` differs.
 * Example: `const copy = models.cloneModel(model); copy.setWeights(model.getWeights())`
 */
export function cloneModel(model: Model, options: CloneOptions = {}): Model {
  checkOptions("cloneModel", options, ["inputTensors", "cloneFunction", "callFunction", "recursive"]);
  return copyModel(model, options, new Map());
}

/** `known`: the copies that were made, so that a layer which is used twice stays one layer. */
function copyModel(model: Model, options: CloneOptions, known: Map<Layer, Layer>): Model {
  const { inputTensors: given = null, cloneFunction, callFunction, recursive } = options;
  const inputs = given === null ? null : given instanceof KerasTensor ? [given] : given;
  const copyOf = (layer: Layer): Layer => {
    let copy = known.get(layer);
    if (copy) return copy;
    const inside = recursive && layer instanceof Model && (layer instanceof Sequential || layer.graph);
    if (inside) copy = copyModel(layer, { cloneFunction, callFunction: layer.graph ? callFunction : null, recursive }, known);
    else copy = cloneFunction && !(layer instanceof InputLayer) ? cloneFunction(layer) : sameConfig(layer);
    if (!(copy instanceof Layer))
      throw new ValueError(`cloneModel: cloneFunction must return a layer for ${layer.name}, it returned ${typeof copy}.`);
    known.set(layer, copy);
    return copy;
  };
  if (callFunction && !model.graph) throw new ValueError("cloneModel: callFunction is for functional models.");
  if (model instanceof Sequential) {
    if (inputs && inputs.length !== 1) throw new ValueError("cloneModel: a Sequential has one input.");
    const first = inputs ? [inputs[0]!] : model.inputShape ? [new InputLayer({ batchShape: model.inputShape }).output] : [];
    const copy = new Sequential([...first, ...model.layers.map(copyOf)], { name: model.name });
    return compiledAs(model, copy);
  }
  if (model.graph) return compiledAs(model, cloneGraph(model.graph, model, inputs, copyOf, callFunction ?? null));
  if (inputs || cloneFunction)
    throw new ValueError(
      `cloneModel: ${model.name} computes in code: its layers and inputs are not known, only its config is copied.`,
    );
  const own = model.constructor as typeof Model;
  return own.fromConfig(model.getConfig()) as unknown as Model;
}

function compiledAs(model: Model, copy: Model): Model {
  if (!model.trainable) copy.trainable = false;
  if (model.compiled) copy.compileFromConfig(model.getCompileConfig());
  return copy;
}

const sameConfig = (layer: Layer): Layer =>
  layer instanceof Model ? cloneModel(layer) : deserialize<Layer>({ ...serialize(layer), build_config: null });

function cloneGraph(
  graph: FunctionalGraph,
  model: Model,
  given: readonly KerasTensor[] | null,
  copyOf: (layer: Layer) => Layer,
  callFunction: ((layer: Layer, ...args: never[]) => unknown) | null,
): Model {
  if (given && given.length !== graph.inputList.length)
    throw new ValueError(
      `cloneModel: ${model.name} has ${graph.inputList.length} inputs, received ${given.length} inputTensors.`,
    );
  const copies = new Map<KerasTensor, KerasTensor>();
  graph.inputList.forEach((t, i) => {
    const input = t.history.operation as unknown as Layer;
    copies.set(t, given?.[i] ?? (copyOf(input) as InputLayer).output);
  });
  repeatCalls(graph.nodes, copies, (operation) => {
    if (!(operation instanceof Layer)) return operation;
    const layer = copyOf(operation);
    return callFunction ? { apply: (...args: never[]) => callFunction(layer, ...args) } : layer;
  });
  const copied = (tree: Structure<KerasTensor>): Structure<KerasTensor> =>
    mapStructure<KerasTensor, KerasTensor>(tree, (t) => copies.get(t)!);
  const own = model.constructor as typeof Model;
  return new own(copied(graph.inputs), copied(graph.outputs), { name: model.name });
}
