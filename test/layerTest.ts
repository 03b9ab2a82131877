// layerTest: one call runs every check that all layers share, on a layer class and its options.

import { describe, expect, test, vi } from "vitest";
import type { PartialShape } from "../ts/core/structure.js";
import { grad, valueAndGrad } from "../ts/functions.js";
import { Input } from "../ts/layers/input.js";
import type { Layer } from "../ts/layers/layer.js";
import { Model } from "../ts/models/model.js";
import * as ops from "../ts/ops.js";
import * as saving from "../ts/saving.js";
import { Tensor, type TensorLike, tensor } from "../ts/tensor.js";
import { sameBitsOnDirtyMemory } from "./dirtyMemory.js";
import { gradientsAreExact } from "./oracle.js";

type LayerClass = {
  new (...args: never[]): Layer;
  fromConfig(config: Record<string, unknown>): Layer;
  readonly className: string;
};

export interface LayerTestOptions {
  /** Parameters by position. */
  args?: readonly unknown[];
  options?: Record<string, unknown>;
  /** Known sizes, the batch first; a list of shapes for a layer that takes a list of tensors. */
  inputShape: readonly number[] | readonly (readonly number[])[];
  /** Expected output shape, the batch first; null where it must be unknown for an unknown batch. */
  outputShape: PartialShape;
  /** Names of the weights, in order. */
  weights?: readonly string[];
  supportsMasking?: boolean;
  /** The mask of the output for inputs with these masks; default: the first one, or null for a layer that does not support masking. */
  maskAfter?: (masks: readonly Tensor[], inputs: readonly Tensor[]) => TensorLike | null;
  /** Shape of the mask that each input gets; default: all axes but the last. */
  maskShape?: readonly number[];
  /** Values of the input; default: spread over −1.5 … 1.5, away from 0; of several, the later ones farther. */
  input?: TensorLike | readonly Tensor[];
  /** Call it as in training? Layers that draw random numbers then give other outputs each time. */
  training?: boolean;
  /** False for layers whose output does not depend smoothly on the input. */
  gradient?: boolean;
  /** False for a layer that holds something constant in training, by definition, that differences do not. */
  gradientInTraining?: boolean;
  /** The axes whose sizes it must know; default: that of the channels. */
  knownAxes?: readonly number[];
  customObjects?: Record<string, unknown>;
}

/** Values that are spread out, in no order, and away from kinks at 0 and at whole tenths. */
export function spread(shape: readonly number[], scale = 1): Tensor {
  const size = shape.reduce((n, d) => n * d, 1);
  const data = Float32Array.from({ length: size }, (_, i) => scale * (((i * 7919 + 13) % 31) / 10 - 1.47));
  return new Tensor(data, shape);
}

/** A mask that takes out every third entry, from the i-th on. */
const pattern = (shape: readonly number[], i: number): Tensor => {
  const size = shape.reduce((n, d) => n * d, 1);
  return tensor(
    Uint8Array.from({ length: size }, (_, k) => Number((k + i) % 3 !== 1)),
    { shape, dtype: "bool" },
  );
};

