// Reads IDX files, the format of MNIST and its kin: a typed big-endian array behind a tiny header, plain or gzipped.
// http://yann.lecun.com/exdb/mnist

import { FileError } from "../errors.js";

export type IdxDtype = "uint8" | "int8" | "int16" | "int32" | "float32" | "float64";

interface IdxTypes {
  uint8: Uint8Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  float32: Float32Array;
  float64: Float64Array;
}

/** An array as raw data; `IdxArray<"uint8">` when the dtype is known. */
export interface IdxArray<D extends IdxDtype = IdxDtype> {
  data: IdxTypes[D];
  shape: number[];
  dtype: D;
}

/** The third byte of a file. */
const TYPES = new Map<number, { dtype: IdxDtype; array: new (buffer: ArrayBuffer) => IdxTypes[IdxDtype]; bytes: number }>([
  [0x08, { dtype: "uint8", array: Uint8Array, bytes: 1 }],
  [0x09, { dtype: "int8", array: Int8Array, bytes: 1 }],
  [0x0b, { dtype: "int16", array: Int16Array, bytes: 2 }],
  [0x0c, { dtype: "int32", array: Int32Array, bytes: 4 }],
  [0x0d, { dtype: "float32", array: Float32Array, bytes: 4 }],
  [0x0e, { dtype: "float64", array: Float64Array, bytes: 8 }],
]);

/** No array may be larger: it bounds what a small gzip file can unfold to. */
const MAX_BYTES = 2 ** 31;

/**
 * The array of a plain or gzipped IDX file. Unpacking stops as soon as there are more bytes than the header announces.
 * @throws FileError as `parseIdx`, and when the gzip data are damaged
 */
export async function readIdx(bytes: Uint8Array): Promise<IdxArray> {
  return parseIdx(isGzip(bytes) ? await gunzip(bytes) : bytes);
}

/**
 * The array of a plain IDX file; the data are a copy in the machine's byte order.
 *
 * Layout: two zero bytes, a type, the number of axes, one big-endian uint32 per axis, then the elements, row-major and big-endian.
 * @throws FileError when the magic number or type is unknown, or the file is shorter or longer than its sizes say
 */
export function parseIdx(bytes: Uint8Array): IdxArray {
  const header = readHeader(bytes);
  if (header === null) throw damaged(`truncated: the header does not fit into ${bytes.length} bytes`);
  const { type, shape, start, total } = header;
  if (bytes.length !== total) {
    const kind = bytes.length < total ? "truncated" : "too long";
    throw damaged(`${kind}: ${type.dtype} [${shape.join(", ")}] takes ${total} bytes with its header, ${bytes.length} are there`);
  }
  const copy = new Uint8Array(total - start);
  copy.set(bytes.subarray(start));
  toMachineOrder(copy, type.bytes);
  return { data: new type.array(copy.buffer), shape, dtype: type.dtype };
}

/** Whether these bytes begin like a file that `readIdx` reads; an HTML error page does not. */
export function looksLikeIdx(bytes: Uint8Array): boolean {
  return isGzip(bytes) || (bytes[0] === 0 && bytes[1] === 0 && TYPES.has(bytes[2] ?? 0));
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The header, checked, or null when `bytes` is only the beginning of one. `total` counts header and data. */
function readHeader(bytes: Uint8Array) {
  if (bytes.length < 4) return null;
  const type = TYPES.get(bytes[2]!);
  if (bytes[0] !== 0 || bytes[1] !== 0 || type === undefined) {
    const magic = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw damaged(`expected the magic bytes 00 00, a type and a number of axes, found ${magic}`);
  }
  const ndim = bytes[3]!;
  const start = 4 + 4 * ndim;
  if (bytes.length < start) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: ndim }, (_, axis) => view.getUint32(4 + 4 * axis));
  const total = start + shape.reduce((product, size) => product * size, type.bytes);
  // NOTE not `total > MAX_BYTES`: 0 times an overflowed product is NaN.
  if (!(total <= MAX_BYTES)) throw damaged(`the sizes [${shape.join(", ")}] announce more than the ${MAX_BYTES} bytes allowed`);
  return { type, shape, start, total };
}

async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  const unpacked = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream("gzip"));
  const reader = unpacked.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  let limit: number | null = null;
  for (;;) {
    const { value, done } = await reader.read().catch((cause: unknown) => {
      throw damaged(`bad gzip data: ${(cause as Error).message}`, cause);
    });
    if (done) break;
    chunks.push(value);
    size += value.length;
    // The first chunk nearly always holds the header; joining what there is covers the rest.
    limit ??= readHeader(join(chunks, size))?.total ?? null;
    if (size > (limit ?? MAX_BYTES)) {
      await reader.cancel();
      throw damaged(`too long: more than the ${limit} bytes that the header announces`);
    }
  }
  return join(chunks, size);
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

/** Reverses each element's bytes in place where the machine is little-endian, as all that run JavaScript today. */
function toMachineOrder(bytes: Uint8Array, elementBytes: number): void {
  const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  if (!littleEndian || elementBytes === 1) return;
  for (let i = 0; i < bytes.length; i += elementBytes) bytes.subarray(i, i + elementBytes).reverse();
}

const damaged = (what: string, cause?: unknown): FileError =>
  new FileError(`IDX: ${what}. The file is damaged or of another format.`, { cause });
