// Elementwise ops: value, NaN, derivative, literal input and bad input, row by row.

import { grad, ops, type Tensor, tensor, ValueError } from "keratin";
import { describe, expect, test } from "vitest";
import { gradientHolds, make, type Numbers, near } from "./opsSupport.js";

type Unary = (x: number) => number;
const logistic: Unary = (x) => 1 / (1 + Math.exp(-x));
const softplus: Unary = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
const AWAY = [-2.3, -0.7, 0.4, 1.6]; // no kink of any of them, and odd on purpose
const POSITIVE = [0.3, 0.9, 1.4, 2.7];
const UNIT = [-0.8, -0.35, 0.15, 0.72];

// name, formula, points. NaN in gives NaN out, but where the last column says otherwise.
const UNARY: [keyof typeof ops & string, Unary, Numbers, unknown?][] = [
  ["negative", (x) => -x, AWAY],
  ["abs", Math.abs, AWAY],
  ["fabs", Math.abs, AWAY],
  ["sign", Math.sign, AWAY],
  ["square", (x) => x * x, AWAY],
  ["sqrt", Math.sqrt, POSITIVE],
  ["rsqrt", (x) => 1 / Math.sqrt(x), POSITIVE],
  ["cbrt", Math.cbrt, AWAY],
  ["reciprocal", (x) => 1 / x, POSITIVE],
  ["exp", Math.exp, AWAY],
  ["exp2", (x) => 2 ** x, AWAY],
  ["expm1", Math.expm1, AWAY],
  ["log", Math.log, POSITIVE],
  ["log1p", Math.log1p, POSITIVE],
  ["log2", Math.log2, POSITIVE],
  ["log10", Math.log10, POSITIVE],
  ["sin", Math.sin, AWAY],
  ["cos", Math.cos, AWAY],
  ["tan", Math.tan, UNIT],
  ["arcsin", Math.asin, UNIT],
  ["arccos", Math.acos, UNIT],
  ["arctan", Math.atan, AWAY],
  ["sinh", Math.sinh, AWAY],
  ["cosh", Math.cosh, AWAY],
  ["tanh", Math.tanh, AWAY],
  ["arcsinh", Math.asinh, AWAY],
  ["arccosh", Math.acosh, [1.5, 1.9, 2.7]],
  ["arctanh", Math.atanh, UNIT],
  ["deg2rad", (x) => (x * Math.PI) / 180, AWAY],
  ["sinc", (x) => Math.sin(Math.PI * x) / (Math.PI * x), AWAY],
  ["sigmoid", logistic, AWAY],
  ["softplus", softplus, AWAY],
  ["logSigmoid", (x) => -softplus(-x), AWAY],
  ["softsign", (x) => x / (1 + Math.abs(x)), AWAY],
  ["silu", (x) => x * logistic(x), AWAY],
  ["relu", (x) => Math.max(x, 0), AWAY],
  ["relu6", (x) => clamp(x, 0, 6), [...AWAY, 7.5]],
  ["leakyRelu", (x) => (x > 0 ? x : 0.2 * x), AWAY],
  ["hardSigmoid", (x) => clamp(x + 3, 0, 6) / 6, AWAY],
  ["hardSilu", (x) => (x * clamp(x + 3, 0, 6)) / 6, AWAY],
  ["elu", (x) => (x > 0 ? x : Math.expm1(x)), AWAY],
  ["selu", (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)), AWAY],
  ["celu", (x) => (x > 0 ? x : Math.expm1(x)), AWAY],
  ["gelu", (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))), AWAY],
  ["hardTanh", (x) => clamp(x, -1, 1), AWAY],
  ["tanhShrink", (x) => x - Math.tanh(x), AWAY],
  ["softShrink", (x) => (x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : 0), AWAY, 0],
  ["hardShrink", (x) => (Math.abs(x) > 0.5 ? x : 0), AWAY, 0],
  ["squareplus", (x) => (x + Math.sqrt(x * x + 4)) / 2, AWAY],
  ["sparsePlus", (x) => (x <= -1 ? 0 : x >= 1 ? x : (x + 1) ** 2 / 4), AWAY],
  ["sparseSigmoid", (x) => clamp((x + 1) / 2, 0, 1), AWAY],
];

