// Reads and writes safetensors files: named arrays behind a JSON header. https://huggingface.co/docs/safetensors

import { FileError, ValueError } from "../errors.js";

/** How each dtype is stored. In order of alignment, which is the order of the reference implementation's own list. */
const DTYPES = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  I16: Int16Array,
  U16: Uint16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I32: Int32Array,
  U32: Uint32Array,
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
} as const;

export type SafetensorsDtype = keyof typeof DTYPES;
export type SafetensorsData = InstanceType<(typeof DTYPES)[SafetensorsDtype]>;

export interface SafetensorsEntry {
  dtype: SafetensorsDtype;
  /** `[]` for a scalar; sizes may be 0. */
  shape: readonly number[];
  /** Row-major. F16 and BF16 as their raw 16 bits; BOOL as bytes 0 and 1. */
  data: SafetensorsData;
}

/** What the reference implementation allows; a longer header is taken for a damaged length. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * The arrays of a file, in the order of its header. The data are copies: `bytes` may be changed or freed afterwards.
 *
 * Strict like the reference implementation: the arrays must cover the bytes behind the header exactly, without overlap or hole.
 * Nothing is allocated before the header has been checked against the bytes that are there.
 *
 * @throws FileError that names the array at fault: truncated, bad JSON, duplicate name, unknown dtype, lying offsets, overlap
 */
export function readSafetensors(bytes: Uint8Array): Map<string, SafetensorsEntry> {
  const { entries, dataStart } = readHeader(bytes);
  const tensors = new Map<string, SafetensorsEntry>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const copy = new Uint8Array(end - begin);
    copy.set(bytes.subarray(dataStart + begin, dataStart + end));
    const wrong = dtype === "BOOL" ? copy.find((byte) => byte > 1) : undefined;
    if (wrong !== undefined) throw damaged(`array ${quote(name)} is BOOL but holds the byte ${wrong}`);
    tensors.set(name, { dtype, shape, data: new DTYPES[dtype](copy.buffer) });
  }
  return tensors;
}

/** The free-form strings that a file carries beside its arrays (`__metadata__`). Throws as `readSafetensors`. */
export function readSafetensorsMetadata(bytes: Uint8Array): Record<string, string> {
  return readHeader(bytes).metadata;
}

/**
 * A file with `entries`, byte for byte what the reference implementation writes: arrays by falling alignment, then by name; the
 * header padded with spaces so that the data start at a multiple of 8.
 *
 * @throws ValueError when a name repeats or is reserved, or an array's shape and dtype do not match its data
 */
export function writeSafetensors(
  entries: Iterable<readonly [name: string, entry: SafetensorsEntry]>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const rank = Object.keys(DTYPES);
  const sorted = [...entries].sort(([a, x], [b, y]) => rank.indexOf(y.dtype) - rank.indexOf(x.dtype) || compareCodePoints(a, b));
  const fields: string[] = metadata === undefined ? [] : [`"__metadata__":${JSON.stringify(metadata)}`];
  const seen = new Set<string>();
  let size = 0;
  for (const [name, entry] of sorted) {
    checkEntry(name, entry, seen);
    const { dtype, shape, data } = entry;
    const described = JSON.stringify({ dtype, shape, data_offsets: [size, size + data.byteLength] });
    fields.push(`${quote(name)}:${described}`);
    size += data.byteLength;
  }

  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const dataStart = 8 + Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(dataStart + size).fill(0x20, 8, dataStart);
  new DataView(file.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  file.set(json, 8);
  let offset = dataStart;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return file;
}

interface HeaderEntry {
  name: string;
  dtype: SafetensorsDtype;
  shape: number[];
  /** Offsets from the end of the header, checked: begin ≤ end ≤ bytes there. */
  begin: number;
  end: number;
}

interface Header {
  entries: HeaderEntry[];
  metadata: Record<string, string>;
  dataStart: number;
}

function readHeader(bytes: Uint8Array): Header {
  if (bytes.length < 8) throw damaged(`truncated: ${bytes.length} bytes, but the length of the header alone takes 8`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw damaged(`the header claims ${length} bytes, more than the ${MAX_HEADER_BYTES} allowed`);
  }
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.length) throw damaged(`truncated: the header claims ${length} bytes, ${bytes.length - 8} are there`);

  const fields = parseJson(bytes.subarray(8, dataStart));
  let metadata: Record<string, string> = {};
  const entries: HeaderEntry[] = [];
  for (const [name, value] of fields) {
    if (name === "__metadata__") metadata = checkMetadata(value);
    else entries.push(checkDescription(name, value, bytes.length - dataStart));
  }
  checkCover(entries, bytes.length - dataStart);
  return { entries, metadata, dataStart };
}

/** The members of the header's object in the order of the text, which `Object.entries` loses for names like "10". */
function parseJson(bytes: Uint8Array): [string, unknown][] {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(`bad JSON in the header: ${(cause as Error).message.slice(0, 200)}`, cause);
  }
  if (!isObject(value)) throw damaged("bad JSON in the header: expected an object");
  return uniqueKeys(text).map((key) => [key, value[key]]);
}

