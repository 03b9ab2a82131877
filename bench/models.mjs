/** The networks and the data of the benchmarks, through the public API. */
import { Input, layers, Model, Sequential, Tensor } from "keratin";
import { buildModel } from "../target/examples/network.js";

const { Activation, Add, BatchNormalization, Conv2D, Dense, Flatten, GlobalAveragePooling2D, MaxPooling2D } = layers;

/** 784-128-10, the network of the small rows. */
export const MLP = { inputs: 784, hidden: 128, classes: 10 };
export const mlp = () =>
  new Sequential([
    new Dense(MLP.hidden, { activation: "relu", inputShape: [MLP.inputs] }),
    new Dense(MLP.classes, { activation: "softmax" }),
  ]);

/** The network of the main job, compiled as examples/mnist.ts does. */
export function mainJob() {
  const model = buildModel();
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  return model;
}

/** conv16 – pool – conv32 – pool – dense10 on 28×28: the convnet of the benchmarks. */
export const convnet = () =>
  new Sequential([
    Input([28, 28, 1]),
    new Conv2D(16, 3, { activation: "relu", padding: "same" }),
    new MaxPooling2D({ poolSize: 2 }),
    new Conv2D(32, 3, { activation: "relu", padding: "same" }),
    new MaxPooling2D({ poolSize: 2 }),
    new Flatten(),
    new Dense(10, { activation: "softmax" }),
  ]);

/** A residual network of 50 convolutions with batch normalization (CIFAR's form: 8 blocks of 2 for 16, 32 and 64 filters). */
export function resnet50(size = 32) {
  const norm = (x) => new BatchNormalization().apply(x);
  const conv = (filters, kernel, strides) => (x) =>
    new Conv2D(filters, kernel, { strides, padding: "same", useBias: false }).apply(x);
  const image = Input([size, size, 3]);
  let x = new Activation("relu").apply(norm(conv(16, 3, 1)(image)));
  for (const filters of [16, 32, 64]) {
    for (let block = 0; block < 8; block++) {
      const strides = filters > 16 && block === 0 ? 2 : 1;
      const inner = new Activation("relu").apply(norm(conv(filters, 3, strides)(x)));
      const outer = norm(conv(filters, 3, 1)(inner));
      const short = strides === 2 ? conv(filters, 1, 2)(x) : x;
      x = new Activation("relu").apply(new Add().apply([outer, short]));
    }
  }
  return new Model(image, new Dense(10, { activation: "softmax" }).apply(new GlobalAveragePooling2D().apply(x)));
}

/** A generator of numbers 0 … 1 that is the same in every run. */
export function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
export const uniform = (length, next) => Float32Array.from({ length }, next);

/** Rows with MNIST's shape and share of zeros (four of five pixels), and a label each. */
export function likeMnist(rows, next = numbers(7)) {
  const x = Float32Array.from({ length: rows * 784 }, () => Math.max(0, 5 * next() - 4));
  const y = Int32Array.from({ length: rows }, () => Math.floor(10 * next()));
  return { x: new Tensor(x, [rows, 784]), y: new Tensor(y, [rows]) };
}

/** Labels as one-hot rows, several sets for the same inputs: a step that can learn them by heart would end in denormal numbers. */
export function contradictingTargets(rows, sets, next = numbers(3)) {
  return Array.from({ length: sets }, () => {
    const y = new Float32Array(rows * MLP.classes);
    for (let i = 0; i < rows; i++) y[i * MLP.classes + Math.floor(MLP.classes * next())] = 1;
    return y;
  });
}
