// The Keras "Layers" tutorial in TypeScript: each of its snippets, in its order, with the Python above it. Convolution, pooling, locally
// connected, merge and embedding layers, which the tutorial names too, are not part of keratin yet and therefore not here.

import {
  activations,
  constraints,
  Input,
  initializers,
  layers,
  ops,
  regularizers,
  Sequential,
  type Tensor,
  tensor,
} from "keratin";

const { Dense, Dropout, Flatten, Lambda, Permute, RepeatVector, Reshape } = layers;

// ---- 1. The model of the introduction

/**
 * ```python
 * model = Sequential()
 * model.add(Dense(32, input_shape=(16,), kernel_initializer='he_uniform', kernel_regularizer=None,
 *                 kernel_constraint='MaxNorm', activation='relu'))
 * model.add(Dense(16, activation='relu'))
 * model.add(Dense(8))
 * ```
 */
export function introduction(): Sequential {
  const model = new Sequential();
  model.add(
    new Dense(32, {
      inputShape: [16],
      kernelInitializer: "he_uniform",
      kernelRegularizer: null,
      kernelConstraint: "MaxNorm",
      activation: "relu",
    }),
  );
  model.add(new Dense(16, { activation: "relu" }));
  model.add(new Dense(8));
  return model;
}

/**
 * Input shapes of one axis, of two, of three. A Dense layer works on the last one.
 *
 * ```python
 * Dense(8, input_shape=(16,));  Dense(8, input_shape=(4, 2));  Dense(8, input_shape=(3, 4, 2))
 * ```
 */
export function inputShapes(): Sequential[] {
  return [
    new Sequential([new Dense(8, { inputShape: [16] })]),
    new Sequential([new Dense(8, { inputShape: [4, 2] })]),
    new Sequential([new Dense(8, { inputShape: [3, 4, 2] })]),
  ];
}

/**
 * The layer of most later snippets, with what each of them adds.
 *
 * ```python
 * model = Sequential()
 * model.add(Dense(512, activation='relu', input_shape=(784,), **options))
 * ```
 */
function model512(options: layers.DenseOptions): Sequential {
  const model = new Sequential();
  model.add(new Dense(512, { activation: "relu", inputShape: [784], ...options }));
  return model;
}

// ---- 2. Initializers

/** `kernel_initializer=initializers.Zeros()` */
export const zeros = () => model512({ kernelInitializer: new initializers.Zeros() });

/** `kernel_initializer=initializers.Ones()` */
export const ones = () => model512({ kernelInitializer: new initializers.Ones() });

/** `kernel_initializer=initializers.Constant(value=0)`, and the same as a bias */
export const constant = () =>
  model512({
    kernelInitializer: new initializers.Constant({ value: 0 }),
    biasInitializer: new initializers.Constant({ value: 0 }),
  });

/** `kernel_initializer=initializers.RandomNormal(mean=0.0, stddev=0.05, seed=None)` */
export const randomNormal = () =>
  model512({ kernelInitializer: new initializers.RandomNormal({ mean: 0, stddev: 0.05, seed: null }) });

/** `kernel_initializer=initializers.RandomUniform(minval=-0.05, maxval=0.05, seed=None)` */
export const randomUniform = () =>
  model512({ kernelInitializer: new initializers.RandomUniform({ minval: -0.05, maxval: 0.05, seed: null }) });

/** `kernel_initializer=initializers.TruncatedNormal(mean=0.0, stddev=0.05, seed=None)` */
export const truncatedNormal = () =>
  model512({ kernelInitializer: new initializers.TruncatedNormal({ mean: 0, stddev: 0.05, seed: null }) });

/** `kernel_initializer=initializers.VarianceScaling(scale=1.0, mode='fan_in', distribution='normal', seed=None)` */
export const varianceScaling = () =>
  model512({
    kernelInitializer: new initializers.VarianceScaling({ scale: 1, mode: "fan_in", distribution: "normal", seed: null }),
  });

