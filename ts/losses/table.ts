// All losses in tables: classes, the names of functions, and the functions.

import type { KerasClass } from "../saving/object.js";
import { registerClass, registerFunction } from "../saving/serialize.js";
import { Circle, circle } from "./circle.js";
import {
  BinaryCrossentropy,
  binaryCrossentropy,
  CategoricalCrossentropy,
  categoricalCrossentropy,
  SparseCategoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from "./crossentropy.js";
import { CTC, ctc } from "./ctc.js";
import { Dice, dice, KLDivergence, klDivergence, Poisson, poisson, Tversky, tversky } from "./distribution.js";
import {
  BinaryFocalCrossentropy,
  binaryFocalCrossentropy,
  CategoricalFocalCrossentropy,
  CategoricalGeneralizedCrossEntropy,
  categoricalFocalCrossentropy,
  categoricalGeneralizedCrossEntropy,
} from "./focal.js";
import { CategoricalHinge, categoricalHinge, Hinge, hinge, SquaredHinge, squaredHinge } from "./hinge.js";
import { Loss, LossFunctionWrapper } from "./loss.js";
import {
  CosineSimilarity,
  cosineSimilarity,
  Huber,
  huber,
  LogCosh,
  logCosh,
  MeanAbsoluteError,
  MeanAbsolutePercentageError,
  MeanSquaredError,
  MeanSquaredLogarithmicError,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
} from "./regression.js";

/** Classes by their Keras names. */
export const CLASSES = {
  MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError, Huber, LogCosh, CosineSimilarity,
  BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy, BinaryFocalCrossentropy, CategoricalFocalCrossentropy,
  CategoricalGeneralizedCrossEntropy, KLDivergence, Poisson, Hinge, SquaredHinge, CategoricalHinge, Dice, Tversky, Circle, CTC,
}; // biome-ignore format: a list
for (const own of [Loss, LossFunctionWrapper, ...Object.values(CLASSES)]) registerClass("keras.losses", own);

/** Names of functions, and the class that does the same and reduces. */
export const FUNCTIONS = {
  mean_squared_error: MeanSquaredError, mean_absolute_error: MeanAbsoluteError, mean_absolute_percentage_error: MeanAbsolutePercentageError,
  mean_squared_logarithmic_error: MeanSquaredLogarithmicError, huber: Huber, log_cosh: LogCosh, cosine_similarity: CosineSimilarity,
  binary_crossentropy: BinaryCrossentropy, categorical_crossentropy: CategoricalCrossentropy,
  sparse_categorical_crossentropy: SparseCategoricalCrossentropy, binary_focal_crossentropy: BinaryFocalCrossentropy,
  categorical_focal_crossentropy: CategoricalFocalCrossentropy, kl_divergence: KLDivergence, poisson: Poisson, hinge: Hinge,
  squared_hinge: SquaredHinge, categorical_hinge: CategoricalHinge, dice: Dice, tversky: Tversky, circle: Circle, ctc: CTC,
  mse: MeanSquaredError, MSE: MeanSquaredError, mae: MeanAbsoluteError, MAE: MeanAbsoluteError, mape: MeanAbsolutePercentageError,
  MAPE: MeanAbsolutePercentageError, msle: MeanSquaredLogarithmicError, MSLE: MeanSquaredLogarithmicError, bce: BinaryCrossentropy,
  BCE: BinaryCrossentropy, kld: KLDivergence, KLD: KLDivergence,
} satisfies Record<string, KerasClass<Loss>>; // biome-ignore format: a table

const BODIES = {
  mean_squared_error: meanSquaredError, mean_absolute_error: meanAbsoluteError, mean_absolute_percentage_error: meanAbsolutePercentageError,
  mean_squared_logarithmic_error: meanSquaredLogarithmicError, huber, log_cosh: logCosh, cosine_similarity: cosineSimilarity,
  binary_crossentropy: binaryCrossentropy, categorical_crossentropy: categoricalCrossentropy,
  sparse_categorical_crossentropy: sparseCategoricalCrossentropy, binary_focal_crossentropy: binaryFocalCrossentropy,
  categorical_focal_crossentropy: categoricalFocalCrossentropy, categorical_generalized_cross_entropy: categoricalGeneralizedCrossEntropy,
  kl_divergence: klDivergence, poisson, hinge, squared_hinge: squaredHinge, categorical_hinge: categoricalHinge, dice, tversky, circle, ctc,
}; // biome-ignore format: a table
for (const [name, body] of Object.entries(BODIES)) registerFunction(name, body);

/** Is it a function of ours, a loss that is to be made small? */
export const isLossFunction = (fn: unknown): boolean => (Object.values(BODIES) as unknown[]).includes(fn);
