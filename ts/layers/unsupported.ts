// Options of Keras that are accepted by name only: quantization and low-rank adaptation of kernels.

import { ValueError } from "../errors.js";

/** Their defaults, for `static defaults` of a class that has them in Keras. */
export const UNSUPPORTED = { loraRank: null, loraAlpha: null, quantizationConfig: null };

export interface UnsupportedOptions {
  /** Quantization and LoRA are not supported: only null is accepted. */
  loraRank?: null;
  loraAlpha?: null;
  quantizationConfig?: null;
}

/** Errors: `ValueError` when one of these options is set. */
export function refuseUnsupported(where: string, options: object, names: readonly string[] = Object.keys(UNSUPPORTED)): void {
  for (const name of names) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && value !== null) throw new ValueError(`${where}: ${name} is not supported; leave it out.`);
  }
}

/** A config without the options of LoRA, which Keras leaves out when they are not used; `quantizationConfig` stays, as null. */
export function withoutLora(config: Record<string, unknown>): Record<string, unknown> {
  const { loraRank: _rank, loraAlpha: _alpha, ...rest } = config;
  return { ...rest, quantizationConfig: null };
}
