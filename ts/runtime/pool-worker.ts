/**
 * The program of a pool thread, as text: no imports, so that no bundler has to find a file, and the same in Node, Deno, Bun and pages.
 * It instantiates the module it is sent on the shared memory; `__wbindgen_start` gives it a stack and thread-local storage.
 * Pool threads call no JavaScript: an import that they reach all the same is an error.
 */
export const poolWorkerSource = `"use strict";
function go({ module, memory, ticket, stack }) {
  const given = {};
  for (const i of WebAssembly.Module.imports(module)) {
    (given[i.module] ??= {})[i.name] = i.kind === "memory" ? memory
      : i.name === "__wbindgen_init_externref_table" ? () => {}
      : () => { throw new Error("internal: a pool thread called " + i.name); };
  }
  const { exports } = new WebAssembly.Instance(module, given);
  exports.__wbindgen_start(stack);
  ready();
  // A trap here must not leave the others waiting: pool_poison makes every thread trap, the caller too.
  try { exports.pool_run(ticket); } catch { exports.pool_poison(); }
}
let ready = () => {};
if (typeof require === "function") go(require("node:worker_threads").workerData);
else {
  ready = () => self.postMessage("ready");
  self.onmessage = (event) => go(event.data);
}
`;
