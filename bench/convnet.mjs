/** The training step of a small convnet, one thread and two; beside it TF.js, jax-js and Python Keras on JAX, each in its own process. */
import { existsSync } from "node:fs";
import { Child } from "./child.mjs";
import { interleave, row, shareOfPeak, skipped, timesAsLong, timesFaster } from "./lib.mjs";
import { peakOf, peakSubject } from "./peak.mjs";
import { pythonKeras, WHY } from "./peers/keras.mjs";

/** Multiply-adds of two convolutions, their gradients (none for the first input) and the Dense, twice. */
const OPERATIONS = 2 * 32 * (2 * 784 * 9 * 16 + 3 * 196 * 144 * 32 + 3 * 1568 * 10);
const WHAT = "convnet step (conv16 pool conv32 pool dense10, 28×28, batch 32, Adam)";

/** A peer from bench/peers, or null when it is not installed or does not run. */
async function peer(file, needs) {
  if (!existsSync(new URL(`peers/node_modules/${needs}`, import.meta.url))) return null;
  const child = new Child(file);
  await child.ask("prepare");
  return child;
}

export async function convnet({ rounds }) {
  const rows = [];
  const one = new Child("convnet-child.mjs", ["1"]);
  const two = new Child("convnet-child.mjs", ["2"]);
  await one.ask("prepare");
  await two.ask("prepare");
  const keras = { 1: await pythonKeras(1), 2: await pythonKeras(2) };
  const subjects = { peak: peakSubject(), one: one.subject("step"), two: two.subject("step") };
  for (const threads of [1, 2]) {
    if (!keras[threads]) continue;
    subjects[`keras${threads}`] = keras[threads].subject("step");
    subjects[`fit${threads}`] = keras[threads].subject("fit");
  }
  const times = await interleave(subjects, { rounds, ms: 60, warm: 400 });
  const peak = peakOf(times.peak);
  rows.push(row(WHAT, times.one, shareOfPeak(times.one, OPERATIONS, peak.best, null)));
  const faster = (a, b) => (a.best < b.best ? a : b);
  for (const [threads, ours, most] of [
    [1, times.one, 1.3],
    [2, times.two, 1],
  ]) {
    // biome-ignore format: a table
    const what = `${WHAT}, ${threads === 1 ? "one thread" : "two threads"}`;
    rows.push(
      keras[threads]
        ? row(
            what,
            ours,
            timesAsLong(ours, faster(times[`keras${threads}`], times[`fit${threads}`]), "Python Keras on JAX", most),
          )
        : skipped(what, WHY),
    );
    keras[threads]?.end();
  }
  rows.push(row(`${WHAT}, two threads`, times.two, timesFaster(times.two, times.one, "one thread", null)));
  await two.end();
  // The slow peers take turns with ours in a run of their own: one round of theirs is a hundred of ours.
  const peers = {
    "TF.js (its JavaScript backend)": ["peers/tfjs-convnet.mjs", "@tensorflow/tfjs"],
    "jax-js": ["peers/jaxjs.mjs", "@jax-js/jax"],
  };
  const slow = {};
  for (const [name, [file, needs]] of Object.entries(peers)) {
    try {
      const child = await peer(file, needs);
      if (child) slow[name] = child;
      else rows.push(skipped(`${WHAT}, ${name}`, "not installed: npm ci --prefix bench/peers"));
    } catch (error) {
      rows.push(skipped(`${WHAT}, ${name}`, error.message.split("\n")[0]));
    }
  }
  if (Object.keys(slow).length > 0) {
    const turns = Object.fromEntries(Object.entries(slow).map(([name, child]) => [name, child.subject("step")]));
    const both = await interleave({ ours: one.subject("step"), ...turns }, { rounds: 2, ms: 100, warm: 100 });
    const names = Object.keys(slow);
    const best = names.reduce((a, b) => (both[a].best < both[b].best ? a : b));
    rows.push(row(WHAT, both.ours, timesFaster(both.ours, both[best], `${best}, the fastest there`, 30)));
    for (const name of names) rows.push(row(`${WHAT}, ${name}`, both[name]));
    for (const child of Object.values(slow)) await child.end();
  }
  await one.end();
  return { rows, peak };
}
