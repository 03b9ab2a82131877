// Loops and branches that a traced function can hold. Numbers at hand may use JavaScript's own; these work while values are unknown.

import { apply, applyAll } from "../core/apply.js";
import { Program } from "../core/program.js";
import { checkOptions, ShapeError, StateError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { currentTrace, type Tensor, type TensorLike, Trace, tensor } from "../tensor.js";
import { call } from "../wasm.js";
import { choose, filled, iota, reshapeTo, sliceAxis } from "./basics.js";
import { concatenate } from "./join.js";
import { flatten } from "./tree.js";
import { flip, moveaxis } from "./view.js";

/** The value, as a constant of calculus: its derivative is 0. `ops.stopGradient(x)` */
export const stopGradient = op("stopGradient", (variable: TensorLike): Tensor => apply("stop_gradient", [variable]));

export interface ScanOptions<X> {
  /** Tensors whose slices along axis 0 the steps work on; a structure of them, or null. */
  xs?: X;
  /** How many steps; needed without `xs`. */
  length?: number | null;
  /** From the last slice to the first; results stay at their slice's place. */
  reverse?: boolean;
  /** Accepted; the result is the same. */
  unroll?: number | boolean;
}

/**
 * `(carry, y) = f(carry, x)` for each slice `x` of `xs` in turn: returns the last carry and all `y`, stacked.
 *
 * Carry, `xs` and `y` are tensors or arrays and objects of them (null for none). The carry keeps its shapes and types. One loop in the
 * program, whatever the number of steps, with a derivative. Errors: `ShapeError` for a carry that changes, `StateError` for an
 * assignment to a Variable inside. Outside a traced function each call compiles its loop: wrap it in `jit` to keep it.
 * Example: `ops.scan((sum, x) => [ops.add(sum, x), sum], 0, { xs: [1, 2, 3] }) // [6, [0, 1, 3]]`
 */
export const scan = op(
  "scan",
  <C, X = null, Y = unknown>(
    f: (carry: C, x: X) => readonly [C, Y],
    init: C | number,
    options: ScanOptions<X | readonly number[]> = {},
  ): [C, Y] => {
    checkOptions("scan", options, ["xs", "length", "reverse", "unroll"]);
    const start = flatten(init as C, true);
    const given = options.xs ?? null;
    const list =
      Array.isArray(given) && given.length > 0 && given.every((x) => typeof x === "number") ? tensor(given as number[]) : given;
    const slices = flatten(list as X);
    const steps = options.length ?? slices.leaves[0]?.shape[0];
    if (steps === undefined || !Number.isInteger(steps) || steps < 0)
      throw new ValueError("scan: give `xs` or `length`: the number of steps is open.");
    const other = slices.leaves.find((t) => t.shape[0] !== steps);
    if (other)
      throw new ShapeError(`scan: all of xs need ${steps} slices along axis 0, received shape [${other.shape.join(", ")}].`);
    const n = start.leaves.length;
    let assemble: (leaves: readonly Tensor[]) => [C, Y];
    const loop = (values: readonly Tensor[]): Tensor[] => {
      const body = new Trace(true);
      try {
        const traced = body.run(() => {
          const carry = values.slice(0, n).map((t) => body.input(t.shape, t.dtype));
          const parts = values.slice(n).map((t) => body.input(t.shape.slice(1), t.dtype));
          const result = f(start.rebuild(carry), slices.rebuild(parts));
          if (!Array.isArray(result) || result.length !== 2)
            throw new ValueError("scan: f returns [carry, y]; use null for a y that is not needed.");
          const next = flatten(result[0] as C, true);
          const y = flatten(result[1] as Y, true);
          if (next.leaves.length !== n)
            throw new ShapeError(`scan: the carry went in with ${n} tensors and came out with ${next.leaves.length}.`);
          next.leaves.forEach((t, i) => {
            const before = start.leaves[i]!;
            if (t.dtype !== before.dtype || t.shape.join() !== before.shape.join()) {
              throw new ShapeError(
                `scan: the carry keeps its type; it went in as ${before.dtype}[${before.shape.join(", ")}] and came out as ${t.dtype}[${t.shape.join(", ")}].`,
              );
            }
          });
          assemble = (leaves) => [next.rebuild(leaves.slice(0, n)), y.rebuild(leaves.slice(n))];
          return {
            inputs: [...carry, ...parts].map((t) => body.idOf(t)),
            outputs: [...next.leaves, ...y.leaves].map((t) => body.idOf(t)),
          };
        });
        const consts = [...body.captured];
        const handle = body.graph.toBody([...consts.map((c) => body.idOf(c.inner)), ...traced.inputs], traced.outputs);
        try {
          return applyAll("scan", [...consts.map((c) => c.outer), ...values], {
            ints: [consts.length, n, steps, options.reverse ? 1 : 0],
            body: handle,
          });
        } finally {
          call((core) => core.bodyFree(handle));
        }
      } finally {
        body.graph.close();
      }
    };
    const results = inTrace([...start.leaves, ...slices.leaves], loop);
    return assemble!(results);
  },
);

/** Runs `body` in the open trace, or in one of its own that runs at once. */
function inTrace(values: readonly Tensor[], body: (values: readonly Tensor[]) => Tensor[]): Tensor[] {
  if (currentTrace()) return body(values);
  const types = values.map((t) => ({ shape: t.shape, dtype: t.dtype }));
  return Program.trace(types, body).run(values);
}

/** `f` of each slice along axis 0, stacked. `ops.map((x) => ops.multiply(x, 2), ops.array([1, 2])) // [2, 4]` */
export const map = op("map", <X, Y>(f: (x: X) => Y, xs: X): Y => scan<null, X, Y>((_, x) => [null, f(x)], null, { xs })[1]);

/** As `map`: `fn` sees one slice at a time. It runs them in turn, not at once. */
export const vectorizedMap = op("vectorizedMap", <X, Y>(fn: (x: X) => Y, elements: X): Y => map(fn, elements));

/** `value = bodyFun(i, value)` for i from `lower` up to `upper`, which are known numbers. `ops.foriLoop(0, 3, (i, x) => ops.add(x, i), 0) // 3` */
export const foriLoop = op(
  "foriLoop",
  <T>(lower: number, upper: number, bodyFun: (i: Tensor, value: T) => T, initVal: T | number): T => {
    if (!Number.isInteger(lower) || !Number.isInteger(upper)) {
      throw new ValueError(
        "foriLoop: the bounds are whole numbers that are known while tracing; use whileLoop with maximumIterations for others.",
      );
    }
    const steps = Math.max(0, upper - lower);
    return scan<T, Tensor, null>((value, i) => [bodyFun(apply("add", [i, lower]), value), null], initVal as T, {
      xs: iota(steps),
    })[0];
  },
);

/**
 * Repeats `body` while `cond` holds; `loopVars` is one value or an array, whose parts are the functions' arguments.
 *
 * Inside a traced function it needs `maximumIterations`: all of them run, and those after the end change nothing.
 * Errors: `StateError` without that number while traced. Example: `ops.whileLoop((x) => ops.less(x, 9), (x) => ops.multiply(x, 2), 1) // 16`
 */
export const whileLoop = op(
  "whileLoop",
  <T>(
    cond: (...vars: never[]) => TensorLike,
    body: (...vars: never[]) => T,
    loopVars: T | number,
    options: { maximumIterations?: number | null } = {},
  ): T => {
    checkOptions("whileLoop", options, ["maximumIterations"]);
    const most = options.maximumIterations ?? null;
    const spread = (vars: T): never[] => (Array.isArray(vars) ? vars : [vars]) as never[];
    const start = flatten(loopVars as T, true);
    const known = start.leaves.every((t) => !t.isTraced);
    if (known && !currentTrace()) {
      let vars = start.rebuild(start.leaves);
      for (let i = 0; (most === null || i < most) && tensor(cond(...spread(vars))).item() !== 0; i++)
        vars = body(...spread(vars));
      return vars;
    }
    if (most === null)
      throw new StateError("whileLoop: inside a traced function the number of steps is not known; give `maximumIterations`.");
    const begin = start.rebuild(start.leaves);
    const step = ([going, vars]: [Tensor, T]): [[Tensor, T], null] => {
      const on = apply("logical_and", [going, cond(...spread(vars))]);
      const [before, after] = [flatten(vars, true), flatten(body(...spread(vars)), true)];
      return [[on, before.rebuild(after.leaves.map((t, i) => choose(on, t, before.leaves[i]!)))], null];
    };
    return scan<[Tensor, T]>(step, [filled([], 1, "bool"), begin], { length: most })[0][1];
  },
);

/**
 * `trueFn()` where the predicate is true, else `falseFn()`.
 *
 * A predicate at hand runs one of them. A traced one runs both and chooses each result's elements, so both may assign no Variables,
 * and a NaN in the slope of one spoils the other's gradient. Example: `ops.cond(ops.greater(2, 1), () => ops.array(1), () => ops.array(0)) // 1`
 */
export const cond = op("cond", <T>(pred: TensorLike, trueFn: () => T, falseFn: () => T): T => {
  const t = tensor(pred);
  if (t.size !== 1) throw new ShapeError(`cond: the predicate is one truth value, received shape [${t.shape.join(", ")}].`);
  if (!t.isTraced) return t.item() !== 0 ? trueFn() : falseFn();
  return merged("cond", reshapeTo(t, []), trueFn(), falseFn());
});

function merged<T>(where: string, choice: Tensor, yes: T, no: T): T {
  const [a, b] = [flatten(yes, true), flatten(no, true)];
  if (a.leaves.length !== b.leaves.length)
    throw new ShapeError(
      `${where}: all branches return one structure, received ${a.leaves.length} and ${b.leaves.length} tensors.`,
    );
  return a.rebuild(a.leaves.map((t, i) => choose(choice, t, b.leaves[i]!)));
}

/** `branches[index](...operands)`; an index outside takes the nearest. A traced index runs all of them, as `cond` does. */
function switchBranch<T, A extends readonly unknown[]>(
  index: TensorLike,
  branches: readonly ((...operands: A) => T)[],
  ...operands: A
): T {
  const t = tensor(index);
  if (branches.length === 0) throw new ValueError("switch: at least one branch is needed.");
  if (!t.isTraced) return branches[Math.max(0, Math.min(branches.length - 1, t.item()))]!(...operands);
  const results = branches.map((branch) => branch(...operands));
  return results.reduceRight((later, mine, i) => merged("switch", apply("less_equal", [reshapeTo(t, []), i]), mine, later));
}

export { switchBranch as switch };

/**
 * All running combinations along an axis, `y₀ = x₀, yᵢ = f(yᵢ₋₁, xᵢ)`, for an associative `f` of two tensors (or structures), which is
 * called about 2·log₂(n) times on many elements at once.
 *
 * Example: `ops.associativeScan(ops.add, ops.array([1, 2, 3])) // [1, 3, 6]`
 */
export const associativeScan = op(
  "associativeScan",
  <T>(f: (a: T, b: T) => T, elems: T, options: { reverse?: boolean; axis?: number } = {}): T => {
    checkOptions("associativeScan", options, ["reverse", "axis"]);
    const { reverse = false, axis = 0 } = options;
    const given = flatten(elems);
    const turned = (t: Tensor): Tensor => (reverse ? flip(t, { axis: 0 }) : t);
    const start = given.leaves.map((t) => turned(moveaxis(t, axis, 0)));
    const n = start[0]?.shape[0];
    if (n === undefined || start.some((t) => t.shape[0] !== n))
      throw new ShapeError("associativeScan: all tensors need one number of elements along the axis.");
    const combine = (a: readonly Tensor[], b: readonly Tensor[]): Tensor[] =>
      flatten(f(given.rebuild(a), given.rebuild(b))).leaves;
    const part = (ts: readonly Tensor[], from: number, size: number, step = 1): Tensor[] =>
      ts.map((t) => sliceAxis(t, 0, from, size, step));
    // Neighbours are combined, the half as long row is scanned, and the elements between are made from it.
    const run = (ts: readonly Tensor[], length: number): readonly Tensor[] => {
      if (length < 2) return ts;
      const half = Math.floor(length / 2);
      const odd = run(combine(part(ts, 0, half, 2), part(ts, 1, half, 2)), half);
      const evens = Math.ceil(length / 2) - 1;
      const even = evens === 0 ? [] : combine(part(odd, 0, evens), part(ts, 2, evens, 2));
      return ts.map((t, i) => {
        const firsts = evens === 0 ? sliceAxis(t, 0, 0, 1) : concatenate([sliceAxis(t, 0, 0, 1), even[i]!]);
        return interleave(firsts, odd[i]!, length);
      });
    };
    return given.rebuild(run(start, n).map((t) => moveaxis(turned(t), 0, axis)));
  },
);

/** a₀, b₀, a₁, b₁, … */
function interleave(a: Tensor, b: Tensor, length: number): Tensor {
  const rest = a.shape.slice(1);
  const [n, m] = [a.shape[0]!, b.shape[0]!];
  const pairs = concatenate([reshapeTo(sliceAxis(a, 0, 0, m), [m, 1, ...rest]), reshapeTo(b, [m, 1, ...rest])], { axis: 1 });
  const row = reshapeTo(pairs, [2 * m, ...rest]);
  return n === m ? row : sliceAxis(concatenate([row, sliceAxis(a, 0, m, 1)]), 0, 0, length);
}
