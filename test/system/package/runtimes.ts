import { tmpdir } from "node:os";
import { run, runTool } from "./run.ts";

/** A runtime other than Deno, found on this machine. */
export interface OtherRuntime {
  /** Such as `node 24.1.0`. */
  name: string;
  program: string;
}

/** The first Node release with everything that this package needs, by its npm version. */
const OLDEST_NODE = "node@22.13.0";

/** A release that many machines still have, and that is too old. */
const OLD_NODE = "node@20.19.0";

/** The most common one, and the newest. */
const OTHER_NODES = ["node@24.9.0", "node@26.10.0"];

/** Bun from npm, if it is not installed. */
const BUN = "bun@1.4.5";

/**
 * Finds the runtimes to test with: the oldest Node that this package supports, the most common one and the
 * newest (from npm), `node` and `bun` on the path (otherwise Bun from npm), and the programs that
 * `ONECELL_NODES` lists, separated by colons. An older `node` on the path is left out.
 */
export async function findRuntimes(): Promise<OtherRuntime[]> {
  const listed = (Deno.env.get("ONECELL_NODES") ?? "").split(":").filter((path) => path !== "");
  const found: OtherRuntime[] = [];
  const nodes = [];
  for (const node of [OLDEST_NODE, ...OTHER_NODES]) nodes.push(await fromNpm(node));
  for (const program of [...nodes, "node", ...listed]) {
    const version = await versionOf(program);
    if (version === null || isOlder(version, OLDEST_NODE)) continue;
    if (!found.some(({ name }) => name === `node ${version}`)) {
      found.push({ name: `node ${version}`, program });
    }
  }
  const bun = await versionOf("bun") === null ? await fromNpm(BUN) : "bun";
  found.push({ name: `bun ${await versionOf(bun)}`, program: bun });
  return found;
}

/** A Node that this package refuses, from npm. */
export async function findOldNode(): Promise<string> {
  return await fromNpm(OLD_NODE);
}

/** Lets npm download a runtime, and returns its path. */
async function fromNpm(tool: string): Promise<string> {
  const [command = ""] = tool.split("@");
  return (await runTool(tool, command, ["-p", "process.execPath"], tmpdir())).trim();
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
