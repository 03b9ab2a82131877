// Putting tensors together and taking them apart: concatenate, stack, split, tile, repeat, pad.

import { apply } from "../core/apply.js";
import { checkOptions, ShapeError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { Tensor, type TensorLike, tensor } from "../tensor.js";
import { axisOf, broadcast, oneOf, reshapeTo, showShape, sliceAxis, wholeNumber } from "./basics.js";
import { take } from "./indexing.js";
import { expandDims, ravel } from "./view.js";

interface AtAxis {
  axis?: number;
}

/** Tensors one behind the other along an axis; on all others they agree. `ops.concatenate([[1], [2, 3]]) // [1, 2, 3]` */
export const concatenate = op("concatenate", (xs: readonly TensorLike[], options: { axis?: number | null } = {}): Tensor => {
  checkOptions("concatenate", options, ["axis"]);
  const { axis = 0 } = options;
  const ts = list("concatenate", xs).map((x) => (axis === null ? ravel(x) : tensor(x)));
  return apply("concatenate", ts, { ints: [axisOf("concatenate", axis ?? 0, ts[0]!.ndim)] });
});

function list(where: string, xs: readonly TensorLike[]): readonly TensorLike[] {
  if (!Array.isArray(xs) || xs.length === 0) throw new ValueError(`${where}: expected a list of at least one tensor.`);
  return xs;
}

/** `x2` behind `x1`; without axis both in a row. `ops.append([1, 2], [3]) // [1, 2, 3]` */
export const append = op("append", (x1: TensorLike, x2: TensorLike, options: { axis?: number | null } = {}): Tensor => {
  checkOptions("append", options, ["axis"]);
  return concatenate([tensor(x1), tensor(x2)], { axis: options.axis ?? null });
});

/** Tensors of one shape along a new axis. Errors: `ShapeError` when shapes differ. `ops.stack([[1, 2], [3, 4]]) // [[1, 2], [3, 4]]` */
export const stack = op("stack", (x: readonly TensorLike[], options: AtAxis = {}): Tensor => {
  checkOptions("stack", options, ["axis"]);
  const ts = list("stack", x).map((t) => tensor(t));
  const other = ts.find((t) => showShape(t.shape) !== showShape(ts[0]!.shape));
  if (other)
    throw new ShapeError(`stack: all tensors need one shape, received ${showShape(ts[0]!.shape)} and ${showShape(other.shape)}.`);
  const axis = axisOf("stack", options.axis ?? 0, ts[0]!.ndim + 1);
  return apply(
    "concatenate",
    ts.map((t) => expandDims(t, axis)),
    { ints: [axis] },
  );
});

/** Side by side: along axis 1, or 0 for vectors. `ops.hstack([[1], [2]]) // [1, 2]` */
export const hstack = op("hstack", (xs: readonly TensorLike[]): Tensor => {
  const ts = list("hstack", xs).map((x) => (tensor(x).ndim === 0 ? ravel(x) : tensor(x)));
  return concatenate(ts, { axis: ts[0]!.ndim === 1 ? 0 : 1 });
});
/** One below the other: along axis 0, vectors as rows. `ops.vstack([[1, 2], [3, 4]]) // [[1, 2], [3, 4]]` */
export const vstack = op(
  "vstack",
  (xs: readonly TensorLike[]): Tensor =>
    concatenate(list("vstack", xs).map((x) => (tensor(x).ndim < 2 ? reshapeTo(tensor(x), [1, tensor(x).size]) : tensor(x)))),
);
/** One behind the other: along axis 2. `ops.dstack([[1, 2], [3, 4]]) // [[[1, 3], [2, 4]]]` */
export const dstack = op("dstack", (xs: readonly TensorLike[]): Tensor => {
  const deep = list("dstack", xs).map((x) => {
    const t = tensor(x);
    return t.ndim < 2 ? reshapeTo(t, [1, t.size, 1]) : t.ndim === 2 ? expandDims(t, 2) : t;
  });
  return concatenate(deep, { axis: 2 });
});

/**
 * Taken apart along an axis: into so many equal parts, or before these indices.
 *
 * Errors: `ShapeError` when the parts would not be equal (`arraySplit` allows it).
 * Example: `ops.split([1, 2, 3, 4], 2) // [[1, 2], [3, 4]]`, `ops.split([1, 2, 3], [1]) // [[1], [2, 3]]`
 */
export const split = op(
  "split",
  (x: TensorLike, indicesOrSections: number | readonly number[], options: AtAxis = {}): Tensor[] => {
    checkOptions("split", options, ["axis"]);
    const t = tensor(x);
    const axis = axisOf("split", options.axis ?? 0, t.ndim);
    if (
      typeof indicesOrSections === "number" &&
      t.shape[axis]! % wholeNumber("split", "indicesOrSections", indicesOrSections, 1) !== 0
    ) {
      throw new ShapeError(
        `split: axis ${axis} of shape ${showShape(t.shape)} does not divide into ${indicesOrSections} equal parts; arraySplit makes unequal ones.`,
      );
    }
    return arraySplit(t, indicesOrSections, { axis });
  },
);

/** As `split`; the first parts are one longer where they cannot be equal. `ops.arraySplit([1, 2, 3], 2) // [[1, 2], [3]]` */
export const arraySplit = op(
  "arraySplit",
  (x: TensorLike, indicesOrSections: number | readonly number[], options: AtAxis = {}): Tensor[] => {
    checkOptions("arraySplit", options, ["axis"]);
    const t = tensor(x);
    const axis = axisOf("arraySplit", options.axis ?? 0, t.ndim);
    const n = t.shape[axis]!;
    let borders: number[];
    if (typeof indicesOrSections === "number") {
      const parts = wholeNumber("arraySplit", "indicesOrSections", indicesOrSections, 1);
      borders = Array.from({ length: parts - 1 }, (_, i) => (i + 1) * Math.floor(n / parts) + Math.min(i + 1, n % parts));
    } else {
      borders = indicesOrSections.map((i) => Math.max(0, Math.min(n, i < 0 ? i + n : i)));
    }
    const starts = [0, ...borders];
    return starts.map((start, i) => sliceAxis(t, axis, start, Math.max(0, (borders[i] ?? n) - start)));
  },
);

/** `split` along axis 1, or 0 for vectors. */
export const hsplit = op("hsplit", (x: TensorLike, indicesOrSections: number | readonly number[]): Tensor[] =>
  split(x, indicesOrSections, { axis: tensor(x).ndim === 1 ? 0 : 1 }),
);
/** `split` along axis 0. */
export const vsplit = op("vsplit", (x: TensorLike, indicesOrSections: number | readonly number[]): Tensor[] =>
  split(x, indicesOrSections, { axis: 0 }),
);
/** `split` along axis 2. */
export const dsplit = op("dsplit", (x: TensorLike, indicesOrSections: number | readonly number[]): Tensor[] =>
  split(x, indicesOrSections, { axis: 2 }),
);

/** The slices along an axis, which disappears. `ops.unstack([[1, 2], [3, 4]]) // [[1, 2], [3, 4]]` */
export const unstack = op("unstack", (x: TensorLike, options: { num?: number | null; axis?: number } = {}): Tensor[] => {
  checkOptions("unstack", options, ["num", "axis"]);
  const t = tensor(x);
  const axis = axisOf("unstack", options.axis ?? 0, t.ndim);
  const n = t.shape[axis]!;
  if ((options.num ?? n) !== n)
    throw new ShapeError(`unstack: axis ${axis} of shape ${showShape(t.shape)} has ${n} slices, num says ${options.num}.`);
  const sizes = t.shape.filter((_, i) => i !== axis);
  return Array.from({ length: n }, (_, i) => reshapeTo(sliceAxis(t, axis, i, 1), sizes));
});

/** The whole tensor repeated along each axis. `ops.tile([1, 2], 2) // [1, 2, 1, 2]` */
export const tile = op("tile", (x: TensorLike, repeats: number | readonly number[]): Tensor => {
  const t = tensor(x);
  const given = [repeats].flat().map((r) => wholeNumber("tile", "repeats", r));
  const ndim = Math.max(given.length, t.ndim);
  const sizes = [...Array(ndim - t.ndim).fill(1), ...t.shape] as number[];
  const times = [...Array(ndim - given.length).fill(1), ...given] as number[];
  const apart = reshapeTo(
    t,
    sizes.flatMap((n) => [1, n]),
  );
  return reshapeTo(
    broadcast(
      apart,
      sizes.flatMap((n, i) => [times[i]!, n]),
    ),
    sizes.map((n, i) => n * times[i]!),
  );
});

/**
 * Each element `repeats` times, along an axis or in a row; a list gives each its own number, which must be known.
 *
 * Example: `ops.repeat([1, 2], 2) // [1, 1, 2, 2]`, `ops.repeat([1, 2], [2, 1]) // [1, 1, 2]`
 */
export const repeat = op(
  "repeat",
  (x: TensorLike, repeats: number | readonly number[] | Tensor, options: { axis?: number | null } = {}): Tensor => {
    checkOptions("repeat", options, ["axis"]);
    const { axis = null } = options;
    if (axis === null) return repeat(ravel(x), repeats, { axis: 0 });
    const t = tensor(x);
    const at = axisOf("repeat", axis, t.ndim);
    const n = t.shape[at]!;
    const given = repeats instanceof Tensor ? Array.from(repeats.data) : [repeats].flat();
    const times = given.map((r) => wholeNumber("repeat", "repeats", r));
    if (times.length === 1) {
      const [before, behind] = [t.shape.slice(0, at), t.shape.slice(at + 1)];
      const spread = broadcast(reshapeTo(t, [...before, n, 1, ...behind]), [...before, n, times[0]!, ...behind]);
      return reshapeTo(spread, [...before, n * times[0]!, ...behind]);
    }
    if (times.length !== n)
      throw new ShapeError(`repeat: axis ${at} of shape ${showShape(t.shape)} has ${n} elements, repeats has ${times.length}.`);
    return pick(
      t,
      at,
      times.flatMap((r, i) => Array<number>(r).fill(i)),
    );
  },
);

export type PadMode = "constant" | "reflect" | "symmetric" | "edge" | "wrap";

/**
 * More elements around: `padWidth` is one number, `[before, after]` for all axes, or a pair for each.
 *
 * `constant` fills with `constantValues` (0), `edge` repeats the outermost, `reflect` mirrors without it, `symmetric` with it, `wrap`
 * goes round. Errors: `ShapeError` for widths that fit no axis, or nothing to mirror. Example: `ops.pad([1, 2], 1) // [0, 1, 2, 0]`
 */
export const pad = op(
  "pad",
  (
    x: TensorLike,
    padWidth: number | readonly number[] | readonly (readonly number[])[],
    options: { mode?: PadMode; constantValues?: number | Tensor | null } = {},
  ): Tensor => {
    checkOptions("pad", options, ["mode", "constantValues"]);
    const t = tensor(x);
    const mode = oneOf<PadMode>("pad", "mode", options.mode ?? "constant", ["constant", "reflect", "symmetric", "edge", "wrap"]);
    const constant = options.constantValues ?? null;
    if (mode !== "constant" && constant !== null)
      throw new ValueError(`pad: constantValues belong to mode "constant", the mode is ${JSON.stringify(mode)}.`);
    const widths = padWidths(t, padWidth);
    if (mode === "constant") {
      const fill = constant === null ? 0 : typeof constant === "number" ? constant : constant.item();
      return apply("pad", [t], { ints: widths.flatMap(([low, high]) => [low, high, 0]), floats: [fill] });
    }
    return widths.reduce((y, [low, high], axis) => {
      const n = y.shape[axis]!;
      if (low + high === 0) return y;
      if (n === 0)
        throw new ShapeError(
          `pad: mode ${JSON.stringify(mode)} needs elements on axis ${axis}; the shape is ${showShape(t.shape)}.`,
        );
      return pick(
        y,
        axis,
        Array.from({ length: low + n + high }, (_, i) => source(mode, i - low, n)),
      );
    }, t);
  },
);

/** Which of n elements stands at place i, which may lie outside. */
function source(mode: Exclude<PadMode, "constant">, i: number, n: number): number {
  const modulo = (a: number, b: number): number => ((a % b) + b) % b;
  switch (mode) {
    case "edge":
      return Math.max(0, Math.min(n - 1, i));
    case "wrap":
      return modulo(i, n);
    case "symmetric": {
      const j = modulo(i, 2 * n);
      return j < n ? j : 2 * n - 1 - j;
    }
    case "reflect": {
      if (n === 1) return 0;
      const j = modulo(i, 2 * n - 2);
      return j < n ? j : 2 * n - 2 - j;
    }
  }
}

function padWidths(t: Tensor, width: number | readonly number[] | readonly (readonly number[])[]): [number, number][] {
  const rows =
    typeof width === "number"
      ? [[width]]
      : typeof width[0] === "number" || width.length === 0
        ? [width as readonly number[]]
        : (width as readonly (readonly number[])[]);
  if (rows.length !== 1 && rows.length !== t.ndim)
    throw new ShapeError(`pad: ${rows.length} pairs of widths for the ${t.ndim} axes of shape ${showShape(t.shape)}.`);
  return t.shape.map((_, i) => {
    const row = rows[i] ?? rows[0]!;
    if (row.length < 1 || row.length > 2)
      throw new ShapeError(`pad: a width is one number or [before, after], received ${showShape(row)}.`);
    return [wholeNumber("pad", "padWidth", row[0]), wholeNumber("pad", "padWidth", row[1] ?? row[0])];
  });
}

/** @internal The elements at known places of an axis. A few stretches are slices; many single places are gathered. */
export function pick(t: Tensor, axis: number, places: readonly number[]): Tensor {
  const runs: { start: number; size: number; step: number }[] = [];
  for (const i of places) {
    const run = runs.at(-1);
    const step = run ? i - (run.start + (run.size - 1) * run.step) : 0;
    if (run && Math.abs(step) <= 1 && (run.size === 1 || step === run.step)) {
      run.step = step;
      run.size++;
    } else {
      runs.push({ start: i, size: 1, step: 1 });
    }
  }
  if (runs.length === 0) return sliceAxis(t, axis, 0, 0);
  if (runs.length > 8) return take(t, new Tensor(Int32Array.from(places), [places.length]), { axis });
  const parts = runs.map(({ start, size, step }) => {
    if (step !== 0) return sliceAxis(t, axis, start, size, step);
    return broadcast(
      sliceAxis(t, axis, start, 1),
      t.shape.map((n, i) => (i === axis ? size : n)),
    );
  });
  return parts.length === 1 ? parts[0]! : concatenate(parts, { axis });
}
