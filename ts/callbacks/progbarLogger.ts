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
    this.#start();
    if (this.params.verbose > 0 && this.params.epochs > 1) console.log(`Epoch ${epoch + 1}/${this.params.epochs}`);
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

  #start(): void {
    this.#bar = null;
    this.#seen = 0;
  }
  #get(logs: Logs): Progbar {
    // Logs are running results already: the bar shows them as they are.
    this.#bar ??= new Progbar(this.params.steps, { verbose: this.params.verbose, unitName: "step", statefulMetrics: Object.keys(logs) });
    return this.#bar;
  }
  #draw(batch: number, logs: Logs): void {
    this.#seen = batch + 1;
    if (this.params.verbose === 1) this.#get(logs).update(this.#seen, Object.entries(logs), false);
  }
  #finish(logs: Logs): void {
    if (this.params.verbose === 0) return;
    const bar = this.#get(logs);
    if (bar.target === null) bar.target = this.#seen;
    bar.update(bar.target, Object.entries(logs), true);
  }
}
