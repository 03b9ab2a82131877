// Keras' progress bar, byte for byte: `7/32 ━━━━━━━━━━ 2s 85ms/step - loss: 1.2345`.

import { exponential, fixed } from "./pythonNumber.js";

export interface ProgbarOptions {
  /** Cells of the bar. Default 20. */
  width?: number;
  /** 0 prints nothing, 1 a bar that redraws, 2 one line when finished. Default 1. */
  verbose?: 0 | 1 | 2;
  /** Least seconds between two drawings of the bar. Default 0.05. */
  interval?: number;
  /** Names whose values are shown as given ("all": every one); all others are averaged over the steps. */
  statefulMetrics?: Iterable<string> | "all";
  /** What one step is called after the slash. Default "step". */
  unitName?: string;
  /** Receives each piece of text. Default: the terminal, or `console.log` of finished lines where there is none. */
  write?: (text: string) => void;
  /** The time in seconds, from any fixed origin. Default `performance.now() / 1000`. */
  now?: () => number;
  /** Redraw in place with backspaces (a terminal) rather than on a new line. Default true, as Keras on POSIX. */
  dynamic?: boolean;
}

/**
 * `keras.utils.Progbar`. The target may be `null` (unknown) and may be set later, before the last update.
 *
 * ```ts
 * const bar = new Progbar(32);
 * bar.update(1, [["loss", 0.5]]);
 * ```
 */
export class Progbar {
  target: number | null;
  readonly #width: number;
  readonly #verbose: 0 | 1 | 2;
  readonly #interval: number;
  readonly #stateful: { has(name: string): boolean };
  readonly #unitName: string;
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  readonly #dynamic: boolean;
  readonly #start: number;
  /** Sum and count of each metric, in order of first appearance. */
  readonly #values = new Map<string, { sum: number; count: number }>();
  #seen = 0;
  #lastUpdate = Number.NEGATIVE_INFINITY;
  #afterFirstStep: number | null = null;
  #previousWidth = 0;

  constructor(target: number | null, options: ProgbarOptions = {}) {
    this.target = target;
    this.#width = options.width ?? 20;
    this.#verbose = options.verbose ?? 1;
    this.#interval = options.interval ?? 0.05;
    this.#stateful = options.statefulMetrics === "all" ? { has: () => true } : new Set(options.statefulMetrics);
    this.#unitName = options.unitName ?? "step";
    this.#write = options.write ?? defaultWrite;
    this.#now = options.now ?? (() => performance.now() / 1000);
    this.#dynamic = options.dynamic ?? true;
    this.#start = this.#now();
  }

  /** Steps done so far: the `current` of the last update. */
  get seenSoFar(): number {
    return this.#seen;
  }

