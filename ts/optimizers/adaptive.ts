// Kin of Adam: Adamax, Nadam, Lamb, Lion and ScheduleFreeAdamW.

import { apply } from "../core/apply.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import { type Tensor, tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { fading, follow, unbias } from "./moments.js";
import { Optimizer, type OptimizerOptions, withCommon } from "./optimizer.js";

export interface BetaOptions extends OptimizerOptions {
  /** How much of the mean gradient stays per step. */
  beta1: number;
  /** How much of the mean squared gradient stays per step. */
  beta2: number;
  epsilon: number;
}
const BETAS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

/** Adam with the largest gradient in the place of the mean square: u ← max(β₂·u, |g|); w ← w − lr·m/((1 − β₁ᵗ)(u + ε)). Kingma & Ba 2014. */
export class Adamax extends Optimizer<BetaOptions> {
  static override readonly className: string = "Adamax";
  static override readonly defaults: Config = withCommon(0.001, BETAS);

  protected override buildSlots(variables: readonly Variable[]): void {
    this.addSlots(variables, "momentum", "norm");
  }
  protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
    const { beta1, beta2, epsilon } = this.config;
    const m = follow(this.slot(w, "momentum"), g, beta1);
    const norm = this.slot(w, "norm");
    const u = norm.assign(ops.maximum(ops.multiply(norm.value, beta2), ops.abs(g)));
    const scale = ops.multiply(unbias(beta1, this.updates), ops.add(u, epsilon));
    w.assign(ops.subtract(w.value, ops.divide(ops.multiply(m, lr), scale)));
  }
}

/**
 * Adam with Nesterov's look ahead: μ(t) = β₁(1 − ½·0.96ᵗ), Π = Π μ; m̂ = μ(t+1)·m/(1 − Π·μ(t+1)) + (1 − μ(t))·g/(1 − Π);
 * w ← w − lr·m̂/(√(v/(1 − β₂ᵗ)) + ε). Dozat 2016.
 */
export class Nadam extends Optimizer<BetaOptions> {
  static override readonly className: string = "Nadam";
  static override readonly defaults: Config = withCommon(0.001, BETAS);
  #product: Variable | null = null;

  protected override buildSlots(variables: readonly Variable[]): void {
    this.addSlots(variables, "momentum", "velocity");
    this.#product = this.addVariable(tensor(1), "variable");
  }
  #mu(t: Tensor): Tensor {
    return ops.multiply(ops.subtract(1, ops.multiply(ops.power(0.96, t), 0.5)), this.config.beta1);
  }
  protected override updateSteps(gradients: readonly Tensor[], variables: readonly Variable[], lr: Tensor): void {
    this.#product!.assign(ops.multiply(this.#product!.value, this.#mu(this.updates))); // once per step, not per variable
    super.updateSteps(gradients, variables, lr);
  }
  protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
    const { beta1, beta2, epsilon } = this.config;
    const t = this.updates;
    const [mu, next] = [this.#mu(t), this.#mu(ops.add(t, 1))];
    const product = this.#product!.value;
    const m = follow(this.slot(w, "momentum"), g, beta1);
    const v = follow(this.slot(w, "velocity"), ops.square(g), beta2);
    const ahead = ops.divide(ops.multiply(next, m), ops.subtract(1, ops.multiply(product, next)));
    const here = ops.divide(ops.multiply(ops.subtract(1, mu), g), ops.subtract(1, product));
    const root = ops.add(ops.sqrt(ops.divide(v, unbias(beta2, t))), epsilon);
    w.assign(ops.subtract(w.value, ops.divide(ops.multiply(ops.add(ahead, here), lr), root)));
  }
}

const norm = (x: Tensor): Tensor => ops.sqrt(ops.sum(ops.square(x)));

/** Adam's step u, scaled per variable by ‖w‖/‖u‖ (1 where either is 0): large batches keep their pace. You et al. 2019. */
export class Lamb extends Optimizer<BetaOptions> {
  static override readonly className: string = "Lamb";
  static override readonly defaults: Config = withCommon(0.001, BETAS);

