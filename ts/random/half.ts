// Draws of float16 and bfloat16: fewer random bits than float32 takes, and rounded as those types are. The values are kept as float32.

import { apply, scalar } from "../core/apply.js";
import type { EdgeDType } from "../core/dtype.js";
import type { Tensor } from "../tensor.js";

export type Half = "float16" | "bfloat16";
export const isHalf = (dtype: EdgeDType | null | undefined): dtype is Half => dtype === "float16" || dtype === "bfloat16";

/** Random bits per number and bits of the fraction. Of a word the lowest `bits` count, as JAX takes them. */
const FORMAT = { float16: { bits: 16, fraction: 10 }, bfloat16: { bits: 8, fraction: 7 } } as const;

/**
 * Uniform on [a, b), or normal or truncated normal with mean a and deviation b, in a half type.
 *
 * Each operation rounds its result, as JAX does; the inverse of erf is computed in float32.
 */
export function drawHalf(
  distribution: "uniform" | "normal" | "truncated_normal",
  key: Tensor,
  shape: readonly number[],
  dtype: Half,
  a: number,
  b: number,
): Tensor {
  const round = (x: Tensor): Tensor => roundHalf(x, dtype);
  if (distribution === "uniform") return between(key, shape, dtype, roundNumber(a, dtype), roundNumber(b, dtype));
  const edge = distribution === "normal" ? 1 - 2 ** -(FORMAT[dtype].fraction + 1) : roundNumber(0.9544997, dtype); // erf(√2)
  const u = between(key, shape, dtype, -edge, distribution === "normal" ? 1 : edge);
  const sample = round(apply("multiply", [round(apply("erfinv", [u])), roundNumber(Math.SQRT2, dtype)]));
  const scaled = round(apply("multiply", [sample, roundNumber(b, dtype)]));
  return round(apply("add", [scaled, roundNumber(a, dtype)]));
}

function between(key: Tensor, shape: readonly number[], dtype: Half, low: number, high: number): Tensor {
  const { bits, fraction } = FORMAT[dtype];
  const words = apply("random_bits", [key], { ints: shape });
  const own = apply("right_shift", [
    apply("bitwise_and", [words, scalar(2 ** bits - 1, "uint32")]),
    scalar(bits - fraction, "uint32"),
  ]);
  const u = apply("multiply", [apply("cast", [own], { ints: [0] }), 2 ** -fraction]);
  const width = roundNumber(high - low, dtype);
  const part = roundHalf(apply("multiply", [u, width]), dtype);
  return apply("maximum", [roundHalf(apply("add", [part, low]), dtype), low]);
}

/** To the nearest number of the type, halves to even; what is too large for float16 becomes infinite. */
export function roundHalf(x: Tensor, dtype: Half): Tensor {
  const drop = 23 - FORMAT[dtype].fraction;
  const u32 = (n: number): Tensor => scalar(n, "uint32");
  const word = apply("bitcast", [x], { ints: [2] });
  const odd = apply("bitwise_and", [apply("right_shift", [word, u32(drop)]), u32(1)]);
  const up = apply("add", [word, apply("add", [odd, u32(2 ** (drop - 1) - 1)])]);
  const near = apply("bitcast", [apply("bitwise_and", [up, u32(2 ** 32 - 2 ** drop)])], { ints: [0] });
  const usual = apply("select", [apply("is_nan", [x]), x, near]);
  if (dtype === "bfloat16") return usual;
  const size = apply("abs", [usual]);
  const tiny = apply("divide", [apply("round", [apply("multiply", [x, 2 ** 24])]), 2 ** 24]); // below 2⁻¹⁴ the steps are 2⁻²⁴
  const bounded = apply("select", [apply("greater", [size, 65504]), apply("multiply", [x, Infinity]), usual]);
  return apply("select", [apply("less", [apply("abs", [x]), 2 ** -14]), tiny, bounded]);
}

/** `roundHalf` of a number in the normal range of the type. */
function roundNumber(x: number, dtype: Half): number {
  const { fraction } = FORMAT[dtype];
  const y = Math.fround(x);
  if (y === 0 || !Number.isFinite(y)) return y;
  const step = 2 ** (Math.floor(Math.log2(Math.abs(y))) - fraction);
  const steps = y / step;
  const down = Math.floor(steps);
  const rest = steps - down;
  return (rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down) * step;
}
