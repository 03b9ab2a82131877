// The summary's text against all summaries recorded from Keras, and its corners.

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  formatCount,
  nestedPrefix,
  readableSize,
  type SummaryRow,
  type SummaryTableOptions,
  summaryTable,
} from "../../ts/models/summaryTable.js";

interface LayerConfig {
  class_name: string;
  config: { name: string; layers?: LayerConfig[] };
  inbound_nodes?: unknown;
}

interface Case {
  id: string;
  class: string;
  config: { name: string; layers: LayerConfig[] };
  summary: Record<string, string>;
  trainable_params: number;
  non_trainable_params: number;
}

/** The cells of each table row that Keras printed, lines of one cell joined by spaces. */
function cellsOf(text: string): string[][] {
  const body = text.slice(text.indexOf("╇") + 1).split("\n");
  const rows: string[][] = [[]];
  for (const line of body) {
    if (/^[├└]/.test(line)) rows.push([]);
    if (!line.startsWith("│")) continue;
    const row = rows.at(-1)!;
    line
      .slice(1, -1)
      .split("│")
      .forEach((cell, i) => {
        row[i] = `${row[i] ?? ""} ${cell.trim()}`.trim();
      });
  }
  return rows.filter((row) => row.length > 0);
}

/** Layers with their depth in nested models, as the summary lists them: a Sequential hides its input. */
function listed(layers: LayerConfig[], hideInput: boolean, deep: boolean, depth = 0): { layer: LayerConfig; depth: number }[] {
  return layers
    .filter((layer) => !(hideInput && layer.class_name === "InputLayer"))
    .flatMap((layer) => [
      { layer, depth },
      ...(deep && layer.config.layers ? listed(layer.config.layers, layer.class_name === "Sequential", deep, depth + 1) : []),
    ]);
}

function histories(node: unknown): [string, number, number][] {
  if (typeof node !== "object" || node === null) return [];
  const { class_name: kind, config } = node as { class_name?: string; config?: { keras_history: [string, number, number] } };
  if (kind === "__keras_tensor__" && config) return [config.keras_history];
  return Object.values(node).flatMap(histories);
}

/**
 * Rows by their meaning: names, classes and connections from the model's config (the recorded text has them cut); shapes, parameter
 * counts and flags, which a config does not hold, from the recorded text (never cut there).
 */
function rowsOf({ class: kind, config, summary }: Case, recorded: string, deep: boolean): SummaryRow[] {
  const cells = cellsOf(recorded);
  const layers = listed(config.layers, kind === "Sequential", deep);
  expect(layers.length).toBe(cells.length);
  const branches = summary.default!.includes("Connected to");
  return layers.map(({ layer, depth }, i) => {
    const connected =
      depth === 0 ? histories(layer.inbound_nodes).map(([name, node, tensor]) => `${name}[${node}][${tensor}]`) : [];
    return {
      layer: `${nestedPrefix(depth)}${layer.config.name} (${layer.class_name})`,
      shape: cells[i]![1]!,
      params: cells[i]![2]!,
      ...(branches ? { connectedTo: connected.join(", ") || "-" } : {}),
      trainable: cells[i]!.at(-1)!,
    };
  });
}

const golden = new URL("../golden/summary.json", import.meta.url);
const cases: Case[] = existsSync(golden) ? JSON.parse(readFileSync(golden, "utf8")).cases : [];

describe.skipIf(cases.length === 0)("the summaries recorded from Keras 3.15.1", () => {
  const total = (count: number) => ({ count, bytes: 4 * count });
  test.each(cases.map((each) => [each.id, each] as const))("%s", (_, each) => {
    const base = {
      name: each.config.name,
      totals: { trainable: total(each.trainable_params), nonTrainable: total(each.non_trainable_params) },
    };
    const { default: plain, line_length_100: long, expand_nested_show_trainable: deep } = each.summary;
    const rows = rowsOf(each, plain!, false);
    expect(summaryTable({ ...base, rows })).toBe(plain);
    expect(summaryTable({ ...base, rows, lineLength: 100 })).toBe(long);
    expect(summaryTable({ ...base, rows: rowsOf(each, deep!, true), showTrainable: true })).toBe(deep);
  });
});

const total = (count: number) => ({ count, bytes: 4 * count });
const OPTIONS: SummaryTableOptions = {
  name: "sequential",
  rows: [{ layer: "dense (Dense)", shape: "(None, 32)", params: "544" }],
  totals: { trainable: total(544), nonTrainable: total(0) },
};

test("a wide terminal has the full 88 columns, an optimizer its own line and its share of the total", () => {
  const text = summaryTable({ ...OPTIONS, terminalColumns: 200, totals: { ...OPTIONS.totals, optimizer: total(1090) } });
  // Cells of 38, 29 and 17 characters (the reference's table for L = 88).
  expect(text.split("\n")[1]).toBe(`┏${"━".repeat(38)}┳${"━".repeat(29)}┳${"━".repeat(17)}┓`);
  expect(text).toContain(" Total params: 1,634 (6.38 KB)\n");
  expect(text).toMatch(/ Non-trainable params: 0 \(0\.00 B\)\n Optimizer params: 1,090 \(4\.26 KB\)\n$/);
});

test("a model without layers is a table with a head alone", () => {
  const lines = summaryTable({ ...OPTIONS, rows: [] }).split("\n");
  expect(lines.slice(1, 5).map((line) => line[0])).toEqual(["┏", "┃", "┡", "└"]);
});

test("words are wrapped between cells' lines, and cut only when longer than the cell", () => {
  const layer = `${nestedPrefix(1)}a_rather_long_layer_name (ItsClass)`;
  const lines = summaryTable({ ...OPTIONS, rows: [{ layer, shape: "?", params: "0 (unbuilt)" }], lineLength: 40 }).split("\n");
  const body = lines.findIndex((line) => line.startsWith("┡")) + 1;
  // int(.45 · 40) + 2 − 3 = 17 characters, 15 of them text.
  expect(lines.slice(body, body + 3).map((line) => line.slice(0, 19))).toEqual([
    "│    └            │",
    "│ a_rather_long_… │",
    "│ (ItsClass)      │",
  ]);
});

test("a column without room throws, as do positions that do not fit", () => {
  expect(() => summaryTable({ ...OPTIONS, lineLength: 15 })).toThrow("at least 4 are needed");
  expect(() => summaryTable({ ...OPTIONS, positions: [0.5, 1] })).toThrow("expected 3 positions");
});

test("positions of one's own set the columns, and short ones are stretched to the line", () => {
  const width = (positions: number[]) => summaryTable({ ...OPTIONS, positions }).split("\n")[1]!.length;
  expect([width([0.2, 0.4, 1]), width([0.2, 0.4, 0.6])]).toEqual([76, 76]);
});

test("counts and sizes are written as Python writes them", () => {
  expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(["0", "999", "1,000", "1,234,567"]);
  expect([0, 1023, 1024, 1152, 6400, 5 * 1024 ** 2].map(readableSize)).toEqual([
    "0.00 B",
    "1023.00 B",
    "1.00 KB",
    "1.12 KB",
    "6.25 KB",
    "5.00 MB",
  ]);
  expect(readableSize(2 ** 61)).toBe("2.00 PB");
});
