// Sequential: a stack of layers, each with one input and one output.

import {
  isPlainObject,
  isShape,
  type PartialShape,
  type Structure,
  shapeText,
  type TensorTree,
  tensorsOf,
} from "../core/structure.js";
import { checkOptions, ShapeError, StateError, show, ValueError } from "../errors.js";
import { InputLayer } from "../layers/input.js";
import { InputSpec } from "../layers/inputSpec.js";
import { type CallArguments, Layer } from "../layers/layer.js";
import { withCall } from "../layers/scope.js";
import { outputShape } from "../layers/shapes.js";
import * as ops from "../ops.js";
import { uniqueName } from "../saving/names.js";
import type { Config, KerasObject } from "../saving/object.js";
import { type DeserializeOptions, deserialize, registerClass, serialize } from "../saving/serialize.js";
import { KerasTensor } from "../symbolic/kerasTensor.js";
import { Model } from "./model.js";

export interface SequentialOptions {
  name?: string | null;
  trainable?: boolean;
  dtype?: string | null;
}

/** What `add` takes: a layer, or the result of `Input(…)`. */
export type SequentialItem = Layer | KerasTensor;

/**
 * Layers one after the other.
 *
 * Built as soon as the shape of the input is known: from an `Input`, from `inputShape` of the first layer, or from the first data.
 * Names and weight paths are Keras': `sequential/dense/kernel`.
 *
 * ```ts
 * const model = new Sequential([new Dense(32, { activation: "relu", inputShape: [16] }), new Dense(8)]);
 * model.apply(ops.ones([2, 16])).shape; // [2, 8]
 * ```
 */
export class Sequential extends Model {
  static override readonly samplesApart: boolean = true;
  static override readonly className: string = "Sequential";
  static override readonly module: string = "keras";
  /** All of the stack, with the InputLayer that begins it once the shape is known. */
  #stack: Layer[] = [];
  /** Output shapes by place in the stack; null while the model is not built. */
  #shapes: PartialShape[] | null = null;
  #outputNames: readonly string[] = ["output"]; // one, whatever its layer will be
  /** The symbolic output of each layer of the stack, made when somebody asks for one. */
  #symbolic: KerasTensor[] | null = null;

