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

/** A model's outputs, in the order in which Keras flattens them: records by sorted key. */
export class Outputs {
  /** What logs call them; null for those of a list that a `call` of the user's returns. */
  readonly names: readonly (string | null)[];
  /** Are they a record? Then its keys are the names, and lists of losses or targets are in their order. */
  readonly keyed: boolean;
  /** Those that have a loss. */
  learned: readonly number[];

  /** `layerNames`: of the layers that make the outputs, as far as they are known. */
  constructor(tree: Structure<Tensor>, layerNames: readonly string[]) {
    this.keyed = isPlainObject(tree);
    const count = flatten<Tensor>(tree).length;
    this.names = isPlainObject(tree)
      ? Object.keys(tree)
          .sort()
          .flatMap((key) => namesUnder(key, tree[key] as Structure<Tensor>))
      : Array.from({ length: count }, (_, i) => layerNames[i] ?? null);
    this.learned = this.names.map((_, i) => i);
  }

  get count(): number {
    return this.names.length;
  }
  /** How a message calls one. */
  nameOf(output: number): string {
    return this.names[output] ?? String(output);
  }
  get all(): string {
    return this.names.includes(null) ? `${this.count}, without names: give lists` : this.names.join(", ");
  }

  /** Targets or sample weights in the order of the outputs: records by name, lists as they are. A place stays empty where there is none. */
  inOrder<T>(tree: Structure<T> | null, what = "y", isLeaf: (x: unknown) => boolean = () => false): (T | undefined)[] {
    if (tree === null) return [];
    if (isPlainObject(tree) && !isLeaf(tree)) return this.byName(what, tree as Record<string, T>);
    const list = flatten<T>(tree, isLeaf);
    if (list.length !== this.learned.length || this.keyed) return list;
    const placed: (T | undefined)[] = this.names.map(() => undefined);
    this.learned.forEach((output, i) => (placed[output] = list[i]));
    return placed;
  }

  /** The entries of a record for each output. Errors: `ValueError` for a name that no output has. */
  byName<T>(what: string, table: Readonly<Record<string, T>>): (T | undefined)[] {
    for (const key of Object.keys(table))
      if (!this.names.includes(key))
        throw new ValueError(
          `${what} names an output ${JSON.stringify(key)} that the model does not have. Outputs: ${this.all}.`,
        );
    return this.names.map((name) => (name === null ? undefined : table[name]));
  }

  /** What each output gets of something that was given once, in order or by name. */
  each<T>(what: string, given: unknown, isOne: (x: unknown) => boolean): (T | null)[] {
    if (given === null || given === undefined) return this.names.map(() => null);
    if (isOne(given)) return this.names.map(() => given as T);
    if (!Array.isArray(given)) return this.byName(`compile: ${what}`, given as Record<string, T>).map((x) => x ?? null);
    if (given.length !== this.count)
      throw new ValueError(
        `compile: ${what} has ${given.length} entries, the model has ${this.count} output(s) (${this.all}). Give one for each, or null.`,
      );
    return given as (T | null)[];
  }
}

/** The names of a structure inside a record: paths, as Keras writes them. */
function namesUnder(path: string, tree: Structure<Tensor>): string[] {
  if (Array.isArray(tree)) return tree.flatMap((t: Structure<Tensor>, i) => namesUnder(`${path}/${i}`, t));
  if (!isPlainObject(tree)) return [path];
  return Object.keys(tree)
    .sort()
    .flatMap((key) => namesUnder(`${path}/${key}`, tree[key] as Structure<Tensor>));
}

/** The sample weights of an output: its own, or those that were given once for all. */
const weightsFor = (given: readonly (Tensor | undefined)[] | null, output: number): Tensor | undefined =>
  given?.[given.length === 1 ? 0 : output];

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

  /** A scalar. Inside a trace the per-output means are updated too. */
  call(
    yTrue: readonly (Tensor | undefined)[],
    yPred: readonly Tensor[],
    sampleWeight: readonly (Tensor | undefined)[] | null,
    batchSize: number,
  ): Tensor {
    let total: Tensor | null = null;
    this.#parts.forEach((p, i) => {
      const weights = weightsFor(sampleWeight, p.output);
      const value = this.#value(p, this.#target(yTrue, p.output), yPred[p.output]!, weights);
      this.trackers[i]?.updateState(value, { sampleWeight: batchSize });
      const weighted = p.weight === 1 ? value : apply("multiply", [value, p.weight]);
      total = total === null ? weighted : apply("add", [total, weighted]);
    });
    return total!;
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
