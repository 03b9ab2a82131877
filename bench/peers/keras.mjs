/** Python Keras on JAX in its own process, or null when no Python with Keras is named by KERATIN_PYTHON. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const WHY = "Python Keras is not there: pip install keras jax, and KERATIN_PYTHON=that python";

/** `threads`: 1 pins the process to one core (Linux: taskset). */
export async function pythonKeras(threads) {
  const python = process.env.KERATIN_PYTHON;
  if (!python) return null;
  const script = fileURLToPath(new URL("keras_steps.py", import.meta.url));
  const [command, args] = threads === 1 ? ["taskset", ["-c", "0", python, script]] : [python, [script]];
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (!String(first.value).startsWith("ready")) throw new Error(`${WHY} (it said ${first.value})`);
  return {
    subject: (name) => ({
      async run(times) {
        child.stdin.write(`${name} ${times}\n`);
        return Number((await lines.next()).value);
      },
    }),
    end: () => void child.kill(),
  };
}
