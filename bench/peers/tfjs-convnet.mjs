/** TensorFlow.js: the training step of the convnet. Its WASM backend has no gradients of convolutions; the plain JavaScript one has. */
import { createRequire } from "node:module";
import { serve } from "../child.mjs";
import { now } from "../lib.mjs";

const require = createRequire(import.meta.url);
const [ROWS, SETS] = [32, 4];
let step;

serve({
  async prepare() {
    console.warn = () => {};
    const tf = require("@tensorflow/tfjs");
    tf.enableProdMode();
    await tf.setBackend("cpu");
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "relu", inputShape: [28, 28, 1] }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.conv2d({ filters: 32, kernelSize: 3, padding: "same", activation: "relu" }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 10, activation: "softmax" }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(), loss: "categoricalCrossentropy" });
    const x = tf.randomUniform([ROWS, 28, 28, 1]);
    const labels = Array.from({ length: SETS }, () => tf.oneHot(tf.randomUniform([ROWS], 0, 10, "int32"), 10).toFloat());
    let turn = 0;
    step = () => model.trainOnBatch(x, labels[turn++ % SETS]);
    await step();
  },
  async run(_name, times) {
    const from = now();
    for (let i = 0; i < times; i++) await step();
    return now() - from;
  },
});
