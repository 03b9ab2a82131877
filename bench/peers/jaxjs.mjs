/** jax-js on its WASM backend: the training step of the convnet, written with its jit and grad. */
import { init, jit, lax, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { serve } from "../child.mjs";
import { now } from "../lib.mjs";

const [ROWS, SETS] = [32, 4];
const [RATE, BETA1, BETA2, EPSILON] = [0.001, 0.9, 0.999, 1e-7];
const uniform = (shape, scale) => {
  const size = shape.reduce((n, d) => n * d, 1);
  return np.array(Float32Array.from({ length: size }, () => scale * (Math.random() - 0.5))).reshape(shape);
};
const SHAPES = [[16, 1, 3, 3], [16, 1, 1], [32, 16, 3, 3], [32, 1, 1], [1568, 10], [10]]; // biome-ignore format: a list

const pool = (x) => lax.reduceWindow(x, np.max, [1, 1, 2, 2], [1, 1, 2, 2]);
function loss([k1, b1, k2, b2, w, b], x, y) {
  const h1 = pool(nn.relu(lax.conv(x, k1, [1, 1], "SAME").add(b1)));
  const h2 = pool(nn.relu(lax.conv(h1, k2, [1, 1], "SAME").add(b2)));
  const logits = np.dot(h2.reshape([ROWS, 1568]), w).add(b);
  return nn
    .logSoftmax(logits)
    .mul(y)
    .sum()
    .mul(-1 / ROWS);
}
/** One Adam step; the correction of the first steps is left out, in favour of this peer. */
const step = jit((params, ms, vs, x, y) => {
  const [value, grads] = valueAndGrad(loss)(params.map((p) => p.ref), x, y); // biome-ignore format: short
  const next = { params: [], ms: [], vs: [] };
  params.forEach((p, i) => {
    const m = ms[i].mul(BETA1).add(grads[i].ref.mul(1 - BETA1));
    const v = vs[i].mul(BETA2).add(grads[i].ref.mul(grads[i]).mul(1 - BETA2));
    next.params.push(p.sub(m.ref.mul(RATE).div(np.sqrt(v.ref).add(EPSILON))));
    next.ms.push(m);
    next.vs.push(v);
  });
  return [value, next.params, next.ms, next.vs];
});

let state;
let x;
let labels;
let turn = 0;
const once = async () => {
  const [value, ...next] = step(...state, x.ref, labels[turn++ % SETS].ref);
  state = next;
  await value.data();
};

serve({
  async prepare() {
    await init("wasm");
    state = [SHAPES.map((s) => uniform(s, 0.2)), SHAPES.map((s) => np.zeros(s)), SHAPES.map((s) => np.zeros(s))];
    x = uniform([ROWS, 1, 28, 28], 1);
    labels = Array.from({ length: SETS }, () => {
      const y = new Float32Array(ROWS * 10);
      for (let i = 0; i < ROWS; i++) y[i * 10 + Math.floor(10 * Math.random())] = 1;
      return np.array(y).reshape([ROWS, 10]);
    });
    for (let i = 0; i < 5; i++) await once();
  },
  async run(_name, times) {
    const from = now();
    for (let i = 0; i < times; i++) await once();
    return now() - from;
  },
});