  /**
   * Shows that `current` steps are done.
   * @param values `[name, value of the last step]`
   * @param finalize last update: values are shown as given and the line is ended. Default `current >= target`
   */
  update(current: number, values: Iterable<readonly [name: string, value: number]> = [], finalize?: boolean): void {
    const last = finalize ?? (this.target !== null && current >= this.target);
    for (const [name, value] of values) this.#record(name, value, current, last);
    this.#seen = current;

    const now = this.#now();
    const perStep = this.#secondsPerStep(current, now);
    if (this.#verbose === 1) {
      if (now - this.#lastUpdate < this.#interval && !last) return;
      this.#write(this.#bar(current, now, perStep, last));
    } else if (this.#verbose === 2 && last && this.target !== null && this.target > 0) {
      this.#write(this.#line(current, this.target, now, perStep));
    }
    this.#lastUpdate = now;
  }

  /** Shows that `n` more steps are done. */
  add(n: number, values: Iterable<readonly [name: string, value: number]> = []): void {
    this.update(this.#seen + n, values);
  }

  #record(name: string, value: number, current: number, last: boolean): void {
    const entry = this.#values.get(name);
    if (entry === undefined || last || this.#stateful.has(name)) {
      const steps = last || this.#stateful.has(name) ? 1 : Math.max(current - this.#seen, 1);
      this.#values.set(name, { sum: value * steps, count: steps });
      return;
    }
    const steps = Math.max(current - this.#seen, 1);
    entry.sum += value * steps;
    entry.count += steps;
  }

  /** The first step compiles and warms up, so it is left out as soon as there are others. */
  #secondsPerStep(current: number, now: number): number {
    if (current === 0) return 0;
    const seconds =
      this.#afterFirstStep !== null && current > 1 ? (now - this.#afterFirstStep) / (current - 1) : (now - this.#start) / current;
    if (current === 1) this.#afterFirstStep = now;
    return seconds;
  }

  #bar(current: number, now: number, perStep: number, last: boolean): string {
    const known = this.target !== null && this.target > 0 ? this.target : null;
    const counter = known === null ? `${count(current, 7)}/Unknown` : `${bold(count(current, digitsOf(known), known))} `;
    let cells = "";
    if (known !== null) {
      const done = Math.trunc(this.#width * (current / known));
      // Past the target Python repeats a negative number of times, which is none.
      const open = Math.max(0, this.#width - done);
      cells = `${done > 0 ? green("━".repeat(done)) : ""}${white("━".repeat(open))}`;
    }
    const time = known !== null && !last ? remaining(perStep * (known - current)) : `${fixed(now - this.#start, 0)}s`;
    const text = `${counter}${cells} ${bold(time)}${this.#speed(perStep)}${this.#metrics((v) => Math.abs(v) > 1e-3)}`;

    const width = visibleWidth(text);
    const back = this.#dynamic ? `${"\b".repeat(this.#previousWidth)}\r` : "\n";
    const erase = " ".repeat(Math.max(0, this.#previousWidth - width));
    this.#previousWidth = width;
    return `${back}${text}${erase}${last ? "\n" : ""}`;
  }

  #line(current: number, target: number, now: number, perStep: number): string {
    // NOTE without abs, as Keras: negative values print in exponents here, but not in the bar.
    const metrics = this.#metrics((v) => v > 1e-3);
    return `${count(current, digitsOf(target), target)} - ${fixed(now - this.#start, 0)}s -${this.#speed(perStep)}${metrics}\n`;
  }

  /** ` 85ms/step`, with the leading space. */
  #speed(seconds: number): string {
    if (seconds >= 1 || seconds === 0) return ` ${fixed(seconds, 0)}s/${this.#unitName}`;
    if (seconds >= 1e-3) return ` ${fixed(seconds * 1e3, 0)}ms/${this.#unitName}`;
    return ` ${fixed(seconds * 1e6, 0)}us/${this.#unitName}`;
  }

  #metrics(plain: (value: number) => boolean): string {
    let text = "";
    for (const [name, { sum, count: steps }] of this.#values) {
      const value = sum / Math.max(1, steps);
      text += ` - ${name}: ${plain(value) ? fixed(value, 4) : exponential(value, 4)}`;
    }
    return text;
  }
}

const bold = (text: string): string => `\x1b[1m${text}\x1b[0m`;
const green = (text: string): string => `\x1b[32m${text}\x1b[0m`;
const white = (text: string): string => `\x1b[37m${text}\x1b[0m`;
const digitsOf = (target: number): number => String(Math.trunc(target)).length;
const count = (current: number, digits: number, target?: number): string =>
  String(Math.trunc(current)).padStart(digits) + (target === undefined ? "" : `/${Math.trunc(target)}`);

/** `h:mm:ss` above an hour, `m:ss` above a minute, else `Ns`; fractions of a second are cut off. */
function remaining(seconds: number): string {
  const two = (n: number) => String(Math.trunc(n)).padStart(2, "0");
  if (seconds > 3600) return `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
  if (seconds > 60) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  return `${Math.trunc(seconds)}s`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours start with the escape character.
const COLOURS = /\x1b\[\d+m/g;
const visibleWidth = (text: string): number => [...text.replace(COLOURS, "")].length;

/** Where nothing can be redrawn (a pipe, a file, a page's console) only finished lines are shown, without colours. */
function defaultWrite(text: string): void {
  const output = (globalThis as { process?: { stdout?: { isTTY?: boolean; write(text: string): unknown } } }).process?.stdout;
  if (output?.isTTY) output.write(text);
  else if (text.endsWith("\n"))
    console.log(
      text
        .replace(COLOURS, "")
        .replace(/[\b\r\n]/g, "")
        .trimEnd(),
    );
}
