/** Node, Deno and Bun: files, `worker_threads`, everything at once. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Platform } from "./types.js";

const urls = {
  simd: new URL("../../pkg/simd.wasm", import.meta.url),
  "simd-mt": new URL("../../pkg/simd-mt.wasm", import.meta.url),
  "relaxed-mt": new URL("../../pkg/relaxed-mt.wasm", import.meta.url),
};

export const platform: Platform = {
  name: "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node",
  noThreads: () => null,
  cores: availableParallelism,
  compileSync: (variant) => new WebAssembly.Module(readFileSync(urls[variant])),
  compile: async (variant) => new WebAssembly.Module(readFileSync(urls[variant])),
  spawn(source, data, failed) {
    const worker = new Worker(source, { eval: true, workerData: data });
    worker.on("error", failed);
    worker.unref();
  },
};
