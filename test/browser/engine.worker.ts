// Runs the core on two threads inside a worker of the page, as an application would, and answers with what it saw.

import { init, ops, type RuntimeInfo, tensor } from "keratin";
import { panicMessage, poolProbe } from "keratin/wasm/glue.js";

export interface Question {
  fast?: boolean;
  /** Let a pool thread panic. */
  panic?: boolean;
}
export interface Answer {
  info?: RuntimeInfo;
  /** Chunks that each thread took. */
  counts?: number[];
  /** 1·3 + 2·4. */
  product?: number;
  error?: string;
}

async function answer({ fast = false, panic = false }: Question): Promise<Answer> {
  const info = await init({ threads: 2, fast });
  // On a busy machine the first calls may be all the caller's: until another thread is up, it takes what nobody else takes.
  let counts: number[] = [];
  for (let i = 0; i < 200 && !(counts.length === 2 && counts.every((n) => n > 0)); i++)
    counts = [...poolProbe(400, 100_000, false)];
  if (!panic) return { info, counts, product: Number(ops.matmul(tensor([[1, 2]]), tensor([[3], [4]])).data[0]) };
  try {
    for (let i = 0; i < 200; i++) poolProbe(400, 100_000, true);
    return { info, counts };
  } catch (error) {
    return { info, counts, error: panicMessage() || String(error) };
  }
}

self.onmessage = async ({ data }: MessageEvent<Question>) => {
  self.postMessage(await answer(data).catch((error): Answer => ({ error: String(error) })));
};
