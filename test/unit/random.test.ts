// Python's and NumPy's streams against vectors taken from CPython 3.11 and NumPy 2.4.

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { NumpyRandom } from "../../ts/random/numpy.js";
import { PythonRandom } from "../../ts/random/python.js";

const times = <T>(n: number, draw: () => T): T[] => Array.from({ length: n }, draw);

describe("PythonRandom", () => {
  test.each([
    [0, [3626764237, 1654615998, 3255389356, 3823568514], [906691060, 413654000, 813847340, 955892129, 451585302, 43469774]],
    [42, [2746317213, 478163327, 107420369, 3184935163], [686579304, 119540832, 26855093, 796233791, 295310486, 262950629]],
  ])("seed %i gives CPython's words and integers", (seed, words, integers) => {
    const bits = new PythonRandom(seed);
    expect(times(4, () => bits.getrandbits(32))).toEqual(words);
    const random = new PythonRandom(seed);
    expect(times(6, () => random.randint(1, 1e9))).toEqual(integers);
  });

  // Each line: python3.11 -c "import random; r = random.Random(SEED); print(…)"
  test("random() has all 53 bits", () => {
    const random = new PythonRandom(42);
    expect(times(3, () => random.random())).toEqual([0.6394267984578837, 0.025010755222666936, 0.27502931836911926]);
  });

  test("wide ranges, negative and large seeds, shuffle", () => {
    const wide = new PythonRandom(7);
    expect(times(3, () => wide.randint(-(2 ** 51), 2 ** 51))).toEqual([1304450935164215, -1816875744648112, -1403949493022677]);
    expect(new PythonRandom(-42).randint(1, 1e9)).toBe(686579304);
    expect(new PythonRandom(2n ** 100n + 5n).randint(1, 1e9)).toBe(755216661);
    const list = times(10, () => 0).map((_, i) => i);
    new PythonRandom(3).shuffle(list);
    expect(list).toEqual([1, 5, 6, 0, 9, 4, 7, 2, 8, 3]);
  });

  test("without a seed two generators differ", () => {
    expect(new PythonRandom().randint(0, 2 ** 52)).not.toBe(new PythonRandom().randint(0, 2 ** 52));
  });

  test("bad arguments are refused", () => {
    expect(() => new PythonRandom(0.5)).toThrow("seed must be an integer");
    const random = new PythonRandom(1);
    for (const [a, b] of [
      [2, 1],
      [0, 0.5],
      [0, Number.POSITIVE_INFINITY],
      [-(2 ** 53) + 1, 2 ** 53 - 1],
    ] as const) {
      expect(() => random.randint(a, b)).toThrow("randint");
    }
    expect(() => random.getrandbits(54)).toThrow("53 bits");
  });
});

describe("NumpyRandom", () => {
  test.each([
    [0, [2357136044, 2546248239, 3071714933, 3626093760]],
    [42, [1608637542, 3421126067, 4083286876, 787846414]],
  ])("seed %i gives NumPy's words", (seed, words) => {
    const random = new NumpyRandom(seed);
    expect(times(4, () => random.next32())).toEqual(words);
  });

  test("permutations follow one another as in NumPy", () => {
    const random = new NumpyRandom(0);
    expect(times(3, () => [...random.permutation(10)])).toEqual([
      [2, 8, 4, 9, 1, 6, 7, 3, 0, 5],
      [3, 5, 1, 2, 9, 8, 0, 6, 7, 4],
      [2, 3, 8, 4, 5, 1, 0, 6, 9, 7],
    ]);
    expect([...new NumpyRandom(42).permutation(10)]).toEqual([8, 1, 5, 0, 7, 2, 9, 4, 3, 6]);
  });

  test("a long permutation equals NumPy's, by a checksum over all positions", () => {
    // numpy: p = RandomState(123).permutation(60000); ends and (p * arange(1, 60001)).sum()
    const p = new NumpyRandom(123).permutation(60000);
    expect([...p.subarray(0, 5), ...p.subarray(-3)]).toEqual([29561, 26640, 24498, 24594, 24249, 28030, 15725, 52734]);
    expect(p.reduce((sum, value, i) => sum + value * (i + 1), 0)).toBe(53902413059523);
    expect(new Set(p).size).toBe(60000);
  });

  test("0 and 1 elements draw nothing", () => {
    const random = new NumpyRandom(0);
    expect([random.permutation(0).length, [...random.permutation(1)], random.next32()]).toEqual([0, [0], 2357136044]);
  });

  test("bad arguments are refused", () => {
    for (const seed of [-1, 2 ** 32, 0.5, Number.NaN]) expect(() => new NumpyRandom(seed)).toThrow("between 0 and");
    expect(() => new NumpyRandom(1).permutation(-1)).toThrow("permutation");
  });
});

interface Draws {
  kind: string;
  seed: number;
  values: number[];
  np_permutations: number[][];
}

const golden = new URL("../golden/random.json", import.meta.url);
const cases: Draws[] = existsSync(golden) ? JSON.parse(readFileSync(golden, "utf8")).cases : [];

describe.skipIf(cases.length === 0)("the draws recorded from Keras", () => {
  test.each(cases.filter((each) => each.kind === "python_seeds").map((each) => [each.seed, each] as const))(
    "after seed %i",
    (seed, each) => {
      const python = new PythonRandom(seed);
      expect(each.values.map(() => python.randint(1, 1e9))).toEqual(each.values);
      const numpy = new NumpyRandom(seed);
      expect(each.np_permutations.map(({ length }) => [...numpy.permutation(length)])).toEqual(each.np_permutations);
    },
  );
});
