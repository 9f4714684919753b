/**
 * Packs the module for npm with Deno's own packer: `deno run -A scripts/pack.ts [OUTDIR] [VERSION]`.
 *
 * `deno pack` writes no commands and no engines. This script completes its work and prints the path of
 * the tarball. The published package comes from `build_npm.ts`, but that needs dnt, which is only on JSR,
 * and the package test must run where JSR is not reachable.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundle } from "./bundle.ts";
import { compile, run } from "./compile.ts";
import { copyDocuments, packageFields, withOptionalPeers, writeCommand } from "./npm_package.ts";

/** Builds the tarball in a folder and returns its path. */
export async function pack(outDir: string, version?: string): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), "onecell-pack-"));
  try {
    const directory = await compile(work);
    await bundle(directory, "npm");
    await copyDocuments(directory);
    await finish(directory, version);
    await mkdir(outDir, { recursive: true });
    const json = await run(
      "npm",
      ["pack", "--json", "--pack-destination", resolve(outDir)],
      directory,
    );
    const [packed] = JSON.parse(json) as { filename: string }[];
    if (packed === undefined) throw new Error("npm packed nothing");
    return join(resolve(outDir), packed.filename);
  } finally {
    await rm(work, { recursive: true });
  }
}

/** Adds the command and the fields that `deno pack` leaves out of `package.json`. */
async function finish(directory: string, version: string | undefined): Promise<void> {
  const path = join(directory, "package.json");
  const made = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  const fields = withOptionalPeers({ ...made, ...packageFields(version) });
  if (existsSync(join(directory, "src/cli.js"))) {
    fields["bin"] = await writeCommand(directory, "./src/cli.js");
  }
  await writeFile(path, JSON.stringify(fields, null, 2) + "\n");
}

if (import.meta.main) {
  const path = await pack(Deno.args[0] ?? "npm", Deno.args[1]);
  Deno.stdout.writeSync(new TextEncoder().encode(path + "\n"));
}
