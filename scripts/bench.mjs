/** `npm run bench`: sets up what is missing, then runs the benchmarks; they share the network of the main job with the examples. */
import { buildExamples } from "./build-ts.mjs";
import { plainErrors } from "./run.mjs";
import { setup } from "./setup.mjs";

plainErrors("bench");
await setup();
buildExamples();
process.removeAllListeners("uncaughtException");
await import("../bench/main.mjs");
