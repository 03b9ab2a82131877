// The namespace `initializers`: first values of weights. Seeded draws repeat Keras on JAX bit for bit.

import { ShapeError } from "./errors.js";
import {
  Constant,
  Identity,
  Initializer,
  type InitializerLike,
  type InitializerOptions,
  Ones,
  STFT,
  type STFTOptions,
  Zeros,
} from "./initializers/constant.js";
// biome-ignore format: two lines
import {
  type FanOptions, 
  GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform, type NormalOptions, Orthogonal, type OrthogonalOptions, RandomNormal, RandomUniform, TruncatedNormal, type UniformOptions, VarianceScaling,type VarianceScalingOptions,
} from "./initializers/random.js";
import { deserializeAs, identifyCallable, type Kind } from "./saving/identifier.js";
import { FunctionObject, type KerasClass } from "./saving/object.js";
import { type DeserializeOptions, registerClass, type SerializedObject, serialize as toJSON } from "./saving/serialize.js";
import { type Nested, Tensor } from "./tensor.js";
import { findInitializersWith } from "./variable.js";

export * from "./initializers/constant.js";
export { Identity as IdentityInitializer, STFT as STFTInitializer } from "./initializers/constant.js";
export * from "./initializers/random.js";
export { Orthogonal as OrthogonalInitializer } from "./initializers/random.js";

// biome-ignore format: a list
const CLASSES = {
  Initializer, Zeros, Ones, Constant, Identity, STFT, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling, GlorotUniform, GlorotNormal, HeUniform,
  HeNormal, LecunUniform, LecunNormal, Orthogonal,
};
for (const own of Object.values(CLASSES)) registerClass("keras.initializers", own);

/** `new Zeros()` */
export const zeros = (): Zeros => new Zeros();
/** `new Ones()` */
export const ones = (): Ones => new Ones();
/** `new Constant(value)` */
export const constant = (value?: Nested | Tensor | { value?: Nested | Tensor }): Constant => new Constant(value);
/** `new Identity(options)` */
export const identity = (options: { gain?: number } = {}): Identity => new Identity(options);
/** `new STFT(options)` */
export const stft = (options: Partial<STFTOptions> = {}): STFT => new STFT(options);
/** `new RandomNormal(options)` */
export const randomNormal = (options: Partial<NormalOptions> = {}): RandomNormal => new RandomNormal(options);
/** `new TruncatedNormal(options)` */
export const truncatedNormal = (options: Partial<NormalOptions> = {}): TruncatedNormal => new TruncatedNormal(options);
/** `new RandomUniform(options)` */
export const randomUniform = (options: Partial<UniformOptions> = {}): RandomUniform => new RandomUniform(options);
/** `new VarianceScaling(options)` */
export const varianceScaling = (options: Partial<VarianceScalingOptions> = {}): VarianceScaling => new VarianceScaling(options);
/** `new GlorotUniform(options)` */
export const glorotUniform = (options: Partial<FanOptions> = {}): GlorotUniform => new GlorotUniform(options);
/** `new GlorotNormal(options)` */
export const glorotNormal = (options: Partial<FanOptions> = {}): GlorotNormal => new GlorotNormal(options);
/** `new HeUniform(options)` */
export const heUniform = (options: Partial<FanOptions> = {}): HeUniform => new HeUniform(options);
/** `new HeNormal(options)` */
export const heNormal = (options: Partial<FanOptions> = {}): HeNormal => new HeNormal(options);
/** `new LecunUniform(options)` */
export const lecunUniform = (options: Partial<FanOptions> = {}): LecunUniform => new LecunUniform(options);
/** `new LecunNormal(options)` */
export const lecunNormal = (options: Partial<FanOptions> = {}): LecunNormal => new LecunNormal(options);
/** `new Orthogonal(options)` */
export const orthogonal = (options: Partial<OrthogonalOptions> = {}): Orthogonal => new Orthogonal(options);

// biome-ignore format: a list
export type InitializerName =
  | "zeros" | "zero" | "Zeros" | "ones" | "one" | "Ones" | "constant" | "Constant" | "identity" | "Identity" | "IdentityInitializer" | "stft" | "STFT" | "STFTInitializer"
  | "random_normal" | "RandomNormal" | "normal" | "random_uniform" | "RandomUniform" | "uniform" | "truncated_normal" | "TruncatedNormal"
  | "variance_scaling" | "VarianceScaling" | "glorot_uniform" | "GlorotUniform" | "glorot_normal" | "GlorotNormal" | "he_uniform" | "HeUniform" | "he_normal" | "HeNormal"
  | "lecun_uniform" | "LecunUniform" | "lecun_normal" | "LecunNormal" | "orthogonal" | "Orthogonal" | "OrthogonalInitializer";

/** An initializer, its name, its JSON, a function of shape and type, the values themselves, or null. */
export type InitializerIdentifier =
  | InitializerName
  | (string & {})
  | InitializerLike
  | SerializedObject
  | Tensor
  | KerasClass<Initializer>
  | ((shape: readonly number[], options?: InitializerOptions) => Tensor)
  | null;

// biome-ignore format: a table
const KIND: Kind<Initializer> = {
  kind: "initializer",
  module: "keras.initializers",
  base: Initializer,
  makers: [
    zeros, ones, constant, identity, stft, randomNormal, randomUniform, truncatedNormal, varianceScaling, glorotUniform, glorotNormal, heUniform, heNormal,
    lecunUniform, lecunNormal, orthogonal,
  ],
  names: {
    ...(CLASSES as unknown as Record<string, KerasClass<Initializer>>),
    zeros: Zeros, zero: Zeros, ones: Ones, one: Ones, constant: Constant, identity: Identity, IdentityInitializer: Identity, stft: STFT, STFTInitializer: STFT,
    random_normal: RandomNormal, normal: RandomNormal, random_uniform: RandomUniform, uniform: RandomUniform, truncated_normal: TruncatedNormal,
    variance_scaling: VarianceScaling, glorot_uniform: GlorotUniform, glorot_normal: GlorotNormal, he_uniform: HeUniform, he_normal: HeNormal,
    lecun_uniform: LecunUniform, lecun_normal: LecunNormal, orthogonal: Orthogonal, OrthogonalInitializer: Orthogonal,
  },
};

/**
 * The initializer that an identifier stands for, null for null. A tensor stands for itself: the shape asked for must be its own.
 *
 * Errors: `IdentifierError` with near misses. Example: `initializers.get("he_uniform")`
 */
export function get(identifier: InitializerIdentifier | undefined): InitializerLike | null {
  if (identifier instanceof Tensor) return new FunctionObject((shape: readonly number[]) => exactly(identifier, shape));
  return identifyCallable<Initializer, InitializerLike>(KIND, identifier);
}

function exactly(value: Tensor, shape: readonly number[]): Tensor {
  if (value.shape.join() === shape.join()) return value;
  throw new ShapeError(
    `initializer: a tensor of shape [${value.shape.join(", ")}] was given, the variable has shape [${shape.join(", ")}].`,
  );
}

findInitializersWith(get);

/** The initializer as Keras' JSON. */
export const serialize = (initializer: Initializer): SerializedObject => toJSON(initializer);

/** The initializer of Keras' JSON. Errors: `IdentifierError` when it describes something else. */
export const deserialize = (config: unknown, options: DeserializeOptions = {}): Initializer =>
  deserializeAs(KIND, config, options);
