import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { COMMAND_FILE, DOCUMENTS } from "../../scripts/npm_package.ts";
import { runOrThrow } from "./run.ts";

/** The repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The module's own files that its entry points reach, relative to the repository, without `.ts`. */
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

/** What the file list has and should not have, and the other way round. */
export function compareFiles(
  files: string[],
  modules: string[],
): { unexpected: string[]; missing: string[] } {
  // dnt puts modules in a folder of their own, with source maps and helpers of its making.
  const prefix = files.includes("esm/mod.js") ? "esm/" : "";
  const documents = DOCUMENTS.filter((name) => existsSync(join(root, name)));
  const expected = new Set(["package.json", ...documents]);
  const optional = new Set([COMMAND_FILE, "esm/package.json"]);
  expected.add(`${prefix}mod.d.ts`);
  for (const module of modules) {
    expected.add(`${prefix}${module}.js`);
    // `deno pack` declares what the entry points' types reach; a consumer is type-checked anyway.
    optional.add(`${prefix}${module}.d.ts`);
    if (prefix) optional.add(`${prefix}${module}.js.map`);
  }
  const isHelper = (file: string) =>
    prefix !== "" && /^esm\/_dnt\.\w+\.(js|d\.ts|js\.map)$/.test(file);
  return {
    unexpected: files.filter((file) =>
      !expected.has(file) && !optional.has(file) && !isHelper(file)
    ),
    missing: [...expected].filter((file) => !files.includes(file)),
  };
}
