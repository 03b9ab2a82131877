// A convolutional network on MNIST: at least 98.5 % of the test images after two passes over the 60,000 training images.

import { layers, optimizers, Sequential } from "keratin";
import { argmaxRows, mnist } from "./images.js";
import { type Job, main } from "./job.js";
import { confusionMatrix } from "./terminal.js";

const { Conv2D, Dense, Dropout, Flatten, MaxPooling2D } = layers;

export function buildModel(steps: number): Sequential {
  const model = new Sequential([
    new Conv2D(16, 3, { activation: "relu", inputShape: [28, 28, 1] }),
    new MaxPooling2D(),
    new Conv2D(32, 3, { activation: "relu" }),
    new MaxPooling2D(),
    new Flatten(),
    new Dense(64, { activation: "relu" }),
    new Dropout(0.25),
    new Dense(10, { activation: "softmax" }),
  ]);
  // Large steps first, small ones at the end: worth a third epoch.
  const learningRate = new optimizers.schedules.CosineDecay(0.002, steps);
  model.compile({
    optimizer: new optimizers.Adam({ learningRate }),
    loss: "sparse_categorical_crossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

export const job: Job = {
  title: "A convolutional network on MNIST",
  goal: { what: "test accuracy", quick: 0.9, whole: 0.985 },
  async run({ quick, say, verbose }) {
    const [epochs, batchSize] = [2, 32];
    const { train, test } = quick ? await mnist(4000, 1000) : await mnist();
    const model = buildModel((epochs * train.x.shape[0]!) / batchSize);
    model.summary({ printFn: say });
    await model.fit(train.x, train.y, { epochs, batchSize, verbose });
    const probabilities = await model.predict(test.x, { batchSize: 250, verbose: 0 });
    const predicted = argmaxRows(probabilities);
    say(`\n${confusionMatrix(Array.from(test.y.data), predicted, 10)}`);
    return predicted.filter((digit, i) => digit === test.y.data[i]).length / predicted.length;
  },
};

await main(import.meta.url, job);
