// The same elements in another form: reshape, transpose, turn, and take apart by position. Nothing is computed, and mostly nothing copied.

import { checkOptions, ShapeError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { sizeOf, type Tensor, type TensorLike, tensor } from "../tensor.js";
import {
  type Axis,
  axesOf,
  axisOf,
  broadcast,
  broadcastShapes,
  oneOf,
  reshapeTo,
  type Shape,
  sameShape,
  showShape,
  sliceAxis,
  transposeTo,
} from "./basics.js";
import { concatenate } from "./join.js";

/**
 * The elements, in row-major order, under a new shape; one size may be −1 and is worked out.
 *
 * Errors: `ShapeError` when the number of elements would change. Example: `ops.reshape([1, 2, 3, 4], [2, -1]) // [[1, 2], [3, 4]]`
 */
export const reshape = op("reshape", (x: TensorLike, newshape: Shape | number): Tensor => {
  const t = tensor(x);
  const wanted = typeof newshape === "number" ? [newshape] : newshape;
  const open = wanted.indexOf(-1);
  if (open < 0) return reshapeTo(t, checkedSizes("reshape", wanted));
  const others = wanted.filter((_, i) => i !== open);
  const known = sizeOf(checkedSizes("reshape", others));
  if (known === 0 || t.size % known !== 0) {
    throw new ShapeError(
      `reshape: ${showShape(t.shape)} has ${t.size} elements, which ${showShape(wanted)} cannot hold for any size in the place of -1.`,
    );
  }
  return reshapeTo(
    t,
    wanted.map((n, i) => (i === open ? t.size / known : n)),
  );
});

function checkedSizes(where: string, shape: Shape): Shape {
  if (shape.every((n) => Number.isInteger(n) && n >= 0)) return shape;
  throw new ShapeError(`${where}: sizes are whole numbers ≥ 0 (and one -1 in reshape), received ${showShape(shape)}.`);
}

/** All elements in a row: `[…] → [size]`. `ops.ravel([[1, 2], [3, 4]]) // [1, 2, 3, 4]` */
export const ravel = op("ravel", (x: TensorLike): Tensor => {
  const t = tensor(x);
  return reshapeTo(t, [t.size]);
});

/**
 * The axes in another order: axis i of the result is axis `axes[i]` of `x`; without `axes` they are reversed.
 *
 * The order may also stand alone: `ops.transpose(x, [1, 0])`. Errors: `ShapeError`, `ValueError` when it is not an order of all axes.
 * Example: `ops.transpose([[1, 2], [3, 4]]) // [[1, 3], [2, 4]]`
 */
export const transpose = op(
  "transpose",
  (x: TensorLike, options: { axes?: readonly number[] | null } | readonly number[] = {}): Tensor => {
    const t = tensor(x);
    if (!isList(options)) checkOptions("transpose", options, ["axes"]);
    const axes = isList(options) ? options : options.axes;
    if (!axes)
      return transposeTo(
        t,
        t.shape.map((_, i) => t.ndim - 1 - i),
      );
    if (axes.length !== t.ndim)
      throw new ShapeError(`transpose: ${showShape(axes)} is not an order of the ${t.ndim} axes of shape ${showShape(t.shape)}.`);
    axesOf("transpose", axes, t.ndim);
    return transposeTo(
      t,
      axes.map((a) => axisOf("transpose", a, t.ndim)),
    );
  },
);
const isList = (x: unknown): x is readonly number[] => Array.isArray(x);

/** Two axes changed over. `ops.swapaxes([[1, 2], [3, 4]], 0, 1) // [[1, 3], [2, 4]]` */
export const swapaxes = op("swapaxes", (x: TensorLike, axis1: number, axis2: number): Tensor => {
  const t = tensor(x);
  const [a, b] = [axisOf("swapaxes", axis1, t.ndim), axisOf("swapaxes", axis2, t.ndim)];
  return transposeTo(
    t,
    t.shape.map((_, i) => (i === a ? b : i === b ? a : i)),
  );
});

/** Axes moved to other places; the others keep their order. `ops.moveaxis(x, 0, -1)`: [2, 3, 4] → [3, 4, 2]. */
export const moveaxis = op(
  "moveaxis",
  (x: TensorLike, source: number | readonly number[], destination: number | readonly number[]): Tensor => {
    const t = tensor(x);
    const from = [source].flat().map((a) => axisOf("moveaxis", a, t.ndim));
    const to = [destination].flat().map((a) => axisOf("moveaxis", a, t.ndim));
    if (from.length !== to.length) throw new ValueError(`moveaxis: ${from.length} axes cannot move to ${to.length} places.`);
    axesOf("moveaxis", from, t.ndim);
    axesOf("moveaxis", to, t.ndim);
    const rest = t.shape.map((_, i) => i).filter((i) => !from.includes(i));
    return transposeTo(
      t,
      t.shape.map((_, i) => (to.includes(i) ? from[to.indexOf(i)]! : rest.shift()!)),
    );
  },
);

/** New axes of size 1 at these places of the result. `ops.expandDims([1, 2], 0) // [[1, 2]]` */
export const expandDims = op("expandDims", (x: TensorLike, axis: number | readonly number[]): Tensor => {
  const t = tensor(x);
  const list = [axis].flat();
  const places = axesOf("expandDims", list, t.ndim + list.length);
  const sizes = [...t.shape];
  for (const at of places) sizes.splice(at, 0, 1);
  return reshapeTo(t, sizes);
});

/** Axes of size 1 removed: all of them, or the given ones. Errors: `ShapeError` for a size ≠ 1. `ops.squeeze([[1, 2]]) // [1, 2]` */
export const squeeze = op("squeeze", (x: TensorLike, options: { axis?: Axis } = {}): Tensor => {
  checkOptions("squeeze", options, ["axis"]);
  const t = tensor(x);
  const { axis = null } = options;
  if (axis === null)
    return reshapeTo(
      t,
      t.shape.filter((n) => n !== 1),
    );
  const axes = axesOf("squeeze", axis, t.ndim);
  const large = axes.find((a) => t.shape[a] !== 1);
  if (large !== undefined)
    throw new ShapeError(`squeeze: axis ${large} of shape ${showShape(t.shape)} has size ${t.shape[large]}, not 1.`);
  return reshapeTo(
    t,
    t.shape.filter((_, i) => !axes.includes(i)),
  );
});

/** Repeated along new axes and axes of size 1, without a copy. Errors: `ShapeError`. `ops.broadcastTo([1, 2], [2, 2]) // [[1, 2], [1, 2]]` */
export const broadcastTo = op("broadcastTo", (x: TensorLike, shape: Shape): Tensor => {
  const t = tensor(x);
  if (!sameShape(broadcastShapes("broadcastTo", t.shape, shape), shape)) {
    throw new ShapeError(`broadcastTo: shape ${showShape(t.shape)} does not broadcast to ${showShape(shape)}.`);
  }
  return broadcast(t, shape);
});

/** The order along axes turned round. `ops.flip([1, 2, 3]) // [3, 2, 1]` */
export const flip = op("flip", (x: TensorLike, options: { axis?: Axis } = {}): Tensor => {
  checkOptions("flip", options, ["axis"]);
  const t = tensor(x);
  return axesOf("flip", options.axis, t.ndim).reduce((y, a) => {
    const n = y.shape[a]!;
    return n < 2 ? y : sliceAxis(y, a, n - 1, n, -1);
  }, t);
});

/** Left and right (axis 1) turned round. `ops.fliplr([[1, 2]]) // [[2, 1]]` */
export const fliplr = op("fliplr", (x: TensorLike): Tensor => flip(x, { axis: 1 }));
/** Up and down (axis 0) turned round. `ops.flipud([[1], [2]]) // [[2], [1]]` */
export const flipud = op("flipud", (x: TensorLike): Tensor => flip(x, { axis: 0 }));

/** Turned by `k` quarters in the plane of two axes, from the first towards the second. `ops.rot90([[1, 2], [3, 4]]) // [[2, 4], [1, 3]]` */
export const rot90 = op(
  "rot90",
  (array: TensorLike, options: { k?: number; axes?: readonly [number, number] | readonly number[] } = {}): Tensor => {
    checkOptions("rot90", options, ["k", "axes"]);
    const t = tensor(array);
    const { k = 1, axes = [0, 1] } = options;
    if (axes.length !== 2) throw new ValueError(`rot90: axes are two, received ${axes.length}.`);
    const [a, b] = axes.map((x) => axisOf("rot90", x, t.ndim)) as [number, number];
    if (a === b) throw new ValueError("rot90: the two axes are one; a plane needs two.");
    switch (((k % 4) + 4) % 4) {
      case 1:
        return swapaxes(flip(t, { axis: b }), a, b);
      case 2:
        return flip(t, { axis: [a, b] });
      case 3:
        return flip(swapaxes(t, a, b), { axis: b });
      default:
        return t;
    }
  },
);

/** Moved along axes; what leaves at the end comes in at the front. Without axis: in a row. `ops.roll([1, 2, 3], 1) // [3, 1, 2]` */
export const roll = op("roll", (x: TensorLike, shift: number | readonly number[], options: { axis?: Axis } = {}): Tensor => {
  checkOptions("roll", options, ["axis"]);
  const t = tensor(x);
  const { axis = null } = options;
  if (axis === null) {
    const by = [shift].flat().reduce((a, b) => a + b, 0);
    return reshapeTo(roll(ravel(t), by, { axis: 0 }), t.shape);
  }
  const axes = [axis].flat().map((a) => axisOf("roll", a, t.ndim));
  const shifts = [shift].flat();
  if (shifts.length !== axes.length && shifts.length !== 1)
    throw new ValueError(`roll: ${shifts.length} shifts for ${axes.length} axes.`);
  return axes.reduce((y, a, i) => {
    const n = y.shape[a]!;
    const by = n === 0 ? 0 : (((shifts[i] ?? shifts[0]!) % n) + n) % n;
    return by === 0 ? y : concatenate([sliceAxis(y, a, n - by, by), sliceAxis(y, a, 0, n - by)], { axis: a });
  }, t);
});

/** Blocks of channels become pixels: `[b, h, w, c·s²] → [b, h·s, w·s, c]`. */
export const depthToSpace = op(
  "depthToSpace",
  (x: TensorLike, blockSize: number, options: { dataFormat?: DataFormat } = {}): Tensor =>
    blocks("depthToSpace", x, blockSize, options, (t, s) => {
      const [b, h, w, c] = t.shape as [number, number, number, number];
      if (c % (s * s) !== 0) throw new ShapeError(`depthToSpace: ${c} channels are not a multiple of ${s}² = ${s * s}.`);
      const parts = reshapeTo(t, [b, h, w, s, s, c / (s * s)]);
      return reshapeTo(transposeTo(parts, [0, 1, 3, 2, 4, 5]), [b, h * s, w * s, c / (s * s)]);
    }),
);

/** Pixels become blocks of channels: `[b, h·s, w·s, c] → [b, h, w, c·s²]`. */
export const spaceToDepth = op(
  "spaceToDepth",
  (x: TensorLike, blockSize: number, options: { dataFormat?: DataFormat } = {}): Tensor =>
    blocks("spaceToDepth", x, blockSize, options, (t, s) => {
      const [b, h, w, c] = t.shape as [number, number, number, number];
      if (h % s !== 0 || w % s !== 0) throw new ShapeError(`spaceToDepth: ${h} × ${w} pixels do not divide into blocks of ${s}.`);
      const parts = reshapeTo(t, [b, h / s, s, w / s, s, c]);
      return reshapeTo(transposeTo(parts, [0, 1, 3, 2, 4, 5]), [b, h / s, w / s, c * s * s]);
    }),
);

export type DataFormat = "channels_last" | "channels_first";
type BlockFormat = (t: Tensor, size: number) => Tensor;
function blocks(where: string, x: TensorLike, size: number, options: { dataFormat?: DataFormat }, move: BlockFormat): Tensor {
  checkOptions(where, options, ["dataFormat"]);
  const t = tensor(x);
  if (t.ndim !== 4) throw new ShapeError(`${where}: expected images of 4 axes, received shape ${showShape(t.shape)}.`);
  const format = oneOf<DataFormat>(where, "dataFormat", options.dataFormat ?? "channels_last", [
    "channels_last",
    "channels_first",
  ]);
  if (format === "channels_last") return move(t, size);
  return transposeTo(move(transposeTo(t, [0, 2, 3, 1]), size), [0, 3, 1, 2]);
}
