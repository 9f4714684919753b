/**
 * Builds the npm package with dnt: `deno run -A scripts/build_npm.ts VERSION [OUTDIR]`.
 *
 * At the end it imports the result in Node.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, normalize } from "node:path";
import config from "../deno.json" with { type: "json" };
import { bundle, ENTRY_POINTS } from "./bundle.ts";
import {
  COMMAND_FILE,
  copyDocuments,
  packageFields,
  withOptionalPeers,
  writeCommand,
} from "./npm_package.ts";

/** The part of dnt that this script uses. */
interface Dnt {
  emptyDir(directory: string): Promise<void>;
  build(options: Record<string, unknown>): Promise<void>;
}

/** dnt by its name in an import map, or from JSR. */
const DNT: readonly string[] = ["@deno/dnt", "jsr:@deno/dnt@0.42.3"];

const [version, outDir = "npm"] = Deno.args;
if (version === undefined || !/^\d+\.\d+\.\d+(-[\w.-]+)?$/.test(version)) {
  throw new Error("Pass the version to build: deno run -A scripts/build_npm.ts 1.2.3");
}
Deno.chdir(new URL("..", import.meta.url));

const hasCommand = existsSync("src/cli.ts");
const dnt = await loadDnt();
await dnt.emptyDir(outDir);
await dnt.build({
  entryPoints: [
    { name: ".", path: "mod.ts" },
    ...(hasCommand ? [{ name: "./cli", path: "src/cli.ts" }] : []),
    { name: "./testing", path: "src/testing.ts" },
  ],
  outDir,
  importMap: await writeImportMap(),
  scriptModule: false,
  // `deno check` already checks the sources, and the package test checks a program that uses the result.
  typeCheck: false,
  declaration: "inline",
  declarationMap: false,
  shims: { deno: { test: "dev" } },
  testPattern: "test/{person/browser_is_local,person/card,bulk/progress,scan/scan_text}_test.ts",
  compilerOptions: {
    target: "ES2022",
    lib: ["ESNext", "DOM", "DOM.Iterable"],
    sourceMap: true,
    inlineSources: true,
    stripInternal: true,
    noUncheckedIndexedAccess: true,
    useUnknownInCatchVariables: true,
  },
  package: {
    ...packageFields(version),
    ...(hasCommand ? { bin: { onecell: COMMAND_FILE } } : {}),
    devDependencies: { "@types/node": "^22.13.0" },
  },
  postBuild: async () => {
    await copyDocuments(outDir);
    if (hasCommand) await writeCommand(outDir, "./esm/src/cli.js");
  },
});
// Bundle after dnt has run its tests, because they need the single modules.
const esm = join(outDir, "esm");
await removePolyfills(esm);
await bundle(esm, "npm");
await removeOtherDeclarations(esm);
await finishManifest(join(outDir, "package.json"));
await importInNode();

/** Loads dnt by a computed name, so that only this script needs it, and no check does. */
async function loadDnt(): Promise<Dnt> {
  const [mapped = "", published = ""] = DNT;
  try {
    import.meta.resolve(mapped);
  } catch {
    return await import(published);
  }
  return await import(mapped);
}

/** Writes the imports of `deno.json` as a plain import map, which also needs entries for sub-paths. */
async function writeImportMap(): Promise<string> {
  const imports: Record<string, string> = { ...config.imports };
  for (const [name, target] of Object.entries(config.imports)) {
    if (target.startsWith("npm:")) imports[`${name}/`] = target.replace("npm:", "npm:/") + "/";
  }
  const path = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(path, JSON.stringify({ imports }));
  return path;
}

/** Removes dnt's polyfills, because every supported Node has these features. */
async function removePolyfills(directory: string): Promise<void> {
  await Deno.writeTextFile(join(directory, "_dnt.polyfills.js"), "");
}

/**
 * Removes the declarations that the entry points do not need, because nobody can import them. An import
 * without names declares nothing, except dnt's, which would change the consumer's globals.
 */
async function removeOtherDeclarations(directory: string): Promise<void> {
  const reached = new Set<string>();
  const toRead = ENTRY_POINTS.map((name) => `${name}.d.ts`);
  for (const name of toRead) {
    if (reached.has(name)) continue;
    reached.add(name);
    const path = join(directory, name);
    const text = (await Deno.readTextFile(path)).replace(/^import "[^"]+";\n/gm, "");
    await Deno.writeTextFile(path, text);
    for (const [, to = ""] of text.matchAll(/(?:\bfrom|\bimport) *\(?"(\.{1,2}\/[^"]+)\.js"/g)) {
      toRead.push(normalize(join(name, "..", `${to}.d.ts`)));
    }
  }
  for (const name of await readdir(directory, { recursive: true })) {
    if (name.endsWith(".d.ts") && !reached.has(name)) await Deno.remove(join(directory, name));
  }
}

/** Removes build-only fields from `package.json`, and makes rarely needed dependencies optional. */
async function finishManifest(path: string): Promise<void> {
  const { scripts: _, devDependencies: __, _generatedBy: ___, ...made } = JSON.parse(
    await Deno.readTextFile(path),
  );
  await Deno.writeTextFile(path, JSON.stringify(withOptionalPeers(made), null, 2) + "\n");
}

/** Imports the built package by its own name (Node's self-reference), as a consumer would. */
async function importInNode(): Promise<void> {
  const { name } = packageFields(version);
  const script = `const built = await import(${JSON.stringify(name)});
    if (typeof built.AuthError !== "function") throw new Error("the package exports no AuthError");`;
  const output = await new Deno.Command("node", {
    args: ["--input-type=module", "--eval", script],
    cwd: outDir,
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!output.success) throw new Error("The built package cannot be imported in Node.");
}
