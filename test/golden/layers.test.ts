// Layers against what Keras recorded: outputs, masks, losses, state, weight paths, gradients of inputs and weights.

import { clearSession, grad, type Layer, ops, saving, type Tensor, type Variable } from "keratin";
import { beforeEach, describe, expect, test } from "vitest";
import { agrees, type Case, topic } from "../goldenReader.js";
import { argument, camelKeys, leaves, mapTree, objectOf, type Topic } from "./call.js";
import { CASES, INEXACT, LAYERS } from "./later.js";

const CLOSE = { rtol: 1e-6, atol: 1e-6 };
/** Half precision inside: what is stored has three digits. */
const HALF = { rtol: 2e-2, atol: 2e-2 };
/** Sums over pixels of up to 255, which cancel: 1e-6 of their range. */
const PIXELS = { rtol: 1e-6, atol: 255e-6 };

interface Golden extends Case {
  args: unknown[];
  call?: object;
  weights: { array: string; path: string; trainable: boolean }[];
  rng_state?: { array: string }[];
  outputs: string[];
  output_masks?: (string | null)[];
  losses?: number[];
  weights_after?: { array: string; path: string; index?: number; rng_state_index?: number }[];
  grad?: { projections: (string | null)[]; inputs: (string | null)[]; weights: (string | null)[] };
}

beforeEach(clearSession); // names are counted from the start, as they were when the cases were recorded

const isLater = (name: string, c: Case): boolean => c.class in LAYERS || `${name}/${c.id}` in CASES;

describe.each(["layers_core", "layers_conv", "layers_image", "layers_keras2", "layers_merging", "layers_normalization", "layers_pooling", "layers_preprocessing", "layers_regularization", "layers_reshaping", "layers_rnn"])("%s", (name) => {
  const t = topic(name);
  test.each(t.cases.filter((c) => !isLater(name, c)) as Golden[])("$id", (c) => checkLayer(t, c, INEXACT[`${name}/${c.id}`]));
});

/** `inexact` is how far from the exact value is what Keras recorded. */
function checkLayer(t: Topic, c: Golden, inexact = 0): void {
  const close = { rtol: CLOSE.rtol, atol: CLOSE.atol + inexact };
  const tolerance = /float16/.test(JSON.stringify(c.config)) ? HALF : c.class === "Resizing" ? PIXELS : close;
  const layer = objectOf("keras.layers", c, c.config ?? c.init); // classes of Keras 2 are recorded by their arguments alone
  // Before the layer is built, as it was recorded: Keras completes some configs when it builds.
  if (c.config) expect((saving.serialize(layer) as { config: unknown }).config).toEqual(c.config);
  if (c.kind === "preprocessing") {
    checkAdapted(t, c, layer as Adaptive);
    return;
  }
  const args = mapTree(c.args, (n) => t.tensor(c, n)) as never[];
  const options = camelKeys(argument(t, c, c.call ?? {}) as object) as never;
  layer.apply(...args, options); // builds it
  expect(layer.weights.map((w) => w.path)).toEqual(c.weights.map((w) => w.path));

  const prepare = (): void => {
    layer.setWeights(c.weights.map((w) => t.tensor(c, w.array)));
    c.rng_state?.forEach((s, i) => generators(layer)[i]!.assign(t.tensor(c, s.array)));
  };
  prepare();
  const outputs = leaves(layer.apply(...args, options));
  c.outputs.forEach((o, i) => agrees(outputs[i]!, t.array(c, o), { ...tolerance, what: `output ${i}` }));
  c.output_masks?.forEach((m, i) => {
    if (m === null) expect(outputs[i]!.mask).toBeNull();
    else agrees(outputs[i]!.mask!, t.array(c, m), { rtol: 0, atol: 0, what: `mask ${i}` });
  });
  if (c.losses) {
    expect(layer.losses).toHaveLength(c.losses.length);
    c.losses.forEach((want, i) =>
      expect(Math.abs(layer.losses[i]!.item() - want)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(want))),
    );
  }
  for (const a of c.weights_after ?? []) {
    const variable = a.index !== undefined ? layer.weights[a.index]! : generators(layer)[a.rng_state_index!]!;
    agrees(variable.value, t.array(c, a.array), { ...tolerance, what: `after the call: ${a.path}` });
  }
  if (c.grad) {
    prepare();
    checkGradients(t, c, layer, args, options, tolerance);
  }
}

type Adaptive = Layer & { adapt(data: Tensor): void };

/** Layers that look at data first: what they learn from it, and their outputs. */
function checkAdapted(t: Topic, c: Golden, layer: Adaptive): void {
  if (c.adapt) layer.adapt(argument(t, c, c.adapt) as Tensor);
  const args = c.args.map((a) => argument(t, c, a)) as never[];
  const output = layer.apply(...args, camelKeys(argument(t, c, c.call ?? {}) as object) as never);
  agrees(output, t.array(c, c.outputs[0]!), { ...CLOSE, what: "output" });
  expect(layer.weights.map((w) => w.path)).toEqual(c.weights.map((w) => w.path));
  c.weights.forEach((w, i) => agrees(layer.weights[i]!.value, t.array(c, w.array), { ...CLOSE, what: w.path }));
  expect((saving.serialize(layer) as { config: unknown }).config).toEqual(c.config); // with the boundaries that it found
}

/** States of random generators: what `variables` has beyond the weights. */
const generators = (layer: Layer): Variable[] => layer.variables.filter((v) => !layer.weights.includes(v));

/** The gradient of Σ outᵢ·projectionᵢ by the float inputs and the trainable weights. */
function checkGradients(t: Topic, c: Golden, layer: Layer, args: never[], options: never, tolerance: object): void {
  const { projections, inputs, weights } = c.grad!;
  const flat = leaves(args);
  const wanted = inputs.flatMap((g, i) => (g === null ? [] : [i]));
  const state = layer.nonTrainableVariables.map((v) => v.value);
  const loss = (own: Tensor[], xs: Tensor[]): Tensor => {
    let next = 0;
    const given = mapTree(args, (leaf) => {
      const at = wanted.indexOf(next++);
      return at < 0 ? leaf : xs[at];
    }) as never[];
    // mapTree sees a Tensor as a leaf, so `given` is `args` with traced tensors in the places of those that have a gradient.
    const [out] = layer.statelessCall(own, state, ...given, options) as unknown as [unknown];
    const parts = leaves(out).flatMap((o, i) =>
      projections[i] ? [ops.sum(ops.multiply(ops.cast(o, "float32"), t.tensor(c, projections[i])))] : [],
    );
    return parts.reduce((a, b) => ops.add(a, b));
  };
  const values = layer.trainableWeights.map((v) => v.value);
  const at = [wanted.length > 0 ? 1 : -1, values.length > 0 ? 0 : -1].filter((i) => i >= 0);
  const found = grad(loss as (...a: unknown[]) => Tensor, { argnums: at })(
    values,
    wanted.map((i) => flat[i]!),
  ) as unknown as Tensor[][];
  const of = (argument: number): Tensor[] => found[at.indexOf(argument)] ?? [];
  wanted.forEach((i, j) => agrees(of(1)[j]!, t.array(c, inputs[i]), { ...tolerance, what: `gradient of input ${i}` }));
  weights
    .filter((w) => w !== null)
    .forEach((w, j) => agrees(of(0)[j]!, t.array(c, w), { ...tolerance, what: `gradient of weight ${j}` }));
}
