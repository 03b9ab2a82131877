// Indices: take, slices, sorting, scatter and segments against naive loops; loops and branches.

import { grad, jit, ops, ShapeError, StateError, type Tensor, tensor } from "keratin";
import { expect, test } from "vitest";
import { gradientHolds, make, near, sample } from "./opsSupport.js";

test("take wraps negative indices and gives NaN outside", () => {
  near(ops.take([5, 6, 7], [2, -3, 3, -4]), [7, 5, Number.NaN, Number.NaN]);
  expect(
    ops.take(
      sample([2, 3, 4]),
      [
        [0, 1],
        [2, 0],
      ],
      { axis: 1 },
    ).shape,
  ).toEqual([2, 2, 2, 4]);
  near(
    ops.take(
      [
        [1, 2],
        [3, 4],
      ],
      1,
      { axis: 1 },
    ),
    [2, 4],
  );
  gradientHolds((x) => ops.take(x, [1, 1, 0], { axis: 1 }), sample([2, 3]));
});

test("takeAlongAxis takes for each place its own", () => {
  near(
    ops.takeAlongAxis(
      [
        [5, 6],
        [7, 8],
      ],
      [
        [1, 0, -1],
        [0, 2, 1],
      ],
      { axis: 1 },
    ),
    [6, 5, 6, 7, Number.NaN, 8],
  );
  near(
    ops.takeAlongAxis(
      [
        [5, 6],
        [7, 8],
      ],
      [[1, 0]],
      { axis: 0 },
    ),
    [7, 6],
  );
  gradientHolds((x) => ops.takeAlongAxis(x, [[1], [1]], { axis: 1 }), sample([2, 3]));
  expect(() => ops.takeAlongAxis([[1]], [0], { axis: 0 })).toThrow(/as many axes as the tensor: \[1\] for \[1, 1\]/);
});

test("getItem reads keys as Python does", () => {
  const x = ops.reshape(ops.arange(24), [2, 3, 4]);
  near(ops.getItem(x, [1, -1]), [20, 21, 22, 23]);
  near(ops.getItem(x, ["...", { start: 1, stop: null, step: 2 }]), [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23]);
  near(ops.getItem(x, [0, { step: -2 }, 0]), [8, 0]);
  expect(ops.getItem(x, [null, 0, "...", null]).shape).toEqual([1, 3, 4, 1]);
  near(ops.getItem(x, [{}, tensor([2, 0], { dtype: "int32" }), 0]), [8, 0, 20, 12]);
  expect(() => ops.getItem(x, [2])).toThrow(/index 2 is outside axis 0 of shape \[2, 3, 4\]/);
});

test("slice and sliceUpdate move a block that would stick out inside, with known and with traced starts", () => {
  const x = ops.arange(5);
  near(ops.slice(x, [4], [3]), [2, 3, 4]);
  near(ops.sliceUpdate(x, [4], [8, 9]), [0, 1, 2, 8, 9]);
  const traced = jit((s: Tensor) => [ops.slice(x, s, [3]), ops.sliceUpdate(x, s, [8, 9])]);
  near(traced(tensor([4])), [2, 3, 4, 0, 1, 2, 8, 9]);
  gradientHolds((t) => ops.sliceUpdate(t, [1, 0], [[7, 8]]), sample([3, 3]));
  gradientHolds((u) => ops.sliceUpdate(sample([3, 3]), [1, 1], u), sample([1, 2]));
  expect(() => ops.slice(x, [0], [6])).toThrow(/a block of shape \[6\] does not fit into a tensor of shape \[5\]/);
});

test("where and select choose; the options form says the same", () => {
  near(ops.where([true, false], [1, 2], 0), [1, 0]);
  near(ops.where([true, false], { x1: [1, 2], x2: 0 }), [1, 0]);
  near(ops.where([0, 5, 6]), [1, 2]);
  near(
    ops.select(
      [
        [1, 0, 0],
        [1, 1, 0],
      ],
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { default: 9 },
    ),
    [1, 5, 9],
  );
  expect(() => (ops.where as (c: unknown, x: unknown) => unknown)([true], 1)).toThrow(/both x1 and x2, or neither/);
});

test("one-hot, multi-hot and membership", () => {
  near(ops.oneHot([1, 5, -1], 3), [0, 1, 0, 0, 0, 0, 0, 0, 0]);
  expect(ops.oneHot([[1, 2]], 4, { axis: 0, dtype: "int32" }).shape).toEqual([4, 1, 2]);
  near(
    ops.multiHot(
      [
        [2, 0],
        [1, 1],
      ],
      3,
    ),
    [1, 0, 1, 0, 1, 0],
  );
  near(ops.isin([1, 2, 3], [2, 5]), [0, 1, 0]);
  near(ops.unravelIndex([5, 0], [2, 3]), [1, 0, 2, 0]);
});

