// Reductions, views and new tensors against naive loops; odd sizes on purpose.

import { grad, ops, ShapeError, type Tensor, tensor, ValueError } from "keratin";
import { describe, expect, test } from "vitest";
import { at, gradientHolds, make, type Numbers, near, positions, sample } from "./opsSupport.js";

const mean = (xs: Numbers): number => xs.reduce((a, b) => a + b, 0) / xs.length;
const variance = (xs: Numbers): number => mean(xs.map((x) => (x - mean(xs)) ** 2));
const median = (xs: Numbers): number => {
  const s = [...xs].sort((a, b) => a - b);
  return (s[(s.length - 1) >> 1]! + s[s.length >> 1]!) / 2;
};

const FOLDS: [keyof typeof ops & string, (xs: Numbers) => number][] = [
  ["sum", (xs) => xs.reduce((a, b) => a + b, 0)],
  ["mean", mean],
  ["prod", (xs) => xs.reduce((a, b) => a * b, 1)],
  ["max", (xs) => Math.max(...xs)],
  ["min", (xs) => Math.min(...xs)],
  ["ptp", (xs) => Math.max(...xs) - Math.min(...xs)],
  ["var", variance],
  ["std", (xs) => Math.sqrt(variance(xs))],
  ["logsumexp", (xs) => Math.log(xs.reduce((a, b) => a + Math.exp(b), 0))],
  ["median", median],
];

describe.each(FOLDS)("%s", (name, fold) => {
  const f = ops[name] as (x: unknown, options?: object) => Tensor;
  const x = sample([3, 4, 5]);

  test.each([null, 0, 1, -1, [0, 1], [0, 2], [-1, 1], [0, 1, 2]])("over axis %j, kept or not", (axis) => {
    const axes = axis === null ? [0, 1, 2] : [axis].flat().map((a) => (a < 0 ? a + 3 : a));
    const kept = [0, 1, 2].filter((a) => !axes.includes(a));
    const group = (p: Numbers): number[][] => positions(x.shape).filter((q) => kept.every((a, i) => q[a] === p[i]));
    const expected = positions(kept.map((a) => x.shape[a]!)).map((p) => fold(group(p).map((q) => at(x, q))));
    const y = f(x, { axis });
    near(ops.ravel(y), expected, 1e-5);
    expect(y.shape).toEqual(kept.map((a) => x.shape[a]!));
    expect(f(x, { axis, keepdims: true }).shape).toEqual(x.shape.map((n, a) => (axes.includes(a) ? 1 : n)));
  });
  test("has the gradient that central differences show", () => {
    gradientHolds((t) => f(t, { axis: [0, 2] }), sample([2, 2, 3], 1), 2e-3, 2e-2);
  });
  test("NaN spoils the result that it is part of", () => {
    const y = f(
      [
        [Number.NaN, 1],
        [2, 2],
      ],
      { axis: 1 },
    );
    expect([Number.isNaN(y.data[0]), Number.isNaN(y.data[1])]).toEqual([true, false]);
  });
  test("takes a literal and refuses an axis that is not there", () => {
    near(f([3]), fold([3]));
    expect(() => f(x, { axis: 3 })).toThrow(/axis 3 is out of range; a tensor of 3 axes has -3 … 2/);
    expect(() => f(x, { axis: [1, -2] })).toThrow(/name an axis twice/);
  });
});

test("sums of nothing are 0, products 1, means NaN; extremes are errors unless there is an initial value", () => {
  const none = ops.zeros([2, 0, 3]);
  near([ops.sum(none, { axis: 1 }), ops.prod(none, { axis: 1 })], [Array(6).fill(0), Array(6).fill(1)]);
  near(ops.mean(none, { axis: 1 }), Array(6).fill(Number.NaN));
  expect(() => ops.max(none, { axis: 1 })).toThrow(/there is no max of no elements; the shape is \[2, 0, 3\]/);
  near(ops.max(none, { axis: 1, initial: 5 }), Array(6).fill(5));
});

