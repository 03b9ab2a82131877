/**
 * pkg/stamp.json says what the committed WASM builds were made from, so that whoever has them needs no Rust to know that they are right:
 * per variant the hash of the sources and flags and of the file itself, and the compiler and optimizer that made it.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { at, files, hashFiles, sha256 } from "./run.mjs";
import { buildOf, optimizerFlags, STD_FLAGS, VARIANTS } from "./variants.mjs";

export const STAMP = at("pkg/stamp.json");
/** What ships beside the variants. */
export const GLUE = ["glue.js", "glue.d.ts"];

/** Everything that decides what the modules do. Rust's tests and benches do not. */
export const rustSources = () => [
  ...files("crates", (f) => f.includes("/src/") || f.endsWith("/Cargo.toml")),
  "Cargo.toml",
  "Cargo.lock",
  "tools/wasm-bindgen/Cargo.lock",
  "tools/wasm-bindgen/src/main.rs",
];

export const sourcesHash = () => hashFiles(rustSources());
/** Hash of a variant's flags, cargo features and optimizer flags. */
export const flagsHash = (name) =>
  sha256(JSON.stringify([VARIANTS[name], buildOf(name), STD_FLAGS, optimizerFlags(VARIANTS[name])]));

export const readStamp = () => (existsSync(STAMP) ? JSON.parse(readFileSync(STAMP, "utf8")) : { variants: {}, glue: {} });
export const writeStamp = (stamp) => writeFileSync(STAMP, `${JSON.stringify(stamp, null, 2)}\n`);

const pkgHash = (file) => {
  if (!existsSync(at("pkg", file))) return null;
  const bytes = readFileSync(at("pkg", file));
  return sha256(file.endsWith(".wasm") ? bytes : bytes.toString("utf8").replaceAll("\r\n", "\n"));
};
export const hashesOf = (names) => Object.fromEntries(names.map((name) => [name, pkgHash(name)]));

/** Why a variant of pkg/ does not belong to the sources, or null when it does. `quick` accepts one that no optimizer has seen. */
export function whyStale(name, { quick = false, sources = sourcesHash(), stamp = readStamp() } = {}) {
  const made = stamp.variants[name];
  if (!made) return "it has never been built";
  if (made.sources !== sources) return "the Rust sources have changed";
  if (made.flags !== flagsHash(name)) return "its flags have changed";
  if (made.sha256 !== pkgHash(`${name}.wasm`)) return "the file is not the one that the stamp describes";
  if (made.quick && !quick) return "it is a quick build for development";
  return null;
}

/** Why the glue does not belong to the sources, or null. It has to come from a threaded build: the plain one knows no shared memory. */
export function whyGlueStale({ sources = sourcesHash(), stamp = readStamp() } = {}) {
  if (stamp.glue.sources !== sources) return "the Rust sources have changed";
  if (stamp.glue.from === "simd") return "it comes from the plain build";
  for (const file of GLUE) if (stamp.glue[file] !== pkgHash(file)) return `${file} is not the one that the stamp describes`;
  return null;
}

/** One line per thing in pkg/ that does not belong to the sources; empty when all does. */
export function pkgProblems() {
  const known = { sources: sourcesHash(), stamp: readStamp() };
  const found = Object.keys(VARIANTS).map((name) => [`pkg/${name}.wasm`, whyStale(name, known)]);
  found.push(["pkg/glue.js", whyGlueStale(known)]);
  return found.filter(([, why]) => why).map(([file, why]) => `${file}: ${why}`);
}
