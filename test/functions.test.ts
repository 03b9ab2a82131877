// grad, valueAndGrad and jit: structures, nesting, Variables, caches, and errors that say what to do.

import { DTypeError, grad, jit, ops, ShapeError, StateError, type Tensor, tensor, Variable, valueAndGrad } from "keratin";
import { expect, test } from "vitest";
import { make, near } from "./opsSupport.js";

const square = (x: Tensor): Tensor => ops.sum(ops.square(x));

test("the gradient of Σ x² is 2x", () => {
  near(grad(square)(tensor([1, 2, -3])), [2, 4, -6]);
  const [value, gradient] = valueAndGrad(square)(tensor([1, 2]));
  near([value, gradient], [5, 2, 4]);
});

test("the gradient has the structure of the argument", () => {
  const f = (p: { w: Tensor; rest: [Tensor, Tensor] }): Tensor => ops.sum(ops.multiply(ops.multiply(p.w, p.rest[0]), p.rest[1]));
  const g = grad(f)({ w: tensor([1, 2]), rest: [tensor([3, 4]), tensor(5)] });
  near([g.w, g.rest[0], g.rest[1]], [15, 20, 5, 10, 1 * 3 + 2 * 4]);
});

test("argnums chooses arguments; numbers are scalars", () => {
  const f = (a: Tensor | number, b: Tensor | number): Tensor => ops.multiply(ops.multiply(a, a), b);
  near(grad(f, { argnums: 1 })(3, 5), 9);
  near(grad(f, { argnums: [0, 1] })(3, 5), [30, 9]);
  expect(() => grad(f, { argnums: 2 })(1, 2)).toThrow(/argnums 2 of 2 arguments/);
});

test("derivatives nest: x⁴ has 4x³, 12x², 24x", () => {
  const f = (x: Tensor): Tensor => ops.power(x, 4);
  near([grad(f)(tensor(2)), grad(grad(f))(tensor(2)), grad(grad(grad(f)))(tensor(2))], [32, 48, 48], 1e-5);
});

test("only what the function does with its argument counts", () => {
  // g1 = 2x is a number for the outer function: d/dx Σ g1·x = g1, not 4x.
  const f = jit((x: Tensor) => {
    const g1 = grad(square)(x);
    return grad((y: Tensor) => ops.sum(ops.multiply(y, g1)))(x);
  });
  near(f(tensor([1, 2])), [2, 4]);
});

test("a value that does not depend on the argument has a gradient of zeros", () => {
  near(grad((_: Tensor) => ops.sum([1, 2]))(tensor([1, 2])), [0, 0]);
  near(grad((x: Tensor) => ops.sum(ops.cast(ops.cast(x, "int32"), "float32")))(tensor([1.5])), [0]);
});

test("Variables inside are states: they are read anew, and can be arguments", () => {
  const w = new Variable([2, 3]);
  const loss = (x: Tensor): Tensor => ops.sum(ops.multiply(x, w.value));
  near(grad(loss)(tensor([1, 1])), [2, 3]);
  w.assign([4, 5]);
  near(grad(loss)(tensor([1, 1])), [4, 5]);
  near(grad((v: Tensor) => ops.sum(ops.square(v)))(w.value), [8, 10]);
});

test("grad says what it needs", () => {
  expect(() => grad((x: Tensor) => x)(tensor([1, 2]))).toThrow(ShapeError);
  expect(() => grad((x: Tensor) => x)(tensor([1, 2]))).toThrow(/must return a scalar, it returned shape \[2\]. Reduce it/);
  expect(() => grad((x: Tensor) => ops.sum(x))(make([1], [1], "int32"))).toThrow(DTypeError);
  expect(() => grad((async () => tensor(1)) as unknown as (x: Tensor) => Tensor)(tensor(1))).toThrow(/must not be async/);
  expect(() => grad((x: Tensor) => (x.data[0]! > 0 ? x : ops.negative(x)))(tensor(1))).toThrow(StateError);
});

test("jit gives what the function gives, in its structure", () => {
  const f = jit((x: Tensor, options: { scale: number }) => ({
    y: ops.multiply(x, options.scale),
    name: "doubled",
    parts: [x, null] as const,
  }));
  const out = f(tensor([1, 2]), { scale: 2 });
  near([out.y, out.parts[0]], [2, 4, 1, 2]);
  expect([out.name, out.parts[1]]).toEqual(["doubled", null]);
});

test("jit traces once for each form of its arguments", () => {
  let traces = 0;
  const f = jit((x: Tensor, n: number) => {
    traces++;
    return ops.add(x, n);
  });
  near([f(tensor([1]), 1), f(tensor([5]), 1)], [2, 6]);
  expect(traces).toBe(1);
  near([f(tensor([1, 2]), 1), f(tensor([1]), 2), f(make([1], [1], "int32"), 1)], [2, 3, 3, 2]);
  expect(traces).toBe(4);
});

test("jit updates Variables, and reads what they hold now", () => {
  const count = new Variable(0);
  const step = jit((by: Tensor) => {
    count.assign(ops.add(count.value, by));
    return ops.multiply(count.value, 10);
  });
  near([step(tensor(1)), step(tensor(2))], [10, 30]);
  near(count.value, 3);
  count.assign(100);
  near(step(tensor(1)), 1010);
});

test("a step of gradient descent in one program", () => {
  const w = new Variable([1, -2]);
  const step = jit(() => {
    const [loss, g] = valueAndGrad((v: Tensor) => ops.sum(ops.square(v)))(w.value);
    w.assign(ops.subtract(w.value, ops.multiply(g, 0.25)));
    return loss;
  });
  near([step(), step()], [5, 5 / 4]); // each step halves w
  near(w.value, [0.25, -0.5]);
});

test("jit inside jit is part of it; a value that escapes is an error", () => {
  const inner = jit((x: Tensor) => ops.multiply(x, 2));
  near(jit((x: Tensor) => ops.add(inner(x), 1))(tensor(3)), 7);
  let kept: Tensor | undefined;
  jit((x: Tensor) => (kept = ops.add(x, 1)))(tensor(1));
  expect(() => ops.add(kept!, 1)).toThrow(/return it from the function instead of keeping it/);
});
