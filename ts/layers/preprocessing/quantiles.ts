// Quantiles of data that comes in batches: a short weighted summary of what was seen, merged with that of each further batch.

/** Values, ascending, and for how many of the data each stands. */
export interface Summary {
  values: number[];
  weights: number[];
}

const float32 = (xs: readonly number[]): number[] => xs.map(Math.fround);

/** The sorted values in about 1/epsilon stretches: the last value of each, with the weight of all. Numbers are float32, as in Keras. */
export function summarize(data: ArrayLike<number>, epsilon: number): Summary {
  const sorted = Float32Array.from(data).sort();
  const step = Math.max(sorted.length / (1 / epsilon), 1);
  const values: number[] = [];
  for (let i = Math.trunc(step) - 1; i < sorted.length; i += Math.trunc(step)) values.push(sorted[i]!);
  return { values, weights: values.map(() => Math.fround(step)) };
}

/** One summary of what both saw, compressed to about 1/epsilon values. */
export function mergeSummaries(a: Summary, b: Summary, epsilon: number): Summary {
  const values = [...a.values, ...b.values];
  const weights = [...a.weights, ...b.weights];
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  return compress({ values: order.map((i) => values[i]!), weights: order.map((i) => weights[i]!) }, epsilon);
}

/** The boundaries between `bins` bins of about equal weight. */
export const binsOf = (summary: Summary, bins: number): number[] => compress(summary, 1 / bins).values.slice(0, -1);

/** The quantiles at epsilon, 2·epsilon, … 1, interpolated between the values. */
function compress({ values, weights }: Summary, epsilon: number): Summary {
  if (values.length * epsilon < 1) return { values, weights };
  const running: number[] = [];
  for (const w of weights) running.push(Math.fround((running.at(-1) ?? 0) + w));
  const shares = running.map((w) => Math.fround(w / running.at(-1)!));
  const wanted = Array.from({ length: Math.ceil(1 / epsilon) }, (_, i) => epsilon + i * epsilon);
  const cumulative = wanted.map((p) => interpolate(p, shares, running));
  return {
    values: float32(wanted.map((p) => interpolate(p, shares, values))),
    weights: float32(cumulative.map((w, i) => w - (cumulative[i - 1] ?? 0))),
  };
}

/** The value at `x` of the line through the points (xs, ys), xs ascending; the first and last value beyond the ends. */
function interpolate(x: number, xs: readonly number[], ys: readonly number[]): number {
  const last = xs.length - 1;
  if (x < xs[0]!) return ys[0]!;
  if (x >= xs[last]!) return ys[last]!;
  let i = 0;
  while (x >= xs[i + 1]!) i++;
  return ys[i]! + ((ys[i + 1]! - ys[i]!) / (xs[i + 1]! - xs[i]!)) * (x - xs[i]!);
}
