/**
 * Builds the package for JSR: `deno run -A scripts/build_jsr.ts [OUTDIR] [VERSION]`.
 *
 * JSR gets JavaScript in a few files, as npm does. From the sources, a start would read 170 files and
 * compile the same functions each time: see `compile_eagerly.ts`.
 *
 * @module
 */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import config from "../deno.json" with { type: "json" };
import { bundle, CHUNKS, ENTRY_POINTS, FOLDER } from "./bundle.ts";
import { compile } from "./compile.ts";
import { compileEagerly } from "./compile_eagerly.ts";
import { functionsThatRun } from "./functions_that_run.ts";
import { copyDocuments, STORE_PACKAGES } from "./npm_package.ts";

/** Builds the package in a folder, which is emptied first. */
export async function buildJsr(outDir: string, version: string = config.version): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "onecell-jsr-"));
  try {
    const directory = await compile(work);
    await bundle(directory, "jsr", packages());
    await compileWhatRuns(directory);
    await loadOnDemand(directory);
    await nameDeclarations(directory);
    await copyDocuments(directory);
    await rm(join(directory, "package.json"));
    await writeFile(
      join(directory, "deno.json"),
      `${JSON.stringify(manifest(version), null, 2)}\n`,
    );
    await rm(outDir, { recursive: true, force: true });
    await cp(directory, outDir, { recursive: true });
  } finally {
    await rm(work, { recursive: true });
  }
}

/** The manifest that `deno publish` reads. */
function manifest(version: string): Record<string, unknown> {
  const exports = Object.fromEntries(
    Object.entries(config.exports).map(([name, path]) => [name, path.replace(/\.ts$/, ".js")]),
  );
  return { name: config.name, version, license: config.license, exports };
}

/** Packages as JSR names them, such as `npm:jose@^6.2.17`. */
function packages(): Record<string, string> {
  const imports = Object.entries(config.imports);
  return Object.fromEntries(imports.filter(([, target]) => target.startsWith("npm:")));
}

/** Lets Deno keep the compiled form of the functions that every start or sign-in runs. */
async function compileWhatRuns(directory: string): Promise<void> {
  const ran = await functionsThatRun(directory);
  for (const name of Object.values(CHUNKS)) {
    const path = join(directory, FOLDER, `${name}.js`);
    const ends = ran.get(pathToFileURL(path).href);
    if (ends === undefined) throw new Error(`No start loads ${path}.`);
    await writeFile(path, compileEagerly(await readFile(path, "utf8"), ends));
  }
}

/**
 * Hides the imports of packages that only some stores need. Otherwise Deno would download them for
 * everybody, look for their versions before every start, and lock them in every project.
 */
async function loadOnDemand(directory: string): Promise<void> {
  const found = new Set<string>();
  for await (const { name } of Deno.readDir(join(directory, FOLDER))) {
    const path = join(directory, FOLDER, name);
    const text = await readFile(path, "utf8");
    const changed = text.replace(/\bimport\(("npm:([^"]+)@[^"@]+")\)/g, (code, specifier, name) => {
      if (!STORE_PACKAGES.includes(name)) return code;
      found.add(name);
      return `import(String(${specifier}))`;
    });
    if (changed !== text) await writeFile(path, changed);
  }
  if (found.size !== STORE_PACKAGES.length) throw new Error("No import of some store's package.");
}

/** Connects modules with their declarations. Outside npm, Deno does not find them by their names. */
async function nameDeclarations(directory: string): Promise<void> {
  for (const name of ENTRY_POINTS) {
    const path = join(directory, `${name}.js`);
    const types = `./${name.replace(/.*\//, "")}.d.ts`;
    await writeFile(path, `/* @ts-self-types="${types}" */\n${await readFile(path, "utf8")}`);
  }
  for (const name of await readdir(directory, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const path = join(directory, name);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(/(\bfrom "\.{1,2}\/[^"]+)\.js"/g, '$1.d.ts"'));
  }
}

if (import.meta.main) await buildJsr(Deno.args[0] ?? "jsr", Deno.args[1]);
