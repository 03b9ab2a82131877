// The list of what is left for later stays true: nothing on it exists, nothing on it passes.

import { clearSession, saving } from "keratin";
import { expect, test } from "vitest";
import { topic } from "../goldenReader.js";
import { lookUp, objectOf } from "./call.js";
import { CASES, LAYERS, LOSSES, METRICS, OPS } from "./later.js";

const SPACES = [
  ["layers", LAYERS, ["layers_core", "layers_image", "layers_preprocessing", "layers_regularization", "layers_reshaping", "layers_rnn"]],
  ["losses", LOSSES, ["losses"]],
  ["metrics", METRICS, ["metrics"]],
] as const;
const classes = SPACES.flatMap(([space, list, topics]) => Object.keys(list).map((name) => ({ space, name, topics })));

test.each(classes)("$space.$name is unknown, and the goldens have it", ({ space, name, topics }) => {
  const own = topics.flatMap((t) => topic(t).cases).filter((c) => c.class === name);
  expect(own.length).toBeGreaterThan(0);
  for (const c of own) expect(() => objectOf(`keras.${space}`, c)).toThrow();
});

test.each(Object.keys(OPS))("ops.%s does not exist, and the goldens have it", (name) => {
  expect(lookUp("ops", name)).toBeUndefined();
  expect(topic("ops").cases.some((c) => c.op === name)).toBe(true);
});

test.each(Object.keys(CASES))("%s cannot be made", (which) => {
  const [name, id] = which.split("/") as [string, string];
  const found = topic(name).cases.find((c) => c.id === id)!;
  expect(found).toBeDefined();
  clearSession();
  const module = name.startsWith("layers") ? "keras.layers" : "keras";
  const wanted = (found.callbacks ?? []) as { class: string }[];
  if (wanted.length > 0) expect(wanted.some(({ class: c }) => lookUp("callbacks", c) === undefined)).toBe(true);
  else
    expect(() =>
      saving.deserialize({ module, class_name: found.class, config: found.config, registered_name: found.class } as never),
    ).toThrow();
});
