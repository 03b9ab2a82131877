// What `compile` makes of losses and metrics: one scalar to minimise, and numbers by name.

import { apply } from "../core/apply.js";
import { flatten, isPlainObject, type Structure } from "../core/structure.js";
import { ShapeError, ValueError } from "../errors.js";
import * as losses from "../losses.js";
import * as metrics from "../metrics.js";
import { toSnakeCase } from "../saving/names.js";
import type { Tensor } from "../tensor.js";

type Loss = losses.Loss;
type Metric = metrics.Metric;

/** A loss as users name one. */
export type LossLike = Loss | losses.LossIdentifier | ((yTrue: Tensor, yPred: Tensor) => Tensor);
/** A metric as users name one. */
export type MetricLike = Metric | metrics.MetricIdentifier | ((yTrue: Tensor, yPred: Tensor) => Tensor);
/** One for all outputs, one per output in order, or by the output's name. */
export type PerOutput<T> = T | readonly (T | null)[] | { readonly [output: string]: T | null };

const isObject = (x: unknown): x is Record<string, unknown> => isPlainObject(x);

/** What each output gets of something that was given once, in order or by name. */
function perOutput<T>(what: string, given: unknown, names: readonly string[], isOne: (x: unknown) => boolean): (T | null)[] {
  if (given === null || given === undefined) return names.map(() => null);
  if (isOne(given)) return names.map(() => given as T);
  if (Array.isArray(given)) {
    if (given.length !== names.length)
      throw new ValueError(
        `compile: ${what} has ${given.length} entries, the model has ${names.length} outputs (${names.join(", ")}).`,
      );
    return given as (T | null)[];
  }
  const table = given as Record<string, T | null>;
  const unknown = Object.keys(table).filter((k) => !names.includes(k));
  if (unknown.length > 0)
    throw new ValueError(`compile: ${what} names no output of the model: ${unknown.join(", ")}. Outputs: ${names.join(", ")}.`);
  return names.map((n) => table[n] ?? null);
}

/** The losses of all outputs as one number. */
export class CompiledLoss {
  readonly #parts: { loss: Loss; weight: number; output: number }[] = [];
  readonly #names: readonly string[];
  /** With several losses: a mean of each, unweighted, for the logs. */
  readonly trackers: metrics.Mean[] = [];

  constructor(
    given: PerOutput<LossLike>,
    lossWeights: PerOutput<number> | null | undefined,
    names: readonly string[],
    yTrue: readonly Tensor[],
    yPred: readonly Tensor[],
  ) {
    this.#names = names;
    if (yTrue.length > 0 && yTrue.length !== names.length)
      throw new ValueError(
        `y has ${yTrue.length} arrays, the model has ${names.length} output(s): ${names.join(", ")}. Give one target for each.`,
      );
    const one = (x: unknown): boolean =>
      typeof x === "string" ||
      typeof x === "function" ||
      (!Array.isArray(x) && !isObject(x)) ||
      (isObject(x) && "class_name" in x);
    const parts = perOutput<LossLike>("loss", given, names, one);
    const weights = perOutput<number>("lossWeights", lossWeights, names, (x) => typeof x === "number");
    parts.forEach((loss, i) => {
      if (loss === null) return;
      this.#parts.push({
        loss: losses.resolve(loss, this.#target(yTrue, i).shape, yPred[i]!.shape),
        weight: weights[i] ?? 1,
        output: i,
      });
    });
    if (this.#parts.length > 1)
      for (const p of this.#parts) this.trackers.push(new metrics.Mean({ name: `${names[p.output]}_loss` }));
  }

  /** A scalar. Inside a trace the per-output means are updated too. */
  call(yTrue: readonly Tensor[], yPred: readonly Tensor[], sampleWeight: readonly Tensor[] | null, batchSize: number): Tensor {
    let total: Tensor | null = null;
    this.#parts.forEach((p, i) => {
      const weights = sampleWeight === null ? undefined : (sampleWeight[p.output] ?? sampleWeight[0]);
      const value = this.#value(p, this.#target(yTrue, p.output), yPred[p.output]!, weights);
      this.trackers[i]?.updateState(value, { sampleWeight: batchSize });
      const weighted = p.weight === 1 ? value : apply("multiply", [value, p.weight]);
      total = total === null ? weighted : apply("add", [total, weighted]);
    });
    return total!;
  }

  #target(yTrue: readonly Tensor[], output: number): Tensor {
    const target = yTrue[output];
    if (!target) throw new ValueError(`y has no target for output "${this.#names[output]}".`);
    return target;
  }

  /** The loss of one output. Errors about shapes say which output, target and loss do not fit. */
  #value(part: { loss: Loss; output: number }, yTrue: Tensor, yPred: Tensor, sampleWeight: Tensor | undefined): Tensor {
    try {
      return part.loss.call(yTrue, yPred, sampleWeight ? { sampleWeight } : {});
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      const shape = (t: Tensor): string => `[${t.shape.join(", ")}]`;
      throw new ShapeError(
        `loss "${part.loss.name}" of output "${this.#names[part.output]}": y of shape ${shape(yTrue)} does not fit the model's output of shape ${shape(yPred)}` +
          `${sampleWeight ? ` with sample weights of shape ${shape(sampleWeight)}` : ""}. Give y the output's shape, or another loss. (${error.message})`,
        { cause: error },
      );
    }
  }

  /** Checks labels against the size of the outputs, where a loss can say what fits. Errors: `DataError`. */
  checkTargets(targets: readonly { data: ArrayLike<number> }[], outputShapes: readonly (readonly number[])[]): void {
    for (const p of this.#parts) {
      const target = targets[p.output];
      if (target) p.loss.checkTargets?.(target.data, outputShapes[p.output]!);
    }
  }
}

