/** dist/index.js as one file: an import of 140 modules costs Node 200 ms more than an import of one. Packages that it imports late are a file each. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { rolldown } from "rolldown";
import { at, files, isMain } from "./run.mjs";

/** Packages that are loaded when a function needs them: their files beside dist/index.js, and all that is used of them. */
const LATE = { "@dagrejs/dagre": { file: "dagre.js", names: ["Graph", "layout"] } };

// What is chosen by the runtime (#platform) stays apart, and so does the glue, which lies beside the WASM.
const external = [/^#platform$/, /pkg\/glue\.js$/, /^node:/, ...Object.keys(LATE)];

/** Replaces the compiled modules by one; types stay as they are. Function and class names stay: identifiers in configs are made of them. */
export async function bundle() {
  const paths = (id) => (id.endsWith("pkg/glue.js") ? "../pkg/glue.js" : LATE[id] ? `./${LATE[id].file}` : id);
  // Without comments (editors read the .d.ts), and in ASCII, which V8 keeps in one byte per character: both are time at each import.
  const minify = { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } };
  const index = await generate({ input: at("dist/index.js"), external }, { keepNames: true, comments: false, minify, paths });
  for (const file of files("dist", (f) => f.endsWith(".js") && !f.includes("/runtime/"))) rmSync(at(file));
  writeFileSync(at("dist/index.js"), index.code);
  for (const [name, { file, names }] of Object.entries(LATE)) {
    const text = `export { ${names.join(", ")} } from ${JSON.stringify(name)};`;
    // An entry of our own instead of the package's: what is not used falls away.
    const entry = {
      name: "entry",
      resolveId: (id) => (id === file ? at(id) : null),
      load: (id) => (id === at(file) ? text : null),
    };
    const { code } = await generate({ input: file, plugins: [entry] }, {});
    writeFileSync(at(`dist/${file}`), license(name) + code);
  }
}

async function generate(input, options) {
  const build = await rolldown({ platform: "neutral", logLevel: "warn", ...input });
  const { output } = await build.generate({ format: "esm", ...options });
  await build.close();
  return output[0];
}

/** The licence of a package whose code is in a file, as a comment that minifiers keep. */
const license = (name) => `/*! ${name}\n\n${readFileSync(at(`node_modules/${name}/LICENSE`), "utf8").trim()}\n*/\n`;

// A process of its own, so that the build that waits for it need not be asynchronous.
if (isMain(import.meta)) await bundle();
