// The namespace `random`: draws that repeat Keras on JAX bit for bit. Each takes a seed: an integer, a SeedGenerator, or null for the global stream.

import { apply, scalar } from "./core/apply.js";
import type { EdgeDType } from "./core/dtype.js";
import { isShape } from "./core/structure.js";
import { checkOptions, ShapeError, ValueError } from "./errors.js";
import { wholeNumber } from "./ops/basics.js";
import * as ops from "./ops.js";
import { drawHalf, isHalf, roundHalf } from "./random/half.js";
import { checkShape, drawKey, type Seed } from "./random/seedGenerator.js";
import { type Tensor, type TensorLike, tensor } from "./tensor.js";

export { beta, binomial, gamma } from "./random/rejection.js";
export { type Seed, SeedGenerator } from "./random/seedGenerator.js";
export { clearSession, dataPermutation, dataRandom, drawSeed, setRandomSeed } from "./random/streams.js";

export interface DrawOptions {
  /** float32 unless said otherwise. */
  dtype?: EdgeDType | null;
  seed?: Seed;
}

const FLOATS: readonly (EdgeDType | null | undefined)[] = [null, undefined, "float32", "float16", "bfloat16", "float64"];
function checkFloat(where: string, dtype: EdgeDType | null | undefined): void {
  if (!FLOATS.includes(dtype))
    throw new ValueError(
      `random.${where}: draws floats, dtype ${JSON.stringify(dtype)} is none. Use random.randint for integers.`,
    );
}

/**
 * Uniform on [minval, maxval), in steps of 2⁻²³ of the range.
 *
 * Example: `random.uniform([2], { seed: 42 }).array() // [0.566…, 0.065…]`
 */
export function uniform(shape: readonly number[], options: DrawOptions & { minval?: number; maxval?: number } = {}): Tensor {
  checkShape("random.uniform", shape);
  checkOptions("random.uniform", options, ["minval", "maxval", "dtype", "seed"]);
  const { minval = 0, maxval = 1, dtype } = options;
  checkFloat("uniform", dtype);
  const key = drawKey("random.uniform", options.seed);
  if (isHalf(dtype)) return drawHalf("uniform", key, shape, dtype, minval, maxval);
  return apply("random_uniform", [key], { ints: shape, floats: [minval, maxval] });
}

/** Normal with the given mean and standard deviation. `random.normal([2], { seed: 42 }).array() // [0.168…, -1.509…]` */
export function normal(shape: readonly number[], options: DrawOptions & { mean?: number; stddev?: number } = {}): Tensor {
  checkShape("random.normal", shape);
  checkOptions("random.normal", options, ["mean", "stddev", "dtype", "seed"]);
  const { mean = 0, stddev = 1, dtype } = options;
  checkFloat("normal", dtype);
  const key = drawKey("random.normal", options.seed);
  if (isHalf(dtype)) return drawHalf("normal", key, shape, dtype, mean, stddev);
  return apply("random_normal", [key], { ints: shape, floats: [mean, stddev] });
}

/** Normal, kept within two standard deviations of the mean. `random.truncatedNormal([2], { seed: 42 }).array() // [0.160…, -1.370…]` */
export function truncatedNormal(
  shape: readonly number[],
  options: DrawOptions & { mean?: number; stddev?: number } = {},
): Tensor {
  checkShape("random.truncatedNormal", shape);
  checkOptions("random.truncatedNormal", options, ["mean", "stddev", "dtype", "seed"]);
  const { mean = 0, stddev = 1, dtype } = options;
  checkFloat("truncatedNormal", dtype);
  const key = drawKey("random.truncatedNormal", options.seed);
  const drawn = apply("random_truncated_normal", [key], { ints: shape, floats: [mean, stddev] });
  return isHalf(dtype) ? roundHalf(drawn, dtype) : drawn;
}

/**
 * Integers, uniform on [minval, maxval).
 *
 * Errors: `ValueError` when the ends are no integers. Example: `random.randint([8], 0, 10, { seed: 42 }).array() // [9, 6, 4, 2, 8, 1, 7, 6]`
 */
export function randint(shape: readonly number[], minval: number, maxval: number, options: DrawOptions = {}): Tensor {
  checkShape("random.randint", shape);
  checkOptions("random.randint", options, ["dtype", "seed"]);
  if (!Number.isInteger(minval) || !Number.isInteger(maxval)) {
    throw new ValueError(`random.randint: minval and maxval must be integers, received ${minval} and ${maxval}.`);
  }
  const dtype = options.dtype ?? "int32";
  if (FLOATS.includes(dtype))
    throw new ValueError(`random.randint: draws integers, dtype "${dtype}" is none. Use random.uniform for floats.`);
  const [first, second] = splitKey(drawKey("random.randint", options.seed), 2) as [Tensor, Tensor];
  const span = maxval > minval ? maxval - minval : 1;
  // Two words per number: (high·2³² + low) mod span, all mod 2³².
  const carry = Math.imul(65536 % span, 65536 % span) >>> 0;
  const u32 = (x: number): Tensor => scalar(x, "uint32");
  const mod = (x: Tensor): Tensor => apply("floor_mod", [x, u32(span)]);
  const high = apply("multiply", [mod(bits(first, shape)), u32(carry % span)]);
  const offset = mod(apply("add", [high, mod(bits(second, shape))]));
  return ops.cast(apply("add", [ops.cast(offset, "int32"), scalar(minval, "int32")]), dtype);
}

