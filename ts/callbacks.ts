// The namespace `callbacks`.

export {
  Callback,
  type CallbackLike,
  CallbackList,
  type CallbackModel,
  type CallbackParams,
  type HookName,
  type Logs,
} from "./callbacks/callback.js";
export { EarlyStopping, type EarlyStoppingOptions } from "./callbacks/earlyStopping.js";
export { History } from "./callbacks/history.js";
export { LambdaCallback, type LambdaHooks } from "./callbacks/lambdaCallback.js";
export { ProgbarLogger } from "./callbacks/progbarLogger.js";
export { TerminateOnNaN } from "./callbacks/terminateOnNaN.js";
