// Python's number formats where JavaScript's differ; expected values by CPython's f-strings.

import { expect, test } from "vitest";
import { exponential, fixed } from "../../ts/models/pythonNumber.js";

test.each([
  [1.125, 2, "1.12"], // a tie goes to the even digit; toFixed gives 1.13
  [1.375, 2, "1.38"],
  [0.5, 0, "0"],
  [1.5, 0, "2"],
  [2.5, 0, "2"],
  [-2.5, 0, "-2"],
  [1.005, 2, "1.00"], // no tie: the float is a little less
  [0.03125, 4, "0.0312"],
  [9.9999999, 4, "10.0000"],
  [0, 2, "0.00"],
  [-0, 2, "-0.00"],
  [-1e-9, 2, "-0.00"],
  [1e22, 1, "10000000000000000000000.0"],
  [Number.NaN, 4, "nan"],
  [Number.NEGATIVE_INFINITY, 4, "-inf"],
])("%d with %i decimals is %s", (x, digits, text) => {
  expect(fixed(x, digits)).toBe(text);
});

test.each([
  [0.00012, "1.2000e-04"],
  [0, "0.0000e+00"],
  [-1.5e-10, "-1.5000e-10"],
  [2 ** -15, "3.0518e-05"], // 3.0517578125e-05
  [9.99999e-5, "1.0000e-04"], // rounding carries into the exponent
  [1.00005, "1.0001e+00"],
  [5e-324, "4.9407e-324"],
  [1e100, "1.0000e+100"],
  [Number.NaN, "nan"],
])("%d with four decimals and an exponent is %s", (x, text) => {
  expect(exponential(x, 4)).toBe(text);
});
