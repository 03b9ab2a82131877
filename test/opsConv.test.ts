// Convolutions against sums one product at a time, transposed ones against adding one product at a time; what Keras gives for the sizes.

import { grad, ops, ShapeError, type Tensor, ValueError } from "keratin";
import { describe, expect, test } from "vitest";
import { at, make, type Numbers, near, positions, sample, tensor } from "./opsSupport.js";

type Options = { strides?: Numbers; padding?: "valid" | "same"; dilationRate?: Numbers };

/** Cells along an axis and those added in front, from the definition: "same" covers ⌈n / stride⌉ windows, half of what is missing in front. */
function axis(n: number, k: number, stride: number, dilation: number, padding: string): { count: number; before: number } {
  const far = (k - 1) * dilation + 1;
  if (padding === "valid") {
    let count = 0;
    while (count * stride + far <= n) count++;
    return { count, before: 0 };
  }
  const count = Math.ceil(n / stride);
  return { count, before: Math.floor(Math.max(0, (count - 1) * stride + far - n) / 2) };
}

/** The convolution of [batch, …space, channels] with [...window, channels / groups, filters]. */
function naive(x: Tensor, w: Tensor, { strides, padding = "valid", dilationRate }: Options): { shape: number[]; data: number[] } {
  const rank = x.ndim - 2;
  const [stride, dilation] = [strides ?? Array<number>(rank).fill(1), dilationRate ?? Array<number>(rank).fill(1)];
  const [own, filters] = w.shape.slice(-2) as [number, number];
  const groups = x.shape.at(-1)! / own;
  const axes = x.shape.slice(1, -1).map((n, i) => axis(n, w.shape[i]!, stride[i]!, dilation[i]!, padding));
  const shape = [x.shape[0]!, ...axes.map((a) => a.count), filters];
  const data = positions(shape).map(([b, ...rest]) => {
    const o = rest.pop()!;
    const from = Math.floor(o / (filters / groups)) * own;
    let sum = 0;
    for (const cell of positions(w.shape.slice(0, rank))) {
      const p = rest.map((q, i) => q * stride[i]! - axes[i]!.before + cell[i]! * dilation[i]!);
      if (p.some((q, i) => q < 0 || q >= x.shape[i + 1]!)) continue;
      for (let c = 0; c < own; c++) sum += at(x, [b!, ...p, from + c]) * at(w, [...cell, c, o]);
    }
    return sum;
  });
  return { shape, data };
}

const channelsFirst = (x: Tensor): Tensor => ops.moveaxis(x, -1, 1);
const channelsLast = (x: Tensor): Tensor => ops.moveaxis(x, 1, -1);

// [x], [w], options
const CASES: [Numbers, Numbers, Options][] = [
  [[1, 1, 1], [1, 1, 1], {}],
  [[2, 3, 1], [3, 1, 5], {}],
  [[2, 7, 3], [3, 3, 4], { strides: [2] }],
  [[2, 7, 3], [3, 3, 4], { padding: "same", strides: [2] }],
  [[1, 3, 2], [2, 2, 3], { padding: "same", strides: [5] }],
  [[1, 3, 2], [1, 2, 3], { strides: [4] }],
  [[3, 17, 2], [3, 2, 9], { dilationRate: [4], padding: "same" }],
  [[2, 9, 6], [2, 2, 3], { dilationRate: [3], strides: [2] }],
  [[2, 5, 8], [3, 1, 8], { padding: "same" }],
  [[2, 5, 5, 3], [3, 3, 3, 8], {}],
  [[2, 5, 4, 1], [3, 2, 1, 17], { padding: "same" }],
  [[1, 6, 7, 4], [5, 5, 4, 3], { padding: "same", strides: [3, 3] }],
  [[3, 1, 5, 2], [1, 3, 2, 5], { strides: [1, 2] }],
  [[2, 7, 9, 4], [2, 3, 2, 6], { dilationRate: [3, 2], padding: "same" }],
  [[2, 4, 4, 8], [1, 1, 8, 8], {}],
  [[2, 4, 4, 8], [1, 1, 8, 5], { strides: [2, 3] }],
  [[1, 8, 8, 9], [3, 3, 9, 10], { padding: "same" }],
  [[2, 5, 5, 6], [3, 3, 2, 9], { padding: "same" }],
  [[2, 5, 5, 4], [3, 3, 1, 4], {}],
  [[2, 5, 5, 4], [3, 3, 1, 12], { strides: [2, 2] }],
  [[1, 3, 4, 5, 2], [2, 2, 2, 2, 3], {}],
  [[2, 3, 5, 3, 2], [2, 3, 1, 1, 4], { padding: "same", strides: [1, 2, 2] }],
  [[1, 5, 4, 5, 3], [2, 1, 2, 3, 2], { dilationRate: [2, 1, 3] }],
  [[0, 4, 3, 2], [2, 2, 2, 3], {}],
];

