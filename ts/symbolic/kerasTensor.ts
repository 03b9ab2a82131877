// KerasTensor: stands for a tensor that a model will receive or make, before there is data.

import type { EdgeDType, TensorData } from "../core/dtype.js";
import { isPlainObject, type PartialShape, shapeText } from "../core/structure.js";
import { StateError } from "../errors.js";
import { uniqueName } from "../saving/names.js";
import { Tensor } from "../tensor.js";
import type { Operation } from "./node.js";

/** Which call of which operation makes a tensor, and which of its outputs it is. */
export interface History {
  readonly operation: Operation;
  readonly node: number;
  readonly index: number;
}

/**
 * A symbolic tensor: shape, type, and the call that makes it. `Input(…)` returns one, layers and `ops` return one for one.
 *
 * Sizes that are not known, such as the batch, are null in `shape`. Reading values throws a `StateError`.
 */
export class KerasTensor extends Tensor {
  static override readonly className = "KerasTensor";
  readonly name: string;
  readonly history: History;

  constructor(shape: PartialShape, dtype: string, history: History, name?: string | null) {
    super([], [0], { dtype: dtype as EdgeDType });
    (this as { shape: PartialShape }).shape = Object.freeze([...shape]);
    this.history = history;
    this.name = name ?? uniqueName("keras_tensor");
    anyMade = true;
  }

  override get data(): TensorData {
    throw new StateError(
      `${this}: a symbolic tensor has no values, and this function needs some. Symbolic tensors go into layers and into functions of \`ops\`; ` +
        "put other code into a Lambda layer or into the call of a layer of your own.",
    );
  }
  /** NaN where a size is not known. */
  override get size(): number {
    return (this.shape as PartialShape).reduce<number>((n, d) => n * (d ?? Number.NaN), 1);
  }

  override toString(): string {
    return `<KerasTensor shape=${shapeText(this.shape)}, dtype=${this.dtype}, name=${this.name}>`;
  }

  /** As for tensors: `x + y` would make a string. */
  override [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new StateError("JavaScript cannot compute with symbolic tensors: use layers and ops.");
  }
}

/** Was there ever a symbolic tensor? Programs without any, such as Sequential models, need not look for one in every call. */
let anyMade = false;

/** Is there a symbolic tensor in the arguments of a call? Looks into lists and records. */
export const holdsSymbolic = (x: unknown): boolean => anyMade && findsSymbolic(x);

function findsSymbolic(x: unknown): boolean {
  if (x instanceof Tensor) return x instanceof KerasTensor;
  if (Array.isArray(x)) return typeof x[0] !== "number" && x.some(findsSymbolic); // one that begins with a number is data
  if (typeof x !== "object" || x === null || !isPlainObject(x)) return false;
  for (const key in x) if (findsSymbolic(x[key])) return true;
  return false;
}

/** The tensors in the arguments of a call, symbolic and other ones. */
export function tensorsIn(x: unknown): Tensor[] {
  if (x instanceof Tensor) return [x];
  if (Array.isArray(x)) return typeof x[0] === "number" ? [] : x.flatMap(tensorsIn);
  return isPlainObject(x) ? Object.values(x).flatMap(tensorsIn) : [];
}

/** The same arguments with every symbolic tensor replaced; everything else stays as it is. */
export function replaceSymbolic(x: unknown, replace: (t: KerasTensor) => unknown): unknown {
  if (x instanceof KerasTensor) return replace(x);
  if (Array.isArray(x)) return holdsSymbolic(x) ? x.map((y) => replaceSymbolic(y, replace)) : x;
  if (isPlainObject(x) && holdsSymbolic(x))
    return Object.fromEntries(Object.entries(x).map(([k, y]) => [k, replaceSymbolic(y, replace)]));
  return x;
}

/** All symbolic tensors of the arguments of a call, in order, repeated ones too. */
export const symbolicIn = (x: unknown): KerasTensor[] => tensorsIn(x).filter((t) => t instanceof KerasTensor);
