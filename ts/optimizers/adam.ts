// Adam and AdamW: steps by the gradient's running mean over its running root mean square.

import { applyAll } from "../core/apply.js";
import { ValueError } from "../errors.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import type { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { follow, unbias } from "./moments.js";
import { Optimizer, type OptimizerOptions, withCommon } from "./optimizer.js";

export interface AdamOptions extends OptimizerOptions {
  /** How much of the mean gradient stays per step. */
  beta1: number;
  /** How much of the mean squared gradient stays per step. */
  beta2: number;
  epsilon: number;
  /** Divides by the largest mean square so far. Reddi et al. 2018. */
  amsgrad: boolean;
}

/**
 * α = lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ); m ← m + (g − m)(1 − β₁); v ← v + (g² − v)(1 − β₂); w ← w − m·α/(√v + ε). Kingma & Ba 2014.
 *
 * Example: `new Adam({ learningRate: 1e-3 })`
 */
export class Adam extends Optimizer<AdamOptions> {
  static override readonly className: string = "Adam";
  static override readonly defaults: Config = withCommon(0.001, { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: false });

  #alpha: Tensor | null = null;

  protected override buildSlots(variables: readonly Variable[]): void {
    this.addSlots(variables, "momentum", "velocity");
    if (this.config.amsgrad) this.addSlots(variables, "velocity_hat");
  }

  /** All variables move at one rate: it is traced once, not once for each. */
  protected override updateSteps(gradients: readonly Tensor[], variables: readonly Variable[], lr: Tensor): void {
    this.#alpha = this.#unbiased(lr);
    try {
      super.updateSteps(gradients, variables, lr);
    } finally {
      this.#alpha = null;
    }
  }

  #unbiased(lr: Tensor): Tensor {
    const { beta1, beta2 } = this.config;
    const t = this.updates;
    return ops.divide(ops.multiply(lr, ops.sqrt(unbias(beta2, t))), unbias(beta1, t));
  }

  protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
    const { beta1, beta2, epsilon, amsgrad } = this.config;
    const alpha = this.#alpha ?? this.#unbiased(lr);
    const momentum = this.slot(w, "momentum");
    const velocity = this.slot(w, "velocity");
    if (!amsgrad) {
      // The whole update in one pass over memory; the core proves it equal to the composition below.
      const [w2, m2, v2] = applyAll("adam", [w.value, g, momentum.value, velocity.value, alpha], {
        floats: [1 - beta1, 1 - beta2, epsilon],
      });
      w.assign(w2!);
      momentum.assign(m2!);
      velocity.assign(v2!);
      return;
    }
    const m = follow(momentum, g, beta1);
    const v = follow(velocity, ops.square(g), beta2);
    const hat = this.slot(w, "velocity_hat");
    const largest = hat.assign(ops.maximum(hat.value, v));
    w.assign(ops.subtract(w.value, ops.divide(ops.multiply(m, alpha), ops.add(ops.sqrt(largest), epsilon))));
  }
}

/**
 * Adam with decoupled weight decay: w ← w − w·weightDecay·lr first. Loshchilov & Hutter 2019.
 *
 * Errors: `ValueError` when `weightDecay` is null: that would be Adam. Example: `new AdamW({ weightDecay: 0.01 })`
 */
export class AdamW extends Adam {
  static override readonly className: string = "AdamW";
  static override readonly defaults: Config = withCommon(
    0.001,
    { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: false },
    { weightDecay: 0.004 },
  );

  constructor(options: Partial<AdamOptions> = {}) {
    super(options);
    if (this.config.weightDecay === null)
      throw new ValueError("AdamW: weightDecay must be a number, received null. Use Adam for none.");
  }
}
