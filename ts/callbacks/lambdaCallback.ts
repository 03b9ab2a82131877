// LambdaCallback: hooks as plain functions.

import { checkOptions } from "../errors.js";
import { Callback, checkHooks, HOOKS, type HookName } from "./callback.js";

/** Functions by the name of their hook. */
export type LambdaHooks = { [K in HookName]?: Callback[K] };

/**
 * A callback made of functions.
 *
 * Example: `new LambdaCallback({ onEpochEnd: (epoch, logs) => console.log(epoch, logs.loss) })`
 */
export class LambdaCallback extends Callback {
  constructor(hooks: LambdaHooks = {}) {
    checkOptions("LambdaCallback", hooks, HOOKS);
    super();
    checkHooks("LambdaCallback", Object.assign(this, hooks));
  }
}
