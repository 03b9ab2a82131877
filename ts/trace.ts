// Opens, extends and closes traces, in value ids: the conversation with the core while a computation is written down.

import { DTYPES, type DType, dtypeCode } from "./core/dtype.js";
import { KeratinError, ShapeError, StateError } from "./errors.js";
import { type Core, call, memoryWords } from "./wasm.js";

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

const NONE: readonly number[] = [];
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

let path: string | null = null;

/** Runs `body` inside a named scope: the nodes that it emits carry the path, which errors and printed programs show. */
export function withPath<T>(name: string, body: () => T): T {
  const outer = path;
  path = outer === null ? name : `${outer}/${name}`;
  try {
    return body();
  } finally {
    path = outer;
  }
}

/** Where we are: `sequential/dense`. */
export const currentPath = (): string => path ?? "";

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
    const { ints = NONE, floats = NONE, words, body = 0 } = attributes;
    this.#syncPath();
    const number = opNumber(op);
    const handle = this.handle;
    const total = inputs.length + ints.length + floats.length + (words?.length ?? 0);
    // One visit to the core: a trace of a deep model is thousands of these.
    const values = call((core) => {
      let at = core.transfer(total) >>> 2;
      const memory = memoryWords();
      for (let i = 0; i < inputs.length; i++) memory[at++] = inputs[i]!;
      for (let i = 0; i < ints.length; i++) memory[at++] = ints[i]!;
      for (let i = 0; i < floats.length; i++) {
        f32[0] = floats[i]!;
        memory[at++] = f32Bits[0]!;
      }
      if (words) memory.set(words, at);
      const count = core.emit(handle, number, inputs.length, ints.length, floats.length, words?.length ?? -1, body);
      return count < 0 ? null : readValues(core, count);
    });
    if (!values) throw coreError();
    return values;
  }

  /** The cotangents of a scalar with respect to values. */
  grad(y: number, wrt: readonly number[]): Value[] {
    this.#syncPath();
    send(wrt);
    const values = call((core) => {
      const count = core.grad(this.handle, y, wrt.length);
      return count < 0 ? null : readValues(core, count);
    });
    if (!values) throw coreError();
    return values;
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
function readValues(core: Core, count: number): Value[] {
  let at = core.transfer(0) >>> 2;
  const memory = memoryWords();
  const values: Value[] = [];
  for (let i = 0; i < count; i++) {
    const id = memory[at++]!;
    const dtype = DTYPES[memory[at++]!]!;
    const shape: number[] = [];
    for (let ndim = memory[at++]!; ndim > 0; ndim--) shape.push(memory[at++]!);
    values.push({ id, dtype, shape });
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
