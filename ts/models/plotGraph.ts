// The drawing of a model before it has places: boxes with their texts, frames around nested models, and who feeds whom.

import * as activations from "../activations.js";
import { leavesOf, type PartialShape, type Structure, shapeText } from "../core/structure.js";
import { ValueError } from "../errors.js";
import { classNameOf, Layer } from "../layers/layer.js";
import type { KerasTensor } from "../symbolic/kerasTensor.js";
import type { Operation } from "../symbolic/node.js";
import type { OpCall } from "../symbolic/operation.js";
import { Model } from "./model.js";
import { Sequential } from "./sequential.js";

/** What a box says beyond the class of its layer. */
export interface PlotDetails {
  showShapes: boolean;
  showDtype: boolean;
  showLayerNames: boolean;
  showLayerActivations: boolean;
  showTrainable: boolean;
  expandNested: boolean;
}

/** A caption and a value, `Output shape:` and `(None, 4)`; a value that is a judgement has its colour. */
export interface PlotCell {
  caption: string;
  value: string;
  fill?: string;
}

export interface PlotBox {
  id: string;
  /** The frame that it lies in, or null. */
  frame: string | null;
  name: string;
  /** In bold, and what follows it. */
  title: readonly [bold: string, plain: string];
  activation: PlotCell | null;
  /** Side by side below the title. */
  cells: readonly PlotCell[];
}

export interface PlotFrame {
  id: string;
  frame: string | null;
  name: string;
}

export interface PlotGraph {
  boxes: PlotBox[];
  frames: PlotFrame[];
  edges: { from: string; to: string }[];
}

/** Where edges to and from an operation end: at its box, or at boxes in its frame. */
interface Ends {
  into(input: number): string | undefined;
  outOf(output: number): string | undefined;
}

/** Boxes and edges of a built model. A model whose `call` is code is one box. */
export function plotGraph(model: Model, details: PlotDetails): PlotGraph {
  const graph: PlotGraph = { boxes: [], frames: [], edges: [] };
  const drawer = new Drawer(graph, details);
  if (isDrawn(model)) drawer.inside(model, null, "");
  else drawer.box(model, null, "", [], []);
  return graph;
}

const isDrawn = (x: unknown): x is Model => x instanceof Sequential || (x instanceof Model && x.graph !== null);

class Drawer {
  readonly graph: PlotGraph;
  readonly details: PlotDetails;
  readonly #drawn = new Set<string>();

  constructor(graph: PlotGraph, details: PlotDetails) {
    this.graph = graph;
    this.details = details;
  }

  inside(model: Model, frame: string | null, path: string): Ends {
    return model instanceof Sequential ? this.#stack(model, frame, path) : this.#calls(model, frame, path);
  }

