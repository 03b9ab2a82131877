// The callback protocol: a base class whose hooks do nothing, and the list that calls several in order.

import { show, unknownName, ValueError } from "../errors.js";
import type { Layer } from "../layers/layer.js";
import type { Optimizer } from "../optimizers.js";
import type { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";

/** What a hook is told: values of loss and metrics by name, sorted. Callbacks share the object, so one may add what a later one reads. */
export type Logs = Record<string, number>;

/** What a callback may know of the run: `verbose`, `epochs`, and `steps` per epoch (null when unknown). */
export interface CallbackParams {
  verbose: 0 | 1 | 2;
  epochs: number;
  steps: number | null;
}

/** What a callback's `model` is sure to have. It is the model itself, so that `this.model as Model` has the rest. */
export interface CallbackModel {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly weights: readonly Variable[];
  /** Null for a `predict` of a model that was not compiled. */
  readonly optimizer: Optimizer | null;
  /** Set it to end training after the current batch. */
  stopTraining: boolean;
  getWeights(): Tensor[];
  setWeights(weights: readonly Tensor[]): void;
  saveWeights(path?: string | URL): Promise<Uint8Array>;
  evaluate(x: unknown, y?: unknown, options?: object): Promise<number | number[] | Logs>;
  predict(x: unknown, options?: object): Promise<unknown>;
  /** Does a log of that name get better as it grows? Null when no metric has the name. */
  direction(log: string): "up" | "down" | null;
}

/** A hook may be async: training waits for it. */
export type Hook = void | Promise<void>;

/**
 * Base of all callbacks: override the hooks you need.
 *
 * Example: `class Print extends Callback { override onEpochEnd(epoch: number, logs: Logs) { console.log(epoch, logs.loss); } }`
 */
export class Callback {
  model!: CallbackModel;
  params!: CallbackParams;

  setModel(model: CallbackModel): void {
    this.model = model;
  }
  setParams(params: CallbackParams): void {
    this.params = params;
  }

  onTrainBegin(_logs: Logs): Hook {}
  onTrainEnd(_logs: Logs): Hook {}
  onEpochBegin(_epoch: number, _logs: Logs): Hook {}
  onEpochEnd(_epoch: number, _logs: Logs): Hook {}
  onBatchBegin(_batch: number, _logs: Logs): Hook {}
  onBatchEnd(_batch: number, _logs: Logs): Hook {}
  /** Forwards to `onBatchBegin`. */
  onTrainBatchBegin(batch: number, logs: Logs): Hook {
    return this.onBatchBegin(batch, logs);
  }
  /** Forwards to `onBatchEnd`. */
  onTrainBatchEnd(batch: number, logs: Logs): Hook {
    return this.onBatchEnd(batch, logs);
  }
  onTestBegin(_logs: Logs): Hook {}
  onTestEnd(_logs: Logs): Hook {}
  onTestBatchBegin(_batch: number, _logs: Logs): Hook {}
  onTestBatchEnd(_batch: number, _logs: Logs): Hook {}
  onPredictBegin(_logs: Logs): Hook {}
  onPredictEnd(_logs: Logs): Hook {}
  onPredictBatchBegin(_batch: number, _logs: Logs): Hook {}
  onPredictBatchEnd(_batch: number, _logs: Logs & { outputs?: unknown }): Hook {}
}

/** The name of a hook. */
export type HookName = Exclude<keyof Callback, "model" | "params" | "setModel" | "setParams">;

/** A callback as users give one: an instance, or any object with some of the hooks. */
export type CallbackLike = Partial<Callback>;

/** The names of the hooks. */
export const HOOKS = Object.getOwnPropertyNames(Callback.prototype).filter((name) => name.startsWith("on")) as HookName[];
/** Older names: an object without the first hook may have the second. */
const OLDER: { readonly [hook in HookName]?: HookName } = { onTrainBatchBegin: "onBatchBegin", onTrainBatchEnd: "onBatchEnd" };

/** Errors: `ValueError` for what has no hooks, and for hooks that are misspelt or no functions. */
export function checkHooks(where: string, callback: CallbackLike): void {
  if (typeof callback !== "object" || callback === null) {
    const isClass = typeof callback === "function" ? " Make an instance with new." : "";
    throw new ValueError(`${where}: expected an object with hooks such as onEpochEnd, received ${show(callback)}.${isClass}`);
  }
  const known: readonly string[] = HOOKS;
  for (const name in callback) {
    // A subclass may have more functions, such as an `onStop` that it calls.
    if (/^on[A-Z]/.test(name) && !known.includes(name) && !(callback instanceof Callback))
      throw new ValueError(`${where}: ${unknownName("hook", name, known)}`);
  }
  const own = HOOKS.filter((hook) => callback[hook] !== undefined);
  for (const hook of own) {
    if (typeof callback[hook] !== "function")
      throw new ValueError(`${where}: ${hook} must be a function, received ${show(callback[hook])}.`);
  }
  if (own.length === 0) throw new ValueError(`${where}: ${show(callback)} has no hook. Known: ${HOOKS.join(", ")}.`);
}

/** One callback or several as a list. Errors: see `checkHooks`. */
export function callbacksOf(given: CallbackLike | readonly CallbackLike[] | null | undefined): readonly CallbackLike[] {
  const list = [given ?? []].flat() as CallbackLike[];
  list.forEach((callback, i) => checkHooks(`callbacks[${i}]`, callback));
  return list;
}

/** Calls the hooks of several callbacks, in order. A synchronous run costs no promise: `call` returns one only when a hook did. */
export class CallbackList {
  readonly callbacks: readonly CallbackLike[];

  constructor(callbacks: CallbackLike | readonly CallbackLike[], model: CallbackModel, params: CallbackParams) {
    this.callbacks = callbacksOf(callbacks);
    for (const c of this.callbacks) {
      if (c.setModel) c.setModel(model);
      else c.model = model;
      if (c.setParams) c.setParams(params);
      else c.params = params;
    }
  }

  /** Does any callback override the hook? */
  hears(hook: HookName): boolean {
    const names = [hook, OLDER[hook] ?? hook];
    return this.callbacks.some((c) => names.some((n) => c[n] !== undefined && c[n] !== Callback.prototype[n]));
  }

  call(hook: HookName, ...args: readonly unknown[]): Hook {
    let pending: Promise<void> | undefined;
    for (const c of this.callbacks) {
      const own = c[hook] ?? c[OLDER[hook] ?? hook];
      if (!own) continue;
      const run = (): Hook => (own as (...args: unknown[]) => Hook).apply(c, [...args]);
      if (pending) {
        pending = pending.then(run);
        continue;
      }
      const result = run();
      if (result instanceof Promise) pending = result;
    }
    return pending;
  }
}
