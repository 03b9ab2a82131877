/** A process of `epoch.mjs` with its own number of threads. */
import { init } from "keratin";
import { serve } from "./child.mjs";
import { now, summary } from "./lib.mjs";
import { likeMnist, mainJob } from "./models.mjs";
import { peakOf, peakSubject } from "./peak.mjs";

const SPLIT = 0.1;
let model;
let data;

const fit = ({ x, y }) => model.fit(x, y, { epochs: 1, batchSize: 128, validationSplit: SPLIT, verbose: 0 });
const peak = () => {
  const subject = peakSubject();
  return peakOf(summary(Array.from({ length: 20 }, () => subject.run(20) / 20)));
};

serve({
  /** Builds, compiles and warms up: all programs that an epoch needs are those of 1,408 rows, but for the sizes of last batches. */
  async prepare(threads, rows) {
    await init({ threads });
    model = mainJob();
    data = likeMnist(rows);
    await fit(likeMnist(1408));
    peak();
  },
  async epoch() {
    const before = peak();
    const from = now();
    await fit(data);
    const time = now() - from;
    const rows = data.x.shape[0];
    const training = Math.floor(rows * (1 - SPLIT));
    return { time, peak: before, sizes: { training, validation: rows - training } };
  },
});
