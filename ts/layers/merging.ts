// Layers that make one tensor of several: Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate, Dot, and each as a function.

import {
  flatten,
  isShape,
  type PartialShape,
  type Structure,
  shapeText,
  type TensorInput,
  type TensorTree,
} from "../core/structure.js";
import { ShapeError, ValueError } from "../errors.js";
import { axisOf } from "../ops/basics.js";
import * as ops from "../ops.js";
import { Tensor } from "../tensor.js";
import { classNameOf, Layer, type LayerOptions } from "./layer.js";
import { withFirst } from "./options.js";

/** A layer that takes a list of tensors. Errors: `ShapeError` for anything else, and for shapes that do not fit, before anything changes. */
abstract class Merge extends Layer {
  /** How many inputs there must be, or null for one or more. */
  protected readonly count: number | null = null;

  /** The shape of the output. Unknown sizes fit anything. Errors: `ShapeError` that shows the shapes. */
  protected abstract mergeShapes(shapes: readonly PartialShape[]): PartialShape;
  protected abstract merge(xs: readonly Tensor[]): Tensor;

  override build(inputShape: Structure<PartialShape>): void {
    this.computeOutputShape(inputShape);
  }

  override call(inputs: TensorTree): Tensor {
    // checked at every call: a layer is built once, and may be called on other shapes later
    this.computeOutputShape(inputs instanceof Tensor ? inputs.shape : (inputs as readonly Tensor[]).map((x) => x.shape));
    return this.merge(inputs as readonly Tensor[]);
  }

  override computeOutputShape(inputShape: Structure<PartialShape>): PartialShape {
    const single = isShape(inputShape) && inputShape.length > 0;
    if (single || !Array.isArray(inputShape)) {
      throw new ShapeError(
        `${this.name}: a merge layer should be called on a list of inputs, received one of shape ${single ? shapeText(inputShape) : JSON.stringify(inputShape)}. Call apply([a, b]).`,
      );
    }
    const shapes = flatten<PartialShape>(inputShape, (x) => isShape(x) && x !== inputShape);
    const { count } = this;
    if (count === null ? shapes.length === 0 : shapes.length !== count) {
      throw new ShapeError(
        `${this.name}: ${classNameOf(this)} should be called on ${count === null ? "a list of at least 1 input" : `exactly ${count} inputs`}, received ${shapes.length}: ${shown(shapes)}.`,
      );
    }
    return this.mergeShapes(shapes);
  }
}

const shown = (shapes: readonly PartialShape[]): string => `[${shapes.map(shapeText).join(", ")}]`;

/** The batch sizes agree, or are unknown. Returns theirs. Errors: `ShapeError`. */
function batchOf(where: string, shapes: readonly PartialShape[]): number | null {
  const known = new Set(shapes.map((s) => s[0] ?? null).filter((n) => n !== null));
  if (known.size > 1)
    throw new ShapeError(`${where}: cannot merge tensors with different batch sizes, received shapes ${shown(shapes)}.`);
  return [...known][0] ?? null;
}

// ---- element by element

/**
 * Combines elements at the same places. Shapes broadcast: axes of size 1 are inserted behind the batch until all have as many, sizes of 1
 * repeat. The output's mask is true where any of the masks is; there is none when one input has none.
 */
abstract class Elementwise extends Merge {
  protected override mergeShapes(shapes: readonly PartialShape[]): PartialShape {
    const batch = batchOf(this.name, shapes);
    const ndim = Math.max(...shapes.map((s) => s.length));
    const sizes = Array.from({ length: ndim - 1 }, (_, i) => {
      const here = shapes.map((s) => (i < ndim - s.length ? 1 : (s[s.length - ndim + 1 + i] ?? null)));
      const known = [...new Set(here.filter((n) => n !== 1 && n !== null))];
      if (known.length > 1)
        throw new ShapeError(
          `${this.name}: inputs have incompatible shapes, received ${shown(shapes)}: ${known.join(" ≠ ")}. Sizes behind the batch, aligned at the end, must agree or be 1.`,
        );
      return here.includes(null) ? null : (known[0] ?? 1);
    });
    return ndim === 0 ? [] : [batch, ...sizes];
  }

