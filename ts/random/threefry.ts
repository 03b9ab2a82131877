// Threefry-2x32 and the float32 draws that rejection sampling takes one at a time, bit for bit those of JAX on a CPU with FMA.

/** Two words. */
export type Key = readonly [number, number];

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** The block function: 20 rounds on the counter (c0, c1). Salmon et al. 2011. */
function block([k0, k1]: Key, c0: number, c1: number): [number, number] {
  const ks = [k0, k1, k0 ^ k1 ^ 0x1bd11bda] as const;
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  for (let group = 0; group < 5; group++) {
    for (let i = 0; i < 4; i++) {
      const r = ROTATIONS[(group % 2) * 4 + i]!;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << r) | (x1 >>> (32 - r))) ^ x0;
    }
    x0 = (x0 + ks[(group + 1) % 3]!) | 0;
    x1 = (x1 + ks[(group + 2) % 3]! + group + 1) | 0;
  }
  return [x0 >>> 0, x1 >>> 0];
}

/** Child `i` of a key. */
export const child = (key: Key, i: number): Key => block(key, 0, i);

const f = Math.fround;
/** a·b + c, rounded once: the product of two float32 is exact in a double. */
export const fma = (a: number, b: number, c: number): number => f(a * b + c);

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);
const float = (bits: number): number => {
  words[0] = bits;
  return floats[0]!;
};
const bitsOf = (x: number): number => {
  floats[0] = x;
  return words[0]!;
};

/** Element `i` of a draw: uniform on [0, 1) in steps of 2⁻²³. */
export function uniform01(key: Key, i = 0): number {
  const [a, b] = block(key, 0, i);
  return f(float(((a ^ b) >>> 9) | 0x3f800000) - 1);
}

/** A standard normal number. */
export function normal(key: Key): number {
  const low = float(0xbf7fffff);
  return f(erfInv(Math.max(low, fma(uniform01(key), 2, low))) * float(0x3fb504f3));
}

const table = (...bits: number[]): number[] => bits.map(float);
const LOG = table(0x3d9021bb, 0xbdebd1b8, 0x3def251a, 0xbdfe5d4f, 0x3e11e9bf, 0xbe2aae50, 0x3e4cceac, 0xbe7ffffc, 0x3eaaaaaa);

/** ln x as XLA computes it. */
export function log(x: number): number {
  if (!(x >= 0)) return Number.NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return x;
  const bits = bitsOf(Math.max(x, float(0x00800000)));
  let e = (bits >>> 23) - 127 + 1;
  const m = float((bits & 0x807fffff) | 0x3f000000);
  let t = f(m - 1);
  if (m < float(0x3f3504f3)) {
    t = f(t + m);
    e -= 1;
  }
  const p = LOG as [number, number, number, number, number, number, number, number, number];
  const z = f(t * t);
  const c = f(z * t);
  let y = fma(fma(t, p[0], p[1]), t, p[2]);
  const y1 = fma(fma(t, p[3], p[4]), t, p[5]);
  const y2 = fma(fma(t, p[6], p[7]), t, p[8]);
  y = fma(fma(fma(y, c, y1), c, y2), c, f(e * float(0xb95e8083)));
  return fma(e, float(0x3f318000), f(fma(-0.5, z, t) + y));
}

const LOG1P_A = table(0x383de04b, 0x3eff40c5, 0x40d284fa, 0x41ef4b9c, 0x4273cc76, 0x426473ad, 0x41a05101);
const LOG1P_B = table(0x3f800000, 0x417101ad, 0x42a6185b, 0x435dc32d, 0x439a8ca3, 0x43586d8a, 0x42707982);
const horner = (coefficients: readonly number[], x: number): number => coefficients.reduce((p, c) => fma(p, x, c));

/** ln(1 + x) as XLA computes it. */
export function log1p(x: number): number {
  if (Math.abs(x) >= float(0x3ed413cd)) return log(f(1 + x));
  const square = f(x * x);
  const tail = f(f(x * square) * f(horner(LOG1P_A, x) / horner(LOG1P_B, x)));
  return f(x + fma(-0.5, square, tail));
}

const NEAR = table(0x32f16588, 0x34b84b36, 0xb66c7357, 0xb6935ac1, 0x396532db, 0xbaa45408, 0xbb88e4ef, 0x3e7c8f63, 0x3fc02e2f);
const FAR = table(0xb951f09b, 0x38d3b56b, 0x3ab0dc72, 0xbb70bde7, 0x3bbc127b, 0xbbf9c5d7, 0x3c1aa57e, 0x3f8036db, 0x40354f7e);

/** The inverse of erf as XLA computes it. */
export function erfInv(u: number): number {
  if (Math.abs(u) === 1) return u * Infinity;
  const w = f(-log1p(f(u * -u)));
  return f(u * (w < 5 ? horner(NEAR, f(w - 2.5)) : horner(FAR, f(f(Math.sqrt(w)) - 3))));
}
