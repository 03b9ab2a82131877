// The same bits with two threads of WebAssembly; a file of its own, because a process has one core of one build.

import { beforeAll, expect, test } from "vitest";
import { init, runtimeInfo } from "../ts/index.js";
import { hasCargo, here, native } from "./bitsProgram.js";

beforeAll(() => init({ threads: 2 }));

test.skipIf(!hasCargo)("two threads of WebAssembly and native code", { timeout: 600_000 }, () => {
  expect(runtimeInfo()).toMatchObject({ variant: "simd-mt", threads: 2 });
  const { hashes, text } = here();
  for (let i = 0; i < 20; i++) expect(here().hashes).toBe(hashes);
  expect(native(text)["1"]).toBe(hashes);
});
