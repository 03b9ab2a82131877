// Spelling between Keras and TypeScript, and automatic names.

import { beforeEach, expect, test } from "vitest";
import { clearNames, getUid, toCamelCase, toSnakeCase, toSnakeName, uniqueName } from "../../ts/saving/names.js";

const PAIRS = [
  ["units", "units"],
  ["kernel_initializer", "kernelInitializer"],
  ["l1_l2", "l1L2"],
  ["he_uniform", "heUniform"],
  ["in_top_k", "inTopK"],
  ["beta_1", "beta1"],
  ["beta_2_decay", "beta2Decay"],
  ["adam_beta_1", "adamBeta1"],
  ["epsilon_2", "epsilon2"],
  ["extract_patches_3d", "extractPatches3d"],
  ["conv1d", "conv1d"],
  ["max_pool2d_x", "maxPool2dX"],
  ["x1", "x1"],
  ["_private_name", "_privateName"],
  ["abs_", "abs_"],
] as const;

test.each(PAIRS)("%s and %s are the same name", (snake, camel) => {
  expect(toCamelCase(snake)).toBe(camel);
  expect(toSnakeName(camel)).toBe(snake);
});

test("class names stay class names", () => {
  for (const name of ["Conv2D", "L1L2"]) expect(toCamelCase(name)).toBe(name);
});

// keras.src.utils.naming.to_snake_case
test.each([
  ["Dense", "dense"],
  ["Conv2D", "conv2d"],
  ["Conv2DTranspose", "conv2d_transpose"],
  ["MaxPooling2D", "max_pooling2d"],
  ["ReLU", "re_lu"],
  ["PReLU", "p_re_lu"],
  ["ELU", "elu"],
  ["LSTM", "lstm"],
  ["GRUCell", "gru_cell"],
  ["ConvLSTM2D", "conv_lstm2d"],
  ["SpatialDropout1D", "spatial_dropout1d"],
  ["RMSprop", "rm_sprop"],
  ["AdamW", "adam_w"],
  ["IoU", "io_u"],
  ["MeanIoU", "mean_io_u"],
  ["F1Score", "f1_score"],
  ["R2Score", "r2_score"],
  ["AUC", "auc"],
  ["MyHTTPLayer", "my_http_layer"],
  ["TFSMLayer", "tfsm_layer"],
  ["A1B2", "a1b2"],
  ["Weiß-Größe Layer", "weiß_größe_layer"],
] as const)("the class %s gives the name %s", (className, name) => {
  expect(toSnakeCase(className)).toBe(name);
});

beforeEach(clearNames);

test("automatic names count per prefix and start over after clearNames", () => {
  expect([uniqueName("dense"), uniqueName("dense"), uniqueName("lstm"), uniqueName("dense")]).toEqual([
    "dense",
    "dense_1",
    "lstm",
    "dense_2",
  ]);
  clearNames();
  expect(uniqueName("dense")).toBe("dense");
});

test("getUid and uniqueName share a counter, also for prefixes that objects have by birth", () => {
  expect([getUid("dense"), getUid("dense"), uniqueName("dense")]).toEqual([1, 2, "dense_2"]);
  expect(uniqueName("constructor")).toBe("constructor");
});
