/** The JavaScript of the package as it is packed: without comments (but for licences) and blanks, with short local names. dist/ itself stays readable. */
import { minifySync } from "vite";

/** Names of functions and classes go too: what configs, files and messages say of a class is its `className`. */
export function minify(path, code) {
  const result = minifySync(path, code, {
    module: true,
    mangle: { toplevel: true },
    compress: {},
    codegen: { legalComments: "inline" }, // the licences of packages whose code is in a file
  });
  if (result.errors?.length) throw new Error(`${path} could not be made smaller: ${result.errors[0].message}`);
  return result.code;
}
