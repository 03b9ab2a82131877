/** P, the multiply-add peak of one thread: the yardstick that travels between machines, and the sign that a run was disturbed. */
import { init } from "keratin";
import { peakProbe } from "keratin/wasm/glue.js";
import { local, summary } from "./lib.mjs";

/** Passes of the loop per call: about 50 µs. */
const PASSES = 50;

/** A subject for `interleave`; call `init` first. */
export const peakSubject = () => local(() => peakProbe(PASSES));
/** Operations per nanosecond (GFLOP/s) of what `interleave` measured for it. */
export const peakOf = (ns) => {
  const operations = peakProbe(1) * PASSES;
  return { best: operations / ns.best, median: operations / ns.median };
};

/** P on its own: best and median of 60 rounds. */
export async function measurePeak() {
  await init({ threads: 1 });
  const subject = peakSubject();
  subject.run(400);
  return peakOf(summary(Array.from({ length: 60 }, () => subject.run(40) / 40)));
}
