// New tensors: constants, ranges, identities and windows.

import { apply } from "../core/apply.js";
import { coreDType, type EdgeDType } from "../core/dtype.js";
import { checkOptions, ShapeError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { type Nested, Tensor, type TensorLike, tensor } from "../tensor.js";
import { broadcast, cast, filled, float, oneOf, reshapeTo, type Shape, wholeNumber } from "./basics.js";
import { broadcastTo, moveaxis } from "./view.js";

interface OfType {
  dtype?: EdgeDType | null;
}
const typeOf = (where: string, options: OfType): EdgeDType => {
  checkOptions(where, options, ["dtype"]);
  return options.dtype ?? "float32";
};
const sizes = (where: string, shape: Shape | number): Shape =>
  (typeof shape === "number" ? [shape] : shape).map((n) => wholeNumber(where, "each size", n));

/** Zeros, float32 unless said otherwise. `ops.zeros([2]) // [0, 0]` */
export const zeros = (shape: Shape | number, options: OfType = {}): Tensor =>
  filled(sizes("zeros", shape), 0, coreDType(typeOf("zeros", options)));

/** Ones, float32 unless said otherwise. `ops.ones([2]) // [1, 1]` */
export const ones = (shape: Shape | number, options: OfType = {}): Tensor =>
  filled(sizes("ones", shape), 1, coreDType(typeOf("ones", options)));

/** A tensor whose contents do not matter: zeros, so that runs repeat. `ops.empty([1]) // [0]` */
export const empty = zeros;

/** One value everywhere; a tensor is broadcast. A boolean makes bool, a number float32. `ops.full([2], 0.5) // [0.5, 0.5]` */
export function full(shape: Shape | number, fillValue: TensorLike, options: OfType = {}): Tensor {
  checkOptions("full", options, ["dtype"]);
  if (typeof fillValue === "number" && !options.dtype) return filled(sizes("full", shape), fillValue, "float32");
  const value = tensor(fillValue);
  return broadcastTo(options.dtype ? cast(value, options.dtype) : value, sizes("full", shape));
}

const like = (where: string, x: TensorLike, value: number, options: OfType): Tensor => {
  checkOptions(where, options, ["dtype"]);
  const t = tensor(x);
  return filled(t.shape, value, options.dtype ? coreDType(options.dtype) : t.dtype);
};
/** Zeros in the shape and type of `x`. `ops.zerosLike([1, 2]) // [0, 0]` */
export const zerosLike = op("zerosLike", (x: TensorLike, options: OfType = {}): Tensor => like("zerosLike", x, 0, options));
/** Ones in the shape and type of `x`. `ops.onesLike([3, 2]) // [1, 1]` */
export const onesLike = op("onesLike", (x: TensorLike, options: OfType = {}): Tensor => like("onesLike", x, 1, options));
/** As `zerosLike`: contents that do not matter. */
export const emptyLike = zerosLike;
/** One value in the shape and type of `x`. `ops.fullLike([1, 2], 7) // [7, 7]` */
export const fullLike = op("fullLike", (x: TensorLike, fillValue: TensorLike, options: OfType = {}): Tensor => {
  checkOptions("fullLike", options, ["dtype"]);
  const t = tensor(x);
  return broadcastTo(cast(fillValue, options.dtype ?? t.dtype), t.shape);
});

/** A tensor of anything that can be one: nested arrays, a typed array, a number. `ops.array([1, 2]) // [1, 2]` */
export function array(x: TensorLike, options: OfType = {}): Tensor {
  checkOptions("array", options, ["dtype"]);
  const t = tensor(x);
  return options.dtype ? cast(t, options.dtype) : t;
}

/** As `array`; `sparse` and `ragged` other than false are errors: tensors here are dense. */
export function convertToTensor(
  x: TensorLike,
  options: OfType & { sparse?: boolean | null; ragged?: boolean | null } = {},
): Tensor {
  checkOptions("convertToTensor", options, ["dtype", "sparse", "ragged"]);
  if (options.sparse || options.ragged)
    throw new ValueError("convertToTensor: sparse and ragged tensors do not exist here; pass dense data.");
  return array(x, { dtype: options.dtype ?? null });
}

/** The numbers at hand as nested arrays: `x.array()`. Errors: `StateError` while traced. `ops.convertToNumpy(x)` */
export const convertToNumpy = (x: TensorLike): Nested => tensor(x).array();

/**
 * `start, start + step, …` below `stop`; with one number 0, 1, … below it. int32 when all three are whole, else float32.
 *
 * Example: `ops.arange(3) // [0, 1, 2]`, `ops.arange(2, 11, 3) // [2, 5, 8]`, `ops.arange(0, { stop: 1, step: 0.5 }) // [0, 0.5]`
 */
export function arange(start: number, stop?: number | null, step?: number | null, options?: OfType): Tensor;
export function arange(start: number, options: { stop?: number | null; step?: number | null; dtype?: EdgeDType | null }): Tensor;
export function arange(
  start: number,
  stopOrOptions: number | null | { stop?: number | null; step?: number | null; dtype?: EdgeDType | null } = null,
  stepGiven: number | null = null,
  more: OfType = {},
): Tensor {
  const given =
    typeof stopOrOptions === "object" && stopOrOptions !== null
      ? stopOrOptions
      : { stop: stopOrOptions, step: stepGiven, ...more };
  checkOptions("arange", given, ["stop", "step", "dtype"]);
  const { stop = null, dtype = null } = given;
  const step = given.step ?? 1;
  const [from, to] = stop === null ? [0, start] : [start, stop];
  if (![from, to, step].every(Number.isFinite) || step === 0) {
    throw new ValueError(`arange: start, stop and step are numbers, step is not 0; received ${from}, ${to}, ${step}.`);
  }
  const values = Float64Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
  const whole = [from, to, step].every(Number.isInteger);
  return new Tensor(values, [values.length], { dtype: dtype ?? (whole ? "int32" : "float32") });
}

export interface SpaceOptions {
  /** How many. */
  num?: number;
  /** Is `stop` the last one? */
  endpoint?: boolean;
  dtype?: EdgeDType | null;
  /** Where the new axis goes when start or stop have axes. */
  axis?: number;
}
const SPACE_OPTIONS = ["num", "endpoint", "dtype", "axis"];

function spaced(start: TensorLike, stop: TensorLike, options: SpaceOptions & { retstep: true }): [Tensor, Tensor];
function spaced(start: TensorLike, stop: TensorLike, options?: SpaceOptions & { retstep?: false }): Tensor;
function spaced(
  start: TensorLike,
  stop: TensorLike,
  options: SpaceOptions & { retstep?: boolean } = {},
): Tensor | [Tensor, Tensor] {
  checkOptions("linspace", options, [...SPACE_OPTIONS, "retstep"]);
  const { num = 50, endpoint = true, retstep = false, dtype = null, axis = 0 } = options;
  const n = wholeNumber("linspace", "num", num);
  const steps = endpoint ? n - 1 : n;
  const [a, b] = [float(start), float(stop)];
  const difference = apply("subtract", [b, a]);
  const shares = new Tensor(
    Float32Array.from({ length: n }, (_, i) => (steps > 0 ? i / steps : 0)),
    [n, ...difference.shape.map(() => 1)],
  );
  // a(1 − t) + b·t hits both ends exactly
  const mixed = apply("add", [apply("multiply", [a, apply("subtract", [1, shares])]), apply("multiply", [b, shares])]);
  const placed = axis === 0 ? mixed : moveaxis(mixed, 0, axis);
  const values = dtype ? cast(placed, dtype) : placed;
  return retstep ? [values, apply("divide", [difference, steps > 0 ? steps : Number.NaN])] : values;
}
/**
 * `num` evenly spaced values from `start` to `stop`, along a new axis; with `retstep` also the step: `[values, step]`.
 *
 * Example: `ops.linspace(0, 1, { num: 5 }) // [0, 0.25, 0.5, 0.75, 1]`
 */
export const linspace = op("linspace", spaced);

/** `base^e` for evenly spaced `e` from `start` to `stop`. `ops.logspace(0, 2, { num: 3 }) // [1, 10, 100]` */
export const logspace = op(
  "logspace",
  (start: TensorLike, stop: TensorLike, options: SpaceOptions & { base?: TensorLike } = {}): Tensor => {
    checkOptions("logspace", options, [...SPACE_OPTIONS, "base"]);
    const { base = 10, dtype = null, ...space } = options;
    const y = apply("power", [base, linspace(start, stop, space)]);
    return dtype ? cast(y, dtype) : y;
  },
);

/** Values from `start` to `stop`, each a constant factor from the last; both of one sign, not 0. `ops.geomspace(1, 4, { num: 3 }) // [1, 2, 4]` */
export const geomspace = op("geomspace", (start: TensorLike, stop: TensorLike, options: SpaceOptions = {}): Tensor => {
  checkOptions("geomspace", options, SPACE_OPTIONS);
  const { dtype = null, ...space } = options;
  const [a, b] = [float(start), float(stop)];
  const logs = linspace(apply("log", [apply("abs", [a])]), apply("log", [apply("abs", [b])]), space);
  const y = apply("multiply", [apply("exp", [logs]), apply("sign", [a])]);
  return dtype ? cast(y, dtype) : y;
});

/** Ones on diagonal `k`, zeros elsewhere: `[N, M]`. `ops.eye(2) // [[1, 0], [0, 1]]` */
export function eye(N: number, options: { M?: number | null; k?: number; dtype?: EdgeDType | null } = {}): Tensor {
  checkOptions("eye", options, ["M", "k", "dtype"]);
  const n = wholeNumber("eye", "N", N);
  const m = wholeNumber("eye", "M", options.M ?? n);
  const { k = 0 } = options;
  const data = Float32Array.from({ length: n * m }, (_, i) => (Math.floor(i / m) + k === i % m ? 1 : 0));
  return new Tensor(data, [n, m], { dtype: options.dtype ?? "float32" });
}

/** The identity matrix. `ops.identity(2) // [[1, 0], [0, 1]]` */
export const identity = (n: number, options: OfType = {}): Tensor => eye(n, options);

/**
 * Coordinates of a grid: one tensor per vector, each with all the axes. `indexing` `"xy"` puts the second vector's axis first.
 *
 * Example: `ops.meshgrid([1, 2], [3, 4], { indexing: "ij" }) // [[[1, 1], [2, 2]], [[3, 4], [3, 4]]]`
 */
export const meshgrid = op("meshgrid", (...args: (TensorLike | { indexing?: "xy" | "ij" })[]): Tensor[] => {
  const last = args.at(-1);
  const isOptions = typeof last === "object" && last !== null && "indexing" in last;
  const { indexing = "xy" } = isOptions ? (last as { indexing?: "xy" | "ij" }) : {};
  if (isOptions) checkOptions("meshgrid", last, ["indexing"]);
  oneOf("meshgrid", "indexing", indexing, ["xy", "ij"]);
  const vectors = (isOptions ? args.slice(0, -1) : args).map((x) => tensor(x as TensorLike));
  const long = vectors.find((v) => v.ndim > 1);
  if (long) throw new ShapeError(`meshgrid: expected vectors, received shape [${long.shape.join(", ")}].`);
  const place = (i: number): number => (indexing === "xy" && vectors.length > 1 && i < 2 ? 1 - i : i);
  const shape = vectors.map((_, i) => vectors[place(i)]!.size);
  return vectors.map((v, i) =>
    broadcast(
      reshapeTo(
        v,
        shape.map((_, k) => (k === place(i) ? v.size : 1)),
      ),
      shape,
    ),
  );
});

/** `xₖ^(n−1), …, xₖ, 1` in each row: `[len] → [len, N]`; with `increasing` the other way round. `ops.vander([2, 3]) // [[2, 1], [3, 1]]` */
export const vander = op("vander", (x: TensorLike, options: { N?: number | null; increasing?: boolean } = {}): Tensor => {
  checkOptions("vander", options, ["N", "increasing"]);
  const t = tensor(x);
  if (t.ndim !== 1) throw new ShapeError(`vander: expected a vector, received shape [${t.shape.join(", ")}].`);
  const n = wholeNumber("vander", "N", options.N ?? t.size);
  const exponents = Float32Array.from({ length: n }, (_, i) => (options.increasing ? i : n - 1 - i));
  return apply("power", [
    reshapeTo(t, [t.size, 1]),
    new Tensor(exponents, [1, n], { dtype: t.dtype === "bool" ? "int32" : t.dtype }),
  ]);
});

// ---- windows of signal processing: symmetric, as NumPy's

function symmetricWindow(where: string, length: number, value: (share: number) => number): Tensor {
  const n = wholeNumber(where, "x", length);
  return new Tensor(
    Float32Array.from({ length: n }, (_, i) => (n === 1 ? 1 : value(i / (n - 1)))),
    [n],
  );
}
/** A triangle from 0 to 1 to 0 of `x` points. `ops.bartlett(3) // [0, 1, 0]` */
export const bartlett = (x: number): Tensor => symmetricWindow("bartlett", x, (s) => 1 - Math.abs(2 * s - 1));
/** `0.5 − 0.5 cos(2πs)` at `x` points. `ops.hanning(3) // [0, 1, 0]` */
export const hanning = (x: number): Tensor => symmetricWindow("hanning", x, (s) => 0.5 - 0.5 * Math.cos(2 * Math.PI * s));
/** `0.54 − 0.46 cos(2πs)` at `x` points. `ops.hamming(3) // [0.08, 1, 0.08]` */
export const hamming = (x: number): Tensor => symmetricWindow("hamming", x, (s) => 0.54 - 0.46 * Math.cos(2 * Math.PI * s));
/** `0.42 − 0.5 cos(2πs) + 0.08 cos(4πs)` at `x` points. `ops.blackman(3) // [0, 1, 0]` */
export const blackman = (x: number): Tensor =>
  symmetricWindow("blackman", x, (s) => 0.42 - 0.5 * Math.cos(2 * Math.PI * s) + 0.08 * Math.cos(4 * Math.PI * s));
/** `I₀(β√(1 − (2s − 1)²)) / I₀(β)` at `x` points. `ops.kaiser(3, 0) // [1, 1, 1]` */
export const kaiser = (x: number, beta: number): Tensor =>
  symmetricWindow("kaiser", x, (s) => bessel(beta * Math.sqrt(Math.max(0, 1 - (2 * s - 1) ** 2))) / bessel(beta));

/** I₀ by its power series Σ ((x/2)ᵏ / k!)². */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / 2 / k) ** 2;
    sum += term;
  }
  return sum;
}

