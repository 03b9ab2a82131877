// Adafactor: Adam's second moment kept as one row and one column per matrix. Shazeer & Stern 2018.

import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import { type Tensor, tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { Optimizer, type OptimizerOptions, withCommon } from "./optimizer.js";

export interface AdafactorOptions extends OptimizerOptions {
  /** The mean square keeps 1 − t^beta2Decay per step. */
  beta2Decay: number;
  /** Added to the squared gradient. */
  epsilon1: number;
  /** The smallest scale that a variable counts with. */
  epsilon2: number;
  /** Steps are kept to this root mean square. */
  clipThreshold: number;
  /** The rate is at most 1/√t. */
  relativeStep: boolean;
}

const rms = (x: Tensor): Tensor => ops.sqrt(ops.mean(ops.square(x)));

/**
 * ρ = min(lr, 1/√t), α = max(ε₂, rms(w))·ρ, β = 1 − t^decay; of matrices the mean square is kept by rows r and columns c,
 * v = r·c/mean(r); u = g/√v, shortened to `clipThreshold`; w ← w − α·u.
 */
export class Adafactor extends Optimizer<AdafactorOptions> {
  static override readonly className: string = "Adafactor";
  // biome-ignore format: a line
  static override readonly defaults: Config = withCommon(0.001, {
    beta2Decay: -0.8, epsilon1: 1e-30, epsilon2: 1e-3, clipThreshold: 1, relativeStep: true,
  });

  protected override buildSlots(variables: readonly Variable[]): void {
    for (const v of variables) {
      const matrix = v.ndim >= 2;
      // Variables without rows have scalars in their place, so that every variable has three.
      this.addSlot(v, "r", { shape: matrix ? v.shape.slice(0, -1) : [] });
      this.addSlot(v, "c", { shape: matrix ? [...v.shape.slice(0, -2), v.shape.at(-1)!] : [] });
      this.addSlot(v, "velocity");
    }
  }

  protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
    const { beta2Decay, epsilon1, epsilon2, clipThreshold, relativeStep } = this.config;
    const t = this.updates;
    const slow = ops.divide(1, ops.sqrt(t));
    const rate = relativeStep && typeof this.config.learningRate !== "function" ? ops.minimum(lr, slow) : lr;
    const alpha = ops.multiply(ops.maximum(rms(w.value), epsilon2), ops.minimum(rate, slow));
    const square = ops.add(ops.square(g), epsilon1);
    const beta = ops.subtract(1, ops.power(t, beta2Decay));
    const mean = (slot: Variable, x: Tensor): Tensor =>
      slot.assign(ops.add(ops.multiply(beta, slot.value), ops.multiply(ops.subtract(1, beta), x)));
    const velocity = this.slot(w, "velocity");
    let v: Tensor;
    if (w.ndim >= 2) {
      const r = mean(this.slot(w, "r"), ops.mean(square, { axis: -1 }));
      const c = mean(this.slot(w, "c"), ops.mean(square, { axis: -2 }));
      const share = ops.divide(r, ops.mean(r, { axis: -1, keepdims: true }));
      v = velocity.assign(ops.multiply(ops.expandDims(share, -1), ops.expandDims(c, -2)));
    } else {
      v = mean(velocity, square);
    }
    const u = ops.divide(g, ops.sqrt(v));
    const step = ops.divide(u, ops.maximum(tensor(1), ops.divide(rms(u), clipThreshold)));
    w.assign(ops.subtract(w.value, ops.multiply(alpha, step)));
  }
}
