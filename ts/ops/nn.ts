// What networks compute besides activations: normalization, attention, and the losses that come as ops.

import { apply, applyAll } from "../core/apply.js";
import { checkOptions, ShapeError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { type Tensor, type TensorLike, tensor } from "../tensor.js";
import { logSigmoid, logSoftmax, softmax } from "./activation.js";
import { logaddexp } from "./arithmetic.js";
import {
  type Axis,
  axesOf,
  axisOf,
  broadcast,
  choose,
  filled,
  float,
  indices,
  otherAxes,
  reshapeTo,
  sameShape,
  showShape,
  sliceAxis,
  transposeTo,
} from "./basics.js";
import { scan } from "./control.js";
import { tri } from "./diagonal.js";
import { einsum } from "./einsum.js";
import { oneHot } from "./indexing.js";
import { repeat } from "./join.js";
import { norm } from "./linalg.js";
import { mean, meanAndVariance, reduce } from "./reduction.js";

/** Keras' `backend.epsilon()`. */
const EPSILON = 1e-7;
const mul = (a: TensorLike, b: TensorLike): Tensor => apply("multiply", [a, b]);
const plus = (a: TensorLike, b: TensorLike): Tensor => apply("add", [a, b]);
const minus = (a: TensorLike, b: TensorLike): Tensor => apply("subtract", [a, b]);
const negative = (a: TensorLike): Tensor => apply("negative", [a]);
/** A parameter that is there. */
const given = (x: TensorLike | null | undefined): x is TensorLike => x !== null && x !== undefined;

/**
 * `x / ‖x‖` along an axis, with the norm of the given order; a norm below `epsilon` counts as `epsilon`.
 *
 * Errors: `ValueError` for an order below 1. Example: `ops.normalize([3, 4]) // [0.6, 0.8]`
 */
export const normalize = op(
  "normalize",
  (x: TensorLike, options: { axis?: Axis; order?: number; epsilon?: number | null } = {}): Tensor => {
    checkOptions("normalize", options, ["axis", "order", "epsilon"]);
    const { axis = -1, order = 2 } = options;
    const epsilon = options.epsilon ?? EPSILON;
    if (!Number.isInteger(order) || order < 1) throw new ValueError(`normalize: order is a whole number ≥ 1, received ${order}.`);
    const t = float(x);
    const rows = t.ndim === 0 ? reshapeTo(t, [1]) : t;
    if (order === 2) {
      const squares = reduce("sum", apply("square", [rows]), axis, true);
      return mul(rows, apply("minimum", [apply("rsqrt", [squares]), 1 / epsilon]));
    }
    return apply("divide", [rows, apply("maximum", [norm(rows, { ord: order, axis, keepdims: true }), epsilon])]);
  },
);

/** Mean and variance over axes: `[mean, variance]`. `ops.moments([1, 3], [0]) // [2, 1]` */
export const moments = op(
  "moments",
  (x: TensorLike, axes: Axis, options: { keepdims?: boolean; synchronized?: boolean } = {}): [Tensor, Tensor] => {
    checkOptions("moments", options, ["keepdims", "synchronized"]);
    const { keepdims = false } = options;
    return meanAndVariance(x, axes, keepdims);
  },
);

export interface BatchNormalizationOptions {
  /** Added at the end: one number per channel. */
  offset?: TensorLike | null;
  /** Multiplies: one number per channel. */
  scale?: TensorLike | null;
  epsilon?: number;
}

/** `(x − mean)/√(variance + epsilon)·scale + offset`, with one mean, variance, scale and offset per index of `axis`. */
export const batchNormalization = op(
  "batchNormalization",
  (x: TensorLike, mean: TensorLike, variance: TensorLike, axis: number, options: BatchNormalizationOptions = {}): Tensor => {
    checkOptions("batchNormalization", options, ["offset", "scale", "epsilon"]);
    const t = float(x);
    const at = axisOf("batchNormalization", axis, t.ndim);
    const channel = (p: TensorLike): Tensor => {
      const v = tensor(p);
      if (v.size !== t.shape[at])
        throw new ShapeError(
          `batchNormalization: axis ${at} of shape ${showShape(t.shape)} has ${t.shape[at]} channels, a parameter has shape ${showShape(v.shape)}.`,
        );
      return reshapeTo(
        v,
        t.shape.map((n, i) => (i === at ? n : 1)),
      );
    };
    let factor = apply("rsqrt", [plus(channel(variance), options.epsilon ?? 1e-3)]);
    if (given(options.scale)) factor = mul(factor, channel(options.scale));
    let shift = mul(negative(channel(mean)), factor);
    if (given(options.offset)) shift = plus(shift, channel(options.offset));
    return plus(mul(t, factor), shift);
  },
);

export interface LayerNormalizationOptions {
  /** Multiplies; in the shape of the axes. */
  gamma?: TensorLike | null;
  /** Added at the end; in the shape of the axes. */
  beta?: TensorLike | null;
  axis?: Axis;
  epsilon?: number | null;
}

/** `(x − mean)/√(variance + epsilon)·gamma + beta` with mean and variance over `axis`. `ops.layerNormalization([1, 3]) // [-1, 1]` */
export const layerNormalization = op("layerNormalization", (x: TensorLike, options: LayerNormalizationOptions = {}): Tensor => {
  checkOptions("layerNormalization", options, ["gamma", "beta", "axis", "epsilon"]);
  const t = float(x);
  const axes = axesOf("layerNormalization", options.axis === undefined ? -1 : options.axis, t.ndim);
  const y = normalized(t, axes, options.epsilon, true);
  const scaled = given(options.gamma) ? mul(y, alongAxes("layerNormalization", t, axes, options.gamma)) : y;
  return given(options.beta) ? plus(scaled, alongAxes("layerNormalization", t, axes, options.beta)) : scaled;
});

/** `(x − mean)/√(variance + epsilon)` over axes, by a row of the core for last axes; not `centred`: as if the mean were 0. */
function normalized(t: Tensor, axes: readonly number[], epsilon: number | null | undefined, centred: boolean): Tensor {
  const kept = otherAxes(axes, t.ndim);
  const order = [...kept, ...axes];
  const last = order.every((a, i) => a === i);
  const attrs = { ints: [kept.length, t.ndim, centred ? 1 : 0], floats: [epsilon ?? EPSILON] };
  const y = applyAll("normalize", [last ? t : transposeTo(t, order)], attrs)[0]!;
  if (last) return y;
  const back = order.map((_, i) => order.indexOf(i));
  return transposeTo(y, back);
}

/** `x/√(mean(x²) + epsilon)·scale` with the mean over `axis`. `ops.rmsNormalization([2, 2]) // [1, 1]` */
export const rmsNormalization = op(
  "rmsNormalization",
  (x: TensorLike, options: { scale?: TensorLike | null; axis?: Axis; epsilon?: number | null } = {}): Tensor => {
    checkOptions("rmsNormalization", options, ["scale", "axis", "epsilon"]);
    const t = float(x);
    const axes = axesOf("rmsNormalization", options.axis === undefined ? -1 : options.axis, t.ndim);
    const y = normalized(t, axes, options.epsilon, false);
    // Keras multiplies along the last axes, whatever `axis` says.
    return given(options.scale) ? mul(y, options.scale) : y;
  },
);

/** A parameter in the shape of some axes, with 1 for the others. */
function alongAxes(where: string, t: Tensor, axes: readonly number[], parameter: TensorLike): Tensor {
  const p = tensor(parameter);
  const own = axes.map((a) => t.shape[a]!);
  if (p.ndim === t.ndim || p.ndim === 0) return p;
  if (!sameShape(p.shape, own))
    throw new ShapeError(
      `${where}: a parameter has shape ${showShape(p.shape)}, the axes that are normalized have ${showShape(own)}.`,
    );
  return reshapeTo(
    p,
    t.shape.map((n, i) => (axes.includes(i) ? n : 1)),
  );
}

/** Peak signal-to-noise ratio in decibels: `20·log₁₀(maxVal) − 10·log₁₀(mean((x1 − x2)²))`; Infinity for equal images. */
export const psnr = op("psnr", (x1: TensorLike, x2: TensorLike, maxVal: number): Tensor => {
  const [a, b] = [float(x1), float(x2)];
  if (!sameShape(a.shape, b.shape))
    throw new ShapeError(`psnr: the images differ in shape: ${showShape(a.shape)} and ${showShape(b.shape)}.`);
  return minus(20 * Math.log10(maxVal), mul(apply("log10", [mean(apply("square", [minus(a, b)]))]), 10));
});

// ---- losses

function sameShapes(where: string, target: Tensor, output: Tensor): void {
  if (!sameShape(target.shape, output.shape)) {
    throw new ShapeError(
      `${where}: target and output need one shape, received ${showShape(target.shape)} and ${showShape(output.shape)}.`,
    );
  }
}
const clipped = (p: Tensor): Tensor => apply("clip", [p], { floats: [EPSILON, 1 - EPSILON] });

/** `−t·ln p − (1 − t)·ln(1 − p)`, element by element; `p` is cut to [1e-7, 1 − 1e-7], or comes as logits. */
export const binaryCrossentropy = op(
  "binaryCrossentropy",
  (target: TensorLike, output: TensorLike, options: { fromLogits?: boolean } = {}): Tensor => {
    checkOptions("binaryCrossentropy", options, ["fromLogits"]);
    const [t, x] = [float(target), float(output)];
    sameShapes("binaryCrossentropy", t, x);
    const p = clipped(x);
    const [yes, no] = options.fromLogits
      ? [logSigmoid(x), logSigmoid(negative(x))]
      : [apply("log", [p]), apply("log", [minus(1, p)])];
    return negative(plus(mul(t, yes), mul(minus(1, t), no)));
  },
);

interface CrossentropyOptions {
  /** Are the outputs scores before the softmax? */
  fromLogits?: boolean;
  /** The axis of classes. */
  axis?: number;
}

/** Logarithms of class probabilities; probabilities are scaled to the sum 1 and cut to [1e-7, 1 − 1e-7] first. */
function logProbabilities(output: Tensor, axis: number, fromLogits: boolean): Tensor {
  if (fromLogits) return logSoftmax(output, { axis });
  return apply("log", [clipped(apply("divide", [output, reduce("sum", output, axis, true)]))]);
}

/** `−Σ t·ln p` over the axis of classes: `[…, classes], […, classes] → […]`. */
export const categoricalCrossentropy = op(
  "categoricalCrossentropy",
  (target: TensorLike, output: TensorLike, options: CrossentropyOptions = {}): Tensor => {
    checkOptions("categoricalCrossentropy", options, ["fromLogits", "axis"]);
    const { fromLogits = false, axis = -1 } = options;
    const [t, x] = [float(target), float(output)];
    sameShapes("categoricalCrossentropy", t, x);
    if (x.ndim === 0)
      throw new ShapeError("categoricalCrossentropy: target and output need an axis of classes, received scalars.");
    return negative(reduce("sum", mul(t, logProbabilities(x, axis, fromLogits)), axis));
  },
);

/** `−ln p[class]` with classes as integers: `[…], […, classes] → […]`; a class outside gives 0. */
export const sparseCategoricalCrossentropy = op(
  "sparseCategoricalCrossentropy",
  (target: TensorLike, output: TensorLike, options: CrossentropyOptions = {}): Tensor => {
    checkOptions("sparseCategoricalCrossentropy", options, ["fromLogits", "axis"]);
    const { fromLogits = false, axis = -1 } = options;
    const x = float(output);
    let classes = indices(target);
    if (classes.ndim === x.ndim && classes.shape.at(-1) === 1) classes = reshapeTo(classes, classes.shape.slice(0, -1));
    const at = axisOf("sparseCategoricalCrossentropy", axis, x.ndim);
    const expected = x.shape.filter((_, i) => i !== at);
    if (!sameShape(classes.shape, expected)) {
      throw new ShapeError(
        `sparseCategoricalCrossentropy: target of shape ${showShape(classes.shape)}, expected ${showShape(expected)}: one class per row of the output ${showShape(x.shape)}.`,
      );
    }
    return negative(reduce("sum", mul(oneHot(classes, x.shape[at]!, { axis: at }), logProbabilities(x, at, fromLogits)), at));
  },
);

/**
 * Connectionist temporal classification: `−ln` of the probability that the outputs, read without repeats and blanks, spell the target.
 *
 * `target: int[b, labels], output: [b, time, classes]` (scores), lengths `int[b]` → `[b]`; `maskIndex` is the blank.
 * Source: Graves et al., 2006; the forward recursion of Keras on JAX, in which ln 0 is −1e5.
 */
export const ctcLoss = op(
  "ctcLoss",
  (
    target: TensorLike,
    output: TensorLike,
    targetLength: TensorLike,
    outputLength: TensorLike,
    options: { maskIndex?: number } = {},
  ): Tensor => {
    checkOptions("ctcLoss", options, ["maskIndex"]);
    const LOG_ZERO = -1e5;
    const [labels, scores] = [indices(target), float(output)];
    if (labels.ndim !== 2 || scores.ndim !== 3 || labels.shape[0] !== scores.shape[0]) {
      throw new ShapeError(
        `ctcLoss: expected target [batch, labels] and output [batch, time, classes], received ${showShape(labels.shape)} and ${showShape(scores.shape)}.`,
      );
    }
    const [batch, n] = labels.shape as [number, number];
    const [, time, classes] = scores.shape as [number, number, number];
    const logs = logSoftmax(scores);
    const same = float(
      apply("equal", [sliceAxis(labels, 1, 0, Math.max(0, n - 1)), sliceAxis(labels, 1, Math.min(1, n), Math.max(0, n - 1))]),
    );
    const repeated = n === 0 ? same : apply("pad", [same], { ints: [0, 0, 0, 0, 1, 0], floats: [0] });
    const blank = transposeTo(sliceAxis(logs, 2, options.maskIndex ?? 0, 1), [1, 0, 2]);
    const emitted = transposeTo(einsum("btk,bnk->btn", logs, oneHot(labels, classes)), [1, 0, 2]);
    const padded = transposeTo(
      float(
        apply("greater_equal", [
          reshapeTo(float(Array.from({ length: time }, (_, i) => i)), [1, time]),
          reshapeTo(float(outputLength), [batch, 1]),
        ]),
      ),
      [1, 0],
    );
    const head = (t: Tensor, size: number): Tensor => sliceAxis(t, 1, 0, size);
    /** Scores of the blanks behind each label, with more ways to get there. */
    const withWays = (blanks: Tensor, more: Tensor): Tensor =>
      apply("concatenate", [head(blanks, 1), logaddexp(sliceAxis(blanks, 1, 1, n), more)], { ints: [1] });
    const step = ([blanks, emits]: Tensor[], [emit, phi, pad]: Tensor[]): [Tensor[], null] => {
      const pads = reshapeTo(pad!, [batch, 1]);
      const reached = withWays(blanks!, plus(emits!, mul(repeated, LOG_ZERO))); // from a label to the next, unless it repeats
      const nextEmits = logaddexp(plus(head(reached, n), emit!), plus(emits!, emit!));
      const nextBlanks = withWays(plus(reached, phi!), plus(plus(emits!, phi!), mul(minus(1, repeated), LOG_ZERO)));
      const held = (old: Tensor, next: Tensor): Tensor => plus(mul(pads, old), mul(minus(1, pads), next));
      return [[held(blanks!, nextBlanks), held(emits!, nextEmits)], null];
    };
    const start = apply("concatenate", [filled([batch, 1], 0, "float32"), filled([batch, n], LOG_ZERO, "float32")], {
      ints: [1],
    });
    const [[blanks, emits]] = scan(step, [start, filled([batch, n], LOG_ZERO, "float32")], { xs: [emitted, blank, padded] });
    const last = withWays(blanks!, emits!);
    return negative(reduce("sum", mul(last, oneHot(targetLength, n + 1)), 1));
  },
);

export interface AttentionOptions {
  /** Added to the scores: broadcasts to `[batch, heads, queries, keys]`. */
  bias?: TensorLike | null;
  /** Where attention is allowed: bool, broadcasts to `[batch, heads, queries, keys]`. */
  mask?: TensorLike | null;
  /** Multiplies the scores; by default 1/√(head size). */
  scale?: number | null;
  /** May a query see earlier keys only? */
  isCausal?: boolean;
  /** Accepted; there is one way to compute it here. */
  flashAttention?: boolean | null;
  /** Scores are bent to ±this by tanh. */
  attnLogitsSoftCap?: number | null;
}

/**
 * `softmax(scale·Q·Kᵀ + bias)·V` per head: `query: [b, t, heads, size], key: [b, s, heads, size], value: [b, s, heads, size] → [b, t, heads, size]`.
 *
 * Keys and values may have fewer heads, a divisor: each then serves several queries' heads. Errors: `ShapeError`.
 */
export const dotProductAttention = op(
  "dotProductAttention",
  (query: TensorLike, key: TensorLike, value: TensorLike, options: AttentionOptions = {}): Tensor => {
    checkOptions("dotProductAttention", options, ["bias", "mask", "scale", "isCausal", "flashAttention", "attnLogitsSoftCap"]);
    const [q, k0, v0] = [float(query), float(key), float(value)];
    if (q.ndim !== 4 || k0.ndim !== 4 || v0.ndim !== 4) {
      throw new ShapeError(
        `dotProductAttention: query, key and value are [batch, length, heads, size], received ${[q, k0, v0].map((t) => showShape(t.shape)).join(", ")}.`,
      );
    }
    const groups = q.shape[2]! / k0.shape[2]!;
    if (!Number.isInteger(groups))
      throw new ShapeError(
        `dotProductAttention: ${q.shape[2]} heads of queries are no multiple of ${k0.shape[2]} heads of keys.`,
      );
    const [k, v] = groups === 1 ? [k0, v0] : [repeat(k0, groups, { axis: 2 }), repeat(v0, groups, { axis: 2 })];
    let scores = mul(einsum("btnh,bsnh->bnts", q, k), options.scale ?? 1 / Math.sqrt(q.shape[3]!));
    const cap = options.attnLogitsSoftCap ?? null;
    if (cap !== null) scores = mul(apply("tanh", [apply("divide", [scores, cap])]), cap);
    if (given(options.bias)) scores = plus(scores, options.bias);
    const never = -0.7 * 3.4028234663852886e38; // finite, so that a row without any key is even rather than NaN
    if (given(options.mask)) scores = choose(broadcast(tensor(options.mask), scores.shape), scores, never);
    if (options.isCausal) scores = choose(tri(q.shape[1]!, { M: k.shape[1]!, dtype: "bool" }), scores, never);
    return einsum("bnts,bsnh->btnh", softmax(scores), v);
  },
);