describe("conv", () => {
  test.each(CASES)("%j ∗ %j %j is the sum of its products", (xShape, wShape, options) => {
    const [x, w] = [sample(xShape), sample(wShape, 1)];
    const expected = naive(x, w, options);
    const y = ops.conv(x, w, options);
    expect(y.shape).toEqual(expected.shape);
    near(ops.reshape(y, [-1]), expected.data, 1e-5);
    const first = ops.conv(channelsFirst(x), w, { ...options, dataFormat: "channels_first" });
    expect(channelsLast(first).array()).toEqual(y.array());
  });

  // Σ conv(x, w)·g is linear in each: its gradient by x, put in the place of x, gives Σ g·conv(dx) back, and so for w.
  test.each(CASES.filter(([x]) => x[0]! > 0))("%j ∗ %j %j has the gradients of its sum", (xShape, wShape, options) => {
    const [x, w] = [sample(xShape), sample(wShape, 1)];
    const g = sample(naive(x, w, options).shape, 2);
    const loss = (a: Tensor, b: Tensor): Tensor => ops.sum(ops.multiply(ops.conv(a, b, options), g));
    const [dx, dw] = grad(loss, { argnums: [0, 1] })(x, w) as unknown as [Tensor, Tensor];
    const weighed = (a: Tensor, b: Tensor): number => naive(a, b, options).data.reduce((sum, v, i) => sum + v * g.data[i]!, 0);
    const unit = (t: Tensor, i: number): Tensor =>
      make(
        Array.from({ length: t.size }, (_, j) => Number(i === j)),
        t.shape,
      );
    const every = (t: Tensor): number[] =>
      Array.from({ length: Math.min(t.size, 12) }, (_, k) => Math.floor((k * t.size) / Math.min(t.size, 12)));
    for (const i of every(x)) near(tensor(dx.data[i]!), weighed(unit(x, i), w), 1e-5);
    for (const i of every(w)) near(tensor(dw.data[i]!), weighed(x, unit(w, i)), 1e-5);
  });

  // keras-layers.md §0.5, recorded from Keras
  test.each([
    [4, { strides: 2, padding: "same" }, [6, 14, 15]],
    [3, { dilationRate: 2, padding: "same" }, [4, 6, 9, 12, 8, 10]],
  ] as const)("a window of %i ones over 1 … 6 with %j", (k, options, expected) => {
    near(ops.conv(make([1, 2, 3, 4, 5, 6], [1, 6, 1]), ops.ones([k, 1, 1]), options), expected, 0);
  });

  test("strides and dilation may go together, and padding in capitals", () => {
    expect(ops.conv(ops.ones([1, 9, 1]), ops.ones([2, 1, 1]), { strides: 2, dilationRate: 3, padding: "VALID" }).shape).toEqual([
      1, 3, 1,
    ]);
  });

  test.each([
    [[1, 2, 1], [3, 1, 1], {}, ShapeError, /output size would be zero or negative.*\[1, 2, 1\].*3/s],
    [[1, 4, 1], [3, 1, 1], { dilationRate: 2 }, ShapeError, /reaches over 5 .*dilation 2/s],
    [[1, 4, 3], [2, 2, 4], {}, ShapeError, /channels do not fit.*\[1, 4, 3\].*\[2, 2, 4\]/s],
    [[1, 4, 4], [2, 2, 3], {}, ShapeError, /filters a multiple of the groups/],
    [[1, 4], [2, 1, 1], {}, ShapeError, /\[batch, …space, channels\]/],
    [[1, 4, 1], [2, 2, 1, 1], {}, ShapeError, /as many axes/],
    [[1, 4, 1], [2, 1, 1], { strides: 0 }, ValueError, /conv: strides must be a whole number ≥ 1, received 0/],
    [[1, 4, 1], [2, 1, 1], { strides: [1, 1] }, ValueError, /strides must be/],
    [[1, 4, 1], [2, 1, 1], { padding: "causal" }, ValueError, /only Conv1D/],
    [[1, 4, 1], [2, 1, 1], { padding: "full" }, ValueError, /"valid", "same"/],
    [[1, 4, 1], [2, 1, 1], { dataFormat: "NCHW" }, ValueError, /channels_first/],
    [[1, 4, 1], [2, 1, 1], { stride: 2 }, ValueError, /Did you mean "strides"/],
  ] as const)("%j ∗ %j %j is refused", (x, w, options, kind, text) => {
    const call = (): unknown => ops.conv(ops.ones(x), ops.ones(w), options as never);
    expect(call).toThrow(kind);
    expect(call).toThrow(text);
  });
});

