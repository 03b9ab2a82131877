// Shapes and types of results by tracing: a call is traced with stand-ins for the unknown sizes, twice; what differs is unknown in the result.

import type { DType } from "../core/dtype.js";
import { leavesOf, mapStructure, type PartialShape, type Structure, type TensorTree } from "../core/structure.js";
import { KeratinError, ShapeError } from "../errors.js";
import { type Tensor, Trace } from "../tensor.js";
import { isSpec, type TensorSpec } from "./node.js";

/** Sizes for an unknown batch and for any other unknown axis; by two such pairs every result is traced. */
type StandIns = readonly [batch: number, other: number];

// With many divisors, as a reshape or a split may want them, and large enough for windows and strides. Where these give tensors that are too
// large, smaller ones come; where they are too small for a window, larger ones.
const TRIED: readonly (readonly [StandIns, StandIns])[] = [
  [
    [60, 240],
    [120, 360],
  ],
  [
    [4, 24],
    [6, 48],
  ],
  [
    [1, 12],
    [2, 24],
  ],
  [
    [2, 2520],
    [3, 3780],
  ],
];
// For the message when all fail: sizes that stand in no message by accident, smaller ones where those are too large.
const TOLD: typeof TRIED = [
  [
    [997, 1009],
    [991, 1013],
  ],
  [
    [13, 67],
    [17, 71],
  ],
];

/**
 * What `call` returns for inputs of these shapes and types, which may have unknown sizes. `name` is for errors; `operands` are all tensors of
 * the call, symbolic and other ones.
 */
export function inferSpecs(
  name: string,
  inputs: readonly TensorSpec[],
  call: (values: readonly Tensor[]) => TensorTree,
  operands: readonly { readonly shape: PartialShape }[] = inputs,
): Structure<TensorSpec | null> {
  if (!inputs.some((spec) => spec.shape.includes(null))) return trace(inputs, TOLD[0]![0], call);
  const matched = alike(inputs, operands);
  const ways = [...TRIED.map((pair) => ({ pair, inputs })), ...(matched ? [{ pair: TRIED[0]!, inputs: matched }] : [])];
  for (const way of ways) {
    try {
      return compare(name, way.inputs, way.pair, call);
    } catch (error) {
      if (!(error instanceof KeratinError)) throw error;
    }
  }
  try {
    return compare(name, inputs, TOLD[0]!, call);
  } catch (error) {
    if (!(error instanceof KeratinError && error.message.includes("larger than the memory"))) throw error;
    return compare(name, inputs, TOLD[1]!, call);
  }
}

/** The results of two traces as one: what differs is unknown. */
function compare(
  name: string,
  inputs: readonly TensorSpec[],
  [one, other]: readonly [StandIns, StandIns],
  call: (values: readonly Tensor[]) => TensorTree,
): Structure<TensorSpec | null> {
  const first = trace(inputs, one, call);
  const second = leavesOf<TensorSpec | null>(trace(inputs, other, call), isSpec);
  let at = 0;
  return mapStructure<TensorSpec | null, TensorSpec | null>(
    first,
    (a) => {
      const b = second[at++] ?? null;
      if (a === null || b === null) return null;
      if (a.shape.length !== b.shape.length)
        throw new ShapeError(
          `${name}: the number of output axes depends on an unknown size; say the output shape with computeOutputShape.`,
        );
      return { shape: a.shape.map((d, i) => (d === b.shape[i] ? d : null)), dtype: a.dtype };
    },
    isSpec,
  );
}

/** The inputs with unknown sizes taken from the known one at the same place, counted from the end, of an operand; null when there is none. */
function alike(inputs: readonly TensorSpec[], operands: readonly { readonly shape: PartialShape }[]): TensorSpec[] | null {
  let found = false;
  const same = inputs.map((spec) => ({
    ...spec,
    shape: spec.shape.map((d, axis) => {
      if (d !== null) return d;
      const known = operands.map(({ shape }) => shape[shape.length - spec.shape.length + axis] ?? null).filter((n) => n !== null);
      const there = known.find((n) => n !== 1) ?? known[0];
      found ||= there !== undefined;
      return there ?? null;
    }),
  }));
  return found ? same : null;
}

function trace(
  inputs: readonly TensorSpec[],
  standIns: StandIns,
  call: (values: readonly Tensor[]) => TensorTree,
): Structure<TensorSpec | null> {
  const open = new Trace();
  try {
    return open.run(() => {
      const values = inputs.map((spec) =>
        open.input(
          spec.shape.map((d, axis) => d ?? standIns[axis === 0 ? 0 : 1]),
          spec.dtype as DType,
        ),
      );
      return mapStructure<Tensor | null, TensorSpec | null>(call(values), (t) =>
        t === null ? null : { shape: t.shape, dtype: t.dtype },
      );
    });
  } catch (error) {
    if (error instanceof KeratinError) sayUnknown(error, standIns);
    throw error;
  } finally {
    open.graph.close();
  }
}

/** Shapes in a message are those of the user, who knows no stand-ins: `[null, 3]`. */
function sayUnknown(error: Error, standIns: StandIns): void {
  const said = error.message.replace(new RegExp(`\\b(${standIns.join("|")})\\b`, "g"), "null");
  error.stack = error.stack?.replace(error.message, said);
  error.message = said;
}
