/** dist/index.js as one file: an import of 140 modules costs Node 200 ms more than an import of one. */
import { rmSync, writeFileSync } from "node:fs";
import { rolldown } from "rolldown";
import { at, files, isMain } from "./run.mjs";

/** What is chosen by the runtime (#platform in package.json) stays a file of its own, and so does the glue, which lies beside the WASM. */
const PLATFORMS = /^dist\/runtime\/(node|web|workerd)\.js$/;
/** Packages (dependencies in package.json) are imported by the function that needs them. */
const external = ["#platform", /pkg\/glue\.js$/, /^node:/, "@dagrejs/dagre"];

/** Replaces the compiled modules by one, made of ts/; types stay as they are. */
export async function bundle() {
  const input = {
    cwd: at(),
    input: at("ts/index.ts"),
    external,
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
    // A field that is only declared makes no property: constructors set it. In users' own classes their compiler decides.
    tsconfig: false,
    transform: { target: "es2022", typescript: { removeClassFieldsWithoutInitializer: true } },
  };
  const paths = (id) => (id.endsWith("pkg/glue.js") ? "../pkg/glue.js" : id);
  // Without comments (editors read the .d.ts), and in ASCII, which V8 keeps in one byte per character: both are time at each import.
  const minify = { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } };
  const { code } = await generate(input, { comments: false, minify, paths });
  for (const file of files("dist", (f) => f.endsWith(".js") && !PLATFORMS.test(f))) rmSync(at(file));
  writeFileSync(at("dist/index.js"), plainNamespaces(code));
}

async function generate(input, options) {
  const build = await rolldown({ platform: "neutral", logLevel: "warn", ...input });
  const { output } = await build.generate({ format: "esm", ...options });
  await build.close();
  return output[0];
}

/**
 * Ahead of all modules: a frozen namespace of values that know their names (classes of Keras, functions of `ops`), and of others.
 * NOTE with `__proto__: null` V8 would look names up in a hash table, which is measurable in every call into the core.
 */
const NAMESPACE = `const namespace = (named, others) =>
	Object.freeze({ ...Object.fromEntries(named.map((x) => [x.className ?? x.name, x])), ...others });
`;

/**
 * Namespaces (`ops`, `layers` …) as plain objects, made where they stand if all they name stands before them, else before the last module
 * runs. The bundler makes a getter of each name, for modules
 * that import each other in circles. Without those 700 closures, and with names that stand in the file once, it is 2.5 kB smaller gzipped.
 */
function plainNamespaces(code) {
  const names = namesIn(code);
  const places = new Map([...code.matchAll(/^(?:var|let|const|function\*?|class) ([\w$]+)/gm)].map((m) => [m[1], m.index]));
  const made = [];
  const rest = code.replace(/^var ([\w$]+) = __exportAll\(\{([^}]*)\}\);$/gm, (_, space, rows, at) => {
    const entries = [...rows.matchAll(/([\w$]+): \(\) => ([\w$]+)/g)].map(([, name, value]) => ({ name, value }));
    const [named, others] = [true, false].map((own) => entries.filter((e) => (names.get(e.value) === e.name) === own));
    const pairs = others.map(({ name, value }) => `${name}: ${value}`);
    const value = `${space} = namespace([${named.map((e) => e.value).join(", ")}], { ${pairs.join(", ")} });`;
    if (entries.every((e) => places.get(e.value) < at)) return `var ${value}`;
    made.push(value);
    return `var ${space};`;
  });
  const last = rest.lastIndexOf("\n// ts/index.ts\n");
  if (!rest.includes("= namespace(") || last < 0)
    throw new Error("The bundler writes namespaces in another way now: see plainNamespaces.");
  return `${NAMESPACE}${rest.slice(0, last)}\n${made.join("\n")}${rest.slice(last)}`;
}

/** The names that values of the top level have at run time, by their variables: `static className` of classes, the first argument of `op`. */
function namesIn(code) {
  const ops = code.matchAll(/^const ([\w$]+) = op\("(\w+)",/gm);
  const classes = code.matchAll(/^var ([\w$]+) = class\b[^{]*\{(?:\n\t.*)*?\n\tstatic className = "(\w+)";/gm);
  return new Map([...ops, ...classes].map(([, variable, name]) => [variable, name]));
}

// A process of its own, so that the build that waits for it need not be asynchronous.
if (isMain(import.meta)) await bundle();
