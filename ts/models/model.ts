// Model: a layer that can be trained, saved and shown. Its training lives in `trainer.ts`.

import type { Logs } from "../callbacks/callback.js";
import type { History } from "../callbacks/history.js";
import {
  flatten,
  isPlainObject,
  isShape,
  type PartialShape,
  type Structure,
  shapesOf,
  type TensorInput,
  type TensorTree,
  tensorsOf,
} from "../core/structure.js";
import { show, ValueError } from "../errors.js";
import { checkInputs } from "../layers/inputSpec.js";
import { type CallArguments, type CallOptions, Layer, type LayerOptions } from "../layers/layer.js";
import { withCall } from "../layers/scope.js";
import { outputShape } from "../layers/shapes.js";
import { uniqueName } from "../saving/names.js";
import type { Config, KerasObject } from "../saving/object.js";
import { type DeserializeOptions, registerClass, reviveConfig, serialize } from "../saving/serialize.js";
import { holdsSymbolic } from "../symbolic/kerasTensor.js";
import type { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import type { BatchIterable, DataLike } from "./data.js";
import { graphConfig, graphFromConfig } from "./functionalConfig.js";
import { FunctionalGraph, type SymbolicTree } from "./functionalGraph.js";
import {
  COMPILE_OPTIONS,
  type CompileOptions,
  type EvaluateOptions,
  type FitOptions,
  type OnBatchOptions,
  type PredictOptions,
} from "./options.js";
import { gradientsOf, type StepData, type StepLogs } from "./programs.js";
import { type SummaryOptions, summary } from "./summary.js";
import { Trainer } from "./trainer.js";
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

  /** The graph between `inputs` and `outputs`, or null for a model whose `call` is code. */
  readonly #graph: FunctionalGraph | null;

  /**
   * `new Model(inputs, outputs, { name })`: the model that computes the symbolic outputs from the symbolic inputs; arrays or records of them
   * for several. `new Model({ inputs, outputs, name })` is the same. A class that extends `Model` and has a `call` passes its options only.
   *
   * Errors: `ValueError` for outputs that cannot be computed from the inputs, two layers of one name, what is no symbolic tensor.
   *
   * ```ts
   * const x = Input([16]);
   * const hidden = new Dense(8, { activation: "relu" }).apply(x);
   * const model = new Model(x, new Dense(1).apply(ops.concatenate([x, hidden])));
   * ```
   */
  constructor(inputs: SymbolicTree, outputs: SymbolicTree, options?: ModelOptions);
  constructor(options?: ModelOptions & { inputs?: SymbolicTree; outputs?: SymbolicTree });
  constructor(...args: unknown[]) {
    const { inputs, outputs, options } = readArguments(args, new.target.name);
    // As in Keras, a plain Model of symbolic tensors is a Functional.
    const plain = inputs !== null && new.target === Model;
    super(plain && (options.name ?? null) === null ? { ...options, name: uniqueName("functional") } : options);
    if (plain) Object.setPrototypeOf(this, Functional.prototype);
    this.#trainer = new Trainer(this);
    this.#graph = inputs ? new FunctionalGraph(inputs, outputs!, this.name) : null;
    if (this.#graph) this.built = true;
  }

  // ---- structure

  /** The layers, in order. */
  get layers(): Layer[] {
    return this.subLayers;
  }
  override get subLayers(): Layer[] {
    const own = super.subLayers;
    if (!this.#graph) return own;
    const inside = this.#graph.operations.filter((o): o is Layer => o instanceof Layer);
    return [...inside, ...own.filter((layer) => !inside.includes(layer))];
  }
  /** The graph of a functional model, else null. @internal */
  get graph(): FunctionalGraph | null {
    return this.#graph;
  }
  /** The symbolic inputs of a functional model, in order; none for others. */
  get inputs(): readonly Tensor[] {
    return this.#graph?.inputList ?? [];
  }
  /** The symbolic outputs of a functional model, in order; none for others. */
  get outputs(): readonly Tensor[] {
    return this.#graph?.outputList ?? [];
  }
  override get input(): Structure<Tensor> {
    return this.#graph ? this.#graph.inputs : super.input;
  }
  override get output(): Structure<Tensor> {
    return this.#graph ? this.#graph.outputs : super.output;
  }
  /** Names of the inputs: of their `Input`s. */
  get inputNames(): readonly string[] {
    return this.#graph?.inputNames ?? [];
  }

  /** A layer by its name or its place: `getLayer("dense")`, `getLayer({ index: 0 })`. Errors: `ValueError` that lists what there is. */
  getLayer(which: string | { name?: string; index?: number }): Layer {
    const { name, index } = typeof which === "string" ? { name: which, index: undefined } : (which ?? {});
    if (name === undefined && index === undefined)
      throw new ValueError(`getLayer: expected a name or { index }, received ${show(which)}.`);
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
    return this.#graph && shapesOf(this.#graph.inputs);
  }
  /** Shape of the output, or null before it is known. */
  get outputShape(): Structure<PartialShape> | null {
    return this.#graph && shapesOf(this.#graph.outputs);
  }
  /** Names of the outputs: of the layers that make them. None for a model whose `call` is code. */
  get outputNames(): readonly string[] {
    return this.#graph?.outputNames ?? [];
  }

  protected override get rebuilds(): boolean {
    return true;
  }

  /** Traces `call` on the shape, so that all layers inside are built. */
  override build(...inputShapes: Structure<PartialShape>[]): void {
    if (this.#graph) return; // built when it was made
    if (inputShapes.length === 0) throw new ValueError(`${this.name}: build needs the shape of the input, such as [null, 784].`);
    this.built = true; // the layers are, one by one, while the call is traced
    try {
      withCall(null, () => outputShape(this, inputShapes));
    } catch (error) {
      this.built = false;
      throw error;
    }
  }

  override call(inputs: TensorTree, options: CallArguments): TensorTree {
    if (!this.#graph) return super.call(inputs, options);
    if (options.mask !== null) {
      const masks = tensorsOf(options.mask);
      tensorsOf(inputs).forEach((t, i) => {
        t.mask ??= masks[i] ?? null;
      });
    }
    return this.#graph.run(inputs, this.name);
  }

  // The layers inside pass masks on; what comes out of a graph has its mask already.
  override computeMask(inputs: TensorTree, previousMask: TensorTree): TensorTree {
    return this.#graph ? null : super.computeMask(inputs, previousMask);
  }

  override apply<Result extends TensorTree = Tensor>(...args: (TensorInput | CallOptions)[]): Result {
    // The call itself builds the layers inside; a trace beforehand would do it a second time.
    const building = !this.built && Object.getPrototypeOf(this).build === Model.prototype.build && !holdsSymbolic(args);
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
    if (this.#graph) this.#graph.checkShapes(shapes, this.name);
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

  override getConfig(): Record<string, unknown> {
    if (!this.#graph) return super.getConfig();
    return { name: this.name, trainable: this.trainable, ...graphConfig(this.#graph, isFunctional) };
  }

  override getBuildConfig(): Record<string, unknown> | null {
    return this.#graph ? { input_shape: null } : super.getBuildConfig();
  }

  /** A model from `getConfig()`. */
  static override fromConfig<T extends KerasObject>(this: new (...args: never[]) => T, config: Config): T {
    const own = this as unknown as typeof Model;
    if (!("inputLayers" in config)) return super.fromConfig.call(this, config) as T;
    const { inputLayers, outputLayers, ...rest } = config;
    return own.fromSerialized({ ...rest, input_layers: inputLayers, output_layers: outputLayers }, {}) as unknown as T;
  }

  /** @internal A model from a file. */
  static fromSerialized(config: unknown, options: DeserializeOptions, _whole?: unknown): Model {
    if (!isPlainObject(config)) throw new ValueError(`deserialize: the config of ${this.className} must be an object.`);
    if (!("input_layers" in config)) return this.fromConfig(reviveConfig(config, this.className, options)) as unknown as Model;
    const { inputs, outputs } = graphFromConfig(config, options, isFunctional);
    const model = new this(inputs, outputs, { name: (config.name as string | undefined) ?? null });
    if (config.trainable === false) model.trainable = false;
    return model;
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

  /** Compiles as `getCompileConfig` says; a class that overrides `compile` has to override this too. */
  compileFromConfig(config: unknown, options: DeserializeOptions = {}): void {
    if (this.compile !== Model.prototype.compile) {
      console.warn(
        `${this.name}: not compiled, since its compile() is its own: override getCompileConfig and compileFromConfig, or call compile().`,
      );
      return;
    }
    const known = Object.entries(reviveConfig(config, "compile", options)).filter(([name]) => COMPILE_OPTIONS.includes(name));
    this.compile(Object.fromEntries(known));
    if (this.built) this.optimizer!.build(this.trainableVariables);
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

  // ---- one step, for classes that change it

  /**
   * One training step: the forward pass, the loss, its gradients, the update, the metrics; returns what the logs show, by name.
   *
   * It is traced once per batch shape and then runs as one program, so it computes with `ops`. Override it for an algorithm of your own:
   *
   * ```ts
   * class Own extends Model {
   *   trainStep(data) {
   *     const yPred = this.apply(data.x, { training: true });
   *     const loss = this.computeLoss({ ...data, yPred });
   *     this.optimizer.apply(this.gradientsOf(loss), this.trainableVariables);
   *     return this.computeMetrics({ ...data, yPred, loss });
   *   }
   * }
   * ```
   */
  trainStep(data: StepData): StepLogs {
    return this.#trainer.standardStep("train", data);
  }
  /** One evaluation step: the forward pass, the loss, the metrics. See `trainStep`. */
  testStep(data: StepData): StepLogs {
    return this.#trainer.standardStep("test", data);
  }
  /** One prediction: the forward pass. See `trainStep`. */
  predictStep(x: Structure<Tensor>): Structure<Tensor> {
    return this.apply<TensorTree>(x, { training: false }) as Structure<Tensor>;
  }
  /** The loss that `compile` named, with what layers and regularizers add: a scalar. */
  computeLoss(data: StepData & { yPred: Structure<Tensor> }): Tensor {
    return this.#trainer.lossOf(data);
  }
  /** Updates the metrics that `compile` named, and the mean of `loss` where it is given; returns their values by name. */
  computeMetrics(data: StepData & { yPred: Structure<Tensor>; loss?: Tensor }): StepLogs {
    return this.#trainer.metricsOf(data);
  }
  /** The gradients of a scalar that is being traced with respect to variables: the trained ones, unless others are given. */
  gradientsOf(loss: Tensor, variables: readonly Variable[] = this.trainableVariables): Tensor[] {
    return gradientsOf(loss, variables);
  }

  // ---- training: see `Trainer`

  /** @internal */
  get trainer(): Trainer {
    return this.#trainer;
  }
  get optimizer(): Trainer["optimizer"] {
    return this.#trainer.optimizer;
  }
  /** What the last `fit` returned, or is about to; null before. */
  get history(): History | null {
    return this.#trainer.history;
  }
  /** Does the metric of that name get better as it grows ("up") or shrinks? Null when no metric has the name. */
  direction(log: string): "up" | "down" | null {
    return this.#trainer.direction(log);
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

/** What `new Model(inputs, outputs)` makes; files call it so. */
export class Functional extends Model {
  static override readonly className: string = "Functional";
  static override readonly module: string = "keras.src.models.functional";
}
registerClass("keras.src.models.functional", Functional);
registerClass("keras", Model);

const isFunctional = (x: unknown): boolean => x instanceof Model && x.graph !== null;

function readArguments(
  args: readonly unknown[],
  where: string,
): { inputs: SymbolicTree | null; outputs: SymbolicTree | null; options: ModelOptions } {
  const [first, second, third] = args;
  const options = (first ?? {}) as ModelOptions & { inputs?: SymbolicTree; outputs?: SymbolicTree };
  const byName = args.length <= 1 && isPlainObject(options) && ("inputs" in options || "outputs" in options);
  if (!byName && !holdsSymbolic(first) && args.length < 2) return { inputs: null, outputs: null, options };
  const given = byName
    ? options
    : { ...((third as ModelOptions | undefined) ?? {}), inputs: first as SymbolicTree, outputs: second as SymbolicTree };
  const { inputs, outputs, ...rest }: ModelOptions & { inputs?: SymbolicTree; outputs?: SymbolicTree } = given;
  if (inputs === undefined || outputs === undefined)
    throw new ValueError(`new ${where}(inputs, outputs): ${inputs === undefined ? "inputs" : "outputs"} are missing.`);
  return { inputs, outputs, options: rest };
}
