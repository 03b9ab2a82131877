// Metric: state that is updated batch by batch, and the number that it amounts to.

import { allocate, coreDType, type DType, type EdgeDType } from "../core/dtype.js";
import { checkOptions, StateError } from "../errors.js";
import * as initializers from "../initializers.js";
import { toSnakeCase, uniqueName } from "../saving/names.js";
import { type Config, classNameOf, type KerasClass, KerasObject } from "../saving/object.js";
import { outsideTrace, sizeOf, Tensor, type TensorLike, tensor } from "../tensor.js";
import { Variable, withValues } from "../variable.js";

export interface MetricOptions {
  /** Default: the class' name in snake_case, with a number from the second on. */
  name: string | null;
  /** Type of the state: a dtype, or a policy, of which the compute type counts. Default float32. */
  dtype: EdgeDType | { readonly computeDtype: string } | null;
}

/** The common options with their defaults, in the order of Keras' config; `own` after them. */
export const metricDefaults = (name: string | null, own: Config = {}): Config => ({ name, dtype: null, ...own });

export interface UpdateOptions {
  /** A factor per sample, or per value. */
  sampleWeight?: TensorLike | null;
}
/** What `updateState` takes: targets and predictions, or values. */
export type UpdateArguments =
  | readonly [yTrue: TensorLike, yPred: TensorLike, options?: UpdateOptions]
  | readonly [values: TensorLike, options?: UpdateOptions];

/**
 * Base of all metrics. One of one's own makes its state in the constructor, updates it in `updateState` and reads it in `result`, in ops:
 *
 * ```ts
 * class Largest extends metrics.Metric {
 *   static override readonly className: string = "Largest";
 *   readonly #largest = this.addVariable([], "zeros", { name: "largest" });
 *   override updateState(yTrue: Tensor, yPred: Tensor) {
 *     this.#largest.assign(ops.maximum(this.#largest.value, ops.max(ops.abs(ops.subtract(yTrue, yPred)))));
 *   }
 *   override result() {
 *     return this.#largest.value;
 *   }
 * }
 * ```
 * The same code runs by itself, op by op, and inside the compiled steps of a model.
 */
export abstract class Metric<Options extends MetricOptions = MetricOptions> extends KerasObject<Options> {
  static override readonly module: string = "keras.metrics";
  static override readonly defaults: Config = metricDefaults(null);

  /** The key in logs. `compile` sets it to the string that named the metric. */
  name: string;
  readonly dtype: DType;
  /** Is more better, or less? What "auto" of callbacks goes by; null when nobody says. */
  readonly direction: "up" | "down" | null = null;
  readonly #variables: Variable[] = [];

  constructor(options: Partial<Options> = {}, dtype: DType = "float32") {
    super(options);
    this.name = this.config.name ?? uniqueName(toSnakeCase(classNameOf(this.constructor as unknown as KerasClass)));
    const given = this.config.dtype;
    this.dtype = given === null ? dtype : coreDType(typeof given === "string" ? given : given.computeDtype);
  }

  /** Takes in one batch. */
  abstract updateState(...args: UpdateArguments): void;

  /** The value over all batches since the last reset. */
  abstract result(): Tensor;

  /** Back to zeros: what `fit` does at the start of each epoch. */
  resetState(): void {
    for (const v of this.variables) v.assign(zerosOf(v));
  }

  /** `updateState`, then `result`. */
  call(...args: UpdateArguments): Tensor {
    this.updateState(...args);
    return this.result();
  }

  /** Makes a variable that belongs to the metric. `this.total = this.addVariable([], "zeros", { name: "total" })` */
  addVariable(
    shape: readonly number[],
    initializer: initializers.InitializerIdentifier,
    options: { dtype?: EdgeDType | null; name?: string; aggregation?: string } = {},
  ): Variable {
    checkOptions(`${this.name}.addVariable`, options, ["dtype", "name", "aggregation"]);
    const dtype = coreDType(options.dtype ?? "float32");
    const made = initializers.get(initializer) ?? new initializers.Zeros();
    // Metrics that learn their shapes from the first batch make their state while a step is traced.
    const variable = outsideTrace(
      () =>
        new Variable(made.call(shape, { dtype }), {
          trainable: false,
          path: this.name.replaceAll("/", ">"),
          ...(options.name !== undefined && { name: options.name }),
        }),
    );
    this.#variables.push(variable);
    return variable;
  }

  /** The state: its own variables, then those of metrics that are properties of this one. */
  get variables(): readonly Variable[] {
    const inner = Object.values(this).filter((part): part is Metric => part instanceof Metric);
    return [...this.#variables, ...inner.flatMap((m) => m.variables)];
  }

  // ---- as pure functions of the state

  /** What the variables would be after an update from these values; the metric itself stays as it is. */
  statelessUpdateState(metricVariables: readonly TensorLike[], ...args: UpdateArguments): Tensor[] {
    return this.#with(metricVariables, (values) => {
      this.updateState(...args);
      return this.variables.map((v) => values.get(v)!);
    });
  }

  /** The result for these values of the variables. */
  statelessResult(metricVariables: readonly TensorLike[]): Tensor {
    return this.#with(metricVariables, () => this.result());
  }

  /** The values of the variables after a reset. */
  statelessResetState(): Tensor[] {
    return this.variables.map(zerosOf);
  }

  #with<T>(metricVariables: readonly TensorLike[], body: (values: Map<Variable, Tensor>) => T): T {
    const own = this.variables;
    if (metricVariables.length !== own.length) {
      throw new StateError(
        `${this.name}: expected one value for each of its ${own.length} variables, received ${metricVariables.length}. ` +
          "A metric that learns its shapes from data has none before its first update.",
      );
    }
    const values = new Map(own.map((v, i) => [v, tensor(metricVariables[i]!, { dtype: v.dtype })]));
    return withValues(values, () => body(values));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), name: this.name, dtype: this.dtype };
  }
}

const zerosOf = (v: Variable): Tensor => new Tensor(allocate(v.dtype, sizeOf(v.shape)), v.shape, { dtype: v.dtype });
