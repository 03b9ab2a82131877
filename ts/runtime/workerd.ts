/** Cloudflare workers and other edges: the module comes in as an import, there are no threads. */
// @ts-expect-error: a module of the host, not of TypeScript
import simd from "../../pkg/simd.wasm";
import type { Platform } from "./types.js";

export const platform: Platform = {
  name: "workerd",
  noThreads: () => "edge workers have no threads",
  cores: () => 1,
  compileSync: () => simd as WebAssembly.Module,
  compile: async () => simd as WebAssembly.Module,
  spawn() {
    throw new Error("internal: no threads here");
  },
};
