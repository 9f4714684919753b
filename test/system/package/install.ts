import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pack } from "../../../scripts/pack.ts";
import { runOrThrow } from "./run.ts";

/** A folder in which the package was installed from its tarball, as a consumer would. */
export interface Installed extends AsyncDisposable {
  /** The consumer's folder. */
  directory: string;
  /** The package inside it. */
  packageDirectory: string;
  /** The tarball it came from. */
  tarball: string;
}

/** Installs a tarball in an empty folder. If none is given, it packs the module first. */
export async function install(given: string | undefined): Promise<Installed> {
  const directory = await mkdtemp(join(tmpdir(), "onecell-consumer-"));
  try {
    const tarball = given === undefined ? await pack(join(directory, "packed")) : resolve(given);
    const manifest = { name: "consumer", private: true, type: "module" };
    await writeFile(join(directory, "package.json"), JSON.stringify(manifest));
    await runOrThrow("npm", ["install", "--no-audit", "--no-fund", tarball], { cwd: directory });
    return {
      directory,
      packageDirectory: join(directory, "node_modules", "@onecell", "auth"),
      tarball,
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
    };
  } catch (error) {
    await rm(directory, { recursive: true });
    throw error;
  }
}
