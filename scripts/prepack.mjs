/**
 * Runs before `npm pack` and `npm publish`: nothing leaves that does not belong to the sources, and what leaves is small.
 * Afterwards scripts/postpack.mjs makes dist/ readable again.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { buildLibrary, LIBRARY_MARK } from "./build-ts.mjs";
import { minify } from "./minify.mjs";
import { at, files, plainErrors, run } from "./run.mjs";

plainErrors("prepack");
run(process.execPath, [at("scripts/check-pkg.mjs"), "--stamp"]);
buildLibrary();
// From here on dist/ is not what the compiler made: whoever comes next compiles again.
rmSync(LIBRARY_MARK, { force: true });
for (const file of files("dist", (f) => f.endsWith(".js"))) writeFileSync(at(file), minify(file, readFileSync(at(file), "utf8")));
