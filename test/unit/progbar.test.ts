// The progress bar byte for byte, with time and output in the test's hands.

import { expect, test } from "vitest";
import { Progbar, type ProgbarOptions } from "../../ts/models/progbar.js";

/** A bar whose clock starts at 100 s, and what it wrote. */
function bar(target: number | null, options: ProgbarOptions = {}) {
  const written: string[] = [];
  const clock = { now: 100 };
  const progbar = new Progbar(target, { write: (text) => written.push(text), now: () => clock.now, ...options });
  const at = (seconds: number) => {
    clock.now = 100 + seconds;
    return progbar;
  };
  return { at, written, progbar };
}

const BOLD = "\x1b[1m";
const GREEN = "\x1b[32m";
const WHITE = "\x1b[37m";
const RESET = "\x1b[0m";
const cells = (n: number) => "━".repeat(n);

test("counter, bar, time left, speed and metrics stand in Keras' order", () => {
  const { at, written } = bar(32);
  at(0.7).update(7, [
    ["accuracy", 0.5],
    ["loss", 1.23456],
  ]);
  // 0.7 s / 7 steps = 0.1 s; 25 steps are left: 2.5 s, cut to 2 s. 20 cells · 7/32 = 4.375.
  expect(written).toEqual([
    `\r${BOLD} 7/32${RESET} ${GREEN}${cells(4)}${RESET}${WHITE}${cells(16)}${RESET} ${BOLD}2s${RESET} 100ms/step - accuracy: 0.5000 - loss: 1.2346`,
  ]);
});

test("a redraw goes back over the visible text and erases what is left of it", () => {
  const { at, written } = bar(3, { width: 3, statefulMetrics: ["loss"] });
  at(1).update(1, [["loss", 1e-5]]);
  at(2).update(2, [["loss", 0.25]]);
  at(3).update(3, [["loss", 0.5]]);
  expect(written).toEqual([
    `\r${BOLD}1/3${RESET} ${GREEN}━${RESET}${WHITE}━━${RESET} ${BOLD}2s${RESET} 1s/step - loss: 1.0000e-05`,
    // `1/3 ━━━ 2s 1s/step - loss: 1.0000e-05` has 37 characters, the next text 33.
    `${"\b".repeat(37)}\r${BOLD}2/3${RESET} ${GREEN}━━${RESET}${WHITE}━${RESET} ${BOLD}1s${RESET} 1s/step - loss: 0.2500    `,
    `${"\b".repeat(33)}\r${BOLD}3/3${RESET} ${GREEN}━━━${RESET}${WHITE}${RESET} ${BOLD}3s${RESET} 1s/step - loss: 0.5000\n`,
  ]);
});

test("without redrawing each state has its own line", () => {
  const { at, written } = bar(2, { dynamic: false });
  at(1).update(1);
  expect(written[0]).toMatch(/^\n/);
});

test("the first step does not count for the speed once there are others", () => {
  const { at, written } = bar(10);
  at(5).update(1); // compiling
  at(5.5).update(6); // five steps in half a second
  expect(written[1]).toContain(" 100ms/step");
});

test.each([
  [0.4, "400us/step"], // for 1000 steps
  [40, "40ms/step"],
  [2500, "2s/step"], // 2.5 to even
  [0, "0s/step"],
])("1000 steps in %d s go at %s", (seconds, speed) => {
  const { at, written } = bar(1000);
  at(seconds).update(1000);
  expect(written[0]).toContain(` ${speed}`);
});

test.each([
  [60, "60s"],
  [61, "1:01"],
  [3600, "60:00"],
  [3661, "1:01:01"],
  [90061, "25:01:01"],
])("%d s left are written %s", (left, text) => {
  const { at, written } = bar(2);
  at(left).update(1); // one step took as long as the other will
  expect(written[0]).toContain(`${BOLD}${text}${RESET}`);
});

test("values are averaged over the steps unless they are stateful, and the last update shows them as given", () => {
  const { at, written } = bar(10, { statefulMetrics: ["acc"] });
  at(1).update(1, [
    ["loss", 1],
    ["acc", 1],
  ]);
  at(2).update(4, [
    ["loss", 5],
    ["acc", 3],
  ]);
  expect(written[1]).toContain("loss: 4.0000 - acc: 3.0000"); // (1·1 + 5·3) / 4
  at(3).update(10, [
    ["loss", 7],
    ["acc", 4],
  ]);
  expect(written[2]).toContain("loss: 7.0000 - acc: 4.0000");
});

test("the bar is drawn once per interval, and always at the end", () => {
  const { at, written } = bar(4);
  at(0.01).update(1);
  at(0.02).update(2);
  at(0.07).update(3);
  at(0.08).add(1);
  expect(written.length).toBe(3);
  expect(written[2]).toMatch(/\n$/);
});

test("an unknown target has no bar, and may become known at the end", () => {
  const { at, written, progbar } = bar(null);
  at(1).update(5, [["loss", 1]]);
  expect(written[0]).toBe(`\r      5/Unknown ${BOLD}1s${RESET} 200ms/step - loss: 1.0000`);
  progbar.target = progbar.seenSoFar;
  at(2).update(5, [["loss", 2]], true);
  expect(written[1]).toContain(`${BOLD}5/5${RESET} ${GREEN}${cells(20)}${RESET}`);
});

test("verbose 2 writes one line at the end, negative values in exponents", () => {
  const { at, written } = bar(32, { verbose: 2, statefulMetrics: ["accuracy", "loss"] });
  at(1).update(16, [["accuracy", 0.1]]);
  at(2).update(32, [
    ["accuracy", 0.9],
    ["loss", -0.5],
  ]);
  expect(written).toEqual(["32/32 - 2s - 62ms/step - accuracy: 0.9000 - loss: -5.0000e-01\n"]); // 62.5 to even
});

test("verbose 0 writes nothing", () => {
  const { at, written } = bar(1, { verbose: 0 });
  at(1).update(1, [["loss", 1]]);
  expect(written).toEqual([]);
});

test("more steps than the target do not break the bar", () => {
  const { at, written } = bar(2);
  at(1).update(4);
  expect(written[0]).toContain(`${GREEN}${cells(40)}${RESET}${WHITE}${RESET}`);
});
