// What happens around a layer's `call`: which masks go in, what may come out, which mask goes with it.

import { isPlainObject, mapStructure, type TensorTree, tensorsOf, toTensors } from "../core/structure.js";
import { classOf, show, ValueError } from "../errors.js";
import * as ops from "../ops.js";
import { Tensor } from "../tensor.js";
import { Variable } from "../variable.js";

/** Options of one call. */
export interface CallOptions {
  /** Training or inference? Default: as the enclosing call, else inference. */
  training?: boolean | null;
  /** Which steps of the input count; default: the mask that travels with it. */
  mask?: TensorTree;
  readonly [key: string]: unknown;
}

/** What `call` receives: the options of the call with `training` and `mask` decided. */
export type CallArguments = CallOptions & { training: boolean; mask: TensorTree };

export const hasTensor = (tree: TensorTree): boolean => tensorsOf(tree).length > 0;

/** The option that holds the mask of one of several inputs. */
export const maskName = (names: readonly string[], i: number): string => `${names[i] ?? `input${i}`}Mask`;

/**
 * The masks that `call` receives: given ones, else those that travel with the inputs. Several inputs give `<name>Mask` each.
 */
export function masksFor(
  inputs: readonly TensorTree[],
  options: CallOptions,
  names: readonly string[],
  layer: string,
): { previousMask: TensorTree; masks: { mask: TensorTree } & Record<string, unknown> } {
  const attached = inputs.map((tree) => mapStructure<Tensor | null, Tensor | null>(tree, (t) => t?.mask ?? null));
  const given = options.mask === undefined || options.mask === null ? null : toTensors(options.mask, layer);
  const previousMask = given ?? attached[0] ?? null;
  const masks: { mask: TensorTree } & Record<string, unknown> = { mask: hasTensor(previousMask) ? previousMask : null };
  if (inputs.length > 1) {
    attached.forEach((mask, i) => {
      const key = maskName(names, i);
      if (options[key] === undefined && hasTensor(mask)) masks[key] = mask;
    });
  }
  return { previousMask, masks };
}

/** Gives outputs that have no mask theirs. */
export function attachMask(outputs: TensorTree, mask: TensorTree): void {
  if (!hasTensor(mask)) return;
  const tensors = tensorsOf(outputs);
  const masks = Array.isArray(mask) ? (mask as readonly (Tensor | null)[]) : tensors.map(() => mask as Tensor);
  tensors.forEach((t, i) => {
    t.mask ??= masks[i] ?? null;
  });
}

/** Errors: `ValueError` when `call` returned something that is no tensor, naming the layer and what it was. */
export function checkOutputs(outputs: unknown, layer: { readonly name: string }): asserts outputs is TensorTree {
  const check = (x: unknown): void => {
    if (x instanceof Tensor) return;
    const parts = Array.isArray(x) ? x : isPlainObject(x) ? Object.values(x) : [];
    if (parts.length === 0) {
      throw new ValueError(
        `${classOf(layer)}.call() of layer "${layer.name}" must return a tensor, or an array or object of tensors; it returned ${what(x)}.`,
      );
    }
    for (const y of parts) if (y !== null) check(y);
  };
  check(outputs);
}

function what(x: unknown): string {
  if (x instanceof Promise) return "a promise: call must not be async";
  if (x instanceof Variable) return "a Variable: return its value";
  if (Array.isArray(x)) return "an empty array";
  return show(x);
}

/** A penalty per sample: divided by the batch size, as it is for a scalar. */
export const perSample = (penalty: Tensor, output: Tensor): Tensor =>
  output.ndim === 0 ? penalty : ops.divide(penalty, Math.max(1, output.shape[0]!));
