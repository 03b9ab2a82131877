/** `npm run example -- NAME [options]`: sets up what is missing, then runs examples/NAME.ts. Without a name it lists them. */
import { readFileSync } from "node:fs";
import { buildExamples } from "./build-ts.mjs";
import { at, files, plainErrors } from "./run.mjs";
import { setup } from "./setup.mjs";

plainErrors("example");
// A program says so in its last lines; the other files are parts of several.
const programs = files("examples", (f) => f.endsWith(".ts")).filter((f) => readFileSync(at(f), "utf8").includes("await main("));
const names = programs.map((f) => f.replace(/^examples\/|\.ts$/g, ""));
const [name, ...options] = process.argv.slice(2);
if (name === undefined) {
  for (const [i, file] of programs.entries()) {
    const first = readFileSync(at(file), "utf8")
      .split("\n")[0]
      .replace(/^\/\/ /, "");
    console.log(`${names[i].padEnd(10)} ${first}`);
  }
  process.exit();
}
if (!names.includes(name)) throw new Error(`There is no example "${name}". The examples are ${names.join(", ")}.`);
await setup();
buildExamples();
// In this process, so that the terminal, its keys and the exit code are the example's own.
const program = at(`target/examples/${name}.js`);
process.argv = [process.argv[0], program, ...options];
process.removeAllListeners("uncaughtException");
await import(`../target/examples/${name}.js`);
