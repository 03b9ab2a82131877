// Where a layer call stands: its name scope, the training flag that inner calls inherit, and the way out of a trace to build weights.

import { KeratinError } from "../errors.js";
import { currentPath, withPath } from "../trace.js";

/** The outermost layer call that is going on. */
export interface CallContext {
  /** What the enclosing call decided; inner calls inherit it. Null: nobody said. */
  training: boolean | null;
}

let context: CallContext | null = null;
/** The call that encloses the next one, or null. */
export const currentCall = (): CallContext | null => context;

/** Runs `body` as part of a call with this flag; null starts a call of its own that inherits nothing. */
export function withCall<T>(next: CallContext | null, body: () => T): T {
  const before = context;
  context = next;
  try {
    return body();
  } finally {
    context = before;
  }
}

const callers: object[] = [];

/**
 * Runs `body` in the name scope of `caller`: variables made in it get the path `outer/name/…`, errors show it.
 * A scope inside the scope of the same caller (`build` called by `apply`) adds nothing.
 */
export function inScope<T>(caller: object, name: string, body: () => T): T {
  if (callers.at(-1) === caller) return body();
  callers.push(caller);
  try {
    return withPath(name, body);
  } finally {
    callers.pop();
  }
}

const located = new WeakSet<KeratinError>();

/** Runs a layer's `call`: an error of an op inside gets the path of the innermost layer in front, once. */
export function locateErrors<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof KeratinError && !located.has(error)) {
      located.add(error);
      const path = currentPath().replaceAll("/", " › ");
      const says = [`${path} ›`, `${path}:`, `${path} (`].some((start) => error.message.startsWith(start));
      if (!says) error.message = `${path} › ${error.message}`;
    }
    throw error;
  }
}

/** The scope we are in: `sequential/dense`. */
export { currentPath };
