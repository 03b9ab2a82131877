/** The main job: one epoch of `fit` on data of MNIST's shape, with one thread and with two, each in a process of its own. */
import { availableParallelism } from "node:os";
import { Child } from "./child.mjs";
import { row, shareOfPeak, skipped, summary, timesFaster } from "./lib.mjs";

const SHARE = 0.6;
const FASTER = 1.6;

/** Multiplications and additions of an epoch: three products per layer in training (two for the first, whose input has no gradient), one in validation. */
function operations({ training, validation }) {
  const [first, others] = [784 * 512, 512 * 512 + 512 * 10];
  return 2 * (training * (2 * first + 3 * others) + validation * (first + others));
}

export async function epoch({ quick }) {
  const rows = quick ? 6000 : 60000;
  const threads = [1, 2].filter((n) => n === 1 || availableParallelism() > 1);
  const children = [];
  const times = {};
  const peaks = [];
  for (const n of threads) {
    const child = new Child("epoch-child.mjs");
    children.push([n, child]);
    await child.ask("prepare", n, rows);
    times[n] = [];
  }
  let sizes;
  for (let round = 0; round < 3; round++) {
    for (const [n, child] of children) {
      const answer = await child.ask("epoch");
      times[n].push(answer.time);
      if (n === 1) peaks.push(answer.peak.best, answer.peak.median);
      sizes = answer.sizes;
    }
  }
  for (const [, child] of children) await child.end();
  const one = summary(times[1]);
  const two = times[2] && summary(times[2]);
  const peak = { best: Math.max(...peaks), median: summary(peaks).median };
  const what = `main job, one epoch${quick ? " of a tenth of the rows" : ""}`;
  return {
    rows: [
      row(`${what}, one thread`, one, shareOfPeak(one, operations(sizes), peak.best, SHARE)),
      two
        ? row(`${what}, two threads`, two, timesFaster(two, one, "with one", FASTER))
        : skipped(`${what}, two threads`, "there is one core"),
    ],
    peak,
  };
}