describe("convTranspose", () => {
  // keras-layers.md §0.5, recorded from Keras: x = [1, 10, 100], kernel 1 … k
  test.each([
    [3, 2, { padding: "valid" }, [1, 2, 13, 20, 130, 200, 300]],
    [1, 3, { padding: "valid" }, [1, 0, 0, 10, 0, 0, 100, 0, 0]],
    [3, 2, { padding: "valid", outputPadding: 1 }, [1, 2, 13, 20, 130, 200, 300, 0]],
    [3, 2, { padding: "same" }, [1, 2, 13, 20, 130, 200]],
    [4, 2, { padding: "same" }, [2, 13, 24, 130, 240, 300]],
    [3, 1, { padding: "same" }, [12, 123, 230]],
    [5, 3, { padding: "same" }, [2, 3, 14, 25, 30, 140, 250, 300, 400]],
    [3, 2, { padding: "same", outputPadding: 0 }, [2, 13, 20, 130, 200]],
    [4, 2, { padding: "same", outputPadding: 1 }, [2, 13, 24, 130, 240]],
  ] as const)("kernel %i, stride %i, %j", (k, strides, options, expected) => {
    const kernel = make(
      Array.from({ length: k }, (_, i) => i + 1),
      [k, 1, 1],
    );
    near(ops.convTranspose(make([1, 10, 100], [1, 3, 1]), kernel, { strides, ...options }), expected, 0);
  });

  // valid: nothing is cut off, so the sum over the windows is all there is
  const VALID: [Numbers, Numbers, Options][] = [
    [[1, 1, 1], [1, 1, 1], {}],
    [[2, 3, 2], [3, 5, 2], { strides: [2] }],
    [[2, 3, 2], [2, 1, 2], { strides: [5] }],
    [[1, 4, 3], [3, 2, 3], { dilationRate: [3] }],
    [[2, 3, 4, 3], [3, 2, 4, 3], { strides: [2, 3] }],
    [[1, 3, 1, 8], [1, 1, 9, 8], {}],
    [[1, 2, 3, 2, 2], [2, 3, 1, 3, 2], { strides: [1, 2, 3] }],
  ];
  test.each(VALID)("%j, %j %j adds every product where it belongs", (xShape, wShape, options) => {
    const [x, w] = [sample(xShape), sample(wShape, 1)];
    const rank = x.ndim - 2;
    const [stride, dilation] = [
      options.strides ?? Array(rank).fill(1),
      options.dilationRate ?? Array(rank).fill(1),
    ] as number[][];
    const [filters, channels] = w.shape.slice(-2) as [number, number];
    const sizes = x.shape
      .slice(1, -1)
      .map((n, i) => (n - 1) * stride![i]! + Math.max((w.shape[i]! - 1) * dilation![i]! + 1, stride![i]!));
    const y = ops.convTranspose(x, w, options);
    expect(y.shape).toEqual([x.shape[0], ...sizes, filters]);
    const expected = Array<number>(y.size).fill(0);
    for (const [b, ...p] of positions(x.shape.slice(0, -1)))
      for (const cell of positions(w.shape.slice(0, rank)))
        for (let o = 0; o < filters; o++) {
          const to = [b!, ...p.map((q, i) => q * stride![i]! + cell[i]! * dilation![i]!), o];
          const flat = to.reduce((n, q, i) => n * y.shape[i]! + q, 0);
          for (let c = 0; c < channels; c++) expected[flat]! += at(x, [b!, ...p, c]) * at(w, [...cell, o, c]);
        }
    near(ops.reshape(y, [-1]), expected, 1e-5);
    const first = ops.convTranspose(channelsFirst(x), w, { ...options, dataFormat: "channels_first" });
    expect(channelsLast(first).array()).toEqual(y.array());
  });

  test.each([
    [[1, 3, 2], [2, 1, 3], {}, /2 channels.*takes 3/s],
    [[1, 1, 1], [2, 1, 1], { padding: "same", outputPadding: 0 }, /output size would be zero or negative/],
    [[1, 3, 1], [2, 1, 1], { outputPadding: -1 }, /outputPadding must be a whole number ≥ 0/],
  ] as const)("%j, %j %j is refused", (x, w, options, text) => {
    expect(() => ops.convTranspose(ops.ones(x), ops.ones(w), options)).toThrow(text);
  });
});

