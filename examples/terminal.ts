// Small drawings for a terminal: a confusion matrix, curves, a series in one line, a digit.

/** Rows are the true classes, columns the predicted ones. */
export function confusionMatrix(actual: readonly number[], predicted: readonly number[], classes: number): string {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  actual.forEach((a, i) => {
    counts[a]![predicted[i]!]!++;
  });
  const cell = (x: number | string): string => String(x).padStart(5);
  const head = `true \\ predicted ${Array.from({ length: classes }, (_, c) => cell(c)).join("")}`;
  const lines = counts.map((row, c) => {
    const right =
      (100 * row[c]!) /
      Math.max(
        1,
        row.reduce((a, b) => a + b, 0),
      );
    return `${String(c).padStart(16)} ${row.map((n) => cell(n === 0 ? "·" : n)).join("")}   ${right.toFixed(1).padStart(5)} %`;
  });
  return [head, ...lines].join("\n");
}

/** One line per series: its values as bars between 0 and the largest of all. */
export function curve(series: Record<string, readonly number[]>): string {
  const top = Math.max(...Object.values(series).flat());
  const width = Math.max(...Object.keys(series).map((k) => k.length));
  const lines = Object.entries(series).flatMap(([name, values]) =>
    values.map((v, epoch) => {
      const bar = "█".repeat(Math.max(1, Math.round((40 * v) / top)));
      return `${(epoch === 0 ? name : "").padEnd(width)} ${String(epoch + 1).padStart(3)} ${bar} ${v.toFixed(4)}`;
    }),
  );
  return lines.join("\n");
}

const BARS = "▁▂▃▄▅▆▇█";

/** A series as one character per value, from 0 to the largest. */
export function sparkline(values: ArrayLike<number>): string {
  const all = Array.from(values);
  const top = Math.max(...all, Number.MIN_VALUE);
  return all.map((v) => BARS[Math.min(7, Math.max(0, Math.floor((8 * v) / top)))]).join("");
}

const SHADES = " ░▒▓█";

/** A 28 × 28 image of 0 … 255 as 14 lines of half height, with a caption. */
export function digit(pixels: ArrayLike<number>, caption: string): string[] {
  const lines: string[] = [];
  for (let y = 0; y < 28; y += 2) {
    let line = "";
    for (let x = 0; x < 28; x++) {
      const mean = (pixels[y * 28 + x]! + pixels[(y + 1) * 28 + x]!) / 2;
      line += SHADES[Math.min(4, Math.floor((mean * 5) / 256))];
    }
    lines.push(line);
  }
  return [...lines, caption.padEnd(28)];
}
