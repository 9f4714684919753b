import { writeFile } from "node:fs/promises";
import { TestFolder } from "../support/folder.ts";
import { findPython, runNotebook, textOf } from "../system/notebook/run_notebook.ts";
import type { Comparison, Findings } from "./report.ts";
import { consumeFromJsr } from "./starts.ts";
import { median, shuffled } from "./statistics.ts";
import type { World } from "./world.ts";

const read = (name: string) => Deno.readTextFile(new URL(`cases/${name}`, import.meta.url));

/** The first cell of a notebook in a fresh kernel, against an assertion by hand in a cell. */
export async function measureCells(world: World, rounds: number): Promise<Findings> {
  const title = "one cell in a fresh kernel, by the kernel's clock";
  if (await findPython() === null) {
    return { title, comparisons: [], skipped: ["no python3 with jupyter_client"] };
  }
  await world.signIn("cached");
  await using consumer = await consumeFromJsr();
  await using folder = await TestFolder.make();
  await writeFile(folder.at("deno.json"), '{ "lock": false }');
  const session = (await read("session.ts")).replace("@onecell/auth", "jsr:@onecell/auth");
  const byHand = await read("assertion_by_hand.ts");
  const cached = world.environment("cached");
  const fresh = world.environment("fresh");
  const prepare = () => world.forgetTokens("fresh");
  const jsr = { env: consumer.env, directory: folder.path };
  const names = {
    byHand: "assertion by hand",
    cached: "cached",
    first: "first",
    jsrCached: "cached, from JSR",
    jsrFirst: "first, from JSR",
  };
  const contestants: [string, string, Cell][] = [
    [names.byHand, byHand, { env: fresh }],
    [names.cached, session, { env: cached }],
    [names.first, session, { env: fresh, prepare }],
    [names.jsrCached, session, { ...jsr, env: { ...cached, ...jsr.env } }],
    [names.jsrFirst, session, { ...jsr, env: { ...fresh, ...jsr.env }, prepare }],
  ];
  const times = new Map(contestants.map(([name]): [string, number[]] => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, source, cell] of shuffled(contestants)) {
      const time = await timeOne(source, cell);
      if (round >= 0) times.get(name)?.push(time);
    }
  }
  const medians = new Map([...times].map(([name, all]) => [name, median(all)]));
  const compare = (what: string, ratio: number): Comparison => ({
    what: `cell, ${what}`,
    against: "assertion by hand in a cell",
    value: medians.get(what) ?? NaN,
    base: medians.get(names.byHand) ?? NaN,
    unit: "ms",
    target: { ratio },
  });
  return {
    title,
    medians,
    comparisons: [
      compare(names.cached, 1.20),
      compare(names.first, 1.80),
      compare(names.jsrCached, 1.20),
      compare(names.jsrFirst, 1.80),
    ],
  };
}

/** How to run a cell. */
interface Cell {
  env: Record<string, string>;
  directory?: string;
  prepare?: () => Promise<void>;
}

/** Runs a cell in a fresh kernel, and returns how long the kernel was busy with it, in milliseconds. */
async function timeOne(source: string, { prepare, ...options }: Cell): Promise<number> {
  await prepare?.();
  const { cells: [cell] } = await runNotebook({ cells: [source], ...options });
  if (cell?.status !== "ok" || cell.busy === undefined) {
    throw new Error(`A cell failed:\n${textOf(cell?.outputs ?? [])}`);
  }
  return cell.busy * 1000;
}
