// CPython's `random` module, number for number: the source of seeds for unseeded layers and of PyDataset's order.

import { ValueError } from "../errors.js";
import { MersenneTwister } from "./mersenne.js";

/**
 * `random.Random(seed)` of CPython 3.
 *
 * ```ts
 * new PythonRandom(42).randint(1, 1e9);   // 686579304, as in Python
 * ```
 */
export class PythonRandom {
  readonly #twister = new MersenneTwister();

  /**
   * @param seed any integer; its sign is dropped, as Python does. Without it `Math.random` seeds the generator.
   * @throws ValueError when `seed` is a fraction or beyond ±(2^53 − 1) (pass a bigint then)
   */
  constructor(seed?: number | bigint) {
    this.seed(seed);
  }

  /** Starts over from `seed`; see the constructor. */
  seed(seed?: number | bigint): void {
    if (typeof seed === "number" && !Number.isSafeInteger(seed)) {
      throw new ValueError(`PythonRandom: the seed must be an integer, received ${seed}. Use a bigint beyond ±(2^53 − 1).`);
    }
    this.#twister.seedWords(seed === undefined ? entropy() : wordsOf(BigInt(seed)));
  }

  /** Uniform in [0, 1) on a grid of 2^−53. */
  random(): number {
    const high = this.#twister.next32() >>> 5;
    const low = this.#twister.next32() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  /** An integer of `bits` random bits, 0 ≤ bits ≤ 53. Python goes on beyond 53; a number cannot. */
  getrandbits(bits: number): number {
    if (!Number.isInteger(bits) || bits < 0 || bits > 53) {
      throw new ValueError(`getrandbits: expected 0 to 53 bits, received ${bits}.`);
    }
    if (bits === 0) return 0;
    if (bits <= 32) return this.#twister.next32() >>> (32 - bits);
    const low = this.#twister.next32();
    return (this.#twister.next32() >>> (64 - bits)) * 0x100000000 + low;
  }

  /**
   * An integer in [a, b], both inclusive.
   * @throws ValueError when the range is empty, has ends that are no integers, or is wider than 2^53 − 1
   */
  randint(a: number, b: number): number {
    const count = b - a + 1;
    if (!Number.isSafeInteger(a) || !Number.isSafeInteger(b) || !Number.isSafeInteger(count) || count < 1) {
      throw new ValueError(`randint: expected integers a ≤ b less than 2^53 apart, received a = ${a}, b = ${b}.`);
    }
    return a + this.#below(count);
  }

  /** Shuffles in place, from the last element down. Lists of 0 or 1 elements draw nothing. */
  shuffle(list: { length: number; [index: number]: unknown }): void {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.#below(i + 1);
      const kept = list[i];
      list[i] = list[j];
      list[j] = kept;
    }
  }

  /** Uniform in [0, n) by rejection: numbers of bit_length(n) bits are drawn until one is below n, so n = 2^k uses k + 1 bits. */
  #below(n: number): number {
    const bits = bitLength(n);
    let r = this.getrandbits(bits);
    while (r >= n) r = this.getrandbits(bits);
    return r;
  }
}

/** NOTE not `crypto`: Node loads it when it is first touched, which took a tenth of the time in which the library is imported. */
const entropy = (): Uint32Array => Uint32Array.from({ length: 8 }, () => Math.random() * 0x100000000);

const bitLength = (n: number): number => (n < 0x100000000 ? 32 - Math.clz32(n) : 64 - Math.clz32(Math.floor(n / 0x100000000)));

/** |n| in 32-bit words, the least significant first; 0 is one word. */
function wordsOf(n: bigint): Uint32Array {
  const words: number[] = [];
  let rest = n < 0n ? -n : n;
  do {
    words.push(Number(rest & 0xffffffffn));
    rest >>= 32n;
  } while (rest > 0n);
  return Uint32Array.from(words);
}
