/**
 * Writes COMPATIBILITY.md: every public symbol of Keras 3.15.1, and whether the built package has it, with its options and defaults.
 *
 *   node scripts/compatibility.mjs           writes the file
 *   node scripts/compatibility.mjs --check   fails when the file is not what it would write
 *
 * What Keras has is test/golden/keras-api.json; what is here is read from the built package: classes declare `required` and `defaults`,
 * options of functions are looked for in the declarations (dist/**.d.ts), so a default of a function is not compared: its goldens are.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { at, files, isMain, plainErrors } from "./run.mjs";

const FILE = "COMPATIBILITY.md";
const HAND_WRITTEN = "scripts/compatibility.top.md";

/** `_x → X`, as ts/saving/names.ts has it. */
const camel = (name) => name.replace(/(?!^)_([a-z0-9])/g, (_, c) => c.toUpperCase());
/** Keras exports some classes a second time in snake_case (`max_norm`): here those are functions. */
const isClass = (name) => /^[A-Z]/.test(name);
/** A class keeps its name, a function becomes camelCase. */
const spelled = (name) => (isClass(name) ? name : camel(name));

/** Symbols that are here under another name too. */
const ELSEWHERE = {
  "saving.serialize_keras_object": "saving.serialize",
  "utils.serialize_keras_object": "saving.serialize",
  "saving.deserialize_keras_object": "saving.deserialize",
  "utils.deserialize_keras_object": "saving.deserialize",
  "utils.Sequence": "utils.PyDataset",
};
/** Spaces whose symbols Keras offers a second time in another one: one line each instead of a second table. */
const REPEATED = { "ops.nn": "ops", "ops.numpy": "ops", "ops.linalg": "ops" };
/** The namespaces where a symbol of `space` may be: its own, then the top. */
function find(k, space, name) {
  const get = (path) => path.split(".").reduce((value, part) => (value == null ? undefined : value[part]), k);
  const last = spelled(name);
  const own = space === "keras" ? last : `${space}.${last}`;
  // `keras.Loss` is `losses.Loss`, `utils.set_random_seed` is `setRandomSeed`.
  const homes = isClass(name)
    ? ["", "layers.", "losses.", "metrics.", "optimizers.", "initializers.", "regularizers."]
    : ["models", "utils", "backend", "config", "saving"].includes(space)
      ? [""]
      : [];
  const places = [own, ELSEWHERE[`${space}.${name}`], ...homes.map((home) => home + last)];
  const path = places.find((place) => place !== undefined && get(place) !== undefined);
  return path === undefined ? null : { value: get(path), as: path === own ? null : path };
}

// ---- options

