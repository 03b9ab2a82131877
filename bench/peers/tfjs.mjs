/** TensorFlow.js, WASM backend with SIMD, one thread: the network of the small rows, timed by the parent's questions. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { serve } from "../child.mjs";
import { now } from "../lib.mjs";

const require = createRequire(import.meta.url);
const [INPUTS, HIDDEN, CLASSES, ROWS, SETS] = [784, 128, 10, 64, 4];
const WARM_UP = { predict: 3000, fused: 3000, step: 150, minimize: 150 };
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
  subjects.predict = () => tf.tidy(() => model.predictOnBatch(tf.tensor2d(one, [1, INPUTS])).dataSync());
  // The fastest way there is with it: no model, its fused products on the model's weights.
  const [w1, b1, w2, b2] = model.getWeights();
  subjects.fused = () =>
    tf.tidy(() => {
      const h = tf.fused.matMul({ a: tf.tensor2d(one, [1, INPUTS]), b: w1, bias: b1, activation: "relu" });
      return tf.softmax(tf.fused.matMul({ a: h, b: w2, bias: b2 })).dataSync();
    });

  const x = tf.randomUniform([ROWS, INPUTS]);
  const labels = Array.from({ length: SETS }, () => tf.oneHot(tf.randomUniform([ROWS], 0, CLASSES, "int32"), CLASSES).toFloat());
  let turn = 0;
  subjects.step = () => model.trainOnBatch(x, labels[turn++ % SETS]);
  // The same without the model's bookkeeping: the loss written in ops, its optimizer's minimize, and the loss read.
  const variables = [w1, b1, w2, b2].map((w) => tf.variable(w.clone()));
  const adam = tf.train.adam();
  subjects.minimize = () => {
    const y = labels[turn++ % SETS];
    const loss = adam.minimize(
      () => {
        const h = tf.relu(tf.add(tf.matMul(x, variables[0]), variables[1]));
        return tf.losses.softmaxCrossEntropy(y, tf.add(tf.matMul(h, variables[2]), variables[3]));
      },
      true,
      variables,
    );
    loss.dataSync();
    loss.dispose();
  };
  // Its JavaScript is large: V8 needs thousands of calls until it is as fast as it gets.
  for (const [name, times] of Object.entries(WARM_UP)) for (let i = 0; i < times; i++) await subjects[name]();
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
