// The Mersenne Twister MT19937, the one source of bits behind both Python's `random` and NumPy's legacy generator.

const N = 624;
const M = 397;

/**
 * MT19937: 624 words of state, period 2^19937 − 1. Matsumoto & Nishimura 1998.
 * Python and NumPy share the core and differ in how they seed it and how they draw bounded integers.
 */
export class MersenneTwister {
  readonly #state = new Uint32Array(N);
  #index = N;

  /** Knuth's fill from one word, `init_genrand` in the original: what `np.random.seed` uses. */
  seedWord(seed: number): void {
    const mt = this.#state;
    mt[0] = seed;
    for (let k = 1; k < N; k++) {
      const previous = mt[k - 1]!;
      mt[k] = Math.imul(1812433253, previous ^ (previous >>> 30)) + k;
    }
    this.#index = N;
  }

  /** Mixes a key of one or more words into the state, `init_by_array` in the original: what Python's `random.seed` uses. */
  seedWords(key: Uint32Array): void {
    this.seedWord(19650218);
    const mt = this.#state;
    let i = 1;
    let j = 0;
    for (let steps = Math.max(N, key.length); steps > 0; steps--) {
      const previous = mt[i - 1]!;
      mt[i] = (mt[i]! ^ Math.imul(previous ^ (previous >>> 30), 1664525)) + key[j]! + j;
      if (++i >= N) {
        mt[0] = mt[N - 1]!;
        i = 1;
      }
      if (++j >= key.length) j = 0;
    }
    for (let steps = N - 1; steps > 0; steps--) {
      const previous = mt[i - 1]!;
      mt[i] = (mt[i]! ^ Math.imul(previous ^ (previous >>> 30), 1566083941)) - i;
      if (++i >= N) {
        mt[0] = mt[N - 1]!;
        i = 1;
      }
    }
    mt[0] = 0x80000000;
  }

  /** The next word, uniform in [0, 2^32). */
  next32(): number {
    if (this.#index === N) this.#regenerate();
    let y = this.#state[this.#index++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  #regenerate(): void {
    const mt = this.#state;
    // NOTE in place and ascending: word k uses words that this same pass has already replaced.
    for (let k = 0; k < N; k++) {
      const y = (mt[k]! & 0x80000000) | (mt[(k + 1) % N]! & 0x7fffffff);
      mt[k] = mt[(k + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#index = 0;
  }
}