test("truth, counts, places and running sums", () => {
  const x = [
    [1, 0, 2],
    [3, 4, 5],
  ];
  near([ops.all(x, { axis: 1 }), ops.any(x, { axis: 0 })], [0, 1, 1, 1, 1]);
  near(ops.countNonzero(x, { axis: 0 }), [2, 1, 2]);
  near(
    [
      ops.argmax(
        [
          [1, 4, 4],
          [9, 0, 1],
        ],
        { axis: 1 },
      ),
      ops.argmin([3, 1, 1]),
    ],
    [1, 0, 1],
  );
  near(ops.argmax([1, Number.NaN, 5]), 1);
  expect(ops.argmax(x, { keepdims: true }).shape).toEqual([1, 1]);
  near(ops.argmax(ops.cast([1, 4e9, 3], "uint32")), 1);
  near([ops.cumsum(x, { axis: 1 }), ops.cumprod(x, { axis: 0 })], [1, 1, 3, 3, 7, 12, 1, 0, 2, 3, 0, 10]);
  gradientHolds((t) => ops.cumprod(t), make([0.5, 0, 2, 3], [4]));
});

test("the nan family leaves NaN out", () => {
  const x = [
    [1, Number.NaN, 3],
    [Number.NaN, Number.NaN, Number.NaN],
  ];
  near([ops.nansum(x, { axis: 1 }), ops.nanprod(x, { axis: 1 })], [4, 0, 3, 1]);
  near(
    [ops.nanmean(x, { axis: 1 }), ops.nanvar(x, { axis: 1 }), ops.nanmedian(x, { axis: 1 })],
    [2, Number.NaN, 1, Number.NaN, 2, Number.NaN],
  );
  near([ops.nanmax(x, { axis: 1 }), ops.nanmin(x, { axis: 1 })], [3, Number.NaN, 1, Number.NaN]);
  near([ops.nanargmax(x, { axis: 1 }), ops.nanargmin(x, { axis: 1 })], [2, -1, 0, -1]);
});

test("quantiles, averages, histograms and correlations", () => {
  near(ops.quantile([1, 2, 3, 4], [0, 0.5, 1]), [1, 2.5, 4]);
  near(ops.percentile([1, 2, 3, 4], 50, { method: "lower" }), 2);
  expect(ops.quantile(sample([3, 4]), [0.1, 0.2], { axis: 1, keepdims: true }).shape).toEqual([2, 3, 1]);
  near(
    ops.average(
      [
        [1, 3],
        [2, 4],
      ],
      { axis: 1, weights: [3, 1] },
    ),
    [1.5, 2.5],
  );
  near(ops.histogram([0, 1, 1, 2], { bins: 2 })[0], [1, 3]);
  near(ops.histogram([0, 1, 9, -1], { bins: 2, range: [0, 2] })[0], [1, 1]);
  near(
    ops.corrcoef([
      [1, 2, 3],
      [3, 2, 1],
    ]),
    [1, -1, -1, 1],
  );
  near(ops.diff([1, 4, 9, 16], { n: 2 }), [2, 2]);
  near(ops.trapezoid([1, 3, 5], { x: [0, 1, 3] }), 2 + 8);
  near(
    ops.cdist(
      [
        [0, 0],
        [1, 1],
      ],
      [
        [3, 4],
        [1, 1],
      ],
    ),
    [5, Math.SQRT2, Math.sqrt(13), 0],
  );
  near(grad((x: Tensor) => ops.sum(ops.cdist(x, [[1, 1]])))(tensor([[1, 1]])), [0, 0]); // no NaN where rows agree
  near(ops.correlate([1, 2, 3], [0, 1, 0.5], { mode: "full" }), [0.5, 2, 3.5, 3, 0]);
});

