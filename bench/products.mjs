/** GEMM: the product's kernel alone on one thread, as a share of P. */
import { init } from "keratin";
import { productProbe, productWorkspace, stateFree, stateNew } from "keratin/wasm/glue.js";
import { interleave, local, row, shareOfPeak } from "./lib.mjs";
import { peakOf, peakSubject } from "./peak.mjs";

const SQUARES = [64, 128, 256, 512];
/** The goal, for products from 128³ to 512³. */
const SHARE = 0.85;
/** The first products of the small network and of the main job: rows of a batch, units, inputs. */
const OTHERS = [
  [64, 128, 784],
  [128, 512, 784],
];

export async function products({ rounds }) {
  await init({ threads: 1 });
  const shapes = [...SQUARES.map((n) => [n, n, n]), ...OTHERS];
  const states = [];
  const state = (words) => states[states.push(stateNew(words)) - 1];
  const name = ([m, n, k]) => `${m}×${k} · ${k}×${n}`;
  const subjects = { peak: peakSubject() };
  for (const [m, n, k] of shapes) {
    const [a, b, c, workspace] = [m * k, k * n, m * n, productWorkspace(m, n, k)].map(state);
    subjects[name([m, n, k])] = local(() => productProbe(m, n, k, a, b, c, workspace));
  }
  const times = await interleave(subjects, { rounds });
  for (const s of states) stateFree(s);
  const peak = peakOf(times.peak);
  const rows = shapes.map((shape) => {
    const [m, n, k] = shape;
    const goal = m === n && n === k && m >= 128 ? SHARE : null;
    return row(`product ${name(shape)}`, times[name(shape)], shareOfPeak(times[name(shape)], 2 * m * n * k, peak.best, goal));
  });
  return { rows, peak };
}
