// The one place that converts between Keras' snake_case and TypeScript's camelCase, and that hands out automatic names.

/** `_x → X`: `kernel_initializer` → `kernelInitializer`, `beta_1` → `beta1`. A leading underscore stays. */
export function toCamelCase(name: string): string {
  return name.replace(/(?!^)_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * The way back: `kernelInitializer` → `kernel_initializer`, `l1L2` → `l1_l2`.
 *
 * NOTE an underscore before a digit leaves no trace in camelCase (`beta1`, but also `x1`), so the names of Keras that have one are
 * listed. A name of a custom layer such as `rate_2` comes back as `rate2`; within one program that is consistent.
 */
export function toSnakeName(name: string): string {
  return DIGIT_NAMES.get(name) ?? name.replace(/(?!^)[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

// Every parameter, function and config key of Keras 3.15.1 with an underscore before a digit.
const DIGIT_NAMES = new Map(
  ["adam_beta_1", "adam_beta_2", "beta_1", "beta_2", "beta_2_decay", "epsilon_1", "epsilon_2", "extract_patches_3d"].map(
    (name) => [toCamelCase(name), name],
  ),
);

/**
 * A class name as Keras writes it in automatic names and in weight files: `Conv2DTranspose` → `conv2d_transpose`, `ReLU` → `re_lu`.
 * The two patterns are those of `keras/src/utils/naming.py`; the odd results (`RMSprop` → `rm_sprop`) are Keras' own.
 */
export function toSnakeCase(className: string): string {
  // Only where it is needed: V8 takes milliseconds to compile classes of all letters.
  const word = /^\w*$/.test(className) ? className : className.replace(/[^\p{L}\p{N}_]+/gu, "");
  return word
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

const counters = new Map<string, number>();

/** `dense`, then `dense_1`, `dense_2` …: one counter per prefix. A name that the user chose does not advance it. */
export function uniqueName(prefix: string): string {
  const used = counters.get(prefix) ?? 0;
  counters.set(prefix, used + 1);
  return used === 0 ? prefix : `${prefix}_${used}`;
}

/** `keras.backend.get_uid`: advances the same counter and returns it, starting from 1. */
export function getUid(prefix: string): number {
  const used = (counters.get(prefix) ?? 0) + 1;
  counters.set(prefix, used);
  return used;
}

/** Starts all counters over, as `clearSession` does. */
export function clearNames(): void {
  counters.clear();
}