describe("depthwiseConv", () => {
  test.each([
    [[2, 5, 3], [3, 3, 1], {}],
    [[2, 7, 3], [2, 3, 4], { strides: [2], padding: "same" }],
    [[2, 5, 4, 9], [3, 3, 9, 1], { padding: "same" }],
    [[1, 6, 5, 2], [2, 3, 2, 3], { dilationRate: [2, 1], strides: [1, 2] }],
  ] as [Numbers, Numbers, Options][])("%j, %j %j: every channel alone, its results side by side", (xShape, wShape, options) => {
    const [x, w] = [sample(xShape), sample(wShape, 1)];
    const [channels, multiplier] = w.shape.slice(-2) as [number, number];
    const y = ops.depthwiseConv(x, w, options);
    for (let c = 0; c < channels; c++) {
      const alone = naive(ops.take(x, [c], { axis: -1 }), ops.take(w, [c], { axis: w.ndim - 2 }), options);
      const own = ops.take(
        y,
        Array.from({ length: multiplier }, (_, m) => c * multiplier + m),
        { axis: -1 },
      );
      expect(own.shape).toEqual(alone.shape);
      near(ops.reshape(own, [-1]), alone.data, 1e-5);
    }
  });
  test("a kernel for other channels is refused", () => {
    expect(() => ops.depthwiseConv(ops.ones([1, 4, 3]), ops.ones([2, 4, 1]))).toThrow(/3 channels.*is for 4/);
  });
});

describe("separableConv", () => {
  test("is a depthwise convolution, then one over the channels", () => {
    const [x, w, p] = [sample([2, 6, 5, 3]), sample([2, 3, 3, 2], 1), sample([1, 1, 6, 4], 2)];
    const options = { strides: 2, padding: "same" } as const;
    near(ops.separableConv(x, w, p, options), ops.conv(ops.depthwiseConv(x, w, options), p).array(), 1e-6);
  });
  test("a pointwise kernel for other channels is refused", () => {
    expect(() => ops.separableConv(ops.ones([1, 4, 3]), ops.ones([2, 3, 2]), ops.ones([1, 3, 4]))).toThrow(
      /pointwise kernel must be \[1, 6\]/,
    );
  });
});

describe("unfold and fold", () => {
  test.each([
    [[2, 3, 5, 4], 2, {}],
    [[1, 2, 7, 5], [3, 1], { stride: [2, 3], padding: [1, 0] }],
    [[2, 1, 6, 7], [2, 3], { dilation: [3, 2], padding: 2, stride: 2 }],
    [[1, 1, 1, 1], 3, { padding: 1 }],
  ] as [Numbers, number | Numbers, { stride?: Numbers; padding?: Numbers; dilation?: Numbers }][])(
    "%j, windows %j %j: a column is a window, channel by channel",
    (shape, size, options) => {
      const pair = (v: number | Numbers | undefined, or: number): Numbers => (typeof v === "number" ? [v, v] : (v ?? [or, or]));
      const [k, s, p, d] = [pair(size, 1), pair(options.stride, 1), pair(options.padding, 0), pair(options.dilation, 1)];
      const x = sample(shape);
      const [batch, channels, ...space] = shape as [number, number, number, number];
      const counts = space.map((n, i) => axis(n + 2 * p[i]!, k[i]!, s[i]!, d[i]!, "valid").count);
      const expected = positions([batch, channels, ...k, ...counts]).map(([b, c, i, j, r, q]) => {
        const cell = [r! * s[0]! + i! * d[0]! - p[0]!, q! * s[1]! + j! * d[1]! - p[1]!];
        return cell.some((v, a) => v < 0 || v >= space[a]!) ? 0 : at(x, [b!, c!, ...cell]);
      });
      const columns = ops.unfold(x, size, options);
      expect(columns.shape).toEqual([batch, channels * k[0]! * k[1]!, counts[0]! * counts[1]!]);
      near(ops.reshape(columns, [-1]), expected, 0);
      // fold is the adjoint: Σ unfold(x)·g = Σ x·fold(g)
      const g = sample(columns.shape, 3);
      const sum = (a: Tensor, b: Tensor): number => Array.from(a.data).reduce((total, v, j) => total + v * b.data[j]!, 0);
      const folded = ops.fold(g, space, size, options);
      expect(folded.shape).toEqual(shape);
      near(tensor(sum(x, folded)), sum(columns, g), 1e-5);
    },
  );
  test("what does not fit is refused", () => {
    expect(() => ops.unfold(ops.ones([1, 2, 2]), 2)).toThrow(/\[batch, channels, rows, columns\]/);
    expect(() => ops.unfold(ops.ones([1, 1, 2, 2]), 3)).toThrow(/output size would be zero or negative/);
    expect(() => ops.fold(ops.ones([1, 4, 5]), [3, 3], 2)).toThrow(/expected \[batch, channels · 4, 4\].*\[1, 4, 5\]/);
  });
});
