// Lays out the text of `model.summary()`: Rich's table as Keras prints it, given rows that are already text.

import { ValueError } from "../errors.js";
import { fixed } from "./pythonNumber.js";

export interface SummaryRow {
  /** `dense (Dense)`; see `nestedPrefix` for layers inside layers. */
  layer: string;
  /** `(None, 32)`, `[(None, 2), (None, 3)]`, or `?` when unknown. */
  shape: string;
  /** `1,056`, or `0 (unbuilt)`. */
  params: string;
  /** `a[0][0], b[0][0]`, or `-`. Given for all rows or for none: it makes the fourth column, of graphs that branch. */
  connectedTo?: string;
  /** `Y`, `N`, or `-` for a layer without weights. */
  trainable?: string;
}

/** A number of weights and the bytes that they take. */
export interface SummaryTotal {
  count: number;
  bytes: number;
}

export interface SummaryTableOptions {
  name: string;
  rows: readonly SummaryRow[];
  totals: { trainable: SummaryTotal; nonTrainable: SummaryTotal; optimizer?: SummaryTotal };
  /** Characters per table line. Default 88, or 108 with `connectedTo`, 12 more with `showTrainable`; at most `terminalColumns - 4`. */
  lineLength?: number | undefined;
  /** Where each column ends, as a fraction of the line, ascending; one per column without `Trainable`. */
  positions?: readonly number[] | undefined;
  showTrainable?: boolean | undefined;
  /** Longer lines are cut here. Default 80, what a program without a terminal has. */
  terminalColumns?: number | undefined;
}

interface Column {
  title: string;
  align: "left" | "right" | "center";
  /** Characters between two borders, one space on either side included. */
  width: number;
  text: (row: SummaryRow) => string;
}

/**
 * The whole text, ending in a newline.
 * @throws ValueError when a column would have fewer than 4 characters, or `positions` does not fit the columns
 */
export function summaryTable(options: SummaryTableOptions): string {
  const terminal = options.terminalColumns ?? 80;
  const columns = layOut(options, terminal);
  const { trainable, nonTrainable, optimizer } = options.totals;
  const all = [trainable, nonTrainable, ...(optimizer ? [optimizer] : [])];
  const total = { count: sum(all.map((t) => t.count)), bytes: sum(all.map((t) => t.bytes)) };
  const texts = [
    totalLine("Total", total),
    totalLine("Trainable", trainable),
    totalLine("Non-trainable", nonTrainable),
    ...(optimizer ? [totalLine("Optimizer", optimizer)] : []),
  ];
  const lines = [
    ...wrap(`Model: "${options.name}"`, terminal, "fold"),
    ...tableLines(columns, options.rows).map((line) => characters(line).slice(0, terminal).join("")),
    ...texts.flatMap((text) => wrap(text, terminal, "fold")),
  ];
  return `${lines.join("\n")}\n`;
}

