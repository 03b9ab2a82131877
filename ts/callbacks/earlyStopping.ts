// EarlyStopping: ends training when a log stops getting better.

import { checkOptions } from "../errors.js";
import type { Tensor } from "../tensor.js";
import type { Logs } from "./callback.js";
import { MonitorCallback, type MonitorOptions } from "./monitor.js";

export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without improvement that are borne. Default 0. */
  patience?: number;
  /** 1 prints when it stops. */
  verbose?: 0 | 1;
  /** Only values better than this count as improvement. */
  baseline?: number | null;
  /** Put the weights of the best epoch back at the end, whether it stopped early or not. */
  restoreBestWeights?: boolean;
  /** Epochs before this one are not watched. */
  startFromEpoch?: number;
}

/**
 * Stops `fit` after `patience` epochs in which `monitor` did not improve by more than `minDelta`.
 *
 * Example: `await model.fit(x, y, { epochs: 100, validationSplit: 0.2, callbacks: [new EarlyStopping({ patience: 3, restoreBestWeights: true })] })`
 */
export class EarlyStopping extends MonitorCallback {
  static readonly className = "EarlyStopping";
  readonly patience: number;
  readonly verbose: 0 | 1;
  readonly baseline: number | null;
  readonly restoreBestWeights: boolean;
  readonly startFromEpoch: number;
  wait = 0;
  /** The epoch at which it stopped, from 0; 0 when it did not. */
  stoppedEpoch = 0;
  best: number | null = null;
  bestEpoch = 0;
  #bestWeights: Tensor[] | null = null;

  constructor(options: EarlyStoppingOptions = {}) {
    checkOptions("EarlyStopping", options, [
      "monitor",
      "minDelta",
      "patience",
      "verbose",
      "mode",
      "baseline",
      "restoreBestWeights",
      "startFromEpoch",
    ]);
    super(options);
    this.patience = options.patience ?? 0;
    this.verbose = options.verbose ?? 0;
    this.baseline = options.baseline ?? null;
    this.restoreBestWeights = options.restoreBestWeights ?? false;
    this.startFromEpoch = options.startFromEpoch ?? 0;
  }

  override onTrainBegin(): void {
    this.wait = 0;
    this.stoppedEpoch = 0;
    this.best = null;
    this.bestEpoch = 0;
    this.#bestWeights = null;
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    const current = this.watched(logs);
    if (current === undefined || epoch < this.startFromEpoch) return;
    if (this.restoreBestWeights && !this.#bestWeights) {
      this.#bestWeights = this.model.getWeights();
      this.bestEpoch = epoch;
    }
    this.wait++;
    if (this.improves(current, this.best)) {
      this.best = current;
      this.bestEpoch = epoch;
      if (this.restoreBestWeights) this.#bestWeights = this.model.getWeights();
      if (this.baseline === null || this.improves(current, this.baseline)) this.wait = 0;
      return;
    }
    if (this.wait >= this.patience && epoch > 0) {
      this.stoppedEpoch = epoch;
      this.model.stopTraining = true;
    }
  }

  override onTrainEnd(): void {
    if (this.stoppedEpoch > 0 && this.verbose > 0) console.log(`Epoch ${this.stoppedEpoch + 1}: early stopping`);
    if (!this.#bestWeights) return;
    if (this.verbose > 0) console.log(`Restoring model weights from the end of the best epoch: ${this.bestEpoch + 1}.`);
    this.model.setWeights(this.#bestWeights);
  }
}
