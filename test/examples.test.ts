// The examples do their jobs: each in its short form, well above what chance reaches, and the same to the last digit for the same seed.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setRandomSeed } from "keratin";
import { transformWithOxc } from "vite";
import { describe, expect, test } from "vitest";
import { job as convnet } from "../examples/convnet.js";
import type { Job } from "../examples/job.js";
import { buildModel } from "../examples/network.js";
import { job as resnet } from "../examples/resnet.js";
import { job as series } from "../examples/series.js";
import { job as text } from "../examples/text.js";
import { job as twoInputs } from "../examples/twoInputs.js";

/** Runs the short form; what it says, and what it measures. */
async function quickly(job: Job, seed: number): Promise<{ measured: number; said: string }> {
  const lines: string[] = [];
  setRandomSeed(seed);
  const measured = await job.run({ quick: true, say: (line) => lines.push(line), verbose: 0 });
  return { measured, said: lines.join("\n") };
}

/** The job, and what it would measure by chance: one of ten digits, half of the sentences and pairs, no skill in forecasting. */
const JOBS: readonly (readonly [name: string, job: Job, chance: number])[] = [
  ["convnet", convnet, 0.1],
  ["resnet", resnet, 0.1],
  ["series", series, 0],
  ["text", text, 0.5],
  ["twoInputs", twoInputs, 0.5],
];

test("no example is left out", () => {
  const programs = readdirSync("examples").filter(
    (file) => file.endsWith(".ts") && readFileSync(join("examples", file), "utf8").includes("await main(import.meta.url"),
  );
  expect(programs.sort()).toEqual(JOBS.map(([name]) => `${name}.ts`).sort());
});

describe.each(JOBS)("%s", (_, job, chance) => {
  test("reaches its goal, and goes the same way twice", async () => {
    // 200 and more cases are judged: 0.15 above chance are at least four standard deviations.
    expect(job.goal.quick).toBeGreaterThanOrEqual(chance + 0.15);
    const first = await quickly(job, 7);
    expect(first.measured).toBeGreaterThanOrEqual(job.goal.quick);
    const again = await quickly(job, 7);
    expect(again.measured).toBe(first.measured);
    // What is said holds every forecast or the whole confusion matrix; names of layers count on.
    const numbers = (said: string): string => said.slice(said.lastIndexOf("Non-trainable"));
    expect(numbers(again.said)).toBe(numbers(first.said));
  }, 120_000);
});

test("the network of the main job is the tutorial's", () => {
  // 784·512 + 512, 512·512 + 512, 512·10 + 10
  expect(buildModel().countParams()).toBe(401_920 + 262_656 + 5_130);
});

test("a goal that is missed is exit code 1, one that is reached 0, a wrong option a sentence", async () => {
  mkdirSync("target", { recursive: true });
  const folder = mkdtempSync(join("target", "job-"));
  try {
    const { code } = await transformWithOxc(readFileSync("examples/job.ts", "utf8"), "job.ts");
    writeFileSync(join(folder, "job.mjs"), code);
    const program = join(folder, "own.mjs");
    writeFileSync(
      program,
      `import { main } from "./job.mjs";
await main(import.meta.url, { title: "own", goal: { what: "x", quick: 0.5, whole: 0.9 }, run: async () => 0.7 });`,
    );
    const run = (...options: string[]) => spawnSync(process.execPath, [program, ...options], { encoding: "utf8" });
    expect(run("--quick")).toMatchObject({ status: 0, stdout: expect.stringContaining("x 0.7000 (goal 0.5): reached") });
    expect(run()).toMatchObject({ status: 1, stdout: expect.stringContaining("x 0.7000 (goal 0.9): missed") });
    expect(run("--seed", "x")).toMatchObject({ status: 1, stderr: '--seed needs a whole number ≥ 0, received "x".\n' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("each file of examples/data is small, and its source and licence are written down", () => {
  const readme = readFileSync("examples/data/README.md", "utf8");
  const files = readdirSync("examples/data").filter((file) => file !== "README.md");
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    expect(statSync(join("examples/data", file)).size).toBeLessThanOrEqual(300_000);
    const row = readme.split("\n").find((line) => line.startsWith(`| \`${file}\``));
    expect(row, file).toMatch(/public domain|CC BY|BSD|MIT/);
  }
});
