// SGD: gradient descent, plain, with momentum, or with Nesterov's.

import { ValueError } from "../errors.js";
import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import type { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { Optimizer, type OptimizerOptions, withCommon } from "./optimizer.js";

export interface SGDOptions extends OptimizerOptions {
  /** How much of the last step goes into the next, in [0, 1]. */
  momentum: number;
  nesterov: boolean;
}

/**
 * w ← w − lr·g. With momentum v ← momentum·v − lr·g and w ← w + v; Nesterov: w ← w + momentum·v − lr·g.
 *
 * Example: `new SGD({ learningRate: 0.1, momentum: 0.9 })`
 */
export class SGD extends Optimizer<SGDOptions> {
  static override readonly className: string = "SGD";
  static override readonly defaults: Config = withCommon(0.01, { momentum: 0, nesterov: false });

  constructor(options: Partial<SGDOptions> = {}) {
    super(options);
    const { momentum } = this.config;
    if (!(momentum >= 0 && momentum <= 1)) throw new ValueError(`SGD: momentum must be in [0, 1], received ${momentum}.`);
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    if (this.config.momentum !== 0) this.addSlots(variables, "momentum");
  }

  protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
    const { momentum, nesterov } = this.config;
    const step = ops.multiply(g, lr);
    if (momentum === 0) {
      w.assign(ops.subtract(w.value, step));
      return;
    }
    const slot = this.slot(w, "momentum");
    const v = slot.assign(ops.subtract(ops.multiply(slot.value, momentum), step));
    w.assign(ops.add(w.value, nesterov ? ops.subtract(ops.multiply(v, momentum), step) : v));
  }
}
