import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { CHUNKS, ENTRY_POINTS, FOLDER } from "../../../scripts/bundle.ts";
import { COMMAND_FILE, DOCUMENTS } from "../../../scripts/npm_package.ts";
import { runOrThrow } from "./run.ts";

/** The repository. */
export const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The module's files that its entry points import, relative to the repository, without `.ts`. */
export async function reachedModules(): Promise<string[]> {
  const reached = new Set<string>();
  const config = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as {
    exports: Record<string, string>;
  };
  for (const entryPoint of Object.values(config.exports)) {
    const json = await runOrThrow(Deno.execPath(), ["info", "--json", entryPoint], { cwd: root });
    const { modules } = JSON.parse(json) as { modules: { local?: string }[] };
    for (const { local } of modules) {
      const path = local?.startsWith(root) ? relative(root, local) : "";
      if (path.endsWith(".ts")) reached.add(path.slice(0, -3));
    }
  }
  return [...reached].sort();
}

/** All files of an installed package, sorted, with forward slashes. */
export async function listFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}

/** The unexpected and the missing files of a package. */
export function compareFiles(
  files: string[],
  modules: string[],
): { unexpected: string[]; missing: string[] } {
  // dnt puts modules in a separate folder, with source maps.
  const prefix = files.includes("esm/mod.js") ? "esm/" : "";
  const documents = DOCUMENTS.filter((name) => existsSync(join(root, name)));
  const expected = new Set([
    "package.json",
    COMMAND_FILE,
    "provider.schema.json",
    ...documents,
  ]);
  const optional = new Set(["esm/package.json"]);
  const bundled = [...ENTRY_POINTS, ...Object.values(CHUNKS).map((name) => `${FOLDER}/${name}`)];
  for (const name of bundled) expected.add(`${prefix}${name}.js`);
  for (const name of ENTRY_POINTS) expected.add(`${prefix}${name}.d.ts`);
  // `deno pack` includes declarations that the entry points' types use. A consumer is type-checked anyway.
  for (const module of modules) optional.add(`${prefix}${module}.d.ts`);
  // The other chunks are named after one of their modules, with a number if two are alike.
  const names = new Set(modules.map((module) => module.replace(/.*\//, "")));
  const isChunk = (file: string) => {
    const [, name = ""] = new RegExp(`^${prefix}${FOLDER}/(\\w+?)\\d*\\.js$`).exec(file) ?? [];
    return names.has(name);
  };
  const isMap = (file: string) =>
    prefix !== "" && file.endsWith(".js.map") && files.includes(file.slice(0, -4));
  return {
    unexpected: files.filter((file) =>
      !expected.has(file) && !optional.has(file) && !isChunk(file) && !isMap(file)
    ),
    missing: [...expected].filter((file) => !files.includes(file)),
  };
}
