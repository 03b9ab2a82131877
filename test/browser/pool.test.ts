import { init, ops, tensor } from "keratin";
import { expect, test } from "vitest";
import type { Answer, Question } from "./engine.worker.js";

const ask = (question: Question): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./engine.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<Answer>) => {
      resolve(event.data);
      worker.terminate();
    };
    worker.onerror = (event) => reject(new Error(event.message || "the worker did not start"));
    worker.postMessage(question);
  });

test("the page is cross-origin isolated", () => {
  expect(crossOriginIsolated).toBe(true);
});

test.each([
  [false, "simd-mt"],
  [true, "relaxed-mt"],
])("two threads share the work inside a worker (fast: %s)", async (fast, variant) => {
  const { error, info, counts, product } = await ask({ fast });
  expect(error).toBeUndefined();
  expect(info).toMatchObject({ platform: "web", threads: 2, variant, why: null });
  expect(Math.min(...counts!)).toBeGreaterThan(0);
  expect(counts![0]! + counts![1]!).toBe(400);
  expect(product).toBe(11);
});

test("a panic on a pool thread is an error, not a hang", async () => {
  expect((await ask({ panic: true })).error).toMatch(/^internal: a pool thread trapped$|test panic on thread 1/);
});

test("the page's main thread runs the single-thread build and says why", async () => {
  expect(() => ops.add(tensor([1]), tensor([1])).data).toThrow("await init()");
  expect(await init()).toMatchObject({
    platform: "web",
    variant: "simd",
    threads: 1,
    why: expect.stringContaining("may not block"),
  });
  expect([...ops.matmul(tensor([[1, 2]]), tensor([[3], [4]])).data]).toEqual([11]);
});