  protected override buildSlots(variables: readonly Variable[]): void {
    this.addSlots(variables, "momentum", "velocity");
  }
  protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
    const { beta1, beta2, epsilon } = this.config;
    const t = this.updates;
    const m = ops.divide(follow(this.slot(w, "momentum"), g, beta1), unbias(beta1, t));
    const v = ops.divide(follow(this.slot(w, "velocity"), ops.square(g), beta2), unbias(beta2, t));
    const u = ops.divide(m, ops.add(ops.sqrt(v), epsilon));
    const [size, step] = [norm(w.value), norm(u)];
    const both = apply("logical_and", [ops.greater(size, 0), ops.greater(step, 0)]);
    const ratio = apply("select", [both, ops.divide(size, step), 1]);
    w.assign(ops.subtract(w.value, ops.multiply(ops.multiply(ratio, lr), u)));
  }
}

export interface LionOptions extends OptimizerOptions {
  beta1: number;
  beta2: number;
}
/** w ← w − lr·sign(β₁·m + (1 − β₁)·g), then m ← β₂·m + (1 − β₂)·g. Chen et al. 2023: use a smaller rate and a larger decay than with Adam. */
export class Lion extends Optimizer<LionOptions> {
  static override readonly className: string = "Lion";
  static override readonly defaults: Config = withCommon(0.001, { beta1: 0.9, beta2: 0.99 });

  protected override buildSlots(variables: readonly Variable[]): void {
    this.addSlots(variables, "momentum");
  }
  protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
    const { beta1, beta2 } = this.config;
    const m = this.slot(w, "momentum");
    w.assign(ops.subtract(w.value, ops.multiply(ops.sign(fading(m.value, g, beta1)), lr)));
    m.assign(fading(m.value, g, beta2));
  }
}

export interface ScheduleFreeAdamWOptions extends BetaOptions {
  /** Updates over which the learning rate climbs in a straight line. */
  warmupSteps: number;
}
/**
 * AdamW that needs no schedule: steps move z, weights are kept between z and the mean of all z. Defazio et al. 2024.
 *
 * z ← z − lr·g/(√(v/(1 − β₂ᵗ)) + ε); x = (w − (1 − β₁)z₀)/β₁; x ← (1 − 1/t)x + z/t; w ← (1 − β₁)z + β₁x.
 */
export class ScheduleFreeAdamW extends Optimizer<ScheduleFreeAdamWOptions> {
  static override readonly className: string = "ScheduleFreeAdamW";
  static override readonly defaults: Config = withCommon(0.0025, { ...BETAS, epsilon: 1e-8, warmupSteps: 0 });

  protected override buildSlots(variables: readonly Variable[]): void {
    for (const v of variables) {
      this.addSlot(v, "momentum", { value: v.value });
      this.addSlot(v, "velocity");
    }
  }
  protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
    const { beta1, beta2, epsilon, warmupSteps } = this.config;
    const t = this.updates;
    const rate = warmupSteps > 0 ? ops.multiply(lr, ops.minimum(ops.divide(t, warmupSteps), 1)) : lr;
    const slot = this.slot(w, "momentum");
    const z0 = slot.value;
    const v = ops.divide(follow(this.slot(w, "velocity"), ops.square(g), beta2), unbias(beta2, t));
    const z = slot.assign(ops.subtract(z0, ops.divide(ops.multiply(rate, g), ops.add(ops.sqrt(v), epsilon))));
    const x = ops.divide(ops.subtract(w.value, ops.multiply(z0, 1 - beta1)), beta1);
    const share = ops.divide(1, t);
    const mean = ops.add(ops.multiply(ops.subtract(1, share), x), ops.multiply(share, z));
    w.assign(ops.add(ops.multiply(z, 1 - beta1), ops.multiply(mean, beta1)));
  }
}
