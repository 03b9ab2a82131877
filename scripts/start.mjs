/** `npm start [-- options]`: sets up what is missing, then runs the main job, examples/mnist.ts. */
import { buildExamples } from "./build-ts.mjs";
import { plainErrors } from "./run.mjs";
import { setup } from "./setup.mjs";

plainErrors("start");
await setup();
buildExamples();
// In this process, so that the terminal, its keys and the exit code are the example's own; its options are already where it looks for them.
process.removeAllListeners("uncaughtException");
await import("../target/examples/mnist.js");
