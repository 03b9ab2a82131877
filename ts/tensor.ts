// Tensor: numbers with a shape, either at hand or as a value of the computation that is being traced.

import { allocate, coreDType, type DType, dtypeOfArray, type EdgeDType, type TensorData, type TypedArray } from "./core/dtype.js";
import { DTypeError, ShapeError, StateError, show, ValueError } from "./errors.js";
import { Graph, sourceInts, type Value } from "./trace.js";

/** Nested arrays of numbers or booleans, all of one form. */
export type Nested = number | boolean | readonly Nested[];
/** Typed arrays as the rows of a tensor, nested as deep as need be. */
export type TypedRows = readonly TypedArray[] | readonly TypedRows[];
/** What an op takes as an operand: a Tensor, or anything that `tensor()` makes one of. Plain numbers adapt to the other operand's type. */
export type TensorLike = Tensor | { readonly value: Tensor } | Nested | TypedArray | TypedRows;

const NO_OPTIONS = {};

export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/**
 * An n-dimensional array: `shape`, `dtype`, `data`.
 *
 * Inside a traced function (`jit`, `grad`, a layer's `call` while a model is compiled) it stands for a value that is not known yet:
 * `shape` and `dtype` are, reading `data` throws a `StateError`. Values are collected as other objects are: nothing to dispose.
 *
 * Example: `new Tensor(new Float32Array([1, 2, 3, 4]), [2, 2]).array() // [[1, 2], [3, 4]]`
 */
export class Tensor {
  /** @internal For messages: minifiers rename classes. */
  static readonly className: string = "Tensor";
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** The Keras mask that travels with the tensor, or null. */
  mask: Tensor | null = null;
  readonly #data: TensorData | undefined;
  readonly #trace: Trace | undefined;
  readonly #id: number = -1;

  constructor(data: TypedArray | readonly number[], shape?: readonly number[], options?: { dtype?: EdgeDType });
  /** @internal */
  constructor(trace: Trace, value: Value);
  /** @internal A result of the core, whose data is of the type. */
  constructor(data: TensorData, type: { readonly shape: readonly number[]; readonly dtype: DType });
  constructor(
    given: TypedArray | readonly number[] | Trace,
    shapeOrType?: readonly number[] | { readonly shape: readonly number[]; readonly dtype: DType },
    options: { dtype?: EdgeDType } = NO_OPTIONS,
  ) {
    const type = shapeOrType as Value | undefined;
    if (type?.dtype !== undefined) {
      this.shape = type.shape;
      this.dtype = type.dtype;
      if (given instanceof Trace) {
        this.#trace = given;
        this.#id = type.id;
      } else this.#data = given as TensorData;
      return;
    }
    const data = given as TypedArray | readonly number[];
    const shape = (shapeOrType as readonly number[] | undefined) ?? [data.length];
    let size = 1;
    for (const d of shape) {
      if (!Number.isInteger(d) || d < 0)
        throw new ShapeError(`Tensor: sizes are whole numbers ≥ 0, received [${shape.join(", ")}].`);
      size *= d;
    }
    if (size !== data.length) {
      throw new ShapeError(`Tensor: shape [${shape.join(", ")}] has ${size} elements, the data has ${data.length}.`);
    }
    this.dtype =
      options.dtype !== undefined ? coreDType(options.dtype) : Array.isArray(data) ? "float32" : dtypeOfArray(data as TypedArray);
    this.#data = convert(data, this.dtype);
    // Freezing is slow, and the results of a program share a shape that is frozen already.
    this.shape = Object.isFrozen(shape) ? shape : Object.freeze([...shape]);
  }

  /** The elements, row-major; a bool is 0 or 1. A view that must not be written. Errors: `StateError` while traced. */
  get data(): TensorData {
    if (!this.#data) {
      throw new StateError(
        "The value of this tensor is not known: it belongs to a function that is being traced (jit, grad, or a layer's call). " +
          "Compute with `ops` instead of reading it: `ops.where` in the place of an if, `ops.sum` in the place of a loop.",
      );
    }
    return this.#data;
  }
  get ndim(): number {
    return this.shape.length;
  }
  get size(): number {
    return sizeOf(this.shape);
  }
  /** Is this a value of a trace rather than numbers at hand? */
  get isTraced(): boolean {
    return this.#trace !== undefined;
  }
  /** @internal The trace it belongs to and its id there. */
  get origin(): { trace: Trace; id: number } | undefined {
    return this.#trace && { trace: this.#trace, id: this.#id };
  }
  /** @internal Its id in that trace, or -1. */
  idIn(trace: Trace): number {
    return this.#trace === trace ? this.#id : -1;
  }

  /** The elements as nested arrays: numbers, or booleans for a bool tensor. A scalar gives the element. */
  array(): Nested {
    const { data, shape, dtype } = this;
    let at = 0;
    const level = (axis: number): Nested => {
      if (axis === shape.length) {
        const x = data[at++]!;
        return dtype === "bool" ? x !== 0 : x;
      }
      return Array.from({ length: shape[axis]! }, () => level(axis + 1));
    };
    return level(0);
  }

