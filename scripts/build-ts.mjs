/** TypeScript to JavaScript: ts/ to dist/, examples/ to target/examples. Compiles only what has changed. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { at, files, hashFiles, run, runPackage, timed, version } from "./run.mjs";

const tsc = (project) => runPackage("typescript/bin/tsc", ["-p", at(project)]);

const markOf = (name) => at(`target/${name}.stamp`);
/** Without it the next build compiles dist/ again. */
export const LIBRARY_MARK = markOf("dist");

/** Does `body` unless what it depends on is as it was when it last succeeded. Returns false when there was nothing to do. */
function whenChanged(name, inputs, made, body) {
  const mark = markOf(name);
  const wanted = `${hashFiles(inputs)} ${version("typescript")}`;
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted && existsSync(at(made))) return false;
  rmSync(mark, { force: true });
  body();
  mkdirSync(dirname(mark), { recursive: true });
  writeFileSync(mark, wanted);
  return true;
}

const library = () => [...files("ts"), "tsconfig.json", "package.json", "pkg/glue.d.ts", "scripts/bundle.mjs"];

/** ts/ → dist/. Returns false when dist/ was up to date. */
export const buildLibrary = () =>
  timed("build", "TypeScript", () =>
    whenChanged("dist", library(), "dist/index.js", () => {
      tsc(".");
      // A source that is gone must not live on in the package.
      for (const file of files("dist")) {
        const source = file.replace(/^dist/, "ts").replace(/(\.d)?\.(ts|js)$/, ".ts");
        if (!existsSync(at(source))) rmSync(at(file));
      }
      run(process.execPath, [at("scripts/bundle.mjs")]);
    }),
  );

/** examples/ → target/examples. They import `keratin` by its name, so dist/ comes first. */
export function buildExamples() {
  buildLibrary();
  return timed("build", "examples", () =>
    whenChanged("examples", [...files("examples"), ...library()], "target/examples", () => tsc("examples")),
  );
}
