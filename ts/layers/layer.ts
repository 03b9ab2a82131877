// Layer: config, weights, sub-layers, the steps of a call. What all layers share, and the base of users' own.

import * as constraints from "../constraints.js";
import { coreDType } from "../core/dtype.js";
import {
  isPlainObject,
  isShape,
  mustBeTensor,
  type PartialShape,
  type Structure,
  shapesOf,
  shapeText,
  type TensorInput,
  type TensorTree,
  tensorsOf,
  toTensors,
} from "../core/structure.js";
import { checkOptions, ShapeError, StateError, show, unknownName, ValueError } from "../errors.js";
import * as initializers from "../initializers.js";
import * as regularizers from "../regularizers.js";
import { toSnakeCase, toSnakeName, uniqueName } from "../saving/names.js";
import { type Config, type KerasClass, KerasObject, classNameOf as nameOfClass } from "../saving/object.js";
import { holdsSymbolic } from "../symbolic/kerasTensor.js";
import { Node, type TensorSpec } from "../symbolic/node.js";
import { outsideTrace, Tensor, type TensorLike, tensor } from "../tensor.js";
import { Variable, withValues } from "../variable.js";
import {
  attachMask,
  type CallArguments,
  type CallOptions,
  checkOutputs,
  hasTensor,
  maskName,
  masksFor,
  perSample,
} from "./calling.js";
import { DTypePolicy } from "./dtypePolicy.js";
import { checkInputs, type InputSpec } from "./inputSpec.js";
import { checkFlags, type LayerOptions, type WeightOptions } from "./options.js";
import { currentCall, currentPath, inScope, locateErrors, withCall } from "./scope.js";
import { outputShape, specsOfCall } from "./shapes.js";
import { partsOf } from "./tracking.js";
import { assignAll, boundTo } from "./values.js";

export type { CallArguments, CallOptions, LayerOptions, WeightOptions };

const BASE_OPTIONS = ["name", "trainable", "dtype", "autocast", "activityRegularizer", "inputShape", "inputDim"];

/**
 * One step of a network: weights and a function of tensors.
 *
 * An own layer makes weights in `build(inputShape)` and computes with `ops` in `call(x, { training, mask })`; gradients, saving and masks
 * come with it. Sub-layers are found among its properties. `static required` and `static defaults` name the constructor's parameters;
 * `getConfig` reads properties of those names.
 *
 * ```ts
 * class Scale extends Layer {
 *   static defaults = { factor: 1 };
 *   constructor(options = {}) { super(options); this.factor = options.factor ?? 1; }
 *   build() { this.w = this.addWeight({ shape: [], initializer: "ones", name: "w" }); }
 *   call(x) { return ops.multiply(x, ops.multiply(this.w, this.factor)); }
 * }
 * ```
 */
export class Layer extends KerasObject {
  static override readonly className: string = "Layer";
  static override readonly module: string = "keras.layers";
  /** Parameters that the constructor takes before its options, in order. */
  static override readonly required: readonly string[] = [];
  /** Options with their defaults, beyond those of all layers. */
  static override readonly defaults: Config = {};
  /** Has the class nothing to build? Then it is built from the start. */
  static readonly builtAtStart: boolean = false;
  /** Names of the tensors that `call` takes, for masks of several inputs (`queryMask`, `valueMask`). */
  static readonly inputNames: readonly string[] = ["inputs"];
  /** Options that `call` takes beside `training` and masks. Null: those that its code names. */
  static readonly callOptions: readonly string[] | null = null;
  /** Does `call` take masks? Then a call in a functional model notes the mask down, as Keras does. */
  static readonly takesMask: boolean = false;
  /** Is each sample computed by itself, with nothing drawn and no state changed? Then wrappers may put samples together as they like. */
  static readonly samplesApart: boolean = false;

  readonly name: string;
  readonly dtypePolicy: DTypePolicy;
  readonly autocast: boolean;
  /** What the inputs must be like, or null for anything. */
  inputSpec: InputSpec | readonly InputSpec[] | null = null;
  /** Are masks passed on? Default: when the class overrides `computeMask`. */
  supportsMasking: boolean;
  /** Are the weights made? */
  built = false;
  activityRegularizer: regularizers.RegularizerLike | null;
  /** Shape of one sample that the user gave as an option, or null. */
  readonly inputShapeOption: PartialShape | null;
  #own: OwnState = { trainable: true, weights: [], losses: [], buildShapes: null, parent: null, nodes: [] };

