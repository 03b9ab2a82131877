// `model.summary()`: gathers the rows of the table; its layout is in `summaryTable.ts`.

import { isPlainObject, isShape, type PartialShape, type Structure, shapeText } from "../core/structure.js";
import { checkOptions, ValueError } from "../errors.js";
import { classNameOf, Layer } from "../layers/layer.js";
import type { Node, Operation } from "../symbolic/node.js";
import type { OpCall } from "../symbolic/operation.js";
import type { Variable } from "../variable.js";
import type { FunctionalGraph } from "./functionalGraph.js";
import type { Model } from "./model.js";
import { formatCount, nestedPrefix, type SummaryRow, type SummaryTotal, summaryTable } from "./summaryTable.js";

export interface SummaryOptions {
  /** Characters per line. Default: 88, at most what the terminal has. */
  lineLength?: number | null;
  /** Where columns end, as fractions of the line. */
  positions?: readonly number[] | null;
  /** Receives the whole text. Default: `console.log`. */
  printFn?: ((text: string) => void) | null;
  /** Show the layers inside models that are layers. */
  expandNested?: boolean;
  showTrainable?: boolean;
  /** Only the layers from the first to the last that match these names (as regular expressions). */
  layerRange?: readonly [string, string] | null;
}

/** Prints the table of a model. Errors: `ValueError` when it is not built and has no layers to show. */
export function summary(model: Model, options: SummaryOptions = {}): void {
  checkOptions("summary", options, ["lineLength", "positions", "printFn", "expandNested", "showTrainable", "layerRange"]);
  const rows: SummaryRow[] = [];
  const links = model.graph !== null && !isLinear(model.graph) ? model.graph : null;
  collect(model, rangeOf(model, options.layerRange ?? null), 0, options.expandNested ?? false, links, rows);
  const optimizer = model.optimizer as { built?: boolean; variables?: readonly Variable[] } | null;
  const text = summaryTable({
    name: model.name,
    rows,
    totals: {
      trainable: total(model.trainableWeights),
      nonTrainable: total(model.nonTrainableWeights),
      ...(optimizer?.built && { optimizer: total(optimizer.variables ?? []) }),
    },
    lineLength: options.lineLength ?? undefined,
    positions: options.positions ?? undefined,
    showTrainable: options.showTrainable,
    terminalColumns: typeof process === "undefined" ? undefined : (process.stdout?.columns ?? undefined),
  });
  if (options.printFn) options.printFn(text);
  else console.log(text);
}

function collect(
  model: Model,
  operations: readonly Operation[],
  level: number,
  expand: boolean,
  links: FunctionalGraph | null,
  rows: SummaryRow[],
): void {
  for (const operation of operations) {
    const layer = operation instanceof Layer ? operation : null;
    const weights = layer?.weights ?? [];
    rows.push({
      layer: `${nestedPrefix(level)}${operation.name} (${layer ? classNameOf(layer) : (operation as OpCall).className})`,
      shape: outputText(layer ? shapeIn(model, layer) : shapesOfCall(operation.inboundNodes[0]!)),
      params: !layer ? "0" : layer.built ? formatCount(layer.countParams()) : "0 (unbuilt)",
      ...(links && { connectedTo: linksOf(links, operation) }),
      trainable: weights.length === 0 ? "-" : layer!.trainable ? "Y" : "N",
    });
    if (expand && layer && isModel(layer)) collect(layer, operationsOf(layer), level + 1, expand, links, rows);
  }
}

/** What the table shows: a functional model's ops too. */
const operationsOf = (model: Model): readonly Operation[] => model.graph?.operations ?? model.layers;

/** Is every call the only one of its depth, with one input, and no layer called twice? Then the table needs no links. */
function isLinear(graph: FunctionalGraph): boolean {
  const calls = graph.nodes.filter((node) => node.inputs.length > 0);
  return (
    calls.every((node, i) => node.inputs.length === 1 && (i === 0 || calls[i - 1]!.outputs.includes(node.inputs[0]!))) &&
    new Set(calls.map((node) => node.operation)).size === calls.length &&
    graph.inputList.length === 1
  );
}

/** `dense[0][0], dense_1[0][0]`: whose results the calls of an operation in the outermost graph take. */
function linksOf(graph: FunctionalGraph, operation: Operation): string {
  const inModel = operation.inboundNodes.filter((node) => graph.nodes.includes(node));
  const links = inModel.flatMap((node) =>
    node.inputs.map(({ history }) => `${history.operation.name}[${history.node}][${history.index}]`),
  );
  return links.length > 0 ? links.join(", ") : "-";
}

const shapesOfCall = (node: Node): Structure<PartialShape> =>
  node.outputs.length === 1 ? (node.outputs[0]!.shape as PartialShape) : node.outputs.map((t) => t.shape as PartialShape);

const isModel = (layer: Layer): layer is Model => "layers" in layer && "trainer" in layer;

/** Output shape of a layer: what the model knows, else what it gives for the shape that it was built with. */
function shapeIn(model: Model, layer: Layer): Structure<PartialShape> | null {
  const known = (model as { shapeOf?: (layer: Layer) => Structure<PartialShape> | null }).shapeOf?.(layer);
  if (known) return known;
  const call = layer.inboundNodes.at(-1);
  if (call) return shapesOfCall(call);
  const shape = layer.getBuildConfig()?.input_shape;
  if (!shape) return null;
  try {
    return layer.computeOutputShape(shape as Structure<PartialShape>);
  } catch {
    return null; // the table shows "?"
  }
}

function outputText(shape: Structure<PartialShape> | null): string {
  if (shape === null) return "?";
  if (isShape(shape)) return shapeText(shape);
  if (Array.isArray(shape)) return `[${shape.map((s) => outputText(s as Structure<PartialShape>)).join(", ")}]`;
  return isPlainObject(shape)
    ? `{${Object.entries(shape)
        .map(([k, s]) => `'${k}': ${outputText(s as Structure<PartialShape>)}`)
        .join(", ")}}`
    : "?";
}

// All elements of the core are 32-bit words.
const total = (variables: readonly Variable[]): SummaryTotal => {
  const count = variables.reduce((n, v) => n + v.size, 0);
  return { count, bytes: count * 4 };
};

function rangeOf(model: Model, range: readonly [string, string] | null): readonly Operation[] {
  const layers = operationsOf(model);
  if (range === null) return layers;
  const at = range.map((pattern) => layers.findIndex((layer) => new RegExp(`^(?:${pattern})`).test(layer.name)));
  if (at.some((i) => i < 0))
    throw new ValueError(
      `summary: layerRange ${JSON.stringify(range)} matches no layer. Layers: ${layers.map((l) => l.name).join(", ")}.`,
    );
  const [a = 0, b = 0] = at;
  return layers.slice(Math.min(a, b), Math.max(a, b) + 1);
}
