// Other versions of Node, from npm's `node` package, kept for the next run.

import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const CACHE = resolve(process.env.KERATIN_CACHE ?? "target", "node");

export const npm = (args: string[], cwd: string): string =>
  execFileSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd,
    encoding: "utf8",
    shell: process.platform === "win32",
  });

/** Path of a Node of this major version. Error: when the registry has none for this machine. */
export function node(major: number): string {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const kept = join(CACHE, `node-${major}${process.platform === "win32" ? ".exe" : ""}`);
  if (existsSync(kept)) return kept;
  const folder = mkdtempSync(join(tmpdir(), "keratin-node-"));
  try {
    writeFileSync(join(folder, "package.json"), "{}");
    npm(["install", `node@${major}`], folder);
    const name = process.platform === "win32" ? "node.exe" : "node";
    mkdirSync(CACHE, { recursive: true });
    copyFileSync(join(folder, "node_modules/node/bin", name), kept);
    chmodSync(kept, 0o755);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return kept;
}
