// TerminateOnNaN: ends training when the loss is no number any more.

import { checkOptions, DataError, ValueError } from "../errors.js";
import { Callback, type Logs } from "./callback.js";

/**
 * Stops training at a batch whose loss is NaN or infinite: data with NaN, or a learning rate that is too large.
 *
 * Where the data is at fault, the step that met it is undone: the model trains on from there.
 *
 * Errors: with `raiseError`, instead of a message, a `DataError` that says where the data has it, or a `ValueError`.
 * Example: `new TerminateOnNaN()`
 */
export class TerminateOnNaN extends Callback {
  readonly raiseError: boolean;
  /** @internal What `fit` has found in the data of the batch. */
  found: string | null = null;

  constructor(options: { raiseError?: boolean } = {}) {
    checkOptions("TerminateOnNaN", options, ["raiseError"]);
    super();
    this.raiseError = options.raiseError ?? false;
  }

  override onBatchEnd(batch: number, logs: Logs): void {
    if (logs.loss === undefined || Number.isFinite(logs.loss)) return;
    const message = `Batch ${batch}: Invalid loss, terminating training`;
    if (this.raiseError) {
      if (this.found) throw new DataError(`${message}: ${this.found}. Mend the data.`);
      throw new ValueError(`${message}. Look for NaN in what layers compute, or lower the learning rate.`);
    }
    console.log(message);
    this.model.stopTraining = true;
  }
}
