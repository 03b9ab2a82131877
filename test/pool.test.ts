import { init, ops, tensor } from "keratin";
import { panicMessage, poolProbe } from "keratin/wasm/glue.js";
import { expect, test } from "vitest";

test("two threads share the work, and a panic on one of them is an error, not a hang", async () => {
  expect(await init({ threads: 2 })).toMatchObject({ variant: "simd-mt", threads: 2, why: null });
  // The pool starts when work that is large enough is done for the second time.
  let counts: number[] = [];
  const big = tensor(new Float32Array(512 * 512), { shape: [512, 512] });
  for (let i = 0; i < 200 && !(counts.length === 2 && counts.every((n) => n > 0)); i++) {
    void ops.matmul(big, big).data;
    counts = [...poolProbe(400, 100_000, false)];
  }
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(counts[0]! + counts[1]!).toBe(400);

  expect(() => {
    for (let i = 0; i < 200; i++) poolProbe(400, 100_000, true);
  }).toThrow(WebAssembly.RuntimeError);
  // What ships says that much; builds for development have the panic's own words.
  expect(panicMessage()).toMatch(/^internal: a pool thread trapped$|test panic on thread 1/);
  expect(() => ops.matmul(big, big).data).toThrow(/the core stopped: .*(pool thread|test panic)/);
});
