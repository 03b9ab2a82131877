// Element types: the four of the core, and what comes in at the edges and is converted.

import { DTypeError } from "../errors.js";

/** Element type of a Tensor. A program computes in these; other types are converted where data comes in. */
export type DType = "float32" | "int32" | "uint32" | "bool";

/** A name of a type that data may have outside; `tensor(…, { dtype })` takes these too. */
export type EdgeDType = DType | "float16" | "bfloat16" | "float64" | "int8" | "int16" | "int64" | "uint8" | "uint16" | "uint64";

/** The array that holds a tensor's elements: bools are bytes that are 0 or 1. */
export type TensorData = Float32Array | Int32Array | Uint32Array | Uint8Array;

export type TypedArray =
  | TensorData
  | Float64Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Uint8ClampedArray
  | BigInt64Array
  | BigUint64Array;

/** In the order of their numbers on the boundary to Rust. */
export const DTYPES: readonly DType[] = ["float32", "int32", "uint32", "bool"];

export const dtypeCode = (dtype: DType): number => DTYPES.indexOf(dtype);

const CORE: Record<EdgeDType, DType> = {
  float32: "float32", float16: "float32", bfloat16: "float32", float64: "float32",
  int32: "int32", int8: "int32", int16: "int32", int64: "int32", uint8: "int32", uint16: "int32",
  uint32: "uint32", uint64: "uint32", bool: "bool",
}; // biome-ignore format: a table

/** The type in which a program holds data of type `name`. Errors: `DTypeError` for a name that is none. */
export function coreDType(name: string): DType {
  const dtype = CORE[name as EdgeDType];
  if (dtype === undefined) throw new DTypeError(`Unknown dtype ${JSON.stringify(name)}. Known: ${Object.keys(CORE).join(", ")}.`);
  return dtype;
}

/** The type that an array of numbers stands for when nobody says. */
export function dtypeOfArray(data: TypedArray): DType {
  if (data instanceof Float32Array || data instanceof Float64Array) return "float32";
  if (data instanceof Uint32Array || data instanceof BigUint64Array) return "uint32";
  return "int32";
}

export function allocate(dtype: DType, size: number): TensorData {
  switch (dtype) {
    case "float32":
      return new Float32Array(size);
    case "int32":
      return new Int32Array(size);
    case "uint32":
      return new Uint32Array(size);
    case "bool":
      return new Uint8Array(size);
  }
}

/** The type of `a + b`: float beats integer beats unsigned beats bool. */
export function promote(a: DType, b: DType): DType {
  return DTYPES[Math.min(dtypeCode(a), dtypeCode(b))]!;
}
