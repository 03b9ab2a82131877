/** Timing and the table: subjects take turns in short rounds, so that whatever else the machine does hits all of them alike. */

export const now = () => Number(process.hrtime.bigint());

/** A subject: `run(times)` does its work so often and returns the nanoseconds that took. */
export const local = (work) => ({
  run(times) {
    const from = now();
    for (let i = 0; i < times; i++) work();
    return now() - from;
  },
});

/** The same for work that returns a promise. */
export const localAsync = (work) => ({
  async run(times) {
    const from = now();
    for (let i = 0; i < times; i++) await work();
    return now() - from;
  },
});

const median = (sorted) => sorted[sorted.length >> 1];
export const summary = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return { best: sorted[0], median: median(sorted) };
};

/**
 * Times subjects in turns and returns best and median nanoseconds of one call for each name.
 * A round of a subject lasts about `ms`; each warms up for `warm` milliseconds first, because V8 compiles hot code late.
 */
export async function interleave(subjects, { rounds = 40, ms = 3, warm = 60 } = {}) {
  const names = Object.keys(subjects);
  const times = {};
  for (const name of names) {
    const subject = subjects[name];
    let count = 1;
    let spent = 0;
    let last = 1;
    while (spent < warm * 1e6) {
      last = await subject.run(count);
      spent += last;
      if (last < ms * 1e6) count = Math.ceil(count * Math.min(8, Math.max(1.2, (ms * 1e6) / last)));
    }
    times[name] = Math.max(1, Math.round((count * ms * 1e6) / last));
  }
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) samples[name].push((await subjects[name].run(times[name])) / times[name]);
  }
  return Object.fromEntries(names.map((name) => [name, summary(samples[name])]));
}

const UNITS = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
  [1, "ns"],
];
export function duration(ns) {
  const [size, unit] = UNITS.find(([size]) => ns >= size) ?? UNITS[3];
  return `${(ns / size).toFixed(ns / size < 10 ? 2 : ns / size < 100 ? 1 : 0)} ${unit}`;
}

/** What a row compares: a text, and whether the goal is met by the best round (null: there is no goal). */
export const atMost = (ns, limit) => ({ ratio: "", goal: `≤ ${duration(limit)}`, met: ns.best <= limit });
export const timesFaster = (ns, other, whom, least) => ({
  ratio: `${(other.best / ns.best).toFixed(2)}× faster than ${whom} (median ${(other.median / ns.median).toFixed(2)}×)`,
  goal: least ? `≥ ${least}×` : "",
  met: least ? other.best / ns.best >= least : null,
});
export const timesAsLong = (ns, other, whom, most) => ({
  ratio: `${(ns.best / other.best).toFixed(2)}× the time of ${whom} (median ${(ns.median / other.median).toFixed(2)}×)`,
  goal: `≤ ${most}×`,
  met: ns.best / other.best <= most,
});
/** `operations` per call as a share of the peak, which is operations per nanosecond. */
export const shareOfPeak = (ns, operations, peak, least) => {
  const share = (time) => (100 * operations) / time / peak;
  return {
    ratio: `${share(ns.best).toFixed(0)} % of P (median ${share(ns.median).toFixed(0)} %)`,
    goal: least ? `≥ ${100 * least} %` : "",
    met: least ? share(ns.best) >= 100 * least : null,
  };
};

/** A row of the table. `ns` is null for what was skipped; `comparison.ratio` says why. */
export const row = (what, ns, comparison = { ratio: "", goal: "", met: null }) => ({ what, ns, ...comparison });
export const skipped = (what, why) => row(what, null, { ratio: `skipped: ${why}`, goal: "", met: null });

export function table(rows) {
  const met = (r) => (r.met === null ? "" : r.met ? "met" : "MISSED");
  const cells = rows.map((r) => [
    r.what,
    r.ns ? duration(r.ns.best) : "",
    r.ns ? duration(r.ns.median) : "",
    r.ratio,
    r.goal,
    met(r),
  ]);
  const all = [["what", "best", "median", "ratio", "goal", ""], ...cells];
  const widths = all[0].map((_, i) => Math.max(...all.map((c) => c[i].length)));
  const right = (i) => i === 1 || i === 2;
  const line = (c) =>
    c
      .map((text, i) => (right(i) ? text.padStart(widths[i]) : text.padEnd(widths[i])))
      .join("  ")
      .trimEnd();
  return [line(all[0]), widths.map((w) => "─".repeat(w)).join("  "), ...cells.map(line)].join("\n");
}
