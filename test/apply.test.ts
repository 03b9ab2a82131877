// `apply`: the cache of eager programs knows numbers apart that print alike.

import { expect, test } from "vitest";
import { ops, tensor } from "../ts/index.js";

test("adding 0 and adding −0 are two programs", () => {
  const x = tensor([-0, 1]);
  expect(ops.add(x, 0).array()).toEqual([0, 1]);
  expect(ops.add(x, -0).array()).toEqual([-0, 1]);
  expect(ops.add(x, 0).array()).toEqual([0, 1]);
});
