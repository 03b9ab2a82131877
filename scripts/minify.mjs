/** The JavaScript of the package as it is packed: without comments and blanks, with short local names. dist/ itself stays readable. */
import { readFileSync, writeFileSync } from "node:fs";
import { minifySync } from "vite";
import { isMain } from "./run.mjs";

/** Names of functions and classes go too: what configs, files and messages say of a class is its `className`. */
export function minify(path, code) {
  const result = minifySync(path, code, {
    module: true,
    mangle: { toplevel: true },
    compress: {},
    codegen: { asciiOnly: true }, // as dist/ is
  });
  if (result.errors?.length) throw new Error(`${path} could not be made smaller: ${result.errors[0].message}`);
  return result.code;
}

// `node scripts/minify.mjs file …`, in a process of its own: who runs before the packages are installed cannot import this file.
if (isMain(import.meta)) {
  for (const path of process.argv.slice(2)) writeFileSync(path, minify(path, readFileSync(path, "utf8")));
}