  constructor(options: LayerOptions = {}) {
    super();
    const where = classNameOf(this);
    checkOptions(where, options, [...BASE_OPTIONS, ...configKeys(this)]);
    const { name, trainable = true, autocast = true, inputShape = null, inputDim = null } = options;
    if (name !== undefined && name !== null && (typeof name !== "string" || name.includes("/") || name === "")) {
      throw new ValueError(`${where}: name must be a string without "/", received ${JSON.stringify(name)}.`);
    }
    checkFlags(where, new.target, { trainable, ...options });
    this.name = name ?? uniqueName(toSnakeCase(where));
    this.dtypePolicy = DTypePolicy.get(options.dtype);
    this.autocast = autocast;
    this.activityRegularizer = regularizers.get(options.activityRegularizer ?? null);
    this.inputShapeOption = inputShape ?? (inputDim === null ? null : [inputDim]);
    this.supportsMasking = this.computeMask !== Layer.prototype.computeMask;
    this.#own.trainable = trainable;
    if (new.target.builtAtStart) this.built = true;
    // Whoever calls `build` gets the bookkeeping around it, whatever class overrides it.
    const build = this.build;
    Object.defineProperty(this, "build", {
      value: (...shapes: Structure<PartialShape>[]) => this.#build(build, shapes),
      writable: true,
      configurable: true,
    });
  }

  /** Makes the weights for inputs of this shape. Overridden by layers that have some; sub-layers build themselves when first called. */
  build(..._inputShapes: Structure<PartialShape>[]): void {}

  /** The function of the layer. Overridden by every layer. */
  call(..._args: (TensorTree | CallArguments)[]): TensorTree {
    throw new StateError(
      `${classNameOf(this)} has no call(x, options): a layer overrides it with its computation, written in ops.`,
    );
  }

  /** The mask of the outputs; the default passes the mask of the inputs on. */
  computeMask(_inputs: TensorTree, previousMask: TensorTree): TensorTree {
    return previousMask;
  }

  // ---- calling

  /**
   * Calls the layer: `apply(x)`, `apply([a, b])`, `apply(query, value, { training: true })`. On symbolic tensors (`Input`) it returns symbolic
   * ones, and the call becomes a step of the models between them.
   *
   * Builds it at the first call. Errors: `ShapeError` when the input is not what the layer expects, before anything changes.
   */
  apply<Result extends TensorTree = Tensor>(...args: (TensorInput | CallOptions)[]): Result {
    const { inputs, options } = this.#split(args);
    const given = inputs.map((x) => toTensors(x, this.name));
    // The one place that looks at what kind of inputs came: symbolic ones, or values (traced or at hand).
    return (holdsSymbolic(args) ? this.#record(given, options) : this.#run(given, options)) as Result;
  }

  /** Positional inputs, and the options that may follow them. */
  #split(args: readonly (TensorInput | CallOptions)[]): { inputs: TensorInput[]; options: CallOptions } {
    if (args.length === 0) throw new ValueError(`${this.name}: apply needs an input tensor.`);
    const last = args.at(-1);
    if (args.length > 1 && (last === undefined || isPlainObject(last))) {
      const options = (last ?? {}) as CallOptions;
      checkCallOptions(this, options, args.length - 1);
      return { inputs: args.slice(0, -1) as TensorInput[], options };
    }
    return { inputs: [...args] as TensorInput[], options: {} };
  }

