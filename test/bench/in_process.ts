import { fileURLToPath } from "node:url";
import type { Comparison, Findings } from "./report.ts";
import { median } from "./statistics.ts";
import type { World } from "./world.ts";

/** Many short blocks, so that noise affects both alike. */
const BLOCKS_PER_ROUND = 10;

/** Calls of a session that has a token. `most` is the largest allowed ratio. */
const CALLS = [
  { script: "warm_calls.ts", concurrency: 1, calls: 60, most: 1.05 },
  { script: "warm_calls.ts", concurrency: 50, calls: 300, most: 1.05 },
  { script: "dpop_calls.ts", concurrency: 1, calls: 60, most: 1.10 },
];

/** Calls of a session that has a token, against raw `fetch`; with DPoP, also one signature. */
export async function measureWarmCalls(world: World, rounds: number): Promise<Findings> {
  const comparisons: Comparison[] = [];
  for (const { script, concurrency, calls, most } of CALLS) {
    const args = [rounds * BLOCKS_PER_ROUND, calls, concurrency].map(String);
    const pairs = await runCase(world, script, args) as [number, number][];
    const isBound = script === "dpop_calls.ts";
    comparisons.push({
      what: `warm call, ${isBound ? "DPoP" : `${concurrency} at a time`}`,
      against: isBound ? "ES256 signature, raw fetch" : "raw fetch, shared header",
      value: median(pairs.map(([ours]) => ours)) / calls,
      base: median(pairs.map(([, raw]) => raw)) / calls,
      unit: "ms",
      target: { ratio: most },
    });
  }
  return { title: "one process, blocks that take turns", comparisons };
}

/** Measures the memory that many calls leave behind. */
export async function measureHeap(world: World): Promise<Findings> {
  const calls = [1_000, 100_000];
  const sizes = await runCase(world, "heap.ts", calls.map(String), ["--v8-flags=--expose-gc"]);
  const [base = NaN, value = NaN] = (sizes as number[]).map((bytes) => bytes / 1e6);
  return {
    title: "heap",
    comparisons: [{
      what: "heap after 100,000 calls",
      against: "after 1,000",
      value,
      base,
      unit: "MB",
      target: { ratio: 1.05 },
    }],
  };
}

/** Runs a case that measures itself, and reads its output. */
async function runCase(
  world: World,
  script: string,
  args: string[],
  flags: string[] = [],
): Promise<unknown> {
  const path = fileURLToPath(new URL(`cases/${script}`, import.meta.url));
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", ...flags, path, ...args],
    env: world.plainEnvironment("warm"),
    clearEnv: true,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`${script} failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
