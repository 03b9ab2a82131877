// The callback protocol: a base class whose hooks do nothing, and the list that calls several in order.

import type { Tensor } from "../tensor.js";

/** What a hook is told: values of loss and metrics by name, sorted. Callbacks share the object, so one may add what a later one reads. */
export type Logs = Record<string, number>;

/** What a callback may know of the run: `verbose`, `epochs`, and `steps` per epoch (null when unknown). */
export interface CallbackParams {
  verbose: 0 | 1 | 2;
  epochs: number;
  steps: number | null;
}

/** What callbacks may do with the model. */
export interface CallbackModel {
  /** Set it to end training after the current batch. */
  stopTraining: boolean;
  getWeights(): Tensor[];
  setWeights(weights: readonly Tensor[]): void;
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

/** The names of the hooks. */
export type HookName = Exclude<keyof Callback, "model" | "params" | "setModel" | "setParams">;

/** A callback as users give one: an instance, or an object with some of the hooks. */
export type CallbackLike = Callback | Partial<Pick<Callback, HookName>>;

/** Calls the hooks of several callbacks, in order. A synchronous run costs no promise: `call` returns one only when a hook did. */
export class CallbackList {
  readonly callbacks: readonly Callback[];

  constructor(callbacks: readonly CallbackLike[], model: CallbackModel, params: CallbackParams) {
    this.callbacks = callbacks.map((c) => (c instanceof Callback ? c : Object.assign(new Callback(), c)));
    for (const c of this.callbacks) {
      c.setModel(model);
      c.setParams(params);
    }
  }

  /** Does any callback override the hook? */
  hears(hook: HookName): boolean {
    const forwards = hook === "onTrainBatchBegin" ? "onBatchBegin" : hook === "onTrainBatchEnd" ? "onBatchEnd" : hook;
    return this.callbacks.some((c) => c[hook] !== Callback.prototype[hook] || c[forwards] !== Callback.prototype[forwards]);
  }

  call(hook: HookName, ...args: readonly unknown[]): Hook {
    let pending: Promise<void> | undefined;
    for (const c of this.callbacks) {
      const run = (): Hook => (c[hook] as (...args: unknown[]) => Hook).apply(c, [...args]);
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
