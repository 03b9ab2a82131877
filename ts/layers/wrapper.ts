// Wrapper: a layer around another one; TimeDistributed applies a layer to every step of a sequence.

import { isPlainObject, type PartialShape, type Structure, shapeText, type TensorTree } from "../core/structure.js";
import { ShapeError, ValueError } from "../errors.js";
import * as ops from "../ops.js";
import { type DeserializeOptions, deserialize, isSerialized, reviveConfig, serialize } from "../saving/serialize.js";
import { Tensor } from "../tensor.js";
import { type CallArguments, classNameOf, isLayer, Layer, type LayerOptions } from "./layer.js";
import { inScope, locateErrors } from "./scope.js";

/**
 * Base of layers that work with another layer, `this.layer`, which is built with them. A subclass says in `call` what it does with it.
 *
 * Errors: `ValueError` when what is wrapped is no layer.
 */
export class Wrapper extends Layer {
  static override readonly className: string = "Wrapper";
  static override readonly required = ["layer"];
  readonly layer: Layer;

  constructor(layer: Layer, options: LayerOptions = {}) {
    super(options);
    const inner = isSerialized(layer) ? deserialize<Layer>(layer) : layer;
    if (!isLayer(inner))
      throw new ValueError(`${classNameOf(this)}: expected a layer to wrap, received ${JSON.stringify(layer) ?? typeof layer}.`);
    this.layer = inner;
  }

  override build(...inputShapes: Structure<PartialShape>[]): void {
    if (!this.layer.built) this.layer.build(...inputShapes);
  }

  /** @internal From a file: the layer inside is built by the wrapper, so that its weights get the wrapper's path. */
  static fromSerialized(config: unknown, options: DeserializeOptions): Layer {
    const { layer, ...rest } = isPlainObject(config) ? config : {};
    const { build_config: _, ...inner } = isPlainObject(layer) ? layer : {};
    return this.fromConfig({ ...reviveConfig(rest, this.className, options), layer: deserialize<Layer>(inner, options) });
  }

  // The layer as JSON: what is made of the config gets one of its own.
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), layer: serialize(this.layer) };
  }
}

/**
 * The wrapped layer at every step, with the same weights: x: [batch, steps, …] → [batch, steps, …what the layer makes of the rest].
 *
 * A mask [batch, steps] goes to the layer step by step, and is passed on. As in Keras, the layer's own activity regularizer is left out.
 * A layer whose class says `static samplesApart = true` (each sample by itself, nothing drawn, no state changed) gets all steps as one batch;
 * any other is called once per step. Errors: `ShapeError` for inputs of less than 3 axes and for a mask of other steps.
 * Example: `new TimeDistributed(new Dense(8)).apply(ops.ones([2, 10, 16])).shape // [2, 10, 8]`
 */
export class TimeDistributed extends Wrapper {
  static override readonly className: string = "TimeDistributed";
  static override readonly takesMask = true;
  static override readonly samplesApart: boolean = true; // when the layer inside does

  constructor(layer: Layer, options: LayerOptions = {}) {
    super(layer, options);
    this.supportsMasking = true;
  }

  override build(inputShape: Structure<PartialShape>): void {
    super.build(this.#sliceShape(inputShape as PartialShape));
  }

  #sliceShape(shape: PartialShape): PartialShape {
    if (shape.length < 3)
      throw new ShapeError(`${this.name}: expected inputs [batch, steps, …] of at least 3 axes, received ${shapeText(shape)}.`);
    return [shape[0]!, ...shape.slice(2)];
  }

  override call(x: Tensor, { training, mask }: CallArguments): Tensor {
    const [batch, steps, ...rest] = x.shape as [number, number, ...number[]];
    const given = mask as Tensor | null;
    if (given && (given.shape[0] !== batch || given.shape[1] !== steps)) {
      throw new ShapeError(
        `${this.name}: the mask must be [${batch}, ${steps}, …] as the input is, received ${shapeText(given.shape)}.`,
      );
    }
    if (this.layer.flattenLayers().every(samplesApart)) {
      const flat = <T extends Tensor | null>(t: T): T => t && (ops.reshape(t, [batch * steps, ...t.shape.slice(2)]) as T);
      const y = this.#once(flat(x), training, flat(given));
      return ops.reshape(y, [batch, steps, ...y.shape.slice(1)]);
    }
    if (steps === 0) return ops.zeros(this.computeOutputShape([batch, 0, ...rest]) as number[]);
    const at = (t: Tensor, step: number): Tensor => ops.getItem(t, [{}, step]);
    const slices = Array.from({ length: steps }, (_, i) => this.#once(at(x, i), training, given && at(given, i)));
    return ops.stack(slices, { axis: 1 });
  }

  #once(x: Tensor, training: boolean, mask: Tensor | null): Tensor {
    const y: TensorTree = inScope(this.layer, this.layer.name, () => locateErrors(() => this.layer.call(x, { training, mask })));
    if (!(y instanceof Tensor)) throw new ValueError(`${this.name}: the wrapped layer must return one tensor.`);
    return y;
  }

  // Not by tracing: every step would be traced.
  override computeOutputShape(inputShape: Structure<PartialShape>): Structure<PartialShape> {
    const shape = inputShape as PartialShape;
    const [batch = null, ...rest] = this.layer.computeOutputShape(this.#sliceShape(shape)) as PartialShape;
    return [batch, shape[1]!, ...rest];
  }
}

/** Does the class say so? A class of one's own that extends such a one says it again. */
function samplesApart(layer: Layer): boolean {
  const own = layer.constructor as typeof Layer;
  return Object.hasOwn(own, "className") && own.samplesApart;
}
