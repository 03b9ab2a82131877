// Model: a layer that can be trained, saved and shown. Its training lives in `trainer.ts`.

import type { Logs } from "../callbacks/callback.js";
import type { History } from "../callbacks/history.js";
import { ValueError } from "../errors.js";
import { checkInputs } from "../layers/inputSpec.js";
import { KerasTensor } from "../layers/kerasTensor.js";
import { type CallOptions, Layer, type LayerOptions } from "../layers/layer.js";
import { withCall } from "../layers/scope.js";
import { outputShape } from "../layers/shapes.js";
import { flatten, isShape, type PartialShape, type Structure, type TensorInput, type TensorTree } from "../layers/structure.js";
import { serialize } from "../saving/serialize.js";
import type { Tensor } from "../tensor.js";
import type { BatchIterable, DataLike } from "./data.js";
import { type SummaryOptions, summary } from "./summary.js";
import {
  type CompileOptions,
  type EvaluateOptions,
  type FitOptions,
  type OnBatchOptions,
  type PredictOptions,
  Trainer,
} from "./trainer.js";
import { type LoadWeightsOptions, loadWeights, saveWeights, type WeightsSource } from "./weights.js";

export interface ModelOptions extends Omit<LayerOptions, "inputShape" | "inputDim"> {}

/**
 * A network with training, saving and a summary.
 *
 * Extend it for a model whose `call` is code of its own; its layers are found among its properties. `Sequential` is a stack of layers.
 */
export class Model extends Layer {
  static override readonly className: string = "Model";
  static override readonly module: string = "keras";
  /** Set it (in a callback) to end training after the current batch. */
  stopTraining = false;
  readonly #trainer: Trainer;

  constructor(options: ModelOptions = {}) {
    if (options instanceof KerasTensor || Array.isArray(options)) {
      throw new ValueError(
        "new Model(inputs, outputs): models of symbolic tensors are not supported yet; use Sequential, or extend Model.",
      );
    }
    super(options);
    this.#trainer = new Trainer(this);
  }

  // ---- structure

  /** The layers, in order. */
  get layers(): Layer[] {
    return this.subLayers;
  }

  /** A layer by its name or its place: `getLayer("dense")`, `getLayer({ index: 0 })`. Errors: `ValueError` that lists what there is. */
  getLayer(which: string | { name?: string; index?: number }): Layer {
    const { name, index } = typeof which === "string" ? { name: which, index: undefined } : which;
    const { layers } = this;
    if (index !== undefined) {
      if (name !== undefined) throw new ValueError("getLayer: provide a name or an index, not both.");
      const found = layers.at(index);
      if (!found) throw new ValueError(`getLayer: there is no layer at index ${index}, the model has ${layers.length} layers.`);
      return found;
    }
    const found = layers.find((layer) => layer.name === name);
    if (!found)
      throw new ValueError(
        `No such layer: ${JSON.stringify(name)}. Existing layers are: ${layers.map((l) => l.name).join(", ")}.`,
      );
    return found;
  }

  /** Shape of the input, or null before it is known. */
  get inputShape(): Structure<PartialShape> | null {
    return null;
  }
  /** Shape of the output, or null before it is known. */
  get outputShape(): Structure<PartialShape> | null {
    return null;
  }
  /** Names of the outputs, as they appear in logs of models with several. */
  get outputNames(): readonly string[] {
    return ["output"];
  }

  protected override get rebuilds(): boolean {
    return true;
  }

  /** Traces `call` on the shape, so that all layers inside are built. */
  override build(...inputShapes: Structure<PartialShape>[]): void {
    if (inputShapes.length === 0) throw new ValueError(`${this.name}: build needs the shape of the input, such as [null, 784].`);
    this.built = true; // the layers are, one by one, while the call is traced
    try {
      withCall(null, () => outputShape(this, inputShapes));
    } catch (error) {
      this.built = false;
      throw error;
    }
  }

  override apply<Result extends TensorTree = Tensor>(...args: (TensorInput | CallOptions)[]): Result {
    // The call itself builds the layers inside; a trace beforehand would do it a second time.
    const building = !this.built && Object.getPrototypeOf(this).build === Model.prototype.build;
    if (!building) return super.apply<Result>(...args);
    this.built = true;
    try {
      return super.apply<Result>(...args);
    } catch (error) {
      this.built = false;
      throw error;
    }
  }

  /** @internal Builds for data of these shapes, or checks that they fit. */
  ensureBuilt(shapes: Structure<PartialShape>): void {
    if (!this.built) this.build(shapes);
    checkInputs(
      this.inputSpec,
      flatten<PartialShape>(shapes, isShape).map((shape) => ({ shape })),
      this.name,
    );
  }

