// utils.plotModel: which boxes, frames and arrows a drawing has, what it says, and that it is XML whatever layers are called.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Input, layers, Model, ops, Sequential, type Tensor, utils, ValueError } from "keratin";
import { describe, expect, test } from "vitest";

const { Add, Concatenate, Dense, Dropout } = layers;

interface Element {
  tag: string;
  attributes: Record<string, string>;
  /** Text of the element and of those inside. */
  text: string;
  inside: Element[];
}

const plain = (s: string): string =>
  s.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ({ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" })[name]!);

/** A strict reader of the XML that drawings are made of. Throws when a tag is not closed, or `<` and `&` stand by themselves. */
function parse(xml: string): Element {
  const root: Element = { tag: "", attributes: {}, text: "", inside: [] };
  const open = [root];
  const token = /<(\/?)([\w:]+)((?: [\w:-]+="[^"<]*")*)(\/?)>|([^<&]|&(?:amp|lt|gt|quot|apos);)+/gy;
  for (let m = token.exec(xml), end = 0; end < xml.length; m = token.exec(xml)) {
    if (!m) throw new Error(`no XML: ${xml.slice(end, end + 80)}`);
    end = token.lastIndex;
    const [whole, closes, tag, attributes = "", alone] = m;
    if (tag === undefined) for (const element of open) element.text += plain(whole);
    else if (closes) {
      if (open.pop()!.tag !== tag) throw new Error(`</${tag}> closes another element`);
    } else {
      const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map((a) => [a[1]!, plain(a[2]!)]);
      const element = { tag, attributes: Object.fromEntries(pairs) as Record<string, string>, text: "", inside: [] };
      open.at(-1)!.inside.push(element);
      if (!alone) open.push(element);
    }
  }
  if (open.length !== 1) throw new Error("an element is not closed");
  return root.inside[0]!;
}

/** The parts of a drawing. */
async function drawn(model: Model, options: Parameters<typeof utils.plotModel>[1] = {}) {
  const svg = parse(await utils.plotModel(model, options));
  const groups = (name: string) => svg.inside.filter((e) => e.attributes.class === name);
  const rect = (e: Element) => {
    const { x, y, width, height } = e.inside.find((i) => i.tag === "rect")!.attributes;
    return { left: Number(x), top: Number(y), right: Number(x) + Number(width), bottom: Number(y) + Number(height) };
  };
  return {
    svg,
    layers: Object.fromEntries(
      groups("layer").map((e) => [e.attributes["data-name"]!, { text: e.text.replace(/\n/g, " "), ...rect(e) }]),
    ),
    frames: Object.fromEntries(groups("model").map((e) => [e.attributes["data-name"]!, { text: e.text.trim(), ...rect(e) }])),
    edges: groups("edge").map((e) => `${e.attributes["data-from"]} → ${e.attributes["data-to"]}`),
  };
}

/** Two inputs, a layer called on both, a nested Sequential, an op with one tensor twice, two outputs. */
function branching(): Model {
  const [a, b] = [Input([4], { name: "a" }), Input([4], { name: "b" })];
  const shared = new Dense(8, { activation: "relu", name: "shared" });
  const encoder = new Sequential([new Dense(8, { inputShape: [4], name: "first" }), new Dense(8, { name: "second" })], {
    name: "encoder",
  });
  const joined = new Concatenate({ name: "joined" }).apply([shared.apply(a), shared.apply(b), encoder.apply(b)]);
  const square = ops.multiply(joined, joined);
  const one = new Dense(1, { activation: "sigmoid", name: "one" }).apply(square);
  return new Model([a, b], [one, new Dense(3, { name: "three", trainable: false }).apply(joined)], { name: "branching" });
}

describe("boxes and arrows", () => {
  test("a functional model has a box for each operation and an arrow for each connection", async () => {
    const model = branching();
    const { layers: boxes, frames, edges } = await drawn(model);
    const multiply = Object.keys(boxes).find((name) => /^multiply/.test(name))!;
    expect(Object.keys(boxes).sort()).toEqual(["a", "b", "encoder", "joined", multiply, "one", "shared", "three"].sort());
    expect(frames).toEqual({});
    expect(edges.sort()).toEqual(
      [
        "a → shared",
        "b → shared",
        "b → encoder",
        "shared → joined", // called twice, one arrow, as in Keras
        "encoder → joined",
        `joined → ${multiply}`,
        `${multiply} → one`,
        "joined → three",
      ].sort(),
    );
  });

  test("a Sequential is a chain without its InputLayer", async () => {
    const model = new Sequential([
      new Dense(8, { inputShape: [4], name: "d" }),
      new Dropout(0.5, { name: "drop" }),
      new Dense(1, { name: "out" }),
    ]);
    const { layers: boxes, edges } = await drawn(model);
    expect(Object.keys(boxes)).toEqual(["d", "drop", "out"]);
    expect(edges).toEqual(["d → drop", "drop → out"]);
  });

  test("expandNested puts the layers of a model into a frame; arrows go to its first layer and come from its last", async () => {
    const { layers: boxes, frames, edges } = await drawn(branching(), { expandNested: true });
    expect(Object.keys(frames)).toEqual(["encoder"]);
    expect(frames.encoder!.text).toBe("encoder");
    expect(boxes).not.toHaveProperty("encoder");
    expect(edges).toEqual(
      expect.arrayContaining(["b → encoder/first", "encoder/first → encoder/second", "encoder/second → joined"]),
    );
    for (const [name, box] of Object.entries(boxes)) {
      const f = frames.encoder!;
      const within = box.left >= f.left && box.right <= f.right && box.top >= f.top && box.bottom <= f.bottom;
      expect(within, name).toBe(["first", "second"].includes(name));
    }
  });

  test("frames lie in frames, and several inputs and outputs find their boxes, by name too", async () => {
    const [p, q] = [Input([2], { name: "p" }), Input([2], { name: "q" })];
    const core = new Sequential([new Dense(2, { inputShape: [2], name: "core_dense" })], { name: "core" });
    const sum = new Add({ name: "sum" }).apply([core.apply(p), q]);
    const inner = new Model({ q, p }, { y: sum, also: core.apply(q) }, { name: "inner" });
    const [x, z] = [Input([2], { name: "x" }), Input([2], { name: "z" })];
    const { y, also } = inner.apply<{ y: Tensor; also: Tensor }>({ p: x, q: z });
    const model = new Model([x, z], [new Dense(1, { name: "of_y" }).apply(y), new Dense(1, { name: "of_also" }).apply(also)]);
    const { frames, edges } = await drawn(model, { expandNested: true });
    expect(Object.keys(frames)).toEqual(["inner", "core"]);
    expect(frames.core!.left).toBeGreaterThan(frames.inner!.left);
    expect(edges.sort()).toEqual(
      [
        "x → inner/p",
        "z → inner/q",
        "inner/p → inner/core/core_dense",
        "inner/q → inner/core/core_dense",
        "inner/q → inner/sum",
        "inner/core/core_dense → inner/sum",
        "inner/sum → of_y",
        "inner/core/core_dense → of_also",
      ].sort(),
    );
  });

  test("a model whose call is code is one box", async () => {
    class Own extends Model {
      dense = new Dense(2);
      override call(x: Tensor): Tensor {
        return this.dense.apply(x);
      }
    }
    const model = new Own({ name: "own" });
    model.build([null, 3]);
    const { layers: boxes, edges } = await drawn(model, { showLayerNames: true });
    expect(boxes.own!.text.trim()).toBe("own (Own)");
    expect(Object.keys(boxes)).toHaveLength(1);
    expect(edges).toEqual([]);
  });

  test("boxes do not overlap, and all of them lie inside the image", async () => {
    const { svg, layers: boxes } = await drawn(branching(), { showShapes: true, expandNested: true });
    const all = Object.values(boxes);
    const [width, height] = [Number(svg.attributes.width), Number(svg.attributes.height)];
    for (const [i, a] of all.entries()) {
      expect(a.left >= 0 && a.top >= 0 && a.right <= width && a.bottom <= height).toBe(true);
      for (const b of all.slice(i + 1))
        expect(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top).toBe(true);
    }
  });

  test("the arrow of a layer that is called on what it returned begins and ends at its box, inside the image", async () => {
    const x = Input([4]);
    const again = new Dense(4, { name: "again" });
    const model = new Model(x, new Dense(2).apply(ops.add(again.apply(again.apply(x)), x)));
    const { svg, layers: boxes, edges } = await drawn(model);
    const arrow = svg.inside.find((e) => e.attributes["data-from"] === "again" && e.attributes["data-to"] === "again")!;
    expect(edges).toContain("again → again");
    const [line, head] = arrow.inside.map((path) => [...path.attributes.d!.matchAll(/[\d.]+/g)].map(([n]) => Number(n)));
    const box = boxes.again!;
    for (const [px, py] of [line!, head!]) {
      expect(px).toBeCloseTo(box.right, 0);
      expect(py! > box.top && py! < box.bottom).toBe(true);
    }
    for (const [i, n] of line!.entries())
      expect(n).toBeLessThanOrEqual(Number(i % 2 ? svg.attributes.height : svg.attributes.width));
  });

  test.each([
    ["TB", "top", 1],
    ["BT", "top", -1],
    ["LR", "left", 1],
    ["RL", "left", -1],
  ] as const)("rankdir %s", async (rankdir, side, sign) => {
    const { layers: boxes } = await drawn(branching(), { rankdir });
    const along = ["a", "shared", "joined", "three"].map((name) => sign * boxes[name]![side]);
    expect(along).toEqual([...along].sort((a, b) => a - b));
    expect(new Set(along).size).toBe(4);
  });
});

describe("texts", () => {
  test("by default the class alone, with showLayerNames the name before it", async () => {
    expect((await drawn(branching())).layers.shared!.text.trim()).toBe("Dense");
    expect((await drawn(branching(), { showLayerNames: true })).layers.shared!.text.trim()).toBe("shared (Dense)");
  });

  test("shapes, types, activations, trainable", async () => {
    const { layers: boxes } = await drawn(branching(), {
      showShapes: true,
      showDtype: true,
      showLayerActivations: true,
      showTrainable: true,
      expandNested: true,
    });
    const words = (name: string): string => boxes[name]!.text.replace(/ +/g, " ").trim();
    expect(words("a")).toBe("InputLayer Input shape: (None, 4) Output shape: (None, 4) Output dtype: float32");
    expect(words("joined")).toBe(
      "Concatenate Input shape: [(None, 8), (None, 8), (None, 8)] Output shape: (None, 24) Output dtype: float32",
    );
    const dense = (activation: string, from: number, to: number, trainable: string): string =>
      `Dense Activation: ${activation} Input shape: (None, ${from}) Output shape: (None, ${to}) Output dtype: float32 ${trainable}`;
    expect(words("one")).toBe(dense("sigmoid", 24, 1, "Trainable"));
    expect(words("three")).toBe(dense("linear", 24, 3, "Non-trainable"));
    expect(words("first")).toBe(dense("linear", 4, 8, "Trainable"));
  });

  test("a function of one's own without a name is an activation without a name", async () => {
    const model = new Sequential([
      new Dense(1, {
        inputShape: [2],
        activation: (
          () => (x: Tensor) =>
            x
        )(),
        name: "d",
      }),
    ]);
    const { layers: boxes } = await drawn(model, { showLayerActivations: true });
    expect(boxes.d!.text).toContain("Activation: (anonymous)");
  });

  test("names that look like markup stay text", async () => {
    const name = `<b>&"'</b> ]]> \u0001 層`;
    const model = new Sequential([new Dense(1, { inputShape: [2], name: name.replaceAll("/", "") })], { name: "a & b <c>" });
    const { svg, layers: boxes } = await drawn(model, { showLayerNames: true });
    const shown = name.replaceAll("/", "").replace("\u0001", "\uFFFD"); // XML has no way to write that character
    expect(boxes[shown]!.text.trim()).toBe(`${shown} (Dense)`);
    expect(svg.inside.find((e) => e.tag === "title")!.text).toBe("a & b <c>");
  });

  test("the same model gives the same drawing", async () => {
    const model = branching();
    expect(await utils.plotModel(model, { expandNested: true })).toBe(await utils.plotModel(model, { expandNested: true }));
  });
});

describe("files and mistakes", () => {
  const model = new Sequential([new Dense(1, { inputShape: [2] })]);

  test("toFile writes what is returned", async () => {
    const folder = mkdtempSync(join(tmpdir(), "keratin-plot-"));
    try {
      const toFile = join(folder, "model.svg");
      const svg = await utils.plotModel(model, { toFile });
      expect(readFileSync(toFile, "utf8")).toBe(svg);
      await expect(utils.plotModel(model, { toFile: join(folder, "model.png") })).rejects.toThrow(/must end in \.svg/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    ["a model that is not built", () => utils.plotModel(new Sequential([new Dense(1)])), "build"],
    ["what is no model", () => utils.plotModel(new Dense(1) as unknown as Model), "must be a model"],
    ["an unknown option", () => utils.plotModel(model, { showShape: true } as object), 'Did you mean "showShapes"'],
    ["an unknown direction", () => utils.plotModel(model, { rankdir: "UP" as "TB" }), 'Unknown rankdir "UP"'],
  ])("%s is an error that says what to do", async (_, call, message) => {
    await expect(call()).rejects.toThrow(ValueError);
    await expect(call()).rejects.toThrow(message);
  });
});
