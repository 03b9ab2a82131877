// The batches of a fit: epochs of a given number of steps, or one pass over the data each.

import type { Batch, Feed } from "./data.js";

/** Hands out the batches of a feed, epoch after epoch. */
export class Passes {
  readonly #feed: Feed;
  readonly #stepsPerEpoch: number | null;
  #iterator: AsyncIterator<Batch> | Iterator<Batch> | null = null;
  #peeked: IteratorResult<Batch> | null = null;

  constructor(feed: Feed, stepsPerEpoch: number | null) {
    this.#feed = feed;
    this.#stepsPerEpoch = stepsPerEpoch;
  }

  /** The first batch, which `next` will give again; null when there is none. */
  async peek(): Promise<Batch | null> {
    this.#iterator = this.#begin();
    this.#peeked = await this.#iterator.next();
    return this.#peeked.done ? null : this.#peeked.value;
  }

  /** The batch of a step of an epoch; null: the epoch is over. No promise for arrays: small steps are quicker than one. */
  next(step: number): Batch | null | Promise<Batch | null> {
    if (step === this.#stepsPerEpoch) return null;
    this.#iterator ??= this.#begin();
    const next = this.#peeked ?? this.#iterator.next();
    this.#peeked = null;
    if (next instanceof Promise) return next.then((n) => (n.done ? this.#atEnd(step) : n.value));
    return next.done ? this.#atEnd(step) : next.value;
  }

  /** A pass may end with an epoch: the next one begins then. One that ends inside an epoch ends it too. */
  async #atEnd(step: number): Promise<Batch | null> {
    const steps = this.#stepsPerEpoch;
    if (steps === null && step > 0) return null;
    if (steps !== null) {
      this.#iterator = this.#begin();
      const next = step === 0 ? await this.#iterator.next() : null;
      if (next && !next.done) return next.value;
    }
    console.warn(
      "fit: your input ran out of data; training of this epoch ends early. The iterable must yield the batches of all epochs.",
    );
    return null;
  }

  /** Says that an epoch has ended, of its own or not. */
  async endEpoch(): Promise<void> {
    if (this.#stepsPerEpoch === null) await this.close();
  }

  /** Ends the pass: a generator of the user may have something to close. */
  async close(): Promise<void> {
    await this.#iterator?.return?.();
    this.#iterator = null;
  }

  #begin(): AsyncIterator<Batch> | Iterator<Batch> {
    const pass = this.#feed.pass();
    return Symbol.asyncIterator in pass ? pass[Symbol.asyncIterator]() : pass[Symbol.iterator]();
  }
}