interface NamedMetric {
  metric: Metric;
  name: string;
  output: number;
  weighted: boolean;
}

/** The metrics of all outputs, under the names that logs give them. */
export class CompiledMetrics {
  readonly #metrics: NamedMetric[] = [];

  constructor(given: unknown, weighted: unknown, names: readonly string[], yTrue: readonly Tensor[], yPred: readonly Tensor[]) {
    const used = new Set<string>();
    const add = (one: MetricLike, output: number, isWeighted: boolean): void => {
      const metric = metrics.resolve(one, yTrue[output]?.shape ?? [], yPred[output]!.shape);
      const own = typeof one === "string" ? one : typeof one === "function" ? toSnakeCase(one.name) : metric.name;
      const prefix = names.length > 1 ? `${names[output]}_` : "";
      let name = prefix + own;
      if (isWeighted && used.has(name)) name = `${prefix}weighted_${own}`;
      const base = name;
      for (let k = 1; used.has(name); k++) name = `${base}_${k}`;
      used.add(name);
      this.#metrics.push({ metric, name, output, weighted: isWeighted });
    };
    for (const [list, isWeighted] of [
      [given, false],
      [weighted, true],
    ] as const) {
      if (list === null || list === undefined) continue;
      this.#distribute(list, names).forEach((own, output) => {
        for (const one of own) add(one, output, isWeighted);
      });
    }
  }

  #distribute(given: unknown, names: readonly string[]): MetricLike[][] {
    const listOf = (x: unknown): MetricLike[] =>
      x === null || x === undefined ? [] : Array.isArray(x) ? (x as MetricLike[]) : [x as MetricLike];
    if (Array.isArray(given)) {
      if (names.length > 1 && given.length === names.length && given.some(Array.isArray)) return given.map(listOf);
      if (given.some(Array.isArray)) {
        if (given.length !== names.length)
          throw new ValueError(`compile: metrics has ${given.length} lists, the model has ${names.length} outputs.`);
        return given.map(listOf);
      }
      return names.map((_, i) => (i === 0 || typeof given[0] === "string" ? listOf(given) : []));
    }
    if (isObject(given)) return perOutput<MetricLike | MetricLike[]>("metrics", given, names, () => false).map(listOf);
    throw new ValueError(
      `compile: metrics must be a list or an object, received ${typeof given === "string" ? JSON.stringify(given) : typeof given}. Write metrics: ["accuracy"].`,
    );
  }

  get metrics(): readonly Metric[] {
    return this.#metrics.map((m) => m.metric);
  }
  get names(): readonly string[] {
    return this.#metrics.map((m) => m.name);
  }

  update(yTrue: readonly Tensor[], yPred: readonly Tensor[], sampleWeight: readonly Tensor[] | null): void {
    for (const m of this.#metrics) {
      const weights = m.weighted && sampleWeight ? (sampleWeight[m.output] ?? sampleWeight[0]) : undefined;
      m.metric.updateState(yTrue[m.output] ?? yPred[m.output]!, yPred[m.output]!, weights ? { sampleWeight: weights } : {});
    }
  }

  /** The results, traced or at hand, by name. */
  results(): [name: string, value: Tensor][] {
    return this.#metrics.map((m) => [m.name, m.metric.result()]);
  }

  direction(name: string): "up" | "down" | null {
    return this.#metrics.find((m) => m.name === name)?.metric.direction ?? null;
  }
}

/** The tensors of outputs or targets in the order of the model's outputs: records by name, lists as they are. */
export function inOrder(tree: Structure<Tensor> | null, names: readonly string[]): Tensor[] {
  if (tree === null) return [];
  if (isObject(tree) && Object.keys(tree).some((key) => names.includes(key))) {
    const unknown = Object.keys(tree).filter((key) => !names.includes(key));
    if (unknown.length > 0)
      throw new ValueError(
        `There is no output ${unknown.map((k) => JSON.stringify(k)).join(", ")}. Outputs: ${names.join(", ")}.`,
      );
    // A place stays empty where an output has none.
    return names.map((n) => (tree as Record<string, Tensor>)[n]!);
  }
  return flatten<Tensor>(tree);
}
