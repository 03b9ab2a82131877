// Functions of functions: gradients and compilation.

import { Program } from "./core/program.js";
import { checkOptions, DTypeError, ShapeError, StateError, ValueError } from "./errors.js";
import { type Flat, flatten } from "./ops/tree.js";
import { currentTrace, Tensor, type Trace, tensor } from "./tensor.js";
import type { Variable } from "./variable.js";

/** The structure of an argument with a tensor in the place of each tensor, Variable and number: what a gradient looks like. */
export type Gradient<T> = T extends Tensor | Variable | number
  ? Tensor
  : T extends (...args: never[]) => unknown
    ? T
    : T extends object
      ? { [K in keyof T]: Gradient<T[K]> }
      : T;

type Argnums = number | readonly number[];
/** The gradients that `argnums` asks for: one, or an array of them. */
export type Gradients<A extends readonly unknown[], N extends Argnums> = N extends number
  ? Gradient<A[N]>
  : N extends readonly number[]
    ? { [K in keyof N]: Gradient<A[N[K] & number]> }
    : never;

/**
 * The function that returns `∂f/∂argument`, in the structure of the argument: a tensor, or arrays and objects of them.
 *
 * `f` returns a scalar tensor; `argnums` says which arguments are meant (several: an array of gradients). It nests: `grad(grad(f))` is
 * the second derivative. Variables that `f` reads are constants unless they are its arguments. Works at once and inside `jit`, which
 * keeps the compiled program: `jit(grad(f))`.
 * Errors: `ShapeError` when `f` does not return a scalar, `DTypeError` for an argument of integers.
 * Example: `grad((x: Tensor) => ops.sum(ops.square(x)))(tensor([1, 2])) // [2, 4]`
 */
export function grad<A extends readonly unknown[], const N extends Argnums = 0>(
  f: (...args: A) => Tensor,
  options: { argnums?: N } = {},
): (...args: A) => Gradients<A, N> {
  const both = valueAndGrad(f, options);
  return (...args) => both(...args)[1];
}

/** As `grad`, with the value: `[f(…), gradient]`. `valueAndGrad((x: Tensor) => ops.sum(x))(tensor([3])) // [3, [1]]` */
export function valueAndGrad<A extends readonly unknown[], const N extends Argnums = 0>(
  f: (...args: A) => Tensor,
  options: { argnums?: N } = {},
): (...args: A) => [Tensor, Gradients<A, N>] {
  checkOptions("grad", options, ["argnums"]);
  const argnums: Argnums = options.argnums ?? 0;
  return (...args) => {
    const places = [argnums].flat().map((i) => place(i, args.length));
    const trace = currentTrace();
    if (trace) {
      const { value, gradients, shapes } = pullBack(trace, f, args, places);
      return [value, together(argnums, shapes, gradients)];
    }
    // No trace: one program of value and gradients, whose inputs are all tensors among the arguments.
    const flat = flatten(
      args.map((x, i) => (places.includes(i) ? differentiable(x, i) : flatten(x))).map((part) => part.rebuild(part.leaves)),
    );
    let shapes: Flat<unknown>[] = [];
    const program = Program.trace(typesOf(flat.leaves), (values) => {
      const result = pullBack(currentTrace()!, f, flat.rebuild(values) as unknown as A, places);
      shapes = result.shapes;
      return [result.value, ...result.gradients];
    });
    const [value, ...gradients] = program.run(flat.leaves);
    return [value!, together(argnums, shapes, gradients)];
  };
}

function place(argnum: number, count: number): number {
  const at = argnum < 0 ? argnum + count : argnum;
  if (Number.isInteger(argnum) && at >= 0 && at < count) return at;
  throw new ValueError(`grad: argnums ${argnum} of ${count} arguments.`);
}

/** An argument taken apart, numbers included. Errors: `DTypeError` for integers, `ValueError` without any tensor. */
function differentiable(x: unknown, index: number): Flat<unknown> {
  const flat = flatten(x, true);
  if (flat.leaves.length === 0) throw new ValueError(`grad: argument ${index} holds no tensor.`);
  const whole = flat.leaves.find((t) => t.dtype !== "float32");
  if (whole)
    throw new DTypeError(
      `grad: argument ${index} holds a tensor of ${whole.dtype}; only float32 has a derivative. Cast it, or leave it out by \`argnums\`.`,
    );
  return flat;
}

