// A drawing of a model in a page: the page finds the letters as wide as the drawing thought they are.

import { Input, init, layers, Model, utils } from "keratin";
import { expect, test } from "vitest";

test("plotModel: every text has room in its box, every box in the image", async () => {
  await init();
  const x = Input([16], { name: "image" });
  const a = new layers.Dense(8, { activation: "relu", name: "a_dense_layer_with_a_long_name" }).apply(x);
  const model = new Model(x, new layers.Concatenate().apply([a, new layers.Dense(8).apply(x)]));
  const options = { showShapes: true, showDtype: true, showLayerNames: true, showLayerActivations: true, showTrainable: true };
  document.body.innerHTML = await utils.plotModel(model, options);
  const svg = document.querySelector("svg")!;
  const image = svg.getBoundingClientRect();
  expect([image.width, image.height]).toEqual([svg.viewBox.baseVal.width, svg.viewBox.baseVal.height]);
  const boxes = [...svg.querySelectorAll("g.layer")];
  expect(boxes).toHaveLength(4);
  for (const box of boxes) {
    const outer = box.querySelector("rect")!.getBoundingClientRect();
    expect(outer.left >= image.left && outer.right <= image.right && outer.bottom <= image.bottom).toBe(true);
    const texts = [...box.querySelectorAll("text")].map((t) => t.getBoundingClientRect());
    expect(texts.length).toBeGreaterThan(2);
    for (const t of texts) expect(t.left >= outer.left && t.right <= outer.right && t.width > 20).toBe(true);
    // Cells of one row: none runs into the next.
    for (const [i, t] of texts.entries())
      for (const u of texts.slice(i + 1)) expect(t.right <= u.left || t.bottom <= u.top).toBe(true);
  }
});
