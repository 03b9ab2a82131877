/**
 * The committed pkg/ belongs to the sources: its stamp says so, and, where the compiler is the stamp's, a build from the sources gives the same bytes.
 * A build that was compared once is not compared again while sources, flags, compiler and files stay what they are.
 *
 *   node scripts/check-pkg.mjs            both
 *   node scripts/check-pkg.mjs --stamp    only the first: needs no Rust
 *   node scripts/check-pkg.mjs --bytes simd …    only the bytes of these builds
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildVariant, wasmToolchain } from "./build-wasm.mjs";
import { at, CACHE, isMain, plainErrors, say, sha256, version } from "./run.mjs";
import { pkgProblems, readStamp } from "./stamp.mjs";
import { VARIANTS } from "./variants.mjs";

const REPAIR = "`npm run build` makes it anew; commit the result.";

/** Errors: one that names the file which a build of a variant gives other bytes for. */
function compare(name, stamp) {
  const built = buildVariant(name, { to: "target/compare" });
  const same = (file, other) => {
    if (readFileSync(file).equals(readFileSync(at("pkg", other)))) return;
    throw new Error(`pkg/${other} has other bytes than a build from the sources with the same tools (${file}). ${REPAIR}`);
  };
  same(built.wasm, `${name}.wasm`);
  if (name === stamp.glue.from) {
    same(built.glue, "glue.js");
    same(built.types, "glue.d.ts");
  }
}

async function compareAll(stamp) {
  const compared = join(CACHE ?? at("target"), "compared", sha256(JSON.stringify(stamp)));
  if (existsSync(compared)) return say("pkg", "the bytes were compared before, with these sources and tools");
  // Variants of one target folder one after the other, the folders at once: linking takes a core alone, and most of the time.
  const folders = new Set(Object.values(VARIANTS).map((variant) => variant.target));
  const ends = [...folders].map(async (folder) => {
    const names = Object.keys(VARIANTS).filter((name) => VARIANTS[name].target === folder);
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "--bytes", ...names], { stdio: "inherit" });
    const [code] = await once(child, "exit");
    return code;
  });
  if ((await Promise.all(ends)).some((code) => code !== 0))
    throw new Error("the bytes of pkg/ are not those of a build, see above.");
  mkdirSync(dirname(compared), { recursive: true });
  writeFileSync(compared, "");
  say("pkg", "a build from the sources gives the same bytes");
}

export async function checkPkg({ stampOnly = false } = {}) {
  const problems = pkgProblems();
  if (problems.length) throw new Error(`pkg/ does not belong to the sources:\n  ${problems.join("\n  ")}\n${REPAIR}`);
  say("pkg", "the stamp belongs to the sources, the flags and the files");
  if (stampOnly) return;
  const stamp = readStamp();
  const made = Object.values(stamp.variants)[0];
  const here = { rustc: wasmToolchain().version, binaryen: version("binaryen") };
  const other = Object.keys(here).filter((tool) => Object.values(stamp.variants).some((v) => v[tool] !== here[tool]));
  if (other.length)
    return say(
      "pkg",
      `bytes not compared: ${other.map((tool) => `${tool} is ${here[tool]}, the stamp's ${made[tool]}`).join("; ")}`,
    );
  await compareAll(stamp);
}

if (isMain(import.meta)) {
  plainErrors("pkg");
  const [mode, ...names] = process.argv.slice(2);
  if (mode === "--bytes") for (const name of names) compare(name, readStamp());
  else await checkPkg({ stampOnly: mode === "--stamp" });
}