  /** Layers one after the other, without the InputLayer, as Keras draws them. */
  #stack(model: Sequential, frame: string | null, path: string): Ends {
    let shape: Structure<PartialShape> | null = model.inputShape;
    const ends = model.layers.map((layer) => {
      const before = shape;
      shape = model.shapeOf(layer);
      const texts = (s: Structure<PartialShape> | null): Described[] =>
        s ? [{ shape: s as PartialShape, dtype: layer.computeDtype }] : [];
      return this.#operation(layer, frame, path, texts(before), texts(shape));
    });
    ends.slice(1).forEach((end, i) => {
      this.#edge(ends[i]!.outOf(0), end.into(0));
    });
    return { into: (i) => ends[0]?.into(i), outOf: (i) => ends.at(-1)?.outOf(i) };
  }

  /** The calls of a functional model. A layer that is called twice is one box with the edges of both. */
  #calls(model: Model, frame: string | null, path: string): Ends {
    const graph = model.graph!;
    const ends = new Map<Operation, Ends>();
    for (const operation of graph.operations) {
      const node = graph.nodes.find((n) => n.operation === operation)!;
      const outputs = node.outputs as readonly Described[];
      // An Input receives what it gives.
      const inputs = node.inputs.length > 0 ? (node.inputs as readonly Described[]) : outputs;
      ends.set(operation, this.#operation(operation, frame, path, inputs, outputs));
    }
    const outOf = (t: KerasTensor): string | undefined => ends.get(t.history.operation)?.outOf(t.history.index);
    for (const node of graph.nodes) {
      const { operation } = node;
      // A functional model may be given its inputs as a record: then their names say which is which.
      const inner = operation instanceof Model ? operation.graph : null;
      const inputs = inner ? inner.arranged(node.args[0] as Structure<KerasTensor>, operation.name) : node.inputs;
      inputs.forEach((t, i) => {
        this.#edge(outOf(t), ends.get(operation)!.into(i));
      });
    }
    const outputs = leavesOf<KerasTensor>(graph.outputs);
    return {
      into: (i) => ends.get(graph.inputList[i]!.history.operation)?.into(0),
      outOf: (i) => outOf(outputs[i]!),
    };
  }

  #operation(
    operation: Operation,
    frame: string | null,
    path: string,
    inputs: readonly Described[],
    outputs: readonly Described[],
  ): Ends {
    const id = path + operation.name;
    if (!this.details.expandNested || !isDrawn(operation)) return this.box(operation, frame, path, inputs, outputs);
    this.graph.frames.push({ id, frame, name: operation.name });
    return this.inside(operation, id, `${id}/`);
  }

  box(
    operation: Operation,
    frame: string | null,
    path: string,
    inputs: readonly Described[],
    outputs: readonly Described[],
  ): Ends {
    const { showShapes, showDtype, showLayerNames, showLayerActivations, showTrainable } = this.details;
    const layer = operation instanceof Layer ? operation : null;
    const className = layer ? classNameOf(layer) : (operation as OpCall).className;
    const cells: PlotCell[] = [];
    if (showShapes)
      cells.push(
        { caption: "Input shape: ", value: shapesText(inputs) },
        { caption: "Output shape: ", value: shapesText(outputs) },
      );
    if (showDtype) cells.push({ caption: "Output dtype: ", value: listText(outputs.map((t) => t.dtype)) });
    if (showTrainable && layer && layer.weights.length > 0)
      cells.push({
        caption: "",
        value: layer.trainable ? "Trainable" : "Non-trainable",
        fill: layer.trainable ? "forestgreen" : "firebrick",
      });
    const id = path + operation.name;
    const activation = layer && showLayerActivations ? activationOf(layer) : null;
    this.graph.boxes.push({
      id,
      frame,
      name: operation.name,
      title: showLayerNames ? [operation.name, ` (${className})`] : [className, ""],
      activation: activation === null ? null : { caption: "Activation: ", value: activation },
      cells,
    });
    return { into: () => id, outOf: () => id };
  }

  #edge(from: string | undefined, to: string | undefined): void {
    if (from === undefined || to === undefined) return;
    const key = JSON.stringify([from, to]);
    if (this.#drawn.has(key)) return; // both inputs of x + x
    this.#drawn.add(key);
    this.graph.edges.push({ from, to });
  }
}

/** What is written about a tensor. */
interface Described {
  readonly shape: PartialShape;
  readonly dtype: string;
}

const listText = (texts: readonly string[]): string =>
  texts.length === 0 ? "?" : texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;

const shapesText = (tensors: readonly Described[]): string => listText(tensors.map((t) => shapeText(t.shape)));

/** The name of a layer's activation, or null when it has none. */
function activationOf(layer: Layer): string | null {
  const { activation } = layer as { activation?: activations.ActivationIdentifier };
  if (activation === undefined || activation === null) return null;
  try {
    const json = activations.serialize(activation);
    return typeof json === "string" ? json : json.class_name === "function" ? String(json.config) : json.class_name;
  } catch (error) {
    if (error instanceof ValueError) return "(anonymous)"; // a function without a name has no JSON either
    throw error;
  }
}