describe.each(UNARY)("%s", (name, formula, points, ofNan = Number.NaN) => {
  const f = ops[name] as (x: unknown) => Tensor;

  test("is its formula", () => near(f(points), points.map(formula)));
  test("takes a plain number", () => near(f(points[0]), formula(points[0]!)));
  test("says what NaN becomes", () => near(f([Number.NaN]), [ofNan]));
  test("has the formula's slope", () => {
    const h = 1e-5;
    const slopes = points.map((x) => (formula(x + h) - formula(x - h)) / (2 * h));
    near(grad((x: Tensor) => ops.sum(f(x)))(tensor(points)), slopes, 1e-4);
  });
  test("refuses text, and says what it takes", () => {
    expect(() => f("1")).toThrow(ValueError);
    expect(() => f(["1"])).toThrow(/expected numbers or booleans, received "1"/);
  });
});

const [A, B] = [
  [-2.3, 0.7, 1.4, 2.6],
  [1.3, -0.9, 0.6, 2.1],
];
const BINARY: [keyof typeof ops & string, (a: number, b: number) => number, Numbers, Numbers, boolean?][] = [
  ["add", (a, b) => a + b, A, B],
  ["subtract", (a, b) => a - b, A, B],
  ["multiply", (a, b) => a * b, A, B],
  ["divide", (a, b) => a / b, A, B],
  ["power", (a, b) => a ** b, [0.4, 1.2, 2.5], [1.3, -0.7, 2.2]],
  ["maximum", Math.max, A, B],
  ["minimum", Math.min, A, B],
  ["mod", (a, b) => a - b * Math.floor(a / b), A, B],
  ["fmod", (a, b) => a % b, A, B],
  ["floorDivide", (a, b) => Math.floor(a / b), A, B],
  ["arctan2", Math.atan2, A, B],
  ["hypot", Math.hypot, A, B],
  ["logaddexp", (a, b) => Math.log(Math.exp(a) + Math.exp(b)), A, B],
  ["logaddexp2", (a, b) => Math.log2(2 ** a + 2 ** b), A, B],
  ["divideNoNan", (a, b) => a / b, A, B],
  ["equal", (a, b) => Number(a === b), [1, 2], [1, 3], true],
  ["notEqual", (a, b) => Number(a !== b), [1, 2], [1, 3], true],
  ["less", (a, b) => Number(a < b), A, B, true],
  ["lessEqual", (a, b) => Number(a <= b), A, B, true],
  ["greater", (a, b) => Number(a > b), A, B, true],
  ["greaterEqual", (a, b) => Number(a >= b), A, B, true],
  ["logicalAnd", (a, b) => Number(a !== 0 && b !== 0), [0, 0, 2, 2], [0, 3, 0, 3], true],
  ["logicalOr", (a, b) => Number(a !== 0 || b !== 0), [0, 0, 2, 2], [0, 3, 0, 3], true],
  ["logicalXor", (a, b) => Number((a !== 0) !== (b !== 0)), [0, 0, 2, 2], [0, 3, 0, 3], true],
];

describe.each(BINARY)("%s", (name, formula, a, b, truth = false) => {
  const f = ops[name] as (x: unknown, y: unknown) => Tensor;
  test("is its formula, and broadcasts", () => {
    near(
      f(a, b),
      a.map((x, i) => formula(x, b[i]!)),
    );
    near(
      f([a, a], [[b[0]!], [b[1]!]]),
      [0, 1].map((k) => a.map((x) => formula(x, b[k]!))),
    );
  });
  test("takes plain numbers on either side", () => {
    near(
      f(a, b[0]),
      a.map((x) => formula(x, b[0]!)),
    );
    near(
      f(a[0], b),
      b.map((y) => formula(a[0]!, y)),
    );
  });
  test("names both shapes when they do not broadcast", () => {
    expect(() => f([1, 2, 3], [1, 2])).toThrow(/\[3\] and \[2\] do not broadcast/);
  });
  test.skipIf(truth || name === "floorDivide")("has the formula's slopes on both sides", () => {
    gradientHolds((x) => f(x, b), tensor(a), 2e-3, 1e-2);
    gradientHolds((y) => f(a, y), tensor(b), 2e-3, 1e-2);
  });
});

