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
import { FunctionMean } from "./reduction.js";

/** mean((t − p)²) over all samples. */
export class MeanSquaredError extends FunctionMean {
  static override readonly className: string = "MeanSquaredError";
  static override readonly defaults: Config = metricDefaults("mean_squared_error");
  override readonly direction = "down";
  constructor(options: Partial<MetricOptions> = {}) {
    super(meanSquaredError, options);
  }
}

/** mean(|t − p|) over all samples. */
export class MeanAbsoluteError extends FunctionMean {
  static override readonly className: string = "MeanAbsoluteError";
  static override readonly defaults: Config = metricDefaults("mean_absolute_error");
  override readonly direction = "down";
  constructor(options: Partial<MetricOptions> = {}) {
    super(meanAbsoluteError, options);
  }
}

/** 100·mean(|(t − p) / t|) over all samples: percent. */
export class MeanAbsolutePercentageError extends FunctionMean {
  static override readonly className: string = "MeanAbsolutePercentageError";
  static override readonly defaults: Config = metricDefaults("mean_absolute_percentage_error");
  override readonly direction = "down";
  constructor(options: Partial<MetricOptions> = {}) {
    super(meanAbsolutePercentageError, options);
  }
}

/** mean((ln(p + 1) − ln(t + 1))²) over all samples. */
export class MeanSquaredLogarithmicError extends FunctionMean {
  static override readonly className: string = "MeanSquaredLogarithmicError";
  static override readonly defaults: Config = metricDefaults("mean_squared_logarithmic_error");
  override readonly direction = "down";
  constructor(options: Partial<MetricOptions> = {}) {
    super(meanSquaredLogarithmicError, options);
  }
}

/** mean(ln cosh(p − t)) over all samples. */
export class LogCoshError extends FunctionMean {
  static override readonly className: string = "LogCoshError";
  static override readonly defaults: Config = metricDefaults("logcosh");
  override readonly direction = "down";
  constructor(options: Partial<MetricOptions> = {}) {
    super(logCosh, options);
  }
}

/** mean(max(1 − t·p, 0)) over all samples; labels are −1 and 1, or 0 and 1. */
export class Hinge extends FunctionMean {
  static override readonly className: string = "Hinge";
  static override readonly defaults: Config = metricDefaults("hinge");
  override readonly direction = "down";
  constructor(options: Partial<MetricOptions> = {}) {
    super(hinge, options);
  }
}

/** mean(max(1 − t·p, 0)²) over all samples; labels are −1 and 1, or 0 and 1. */
export class SquaredHinge extends FunctionMean {
  static override readonly className: string = "SquaredHinge";
  static override readonly defaults: Config = metricDefaults("squared_hinge");
  override readonly direction = "down";
  constructor(options: Partial<MetricOptions> = {}) {
    super(squaredHinge, options);
  }
}

/** mean(max(max((1 − t)·p) − Σ t·p + 1, 0)) over all samples; targets are one-hot. */
export class CategoricalHinge extends FunctionMean {
  static override readonly className: string = "CategoricalHinge";
  static override readonly defaults: Config = metricDefaults("categorical_hinge");
  override readonly direction = "down";
  constructor(options: Partial<MetricOptions> = {}) {
    super(categoricalHinge, options);
  }
}

/** mean(Σ t·ln(t/p)) over all samples. */
export class KLDivergence extends FunctionMean {
  static override readonly className: string = "KLDivergence";
  static override readonly defaults: Config = metricDefaults("kl_divergence");
  override readonly direction = "down";
  constructor(options: Partial<MetricOptions> = {}) {
    super(klDivergence, options);
  }
}

/** mean(p − t·ln p) over all samples. */
export class Poisson extends FunctionMean {
  static override readonly className: string = "Poisson";
  static override readonly defaults: Config = metricDefaults("poisson");
  override readonly direction = "down";
  constructor(options: Partial<MetricOptions> = {}) {
    super(poisson, options);
  }
}

type BinaryOptions = MetricOptions & { fromLogits: boolean; labelSmoothing: number };
/** mean(−t·ln p − (1 − t)·ln(1 − p)) over all samples. */
export class BinaryCrossentropy extends FunctionMean<BinaryOptions> {
  static override readonly className: string = "BinaryCrossentropy";
  static override readonly defaults: Config = metricDefaults("binary_crossentropy", { fromLogits: false, labelSmoothing: 0 });
  override readonly direction = "down";
  constructor(options: Partial<BinaryOptions> = {}) {
    super(binaryCrossentropy, options);
  }
}

type CategoricalOptions = BinaryOptions & { axis: number };
/** mean(−Σ t·ln p) over all samples; targets are one-hot. */
export class CategoricalCrossentropy extends FunctionMean<CategoricalOptions> {
  static override readonly className: string = "CategoricalCrossentropy";
  static override readonly defaults: Config = metricDefaults("categorical_crossentropy", {
    fromLogits: false,
    labelSmoothing: 0,
    axis: -1,
  });
  override readonly direction = "down";
  constructor(options: Partial<CategoricalOptions> = {}) {
    super(categoricalCrossentropy, options);
  }
}

type SparseOptions = MetricOptions & { fromLogits: boolean; ignoreClass: number | null; axis: number };
/** mean(−ln p[label]) over all samples; targets are integers. */
export class SparseCategoricalCrossentropy extends FunctionMean<SparseOptions> {
  static override readonly className: string = "SparseCategoricalCrossentropy";
  static override readonly defaults: Config = metricDefaults("sparse_categorical_crossentropy", {
    fromLogits: false,
    ignoreClass: null,
    axis: -1,
  });
  override readonly direction = "down";
  constructor(options: Partial<SparseOptions> = {}) {
    super(sparseCategoricalCrossentropy, options);
  }
}
