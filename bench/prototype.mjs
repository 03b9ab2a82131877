/** The hand-written kernels that the core was planned from, where somebody has them: the same training step without a library around it. */
import { readFileSync } from "node:fs";
import { MLP, numbers } from "./models.mjs";

/** Why its rows are skipped. */
export const PROTOTYPE = "KERATIN_PROTOTYPE_WASM does not name the prototype's module";

/** One Adam step on `rows` rows as a function, or null when the module is not there. */
export function prototypeStep(rows, x, targets) {
  const path = process.env.KERATIN_PROTOTYPE_WASM;
  if (!path) return null;
  const core = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)), {}).exports;
  const { inputs, hidden, classes } = MLP;
  // It rounds the last bias up to whole vectors, and wants room for activations and packing.
  const weights = inputs * hidden + hidden + hidden * classes + 16;
  const [X, W1, B1, W2, B2, G, M, V, ACT, WS] = [
    rows * inputs,
    inputs * hidden,
    hidden,
    hidden * classes,
    16,
    weights,
    weights,
    weights,
    rows * 300,
    1 << 20,
  ].map((words) => core.alloc(words * 4));
  const Y = targets.map((y) => core.alloc(y.length * 4));
  const memory = new Float32Array(core.memory.buffer);
  memory.set(x, X / 4);
  for (const [i, y] of targets.entries()) memory.set(y, Y[i] / 4);
  const next = numbers(5);
  for (const [at, count, scale] of [
    [W1, inputs * hidden, 0.1],
    [W2, hidden * classes, 0.2],
  ]) {
    for (let i = 0; i < count; i++) memory[at / 4 + i] = (next() - 0.5) * scale;
  }
  let turn = 0;
  return () => core.mlp_step(rows, X, Y[turn++ % Y.length], W1, B1, W2, B2, G, M, V, ACT, WS);
}
