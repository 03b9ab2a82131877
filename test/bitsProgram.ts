// The same graph in this process' WebAssembly and in a native build: what `bits.test.ts` and `bitsThreads.test.ts` compare.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { apply, applyAll } from "../ts/core/apply.js";
import { Program, type TensorType } from "../ts/core/program.js";
import { ops } from "../ts/index.js";
import { currentTrace, type Tensor } from "../ts/tensor.js";
import { memoryWords } from "../ts/wasm.js";

/** Sizes that are large enough to be shared among threads, and no multiples of a lane. */
const TYPES: readonly TensorType[] = [
  { shape: [131, 300], dtype: "float32" }, // x
  { shape: [131], dtype: "int32" }, // labels, 0 … 6
  { shape: [2], dtype: "uint32" }, // key
  { shape: [300, 203], dtype: "float32" }, // kernel
  { shape: [203], dtype: "float32" }, // bias
  { shape: [203, 7], dtype: "float32" }, // kernel
  { shape: [300, 203], dtype: "float32" }, // velocity
];

/** A training step, and one of each kind of kernel whose bits could depend on a platform's library or on the order of a sum. */
function body([x, labels, key, w, b, v, velocity]: Tensor[]): Tensor[] {
  const loss = (kernel: Tensor): Tensor => {
    const h = ops.tanh(ops.add(ops.matmul(x!, ops.multiply(kernel, 0.1)), b!));
    const kept = apply("random_uniform", [key!], { ints: [131, 203], floats: [0, 1] });
    const dropped = ops.where(ops.less(kept, 0.8), ops.multiply(h, 1.25), 0);
    const logits = ops.matmul(dropped, v!);
    const own = ops.sum(ops.multiply(ops.logSoftmax(logits), ops.oneHot(labels!, 7)), { axis: -1 });
    return ops.negative(ops.mean(own));
  };
  const trace = currentTrace()!;
  const kernel = ops.add(w!, 0);
  const value = loss(kernel);
  const [gradient] = trace.graph.grad(trace.idOf(value), [trace.idOf(kernel)]).map((g) => trace.wrap(g));
  const positive = ops.add(ops.abs(velocity!), 0.001);
  const adam = applyAll("adam", [w!, gradient!, velocity!, positive, ops.add(ops.multiply(value, 0), 0.01)], {
    floats: [0.9, 0.999, 1e-7],
  });
  const [, running] = ops.scan(
    (carry: Tensor, row: Tensor) => {
      const next = ops.add(ops.multiply(carry, 0.9), ops.sin(row));
      return [next, next] as [Tensor, Tensor];
    },
    ops.multiply(b!, 0),
    { xs: w! },
  );
  const some = ops.reshape(x!, [-1]);
  return [
    value,
    gradient!,
    ...adam,
    running as Tensor,
    apply("random_normal", [key!], { ints: [1001], floats: [0, 1] }),
    apply("random_truncated_normal", [key!], { ints: [1001], floats: [0, 1] }),
    ...[ops.exp, ops.expm1, ops.sin, ops.cos, ops.tan, ops.erf, ops.sigmoid, ops.arctan, ops.sinh, ops.gelu, ops.softplus].map(
      (f) => f(some),
    ),
    ...[ops.log, ops.log1p, ops.sqrt, ops.rsqrt, ops.reciprocal].map((f) => f(ops.add(ops.abs(some), 0.125))),
    ops.power(ops.add(ops.abs(some), 0.125), 1.7),
    ops.sum(x!),
    ops.var(x!, { axis: 0 }),
    ops.logsumexp(x!, { axis: 1 }),
    ops.cumsum(x!, { axis: 0 }),
    ops.argsort(x!, { axis: 0 }),
    ops.matmul(ops.transpose(x!), x!),
    ops.matmul(ops.take(x!, 0, { axis: 0 }), w!),
  ];
}

const word = (i: number, k: number): number => (Math.imul(i, 2654435761) + Math.imul(k, 40503)) >>> 0;
const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** The hashes of all outputs, computed here, and the graph as text. */
export function here(): { hashes: string; text: string } {
  let text = "";
  const program = Program.trace(TYPES, (values) => {
    const outputs = body(values);
    const trace = currentTrace()!;
    text = trace.graph.text(outputs.map((t) => trace.idOf(t)));
    return outputs;
  });
  TYPES.forEach(({ shape, dtype }, k) => {
    const size = shape.reduce((n, d) => n * d, 1);
    const at = program.inputAt(k);
    const memory = memoryWords();
    for (let i = 0; i < size; i++) {
      const r = word(i, k);
      float[0] = (r >>> 8) / 2 ** 22 - 2;
      memory[at + i] = dtype === "float32" ? floatBits[0]! : dtype === "int32" ? (r >>> 8) % 7 : r;
    }
  });
  program.execute();
  const hashes = program.outputs.map((_, k) => {
    const data = program.read(k);
    const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
    return words
      .reduce((h, w) => Math.imul(h ^ w, 0x01000193) >>> 0, 0x811c9dc5)
      .toString(16)
      .padStart(8, "0");
  });
  return { hashes: hashes.join(" "), text };
}

/** The hashes as a native build has them, by number of threads. */
export function native(text: string): Record<string, string> {
  const { status, stdout, stderr, error } = spawnSync(
    "cargo",
    ["run", "-q", "--locked", "-p", "keratin-exec", "--example", "bits"],
    {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      input: text,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    },
  );
  if (status !== 0) throw new Error(`cargo run --example bits failed: ${error?.message ?? stderr}`);
  return Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split(": ") as [string, string]),
  );
}

/** Is there a Rust toolchain? The package's tests run without one, too. */
export const hasCargo = spawnSync("cargo", ["--version"]).status === 0;