/** Name → text of every declaration in the package's .d.ts files; names that occur twice have both texts. */
function declarations() {
  const found = new Map();
  for (const file of files("dist", (f) => f.endsWith(".d.ts"))) {
    const text = readFileSync(at(file), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    for (const part of text.split(/^(?=export |declare |interface |type )/m)) {
      const name = /^(?:export )?(?:declare )?(?:abstract )?(?:function|const|class|interface|type) ([\w$]+)/.exec(part)?.[1];
      if (name) found.set(name, `${found.get(name) ?? ""}\n${part}`);
    }
  }
  return found;
}

/** All words of a declaration and of the types that it names. */
function wordsOf(declared, name) {
  const words = new Set();
  const visit = (at, depth) => {
    const text = declared.get(at);
    if (text === undefined || depth > 4) return;
    for (const word of text.match(/[\w$]+/g)) {
      if (words.has(word)) continue;
      words.add(word);
      if (/^[A-Z]/.test(word) && word !== "Tensor") visit(word, depth + 1);
    }
    for (const [, word] of text.matchAll(/typeof ([\w$]+)/g)) visit(word, depth + 1);
  };
  visit(name, 0);
  return words;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const shown = (value) => (value === undefined ? "none" : JSON.stringify(value)).replaceAll("|", "\\|");

/** What differs between a class' parameters and ours: lists of texts. */
function compareClass(k, entry, own, declared) {
  const { required = [], optional = {} } = entry.init ?? {};
  const chain = [];
  for (let c = own; c && c !== Function.prototype; c = Object.getPrototypeOf(c)) chain.push(c);
  const defaults = Object.assign({}, ...chain.map((c) => (Object.hasOwn(c, "defaults") ? c.defaults : {})).reverse());
  const positional = new Set(chain.flatMap((c) => (Object.hasOwn(c, "required") ? c.required : [])));
  const common =
    k.Layer && (own === k.Layer || own.prototype instanceof k.Layer) ? ["name", "dtype", "trainable", "activityRegularizer"] : [];
  const written = wordsOf(declared, own.name);
  const missing = [];
  const other = [];
  if (positional.size > 0) missing.push(...required.map(camel).filter((p) => !positional.has(p) && !written.has(p)));
  for (const [p, theirs] of Object.entries(optional)) {
    const name = camel(p);
    if (name in defaults) {
      if (!same(defaults[name], theirs)) other.push(`${name}: ${shown(defaults[name])} (Keras ${shown(theirs)})`);
    } else if (!positional.has(name) && !common.includes(name) && !written.has(name)) missing.push(name);
  }
  return { missing, other };
}

function compareFunction(entry, name, declared) {
  const written = wordsOf(declared, name);
  const wanted = Object.keys((entry.init ?? entry).optional ?? {}).map(camel);
  return { missing: written.size === 0 ? [] : wanted.filter((p) => !written.has(p)), other: [] };
}

// ---- goldens

/** How many recorded cases of Keras there are for a class or function. */
function goldenCounts() {
  const counts = new Map();
  for (const file of files("test/golden", (f) => /^test\/golden\/\w+\.json$/.test(f))) {
    const { cases } = JSON.parse(readFileSync(at(file), "utf8"));
    if (!Array.isArray(cases)) continue;
    const topic = file.slice("test/golden/".length, -".json".length);
    for (const c of cases) {
      const names = [c.class, c.op, c.function, c.name].filter((x) => typeof x === "string");
      for (const name of new Set(names)) {
        const key = `${topic.split("_")[0]}:${name.split(".").at(-1)}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
  }
  return counts;
}

const GOLDEN_TOPIC = { "optimizers.schedules": "schedules" };

// ---- the page

const link = (space) => space.replaceAll(".", "").toLowerCase();

export async function compatibility() {
  if (!existsSync(at("dist/index.js"))) throw new Error("There is no dist/: run `npm run build` first.");
  const k = await import("../dist/index.js");
  const { keras, spaces } = JSON.parse(readFileSync(at("test/golden/keras-api.json"), "utf8"));
  const declared = declarations();
  const goldens = goldenCounts();
  const sections = [];
  const rows = [];
  const totals = { all: 0, there: 0, full: 0 };

  for (const [space, symbols] of Object.entries(spaces)) {
    const entries = Object.entries(symbols);
    if (entries.length === 0) continue;
    if (REPEATED[space]) {
      const home = spaces[REPEATED[space]];
      const alone = entries.filter(([name]) => !(name in home)).map(([name]) => name);
      if (alone.length > 0) throw new Error(`${space} has symbols of its own: ${alone.join(", ")}. Give it a table.`);
      rows.push(
        `| \`${space}\` | ${entries.length} | | | the same functions as in \`${REPEATED[space]}\`, where they are counted |`,
      );
      continue;
    }
    const there = [];
    const missing = [];
    let full = 0;
    for (const [name, entry] of entries) {
      const here = find(k, space, name);
      if (!here) {
        missing.push(spelled(name));
        continue;
      }
      const { missing: absent, other } =
        isClass(name) && entry.kind === "class"
          ? compareClass(k, entry, here.value, declared)
          : compareFunction(entry, spelled(name), declared);
      const notes = [
        ...(here.as ? [`here \`${here.as}\``] : []),
        ...(absent.length > 0 ? [`no ${absent.map((p) => `\`${p}\``).join(", ")}`] : []),
        ...(other.length > 0 ? [`other default: ${other.map((o) => `\`${o}\``).join(", ")}`] : []),
      ];
      if (absent.length === 0 && other.length === 0) full++;
      const cases = goldens.get(`${GOLDEN_TOPIC[space] ?? space}:${name}`) ?? 0;
      there.push({ name: spelled(name), notes, cases });
    }
    totals.all += entries.length;
    totals.there += there.length;
    totals.full += full;
    const anchor = there.length > 0 ? `[\`${space}\`](#${link(space)})` : `\`${space}\``;
    rows.push(`| ${anchor} | ${entries.length} | ${there.length} | ${full} | |`);
    if (there.length === 0) continue;
    const noted = there.filter((s) => s.notes.length > 0);
    const plain = there.filter((s) => s.notes.length === 0);
    const withCases = (s) => `\`${s.name}\`${s.cases > 0 ? ` ${s.cases}` : ""}`;
    const lines = [`### ${space}`, ""];
    if (plain.length > 0) lines.push(`**There (${plain.length}):** ${plain.map(withCases).join(", ")}.`, "");
    if (noted.length > 0) {
      lines.push("| there, with a difference | what differs |", "|---|---|");
      for (const s of noted) lines.push(`| ${withCases(s)} | ${s.notes.join("; ")} |`);
      lines.push("");
    }
    if (missing.length > 0) lines.push(`**Missing (${missing.length}):** ${missing.map((m) => `\`${m}\``).join(", ")}.`, "");
    sections.push(lines.join("\n"));
  }

  return [
    "<!-- Generated by `node scripts/compatibility.mjs`; the part above the line comes from scripts/compatibility.top.md. Do not edit. -->",
    "",
    readFileSync(at(HAND_WRITTEN), "utf8").trim(),
    "",
    "---",
    "",
    `## What is there of Keras ${keras}`,
    "",
    `Of ${totals.all} public symbols ${totals.there} are there, ${totals.full} of them with every option and every declared default.`,
    "",
    "*there*: it can be imported under the name that the rules above make of it. *whole*: no option is missing and no default that a class declares differs; defaults of functions are compared by their goldens only. " +
      "A number behind a name counts the recorded cases of real Keras for it in `test/golden`.",
    "",
    "| space | symbols | there | whole | |",
    "|---|---|---|---|---|",
    ...rows,
    "",
    ...sections,
  ].join("\n");
}

if (isMain(import.meta)) {
  plainErrors("compatibility");
  const text = `${(await compatibility()).trimEnd()}\n`;
  if (process.argv.includes("--check")) {
    const now = existsSync(at(FILE)) ? readFileSync(at(FILE), "utf8") : "";
    if (now !== text)
      throw new Error(
        `${FILE} is not what the package and scripts/compatibility.top.md say: run \`node scripts/compatibility.mjs\`.`,
      );
    console.log(`[compatibility] ${FILE} is up to date`);
  } else {
    writeFileSync(at(FILE), text);
    console.log(`[compatibility] ${/^Of .*$/m.exec(text)[0]}`);
  }
}
