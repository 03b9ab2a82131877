// What `compile` makes of losses and metrics: one scalar to minimise, and numbers by name.

import { apply } from "../core/apply.js";
import { isPlainObject, type Structure } from "../core/structure.js";
import { ShapeError, ValueError } from "../errors.js";
import * as losses from "../losses.js";
import * as metrics from "../metrics.js";
import { toSnakeCase } from "../saving/names.js";
import type { Tensor } from "../tensor.js";
import { type Outputs, weightsFor } from "./outputs.js";

type Loss = losses.Loss;
type Metric = metrics.Metric;

/** A loss as users name one. */
export type LossLike = Loss | losses.LossIdentifier | ((yTrue: Tensor, yPred: Tensor) => Tensor);
/** A metric as users name one. */
export type MetricLike = Metric | metrics.MetricIdentifier | ((yTrue: Tensor, yPred: Tensor) => Tensor);
/** One for all outputs, one per output in order, or by the output's name. */
export type PerOutput<T> = T | readonly (T | null)[] | { readonly [output: string]: T | null };

/** The losses of all outputs as one number. */
export class CompiledLoss {
  readonly #parts: { loss: Loss; weight: number; output: number }[] = [];
  readonly #outputs: Outputs;
  /** With several losses: a mean of each, unweighted, for the logs. */
  readonly trackers: metrics.Mean[] = [];

  constructor(
    given: PerOutput<LossLike>,
    lossWeights: PerOutput<number> | null | undefined,
    outputs: Outputs,
    y: Structure<Tensor> | null,
    yPred: readonly Tensor[],
  ) {
    this.#outputs = outputs;
    const one = (x: unknown): boolean => !Array.isArray(x) && (!isPlainObject(x) || "class_name" in x);
    const parts = outputs.each<LossLike>("loss", given, one);
    if (typeof lossWeights === "number" && outputs.count > 1)
      throw new ValueError("compile: with several outputs lossWeights is a list or an object, one number for each.");
    const weights = outputs.each<number>("lossWeights", lossWeights, (x) => typeof x === "number");
    outputs.learned = parts.flatMap((loss, i) => (loss === null ? [] : [i]));
    const yTrue = outputs.inOrder(y);
    if (y !== null && yTrue.length !== outputs.count)
      throw new ValueError(
        `y has ${yTrue.length} array(s), the model has ${outputs.count} output(s) (${outputs.all}). Give one target for each.`,
      );
    // Keras reports in the order in which a record of losses lists them, where the outputs are a record too.
    const order = outputs.keyed && !one(given) && !Array.isArray(given) ? Object.keys(given as object) : [];
    const place = (output: number): number => order.indexOf(outputs.nameOf(output));
    for (const output of [...outputs.learned].sort((a, b) => place(a) - place(b)))
      this.#parts.push({
        loss: losses.resolve(parts[output]!, this.#target(yTrue, output).shape, yPred[output]!.shape),
        weight: weights[output] ?? 1,
        output,
      });
    if (this.#parts.length > 1)
      for (const { output, loss } of this.#parts)
        this.trackers.push(new metrics.Mean({ name: `${outputs.names[output] ?? loss.name}_loss` }));
  }

  /** A scalar; null when no output has a loss. Inside a trace the per-output means are updated too. */
  call(
    yTrue: readonly (Tensor | undefined)[],
    yPred: readonly Tensor[],
    sampleWeight: readonly (Tensor | undefined)[] | null,
    batchSize: number,
  ): Tensor | null {
    let total: Tensor | null = null;
    this.#parts.forEach((p, i) => {
      const weights = weightsFor(sampleWeight, p.output);
      const value = this.#value(p, this.#target(yTrue, p.output), yPred[p.output]!, weights);
      this.trackers[i]?.updateState(value, { sampleWeight: batchSize });
      const weighted = p.weight === 1 ? value : apply("multiply", [value, p.weight]);
      total = total === null ? weighted : apply("add", [total, weighted]);
    });
    return total;
  }

  #target(yTrue: readonly (Tensor | undefined)[], output: number): Tensor {
    const target = yTrue[output];
    if (!target) throw new ValueError(`y has no target for output "${this.#outputs.nameOf(output)}".`);
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
        `loss "${part.loss.name}" of output "${this.#outputs.nameOf(part.output)}": y of shape ${shape(yTrue)} does not fit the model's output of shape ${shape(yPred)}` +
          `${sampleWeight ? ` with sample weights of shape ${shape(sampleWeight)}` : ""}. Give y the output's shape, or another loss. (${error.message})`,
        { cause: error },
      );
    }
  }

  /** Checks labels against the size of the outputs, where a loss can say what fits. Errors: `DataError`. */
  checkTargets(
    targets: readonly ({ data: ArrayLike<number> } | undefined)[],
    outputShapes: readonly (readonly number[])[],
  ): void {
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

  constructor(
    given: unknown,
    weighted: unknown,
    outputs: Outputs,
    yTrue: readonly (Tensor | undefined)[],
    yPred: readonly Tensor[],
  ) {
    const used = new Set<string>();
    const add = (one: MetricLike, output: number, isWeighted: boolean): void => {
      const metric = metrics.resolve(one, yTrue[output]?.shape ?? [], yPred[output]!.shape);
      const own = typeof one === "string" ? one : typeof one === "function" ? toSnakeCase(one.name) : metric.name;
      const prefix = outputs.count > 1 && outputs.names[output] ? `${outputs.names[output]}_` : "";
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
      this.#distribute(isWeighted ? "weightedMetrics" : "metrics", list, outputs).forEach((own, output) => {
        for (const one of own) add(one, output, isWeighted);
      });
    }
  }

  /** A list is the one output's, or has an entry for each: a metric, a list of some, or null. */
  #distribute(what: string, given: unknown, outputs: Outputs): MetricLike[][] {
    const listOf = (x: unknown): MetricLike[] =>
      x === null || x === undefined ? [] : Array.isArray(x) ? (x as MetricLike[]) : [x as MetricLike];
    const flat = outputs.count === 1 && Array.isArray(given) && !given.some(Array.isArray);
    return flat ? [listOf(given)] : outputs.each(what, given, () => false).map(listOf);
  }

  get metrics(): readonly Metric[] {
    return this.#metrics.map((m) => m.metric);
  }
  get names(): readonly string[] {
    return this.#metrics.map((m) => m.name);
  }

  update(
    yTrue: readonly (Tensor | undefined)[],
    yPred: readonly Tensor[],
    sampleWeight: readonly (Tensor | undefined)[] | null,
  ): void {
    for (const m of this.#metrics) {
      const weights = m.weighted ? weightsFor(sampleWeight, m.output) : undefined;
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
