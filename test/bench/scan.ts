import { scanNotebookJson } from "../../src/scan/scan_notebook.ts";
import { scanText } from "../../src/scan/scan_text.ts";
import { SecretIndex } from "../../src/scan/secret_index.ts";
import { Random } from "../support/random.ts";
import type { Comparison, Findings } from "./report.ts";
import { median } from "./statistics.ts";
import type { World } from "./world.ts";

const FOLDER = new URL("../../examples/", import.meta.url);
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Scanning eleven notebooks against reading them, and how the time grows with text and secrets. */
export async function measureScan(_world: World, rounds: number): Promise<Findings> {
  const random = new Random(1);
  const letters = (count: number, alphabet = LETTERS) => {
    let text = "";
    for (let at = 0; at < count; at++) text += alphabet[random.below(alphabet.length)];
    return text;
  };
  const secrets = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => [`secret ${at}`, letters(at % 2 === 0 ? 40 : 900)]),
    );
  const names = (await Array.fromAsync(Deno.readDir(FOLDER))).map(({ name }) => name)
    .filter((name) => name.endsWith(".ipynb")).sort();
  const paths = Array.from(
    { length: 11 },
    (_, at) => new URL(names[at % names.length] ?? "", FOLDER),
  );
  const thirty = secrets(30);
  let jsons: string[] = [];
  const read = () => {
    jsons = paths.map((path) => Deno.readTextFileSync(path));
    for (const json of jsons) JSON.parse(json);
  };
  const scanAll = () => {
    const index = new SecretIndex(thirty);
    for (const json of jsons) scanNotebookJson(json, index);
  };
  const few = new SecretIndex(secrets(3));
  const many = new SecretIndex(secrets(300));
  const text = letters(200_000, `${LETTERS} \n`);
  const longer = letters(800_000, `${LETTERS} \n`);

  const [reading, scanning, short, long, withFew, withMany] = race(rounds, [
    read,
    scanAll,
    () => scanText(text, few),
    () => scanText(longer, few),
    () => scanText(longer, few),
    () => scanText(longer, many),
  ]);
  const row = (
    what: string,
    against: string,
    value = NaN,
    base = NaN,
    target: Comparison["target"],
  ): Comparison => ({ what, against, value, base, unit: "ms", target });
  return {
    title: "scan",
    comparisons: [
      row("scan of 11 notebooks, 30 secrets", "reading and parsing", scanning, reading, {
        ratio: 3,
      }),
      row("scan of four times the text", "once the text", long, short, { ratio: 5 }),
      row("scan for 300 secrets", "for 3", withMany, withFew, { ratio: 2 }),
    ],
  };
}

/** Medians of actions that take turns. */
function race(rounds: number, actions: (() => void)[]): number[] {
  const times: number[][] = actions.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, action] of actions.entries()) {
      const began = performance.now();
      action();
      // The first round compiles.
      if (round > 0) times[index]?.push(performance.now() - began);
    }
  }
  return times.map(median);
}
