/** TensorFlow.js, WASM backend with SIMD, one thread: the network of the small rows, timed by the parent's questions. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { serve } from "../child.mjs";
import { now } from "../lib.mjs";

const require = createRequire(import.meta.url);
const [INPUTS, HIDDEN, CLASSES, ROWS, SETS] = [784, 128, 10, 64, 4];
const subjects = {};

async function prepare() {
  console.warn = () => {}; // it says that a faster backend exists
  const tf = require("@tensorflow/tfjs");
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm")), "/"));
  tf.enableProdMode();
  wasm.setThreadsCount?.(1);
  await tf.setBackend("wasm");
  await tf.ready();
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: HIDDEN, activation: "relu", inputShape: [INPUTS] }),
      tf.layers.dense({ units: CLASSES, activation: "softmax" }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(), loss: "categoricalCrossentropy" });

  const one = Float32Array.from({ length: INPUTS }, Math.random);
  subjects.predict = () => tf.tidy(() => model.predict(tf.tensor2d(one, [1, INPUTS])).dataSync());

  const x = tf.randomUniform([ROWS, INPUTS]);
  const labels = Array.from({ length: SETS }, () => tf.oneHot(tf.randomUniform([ROWS], 0, CLASSES, "int32"), CLASSES).toFloat());
  let turn = 0;
  subjects.step = () => model.trainOnBatch(x, labels[turn++ % SETS]);
  return tf.version.tfjs;
}

serve({
  prepare,
  async run(name, times) {
    const work = subjects[name];
    const from = now();
    for (let i = 0; i < times; i++) {
      const result = work();
      if (result instanceof Promise) await result; // only steps are promises: waiting for a number would cost a turn
    }
    return now() - from;
  },
});
