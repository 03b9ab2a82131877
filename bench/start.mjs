/** The first moments: importing keratin and predicting once, and compiling the main job's training step, each in a fresh process. */
import { Child } from "./child.mjs";
import { atMost, row, summary } from "./lib.mjs";

const TRACE_LIMIT = 20e6;
const IMPORT_LIMIT = 60e6;

export async function start({ rounds }) {
  const samples = { prediction: [], trace: [], retrace: [] };
  for (let i = 0; i < Math.max(5, rounds / 2); i++) {
    for (const [name, question] of [
      ["prediction", "firstPrediction"],
      ["trace", "trace"],
    ]) {
      const child = new Child("start-child.mjs");
      const answer = await child.ask(question);
      await child.end();
      samples[name].push(answer.first);
      if (answer.again) samples.retrace.push(answer.again);
    }
  }
  const [prediction, trace, retrace] = [samples.prediction, samples.trace, samples.retrace].map(summary);
  return {
    rows: [
      row("import to first prediction, 784-128-10", prediction, atMost(prediction, IMPORT_LIMIT)),
      row("trace and compile the main job's step, first in the process", trace, atMost(trace, TRACE_LIMIT)),
      row("the same for another batch size, later in the process", retrace),
    ],
  };
}
