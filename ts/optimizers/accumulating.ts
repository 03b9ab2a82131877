// Optimizers that add up squared gradients: Adagrad, Adadelta and Ftrl.

import { ValueError } from "../errors.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import type { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { fading } from "./moments.js";
import { Optimizer, type OptimizerOptions, withCommon } from "./optimizer.js";

export interface AdagradOptions extends OptimizerOptions {
  initialAccumulatorValue: number;
  epsilon: number;
}
/** a ← a + g²; w ← w − lr·g/√(a + ε). Duchi et al. 2011. */
export class Adagrad extends Optimizer<AdagradOptions> {
  static override readonly className: string = "Adagrad";
  static override readonly defaults: Config = withCommon(0.001, { initialAccumulatorValue: 0.1, epsilon: 1e-7 });

  protected override buildSlots(variables: readonly Variable[]): void {
    for (const v of variables) this.addSlot(v, "accumulator", { fill: this.config.initialAccumulatorValue });
  }
  protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
    const slot = this.slot(w, "accumulator");
    const a = slot.assign(ops.add(slot.value, ops.square(g)));
    w.assign(ops.subtract(w.value, ops.divide(ops.multiply(lr, g), ops.sqrt(ops.add(a, this.config.epsilon)))));
  }
}

export interface AdadeltaOptions extends OptimizerOptions {
  rho: number;
  epsilon: number;
}
/** G ← rho·G + (1 − rho)·g²; δ = −√(D + ε)·g/√(G + ε); D ← rho·D + (1 − rho)·δ²; w ← w + lr·δ. Zeiler 2012: with lr 1 as published. */
export class Adadelta extends Optimizer<AdadeltaOptions> {
  static override readonly className: string = "Adadelta";
  static override readonly defaults: Config = withCommon(0.001, { rho: 0.95, epsilon: 1e-7 });

  protected override buildSlots(variables: readonly Variable[]): void {
    this.addSlots(variables, "accumulated_grad", "accumulated_delta_var");
  }
  protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
    const { rho, epsilon } = this.config;
    const root = (x: Tensor): Tensor => ops.sqrt(ops.add(x, epsilon));
    const gradients = this.slot(w, "accumulated_grad");
    const deltas = this.slot(w, "accumulated_delta_var");
    const G = gradients.assign(fading(gradients.value, ops.square(g), rho));
    const delta = ops.negative(ops.divide(ops.multiply(root(deltas.value), g), root(G)));
    deltas.assign(fading(deltas.value, ops.square(delta), rho));
    w.assign(ops.add(w.value, ops.multiply(lr, delta)));
  }
}

export interface FtrlOptions extends OptimizerOptions {
  /** ≤ 0; −0.5 is Adagrad's. */
  learningRatePower: number;
  initialAccumulatorValue: number;
  l1RegularizationStrength: number;
  l2RegularizationStrength: number;
  l2ShrinkageRegularizationStrength: number;
  beta: number;
}
/**
 * Follow the regularized leader, for sparse models. McMahan et al. 2013.
 *
 * p = −learningRatePower; a' = a + g²; z ← z + g + 2·shrinkage·w − (a'ᵖ − aᵖ)/lr·w; q = a'ᵖ/lr + 2·(l2 + beta/(2·lr)); w = (clip(z, −l1, l1) − z)/q.
 */
export class Ftrl extends Optimizer<FtrlOptions> {
  static override readonly className: string = "Ftrl";
  // biome-ignore format: a line
  static override readonly defaults: Config = withCommon(0.001, {
    learningRatePower: -0.5, initialAccumulatorValue: 0.1, l1RegularizationStrength: 0, l2RegularizationStrength: 0, l2ShrinkageRegularizationStrength: 0, beta: 0,
  });

  constructor(options: Partial<FtrlOptions> = {}) {
    super(options);
    const c = this.config;
    if (c.learningRatePower > 0) throw new ValueError(`Ftrl: learningRatePower must be ≤ 0, received ${c.learningRatePower}.`);
    const bounded = [
      "initialAccumulatorValue",
      "l1RegularizationStrength",
      "l2RegularizationStrength",
      "l2ShrinkageRegularizationStrength",
    ] as const;
    for (const name of bounded) if (!(c[name] >= 0)) throw new ValueError(`Ftrl: ${name} must be ≥ 0, received ${c[name]}.`);
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    for (const v of variables) {
      this.addSlot(v, "accumulator", { fill: this.config.initialAccumulatorValue });
      this.addSlot(v, "linear");
    }
  }
  protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
    const c = this.config;
    const [accumulator, linear] = [this.slot(w, "accumulator"), this.slot(w, "linear")];
    const l2 = ops.add(ops.divide(c.beta, ops.multiply(lr, 2)), c.l2RegularizationStrength);
    const shrunk = ops.add(g, ops.multiply(w.value, 2 * c.l2ShrinkageRegularizationStrength));
    const a = ops.add(accumulator.value, ops.square(g));
    const power = (x: Tensor): Tensor => ops.power(x, -c.learningRatePower);
    const pull = ops.multiply(ops.divide(ops.subtract(power(a), power(accumulator.value)), lr), w.value);
    const z = linear.assign(ops.add(linear.value, ops.subtract(shrunk, pull)));
    const q = ops.add(ops.divide(power(a), lr), ops.multiply(l2, 2));
    const l1 = c.l1RegularizationStrength;
    const kept = ops.maximum(ops.minimum(z, l1), -l1);
    w.assign(ops.divide(ops.subtract(kept, z), q));
    accumulator.assign(a);
  }
}
