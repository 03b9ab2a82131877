// A model with two inputs: do two images show the same digit? One encoder sees both; merging layers compare what it says.

import { mkdir } from "node:fs/promises";
import { Input, layers, Model, Sequential, Tensor, utils } from "keratin";
import { type Digits, mnist } from "./images.js";
import { type Job, main } from "./job.js";
import { confusionMatrix, digit } from "./terminal.js";

const { Concatenate, Conv2D, Dense, Dot, Dropout, Flatten, MaxPooling2D, Maximum, Minimum, Multiply, Subtract } = layers;

/** What the same layers make of either image. */
const encoder = (): Sequential =>
  new Sequential(
    [
      Input([28, 28, 1]),
      new Conv2D(8, 5, { strides: 2, activation: "relu" }),
      new Conv2D(16, 3, { activation: "relu" }),
      new MaxPooling2D(),
      new Flatten(),
      new Dense(48, { activation: "relu" }),
    ],
    { name: "encoder" },
  );

export function buildModel(): Model {
  const [left, right] = [Input([28, 28, 1], { name: "left" }), Input([28, 28, 1], { name: "right" })];
  const shared = encoder();
  const both = [shared.apply(left), shared.apply(right)];
  // Symmetric in left and right but for the last: |a - b| = max - min, a · b, the angle between them.
  const distance = new Subtract().apply([new Maximum().apply(both), new Minimum().apply(both)]);
  const angle = new Dot(1, { normalize: true }).apply(both);
  const compared = new Concatenate().apply([distance, new Multiply().apply(both), angle]);
  const hidden = new Dropout(0.2).apply(new Dense(32, { activation: "relu" }).apply(compared));
  const same = new Dense(1, { activation: "sigmoid", name: "same" }).apply(hidden);
  const model = new Model({ left, right }, same, { name: "same_digit" });
  model.compile({ optimizer: "adam", loss: "binary_crossentropy", metrics: ["accuracy"] });
  return model;
}

interface Pairs {
  x: { left: Tensor; right: Tensor };
  y: Tensor;
}

/** Each image with a partner: every other time one of its own digit, else one of another. So guessing is right half of the time. */
function pairs({ x, y }: Digits): Pairs {
  const labels = Array.from(y.data);
  const places = labels.map((_, i) => i);
  const partners = places.map((i) => {
    const same = i % 2 === 0;
    // The next image that fits, a little further on for each image, so that pairs do not repeat.
    const from = i + 1 + (i % 97);
    const step = places.find((k) => (labels[(from + k) % labels.length] === labels[i]) === same)!;
    return (from + step) % labels.length;
  });
  const size = 28 * 28;
  const right = new Float32Array(x.size);
  partners.forEach((partner, i) => {
    right.set(x.data.subarray(partner * size, (partner + 1) * size) as Float32Array, i * size);
  });
  return {
    x: { left: x, right: new Tensor(right, x.shape) },
    y: new Tensor(Float32Array.from(places, (i) => (labels[i] === labels[partners[i]!] ? 1 : 0)), [labels.length, 1]),
  }; // biome-ignore format: one line
}

export const job: Job = {
  title: "Do two images show the same digit? A model with two inputs and a shared encoder",
  goal: { what: "test accuracy", quick: 0.7, whole: 0.94 },
  async run({ quick, say, verbose }) {
    const data = quick ? await mnist(4000, 1000) : await mnist(20_000, 5000);
    const [train, test] = [pairs(data.train), pairs(data.test)];
    const model = buildModel();
    model.summary({ printFn: say });
    if (!quick) {
      const toFile = "target/twoInputs.svg";
      await mkdir("target", { recursive: true });
      await utils.plotModel(model, { showShapes: true, showLayerNames: true, expandNested: true, toFile });
      say(`a drawing of it: ${toFile}\n`);
    }
    await model.fit(train.x, train.y, { epochs: quick ? 4 : 6, batchSize: 64, verbose });

    const same = (await model.predict(test.x, { batchSize: 250, verbose: 0 })).data;
    const predicted = Array.from(same, (p) => (p > 0.5 ? 1 : 0));
    say(`\n${confusionMatrix(Array.from(test.y.data), predicted, 2)}\n`);
    for (const i of [0, 1]) {
      const image = (t: Tensor) => t.data.subarray(i * 784, (i + 1) * 784).map((p) => p * 255);
      const [a, b] = [digit(image(test.x.left), ""), digit(image(test.x.right), `the same: ${(100 * same[i]!).toFixed(0)} %`)];
      say(a.map((line, row) => `${line}  ${b[row]}`).join("\n"));
    }
    return predicted.filter((p, i) => p === test.y.data[i]).length / predicted.length;
  },
};

await main(import.meta.url, job);
