// NaN and infinities in data: where they are, for `TerminateOnNaN`.

import type { Batch } from "./data.js";

/** Where a batch has a number that is not finite: "x has NaN in row 3, column 2", counted from 0 in what the user gave. Else null. */
export function notFinite({ source, rows, from, size }: Batch): string | null {
  for (const [i, { data, width, dtype }] of source.leaves.entries()) {
    if (dtype !== "float32") continue;
    for (let k = from; k < from + size; k++) {
      const row = rows === null ? k : rows[k]!;
      for (let column = 0; column < width; column++) {
        const value = data[row * width + column]!;
        // A difference that is 0 for all finite numbers is quicker than a call for each.
        if (value - value !== 0) return `${source.nameOf(i)} has ${value} in row ${row}, column ${column}`;
      }
    }
  }
  return null;
}
