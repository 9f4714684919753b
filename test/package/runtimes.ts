import { run } from "./run.ts";

/** A runtime other than Deno, found on this machine. */
export interface OtherRuntime {
  /** Such as `node 24.1.0`. */
  name: string;
  program: string;
}

/** The first Node release with everything this package needs. */
const OLDEST_NODE = [22, 13];

/**
 * Finds the runtimes to test with: `node` and `bun` on the path, and the programs that
 * `ONECELL_NODES` lists, separated by colons.
 *
 * @throws where `CI` is `true` and Node or Bun is missing: there, nothing is skipped
 */
export async function findRuntimes(): Promise<OtherRuntime[]> {
  const listed = (Deno.env.get("ONECELL_NODES") ?? "").split(":").filter((path) => path !== "");
  const found: OtherRuntime[] = [];
  for (const program of ["node", ...listed]) {
    const version = await versionOf(program);
    if (version === null || isOlder(version, OLDEST_NODE)) continue;
    if (!found.some(({ name }) => name === `node ${version}`)) {
      found.push({ name: `node ${version}`, program });
    }
  }
  const bun = await versionOf("bun");
  if (bun !== null) found.push({ name: `bun ${bun}`, program: "bun" });
  for (const wanted of ["node", "bun"]) {
    if (found.some(({ name }) => name.startsWith(wanted))) continue;
    const message = `no ${wanted} to test the package with (Node from ${OLDEST_NODE.join(".")})`;
    if (Deno.env.get("CI") === "true") throw new Error(message);
    Deno.stderr.writeSync(new TextEncoder().encode(`skipped: ${message}\n`));
  }
  return found;
}

async function versionOf(program: string): Promise<string | null> {
  const outcome = await run(program, ["--version"]).catch(() => null);
  return outcome?.success ? outcome.stdout.trim().replace(/^v/, "") : null;
}

function isOlder(version: string, oldest: number[]): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest;
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
