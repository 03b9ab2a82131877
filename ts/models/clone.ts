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
}

/**
 * A model of the same architecture with new layers, and so with new weights. Layers keep their names.
 *
 * Errors: `ValueError` for a model whose `call` is code, when `cloneFunction` returns no layer, when the number of `inputTensors` differs.
 * Example: `const copy = models.cloneModel(model); copy.setWeights(model.getWeights())`
 */
export function cloneModel(model: Model, options: CloneOptions = {}): Model {
  checkOptions("cloneModel", options, ["inputTensors", "cloneFunction"]);
  const given = options.inputTensors ?? null;
  const inputs = given === null ? null : given instanceof KerasTensor ? [given] : given;
  const copyOf = (layer: Layer): Layer => {
    const copy = options.cloneFunction && !(layer instanceof InputLayer) ? options.cloneFunction(layer) : sameConfig(layer);
    if (copy instanceof Layer) return copy;
    throw new ValueError(`cloneModel: cloneFunction must return a layer for ${layer.name}, it returned ${typeof copy}.`);
  };
  if (model instanceof Sequential) {
    if (inputs && inputs.length !== 1) throw new ValueError("cloneModel: a Sequential has one input.");
    const first = inputs ? [inputs[0]!] : model.inputShape ? [new InputLayer({ batchShape: model.inputShape }).output] : [];
    return new Sequential([...first, ...model.layers.map(copyOf)], { name: model.name });
  }
  const { graph } = model;
  if (!graph)
    throw new ValueError(`cloneModel: ${model.name} computes in code; make another instance of its class instead of a clone.`);
  return cloneGraph(graph, model, inputs, copyOf);
}

const sameConfig = (layer: Layer): Layer =>
  layer instanceof Model ? cloneModel(layer) : deserialize<Layer>({ ...serialize(layer), build_config: null });

function cloneGraph(
  graph: FunctionalGraph,
  model: Model,
  given: readonly KerasTensor[] | null,
  copyOf: (layer: Layer) => Layer,
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
  const layers = new Map<Layer, Layer>();
  repeatCalls(graph.nodes, copies, (operation) => {
    if (!(operation instanceof Layer)) return operation;
    const known = layers.get(operation) ?? copyOf(operation);
    layers.set(operation, known);
    return known;
  });
  const copied = (tree: Structure<KerasTensor>): Structure<KerasTensor> =>
    mapStructure<KerasTensor, KerasTensor>(tree, (t) => copies.get(t)!);
  const own = model.constructor as typeof Model;
  return new own(copied(graph.inputs), copied(graph.outputs), { name: model.name });
}
