/** The convnet's step in a process with the number of threads that the first argument says. */
import { init, Tensor } from "keratin";
import { serve } from "./child.mjs";
import { now } from "./lib.mjs";
import { convnet, numbers, uniform } from "./models.mjs";

const [ROWS, SETS] = [32, 4];
let step;

serve({
  async prepare() {
    await init({ threads: Number(process.argv[2]) });
    const model = convnet();
    model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy" });
    const next = numbers(1);
    const x = new Tensor(uniform(ROWS * 784, next), [ROWS, 28, 28, 1]);
    const labels = Array.from(
      { length: SETS },
      () =>
        new Tensor(
          Int32Array.from({ length: ROWS }, () => Math.floor(10 * next())),
          [ROWS],
        ),
    );
    let turn = 0;
    step = () => model.trainOnBatch(x, labels[turn++ % SETS]);
    step();
  },
  run(_name, times) {
    const from = now();
    for (let i = 0; i < times; i++) step();
    return now() - from;
  },
});