  protected override merge(xs: readonly Tensor[]): Tensor {
    const ndim = Math.max(...xs.map((x) => x.ndim));
    return this.combine(
      xs.map((x) => {
        const more = Array.from({ length: ndim - x.ndim }, (_, i) => i + 1);
        return more.length === 0 ? x : ops.expandDims(x, more);
      }),
    );
  }

  /** The result for tensors of one number of axes. */
  protected combine(xs: readonly Tensor[]): Tensor {
    return xs.reduce((a, b) => this.pair(a, b));
  }
  protected abstract pair(a: Tensor, b: Tensor): Tensor;

  override computeMask(_inputs: TensorTree, masks: TensorTree): TensorTree {
    if (!Array.isArray(masks) || masks.includes(null)) return null;
    return (masks as readonly Tensor[]).reduce((a, b) => ops.logicalOr(a, b));
  }
}

/** The mask of x with axes of size 1 for those that it lacks, or null. */
const maskOf = (x: Tensor): Tensor | null => {
  const { mask } = x;
  if (!mask) return null;
  return mask.ndim === x.ndim
    ? mask
    : ops.expandDims(
        mask,
        Array.from({ length: x.ndim - mask.ndim }, (_, i) => mask.ndim + i),
      );
};

/** a + b + …: a list of tensors → one of the shape they broadcast to. `new Add().apply([a, b])` */
export class Add extends Elementwise {
  static override readonly className: string = "Add";
  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.add(a, b);
  }
}

/** a − b, of exactly two tensors. */
export class Subtract extends Elementwise {
  static override readonly className: string = "Subtract";
  protected override readonly count = 2;
  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.subtract(a, b);
  }
}

/** a · b · …. A masked element counts as 1; where all are masked the product is 0. */
export class Multiply extends Elementwise {
  static override readonly className: string = "Multiply";
  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.multiply(a, b);
  }
  protected override combine(xs: readonly Tensor[]): Tensor {
    const masks = xs.map(maskOf);
    const y = super.combine(xs.map((x, i) => (masks[i] ? ops.where(masks[i], x, ops.cast(1, x.dtype)) : x)));
    if (masks.includes(null)) return y;
    const any = (masks as Tensor[]).reduce((a, b) => ops.logicalOr(a, b));
    return ops.where(any, y, ops.cast(0, y.dtype));
  }
}

/** (a + b + …) / n. */
export class Average extends Elementwise {
  static override readonly className: string = "Average";
  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.add(a, b);
  }
  protected override combine(xs: readonly Tensor[]): Tensor {
    return ops.divide(super.combine(xs), xs.length);
  }
}

/** An extreme, in which a masked element yields to the other operand. */
abstract class Extreme extends Elementwise {
  protected override combine(xs: readonly Tensor[]): Tensor {
    const [first, ...rest] = xs as [Tensor, ...Tensor[]];
    let y = first;
    let mask = maskOf(first);
    for (const x of rest) {
      const own = maskOf(x);
      const b = own ? ops.where(own, x, y) : x;
      y = this.pair(mask ? ops.where(mask, y, b) : y, b);
      mask = own && mask ? ops.logicalOr(mask, own) : null;
    }
    return y;
  }
}

/** max(a, b, …); equal elements share the gradient. A masked element yields to the other operand. */
export class Maximum extends Extreme {
  static override readonly className: string = "Maximum";
  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.maximum(a, b);
  }
}

/** min(a, b, …); equal elements share the gradient. A masked element yields to the other operand. */
export class Minimum extends Extreme {
  static override readonly className: string = "Minimum";
  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.minimum(a, b);
  }
}

// ---- along an axis

export interface ConcatenateOptions extends LayerOptions {
  /** The axis along which the inputs stand one behind the other; negative ones count from the end. */
  axis?: number;
}

