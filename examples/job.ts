// What all examples share: options from the command line, starting keratin, the goal, and the exit code. And where their data is.

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { init, runtimeInfo, setRandomSeed } from "keratin";

export interface JobOptions {
  /** A short form that takes seconds: less data, fewer epochs, a lower goal. */
  quick: boolean;
  /** Tells what happens. */
  say: (text: string) => void;
  /** For `fit`: 0 silent, 1 a progress bar, 2 a line per epoch. */
  verbose: 0 | 1 | 2;
}

export interface Job {
  title: string;
  /** What `run` measures, and the least that it must be, for the short and for the whole form. */
  goal: { what: string; quick: number; whole: number };
  /** Does the job; returns the measure of the goal, which is the same to the last digit for the same seed. */
  run(options: JobOptions): Promise<number>;
}

/** Runs the job when its file is the program that was started; the exit code is 1 when the goal is missed. */
export async function main(url: string, job: Job): Promise<void> {
  const started = process.argv[1];
  if (started === undefined || realpathSync(started) !== fileURLToPath(url)) return;
  try {
    process.exitCode = await runFromTerminal(job);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

async function runFromTerminal(job: Job): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      seed: { type: "string", default: "42" },
      threads: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(`${job.title}\n
  --quick       less data and a lower goal, in seconds
  --seed N      seed of weights, dropout and batch order (default 42); one seed, one run, to the last digit
  --threads N   threads, this one included (default: all cores)
  --help        this text`);
    return 0;
  }
  const { quick } = values;
  await init(values.threads === undefined ? {} : { threads: whole("threads", values.threads, 1) });
  const { platform, variant, threads } = runtimeInfo();
  console.log(`${job.title}\nkeratin on ${platform}: build ${variant}, ${threads} ${threads === 1 ? "thread" : "threads"}`);

  setRandomSeed(whole("seed", values.seed, 0));
  const from = performance.now();
  const measured = await job.run({ quick, say: console.log, verbose: process.stdout.isTTY ? 1 : 2 });
  const seconds = (performance.now() - from) / 1000;
  const goal = job.goal[quick ? "quick" : "whole"];
  const reached = measured >= goal;
  console.log(
    `\n${job.goal.what} ${measured.toFixed(4)} (goal ${goal}): ${reached ? "reached" : "missed"} in ${seconds.toFixed(1)} s`,
  );
  return reached ? 0 : 1;
}

function whole(name: string, text: string, least: number): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < least)
    throw new Error(`--${name} needs a whole number ≥ ${least}, received ${JSON.stringify(text)}.`);
  return n;
}

/** A file of examples/data. The program may be the TypeScript in examples/, or what it was compiled to in target/examples/. */
export function dataFile(name: string): Uint8Array {
  const places = ["data/", "../../examples/data/"].map((folder) => new URL(folder + name, import.meta.url));
  return readFileSync(places.find((place) => existsSync(place)) ?? places[0]!);
}

/** Splits a list: every n-th element, and the others. Nothing is left to chance, so a test set stays the same. */
export function everyNth<T>(list: readonly T[], n: number): [nth: T[], others: T[]] {
  return [list.filter((_, i) => i % n === n - 1), list.filter((_, i) => i % n !== n - 1)];
}
