// What the goldens hold and this package does not have yet, by name and with the reason. `later.test.ts` fails when an entry is stale.

const LINALG = "factorisations of matrices";
const COMPLEX = "Fourier transforms";
const IMAGE = "image operations";
const AUGMENTATION = "image augmentation";
const ATTENTION = "attention layers";
const RECURRENT = "recurrent layers";
const LOOKUP = "vocabularies and hashes";
const RATE = "callbacks that change the learning rate";

/** Classes of layers. */
export const LAYERS: Readonly<Record<string, string>> = {
  HashedCrossing: LOOKUP,
  Hashing: LOOKUP,
  IntegerLookup: LOOKUP,
  StringLookup: LOOKUP,
  TextVectorization: LOOKUP,
  AutoContrast: AUGMENTATION,
  ContrastLimitedAdaptiveHistogramEqualization: AUGMENTATION,
  Equalization: AUGMENTATION,
  RandomBrightness: AUGMENTATION,
  RandomColorDegeneration: AUGMENTATION,
  RandomColorJitter: AUGMENTATION,
  RandomContrast: AUGMENTATION,
  RandomCrop: AUGMENTATION,
  RandomElasticTransform: AUGMENTATION,
  RandomErasing: AUGMENTATION,
  RandomFlip: AUGMENTATION,
  RandomGaussianBlur: AUGMENTATION,
  RandomGrayscale: AUGMENTATION,
  RandomHue: AUGMENTATION,
  RandomInvert: AUGMENTATION,
  RandomPerspective: AUGMENTATION,
  RandomPosterization: AUGMENTATION,
  RandomRotation: AUGMENTATION,
  RandomSaturation: AUGMENTATION,
  RandomSharpness: AUGMENTATION,
  RandomShear: AUGMENTATION,
  RandomTranslation: AUGMENTATION,
  RandomZoom: AUGMENTATION,
  Solarization: AUGMENTATION,
  Bidirectional: RECURRENT,
  ConvLSTM1D: RECURRENT,
  ConvLSTM2D: RECURRENT,
  ConvLSTM3D: RECURRENT,
  GRU: RECURRENT,
  GRUCell: RECURRENT,
  LSTM: RECURRENT,
  LSTMCell: RECURRENT,
  RNN: RECURRENT,
  SimpleRNN: RECURRENT,
  SimpleRNNCell: RECURRENT,
};

/** Losses. */
export const LOSSES: Readonly<Record<string, string>> = {};

/** Metrics. */
export const METRICS: Readonly<Record<string, string>> = {};

/** Functions of `ops`. */
export const OPS: Readonly<Record<string, string>> = {
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
};

/** Single cases, as topic/id. */
export const CASES: Readonly<Record<string, string>> = {
  "seeded_models/embedding_lstm": RECURRENT,
  "seeded_models/gru_simple": RECURRENT,
  "seeded_models/bidirectional": RECURRENT,
  "training/lstm_series": RECURRENT,
  "training/simple_rnn_series": RECURRENT,
  "training/embedding_gru": RECURRENT,
  "summary/rnn": RECURRENT,
  "training/attention_series": ATTENTION,
  "summary/attention": ATTENTION,
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

/**
 * Single cases, as topic/id, in which the rounding of Keras alone is more than the limit: how far its numbers are from the exact ones.
 * `conv2d_00`: the gradient of the kernel, 40 products added up in float32, against the same sum in f64.
 */
export const INEXACT: Readonly<Record<string, number>> = { "layers_conv/conv2d_00": 1.4e-6 };
