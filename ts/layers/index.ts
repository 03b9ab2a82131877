// `layers`: every layer by its Keras name; the list is also what loading a file knows.

import { registerClass } from "../saving/serialize.js";
import { Activation, ELU, LeakyReLU, PReLU, ReLU, Softmax } from "./activation.js";
import { Conv1D, Conv2D, Conv3D } from "./conv/conv.js";
import { DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D } from "./conv/depthwise.js";
import { Conv1DTranspose, Conv2DTranspose, Conv3DTranspose } from "./conv/transpose.js";
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
import { EinsumDense } from "./einsumDense.js";
import { Embedding, ReversibleEmbedding } from "./embedding.js";
import { InputLayer } from "./input.js";
import { Lambda } from "./lambda.js";
import { LocallyConnected1D, LocallyConnected2D } from "./locallyConnected.js";
import { Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract } from "./merging.js";
import { BatchNormalization } from "./normalization/batchNormalization.js";
import { GroupNormalization } from "./normalization/groupNormalization.js";
import { LayerNormalization, RMSNormalization, UnitNormalization } from "./normalization/layerNormalization.js";
import { SpectralNormalization } from "./normalization/spectralNormalization.js";
import { Cropping1D, Cropping2D, Cropping3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D } from "./padding.js";
import {
  AdaptiveAveragePooling1D,
  AdaptiveAveragePooling2D,
  AdaptiveAveragePooling3D,
  AdaptiveMaxPooling1D,
  AdaptiveMaxPooling2D,
  AdaptiveMaxPooling3D,
} from "./pooling/adaptive.js";
import {
  GlobalAveragePooling1D,
  GlobalAveragePooling2D,
  GlobalAveragePooling3D,
  GlobalMaxPooling1D,
  GlobalMaxPooling2D,
  GlobalMaxPooling3D,
} from "./pooling/global.js";
import {
  AveragePooling1D,
  AveragePooling2D,
  AveragePooling3D,
  MaxPooling1D,
  MaxPooling2D,
  MaxPooling3D,
} from "./pooling/windows.js";
import { CategoryEncoding, Discretization } from "./preprocessing/categories.js";
import { CenterCrop, Resizing } from "./preprocessing/imageSize.js";
import { Normalization } from "./preprocessing/normalization.js";
import { Rescaling } from "./preprocessing/rescaling.js";
import { UpSampling1D, UpSampling2D, UpSampling3D } from "./resampling.js";
import { Flatten, Permute, RepeatVector, Reshape } from "./reshaping.js";
import { TimeDistributed, Wrapper } from "./wrapper.js";

registerClass("keras", DTypePolicy);
for (const layer of [
  Activation, ActivityRegularization, AlphaDropout, Dense, Dropout, ELU, Flatten, GaussianDropout, GaussianNoise, Identity, InputLayer,
  Lambda, LeakyReLU, Masking, Permute, PReLU, ReLU, RepeatVector, Reshape, Softmax, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D,
  Conv1D, Conv2D, Conv3D, Conv1DTranspose, Conv2DTranspose, Conv3DTranspose, DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D,
  SeparableConv2D, LocallyConnected1D, LocallyConnected2D,
  Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract, Cropping1D, Cropping2D, Cropping3D, ZeroPadding1D, ZeroPadding2D,
  ZeroPadding3D, UpSampling1D, UpSampling2D, UpSampling3D, MaxPooling1D, MaxPooling2D, MaxPooling3D, AveragePooling1D, AveragePooling2D,
  AveragePooling3D, GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D, GlobalAveragePooling1D, GlobalAveragePooling2D,
  GlobalAveragePooling3D, AdaptiveMaxPooling1D, AdaptiveMaxPooling2D, AdaptiveMaxPooling3D, AdaptiveAveragePooling1D,
  AdaptiveAveragePooling2D, AdaptiveAveragePooling3D,
  EinsumDense, Embedding, ReversibleEmbedding, BatchNormalization, GroupNormalization, LayerNormalization, RMSNormalization,
  UnitNormalization, SpectralNormalization, CategoryEncoding, Discretization, CenterCrop, Resizing, Normalization, Rescaling,
  TimeDistributed, Wrapper,
]) registerClass("keras.layers", layer); // biome-ignore format: a list

export * from "./activation.js";
export * from "./conv/conv.js";
export * from "./conv/depthwise.js";
export * from "./conv/transpose.js";
export * from "./core.js";
export { Dense, type DenseOptions } from "./dense.js";
export * from "./dropout.js";
export { EinsumDense, type EinsumDenseOptions } from "./einsumDense.js";
export * from "./embedding.js";
export { Input, InputLayer, type InputOptions } from "./input.js";
export { InputSpec, type InputSpecOptions } from "./inputSpec.js";
export { Lambda, type LambdaFunction, type LambdaOptions } from "./lambda.js";
export { type CallArguments, type CallOptions, Layer, type LayerOptions, type WeightOptions } from "./layer.js";
export { LocallyConnected1D, LocallyConnected2D, type LocallyConnectedOptions } from "./locallyConnected.js";
export * from "./merging.js";
export { BatchNormalization, type BatchNormalizationOptions, type RenormClipping } from "./normalization/batchNormalization.js";
export { GroupNormalization, type GroupNormalizationOptions } from "./normalization/groupNormalization.js";
export * from "./normalization/layerNormalization.js";
export { SpectralNormalization, type SpectralNormalizationOptions } from "./normalization/spectralNormalization.js";
export * from "./padding.js";
export * from "./pooling/adaptive.js";
export * from "./pooling/global.js";
export * from "./pooling/windows.js";
export * from "./preprocessing/categories.js";
export * from "./preprocessing/imageSize.js";
export { Normalization, type NormalizationOptions } from "./preprocessing/normalization.js";
export { Rescaling, type RescalingOptions } from "./preprocessing/rescaling.js";
export * from "./resampling.js";
export * from "./reshaping.js";
export { TimeDistributed, Wrapper } from "./wrapper.js";
