// Callbacks: which hook is called when, with what, and what the ready-made ones do.

import { callbacks, clearSession, Input, layers, optimizers, Sequential, setRandomSeed, tensor, ValueError } from "keratin";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const { Callback, EarlyStopping, History, LambdaCallback, ProgbarLogger, TerminateOnNaN } = callbacks;
type Logs = callbacks.Logs;

beforeEach(() => {
  clearSession();
  setRandomSeed(0);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const quiet = { verbose: 0 } as const;
const x = [[1], [2], [3], [4]];
const y = [[2], [4], [6], [8]];
function line(learningRate = 0.01): Sequential {
  const model = new Sequential([Input([1]), new layers.Dense(1, { useBias: false, kernelInitializer: "ones" })]);
  model.compile({ optimizer: new optimizers.SGD({ learningRate }), loss: "mse", metrics: ["mae"] });
  return model;
}

/** Writes down every hook with its arguments. */
function recorder(into: unknown[][], ...names: callbacks.HookName[]): callbacks.LambdaCallback {
  return new LambdaCallback(
    Object.fromEntries(names.map((n) => [n, (...args: unknown[]) => void into.push([n, ...structuredClone(args)])])),
  );
}
const ALL: callbacks.HookName[] = [
  "onTrainBegin", "onTrainEnd", "onEpochBegin", "onEpochEnd", "onTrainBatchBegin", "onTrainBatchEnd", "onTestBegin", "onTestEnd",
  "onTestBatchBegin", "onTestBatchEnd", "onPredictBegin", "onPredictEnd", "onPredictBatchBegin",
]; // biome-ignore format: a list

describe("the protocol", () => {
  test("two batches and one of validation, in Keras' order, with Keras' logs", async () => {
    const seen: unknown[][] = [];
    await line(0).fit(x, y, {
      batchSize: 2,
      shuffle: false,
      validationData: [x.slice(0, 2), y.slice(0, 2)],
      ...quiet,
      callbacks: [recorder(seen, ...ALL)],
    });
    // Errors are 1, 2, 3, 4: losses (1 + 4)/2, then (1 + 4 + 9 + 16)/4; mean absolute errors 1.5 and 2.5.
    const [first, whole] = [{ loss: 2.5, mae: 1.5 }, { loss: 7.5, mae: 2.5 }]; // biome-ignore format: a pair
    const epoch = { ...whole, val_loss: 2.5, val_mae: 1.5 };
    expect(seen).toEqual([
      ["onTrainBegin", {}],
      ["onEpochBegin", 0, {}],
      ["onTrainBatchBegin", 0, {}],
      ["onTrainBatchEnd", 0, first],
      ["onTrainBatchBegin", 1, {}],
      ["onTrainBatchEnd", 1, whole],
      ["onTestBegin", {}],
      ["onTestBatchBegin", 0, {}],
      ["onTestBatchEnd", 0, first],
      ["onTestEnd", first],
      ["onEpochEnd", 0, epoch],
      ["onTrainEnd", epoch],
    ]);
  });

  test("evaluate and predict have hooks of their own; predict hands out what it predicted", async () => {
    const seen: unknown[][] = [];
    const outputs: unknown[] = [];
    const model = line(0);
    await model.evaluate(x, y, { batchSize: 2, ...quiet, callbacks: [recorder(seen, ...ALL)] });
    await model.predict(x, {
      batchSize: 2,
      ...quiet,
      callbacks: [
        recorder(seen, ...ALL),
        { onPredictBatchEnd: (_b, logs) => void outputs.push((logs.outputs as { array(): unknown }).array()) },
      ],
    });
    expect(seen.map(([name, at]) => (typeof at === "number" ? `${name} ${at}` : name))).toEqual([
      "onTestBegin", "onTestBatchBegin 0", "onTestBatchEnd 0", "onTestBatchBegin 1", "onTestBatchEnd 1", "onTestEnd",
      "onPredictBegin", "onPredictBatchBegin 0", "onPredictBatchBegin 1", "onPredictEnd",
    ]); // biome-ignore format: a list
    expect(outputs).toEqual([
      [[1], [2]],
      [[3], [4]],
    ]);
  });

  test("onBatchBegin and onBatchEnd are the training batches' older names", async () => {
    const seen: string[] = [];
    class Old extends Callback {
      override onBatchBegin(batch: number): void {
        seen.push(`begin ${batch}`);
      }
      override onBatchEnd(batch: number, logs: Logs): void {
        seen.push(`end ${batch} ${Object.keys(logs)}`);
      }
    }
    await line().fit(x, y, { batchSize: 2, ...quiet, callbacks: [new Old()] });
    expect(seen).toEqual(["begin 0", "end 0 loss,mae", "begin 1", "end 1 loss,mae"]);
  });

  test("all callbacks of a hook share one object of logs: what an earlier one adds, later ones and the history see", async () => {
    const add = { onEpochEnd: (epoch: number, logs: Logs) => void (logs.learning_rate = 0.5 / (epoch + 1)) };
    const read: number[] = [];
    const { history } = await line().fit(x, y, {
      epochs: 2,
      ...quiet,
      callbacks: [add, { onEpochEnd: (_e, logs) => void read.push(logs.learning_rate!) }],
    });
    expect(read).toEqual([0.5, 0.25]);
    expect(history.learning_rate).toEqual([0.5, 0.25]);
  });

  test("names of logs are sorted", async () => {
    const model = line();
    model.compile({ optimizer: "sgd", loss: "mse", metrics: ["mse", "mae"] });
    const { history } = await model.fit(x, y, { validationSplit: 0.5, ...quiet });
    expect(Object.keys(history)).toEqual(["loss", "mae", "mse", "val_loss", "val_mae", "val_mse"]);
  });

  test("training waits for async hooks", async () => {
    const seen: string[] = [];
    const slow = (what: string): Promise<void> => new Promise((done) => setTimeout(() => done(void seen.push(what)), 5));
    await line().fit(x, y, {
      epochs: 2,
      ...quiet,
      callbacks: [
        {
          onEpochBegin: (e) => slow(`begin ${e}`),
          onTrainBatchEnd: () => slow("batch"),
          onEpochEnd: (e) => slow(`end ${e}`),
          onTrainEnd: () => slow("done"),
        },
        { onEpochEnd: (e) => void seen.push(`after end ${e}`) },
      ],
    });
    expect(seen).toEqual(["begin 0", "batch", "end 0", "after end 0", "begin 1", "batch", "end 1", "after end 1", "done"]);
  });

  test("what a hook throws ends training with it, and the model still trains", async () => {
    const model = line();
    const fail = { onTrainBatchEnd: () => Promise.reject(new Error("no more")) };
    await expect(model.fit(x, y, { ...quiet, callbacks: [fail] })).rejects.toThrow("no more");
    expect((await model.fit(x, y, quiet)).epoch).toEqual([0]);
  });

  test("a callback's model is the model itself: it can change the learning rate and evaluate", async () => {
    const model = line(0);
    const rates: number[] = [];
    let seen: unknown;
    class Halve extends Callback {
      override onTrainBegin(): void {
        this.model.optimizer!.learningRate = 0.5;
      }
      override async onEpochEnd(_epoch: number, logs: Logs): Promise<void> {
        const { optimizer } = this.model;
        rates.push(optimizer!.learningRate as number);
        optimizer!.learningRate = (optimizer!.learningRate as number) / 2;
        logs.mine = ((await this.model.evaluate(x, y, quiet)) as number[])[0]!;
        seen = this.model;
      }
    }
    const history = await model.fit(x, y, { epochs: 2, ...quiet, callbacks: new Halve() });
    expect(seen).toBe(model);
    expect(rates).toEqual([0.5, 0.25]);
    expect(history.history.mine).toHaveLength(2);
    expect(model.direction("mae")).toBe("down");
    expect(model.direction("nothing")).toBe(null);
  });

  test("any object with hooks will do: its `this` is the object, and it is told of model and run", async () => {
    class Own {
      epochs = 0;
      batches = 0;
      model?: callbacks.CallbackModel;
      params?: callbacks.CallbackParams;
      onEpochEnd(): void {
        this.epochs++;
      }
      onBatchEnd(): void {
        this.batches++;
      }
    }
    const own = new Own();
    const literal = {
      n: 0,
      onEpochEnd() {
        this.n++;
      },
    };
    const model = line();
    await model.fit(x, y, { epochs: 3, batchSize: 2, ...quiet, callbacks: [own, literal] });
    expect([own.epochs, own.batches, literal.n]).toEqual([3, 6, 3]);
    expect(own.model).toBe(model);
    expect(own.params).toEqual({ verbose: 0, epochs: 3, steps: 2 });
  });

  test("a subclass may have other functions that begin with on", async () => {
    class Notify extends Callback {
      constructor(readonly onStop: () => void) {
        super();
      }
      override onTrainEnd(): void {
        this.onStop();
      }
    }
    const stopped = vi.fn();
    await line().fit(x, y, { ...quiet, callbacks: [new Notify(stopped)] });
    expect(stopped).toHaveBeenCalledTimes(1);
  });

  test("a callback knows the run and the model's weights", async () => {
    const watch = new LambdaCallback({});
    const { params } = await line(0).fit(x, y, { batchSize: 3, epochs: 2, ...quiet, callbacks: [watch] });
    expect(params).toEqual({ verbose: 0, epochs: 2, steps: 2 });
    expect(watch.params).toBe(params);
    expect(watch.model.getWeights()[0]!.array()).toEqual([[1]]);
  });
});

describe("History", () => {
  test("has a list per log and the numbers of the epochs; fit returns it", async () => {
    const own = new History();
    const returned = await line(0).fit(x, y, { epochs: 2, initialEpoch: 1, ...quiet, callbacks: [own] });
    expect([returned.history, returned.epoch]).toEqual([{ loss: [7.5], mae: [2.5] }, [1]]);
    expect(own.history).toEqual(returned.history);
  });

  test("stays with the model", async () => {
    const model = line(0);
    expect(model.history).toBe(null);
    const first = await model.fit(x, y, quiet);
    expect(model.history).toBe(first);
    expect(first.model).toBe(model);
    const own = new History();
    expect(await model.fit(x, y, { ...quiet, callbacks: [own] })).toBe(own); // as in Keras
    expect(model.history).toBe(own);
  });
});

/** Runs a callback through epochs with given logs; returns the epochs that ran. */
function replay(
  callback: callbacks.Callback,
  losses: readonly number[],
  log = "val_loss",
  direction: "up" | "down" | null = "down",
): number[] {
  const model = {
    stopTraining: false,
    weights: [tensor([0])],
    getWeights: () => model.weights,
    setWeights: (w: readonly ReturnType<typeof tensor>[]) => void (model.weights = [...w]),
    direction: () => direction,
  };
  callback.setModel(model as unknown as callbacks.CallbackModel);
  callback.onTrainBegin({});
  const ran: number[] = [];
  for (const [epoch, loss] of losses.entries()) {
    model.weights = [tensor([epoch])];
    ran.push(epoch);
    callback.onEpochEnd(epoch, { [log]: loss });
    if (model.stopTraining) break;
  }
  callback.onTrainEnd({});
  return [...ran, model.weights[0]!.data[0]!]; // the last entry: the epoch whose weights are in the model
}

describe("EarlyStopping", () => {
  const cases: [string, callbacks.EarlyStoppingOptions, number[], number[]][] = [
    ["patience 0 stops at the first epoch that is not better", {}, [3, 2, 2, 1], [0, 1, 2, 2]],
    ["not in the first epoch", {}, [1, 2, 3], [0, 1, 1]],
    ["patience 2 bears two and starts anew after an improvement", { patience: 2 }, [5, 6, 4, 5, 6, 7], [0, 1, 2, 3, 4, 4]],
    ["changes up to minDelta do not count", { patience: 2, minDelta: 0.5 }, [3, 2.6, 2.4, 2.3, 2.2, 2.1], [0, 1, 2, 3, 4, 4]],
    ["patience does not start anew above the baseline", { patience: 2, baseline: 1 }, [5, 4, 4, 0], [0, 1, 2, 2]],
    ["the first epochs can be left out", { startFromEpoch: 3 }, [1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 4]],
    ["the best weights come back", { patience: 1, restoreBestWeights: true }, [3, 1, 2, 4], [0, 1, 2, 1]],
    ["also when nothing stopped it", { patience: 9, restoreBestWeights: true }, [3, 1, 2], [0, 1, 2, 1]],
    ["larger may be better", { mode: "max" }, [1, 2, 1], [0, 1, 2, 2]],
  ];
  test.each(cases)("%s", (_, options, losses, expected) => {
    expect(replay(new EarlyStopping(options), losses)).toEqual(expected);
  });

  test("the metric says which way is better", () => {
    expect(replay(new EarlyStopping({ monitor: "val_accuracy" }), [0.1, 0.5, 0.4], "val_accuracy", "up")).toEqual([0, 1, 2, 2]);
    expect(() => replay(new EarlyStopping({ monitor: "val_thing" }), [1, 2], "val_thing", null)).toThrow(/mode: "min" or "max"/);
    expect(() => new EarlyStopping({ mode: "best" as "min" })).toThrow(ValueError);
    // @ts-expect-error a misspelt option
    expect(() => new EarlyStopping({ patients: 3 })).toThrow(/Did you mean "patience"/);
  });

  test("a log that is missing is a warning, not an end", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(replay(new EarlyStopping({ monitor: "val_acc" }), [1, 2, 3])).toEqual([0, 1, 2, 2]);
    expect(warn.mock.calls[0]![0]).toMatch(/"val_acc" is not available. Available: val_loss/);
  });

  test("in a run: stops, says so, and the weights are those of the best epoch", async () => {
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    const model = line(0.2); // too large a rate: every step is worse than the one before
    const stop = new EarlyStopping({ monitor: "loss", patience: 1, restoreBestWeights: true, verbose: 1 });
    const after: number[] = [];
    const watch = { onEpochEnd: () => void after.push(model.weights[0]!.value.item()) };
    const { epoch } = await model.fit(x, y, { epochs: 50, ...quiet, callbacks: [watch, stop] });
    expect(epoch).toEqual([0, 1]);
    expect([stop.stoppedEpoch, stop.bestEpoch, model.weights[0]!.value.item()]).toEqual([1, 0, after[0]]);
    expect(said.mock.calls.flat()).toEqual([
      "Epoch 2: early stopping",
      "Restoring model weights from the end of the best epoch: 1.",
    ]);
  });
});

describe("TerminateOnNaN", () => {
  test("ends training at the batch whose loss is no number", async () => {
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    const bad = [[1], [Number.NaN], [3], [4]];
    const { history, epoch } = await line().fit(bad, y, {
      batchSize: 1,
      shuffle: false,
      epochs: 3,
      ...quiet,
      callbacks: [new TerminateOnNaN()],
    });
    expect([epoch, history.loss]).toEqual([[0], [Number.NaN]]);
    expect(said.mock.calls.flat()).toEqual(["Batch 1: Invalid loss, terminating training"]);
  });

  test("can be an error", async () => {
    const model = line();
    const run = model.fit([[Infinity]], [[1]], { ...quiet, callbacks: [new TerminateOnNaN({ raiseError: true })] });
    await expect(run).rejects.toThrow(/Batch 0: Invalid loss/);
  });
});

describe("LambdaCallback", () => {
  test("takes any hook, and names a misspelt one", async () => {
    expect(() => new LambdaCallback({ onEpochEnds: () => {} } as never)).toThrow(/Did you mean "onEpochEnd"/);
    let calls = 0;
    await line().fit(x, y, { ...quiet, callbacks: [new LambdaCallback({ onTrainEnd: () => void calls++ })] });
    expect(calls).toBe(1);
  });
});

describe("ProgbarLogger", () => {
  afterEach(() => {
    Reflect.deleteProperty(process.stdout, "isTTY");
  });
  const onTerminal = (isTTY: boolean): void => {
    Object.defineProperty(process.stdout, "isTTY", { value: isTTY, configurable: true });
  };

  /** What a run prints. */
  async function raw(run: () => Promise<unknown>): Promise<string> {
    let text = "";
    const add = (piece: unknown): boolean => {
      text += String(piece);
      return true;
    };
    vi.spyOn(process.stdout, "write").mockImplementation(add);
    vi.spyOn(console, "log").mockImplementation((line: unknown) => void add(`${line}\n`));
    await run();
    vi.restoreAllMocks();
    return text;
  }
  /** The same without colours, times and redrawing. */
  async function printed(run: () => Promise<unknown>): Promise<string[]> {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours start with the escape character.
    const plain = (await raw(run)).replace(/\x1b\[\d+m/g, "").replace(/\d+(s|ms|us)\b/g, "#$1");
    return plain
      .split("\n")
      .map((line) => line.split("\r").at(-1)!.replace(/[\b]/g, "").trimEnd())
      .filter((line) => line !== "");
  }
  const same = (line: string): string => line.replace(/#(s|ms|us)\/step/, "#/step");

  test("verbose 1 draws a bar for each epoch, under its number", async () => {
    const lines = await printed(() => line(0).fit(x, y, { batchSize: 2, epochs: 2, verbose: 1, validationData: [x, y] }));
    const bar = "2/2 ━━━━━━━━━━━━━━━━━━━━ #s #/step - loss: 7.5000 - mae: 2.5000 - val_loss: 7.5000 - val_mae: 2.5000";
    expect(lines.map(same)).toEqual(["Epoch 1/2", bar, "Epoch 2/2", bar]);
  });

  test("only a terminal sees it redrawn: a pipe gets finished lines without colours", async () => {
    const run = (): Promise<unknown> => line(0).fit(x, y, { batchSize: 1, epochs: 2, verbose: 1 });
    onTerminal(true);
    expect(await raw(run)).toContain("\b\r\x1b[1m4/4\x1b[0m");
    onTerminal(false);
    const text = await raw(run);
    const bar = /^4\/4 ━{20} \d+s \d+\w+\/step - loss: 7.5000 - mae: 2.5000$/;
    expect(text.split("\n")).toEqual(["Epoch 1/2", expect.stringMatching(bar), "Epoch 2/2", expect.stringMatching(bar), ""]);
  });

  test("verbose 2 prints one line for each epoch", async () => {
    const lines = await printed(() => line(0).fit(x, y, { batchSize: 2, verbose: 2 }));
    expect(lines.map(same)).toEqual(["2/2 - #s - #/step - loss: 7.5000 - mae: 2.5000"]);
  });

  test("verbose 0 prints nothing; evaluate and predict draw bars too", async () => {
    const model = line(0);
    expect(await printed(() => model.fit(x, y, { verbose: 0 }))).toEqual([]);
    expect((await printed(() => model.evaluate(x, y))).map(same)).toEqual([
      "1/1 ━━━━━━━━━━━━━━━━━━━━ #s #/step - loss: 7.5000 - mae: 2.5000",
    ]);
    expect((await printed(() => model.predict(x, { batchSize: 1 }))).map(same)).toEqual(["4/4 ━━━━━━━━━━━━━━━━━━━━ #s #/step"]);
  });

  test("steps that nobody knows are counted as they come", async () => {
    const feed = { *[Symbol.iterator]() { yield [x, y]; yield [x, y]; } }; // biome-ignore format: short
    const lines = await printed(() => line(0).fit(feed as never, null, { epochs: 2, verbose: 2 }));
    expect(lines.map(same)).toEqual([
      "Epoch 1/2",
      "2/2 - #s - #/step - loss: 7.5000 - mae: 2.5000",
      "Epoch 2/2",
      "2/2 - #s - #/step - loss: 7.5000 - mae: 2.5000",
    ]);
  });

  test("one that is given is the one that draws", async () => {
    const lines = await printed(() => line(0).fit(x, y, { verbose: 2, callbacks: [new ProgbarLogger()] }));
    expect(lines).toHaveLength(1);
  });
});
