/**
 * A training step of an embedding: 32 × 20 indices into tables of three sizes, 64 wide, their mean through one unit, through trainOnBatch.
 * Beside it a loop in JavaScript that reads, changes and writes the same rows of a table of its own: what no step can go without.
 */
import { Input, init, layers, optimizers, Sequential, Tensor } from "keratin";
import { interleave, local, row, timesAsLong } from "./lib.mjs";
import { numbers } from "./models.mjs";
import { peakOf, peakSubject } from "./peak.mjs";

const [BATCH, WORDS, WIDTH] = [32, 20, 64];
const SIZES = [500, 50_000, 500_000];
const SETS = 4;
const AS_LONG = 3;

function classifier(size, optimizer) {
  const model = new Sequential([
    Input([WORDS], { dtype: "int32" }),
    new layers.Embedding(size, WIDTH),
    new layers.GlobalAveragePooling1D(),
    new layers.Dense(1),
  ]);
  model.compile({ optimizer, loss: "mse" });
  return model;
}

function stepOf(size, optimizer, indices) {
  const model = classifier(size, optimizer);
  const inputs = indices.map((list) => new Tensor(list, [BATCH, WORDS], { dtype: "int32" }));
  // Targets that change their sign: what can be learnt by heart ends in denormal numbers.
  const targets = [1, -1].map((y) => new Tensor(new Float32Array(BATCH).fill(y), [BATCH, 1]));
  let turn = 0;
  return () => model.trainOnBatch(inputs[turn % SETS], targets[turn++ & 1]);
}

function touch(size, indices) {
  const table = new Float32Array(size * WIDTH).fill(1);
  const change = new Float32Array(BATCH * WORDS * WIDTH).fill(1e-9);
  let turn = 0;
  return () => {
    const list = indices[turn++ % SETS];
    for (let k = 0; k < list.length; k++) {
      const [to, from] = [list[k] * WIDTH, k * WIDTH];
      for (let j = 0; j < WIDTH; j++) table[to + j] -= change[from + j];
    }
  };
}

export async function embedding({ rounds }) {
  await init({ threads: 1 });
  const next = numbers(5);
  const subjects = { peak: peakSubject() };
  for (const size of SIZES) {
    const list = () => Int32Array.from({ length: BATCH * WORDS }, () => Math.floor(next() * size));
    const indices = Array.from({ length: SETS }, list);
    subjects[`SGD ${size}`] = local(stepOf(size, new optimizers.SGD(), indices));
    subjects[`Adagrad ${size}`] = local(stepOf(size, new optimizers.Adagrad(), indices));
    subjects[`rows ${size}`] = local(touch(size, indices));
  }
  const times = await interleave(subjects, { rounds, ms: 5, warm: 100 });
  const rows = [];
  for (const size of SIZES) {
    const touched = times[`rows ${size}`];
    const what = `${BATCH} × ${WORDS} indices into ${size} × ${WIDTH}`;
    rows.push(row(`${what}, the rows alone`, touched));
    for (const optimizer of ["SGD", "Adagrad"]) {
      const ns = times[`${optimizer} ${size}`];
      rows.push(row(`${what}, step with ${optimizer}`, ns, timesAsLong(ns, touched, "touching its rows", AS_LONG)));
    }
  }
  return { rows, peak: peakOf(times.peak) };
}
