/** Node, Deno and Bun: files, `worker_threads`, everything at once. */
import type { Platform } from "./types.js";

// NOTE modules of the runtime are not imported: `import` of node:fs loads its streams too, and that of node:worker_threads all that workers
// need, before anybody wants one; together a tenth of the time in which the library is imported.
const { getBuiltinModule: builtin } = process;

const urls = {
  simd: new URL("../../pkg/simd.wasm", import.meta.url),
  "simd-mt": new URL("../../pkg/simd-mt.wasm", import.meta.url),
  "relaxed-mt": new URL("../../pkg/relaxed-mt.wasm", import.meta.url),
};

export const platform: Platform = {
  name: "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node",
  noThreads: () => null,
  cores: () => builtin("node:os").availableParallelism(),
  compileSync: (variant) => new WebAssembly.Module(builtin("node:fs").readFileSync(urls[variant])),
  compile: async (variant) => new WebAssembly.Module(builtin("node:fs").readFileSync(urls[variant])),
  spawn(source, data, failed) {
    const { Worker } = builtin("node:worker_threads");
    const worker = new Worker(source, { eval: true, workerData: data });
    worker.on("error", failed);
    worker.unref();
  },
};
