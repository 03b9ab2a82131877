// One computation, the same bits: in WebAssembly and natively, on one thread and on several.

import { beforeAll, expect, test } from "vitest";
import { init } from "../ts/index.js";
import { hasCargo, here, native } from "./bitsProgram.js";

beforeAll(() => init({ threads: 1 }));

test.skipIf(!hasCargo)("one thread of WebAssembly, and one, two and three threads of native code", { timeout: 600_000 }, () => {
  const { hashes, text } = here();
  expect(native(text)).toEqual({ 1: hashes, 2: hashes, 3: hashes });
});

test("the same computation twice", () => {
  expect(here()).toEqual(here());
});
