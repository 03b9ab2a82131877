// The namespace `metrics`: what is reported beside the loss, and how names find it.

import { IdentifierError, unknownName, ValueError } from "./errors.js";
import { targetKind } from "./losses/targetKind.js";
import {
  Accuracy, BinaryAccuracy, binaryAccuracy, CategoricalAccuracy, categoricalAccuracy, SparseCategoricalAccuracy,
  SparseTopKCategoricalAccuracy, sparseCategoricalAccuracy, sparseTopKCategoricalAccuracy, TopKCategoricalAccuracy, topKCategoricalAccuracy,
} from "./metrics/accuracy.js"; // biome-ignore format: a list
import {
  PrecisionAtRecall,
  RecallAtPrecision,
  SensitivityAtSpecificity,
  SpecificityAtSensitivity,
} from "./metrics/atConstraint.js";
import { AUC } from "./metrics/auc.js";
import { FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives } from "./metrics/counts.js";
import { F1Score, FBetaScore } from "./metrics/fScore.js";
import { BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU } from "./metrics/iou.js";
import { Metric } from "./metrics/metric.js";
import {
  BinaryCrossentropy, CategoricalCrossentropy, CategoricalHinge, Hinge, KLDivergence, LogCoshError, MeanAbsoluteError,
  MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError, Poisson, SparseCategoricalCrossentropy, SquaredHinge,
} from "./metrics/ofLosses.js"; // biome-ignore format: a list
import { Mean, MeanMetricWrapper, type MetricFunction, Sum } from "./metrics/reduction.js";
import {
  ConcordanceCorrelation, CosineSimilarity, concordanceCorrelation, PearsonCorrelation, pearsonCorrelation, R2Score, RootMeanSquaredError,
} from "./metrics/regression.js"; // biome-ignore format: a list
import { toSnakeCase } from "./saving/names.js";
import { isClassOf, type KerasClass } from "./saving/object.js";
import {
  type DeserializeOptions, deserializeIn, getRegisteredObject, isSerialized, registerClass, registerFunction, type SerializedObject,
  serialize as toJSON,
} from "./saving/serialize.js"; // biome-ignore format: a list
import type { Tensor } from "./tensor.js";

export {
  binaryCrossentropy, binaryFocalCrossentropy, categoricalCrossentropy, categoricalFocalCrossentropy, categoricalHinge, hinge, huber,
  klDivergence, logCosh, meanAbsoluteError, meanAbsolutePercentageError, meanSquaredError, meanSquaredLogarithmicError, poisson,
  sparseCategoricalCrossentropy, squaredHinge,
} from "./losses.js"; // biome-ignore format: a list
export * from "./metrics/accuracy.js";
export * from "./metrics/atConstraint.js";
export * from "./metrics/auc.js";
export * from "./metrics/counts.js";
export * from "./metrics/fScore.js";
export * from "./metrics/iou.js";
export { Metric, type MetricOptions, type UpdateArguments, type UpdateOptions } from "./metrics/metric.js";
export * from "./metrics/ofLosses.js";
export { Mean, MeanMetricWrapper, type MetricFunction, Sum } from "./metrics/reduction.js";
export * from "./metrics/regression.js";

/** Classes that can be made without arguments: those that a name can stand for. */
const NAMED = {
  Mean, Sum, MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError, RootMeanSquaredError,
  LogCoshError, CosineSimilarity, PearsonCorrelation, ConcordanceCorrelation, R2Score, Accuracy, BinaryAccuracy, CategoricalAccuracy,
  SparseCategoricalAccuracy, TopKCategoricalAccuracy, SparseTopKCategoricalAccuracy, BinaryCrossentropy, CategoricalCrossentropy,
  SparseCategoricalCrossentropy, KLDivergence, Poisson, Hinge, SquaredHinge, CategoricalHinge, TruePositives, TrueNegatives, FalsePositives,
  FalseNegatives, Precision, Recall, AUC, F1Score, FBetaScore, BinaryIoU,
}; // biome-ignore format: a list
const OTHERS = {
  MeanMetricWrapper, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU, SensitivityAtSpecificity, SpecificityAtSensitivity, PrecisionAtRecall,
  RecallAtPrecision,
}; // biome-ignore format: a list
for (const own of [Metric, ...Object.values(NAMED), ...Object.values(OTHERS)]) registerClass("keras.metrics", own);

for (const [name, body] of Object.entries({
  binary_accuracy: binaryAccuracy, categorical_accuracy: categoricalAccuracy, sparse_categorical_accuracy: sparseCategoricalAccuracy,
  top_k_categorical_accuracy: topKCategoricalAccuracy, sparse_top_k_categorical_accuracy: sparseTopKCategoricalAccuracy,
  pearson_correlation: pearsonCorrelation, concordance_correlation: concordanceCorrelation,
})) registerFunction(name, body); // biome-ignore format: a table

const SHORT = {
  mse: MeanSquaredError, MSE: MeanSquaredError, mae: MeanAbsoluteError, MAE: MeanAbsoluteError, mape: MeanAbsolutePercentageError,
  MAPE: MeanAbsolutePercentageError, msle: MeanSquaredLogarithmicError, MSLE: MeanSquaredLogarithmicError, bce: BinaryCrossentropy,
  BCE: BinaryCrossentropy,
}; // biome-ignore format: a table

