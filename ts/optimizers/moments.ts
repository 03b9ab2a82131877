// The running means that most optimizers keep.

import * as ops from "../ops.js";
import type { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";

/** rho·mean + (1 − rho)·x */
export const fading = (mean: Tensor, x: Tensor, rho: number): Tensor =>
  ops.add(ops.multiply(mean, rho), ops.multiply(x, 1 - rho));

/** mean ← mean + (x − mean)·(1 − beta), the form in which Adam and its kin write it; returns the new mean. */
export const follow = (mean: Variable, x: Tensor, beta: number): Tensor =>
  mean.assign(ops.add(mean.value, ops.multiply(ops.subtract(x, mean.value), 1 - beta)));

/** 1 − beta^t: what a mean that started at zero is to be divided by after t steps. */
export const unbias = (beta: number, t: Tensor): Tensor => ops.subtract(1, ops.power(beta, t));
