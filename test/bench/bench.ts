// deno-lint-ignore-file no-console -- this file's output is its purpose
/**
 * Measures the speed of starts and calls, side by side with the alternatives:
 * `deno task bench [--rounds 21] [--only start,node,import,cell,warm,heap,scan]`.
 *
 * Compare only ratios, and only those of one run, because a machine's speed varies.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { measureCells } from "./cells.ts";
import { measureHeap, measureWarmCalls } from "./in_process.ts";
import { measureNode } from "./node_starts.ts";
import { measureImport, measureStarts } from "./starts.ts";
import { type Comparison, reportComparisons, reportMedians } from "./report.ts";
import { measureScan } from "./scan.ts";
import { createWorld } from "./world.ts";

const { values: options } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "21" },
    only: { type: "string", default: "start,node,import,cell,warm,heap,scan" },
  },
});
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds takes a number from 1");
const parts = new Set(options.only.split(","));

await using world = await createWorld(["cached", "fresh", "fresh-node", "warm"]);
const comparisons: Comparison[] = [];
const skipped: string[] = [];
const measures = {
  start: measureStarts,
  node: measureNode,
  import: measureImport,
  cell: measureCells,
  warm: measureWarmCalls,
  heap: measureHeap,
  scan: measureScan,
};
for (const [part, measure] of Object.entries(measures)) {
  if (!parts.has(part)) continue;
  const result = await measure(world, rounds);
  if (result.medians) console.log(`${reportMedians(result.title, result.medians)}\n`);
  comparisons.push(...result.comparisons);
  skipped.push(...result.skipped ?? []);
}
console.log(reportComparisons(comparisons));
for (const line of skipped) console.log(`skipped: ${line}`);
