/**
 * The gate: sets up what is missing, then runs every check, each under a heading with its time. Fails when one of them fails.
 *
 *   node scripts/test.mjs                    everything (`npm test`)
 *   node scripts/test.mjs format lint types  only these (`npm run check` names the quick ones)
 *   node scripts/test.mjs --list             their names
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { buildExamples } from "./build-ts.mjs";
import { checkPkg } from "./check-pkg.mjs";
import { at, files, hashFiles, NATIVE_TARGET, once, plainErrors, run, runPackage, say, seconds, sha256 } from "./run.mjs";
import { setup } from "./setup.mjs";
import { reportSize } from "./size.mjs";
import { nativeRust } from "./toolchain.mjs";

const RUST = ["Cargo.toml", "Cargo.lock"];
const MODELLED = ["crates/exec/src/par/tickets.rs", "crates/exec/tests/par_loom.rs", "Cargo.lock"];
const REPORT = "target/vitest.json";
const totals = { passed: 0, failed: 0 };

let rust;
const native = () => {
  rust ??= nativeRust();
  return rust;
};

/** cargo, natively; false when a subcommand is not there. */
async function cargo(args, { counts = false, flags } = {}) {
  const { env, missing, version } = native();
  if (missing.includes(args[0])) {
    say("test", `SKIPPED: cargo ${args[0]} for ${version} is not installed. With rustup: rustup component add clippy rustfmt`);
    return;
  }
  const full = {
    ...process.env,
    ...env,
    CARGO_TARGET_DIR: NATIVE_TARGET,
    ...(flags && { RUSTFLAGS: flags }),
    CARGO_TERM_COLOR: process.stdout.isTTY ? "always" : "auto",
  };
  const child = spawn("cargo", args, { cwd: at(), env: full, stdio: ["ignore", counts ? "pipe" : "inherit", "inherit"] });
  let text = "";
  child.stdout?.on("data", (chunk) => {
    text += chunk;
    process.stdout.write(chunk);
  });
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  // The last suite of a run may die before it counts; its exit code tells.
  for (const [, passed, failed] of text.matchAll(/(\d+) passed; (\d+) failed/g)) {
    totals.passed += Number(passed);
    totals.failed += Number(failed);
  }
  if (code !== 0) throw new Error(`cargo ${args.join(" ")} failed`);
}

function vitest(...projects) {
  rmSync(at(REPORT), { force: true });
  process.env.CARGO_TARGET_DIR ??= NATIVE_TARGET; // tests that ask the f64 oracle find it built
  try {
    runPackage("vitest/vitest.mjs", [
      "run",
      ...projects.map((p) => `--project=${p}`),
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${REPORT}`,
    ]);
  } finally {
    if (existsSync(at(REPORT))) {
      const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(at(REPORT), "utf8"));
      totals.passed += numPassedTests;
      totals.failed += numFailedTests;
    }
  }
}

/** Name, what its heading says, what it does. In this order: what is quick to fail comes first. */
const STEPS = {
  format: ["TypeScript: format and lint", () => runPackage("@biomejs/biome/bin/biome", ["check", "--error-on-warnings", "."])],
  rustfmt: ["Rust: format", () => cargo(["fmt", "--all", "--check"])],
  types: [
    "TypeScript: types of the tests and examples; wrong use must not compile",
    () => {
      runPackage("typescript/bin/tsc", ["-p", at("test")]);
      buildExamples();
    },
  ],
  compatibility: [
    "COMPATIBILITY.md is what the package says",
    () => run(process.execPath, [at("scripts/compatibility.mjs"), "--check"]),
  ],
  size: ["Size of the package", () => reportSize()],
  clippy: ["Rust: lint", () => cargo(["clippy", "-q", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])],
  cargo: [
    "Rust: tests",
    () =>
      once(
        "cargo",
        sha256(hashFiles(files("crates")), hashFiles(RUST), native().version),
        "all passed before, on these sources",
        () => cargo(["test", "-q", "--workspace", "--locked"], { counts: true }),
      ),
  ],
  loom: [
    "Rust: model of the thread pool",
    () =>
      // All that the model is made of. With other content every interleaving is tried again, which takes a minute.
      once("loom", hashFiles(MODELLED), "every interleaving was tried before, of these files", () =>
        // Its own target folder: the flag would make cargo compile everything again, and then again without it.
        cargo(
          [
            "test",
            "-q",
            "-p",
            "keratin-exec",
            "--test",
            "par_loom",
            "--locked",
            "--release",
            "--target-dir",
            `${NATIVE_TARGET}/loom`,
          ],
          { counts: true, flags: "--cfg loom" },
        ),
      ),
  ],
  pkg: ["The committed builds belong to the sources", () => checkPkg()],
  node: [
    "Tests in Node",
    async () => {
      // What test/oracle.ts asks for: compiled here, because no test should have to wait for it.
      await cargo(["build", "-q", "--locked", "-p", "keratin-graph", "--features", "oracle", "--bin", "oracle"]);
      vitest("node");
    },
  ],
  chromium: ["Tests in Chromium", () => vitest("chromium")],
  package: ["The packed package, on several versions of Node", () => vitest("package")],
};

plainErrors("test");
const wanted = process.argv.slice(2).filter((a) => !a.startsWith("--"));
if (process.argv.includes("--list")) {
  for (const [name, [what]] of Object.entries(STEPS)) console.log(`${name.padEnd(10)} ${what}`);
  process.exit();
}
const unknown = wanted.find((name) => !STEPS[name]);
if (unknown) throw new Error(`There is no check named "${unknown}". The checks are ${Object.keys(STEPS).join(", ")}.`);

const started = Date.now();
const chosen = wanted.length ? wanted : Object.keys(STEPS);
await setup({ test: chosen.includes("chromium") });

const results = [];
for (const name of chosen) {
  const [what, body] = STEPS[name];
  console.log(`\n=== ${what}`);
  const since = Date.now();
  let problem = null;
  try {
    await body();
  } catch (error) {
    problem = error.message;
    console.error(`[test] ${problem}`);
  }
  results.push({ what, problem, time: seconds(since) });
}

console.log("\n=== Summary");
for (const { what, problem, time } of results) console.log(`${problem ? "FAILED" : "ok    "}  ${time.padStart(8)}  ${what}`);
const broken = results.filter((r) => r.problem).length;
// A check that fails without failing a test (format, types, a crash) counts as one.
if (broken && totals.failed === 0) totals.failed = broken;
console.log(`${"".padEnd(8)}${seconds(started).padStart(8)}  in all, set-up included\n`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exit(broken ? 1 : 0);
