// `layers`: every layer by its Keras name; the list is also what loading a file knows.

import { registerClass } from "../saving/serialize.js";
import { Activation, ELU, LeakyReLU, PReLU, ReLU, Softmax } from "./activation.js";
import { ActivityRegularization, Identity, Masking } from "./core.js";
import { Dense } from "./dense.js";
import {
  AlphaDropout,
  Dropout,
  GaussianDropout,
  GaussianNoise,
  SpatialDropout1D,
  SpatialDropout2D,
  SpatialDropout3D,
} from "./dropout.js";
import { DTypePolicy } from "./dtypePolicy.js";
import { InputLayer } from "./input.js";
import { Lambda } from "./lambda.js";
import { Flatten, Permute, RepeatVector, Reshape } from "./reshaping.js";

registerClass("keras", DTypePolicy);
for (const layer of [
  Activation, ActivityRegularization, AlphaDropout, Dense, Dropout, ELU, Flatten, GaussianDropout, GaussianNoise, Identity, InputLayer,
  Lambda, LeakyReLU, Masking, Permute, PReLU, ReLU, RepeatVector, Reshape, Softmax, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D,
]) registerClass("keras.layers", layer); // biome-ignore format: a list

export * from "./activation.js";
export * from "./core.js";
export { Dense, type DenseOptions } from "./dense.js";
export * from "./dropout.js";
export { Input, InputLayer, type InputOptions } from "./input.js";
export { InputSpec, type InputSpecOptions } from "./inputSpec.js";
export { Lambda, type LambdaFunction, type LambdaOptions } from "./lambda.js";
export { type CallArguments, type CallOptions, Layer, type LayerOptions, type WeightOptions } from "./layer.js";
export * from "./reshaping.js";