/** From here on as functions: `kernel_initializer=initializers.lecun_normal(seed=None)` */
export const lecunNormal = () => model512({ kernelInitializer: initializers.lecunNormal({ seed: null }) });

/** `kernel_initializer=initializers.lecun_uniform(seed=None)` */
export const lecunUniform = () => model512({ kernelInitializer: initializers.lecunUniform({ seed: null }) });

/** `kernel_initializer=initializers.glorot_normal(seed=None)` */
export const glorotNormal = () => model512({ kernelInitializer: initializers.glorotNormal({ seed: null }) });

/** `kernel_initializer=initializers.glorot_uniform(seed=None)` */
export const glorotUniform = () => model512({ kernelInitializer: initializers.glorotUniform({ seed: null }) });

/** `kernel_initializer=initializers.he_normal(seed=None)` */
export const heNormal = () => model512({ kernelInitializer: initializers.heNormal({ seed: null }) });

/** `kernel_initializer=initializers.he_uniform(seed=None)` */
export const heUniform = () => model512({ kernelInitializer: initializers.heUniform({ seed: null }) });

/** `kernel_initializer=initializers.Orthogonal(gain=1.0, seed=None)` */
export const orthogonal = () => model512({ kernelInitializer: new initializers.Orthogonal({ gain: 1, seed: null }) });

/** `kernel_initializer=initializers.Identity(gain=1.0)` */
export const identity = () => model512({ kernelInitializer: new initializers.Identity({ gain: 1 }) });

/** An initializer as an object, as its class' name, as Keras' string: one thing. `HeUniform(seed=7)`, `'HeUniform'`, `'he_uniform'` */
export const oneInitializer = () => [
  initializers.get(new initializers.HeUniform({ seed: 7 })),
  initializers.get("HeUniform"),
  initializers.get("he_uniform"),
];

// ---- 3. Constraints: what the weights are projected onto after every step

/** `kernel_constraint=constraints.NonNeg()` */
export const nonNeg = () => model512({ kernelConstraint: new constraints.NonNeg() });

/** `kernel_constraint=constraints.UnitNorm(axis=0)` */
export const unitNorm = () => model512({ kernelConstraint: new constraints.UnitNorm({ axis: 0 }) });

/** `kernel_constraint=constraints.MaxNorm(max_value=2, axis=0)` */
export const maxNorm = () => model512({ kernelConstraint: new constraints.MaxNorm({ maxValue: 2, axis: 0 }) });

/** `kernel_constraint=constraints.MinMaxNorm(min_value=0.0, max_value=1.0, rate=1.0, axis=0)` */
export const minMaxNorm = () =>
  model512({ kernelConstraint: new constraints.MinMaxNorm({ minValue: 0, maxValue: 1, rate: 1, axis: 0 }) });

/** By name, on the kernel and on the bias: `kernel_constraint='MaxNorm', bias_constraint='NonNeg'` */
export const constraintsByName = () => model512({ kernelConstraint: "MaxNorm", biasConstraint: "NonNeg" });

// ---- 4. Regularizers: what is added to the loss

/** `kernel_regularizer=regularizers.l1(0.)` */
export const l1 = () => model512({ kernelRegularizer: regularizers.l1(0) });

/** `kernel_regularizer=regularizers.l2(0.)` */
export const l2 = () => model512({ kernelRegularizer: regularizers.l2(0) });

/** `kernel_regularizer=regularizers.l1_l2(l1=0.01, l2=0.02)` */
export const l1L2 = () => model512({ kernelRegularizer: regularizers.l1L2({ l1: 0.01, l2: 0.02 }) });

/** By name, on kernel, bias and output: `kernel_regularizer='l1', bias_regularizer='l2', activity_regularizer='l2'` */
export const regularizersByName = () => model512({ kernelRegularizer: "l1", biasRegularizer: "l2", activityRegularizer: "l2" });

// ---- 5. Activations

