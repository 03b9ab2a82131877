/** Pages and web workers. Like its siblings it imports nothing of the library: the package has these files beside one bundle of all the rest. */
import type { Platform } from "./types.js";

const urls = {
  simd: new URL("../../pkg/simd.wasm", import.meta.url),
  "simd-mt": new URL("../../pkg/simd-mt.wasm", import.meta.url),
  "relaxed-mt": new URL("../../pkg/relaxed-mt.wasm", import.meta.url),
};

export const platform: Platform = {
  name: "web",
  noThreads() {
    if (typeof SharedArrayBuffer === "undefined") return "there is no SharedArrayBuffer";
    if (!globalThis.crossOriginIsolated) return "the page is not cross-origin isolated (send the COOP and COEP headers)";
    if (typeof Worker === "undefined") return "there is no Worker";
    // To wait for another thread would be an error there.
    if (typeof document !== "undefined") return "a page's main thread may not block: run keratin in a worker";
    return null;
  },
  cores: () => navigator.hardwareConcurrency || 1,
  compileSync: () => null,
  async compile(variant) {
    const response = await fetch(urls[variant]);
    if (!response.ok) {
      throw new Error(`The core could not be loaded: ${response.url} answers ${response.status}. Is pkg/${variant}.wasm served?`);
    }
    return WebAssembly.compile(await response.arrayBuffer());
  },
  spawn(source, data, failed) {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new Worker(url);
    return new Promise((resolve) => {
      const done = () => {
        URL.revokeObjectURL(url);
        resolve();
      };
      worker.addEventListener("message", done, { once: true });
      worker.addEventListener("error", (event) => {
        failed(event.error ?? new Error(event.message || "the worker was blocked; does the CSP allow `worker-src blob:`?"));
        done();
      });
      worker.postMessage(data);
    });
  },
};
