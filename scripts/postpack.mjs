/** Runs after `npm pack`: compiles dist/ again, which scripts/prepack.mjs had made small. */
import { buildLibrary } from "./build-ts.mjs";
import { plainErrors } from "./run.mjs";

plainErrors("postpack");
buildLibrary();
