// SeedGenerator: a state of two words that gives a new key for every draw.

import { apply, scalar } from "../core/apply.js";
import { isShape, shapeText } from "../core/structure.js";
import { ShapeError, show, ValueError } from "../errors.js";
import { uniqueName } from "../saving/names.js";
import { type Config, KerasObject } from "../saving/object.js";
import { registerClass } from "../saving/serialize.js";
import { Tensor } from "../tensor.js";
import { currentPath } from "../trace.js";
import { Variable } from "../variable.js";
import { drawSeed, whenReset } from "./streams.js";

/** A seed as users give one: an integer, a generator, or null for the global stream. */
export type Seed = number | SeedGenerator | null;

interface SeedGeneratorOptions {
  seed: number | null;
  name: string | null;
}

/**
 * Gives the keys `(seed, 0)`, `(seed, 1)`, `(seed, 2)` …, one per call of `next`.
 *
 * Without a seed one is drawn from the global stream, so `setRandomSeed` before decides it.
 * Example: `const g = new SeedGenerator(42); g.next().array(); g.next().array() // [42, 0], then [42, 1]`
 */
export class SeedGenerator extends KerasObject<SeedGeneratorOptions> {
  static override readonly className: string = "SeedGenerator";
  static override readonly module: string = "keras.random";
  static override readonly defaults: Config = { seed: null, name: null };
  readonly name: string;
  /** `[seed, counter]` as uint32. */
  readonly state: Variable;

  constructor(seed?: number | null | Partial<SeedGeneratorOptions>, options: Partial<SeedGeneratorOptions> = {}) {
    super(typeof seed === "object" && seed !== null ? seed : { ...options, ...(seed !== undefined && { seed }) });
    const first = this.config.seed ?? drawSeed();
    checkSeed("SeedGenerator", first);
    this.name = this.config.name ?? uniqueName("seed_generator");
    const path = currentPath() ? `${currentPath()}/${this.name}` : this.name;
    this.state = new Variable(keyOf(first), { name: "seed_generator_state", path, trainable: false });
  }

  /**
   * The key for a draw, uint32 [2]; the state moves on. In a traced function that is part of the computation.
   *
   * `ordered: false` scrambles both words instead of counting, as the global generator does.
   */
  next(options: { ordered?: boolean } = {}): Tensor {
    const key = this.state.value;
    this.state.assign(options.ordered === false ? scrambled(key) : counted(key));
    return key;
  }

  override getConfig(): Record<string, unknown> {
    return { seed: this.config.seed, name: this.name };
  }
}
registerClass("keras.random", SeedGenerator);

/** Errors: `ShapeError` unless it is a list of sizes. */
export function checkShape(where: string, shape: unknown): void {
  if (isShape(shape) && shape.every((n) => Number.isInteger(n) && n! >= 0)) return;
  throw new ShapeError(
    `${where}: the shape is a list of sizes such as [2, 3], received ${isShape(shape) ? shapeText(shape) : show(shape)}.`,
  );
}

/** Errors: `ValueError` unless it is an integer in [0, 2³² − 1]. */
export function checkSeed(where: string, seed: unknown): asserts seed is number {
  if (typeof seed === "number" && Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff) return;
  throw new ValueError(
    `${where}: the seed must be an integer between 0 and 2^32 − 1, a SeedGenerator or null, received ${String(seed)}.`,
  );
}

/** The key of an integer seed. */
export const keyOf = (seed: number): Tensor => new Tensor(Uint32Array.of(seed, 0), [2]);

const ONE = new Tensor(Uint32Array.of(0, 1), [2]);
const counted = (key: Tensor): Tensor =>
  key.isTraced ? apply("add", [key, ONE]) : new Tensor(Uint32Array.of(key.data[0]!, key.data[1]! + 1), [2]);

/** ((key + 1)·5387 mod 2³²) mod 933199 */
function scrambled(key: Tensor): Tensor {
  if (!key.isTraced)
    return new Tensor(
      Uint32Array.from(key.data, (x) => (Math.imul(x + 1, 5387) >>> 0) % 933199),
      [2],
    );
  const u32 = (x: number): Tensor => scalar(x, "uint32");
  return apply("floor_mod", [apply("multiply", [apply("add", [key, u32(1)]), u32(5387)]), u32(933199)]);
}

let globalGenerator: SeedGenerator | null = null;
whenReset(() => {
  globalGenerator = null;
});

/** The key for a draw with a seed as the user gave it. Errors: `ValueError` for a seed that is none. */
export function drawKey(where: string, seed: Seed | undefined): Tensor {
  if (seed instanceof SeedGenerator) return seed.next();
  if (seed === null || seed === undefined) {
    globalGenerator ??= new SeedGenerator(null, { name: "global_seed_generator" });
    return globalGenerator.next({ ordered: false });
  }
  checkSeed(where, seed);
  return keyOf(seed);
}
