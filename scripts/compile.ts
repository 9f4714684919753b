import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Compiles the module to JavaScript and declarations with `deno pack`, which needs no other package.
 *
 * @param work an empty folder
 * @returns the folder inside it that holds `mod.js`
 */
export async function compile(work: string): Promise<string> {
  const raw = join(work, "raw.tgz");
  // Source maps would contain this machine's folders.
  const options = ["--allow-dirty", "--no-source-maps", "--quiet", "--output", raw];
  await run(Deno.execPath(), ["pack", ...options], root);
  await mkdir(work, { recursive: true });
  await run("tar", ["-xzf", raw, "-C", work], work);
  await rm(raw);
  const directory = join(work, "package");
  await removeSources(directory);
  for (const path of Object.values(config.exports)) await keepModuleComment(directory, path);
  return directory;
}

/**
 * Removes TypeScript that no entry point imports, because `deno pack` does not compile it, and the
 * schema, because it is copied with the documents.
 */
async function removeSources(directory: string): Promise<void> {
  for (const name of await readdir(directory, { recursive: true })) {
    if (/(?<!\.d)\.ts$|\.schema\.json$/.test(name)) await rm(join(directory, name));
  }
}

/** Keeps an entry point's first comment in its declarations, where editors and registries look for it. */
async function keepModuleComment(directory: string, entryPoint: string): Promise<void> {
  const source = await readFile(join(root, entryPoint), "utf8");
  const [comment = ""] = /^\/\*\*.*?\*\//s.exec(source) ?? [];
  const path = join(directory, entryPoint.replace(/\.ts$/, ".d.ts"));
  const declarations = await readFile(path, "utf8");
  if (!comment.includes("@module") || declarations.includes("@module")) return;
  await writeFile(path, `${comment}\n${declarations}`);
}

/** Runs a program that must succeed. Returns its output. */
export async function run(
  program: string,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<string> {
  const output = await new Deno.Command(program, { args, cwd, env, stderr: "piped" }).output();
  const decoder = new TextDecoder();
  if (!output.success) {
    throw new Error(`${program} ${args.join(" ")} failed:\n${decoder.decode(output.stderr)}`);
  }
  return decoder.decode(output.stdout);
}