/**
 * The inputs one behind the other along an axis; on all other axes they agree.
 *
 * Masks are put together the same way, true for inputs without one, and reduced by "any" over the last axis. Errors: `ShapeError` for shapes
 * that do not match. Example: [batch, 2, 4], [batch, 3, 4] with `axis: 1` → [batch, 5, 4].
 */
export class Concatenate extends Merge {
  static override readonly className: string = "Concatenate";
  static override readonly defaults = { axis: -1 };
  readonly axis: number;

  constructor(axis: number | ConcatenateOptions = {}, options: ConcatenateOptions = {}) {
    const given = withFirst("axis", axis, options);
    super(given);
    this.axis = given.axis ?? -1;
    if (!Number.isInteger(this.axis))
      throw new ValueError(`Concatenate: axis is a whole number, received ${JSON.stringify(given.axis)}.`);
  }

  protected override mergeShapes(shapes: readonly PartialShape[]): PartialShape {
    const [first] = shapes as [PartialShape];
    const axis = axisOf(this.name, this.axis, first.length);
    return first.map((_, i) => {
      const here = shapes.map((s) => s[i] ?? null);
      const known = new Set(here.filter((n) => n !== null));
      if (shapes.some((s) => s.length !== first.length) || (i !== axis && known.size > 1))
        throw new ShapeError(
          `${this.name}: Concatenate requires inputs with matching shapes except for the concatenation axis ${axis}, received ${shown(shapes)}.`,
        );
      if (i !== axis) return first[i] ?? null;
      return here.includes(null) ? null : (here as number[]).reduce((a, b) => a + b);
    });
  }

  protected override merge(xs: readonly Tensor[]): Tensor {
    return ops.concatenate(xs, { axis: this.axis });
  }

  override computeMask(inputs: TensorTree, masks: TensorTree): TensorTree {
    if (!Array.isArray(masks) || masks.every((m) => m === null)) return null;
    const wholes = (inputs as readonly Tensor[]).map((x, i) => {
      const mask = masks[i] as Tensor | null;
      const all = ops.onesLike(x, { dtype: "bool" });
      if (mask === null) return all;
      const lacking = Array.from({ length: x.ndim - mask.ndim }, (_, k) => mask.ndim + k);
      return ops.logicalAnd(all, lacking.length === 0 ? mask : ops.expandDims(mask, lacking));
    });
    return ops.any(ops.concatenate(wholes, { axis: this.axis }), { axis: -1 });
  }
}

// ---- sums of products

export interface DotOptions extends LayerOptions {
  /** Divide both by their lengths along their axis first? Then the results are cosines. */
  normalize?: boolean;
}

/**
 * `Σₖ a[…, k, …] · b[…, k, …]` for each sample, over axis `axes[0]` of a and `axes[1]` of b (or one number for both).
 *
 * The output has the remaining axes of a, then those of b: [batch, 4, 3], [batch, 3, 5] with `axes` [2, 1] → [batch, 4, 5]; two inputs
 * [batch, n] → [batch, 1]. Errors: `ValueError` for axes that are none, or the batch; `ShapeError` when the sizes differ.
 */
export class Dot extends Merge {
  static override readonly className: string = "Dot";
  static override readonly required = ["axes"];
  static override readonly defaults = { normalize: false };
  readonly axes: number | readonly [number, number];
  readonly normalize: boolean;
  protected override readonly count = 2;

  constructor(axes: number | readonly [number, number], options: DotOptions = {}) {
    super(options);
    const given: unknown[] = Array.isArray(axes) ? [...axes] : [axes, axes];
    if (given.length !== 2 || !given.every((a) => Number.isInteger(a) && a !== 0))
      throw new ValueError(
        `Dot: axes is a whole number, or two of them, and not the batch (0), received ${JSON.stringify(axes) ?? "undefined"}.`,
      );
    this.axes = axes;
    this.normalize = options.normalize ?? false;
  }

