// What the goldens hold and this package does not have yet, by name and with the reason. `later.test.ts` fails when an entry is stale.

const LORA = "low-rank adaptation";
const CONVOLUTION = "convolution, pooling and resampling";
const LINALG = "factorisations of matrices";
const COMPLEX = "Fourier transforms";
const IMAGE = "image operations";
const EMBEDDING = "embeddings and einsum layers";
const FUNCTIONAL = "models of symbolic tensors";
const RECURRENT = "recurrent layers";
const NORMALIZATION = "normalization layers";
const RATE = "callbacks that change the learning rate";

/** Classes of layers. */
export const LAYERS: Readonly<Record<string, string>> = {
  EinsumDense: EMBEDDING,
  Embedding: EMBEDDING,
  ReversibleEmbedding: EMBEDDING,
  UpSampling1D: CONVOLUTION,
  UpSampling2D: CONVOLUTION,
  UpSampling3D: CONVOLUTION,
  ZeroPadding1D: CONVOLUTION,
  ZeroPadding2D: CONVOLUTION,
  ZeroPadding3D: CONVOLUTION,
  Cropping1D: CONVOLUTION,
  Cropping2D: CONVOLUTION,
  Cropping3D: CONVOLUTION,
};

/** Losses. */
export const LOSSES: Readonly<Record<string, string>> = {};

/** Metrics. */
export const METRICS: Readonly<Record<string, string>> = {};

/** Functions of `ops`. */
export const OPS: Readonly<Record<string, string>> = {
  conv: CONVOLUTION,
  conv_transpose: CONVOLUTION,
  depthwise_conv: CONVOLUTION,
  separable_conv: CONVOLUTION,
  max_pool: CONVOLUTION,
  average_pool: CONVOLUTION,
  unfold: CONVOLUTION,
  cholesky: LINALG,
  inv: LINALG,
  det: LINALG,
  slogdet: LINALG,
  solve: LINALG,
  solve_triangular: LINALG,
  svd: LINALG,
  qr: LINALG,
  eigh: LINALG,
  lu_factor: LINALG,
  lstsq: LINALG,
  pinv: LINALG,
  matrix_rank: LINALG,
  fft: COMPLEX,
  fft2: COMPLEX,
  ifft2: COMPLEX,
  rfft: COMPLEX,
  irfft: COMPLEX,
  stft: COMPLEX,
  istft: COMPLEX,
  extract_sequences: COMPLEX,
  "image.rgb_to_grayscale": IMAGE,
  "image.rgb_to_hsv": IMAGE,
  "image.hsv_to_rgb": IMAGE,
  "image.pad_images": IMAGE,
  "image.crop_images": IMAGE,
  "image.extract_patches": IMAGE,
  "image.affine_transform": IMAGE,
  "image.map_coordinates": IMAGE,
  "image.gaussian_blur": IMAGE,
  "image.perspective_transform": IMAGE,
  "image.scale_and_translate": IMAGE,
  "image.resize": IMAGE,
};

/** Single cases, as topic/id. */
export const CASES: Readonly<Record<string, string>> = {
  "layers_core/dense_09": LORA,
  "seeded_models/conv": CONVOLUTION,
  "training/digits_conv": CONVOLUTION,
  "summary/conv": CONVOLUTION,
  "seeded_models/embedding_lstm": RECURRENT,
  "seeded_models/gru_simple": RECURRENT,
  "seeded_models/bidirectional": RECURRENT,
  "training/lstm_series": RECURRENT,
  "training/simple_rnn_series": RECURRENT,
  "training/embedding_gru": RECURRENT,
  "summary/rnn": RECURRENT,
  "seeded_models/functional": FUNCTIONAL,
  "training/two_inputs_two_outputs": FUNCTIONAL,
  "training/attention_series": FUNCTIONAL,
  "summary/two_inputs": FUNCTIONAL,
  "summary/shared": FUNCTIONAL,
  "summary/nested": FUNCTIONAL,
  "summary/residual": FUNCTIONAL,
  "summary/attention": FUNCTIONAL,
  "training/batchnorm_dropout": NORMALIZATION,
  "training/reduce_lr": RATE,
};

/**
 * Single cases, as topic/id, in which Keras computes something else than it documents and this package what is documented.
 * `sparsemax`: Keras takes its threshold from a sum of running sums, so that rows with several survivors do not add up to 1.
 */
export const DIFFERENT: readonly string[] = [
  "activations/sparsemax_125",
  "activations/sparsemax_127",
  "activations/sparsemax_132",
];
