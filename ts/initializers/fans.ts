// Fan in and fan out: how many numbers of the input an output sums over, and the reverse.

import { ShapeError } from "../errors.js";
import { sizeOf } from "../tensor.js";

/**
 * Fan in and fan out of a kernel: products over the given axes; else both 1 for a scalar, the length for a vector, the last two sizes
 * times the window (all sizes before) otherwise.
 */
export function fans(
  shape: readonly number[],
  inputAxes: readonly number[] | null = null,
  outputAxes: readonly number[] | null = null,
): { fanIn: number; fanOut: number } {
  if (inputAxes && outputAxes) {
    const over = (axes: readonly number[]): number => sizeOf(axes.map((a) => shape.at(a) ?? outside(a, shape)));
    return { fanIn: over(inputAxes), fanOut: over(outputAxes) };
  }
  if (shape.length === 0) return { fanIn: 1, fanOut: 1 };
  if (shape.length === 1) return { fanIn: shape[0]!, fanOut: shape[0]! };
  const window = sizeOf(shape.slice(0, -2));
  return { fanIn: shape.at(-2)! * window, fanOut: shape.at(-1)! * window };
}
function outside(axis: number, shape: readonly number[]): never {
  throw new ShapeError(`initializer: axis ${axis} is not in shape [${shape.join(", ")}].`);
}
