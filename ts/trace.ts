// Opens, extends and closes traces, in value ids: the conversation with the core while a computation is written down.

import { DTYPES, type DType, dtypeCode } from "./core/dtype.js";
import { KeratinError, ShapeError, StateError } from "./errors.js";
import { call, memoryWords } from "./wasm.js";

/** A value of a trace: its id there, and what the core inferred. */
export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** The constants of an op; which it takes is written at its row in `crates/graph/src/ops`. */
export interface Attributes {
  ints?: readonly number[];
  floats?: readonly number[];
  words?: Uint32Array;
  /** A closed graph: the body of a loop. */
  body?: number;
}

let opNumbers: Map<string, number> | undefined;
const f32 = new Float32Array(1);
const f32Bits = new Uint32Array(f32.buffer);

/** The number of an op on the boundary. */
function opNumber(name: string): number {
  opNumbers ??= new Map(
    call((core) => core.opTable())
      .split("\n")
      .map((op, i) => [op, i]),
  );
  const number = opNumbers.get(name);
  if (number === undefined) throw new KeratinError(`internal: the core has no op ${name}`);
  return number;
}

const layerPath: string[] = [];

/** Runs `body` inside a named scope: the nodes that it emits carry the path, which errors and printed programs show. */
export function withPath<T>(name: string, body: () => T): T {
  layerPath.push(name);
  try {
    return body();
  } finally {
    layerPath.pop();
  }
}

/** Where we are: `sequential/dense`. */
export const currentPath = (): string => layerPath.join("/");

/** One graph under construction in the core. */
export class Graph {
  #handle: number;
  #path = "";

  constructor() {
    this.#handle = call((core) => core.graphOpen());
  }

  get handle(): number {
    if (this.#handle < 0) throw new StateError("internal: this trace is over");
    return this.#handle;
  }

  get closed(): boolean {
    return this.#handle < 0;
  }

  /** Emits an op; operands are promoted and broadcast as NumPy would. Errors: `ShapeError` with the layer's path. */
  emit(op: string, inputs: readonly number[], attributes: Attributes = {}): Value[] {
    const { ints = [], floats = [], words, body = 0 } = attributes;
    this.#syncPath();
    const number = opNumber(op);
    const total = inputs.length + ints.length + floats.length + (words?.length ?? 0);
    let at = call((core) => core.transfer(total)) >>> 2;
    const memory = memoryWords();
    for (const id of inputs) memory[at++] = id;
    for (const i of ints) memory[at++] = i;
    for (const x of floats) {
      f32[0] = x;
      memory[at++] = f32Bits[0]!;
    }
    if (words) memory.set(words, at);
    const count = call((core) =>
      core.emit(this.handle, number, inputs.length, ints.length, floats.length, words?.length ?? -1, body),
    );
    if (count < 0) throw coreError();
    return readValues(count);
  }

  /** The cotangents of a scalar with respect to values. */
  grad(y: number, wrt: readonly number[]): Value[] {
    this.#syncPath();
    send(wrt);
    const count = call((core) => core.grad(this.handle, y, wrt.length));
    if (count < 0) throw coreError();
    return readValues(count);
  }

  /** Compiles to a program; returns its handle. `updates` are pairs of a state and its new value. */
  compile(outputs: readonly number[], updates: readonly (readonly [number, number])[]): number {
    send([...outputs, ...updates.flat()]);
    const program = call((core) => core.compile(this.handle, outputs.length, updates.length));
    if (program < 0) throw coreError();
    return program;
  }

  /** Closes the graph into the body of a loop; the graph is gone. */
  toBody(inputs: readonly number[], outputs: readonly number[]): number {
    send([...inputs, ...outputs]);
    const body = call((core) => core.graphToBody(this.handle, inputs.length, outputs.length));
    this.#handle = -1;
    return body;
  }

  /** The graph as text. */
  text(outputs: readonly number[]): string {
    send(outputs);
    return call((core) => core.graphText(this.handle, outputs.length));
  }

  close(): void {
    if (this.#handle < 0) return;
    const handle = this.#handle;
    this.#handle = -1;
    call((core) => core.graphClose(handle));
  }

  #syncPath(): void {
    const path = currentPath();
    if (path === this.#path) return;
    this.#path = path;
    call((core) => core.graphPath(this.handle, path));
  }
}

function send(ids: readonly number[]): void {
  const at = call((core) => core.transfer(ids.length)) >>> 2;
  memoryWords().set(ids, at);
}

/** Reads `count` values that the core left in the transfer buffer: id, dtype, ndim, sizes. */
function readValues(count: number): Value[] {
  let at = call((core) => core.transfer(0)) >>> 2;
  const memory = memoryWords();
  const values: Value[] = [];
  for (let i = 0; i < count; i++) {
    const id = memory[at++]!;
    const dtype = DTYPES[memory[at++]!]!;
    const ndim = memory[at++]!;
    values.push({ id, dtype, shape: Array.from(memory.subarray(at, at + ndim)) });
    at += ndim;
  }
  return values;
}

function coreError(): Error {
  const message = call((core) => core.lastError());
  const path = currentPath();
  return new ShapeError(path ? `${path.replaceAll("/", " › ")} › ${message}` : message);
}

export const sourceInts = (index: number, dtype: DType, shape: readonly number[]): number[] => [
  index,
  dtypeCode(dtype),
  ...shape,
];
