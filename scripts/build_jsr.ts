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
import config from "../deno.json" with { type: "json" };
import { bundle, ENTRY_POINTS } from "./bundle.ts";
import { compile } from "./compile.ts";
import { copyDocuments } from "./npm_package.ts";

/** Builds the package in a folder, which is emptied first. */
export async function buildJsr(outDir: string, version: string = config.version): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "onecell-jsr-"));
  try {
    const directory = await compile(work);
    await bundle(directory, "jsr", packages());
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
