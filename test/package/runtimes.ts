import { tmpdir } from "node:os";
import { run, runTool } from "./run.ts";

/** A runtime other than Deno, found on this machine. */
export interface OtherRuntime {
  /** Such as `node 24.1.0`. */
  name: string;
  program: string;
}

/** The first Node release with everything this package needs, as npm has it. */
const OLDEST_NODE = "node@22.13.0";

/**
 * Finds the runtimes to test with: the oldest Node this package supports (from npm), `node` and `bun`
 * on the path, and the programs that `ONECELL_NODES` lists, separated by colons. An older `node` on
 * the path is left out.
 *
 * @throws where `CI` is `true` and there is no Bun: there, nothing is skipped
 */
export async function findRuntimes(): Promise<OtherRuntime[]> {
  const where = ["-p", "process.execPath"];
  const oldest = (await runTool(OLDEST_NODE, "node", where, tmpdir())).trim();
  const listed = (Deno.env.get("ONECELL_NODES") ?? "").split(":").filter((path) => path !== "");
  const found: OtherRuntime[] = [];
  for (const program of [oldest, "node", ...listed]) {
    const version = await versionOf(program);
    if (version === null || isOlder(version, OLDEST_NODE)) continue;
    if (!found.some(({ name }) => name === `node ${version}`)) {
      found.push({ name: `node ${version}`, program });
    }
  }
  const bun = await versionOf("bun");
  if (bun !== null) found.push({ name: `bun ${bun}`, program: "bun" });
  else {
    const message = "no bun on the path to test the package with";
    if (Deno.env.get("CI") === "true") throw new Error(message);
    Deno.stderr.writeSync(new TextEncoder().encode(`skipped: ${message}\n`));
  }
  return found;
}

async function versionOf(program: string): Promise<string | null> {
  const outcome = await run(program, ["--version"]).catch(() => null);
  return outcome?.success ? outcome.stdout.trim().replace(/^v/, "") : null;
}

function isOlder(version: string, oldest: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest.replace(/^\w+@/, "").split(".").map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