  /** The axes as indices from the front. */
  #axes(shapes: readonly PartialShape[]): [number, number] {
    const given = typeof this.axes === "number" ? [this.axes, this.axes] : this.axes;
    return given.map((axis, i) => {
      const at = axisOf(`${this.name}: input ${i}`, axis, shapes[i]!.length);
      if (at > 0) return at;
      throw new ShapeError(
        `${this.name}: axis ${axis} of shape ${shapeText(shapes[i]!)} is the batch, which cannot be summed over.`,
      );
    }) as [number, number];
  }

  protected override mergeShapes(shapes: readonly PartialShape[]): PartialShape {
    const [a, b] = shapes as [PartialShape, PartialShape];
    const [i, j] = this.#axes(shapes);
    const [m, n] = [a[i]!, b[j]!];
    if (m !== null && n !== null && m !== n)
      throw new ShapeError(
        `${this.name}: incompatible input shapes: ${m} (axis ${i}) ≠ ${n} (axis ${j}); the shapes are ${shown(shapes)}.`,
      );
    const rest = [...a.filter((_, k) => k !== 0 && k !== i), ...b.filter((_, k) => k !== 0 && k !== j)];
    return [batchOf(this.name, shapes), ...(rest.length === 0 ? [1] : rest)];
  }

  protected override merge(xs: readonly Tensor[]): Tensor {
    const shapes = xs.map((x) => x.shape);
    const axes = this.#axes(shapes);
    const [a, b] = xs.map((x, i) => (this.normalize ? unit(x, axes[i]!) : x)) as [Tensor, Tensor];
    if (a.ndim === 2 && b.ndim === 2) return ops.sum(ops.multiply(a, b), { axis: 1, keepdims: true });
    const batch = a.shape[0]!;
    const k = a.shape[axes[0]]!;
    const size = (t: Tensor): number => (k === 0 ? 0 : t.size / Math.max(1, batch * k));
    const left = ops.reshape(ops.moveaxis(a, axes[0], -1), [batch, size(a), k]);
    const right = ops.reshape(ops.moveaxis(b, axes[1], 1), [batch, k, size(b)]);
    return ops.reshape(ops.matmul(left, right), this.mergeShapes(shapes) as number[]);
  }

  override computeMask(): null {
    return null;
  }
}

/** x / ‖x‖ along an axis; a norm below ε = 1e-7 counts as ε, so that the gradient at 0 is finite. */
const unit = (x: Tensor, axis: number): Tensor =>
  ops.multiply(x, ops.rsqrt(ops.maximum(ops.sum(ops.square(x), { axis, keepdims: true }), 1e-14)));

// ---- as functions

/** `new Add(options).apply(inputs)` */
export const add = (inputs: readonly TensorInput[], options: LayerOptions = {}): Tensor => new Add(options).apply(inputs);
/** `new Subtract(options).apply(inputs)` */
export const subtract = (inputs: readonly TensorInput[], options: LayerOptions = {}): Tensor =>
  new Subtract(options).apply(inputs);
/** `new Multiply(options).apply(inputs)` */
export const multiply = (inputs: readonly TensorInput[], options: LayerOptions = {}): Tensor =>
  new Multiply(options).apply(inputs);
/** `new Average(options).apply(inputs)` */
export const average = (inputs: readonly TensorInput[], options: LayerOptions = {}): Tensor => new Average(options).apply(inputs);
/** `new Maximum(options).apply(inputs)` */
export const maximum = (inputs: readonly TensorInput[], options: LayerOptions = {}): Tensor => new Maximum(options).apply(inputs);
/** `new Minimum(options).apply(inputs)` */
export const minimum = (inputs: readonly TensorInput[], options: LayerOptions = {}): Tensor => new Minimum(options).apply(inputs);
/** `new Concatenate(options).apply(inputs)`: along the last axis, or `axis`. */
export const concatenate = (inputs: readonly TensorInput[], options: ConcatenateOptions = {}): Tensor =>
  new Concatenate(options).apply(inputs);
/** `new Dot(axes, options).apply(inputs)`: over the last axes, or `axes`. */
export const dot = (
  inputs: readonly TensorInput[],
  { axes = -1, ...options }: DotOptions & { axes?: number | readonly [number, number] } = {},
): Tensor => new Dot(axes, options).apply(inputs);
