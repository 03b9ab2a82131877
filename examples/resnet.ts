// A small residual network with batch normalization, on digits of 8 × 8 pixels.

import { Input, layers, Model, optimizers, type Tensor } from "keratin";
import { argmaxRows, smallDigits } from "./images.js";
import { type Job, main } from "./job.js";
import { confusionMatrix } from "./terminal.js";

const { Activation, Add, BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D } = layers;

/** Convolution and batch normalization, which makes a bias superfluous. */
function normalized(x: Tensor, filters: number, size: number, strides: number): Tensor {
  const y = new Conv2D(filters, size, { strides, padding: "same", useBias: false, kernelInitializer: "he_normal" }).apply(x);
  return new BatchNormalization({ momentum: 0.9 }).apply(y);
}

const relu = (x: Tensor): Tensor => new Activation("relu").apply(x);

/** relu(x + f(x)); where the shape changes, x goes through a convolution of 1 × 1. Deep Residual Learning, arXiv:1512.03385. */
function block(x: Tensor, filters: number, strides: number): Tensor {
  const inner = normalized(relu(normalized(x, filters, 3, strides)), filters, 3, 1);
  const shortcut = strides === 1 && x.shape.at(-1) === filters ? x : normalized(x, filters, 1, strides);
  return relu(new Add().apply([inner, shortcut]));
}

/** Three stages, of 8 × 8, 4 × 4 and 2 × 2, with `depth` blocks each. */
export function buildModel(depth: number): Model {
  const image = Input([8, 8, 1], { name: "image" });
  let x = relu(normalized(image, 16, 3, 1));
  for (const [filters, strides] of [[16, 1], [32, 2], [64, 2]] as const)
    for (let i = 0; i < depth; i++) x = block(x, filters, i === 0 ? strides : 1); // biome-ignore format: a table
  const classes = new Dense(10, { activation: "softmax" }).apply(new GlobalAveragePooling2D().apply(x));
  const model = new Model(image, classes, { name: "resnet" });
  model.compile({
    optimizer: new optimizers.Adam({ learningRate: 0.003 }),
    loss: "sparse_categorical_crossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

export const job: Job = {
  title: "A residual network with batch normalization",
  goal: { what: "test accuracy", quick: 0.95, whole: 0.98 },
  async run({ quick, say, verbose }) {
    const { train, test } = smallDigits();
    const model = buildModel(quick ? 1 : 2);
    model.summary({ printFn: say });
    await model.fit(train.x, train.y, { epochs: quick ? 3 : 8, batchSize: 32, verbose });
    const predicted = argmaxRows(await model.predict(test.x, { batchSize: 120, verbose: 0 }));
    say(`\n${confusionMatrix(Array.from(test.y.data), predicted, 10)}`);
    return predicted.filter((digit, i) => digit === test.y.data[i]).length / predicted.length;
  },
};

await main(import.meta.url, job);