/**
 * For each row of logits `numSamples` class numbers, drawn with probabilities softmax(logits).  logits: [batch, classes] → [batch, numSamples].
 *
 * Errors: `ShapeError` unless the logits have two axes. Example: `random.categorical([[0, 1000]], 3, { seed: 1 }).array() // [[1, 1, 1]]`
 */
export function categorical(logits: TensorLike, numSamples: number, options: DrawOptions = {}): Tensor {
  checkOptions("random.categorical", options, ["dtype", "seed"]);
  wholeNumber("random.categorical", "numSamples", numSamples);
  const t = ops.cast(logits, "float32");
  if (t.ndim !== 2)
    throw new ShapeError(`random.categorical: logits must be [batch, classes], received shape [${t.shape.join(", ")}].`);
  const [batch, classes] = t.shape as [number, number];
  const noise = apply("bits_to_gumbel", [bits(drawKey("random.categorical", options.seed), [batch, classes, numSamples])]);
  const scores = ops.add(noise, ops.reshape(t, [batch, classes, 1]));
  return ops.cast(ops.argmax(scores, { axis: 1 }), options.dtype ?? "int32");
}

/**
 * Zeroes a fraction `rate` of the elements and divides the others by 1 − rate, so that the expected sum stays.
 *
 * `noiseShape` (null sizes: as the input) draws fewer decisions and broadcasts them. Rate 0 returns the input, rate 1 zeros.
 * Example: `random.dropout(ops.ones([4]), 0.5, { seed: 42 }).array() // [0, 2, 2, 0]`
 */
export function dropout(
  inputs: TensorLike,
  rate: number,
  options: { noiseShape?: readonly (number | null)[] | null; seed?: Seed } = {},
): Tensor {
  checkOptions("random.dropout", options, ["noiseShape", "seed"]);
  const x = ops.cast(inputs, "float32");
  if (!(rate >= 0 && rate <= 1))
    throw new ValueError(`random.dropout: the rate is a fraction between 0 and 1, received ${rate}.`);
  if (rate === 0) return x;
  if (rate === 1) return ops.zerosLike(x);
  const keep = 1 - rate;
  const given = options.noiseShape ?? x.shape;
  const noiseShape = isShape(given) ? given.map((n, i) => n ?? x.shape[i]!) : given;
  checkShape("random.dropout", noiseShape);
  const mask = apply("bits_keep", [bits(drawKey("random.dropout", options.seed), noiseShape)], { floats: [keep] });
  // XLA makes a product with the reciprocal of the division by a constant.
  const scaled = apply("multiply", [x, Math.fround(1 / Math.fround(keep))]);
  return apply("select", [mask, scaled, scalar(0, "float32")]);
}

/**
 * The elements in random order along an axis.
 *
 * NOTE as in Keras on JAX every line along the axis gets an order of its own: rows of a matrix are not kept together.
 * Example: `random.shuffle(ops.arange(10), { seed: 42 }).array() // [4, 3, 2, 8, 7, 6, 0, 5, 9, 1]`
 */
export function shuffle(x: TensorLike, options: { axis?: number; seed?: Seed } = {}): Tensor {
  checkOptions("random.shuffle", options, ["axis", "seed"]);
  const { axis = 0 } = options;
  let t = tensor(x);
  let key = drawKey("random.shuffle", options.seed);
  // Sorting by 32-bit keys has ties; so many rounds make them harmless.
  const rounds = Math.ceil((3 * Math.log(Math.max(1, t.size))) / Math.log(0xffffffff));
  for (let i = 0; i < rounds; i++) {
    const [next, sub] = splitKey(key, 2) as [Tensor, Tensor];
    key = next;
    t = ops.takeAlongAxis(t, ops.argsort(bits(sub, t.shape), { axis }), { axis });
  }
  return t;
}

/** Random words of a shape. */
const bits = (key: Tensor, shape: readonly number[]): Tensor => apply("random_bits", [key], { ints: shape });

/** `n` independent keys. */
function splitKey(key: Tensor, n: number): Tensor[] {
  const keys = apply("random_split", [key], { ints: [n] });
  return Array.from({ length: n }, (_, i) =>
    apply("reshape", [apply("slice", [keys], { ints: [i, 1, 1, 0, 2, 1] })], { ints: [2] }),
  );
}
