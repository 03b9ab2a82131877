/** The JavaScript of the package as it is packed: without comments and blanks, with short local names. dist/ itself stays readable. */
import { minifySync } from "vite";

/** Names of functions and classes stay: identifiers in configs and files are made of them. */
export function minify(path, code) {
  const result = minifySync(path, code, {
    module: true,
    mangle: { keepNames: true, toplevel: true },
    compress: { keepNames: { function: true, class: true } },
  });
  if (result.errors?.length) throw new Error(`${path} could not be made smaller: ${result.errors[0].message}`);
  return result.code;
}
