// TerminateOnNaN: ends training when the loss is no number any more.

import { checkOptions, ValueError } from "../errors.js";
import { Callback, type Logs } from "./callback.js";

/**
 * Stops training at a batch whose loss is NaN or infinite: data with NaN, or a learning rate that is too large.
 *
 * Errors: with `raiseError`, a `ValueError` instead of a message. Example: `new TerminateOnNaN()`
 */
export class TerminateOnNaN extends Callback {
  readonly raiseError: boolean;

  constructor(options: { raiseError?: boolean } = {}) {
    checkOptions("TerminateOnNaN", options, ["raiseError"]);
    super();
    this.raiseError = options.raiseError ?? false;
  }

  override onBatchEnd(batch: number, logs: Logs): void {
    if (logs.loss === undefined || Number.isFinite(logs.loss)) return;
    const message = `Batch ${batch}: Invalid loss, terminating training`;
    if (this.raiseError) throw new ValueError(`${message}. Look for NaN in the data, or lower the learning rate.`);
    console.log(message);
    this.model.stopTraining = true;
  }
}
