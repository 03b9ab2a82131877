// Images of digits for the examples: MNIST from its package, and the small ones of examples/data.

import { gunzipSync } from "node:zlib";
import { datasets, Tensor } from "keratin";
import { dataFile, everyNth } from "./job.js";

/** Images with pixels 0 … 1 in `[n, height, width, 1]`, and labels `[n]`. */
export interface Digits {
  x: Tensor;
  y: Tensor;
}

/** The first images of MNIST's training and test sets: 60,000 and 10,000, or fewer. */
export async function mnist(train = 60_000, test = 10_000): Promise<{ train: Digits; test: Digits }> {
  const [[xTrain, yTrain], [xTest, yTest]] = await datasets.mnist.loadData();
  return { train: digits(xTrain.data, yTrain.data, 28, train, 255), test: digits(xTest.data, yTest.data, 28, test, 255) };
}

/** 1,797 digits of 8 × 8: every fifth for testing, the others for training. */
export function smallDigits(): { train: Digits; test: Digits } {
  const lines = gunzipSync(dataFile("digits.csv.gz")).toString("utf8").trim().split("\n");
  const rows = lines.map((line) => line.split(",").map(Number));
  const [test, train] = everyNth(rows, 5).map((part) =>
    digits(
      part.flatMap((row) => row.slice(0, 64)),
      part.map((row) => row[64]!),
      8,
      part.length,
      16,
    ),
  );
  return { train: train!, test: test! };
}

function digits(pixels: ArrayLike<number>, labels: ArrayLike<number>, side: number, count: number, white: number): Digits {
  const x = Float32Array.from({ length: count * side * side }, (_, i) => pixels[i]! / white);
  const y = Int32Array.from({ length: count }, (_, i) => labels[i]!);
  return { x: new Tensor(x, [count, side, side, 1]), y: new Tensor(y, [count]) };
}

/** The place of the largest of each row. */
export function argmaxRows({ data, shape }: Tensor): number[] {
  const [rows, columns] = shape as [number, number];
  return Array.from({ length: rows }, (_, r) => {
    const row = data.subarray(r * columns, (r + 1) * columns);
    return row.indexOf(Math.max(...row));
  });
}
