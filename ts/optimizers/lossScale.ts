// LossScaleOptimizer: keeps small gradients of half types alive by a loss scale that finds its own size.

import { apply, scalar } from "../core/apply.js";
import { ValueError } from "../errors.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { Optimizer, type OptimizerOptions, updateOnlyIf, withCommon } from "./optimizer.js";

export interface LossScaleOptions extends OptimizerOptions {
  initialScale: number;
  /** After so many updates without an infinity the scale doubles. */
  dynamicGrowthSteps: number;
}

/**
 * Multiplies the loss by a scale and divides the gradients again. A gradient that is not finite halves the scale and skips the update.
 *
 * Example: `new LossScaleOptimizer(new Adam())`
 */
export class LossScaleOptimizer extends Optimizer<LossScaleOptions> {
  static override readonly className: string = "LossScaleOptimizer";
  static override readonly required = ["innerOptimizer"];
  static override readonly defaults: Config = withCommon(0, { initialScale: 32768, dynamicGrowthSteps: 2000 });
  readonly #counter: Variable;
  readonly #scale: Variable;

  constructor(
    readonly innerOptimizer: Optimizer,
    options: { initialScale?: number; dynamicGrowthSteps?: number; name?: string | null } = {},
  ) {
    if (!(innerOptimizer instanceof Optimizer))
      throw new ValueError("LossScaleOptimizer: the first argument must be an optimizer.");
    super(options);
    const { initialScale, dynamicGrowthSteps } = this.config;
    if (!(dynamicGrowthSteps > 0))
      throw new ValueError(`LossScaleOptimizer: dynamicGrowthSteps must be positive, received ${dynamicGrowthSteps}.`);
    this.#counter = this.addVariable(scalar(0, "int32"), "step_counter");
    this.#scale = this.addVariable(new Tensor([initialScale], []), "dynamic_scale");
  }

  override get variables(): readonly Variable[] {
    return [...super.variables, ...this.innerOptimizer.variables];
  }
  override get iterations(): number {
    return this.innerOptimizer.iterations;
  }
  override get learningRate(): number {
    return this.innerOptimizer.learningRate;
  }
  override set learningRate(rate: Optimizer["learningRate"]) {
    this.innerOptimizer.learningRate = rate;
  }
  /** The scale of the next loss. */
  get dynamicScale(): number {
    return this.#scale.value.item();
  }

  override build(variables: readonly Variable[]): void {
    super.build(variables);
    this.innerOptimizer.build(variables);
  }
  protected override updateStep(): void {}

  override scaleLoss(loss: Tensor): Tensor {
    return this.innerOptimizer.scaleLoss(ops.multiply(loss, this.#scale.value));
  }
  override finalizeVariableValues(variables: readonly Variable[]): void {
    this.innerOptimizer.finalizeVariableValues(variables);
  }

  protected override step(gradients: readonly Tensor[], variables: readonly Variable[]): void {
    const { dynamicGrowthSteps } = this.config;
    const finite = gradients.map((g) => ops.all(ops.isfinite(g))).reduce((a, b) => apply("logical_and", [a, b]));
    const [scale, counter] = [this.#scale.value, this.#counter.value];
    updateOnlyIf(finite, [...variables, ...this.innerOptimizer.variables], () => {
      this.innerOptimizer.apply(
        gradients.map((g) => ops.divide(g, scale)),
        variables,
      );
    });
    const grow = ops.equal(counter, dynamicGrowthSteps - 1);
    const whenFinite = apply("select", [grow, ops.multiply(scale, 2), scale]);
    this.#scale.assign(apply("select", [finite, whenFinite, ops.multiply(scale, 0.5)]));
    this.#counter.assign(apply("select", [apply("logical_and", [finite, apply("logical_not", [grow])]), ops.add(counter, 1), 0]));
  }

  override getConfig(): Record<string, unknown> {
    const { initialScale, dynamicGrowthSteps } = this.config;
    return { name: this.name, innerOptimizer: this.innerOptimizer, initialScale, dynamicGrowthSteps };
  }
}
