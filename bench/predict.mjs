/** One row through 784-128-10, all in: from a typed array in JavaScript to probabilities in JavaScript. */
import { init, Tensor } from "keratin";
import { atMost, interleave, local, localAsync, row, skipped, timesFaster } from "./lib.mjs";
import { MLP, mlp, numbers, uniform } from "./models.mjs";
import { peakOf, peakSubject } from "./peak.mjs";
import { tfjs } from "./peers.mjs";

const LIMIT = 12e3;
const FASTER = 2.5;

export async function predict({ rounds }) {
  await init({ threads: 1 });
  const model = mlp();
  const x = uniform(MLP.inputs, numbers(1));
  const peer = await tfjs();
  const times = await interleave(
    {
      peak: peakSubject(),
      onBatch: local(() => model.predictOnBatch(new Tensor(x, [1, MLP.inputs])).data),
      predict: localAsync(async () => (await model.predict(new Tensor(x, [1, MLP.inputs]), { verbose: 0 })).data),
      ...(peer && { tfjs: peer.subject("predict"), fused: peer.subject("fused") }),
    },
    { rounds, warm: 300 },
  );
  await peer?.end();
  const { onBatch, predict: whole, tfjs: theirModel, fused } = times;
  const what = "one row of 784-128-10";
  // The goal is about the peer's fastest form.
  const compared = (name, ns) =>
    fused ? row(`${what}, ${name}`, ns, timesFaster(ns, fused, "TF.js WASM", FASTER)) : skipped(`${what}, ${name}`, tfjs.why);
  const rows = [
    row(`${what}, predictOnBatch`, onBatch, atMost(onBatch, LIMIT)),
    compared("predictOnBatch", onBatch),
    row(`${what}, predict`, whole),
    compared("predict", whole),
    ...(fused ? [row(`${what}, TF.js WASM, fused ops`, fused), row(`${what}, TF.js WASM, predictOnBatch`, theirModel)] : []),
  ];
  return { rows, peak: peakOf(times.peak) };
}
