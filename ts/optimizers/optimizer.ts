// Optimizer: what all optimizers share, from the learning rate to weight decay, clipping, averages, accumulation and constraints.

import { apply, scalar } from "../core/apply.js";
import { Program } from "../core/program.js";
import { mustBeTensor } from "../core/structure.js";
import { classOf, ShapeError, StateError, show, ValueError } from "../errors.js";
import * as ops from "../ops.js";
import { toSnakeCase, uniqueName } from "../saving/names.js";
import { type Config, classNameOf, type KerasClass, KerasObject } from "../saving/object.js";
import { LearningRateSchedule } from "../schedules.js";
import { currentTrace, Tensor, type TensorLike, tensor } from "../tensor.js";
import { Variable } from "../variable.js";
import { clipGradients } from "./clip.js";

/** A number, a schedule over the updates, or a function that is asked before each update (once, where a step is compiled). */
export type LearningRate = number | LearningRateSchedule | (() => number);

export interface OptimizerOptions {
  name: string | null;
  learningRate: LearningRate;
  /** Decoupled: before each update w ← w − w·weightDecay·learningRate. */
  weightDecay: number | null;
  /** Each gradient is shortened to this norm. */
  clipnorm: number | null;
  /** All gradients together are shortened to this norm. */
  globalClipnorm: number | null;
  /** Each element of the gradients is kept within ± this. */
  clipvalue: number | null;
  /** Keeps a moving average of the weights, which `fit` leaves in their place at its end. */
  useEma: boolean;
  emaMomentum: number;
  /** Every so many updates the weights are replaced by their averages. */
  emaOverwriteFrequency: number | null;
  /** The loss is multiplied by it and gradients are divided again: keeps small gradients of half types alive. */
  lossScaleFactor: number | null;
  /** Gradients of so many calls are averaged into one update. */
  gradientAccumulationSteps: number | null;
}

/** The common options with their defaults, in the order of Keras' config; `own` after them. */
export const withCommon = (learningRate: number, own: Config, common: Config = {}): Config => ({
  name: null,
  learningRate,
  weightDecay: null,
  clipnorm: null,
  globalClipnorm: null,
  clipvalue: null,
  useEma: false,
  emaMomentum: 0.99,
  emaOverwriteFrequency: null,
  lossScaleFactor: null,
  gradientAccumulationSteps: null,
  ...common,
  ...own,
});

/**
 * Base of all optimizers. One of one's own makes its slots in `buildSlots` and updates one variable in `updateStep`, in ops:
 *
 * ```ts
 * class Sign extends Optimizer {
 *   static override readonly className: string = "Sign";
 *   override updateStep(gradient: Tensor, variable: Variable, learningRate: Tensor) {
 *     variable.assign(ops.subtract(variable, ops.multiply(learningRate, ops.sign(gradient))));
 *   }
 * }
 * ```
 * Everything else (schedules, decay, clipping, averages, accumulation, constraints, files) comes from here.
 */
export abstract class Optimizer<Options extends OptimizerOptions = OptimizerOptions> extends KerasObject<Options> {
  static override readonly module: string = "keras.optimizers";
  static override readonly defaults: Config = withCommon(0.001, {});

  readonly name: string;
  #learningRate: LearningRateSchedule | (() => number) | Variable;
  readonly #iterations: Variable;
  readonly #variables: Variable[] = [];
  readonly #slots = new Map<Variable, Map<string, Variable>>();
  #trainable: readonly Variable[] | null = null;
  readonly #averages: Variable[] = [];
  readonly #accumulators: Variable[] = [];
  #undecayed: { variables: ReadonlySet<Variable>; names: readonly RegExp[] } = { variables: new Set(), names: [] };
  #eager: EagerStep | null = null;
  /** The answer of a function for the learning rate, while an eager step is traced. */
  #fedRate: Tensor | null = null;

  constructor(options: Partial<Options> = {}) {
    super(options);
    check(classOf(this), this.config);
    this.name = this.config.name ?? uniqueName(toSnakeCase(classNameOf(this.constructor as unknown as KerasClass)));
    this.#iterations = this.#own(new Variable(scalar(0, "int32"), { name: "iteration", path: this.name, trainable: false }));
    this.#learningRate =
      typeof this.config.learningRate === "number" ? this.#rateVariable(this.config.learningRate) : this.config.learningRate;
  }

  // ---- what a subclass writes

  /** Makes the state that updates need, with `addSlots` or `addSlot`; called once. */
  protected buildSlots(_variables: readonly Variable[]): void {}

  /** Updates one variable and its slots from its gradient. `learningRate` is a scalar; `this.updates` counts from 1. */
  protected abstract updateStep(gradient: Tensor, variable: Variable, learningRate: Tensor): void;

