// Reads the golden fixtures in test/golden: cases with their arrays as tensors, and what "equal" means for them.

import { readFileSync } from "node:fs";
import { Tensor } from "keratin";
import { expect } from "vitest";

/** A recorded array: numbers, already widened to what a Tensor holds. */
export interface Recorded {
  shape: number[];
  dtype: string;
  data: ArrayLike<number>;
}
/** One case of a topic; which fields it has is written in golden/README.md. */
export interface Case {
  id: string;
  class: string;
  [field: string]: unknown;
}

const half = (h: number): number => {
  const [sign, exponent, fraction] = [h & 0x8000 ? -1 : 1, (h >> 10) & 31, h & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -14 * (fraction / 1024);
};
const brain = (h: number): number => new Float32Array(Uint32Array.of(h * 65536).buffer)[0]!;

const READ: Record<string, (b: ArrayBuffer) => ArrayLike<number>> = {
  F32: (b) => new Float32Array(b),
  I32: (b) => new Int32Array(b),
  U32: (b) => new Uint32Array(b),
  U8: (b) => new Uint8Array(b),
  BOOL: (b) => new Uint8Array(b),
  F16: (b) => Float32Array.from(new Uint16Array(b), half),
  BF16: (b) => Float32Array.from(new Uint16Array(b), brain),
};

/** The cases of a topic, and how to get an array of one. */
export function topic(name: string): {
  cases: Case[];
  array: (c: Case, name: unknown) => Recorded;
  tensor: (c: Case, name: unknown) => Tensor;
} {
  const at = (file: string): URL => new URL(`./golden/${file}`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(at(`${name}.json`), "utf8")) as { cases: Case[] };
  const bytes = readFileSync(at(`${name}.safetensors`));
  const size = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + size)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const array = (c: Case, which: unknown): Recorded => {
    const found = header[`${c.id}/${String(which)}`] ?? header[String(which)];
    if (!found) throw new Error(`${c.id} has no array ${String(which)}`);
    const [from, to] = found.data_offsets;
    const copy = new Uint8Array(bytes.subarray(8 + size + from, 8 + size + to));
    return { shape: found.shape, dtype: found.dtype, data: READ[found.dtype]!(copy.buffer) };
  };
  const dtypes: Record<string, "float32" | "int32" | "uint32" | "bool"> = {
    I32: "int32",
    U8: "int32",
    U32: "uint32",
    BOOL: "bool",
  };
  const tensor = (c: Case, which: unknown): Tensor => {
    const a = array(c, which);
    return new Tensor(Array.from(a.data), a.shape, { dtype: dtypes[a.dtype] ?? "float32" });
  };
  return { cases, array, tensor };
}

/** Slice `i` of the first axis. */
export function slice(a: Recorded, i: number): Recorded {
  const shape = a.shape.slice(1);
  const size = shape.reduce((n, d) => n * d, 1);
  return { ...a, shape, data: Array.from(a.data).slice(i * size, (i + 1) * size) };
}

/** Fails unless all elements agree within `atol + rtol·|want|` (both 0: bit for bit, but for the sign of zero and NaN's bits). */
export function agrees(got: Tensor, want: Recorded, { rtol = 1e-5, atol = 1e-6, what = "" } = {}): void {
  expect([...got.shape], what).toEqual(want.shape);
  if (want.dtype.endsWith("F16") && (rtol > 0 || atol > 0)) [rtol, atol] = [2e-2, 2e-2]; // we compute half types in float32
  for (let i = 0; i < want.data.length; i++) {
    const [x, y] = [Number(got.data[i]), Number(want.data[i])];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    if (!(Math.abs(x - y) <= atol + rtol * Math.abs(y))) expect.fail(`${what} element ${i}: ${x}, Keras has ${y}`);
  }
}
export const EXACT = { rtol: 0, atol: 0 };
