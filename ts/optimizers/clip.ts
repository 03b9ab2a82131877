// Gradient clipping: by each gradient's norm, by the norm of all together, or by value.

import * as ops from "../ops.js";
import type { Tensor } from "../tensor.js";

export interface ClipOptions {
  readonly clipnorm: number | null;
  readonly globalClipnorm: number | null;
  readonly clipvalue: number | null;
}

/** The gradients, clipped as the one option that is set says. */
export function clipGradients(gradients: readonly Tensor[], options: ClipOptions): readonly Tensor[] {
  const { clipnorm, globalClipnorm, clipvalue } = options;
  if (clipnorm !== null && clipnorm > 0) return gradients.map((g) => byNorm(g, clipnorm));
  if (globalClipnorm !== null && globalClipnorm > 0) return byGlobalNorm(gradients, globalClipnorm);
  if (clipvalue !== null && clipvalue > 0) return gradients.map((g) => ops.clip(g, -clipvalue, clipvalue));
  return gradients;
}

const squared = (g: Tensor): Tensor => ops.sum(ops.square(g));

/** g·c / max(‖g‖, c) */
const byNorm = (g: Tensor, c: number): Tensor => ops.divide(ops.multiply(g, c), ops.maximum(ops.sqrt(squared(g)), c));

/** g·c·min(1/n, 1/c) with n the norm of all gradients. Where n is not finite the result is NaN, so that the trouble shows. */
function byGlobalNorm(gradients: readonly Tensor[], c: number): Tensor[] {
  const n = ops.sqrt(gradients.map(squared).reduce((a, b) => ops.add(a, b)));
  const scale = ops.add(ops.multiply(ops.minimum(ops.divide(1, n), 1 / c), c), ops.subtract(n, n));
  return gradients.map((g) => ops.multiply(g, scale));
}
