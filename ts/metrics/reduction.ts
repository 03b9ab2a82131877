// Sums and means over samples, and metrics that are the mean of a function.

import { mustBeTensor } from "../core/structure.js";
import { checkOptions, ValueError } from "../errors.js";
import { alignRanks, applyMask } from "../losses/reduction.js";
import { isLossFunction } from "../losses/table.js";
import * as ops from "../ops.js";
import { toSnakeCase } from "../saving/names.js";
import type { Config, KerasObject } from "../saving/object.js";
import { deserializeIn } from "../saving/serialize.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { Metric, type MetricOptions, metricDefaults, type UpdateOptions } from "./metric.js";

/** `sampleWeight` of an update as a float32 tensor, or null. */
export function weightsOf(where: string, options: UpdateOptions): Tensor | null {
  checkOptions(`${where}.updateState`, options, ["sampleWeight"]);
  const weights = options.sampleWeight ?? null;
  return weights === null ? null : ops.cast(tensor(weights), "float32");
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/**
 * Weighted values as one number per sample, and weights as one number per sample: axes that the weights do not have are reduced first,
 * then all but the first.
 */
function perSample(
  given: TensorLike,
  sampleWeight: Tensor | null,
  reduce: (x: Tensor, options: { axis: number[] }) => Tensor,
): [values: Tensor, weights: Tensor | null] {
  const t = tensor(given);
  let values = ops.cast(t, "float32");
  let weights: Tensor | null = null;
  if (sampleWeight) {
    [values, weights] = alignRanks(values, applyMask(sampleWeight, t.mask, "sum")!);
    const ndim = weights.ndim;
    if (values.ndim > ndim) values = reduce(values, { axis: range(ndim, values.ndim) });
    weights = ops.broadcastTo(weights, values.shape);
    values = ops.multiply(values, weights);
    if (ndim > 1) weights = reduce(weights, { axis: range(1, ndim) });
  }
  if (values.ndim > 1) values = reduce(values, { axis: range(1, values.ndim) });
  return [values, weights];
}

/** Σ w·v over all values. `const m = new Sum(); m.updateState([1, 2]); m.result() // 3` */
export class Sum extends Metric {
  static override readonly className: string = "Sum";
  static override readonly defaults: Config = metricDefaults("sum");
  readonly #total: Variable;

  constructor(options: Partial<MetricOptions> = {}) {
    super(options);
    this.#total = this.addVariable([], "zeros", { name: "total" });
  }

  override updateState(values: TensorLike, options: UpdateOptions = {}): void {
    const [v] = perSample(values, weightsOf(this.name, options), ops.sum);
    this.#total.assign(ops.add(this.#total.value, ops.sum(v)));
  }

  override result(): Tensor {
    return this.#total.value;
  }
}

/** What all means share: the sum of w·v, the sum of w, and their quotient. */
export abstract class Average<Options extends MetricOptions = MetricOptions> extends Metric<Options> {
  readonly #total: Variable;
  readonly #count: Variable;

  constructor(options: Partial<Options> = {}) {
    super(options);
    this.#total = this.addVariable([], "zeros", { name: "total" });
    this.#count = this.addVariable([], "zeros", { name: "count" });
  }

  protected take(given: TensorLike, sampleWeight: Tensor | null): void {
    const [values, weights] = perSample(given, sampleWeight, ops.mean);
    const count: TensorLike = weights ? ops.sum(weights) : (values.shape[0] ?? 1);
    this.#total.assign(ops.add(this.#total.value, ops.sum(values)));
    this.#count.assign(ops.add(this.#count.value, count));
  }

  /** Σ w·v / Σ w; 0 before the first update. */
  override result(): Tensor {
    return ops.divideNoNan(this.#total.value, this.#count.value);
  }
}

/** Σ w·v / Σ w over all values. `const m = new Mean(); m.updateState([1, 3]); m.result() // 2` */
export class Mean extends Average {
  static override readonly className: string = "Mean";
  static override readonly defaults: Config = metricDefaults("mean");

  constructor(options: Partial<MetricOptions> = {}) {
    super(options);
  }

  override updateState(values: TensorLike, options: UpdateOptions = {}): void {
    this.take(values, weightsOf(this.name, options));
  }
}

/** A function of targets and predictions with a value per sample, or per entry. */
export type MetricFunction = (yTrue: Tensor, yPred: Tensor, options?: never) => Tensor;

/** The mean of what a function returns. Options other than name and dtype go to the function. A mask of `yPred` takes entries out. */
export abstract class FunctionMean<Options extends MetricOptions = MetricOptions> extends Average<Options> {
  readonly fn: MetricFunction;
  readonly #options: object;

  constructor(fn: MetricFunction, options: Partial<Options> = {}, fnOptions?: object) {
    super(options);
    if (typeof fn !== "function")
      throw new ValueError(`${this.name}: expected a function of yTrue and yPred, received ${typeof fn}.`);
    this.fn = fn;
    const { name: _n, dtype: _d, ...own } = this.config;
    this.#options = fnOptions ?? own;
  }

  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    const weights = weightsOf(this.name, options);
    const [t, p] = [tensor(yTrue), tensor(yPred)];
    // A function of the user's that takes two arguments must not see a third.
    const values = Object.keys(this.#options).length > 0 ? this.fn(t, p, this.#options as never) : this.fn(t, p);
    this.take(mustBeTensor(values, `metric "${this.name}"`), applyMask(weights, p.mask, "sum"));
  }
}

/** The mean of a function of Keras: the class says which is its body. */
abstract class NamedMean<Options extends MetricOptions> extends FunctionMean<Options> {
  static readonly body: MetricFunction;
  constructor(options: Partial<Options> = {}) {
    super(new.target.body, options);
  }
}
/** The mean of a loss: less is better. */
export abstract class LossMean<Options extends MetricOptions = MetricOptions> extends NamedMean<Options> {
  override readonly direction = "down";
}
/** The mean of a score: more is better. */
export abstract class ScoreMean<Options extends MetricOptions = MetricOptions> extends NamedMean<Options> {
  override readonly direction = "up";
}

/**
 * The mean of any function `(yTrue, yPred) → values`; options that are not a metric's go to the function as its third argument.
 *
 * `compile({ metrics: [myFunction] })` makes one. Example: `new MeanMetricWrapper(losses.huber, { name: "huber", delta: 2 })`
 */
export class MeanMetricWrapper extends FunctionMean {
  static override readonly className: string = "MeanMetricWrapper";
  static override readonly required: readonly string[] = ["fn"];
  override readonly direction: "up" | "down" | null;
  readonly #options: object;

  constructor(fn: MetricFunction, options: Partial<MetricOptions> & { readonly [option: string]: unknown } = {}) {
    const { name, dtype, ...own } = options;
    const common = { ...(name !== undefined && { name }), ...(dtype !== undefined && { dtype }) };
    super(fn, name === undefined && fn?.name ? { ...common, name: toSnakeCase(fn.name) } : common, own);
    this.#options = own;
    this.direction = isLossFunction(fn) ? "down" : null;
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...this.#options };
  }

  static override fromConfig<T extends KerasObject>(this: new (...args: never[]) => T, config: Config): T {
    const { fn, ...options } = config;
    const body = typeof fn === "string" ? deserializeIn("keras.metrics", { class_name: "function", config: fn }) : fn;
    return new this(...([body, options] as never[]));
  }
}
