/**
 * Layers by themselves, one thread: convolutions as shares of P; what only moves memory, forward and gradient, beside reading and writing its
 * data once (a program that adds 1: x → y and again for the gradient); and how long a residual network of 50 layers compiles.
 */
import { grad, Input, init, jit, layers, Model, ops, Tensor, Variable } from "keratin";
import { interleave, local, now, row, shareOfPeak, summary, timesAsLong } from "./lib.mjs";
import { numbers, resnet50, uniform } from "./models.mjs";
import { peakOf, peakSubject } from "./peak.mjs";

const BATCH = 32;
const next = numbers(9);
const filled = (shape) =>
  new Variable(
    new Tensor(
      uniform(
        shape.reduce((n, d) => n * d, 1),
        next,
      ),
      shape,
    ),
  );

/** A program that computes `f` into a variable: no data crosses the border. */
function stored(shape, f) {
  const to = filled(shape);
  const run = jit(() => {
    to.assign(f());
    return ops.zeros([]);
  });
  return () => run();
}

// [height = width, channels, filters, goals of forward, input gradient, kernel gradient]
const CONVOLUTIONS = [
  [28, 16, 32, 0.85, 0.85, 0.78],
  [14, 32, 64, 0.85, 0.85, 0.78],
  [28, 1, 16, 0.55, null, null],
];

function convolutions() {
  const subjects = {};
  const rows = [];
  for (const [size, channels, filters, ...goals] of CONVOLUTIONS) {
    const [x, w, g] = [
      [BATCH, size, size, channels],
      [3, 3, channels, filters],
      [BATCH, size, size, filters],
    ].map(filled);
    const conv = (a, b) => ops.conv(a, b, { padding: "same" });
    const pulled = (argnum) => () => grad((a, b) => ops.sum(ops.multiply(conv(a, b), g)), { argnums: argnum })(x.value, w.value);
    const kinds = [
      ["forward", g.shape, () => conv(x, w)],
      ["gradient of the input", x.shape, pulled(0)],
      ["gradient of the kernel", w.shape, pulled(1)],
    ];
    kinds.forEach(([kind, shape, f], i) => {
      if (channels === 1 && i === 1) return; // nobody asks for the gradient of the data
      const name = `convolution 3×3, ${size}×${size}×${channels} → ${filters}, ${kind}`;
      subjects[name] = local(stored(shape, f));
      rows.push({ name, operations: 2 * BATCH * size * size * 9 * channels * filters, goal: goals[i] });
    });
  }
  return { subjects, rows };
}

const LAYERS = {
  "batch normalization": (x) => new layers.BatchNormalization().apply(x, { training: true }),
  "layer normalization": (x) => new layers.LayerNormalization().apply(x),
  "max pooling 2×2": (x) => new layers.MaxPooling2D({ poolSize: 2 }).apply(x),
  "average pooling 2×2": (x) => new layers.AveragePooling2D(2).apply(x),
  "depthwise 3×3": (x) => new layers.DepthwiseConv2D(3, { padding: "same" }).apply(x),
  "adding two": (x) => new layers.Add().apply([x, x]),
  padding: (x) => new layers.ZeroPadding2D({ padding: 1 }).apply(x),
  "up-sampling 2×2": (x) => new layers.UpSampling2D({ size: 2 }).apply(x),
};

/** The layer forward and backward: its output and the gradients of its input and weights, each written once. */
function both(shape, layer) {
  const input = Input(shape.slice(1));
  const model = new Model(input, layer(input));
  const x = filled(shape);
  const out = model.outputShape.map((d) => d ?? shape[0]);
  const [g, y, dx] = [filled(out), filled(out), filled(shape)];
  const weights = model.trainableVariables;
  const others = model.nonTrainableVariables.map((v) => v.value);
  const stores = weights.map((w) => filled(w.shape));
  const step = jit(() => {
    const f = (t, ws) => {
      const [value] = model.statelessCall(weights.length > 0 ? ws : [], others, t, { training: true });
      y.assign(value);
      return ops.sum(ops.multiply(value, g));
    };
    const [ofInput, ofWeights] = grad(f, { argnums: [0, 1] })(
      x.value,
      weights.length > 0 ? weights.map((w) => w.value) : [x.value],
    );
    dx.assign(ofInput);
    stores.forEach((s, i) => s.assign(ofWeights[i]));
    return ops.zeros([]);
  });
  return { step: () => step(), words: 2 * (x.size + y.size) };
}

/** Reads and writes `words` in all: half of them each. */
function moved(words) {
  const x = filled([words / 2]);
  return stored([words / 2], () => ops.add(x, 1));
}

export async function layersAlone({ rounds }) {
  await init({ threads: 1 });
  const conv = convolutions();
  const times = await interleave({ peak: peakSubject(), ...conv.subjects }, { rounds, ms: 4, warm: 60 });
  const peak = peakOf(times.peak);
  const rows = conv.rows.map(({ name, operations, goal }) =>
    row(name, times[name], shareOfPeak(times[name], operations, peak.best, goal)),
  );

  for (const shape of [
    [BATCH, 28, 28, 16],
    [BATCH, 14, 14, 64],
  ]) {
    const subjects = {};
    const words = {};
    for (const [name, layer] of Object.entries(LAYERS)) {
      const made = both(shape, layer);
      subjects[name] = local(made.step);
      subjects[`${name}, moved`] = local(moved(made.words));
      words[name] = made.words;
    }
    const all = await interleave(subjects, { rounds, ms: 4, warm: 60 });
    for (const name of Object.keys(LAYERS)) {
      const what = `${name} of ${shape.join("×")}, forward and gradient`;
      rows.push(row(what, all[name], timesAsLong(all[name], all[`${name}, moved`], "reading and writing its data once", 2)));
    }
  }
  rows.push(compile());
  return { rows, peak };
}

/** From a compiled model to its first training step's program: the trace and all passes. */
function compile() {
  const x = ops.zeros([2, 32, 32, 3]);
  const y = new Tensor(new Int32Array(2), [2]);
  const samples = Array.from({ length: 3 }, () => {
    const model = resnet50();
    model.compile({ optimizer: "sgd", loss: "sparse_categorical_crossentropy" });
    model.testOnBatch(x, y); // makes losses, metrics and weights
    const from = now();
    model.trainOnBatch(x, y);
    const first = now() - from;
    const again = now();
    model.trainOnBatch(x, y);
    return first - (now() - again);
  });
  const ns = summary(samples);
  return {
    ...row("compile of a residual network of 50 layers: trace and passes of its training step", ns),
    goal: "≤ 40 ms",
    met: ns.best <= 40e6,
  };
}
