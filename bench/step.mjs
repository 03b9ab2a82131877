/** A training step of 784-128-10: 64 rows, Adam, one thread, through trainOnBatch; beside it the hand-written prototype and TF.js. */
import { init, Tensor } from "keratin";
import { interleave, local, row, shareOfPeak, skipped, timesAsLong, timesFaster } from "./lib.mjs";
import { contradictingTargets, MLP, mlp, numbers, uniform } from "./models.mjs";
import { peakOf, peakSubject } from "./peak.mjs";
import { tfjs } from "./peers.mjs";
import { PROTOTYPE, prototypeStep } from "./prototype.mjs";

const ROWS = 64;
const SETS = 4;
const AS_LONG = 1.3;
const FASTER = 8;
/** Two products forward, one gradient of the input, two of the kernels. */
const OPERATIONS = 2 * ROWS * (2 * MLP.inputs * MLP.hidden + 3 * MLP.hidden * MLP.classes);

export async function step({ rounds }) {
  await init({ threads: 1 });
  const model = mlp();
  model.compile({ optimizer: "adam", loss: "categorical_crossentropy" });
  const x = uniform(ROWS * MLP.inputs, numbers(1));
  const targets = contradictingTargets(ROWS, SETS);
  const input = new Tensor(x, [ROWS, MLP.inputs]);
  const labels = targets.map((y) => new Tensor(y, [ROWS, MLP.classes]));
  let turn = 0;
  const peer = await tfjs();
  const prototype = prototypeStep(ROWS, x, targets);
  const times = await interleave(
    {
      peak: peakSubject(),
      ours: local(() => model.trainOnBatch(input, labels[turn++ % SETS])),
      ...(prototype && { prototype: local(prototype) }),
      ...(peer && { tfjs: peer.subject("step"), minimize: peer.subject("minimize") }),
    },
    { rounds, ms: 8, warm: 150 },
  );
  await peer?.end();
  const { ours } = times;
  // The goal is about the peer's fastest form.
  const theirs = peer && (times.minimize.best < times.tfjs.best ? times.minimize : times.tfjs);
  const what = "training step of 784-128-10, batch 64, Adam";
  const peak = peakOf(times.peak);
  const rows = [
    row(what, ours, shareOfPeak(ours, OPERATIONS, peak.best, null)),
    prototype ? row(what, ours, timesAsLong(ours, times.prototype, "the prototype", AS_LONG)) : skipped(what, PROTOTYPE),
    peer ? row(what, ours, timesFaster(ours, theirs, "TF.js WASM", FASTER)) : skipped(what, tfjs.why),
    ...(prototype ? [row(`${what}, the prototype`, times.prototype)] : []),
    ...(peer ? [row(`${what}, TF.js WASM, trainOnBatch`, times.tfjs), row(`${what}, TF.js WASM, minimize`, times.minimize)] : []),
  ];
  return { rows, peak };
}
