// The public names and nothing else.

import * as activations from "./activations.js";
import * as callbacks from "./callbacks.js";
import * as constraints from "./constraints.js";
import * as mnist from "./datasets/mnist.js";
import * as initializers from "./initializers.js";
import * as layers from "./layers/index.js";
import * as losses from "./losses.js";
import * as metrics from "./metrics.js";
import { cloneModel } from "./models/clone.js";
import { Model } from "./models/model.js";
import { plotModel } from "./models/plot.js";
import { Sequential } from "./models/sequential.js";
import * as ops from "./ops.js";
import * as optimizers from "./optimizers.js";
import * as random from "./random.js";
import * as regularizers from "./regularizers.js";
import * as saving from "./saving.js";

export {
  activations,
  callbacks,
  constraints,
  initializers,
  layers,
  losses,
  metrics,
  ops,
  optimizers,
  random,
  regularizers,
  saving,
};
/** Data sets: `datasets.mnist.loadData()`. */
export const datasets = { mnist } as const;

/** `models.cloneModel(model)`, and the classes that are at the top level too. */
export const models = { Model, Sequential, cloneModel } as const;

/** `utils.plotModel(model)`: a drawing of it. */
export const utils = { plotModel } as const;

export type { DType, EdgeDType, TypedArray } from "./core/dtype.js";
export * from "./errors.js";
export { grad, jit, valueAndGrad } from "./functions.js";
export { Input } from "./layers/input.js";
export { Layer } from "./layers/layer.js";
export { type CloneOptions, cloneModel } from "./models/clone.js";
export { Model } from "./models/model.js";
export type { CompileOptions, EvaluateOptions, FitOptions, OnBatchOptions, PredictOptions } from "./models/options.js";
export type { PlotModelOptions } from "./models/plot.js";
export { Sequential } from "./models/sequential.js";
export { clearSession, setRandomSeed } from "./random.js";
export { KerasTensor } from "./symbolic/kerasTensor.js";
export { convertToTensor, type Nested, Tensor, type TensorLike, tensor } from "./tensor.js";
export { Variable, type VariableOptions } from "./variable.js";
export { type InitOptions, init, type RuntimeInfo, runtimeInfo } from "./wasm.js";
