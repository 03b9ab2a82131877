// A compiled computation: trace a function once, run it as one call of the core.

import { StateError } from "../errors.js";
import { type Check, type StateSource, Tensor, Trace } from "../tensor.js";
import { call, memoryFloats, memoryWords, startPool } from "../wasm.js";
import { allocate, type DType } from "./dtype.js";
import { releaseWith } from "./release.js";

/** Shape and element type of an input or result. */
export interface TensorType {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A program of the core with its input and output places. */
export class Program {
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
  /** The states that a run changes. */
  readonly updated: readonly StateSource[];
  readonly #handle: number;
  readonly #sizes: readonly number[];
  readonly #checks: readonly Check["error"][];
  /** Does it gain from threads that are not there yet? */
  #wantsPool: boolean;
  #ran = false;

  private constructor(
    handle: number,
    inputs: readonly TensorType[],
    outputs: readonly TensorType[],
    updated: readonly StateSource[],
    checks: readonly Check["error"][],
  ) {
    this.#handle = handle;
    this.#wantsPool = call((core) => core.programParallel(handle));
    this.inputs = inputs;
    this.outputs = outputs;
    this.updated = updated;
    this.#checks = checks;
    this.#sizes = outputs.map((t) => t.shape.reduce((n, d) => n * d, 1));
    releaseWith(this, () => call((core) => core.programFree(handle)));
  }

  /**
   * Traces `body` on inputs of the given types and compiles what it returns, with the updates of states that it made.
   *
   * Errors from `body` leave nothing behind.
   */
  static trace(inputs: readonly TensorType[], body: (values: Tensor[]) => readonly Tensor[]): Program {
    const trace = new Trace();
    try {
      return trace.run(() => {
        const values = inputs.map((t) => trace.input(t.shape, t.dtype));
        const results = body(values);
        for (const r of results) {
          if (!(r instanceof Tensor))
            throw new StateError(`A traced function must return tensors, received ${r === null ? "null" : typeof r}.`);
        }
        const ids = [...results, ...trace.checks.map((c) => c.count)].map((t) => trace.idOf(t));
        const updates = [...trace.updates].map(([state, value]) => [state.state, trace.idOf(value)] as const);
        const handle = trace.graph.compile(ids, updates);
        const types = results.map((t) => ({ shape: Object.freeze([...t.shape]), dtype: t.dtype }));
        const checks = trace.checks.map((c) => c.error);
        return new Program(handle, [...inputs], types, [...trace.updates.keys()], checks);
      });
    } finally {
      trace.graph.close();
    }
  }

  /** Writes the inputs, runs, returns copies of the outputs. */
  run(values: readonly Tensor[]): Tensor[] {
    // Loops without closures: a small program takes less time than what is around it.
    for (let i = 0; i < values.length; i++) this.write(i, values[i]!);
    this.execute();
    const results: Tensor[] = [];
    for (let k = 0; k < this.outputs.length; k++) results.push(new Tensor(this.read(k), this.outputs[k]!));
    return results;
  }

  /** Puts a tensor into the place of input `i`. */
  write(i: number, t: Tensor): void {
    const at = this.inputAt(i);
    if (at < 0) return; // nothing reads it
    if (t.dtype === "float32") memoryFloats().set(t.data, at);
    else memoryWords().set(t.data, at);
  }

  /** The index of input `i`'s first word in the memory, or -1 when the program does not read it. Holds until the next call of the core. */
  inputAt(i: number): number {
    if (this.#wantsPool && this.#ran) this.#startPool();
    const pointer = call((core) => core.programInput(this.#handle, i));
    return pointer === 0 ? -1 : pointer >>> 2;
  }

  /** Errors: what a check of debug mode found. The run is over by then, with all its updates. */
  execute(): void {
    if (this.#wantsPool && this.#ran && this.inputs.length === 0) this.#startPool();
    call((core) => core.programRun(this.#handle));
    this.#ran = true;
    for (let k = 0; k < this.#checks.length; k++) {
      const count = memoryWords()[call((core) => core.programOutput(this.#handle, this.outputs.length + k)) >>> 2]!;
      if (count > 0) throw this.#checks[k]!(count);
    }
  }

  /**
   * Starts the threads with the second run: they take longer to start than a first run takes, and many programs run once, such as those
   * that draw first weights.
   *
   * NOTE before the first input is written: their workspaces may move the arena, and what lies in it is lost.
   */
  #startPool(): void {
    this.#wantsPool = false;
    void startPool();
  }

  /** A copy of output `k`. */
  read(k: number): ReturnType<typeof allocate> {
    const at = call((core) => core.programOutput(this.#handle, k)) >>> 2;
    const size = this.#sizes[k]!;
    const type = this.outputs[k]!;
    if (type.dtype === "float32") return memoryFloats().slice(at, at + size);
    const words = memoryWords().subarray(at, at + size);
    const out = allocate(type.dtype, size);
    out.set(words);
    return out;
  }

  /** The printed program: steps, fusions, places. With `runs`, each step's median time over so many runs. */
  text(runs = 0): string {
    const steps = call((core) => core.programSteps(this.#handle));
    const times: number[][] = Array.from({ length: steps }, () => []);
    for (let r = 0; r < runs; r++) {
      for (let i = 0; i < steps; i++) {
        const from = performance.now();
        call((core) => core.programRunStep(this.#handle, i));
        times[i]!.push(performance.now() - from);
      }
    }
    const text = call((core) => core.programText(this.#handle));
    if (runs === 0) return text;
    const median = times.map((t) => t.sort((a, b) => a - b)[runs >> 1]!);
    const timed = (line: string, ms: number) => `${line.padEnd(90)} ${ms.toFixed(3).padStart(9)} ms\n`;
    const [heading, ...lines] = text.trimEnd().split("\n");
    const sum = median.reduce((a, b) => a + b, 0);
    return `${heading}\n${lines.map((line, i) => timed(line, median[i]!)).join("")}${timed("  sum", sum)}`;
  }
}