  /** Updates all variables; for an optimizer that does something once per step. */
  protected updateSteps(gradients: readonly Tensor[], variables: readonly Variable[], learningRate: Tensor): void {
    variables.forEach((v, i) => this.updateStep(gradients[i]!, v, learningRate));
  }

  /** The decay of a variable: null for none. */
  protected weightDecayOf(_variable: Variable): number | null {
    return this.config.weightDecay;
  }

  /** State beside a variable, of its shape unless said otherwise, zeros unless `first` gives the values. */
  protected addSlot(
    variable: Variable,
    name: string,
    first: { value?: TensorLike; fill?: number; shape?: readonly number[] } = {},
  ): Variable {
    const shape = first.shape ?? variable.shape;
    const values = first.value !== undefined ? tensor(first.value) : ops.full(shape, first.fill ?? 0);
    const slot = this.addVariable(values, `${variable.path.replaceAll("/", "_")}_${name}`);
    let own = this.#slots.get(variable);
    if (!own) this.#slots.set(variable, (own = new Map()));
    own.set(name, slot);
    return slot;
  }

  /** These slots of zeros beside each variable. */
  protected addSlots(variables: readonly Variable[], ...names: string[]): void {
    for (const v of variables) for (const name of names) this.addSlot(v, name);
  }

  /** State of the optimizer itself. */
  protected addVariable(value: TensorLike, name: string): Variable {
    return this.#own(new Variable(tensor(value), { name, path: this.name, trainable: false }));
  }

  /** A slot made by `addSlot`. */
  protected slot(variable: Variable, name: string): Variable {
    const slot = this.#slots.get(variable)?.get(name);
    if (!slot)
      throw new StateError(
        `${this.name}: there is no slot "${name}" for ${variable.path}. Was the optimizer built for this variable?`,
      );
    return slot;
  }

