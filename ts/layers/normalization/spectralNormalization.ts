// SpectralNormalization: a wrapper that keeps the largest singular value of a layer's kernel at 1.

import type { PartialShape, Structure, TensorTree } from "../../core/structure.js";
import { ValueError } from "../../errors.js";
import * as initializers from "../../initializers.js";
import { wholeNumber } from "../../ops/basics.js";
import * as ops from "../../ops.js";
import type { Tensor } from "../../tensor.js";
import { Variable } from "../../variable.js";
import { InputSpec } from "../inputSpec.js";
import { type CallArguments, classNameOf, type Layer, type LayerOptions } from "../layer.js";
import { Wrapper } from "../wrapper.js";

export interface SpectralNormalizationOptions extends LayerOptions {
  /** How often u and v are improved at each step of training. */
  powerIterations?: number;
}

/**
 * The wrapped layer with its kernel divided by σ, its largest singular value as power iteration knows it.
 *
 * While training, the kernel W as a matrix [rest, last] gives `v = u·Wᵀ/‖…‖`, `u = v·W/‖…‖`, `σ = v·W·uᵀ`, and W/σ is stored in the place of W;
 * u, of shape [1, last], is kept for the next step. In inference the kernel is taken as it is; one of zeros stays as it is.
 * Errors: `ValueError` when the layer has neither `kernel` nor `embeddings`.
 * Example: `new SpectralNormalization(new Dense(4), { powerIterations: 2 })`. Source: https://arxiv.org/abs/1802.05957.
 */
export class SpectralNormalization extends Wrapper {
  static override readonly className: string = "SpectralNormalization";
  static override readonly defaults = { powerIterations: 1 };
  readonly powerIterations: number;
  /** The wrapped layer's kernel: counted among the wrapper's own weights, as in Keras. */
  kernel: Variable | undefined;
  vectorU: Variable | undefined;

  constructor(layer: Layer, options: SpectralNormalizationOptions = {}) {
    super(layer, options);
    this.powerIterations = wholeNumber("SpectralNormalization", "powerIterations", options.powerIterations ?? 1, 1);
  }

  override build(inputShape: Structure<PartialShape>): void {
    super.build(inputShape);
    const { kernel, embeddings } = this.layer as Layer & { kernel?: unknown; embeddings?: unknown };
    const found = kernel ?? embeddings;
    if (!(found instanceof Variable)) {
      throw new ValueError(
        `${this.name}: the wrapped layer "${this.layer.name}" of class ${classNameOf(this.layer)} has neither a kernel nor embeddings to normalize.`,
      );
    }
    this.kernel = found;
    this.vectorU = this.addWeight({
      name: "vector_u",
      shape: [1, found.shape.at(-1)!],
      initializer: new initializers.TruncatedNormal({ stddev: 0.02 }),
      trainable: false,
    });
    this.inputSpec = new InputSpec({ shape: [null, ...(inputShape as PartialShape).slice(1)] });
  }

  override call(x: Tensor, { training }: CallArguments): TensorTree {
    if (training) this.#normalize();
    return this.layer.apply<TensorTree>(x);
  }

  #normalize(): void {
    const kernel = this.kernel!.value;
    const matrix = ops.reshape(kernel, [-1, kernel.shape.at(-1)!]);
    const unit = (t: Tensor): Tensor => ops.normalize(t, { axis: null });
    const start = this.vectorU!.value;
    let [u, v] = [start, start];
    for (let i = 0; i < this.powerIterations; i++) {
      v = unit(ops.matmul(u, ops.transpose(matrix)));
      u = unit(ops.matmul(v, matrix));
    }
    [u, v] = [ops.stopGradient(u), ops.stopGradient(v)];
    const zero = ops.all(ops.equal(kernel, 0));
    const sigma = ops.where(zero, 1, ops.squeeze(ops.matmul(ops.matmul(v, matrix), ops.transpose(u))));
    this.vectorU!.assign(ops.where(zero, start, u));
    this.kernel!.assign(ops.divide(kernel, sigma));
  }
}