  /** The only element. Errors: `ShapeError` when there are more or none. */
  item(): number {
    if (this.size !== 1) throw new ShapeError(`item: the tensor has ${this.size} elements, one is needed.`);
    return this.data[0]!;
  }

  toString(): string {
    const what = `${this.dtype}[${this.shape.join(", ")}]`;
    return this.isTraced ? `Tensor(${what}, traced)` : `Tensor(${what}, ${JSON.stringify(this.array())})`;
  }

  /** `x + y`, `x > 0` and `-x` would silently compute with strings: they throw, and name the op. */
  [Symbol.toPrimitive](hint: string): string {
    return onlyText(this, hint, "x.item()");
  }
}

/** What `[Symbol.toPrimitive]` of a tensor or a Variable answers. Errors: `ValueError` where JavaScript would compute. */
export function onlyText(x: Tensor | StateSource, hint: string, number: string): string {
  if (hint === "string") return x.toString();
  throw new ValueError(
    "JavaScript cannot compute with tensors: write ops.add(x, y) for x + y, ops.multiply(x, y) for x * y, ops.negative(x) for -x, " +
      `ops.greater(x, 0) for x > 0, and ${number} to get a number out.`,
  );
}

function convert(data: TypedArray | readonly number[], dtype: DType): TensorData {
  if (dtype === "float32" && data instanceof Float32Array) return data;
  if (dtype === "int32" && data instanceof Int32Array) return data;
  if (dtype === "uint32" && data instanceof Uint32Array) return data;
  const out = allocate(dtype, data.length);
  if (dtype === "bool") {
    for (let i = 0; i < data.length; i++) out[i] = data[i] ? 1 : 0;
  } else if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < data.length; i++) {
      const x = Number(data[i]);
      if (dtype === "int32" && (x > 2147483647 || x < -2147483648)) throw new DTypeError(`Tensor: ${x} does not fit into int32.`);
      out[i] = x;
    }
  } else {
    out.set(data as ArrayLike<number>);
  }
  return out;
}

/**
 * A Tensor of nested arrays, a typed array or a number.
 *
 * Nested numbers become float32, booleans bool, typed arrays are rows of their type; `shape` reshapes, `dtype` converts.
 * Errors: `ShapeError` when rows differ in length.
 * Example: `tensor([[1, 2], [3, 4]]).shape // [2, 2]`
 */
export function tensor(value: TensorLike, options: { shape?: readonly number[]; dtype?: EdgeDType } = {}): Tensor {
  const { shape, dtype } = options;
  if (value instanceof Tensor) {
    if (value.isTraced || (!shape && (!dtype || coreDType(dtype) === value.dtype))) return value;
    return new Tensor(value.data, shape ?? value.shape, { dtype: dtype ?? value.dtype });
  }
  if (typeof value === "object" && value !== null && "value" in value) return tensor(value.value, options);
  if (ArrayBuffer.isView(value)) return new Tensor(value as TypedArray, shape, { ...(dtype && { dtype }) });
  const flat: number[] = [];
  const sizes: number[] = [];
  let bool = true;
  let kind: DType = "float32"; // of the elements of typed rows, and how many those are
  let typed = 0;
  const walk = (x: Nested | TypedArray | TypedRows, depth: number): void => {
    if (Array.isArray(x) || ArrayBuffer.isView(x)) {
      if (sizes.length === depth) sizes.push(x.length);
      if (sizes[depth] !== x.length || (x.length > 0 && depth + 1 > 32)) {
        throw new ShapeError(
          `tensor: rows differ in length (${sizes[depth]} and ${x.length} at depth ${depth}); all rows of an array need one length.`,
        );
      }
      let elements = x as readonly Nested[] | TensorData;
      if (ArrayBuffer.isView(x)) {
        const own = dtypeOfArray(x);
        kind = typed === 0 || kind === own ? own : "float32";
        typed += x.length;
        elements = convert(x, own);
      }
      for (const y of elements) walk(y, depth + 1);
      return;
    }
    if (depth !== sizes.length)
      throw new ShapeError("tensor: numbers and arrays are mixed at one depth; all rows of an array need one form.");
    if (typeof x === "boolean") flat.push(x ? 1 : 0);
    else if (typeof x === "number") {
      bool = false;
      flat.push(x);
    } else {
      const error = new ValueError(`tensor: expected numbers or booleans, received ${show(x)}.`);
      refused.set(error, value);
      throw error;
    }
  };
  walk(value as Nested, 0);
  if (flat.length === 0) bool = false;
  return new Tensor(flat, shape ?? sizes, { dtype: dtype ?? (bool ? "bool" : typed === flat.length ? kind : "float32") });
}