test("sorting: NaN last, equals in order, gradients follow", () => {
  near(ops.sort([3, Number.NaN, -1, 2]), [-1, 2, 3, Number.NaN]);
  near(
    ops.argsort(
      [
        [2, 1, 2],
        [0, 0, -1],
      ],
      { axis: 1 },
    ),
    [1, 0, 2, 2, 0, 1],
  );
  near(
    ops.sort(
      [
        [3, 1],
        [2, 5],
      ],
      { axis: 0 },
    ),
    [2, 1, 3, 5],
  );
  gradientHolds((x) => ops.sort(x, { axis: 0 }), sample([3, 2]));
  near(
    ops.topK(
      [
        [1, 3, 3],
        [9, 8, 7],
      ],
      2,
    ),
    [3, 3, 9, 8, 1, 2, 0, 1],
  );
  near(ops.topK(make([-2147483648, 5, -3], [3], "int32"), 3)[0], [5, -3, -2147483648]);
  near(
    ops.inTopK(
      [1, 0],
      [
        [0.1, 0.9, 0.5],
        [0.1, 0.9, 0.5],
      ],
      2,
    ),
    [1, 0],
  );
  expect(() => ops.topK([1, 2], 3)).toThrow(ShapeError);
});

test("searchsorted and digitize count the elements below", () => {
  near(ops.searchsorted([1, 2, 2, 3], [0, 2, 3, 9, Number.NaN]), [0, 1, 3, 4, 4]);
  near(ops.searchsorted([1, 2, 2, 3], [2, 3], { side: "right" }), [3, 4]);
  near(ops.digitize([0.5, 1, 5], [0, 1, 2]), [1, 2, 3]);
  near(ops.digitize([0.5, 1, 5], [2, 1, 0]), [2, 1, 0]);
});

test("scatter adds up, drops what lies outside, and wraps negative coordinates", () => {
  near(ops.scatter([[1], [1], [9], [-1]], [2, 3, 5, 7], [3]), [0, 5, 7]);
  near(
    ops.scatter(
      [
        [0, 1],
        [1, 0],
      ],
      [
        [1, 2],
        [3, 4],
      ],
      [2, 2, 2],
    ),
    [0, 0, 1, 2, 3, 4, 0, 0],
  );
  gradientHolds((v) => ops.scatter([[1], [1], [0]], v, [3, 2]), sample([3, 2]));
});

test("scatterUpdate: the last of several stays; reductions combine with what is there", () => {
  near(ops.scatterUpdate([1, 2, 3], [[0], [2], [0]], [7, 8, 9]), [9, 2, 8]);
  const cases: ["add" | "max" | "min" | "mul", number[]][] = [
    ["add", [1 + 7 + 9, 2, 11]],
    ["max", [9, 2, 8]],
    ["min", [1, 2, 3]],
    ["mul", [63, 2, 24]],
  ];
  for (const [reduction, expected] of cases)
    near(ops.scatterUpdate([1, 2, 3], [[0], [2], [0]], [7, 8, 9], { reduction }), expected);
  near(grad((u: Tensor) => ops.sum(ops.scatterUpdate([1, 2], [[0], [0]], u)))(tensor([7, 8])), [0, 1]);
  gradientHolds((x) => ops.scatterUpdate(x, [[1, 0]], [5]), sample([2, 2]));
});

test("segments: sum, max, min, prod; empty ones hold the identity, ties share the gradient", () => {
  const [data, ids] = [
    [3, 1, 2, 5, 4],
    [1, 1, 0, 3, 1],
  ];
  near(ops.segmentSum(data, ids, { numSegments: 4 }), [2, 8, 0, 5]);
  near(ops.segmentMax(data, ids, { numSegments: 4 }), [2, 4, -Infinity, 5]);
  near(ops.segmentMin(data, ids), [2, 1, Infinity, 5]);
  near(ops.segmentProd(data, ids), [2, 12, 1, 5]);
  near(ops.segmentSum(data, [0, -1, 9, 0, 1], { numSegments: 2 }), [8, 4]);
  gradientHolds((x) => ops.segmentProd(x, [0, 1, 0], { numSegments: 2 }), sample([3, 2]));
  gradientHolds((x) => ops.segmentMax(x, [0, 1, 0], { numSegments: 2 }), sample([3, 2]));
  near(grad((x: Tensor) => ops.sum(ops.segmentMax(x, [0, 0, 0], { numSegments: 1 })))(tensor([2, 2, 1])), [0.5, 0.5, 0]);
  expect(() => jit((i: Tensor) => ops.segmentSum(data, i))(tensor(ids))).toThrow(/give `numSegments`/);
});

