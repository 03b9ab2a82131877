/* tslint:disable */
/* eslint-disable */

/**
 * Words of the arena that all programs share.
 */
export function arenaWords(): number;

export function bodyFree(body: number): void;

/**
 * Transfer in: outputs, then pairs of a state and its new value. Returns a program, or −1.
 */
export function compile(graph: number, outputs: number, updates: number): number;

/**
 * Transfer in: inputs, ints, floats, words (`words` is −1 where there are none). Out: a description of each result. Returns their number, or −1.
 */
export function emit(graph: number, number: number, inputs: number, ints: number, floats: number, words: number, body: number): number;

/**
 * Transfer in: the values to differentiate by. Out: a description of each gradient of the scalar `y`.
 */
export function grad(graph: number, y: number, wrt: number): number;

export function graphClose(graph: number): void;

export function graphOpen(): number;

/**
 * The layer path of the nodes from here on.
 */
export function graphPath(graph: number, path: string): void;

/**
 * Transfer in: the outputs.
 */
export function graphText(graph: number, outputs: number): string;

/**
 * Transfer in: the body's inputs and outputs. The graph is gone; returns a handle for `emit`.
 */
export function graphToBody(graph: number, inputs: number, outputs: number): number;

/**
 * The text of the last error.
 */
export function lastError(): string;

/**
 * The names of all ops, then of all composites, a line each, in the order of their numbers.
 */
export function opTable(): string;

/**
 * Leaves the orthogonal matrix of `[rows, cols]`, row-major, in the transfer buffer. The key's words are `k0, k1`.
 */
export function orthogonal(rows: number, cols: number, k0: number, k1: number, gain: number): void;

/**
 * Why the core stopped, or nothing.
 */
export function panicMessage(): string;

/**
 * Runs the loop that defines the peak "P" of one thread, `times` times, and returns how many multiplications and additions that were.
 */
export function peakProbe(times: number): number;

/**
 * Runs `chunks` chunks of `spin` rounds each and returns how many each thread took. With `panic`, the first chunk that another thread than the
 * caller takes panics; the caller's own go on.
 */
export function poolProbe(chunks: number, spin: number, panic: boolean): Uint32Array;

/**
 * Makes a pool of `threads` threads and returns one ticket per worker to start (`threads - 1`).
 * Must come before the first parallel call: until then rayon would make its own pool of one thread.
 */
export function poolStart(threads: number): Uint32Array;

/**
 * C = A·B, the kernel alone on the calling thread. All four are states (`stateNew`): A [m, k], B [k, n], C [m, n] and the workspace.
 */
export function productProbe(m: number, n: number, k: number, a: number, b: number, c: number, workspace: number): void;

/**
 * Words of workspace for `productProbe`.
 */
export function productWorkspace(m: number, n: number, k: number): number;

export function programFree(program: number): void;

/**
 * Where input `i` is to be written, or null when nothing reads it.
 */
export function programInput(program: number, i: number): number;

/**
 * Where output `k` is after a run.
 */
export function programOutput(program: number, k: number): number;

/**
 * Has it a step that gains from threads?
 */
export function programParallel(program: number): boolean;

export function programRun(program: number): void;

/**
 * Runs one step alone; JavaScript, which has a clock, times them in order.
 */
export function programRunStep(program: number, step: number): void;

/**
 * Number of steps.
 */
export function programSteps(program: number): number;

/**
 * The program as text: a heading and a line per step.
 */
export function programText(program: number): string;

/**
 * Programs that use the state keep it.
 */
export function stateFree(state: number): void;

export function stateNew(words: number): number;

export function statePointer(state: number): number;

/**
 * Room for `words` words in the transfer buffer; its address. 0 asks for the address alone.
 */
export function transfer(words: number): number;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly arenaWords: () => number;
    readonly bodyFree: (a: number) => void;
    readonly compile: (a: number, b: number, c: number) => number;
    readonly emit: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => number;
    readonly grad: (a: number, b: number, c: number) => number;
    readonly graphClose: (a: number) => void;
    readonly graphOpen: () => number;
    readonly graphPath: (a: number, b: number, c: number) => void;
    readonly graphText: (a: number, b: number) => [number, number];
    readonly graphToBody: (a: number, b: number, c: number) => number;
    readonly lastError: () => [number, number];
    readonly opTable: () => [number, number];
    readonly orthogonal: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly panicMessage: () => [number, number];
    readonly peakProbe: (a: number) => number;
    readonly poolProbe: (a: number, b: number, c: number) => [number, number];
    readonly poolStart: (a: number) => [number, number, number, number];
    readonly pool_poison: () => void;
    readonly pool_run: (a: number) => void;
    readonly productProbe: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly productWorkspace: (a: number, b: number, c: number) => number;
    readonly programFree: (a: number) => void;
    readonly programInput: (a: number, b: number) => number;
    readonly programOutput: (a: number, b: number) => number;
    readonly programParallel: (a: number) => number;
    readonly programRun: (a: number) => void;
    readonly programRunStep: (a: number, b: number) => void;
    readonly programSteps: (a: number) => number;
    readonly programText: (a: number) => [number, number];
    readonly stateFree: (a: number) => void;
    readonly stateNew: (a: number) => number;
    readonly statePointer: (a: number) => number;
    readonly transfer: (a: number) => number;
    readonly memory: WebAssembly.Memory;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_thread_destroy: (a?: number, b?: number, c?: number) => void;
    readonly __wbindgen_start: (a: number) => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput, memory?: WebAssembly.Memory, thread_stack_size?: number }} module - Passing `SyncInitInput` directly is deprecated.
 * @param {WebAssembly.Memory} memory - Deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput, memory?: WebAssembly.Memory, thread_stack_size?: number } | SyncInitInput, memory?: WebAssembly.Memory): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput>, memory?: WebAssembly.Memory, thread_stack_size?: number }} module_or_path - Passing `InitInput` directly is deprecated.
 * @param {WebAssembly.Memory} memory - Deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path: { module_or_path: InitInput | Promise<InitInput>, memory?: WebAssembly.Memory, thread_stack_size?: number } | InitInput | Promise<InitInput>, memory?: WebAssembly.Memory): Promise<InitOutput>;
