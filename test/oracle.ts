// The f64 oracle of the core (crates/graph/src/bin/oracle.rs): gradients that a trace built, against central differences good to 1e-6.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { expect } from "vitest";
import * as ops from "../ts/ops.js";
import { Tensor, Trace } from "../ts/tensor.js";

const root = join(import.meta.dirname, "..");
// rustup's folder is not on the path of every shell
const env = { ...process.env, PATH: `${process.env.PATH}${delimiter}${join(homedir(), ".cargo/bin")}` };

let program: string | undefined;

/** Builds the oracle, once. Errors: without a native Rust there is none. */
function oracle(): string {
  if (program) return program;
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const args = ["build", "-q", "-p", "keratin-graph", "--features", "oracle", "--bin", "oracle", "--target-dir", target];
  const { status, error, stderr } = spawnSync("cargo", args, { cwd: root, env, encoding: "utf8" });
  if (error || status !== 0) throw new Error(`The oracle could not be built: ${error?.message ?? stderr}`);
  program = ["oracle", "oracle.exe"].map((name) => join(target, "debug", name)).find(existsSync);
  if (!program) throw new Error("The oracle was built and is not there.");
  return program;
}

/** The answers to requests, a line each; how to ask is written at the head of oracle.rs. */
export function ask(requests: string): string[] {
  const { stdout, error, stderr } = spawnSync(oracle(), { input: requests, encoding: "utf8", maxBuffer: 1 << 28 });
  if (error || stderr) throw new Error(`The oracle failed: ${error?.message ?? stderr}`);
  return stdout.trimEnd().split("\n");
}

/** Σ over the elements of y · weights that differ from element to element, so that no error can cancel. */
function weighted(y: Tensor): Tensor {
  const weights = Float32Array.from({ length: y.size }, (_, i) => Math.sin(1.7 * i + 0.7));
  return ops.sum(ops.multiply(y, new Tensor(weights, y.shape)));
}

/**
 * The gradients of `Σ w·f(xs)` by every float32 tensor among `xs`, as the core derives them, are those of central differences in f64.
 *
 * `f` must be smooth at `xs`, may return several tensors, and must not read Variables: give weights as arguments (`statelessCall`).
 * Constants inside with more than 256 different stretches are too long for the text of a graph.
 */
export function gradientsAreExact(f: (...xs: Tensor[]) => Tensor | readonly Tensor[], ...xs: Tensor[]): void {
  const trace = new Trace();
  let text: string;
  const wrt = xs.flatMap((x, i) => (x.dtype === "float32" ? [i] : []));
  try {
    text = trace.run(() => {
      const inputs = xs.map((x) => trace.input(x.shape, x.dtype));
      const result = f(...inputs);
      const results = (result instanceof Tensor ? [result] : result).filter((y) => y.dtype === "float32");
      const loss = results.map(weighted).reduce((a, b) => ops.add(a, b));
      const gradients = trace.graph.grad(
        trace.idOf(loss),
        wrt.map((i) => trace.idOf(inputs[i]!)),
      );
      // inputs that nothing reads are kept, since the request names them
      return trace.graph.text([trace.idOf(loss), ...gradients.map((g) => g.id), ...inputs.map((x) => trace.idOf(x))]);
    });
  } finally {
    trace.graph.close();
  }
  const values = xs.map((x, i) => `input ${i} ${Array.from(x.data).join(" ")}\n`).join("");
  const pairs = wrt.map((input, k) => `input ${input} ${k + 1}`).join(" ");
  const [answer] = ask(`graph\n${text}${values}grad 0 ${pairs}\n`);
  if (!answer?.startsWith("ok ")) expect.fail(`${answer}\n${text}`);
}
