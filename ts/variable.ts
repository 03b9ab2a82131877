// Variable: a tensor that lives in the core between runs: weights, optimizer slots, metric sums, seeds.

import { allocate, coreDType, type DType, type EdgeDType } from "./core/dtype.js";
import { releaseWith } from "./core/release.js";
import { mustBeTensor } from "./core/structure.js";
import { checkOptions, ShapeError, show, ValueError } from "./errors.js";
import { uniqueName } from "./saving/names.js";
import type { KerasClass, KerasObject } from "./saving/object.js";
import type { SerializedObject } from "./saving/serialize.js";
import { currentTrace, onlyText, type StateSource, sizeOf, Tensor, type TensorLike, tensor, wordsOf } from "./tensor.js";
import { call, memoryFloats, memoryWords } from "./wasm.js";

/** What makes a variable's first value: an initializer, or any function of shape and type. */
export interface VariableInitializer {
  call(shape: readonly number[], options?: { dtype?: EdgeDType }): Tensor;
}

/** An initializer, its name, its JSON, its class, or a function of the shape. */
type InitializerForm =
  | VariableInitializer
  | (string & {})
  | SerializedObject
  | KerasClass<KerasObject & VariableInitializer>
  | ((shape: readonly number[], options?: { dtype?: EdgeDType }) => Tensor);

export interface VariableOptions {
  shape?: readonly number[];
  dtype?: EdgeDType;
  trainable?: boolean;
  name?: string;
  /** Where it belongs: `sequential/dense`. */
  path?: string;
}

const OPTIONS = ["shape", "dtype", "trainable", "name", "path"];
const scopes: Map<Variable, Tensor>[] = [];

/** `initializers.get`, which puts itself here: variables lie below initializers. */
let initializerOf = (identifier: never): VariableInitializer | null => identifier;
export const findInitializersWith = (get: typeof initializerOf): void => {
  initializerOf = get;
};

/**
 * Runs `body` with other values in the place of variables' own; assignments land in the map. It is how a layer becomes a pure function.
 */
export function withValues<T>(values: Map<Variable, Tensor>, body: () => T): T {
  scopes.push(values);
  try {
    return body();
  } finally {
    scopes.pop();
  }
}

/** NOTE a function of its own: written inside the getter, the closure would share the getter's `this`, and no variable would ever be collected. */
const freeState = (handle: number) => (): void => call((core) => core.stateFree(handle));

/**
 * A tensor that keeps its value: `v.value` reads, `v.assign(x)` writes. In a traced function both are part of the trace.
 *
 * Example: `const v = new Variable([1, 2]); v.assign(ops.add(v.value, 1)); v.value.array() // [2, 3]`
 */
export class Variable implements StateSource {
  /** @internal For messages: minifiers rename classes. */
  static readonly className = "Variable";
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly name: string;
  path: string;
  trainable: boolean;
  /** Applied by optimizers after each step. */
  constraint: { call(w: Tensor): Tensor } | null = null;
  /** Adds to the loss of the layer that owns it. */
  regularizer: { call(w: Tensor): Tensor } | null = null;
  #state = -1;
  #initial: Tensor | null;

  /** The first value, or an initializer in any form, which needs the `shape`: `new Variable("he_uniform", { shape: [4, 2] })`. */
  constructor(value: TensorLike | InitializerForm, options: VariableOptions = {}) {
    checkOptions("Variable", options, OPTIONS);
    const { shape, dtype, trainable = true } = options;
    const named =
      typeof value === "object" && value !== null ? "call" in value || "class_name" in value : typeof value === "string";
    const initializer = named || typeof value === "function" ? initializerOf(value as never) : null;
    if ((initializer || shape) && !Array.isArray(shape))
      throw new ShapeError(
        `Variable: ${initializer ? "an initializer needs" : "expected"} a shape such as [2, 3], received ${show(shape)}.`,
      );
    const made = initializer
      ? mustBeTensor(initializer.call(shape!, { dtype: dtype ?? "float32" }), "Variable: the initializer")
      : tensor(value as TensorLike, { ...(shape && { shape }), ...(dtype && { dtype }) });
    if (dtype !== undefined && coreDType(dtype) !== made.dtype)
      throw new ValueError(`Variable: the initializer returned ${made.dtype}, ${dtype} was asked for.`);
    if (shape && made.shape.join() !== shape.join()) {
      throw new ShapeError(
        `Variable: the initializer returned shape [${made.shape.join(", ")}], [${shape.join(", ")}] was asked for.`,
      );
    }
    this.shape = made.shape;
    this.dtype = made.dtype;
    this.trainable = trainable;
    this.name = options.name ?? uniqueName("variable");
    this.path = options.path ? `${options.path}/${this.name}` : this.name;
    this.#initial = new Tensor(made.data.slice(), made.shape, { dtype: made.dtype });
  }

  /** Its number in the core; made when first needed. */
  get state(): number {
    if (this.#state < 0) {
      const handle = call((core) => core.stateNew(sizeOf(this.shape)));
      this.#state = handle;
      releaseWith(this, freeState(handle));
      const initial = this.#initial!;
      this.#initial = null;
      this.#write(initial);
    }
    return this.#state;
  }

  get ndim(): number {
    return this.shape.length;
  }
  get size(): number {
    return sizeOf(this.shape);
  }

  /** The value: a copy of the numbers, or the traced value inside a traced function. */
  get value(): Tensor {
    for (let i = scopes.length - 1; i >= 0; i--) {
      const t = scopes[i]!.get(this);
      if (t) return t;
    }
    const trace = currentTrace();
    if (trace) return trace.read(this);
    if (this.#initial) return this.#initial;
    const at = call((core) => core.statePointer(this.#state)) >>> 2;
    const size = this.size;
    if (this.dtype === "float32") return new Tensor(memoryFloats().slice(at, at + size), this.shape);
    const out = allocate(this.dtype, size);
    out.set(memoryWords().subarray(at, at + size));
    return new Tensor(out, this.shape, { dtype: this.dtype });
  }

  /** Gives it a new value of the same shape. Errors: `ShapeError` otherwise; the old value stays. */
  assign(value: TensorLike): Tensor {
    const given = tensor(value);
    if (given.shape.join() !== this.shape.join()) {
      throw new ShapeError(
        `${this.path}: cannot assign shape [${given.shape.join(", ")}] to a variable of shape [${this.shape.join(", ")}].`,
      );
    }
    const scope = scopes.at(-1);
    const trace = currentTrace();
    if (scope || trace) {
      if (given.dtype !== this.dtype)
        throw new ValueError(`${this.path}: cannot assign ${given.dtype} to a variable of ${this.dtype}; use ops.cast.`);
      if (scope) scope.set(this, given);
      else trace!.assign(this, given);
      return given;
    }
    const own = given.dtype === this.dtype ? given : tensor(given, { dtype: this.dtype });
    if (this.#initial) this.#initial = new Tensor(own.data.slice(), own.shape, { dtype: own.dtype });
    else this.#write(own);
    return own;
  }

  #write(t: Tensor): void {
    const at = call((core) => core.statePointer(this.#state)) >>> 2;
    memoryWords().set(wordsOf(t), at);
  }

  toString(): string {
    return `Variable(${this.path}, ${this.dtype}[${this.shape.join(", ")}])`;
  }

  /** As for tensors: `v + 1` and `v > 0` throw. */
  [Symbol.toPrimitive](hint: string): string {
    return onlyText(this, hint, "x.value.item()");
  }
}
