// Data as users give it, as batches: arrays cut into rows by number, or whatever an iterable yields.

import { allocate, type DType, type TensorData, type TypedArray } from "../core/dtype.js";
import type { Program } from "../core/program.js";
import { flatten, isPlainObject, mapStructure, type Structure } from "../core/structure.js";
import { DataError, show, ValueError } from "../errors.js";
import { Tensor, type TensorLike, tensor } from "../tensor.js";
import { memoryFloats, memoryWords } from "../wasm.js";

/** A typed array with its shape. */
export interface ArrayWithShape {
  data: TypedArray;
  shape: readonly number[];
}

/** What `fit` takes as inputs or targets: tensors, arrays, or a list or record of them for models with several. */
export type DataLike = TensorLike | ArrayWithShape | readonly Tensor[] | { readonly [name: string]: DataLike };

/** What an iterable of batches yields: inputs, with targets and sample weights where there are. */
export type BatchTuple = DataLike | readonly [x: DataLike, y?: DataLike | null, sampleWeight?: DataLike | null];

/** A weight per class, by the number of the class. */
export type ClassWeight = Readonly<Record<string, number>> | ReadonlyMap<number, number>;

export type BatchIterable = Iterable<BatchTuple> | AsyncIterable<BatchTuple>;

/** One array of a source: its rows are the samples. */
export interface Leaf {
  readonly data: TensorData;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Words of one row. */
  readonly width: number;
}

type LeafTree = Structure<Leaf>;

function leafOf(value: unknown, where: string): Leaf {
  let t: Tensor;
  if (value instanceof Tensor) t = value;
  else if (isPlainObject(value) && "data" in value && "shape" in value) {
    const { data, shape } = value as unknown as ArrayWithShape;
    t = new Tensor(data, shape);
  } else t = tensor(value as TensorLike);
  if (t.ndim === 0) throw new DataError(`${where}: a number is no data set; rows are samples, so at least one axis is needed.`);
  return { data: t.data, shape: t.shape, dtype: t.dtype, width: t.size / Math.max(1, t.shape[0]!) };
}

/** Is it a list or record of arrays, rather than one array? */
function isTree(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((v) => ArrayBuffer.isView(v) || isPart(v));
  return isPlainObject(value) && !("data" in value && "shape" in value);
}
const isPart = (v: unknown): boolean =>
  v instanceof Tensor || isPlainObject(v) || (Array.isArray(v) && v.length > 0 && v.every(isPart));

function treeOf(value: unknown, where: string): LeafTree {
  if (!isTree(value)) return leafOf(value, where);
  if (Array.isArray(value)) return value.map((v, i) => treeOf(v, `${where}[${i}]`));
  return Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, treeOf(v, `${where}.${k}`)]));
}

/**
 * What a model with `count` inputs (or outputs) takes `value` for. With several, an array of that length lists them, nested arrays of
 * numbers too. With one, an array of typed arrays is its rows (of `targets`: if there are several), and the only array of a list is meant
 * itself, as is that of a record of inputs.
 */
export function listed(value: unknown, count: number, targets = false): unknown {
  if (count === 1) {
    if (Array.isArray(value) && value.length > Number(targets) && value.every((v) => ArrayBuffer.isView(v)))
      return tensor(value as TypedArray[]);
    const inside = isTree(value) && !(targets && isPlainObject(value)) ? Object.values(value as object) : [];
    return inside.length === 1 ? inside[0] : value;
  }
  if (count < 2 || !Array.isArray(value) || value.length !== count || isTree(value)) return value;
  return value.map((v: TensorLike) => (isPlainObject(v) ? v : tensor(v)));
}

export const isLeaf = (x: unknown): boolean => isPlainObject(x) && "data" in x && "width" in x;
const leavesOf = (tree: LeafTree): Leaf[] => {
  if (isLeaf(tree)) return [tree as Leaf];
  const out: Leaf[] = [];
  mapStructure(tree, (l: Leaf) => out.push(l), isLeaf);
  return out;
};

/** Inputs, targets and sample weights whose rows belong together. */
export class ArraySource {
  readonly x: LeafTree;
  readonly y: LeafTree | null;
  readonly sampleWeight: LeafTree | null;
  readonly leaves: readonly Leaf[];
  readonly size: number;

  private constructor(x: LeafTree, y: LeafTree | null, sampleWeight: LeafTree | null) {
    this.x = x;
    this.y = y;
    this.sampleWeight = sampleWeight;
    const leaves = leavesOf(x);
    if (y !== null) leaves.push(...leavesOf(y));
    if (sampleWeight !== null) leaves.push(...leavesOf(sampleWeight));
    this.leaves = leaves;
    this.size = this.leaves[0]!.shape[0]!;
  }

