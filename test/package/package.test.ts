// The package as a user gets it: packed, installed into an empty project, used from ESM, CommonJS and TypeScript on every Node that it promises.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { node, npm } from "./nodes.js";

const tool = (path: string) => resolve("node_modules", path);
const folder = mkdtempSync(join(tmpdir(), "keratin-package-"));
const project = join(folder, "project");
let tarball = "";
let packed: string[] = [];

/** Trains y = x₀ + 2·x₁ and predicts; `imports` brings in what it uses of keratin. */
const program = (imports: string) => `${imports}
async function main() {
  const model = new Sequential([new layers.Dense(1, { inputShape: [2] })]);
  model.compile({ optimizer: new optimizers.SGD({ learningRate: 0.3 }), loss: "mean_squared_error" });
  const x = tensor([[0, 0], [0, 1], [1, 0], [1, 1]]);
  const y = tensor([[0], [2], [1], [3]]);
  await model.fit(x, y, { epochs: 400, verbose: 0 });
  const guess = Number((await model.predict(tensor([[1, 1]]), { verbose: 0 })).data[0]);
  if (Math.abs(guess - 3) > 0.01) throw new Error("predicted " + guess + ", expected 3");
  console.log(JSON.stringify({ node: process.versions.node, guess, ...runtimeInfo() }));
}
void main();
`;

beforeAll(() => {
  npm(["pack", "--pack-destination", folder], resolve("."));
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz"))!);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "empty", version: "1.0.0", private: true }));
  npm(["install", tarball], project);
  const entries = readdirSync(join(project, "node_modules/keratin"), { recursive: true, withFileTypes: true });
  packed = entries
    .filter((e) => e.isFile())
    .map((e) => relative(join(project, "node_modules/keratin"), join(e.parentPath, e.name)).replaceAll("\\", "/"));
  writeFileSync(
    join(project, "use.mjs"),
    program('import { Sequential, layers, optimizers, runtimeInfo, tensor } from "keratin";'),
  );
  writeFileSync(
    join(project, "use.cjs"),
    program('const { Sequential, layers, optimizers, runtimeInfo, tensor } = require("keratin");'),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("it holds what a user needs and nothing else", () => {
  const allowed =
    /^(dist\/.*\.(js|d\.ts)|pkg\/(glue\.js|glue\.d\.ts|simd\.wasm|simd-mt\.wasm|relaxed-mt\.wasm)|package\.json|README\.md|LICENSE)$/;
  expect(packed.filter((path) => !allowed.test(path))).toEqual([]);
  for (const path of ["dist/index.js", "dist/index.d.ts", "pkg/simd.wasm", "pkg/glue.js", "README.md", "LICENSE"])
    expect(packed).toContain(path);
});

test("every file that one of its files names is there", () => {
  const root = join(project, "node_modules/keratin");
  const missing = packed
    .filter((path) => path.endsWith(".js") || path.endsWith(".d.ts"))
    .flatMap((path) => {
      const text = readFileSync(join(root, path), "utf8");
      const named = [...text.matchAll(/(?:from\s*|import\s*\(?\s*|new URL\(\s*)["'`](\.{1,2}\/[^"'`]+)["'`]/g)].map(
        (match) => match[1]!,
      );
      const beside = named.map((name) => join(root, path, "..", path.endsWith(".d.ts") ? name.replace(/\.js$/, ".d.ts") : name));
      return beside.filter((file) => !existsSync(file)).map((file) => `${path} names ${relative(root, file)}`);
    });
  expect(missing).toEqual([]);
});

test("other packages are loaded when they are needed", () => {
  const code = readFileSync(join(project, "node_modules/keratin/dist/index.js"), "utf8");
  const uses = code.match(/.{0,10}["'`]@dagrejs\/dagre["'`]/g)!;
  expect(uses.length).toBeGreaterThan(0);
  for (const use of uses) expect(use).toMatch(/import\(["'`]@dagrejs\/dagre["'`]$/);
});

test("installing it runs no script and brings no other package but the one for drawings", () => {
  const manifest = JSON.parse(readFileSync(join(project, "node_modules/keratin/package.json"), "utf8"));
  expect(Object.keys(manifest.scripts).filter((name) => /install$/.test(name))).toEqual([]);
  expect(Object.keys(manifest.dependencies)).toEqual(["@dagrejs/dagre"]);
});

describe.each([20, 22, 24, 26])("Node %i", (major) => {
  let binary = "";
  let why = "";
  beforeAll(() => {
    try {
      binary = node(major);
    } catch (error) {
      why = `no Node ${major} could be had from npm: ${String(error).split("\n")[0]}`;
    }
  });
  test.for(["use.mjs", "use.cjs"])("trains and predicts from %s, and exits by itself", (file, { skip }) => {
    if (!binary) skip(why);
    const answer = JSON.parse(execFileSync(binary, [file], { cwd: project, encoding: "utf8", timeout: 60_000 }));
    expect(answer.node).toMatch(new RegExp(`^${major}\\.`));
    expect(answer.platform).toBe("node");
  });
});

test("TypeScript finds its types, in a strict project that checks libraries too", () => {
  writeFileSync(
    join(project, "use.mts"),
    `import { Sequential, layers, tensor } from "keratin";
const model: Sequential = new Sequential([new layers.Dense(1, { inputShape: [2], activation: "relu" })]);
const shape: readonly number[] = tensor([[1, 2]]).shape;
export const found = { model, shape };
// @ts-expect-error: a misspelt option
new layers.Dense(1, { activatoin: "relu" });
`,
  );
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    target: "ES2022",
    lib: ["ES2023", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
    types: [],
  };
  for (const module of ["NodeNext", "Preserve"]) {
    const resolution = module === "Preserve" ? "Bundler" : module;
    const compilerOptions = { ...options, module, moduleResolution: resolution };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.mts"] }));
    execFileSync(process.execPath, [tool("typescript/bin/tsc"), "-p", project], { encoding: "utf8" });
  }
});

test("publint finds nothing to improve", () => {
  const answer = execFileSync(process.execPath, [tool("publint/src/cli.js"), tarball, "--strict"], { encoding: "utf8" });
  expect(answer).toContain("All good");
});

test("are the types wrong? says no", () => {
  execFileSync(process.execPath, [tool("@arethetypeswrong/cli/dist/index.js"), tarball, "--profile", "esm-only", "--no-emoji"], {
    encoding: "utf8",
  });
});
