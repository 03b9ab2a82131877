// The network of the main job, examples/mnist.ts.

import { constraints, layers, regularizers, Sequential } from "keratin";

const { Dense, Dropout } = layers;

/** 784-512-512-10, with what the tutorial shows: an initializer, a regularizer, a constraint, dropout. */
export function buildModel(): Sequential {
  return new Sequential([
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
}
