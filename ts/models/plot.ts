// `utils.plotModel`: a model as an SVG drawing. What is drawn comes from `plotGraph.ts`, places from the layout library.

import { checkOptions, StateError, unknownName, ValueError } from "../errors.js";
import { Model } from "./model.js";
import { type PlotBox, type PlotCell, type PlotDetails, plotGraph } from "./plotGraph.js";

const DIRECTIONS = ["TB", "BT", "LR", "RL"] as const;

export interface PlotModelOptions extends Partial<PlotDetails> {
  /** A file to write the SVG to (Node, Deno, Bun). */
  toFile?: string | URL | null;
  /** Where the arrows lead: from top to bottom (default), `"LR"` from left to right, `"BT"`, `"RL"`. */
  rankdir?: (typeof DIRECTIONS)[number];
}

const DEFAULTS = {
  toFile: null,
  showShapes: false,
  showDtype: false,
  showLayerNames: false,
  rankdir: "TB",
  expandNested: false,
  showLayerActivations: false,
  showTrainable: false,
} satisfies PlotModelOptions;

/**
 * The graph of a model as the text of an SVG image: a box for each layer, an arrow for each tensor between them.
 *
 * `showShapes`, `showDtype`, `showLayerActivations` and `showTrainable` add lines to the boxes, `showLayerNames` puts names before classes,
 * `expandNested` draws the layers of nested models, in a frame for each. Layers are `<g class="layer" data-name="…">`, frames
 * `<g class="model" …>`, arrows `<g class="edge" data-from="…" data-to="…">`, for styles of a page's own.
 * A model whose `call` is code is one box, as in Keras.
 *
 * Errors: `ValueError` for a model that is not built, unknown options, a file that does not end in `.svg`.
 *
 * ```ts
 * const svg = await utils.plotModel(model, { showShapes: true, toFile: "model.svg" });
 * ```
 */
export async function plotModel(model: Model, options: PlotModelOptions = {}): Promise<string> {
  checkOptions("plotModel", options, Object.keys(DEFAULTS));
  const { toFile, rankdir, ...details } = { ...DEFAULTS, ...options };
  if (!(model instanceof Model)) throw new ValueError("plotModel: the first argument must be a model: a Sequential or a Model.");
  if (!DIRECTIONS.includes(rankdir)) throw new ValueError(`plotModel: ${unknownName("rankdir", rankdir, DIRECTIONS)}`);
  if (toFile !== null && !/\.svg$/i.test(String(toFile)))
    throw new ValueError(
      `plotModel writes SVG, so the name of the file must end in .svg; received ${JSON.stringify(String(toFile))}.`,
    );
  if (!model.built)
    throw new ValueError(
      `plotModel: ${model.name} is not built, so its layers have no connections yet. Call build(inputShape), or call it on data.`,
    );
  const svg = await draw(model, details, rankdir);
  if (toFile !== null) {
    const { writeFile } = await import("node:fs/promises");
    await writeFile(toFile, svg);
  }
  return svg;
}

// ---- sizes

/** Letters of one width, so that the width of a text is known without a page. */
const FONT = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace';
const TITLE = { size: 16, height: 34 };
const TEXT = { size: 14, height: 30 };
const PAD = 12;

/** Widths of fixed letters are 0.6 of their size; those of East Asia are as wide as two. */
const widthOf = (text: string, size: number): number =>
  [...text].reduce((n, c) => n + (c.codePointAt(0)! < 0x1100 ? 1 : 2), 0) * size * 0.602;

const cellWidth = ({ caption, value }: PlotCell): number => widthOf(caption + value, TEXT.size) + 2 * PAD;