  /** The number of this update, from 1, as float32. */
  protected get updates(): Tensor {
    return ops.cast(ops.add(this.#publicIterations(), 1), "float32");
  }

  // ---- use

  /** The iteration count, the learning rate (unless scheduled), then state in the order in which it was made. */
  get variables(): readonly Variable[] {
    return this.#variables;
  }

  get built(): boolean {
    return this.#trainable !== null;
  }

  /** Updates so far. With gradient accumulation only calls that update count. */
  get iterations(): number {
    return Math.floor(this.#iterations.value.item() / (this.config.gradientAccumulationSteps ?? 1));
  }

  /** The learning rate of the next update. Setting it takes a number, or a schedule in the place of one. */
  get learningRate(): number {
    const rate = this.#learningRate;
    if (rate instanceof Variable) return rate.value.item();
    return rate instanceof LearningRateSchedule ? rate.call(this.#iterations.value).item() : rate();
  }
  set learningRate(rate: LearningRate) {
    checkRate(this.name, rate);
    const now = this.#learningRate;
    if (typeof rate === "number") {
      if (!(now instanceof Variable)) {
        throw new StateError(
          `${this.name}: the learning rate follows a schedule and cannot be set to a number. Give the optimizer a number, or set another schedule.`,
        );
      }
      now.assign(new Tensor([rate], []));
      return;
    }
    if (now instanceof Variable) this.#variables.splice(this.#variables.indexOf(now), 1);
    this.#learningRate = rate;
    this.#eager = null;
  }

  /** Keeps weight decay away from variables, given themselves or by patterns that are searched in their names. Before `build`. */
  excludeFromWeightDecay(
    options: { varList?: readonly Variable[] | null; varNames?: readonly (string | RegExp)[] | null } = {},
  ): void {
    if (this.built) throw new StateError(`${this.name}: excludeFromWeightDecay must be called before the optimizer is built.`);
    this.#undecayed = { variables: new Set(options.varList ?? []), names: (options.varNames ?? []).map((p) => new RegExp(p)) };
  }

  /** Makes the state for these variables. A second call with the same ones does nothing. Errors: `StateError` with others. */
  build(variables: readonly Variable[]): void {
    if (!Array.isArray(variables) || !variables.every((v) => v instanceof Variable))
      throw new ValueError(`${this.name}: build takes a list of Variables, received ${show(variables)}.`);
    if (this.#trainable) {
      this.#checkKnown(variables);
      return;
    }
    this.#trainable = [...variables];
    if (this.config.useEma) for (const v of variables) this.#averages.push(this.addSlot(v, "average"));
    if (this.config.gradientAccumulationSteps)
      for (const v of variables) this.#accumulators.push(this.addSlot(v, "gradient_accumulator"));
    this.buildSlots(variables);
  }

  /**
   * One update. Null gradients leave their variables alone. In a trace it becomes part of it; else it runs as one compiled program.
   *
   * Errors: `ShapeError` when gradients and variables differ in number or shape, `StateError` for variables that it was not built for,
   * `ValueError` when every gradient is null.
   * Example: `optimizer.apply([ops.ones([2])], [w])`
   */
  apply(gradients: readonly (TensorLike | null)[], variables: readonly Variable[] | null = null): void {
    const all = variables ?? this.#trainable;
    if (!all) throw new StateError(`${this.name}: apply needs the variables when the optimizer is not built.`);
    if (gradients.length !== all.length)
      throw new ShapeError(`${this.name}: ${gradients.length} gradients for ${all.length} variables.`);
    this.build(all);
    const used = all.filter((_, i) => gradients[i] !== null);
    const given = gradients.filter((g) => g !== null).map((g) => tensor(g));
    if (used.length === 0) throw new ValueError(`${this.name}: no gradients were given: every one is null.`);
    used.forEach((v, i) => {
      if (given[i]!.shape.join() !== v.shape.join()) {
        throw new ShapeError(
          `${this.name}: the gradient of ${v.path} has shape [${given[i]!.shape.join(", ")}], the variable [${v.shape.join(", ")}].`,
        );
      }
    });
    if (currentTrace()) this.step(given, used);
    else this.#runEagerly(given, used);
  }

  /** The loss times the factor that keeps gradients of half types alive; `apply` divides by it again. */
  scaleLoss(loss: Tensor): Tensor {
    return this.config.lossScaleFactor === null ? loss : ops.multiply(loss, this.config.lossScaleFactor);
  }

  /** Puts the moving averages in the place of the weights, where `useEma` is on. Called at the end of `fit`. */
  finalizeVariableValues(variables: readonly Variable[]): void {
    if (!this.config.useEma || !this.#trainable) return;
    for (const v of variables) v.assign(this.slot(v, "average").value);
  }

  override getConfig(): Record<string, unknown> {
    const rate = this.#learningRate;
    return { ...super.getConfig(), name: this.name, learningRate: rate instanceof Variable ? rate.value.item() : rate };
  }

  /** A rate that is a number is kept as float32, and reads and is written so, as in Keras. */
  #rateVariable(rate: number): Variable {
    return this.#own(new Variable(new Tensor([rate], []), { name: "learning_rate", path: this.name, trainable: false }));
  }
  #own(variable: Variable): Variable {
    this.#variables.push(variable);
    return variable;
  }
  #checkKnown(variables: readonly Variable[]): void {
    for (const v of variables) {
      if (!this.#trainable!.includes(v)) {
        throw new StateError(
          `${this.name}: unknown variable ${v.path}. An optimizer works for the variables that it was built for; make a new one for others.`,
        );
      }
    }
  }

  // ---- one update, in the order of Keras

  /** @internal The update as part of the open trace. */
  protected step(gradients: readonly Tensor[], variables: readonly Variable[]): void {
    const { lossScaleFactor, gradientAccumulationSteps: every } = this.config;
    let used = gradients.map((g) => (g.dtype === "float32" ? g : ops.cast(g, "float32")));
    if (lossScaleFactor !== null) used = used.map((g) => ops.divide(g, lossScaleFactor));
    if (every) this.#accumulated(used, variables, every);
    else this.#update(used, variables);
    if (this.config.useEma) this.#average();
    for (const v of variables)
      if (v.constraint) v.assign(mustBeTensor(v.constraint.call(v.value), `the constraint of ${v.path}`));
    this.countUpdate();
  }

  /** @internal */
  protected countUpdate(): void {
    this.#iterations.assign(ops.add(this.#iterations.value, 1));
  }

  #update(gradients: readonly Tensor[], variables: readonly Variable[]): void {
    const rate = this.#rate();
    const clipped = clipGradients(gradients, this.config);
    for (const v of variables) {
      const decay = this.#isUndecayed(v) ? null : this.weightDecayOf(v);
      if (decay) v.assign(ops.subtract(v.value, ops.multiply(ops.multiply(v.value, decay), rate)));
    }
    this.updateSteps(clipped, variables, rate);
  }

  /** Updates in every k-th call, from the mean of k gradients; in the others gradients add up. One graph does both and selects. */
  #accumulated(gradients: readonly Tensor[], variables: readonly Variable[], every: number): void {
    const due = ops.equal(ops.mod(ops.add(this.#iterations.value, 1), every), 0);
    const sums = variables.map((v, i) => ops.add(gradients[i]!, this.slot(v, "gradient_accumulator").value));
    updateOnlyIf(due, [...variables, ...this.#variables], () =>
      this.#update(
        sums.map((g) => ops.divide(g, every)),
        variables,
      ),
    );
    variables.forEach((v, i) => this.slot(v, "gradient_accumulator").assign(choose(due, 0, sums[i]!)));
  }

  #average(): void {
    const { emaMomentum, emaOverwriteFrequency } = this.config;
    const iterations = this.#publicIterations();
    const momentum = ops.multiply(ops.cast(ops.notEqual(iterations, 0), "float32"), emaMomentum);
    const rest = ops.subtract(1, momentum);
    this.#trainable!.forEach((v, i) => {
      const average = this.#averages[i]!;
      average.assign(ops.add(ops.multiply(momentum, average.value), ops.multiply(rest, v.value)));
      if (!emaOverwriteFrequency) return;
      v.assign(choose(ops.equal(ops.mod(ops.add(iterations, 1), emaOverwriteFrequency), 0), average.value, v.value));
    });
  }