  /** Errors: `DataError` when the numbers of rows differ. */
  static of(x: unknown, y: unknown = null, sampleWeight: unknown = null): ArraySource {
    const optional = (v: unknown, where: string): LeafTree | null => (v === null || v === undefined ? null : treeOf(v, where));
    const source = new ArraySource(treeOf(x, "x"), optional(y, "y"), optional(sampleWeight, "sampleWeight"));
    if (source.leaves.some((l) => l.shape[0] !== source.size)) {
      const named = (what: string, t: LeafTree | null): string[] =>
        t === null
          ? []
          : [
              `${what}: ${leavesOf(t)
                .map((l) => l.shape[0])
                .join(", ")}`,
            ];
      const all = [...named("x", source.x), ...named("y", source.y), ...named("sampleWeight", source.sampleWeight)];
      throw new DataError(
        `Data cardinality is ambiguous: the numbers of samples differ (${all.join("; ")}). Every array needs the same number of rows.`,
      );
    }
    return source;
  }

  /** The rows `from..to` as a source of its own that shares the memory. */
  slice(from: number, to: number): ArraySource {
    const cut = (l: Leaf): Leaf => ({
      ...l,
      data: l.data.subarray(from * l.width, to * l.width) as TensorData,
      shape: [to - from, ...l.shape.slice(1)],
    });
    const all = (t: LeafTree | null): LeafTree | null => (t === null ? null : (mapStructure(t, cut, isLeaf) as LeafTree));
    return new ArraySource(all(this.x)!, all(this.y), all(this.sampleWeight));
  }

  /** The inputs alone: what a prediction takes of a batch that has targets too. */
  inputsOnly(): ArraySource {
    return this.y === null && this.sampleWeight === null ? this : new ArraySource(this.x, null, null);
  }

  /** Shapes of the inputs, with a batch of any size. */
  get inputShapes(): Structure<readonly (number | null)[]> {
    return mapStructure<Leaf, readonly (number | null)[]>(this.x, (l) => [null, ...l.shape.slice(1)], isLeaf);
  }

  /** Which array a leaf is, for messages. */
  nameOf(leaf: number): string {
    const names = Object.entries({ x: this.x, y: this.y, sampleWeight: this.sampleWeight }).flatMap(([name, tree]) => {
      const all = tree === null ? [] : leavesOf(tree);
      return all.map((_, i) => (all.length > 1 ? `array ${i} of ${name}` : name));
    });
    return names[leaf]!;
  }

  withSampleWeight(weights: Float32Array): ArraySource {
    return new ArraySource(this.x, this.y, { data: weights, shape: [weights.length], dtype: "float32", width: 1 });
  }
}

/** A batch: rows of a source, by number or in order. */
export interface Batch {
  readonly source: ArraySource;
  /** The numbers of the rows in the order of the batch; null: rows `from`, `from + 1`, … */
  readonly rows: Int32Array | null;
  readonly from: number;
  readonly size: number;
}

/** The shapes and types of a batch's leaves, in the order in which a program takes them. */
export const batchTypes = (batch: Batch): { shape: number[]; dtype: DType }[] =>
  batch.source.leaves.map((l) => {
    const shape = l.shape.slice();
    shape[0] = batch.size;
    return { shape, dtype: l.dtype };
  });

/** Of batches with one signature a model's programs are the same. */
export function signature({ source, size }: Batch): string {
  let text = source.y === null ? "x" : source.sampleWeight === null ? "xy" : "xyw";
  for (const { dtype, shape } of source.leaves) {
    text += `;${dtype}${size}`;
    for (let i = 1; i < shape.length; i++) text += `,${shape[i]}`;
  }
  return text;
}

/** Copies a batch's rows straight to the places of a program's inputs. */
export function writeBatch(program: Program, batch: Batch): void {
  const { source, rows, from, size } = batch;
  source.leaves.forEach((leaf, i) => {
    const at = program.inputAt(i);
    if (at < 0) return;
    const memory = leaf.dtype === "float32" ? memoryFloats() : memoryWords();
    const { data, width } = leaf;
    if (rows === null) memory.set(data.subarray(from * width, (from + size) * width), at);
    else if (width === 1) for (let k = 0; k < size; k++) memory[at + k] = data[rows[from + k]!]!;
    else {
      for (let k = 0; k < size; k++) {
        const row = rows[from + k]! * width;
        memory.set(data.subarray(row, row + width), at + k * width);
      }
    }
  });
}

/** Puts the values of a traced batch back into the forms of x, y and sample weights. */
export function structured(
  source: ArraySource,
  values: readonly Tensor[],
): { x: Structure<Tensor>; y: Structure<Tensor> | null; sampleWeight: Structure<Tensor> | null } {
  let next = 0;
  const take = (t: LeafTree | null): Structure<Tensor> | null =>
    t === null ? null : mapStructure(t, () => values[next++]!, isLeaf);
  return { x: take(source.x)!, y: take(source.y), sampleWeight: take(source.sampleWeight) };
}