  /** Prints the table of layers, shapes and parameters as Keras does. */
  summary(options: SummaryOptions = {}): void {
    summary(this, options);
  }

  /** Keras' JSON of the model, as text. (`JSON.stringify(model)` writes the same.) */
  toJSON(): string;
  toJSON(key: string): object;
  toJSON(key?: string): string | object {
    const json = serialize(this);
    return key === undefined ? JSON.stringify(json) : json;
  }

  /** How the model was compiled, for files; empty when it was not. */
  getCompileConfig(): Record<string, unknown> {
    const options = this.#trainer.compileOptions;
    if (!options) return {};
    const {
      optimizer,
      loss = null,
      lossWeights = null,
      metrics = null,
      weightedMetrics = null,
      runEagerly = false,
      stepsPerExecution = 1,
      jitCompile,
    } = options;
    return {
      optimizer: serialize(this.#trainer.optimizer ?? optimizer),
      loss: serialize(loss),
      loss_weights: lossWeights,
      metrics: serialize(metrics),
      weighted_metrics: serialize(weightedMetrics),
      run_eagerly: runEagerly,
      steps_per_execution: stepsPerExecution,
      jit_compile: jitCompile === "auto" || jitCompile === undefined ? true : jitCompile,
    };
  }

  // ---- weights in files

  /** Writes the weights as safetensors, named by their paths: to a file (Node, Deno, Bun), and returns the bytes. */
  async saveWeights(path?: string | URL): Promise<Uint8Array> {
    return saveWeights(this, path);
  }

  /**
   * Reads weights that `saveWeights` wrote: from a path, a URL, bytes or a Blob.
   *
   * Errors: `FileError` for missing, extra or misshapen weights, which are all named; then nothing has changed.
   */
  async loadWeights(source: WeightsSource, options: LoadWeightsOptions = {}): Promise<void> {
    return loadWeights(this, source, options);
  }

  // ---- training: see `Trainer`

  /** @internal */
  get trainer(): Trainer {
    return this.#trainer;
  }
  get optimizer(): Trainer["optimizer"] {
    return this.#trainer.optimizer;
  }
  get metricsNames(): string[] {
    return this.#trainer.metricsNames;
  }
  get compiled(): boolean {
    return this.#trainer.compileOptions !== null;
  }

  /** Sets how the model learns: optimizer, loss, metrics. */
  compile(options: CompileOptions = {}): void {
    this.#trainer.compile(options);
  }

  /** Trains on data; resolves to the history of losses and metrics. Yields to the event loop between batches. */
  fit(x: DataLike | BatchIterable, y?: DataLike | null, options?: FitOptions): Promise<History> {
    return this.#trainer.fit(x, y, options);
  }

  /** Loss and metrics on data. */
  evaluate(x: DataLike | BatchIterable, y: DataLike | null, options: EvaluateOptions & { returnDict: true }): Promise<Logs>;
  evaluate(
    x: DataLike | BatchIterable,
    y?: DataLike | null,
    options?: EvaluateOptions & { returnDict?: false },
  ): Promise<number | number[]>;
  evaluate(x: DataLike | BatchIterable, y?: DataLike | null, options?: EvaluateOptions): Promise<number | number[] | Logs> {
    return this.#trainer.evaluate(x, y, options);
  }

  /** Outputs for data, batch by batch. */
  predict<Result extends Structure<Tensor> = Tensor>(x: DataLike | BatchIterable, options?: PredictOptions): Promise<Result> {
    return this.#trainer.predict(x, options) as Promise<Result>;
  }

  /** One training step; synchronous. */
  trainOnBatch(x: DataLike, y?: DataLike | null, options?: OnBatchOptions): number | number[] | Logs {
    return this.#trainer.trainOnBatch(x, y, options);
  }

  /** Loss and metrics of one batch; synchronous. */
  testOnBatch(x: DataLike, y?: DataLike | null, options?: Omit<OnBatchOptions, "classWeight">): number | number[] | Logs {
    return this.#trainer.testOnBatch(x, y, options);
  }

  /** Outputs of one batch; synchronous. */
  predictOnBatch<Result extends Structure<Tensor> = Tensor>(x: DataLike): Result {
    return this.#trainer.predictOnBatch(x) as Result;
  }

  /** The compiled training step as text, with the time of each part. */
  explain(x: DataLike, y?: DataLike | null, runs?: number): string {
    return this.#trainer.explain(x, y, runs);
  }
}
