// The programs of a model: one call of the core per training, evaluation or prediction step, compiled once per batch shape.

import { apply, scalar } from "../core/apply.js";
import { Program } from "../core/program.js";
import { ShapeError, StateError, ValueError } from "../errors.js";
import type { Structure } from "../layers/structure.js";
import type { Mean } from "../metrics.js";
import type { Optimizer } from "../optimizers.js";
import { currentTrace, type Tensor, Trace } from "../tensor.js";
import type { Variable } from "../variable.js";
import { type CompiledLoss, type CompiledMetrics, inOrder } from "./compile.js";
import { type Batch, batchTypes, structured } from "./data.js";

export type Mode = "train" | "test" | "predict";

/** What steps need of a model. */
export interface SteppedModel {
  readonly name: string;
  readonly outputNames: readonly string[];
  readonly trainableVariables: readonly Variable[];
  /** Losses that layers added during the last call. */
  readonly losses: readonly Tensor[];
  apply(x: Structure<Tensor>, options: { training: boolean }): Structure<Tensor>;
}

/** What steps need of `compile`. */
export interface Compiled {
  readonly optimizer: Optimizer;
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
  #traced = 0;

  /** How often a step was traced: a test of "no needless retracing". */
  get traced(): number {
    return this.#traced;
  }

  get(key: string, trace: () => Step): Step {
    const known = this.#steps.get(key);
    if (known) {
      this.#steps.delete(key);
      this.#steps.set(key, known);
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
    return step;
  }

  clear(): void {
    this.#steps.clear();
  }
}

/** Traces the step of a mode on a batch's types. */
export function traceStep(mode: Mode, model: SteppedModel, compiled: Compiled | null, batch: Batch): Step {
  let names: string[] = [];
  let form: Structure<number> = 0;
  const program = Program.trace(batchTypes(batch), (values) => {
    const { x, y, sampleWeight } = structured(batch.source, values);
    const output = model.apply(x, { training: mode === "train" });
    if (mode === "predict") {
      const outputs: Tensor[] = [];
      form = numbered(output, outputs);
      return outputs;
    }
    const logs = lossAndMetrics(mode, model, compiled!, output, y, sampleWeight, batch.size);
    names = logs.map(([name]) => name);
    return logs.map(([, value]) => value);
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

function lossAndMetrics(
  mode: Mode,
  model: SteppedModel,
  compiled: Compiled,
  output: Structure<Tensor>,
  y: Structure<Tensor> | null,
  sampleWeight: Structure<Tensor> | null,
  batchSize: number,
): [string, Tensor][] {
  const yPred = inOrder(output, model.outputNames);
  const yTrue = inOrder(y, model.outputNames);
  const weights = sampleWeight === null ? null : inOrder(sampleWeight, model.outputNames);
  let total: Tensor = compiled.loss ? compiled.loss.call(yTrue, yPred, weights, batchSize) : scalar(0, "float32");
  for (const extra of model.losses)
    total = apply("add", [total, extra.ndim === 0 ? extra : apply("sum", [extra], { ints: [0, extra.ndim] })]);
  if (total.ndim !== 0)
    throw new ShapeError(`${model.name}: the loss must be a scalar, it has shape [${total.shape.join(", ")}]. Use a reduction.`);
  if (mode === "train") update(model, compiled.optimizer, total);
  compiled.lossTracker.updateState(total, { sampleWeight: batchSize });
  compiled.metrics.update(yTrue, yPred, weights);
  const parts = compiled.loss?.trackers ?? [];
  return [
    ["loss", compiled.lossTracker.result()],
    ...compiled.metrics.results(),
    ...parts.map((t): [string, Tensor] => [t.name, t.result()]),
  ];
}

/** One optimizer step on the model's trainable variables. */
function update(model: SteppedModel, optimizer: Optimizer, loss: Tensor): void {
  const variables = model.trainableVariables;
  if (variables.length === 0) return;
  const trace = currentTrace();
  if (!trace) throw new StateError("internal: a training step runs in a trace");
  const scaled = optimizer.scaleLoss(loss);
  const gradients = trace.graph.grad(
    trace.idOf(scaled),
    variables.map((v) => trace.idOf(v.value)),
  );
  optimizer.apply(
    gradients.map((g) => trace.wrap(g)),
    variables,
  );
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
