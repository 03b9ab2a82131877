// The programs of a model: one call of the core per training, evaluation or prediction step, compiled once per batch shape.

import { apply, scalar } from "../core/apply.js";
import { Program } from "../core/program.js";
import { flatten, type PartialShape, type Structure } from "../core/structure.js";
import { ShapeError, StateError, ValueError } from "../errors.js";
import type { Mean } from "../metrics.js";
import type { Optimizer } from "../optimizers.js";
import { currentTrace, type Tensor, Trace, tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import type { CompiledLoss, CompiledMetrics } from "./compile.js";
import { type Batch, batchTypes, structured } from "./data.js";
import type { Outputs } from "./outputs.js";

export type Mode = "train" | "test" | "predict";

/** What steps need of a model. */
export interface SteppedModel {
  readonly name: string;
  /** Names of the inputs; none for a model whose `call` is code. */
  readonly inputNames: readonly string[];
  /** Names of the outputs: of the layers that make them; none for a model whose `call` is code. */
  readonly outputNames: readonly string[];
  computeOutputShape(inputs: Structure<PartialShape>): Structure<PartialShape>;
  readonly trainableVariables: readonly Variable[];
  /** Losses that layers added during the last call. */
  readonly losses: readonly Tensor[];
  apply(x: Structure<Tensor>, options: { training: boolean }): Structure<Tensor>;
  trainStep(data: StepData): StepLogs;
  testStep(data: StepData): StepLogs;
  predictStep(x: Structure<Tensor>): Structure<Tensor>;
}

/** A traced batch. */
export interface StepData {
  readonly x: Structure<Tensor>;
  readonly y: Structure<Tensor> | null;
  readonly sampleWeight: Structure<Tensor> | null;
}

/** What a step gives to the logs: scalars by name. */
export type StepLogs = Readonly<Record<string, Tensor>>;

/** What steps need of `compile`. */
export interface Compiled {
  readonly optimizer: Optimizer;
  readonly outputs: Outputs;
  readonly loss: CompiledLoss | null;
  readonly metrics: CompiledMetrics;
  readonly lossTracker: Mean;
}

/** A compiled step and what its outputs are. */
export interface Step {
  readonly program: Program;
  /** Names of the scalars among the outputs, in order: loss and metrics. */
  readonly names: readonly string[];
  /** For predictions: puts the outputs back into the model's form. */
  readonly rebuild: (outputs: readonly Tensor[]) => Structure<Tensor>;
}

/** Programs kept per model; a `predict` with ever new sizes must not fill the memory. */
const LIMIT = 32;
/** More shapes than this for one model look like a mistake. */
const WARN_AT = 16;

/** Programs by signature, least recently used first. */
export class Programs {
  readonly #steps = new Map<string, Step>();
  /** The last one used, which is mostly the next. */
  #latest: { key: string; step: Step } | null = null;
  #traced = 0;

  /** How often a step was traced: a test of "no needless retracing". */
  get traced(): number {
    return this.#traced;
  }

  get(key: string, trace: () => Step): Step {
    if (this.#latest?.key === key) return this.#latest.step;
    const known = this.#steps.get(key);
    if (known) {
      this.#steps.delete(key);
      this.#steps.set(key, known);
      this.#latest = { key, step: known };
      return known;
    }
    this.#traced++;
    if (this.#traced === WARN_AT) {
      console.warn(
        `keratin: ${WARN_AT} programs were compiled for one model, one per batch shape. Pad batches to few shapes to save the time.`,
      );
    }
    const step = trace();
    this.#steps.set(key, step);
    if (this.#steps.size > LIMIT) this.#steps.delete(this.#steps.keys().next().value!);
    this.#latest = { key, step };
    return step;
  }

  clear(): void {
    this.#steps.clear();
    this.#latest = null;
  }
}

/** Traces the step of a mode on a batch's types. */
export function traceStep(mode: Mode, model: SteppedModel, batch: Batch): Step {
  let names: string[] = [];
  let form: Structure<number> = 0;
  const program = Program.trace(batchTypes(batch), (values) => {
    const data = structured(batch.source, values);
    if (mode === "predict") {
      const outputs: Tensor[] = [];
      form = numbered(model.predictStep(data.x), outputs);
      return outputs;
    }
    const logs = mode === "train" ? model.trainStep(data) : model.testStep(data);
    names = Object.keys(logs);
    return Object.values(logs).map((value) => tensor(value));
  });
  return { program, names, rebuild: (outputs) => renumbered(form, outputs) };
}

/** Traces `body` on a batch's types and throws the trace away: what it learns are shapes. */
export function shapeTrace(batch: Batch, body: (x: Structure<Tensor>, y: Structure<Tensor> | null) => void): void {
  const trace = new Trace();
  try {
    trace.run(() => {
      const { x, y } = structured(
        batch.source,
        batchTypes(batch).map((t) => trace.input(t.shape, t.dtype)),
      );
      body(x, y);
    });
  } finally {
    trace.graph.close();
  }
}

/** The step of a compiled model: forward, loss, update when it trains, metrics. */
export function standardStep(mode: "train" | "test", model: SteppedModel, compiled: Compiled, data: StepData): StepLogs {
  const yPred = model.apply(data.x, { training: mode === "train" });
  const loss = lossOf(model, compiled, { ...data, yPred });
  if (mode === "train") {
    const variables = model.trainableVariables;
    const scaled = compiled.optimizer.scaleLoss(loss);
    if (variables.length > 0) compiled.optimizer.apply(gradientsOf(scaled, variables), variables);
  }
  return metricsOf(compiled, { ...data, yPred, loss });
}

type Predicted = StepData & { readonly yPred: Structure<Tensor> };

/** The compiled losses and what layers added, as one number. */
export function lossOf(model: SteppedModel, compiled: Compiled, { x, y, sampleWeight, yPred }: Predicted): Tensor {
  const { loss, outputs } = compiled;
  const weights = sampleWeight === null ? null : outputs.inOrder(sampleWeight, "sampleWeight");
  let total: Tensor = loss?.call(outputs.inOrder(y), flatten(yPred), weights, rowsOf(x)) ?? scalar(0, "float32");
  for (const extra of model.losses)
    total = apply("add", [total, extra.ndim === 0 ? extra : apply("sum", [extra], { ints: [0, extra.ndim] })]);
  if (total.ndim !== 0)
    throw new ShapeError(`${model.name}: the loss must be a scalar, it has shape [${total.shape.join(", ")}]. Use a reduction.`);
  return total;
}

/** Updates the means of losses and the metrics; their values by name. */
export function metricsOf(compiled: Compiled, data: Predicted & { readonly loss?: Tensor }): StepLogs {
  const { outputs, lossTracker, metrics, loss } = compiled;
  const weights = data.sampleWeight === null ? null : outputs.inOrder(data.sampleWeight, "sampleWeight");
  if (data.loss) lossTracker.updateState(data.loss, { sampleWeight: rowsOf(data.x) });
  metrics.update(outputs.inOrder(data.y), flatten(data.yPred), weights);
  const logs: Record<string, Tensor> = data.loss ? { loss: lossTracker.result() } : {};
  for (const [name, value] of metrics.results()) logs[name] = value;
  for (const t of loss?.trackers ?? []) logs[t.name] = t.result();
  return logs;
}

/** How many samples a traced batch has. */
const rowsOf = (x: Structure<Tensor>): number => flatten<Tensor>(x)[0]!.shape[0]!;

/** The gradients of a traced scalar. */
export function gradientsOf(loss: Tensor, variables: readonly Variable[]): Tensor[] {
  const trace = currentTrace();
  if (!trace)
    throw new StateError("gradientsOf is for trainStep and other traced functions; for values there are grad and valueAndGrad.");
  const gradients = trace.graph.grad(
    trace.idOf(loss),
    variables.map((v) => trace.idOf(v.value)),
  );
  return gradients.map((g) => trace.wrap(g));
}

/** A structure of tensors as a structure of numbers into a list. */
function numbered(tree: Structure<Tensor>, into: Tensor[]): Structure<number> {
  if (Array.isArray(tree)) return tree.map((t: Structure<Tensor>) => numbered(t, into));
  if (isRecord(tree)) return Object.fromEntries(Object.entries(tree).map(([k, t]) => [k, numbered(t, into)]));
  if (typeof tree !== "object") throw new ValueError("A model must return tensors.");
  return into.push(tree as Tensor) - 1;
}
function renumbered(form: Structure<number>, list: readonly Tensor[]): Structure<Tensor> {
  if (typeof form === "number") return list[form]!;
  if (Array.isArray(form)) return form.map((f: Structure<number>) => renumbered(f, list));
  return Object.fromEntries(Object.entries(form).map(([k, f]) => [k, renumbered(f as Structure<number>, list)]));
}
const isRecord = (x: unknown): x is Record<string, Structure<Tensor>> =>
  typeof x === "object" && x !== null && Object.getPrototypeOf(x) === Object.prototype;
