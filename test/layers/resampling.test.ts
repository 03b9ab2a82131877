// UpSampling and `ops.image.resize`.

import { describe, expect, test } from "vitest";
import { grad } from "../../ts/functions.js";
import { UpSampling1D, UpSampling2D, UpSampling3D } from "../../ts/layers/index.js";
import * as ops from "../../ts/ops.js";
import { type Tensor, tensor } from "../../ts/tensor.js";
import { layerTest, spread } from "../layerTest.js";

const first = { dataFormat: "channels_first" } as const;

layerTest(UpSampling1D, { options: { size: 3 }, inputShape: [2, 3, 2], outputShape: [null, 9, 2] });
layerTest(UpSampling2D, { options: { size: [1, 3] }, inputShape: [2, 3, 1, 2], outputShape: [null, 3, 3, 2] });
layerTest(UpSampling2D, { options: first, inputShape: [2, 3, 1, 2], outputShape: [null, 3, 2, 4] });
for (const interpolation of ["bilinear", "bicubic", "lanczos3", "lanczos5"] as const) {
  layerTest(UpSampling2D, { options: { size: [3, 2], interpolation }, inputShape: [2, 3, 4, 1], outputShape: [null, 9, 8, 1] });
  layerTest(UpSampling2D, { options: { interpolation, ...first }, inputShape: [2, 3, 1, 3], outputShape: [null, 3, 2, 6] });
}
layerTest(UpSampling3D, { options: { size: [2, 1, 3] }, inputShape: [2, 1, 3, 2, 2], outputShape: [null, 2, 3, 6, 2] });

test("cells are repeated", () => {
  expect(new UpSampling1D().apply(tensor([[[1, 2], [3, 4]]])).array()).toEqual([[[1, 2], [1, 2], [3, 4], [3, 4]]]); // biome-ignore format: a list
  const y = new UpSampling2D({ size: [2, 3] }).apply(ops.reshape([1, 2], [1, 1, 2, 1]));
  expect(ops.reshape(y, [2, 6]).array()).toEqual([
    [1, 1, 1, 2, 2, 2],
    [1, 1, 1, 2, 2, 2],
  ]);
});

test("the gradient of batched up-sampling is the sum over each block, in every sample", () => {
  const [n, h, w, c, a, b] = [3, 2, 3, 2, 2, 3];
  const x = spread([n, h, w, c]);
  const g = spread([n, h * a, w * b, c], 0.3);
  const layer = new UpSampling2D({ size: [a, b] });
  const got = grad((t: Tensor) => ops.sum(ops.multiply(layer.apply(t), g)))(x) as Tensor;
  const want = new Float32Array(x.size);
  for (let s = 0; s < n; s++)
    for (let i = 0; i < h * a; i++)
      for (let j = 0; j < w * b; j++)
        for (let k = 0; k < c; k++)
          want[((s * h + Math.floor(i / a)) * w + Math.floor(j / b)) * c + k]! += g.data[((s * h * a + i) * w * b + j) * c + k]!;
  want.forEach((v, i) => expect(got.data[i]!).toBeCloseTo(v, 5));
});

test("unknown sizes stay unknown", () => {
  expect(new UpSampling2D({ size: [2, 3] }).computeOutputShape([null, null, 4, 5])).toEqual([null, null, 12, 5]);
  expect(new UpSampling2D({ interpolation: "bicubic", ...first }).computeOutputShape([null, 3, null, 4])).toEqual([
    null,
    3,
    null,
    8,
  ]);
});

test("sizes below 1 and unknown interpolations are refused when the layer is made; case does not matter", () => {
  expect(() => new UpSampling1D({ size: 0 })).toThrow("UpSampling1D: size must be a whole number ≥ 1, received 0");
  expect(() => new UpSampling2D({ size: [2, 2, 2] })).toThrow("UpSampling2D: size");
  expect(() => new UpSampling2D({ interpolation: "cubic" as never })).toThrow(
    /interpolation is one of "nearest", "bilinear".*"cubic"/,
  );
  expect(new UpSampling2D({ interpolation: "Bilinear" as never }).interpolation).toBe("bilinear");
});