  constructor(layers: readonly SequentialItem[] | null = null, options: SequentialOptions = {}) {
    super(options);
    if (layers !== null && !Array.isArray(layers))
      throw new ValueError("Sequential: the layers are an array: new Sequential([new Dense(1)]).");
    for (const layer of layers ?? []) this.add(layer, { rebuild: false });
    if (this.#stack.length > 0) this.#maybeRebuild();
  }

  /**
   * Puts a layer at the end. With `rebuild` (default) the model is built as soon as it can be.
   *
   * Errors: `ValueError` for anything that is no layer, a name that is taken, an `Input` that does not come first; the stack is unchanged.
   */
  add(item: SequentialItem, options: { rebuild?: boolean } = {}): void {
    checkOptions("Sequential.add", options, ["rebuild"]);
    const layer = item instanceof KerasTensor && item.history.operation instanceof InputLayer ? item.history.operation : item;
    if (!(layer instanceof Layer)) {
      throw new ValueError(`Only layers can be added to a Sequential model, received ${show(item)}.`);
    }
    if (layer instanceof InputLayer && this.#stack.length > 0) {
      const shape =
        this.#stack[0] instanceof InputLayer ? ` It already has input shape ${shapeText(this.#stack[0].batchShape)}.` : "";
      throw new ValueError(`Sequential model '${this.name}': an Input must be the first of the stack.${shape}`);
    }
    if (this.#stack.some((other) => other.name === layer.name && other !== layer)) {
      throw new ValueError(
        `All layers added to a Sequential model should have unique names: '${layer.name}' is already the name of a layer of '${this.name}'. Give the layer a name of its own.`,
      );
    }
    if (layer.flattenLayers().includes(this))
      throw new ValueError(`Sequential model '${this.name}' cannot be a layer of itself.`);
    if (this.#stack.includes(layer))
      throw new ValueError(`Layer '${layer.name}' is already in the stack of '${this.name}'; its name would not be unique.`);
    const before = [...this.#stack];
    if (this.#stack.length === 0 && !(layer instanceof InputLayer) && layer.inputShapeOption)
      this.#stack.push(new InputLayer({ shape: layer.inputShapeOption }));
    this.#stack.push(layer);
    if (options.rebuild ?? true) this.#rebuildOr(before);
    else this.#forget();
  }

  /** Takes the last layer off and returns it; undefined when there is none. */
  pop(options: { rebuild?: boolean } = {}): Layer | undefined {
    const layer = this.#stack.pop();
    this.#forget();
    if (layer && (options.rebuild ?? true)) this.#maybeRebuild();
    return layer;
  }

  /** The layers, without the InputLayer that begins the stack. */
  override get layers(): Layer[] {
    return this.#stack[0] instanceof InputLayer ? this.#stack.slice(1) : [...this.#stack];
  }
  override get subLayers(): Layer[] {
    return [...super.subLayers, ...this.#stack];
  }
  override get inputShape(): PartialShape | null {
    return this.#shapes?.[0] ?? null;
  }
  override get outputShape(): PartialShape | null {
    return this.#shapes?.at(-1) ?? null;
  }
  override get inputNames(): readonly string[] {
    return [this.#stack[0]?.name ?? "input"];
  }
  override get outputNames(): readonly string[] {
    return this.#outputNames;
  }
  /** The symbolic input, in an array: `new Model(model.inputs, model.layers[1].output)` is a model of the first layers. */
  override get inputs(): readonly KerasTensor[] {
    return [this.input];
  }
  /** The symbolic output, in an array. */
  override get outputs(): readonly KerasTensor[] {
    return [this.output];
  }
  /** The symbolic input. Errors: `StateError` before the model is built. */
  override get input(): KerasTensor {
    return this.#calledOnSymbols()[0]!;
  }
  /** The symbolic output. Errors: as `input`. */
  override get output(): KerasTensor {
    return this.#calledOnSymbols().at(-1)!;
  }
  #calledOnSymbols(): KerasTensor[] {
    if (!this.#shapes)
      throw new StateError(
        `Sequential model '${this.name}' has no symbolic input and output before it is built. Begin it with an Input, or call build(inputShape).`,
      );
    if (!this.#symbolic) {
      const [first, ...layers] = this.#stack;
      this.#symbolic = [(first as InputLayer).output];
      for (const layer of layers) this.#symbolic.push(layer.apply(this.#symbolic.at(-1)!) as KerasTensor);
    }
    return this.#symbolic;
  }
  /** Output shape of a layer of the stack, or null when it is not known. @internal */
  shapeOf(layer: Layer): PartialShape | null {
    return this.#shapes?.[this.#stack.indexOf(layer)] ?? null;
  }

  #rebuildOr(before: Layer[]): void {
    try {
      this.#maybeRebuild();
    } catch (error) {
      this.#stack = before;
      this.#forget();
      if (this.#stack.length > 1) this.#maybeRebuild();
      throw error;
    }
  }

  #forget(): void {
    this.built = false;
    this.#shapes = null;
    this.#symbolic = null;
    this.inputSpec = null;
    this.trainer.invalidate();
  }

  #maybeRebuild(): void {
    this.#forget();
    const first = this.#stack[0];
    if (this.#stack.length < 2) return;
    if (first instanceof InputLayer) this.build(first.batchShape);
    else if (first instanceof Model && isShape(first.inputShape)) this.build(first.inputShape);
  }

  /** Builds the layers for inputs of this shape, which begins with the batch: `build([null, 784])`. */
  override build(inputShape?: Structure<PartialShape>): void {
    if (!isShape(inputShape) || inputShape.length === 0) {
      throw new ValueError(
        `Sequential model '${this.name}': build needs the shape of one input with its batch axis, such as [null, 784], received ${JSON.stringify(inputShape)}.`,
      );
    }
    if (this.#stack.length === 0)
      throw new ValueError(`Sequential model '${this.name}' cannot be built because it has no layers. Call add(layer).`);
    let first = this.#stack[0]!;
    if (first instanceof InputLayer) {
      if (
        first.batchShape.length !== inputShape.length ||
        first.batchShape.some((d, i) => d !== null && inputShape[i] !== null && d !== inputShape[i])
      ) {
        throw new ShapeError(
          `Sequential model '${this.name}' has already been configured to use input shape ${shapeText(first.batchShape)}. You cannot build it with input shape ${shapeText(inputShape)}.`,
        );
      }
    } else {
      first = new InputLayer({ batchShape: inputShape, dtype: first.computeDtype });
    }
    const { batchShape } = first as InputLayer;
    const shapes: PartialShape[] = [batchShape];
    const layers = this.#stack[0] === first ? this.#stack.slice(1) : this.#stack;
    this.allOrNothing(() =>
      withCall(null, () => {
        for (const layer of layers) {
          const shape = shapes.at(-1)!;
          if (!layer.built) layer.build(shape);
          shapes.push(shapeAfter(layer, shape));
        }
      }),
    );
    this.#stack = [first, ...layers];
    this.#shapes = shapes;
    this.#symbolic = null;
    for (const layer of layers) layer.callWhenAsked(() => this.#shapes && this.#calledOnSymbols());
    this.#outputNames = [layers.at(-1)?.name ?? first.name];
    this.inputSpec = new InputSpec({ shape: [null, ...batchShape.slice(1)], allowLastAxisSqueeze: true });
    uniqueName("functional"); // Keras makes a Functional model inside, which takes a name
    this.built = true;
  }

  override call(inputs: TensorTree, { training, mask }: CallArguments): TensorTree {
    let x = this.#repaired(inputs);
    if (mask !== null) for (const t of tensorsOf(x)) t.mask ??= tensorsOf(mask)[0] ?? null;
    for (const layer of this.layers) x = layer.apply<TensorTree>(x, { training });
    return x;
  }

  /** A last axis of size 1 too many or too few is put right, as Keras does. */
  #repaired(x: TensorTree): TensorTree {
    const expected = this.#shapes?.[0];
    const [t] = tensorsOf(x);
    if (!expected || !t || t.ndim === expected.length) return x;
    return t.ndim > expected.length ? ops.squeeze(t, { axis: -1 }) : ops.expandDims(t, -1);
  }

  // Layers inside pass their own masks on; what comes out has its mask already.
  override computeMask(): null {
    return null;
  }

  override computeOutputShape(inputShape: Structure<PartialShape>): Structure<PartialShape> {
    return this.layers.reduce((shape, layer) => layer.computeOutputShape(shape), inputShape);
  }

  override getConfig(): Record<string, unknown> {
    const config: Record<string, unknown> = { ...super.getConfig(), layers: this.#stack.map((layer) => serialize(layer)) };
    if (this.#shapes) config.buildInputShape = this.#shapes[0];
    return config;
  }

  /** A model from `getConfig()`: layers as Keras' JSON or as layers. */
  static override fromConfig<T extends KerasObject>(this: new (...args: never[]) => T, config: Config): T {
    const { name, trainable, dtype, layers = [], buildInputShape } = config;
    return fromParts(
      this as unknown as typeof Sequential,
      { name, trainable, dtype, layers, buildInputShape },
      {},
    ) as unknown as T;
  }

  /** @internal A model from a file: the layers are built inside it, so that their weights get the model's path. */
  static override fromSerialized(config: unknown, options: DeserializeOptions): Sequential {
    // Before Keras 2.2.3 the config was the list of layers.
    if (Array.isArray(config)) return fromParts(this, { layers: config }, options);
    if (!isPlainObject(config) || !Array.isArray(config.layers))
      throw new ValueError("deserialize: the config of Sequential must have a list of layers.");
    const { name, trainable, dtype, layers, build_input_shape: buildInputShape } = config;
    return fromParts(this, { name, trainable, dtype, layers, buildInputShape }, options);
  }
}

/** The output shape of a layer, which is called once in a trace, so that the layers inside it are built too. */
function shapeAfter(layer: Layer, shape: PartialShape): PartialShape {
  const own = layer.computeOutputShape !== Layer.prototype.computeOutputShape;
  const known = own ? layer.computeOutputShape(shape) : null;
  if (known !== null && layer.flattenLayers().every((inner) => inner.built)) return known as PartialShape;
  const traced = outputShape(layer, [shape]);
  return (known ?? traced) as PartialShape;
}

function fromParts(own: typeof Sequential, parts: Record<string, unknown>, options: DeserializeOptions): Sequential {
  const { name, dtype, layers, buildInputShape } = parts;
  const model = new own(null, { name: (name as string | undefined) ?? null, dtype: (dtype as string | undefined) ?? null });
  const list = layers as readonly unknown[];
  const first = list[0] as { class_name?: unknown } | undefined;
  const willBuild = first instanceof InputLayer || first?.class_name === "InputLayer" || Array.isArray(buildInputShape);
  for (const item of list) {
    if (item instanceof Layer) model.add(item, { rebuild: false });
    else {
      const { build_config, ...rest } = item as Record<string, unknown>;
      model.add(deserialize<Layer>(willBuild ? rest : item, options), { rebuild: false });
    }
  }
  // One build for all, where Keras builds after each layer: the counter of names must not notice.
  if (first?.class_name === "InputLayer") for (let n = 2; n < list.length; n++) uniqueName("functional");
  if (isShape(buildInputShape) && buildInputShape.length > 0) model.build(buildInputShape);
  else if (model.layers.length > 0 && willBuild) model.build((list[0] as InputLayer).batchShape);
  if (parts.trainable === false) model.trainable = false;
  return model;
}

registerClass("keras", Sequential);
