// Means of the losses per sample: the formulas are in `losses`.

import {
  binaryCrossentropy,
  categoricalCrossentropy,
  categoricalHinge,
  hinge,
  klDivergence,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
  sparseCategoricalCrossentropy,
  squaredHinge,
} from "../losses.js";
import type { Config } from "../saving/object.js";
import { type MetricOptions, metricDefaults } from "./metric.js";
import { LossMean } from "./reduction.js";

/** mean((t − p)²) over all samples. */
export class MeanSquaredError extends LossMean {
  static override readonly className: string = "MeanSquaredError";
  static override readonly body = meanSquaredError;
  static override readonly defaults: Config = metricDefaults("mean_squared_error");
}

/** mean(|t − p|) over all samples. */
export class MeanAbsoluteError extends LossMean {
  static override readonly className: string = "MeanAbsoluteError";
  static override readonly body = meanAbsoluteError;
  static override readonly defaults: Config = metricDefaults("mean_absolute_error");
}

/** 100·mean(|(t − p) / t|) over all samples: percent. */
export class MeanAbsolutePercentageError extends LossMean {
  static override readonly className: string = "MeanAbsolutePercentageError";
  static override readonly body = meanAbsolutePercentageError;
  static override readonly defaults: Config = metricDefaults("mean_absolute_percentage_error");
}

/** mean((ln(p + 1) − ln(t + 1))²) over all samples. */
export class MeanSquaredLogarithmicError extends LossMean {
  static override readonly className: string = "MeanSquaredLogarithmicError";
  static override readonly body = meanSquaredLogarithmicError;
  static override readonly defaults: Config = metricDefaults("mean_squared_logarithmic_error");
}

/** mean(ln cosh(p − t)) over all samples. */
export class LogCoshError extends LossMean {
  static override readonly className: string = "LogCoshError";
  static override readonly body = logCosh;
  static override readonly defaults: Config = metricDefaults("logcosh");
}

/** mean(max(1 − t·p, 0)) over all samples; labels are −1 and 1, or 0 and 1. */
export class Hinge extends LossMean {
  static override readonly className: string = "Hinge";
  static override readonly body = hinge;
  static override readonly defaults: Config = metricDefaults("hinge");
}

/** mean(max(1 − t·p, 0)²) over all samples; labels are −1 and 1, or 0 and 1. */
export class SquaredHinge extends LossMean {
  static override readonly className: string = "SquaredHinge";
  static override readonly body = squaredHinge;
  static override readonly defaults: Config = metricDefaults("squared_hinge");
}

/** mean(max(max((1 − t)·p) − Σ t·p + 1, 0)) over all samples; targets are one-hot. */
export class CategoricalHinge extends LossMean {
  static override readonly className: string = "CategoricalHinge";
  static override readonly body = categoricalHinge;
  static override readonly defaults: Config = metricDefaults("categorical_hinge");
}

/** mean(Σ t·ln(t/p)) over all samples. */
export class KLDivergence extends LossMean {
  static override readonly className: string = "KLDivergence";
  static override readonly body = klDivergence;
  static override readonly defaults: Config = metricDefaults("kl_divergence");
}

/** mean(p − t·ln p) over all samples. */
export class Poisson extends LossMean {
  static override readonly className: string = "Poisson";
  static override readonly body = poisson;
  static override readonly defaults: Config = metricDefaults("poisson");
}

type BinaryOptions = MetricOptions & { fromLogits: boolean; labelSmoothing: number };
/** mean(−t·ln p − (1 − t)·ln(1 − p)) over all samples. */
export class BinaryCrossentropy extends LossMean<BinaryOptions> {
  static override readonly className: string = "BinaryCrossentropy";
  static override readonly body = binaryCrossentropy;
  static override readonly defaults: Config = metricDefaults("binary_crossentropy", { fromLogits: false, labelSmoothing: 0 });
}

type CategoricalOptions = BinaryOptions & { axis: number };
/** mean(−Σ t·ln p) over all samples; targets are one-hot. */
export class CategoricalCrossentropy extends LossMean<CategoricalOptions> {
  static override readonly className: string = "CategoricalCrossentropy";
  static override readonly body = categoricalCrossentropy;
  static override readonly defaults: Config = metricDefaults("categorical_crossentropy", {
    fromLogits: false,
    labelSmoothing: 0,
    axis: -1,
  });
}

type SparseOptions = MetricOptions & { fromLogits: boolean; ignoreClass: number | null; axis: number };
/** mean(−ln p[label]) over all samples; targets are integers. */
export class SparseCategoricalCrossentropy extends LossMean<SparseOptions> {
  static override readonly className: string = "SparseCategoricalCrossentropy";
  static override readonly body = sparseCategoricalCrossentropy;
  static override readonly defaults: Config = metricDefaults("sparse_categorical_crossentropy", {
    fromLogits: false,
    ignoreClass: null,
    axis: -1,
  });
}