/**
 * The outermost keys of a JSON object, in order.
 *
 * `JSON.parse` keeps the last of two equal keys in silence, so that two readers may see different arrays in one file. The text is
 * known to be valid here, hence a scan of its strings and brackets is enough to find the keys of every object.
 * @throws FileError for a key that an object has twice
 */
function uniqueKeys(text: string): string[] {
  const open: (Set<string> | null)[] = []; // The keys seen in each open object; null for an array.
  let outermost: string[] = [];
  let string = "";
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') {
      const start = i;
      for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
      string = text.slice(start, i + 1);
    } else if (character === "{") open.push(new Set());
    else if (character === "[") open.push(null);
    else if (character === ":") {
      const keys = open.at(-1)!;
      const key = JSON.parse(string) as string; // Decoded, so that "a" and "\u0061" are the same key.
      if (keys.has(key)) throw damaged(`duplicate name ${quote(key)} in the header`);
      keys.add(key);
    } else if (character === "}" || character === "]") {
      const keys = open.pop();
      if (open.length === 0 && keys) outermost = [...keys];
    }
  }
  return outermost;
}

function checkMetadata(value: unknown): Record<string, string> {
  if (!isObject(value) || !Object.values(value).every((each) => typeof each === "string")) {
    throw damaged("__metadata__ must hold strings only");
  }
  return value as Record<string, string>;
}

function checkDescription(name: string, value: unknown, available: number): HeaderEntry {
  const where = `array ${quote(name)}`;
  if (!isObject(value)) throw damaged(`${where} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(DTYPES, dtype)) {
    throw damaged(`${where} has the unknown dtype ${quote(dtype)}; known are ${Object.keys(DTYPES).join(", ")}`);
  }
  if (!isSizes(shape)) throw damaged(`${where} has the bad shape ${quote(shape)}: expected a list of integers from 0 up`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw damaged(`${where} has the bad data_offsets ${quote(offsets)}: expected two integers from 0 up`);
  }
  const [begin = 0, end = 0] = offsets;
  if (begin > end) throw damaged(`${where} ends before it begins: data_offsets ${begin}, ${end}`);
  if (end > available) throw damaged(`truncated: ${where} ends at byte ${end} of the data, ${available} are there`);
  const needed = elementCount(shape) * DTYPES[dtype as SafetensorsDtype].BYTES_PER_ELEMENT;
  // An overflowing product is beyond 2^53 and so never equals a length of bytes that are there.
  if (needed !== end - begin) {
    throw damaged(
      `${where} lies about its size: ${dtype} [${shape.join(", ")}] takes ${needed} bytes, its offsets give ${end - begin}`,
    );
  }
  return { name, dtype: dtype as SafetensorsDtype, shape, begin, end };
}

/** Every byte of the data belongs to exactly one array. */
function checkCover(entries: readonly HeaderEntry[], available: number): void {
  let covered = 0;
  let previous = "";
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered) throw damaged(`arrays ${quote(previous)} and ${quote(name)} are overlapping`);
    if (begin > covered) throw damaged(`bytes ${covered} to ${begin} of the data belong to no array`);
    covered = end;
    previous = name;
  }
  if (covered < available) throw damaged(`the last ${available - covered} bytes belong to no array`);
}

function checkEntry(name: string, entry: SafetensorsEntry, seen: Set<string>): void {
  const where = `writeSafetensors: array ${quote(name)}`;
  const { dtype, shape, data } = entry;
  if (name === "__metadata__") throw new ValueError(`${where}: the name is reserved. Choose another.`);
  if (/\p{Surrogate}/u.test(name)) throw new ValueError(`${where}: the name is not valid Unicode. Choose another.`);
  if (seen.has(name)) throw new ValueError(`${where}: the name is used twice. Names must differ.`);
  seen.add(name);
  if (!Object.hasOwn(DTYPES, dtype)) {
    throw new ValueError(`${where}: unknown dtype ${quote(dtype)}. Known: ${Object.keys(DTYPES).join(", ")}.`);
  }
  if (!(data instanceof DTYPES[dtype])) {
    throw new ValueError(`${where}: ${dtype} needs a ${DTYPES[dtype].name}, received a ${(data as object)?.constructor?.name}.`);
  }
  if (!isSizes(shape) || elementCount(shape) !== data.length) {
    throw new ValueError(`${where}: shape [${String(shape)}] does not fit ${data.length} elements.`);
  }
}

const damaged = (what: string, cause?: unknown): FileError =>
  new FileError(`safetensors: ${what}. The file is damaged or of another format.`, { cause });
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** A value for a message, at most 100 characters of it. */
function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** The order of UTF-8 bytes; `<` on strings differs from it for characters beyond U+FFFF. */
function compareCodePoints(a: string, b: string): number {
  const x = [...a];
  const y = [...b];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = x[i]!.codePointAt(0)! - y[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}