const NAMES: Readonly<Record<string, KerasClass<Metric>>> = {
  ...Object.fromEntries(Object.entries(NAMED).map(([name, own]) => [toSnakeCase(name), own])),
  ...SHORT,
  ...NAMED,
};

export type MetricName =
  | "accuracy" | "acc" | "mean" | "sum" | "mean_squared_error" | "mean_absolute_error" | "mean_absolute_percentage_error"
  | "mean_squared_logarithmic_error" | "root_mean_squared_error" | "log_cosh_error" | "cosine_similarity" | "pearson_correlation"
  | "concordance_correlation" | "r2_score" | "binary_accuracy" | "categorical_accuracy" | "sparse_categorical_accuracy"
  | "top_k_categorical_accuracy" | "sparse_top_k_categorical_accuracy" | "binary_crossentropy" | "categorical_crossentropy"
  | "sparse_categorical_crossentropy" | "kl_divergence" | "poisson" | "hinge" | "squared_hinge" | "categorical_hinge" | "true_positives"
  | "true_negatives" | "false_positives" | "false_negatives" | "precision" | "recall" | "auc" | "f1_score" | "f_beta_score" | "binary_io_u"
  | keyof typeof NAMED | keyof typeof SHORT; // biome-ignore format: a list
/** A metric, its name, its JSON or its class. `"acc"` is known in `compile` only, where shapes say which accuracy is meant. */
export type MetricIdentifier = MetricName | (string & {}) | Metric | SerializedObject | KerasClass<Metric>;
/** A function whose mean is the metric. */
export type MetricLikeFunction = (yTrue: Tensor, yPred: Tensor) => Tensor;

/**
 * The metric that an identifier stands for, with default options; null for null. A function becomes its mean.
 *
 * Errors: `IdentifierError` with near misses. Example: `metrics.get("mse")`
 */
export function get(identifier: MetricIdentifier | MetricLikeFunction | null | undefined): Metric | null {
  if (identifier === null || identifier === undefined) return null;
  if (identifier instanceof Metric) return identifier;
  if (isClassOf(identifier, Metric)) return new identifier();
  if (typeof identifier === "function") return new MeanMetricWrapper(identifier as MetricFunction);
  if (typeof identifier === "string") {
    if (Object.hasOwn(NAMES, identifier)) return new NAMES[identifier]!();
    const own = getRegisteredObject(identifier);
    if (own instanceof Metric) return own;
    if (isClassOf(own, Metric)) return new own();
    if (typeof own === "function") return new MeanMetricWrapper(own as MetricFunction, { name: identifier });
  } else if (isSerialized(identifier)) {
    return deserialize(identifier);
  }
  throw new IdentifierError(unknownName("metric", identifier, Object.keys(NAMES)));
}

/** What strings mean for each kind of targets. */
const BY_KIND = {
  accuracy: { binary: BinaryAccuracy, sparse: SparseCategoricalAccuracy, categorical: CategoricalAccuracy },
  crossentropy: { binary: BinaryCrossentropy, sparse: SparseCategoricalCrossentropy, categorical: CategoricalCrossentropy },
};
const KINDS: Readonly<Record<string, keyof typeof BY_KIND>> = {
  accuracy: "accuracy",
  acc: "accuracy",
  crossentropy: "crossentropy",
  ce: "crossentropy",
};

/**
 * What `compile` makes of a metric: as `get`, and `"accuracy"`, `"acc"`, `"crossentropy"`, `"ce"` (in any case) become the binary,
 * sparse or categorical one by the shapes of targets and predictions, batch axis included. A string is the metric's name from then on.
 */
export function resolve(
  metric: MetricIdentifier | MetricLikeFunction,
  yTrueShape: readonly number[],
  yPredShape: readonly number[],
): Metric {
  if (typeof metric !== "string") {
    const given = get(metric);
    if (given) return given;
    throw new ValueError(`compile: expected a metric, received ${metric}.`);
  }
  const table = KINDS[metric.toLowerCase()];
  const found = table ? new BY_KIND[table][targetKind(yTrueShape, yPredShape)]() : get(metric)!;
  found.name = metric;
  return found;
}

/** The metric, or the function, as Keras' JSON. */
export function serialize(metric: Metric): SerializedObject;
export function serialize(metric: Metric | MetricFunction): unknown;
export function serialize(metric: Metric | MetricFunction): unknown {
  return toJSON(metric);
}

/** The metric of Keras' JSON, or of a name. Errors: `IdentifierError` when it describes something else. */
export function deserialize(config: unknown, options: DeserializeOptions = {}): Metric {
  if (typeof config === "string") {
    const own = options.customObjects?.[config];
    return get((own ?? config) as MetricIdentifier)!;
  }
  const made = deserializeIn("keras.metrics", config, options);
  if (made instanceof Metric) return made;
  if (typeof made === "function") return get(made as MetricLikeFunction)!;
  throw new IdentifierError("metrics.deserialize: the JSON does not describe a metric.");
}
