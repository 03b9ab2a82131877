// compile, fit, evaluate, predict: the life of a model, in the order in which Keras documents it.

import { CallbackList, type CallbackModel, type CallbackParams, type Logs } from "../callbacks/callback.js";
import { History } from "../callbacks/history.js";
import { ProgbarLogger } from "../callbacks/progbarLogger.js";
import { TerminateOnNaN } from "../callbacks/terminateOnNaN.js";
import type { TensorType } from "../core/program.js";
import { flatten, isPlainObject, isShape, type PartialShape, type Structure } from "../core/structure.js";
import { checkOptions, DataError, StateError, ValueError } from "../errors.js";
import { Mean } from "../metrics.js";
import * as optimizers from "../optimizers.js";
import { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { CompiledLoss, CompiledMetrics } from "./compile.js";
import {
  ArrayFeed,
  ArraySource,
  type Batch,
  type BatchIterable,
  type DataLike,
  type Feed,
  isLeaf,
  joined,
  listed,
  signature,
  writeBatch,
} from "./data.js";
import { feedOf, feedsOfFit, firstBatch, sourceOf } from "./feeds.js";
import { notFinite } from "./finite.js";
import {
  COMPILE_OPTIONS,
  type CompileOptions,
  checkRun,
  EVALUATE_OPTIONS,
  type EvaluateOptions,
  FIT_OPTIONS,
  type FitOptions,
  type OnBatchOptions,
  PREDICT_OPTIONS,
  type PredictOptions,
} from "./options.js";
import { Outputs } from "./outputs.js";
import { Passes } from "./passes.js";
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
export interface TrainedModel extends SteppedModel, CallbackModel {
  readonly built: boolean;
  /** Builds the model for shapes with a leading batch axis. Errors when the data does not fit. */
  ensureBuilt(shapes: Structure<readonly (number | null)[]>): void;
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
  /** Was the model compiled by a `fit` that failed before it drew the order that goes with that? */
  #orderOwed = false;
  history: History | null = null;
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
    const { verbose, callbacks: given } = checkRun("fit", options, FIT_OPTIONS);
    this.#mustBeCompiled();
    const { epochs = 1, initialEpoch = 0, stepsPerEpoch = null, validationFreq = 1, signal } = options;
    const { feed, validation } = feedsOfFit(this.#arrays, x, y, options);
    const passes = new Passes(feed, stepsPerEpoch);
    const model = this.#model;
    try {
      // All that can be wrong with the data is found before anything changes.
      this.#orderOwed ||= this.#compiled === null;
      const first = feed instanceof ArrayFeed ? firstBatch("fit", feed) : await passes.peek();
      if (!first) throw new DataError("fit: the iterable yields no batches.");
      this.#ready(first);
      if (validation instanceof ArrayFeed) {
        const batch = firstBatch("fit: validationData", validation);
        this.#ready(batch);
        this.#stepFor("test", batch);
      }
      // Building takes a batch, and with it, in Keras, one order of the rows that nobody uses.
      if (this.#orderOwed && feed instanceof ArrayFeed) feed.order?.(feed.withinBatch ? first.size : feed.source.size);
      this.#orderOwed = false;

      const own = [...given];
      let history = own.find((c) => c instanceof History);
      if (!history) own.push((history = new History()));
      this.history = history;
      if (verbose !== 0 && !own.some((c) => c instanceof ProgbarLogger)) own.push(new ProgbarLogger());
      const guards = own.filter((c) => c instanceof TerminateOnNaN);
      const params: CallbackParams = { verbose, epochs, steps: stepsPerEpoch ?? feed.steps };
      const callbacks = new CallbackList(own, model, params);
      model.stopTraining = false;
      this.#lastTurn = performance.now();
      await callbacks.call("onTrainBegin", {});
      let logs: Logs = {};
      const listensBegin = callbacks.hears("onTrainBatchBegin");
      for (let epoch = initialEpoch; epoch < epochs; epoch++) {
        this.#resetMetrics();
        await callbacks.call("onEpochBegin", epoch, {});
        let step = 0;
        let running: Logs = {};
        while (true) {
          signal?.throwIfAborted();
          const given = passes.next(step);
          const batch = given instanceof Promise ? await given : given;
          if (!batch) break;
          if (listensBegin) await callbacks.call("onTrainBatchBegin", step, {});
          running = this.#runStep("train", batch, feed.source === null, guards);
          const pending = callbacks.call("onTrainBatchEnd", step, running);
          if (pending) await pending;
          step++;
          await this.#turn();
          if (model.stopTraining) break;
        }
        await passes.endEpoch();
        params.steps ??= step;
        logs = { ...running };
        const validateNow =
          typeof validationFreq === "number" ? (epoch + 1) % validationFreq === 0 : validationFreq.includes(epoch + 1);
        if (validation && validateNow) {
          const values = Object.entries(await this.#evaluate(validation, options.validationSteps ?? null, callbacks, signal));
          if (values.length === 0) console.warn("fit: validationData yields no more batches.");
          for (const [name, value] of values) logs[`val_${name}`] = value;
        }
        logs = sorted(logs);
        await callbacks.call("onEpochEnd", epoch, logs);
        if (model.stopTraining) break;
      }
      this.#settings!.optimizer.finalizeVariableValues(this.#trained);
      await callbacks.call("onTrainEnd", logs);
      return history;
    } finally {
      await passes.close();
    }
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
    const run = checkRun("evaluate", options, EVALUATE_OPTIONS);
    this.#mustBeCompiled();
    const feed = feedOf("evaluate", this.#arrays, x, y, options);
    if (feed instanceof ArrayFeed) this.#ready(firstBatch("evaluate", feed));
    const callbacks = this.#forOnePass(run, options.steps ?? feed.steps);
    const logs = await this.#evaluate(feed, options.steps ?? null, callbacks, options.signal);
    if (Object.keys(logs).length === 0) throw new DataError("evaluate: the iterable yields no batches.");
    return this.#answer(logs, options.returnDict ?? false);
  }

  async predict(x: DataLike | BatchIterable, options: PredictOptions = {}): Promise<Structure<Tensor>> {
    const run = checkRun("predict", options, PREDICT_OPTIONS);
    const feed = feedOf("predict", this.#arrays, x, null, options);
    const callbacks = this.#forOnePass(run, options.steps ?? feed.steps);
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
    const source = sourceOf(this.#arrays, x, y, options);
    const batch: Batch = { source, rows: null, from: 0, size: source.size };
    this.#ready(batch);
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

  /**
   * Runs the step of a batch. `check`: its labels were not checked yet. With `guards`, a step whose loss is no number because its data are
   * none is undone; the guards are told why.
   */
  #runStep(mode: "train" | "test", batch: Batch, check = false, guards: readonly TerminateOnNaN[] = []): Logs {
    const { program, names } = this.#stepFor(mode, batch);
    if (check) this.#checkTargets(batch.source);
    const found = guards.length > 0 ? notFinite(batch) : null;
    for (const guard of guards) guard.found = found;
    const kept = found === null ? [] : program.updated.map((state) => [state as Variable, (state as Variable).value] as const);
    writeBatch(program, batch);
    program.execute();
    const values = names.map((_, k) => program.read(k)[0]!);
    const logs = sorted(Object.fromEntries(names.map((name, k) => [name, values[k]!])));
    if (!Number.isFinite(logs.loss)) for (const [variable, value] of kept) variable.assign(value);
    return logs;
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
      logs = this.#runStep("test", batch, feed.source === null);
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
    return metricsOf(this.#parts(), data);
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
        const tree = model.apply(x, { training: false });
        const outputs = new Outputs(tree, model.outputNames);
        const yPred = flatten<Tensor>(tree);
        this.#outputShapes = yPred.map((t) => t.shape);
        const loss =
          options.loss === null || options.loss === undefined
            ? null
            : new CompiledLoss(options.loss, options.lossWeights, outputs, y, yPred);
        const metrics = new CompiledMetrics(options.metrics, options.weightedMetrics, outputs, outputs.inOrder(y), yPred);
        compiled = { optimizer, outputs, loss, metrics, lossTracker: new Mean({ name: "loss" }) };
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

  /** Builds for a batch and checks all labels of its source. Errors: `DataError`, `ShapeError`; then nothing has changed. */
  #ready(batch: Batch): void {
    this.#prepare(batch);
    this.#checkTargets(batch.source);
  }

  #checkTargets(source: ArraySource): void {
    if (source.y === null || !this.#compiled?.loss) return;
    const { loss, outputs } = this.#compiled;
    loss.checkTargets(outputs.inOrder(source.y, "y", isLeaf), this.#outputShapes);
  }

  /** Inputs, targets and sample weights as one source. */
  readonly #arrays = (x: unknown, y: unknown = null, sampleWeight: unknown = null): ArraySource => {
    const xs = listed(x, this.#model.inputNames.length);
    const outputs = (given: unknown): unknown =>
      Array.isArray(given) || isPlainObject(given) ? listed(given, this.#outputCount(xs), true) : given;
    return ArraySource.of(xs, outputs(y), outputs(sampleWeight));
  };

  /** How many outputs the model has, which only a trace tells of a `call` of the user's. */
  #outputCount(x: unknown): number {
    const known = this.#compiled?.outputs.count ?? this.#model.outputNames.length;
    return known || flatten<PartialShape>(this.#model.computeOutputShape(ArraySource.of(x).inputShapes), isShape).length;
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

  /** The callbacks of an evaluation or a prediction, and its progress bar unless it is quiet. */
  #forOnePass({ verbose, callbacks }: ReturnType<typeof checkRun>, steps: number | null): CallbackList {
    this.#lastTurn = performance.now();
    const bar = verbose === 0 ? [] : [new ProgbarLogger()];
    return new CallbackList([...callbacks, ...bar], this.#model, { verbose, epochs: 1, steps });
  }

  direction(log: string): "up" | "down" | null {
    return this.#compiled?.metrics.direction(log) ?? null;
  }

  /** Lets the event loop turn, at most every few milliseconds. */
  async #turn(): Promise<void> {
    if (performance.now() - this.#lastTurn < SLICE) return;
    await nextTurn();
    this.#lastTurn = performance.now();
  }
}

/** NOTE a loop: with `every` and its closure it took a tenth of a small prediction. */
function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
const isOfType = (t: Tensor, type: TensorType): boolean => t.dtype === type.dtype && sameShape(t.shape, type.shape);

const sorted = (logs: Logs): Logs => Object.fromEntries(Object.entries(logs).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
