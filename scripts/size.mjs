/** What the package weighs: its JavaScript, and each WASM build. A page loads all of the one and one of the other. */
import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { at, files, isMain, plainErrors } from "./run.mjs";
import { VARIANTS } from "./variants.mjs";

/** Most that the JavaScript and the largest WASM build may weigh together, gzipped, in bytes. */
export const BUDGET = 300_000;

const gz = (bytes) => gzipSync(bytes, { level: 9 }).length;
const row = (what, raw, packed) =>
  `  ${what.padEnd(26)} ${(raw / 1000).toFixed(1).padStart(8)} kB  ${(packed / 1000).toFixed(1).padStart(7)} kB gzip`;

/** Prints the table. Over the budget is an error; `strict: false` only says so (quick builds are larger than what ships). */
export async function reportSize({ strict = true } = {}) {
  const { minify } = await import("./minify.mjs"); // late: it needs a package that setup may have to install first
  const scripts = [...files("dist", (f) => f.endsWith(".js")), "pkg/glue.js"].filter((f) => existsSync(at(f)));
  // As it is packed, and as one stream: what a page pays that bundles all of it.
  const script = Buffer.concat(
    scripts.map((f) => Buffer.from(f.startsWith("dist") ? minify(f, readFileSync(at(f), "utf8")) : readFileSync(at(f)))),
  );
  const wasm = Object.keys(VARIANTS)
    .map((name) => [name, at(`pkg/${name}.wasm`)])
    .filter(([, path]) => existsSync(path))
    .map(([name, path]) => [name, readFileSync(path)]);
  const total = gz(script) + Math.max(0, ...wasm.map(([, bytes]) => gz(bytes)));
  console.log(row(`JavaScript, ${scripts.length} files`, script.length, gz(script)));
  for (const [name, bytes] of wasm) console.log(row(`${name}.wasm`, bytes.length, gz(bytes)));
  const verdict = `JavaScript and the largest WASM build: ${(total / 1000).toFixed(1)} kB gzip, of ${BUDGET / 1000} kB allowed`;
  console.log(`  ${verdict}`);
  if (total > BUDGET && strict) throw new Error(`The package is too large. ${verdict}.`);
  return total;
}

if (isMain(import.meta)) {
  plainErrors("size");
  await reportSize();
}
