/** Subjects in other processes: a peer that would disturb ours, a runtime with other threads, or a start that must be cold. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A process that answers questions one at a time; while it waits it takes no processor. */
export class Child {
  static #all = new Set();
  #process;
  #answer = null;

  constructor(file, args = []) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    this.#process = fork(path, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    Child.#all.add(this);
    this.#process.on("message", (answer) => this.#answer?.(answer));
    this.#process.on("exit", (code) => this.#answer?.({ error: `the process ended with ${code}` }));
  }

  /** What the handler of that name in the child returns. Errors: the child's own, or that it ended. */
  async ask(name, ...values) {
    const answer = await new Promise((resolve) => {
      this.#answer = resolve;
      this.#process.send({ name, values });
    });
    if (answer.error) throw new Error(answer.error);
    return answer.value;
  }

  /** A subject for `interleave`. */
  subject(name) {
    return { run: (times) => this.ask("run", name, times) };
  }

  async end() {
    Child.#all.delete(this);
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.disconnect();
    await ended;
  }

  /** Ends those whose benchmark failed before it could. */
  static endAll = () => Promise.all([...Child.#all].map((child) => child.end()));
}

/** In the child: answers with what the handlers return. */
export function serve(handlers) {
  process.on("message", async ({ name, values }) => {
    try {
      process.send({ value: await handlers[name](...values) });
    } catch (error) {
      process.send({ error: error.stack });
    }
  });
  process.on("disconnect", () => process.exit());
}
