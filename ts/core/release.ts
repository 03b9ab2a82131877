// Memory of the core that a JavaScript object owns is given back when the object is collected: the one FinalizationRegistry.

const owned = new FinalizationRegistry<() => void>((release) => release());

/** Calls `release` once `owner` is collected; `release` must not hold on to `owner`. */
export function releaseWith(owner: object, release: () => void): void {
  owned.register(owner, release);
}
