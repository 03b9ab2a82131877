"""Python Keras on JAX: the convnet of the benchmarks. Reads lines "name times", answers nanoseconds."""

import os
import sys
import time

os.environ["KERAS_BACKEND"] = "jax"
import numpy as np  # noqa: E402
import keras  # noqa: E402
from keras import layers  # noqa: E402

ROWS, SETS = 32, 4
keras.utils.set_random_seed(1)
model = keras.Sequential(
    [
        layers.Input((28, 28, 1)),
        layers.Conv2D(16, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
x = np.random.rand(ROWS, 28, 28, 1).astype("float32")
labels = [np.random.randint(0, 10, ROWS) for _ in range(SETS)]
many = np.concatenate([x] * 256)
many_labels = np.concatenate(labels * (256 // SETS))


def step(times):
    for i in range(times):
        model.train_on_batch(x, labels[i % SETS])


def fit(times):
    while times > 0:
        now = min(times, 256)
        model.fit(many[: now * ROWS], many_labels[: now * ROWS], batch_size=ROWS, shuffle=False, verbose=0)
        times -= now


subjects = {"step": step, "fit": fit}
for work in subjects.values():
    work(64)
print("ready", keras.__version__, flush=True)
for line in sys.stdin:
    name, times = line.split()
    begin = time.perf_counter_ns()
    subjects[name](int(times))
    print(time.perf_counter_ns() - begin, flush=True)