test("counting: bincount with weights and batches, unique, nonzero", () => {
  near(ops.bincount([1, 1, 3]), [0, 2, 0, 1]);
  near(
    ops.bincount(
      [
        [0, 1],
        [1, 1],
      ],
      { minlength: 3 },
    ),
    [1, 1, 0, 0, 2, 0],
  );
  near(ops.bincount([1, 1], { weights: [0.5, 2] }), [0, 2.5]);
  near(
    ops.unique([3, 1, 3], { returnIndex: true, returnInverse: true, returnCounts: true }) as Tensor[],
    [1, 3, 1, 0, 1, 0, 1, 1, 2],
  );
  near(
    ops.unique(
      [
        [1, 2],
        [1, 2],
        [0, 1],
      ],
      { axis: 0 },
    ) as Tensor,
    [0, 1, 1, 2],
  );
  near(
    ops.nonzero([
      [0, 5],
      [6, 0],
    ]),
    [0, 1, 1, 0],
  );
  expect(() => jit((x: Tensor) => ops.nonzero(x))(tensor([1]))).toThrow(StateError);
});

test("scan carries and stacks, in either direction, with a gradient through everything it reads", () => {
  const [last, before] = ops.scan((sum: Tensor, x: Tensor) => [ops.add(sum, x), sum], 0, { xs: [1, 2, 3] });
  near([last, before], [6, 0, 1, 3]);
  near(
    ops.scan((c: Tensor, x: Tensor) => [ops.multiply(c, x), c], tensor(1), { xs: tensor([2, 3, 4]), reverse: true })[1],
    [12, 4, 1],
  );
  const recurrence = (w: Tensor): Tensor =>
    ops.scan((h: Tensor, x: Tensor) => [ops.tanh(ops.add(ops.multiply(h, w), x)), null], tensor(0.5), { xs: [0.1, 0.2, 0.3] })[0];
  gradientHolds(recurrence, tensor(0.7));
  near(ops.scan((c: { n: Tensor }) => [{ n: ops.add(c.n, 1) }, null], { n: tensor(0) }, { length: 5 })[0].n, 5);
  expect(() => ops.scan((c: Tensor) => [ops.stack([c, c]), null], 0, { length: 2 })).toThrow(
    /went in as float32\[\] and came out as float32\[2\]/,
  );
  expect(() => ops.scan((c: Tensor) => [c, null], 0)).toThrow(/give `xs` or `length`/);
});

test("scans nest, and run inside jit", () => {
  const total = jit(
    (rows: Tensor) =>
      ops.scan(
        (s: Tensor, row: Tensor) => [ops.scan((t: Tensor, x: Tensor) => [ops.add(t, x), null], s, { xs: row })[0], null],
        0,
        { xs: rows },
      )[0],
  );
  near(
    total(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    ),
    10,
  );
});

test("loops and branches, at hand and traced", () => {
  near(
    ops.foriLoop(0, 4, (i, x: Tensor) => ops.add(x, i), tensor(1)),
    7,
  );
  const double =
    (most: number | null) =>
    (x: Tensor): Tensor =>
      ops.whileLoop(
        (v: Tensor) => ops.less(v, 9),
        (v: Tensor) => ops.multiply(v, 2),
        x,
        { maximumIterations: most },
      );
  near([double(null)(tensor(1)), jit(double(10))(tensor(1)), jit(double(2))(tensor(1))], [16, 16, 4]);
  expect(() => jit(double(null))(tensor(1))).toThrow(/give `maximumIterations`/);
  const size = (x: Tensor): Tensor =>
    ops.cond(
      ops.less(x, 0),
      () => ops.negative(x),
      () => x,
    );
  near([size(tensor(-3)), jit(size)(tensor(-3)), jit(size)(tensor(4))], [3, 3, 4]);
  const pick = (i: Tensor): Tensor => ops.switch(i, [() => tensor(10), () => tensor(20), () => tensor(30)]);
  near([pick(tensor(1)), jit(pick)(tensor(2)), jit(pick)(tensor(9)), jit(pick)(tensor(-1))], [20, 30, 30, 10]);
  near(
    ops.map((x: Tensor) => ops.multiply(x, 2), tensor([1, 2])),
    [2, 4],
  );
});

test("associativeScan agrees with the running sum for all small sizes", () => {
  for (const n of [1, 2, 3, 4, 5, 17]) {
    const x = sample([n, 2]);
    near(ops.associativeScan(ops.add, x), ops.cumsum(x, { axis: 0 }).array(), 1e-5);
    near(
      ops.associativeScan(ops.add, x, { reverse: true }),
      ops.flip(ops.cumsum(ops.flip(x, { axis: 0 }), { axis: 0 }), { axis: 0 }).array(),
      1e-5,
    );
  }
});

test("stopGradient is the value, as a constant", () => {
  near(grad((x: Tensor) => ops.multiply(ops.stopGradient(x), x))(tensor(3)), 3);
});
