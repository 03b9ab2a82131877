// compile, fit, evaluate, predict: the life of a model, in the order in which Keras documents it.

import { type CallbackLike, CallbackList, type CallbackParams, type Logs } from "../callbacks/callback.js";
import { History } from "../callbacks/history.js";
import { ProgbarLogger } from "../callbacks/progbarLogger.js";
import type { TensorType } from "../core/program.js";
import type { Structure } from "../core/structure.js";
import { checkOptions, DataError, StateError, ValueError } from "../errors.js";
import { Mean } from "../metrics.js";
import * as optimizers from "../optimizers.js";
import { dataPermutation } from "../random.js";
import { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { CallbackModelView } from "./callbackView.js";
import { CompiledLoss, CompiledMetrics, inOrder } from "./compile.js";
import {
  ArrayFeed,
  ArraySource,
  type Batch,
  type BatchIterable,
  classWeights,
  type DataLike,
  type Feed,
  IterableFeed,
  isBatchIterable,
  joined,
  listed,
  signature,
  writeBatch,
} from "./data.js";
import {
  COMPILE_OPTIONS,
  type CompileOptions,
  EVALUATE_OPTIONS,
  type EvaluateOptions,
  FIT_OPTIONS,
  type FitOptions,
  type OnBatchOptions,
  PREDICT_OPTIONS,
  type PredictOptions,
  resolveVerbose,
} from "./options.js";
import {
  type Compiled,
  lossOf,
  type Mode,
  metricsOf,
  Programs,
  type Step,
  type StepData,
  type StepLogs,
  type SteppedModel,
  shapeTrace,
  standardStep,
  traceStep,
} from "./programs.js";
import { nextTurn } from "./turn.js";

/** What the trainer needs of a model beyond its steps. */
export interface TrainedModel extends SteppedModel {
  stopTraining: boolean;
  readonly built: boolean;
  /** Builds the model for shapes with a leading batch axis. Errors when the data does not fit. */
  ensureBuilt(shapes: Structure<readonly (number | null)[]>): void;
  getWeights(): Tensor[];
  setWeights(weights: readonly Tensor[]): void;
}

interface Settings {
  optimizer: optimizers.Optimizer;
  options: CompileOptions;
}

/** Milliseconds of work between two turns of the event loop. */
const SLICE = 12;

/** Trains a model; every `Model` has one and hands its calls on. */
export class Trainer {
  readonly #model: TrainedModel;
  #settings: Settings | null = null;
  #compiled: Compiled | null = null;
  /** What labels are checked against. */
  #outputShapes: readonly (readonly number[])[] = [];
  readonly #programs = new Programs();
  /** The variables that the optimizer was built for. */
  #trained: readonly Variable[] = [];
  #lastTurn = 0;
  #predicted: Step | null = null;

  constructor(model: TrainedModel) {
    this.#model = model;
  }

  get optimizer(): optimizers.Optimizer | null {
    return this.#settings?.optimizer ?? null;
  }
  get compileOptions(): CompileOptions | null {
    return this.#settings?.options ?? null;
  }
  /** How many programs were traced so far. */
  get traced(): number {
    return this.#programs.traced;
  }
  get metricsNames(): string[] {
    this.#mustBeCompiled();
    return [
      "loss",
      ...(this.#compiled?.metrics.names.length ? ["compile_metrics"] : []),
      ...(this.#compiled?.loss?.trackers.map((t) => t.name) ?? []),
    ];
  }

  compile(options: CompileOptions = {}): void {
    checkOptions("compile", options, COMPILE_OPTIONS);
    const optimizer = optimizers.get(options.optimizer ?? "rmsprop");
    if (optimizer === null) throw new ValueError('compile: an optimizer is needed, for example optimizer: "adam".');
    for (const list of [options.metrics, options.weightedMetrics]) {
      if (list !== undefined && list !== null && (typeof list === "string" || typeof list !== "object")) {
        throw new ValueError(
          `compile: metrics must be a list or an object, received ${JSON.stringify(list)}. Write metrics: ["accuracy"].`,
        );
      }
    }
    this.#settings = { optimizer, options };
    this.#compiled = null;
    this.#programs.clear();
    this.#predicted = null;
    this.#trained = [];
    this.#model.stopTraining = false;
  }

  /** Forgets all programs: the model's structure has changed. */
  invalidate(): void {
    this.#programs.clear();
    this.#predicted = null;
    this.#compiled = null;
  }

  async fit(x: DataLike | BatchIterable, y: DataLike | null = null, options: FitOptions = {}): Promise<History> {
    checkOptions("fit", options, FIT_OPTIONS);
    this.#mustBeCompiled();
    const {
      epochs = 1,
      validationSplit = 0,
      shuffle = true,
      initialEpoch = 0,
      stepsPerEpoch = null,
      validationFreq = 1,
      signal,
    } = options;
    const verbose = resolveVerbose(options.verbose);
    let validation = this.#validationFeed(options);
    let feed: Feed;
    if (isBatchIterable(x)) {
      for (const name of ["classWeight", "sampleWeight", "validationSplit"] as const) {
        if (options[name])
          throw new ValueError(`fit: ${name} does not go with an iterable of batches; let it yield [x, y, sampleWeight].`);
      }
      feed = new IterableFeed(x, this.#arrays);
      this.#mustTrainTheSame();
    } else {
      let source = this.#source(x, y, options);
      if (validationSplit !== 0 && !validation) {
        if (!(validationSplit > 0 && validationSplit < 1))
          throw new ValueError(`fit: validationSplit must be between 0 and 1, received ${validationSplit}.`);
        const at = Math.floor(source.size * (1 - validationSplit));
        if (at === 0 || at === source.size)
          throw new ValueError(`fit: validationSplit ${validationSplit} of ${source.size} samples leaves one part empty.`);
        validation = new ArrayFeed(source.slice(at, source.size), options.validationBatchSize ?? options.batchSize ?? 32);
        source = source.slice(0, at);
      }
      const batchSize = options.batchSize ?? (stepsPerEpoch ? Math.ceil(source.size / stepsPerEpoch) : 32);
      feed = new ArrayFeed(source, batchSize, shuffle ? dataPermutation : null, shuffle === "batch");
    }
    // Building takes a batch, and with it, in Keras, one order of the rows that nobody uses.
    const fresh = this.#compiled === null;
    if (feed instanceof ArrayFeed) {
      mustHaveRows("fit", feed.source);
      this.#prepare({ source: feed.source, rows: null, from: 0, size: Math.min(feed.batchSize, feed.source.size) });
      this.#checkTargets(feed.source);
      if (fresh && feed.order) feed.order(feed.withinBatch ? Math.min(feed.batchSize, feed.source.size) : feed.source.size);
    }
    if (validation?.source) this.#checkTargets(validation.source);

    const history = new History();
    const own: CallbackLike[] = [...(options.callbacks ?? []), history];
    if (verbose !== 0 && !own.some((c) => c instanceof ProgbarLogger)) own.push(new ProgbarLogger());
    const params: CallbackParams = { verbose, epochs, steps: stepsPerEpoch ?? feed.steps };
    const callbacks = new CallbackList(own, this.#forCallbacks(), params);
    const model = this.#model;
    model.stopTraining = false;
    this.#lastTurn = performance.now();
    await callbacks.call("onTrainBegin", {});
    let logs: Logs = {};
    let iterator: AsyncIterator<Batch> | Iterator<Batch> | null = null;
    const listensBegin = callbacks.hears("onTrainBatchBegin");
    try {
      for (let epoch = initialEpoch; epoch < epochs; epoch++) {
        this.#resetMetrics();
        await callbacks.call("onEpochBegin", epoch, {});
        let step = 0;
        let running: Logs = {};
        iterator ??= iterate(feed);
        while (stepsPerEpoch === null || step < stepsPerEpoch) {
          signal?.throwIfAborted();
          let next = await iterator.next();
          if (next.done && stepsPerEpoch !== null) {
            // A pass may end with an epoch: the next one begins then. One that ends inside an epoch ends it too.
            iterator = iterate(feed);
            if (step === 0) next = await iterator.next();
            if (next.done) {
              console.warn(
                "fit: your input ran out of data; training of this epoch ends early. The iterable must yield at least stepsPerEpoch batches.",
              );
            }
          }
          if (next.done) break;
          if (listensBegin) await callbacks.call("onTrainBatchBegin", step, {});
          running = this.#runStep("train", next.value);
          const pending = callbacks.call("onTrainBatchEnd", step, running);
          if (pending) await pending;
          step++;
          await this.#turn();
          if (model.stopTraining) break;
        }
        if (stepsPerEpoch === null) {
          await iterator.return?.();
          iterator = null;
        }
        params.steps ??= step;
        logs = { ...running };
        const validateNow =
          typeof validationFreq === "number" ? (epoch + 1) % validationFreq === 0 : validationFreq.includes(epoch + 1);
        if (validation && validateNow) {
          const values = await this.#evaluate(validation, options.validationSteps ?? null, callbacks, signal);
          for (const [name, value] of Object.entries(values)) logs[`val_${name}`] = value;
        }
        logs = sorted(logs);
        await callbacks.call("onEpochEnd", epoch, logs);
        if (model.stopTraining) break;
      }
    } finally {
      await iterator?.return?.(); // a generator of the user may have something to close
    }
    this.#settings!.optimizer.finalizeVariableValues(this.#trained);
    await callbacks.call("onTrainEnd", logs);
    return history;
  }

  async evaluate(x: DataLike | BatchIterable, y: DataLike | null, options: EvaluateOptions & { returnDict: true }): Promise<Logs>;
  async evaluate(
    x: DataLike | BatchIterable,
    y?: DataLike | null,
    options?: EvaluateOptions & { returnDict?: false },
  ): Promise<number | number[]>;
  async evaluate(x: DataLike | BatchIterable, y?: DataLike | null, options?: EvaluateOptions): Promise<number | number[] | Logs>;
  async evaluate(
    x: DataLike | BatchIterable,
    y: DataLike | null = null,
    options: EvaluateOptions = {},
  ): Promise<number | number[] | Logs> {
    checkOptions("evaluate", options, EVALUATE_OPTIONS);
    this.#mustBeCompiled();
    const feed: Feed = isBatchIterable(x)
      ? new IterableFeed(x, this.#arrays)
      : new ArrayFeed(this.#arrays(x, y, options.sampleWeight ?? null), options.batchSize ?? 32);
    if (feed instanceof ArrayFeed) {
      mustHaveRows("evaluate", feed.source);
      this.#prepare({ source: feed.source, rows: null, from: 0, size: Math.min(feed.batchSize, feed.source.size) });
      this.#checkTargets(feed.source);
    }
    const verbose = resolveVerbose(options.verbose);
    const list: CallbackLike[] = [...(options.callbacks ?? []), ...(verbose !== 0 ? [new ProgbarLogger()] : [])];
    const callbacks = new CallbackList(list, this.#forCallbacks(), { verbose, epochs: 1, steps: options.steps ?? feed.steps });
    this.#lastTurn = performance.now();
    const logs = await this.#evaluate(feed, options.steps ?? null, callbacks, options.signal);
    return this.#answer(logs, options.returnDict ?? false);
  }

  async predict(x: DataLike | BatchIterable, options: PredictOptions = {}): Promise<Structure<Tensor>> {
    checkOptions("predict", options, PREDICT_OPTIONS);
    const feed: Feed = isBatchIterable(x)
      ? new IterableFeed(x, this.#arrays)
      : new ArrayFeed(this.#arrays(x), options.batchSize ?? 32);
    const verbose = resolveVerbose(options.verbose);
    const list: CallbackLike[] = [...(options.callbacks ?? []), ...(verbose !== 0 ? [new ProgbarLogger()] : [])];
    const callbacks = new CallbackList(list, this.#forCallbacks(), { verbose, epochs: 1, steps: options.steps ?? feed.steps });
    this.#lastTurn = performance.now();
    await callbacks.call("onPredictBegin", {});
    const parts: Structure<Tensor>[] = [];
    let step = 0;
    for await (const batch of feed.pass()) {
      if (options.steps !== null && options.steps !== undefined && step >= options.steps) break;
      options.signal?.throwIfAborted();
      await callbacks.call("onPredictBatchBegin", step, {});
      const outputs = this.#predictBatch(batch);
      parts.push(outputs);
      await callbacks.call("onPredictBatchEnd", step, { outputs } as unknown as Logs);
      step++;
      await this.#turn();
    }
    await callbacks.call("onPredictEnd", {});
    if (parts.length === 0) throw new DataError("predict: there are no samples to predict.");
    return joined(parts);
  }

  trainOnBatch(x: DataLike, y: DataLike | null = null, options: OnBatchOptions = {}): number | number[] | Logs {
    checkOptions("trainOnBatch", options, ["sampleWeight", "classWeight", "returnDict"]);
    return this.#onBatch("train", x, y, options);
  }

  testOnBatch(
    x: DataLike,
    y: DataLike | null = null,
    options: Omit<OnBatchOptions, "classWeight"> = {},
  ): number | number[] | Logs {
    checkOptions("testOnBatch", options, ["sampleWeight", "returnDict"]);
    return this.#onBatch("test", x, y, options);
  }

  predictOnBatch(x: DataLike): Structure<Tensor> {
    if (x instanceof Tensor) {
      // The way of a server that answers one row at a time: no objects but the result.
      const last = this.#predicted;
      if (last !== null && isOfType(x, last.program.inputs[0]!)) return last.rebuild(last.program.run([x]));
      const source = this.#arrays(x);
      const step = this.#stepFor("predict", { source, rows: null, from: 0, size: source.size });
      this.#predicted = step;
      return step.rebuild(step.program.run([x]));
    }
    const source = this.#arrays(x);
    return this.#predictBatch({ source, rows: null, from: 0, size: source.size });
  }

  /** The training program of the last shapes as text, with the time of each step. */
  explain(x: DataLike, y: DataLike | null = null, runs = 5): string {
    this.#mustBeCompiled();
    const source = this.#arrays(x, y);
    const batch: Batch = { source, rows: null, from: 0, size: source.size };
    const { program } = this.#stepFor("train", batch);
    const states = program.updated.map((v) => v as Variable);
    if (runs === 0) return program.text();
    const before = states.map((v) => v.value);
    writeBatch(program, batch);
    try {
      return program.text(runs);
    } finally {
      states.forEach((v, i) => v.assign(before[i]!));
    }
  }

  // ---- steps

  #onBatch(mode: "train" | "test", x: DataLike, y: DataLike | null, options: OnBatchOptions): number | number[] | Logs {
    this.#mustBeCompiled();
    const source = this.#source(x, y, options);
    const batch: Batch = { source, rows: null, from: 0, size: source.size };
    this.#prepare(batch);
    this.#checkTargets(source);
    this.#resetMetrics();
    return this.#answer(this.#runStep(mode, batch), options.returnDict ?? false);
  }

  #stepFor(mode: Mode, batch: Batch): Step {
    const key = `${mode}|${signature(batch)}`;
    // Only for a program that is not known: a known one was traced after all this, and walking the model takes longer than small steps do.
    return this.#programs.get(key, () => {
      if (mode !== "predict") this.#prepare(batch);
      else if (!this.#model.built) this.#model.ensureBuilt(batch.source.inputShapes);
      return traceStep(mode, this.#model, batch);
    });
  }

  #runStep(mode: "train" | "test", batch: Batch): Logs {
    const { program, names } = this.#stepFor(mode, batch);
    writeBatch(program, batch);
    program.execute();
    const values = names.map((_, k) => program.read(k)[0]!);
    return sorted(Object.fromEntries(names.map((name, k) => [name, values[k]!])));
  }

  #predictBatch(batch: Batch): Structure<Tensor> {
    const inputsOnly: Batch = { ...batch, source: batch.source.inputsOnly() };
    const { program, rebuild } = this.#stepFor("predict", inputsOnly);
    writeBatch(program, inputsOnly);
    program.execute();
    return rebuild(program.outputs.map((type, k) => new Tensor(program.read(k), type)));
  }

  async #evaluate(feed: Feed, steps: number | null, callbacks: CallbackList, signal: AbortSignal | undefined): Promise<Logs> {
    this.#resetMetrics();
    await callbacks.call("onTestBegin", {});
    let logs: Logs = {};
    let step = 0;
    for await (const batch of feed.pass()) {
      if (steps !== null && step >= steps) break;
      signal?.throwIfAborted();
      await callbacks.call("onTestBatchBegin", step, {});
      logs = this.#runStep("test", batch);
      await callbacks.call("onTestBatchEnd", step, logs);
      step++;
      await this.#turn();
    }
    await callbacks.call("onTestEnd", logs);
    return logs;
  }

  // ---- the parts of a step, in a trace

  standardStep(mode: "train" | "test", data: StepData): StepLogs {
    return standardStep(mode, this.#model, this.#parts(), data);
  }
  lossOf(data: StepData & { yPred: Structure<Tensor> }): Tensor {
    return lossOf(this.#model, this.#parts(), data);
  }
  metricsOf(data: StepData & { yPred: Structure<Tensor>; loss?: Tensor }): StepLogs {
    return metricsOf(this.#model, this.#parts(), data);
  }
  #parts(): Compiled {
    this.#mustBeCompiled();
    if (!this.#compiled)
      throw new StateError(`${this.#model.name}: steps run inside fit, evaluate, trainOnBatch and testOnBatch.`);
    return this.#compiled;
  }

  // ---- state

  /** Builds what needs the shapes of a batch: the model, the losses and metrics, the optimizer. Changes nothing when it fails. */
  #prepare(batch: Batch): void {
    const model = this.#model;
    model.ensureBuilt(batch.source.inputShapes);
    if (!this.#compiled) {
      const { optimizer, options } = this.#settings!;
      let compiled: Compiled | undefined;
      // A trace that is thrown away tells the shapes of targets and outputs.
      shapeTrace(batch, (x, y) => {
        const names = model.outputNames;
        const yTrue = inOrder(y, names);
        const yPred = inOrder(model.apply(x, { training: false }), names);
        this.#outputShapes = yPred.map((t) => t.shape);
        const loss =
          options.loss === null || options.loss === undefined
            ? null
            : new CompiledLoss(options.loss, options.lossWeights, names, yTrue, yPred);
        const metrics = new CompiledMetrics(options.metrics, options.weightedMetrics, names, yTrue, yPred);
        compiled = { optimizer, loss, metrics, lossTracker: new Mean({ name: "loss" }) };
      });
      this.#compiled = compiled!;
    }
    if (this.#trained.length === 0) {
      const variables = [...model.trainableVariables];
      this.#settings!.optimizer.build(variables);
      this.#trained = variables;
    } else this.#mustTrainTheSame();
  }

  /** Errors: `StateError` when other variables are trainable than those that the optimizer was built for. */
  #mustTrainTheSame(): void {
    if (this.#trained.length === 0) return;
    const model = this.#model;
    const variables = model.trainableVariables;
    if (variables.length !== this.#trained.length || variables.some((v, i) => v !== this.#trained[i])) {
      throw new StateError(
        `${model.name}: the trainable variables have changed since compile (layer.trainable was set, or a layer was added). Call compile again.`,
      );
    }
  }

  #checkTargets(source: ArraySource): void {
    if (source.y === null || !this.#compiled?.loss) return;
    this.#compiled.loss.checkTargets(source.targets, this.#outputShapes);
  }

  /** Inputs, targets and sample weights as one source. */
  readonly #arrays = (x: unknown, y: unknown = null, sampleWeight: unknown = null): ArraySource => {
    const { inputNames, outputNames } = this.#model;
    return ArraySource.of(listed(x, inputNames.length), listed(y, outputNames.length), listed(sampleWeight, outputNames.length));
  };

  #source(x: DataLike, y: DataLike | null, options: Pick<FitOptions, "sampleWeight" | "classWeight">): ArraySource {
    const source = this.#arrays(x, y, options.sampleWeight ?? null);
    if (!options.classWeight) return source;
    if (options.sampleWeight)
      throw new ValueError("classWeight and sampleWeight exclude each other; multiply them into one sampleWeight.");
    return source.withSampleWeight(classWeights(source.y, options.classWeight));
  }

  #validationFeed(options: FitOptions): Feed | null {
    const given = options.validationData;
    if (given === null || given === undefined) return null;
    if (isBatchIterable(given)) return new IterableFeed(given, this.#arrays);
    if (!Array.isArray(given) || given.length < 1 || given.length > 3)
      throw new ValueError("fit: validationData is [x, y], [x, y, sampleWeight] or an iterable of batches.");
    const [x, y, w] = given as readonly [DataLike, DataLike | null | undefined, DataLike | null | undefined];
    return new ArrayFeed(this.#arrays(x, y, w), options.validationBatchSize ?? options.batchSize ?? 32);
  }

  #resetMetrics(): void {
    const c = this.#compiled;
    if (!c) return;
    c.lossTracker.resetState();
    for (const m of [...c.metrics.metrics, ...(c.loss?.trackers ?? [])]) m.resetState();
  }

  #mustBeCompiled(): void {
    if (!this.#settings) {
      throw new StateError(
        `${this.#model.name}: you must call compile before training or evaluating: model.compile({ optimizer: "adam", loss: "mse" }).`,
      );
    }
  }

  #answer(logs: Logs, asObject: boolean): number | number[] | Logs {
    if (asObject) return logs;
    const c = this.#compiled!;
    const order = ["loss", ...c.metrics.names, ...(c.loss?.trackers.map((t) => t.name) ?? [])];
    const values = order.map((name) => logs[name]!);
    return values.length === 1 ? values[0]! : values;
  }

  #forCallbacks(): CallbackModelView {
    return new CallbackModelView(this.#model, (name) => this.#compiled?.metrics.direction(name) ?? null);
  }

  /** Lets the event loop turn, at most every few milliseconds. */
  async #turn(): Promise<void> {
    if (performance.now() - this.#lastTurn < SLICE) return;
    await nextTurn();
    this.#lastTurn = performance.now();
  }
}

function mustHaveRows(where: string, source: ArraySource): void {
  if (source.size === 0) throw new DataError(`${where}: there are no samples; x has 0 rows.`);
}

/** NOTE a loop: with `every` and its closure it took a tenth of a small prediction. */
function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
const isOfType = (t: Tensor, type: TensorType): boolean => t.dtype === type.dtype && sameShape(t.shape, type.shape);

const sorted = (logs: Logs): Logs => Object.fromEntries(Object.entries(logs).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

function iterate(feed: Feed): AsyncIterator<Batch> | Iterator<Batch> {
  const pass = feed.pass();
  return Symbol.asyncIterator in pass ? pass[Symbol.asyncIterator]() : pass[Symbol.iterator]();
}