let aliases = 0;
/**
 * The argument as a value of its own, so that only what `f` does with it counts.
 *
 * NOTE equal nodes are one node: a number among the attributes, which `reshape` does not read, keeps each alias apart.
 */
function alias(trace: Trace, t: Tensor): Tensor {
  aliases = (aliases + 1) % 0x1000000;
  return trace.wrap(trace.graph.emit("reshape", [trace.idOf(t)], { ints: t.shape, floats: [aliases] })[0]!);
}

interface Pulled {
  value: Tensor;
  gradients: Tensor[];
  shapes: Flat<unknown>[];
}

function pullBack<A extends readonly unknown[]>(
  trace: Trace,
  f: (...args: A) => Tensor,
  args: A,
  places: readonly number[],
): Pulled {
  const parts = places.map((i) => differentiable(args[i], i));
  const fresh = parts.map((part) => part.leaves.map((t) => alias(trace, t)));
  const changed = args.map((x, i) =>
    places.includes(i) ? parts[places.indexOf(i)]!.rebuild(fresh[places.indexOf(i)]!) : x,
  ) as unknown as A;
  const result: unknown = f(...changed);
  const value = result instanceof Tensor ? result : typeof result === "number" ? tensor(result) : undefined;
  if (!value) {
    const what = result instanceof Promise ? "a promise; it must not be async" : result === null ? "null" : typeof result;
    throw new StateError(`grad: the function must return a scalar tensor, it returned ${what}.`);
  }
  if (value.ndim !== 0) {
    throw new ShapeError(
      `grad: the function must return a scalar, it returned shape [${value.shape.join(", ")}]. Reduce it, for example by ops.mean or ops.sum.`,
    );
  }
  if (value.dtype !== "float32")
    throw new DTypeError(`grad: the function must return float32, it returned ${value.dtype}; integers have no derivative.`);
  const gradients = trace.graph.grad(
    trace.idOf(value),
    fresh.flat().map((t) => trace.idOf(t)),
  );
  return { value, gradients: gradients.map((v) => trace.wrap(v)), shapes: parts };
}

/** Gradients in the structures of their arguments. */
function together<A extends readonly unknown[], N extends Argnums>(
  argnums: Argnums,
  shapes: readonly Flat<unknown>[],
  gradients: readonly Tensor[],
): Gradients<A, N> {
  let at = 0;
  const built = shapes.map((shape) => {
    at += shape.leaves.length;
    return shape.rebuild(gradients.slice(at - shape.leaves.length, at));
  });
  return (typeof argnums === "number" ? built[0] : built) as Gradients<A, N>;
}

const typesOf = (ts: readonly Tensor[]): { shape: readonly number[]; dtype: Tensor["dtype"] }[] =>
  ts.map(({ shape, dtype }) => ({ shape, dtype }));

/** Programs that one jitted function keeps; the one longest unused goes first. */
const KEPT = 64;

/**
 * `f`, compiled on its first call for each form of its arguments: shapes and types of tensors, and the values of everything else.
 *
 * Arguments and results are tensors, or arrays and objects of them; a number is part of the form, so pass one that changes as a tensor.
 * Variables are read and written by each call. `f` itself runs once per form: `console.log` inside speaks once, and a tensor from
 * outside that is not a Variable stays what it was. Inside another traced function it is part of that one.
 * Errors: `StateError` when `f` reads a value that is not known (an `if` on a tensor).
 * Example: `const f = jit((x: Tensor) => ops.sum(ops.square(x))); f(tensor([1, 2])) // 5`
 */
export function jit<A extends readonly unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  const programs = new Map<string, { program: Program; rebuild: (leaves: readonly Tensor[]) => R }>();
  return (...args) => {
    if (currentTrace()) return f(...args);
    const flat = flatten(args);
    let compiled = programs.get(flat.key);
    if (compiled) {
      programs.delete(flat.key);
    } else {
      let rebuild: (leaves: readonly Tensor[]) => R;
      const program = Program.trace(typesOf(flat.leaves), (values) => {
        const result = flatten(f(...(flat.rebuild(values) as unknown as A)));
        rebuild = result.rebuild;
        return result.leaves;
      });
      compiled = { program, rebuild: rebuild! };
    }
    programs.set(flat.key, compiled); // to the end: the map is in order of last use
    if (programs.size > KEPT) programs.delete(programs.keys().next().value!);
    return compiled.rebuild(compiled.program.run(flat.leaves));
  };
}
