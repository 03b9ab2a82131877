// Equality of types, for the files of this folder: they run when they compile (`tsc -p test`), and never otherwise.

/** Are the two types one and the same? `any` equals only itself. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `expectType<Expected>()(value)`: the type of `value` is exactly that. */
export const expectType =
  <Expected>() =>
  <Actual>(_value: Actual, ..._same: Same<Actual, Expected> extends true ? [] : ["expected the type", Expected]): void => {};

/** Fails to compile unless it is given `true`. */
export type Assert<T extends true> = T;
