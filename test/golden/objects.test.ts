// Initializers, random draws, activations, constraints and regularizers against what Keras recorded.

import { grad, type initializers, ops, random, saving, setRandomSeed, type Tensor } from "keratin";
import { describe, expect, test } from "vitest";
import { agrees, type Case, EXACT, slice, topic } from "../goldenReader.js";
import { argument, callFunction, objectOf } from "./call.js";
import { DIFFERENT } from "./later.js";

/** Single operations: a few roundings apart. */
const CLOSE = { rtol: 1e-6, atol: 1e-6 };

type Callable = { call(...args: unknown[]): Tensor };

describe("initializers", () => {
  const t = topic("initializers");
  test.each(t.cases)("$id", (c) => {
    // Keras leaves some options out of the config (the gain of Identity): `init` has them all.
    const made = objectOf<initializers.Initializer>("keras.initializers", c, { ...(c.config as object), ...(c.init as object) });
    agrees(made.call(c.shape as number[], { dtype: c.dtype as "float32" }), t.array(c, "out0"), c.exact ? EXACT : CLOSE);
    const plain = objectOf("keras.initializers", c);
    expect(saving.serialize(plain)).toMatchObject({ module: "keras.initializers", class_name: c.class, config: c.config });
  });
});

describe("random", () => {
  const t = topic("random");
  interface Draw {
    function: string;
    args: Record<string, unknown>;
  }
  const draw = (c: Case, { function: name, args }: Draw, seed?: unknown): Tensor => {
    const given = argument(t, c, args) as Record<string, unknown>;
    return callFunction("random", name, [], seed === undefined ? given : { ...given, seed }) as Tensor;
  };
  // The quotient of two gamma draws, of which one ends in another bit.
  const tolerance = (c: Case): object => (c.id === "beta_036" ? CLOSE : EXACT);

  test.each(t.cases)("$id", (c) => {
    if (c.kind === "seed_generator") {
      const generator = new random.SeedGenerator(c.seed as number);
      const want = t.array(c, "out0");
      for (let i = 0; i < want.shape[0]!; i++) agrees(generator.next(), slice(want, i), EXACT);
      expect([...generator.state.value.data]).toEqual(c.state_after);
    } else if (c.kind === "random") {
      const own = c as unknown as Draw;
      const seed = c.seed_generator ? new random.SeedGenerator(c.seed as number) : c.seed;
      for (const out of c.outputs as string[]) agrees(draw(c, own, seed), t.array(c, out), tolerance(c));
    } else if (c.kind === "global") {
      setRandomSeed(c.seed as number);
      (c.calls as Draw[]).forEach((one, i) => agrees(draw(c, one), t.array(c, (c.outputs as string[])[i]), tolerance(c)));
    } else {
      expect(c.kind).toBe("python_seeds");
      setRandomSeed(c.seed as number);
      // An object without a seed draws one when it is made; the state of a generator begins with it.
      const drawn = (c.values as number[]).map(() => new random.SeedGenerator().state.value.data[0]);
      expect(drawn).toEqual(c.values);
      expect((c.np_permutations as number[][]).map((p) => [...random.dataPermutation(p.length)])).toEqual(c.np_permutations);
    }
  });
});

describe("activations", () => {
  const t = topic("activations");
  const isDifferent = (c: Case): boolean => DIFFERENT.includes(`activations/${c.id}`);
  const values = (c: Case, x: Tensor): Tensor =>
    callFunction("activations", c.function as string, [x], c.config as object) as Tensor;

  test.each(t.cases.filter((c) => !isDifferent(c)))("$id", (c) => {
    const x = t.tensor(c, "in0");
    agrees(values(c, x), t.array(c, "out0"), CLOSE);
    const recorded = c.grad as { projections: string[]; inputs: string[] } | undefined;
    if (!recorded) return;
    const weights = t.tensor(c, recorded.projections[0]);
    const gradient = grad((v: Tensor) => ops.sum(ops.multiply(values(c, v), weights)))(x);
    agrees(gradient, t.array(c, recorded.inputs[0]), { rtol: 2e-6, atol: 2e-6, what: "gradient" });
  });

  test.each(t.cases.filter(isDifferent))("$id differs from Keras as documented", (c) => {
    const y = values(c, t.tensor(c, "in0"));
    expect(() => agrees(y, t.array(c, "out0"), CLOSE)).toThrow();
    const axis = (c.config as { axis?: number }).axis ?? -1;
    for (const total of ops.sum(y, { axis }).data) expect(total).toBeCloseTo(1, 6);
  });
});

describe("constraints", () => {
  const t = topic("constraints");
  test.each(t.cases)("$id", (c) => {
    const made = objectOf<Callable>("keras.constraints", c);
    agrees(made.call(t.tensor(c, "in0")), t.array(c, "out0"), CLOSE);
    expect(saving.serialize(made)).toMatchObject({ class_name: c.class, config: c.config });
  });
});

describe("regularizers", () => {
  const t = topic("regularizers");
  test.each(t.cases)("$id", (c) => {
    const made = objectOf<Callable>("keras.regularizers", c);
    const x = t.tensor(c, "in0");
    agrees(made.call(x), t.array(c, "out0"), CLOSE);
    agrees(grad((v: Tensor) => made.call(v))(x), t.array(c, (c.grad as { inputs: string[] }).inputs[0]), {
      ...CLOSE,
      what: "gradient",
    });
    expect(saving.serialize(made)).toMatchObject({ class_name: c.class, config: c.config });
  });
});
