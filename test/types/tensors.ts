// What the types promise of tensors, ops and functions of functions.

import { grad, jit, ops, random, Tensor, tensor, Variable, valueAndGrad } from "keratin";
import { expectType } from "./expect.js";

const x = tensor([
  [1, 2],
  [3, 4],
]);

// ---- tensors

new Tensor(new Float32Array(4), [2, 2]);
tensor([1, 2], { dtype: "int32" });
tensor(new Float32Array(4), { shape: [2, 2] });
// @ts-expect-error no such type
tensor([1], { dtype: "float8" });
// @ts-expect-error text holds no numbers
tensor("1, 2");
// @ts-expect-error neither do arrays of text
tensor(["1"]);
expectType<readonly number[]>()(x.shape);
expectType<number>()(x.item());
// @ts-expect-error a shape cannot be changed
x.shape[0] = 3;
// @ts-expect-error nor replaced
x.dtype = "int32";

// ---- JavaScript's operators do not compute with tensors, and TypeScript says so before they throw
// (all but `-x` and a condition, which take anything; see footguns.test.ts)

// @ts-expect-error ops.add(x, x)
export const sum = x + x;
// @ts-expect-error ops.multiply(x, 2)
export const product = x * 2;
// @ts-expect-error ops.greater(x, 0)
export const greater = x > 0;
// @ts-expect-error ops.exp(x)
export const power = Math.exp(x);
// @ts-expect-error ops.equal(x, 1)
export const equal = x === 1;

// ---- ops: operands are tensors, Variables, numbers, nested arrays

expectType<Tensor>()(ops.add(x, 1));
expectType<Tensor>()(ops.add([1, 2], new Variable([1, 2])));
expectType<Tensor>()(ops.sum(x, { axis: [0, 1], keepdims: true }));
expectType<Tensor[]>()(ops.split(x, 2));
// @ts-expect-error options are camelCase, and this one is `keepdims` in Keras
ops.sum(x, { keepDims: true });
// @ts-expect-error the axis is an option
ops.sum(x, 0);
// @ts-expect-error an axis is a number
ops.sum(x, { axis: "rows" });
// @ts-expect-error two operands
ops.add(x);
// @ts-expect-error a shape is required
ops.reshape(x);
// @ts-expect-error text is no operand
ops.exp("x");
// @ts-expect-error a known set of values
ops.pad(x, [[1, 1]], { mode: "mirror" });

// ---- gradients have the form of the argument

expectType<Tensor>()(grad((w: Tensor) => ops.sum(w))(x));
expectType<{ w: Tensor; b: Tensor[] }>()(
  grad((p: { w: Tensor; b: Tensor[] }) => ops.add(ops.sum(p.w), ops.sum(p.b[0]!)))({ w: x, b: [x] }),
);
expectType<[Tensor, Tensor]>()(valueAndGrad((w: Tensor) => ops.sum(w))(x));
// @ts-expect-error the function returns a tensor
grad((w: Tensor) => w.shape.length);
// @ts-expect-error not a promise of one
grad(async (w: Tensor) => ops.sum(w));
// @ts-expect-error the arguments are those of the function
grad((w: Tensor) => ops.sum(w))("x");

// ---- a jitted function has the type of the function

const scaled = jit((a: Tensor, factor: number) => ops.multiply(a, factor));
expectType<Tensor>()(scaled(x, 2));
// @ts-expect-error the factor is a number
scaled(x, "2");
// @ts-expect-error and required
scaled(x);

// ---- random

expectType<Tensor>()(random.normal([2], { mean: 0, stddev: 1, seed: new random.SeedGenerator(1) }));
// @ts-expect-error the shape is required
random.normal({ mean: 0 });
