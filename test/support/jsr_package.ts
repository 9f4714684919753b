import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildJsr } from "../../scripts/build_jsr.ts";
import { serveJsr } from "./jsr_registry.ts";

/** The package as Deno gets it from JSR, with a registry and a cache of its own. */
export interface JsrPackage extends AsyncDisposable {
  /** What a program imports, with the version. */
  readonly specifier: string;
  /** The package's folder. */
  readonly directory: string;
  /** The variables with which Deno gets it. */
  readonly env: { readonly JSR_URL: string; readonly DENO_DIR: string };
}

/** Builds the package and serves it. */
export async function publishLocally(): Promise<JsrPackage> {
  const folder = await mkdtemp(join(tmpdir(), "onecell-jsr-"));
  try {
    const directory = join(folder, "package");
    await buildJsr(directory, "0.1.0");
    const registry = await serveJsr(directory);
    return {
      specifier: "jsr:@onecell/auth@0.1.0",
      directory,
      env: { JSR_URL: registry.url, DENO_DIR: join(folder, "deno") },
      async [Symbol.asyncDispose]() {
        await registry[Symbol.asyncDispose]();
        await rm(folder, { recursive: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
}
