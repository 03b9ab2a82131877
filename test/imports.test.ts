// Dependencies point one way: between the files of ts/, between the crates, and from passes to rows of the op table, never to their names.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

const filesBelow = (folder: string, ending: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((f) => f.endsWith(ending))
    .map((f) => join(folder, f).replaceAll("\\", "/"))
    .sort();

describe("ts/", () => {
  /**
   * Lowest first: a file imports from its own layer and from those above it in this list. An entry that ends in / is a folder; the
   * longest entry that fits decides.
   */
  const LAYERS: readonly (readonly string[])[] = [
    ["errors.ts", "saving/names.ts"],
    ["core/dtype.ts", "runtime/", "formats/", "datasets/idx.ts"],
    ["models/progbar.ts", "models/pythonNumber.ts", "models/summaryTable.ts"], // text for a terminal: knows no model
    ["wasm.ts"],
    ["trace.ts", "core/release.ts"],
    ["tensor.ts"],
    ["core/"],
    ["saving/", "saving.ts"],
    ["variable.ts"],
    ["symbolic/"],
    ["ops/", "ops.ts"],
    ["functions.ts", "random/", "random.ts"],
    ["activations.ts", "constraints.ts", "initializers/", "initializers.ts", "regularizers.ts", "schedules.ts", "datasets/"],
    ["losses/", "losses.ts", "metrics/", "metrics.ts", "optimizers/", "optimizers.ts"],
    ["layers/"],
    ["callbacks/", "callbacks.ts"],
    ["models/"],
    ["index.ts"],
  ];
  const entries = LAYERS.flatMap((names, layer) => names.map((name) => ({ name, layer })));
  /** The place of a file in the list, or -1. */
  const layerOf = (file: string): number => {
    const path = file.slice("ts/".length);
    const fitting = entries.filter(({ name }) => (name.endsWith("/") ? path.startsWith(name) : path === name));
    return fitting.sort((a, b) => b.name.length - a.name.length)[0]?.layer ?? -1;
  };

  const sources = filesBelow("ts", ".ts").map((file) => {
    const text = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    const found = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map((m) => m[1]!);
    return {
      file,
      imports: found(/^(?:import|export)\b(?:[^;"'=]*?\bfrom)? ?["']([^"'\n]+)["'];/gm),
      dynamic: found(/\bimport\(\s*["']([^"'\n]+)["']\s*\)/g),
    };
  });
  const target = (file: string, path: string): string =>
    normalize(join(dirname(file), path))
      .replaceAll("\\", "/")
      .replace(/\.js$/, ".ts");

  test("the list knows every file", () => {
    expect(sources.map((s) => s.file).filter((file) => layerOf(file) < 0)).toEqual([]);
  });

  test("no file imports from a layer above its own", () => {
    const upward = sources.flatMap(({ file, imports, dynamic }) =>
      [...imports, ...dynamic]
        .filter((path) => path.startsWith("."))
        .map((path) => target(file, path))
        .filter((to) => to.startsWith("ts/") && layerOf(to) > layerOf(file))
        .map((to) => `${file} imports ${to}`),
    );
    expect(upward).toEqual([]);
  });

  test("only wasm.ts and the runtimes know pkg/", () => {
    const users = sources.filter((s) => [...s.imports, ...s.dynamic].some((path) => target(s.file, path).startsWith("pkg/")));
    expect(users.map((s) => s.file)).toEqual(["ts/runtime/workerd.ts", "ts/wasm.ts"]);
  });

  test("outside of runtime/, modules of Node are imported when they are used: a page never asks for them", () => {
    const packages = sources
      .filter((s) => !s.file.startsWith("ts/runtime/"))
      .flatMap(({ file, imports }) => imports.filter((path) => !path.startsWith(".")).map((path) => `${file}: ${path}`));
    expect(packages).toEqual(["ts/wasm.ts: #platform"]);
  });
});

describe("crates/", () => {
  /** Who may use whom, and which foreign crates: ours without their prefix. */
  const ALLOWED: Record<string, readonly string[]> = {
    kernels: ["libm"],
    graph: ["kernels", "libm", "ndarray"],
    exec: ["kernels", "graph", "rayon"],
    nn: ["kernels", "graph", "libm", "ndarray"],
    wasm: ["kernels", "graph", "exec", "nn", "rayon", "wasm-bindgen"],
  };
  const dependencies = (manifest: string): string[] => {
    const table = /^\[dependencies\]\n([\s\S]*?)(?=^\[|$(?![\s\S]))/m.exec(manifest)?.[1] ?? "";
    return [...table.matchAll(/^([\w-]+)(?:\.| =)/gm)].map((m) => m[1]!.replace(/^keratin-/, ""));
  };

  test("kernels ← graph ← exec, nn ← wasm; threads in exec and wasm, JavaScript in wasm alone", () => {
    const manifests = filesBelow("crates", "Cargo.toml");
    expect(manifests.map((path) => path.split("/")[1]).sort()).toEqual(Object.keys(ALLOWED).sort());
    const others = manifests.flatMap((path) => {
      const crate = path.split("/")[1]!;
      const used = dependencies(readFileSync(path, "utf8"));
      expect(used.length, `${path} is read`).toBeGreaterThan(0);
      return used.filter((name) => !ALLOWED[crate]!.includes(name)).map((name) => `${crate} uses ${name}`);
    });
    expect(others).toEqual([]);
  });

  test("passes ask rows for their properties: none of them names an op", async () => {
    // Rows are written `name: "dot"`, or as `TANH "tanh"` in the macro of their kind.
    const names = new Set(
      filesBelow("crates/graph/src/ops", ".rs").flatMap((file) =>
        [...readFileSync(file, "utf8").matchAll(/(?:\bname: |\b[A-Z][A-Z0-9_]* )"([a-z][a-z0-9_]*)"/g)].map((m) => m[1]!),
      ),
    );
    for (const known of ["add", "tanh", "dot", "reshape", "scan", "sum"]) expect(names).toContain(known);

    const found = filesBelow("crates/exec/src", ".rs").flatMap((file) => {
      const code = readFileSync(file, "utf8").replace(/\/\/.*$/gm, "");
      const literals = [...code.matchAll(/"([a-z0-9_]+)"/g)].map((m) => m[1]!).filter((text) => names.has(text));
      const rows = [...code.matchAll(/\bops::\w+::([A-Z][A-Z0-9_]+)\b/g)].map((m) => m[1]!);
      const lookups = [...code.matchAll(/\b(?:op::)?find\(\s*"/g)].map(() => "a lookup by name");
      return [...literals, ...rows, ...lookups].map((what) => `${file}: ${what}`);
    });
    expect(found).toEqual([]);
  });
});
