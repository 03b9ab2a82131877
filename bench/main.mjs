/**
 * `npm run bench`: how fast it is here, as one table. Ratios are taken within one run; nothing fails when a goal is missed.
 *
 *   npm run bench -- [groups]        products, predict, step, layers, convnet, embedding, start, epoch; all when none is named
 *   npm run bench -- --quick         fewer rounds, a tenth of the epoch
 *   KERATIN_PROTOTYPE_WASM=file      also compares with the prototype's module
 *   npm ci --prefix bench/peers      also compares with TensorFlow.js and jax-js
 *   KERATIN_PYTHON=python            also compares with Keras on JAX in that Python
 */
import { cpus } from "node:os";
import { init, runtimeInfo } from "keratin";
import { Child } from "./child.mjs";
import { convnet } from "./convnet.mjs";
import { embedding } from "./embedding.mjs";
import { epoch } from "./epoch.mjs";
import { layersAlone } from "./layers.mjs";
import { skipped, table } from "./lib.mjs";
import { measurePeak } from "./peak.mjs";
import { predict } from "./predict.mjs";
import { products } from "./products.mjs";
import { start } from "./start.mjs";
import { step } from "./step.mjs";

const GROUPS = { products, predict, step, layers: layersAlone, convnet, embedding, start, epoch };
/** A run in which the peak moves by more than this says little. */
const DRIFT = 0.05;

const quick = process.argv.includes("--quick");
const named = process.argv.slice(2).filter((a) => !a.startsWith("--"));
const unknown = named.filter((n) => !(n in GROUPS));
if (unknown.length > 0) {
  console.error(`There is no group "${unknown[0]}". Groups: ${Object.keys(GROUPS).join(", ")}.`);
  process.exit(2);
}

await init({ threads: 1 });
const { platform, variant, threads } = runtimeInfo();
console.log(
  `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${cpus().length} cores; Node ${process.version}, V8 ${process.versions.v8}`,
);
console.log(
  `keratin on ${platform}: build ${variant}, ${threads} thread${threads === 1 ? "" : "s"} where a row names no other number`,
);

const peaks = [["before", await measurePeak()]];
const rows = [];
for (const [name, group] of Object.entries(GROUPS)) {
  if (named.length > 0 && !named.includes(name)) continue;
  process.stderr.write(`${name} …\r`);
  try {
    const result = await group({ quick, rounds: quick ? 10 : 40 });
    rows.push(...result.rows);
    if (result.peak) peaks.push([name, result.peak]);
  } catch (error) {
    rows.push(skipped(name, error.message.split("\n")[0]));
    await Child.endAll();
  }
}
peaks.push(["after", await measurePeak()]);

const best = Math.max(...peaks.map(([, p]) => p.best));
const drift = ([, p]) => 1 - p.median / best;
const disturbed = peaks.filter((p) => drift(p) > DRIFT);
const moved = peaks.map((p) => `${p[0]} −${(100 * drift(p)).toFixed(0)} %`).join(", ");
console.log(`P, the multiply-add peak of one thread: ${best.toFixed(1)} GFLOP/s; its median in each group: ${moved}`);
if (disturbed.length > 0) {
  const names = disturbed.map(([name]) => name).join(", ");
  console.log(`DISCARD ${names}: P was off by more than ${100 * DRIFT} %, the machine was busy.`);
}
console.log(`\n${table(rows)}`);
