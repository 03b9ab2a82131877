/** Other libraries, each in its own process; they are installed apart from the package, by hand. */
import { existsSync } from "node:fs";
import { Child } from "./child.mjs";

/** TensorFlow.js on its WASM backend with one thread, or null when it is not installed. */
export async function tfjs() {
  if (!existsSync(new URL("peers/node_modules/@tensorflow/tfjs-backend-wasm", import.meta.url))) return null;
  const child = new Child("peers/tfjs.mjs");
  await child.ask("prepare");
  return child;
}
tfjs.why = "TF.js is not installed: npm ci --prefix bench/peers";
