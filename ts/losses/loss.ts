// Loss: the base of all losses, and losses made of a function of targets and predictions.

import { mustBeTensor } from "../core/structure.js";
import { checkOptions, ValueError } from "../errors.js";
import * as ops from "../ops.js";
import { toSnakeCase, uniqueName } from "../saving/names.js";
import { type Config, classNameOf, type KerasClass, KerasObject } from "../saving/object.js";
import { deserializeIn } from "../saving/serialize.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import { alignRanks, checkReduction, type Reduction, reduceWeighted } from "./reduction.js";

export interface LossOptions {
  /** Default: the class' name in snake_case. */
  name: string | null;
  reduction: Reduction;
  /** Accepted for Keras' sake; losses compute in float32. */
  dtype: unknown;
}

export interface LossCallOptions {
  /** A factor per sample, or per value: broadcasts to what the loss has per sample. */
  sampleWeight?: TensorLike | null;
}

/** The common options with their defaults, in the order of Keras' config; `own` after them. */
export const lossDefaults = (name: string | null, own: Config = {}): Config => ({
  name,
  reduction: "sum_over_batch_size",
  dtype: null,
  ...own,
});

/**
 * Base of all losses. One of one's own writes `call(yTrue, yPred)` in ops and returns a value per sample; weights, masks and the
 * reduction come from here:
 *
 * ```ts
 * class Cubic extends losses.Loss {
 *   static override readonly className: string = "Cubic";
 *   override call(yTrue: Tensor, yPred: Tensor) {
 *     return ops.mean(ops.power(ops.abs(ops.subtract(yTrue, yPred)), 3), { axis: -1 });
 *   }
 * }
 * const cubic: losses.Loss = new Cubic();
 * cubic.call([[0, 0]], [[1, 2]])                          // 4.5
 * cubic.call([[0, 0]], [[1, 2]], { sampleWeight: [2] })   // 9
 * ```
 *
 * NOTE Keras has two methods, `call` per sample and `__call__` around it, which users of a loss call. Here both go by `call`: what a
 * class writes is the inner one, what an object answers to is the outer one (hence the type `Loss` of the variable above).
 */
export abstract class Loss<Options extends LossOptions = LossOptions> extends KerasObject<Options> {
  static override readonly module: string = "keras.losses";
  static override readonly defaults: Config = lossDefaults(null);

  readonly name: string;
  readonly reduction: Reduction;

  constructor(options: Partial<Options> = {}) {
    super(options);
    const className = classNameOf(this.constructor as unknown as KerasClass);
    checkReduction(className, this.config.reduction);
    this.name = this.config.name ?? uniqueName(toSnakeCase(className));
    this.reduction = this.config.reduction;
    const perSample = this.call;
    this.call = (yTrue, yPred, given = {}) => {
      checkOptions(`${this.name}.call`, given, ["sampleWeight"]);
      const [target, prediction] = [tensor(yTrue), tensor(yPred)];
      const values = mustBeTensor(
        perSample.call(this, ops.cast(target, "float32"), ops.cast(prediction, "float32")),
        `loss "${this.name}"`,
      );
      const weights = given.sampleWeight ?? null;
      const mask = bothMasks(prediction.mask, values.mask);
      return reduceWeighted(values, weights === null ? null : ops.cast(weights, "float32"), mask, this.reduction);
    };
  }

  /**
   * The loss: a scalar, unless the reduction is `"none"`. `yTrue` and `yPred` are converted to float32, integer labels too; a Keras mask
   * on `yPred` takes entries out.
   *
   * Example: `new MeanSquaredError().call([[0, 1]], [[1, 1]]) // 0.5`
   */
  abstract call(yTrue: TensorLike, yPred: TensorLike, options?: LossCallOptions): Tensor;

  /** Throws `DataError` for targets that cannot be meant, where a loss can tell. `data`: all targets in a row; `outputShape` with the batch. */
  checkTargets?(data: ArrayLike<number>, outputShape: readonly number[]): void;

  /** The options that make an equal loss; as in Keras, without the dtype. */
  override getConfig(): Record<string, unknown> {
    const { dtype: _, ...config } = super.getConfig();
    return { ...config, name: this.name };
  }
}

const bothMasks = (a: Tensor | null, b: Tensor | null): Tensor | null => (a && b ? ops.logicalAnd(a, b) : (a ?? b));

/** A loss per sample as a function; `options` are those of the loss but for name, reduction and dtype. */
export type LossFunction = (yTrue: Tensor, yPred: Tensor, options?: never) => Tensor;

/** A loss whose values per sample are what a function returns. Its options other than name, reduction and dtype go to the function. */
export abstract class FunctionLoss<Options extends LossOptions = LossOptions> extends Loss<Options> {
  /** The function, before ranks are aligned and values reduced. */
  readonly fn: LossFunction;
  readonly #options: object;

  constructor(fn: LossFunction, options: Partial<Options> = {}, fnOptions?: object) {
    super(options);
    if (typeof fn !== "function")
      throw new ValueError(`${this.name}: expected a function of yTrue and yPred, received ${typeof fn}.`);
    this.fn = fn;
    const { name: _n, reduction: _r, dtype: _d, ...own } = this.config;
    this.#options = fnOptions ?? own;
  }

  override call(yTrue: TensorLike, yPred: TensorLike, _options?: LossCallOptions): Tensor {
    const [t, p] = alignRanks(tensor(yTrue), tensor(yPred));
    // A function of the user's that takes two arguments must not see a third.
    return Object.keys(this.#options).length > 0 ? this.fn(t, p, this.#options as never) : this.fn(t, p);
  }
}

/** A loss of Keras: the class says which function is its body. */
export abstract class NamedLoss<Options extends LossOptions = LossOptions> extends FunctionLoss<Options> {
  static readonly body: LossFunction;
  constructor(options: Partial<Options> = {}) {
    super(new.target.body, options);
  }
}

/**
 * A loss of any function `(yTrue, yPred) → values per sample`; options that are not a loss' go to the function as its third argument.
 *
 * `compile({ loss: myFunction })` makes one. Example: `new LossFunctionWrapper((t, p) => ops.max(ops.abs(ops.subtract(t, p)), { axis: -1 }))`
 */
export class LossFunctionWrapper extends FunctionLoss {
  static override readonly className: string = "LossFunctionWrapper";
  static override readonly required: readonly string[] = ["fn"];
  readonly #options: object;

  constructor(fn: LossFunction, options: Partial<LossOptions> & { readonly [option: string]: unknown } = {}) {
    const { name, reduction, dtype, ...own } = options;
    super(
      fn,
      {
        ...(name !== undefined && { name }),
        ...(reduction !== undefined && { reduction }),
        ...(dtype !== undefined && { dtype }),
      },
      own,
    );
    this.#options = own;
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...this.#options };
  }

  static override fromConfig<T extends KerasObject>(this: new (...args: never[]) => T, config: Config): T {
    const { fn, ...options } = config;
    const body = typeof fn === "string" ? deserializeIn("keras.losses", { class_name: "function", config: fn }) : fn;
    return new this(...([body, options] as never[]));
  }
}
