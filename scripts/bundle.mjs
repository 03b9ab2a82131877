/** dist/index.js as one file: an import of 140 modules costs Node 200 ms more than an import of one. */
import { rmSync, writeFileSync } from "node:fs";
import { rolldown } from "rolldown";
import { at, files, isMain } from "./run.mjs";

// What is chosen by the runtime (#platform) stays apart, and so does the glue, which lies beside the WASM.
const external = [/^#platform$/, /pkg\/glue\.js$/, /^node:/];

/** Replaces the compiled modules by one; types stay as they are. Function and class names stay: identifiers in configs are made of them. */
export async function bundle() {
  const build = await rolldown({ input: at("dist/index.js"), external, platform: "neutral", logLevel: "warn" });
  const paths = (id) => (id.endsWith("pkg/glue.js") ? "../pkg/glue.js" : id);
  const { output } = await build.generate({ format: "esm", keepNames: true, paths });
  await build.close();
  for (const file of files("dist", (f) => f.endsWith(".js") && !f.includes("/runtime/"))) rmSync(at(file));
  writeFileSync(at("dist/index.js"), output[0].code);
}

// A process of its own, so that the build that waits for it need not be asynchronous.
if (isMain(import.meta)) await bundle();
