/** A fresh process of `start.mjs`: answers one question, in nanoseconds. */
import { serve } from "./child.mjs";
import { now } from "./lib.mjs";

const time = (work) => {
  const from = now();
  work();
  return now() - from;
};

serve({
  async firstPrediction() {
    const from = now();
    const { Tensor, Sequential, layers } = await import("keratin");
    const model = new Sequential([
      new layers.Dense(128, { activation: "relu", inputShape: [784] }),
      new layers.Dense(10, { activation: "softmax" }),
    ]);
    model.predictOnBatch(new Tensor(new Float32Array(784), [1, 784]));
    return { first: now() - from };
  },

  /** The first step less the second is what tracing and compiling it took. The model's own building comes before, with a prediction. */
  async trace() {
    const { init } = await import("keratin");
    const { likeMnist, mainJob } = await import("./models.mjs");
    await init({ threads: 1 });
    const model = mainJob();
    const batches = [128, 96].map((rows) => likeMnist(rows));
    model.predictOnBatch(batches[0].x);
    const [first, again] = batches.map(({ x, y }) => {
      const withTrace = time(() => model.trainOnBatch(x, y));
      return withTrace - Math.min(...Array.from({ length: 3 }, () => time(() => model.trainOnBatch(x, y))));
    });
    return { first, again };
  },
});
