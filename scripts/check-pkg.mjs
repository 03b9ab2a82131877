/**
 * The committed pkg/ belongs to the sources: its stamp says so, and, where the compiler is the stamp's, a build from the sources gives the same bytes.
 * A build that was compared once is not compared again while sources, flags, compiler and files stay what they are.
 *
 *   node scripts/check-pkg.mjs            both
 *   node scripts/check-pkg.mjs --stamp    only the first: needs no Rust
 */
import { readFileSync } from "node:fs";
import { buildVariant, wasmToolchain } from "./build-wasm.mjs";
import { at, isMain, once, plainErrors, say, sha256, version } from "./run.mjs";
import { pkgProblems, readStamp } from "./stamp.mjs";
import { VARIANTS } from "./variants.mjs";

const REPAIR = "`npm run build` makes it anew; commit the result.";

function compare(stamp) {
  for (const name of Object.keys(VARIANTS)) {
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
  await once("pkg", sha256(JSON.stringify(stamp)), "the bytes were compared before, with these sources and tools", () =>
    compare(stamp),
  );
}

if (isMain(import.meta)) {
  plainErrors("pkg");
  await checkPkg({ stampOnly: process.argv.includes("--stamp") });
}
