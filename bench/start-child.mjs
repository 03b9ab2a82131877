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

  /**
   * `explain` without runs traces and compiles the step and prints it; a second call only prints, and is taken off.
   * The model's own building comes before, with a prediction.
   */
  async trace() {
    const { init } = await import("keratin");
    const { likeMnist, mainJob } = await import("./models.mjs");
    await init({ threads: 1 });
    const model = mainJob();
    const batches = [128, 96].map((rows) => likeMnist(rows));
    model.predictOnBatch(batches[0].x);
    const [first, again] = batches.map(({ x, y }) => {
      const explain = () => time(() => model.explain(x, y, 0));
      const withTrace = explain();
      return withTrace - Math.min(explain(), explain(), explain());
    });
    return { first, again };
  },
});