// op, its result, what it should be
const x23 = [
  [1, 2, 3],
  [4, 5, 6],
];
const VIEWS: [string, () => Tensor | Tensor[], unknown, Numbers?][] = [
  ["reshape", () => ops.reshape(x23, [3, -1]), [1, 2, 3, 4, 5, 6], [3, 2]],
  ["transpose", () => ops.transpose(x23), [1, 4, 2, 5, 3, 6], [3, 2]],
  ["transpose in an order", () => ops.transpose(ops.zeros([2, 3, 4]), [2, 0, 1]), Array(24).fill(0), [4, 2, 3]],
  ["moveaxis", () => ops.moveaxis(ops.zeros([2, 3, 4]), [0, 1], [-1, 0]), Array(24).fill(0), [3, 4, 2]],
  ["swapaxes", () => ops.swapaxes(ops.zeros([2, 3, 4]), 0, -1), Array(24).fill(0), [4, 3, 2]],
  ["expandDims", () => ops.expandDims([1, 2], [0, -1]), [1, 2], [1, 2, 1]],
  ["squeeze", () => ops.squeeze([[[1], [2]]]), [1, 2], [2]],
  ["broadcastTo", () => ops.broadcastTo([[1], [2]], [2, 2]), [1, 1, 2, 2], [2, 2]],
  ["flip", () => ops.flip(x23), [6, 5, 4, 3, 2, 1]],
  ["flip of one axis", () => ops.flip(x23, { axis: 1 }), [3, 2, 1, 6, 5, 4]],
  ["rot90", () => ops.rot90(x23), [3, 6, 2, 5, 1, 4], [3, 2]],
  ["rot90 back", () => ops.rot90(x23, { k: -1 }), [4, 1, 5, 2, 6, 3], [3, 2]],
  ["roll", () => ops.roll(x23, [1, -1], { axis: [0, 1] }), [5, 6, 4, 2, 3, 1]],
  ["roll in a row", () => ops.roll(x23, 2), [5, 6, 1, 2, 3, 4], [2, 3]],
  ["concatenate", () => ops.concatenate([x23, [[7], [8]]], { axis: 1 }), [1, 2, 3, 7, 4, 5, 6, 8]],
  [
    "stack",
    () =>
      ops.stack(
        [
          [1, 2],
          [3, 4],
        ],
        { axis: 1 },
      ),
    [1, 3, 2, 4],
    [2, 2],
  ],
  ["split", () => ops.split([1, 2, 3, 4, 5], [1, 3]), [1, 2, 3, 4, 5]],
  ["arraySplit", () => ops.arraySplit([1, 2, 3, 4, 5], 3)[1]!, [3, 4]],
  ["unstack", () => ops.unstack(x23, { axis: 1 })[2]!, [3, 6]],
  ["hstack", () => ops.hstack([x23, [[7], [8]]]), [1, 2, 3, 7, 4, 5, 6, 8]],
  [
    "vstack",
    () =>
      ops.vstack([
        [1, 2],
        [3, 4],
      ]),
    [1, 2, 3, 4],
    [2, 2],
  ],
  [
    "dstack",
    () =>
      ops.dstack([
        [1, 2],
        [3, 4],
      ]),
    [1, 3, 2, 4],
    [1, 2, 2],
  ],
  ["append", () => ops.append([1, 2], [[3]]), [1, 2, 3]],
  ["tile", () => ops.tile([[1, 2]], [2, 1, 2]), [1, 2, 1, 2, 1, 2, 1, 2], [2, 1, 4]],
  ["repeat", () => ops.repeat(x23, 2, { axis: 0 }), [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]],
  ["repeat of each its own", () => ops.repeat([1, 2, 3], [2, 0, 1]), [1, 1, 3]],
  [
    "pad",
    () =>
      ops.pad(
        [[1, 2]],
        [
          [1, 0],
          [0, 1],
        ],
        { constantValues: 9 },
      ),
    [9, 9, 9, 1, 2, 9],
    [2, 3],
  ],
  ["pad reflect", () => ops.pad([1, 2, 3], [4, 2], { mode: "reflect" }), [1, 2, 3, 2, 1, 2, 3, 2, 1]],
  ["pad symmetric", () => ops.pad([1, 2, 3], [4, 2], { mode: "symmetric" }), [3, 3, 2, 1, 1, 2, 3, 3, 2]],
  ["pad edge", () => ops.pad([1, 2], 2, { mode: "edge" }), [1, 1, 1, 2, 2, 2]],
  ["pad wrap", () => ops.pad([1, 2, 3], [2, 4], { mode: "wrap" }), [2, 3, 1, 2, 3, 1, 2, 3, 1]],
  ["tril", () => ops.tril(x23, { k: 1 }), [1, 2, 0, 4, 5, 6]],
  ["triu", () => ops.triu(x23, { k: 1 }), [0, 2, 3, 0, 0, 6]],
  ["diag of a vector", () => ops.diag([1, 2], { k: -1 }), [0, 0, 0, 1, 0, 0, 0, 2, 0], [3, 3]],
  ["diag of a matrix", () => ops.diag(x23, { k: 1 }), [2, 6]],
  ["diagonal", () => ops.diagonal(x23, { offset: -1 }), [4]],
  ["trace", () => ops.trace(x23), 6],
  ["depthToSpace", () => ops.depthToSpace(ops.reshape([1, 2, 3, 4], [1, 1, 1, 4]), 2), [1, 2, 3, 4], [1, 2, 2, 1]],
  ["rearrange", () => ops.rearrange([[1, 2, 3, 4]], "b (h w) -> w (b h) 1", { h: 2 }), [1, 3, 2, 4], [2, 2, 1]],
  ["arange", () => ops.arange(2, 11, 3), [2, 5, 8]],
  ["arange of fractions", () => ops.arange(0, { stop: 1, step: 0.3 }), [0, 0.3, 0.6, 0.9]],
  ["linspace", () => ops.linspace(0, 1, { num: 5 }), [0, 0.25, 0.5, 0.75, 1]],
  ["linspace of vectors", () => ops.linspace([0, 1], [2, 3], { num: 2, endpoint: false, axis: 1 }), [0, 1, 1, 2], [2, 2]],
  ["logspace", () => ops.logspace(0, 2, { num: 3, base: 3 }), [1, 3, 9]],
  ["geomspace", () => ops.geomspace(1, 8, { num: 4 }), [1, 2, 4, 8]],
  ["eye", () => ops.eye(2, { M: 3, k: 1 }), [0, 1, 0, 0, 0, 1], [2, 3]],
  ["tri", () => ops.tri(2, { M: 3 }), [1, 0, 0, 1, 1, 0]],
  ["full", () => ops.full([2, 2], [1, 2]), [1, 2, 1, 2]],
  ["onesLike", () => ops.onesLike(make([5, 6], [2], "int32")), [1, 1]],
  ["meshgrid", () => ops.meshgrid([1, 2], [3, 4, 5]), [1, 2, 1, 2, 1, 2, 3, 3, 4, 4, 5, 5]],
  ["vander", () => ops.vander([2, 3], { N: 3 }), [4, 2, 1, 9, 3, 1]],
  ["saturateCast", () => ops.saturateCast([300, -5, 3.7, Number.NaN], "uint8"), [255, 0, 3, 0]],
];
test.each(VIEWS)("%s", (_, f, expected, shape) => {
  const y = f();
  near(y, expected);
  if (shape) expect((y as Tensor).shape).toEqual(shape);
});

