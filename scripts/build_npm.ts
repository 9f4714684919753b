/**
 * Builds the npm package with dnt: `deno run -A scripts/build_npm.ts VERSION [OUTDIR]`.
 *
 * The last step imports the result in Node.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import config from "../deno.json" with { type: "json" };
import { bundle } from "./bundle.ts";
import { COMMAND_FILE, copyDocuments, packageFields, writeCommand } from "./npm_package.ts";

/** The part of dnt this script uses. */
interface Dnt {
  emptyDir(directory: string): Promise<void>;
  build(options: Record<string, unknown>): Promise<void>;
}

/** dnt as an import map may name it, else from JSR. */
const DNT: readonly string[] = ["@deno/dnt", "jsr:@deno/dnt@^0.42.3"];

const [version, outDir = "npm"] = Deno.args;
if (version === undefined || !/^\d+\.\d+\.\d+(-[\w.-]+)?$/.test(version)) {
  throw new Error("Name the version to build, such as: deno run -A scripts/build_npm.ts 1.2.3");
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
  // `deno check` has checked the sources; the package test checks a consumer of the result.
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
// Only now: dnt runs its tests against the modules.
await bundle(join(outDir, "esm"));
await importInNode();

/** Computed names, so that no gate of this repository needs dnt: this script alone does. */
async function loadDnt(): Promise<Dnt> {
  const [mapped = "", published = ""] = DNT;
  try {
    import.meta.resolve(mapped);
  } catch {
    return await import(published);
  }
  return await import(mapped);
}

/** The imports of `deno.json` as a plain import map: that one needs an entry for sub-paths too. */
async function writeImportMap(): Promise<string> {
  const imports: Record<string, string> = { ...config.imports };
  for (const [name, target] of Object.entries(config.imports)) {
    if (target.startsWith("npm:")) imports[`${name}/`] = target.replace("npm:", "npm:/") + "/";
  }
  const path = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(path, JSON.stringify({ imports }));
  return path;
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
