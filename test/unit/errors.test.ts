// The wording of unknown names and options, and the error classes.

import { expect, test } from "vitest";
import { checkOptions, FileError, KeratinError, unknownName, ValueError } from "../../ts/errors.js";

test("errors are KeratinErrors that know their own name, also in the stack", () => {
  const error = new FileError("gone", { cause: 7 });
  expect(error).toBeInstanceOf(KeratinError);
  expect(error).toBeInstanceOf(Error);
  expect([error.name, String(error), error.cause]).toEqual(["FileError", "FileError: gone", 7]);
  expect(error.stack).toMatch(/^FileError: gone/);
  expect(new KeratinError("x").name).toBe("KeratinError");
});

test("a slip of the keyboard is answered with the name that was meant", () => {
  expect(unknownName("initializer", "he_unifrom", ["he_uniform", "zeros"])).toBe(
    'Unknown initializer "he_unifrom". Did you mean "he_uniform"? Known: "he_uniform", "zeros".',
  );
});

test.each([
  ["adm", '"adam"'], // a letter missing
  ["adamm", '"adam"'], // one too many
  ["aadm", '"adam"'], // neighbours swapped
  ["heUniform", '"he_uniform"'], // the other spelling
  ["HE-UNIFORM", '"he_uniform"'],
])("%s is near %s", (received, meant) => {
  expect(unknownName("x", received, ["zeros", "adam", "he_uniform"])).toContain(`Did you mean ${meant}?`);
});

test("names that resemble nothing get no suggestion, and at most three are given", () => {
  expect(unknownName("x", "qqqq", ["adam", "sgd"])).toBe('Unknown x "qqqq". Known: "adam", "sgd".');
  expect(unknownName("x", "a1", ["a2", "a3", "a4", "a5"])).toContain('mean "a2" or "a3" or "a4"?');
});

test("what is not a string is named, and a long one is cut", () => {
  expect(unknownName("x", 3, [])).toBe("Unknown x 3.");
  expect(unknownName("x", null, [])).toBe("Unknown x null.");
  expect(unknownName("x", { a: 1 }, [])).toBe("Unknown x an object of class Object.");
  expect(unknownName("x", Object.create(null), [])).toBe("Unknown x an object of class (none).");
  expect(unknownName("x", "a".repeat(1e6), ["a"]).length).toBeLessThan(120);
});

test("a misspelt option throws, known ones and none at all pass", () => {
  expect(() => checkOptions("Dense", { activaton: "relu" }, ["activation", "useBias"])).toThrow(
    new ValueError('Dense: Unknown option "activaton". Did you mean "activation"? Known: "activation", "useBias".'),
  );
  expect(() => checkOptions("Dense", { use_bias: true }, ["activation", "useBias"])).toThrow('mean "useBias"?');
  checkOptions("Dense", { activation: "relu" }, ["activation"]);
  checkOptions("Dense", undefined, []);
});

test("options that are no object throw", () => {
  for (const wrong of [3, "relu", null, [1]]) expect(() => checkOptions("Dense", wrong, [])).toThrow(ValueError);
});
