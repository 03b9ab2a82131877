// The process-wide streams behind everything unseeded: Python's, NumPy's, and the moment when they start over.

import { ValueError } from "../errors.js";
import { clearNames } from "../saving/names.js";
import { NumpyRandom } from "./numpy.js";
import { PythonRandom } from "./python.js";

const python = new PythonRandom();
const numpy = new NumpyRandom(python.getrandbits(32));
const onReset: (() => void)[] = [];

/** Calls `reset` whenever the global state of draws starts over. */
export function whenReset(reset: () => void): void {
  onReset.push(reset);
}

/**
 * Seeds everything that is drawn from here on: initial weights, dropout masks, the order of batches. One seed, one run, on every machine.
 *
 * Objects that exist keep their seeds. Errors: `ValueError` unless `seed` is an integer in [0, 2³² − 1].
 * Example: `setRandomSeed(42)`
 */
export function setRandomSeed(seed: number): void {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new ValueError(`setRandomSeed: the seed must be an integer between 0 and 2^32 − 1, received ${seed}.`);
  }
  python.seed(seed);
  numpy.seed(seed);
  for (const reset of onReset) reset();
}

/** Forgets global state: automatic names start at `dense` again, and the global generator of draws is dropped. */
export function clearSession(): void {
  clearNames();
  for (const reset of onReset) reset();
}

/** The seed of an object that was given none: Python's `random.randint(1, 10⁹)`, drawn when the object is constructed. */
export const drawSeed = (): number => python.randint(1, 1_000_000_000);

/** Python's stream itself. */
export const pythonRandom = (): PythonRandom => python;

/** NumPy's stream, from which `fit` takes the order of rows. */
export const dataRandom = (): NumpyRandom => numpy;

/** The order of `n` rows in the next pass over the data. */
export const dataPermutation = (n: number): Int32Array => numpy.permutation(n);