test("views carry gradients back to where the elements came from", () => {
  const MOVES: ((x: Tensor) => Tensor)[] = [
    (x) => ops.transpose(x),
    (x) => ops.roll(x, 1, { axis: 1 }),
    (x) => ops.rot90(x),
    (x) => ops.pad(x, 2, { mode: "reflect" }),
    (x) => ops.pad(x, 1),
    (x) => ops.tile(x, [2, 2]),
    (x) => ops.repeat(x, [2, 0, 1], { axis: 0 }),
    (x) => ops.diagonal(x),
    (x) => ops.tril(x),
    (x) => ops.diag(ops.ravel(x), { k: 2 }),
    (x) => ops.concatenate(ops.split(x, [1], { axis: 1 }).reverse(), { axis: 1 }),
  ];
  for (const move of MOVES) gradientHolds(move, sample([3, 4]));
});

test("shapes that do not fit are named, with the way out", () => {
  const cases: [() => unknown, RegExp][] = [
    [() => ops.reshape(x23, [4, -1]), /\[2, 3\] has 6 elements, which \[4, -1\] cannot hold/],
    [() => ops.reshape(x23, [4, 2]), /total size of the tensor must be unchanged: \[2, 3\] has 6 elements/],
    [() => ops.squeeze(x23, { axis: 0 }), /axis 0 of shape \[2, 3\] has size 2, not 1/],
    [() => ops.split([1, 2, 3], 2), /does not divide into 2 equal parts; arraySplit makes unequal ones/],
    [() => ops.stack([[1], [1, 2]]), /all tensors need one shape, received \[1\] and \[2\]/],
    [() => ops.concatenate([[[1]], [[1], [2]]], { axis: 1 }), /concatenate: expected all sizes but those of axis 1/],
    [() => ops.broadcastTo([1, 2], [3]), /shapes \[2\] and \[3\] do not broadcast/],
  ];
  for (const [f, message] of cases) {
    expect(f).toThrow(ShapeError);
    expect(f).toThrow(message);
  }
  expect(() => ops.pad([1], 1, { mode: "mirror" as "wrap" })).toThrow(ValueError);
  expect(() => ops.pad([1], 1, { mode: "mirror" as "wrap" })).toThrow(/mode is one of "constant", "reflect"/);
});