test("slopes at kinks and ties are those of JAX", () => {
  const slope = (f: (x: Tensor) => Tensor, x: number): number => grad((t: Tensor) => f(t))(tensor(x)).item();
  expect(slope(ops.abs, 0)).toBe(1);
  expect(slope(ops.relu, 0)).toBe(0);
  expect(slope((x) => ops.maximum(x, 0), 0)).toBe(0.5);
  expect(slope((x) => ops.clip(x, 0, 1), 1)).toBe(0.5);
  expect(slope((x) => ops.logaddexp(x, 0), 0)).toBe(0.5);
  expect(slope(ops.sinc, 0)).toBe(0);
  near(grad((x: Tensor) => ops.max(x))(tensor([2, 1, 2])), [0.5, 0, 0.5]);
});

test("integers stay integers where the result is whole, and become float32 elsewhere", () => {
  const i = make([-7, 3], [2], "int32");
  const types = [ops.add(i, 1), ops.multiply(i, i), ops.mod(i, 2), ops.abs(i), ops.clip(i, -1, 1), ops.trunc(i), ops.sum(i)];
  expect(types.map((t) => t.dtype)).toEqual(Array(7).fill("int32"));
  expect([ops.divide(i, 2), ops.add(i, 0.5), ops.mean(i), ops.floor(i), ops.exp(i)].map((t) => t.dtype)).toEqual(
    Array(5).fill("float32"),
  );
  near(ops.mod(i, 3), [2, 0]);
  near(ops.floorDivide(i, 2), [-4, 1]);
});

test("bits: and, or, xor, not, shifts, and reading floats as integers", () => {
  const [six, three] = [make([6], [1], "int32"), make([3], [1], "int32")];
  const results = [ops.bitwiseAnd(six, three), ops.bitwiseOr(six, three), ops.bitwiseXor(six, three), ops.bitwiseNot(six)];
  near(results, [2, 7, 5, -7]);
  near([ops.leftShift(three, 2), ops.rightShift(ops.negative(six), 1)], [12, -3]);
  near(ops.view([1], { dtype: "int32" }), [0x3f800000]);
  expect(() => ops.bitwiseAnd([1.5], [1])).toThrow(/bitwise_and: not defined for f32/);
});

test("ops at the edges of numbers", () => {
  near(ops.round([0.5, 1.5, 2.5, -0.5]), [0, 2, 2, 0]);
  near(ops.round([1.234], { decimals: 2 }), [1.23]);
  near(ops.logaddexp([Infinity, -Infinity], [Infinity, -Infinity]), [Infinity, -Infinity]);
  near(ops.hypot([3e30, 0], [4e30, 0]), [5e30, 0]);
  near(ops.nanToNum([Number.NaN, Infinity, 1], { posinf: 9 }), [0, 9, 1]);
  near(ops.fmax([Number.NaN, 1], [2, Number.NaN]), [2, 1]);
  near(ops.heaviside([-1, 0, 2, Number.NaN], 0.5), [0, 0.5, 1, Number.NaN]);
  near(ops.ldexp([3, 3], make([2, -2], [2], "int32")), [12, 0.75]);
  near(ops.nextafter([0, 1], [1, 2]), [1.4e-45, 1 + 2 ** -23], 1e-9);
  near(ops.signbit([-0, 0, -1]), [1, 0, 1]);
  near(ops.isclose([1, Infinity, Number.NaN], [1 + 1e-7, Infinity, Number.NaN]), [1, 1, 0]);
  near(ops.divideNoNan([1, 1], [2, 0]), [0.5, 0]);
  near(ops.gcd(make([12, -18, 0], [3], "int32"), make([18, 12, 5], [3], "int32")), [6, 6, 5]);
  near(ops.lcm(make([4, 0], [2], "int32"), make([6, 5], [2], "int32")), [12, 0]);
});

test("i0 is Σ ((x/2)ᵏ/k!)²", () => {
  const series = (x: number): number => {
    let [sum, term] = [1, 1];
    for (let k = 1; k < 60; k++) sum += term *= (x / 2 / k) ** 2;
    return sum;
  };
  const points = [0, 0.5, -2, 7.9, 8.1, 20];
  near(ops.i0(points), points.map(series), 1e-6);
});

test("a misspelt option is an error that suggests the right one", () => {
  expect(() => ops.sum([1], { axes: 0 } as object)).toThrow('sum: Unknown option "axes". Did you mean "axis"?');
  expect(() => ops.sum([1], 0 as unknown as object)).toThrow(/sum: expected an object of options, received 0/);
});
