// Muon: momentum of matrices, orthogonalised by Newton-Schulz steps; Adam for everything else. Jordan 2024.

import * as ops from "../ops.js";
import type { Config } from "../saving/object.js";
import type { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { follow, unbias } from "./moments.js";
import { Optimizer, type OptimizerOptions, withCommon } from "./optimizer.js";

export interface MuonOptions extends OptimizerOptions {
  adamBeta1: number;
  adamBeta2: number;
  /** Weight decay of the variables that Adam updates. */
  adamWeightDecay: number;
  epsilon: number;
  /** Patterns; variables whose path one of them is found in are left to Adam. */
  excludeLayers: readonly string[] | null;
  excludeEmbeddings: boolean;
  muonA: number;
  muonB: number;
  muonC: number;
  /** Adam's learning rate as a multiple of Muon's. */
  adamLrRatio: number;
  momentum: number;
  /** Newton-Schulz steps. */
  nsSteps: number;
  nesterov: boolean;
  /** Steps are scaled by √max(rows, columns) times this; null for no scaling. */
  rmsRate: number | null;
}

/**
 * m ← momentum·m + g; G = g + momentum·m (Nesterov) or m; w ← w − lr·NS(G)·√max(rows, columns)·rmsRate.
 *
 * Matrices only; other ranks, embeddings and excluded layers get Adam with lr·adamLrRatio.
 */
export class Muon extends Optimizer<MuonOptions> {
  static override readonly className: string = "Muon";
  // biome-ignore format: a list
  static override readonly defaults: Config = withCommon(
    0.001,
    {
      adamBeta1: 0.9, adamBeta2: 0.999, epsilon: 1e-7, excludeLayers: [], muonA: 3.4445, muonB: -4.775, muonC: 2.0315, adamLrRatio: 1, momentum: 0.95,
      nsSteps: 5, nesterov: true, excludeEmbeddings: true, adamWeightDecay: 0.004, rmsRate: 0.2,
    },
    { weightDecay: 0.004 },
  );

  #isAdams(v: Variable): boolean {
    if (v.ndim !== 2) return true;
    if (this.config.excludeEmbeddings && v.path.toLowerCase().includes("embedding")) return true;
    return (this.config.excludeLayers ?? []).some((pattern) => new RegExp(pattern).test(v.path));
  }

  protected override buildSlots(variables: readonly Variable[]): void {
    for (const v of variables) {
      this.addSlot(v, "momentum");
      if (this.#isAdams(v)) this.addSlot(v, "velocity");
    }
  }

  protected override weightDecayOf(v: Variable): number | null {
    return this.#isAdams(v) ? this.config.adamWeightDecay : this.config.weightDecay;
  }

  protected override updateStep(g: Tensor, w: Variable, lr: Tensor): void {
    if (this.#isAdams(w)) {
      this.#adam(g, w, ops.multiply(lr, this.config.adamLrRatio));
      return;
    }
    const { momentum, nesterov, rmsRate } = this.config;
    const slot = this.slot(w, "momentum");
    const m = slot.assign(ops.add(ops.multiply(slot.value, momentum), g));
    const direction = this.#orthogonal(nesterov ? ops.add(g, ops.multiply(m, momentum)) : m);
    const scale = rmsRate === null ? 1 : Math.sqrt(Math.max(w.shape[0]!, w.shape[1]!)) * rmsRate;
    w.assign(ops.subtract(w.value, ops.multiply(ops.multiply(direction, scale), lr)));
  }

  #adam(g: Tensor, w: Variable, lr: Tensor): void {
    const { adamBeta1, adamBeta2, epsilon } = this.config;
    const t = this.updates;
    const alpha = ops.divide(ops.multiply(lr, ops.sqrt(unbias(adamBeta2, t))), unbias(adamBeta1, t));
    const m = follow(this.slot(w, "momentum"), g, adamBeta1);
    const v = follow(this.slot(w, "velocity"), ops.square(g), adamBeta2);
    w.assign(ops.subtract(w.value, ops.divide(ops.multiply(m, alpha), ops.add(ops.sqrt(v), epsilon))));
  }

  /** Newton-Schulz: brings the singular values of x near 1. */
  #orthogonal(g: Tensor): Tensor {
    const { muonA, muonB, muonC, nsSteps } = this.config;
    const tall = g.shape[0]! > g.shape[1]!;
    let x = tall ? ops.transpose(g) : g;
    x = ops.divide(x, ops.add(ops.sqrt(ops.sum(ops.square(x))), 1e-7));
    for (let i = 0; i < nsSteps; i++) {
      const a = ops.matmul(x, ops.transpose(x));
      const b = ops.add(ops.multiply(a, muonB), ops.multiply(ops.matmul(a, a), muonC));
      x = ops.add(ops.multiply(x, muonA), ops.matmul(b, x));
    }
    return tall ? ops.transpose(x) : x;
  }
}