/** What `tensor` could make nothing of, by its error. */
const refused = new WeakMap<object, unknown>();

/** Where an error of `tensor` is about one of `args`, says so in its message. */
export function nameArgument(error: unknown, where: string, args: readonly unknown[]): void {
  if (!(error instanceof ValueError) || !refused.has(error)) return;
  const given = refused.get(error);
  const at = args.findIndex((x) => x === given || (Array.isArray(x) && x.includes(given)));
  const place = at >= 0 ? at : given === undefined ? args.length : -1;
  if (place >= 0) error.message = `${where}: argument ${place + 1}: ${error.message.slice(error.message.indexOf("expected"))}`;
}

/** Anything a user gives as a tensor, as one. `convertToTensor([1, 2])`; see `tensor`. */
export const convertToTensor = (value: TensorLike, options: { dtype?: EdgeDType } = {}): Tensor => tensor(value, options);

// ---- traces

let active: Trace | null = null;
/** The trace that is open, or null. */
export const currentTrace = (): Trace | null => active;

/** Runs `body` outside any trace, so that it computes with numbers: weights are made while a model is being traced. */
export function outsideTrace<T>(body: () => T): T {
  const before = active;
  active = null;
  try {
    return body();
  } finally {
    active = before;
  }
}

/** State that a trace can read: a Variable. */
export interface StateSource {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Its number in the core. */
  readonly state: number;
}

/** A count that debug mode looks at after each run, and the error that a count other than 0 means. */
export interface Check {
  readonly count: Tensor;
  readonly error: (count: number) => Error;
}

/** One traced function: a graph, its inputs, and the updates of states that it makes. */
export class Trace {
  readonly graph = new Graph();
  readonly parent: Trace | null;
  readonly updates = new Map<StateSource, Tensor>();
  readonly #states = new Map<StateSource, Tensor>();
  readonly #lifted = new Map<Tensor, Tensor>();
  /** Tensors of outer traces that this one reads, in order: the constants of a loop's body. */
  readonly captured: { outer: Tensor; inner: Tensor }[] = [];
  readonly checks: Check[] = [];
  #inputs = 0;

  constructor(readonly isBody = false) {
    this.parent = active;
  }

  /** Makes this the open trace while `body` runs. */
  run<T>(body: () => T): T {
    const before = active;
    active = this;
    try {
      return body();
    } finally {
      active = before;
    }
  }

  input(shape: readonly number[], dtype: DType): Tensor {
    return this.wrap(this.graph.emit("input", [], { ints: sourceInts(this.#inputs++, dtype, shape) })[0]!);
  }

  wrap(value: Value): Tensor {
    return new Tensor(this, value);
  }

  /** The value of a state: what this trace assigned, or what it holds when the program starts. */
  read(state: StateSource): Tensor {
    const updated = this.updates.get(state);
    if (updated) return updated;
    let value = this.#states.get(state);
    if (!value) {
      value =
        this.isBody && this.parent
          ? this.parent.run(() => this.parent!.read(state))
          : this.wrap(this.graph.emit("state", [], { ints: sourceInts(state.state, state.dtype, state.shape) })[0]!);
      this.#states.set(state, value);
    }
    return value;
  }

  assign(state: StateSource, value: Tensor): void {
    if (this.isBody) throw new StateError("A variable cannot be assigned inside the body of ops.scan: carry its value instead.");
    this.updates.set(state, value);
  }

  /** Has an int32 scalar looked at after each run. In a loop's body nobody could: there it does nothing. */
  check(count: Tensor, error: Check["error"]): void {
    if (!this.isBody) this.checks.push({ count, error });
  }

  /** The id of a tensor in this graph: its own, a constant, or what an outer trace lends. */
  idOf(t: Tensor): number {
    const own = t.idIn(this);
    if (own >= 0) return own;
    const known = this.#lifted.get(t);
    if (known) return known.idIn(this);
    const { origin } = t;
    let inner: Tensor;
    if (!origin) {
      inner = this.wrap(
        this.graph.emit("constant", [], { ints: sourceInts(0, t.dtype, t.shape).slice(1), words: wordsOf(t) })[0]!,
      );
    } else {
      if (!this.isBody || !this.#within(origin.trace)) {
        throw new StateError(
          "This tensor was made inside a traced function that has ended: return it from the function instead of keeping it in a variable.",
        );
      }
      inner = this.input(t.shape, t.dtype);
      this.captured.push({ outer: t, inner });
    }
    this.#lifted.set(t, inner);
    return inner.idIn(this);
  }

  #within(outer: Trace): boolean {
    for (let t = this.parent; t; t = t.parent) if (t === outer) return !outer.graph.closed;
    return false;
  }
}

/** A tensor's elements as words of the core. */
export function wordsOf(t: Tensor): Uint32Array {
  const data = t.data;
  if (data instanceof Uint8Array) return Uint32Array.from(data);
  return new Uint32Array(data.buffer, data.byteOffset, data.length);
}
