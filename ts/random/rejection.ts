// Distributions drawn by rejection: gamma, beta and binomial. They take a number of words that is not known before, so they run eagerly only.

import type { EdgeDType } from "../core/dtype.js";
import { checkOptions, StateError } from "../errors.js";
import * as ops from "../ops.js";
import { sizeOf, Tensor, type TensorLike } from "../tensor.js";
import { checkShape, drawKey, type Seed } from "./seedGenerator.js";
import { child, fma, type Key, log, log1p, normal, uniform01 } from "./threefry.js";

interface Options {
  dtype?: EdgeDType | null;
  seed?: Seed;
}

const f = Math.fround;

/** The key and the parameters, spread over the shape. */
function prepare(
  where: string,
  shape: readonly number[],
  parameters: readonly TensorLike[],
  options: Options,
): { key: Key; values: Float32Array[] } {
  checkShape(`random.${where}`, shape);
  checkOptions(`random.${where}`, options, ["dtype", "seed"]);
  const key = drawKey(`random.${where}`, options.seed);
  if (key.isTraced)
    throw new StateError(
      `random.${where}: draws by rejection, which a traced function cannot contain. Draw outside and pass the numbers in.`,
    );
  const [k0, k1] = key.data as Uint32Array;
  return { key: [k0!, k1!], values: parameters.map((p) => ops.broadcastTo(ops.cast(p, "float32"), shape).data as Float32Array) };
}

const children = (key: Key, n: number): Key[] => Array.from({ length: n }, (_, i) => child(key, i));

/** d and V of Marsaglia & Tsang 2000, d·V ~ Gamma(α) for α ≥ 1 and Gamma(α + 1) below, and the key for the step from α + 1 to α. */
function marsaglia(start: Key, alpha: number): { d: number; v: number; rest: Key } {
  const third = f(1 / 3);
  const d = f((alpha >= 1 ? alpha : f(alpha + 1)) - third);
  const c = f(third * f(1 / Math.sqrt(d)));
  let [key, rest] = children(start, 2) as [Key, Key];
  for (;;) {
    const [next, xKey, uKey] = children(key, 3) as [Key, Key, Key];
    key = next;
    let inner = xKey;
    let x = 0;
    let v = -1;
    while (v <= 0) {
      const [other, draw] = children(inner, 2) as [Key, Key];
      inner = other;
      x = normal(draw);
      v = fma(x, c, 1);
    }
    const square = f(x * x);
    const cube = f(f(v * v) * v);
    const u = uniform01(uKey);
    const outside = u >= fma(-f(0.0331), f(square * square), 1) && log(u) >= fma(square, 0.5, f(d * f(f(1 - cube) + log(cube))));
    if (!outside) return { d, v: cube, rest };
  }
}

/**
 * Gamma with shape parameter α > 0 and scale 1.
 *
 * Repeats Keras on JAX up to the last bits. Errors: `StateError` in a traced function.
 */
export function gamma(shape: readonly number[], alpha: TensorLike, options: Options = {}): Tensor {
  const { key, values } = prepare("gamma", shape, [alpha], options);
  const n = sizeOf(shape);
  const drawn = new Float32Array(n);
  const boost = new Float32Array(n);
  children(key, n).forEach((own, i) => {
    const { d, v, rest } = marsaglia(own, values[0]![i]!);
    drawn[i] = d * v;
    boost[i] = values[0]![i]! >= 1 ? 1 : 1 - uniform01(rest);
  });
  const exponent = values[0]!.map((a) => (a >= 1 ? 1 : 1 / a));
  return ops.multiply(new Tensor(drawn, shape), ops.power(new Tensor(boost, shape), new Tensor(exponent, shape)));
}

/**
 * Beta with parameters α > 0 and β > 0: X/(X + Y) of two gammas.
 *
 * Repeats Keras on JAX up to the last bits. Errors: `StateError` in a traced function.
 */
export function beta(shape: readonly number[], alpha: TensorLike, betaParameter: TensorLike, options: Options = {}): Tensor {
  const { key, values } = prepare("beta", shape, [alpha, betaParameter], options);
  const logs = [0, 1].map((which) => {
    const out = children(child(key, which), sizeOf(shape)).map((own, i) => logGamma(own, values[which]![i]!));
    return new Tensor(new Float32Array(out), shape);
  }) as [Tensor, Tensor];
  const largest = ops.maximum(logs[0], logs[1]);
  const [a, b] = logs.map((l) => ops.exp(ops.subtract(l, largest))) as [Tensor, Tensor];
  return ops.divide(a, ops.add(a, b));
}

