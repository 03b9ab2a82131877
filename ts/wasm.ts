// Owns the instance of the core and its memory: picks the build, instantiates it, starts the pool. The only file that imports pkg/.

import { platform } from "#platform";
import * as glue from "../pkg/glue.js";
import { checkOptions, KeratinError, StateError, show, ValueError } from "./errors.js";
import { poolWorkerSource } from "./runtime/pool-worker.js";
import type { Variant } from "./runtime/types.js";

export interface InitOptions {
  /** Threads in all, the calling one included. Default: the number of cores, at most 8. */
  threads?: number;
  /** Relaxed SIMD: faster products whose last bits differ between machines. Default false: the same bits everywhere. */
  fast?: boolean;
  /**
   * Reports what programs otherwise pass over in silence: indices outside an embedding's table. Costs a little time in each step.
   * Default false.
   */
  debug?: boolean;
  /** A compiled build of the core, where it cannot be fetched. */
  module?: WebAssembly.Module;
}

/** What runs, and why not more. */
export interface RuntimeInfo {
  platform: string;
  /** The build: `simd`, `simd-mt` (threads) or `relaxed-mt` (threads and relaxed SIMD). */
  variant: Variant;
  threads: number;
  /** Why there is one thread only, or null. */
  why: string | null;
}

/** Stack of a pool thread. It lies in the heap, where an overflow overwrites other data instead of trapping: be generous. */
const STACK = 2 << 20;
/** Each takes its stack of memory. */
const MAX_THREADS = 64;
const PAGES = 64;
const MAX_PAGES = 16384;

// A function that uses i8x16.relaxed_swizzle and drops the result: validates where relaxed SIMD is known.
const RELAXED = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 16, 1, 14, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 26,
  11,
]);

/** The functions of the core. */
export type Core = typeof glue;

let wanted: InitOptions = {};
let memory: WebAssembly.Memory | undefined;
let info: RuntimeInfo | undefined;
let compiled: WebAssembly.Module | undefined;
let broken: Error | undefined;
let poolStarted = false;
let words = new Uint32Array(0);
let floats = new Float32Array(0);

function choose(options: InitOptions): RuntimeInfo {
  const oneCore = (): string | null => (options.threads === undefined && platform.cores() <= 1 ? "there is one core" : null);
  const why = options.threads === 1 ? "threads: 1 was asked for" : (platform.noThreads() ?? oneCore());
  const threads = why ? 1 : (options.threads ?? Math.min(8, platform.cores()));
  const variant: Variant = why ? "simd" : options.fast && WebAssembly.validate(RELAXED) ? "relaxed-mt" : "simd-mt";
  return { platform: platform.name, variant, threads, why };
}

function instantiate(chosen: RuntimeInfo, module: WebAssembly.Module): void {
  const shared =
    chosen.variant === "simd" ? undefined : new WebAssembly.Memory({ initial: PAGES, maximum: MAX_PAGES, shared: true });
  memory = glue.initSync({ module, ...(shared && { memory: shared }) }).memory;
  compiled = module;
  info = chosen;
}

/**
 * Prepares the core. Needed once in a page (`await init()`), where a module cannot be compiled at once; elsewhere the first use does it.
 *
 * Errors: `ValueError` for options that there are not, `StateError` when the core runs already with other ones.
 * Example: `await init({ threads: 1 })`
 */
export async function init(options: InitOptions = {}): Promise<RuntimeInfo> {
  checkOptions("init", options, ["threads", "fast", "debug", "module"]);
  const { threads = 1 } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS)
    throw new ValueError(`init: threads must be a whole number from 1 to ${MAX_THREADS}, received ${show(threads)}.`);
  if (!info) {
    wanted = options;
    const chosen = choose(options);
    instantiate(chosen, options.module ?? (await platform.compile(chosen.variant)));
    await startPool();
  } else if (Object.keys(options).some((k) => options[k as keyof InitOptions] !== wanted[k as keyof InitOptions])) {
    throw new StateError(
      "init: the core runs already; options take effect only before its first use. Call init first in your program.",
    );
  }
  return runtimeInfo();
}

/** Was `init({ debug: true })` called? Programs that are traced then look after themselves. */
export const debugging = (): boolean => wanted.debug === true;

/** Which build runs, on how many threads, and why not more. Starts the core if it does not run yet. */
export function runtimeInfo(): RuntimeInfo {
  ready();
  return { ...info! };
}

function ready(): void {
  if (info) return;
  const chosen = choose(wanted);
  const module = wanted.module ?? platform.compileSync(chosen.variant);
  if (!module) throw new StateError("keratin is not ready: in a page, `await init()` once before anything else.");
  instantiate(chosen, module);
}

/** Starts the workers; idempotent. Called when a program that gains from threads runs for the second time. */
export function startPool(): Promise<unknown> {
  if (poolStarted || info!.variant === "simd") return Promise.resolve();
  poolStarted = true;
  // A worker that does not come up costs speed, not correctness: the calling thread takes all the work that nobody else takes.
  const failed = (error: unknown): void => {
    info!.why = `a pool worker failed: ${error}`;
  };
  const data = (ticket: number): object => ({ module: compiled, memory, ticket, stack: STACK });
  return Promise.all(
    Array.from(glue.poolStart(info!.threads), (ticket) => platform.spawn(poolWorkerSource, data(ticket), failed)),
  );
}

/** Calls into the core. A trap, on any thread, poisons the instance: everything after says so. */
export function call<T>(body: (core: Core) => T): T {
  if (!info) ready();
  if (broken) throw broken;
  try {
    return body(glue);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    const message = glue.panicMessage() || error.message;
    broken = new KeratinError(
      `internal: the core stopped: ${message}. This is a bug of keratin: please report it, with the stack of this error's cause, and start again in a new process or page.`,
      { cause: error },
    );
    throw broken;
  }
}

/** The whole memory as words; made again when memory has grown. Never kept across a call into the core. */
export function memoryWords(): Uint32Array {
  if (words.buffer !== memory!.buffer) words = new Uint32Array(memory!.buffer);
  return words;
}

/** The whole memory as floats. */
export function memoryFloats(): Float32Array {
  if (floats.buffer !== memory!.buffer) floats = new Float32Array(memory!.buffer);
  return floats;
}