function sizeOf(box: PlotBox): { width: number; height: number } {
  const rows = [
    widthOf(box.title.join(""), TITLE.size) + 2 * PAD,
    box.activation ? cellWidth(box.activation) : 0,
    box.cells.reduce((n, cell) => n + cellWidth(cell), 0),
  ];
  const lines = (box.activation ? 1 : 0) + (box.cells.length > 0 ? 1 : 0);
  return { width: Math.ceil(Math.max(...rows)), height: TITLE.height + lines * TEXT.height };
}

// ---- drawing

interface Point {
  x: number;
  y: number;
}
/** A place: the middle, and the extent. */
interface Place extends Point {
  width: number;
  height: number;
}

/** Loaded when a drawing is asked for: nobody else pays for it. */
const layoutPackage = () =>
  import("@dagrejs/dagre").catch((cause) => {
    throw new StateError(
      "plotModel: the package @dagrejs/dagre, which lays the drawing out, could not be loaded. It is a dependency of keratin; a page without a bundler has to name it in its import map.",
      { cause },
    );
  });

async function draw(model: Model, details: PlotDetails, rankdir: string): Promise<string> {
  const { Graph, layout } = await layoutPackage();
  const { boxes, frames, edges } = plotGraph(model, details);
  const graph = new Graph({ compound: true });
  // Room between the ranks for arrows, and for the names of frames.
  graph.setGraph({ rankdir, nodesep: 30, ranksep: frames.length > 0 ? 56 : 36, marginx: 12, marginy: 12 });
  for (const { id } of frames) graph.setNode(id, {});
  const looped = new Set(edges.filter(({ from, to }) => from === to).map(({ to }) => to));
  for (const box of boxes) {
    const { width, height } = sizeOf(box);
    graph.setNode(box.id, { width: width + (looped.has(box.id) ? 2 * LOOP : 0), height });
  }
  for (const { id, frame } of [...frames, ...boxes]) if (frame !== null) graph.setParent(id, frame);
  for (const { from, to } of edges) if (from !== to) graph.setEdge(from, to, {});
  layout(graph);

  const place = (id: string): Place => graph.node(id) as Place;
  const { width, height } = graph.graph() as Place;
  const way = ({ from, to }: { from: string; to: string }): Point[] =>
    from === to ? loop(place(to)) : (graph.edge(from, to) as { points: Point[] }).points;
  const parts = [
    ...frames.map(({ id, name }) => drawFrame(place(id), name)),
    ...edges.map((edge) => drawEdge(edge, way(edge))),
    ...boxes.map((box) => drawBox(box, { ...place(box.id), ...sizeOf(box) })),
  ];
  const [w, h] = [Math.ceil(width), Math.ceil(height)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img" font-family="${xml(FONT)}">`,
    `<title>${xml(model.name)}</title>`,
    `<rect width="${w}" height="${h}" fill="white"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

/** Room beside a box for the arrow from it to itself: a layer that is called on what it returned. */
const LOOP = 24;

/** From the lower right of a box to its upper right, in the room that was left there. The layout's own way leads out of the picture. */
function loop({ x, y, width, height }: Place): Point[] {
  const [edge, out] = [x + width / 2 - LOOP, x + width / 2 - LOOP / 4];
  const [low, high] = [y + height / 4, y - height / 4];
  return [
    { x: edge, y: low },
    { x: out, y: low },
    { x: out, y: high },
    { x: edge, y: high },
  ];
}

function drawFrame({ x, y, width, height }: Place, name: string): string {
  const [left, top] = [x - width / 2, y - height / 2];
  return [
    `<g class="model" data-name="${xml(name)}">`,
    `<rect x="${n(left)}" y="${n(top)}" width="${n(width)}" height="${n(height)}" rx="6" fill="none" stroke="gray" stroke-dasharray="6 4"/>`,
    text(left + 8, top + 16, [[name, false]], TEXT.size, "dimgray"),
    "</g>",
  ].join("\n");
}

/** A title in white on black, and below it rows of cells that share its width. */
function drawBox(box: PlotBox, { x, y, width, height }: Place): string {
  const [left, top] = [x - width / 2, y - height / 2];
  const lines = [
    `<g class="layer" data-name="${xml(box.name)}">`,
    `<rect x="${n(left)}" y="${n(top)}" width="${n(width)}" height="${n(height)}" fill="white" stroke="black"/>`,
    `<rect x="${n(left)}" y="${n(top)}" width="${n(width)}" height="${TITLE.height}"/>`,
    text(x, top + TITLE.height / 2, [[box.title[0], true], [box.title[1], false]], TITLE.size, "white", "middle"),
  ]; // biome-ignore format: a table
  let row = top + TITLE.height;
  for (const cells of [box.activation ? [box.activation] : [], box.cells]) {
    if (cells.length === 0) continue;
    const spare = (width - cells.reduce((sum, cell) => sum + cellWidth(cell), 0)) / cells.length;
    let start = left;
    for (const cell of cells) {
      const wide = cellWidth(cell) + spare;
      const color = cell.fill ? "white" : "black";
      lines.push(
        `<rect x="${n(start)}" y="${n(row)}" width="${n(wide)}" height="${TEXT.height}" fill="${cell.fill ?? "white"}" stroke="black"/>`,
        text(start + wide / 2, row + TEXT.height / 2, [[cell.caption, false], [cell.value, true]], TEXT.size, color, "middle"),
      ); // biome-ignore format: a table
      start += wide;
    }
    row += TEXT.height;
  }
  return [...lines, "</g>"].join("\n");
}

const HEAD = 9;

/** A line through the points with its corners rounded, and a head at its end. */
function drawEdge({ from, to }: { from: string; to: string }, points: readonly Point[]): string {
  const end = points.at(-1)!;
  const before = points.at(-2)!;
  const length = Math.hypot(end.x - before.x, end.y - before.y) || 1;
  const [dx, dy] = [(end.x - before.x) / length, (end.y - before.y) / length];
  const neck = { x: end.x - HEAD * dx, y: end.y - HEAD * dy };
  const path = [`M${at(points[0]!)}`];
  for (let i = 1; i < points.length - 1; i++) {
    const [corner, next] = [points[i]!, i + 1 === points.length - 1 ? neck : points[i + 1]!];
    if (i === 1) path.push(`L${at(middle(points[0]!, corner))}`);
    path.push(`Q${at(corner)} ${at(middle(corner, next))}`);
  }
  path.push(`L${at(neck)}`);
  const side = (s: number): string => at({ x: neck.x - (s * dy * HEAD) / 2, y: neck.y + (s * dx * HEAD) / 2 });
  return [
    `<g class="edge" data-from="${xml(from)}" data-to="${xml(to)}">`,
    `<path d="${path.join(" ")}" fill="none" stroke="black"/>`,
    `<path d="M${at(end)} L${side(1)} L${side(-1)} Z"/>`,
    "</g>",
  ].join("\n");
}

const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
const n = (x: number): string => String(Math.round(x * 10) / 10);
const at = ({ x, y }: Point): string => `${n(x)} ${n(y)}`;

function text(
  x: number,
  y: number,
  parts: readonly (readonly [text: string, bold: boolean])[],
  size: number,
  fill: string,
  anchor = "start",
): string {
  const spans = parts
    .filter(([t]) => t !== "")
    .map(([t, bold]) => (bold ? `<tspan font-weight="bold">${xml(t)}</tspan>` : `<tspan>${xml(t)}</tspan>`));
  // `xml:space`: the space between two spans stays.
  return `<text x="${n(x)}" y="${n(y)}" font-size="${size}" fill="${fill}" text-anchor="${anchor}" dominant-baseline="central" xml:space="preserve">${spans.join("")}</text>`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

/** Text for XML: what would be markup is escaped, what XML cannot hold is replaced. */
const xml = (s: string): string =>
  s.replace(/[&<>"']/g, (c) => ENTITIES[c]!).replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
