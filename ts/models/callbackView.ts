// What callbacks see of the model that they are called for.

import type { Tensor } from "../tensor.js";
import type { TrainedModel } from "./trainer.js";

/** The model's weights, its stop flag, and which way a log is better. */
export class CallbackModelView {
  readonly #model: TrainedModel;
  readonly direction: (log: string) => "up" | "down" | null;
  constructor(model: TrainedModel, direction: (log: string) => "up" | "down" | null) {
    this.#model = model;
    this.direction = direction;
  }
  get stopTraining(): boolean {
    return this.#model.stopTraining;
  }
  set stopTraining(stop: boolean) {
    this.#model.stopTraining = stop;
  }
  getWeights(): Tensor[] {
    return this.#model.getWeights();
  }
  setWeights(weights: readonly Tensor[]): void {
    this.#model.setWeights(weights);
  }
}