/** Runs all shared checks as tests of the current file. */
export function layerTest(Class: LayerClass, given: LayerTestOptions): void {
  const {
    args = [],
    options = {},
    inputShape,
    outputShape,
    weights = [],
    training = false,
    gradient = true,
    customObjects = {},
  } = given;
  const make = (): Layer => new Class(...([...args, options] as never[]));
  const shapes = (typeof inputShape[0] === "number" ? [inputShape] : inputShape) as readonly (readonly number[])[];
  const one = typeof inputShape[0] === "number";
  const input = (): TensorLike | readonly Tensor[] =>
    given.input ?? (one ? spread(shapes[0]!) : shapes.map((s, i) => spread(s, 1 + i / 4)));
  const unknownBatch = ((all: PartialShape[]) => (one ? all[0]! : all))(shapes.map((s) => [null, ...s.slice(1)]));
  const known = outputShape.map((d, i) => d ?? (i === 0 ? shapes[0]![0]! : -1));

  describe(`${Class.className} ${JSON.stringify(args)} ${JSON.stringify(options)}`, () => {
    test("getConfig and fromConfig give an equal layer", () => {
      const layer = make();
      const copy = Class.fromConfig(layer.getConfig());
      expect(saving.serialize(copy)).toEqual(saving.serialize(layer));
    });

    test("survives Keras' JSON", () => {
      const layer = make();
      layer.apply(input() as Tensor, { training });
      const json = JSON.parse(JSON.stringify(saving.serialize(layer)));
      const copy = saving.deserialize<Layer>(json, { customObjects });
      expect(JSON.parse(JSON.stringify(saving.serialize(copy)))).toEqual(json);
      expect(copy.weights.map((w) => w.shape)).toEqual(layer.weights.map((w) => w.shape));
    });

    test("the shape by tracing is the shape of the output, and tracing leaves nothing", () => {
      const layer = make();
      const built = layer.built;
      expect(layer.computeOutputShape(unknownBatch)).toEqual(outputShape);
      expect(layer.computeOutputShape(inputShape)).toEqual(known);
      expect(layer.built).toBe(built);
      expect(layer.weights).toEqual([]);
      const y = layer.apply(input() as Tensor, { training });
      expect(y.shape).toEqual(known);
      expect(y.dtype).toBe("float32");
      expect(layer.computeOutputShape(unknownBatch)).toEqual(outputShape);
    });

    test("has the expected weights, under its path", () => {
      const layer = make();
      layer.build(unknownBatch);
      expect(layer.weights.map((w) => w.path)).toEqual(weights.map((name) => `${layer.name}/${name}`));
      expect(layer.countParams()).toBe(layer.weights.reduce((n, w) => n + w.size, 0));
      const values = layer.getWeights().map((w, i) => ops.add(w, i + 1));
      layer.setWeights(values);
      expect(layer.getWeights().map((w) => w.array())).toEqual(values.map((w) => w.array()));
      expect(() => layer.setWeights([...values, spread([1])])).toThrow(layer.name);
      layer.trainable = false;
      expect(layer.trainableWeights).toEqual([]);
      expect(layer.nonTrainableWeights.length).toBe(weights.length);
    });

    test(`${given.supportsMasking ? "passes a mask on" : "ends a mask"}`, () => {
      const layer = make();
      expect(layer.supportsMasking).toBe(given.supportsMasking ?? false);
      const inputs = (one ? [tensor(input() as TensorLike)] : (input() as Tensor[])).map(
        (t) => new Tensor(t.data, t.shape, { dtype: t.dtype }),
      );
      const masks = inputs.map(({ shape }, i) => pattern(given.maskShape ?? shape.slice(0, -1), i));
      inputs.forEach((t, i) => {
        t.mask = masks[i]!;
      });
      const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
      const y = layer.apply(one ? inputs[0]! : inputs, { training });
      const said = warn.mock.calls.flat().join("\n");
      warn.mockRestore();
      const passed = given.maskAfter?.(masks, inputs) ?? (given.supportsMasking && !given.maskAfter ? masks[0]! : null);
      expect(y.mask?.array() ?? null).toEqual(passed === null ? null : tensor(passed).array());
      if (given.supportsMasking) expect(said).toBe("");
      else expect(said).toContain(`Layer '${layer.name}' (of type ${Class.className}) was passed an input with a mask`);
    });

    test("is a step of a functional model, which JSON brings back", () => {
      const layer = make();
      const model = modelOf(layer, unknownBatch);
      expect(model.outputShape).toEqual(outputShape);
      const y = layer.apply(input() as Tensor, { training: false });
      expect(model.apply(input() as Tensor).array()).toEqual(y.array());
      let summary = "";
      model.summary({ printFn: (line) => (summary += `${line}\n`) });
      expect(summary).toMatch(new RegExp(`${Class.className.slice(0, 12)}`));
      expect(summary).toContain(layer.countParams().toLocaleString("en-US"));
      const json = JSON.parse(JSON.stringify(saving.serialize(model)));
      const copy = saving.deserialize<Model>(json, { customObjects });
      expect(JSON.parse(JSON.stringify(saving.serialize(copy)))).toEqual(json);
      copy.setWeights(model.getWeights());
      expect(copy.apply(input() as Tensor).array()).toEqual(y.array());
    });

    test("takes inputs of unknown sizes", () => {
      const layer = make();
      const { knownAxes = [options.dataFormat === "channels_first" ? 1 : -1] } = given;
      const unknown = shapes.map((s) => s.map((d, i) => (knownAxes.includes(i) || knownAxes.includes(i - s.length) ? d : null)));
      const model = modelOf(layer, one ? unknown[0]! : unknown);
      const found = model.outputShape as PartialShape;
      expect(found.map((d, i) => d ?? known[i])).toEqual(known);
      const y = layer.apply(input() as Tensor, { training: false });
      expect(model.apply(input() as Tensor).array()).toEqual(y.array());
    });

    test("gives the same bits whatever lay in memory", () => {
      const layer = make();
      const x = input() as Tensor;
      layer.apply(x);
      const weights = layer.trainableVariables.map((v) => v.value);
      const others = layer.nonTrainableVariables.map((v) => v.value);
      const inputs = (one ? [tensor(input() as TensorLike)] : (input() as Tensor[])) as Tensor[];
      const call = (xs: readonly Tensor[], ws: readonly Tensor[]): [Tensor, Tensor[]] =>
        layer.statelessCall(ws, others, one ? xs[0]! : xs, { training });
      sameBitsOnDirtyMemory(() => {
        const [y, states] = call(inputs, weights);
        if (!gradient) return [y, ...states];
        const whole = inputs.filter((t) => t.dtype !== "float32");
        const floats = inputs.filter((t) => t.dtype === "float32");
        const n = floats.length;
        const loss = (all: Tensor[]): Tensor => ops.sum(ops.square(call([...whole, ...all.slice(0, n)], all.slice(n))[0]));
        return [y, ...states, ...(grad(loss)([...floats, ...weights]) as Tensor[])];
      });
    });

    test("names a misspelt option", () => {
      expect(() => new Class(...([...args, { ...options, nmae: "x" }] as never[]))).toThrow(/nmae.*Did you mean "name"/s);
    });

    if (gradient) {
      for (const inTraining of given.gradientInTraining === false ? [false] : [false, true]) {
        test(`gradients agree with differences${inTraining ? ", in training" : ""}`, () => {
          const layer = make();
          const x = input() as Tensor | Tensor[];
          layer.apply(x);
          layer.setWeights(layer.getWeights().map((w) => ops.add(w, ops.multiply(spread(w.shape), 0.1))));
          checkGradients(layer, x, inTraining);
        });
      }

      if (weights.length > 0) {
        test("a step against the gradient lowers the loss", () => {
          const layer = make();
          const x = input() as Tensor;
          layer.apply(x);
          const others = layer.nonTrainableVariables.map((v) => v.value);
          const loss = (w: Tensor[]): Tensor => ops.mean(ops.square(ops.subtract(layer.statelessCall(w, others, x)[0], 0.7)));
          const [before, gradients] = valueAndGrad(loss)(layer.trainableVariables.map((v) => v.value)) as [Tensor, Tensor[]];
          layer.trainableVariables.forEach((v, i) => v.assign(ops.subtract(v.value, ops.multiply(gradients[i]!, 1e-2))));
          expect(loss(layer.trainableVariables.map((v) => v.value)).item()).toBeLessThan(before.item());
        });
      }
    }
  });
}

/** The layer, called on inputs of these shapes, as a model. */
function modelOf(layer: Layer, shapes: PartialShape | readonly PartialShape[]): Model {
  const one = shapes.length === 0 || !Array.isArray(shapes[0]);
  const inputs = (one ? [shapes] : shapes).map((s) => Input({ batchShape: s as PartialShape }));
  return new Model(one ? inputs[0]! : inputs, layer.apply(one ? inputs[0]! : inputs));
}

/** The gradients by the inputs and by every weight, as the trace derives them, against central differences in f64. */
export function checkGradients(layer: Layer, x: Tensor | readonly Tensor[], training = false): void {
  const others = layer.nonTrainableVariables.map((v) => v.value);
  const inputs = x instanceof Tensor ? [x] : x;
  gradientsAreExact(
    (...all) => {
      const given = all.slice(0, inputs.length);
      const weights = all.slice(inputs.length);
      return layer.statelessCall(weights, others, x instanceof Tensor ? given[0]! : given, { training })[0] as Tensor;
    },
    ...inputs,
    ...layer.trainableVariables.map((v) => v.value),
  );
}
