/** Pages and web workers. */
import type { Platform } from "./types.js";

const urls = {
  simd: new URL("../../pkg/simd.wasm", import.meta.url),
  "simd-mt": new URL("../../pkg/simd-mt.wasm", import.meta.url),
  "relaxed-mt": new URL("../../pkg/relaxed-mt.wasm", import.meta.url),
};

export const platform: Platform = {
  name: "web",
  noThreads: () =>
    typeof SharedArrayBuffer === "undefined" ? "no SharedArrayBuffer"
    : !globalThis.crossOriginIsolated ? "the page is not cross-origin isolated (send COOP and COEP headers)"
    : typeof Worker === "undefined" ? "no Worker"
    : typeof document !== "undefined" && !(globalThis as { KERATIN_SPIN?: boolean }).KERATIN_SPIN ? "a page's main thread may not block: run keratin in a worker" : null,
  cores: () => navigator.hardwareConcurrency || 1,
  compileSync: () => null,
  async compile(variant) {
    const response = await fetch(urls[variant]);
    if (!response.ok) throw new Error(`keratin: ${response.url} answers ${response.status}`);
    return WebAssembly.compile(await response.arrayBuffer());
  },
  spawn(source, data, failed) {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new Worker(url);
    return new Promise((resolve) => {
      const done = () => { URL.revokeObjectURL(url); resolve(); };
      worker.addEventListener("message", done, { once: true });
      worker.addEventListener("error", (event) => { failed(event.error ?? new Error(event.message || "the worker was blocked; does the CSP allow worker-src blob: ?")); done(); });
      worker.postMessage(data);
    });
  },
};