function logGamma(key: Key, alpha: number): number {
  const { d, v, rest } = marsaglia(key, alpha);
  const sum = f(log(d) + log(v));
  if (alpha >= 1) return sum;
  return fma(log1p(f(-uniform01(rest))), f(1 / alpha), sum);
}

/**
 * The number of successes in `counts` trials of the given probabilities, as float32.
 *
 * Repeats Keras on JAX. NaN for a negative count or a probability outside [0, 1]. Errors: `StateError` in a traced function.
 */
export function binomial(shape: readonly number[], counts: TensorLike, probabilities: TensorLike, options: Options = {}): Tensor {
  const { key, values } = prepare("binomial", shape, [counts, probabilities], options);
  const [n, p] = [values[0]!.map(Math.floor), values[1]!];
  const q = p.map((x) => (x < 0.5 ? x : 1 - x));
  const rare = Array.from(n, (count, i) => !(count * q[i]! > 10)); // few successes, or no numbers at all
  const often = byTransform(
    key,
    n.map((count, i) => (rare[i] ? 1e4 : count)),
    q.map((x, i) => (rare[i] ? 0.5 : x)),
  );
  const out = n.map((count, i) => {
    if (!(count >= 0 && p[i]! >= 0 && p[i]! <= 1)) return Number.NaN;
    const k = rare[i] ? byGaps(key, i, count, q[i]!) : often[i]!;
    return p[i]! < 0.5 ? k : count - k;
  });
  const drawn = new Tensor(out, shape);
  return options.dtype ? ops.cast(drawn, options.dtype) : drawn;
}

/** Counts how many geometric gaps fit into n. All elements share the keys; element i takes word i of each draw. */
function byGaps(start: Key, i: number, n: number, q: number): number {
  const scale = log1p(-q);
  let key = start;
  let sum = 0;
  let gaps = 0;
  while (sum <= n) {
    const [draw, next] = children(key, 2) as [Key, Key];
    key = next;
    gaps++;
    sum = f(sum + Math.ceil(f(log(uniform01(draw, i)) / scale)));
  }
  return gaps - 1;
}

/**
 * Transformed rejection with squeeze (BTRS), Hörmann 1993.
 *
 * NOTE all elements draw until the last one has accepted, and a later acceptance replaces an earlier one: that is JAX's stream.
 */
function byTransform(start: Key, counts: Float32Array, probabilities: Float32Array): Float32Array {
  const out = new Float32Array(counts.length);
  const waiting = new Set(out.keys());
  const accept = Array.from(counts, (n, i) => transform(n, probabilities[i]!));
  for (let key = start; waiting.size > 0; ) {
    const [next, s0, s1] = children(key, 3) as [Key, Key, Key];
    key = next;
    for (let i = 0; i < out.length; i++) {
      const k = accept[i]!(uniform01(s0, i) - 0.5, uniform01(s1, i));
      if (k === null) continue;
      out[i] = k;
      waiting.delete(i);
    }
  }
  return out;
}

/** One trial of BTRS for Binomial(n, q): the number drawn, or null when it is rejected. */
function transform(n: number, q: number): (u: number, v: number) => number | null {
  const sd = Math.sqrt(n * q * (1 - q));
  const b = 1.15 + 2.53 * sd;
  const a = -0.0873 + 0.0248 * b + 0.01 * q;
  const c = n * q + 0.5;
  const vr = 0.92 - 4.2 / b;
  const r = q / (1 - q);
  const alpha = (2.83 + 5.1 / b) * sd;
  const m = Math.floor((n + 1) * q);
  return (u, v) => {
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + c);
    if (us >= 0.07 && v <= vr) return k;
    if (k < 0 || k > n) return null;
    const bound =
      // biome-ignore format: a sum
      (m + 0.5) * Math.log((m + 1) / (r * (n - m + 1))) +
      (n + 1) * Math.log((n - m + 1) / (n - k + 1)) +
      (k + 0.5) * Math.log((r * (n - k + 1)) / (k + 1)) +
      stirling(m) + stirling(n - m) - stirling(k) - stirling(n - k);
    return Math.log((v * alpha) / (a / (us * us) + b)) <= bound ? k : null;
  };
}

/** What Stirling's formula for ln k! leaves out. */
function stirling(k: number): number {
  if (k <= 9) return TAILS[k]!;
  const square = (k + 1) ** 2;
  return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1);
}
// biome-ignore format: a table
const TAILS = [
  0.081061466795327, 0.041340695955409, 0.027677925684998, 0.020790672103765, 0.016644691189821, 0.013876128823071, 0.01189670994589, 0.010411265261972,
  0.0092554621827127, 0.0083305634333628,
];
