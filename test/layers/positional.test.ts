// The first parameter of a layer that has a default but is mostly given: by position, as an option, or not at all.

import { describe, expect, test } from "vitest";
import * as layers from "../../ts/layers/index.js";

type Made = { getConfig(): Record<string, unknown> };
type Form = new (first?: never, options?: never) => Made;

/** Class, option, a value that is not the default, another option and its value; the classes that cannot be made without the option. */
const FORMS: [own: unknown, option: string, value: unknown, other: Record<string, unknown>][] = [
  [layers.MaxPooling1D, "poolSize", 3, { strides: 2 }],
  [layers.MaxPooling2D, "poolSize", [3, 1], { strides: 1 }],
  [layers.MaxPooling3D, "poolSize", 3, { padding: "same" }],
  [layers.UpSampling1D, "size", 3, { name: "up" }],
  [layers.UpSampling2D, "size", [3, 1], { interpolation: "bilinear" }],
  [layers.UpSampling3D, "size", 3, { dataFormat: "channels_first" }],
  [layers.ZeroPadding1D, "padding", [0, 2], { name: "zeros" }],
  [layers.ZeroPadding2D, "padding", [2, 1], { dataFormat: "channels_first" }],
  [layers.ZeroPadding3D, "padding", 2, { dataFormat: "channels_first" }],
  [layers.Cropping1D, "cropping", [0, 2], { name: "crop" }],
  [layers.Cropping2D, "cropping", 1, { dataFormat: "channels_first" }],
  [layers.Cropping3D, "cropping", 2, { dataFormat: "channels_first" }],
  [layers.ReLU, "maxValue", 6, { negativeSlope: 0.1 }],
  [layers.LeakyReLU, "negativeSlope", 0.1, { name: "leaky" }],
  [layers.ELU, "alpha", 0.5, { name: "elu" }],
  [layers.Softmax, "axis", [1, 2], { name: "softmax" }],
  [layers.Masking, "maskValue", -1, { name: "mask" }],
  [layers.Concatenate, "axis", 1, { name: "joined" }],
  [layers.CategoryEncoding, "numTokens", 4, { outputMode: "count" }],
  [layers.Discretization, "binBoundaries", [0, 1], { outputMode: "count" }],
];
const NEEDED = ["CategoryEncoding", "Discretization"];

describe.each(FORMS)("%o", (own, option, value, other) => {
  const Own = own as Form;
  const make = (...args: unknown[]): Record<string, unknown> => {
    const { name: _, ...config } = new Own(...(args as [never, never])).getConfig();
    return config;
  };

  test("by position is as an option", () => {
    const asOption = make({ [option]: value });
    expect(make(value)).toEqual(asOption);
    expect(asOption[option]).toBeDefined();
    expect(make(value, other)).toEqual(make({ [option]: value, ...other }));
    expect(make(value, other)).toMatchObject(
      Object.fromEntries(Object.entries(other).filter(([k]) => k !== "name" && k !== "strides")),
    );
  });

  test.skipIf(NEEDED.includes((own as { className: string }).className))("without it Keras' default counts", () => {
    const { [option]: byDefault } = make();
    expect(make(byDefault)).toEqual(make());
    expect(make({})).toEqual(make());
    expect(byDefault).not.toEqual(make(value)[option]);
  });

  test("both ways at once, and options that do not exist, are errors", () => {
    expect(() => make(value, { [option]: value })).toThrow(`${option} is given by position and as an option`);
    expect(() => make(value, { speed: 1 })).toThrow('Unknown option "speed"');
    expect(() => make({ speed: 1 })).toThrow('Unknown option "speed"');
  });

  test("a config makes an equal layer", () => {
    const layer = new Own(value as never);
    const again = (own as { fromConfig(config: object): Made }).fromConfig(layer.getConfig());
    expect(again.getConfig()).toEqual(layer.getConfig());
  });
});
