// Window arithmetic: sizes and paddings as Keras counts them, by counting windows one at a time.

import { describe, expect, test } from "vitest";
import { ShapeError, ValueError } from "../../ts/errors.js";
import { checkWindows, dataFormatOf, normalizeTuple, outputSize, paddingOf, pads, transposedSize } from "../../ts/ops/window.js";

const GRID = [1, 2, 3, 4, 5, 17].flatMap((n) =>
  [1, 2, 3, 5].flatMap((k) => [1, 2, 3, 7].flatMap((s) => [1, 2, 3].map((d) => [n, k, s, d] as const))),
);

describe("windows over an axis", () => {
  test("valid: as many as fit, none added", () => {
    for (const [n, k, s, d] of GRID) {
      let count = 0;
      while (count * s + (k - 1) * d + 1 <= n) count++;
      expect(Math.max(0, outputSize(n, k, s, d, "valid"))).toBe(count);
      expect(pads(n, k, s, d, "valid")).toEqual([0, 0]);
    }
  });
  test("same: one for each stride, with the fewest cells added, the odd one behind", () => {
    for (const [n, k, s, d] of GRID) {
      const count = outputSize(n, k, s, d, "same");
      expect(count).toBe(Math.floor((n - 1) / s) + 1);
      const [lo, hi] = pads(n, k, s, d, "same");
      expect(hi - lo === 0 || hi - lo === 1).toBe(true);
      const needed = (count - 1) * s + (k - 1) * d + 1 - n;
      expect(lo + hi).toBe(Math.max(0, needed));
      expect(outputSize(n + lo + hi, k, s, d, "valid")).toBe(count);
    }
  });
  test("causal: one for each stride, and a window ends at its own cell", () => {
    for (const [n, k, s, d] of GRID) {
      expect(pads(n, k, s, d, "causal")).toEqual([(k - 1) * d, 0]);
      expect(outputSize(n, k, s, d, "causal")).toBe(outputSize(n + (k - 1) * d, k, s, d, "valid"));
    }
  });
  test("transposed: a convolution of the result has the size it came from", () => {
    for (const [n, k, s, d] of GRID) {
      expect(transposedSize(n, k, s, d, "same", null).size).toBe(n * s);
      expect(outputSize(n * s, k, s, d, "same")).toBe(n);
      const { size, cut } = transposedSize(n, k, s, d, "valid", null);
      expect(outputSize(size, k, s, d, "valid")).toBe(n);
      expect(cut).toBe(0);
    }
  });
});

test("windows that do not fit are named, with the shape and the reach", () => {
  const windows = { sizes: [3, 2], strides: [1, 1], dilations: [2, 1], padding: "valid" } as const;
  expect(() => checkWindows("x", [5, 2], windows)).not.toThrow();
  expect(() => checkWindows("x", [null, 2], windows)).not.toThrow();
  expect(() => checkWindows("x", [4, 2], windows, [null, 4, 2, 1])).toThrow(ShapeError);
  expect(() => checkWindows("x", [4, 2], windows, [null, 4, 2, 1])).toThrow(
    /x: .*\[null, 4, 2, 1\] has 4 cells where a window reaches over 5 .*"same"/,
  );
});

test("a number stands for all axes", () => {
  expect(normalizeTuple("x: size", 3, 2)).toEqual([3, 3]);
  expect(normalizeTuple("x: size", [3, 4], 2)).toEqual([3, 4]);
  expect(normalizeTuple("x: size", 0, 1, { min: 0 })).toEqual([0]);
  for (const wrong of [0, -1, 1.5, "2", null, undefined, [1], [1, 2, 3], [1, 0], [1, "2"]])
    expect(() => normalizeTuple("x: size", wrong, 2)).toThrow(ValueError);
  expect(() => normalizeTuple("x: size", [1], 2)).toThrow(
    "x: size must be a whole number ≥ 1 or an array of 2 whole numbers ≥ 1, received [1].",
  );
});

test("padding and format in any case", () => {
  expect(paddingOf("x", "SAME", ["valid", "same"])).toBe("same");
  expect(() => paddingOf("x", "causal", ["valid", "same"])).toThrow(/only Conv1D/);
  expect(() => paddingOf("x", 3, ["valid", "same"])).toThrow(/"valid", "same"/);
  expect(dataFormatOf("x", null)).toBe("channels_last");
  expect(dataFormatOf("x", "Channels_First")).toBe("channels_first");
  expect(() => dataFormatOf("x", "first")).toThrow(/x: dataFormat/);
});