/** Batches of a run, pass by pass. */
export interface Feed {
  /** Batches of one pass, or null when only running it tells. */
  readonly steps: number | null;
  /** Starts a pass; `shuffled` passes draw their order here. */
  pass(): AsyncIterable<Batch> | Iterable<Batch>;
  /** The arrays behind it, where the feed is made of arrays. */
  readonly source: ArraySource | null;
}

/** Batches of `batchSize` rows; the last one holds what is left. */
export class ArrayFeed implements Feed {
  readonly steps: number;

  constructor(
    readonly source: ArraySource,
    readonly batchSize: number,
    /** The order of a pass over n rows, or null to keep it. */
    readonly order: ((n: number) => Int32Array) | null = null,
    /** Shuffle inside each batch only. */
    readonly withinBatch = false,
  ) {
    this.steps = Math.ceil(source.size / batchSize);
  }

  *pass(): Iterable<Batch> {
    const { source, batchSize } = this;
    const rows = this.order && !this.withinBatch ? this.order(source.size) : null;
    for (let from = 0; from < source.size; from += batchSize) {
      const size = Math.min(batchSize, source.size - from);
      if (this.order && this.withinBatch) {
        const inner = this.order(size).map((r) => r + from);
        yield { source, rows: inner, from: 0, size };
      } else yield { source, rows, from, size };
    }
  }
}

/** Batches as an iterable yields them; a generator gives one pass, an array or an object with an iterator as many as are asked for. */
export class IterableFeed implements Feed {
  readonly source = null;
  readonly steps: number | null;
  readonly #batches: BatchIterable;
  readonly #read: typeof ArraySource.of;

  /** `read` makes a source of what a batch holds. */
  constructor(batches: BatchIterable, read: typeof ArraySource.of) {
    this.#batches = batches;
    this.#read = read;
    this.steps = Array.isArray(batches) ? batches.length : null;
  }

  async *pass(): AsyncIterable<Batch> {
    for await (const given of this.#batches) {
      const [x, y, w] =
        Array.isArray(given) && !(given.length > 0 && typeof given[0] === "number") ? (given as unknown[]) : [given];
      const source = this.#read(x, y, w);
      yield { source, rows: null, from: 0, size: source.size };
    }
  }
}

/** Is it an iterable of batches rather than an array of numbers? An array is one when it lists tuples of tensors. */
export function isBatchIterable(x: unknown): x is BatchIterable {
  if (typeof x !== "object" || x === null || x instanceof Tensor || ArrayBuffer.isView(x)) return false;
  if (Array.isArray(x)) return x.length > 0 && x.every((batch) => Array.isArray(batch) && beginsWithArray(batch));
  return Symbol.asyncIterator in x || Symbol.iterator in x;
}
const beginsWithArray = ([x]: readonly unknown[]): boolean =>
  x instanceof Tensor || isPlainObject(x) || (Array.isArray(x) && beginsWithArray(x));

/** One weight per sample from a weight per class; a class that is not named weighs 1. Labels are numbers or one-hot rows. */
export function classWeights(y: LeafTree | null, weights: ClassWeight): Float32Array {
  const leaves = y === null ? [] : leavesOf(y);
  if (leaves.length !== 1)
    throw new ValueError("classWeight needs one array of labels; for models with several outputs give sampleWeight.");
  const table = new Map<number, number>();
  for (const [label, weight] of weights instanceof Map ? weights : Object.entries(weights)) {
    if (!Number.isInteger(Number(label)) || !Number.isFinite(weight))
      throw new ValueError(
        `classWeight: expected a finite number by the number of a class, received ${show(weight)} for ${show(label)}. Write { 0: 1, 1: 2.5 }.`,
      );
    table.set(Number(label), weight);
  }
  const { data, shape, width } = leaves[0]!;
  return Float32Array.from({ length: shape[0]! }, (_, i) => {
    let label = Math.round(data[i * width]!);
    if (width > 1) {
      label = 0;
      for (let c = 1; c < width; c++) if (data[i * width + c]! > data[i * width + label]!) label = c;
    }
    return table.get(label) ?? 1;
  });
}

/** Rows of several batches one after the other, in each place of the structure. */
export function joined(parts: readonly Structure<Tensor>[]): Structure<Tensor> {
  if (parts.length === 1) return parts[0]!;
  const lists = parts.map((p) => flatten<Tensor>(p));
  let at = 0;
  return mapStructure<Tensor, Tensor>(parts[0]!, (first) => {
    const own = lists.map((l) => l[at]!);
    at++;
    const rows = own.reduce((n, t) => n + t.shape[0]!, 0);
    const size = own.reduce((n, t) => n + t.size, 0);
    const data = allocate(first.dtype, size);
    let offset = 0;
    for (const t of own) {
      data.set(t.data, offset);
      offset += t.size;
    }
    return new Tensor(data, [rows, ...first.shape.slice(1)], { dtype: first.dtype });
  });
}
