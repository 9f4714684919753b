import type { Sandbox } from "../../../../examples/sandbox/mod.ts";
import {
  type Answer,
  type Notebook,
  runNotebook,
  type RunResult,
  type Shown,
} from "../run_notebook.ts";
import type { Example } from "./example.ts";

const root = new URL("../../../../", import.meta.url);

/** The path of a notebook in the examples folder. */
export function pathOf(name: string): URL {
  return new URL(`examples/${name}.ipynb`, root);
}

/**
 * Runs a notebook of the examples folder in a real kernel against a sandbox.
 *
 * @param home the person's home. A run finds what the previous one saved there
 * @param person false without a person
 */
export async function runExample(
  example: Example,
  { sandbox, home, person }: { sandbox: Sandbox; home: string; person: boolean },
): Promise<RunResult> {
  const { name, questions, device, files } = example;
  const directory = await Deno.makeTempDir({ prefix: "onecell-example-" });
  try {
    // `jsr:@onecell/auth` is this working tree.
    const link = decodeURIComponent(root.pathname).replace(/\/$/, "");
    await Deno.writeTextFile(
      `${directory}/deno.json`,
      JSON.stringify({ links: [link], lock: false }),
    );
    const notebook = await Deno.readTextFile(pathOf(name));
    const beside = { [`${name}.ipynb`]: notebook, ...files?.(sandbox) };
    for (const [file, text] of Object.entries(beside)) {
      await Deno.writeTextFile(`${directory}/${file}`, text);
    }
    const problems: unknown[] = [];
    const result = await runNotebook({
      notebook: JSON.parse(notebook) as Notebook,
      answers: questions.map(({ answer }): Answer => () => answer(sandbox)),
      allowStdin: person,
      env: { ...sandbox.environment, HOME: home },
      directory,
      onDisplay: device ? approve(sandbox, problems) : () => {},
      keepGoing: false,
      cellTimeout: 60,
    });
    if (problems.length > 0) throw problems[0];
    return asSaved(result, home);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Approves the code of a card at the page it links to, once. */
function approve(sandbox: Sandbox, problems: unknown[]): (shown: Shown) => void {
  let approved = false;
  return ({ data }) => {
    const url = /https?:\S+user_code=[\w-]+/.exec(data["text/plain"] ?? "")?.[0];
    if (url === undefined || approved) return;
    approved = true;
    sandbox.approveDevice(url).catch((error) => problems.push(error));
  };
}

/** A saved notebook must not show the home folder of the person who ran it. */
function asSaved(result: RunResult, home: string): RunResult {
  const text = JSON.stringify(result).replaceAll(home, "~");
  const saved: RunResult = JSON.parse(text);
  for (const cell of saved.cells) cell.outputs = saved.notebook.cells[cell.cell]?.outputs ?? [];
  return saved;
}

/**
 * The outputs without the parts that differ between runs: IDs, names, times and ports. HTML is left out,
 * because its text says the same.
 *
 * @returns one text for each code cell
 */
export function lastingOutputs({ cells }: Notebook): string[] {
  return cells.filter(({ cell_type }) => cell_type === "code").map(({ outputs }) =>
    JSON.stringify(outputs, (key, value) => key === "text/html" ? undefined : sorted(value))
      .replace(/127\.0\.0\.1:\d+/g, "<host>")
      .replace(/(?:\d{4}-\d\d-\d\d[T ]|\b)\d\d:\d\d(:[\d.]+)?( UTC|Z)?/g, "<time>")
      .replace(/user-[\w-]+@example\.com/g, "<user>")
      .replace(/(?<=\/)[0-9a-f]{16}(?=\.json)/g, "<token>")
      // Some IDs have no digit; ordinary words have few capital letters.
      .replace(/(?<![\w-])(?=[\w-]*\d|(?:[\w-]*?[A-Z]){3})[\w-]{16,}/g, "<id>")
      // A server's time has whole seconds.
      .replace(/Clock: 1 s (behind|ahead of)/g, "Clock: in sync with")
      .replace(/deno \d[\d.]* on \w+/g, "<runtime>")
      .replace(/\d+ minutes, \d+ seconds/g, "<duration>")
      .replace(/[\d.]+( ?(?:\/s|\/min|ms|s|min|h)\b)/g, "<n>$1")
  );
}

/** The text of a notebook file as Jupyter writes it, so that saving it there changes nothing. */
export function toJson(notebook: Notebook): string {
  return `${JSON.stringify(notebook, (_, value) => sorted(value), 1)}\n`;
}

/** An object with its keys in order. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}
