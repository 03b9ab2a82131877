// Files of the machine, which Node, Deno and Bun have and pages do not.

/** Are there files? */
export const hasFiles = (): boolean =>
  "process" in globalThis && Boolean((globalThis as { process?: NodeJS.Process }).process?.versions?.node);

/** Imports a Node module without bundlers seeing it: a page never gets here. */
export async function nodeImport<T>(name: string): Promise<T> {
  return (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as T;
}

export const fileSystem = (): Promise<typeof import("node:fs/promises")> => nodeImport("node:fs/promises");