/** The names of the tutorial: `Dense(512, activation='linear', input_shape=(784,))` and so on */
export const ACTIVATIONS = [
  "linear", "elu", "selu", "relu", "softmax", "softplus", "softsign", "tanh", "sigmoid", "hard_sigmoid", "exponential",
] as const; // biome-ignore format: a list

/** `model.add(Dense(512, activation=name, input_shape=(784,)))` */
export const activation = (name: (typeof ACTIVATIONS)[number]) => model512({ activation: name });

/**
 * As a layer, and as a function.
 *
 * ```python
 * model.add(Dense(64, input_shape=(16,)));  model.add(Activation('relu'))
 * model.add(Dense(64, activation=activations.relu))
 * ```
 */
export function activationForms(): Sequential {
  const model = new Sequential();
  model.add(new Dense(64, { inputShape: [16] }));
  model.add(new layers.Activation("relu"));
  model.add(new Dense(64, { activation: activations.relu }));
  return model;
}

/**
 * What a neuron does: `result = activation(sum(input * weight) + bias)`
 *
 * ```python
 * x = np.array([1., 2.]);  w = np.array([0.5, 0.75]);  b = 1.
 * keras.activations.relu(np.sum(x * w) + b)
 * ```
 */
export function neuron(): Tensor {
  const x = tensor([1, 2]);
  const w = tensor([0.5, 0.75]);
  const b = tensor(1);
  return activations.relu(ops.add(ops.sum(ops.multiply(x, w)), b));
}

// ---- 6. Layers

/**
 * ```python
 * model.add(Dense(512, activation='relu', input_shape=(784,)));  model.add(Dropout(0.2))
 * model.add(Dense(512, activation='relu'));                      model.add(Dropout(0.2))
 * model.add(Dense(10, activation='softmax'))
 * ```
 */
export function dropout(): Sequential {
  return new Sequential([
    new Dense(512, { activation: "relu", inputShape: [784] }),
    new Dropout(0.2),
    new Dense(512, { activation: "relu" }),
    new Dropout(0.2),
    new Dense(10, { activation: "softmax" }),
  ]);
}

/** Its kin: `Input((4, 3))`, then `SpatialDropout1D(0.2)`, which drops whole channels, and the noise of `GaussianDropout(0.2)` and `GaussianNoise(0.1)` */
export function dropoutKin(): Sequential {
  return new Sequential([
    Input([4, 3]),
    new layers.SpatialDropout1D(0.2),
    new layers.GaussianDropout(0.2),
    new layers.GaussianNoise(0.1),
  ]);
}

/** `model.add(Dense(16, input_shape=(8, 8)));  model.add(Flatten())` : (None, 8, 16) → (None, 128) */
export const flatten = () => new Sequential([new Dense(16, { inputShape: [8, 8] }), new Flatten()]);

/** `model.add(Dense(16, input_shape=(8, 8)));  model.add(Reshape((16, 8)))` : (None, 8, 16) → (None, 16, 8) */
export const reshape = () => new Sequential([new Dense(16, { inputShape: [8, 8] }), new Reshape([16, 8])]);

/** `model.add(Dense(16, input_shape=(8, 8)));  model.add(Permute((2, 1)))` : (None, 8, 16) → (None, 16, 8), transposed */
export const permute = () => new Sequential([new Dense(16, { inputShape: [8, 8] }), new Permute([2, 1])]);

/** `model.add(Dense(16, input_shape=(8,)));  model.add(RepeatVector(3))` : (None, 16) → (None, 3, 16) */
export const repeatVector = () => new Sequential([new Dense(16, { inputShape: [8] }), new RepeatVector(3)]);

/** `model.add(Dense(16, input_shape=(8,)));  model.add(Lambda(lambda x: x ** 2))`. Training goes through it. */
export const lambda = () => new Sequential([new Dense(16, { inputShape: [8] }), new Lambda((x) => ops.square(x))]);
