// The main job: the tutorial's network on all of MNIST, from the terminal. `npm start -- --help` lists the options.

import { mkdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { datasets, init, runtimeInfo, setRandomSeed, Tensor } from "keratin";
import { buildModel } from "./network.js";
import { confusionMatrix, curve, digit } from "./terminal.js";

/** What the job must reach on the 10,000 test images. */
const GOAL = 0.975;

const HELP = `keratin: trains a 784-512-512-10 network on MNIST.

  npm start -- [options]

  --epochs N    passes over the 54,000 training images (default 5)
  --threads N   threads, this one included (default: all cores)
  --seed N      seed of weights, dropout and batch order (default 42); one seed, one run, to the last digit
  --fast        relaxed SIMD: faster, last bits differ between machines
  --quiet       one line per epoch instead of a progress bar
  --help        this text`;

function options() {
  const { values } = parseArgs({
    options: {
      epochs: { type: "string", default: "5" },
      threads: { type: "string" },
      seed: { type: "string", default: "42" },
      fast: { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const whole = (name: string, text: string): number => {
    const n = Number(text);
    if (!Number.isInteger(n) || n < (name === "seed" ? 0 : 1))
      throw new Error(`--${name} needs a whole number, received ${JSON.stringify(text)}.`);
    return n;
  };
  return {
    epochs: whole("epochs", values.epochs),
    seed: whole("seed", values.seed),
    ...(values.threads !== undefined && { threads: whole("threads", values.threads) }),
    fast: values.fast,
    quiet: values.quiet,
    help: values.help,
  };
}

/** Pixels 0 … 255 as rows of 784 numbers 0 … 1. */
function rows(images: { data: Uint8Array; shape: readonly number[] }): Tensor {
  return new Tensor(
    Float32Array.from(images.data, (p) => p / 255),
    [images.shape[0]!, 784],
  );
}

const argmax = (row: ArrayLike<number>): number => {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i;
  return best;
};

async function main(): Promise<number> {
  const { epochs, seed, threads, fast, quiet, help } = options();
  if (help) {
    console.log(HELP);
    return 0;
  }
  await init({ ...(threads !== undefined && { threads }), fast });
  setRandomSeed(seed);
  const info = runtimeInfo();
  const count = `${info.threads} ${info.threads === 1 ? "thread" : "threads"}`;
  console.log(`keratin on ${info.platform}: build ${info.variant}, ${count}${info.why ? ` (${info.why})` : ""}`);

  const [[trainImages, yTrain], [testImages, yTest]] = await datasets.mnist.loadData();
  const [xTrain, xTest] = [rows(trainImages), rows(testImages)];
  console.log(`MNIST: ${xTrain.shape[0]} training and ${xTest.shape[0]} test images`);

  const model = buildModel();
  model.summary();
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  const from = performance.now();
  const history = await model.fit(xTrain, yTrain, { epochs, batchSize: 128, validationSplit: 0.1, verbose: quiet ? 2 : 1 });
  const seconds = (performance.now() - from) / 1000;
  console.log(`trained in ${seconds.toFixed(1)} s`);
  console.log(
    `final loss ${history.history.loss!.at(-1)} (the same to the last digit for seed ${seed} and any number of threads)`,
  );
  console.log(`\n${curve({ loss: history.history.loss!, val_loss: history.history.val_loss! })}`);

  const { accuracy } = await model.evaluate(xTest, yTest, { batchSize: 256, verbose: 0, returnDict: true });
  const probabilities = await model.predict(xTest, { batchSize: 256, verbose: 0 });
  const predicted = Array.from({ length: xTest.shape[0]! }, (_, i) => argmax(probabilities.data.subarray(i * 10, i * 10 + 10)));
  console.log(`\n${confusionMatrix(Array.from(yTest.data), predicted, 10)}`);
  for (let i = 0; i < 10; i += 5) {
    const five = Array.from({ length: 5 }, (_, k) =>
      digit(testImages.data.subarray((i + k) * 784, (i + k + 1) * 784), `predicted ${predicted[i + k]}, is ${yTest.data[i + k]}`),
    );
    console.log(`\n${five[0]!.map((_, line) => five.map((d) => d[line]).join("  ")).join("\n")}`);
  }

  await mkdir("target", { recursive: true });
  const file = "target/mnist.safetensors";
  await model.saveWeights(file);
  const again = buildModel();
  await again.loadWeights(file);
  const repeated = await again.predict(xTest, { batchSize: 256, verbose: 0 });
  const equal = repeated.data.every((p, i) => Object.is(p, probabilities.data[i]));
  console.log(`\nweights saved to ${file} and loaded into a new model: predictions are ${equal ? "bit-equal" : "DIFFERENT"}`);

  const passed = accuracy! >= GOAL;
  console.log(`test accuracy ${(100 * accuracy!).toFixed(2)} % (goal ${100 * GOAL} %): ${passed ? "reached" : "missed"}`);
  return passed && equal ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
