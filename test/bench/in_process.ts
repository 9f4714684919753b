import { fileURLToPath } from "node:url";
import type { Comparison, Findings } from "./report.ts";
import { median } from "./statistics.ts";
import type { World } from "./world.ts";

/** Many short blocks, so that noise affects both alike. */
const BLOCKS = [{ concurrency: 1, calls: 60 }, { concurrency: 50, calls: 300 }];
const BLOCKS_PER_ROUND = 10;

/** Calls of a session that has a token, against raw `fetch` with a shared header. */
export async function measureWarmCalls(world: World, rounds: number): Promise<Findings> {
  const comparisons: Comparison[] = [];
  for (const { concurrency, calls } of BLOCKS) {
    const args = [rounds * BLOCKS_PER_ROUND, calls, concurrency].map(String);
    const pairs = await runCase(world, "warm_calls.ts", args) as [number, number][];
    comparisons.push({
      what: `warm call, ${concurrency} at a time`,
      against: "raw fetch, shared header",
      value: median(pairs.map(([ours]) => ours)) / calls,
      base: median(pairs.map(([, raw]) => raw)) / calls,
      unit: "ms",
      target: { ratio: 1.05 },
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
