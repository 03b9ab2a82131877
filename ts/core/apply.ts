// `apply`: every op goes through here, into the open trace or computed at once.

import { StateError } from "../errors.js";
import { currentTrace, Tensor, type TensorLike, tensor } from "../tensor.js";
import type { Attributes } from "../trace.js";
import type { DType } from "./dtype.js";
import { Program } from "./program.js";

/** An operand whose type is decided by the others: a plain number. */
const isWeak = (x: TensorLike): x is number | boolean => typeof x === "number" || typeof x === "boolean";

/** Operands as tensors; plain numbers take the type of the tensors beside them (a fraction beside integers makes float32, as in Keras). */
export function operands(inputs: readonly TensorLike[]): Tensor[] {
  if (inputs.every((x) => x instanceof Tensor)) return inputs as Tensor[];
  const strong = inputs.map((x) => (isWeak(x) ? null : tensor(x)));
  const beside = strong.find((t) => t !== null && t.dtype !== "bool") ?? strong.find((t) => t !== null);
  return inputs.map((x, i) => {
    const t = strong[i];
    if (t) return t;
    if (typeof x === "boolean") return scalar(x ? 1 : 0, "bool");
    const number = x as number;
    const whole = Number.isInteger(number);
    const dtype = !beside
      ? "float32"
      : beside.dtype === "float32" || !whole
        ? "float32"
        : beside.dtype === "bool"
          ? "int32"
          : beside.dtype;
    return scalar(number, dtype);
  });
}

const scalars = new Map<DType, Map<number, Tensor>>();
let keptScalars = 0;
/** A scalar Tensor; equal ones are one object, so that a trace holds them once. */
export function scalar(x: number, dtype: DType): Tensor {
  if (Object.is(x, -0)) return new Tensor([x], [], { dtype }); // a Map takes it for 0
  let known = scalars.get(dtype);
  if (!known) {
    known = new Map();
    scalars.set(dtype, known);
  }
  let t = known.get(x);
  if (!t) {
    t = new Tensor([x], [], { dtype });
    if (keptScalars++ < 4096) known.set(x, t);
  }
  return t;
}

/** A number as a key: −0 is not 0, though it prints so. */
const digits = (x: number): number | string => (Object.is(x, -0) ? "-0" : x);

const eager = new Map<string, Program>();
const EAGER_PROGRAMS = 512;

/**
 * Emits an op into the open trace, or computes it at once when there is none; returns all its results.
 *
 * Every function of `ops` goes through here. Errors: `ShapeError` from the op's shape rule.
 */
export function applyAll(op: string, inputs: readonly TensorLike[], attributes: Attributes = {}): Tensor[] {
  const given = operands(inputs);
  const trace = currentTrace();
  if (trace) {
    const ids = given.map((t) => trace.idOf(t));
    return trace.graph.emit(op, ids, attributes).map((v) => trace.wrap(v));
  }
  for (const t of given) {
    if (t.isTraced)
      throw new StateError(
        "This tensor was made inside a traced function that has ended: return it from the function instead of keeping it in a variable.",
      );
  }
  const types = given.map((t, i) => (isWeak(inputs[i]!) ? `${t.dtype}=${digits(t.data[0]!)}` : `${t.dtype}[${t.shape}]`));
  const key = `${op}|${types.join()}|${attributes.ints?.join() ?? ""}|${attributes.floats?.map(digits).join() ?? ""}`;
  const cacheable = attributes.words === undefined && attributes.body === undefined;
  let program = cacheable ? eager.get(key) : undefined;
  if (program) {
    eager.delete(key); // to the end: the map is in order of last use
  } else {
    const strong = given.filter((_, i) => !isWeak(inputs[i]!));
    program = Program.trace(
      strong.map((t) => ({ shape: t.shape, dtype: t.dtype })),
      (values) => {
        let next = 0;
        return applyAll(
          op,
          given.map((t, i) => (isWeak(inputs[i]!) ? t : values[next++]!)),
          attributes,
        );
      },
    );
  }
  if (cacheable) {
    eager.set(key, program);
    if (eager.size > EAGER_PROGRAMS) eager.delete(eager.keys().next().value!);
  }
  return program.run(given.filter((_, i) => !isWeak(inputs[i]!)));
}

/** The first result of `applyAll`. */
export function apply(op: string, inputs: readonly TensorLike[], attributes?: Attributes): Tensor {
  return applyAll(op, inputs, attributes)[0]!;
}