/** `1056` → `1,056`. */
export function formatCount(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Bytes with two decimals in steps of 1024: `6400` → `6.25 KB`. */
export function readableSize(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  let size = bytes;
  for (const unit of units) {
    if (size / 1024 < 1) return `${fixed(size, 2)} ${unit}`;
    size /= 1024;
  }
  return `${fixed(size, 2)} PB`; // Keras has divided once more by now, and so do we.
}

/** What precedes the name of a layer that is `level` models deep: nothing, then `   └ `, `      └ ` … */
export function nestedPrefix(level: number): string {
  return level === 0 ? "" : `${"   ".repeat(level)}└ `;
}

const totalLine = (kind: string, { count, bytes }: SummaryTotal): string =>
  ` ${kind} params: ${formatCount(count)} (${readableSize(bytes)})`;

/** Columns with their widths: fractions of the line, then Rich's way of taking from each what the borders need. */
function layOut(options: SummaryTableOptions, terminal: number): Column[] {
  const columns: Column[] = [
    { title: "Layer (type)", align: "left", width: 0, text: (row) => row.layer },
    { title: "Output Shape", align: "left", width: 0, text: (row) => row.shape },
    { title: "Param #", align: "right", width: 0, text: (row) => row.params },
  ];
  const connected = options.rows.some((row) => row.connectedTo !== undefined);
  if (connected) columns.push({ title: "Connected to", align: "left", width: 0, text: (row) => row.connectedTo ?? "-" });
  let length = connected ? 108 : 88;
  let positions = options.positions ?? (connected ? [0.3, 0.56, 0.74, 1] : [0.45, 0.8, 1]);
  if (positions.length !== columns.length) {
    throw new ValueError(`summary: expected ${columns.length} positions, one per column, received ${positions.length}.`);
  }
  if (options.showTrainable) {
    columns.push({ title: "Trainable", align: "center", width: 0, text: (row) => row.trainable ?? "-" });
    length += 12;
    positions = [...positions.map((p) => p * 0.9), 1];
  }
  length = options.lineLength || Math.min(length, terminal - 4);

  let used = 0;
  for (const [i, column] of columns.entries()) {
    const width = Math.trunc(positions[i]! * length) - used;
    if (width < 4) {
      const where = `column "${column.title}" would have ${width} characters of a line of ${length}`;
      throw new ValueError(`summary: ${where}, at least 4 are needed. Raise lineLength or change positions.`);
    }
    used += width;
    column.width = width + 2;
  }

  // Rich makes the cells fill the line without its borders: too wide, and each column gives an equal share, from left to right;
  // too narrow (custom positions that end below 1), and each gets a share by its width.
  const room = length - (columns.length + 1);
  let excess = sum(columns.map((column) => column.width)) - room;
  if (excess >= 0) {
    for (const [i, column] of columns.entries()) {
      const share = Math.min(column.width, roundHalfEven(excess / (columns.length - i)));
      column.width -= share;
      excess -= share;
    }
  } else {
    let weight = excess + room;
    for (const column of columns) {
      const share = Math.ceil((column.width * -excess) / weight);
      weight -= column.width;
      column.width += share;
      excess += share;
    }
  }
  return columns;
}

function tableLines(columns: readonly Column[], rows: readonly SummaryRow[]): string[] {
  const rule = (left: string, fill: string, between: string, right: string) =>
    left + columns.map((column) => fill.repeat(column.width)).join(between) + right;
  const head = cells(columns, (column) => column.title, "bottom").map((line) => `┃${line.join("┃")}┃`);
  const body = rows.map((row) => cells(columns, (column) => column.text(row), "top").map((line) => `│${line.join("│")}│`));
  const separator = rule("├", "─", "┼", "┤");
  return [
    rule("┏", "━", "┳", "┓"),
    ...head,
    rule("┡", "━", "╇", "┩"),
    ...body.flatMap((lines, i) => (i === 0 ? lines : [separator, ...lines])),
    rule("└", "─", "┴", "┘"),
  ];
}

/** One table row as lines of padded cells, as many as its tallest cell has. */
function cells(columns: readonly Column[], text: (column: Column) => string, vertical: "top" | "bottom"): string[][] {
  const wrapped = columns.map((column) => wrap(text(column), column.width - 2, "ellipsis"));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, i) =>
    columns.map((column, c) => {
      const lines = wrapped[c]!;
      const line = lines[vertical === "top" ? i : i - (height - lines.length)] ?? "";
      return ` ${pad(line, column.width - 2, column.align)} `;
    }),
  );
}

function pad(line: string, width: number, align: Column["align"]): string {
  const free = width - characters(line).length;
  const left = align === "left" ? 0 : align === "right" ? free : Math.floor(free / 2);
  return " ".repeat(left) + line + " ".repeat(free - left);
}

/**
 * Breaks at spaces, as Rich does: a word stays with the spaces after it, which may hang over the edge and are dropped there.
 * A word longer than the line either goes on in the next one ("fold", for plain text) or is cut with `…` ("ellipsis", in cells).
 */
function wrap(text: string, width: number, overflow: "fold" | "ellipsis"): string[] {
  if (width === 0) return [""]; // A column squeezed to its two spaces stays empty.
  const lines: string[] = [];
  let line = "";
  let size = 0;
  const breakLine = () => {
    if (line !== "") lines.push(line);
    line = "";
  };
  for (const word of text.match(/\s*\S+\s*/gu) ?? [text]) {
    const length = characters(word.trimEnd()).length;
    const whole = characters(word);
    if (length <= width - size) {
      line += word;
      size += whole.length;
    } else if (length > width && overflow === "fold") {
      for (let start = 0; start < whole.length; start += width) {
        breakLine();
        line = whole.slice(start, start + width).join("");
      }
      size = characters(line).length;
    } else {
      breakLine();
      line = word;
      size = whole.length;
    }
  }
  lines.push(line);
  return lines.map((each) => fit(each, width, overflow));
}

/** Cuts a line to `width`; spaces at its end go first. */
function fit(line: string, width: number, overflow: "fold" | "ellipsis"): string {
  const all = characters(line);
  if (all.length <= width) return overflow === "fold" ? line : line.trimEnd();
  const trimmed = characters(line.trimEnd());
  if (trimmed.length <= width) return overflow === "fold" ? all.slice(0, width).join("") : trimmed.join("");
  return overflow === "fold" ? trimmed.slice(0, width).join("") : `${trimmed.slice(0, width - 1).join("")}…`;
}

// NOTE one cell per code point: Rich counts two for East Asian wide characters, which layer names hardly ever have.
const characters = (text: string): string[] => [...text];

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Python's `round`. */
function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}
