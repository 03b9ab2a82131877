// A time series: the sunspots of the next year from the last twelve, by a Conv1D and by a LocallyConnected1D network.

import { layers, optimizers, Sequential, Tensor } from "keratin";
import { dataFile, type Job, main } from "./job.js";
import { sparkline } from "./terminal.js";

const { Conv1D, Dense, Flatten, LocallyConnected1D } = layers;

/** Years that a forecast looks at: one cycle of the sun, and one more. */
const WINDOW = 12;
/** The years from here on are forecast, and not trained on. */
const FIRST_TEST_YEAR = 1930;
/** Sunspots in the unit that the networks see. */
const SCALE = 100;

/** Looks for the same shapes anywhere in the window. */
const convolutional = (): Sequential =>
  new Sequential([
    new Conv1D(16, 5, { activation: "relu", inputShape: [WINDOW, 1] }),
    new Conv1D(16, 5, { activation: "relu" }),
    new Flatten(),
    new Dense(1),
  ]);

/** Has weights of its own for each place in the window: last year is not the year before. */
const locallyConnected = (): Sequential =>
  new Sequential([
    new LocallyConnected1D(4, 3, { strides: 3, activation: "relu", inputShape: [WINDOW, 1] }),
    new Flatten(),
    new Dense(16, { activation: "relu" }),
    new Dense(1),
  ]);

interface Windows {
  x: Tensor;
  y: Tensor;
}

/** Each year from `from` to before `to`, and the years before it. */
function windows(years: readonly number[], spots: readonly number[], from: number, to: number): Windows {
  const wanted = years.map((_, i) => i).filter((i) => i >= WINDOW && years[i]! >= from && years[i]! < to);
  const x = wanted.flatMap((i) => spots.slice(i - WINDOW, i).map((s) => s / SCALE));
  return {
    x: new Tensor(Float32Array.from(x), [wanted.length, WINDOW, 1]),
    y: new Tensor(
      Float32Array.from(wanted, (i) => spots[i]! / SCALE),
      [wanted.length, 1],
    ),
  };
}

/** Root of the mean square of the differences, in sunspots. */
const error = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  SCALE * Math.sqrt(Array.from(a, (v, i) => (v - b[i]!) ** 2).reduce((s, v) => s + v, 0) / a.length);

export const job: Job = {
  title: "The sunspots of the next year, with Conv1D and LocallyConnected1D",
  // 0: no better than to say that next year will be like this one. 1: no error.
  goal: { what: "skill of the worse network (1 - error / error of 'as this year')", quick: 0.2, whole: 0.3 },
  async run({ quick, say }) {
    const rows = Buffer.from(dataFile("sunspots.csv")).toString().trim().split("\n").slice(1);
    const [years, spots] = [0, 1].map((column) => rows.map((row) => Number(row.split(",")[column]))) as [number[], number[]];
    const train = windows(years, spots, 0, FIRST_TEST_YEAR);
    const test = windows(years, spots, FIRST_TEST_YEAR, Number.POSITIVE_INFINITY);
    const truth = test.y.data;
    const asThisYear = truth.map((_, i) => test.x.data[i * WINDOW + WINDOW - 1]!);
    const naive = error(truth, asThisYear);
    say(`${train.y.size} years to learn from, ${test.y.size} to forecast\n`);

    const skills: number[] = [];
    const lines = [["truth", sparkline(truth)]];
    for (const [name, model] of [
      ["Conv1D", convolutional()],
      ["LocallyConnected1D", locallyConnected()],
    ] as const) {
      model.summary({ printFn: say });
      model.compile({ optimizer: new optimizers.Adam({ learningRate: 0.002 }), loss: "mse" });
      const { history } = await model.fit(train.x, train.y, { epochs: quick ? 60 : 120, batchSize: 16, verbose: 0 });
      const forecast = (await model.predict(test.x, { verbose: 0 })).data;
      const off = error(truth, forecast);
      skills.push(1 - off / naive);
      lines.push([name, sparkline(forecast)]);
      const losses = history.loss!;
      say(`${name}: loss ${losses[0]!.toFixed(4)} → ${losses.at(-1)!.toFixed(4)} in ${losses.length} epochs`);
      say(`error ${off.toFixed(1)} sunspots; 'as this year': ${naive.toFixed(1)}\n`);
    }
    say(lines.map(([name, line]) => `${name!.padStart(20)} ${line}`).join("\n"));
    return Math.min(...skills);
  },
};

await main(import.meta.url, job);
