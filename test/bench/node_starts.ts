import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { install } from "../system/package/install.ts";
import { findRuntimes } from "../system/package/runtimes.ts";
import type { Comparison, Findings } from "./report.ts";
import { race } from "./whole_process.ts";
import type { World } from "./world.ts";

/** First sign-ins in every installed Node, with the package as a consumer installs it. */
export async function measureNode(world: World, rounds: number): Promise<Findings> {
  const title = "whole process, Node";
  const nodes = (await findRuntimes()).filter(({ name }) => name.startsWith("node"));
  if (nodes.length === 0) {
    return { title, comparisons: [], skipped: ["no Node from 22.13 (name some in ONECELL_NODES)"] };
  }
  await using installed = await install(undefined);
  const cwd = installed.directory;
  const session = join(cwd, "session.mjs");
  const byHand = join(cwd, "openid_client.mjs");
  await copyFile(new URL("cases/session.ts", import.meta.url), session);
  await copyFile(new URL("cases/openid_client_in_node.mjs", import.meta.url), byHand);
  const home = "fresh-node";
  const env = world.environment(home);
  const prepare = () => world.forgetTokens(home);

  const named = nodes.map(({ name, program }) => ({
    program,
    base: `${name}, openid-client by hand`,
    ours: `${name}, first sign-in`,
  }));
  const medians = await race(
    named.flatMap(({ program, base, ours }) => [
      { name: base, program, args: [byHand], cwd, env },
      { name: ours, program, args: [session], cwd, env, prepare },
    ]),
    rounds,
  );
  const comparisons = named.map(({ base, ours }): Comparison => ({
    what: ours,
    against: base,
    value: medians.get(ours) ?? NaN,
    base: medians.get(base) ?? NaN,
    unit: "ms",
    target: { ratio: 1.15 },
  }));
  return { title, medians, comparisons };
}
