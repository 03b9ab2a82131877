/** What every script here needs: the project's root, running commands, saying what happens, hashing files. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const at = (...path) => join(ROOT, ...path);

/**
 * Where things go that are costly to make and safe to keep: tools, and the target folders of cargo.
 * `KERATIN_CACHE` moves them out of the project, so that a fresh clone finds what the last one made.
 */
export const CACHE = process.env.KERATIN_CACHE;
export const TOOLS = CACHE ? join(CACHE, "tools") : at(".tools");
export const WASM_TARGET = CACHE ? join(CACHE, "wasm") : at("target/wasm");
export const NATIVE_TARGET = process.env.CARGO_TARGET_DIR ?? (CACHE ? join(CACHE, "native") : at("target"));

/** Runs a command and shows its output. A command that fails is an error. `env` is added; `undefined` takes a variable away. */
export function run(command, args, { env = {}, quiet = false, cwd = ROOT } = {}) {
  const result = spawnSync(command, args, {
    cwd,
    stdio: quiet ? "pipe" : "inherit",
    encoding: "utf8",
    env: { ...process.env, ...env },
    ...shell(command),
  });
  if (result.error) throw new Error(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) {
    if (quiet) process.stderr.write(result.stdout + result.stderr);
    throw new Error(`failed (${result.status ?? result.signal}): ${command} ${args.join(" ")}`);
  }
}

/** What a command prints, or null when it is not there or fails. */
export function output(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, encoding: "utf8", env: { ...process.env, ...env }, ...shell(command) });
  return result.status === 0 ? result.stdout.trim() : null;
}

// On Windows npm is a .cmd file, which only a shell can start.
const shell = (command) => (process.platform === "win32" && command === "npm" ? { shell: true } : {});

/** Runs a program of a package in node_modules with this Node. */
export const runPackage = (program, args, options) => run(process.execPath, [at("node_modules", program), ...args], options);

export const say = (topic, text) => console.log(`[${topic}] ${text}`);
export const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** Does a step and says how long it took, unless it had nothing to do (returned false) or was quick. */
export function timed(topic, what, body) {
  const since = Date.now();
  const result = body();
  if (result !== false && Date.now() - since > 500) say(topic, `${what}: ${seconds(since)}`);
  return result;
}

/** Errors of a script are for its user: the sentence, no stack. */
export function plainErrors(topic) {
  process.on("uncaughtException", (error) => {
    console.error(`[${topic}] ${process.env.KERATIN_DEBUG ? error.stack : error.message}`);
    process.exit(1);
  });
}

/** All files below `path` in the project, sorted, as paths from the root with forward slashes; a file stands for itself. */
export function files(path, wanted = () => true) {
  if (!existsSync(at(path))) return [];
  const entries = readdirSync(at(path), { withFileTypes: true, recursive: true });
  return entries
    .filter((e) => e.isFile())
    .map((e) =>
      relative(ROOT, join(e.parentPath ?? e.path, e.name))
        .split(sep)
        .join("/"),
    )
    .filter(wanted)
    .sort();
}

export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");

/** Hash of names and contents. Line ends are one: a checkout on Windows has the same hash. */
export const hashFiles = (paths) =>
  sha256(...paths.flatMap((path) => [`${path}\n`, readFileSync(at(path), "utf8").replaceAll("\r\n", "\n")]));

/** Runs a costly check, unless it passed before on the same content, whose hash is `key`; then says `before`. */
export async function once(topic, key, before, body) {
  const note = join(CACHE ?? at("target"), "passed", `${topic}-${key}`);
  if (existsSync(note)) return say(topic, before);
  await body();
  mkdirSync(dirname(note), { recursive: true });
  writeFileSync(note, "");
}

export const pathWith = (...folders) => [...folders, process.env.PATH].join(delimiter);
export const version = (name) => JSON.parse(readFileSync(at("node_modules", name, "package.json"), "utf8")).version;
/** Is this the script that node was started with? */
export const isMain = (meta) => process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(meta.url);
