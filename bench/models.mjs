/** The networks and the data of the benchmarks, through the public API. */
import { constraints, layers, regularizers, Sequential, Tensor } from "keratin";

const { Dense, Dropout } = layers;

/** 784-128-10, the network of the small rows. */
export const MLP = { inputs: 784, hidden: 128, classes: 10 };
export const mlp = () =>
  new Sequential([
    new Dense(MLP.hidden, { activation: "relu", inputShape: [MLP.inputs] }),
    new Dense(MLP.classes, { activation: "softmax" }),
  ]);

/** The network of examples/mnist.ts, compiled as there. */
export function mainJob() {
  const model = new Sequential([
    new Dense(512, {
      activation: "relu",
      inputShape: [784],
      kernelInitializer: "he_uniform",
      kernelRegularizer: regularizers.l2(1e-5),
    }),
    new Dropout(0.2),
    new Dense(512, {
      activation: "relu",
      kernelInitializer: "he_uniform",
      kernelConstraint: new constraints.MaxNorm({ maxValue: 3 }),
    }),
    new Dropout(0.2),
    new Dense(10, { activation: "softmax", kernelInitializer: "he_uniform" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  return model;
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
