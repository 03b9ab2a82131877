// Notation for sums of products (`einsum`) and for moves of axes (`rearrange`): parsed here, computed by transposes, reshapes and `matmul`.

import { apply } from "../core/apply.js";
import { ShapeError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { sizeOf, type Tensor, type TensorLike, tensor } from "../tensor.js";
import { broadcast, reshapeTo, type Shape, showShape, transposeTo } from "./basics.js";
import { diagonal } from "./diagonal.js";
import { product } from "./linalg.js";
import { reduce } from "./reduction.js";

/** A tensor whose axes have names. */
interface Term {
  t: Tensor;
  labels: readonly string[];
}

/**
 * Sums of products in Einstein's notation: a letter names an axis, letters missing on the right are summed over.
 *
 * A letter twice in one term takes the diagonal; `...` stands for leading axes, which broadcast; without `->` the letters that occur
 * once are kept, in the order of the alphabet. Errors: `ValueError` for a notation that does not parse, `ShapeError` for sizes that differ.
 * Example: `ops.einsum("ij,jk->ik", a, b)` is `ops.matmul(a, b)`; `ops.einsum("ii->", a)` the trace.
 */
export const einsum = op("einsum", (subscripts: string, ...operands: TensorLike[]): Tensor => {
  const { terms, output } = parse(
    subscripts,
    operands.map((x) => tensor(x)),
  );
  const needed = (label: string, after: number): boolean =>
    output.includes(label) || terms.slice(after).some((term) => term.labels.includes(label));
  const first = alone(terms[0]!, (label) => needed(label, 1));
  const { t, labels } = terms.slice(1).reduce((a, term, i) => {
    const b = alone(term, (label) => a.labels.includes(label) || needed(label, i + 2));
    return pair(a, b, (label) => needed(label, i + 2));
  }, first);
  return transposeTo(
    t,
    output.map((label) => labels.indexOf(label)),
  );
});

function parse(subscripts: string, operands: readonly Tensor[]): { terms: Term[]; output: string[] } {
  const bad = (what: string): ValueError => new ValueError(`einsum: ${what} in ${JSON.stringify(subscripts)}.`);
  const [left, right, ...more] = subscripts.replaceAll(" ", "").split("->");
  if (left === undefined || more.length > 0) throw bad('more than one "->"');
  const inputs = left.split(",");
  if (inputs.length !== operands.length) throw bad(`${inputs.length} terms, but ${operands.length} tensors,`);
  for (const text of right === undefined ? inputs : [...inputs, right]) {
    if (!/^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(text)) throw bad(`${JSON.stringify(text)} is not letters and at most one "..."`);
  }
  const dotsOf = (text: string, t: Tensor): number => (text.includes("...") ? t.ndim - text.replace("...", "").length : 0);
  const most = Math.max(0, ...inputs.map((text, i) => dotsOf(text, operands[i]!)));
  /** The names of the axes behind "...": numbers, aligned at the end. */
  const dots = (count: number): string[] => Array.from({ length: count }, (_, i) => String(most - count + i));
  const expand = (text: string, count: number): string[] => {
    const [before, behind] = text.split("...");
    return behind === undefined ? [...before!] : [...before!, ...dots(count), ...behind];
  };
  const terms = inputs.map((text, i) => {
    const t = operands[i]!;
    const labels = expand(text, dotsOf(text, t));
    if (labels.length !== t.ndim || dotsOf(text, t) < 0)
      throw bad(`${JSON.stringify(text)} does not name the ${t.ndim} axes of shape ${showShape(t.shape)}`);
    return { t, labels };
  });
  const all = terms.flatMap((term) => term.labels);
  const once = [...new Set(all)]
    .filter((label) => /[A-Za-z]/.test(label) && all.indexOf(label) === all.lastIndexOf(label))
    .sort();
  const output = right === undefined ? [...dots(most), ...once] : expand(right, most);
  const unknown = output.find((label) => !all.includes(label));
  if (unknown !== undefined) throw bad(`the result's ${JSON.stringify(unknown)} is in no term`);
  if (new Set(output).size !== output.length) throw bad("the result names an axis twice");
  return { terms, output };
}

/** Repeated labels become diagonals, labels that nobody needs are summed over. */
function alone(term: Term, needed: (label: string) => boolean): Term {
  let { t, labels } = term;
  for (;;) {
    const second = labels.findIndex((label, i) => labels.indexOf(label) < i);
    if (second < 0) break;
    const first = labels.indexOf(labels[second]!);
    if (t.shape[first] !== t.shape[second]) {
      throw new ShapeError(
        `einsum: ${JSON.stringify(labels[second])} names axes of sizes ${t.shape[first]} and ${t.shape[second]} of one tensor.`,
      );
    }
    t = diagonal(t, { axis1: first, axis2: second });
    labels = [...labels.filter((_, i) => i !== first && i !== second), labels[second]!];
  }
  const spare = labels.map((_, i) => i).filter((i) => !needed(labels[i]!));
  return spare.length === 0 ? { t, labels } : { t: reduce("sum", t, spare), labels: labels.filter(needed) };
}

/** The product of two terms, summed over the labels that both have and nobody needs afterwards. */
function pair(a: Term, b: Term, needed: (label: string) => boolean): Term {
  const both = a.labels.filter((label) => b.labels.includes(label));
  const [batch, summed] = [both.filter(needed), both.filter((label) => !needed(label))];
  const [freeA, freeB] = [a.labels.filter((label) => !both.includes(label)), b.labels.filter((label) => !both.includes(label))];
  const size = (label: string): number => {
    const sizes = [a, b].flatMap(({ t, labels }) => (labels.includes(label) ? [t.shape[labels.indexOf(label)]!] : []));
    const largest = sizes.find((n) => n !== 1) ?? 1;
    if (sizes.some((n) => n !== 1 && n !== largest))
      throw new ShapeError(`einsum: ${JSON.stringify(label)} names axes of sizes ${sizes.join(" and ")}.`);
    return largest;
  };
  const sizes = (labels: readonly string[]): number[] => labels.map(size);
  /** The term with its axes in this order, size-1 axes of shared labels spread out. */
  const arranged = ({ t, labels }: Term, order: readonly string[]): Tensor =>
    broadcast(
      transposeTo(
        t,
        order.map((label) => labels.indexOf(label)),
      ),
      sizes(order),
    );
  const labels = [...batch, ...freeA, ...freeB];
  if (summed.length === 0 || (freeA.length === 0 && freeB.length === 0)) {
    // No sum, or nothing but batch and sum: elementwise, with axes of size 1 for the other's labels.
    const order = [...batch, ...summed, ...freeA, ...freeB];
    const wide = (term: Term): Tensor => {
      const own = order.filter((label) => term.labels.includes(label));
      return reshapeTo(
        arranged(term, own),
        order.map((label) => (own.includes(label) ? size(label) : 1)),
      );
    };
    const terms = apply("multiply", [wide(a), wide(b)]);
    return {
      t:
        summed.length === 0
          ? terms
          : reduce(
              "sum",
              terms,
              summed.map((_, i) => batch.length + i),
            ),
      labels,
    };
  }
  const count = (list: readonly string[]): number => sizeOf(sizes(list));
  const lead: Shape = batch.length === 0 ? [] : [count(batch)];
  const left = reshapeTo(arranged(a, [...batch, ...freeA, ...summed]), [...lead, count(freeA), count(summed)]);
  const right = reshapeTo(arranged(b, [...batch, ...summed, ...freeB]), [...lead, count(summed), count(freeB)]);
  return { t: reshapeTo(product(left, right), sizes(labels)), labels };
}

/**
 * Axes moved, merged and split by name, as in einops: `"b (h w) c -> b c h w"`; sizes that cannot be worked out are given.
 *
 * Errors: `ValueError` for a pattern that does not parse or leaves a size open, `ShapeError` for one that does not fit.
 * Example: `ops.rearrange(x, "b (h w) -> b w h", { h: 2 })`: [3, 8] → [3, 4, 2].
 */
export const rearrange = op(
  "rearrange",
  (x: TensorLike, pattern: string, axesLengths: Readonly<Record<string, number>> = {}): Tensor => {
    const t = tensor(x);
    const bad = (what: string): ValueError => new ValueError(`rearrange: ${what} in ${JSON.stringify(pattern)}.`);
    const sides = pattern.split("->");
    if (sides.length !== 2) throw bad('one "->" is needed');
    const [left, right] = sides.map((side) => groupsOf(side, bad)) as [string[][], string[][]];
    // "..." stands for as many axes as are left; they get names of their own.
    const open = t.ndim - (left.length - (left.some(isDots) ? 1 : 0));
    const dots = Array.from({ length: Math.max(0, open) }, (_, i) => [`.${i}`]);
    const expand = (groups: string[][]): string[][] => groups.flatMap((g) => (isDots(g) ? dots : [g]));
    const [from, to] = [expand(left), expand(right)];
    if (from.length !== t.ndim)
      throw new ShapeError(
        `rearrange: ${JSON.stringify(pattern)} names ${from.length} axes, the shape is ${showShape(t.shape)}.`,
      );
    const lengths = new Map(Object.entries(axesLengths));
    from.forEach((group, i) => {
      const unknown = group.filter((name) => !lengths.has(name));
      const known = group.reduce((n, name) => n * (lengths.get(name) ?? 1), 1);
      if (unknown.length > 1) throw bad(`the sizes of ${unknown.join(" and ")} are open`);
      const rest = t.shape[i]! / known;
      if (unknown.length === 1 && Number.isInteger(rest)) lengths.set(unknown[0]!, rest);
      else if (unknown.length === 1 || rest !== 1)
        throw new ShapeError(`rearrange: (${group.join(" ")}) is not ${t.shape[i]}, the size of axis ${i}.`);
    });
    const [names, wanted] = [from.flat(), to.flat()];
    if (new Set(names).size !== names.length || [...names].sort().join() !== [...wanted].sort().join())
      throw bad("each name stands once on either side, which is not so");
    const length = (name: string): number => lengths.get(name)!;
    const split = reshapeTo(t, names.map(length));
    const moved = transposeTo(
      split,
      wanted.map((name) => names.indexOf(name)),
    );
    return reshapeTo(
      moved,
      to.map((group) => group.reduce((n, name) => n * length(name), 1)),
    );
  },
);

const isDots = (group: readonly string[]): boolean => group[0] === "...";

/** `"a (b c) 1"` → `[["a"], ["b", "c"], []]`. */
function groupsOf(side: string, bad: (what: string) => Error): string[][] {
  const tokens = side.match(/\.\.\.|\(|\)|[A-Za-z_][A-Za-z0-9_]*|1|\S/g) ?? [];
  const groups: string[][] = [];
  let group: string[] | null = null;
  for (const token of tokens) {
    if (token === "(" && !group) group = [];
    else if (token === ")" && group) {
      groups.push(group);
      group = null;
    } else if (/^[A-Za-z_]/.test(token) || token === "..." || token === "1") {
      if (token === "..." && group) throw bad('"..." inside brackets');
      const names = token === "1" ? [] : [token];
      if (group) group.push(...names);
      else groups.push(names);
    } else throw bad(`an unexpected ${JSON.stringify(token)}`);
  }
  if (group) throw bad('a "(" without its ")"');
  return groups;
}
