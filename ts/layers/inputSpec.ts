// InputSpec: what a layer demands of its inputs, and the errors when they are otherwise.

import { type PartialShape, shapeText } from "../core/structure.js";
import { checkOptions, ShapeError, ValueError } from "../errors.js";

export interface InputSpecOptions {
  dtype?: string | null;
  /** Expected shape; null sizes match anything. */
  shape?: PartialShape | null;
  ndim?: number | null;
  maxNdim?: number | null;
  minNdim?: number | null;
  /** Required sizes by axis: `{ [-1]: 784 }`. */
  axes?: Readonly<Record<number, number | null>> | null;
  /** Accept a last axis of size 1 more or less than `shape` has. */
  allowLastAxisSqueeze?: boolean;
  name?: string | null;
  optional?: boolean;
}

const KEYS = ["dtype", "shape", "ndim", "maxNdim", "minNdim", "axes", "allowLastAxisSqueeze", "name", "optional"];

/** Rank, shape and type that a layer expects: `new InputSpec({ minNdim: 2, axes: { [-1]: 784 } })`. Assign it to `layer.inputSpec`. */
export class InputSpec {
  readonly dtype: string | null;
  readonly shape: PartialShape | null;
  readonly ndim: number | null;
  readonly maxNdim: number | null;
  readonly minNdim: number | null;
  readonly axes: Readonly<Record<number, number | null>>;
  readonly allowLastAxisSqueeze: boolean;
  readonly name: string | null;
  readonly optional: boolean;

  constructor(options: InputSpecOptions = {}) {
    checkOptions("InputSpec", options, KEYS);
    const {
      dtype = null,
      shape = null,
      ndim = null,
      maxNdim = null,
      minNdim = null,
      axes,
      allowLastAxisSqueeze = false,
    } = options;
    this.dtype = dtype;
    this.shape = shape;
    this.ndim = shape ? shape.length : ndim;
    this.maxNdim = maxNdim;
    this.minNdim = minNdim;
    this.axes = axes ?? {};
    this.allowLastAxisSqueeze = allowLastAxisSqueeze;
    this.name = options.name ?? null;
    this.optional = options.optional ?? false;
    for (const axis of Object.keys(this.axes)) {
      if (!Number.isInteger(Number(axis)))
        throw new ValueError(`InputSpec: the keys of axes are whole numbers, received ${JSON.stringify(axis)}.`);
    }
  }
}

/** What a spec looks at: a tensor, or a shape alone. */
export interface Described {
  readonly shape: PartialShape;
  readonly dtype?: string;
}

/**
 * Compares the inputs of a call with the layer's spec. Unknown sizes match anything.
 *
 * Errors: `ShapeError` as Keras words it, with the layer's name, what was expected and the shape that came.
 */
export function checkInputs(spec: InputSpec | readonly InputSpec[] | null, tensors: readonly Described[], layer: string): void {
  if (spec === null) return;
  const specs = Array.isArray(spec) ? (spec as readonly InputSpec[]) : [spec as InputSpec];
  const wanted = specs.filter((s) => !s.optional).length;
  if (tensors.length < wanted || tensors.length > specs.length) {
    throw new ShapeError(
      `Layer "${layer}" expects ${specs.length} input(s), but it received ${tensors.length} input tensors: ${tensors.map((t) => shapeText(t.shape)).join(", ")}.`,
    );
  }
  tensors.forEach((t, i) => checkInput(specs[i]!, t, i, layer));
}

function checkInput(spec: InputSpec, t: Described, index: number, layer: string): void {
  const { shape } = t;
  const name = spec.name ? ` with name '${spec.name}'` : "";
  const fail = (text: string): never => {
    throw new ShapeError(`Input ${index}${name} of layer "${layer}" is incompatible with the layer: ${text}`);
  };
  const full = `Full shape received: ${shapeText(shape)}`;
  const squeezable = spec.shape !== null && spec.allowLastAxisSqueeze && fitsSqueezed(spec.shape, shape);
  if (spec.ndim !== null && shape.length !== spec.ndim && !squeezable) {
    const expected = spec.shape ? `expected shape=${shapeText(spec.shape)}` : `expected ndim=${spec.ndim}`;
    fail(spec.shape ? `${expected}, found shape=${shapeText(shape)}` : `${expected}, found ndim=${shape.length}. ${full}`);
  }
  if (spec.maxNdim !== null && shape.length > spec.maxNdim)
    fail(`expected max_ndim=${spec.maxNdim}, found ndim=${shape.length}. ${full}`);
  if (spec.minNdim !== null && shape.length < spec.minNdim)
    fail(`expected min_ndim=${spec.minNdim}, found ndim=${shape.length}. ${full}`);
  if (spec.dtype !== null && t.dtype !== undefined && t.dtype !== spec.dtype)
    fail(`expected dtype=${spec.dtype}, found dtype=${t.dtype}`);
  for (const [key, value] of Object.entries(spec.axes)) {
    const axis = Number(key);
    if (value !== null && shape.at(axis) !== null && shape.at(axis) !== value) {
      fail(`expected axis ${axis} of input shape to have value ${value}, but received input with shape ${shapeText(shape)}`);
    }
  }
  if (
    spec.shape &&
    shape.length === spec.shape.length &&
    !spec.shape.every((d, i) => d === null || shape[i] === null || d === shape[i])
  ) {
    fail(`expected shape=${shapeText(spec.shape)}, found shape=${shapeText(shape)}`);
  }
}

/** Do the shapes agree but for a last axis of size 1? */
function fitsSqueezed(expected: PartialShape, shape: PartialShape): boolean {
  if (shape.length === expected.length + 1) return shape.at(-1) === 1;
  return shape.length === expected.length - 1 && expected.at(-1) === 1;
}
