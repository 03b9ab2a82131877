// What the types promise of layers, models, optimizers and the like: options are checked, strings complete, and wrong use does not compile.

import {
  type activations,
  callbacks,
  constraints,
  Input,
  initializers,
  Layer,
  layers,
  type losses,
  type metrics,
  ops,
  optimizers,
  regularizers,
  Sequential,
  saving,
  type Tensor,
  tensor,
} from "keratin";
import { type Assert, expectType, type Same } from "./expect.js";

const { Dense, Dropout, Lambda } = layers;

// ---- strings: an editor completes them because the literal is a member of the union; other strings name objects of one's own

type Completes<Union, Literal extends string> = Same<Extract<Union, Literal>, Literal>;
export type Completions = [
  Assert<Completes<initializers.InitializerIdentifier, "he_uniform">>,
  Assert<Completes<initializers.InitializerIdentifier, "GlorotNormal">>,
  Assert<Completes<constraints.ConstraintIdentifier, "MaxNorm">>,
  Assert<Completes<regularizers.RegularizerIdentifier, "l1_l2">>,
  Assert<Completes<activations.ActivationIdentifier, "hard_sigmoid">>,
  Assert<Completes<losses.LossIdentifier, "sparse_categorical_crossentropy">>,
  Assert<Completes<metrics.MetricIdentifier, "accuracy">>,
  Assert<Completes<optimizers.OptimizerIdentifier, "adam">>,
];
export type NoCompletions = [
  // @ts-expect-error Keras writes `he_uniform`
  Assert<Completes<initializers.InitializerIdentifier, "heUniform">>,
  // @ts-expect-error a slip
  Assert<Completes<optimizers.OptimizerIdentifier, "adm">>,
];
export const known: initializers.InitializerName = "he_uniform";
// @ts-expect-error the union of known names is closed
export const unknown: initializers.InitializerName = "he_unifrom";

// ---- layers

new Dense(32);
new Dense(32, { activation: "relu", kernelInitializer: "he_uniform", kernelRegularizer: null, inputShape: [16], name: "first" });
new Dense(32, { activation: (x) => ops.square(x), kernelConstraint: new constraints.MaxNorm({ maxValue: 2 }) });
new Dense(32, { activation: "mine_registered_under_this_name" });
// @ts-expect-error units are required
new Dense();
// @ts-expect-error units are a number
new Dense("32");
// @ts-expect-error required parameters are positional
new Dense({ units: 32 });
// @ts-expect-error options are camelCase
new Dense(32, { use_bias: true });
// @ts-expect-error misspelt
new Dense(32, { activaton: "relu" });
// @ts-expect-error a shape is an array
new Dense(32, { inputShape: 16 });
// @ts-expect-error the rate is required
new Dropout({ rate: 0.2 });
// @ts-expect-error a rate is a number
new Dropout("0.2");
new Lambda((x) => ops.square(x));
// @ts-expect-error a Lambda's function returns tensors
new Lambda((x) => x.shape.length);
// @ts-expect-error x is a Tensor: it cannot be added by `+` and returned
new Lambda((x) => x + x);
// @ts-expect-error a known set of values
new layers.SpatialDropout2D(0.5, { dataFormat: "channels_middle" });

expectType<Tensor>()(new Dense(4).apply(tensor([[1]])));
expectType<Tensor[]>()(new Dense(4).getWeights());
expectType<number>()(new Dense(4).countParams());
expectType<string>()(new Dense(4).name);

/** A layer of one's own: `call` gets tensors and says what it returns. */
export class Doubling extends Layer {
  override call(x: Tensor): Tensor {
    return ops.multiply(x, 2);
  }
}
export class Wrong extends Layer {
  // @ts-expect-error a call returns tensors
  override call(x: Tensor): number {
    return x.shape.length;
  }
}

// ---- initializers, constraints, regularizers

new initializers.VarianceScaling({ mode: "fan_in", distribution: "uniform" });
// @ts-expect-error no such mode
new initializers.VarianceScaling({ mode: "fan_middle" });
// @ts-expect-error options are camelCase
new constraints.MaxNorm({ max_value: 2 });
regularizers.l2(1e-4);
regularizers.l1L2({ l1: 0.1, l2: 0.1 });
// @ts-expect-error which factor?
regularizers.l1L2(0.1);
// @ts-expect-error no such mode
new regularizers.OrthogonalRegularizer({ mode: "diagonal" });
expectType<Tensor>()(new initializers.Ones().call([2, 3]));