describe("image.resize", () => {
  test("2 × bilinear of [[1, 2], [3, 4]] begins with 1, 1.25, 1.75, 2", () => {
    const y = ops.image.resize(ops.reshape([1, 2, 3, 4], [2, 2, 1]), [4, 4]);
    expect(Array.from(y.data.slice(0, 4))).toEqual([1, 1.25, 1.75, 2]);
  });

  test("weights sum to 1 in every interpolation, enlarging and shrinking", () => {
    for (const interpolation of ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"] as const)
      for (const antialias of [false, true])
        for (const size of [1, 3, 4, 17]) {
          const y = ops.image.resize(ops.ones([5, 7, 2]), [size, size], { interpolation, antialias });
          expect(y.shape).toEqual([size, size, 2]);
          for (const v of y.data) expect(v).toBeCloseTo(1, 5);
        }
  });

  test("along a row, every interpolation is the weighted mean that its kernel says, by whole factors and others, with antialias and without", () => {
    const sinc = (v: number): number => (Math.abs(v) < 1e-12 ? 1 : Math.sin(Math.PI * v) / (Math.PI * v));
    const kernels = {
      bilinear: (d: number) => Math.max(0, 1 - d),
      bicubic: (d: number) => (d < 1 ? 1.5 * d ** 3 - 2.5 * d ** 2 + 1 : d < 2 ? -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2 : 0),
      lanczos3: (d: number) => (d < 3 ? sinc(d) * sinc(d / 3) : 0),
      lanczos5: (d: number) => (d < 5 ? sinc(d) * sinc(d / 5) : 0),
    };
    for (const [from, to] of [[1, 3], [4, 8], [5, 15], [4, 28], [3, 7], [17, 5], [5, 1]] as const) // biome-ignore format: a list
      for (const [interpolation, kernel] of Object.entries(kernels))
        for (const antialias of [false, true]) {
          const x = spread([2, 1, from, 3]);
          const options = { interpolation: interpolation as "bilinear", antialias };
          const y = ops.image.resize(x, [1, to], options);
          const columns = ops.image.resize(ops.swapaxes(x, 1, 2), [to, 1], options);
          const width = antialias ? Math.max(1, from / to) : 1;
          for (let n = 0; n < 2; n++)
            for (let i = 0; i < to; i++)
              for (let c = 0; c < 3; c++) {
                const place = ((i + 0.5) * from) / to - 0.5;
                const weights = Array.from({ length: from }, (_, j) => kernel(Math.abs(place - j) / width));
                const sum = weights.reduce((a, w, j) => a + w * x.data[(n * from + j) * 3 + c]!, 0);
                const want = sum / weights.reduce((a, w) => a + w);
                expect(y.data[(n * to + i) * 3 + c]!).toBeCloseTo(want, 5);
                expect(columns.data[(n * to + i) * 3 + c]!).toBeCloseTo(want, 5);
              }
        }
  });

  test("nearest takes pixel ⌊(i + ½)·n / m⌋ and keeps integers", () => {
    const places = (from: number, to: number): number[] =>
      Array.from(ops.image.resize(ops.reshape(ops.arange(from), [1, from, 1]), [1, to], { interpolation: "nearest" }).data);
    for (const [from, to] of [[1, 3], [3, 1], [4, 17], [17, 4], [5, 5], [65, 3], [3, 65]] as const) // biome-ignore format: a list
      expect(places(from, to)).toEqual(Array.from({ length: to }, (_, i) => Math.floor(((i + 0.5) * from) / to)));
    expect(ops.image.resize(ops.reshape(ops.arange(4), [2, 2, 1]), [3, 3], { interpolation: "nearest" }).dtype).toBe("int32");
    expect(ops.image.resize(ops.reshape(ops.arange(4), [2, 2, 1]), [3, 3]).dtype).toBe("float32");
  });

  test("a linear ramp stays one away from the edges", () => {
    const x = ops.reshape(ops.arange(9, { dtype: "float32" }), [1, 9, 1]);
    for (const interpolation of ["bilinear", "bicubic"] as const) {
      const y = ops.image.resize(x, [1, 18], { interpolation });
      for (let i = 4; i < 14; i++) expect(y.data[i]!).toBeCloseTo((i + 0.5) / 2 - 0.5, 5);
    }
  });

  test("both data formats give the same pixels", () => {
    const last = spread([2, 3, 5, 2]);
    const y = ops.image.resize(ops.moveaxis(last, -1, 1), [4, 7], { interpolation: "bicubic", ...first });
    expect(ops.moveaxis(y, 1, -1).array()).toEqual(ops.image.resize(last, [4, 7], { interpolation: "bicubic" }).array());
  });

  test("the aspect ratio is kept by cutting the middle out, or by filling up", () => {
    const x = ops.reshape([1, 2, 3, 4], [1, 4, 1]);
    const nearest = { interpolation: "nearest" } as const;
    expect(Array.from(ops.image.resize(x, [1, 2], { ...nearest, cropToAspectRatio: true }).data)).toEqual([2, 3].slice(0, 2));
    const filled = ops.image.resize(ops.reshape([1, 2], [1, 2, 1]), [3, 2], { ...nearest, padToAspectRatio: true, fillValue: 9 });
    expect(ops.reshape(filled, [3, 2]).array()).toEqual([[9, 9], [1, 2], [9, 9]]); // biome-ignore format: a matrix
  });

  test("bad input is a named error", () => {
    const x = ops.ones([2, 2, 1]);
    expect(() => ops.image.resize(ops.ones([2, 2]), [1, 1])).toThrow(
      "image.resize: expected an image of 3 axes or a batch of 4, received shape [2, 2]",
    );
    expect(() => ops.image.resize(x, [0, 1])).toThrow("image.resize: size");
    expect(() => ops.image.resize(x, 3 as never)).toThrow("size is [height, width]");
    expect(() => ops.image.resize(x, [1, 1], { interpolation: "area" as never })).toThrow("interpolation is one of");
    expect(() => ops.image.resize(x, [1, 1], { cropToAspectRatio: true, padToAspectRatio: true })).toThrow("exclude each other");
    expect(() => ops.image.resize(ops.ones([0, 2, 1]), [1, 1])).toThrow("an image without pixels");
    expect(() => ops.image.resize(x, [1, 1], { antiAlias: true } as never)).toThrow('Did you mean "antialias"');
  });
});