  #publicIterations(): Tensor {
    const every = this.config.gradientAccumulationSteps;
    return every ? ops.floorDivide(this.#iterations.value, every) : this.#iterations.value;
  }

  #rate(): Tensor {
    const rate = this.#learningRate;
    if (rate instanceof Variable) return rate.value;
    if (rate instanceof LearningRateSchedule) return rate.call(this.#iterations.value);
    return this.#fedRate ?? scalar(rate(), "float32");
  }

  #isUndecayed(variable: Variable): boolean {
    return this.#undecayed.variables.has(variable) || this.#undecayed.names.some((p) => p.test(variable.name));
  }

  /** Runs a step outside a trace: one program, made again when variables or constraints are others. */
  #runEagerly(gradients: readonly Tensor[], variables: readonly Variable[]): void {
    const asked = typeof this.#learningRate === "function" ? [new Tensor([this.#learningRate()], [])] : [];
    const key = [...variables.flatMap((v) => [v, v.constraint]), ...gradients.map((g) => g.dtype)];
    if (!this.#eager || this.#eager.key.length !== key.length || this.#eager.key.some((k, i) => k !== key[i])) {
      const types = [...gradients, ...asked].map((t) => ({ shape: t.shape, dtype: t.dtype }));
      const program = Program.trace(types, (values) => {
        this.#fedRate = asked.length > 0 ? values.at(-1)! : null;
        try {
          this.step(values.slice(0, gradients.length), variables);
        } finally {
          this.#fedRate = null;
        }
        return [];
      });
      this.#eager = { key, program };
    }
    this.#eager.program.run([...gradients, ...asked]);
  }
}

interface EagerStep {
  key: readonly unknown[];
  program: Program;
}

const choose = (condition: Tensor, a: TensorLike, b: TensorLike): Tensor => apply("select", [condition, a, b]);

/** Runs `body` and keeps what it assigned to `variables` only where the scalar `condition` is true. */
export function updateOnlyIf(condition: Tensor, variables: readonly Variable[], body: () => void): void {
  const before = variables.map((v) => v.value);
  body();
  variables.forEach((v, i) => {
    if (v.value !== before[i]) v.assign(choose(condition, v.value, before[i]!));
  });
}

function checkRate(where: string, rate: LearningRate): void {
  if (Number.isFinite(rate) || typeof rate === "function" || rate instanceof LearningRateSchedule) return;
  throw new ValueError(`${where}: learningRate must be a finite number, a schedule or a function, received ${show(rate)}.`);
}

function check(where: string, options: OptimizerOptions): void {
  const {
    clipnorm,
    globalClipnorm,
    clipvalue,
    learningRate,
    emaMomentum,
    emaOverwriteFrequency,
    gradientAccumulationSteps: every,
  } = options;
  const clips = Object.entries({ clipnorm, clipvalue, globalClipnorm }).filter(([, v]) => v !== null);
  if (clips.length > 1)
    throw new ValueError(
      `${where}: only one of clipnorm, clipvalue and globalClipnorm can be set, received ${clips.map(([k]) => k).join(" and ")}.`,
    );
  for (const [name, value] of clips)
    if (!(Number(value) > 0)) throw new ValueError(`${where}: ${name} must be positive, received ${value}.`);
  checkRate(where, learningRate);
  if (options.useEma && !(emaMomentum >= 0 && emaMomentum <= 1))
    throw new ValueError(`${where}: emaMomentum must be in [0, 1], received ${emaMomentum}.`);
  if (
    options.useEma &&
    emaOverwriteFrequency !== null &&
    !(Number.isInteger(emaOverwriteFrequency) && emaOverwriteFrequency >= 1)
  ) {
    throw new ValueError(`${where}: emaOverwriteFrequency must be an integer ≥ 1 or null, received ${emaOverwriteFrequency}.`);
  }
  if (every !== null && !(Number.isInteger(every) && every >= 2)) {
    throw new ValueError(`${where}: gradientAccumulationSteps must be an integer ≥ 2 or null, received ${every}.`);
  }
}