// ---- optimizers, losses, metrics

new optimizers.Adam({ learningRate: 1e-3, beta1: 0.9, clipnorm: 1 });
new optimizers.SGD({ learningRate: new optimizers.schedules.ExponentialDecay(0.1, 100, 0.9) });
// @ts-expect-error `lr` was Keras 1
new optimizers.Adam({ lr: 1e-3 });
// @ts-expect-error a rate is no string
new optimizers.SGD({ learningRate: "0.1" });
// @ts-expect-error a schedule's parameters are required
new optimizers.schedules.ExponentialDecay(0.1);
expectType<number>()(new optimizers.Adam().learningRate);

// ---- models

export const model = new Sequential([Input([784]), new Dense(10, { activation: "softmax" })]);
// @ts-expect-error layers come in an array
new Sequential(new Dense(1), new Dense(2));
// @ts-expect-error only layers
new Sequential(["dense"]);
// @ts-expect-error only layers
model.add("dense");

model.compile({ optimizer: "adam", loss: "mse", metrics: ["accuracy"] });
model.compile({ optimizer: new optimizers.Adam(), loss: (yTrue: Tensor, yPred: Tensor) => ops.mean(ops.subtract(yTrue, yPred)) });
// @ts-expect-error metrics are a list
model.compile({ optimizer: "adam", loss: "mse", metrics: "accuracy" });
// @ts-expect-error misspelt
model.compile({ optimiser: "adam" });

export async function training(): Promise<void> {
  const x = tensor([[1]]);
  const history = await model.fit(x, x, { epochs: 1, batchSize: 32, validationSplit: 0.1, verbose: 0 });
  expectType<number[] | undefined>()(history.history.loss);
  // @ts-expect-error options are camelCase
  await model.fit(x, x, { batch_size: 32 });
  // @ts-expect-error 0, 1, 2 or "auto"
  await model.fit(x, x, { verbose: 3 });
  // @ts-expect-error text is no data
  await model.fit("x", x);
  // @ts-expect-error fit is asynchronous: await it before reading the history
  model.fit(x, x).history;
  await model.fit(x, x, { callbacks: [new callbacks.EarlyStopping({ monitor: "val_loss", patience: 2 })] });
  // @ts-expect-error misspelt
  new callbacks.EarlyStopping({ patiance: 2 });

  expectType<Tensor>()(await model.predict(x));
  const { loss } = await model.evaluate(x, x, { returnDict: true });
  expectType<number | undefined>()(loss);
  expectType<number | number[]>()(await model.evaluate(x, x));
  expectType<Tensor>()(model.predictOnBatch(x));
  // @ts-expect-error the synchronous calls take no callbacks
  model.trainOnBatch(x, x, { callbacks: [] });
}

expectType<string>()(saving.serialize(new Dense(1)).class_name);

// ---- a first parameter with a default: by position or as an option

new layers.MaxPooling2D();
new layers.MaxPooling2D(2);
new layers.MaxPooling2D([2, 1], { strides: 1 });
new layers.MaxPooling2D({ poolSize: 2, strides: 1 });
// @ts-expect-error a size is a number
new layers.MaxPooling2D("2");
// @ts-expect-error the option is called poolSize
new layers.MaxPooling2D({ pool: 2 });
new layers.UpSampling2D(2, { interpolation: "bilinear" });
// @ts-expect-error steps are repeated as they are
new layers.UpSampling1D(2, { interpolation: "bilinear" });
new layers.ZeroPadding2D([[1, 0], 1]); // biome-ignore format: one line
new layers.Cropping1D([1, 0]);
// @ts-expect-error a sequence has one format
new layers.Cropping1D(1, { dataFormat: "channels_first" });
new layers.Conv1D(4, 3, { padding: "causal" });
// @ts-expect-error only along time
new layers.Conv2D(4, 3, { padding: "causal" });
