// History: what `fit` returns.

import { Callback, type Logs } from "./callback.js";

/**
 * The logs of every epoch. `history.history.loss` is a list with one number an epoch; `val_…` keys come from validation.
 *
 * Example: `const h = await model.fit(x, y, { epochs: 3 }); h.history.loss.length // 3`
 */
export class History extends Callback {
  history: Record<string, number[]> = {};
  /** The numbers of the epochs, from 0. */
  epoch: number[] = [];

  override onTrainBegin(): void {
    this.history = {};
    this.epoch = [];
  }
  override onEpochEnd(epoch: number, logs: Logs): void {
    this.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) {
      this.history[name] ??= [];
      this.history[name].push(value);
    }
  }
}