/** The shape as an array of numbers. `ops.shape([[1, 2]]) // [1, 2]` */
export const shape = (x: TensorLike): number[] => [...tensor(x).shape];
/** The number of axes. `ops.ndim([[1, 2]]) // 2` */
export const ndim = (x: TensorLike): number => tensor(x).ndim;
/** The number of elements. `ops.size([[1, 2]]) // 2` */
export const size = (x: TensorLike): number => tensor(x).size;
/** The element type. `ops.dtype([1]) // "float32"` */
export const dtype = (x: TensorLike): Tensor["dtype"] => tensor(x).dtype;
/** Is it a Tensor? `ops.isTensor(1) // false` */
export const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;
/** The same values; a Tensor never changes, so it is the tensor itself. `ops.copy([1]) // [1]` */
export const copy = (x: TensorLike): Tensor => tensor(x);

/** As `cast`, with what the type cannot hold cut to its bounds; NaN gives 0. `ops.saturateCast([300], "uint8") // [255]` */
export const saturateCast = op("saturateCast", (x: TensorLike, dtype: EdgeDType): Tensor => {
  const bounds = BOUNDS[dtype];
  if (!bounds) return cast(x, dtype);
  const t = tensor(x);
  if (t.dtype !== "float32") {
    // Clip in the wider type: an unsigned number has no negative bound, a signed one none above 2³¹ − 1.
    const [low, high] = t.dtype === "int32" ? [-2147483648, 2147483647] : [0, 4294967295];
    const inside = apply("minimum", [apply("maximum", [t, Math.max(low, bounds[0])]), Math.min(high, bounds[1])]);
    return cast(inside, dtype);
  }
  const zeroed = apply("select", [apply("is_nan", [t]), 0, t]);
  // 2³¹ and 2³² are floats, the bounds below them are not: those values are put in after the cast.
  const inside = cast(
    apply("minimum", [
      apply("maximum", [zeroed, bounds[0]]),
      Math.min(bounds[1], dtype === "uint32" || dtype === "uint64" ? 4294967040 : 2147483520),
    ]),
    dtype,
  );
  if (bounds[1] < 2147483647) return inside;
  const top = new Tensor([bounds[1]], [], { dtype: coreDType(dtype) });
  return apply("select", [apply("greater_equal", [zeroed, bounds[1] + 1]), top, inside]);
});
const BOUNDS: Partial<Record<EdgeDType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
  int64: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
  uint64: [0, 4294967295],
};
