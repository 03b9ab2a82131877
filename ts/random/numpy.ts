// NumPy's legacy global generator (`np.random.seed`, `np.random.permutation`), which orders the batches of Keras' fit.

import { ValueError } from "../errors.js";
import { MersenneTwister } from "./mersenne.js";

/**
 * `np.random.RandomState(seed)` as far as Keras 3.15 uses it.
 *
 * ```ts
 * new NumpyRandom(42).permutation(10);   // 8 1 5 0 7 2 9 4 3 6, as in NumPy
 * ```
 */
export class NumpyRandom {
  readonly #twister = new MersenneTwister();

  /**
   * @param seed integer in [0, 2^32 − 1]
   * @throws ValueError outside that range, as NumPy
   */
  constructor(seed: number) {
    this.seed(seed);
  }

  /** Starts over from `seed`; see the constructor. */
  seed(seed: number): void {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new ValueError(`NumpyRandom: the seed must be an integer between 0 and 2^32 − 1, received ${seed}.`);
    }
    this.#twister.seedWord(seed);
  }

  /** The next word, uniform in [0, 2^32). */
  next32(): number {
    return this.#twister.next32();
  }

  /** The numbers 0 … n − 1 in random order, n < 2^31. n of 0 or 1 draws nothing. */
  permutation(n: number): Int32Array {
    if (!Number.isInteger(n) || n < 0 || n > 0x7fffffff) {
      throw new ValueError(`permutation: expected an integer between 0 and 2^31 − 1, received ${n}.`);
    }
    const order = new Int32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    for (let i = n - 1; i > 0; i--) {
      const j = this.#interval(i);
      const kept = order[i]!;
      order[i] = order[j]!;
      order[j] = kept;
    }
    return order;
  }

  /** Uniform in [0, max], max > 0: words masked to the bits of `max` are drawn until one fits. */
  #interval(max: number): number {
    const mask = 0xffffffff >>> Math.clz32(max);
    let r = (this.#twister.next32() & mask) >>> 0;
    while (r > max) r = (this.#twister.next32() & mask) >>> 0;
    return r;
  }
}
