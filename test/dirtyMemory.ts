// Does a result depend on what lay in the memory of the core before? It must not: everything that is read was written in the same run.

import { expect } from "vitest";
import { jit } from "../ts/functions.js";
import * as ops from "../ts/ops.js";
import { Tensor } from "../ts/tensor.js";

const WORDS = 1 << 20;

/** Leaves the arena of the core full of a number: input, results and everything between lie there until the next run. */
function fillMemory(value: number): void {
  const through = jit((x: Tensor) => ops.add(ops.flip(ops.multiply(x, 1)), 0));
  through(new Tensor(new Float32Array(WORDS).fill(value), [WORDS]));
}

const bitsOf = (t: Tensor): Uint32Array =>
  new Uint32Array(t.data.buffer.slice(t.data.byteOffset, t.data.byteOffset + 4 * t.size));

/** `run` gives the same bits after memory was full of NaN, of infinities, of huge and of tiny numbers, as it gave at first. */
export function sameBitsOnDirtyMemory(run: () => readonly Tensor[]): void {
  const first = run().map(bitsOf);
  expect(first.length).toBeGreaterThan(0);
  for (const value of [Number.NaN, Infinity, -3e38, 1e-40]) {
    fillMemory(value);
    run().forEach((t, i) => expect(bitsOf(t), `result ${i} after memory was full of ${value}`).toEqual(first[i]));
  }
}
