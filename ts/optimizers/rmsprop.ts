// RMSprop: steps divided by a running root mean square of the gradient. Hinton 2012.

import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import type { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { fading } from "./moments.js";
import { Optimizer, type OptimizerOptions, withCommon } from "./optimizer.js";

export interface RMSpropOptions extends OptimizerOptions {
  /** How much of the running mean stays per step. */
  rho: number;
  momentum: number;
  epsilon: number;
  /** Divides by the estimated standard deviation in the place of the root mean square. */
  centered: boolean;
}

/**
 * v ← rho·v + (1 − rho)·g²; w ← w − lr·g/√(v + ε). Centered: v − mean² in the place of v. With momentum: m ← momentum·m + step, w ← w − m.
 *
 * Example: `new RMSprop({ learningRate: 1e-3 })`
 */
export class RMSprop extends Optimizer<RMSpropOptions> {
  static override readonly className: string = "RMSprop";
  static override readonly defaults: Config = withCommon(0.001, { rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false });

  protected override buildSlots(variables: readonly Variable[]): void {
    this.addSlots(variables, "velocity");
    if (this.config.momentum > 0) this.addSlots(variables, "momentum");
    if (this.config.centered) this.addSlots(variables, "average_gradient");
  }

  protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
    const { rho, momentum, epsilon, centered } = this.config;
    const velocity = this.slot(w, "velocity");
    const v = velocity.assign(fading(velocity.value, ops.square(g), rho));
    let spread: Tensor = v;
    if (centered) {
      const average = this.slot(w, "average_gradient");
      spread = ops.subtract(v, ops.square(average.assign(fading(average.value, g, rho))));
    }
    let step = ops.divide(ops.multiply(g, lr), ops.sqrt(ops.add(spread, epsilon)));
    if (momentum > 0) {
      const slot = this.slot(w, "momentum");
      step = slot.assign(ops.add(ops.multiply(slot.value, momentum), step));
    }
    w.assign(ops.subtract(w.value, step));
  }
}
