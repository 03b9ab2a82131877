// ProgbarLogger: the progress bar of fit, evaluate and predict.

import { Progbar } from "../models/progbar.js";
import { Callback, type Logs } from "./callback.js";

/** Draws Keras' progress bar on the terminal. `fit` adds one when `verbose` is not 0. */
export class ProgbarLogger extends Callback {
  #bar: Progbar | null = null;
  #seen = 0;
  #inFit = false;

  override onTrainBegin(): void {
    this.#inFit = true;
  }
  override onEpochBegin(epoch: number): void {
    if (this.params.verbose > 0 && this.params.epochs > 1) console.log(`Epoch ${epoch + 1}/${this.params.epochs}`);
    this.#start();
  }
  override onTrainBatchEnd(batch: number, logs: Logs): void {
    this.#draw(batch, logs);
  }
  override onEpochEnd(_epoch: number, logs: Logs): void {
    this.#finish(logs);
  }
  override onTrainEnd(): void {
    this.#inFit = false;
  }

  override onTestBegin(): void {
    if (!this.#inFit) this.#start();
  }
  override onTestBatchEnd(batch: number, logs: Logs): void {
    if (!this.#inFit) this.#draw(batch, logs);
  }
  override onTestEnd(logs: Logs): void {
    if (!this.#inFit) this.#finish(logs);
  }
  override onPredictBegin(): void {
    this.#start();
  }
  override onPredictBatchEnd(batch: number): void {
    this.#draw(batch, {});
  }
  override onPredictEnd(): void {
    this.#finish({});
  }

  /** Makes the bar, from which time is counted. Logs are running results already: it shows them as they are. */
  #start(): void {
    this.#seen = 0;
    this.#bar = new Progbar(this.params.steps, { verbose: this.params.verbose, unitName: "step", statefulMetrics: "all" });
  }
  #draw(batch: number, logs: Logs): void {
    this.#seen = batch + 1;
    if (this.params.verbose === 1) this.#bar?.update(this.#seen, Object.entries(logs), false);
  }
  #finish(logs: Logs): void {
    const bar = this.#bar;
    if (this.params.verbose === 0 || !bar) return;
    if (bar.target === null) bar.target = this.#seen;
    bar.update(bar.target, Object.entries(logs), true);
  }
}
