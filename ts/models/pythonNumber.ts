// Numbers as Python prints them with `.nf` and `.ne`, where JavaScript's own methods differ in ties, signs and exponents.

/** `f"{x:.{digits}f}"`: `1.125` → `1.12` (ties to even; `toFixed` gives 1.13), `-0` → `-0.00`, `nan`, `inf`. digits ≤ 20. */
export function fixed(x: number, digits: number): string {
  if (!Number.isFinite(x)) return notFinite(x);
  const size = Math.abs(x);
  // From 1e21 on `toFixed` turns to exponents; such a float64 is an integer.
  const text =
    size >= 1e21
      ? BigInt(size).toString() + (digits > 0 ? `.${"0".repeat(digits)}` : "")
      : tieToEven(size.toFixed(digits), () => size.toFixed(100), digits);
  return signOf(x) + text;
}

/** `f"{x:.{digits}e}"`: `0.00012` → `1.2000e-04` (two digits of exponent at least). digits ≤ 20. */
export function exponential(x: number, digits: number): string {
  if (!Number.isFinite(x)) return notFinite(x);
  const size = Math.abs(x);
  const [mantissa = "", exponent = ""] = size.toExponential(digits).split("e");
  const [exact = "", exactExponent = ""] = size.toExponential(100).split("e");
  // Where rounding carried into the next power of ten the digits are zeros, which are even already.
  const rounded = exponent === exactExponent ? tieToEven(mantissa, () => exact, digits) : mantissa;
  const power = Math.abs(Number(exponent));
  return `${signOf(x)}${rounded}e${exponent.startsWith("-") ? "-" : "+"}${power < 10 ? "0" : ""}${power}`;
}

/** Keeps `text` unless the exact digits stand half-way between two candidates and `text`, rounded up, ends in an odd digit. */
function tieToEven(text: string, exactDigits: () => string, digits: number): string {
  if (!"13579".includes(text.at(-1)!)) return text;
  const exact = exactDigits();
  const cut = exact.indexOf(".") + 1 + digits;
  if (!/^50*$/.test(exact.slice(cut))) return text;
  // A tie: cutting off gives the even neighbour below.
  return digits > 0 ? exact.slice(0, cut) : exact.slice(0, cut - 1);
}

const signOf = (x: number): string => (x < 0 || Object.is(x, -0) ? "-" : "");
const notFinite = (x: number): string => (Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf");