  #run(inputs: TensorTree[], options: CallOptions): TensorTree {
    const outer = currentCall();
    if (!outer) this.#clearLosses();
    const training = options.training ?? outer?.training ?? null;
    return withCall({ training }, () =>
      inScope(this, this.name, () => {
        this.#readyFor(inputs);
        const { inputNames } = this.constructor as typeof Layer;
        const { previousMask, masks } = masksFor(inputs, options, inputNames, this.name);
        const outputs = locateErrors(() => this.call(...inputs, { ...options, ...masks, training: training ?? false }));
        checkOutputs(outputs, this);
        if (this.activityRegularizer)
          for (const t of tensorsOf(outputs))
            this.addLoss(perSample(mustBeTensor(this.activityRegularizer.call(t), `the activityRegularizer of ${this.name}`), t));
        this.#passMask(inputs, outputs, previousMask);
        return outputs;
      }),
    );
  }

  /** Checks what comes in, and builds the layer at its first call. */
  #readyFor(inputs: readonly TensorTree[]): void {
    const first = tensorsOf(inputs[0]!);
    this.#own.parent ??= currentPath();
    checkInputs(this.inputSpec, first, this.name);
    if (this.built) return;
    this.build(...inputs.map((t) => shapesOf(t)));
    checkInputs(this.inputSpec, first, this.name);
  }

  /** Notes a call on symbolic tensors down; returns what stands for its results. */
  #record(inputs: TensorTree[], options: CallOptions): TensorTree {
    return withCall(null, () =>
      inScope(this, this.name, () => {
        this.#readyFor(inputs);
        const { inputNames, takesMask } = this.constructor as typeof Layer;
        const { previousMask, masks } = masksFor(inputs, options, inputNames, this.name);
        const named = takesMask ? { ...options, ...masks } : options;
        const ownShapes = this.computeOutputShape !== Layer.prototype.computeOutputShape;
        const { result } = this.noteCall(inputs, named, specsOfCall(this, inputs, named, ownShapes));
        this.#passMask(inputs, result, previousMask);
        return result;
      }),
    );
  }

  /** Adds a node to the layer: a call whose results have these shapes and types. */
  protected noteCall(
    args: readonly TensorTree[],
    options: Readonly<Record<string, unknown>>,
    specs: Structure<TensorSpec | null>,
    name?: string | null,
  ): Node {
    const node = new Node(this, this.#own.nodes.length, args, options, specs, name);
    this.#own.nodes.push(node);
    return node;
  }

  /** The layer's calls on symbolic tensors, in order. */
  get inboundNodes(): readonly Node[] {
    return this.#own.nodes;
  }

  /** The symbolic tensor, or tensors, that the layer was called on. Errors: `StateError` unless it was called on symbolic tensors once. */
  get input(): Structure<Tensor> {
    const { inputs } = this.#onlyNode("input");
    return inputs.length === 1 ? inputs[0]! : inputs;
  }
  /** The symbolic tensor, or tensors, that the layer returned. Errors: as `input`. */
  get output(): Structure<Tensor> {
    return this.#onlyNode("output").result as Structure<Tensor>;
  }
  /** `call` runs when somebody asks for the symbolic input or output of this layer, which was called on none so far. @internal */
  callWhenAsked(call: () => void): void {
    this.#own.whenAsked = call;
  }
  #onlyNode(what: string): Node {
    if (this.#own.nodes.length === 0) this.#own.whenAsked?.();
    const { nodes } = this.#own;
    if (nodes.length === 1) return nodes[0]!;
    throw new StateError(
      nodes.length === 0
        ? `Layer ${this.name} was never called on symbolic tensors, so it has no ${what}. Call it on an Input first.`
        : `Layer ${this.name} was called ${nodes.length} times, so it has several ${what}s. Take the tensor that the call returned.`,
    );
  }

  #passMask(inputs: readonly TensorTree[], outputs: TensorTree, previousMask: TensorTree): void {
    if (!this.supportsMasking) {
      if (hasTensor(previousMask) && !warned.has(this)) {
        warned.add(this);
        console.warn(
          `Layer '${this.name}' (of type ${classNameOf(this)}) was passed an input with a mask attached to it. ` +
            "However, this layer does not support masking and will therefore destroy the mask information. Downstream layers will not see the mask.",
        );
      }
      return;
    }
    attachMask(outputs, this.computeMask(inputs[0]!, previousMask));
  }

  /**
   * The layer as a pure function: computes with the given values instead of the variables' own, and changes nothing.
   *
   * `statelessCall(trainable, nonTrainable, ...inputs, options?) → [outputs, nonTrainable']`, lists as `trainableVariables` and
   * `nonTrainableVariables` order them. Errors: `StateError` before `build`; `ValueError` when a list is too long or short.
   */
  statelessCall<Result extends TensorTree = Tensor>(
    trainable: readonly TensorLike[],
    nonTrainable: readonly TensorLike[],
    ...args: (TensorInput | CallOptions)[]
  ): [Result, Tensor[]] {
    if (!this.built)
      throw new StateError(`${this.name}: statelessCall needs a built layer: call build(inputShape) or apply(x) first.`);
    const others = this.nonTrainableVariables;
    const values = new Map([
      ...boundTo(this.name, "trainable", this.trainableVariables, trainable),
      ...boundTo(this.name, "non-trainable", others, nonTrainable),
    ]);
    const outputs = withValues(values, () => this.apply<Result>(...args));
    return [outputs, others.map((v) => values.get(v)!)];
  }

  // ---- building

  #build(build: (...shapes: Structure<PartialShape>[]) => void, shapes: Structure<PartialShape>[]): void {
    if (this.built && !this.rebuilds) {
      if (this.#own.weights.length === 0 || JSON.stringify(shapes) === JSON.stringify(this.#own.buildShapes)) return;
      const [before, now] = [this.#own.buildShapes, shapes].map((s) => JSON.stringify(s?.[0]));
      throw new StateError(`${this.name}: is built for input shape ${before} and cannot be built for ${now}; make a new layer.`);
    }
    const made = this.#own.weights.length;
    try {
      outsideTrace(() =>
        inScope(this, this.name, () => {
          this.#own.parent ??= currentPath();
          build.apply(this, shapes);
        }),
      );
    } catch (error) {
      this.#own.weights.length = made; // a build that fails leaves no half of a layer
      throw error;
    }
    this.#own.buildShapes = shapes;
    this.built = true;
  }

  /** May `build` run again? Models may; a layer's weights have their shapes for good. */
  protected get rebuilds(): boolean {
    return false;
  }

  /**
   * Makes a weight, which the layer owns from then on.
   *
   * Example: `this.kernel = this.addWeight({ shape: [4, 8], initializer: "he_uniform", name: "kernel" })`
   */
  addWeight(options: WeightOptions = {}): Variable {
    checkOptions(`${classNameOf(this)}.addWeight`, options, [
      "shape",
      "initializer",
      "dtype",
      "trainable",
      "regularizer",
      "constraint",
      "name",
    ]);
    const { shape = [], trainable = true, name } = options;
    const dtype = coreDType(options.dtype ?? this.dtypePolicy.variableDtype);
    if (!isShape(shape) || shape.some((d) => !Number.isInteger(d) || d < 0)) {
      throw new ShapeError(
        `${this.name}: the shape of weight "${name ?? "variable"}" must be known sizes, received ${isShape(shape) ? shapeText(shape) : show(shape)}.`,
      );
    }
    const initializer = dry
      ? { call: () => new Tensor(new Float32Array(shape.reduce((n, d) => n * d, 1)), shape, { dtype }) }
      : initializers.get(options.initializer ?? (dtype === "float32" ? "glorot_uniform" : "zeros"));
    const make = (): Variable =>
      new Variable(initializer as initializers.Initializer, {
        shape,
        dtype,
        trainable,
        path: (this.built && this.#own.parent) || currentPath(), // a weight that comes later belongs where the layer was built
        ...(name !== undefined && { name }),
      });
    const variable = outsideTrace(() => inScope(this, this.name, make));
    variable.regularizer = regularizers.get(options.regularizer ?? null);
    variable.constraint = constraints.get(options.constraint ?? null);
    this.#own.weights.push({ variable, trainable });
    return variable;
  }

  // ---- weights

  /** The layer's parts that are layers, in the order in which they became properties. */
  get subLayers(): Layer[] {
    return partsOf(this, isLayer).layers;
  }

  /** This layer and all below it, each once, outer ones first. */
  flattenLayers(): Layer[] {
    const all = new Set<Layer>();
    const visit = (layer: Layer): void => {
      if (all.has(layer)) return;
      all.add(layer);
      for (const sub of layer.subLayers) visit(sub);
    };
    visit(this);
    return [...all];
  }

  /** Everything that holds state, in Keras' order, with whether it is trained. */
  #collect(seeds: boolean): Map<Variable, boolean> {
    const found = new Map<Variable, boolean>();
    const add = (v: Variable, trained: boolean): void => {
      if (!found.has(v)) found.set(v, trained);
    };
    const visit = (layer: Layer, frozen: boolean): void => {
      const still = frozen || !layer.#own.trainable;
      const parts = partsOf(layer, isLayer);
      const own = [...layer.#own.weights];
      for (const v of parts.variables) if (!own.some((w) => w.variable === v)) own.push({ variable: v, trainable: v.trainable });
      for (const w of own) if (w.trainable) add(w.variable, w.variable.trainable && !still);
      for (const w of own) if (!w.trainable) add(w.variable, w.variable.trainable && !still);
      if (seeds) for (const s of parts.seeds) add(s.state, false);
      for (const sub of layer.subLayers) visit(sub, still);
    };
    visit(this, false);
    return found;
  }

  /** All weights: own ones (trainable first, each in order of creation), then those of the sub-layers. */
  get weights(): Variable[] {
    return [...this.#collect(false).keys()];
  }
  get trainableWeights(): Variable[] {
    return select(this.#collect(false), true);
  }
  get nonTrainableWeights(): Variable[] {
    return select(this.#collect(false), false);
  }
  /** The weights and the states of the seed generators. */
  get variables(): Variable[] {
    return [...this.#collect(true).keys()];
  }
  get trainableVariables(): Variable[] {
    return select(this.#collect(true), true);
  }
  get nonTrainableVariables(): Variable[] {
    return select(this.#collect(true), false);
  }

  /** Do optimizers change the weights? Setting it goes down to all sub-layers. A compiled model takes notice at its next `compile`. */
  get trainable(): boolean {
    return this.#own.trainable;
  }
  set trainable(value: boolean) {
    if (typeof value !== "boolean")
      throw new ValueError(`${this.name}: trainable must be true or false, received ${JSON.stringify(value)}.`);
    this.#own.trainable = value;
    for (const w of this.#own.weights) if (w.trainable) w.variable.trainable = value;
    for (const sub of this.subLayers) sub.trainable = value;
  }

  /** The numbers of all weights, in the order of `weights`. */
  getWeights(): Tensor[] {
    return this.weights.map((v) => v.value);
  }

  /** Gives the weights new values. Errors: `ShapeError` when the count or a shape differs; then no weight has changed. */
  setWeights(values: readonly TensorLike[]): void {
    assignAll(this.name, this.weights, values);
  }

  /** How many numbers the weights are. Errors: `StateError` before `build`. */
  countParams(): number {
    if (!this.built)
      throw new StateError(
        `You tried to call countParams on layer "${this.name}", but the layer isn't built. Build it with build(inputShape) or call it on data.`,
      );
    return this.weights.reduce((n, v) => n + v.size, 0);
  }

  /** Where the layer is: `sequential/dense`. */
  get path(): string {
    return this.#own.parent ?? this.name;
  }
  /** The type of the weights. */
  get dtype(): string {
    return this.dtypePolicy.variableDtype;
  }
  get variableDtype(): string {
    return this.dtypePolicy.variableDtype;
  }
  get computeDtype(): string {
    return this.dtypePolicy.computeDtype;
  }

  /** Forgets what the layer carries from call to call: recurrent states. */
  resetState(): void {
    for (const sub of this.subLayers) sub.resetState();
  }

  // ---- losses

  /** Adds to the loss; called from `call`. A tensor is summed. */
  addLoss(loss: TensorLike): void {
    this.#own.losses.push(tensor(loss));
  }

  /**
   * What is to be added to the loss: what the last call added, here and below, then the penalty of each trained weight that has a regularizer.
   */
  get losses(): Tensor[] {
    const added = this.flattenLayers().flatMap((layer) => layer.#own.losses.filter((t) => !t.origin?.trace.graph.closed));
    const penalties = this.trainableWeights.flatMap((v) =>
      v.regularizer ? [mustBeTensor(v.regularizer.call(v.value), `the regularizer of ${v.path}`)] : [],
    );
    return [...added, ...penalties];
  }

  #clearLosses(): void {
    for (const layer of this.flattenLayers()) layer.#own.losses = [];
  }

  // ---- shapes

  /**
   * The shape of the output for an input of this shape; null sizes stay unknown where they matter. Found by tracing `call`.
   * A layer that is not built stays so.
   */
  computeOutputShape(...inputShapes: Structure<PartialShape>[]): Structure<PartialShape> {
    return this.#undone(() => withCall(null, () => outputShape(this, inputShapes)));
  }

  /** Runs `body`; when it throws, the layer, and those below, are in the state before. */
  protected allOrNothing<T>(body: () => T): T {
    const restore = this.#saved();
    try {
      return body();
    } catch (error) {
      restore();
      throw error;
    }
  }

  /** Runs `body` and puts the layer, and those below, back into the state before. */
  #undone<T>(body: () => T): T {
    const restore = this.#saved();
    dry++;
    try {
      return body();
    } finally {
      dry--;
      restore();
    }
  }

  /** What puts the layer, and those below, back into the state of now. */
  #saved(): () => void {
    const saved = this.flattenLayers().map((layer) => ({
      layer,
      own: { ...layer.#own, weights: [...layer.#own.weights], nodes: [...layer.#own.nodes] },
      properties: { ...layer },
    }));
    return () => {
      for (const { layer, own, properties } of saved) {
        layer.#own = own;
        for (const key of Object.keys(layer)) if (!(key in properties)) delete (layer as unknown as Record<string, unknown>)[key];
        Object.assign(layer, properties);
      }
    };
  }

  // ---- config

  /**
   * What the constructor takes, as options. The base gives `name`, `trainable`, `dtype`, and the properties that `required` and `defaults` name.
   */
  override getConfig(): Record<string, unknown> {
    const config: Record<string, unknown> = { name: this.name, trainable: this.trainable, dtype: this.dtypePolicy };
    if (this.activityRegularizer) config.activityRegularizer = this.activityRegularizer;
    for (const key of configKeys(this)) config[key] = (this as unknown as Record<string, unknown>)[key];
    return config;
  }

  /** What `build` was called with, as files say it; null when there is nothing to build. */
  getBuildConfig(): Record<string, unknown> | null {
    const shapes = this.#own.buildShapes;
    if (!shapes || shapes.length === 0) return null;
    if (shapes.length === 1) return { input_shape: shapes[0] };
    const { inputNames } = this.constructor as typeof Layer;
    return {
      shapes_dict: Object.fromEntries(shapes.map((shape, i) => [`${toSnakeName(inputNames[i] ?? `input${i}`)}_shape`, shape])),
    };
  }

  /** Builds as `getBuildConfig` says. */
  buildFromConfig(config: unknown): void {
    if (this.built || !isPlainObject(config)) return;
    if (config.input_shape !== undefined) this.build(config.input_shape as Structure<PartialShape>);
    else if (isPlainObject(config.shapes_dict)) this.build(...(Object.values(config.shapes_dict) as Structure<PartialShape>[]));
  }

  /** A layer from what `getConfig` returned. */
  static override fromConfig<T extends KerasObject>(this: new (...args: never[]) => T, config: Config): T {
    const { required } = this as unknown as typeof Layer;
    const options = Object.fromEntries(Object.entries(config).filter(([name]) => !required.includes(name)));
    return new this(...([...required.map((name) => config[name]), options] as never[]));
  }

  override toString(): string {
    return `<${classNameOf(this)} name=${this.name}, built=${this.built}>`;
  }
}

interface OwnState {
  trainable: boolean;
  weights: { variable: Variable; trainable: boolean }[];
  losses: Tensor[];
  buildShapes: Structure<PartialShape>[] | null;
  parent: string | null;
  nodes: Node[];
  whenAsked?: () => void;
}

/** Above 0 while a layer is built only to learn its shapes: weights cost no random numbers then. */
let dry = 0;
const warned = new WeakSet<Layer>();

/** Errors: `ValueError` for an option that the layer's `call` does not know. */
function checkCallOptions(layer: Layer, options: CallOptions, inputs: number): void {
  const { inputNames, callOptions } = layer.constructor as typeof Layer;
  for (const key in options) {
    if (key === "training" || key === "mask" || callOptions?.includes(key)) continue;
    if (inputs > 1 && Array.from({ length: inputs }, (_, i) => maskName(inputNames, i)).includes(key)) continue;
    if (callOptions === null && codeOf(layer).includes(key)) continue;
    throw new ValueError(
      `${layer.name}: ${unknownName("option", key, ["training", "mask", ...(callOptions ?? [])])} For a call of your own: static callOptions = [${JSON.stringify(key)}].`,
    );
  }
}

/** The words of the code of a layer's `call`, and of those that it overrides. */
function codeOf(layer: Layer): string[] {
  const words: string[] = [];
  for (let p = layer; p !== Layer.prototype; p = Object.getPrototypeOf(p) as Layer)
    words.push(...String(p.call).split(/[^\w$]+/));
  return words;
}

export const isLayer = (x: unknown): x is Layer => x instanceof Layer;

/** The layer's class as files call it. */
export const classNameOf = (x: Layer): string => nameOfClass(x.constructor as unknown as KerasClass);

/** The names of the constructor's own parameters, base classes first. */
function configKeys(layer: Layer): string[] {
  const keys: string[] = [];
  for (
    let c = layer.constructor as typeof Layer;
    c !== Layer && c !== Function.prototype;
    c = Object.getPrototypeOf(c) as typeof Layer
  ) {
    const own = [
      ...(Object.hasOwn(c, "required") ? c.required : []),
      ...(Object.hasOwn(c, "defaults") ? Object.keys(c.defaults) : []),
    ];
    keys.unshift(...own.filter((k) => !keys.includes(k)));
  }
  return keys;
}

const select = (found: Map<Variable, boolean>, trained: boolean): Variable[] =>
  [...found].filter(([, t]) => t === trained).map(([v]) => v);
