// What callbacks share that watch one log: which way is better, and by how much.

import { classOf, ValueError } from "../errors.js";
import { Callback, type Logs } from "./callback.js";

export interface MonitorOptions {
  /** The log to watch. */
  monitor?: string;
  /** Is smaller ("min") or larger ("max") better? "auto" asks the metric. */
  mode?: "auto" | "min" | "max";
  /** Changes up to this size do not count. */
  minDelta?: number;
}

/** A callback that watches `monitor`. */
export abstract class MonitorCallback extends Callback {
  readonly monitor: string;
  readonly mode: "auto" | "min" | "max";
  readonly minDelta: number;

  constructor(options: MonitorOptions) {
    super();
    this.monitor = options.monitor ?? "val_loss";
    this.mode = options.mode ?? "auto";
    this.minDelta = Math.abs(options.minDelta ?? 0);
    if (!["auto", "min", "max"].includes(this.mode)) {
      throw new ValueError(`${classOf(this)}: mode must be "auto", "min" or "max", received ${JSON.stringify(this.mode)}.`);
    }
  }

  /** The watched value; undefined, with a warning, when the logs lack it. */
  protected watched(logs: Logs): number | undefined {
    const value = logs[this.monitor];
    if (value === undefined) {
      console.warn(`${classOf(this)}: the log "${this.monitor}" is not available. Available: ${Object.keys(logs).join(", ")}.`);
    }
    return value;
  }

  /** Is `current` better than `best` by more than `minDelta`? Anything is better than nothing. */
  protected improves(current: number, best: number | null): boolean {
    if (best === null) return true;
    return this.#grows() ? current - this.minDelta > best : current + this.minDelta < best;
  }

  #grows(): boolean {
    if (this.mode !== "auto") return this.mode === "max";
    const bare = this.monitor.replace(/^val_/, "");
    if (bare === "loss") return false;
    const direction = this.model.direction(bare);
    if (direction === null) {
      throw new ValueError(
        `${classOf(this)}: whether "${this.monitor}" should grow or shrink is not known; give mode: "min" or "max".`,
      );
    }
    return direction === "up";
  }
}
