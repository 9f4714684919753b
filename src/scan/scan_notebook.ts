import { AuthError } from "../errors.ts";
import { type Finding, findSecrets, type Found, isBetter } from "./scan_text.ts";
import type { SecretIndex } from "./secret_index.ts";

/** A secret, or a part of one, in a notebook. */
export interface NotebookFinding extends Omit<Finding, "at"> {
  /** The cell, counted from 1; 0 for the notebook's own metadata. */
  cell: number;
  /** What of the cell. */
  where: "source" | "output" | "metadata";
  /** Which output, counted from 1. */
  output?: number;
}

type Notebook = { cells: unknown[] } & Record<string, unknown>;
type Place = Pick<NotebookFinding, "cell" | "where" | "output">;

/** A text of the notebook, and where in all of them it begins. */
interface Segment {
  place: Place;
  text: string;
  /** True when it goes on where the one before ended, as chunks of a stream do. */
  goesOn: boolean;
}

/**
 * Looks for secrets in a saved notebook: in the cells' sources, in every part of their outputs, and
 * in metadata and attachments. Texts that stand beside each other are read as one, so a secret may be
 * cut by the end of an output or a cell. Each secret is reported once for each place.
 *
 * @param json the text of an `.ipynb` file
 * @param secrets the secrets, by the name they are reported under, or the index of them
 * @throws {AuthError} `invalid_argument` when the text is not a notebook
 */
export function scanNotebookJson(
  json: string,
  secrets: Readonly<Record<string, string>> | SecretIndex,
): NotebookFinding[] {
  const segments = segmentsOf(parse(json));
  const starts: number[] = [];
  const texts: string[] = [];
  let length = 0;
  for (const { text, goesOn } of segments) {
    if (!goesOn) {
      texts.push("\n");
      length++;
    }
    starts.push(length);
    texts.push(text);
    length += text.length;
  }
  /** The worst of each secret in each place. */
  const worst = new Map<string, { finding: Found; segment: number }>();
  let segment = 0;
  for (const finding of findSecrets(texts.join(""), secrets)) {
    while (segment + 1 < starts.length && (starts[segment + 1] ?? 0) <= finding.at) segment++;
    const { cell, where, output } = segments[segment]?.place ?? { cell: 0, where: "metadata" };
    const key = JSON.stringify([cell, where, output, finding.name]);
    const before = worst.get(key);
    if (before === undefined || isBetter(finding, before.finding)) {
      worst.set(key, { finding, segment });
    }
  }
  return [...worst.values()].map(({ finding: { at, weight: _, ...finding }, segment }) => {
    const { place, text } = segments[segment] as Segment;
    const line = text.slice(0, at - (starts[segment] ?? 0)).split("\n").length;
    return { ...place, ...finding, line };
  }).sort(inOrder);
}

const PARTS = { source: 0, output: 1, metadata: 2 };

/** In the order of the notebook. */
function inOrder(one: NotebookFinding, other: NotebookFinding): number {
  return one.cell - other.cell || PARTS[one.where] - PARTS[other.where] ||
    (one.output ?? 0) - (other.output ?? 0);
}

/** All texts, those of one kind after each other: sources, what is shown by its type, and the rest. */
function segmentsOf({ cells, ...rest }: Notebook): Segment[] {
  const kinds = new Map<string, Segment[]>();
  const add = (kind: string, place: Place, value: unknown, goesOn = false) => {
    const some = kinds.get(kind) ?? [];
    kinds.set(kind, some);
    for (const text of textsOf(value)) some.push({ place, text, goesOn });
  };
  add("rest", { cell: 0, where: "metadata" }, rest);
  for (const [index, value] of cells.entries()) {
    const cell = index + 1;
    // A damaged cell is no less able to hold a secret.
    const { source, outputs, ...others } = isRecord(value) ? value : { source: value };
    add("source", { cell, where: "source" }, source);
    let stream: unknown;
    for (const [at, output] of (Array.isArray(outputs) ? outputs : [outputs]).entries()) {
      const place: Place = { cell, where: "output", output: at + 1 };
      if (!isRecord(output)) {
        add("text/plain", place, output);
        continue;
      }
      const { text, data, ...more } = output;
      add("text/plain", place, text, stream !== undefined && stream === output["name"]);
      stream = output["output_type"] === "stream" ? output["name"] : undefined;
      for (const [type, shown] of Object.entries(isRecord(data) ? data : { rest: data })) {
        add(type, place, shown);
        add("rest", place, type);
      }
      add("rest", place, more);
    }
    add("rest", { cell, where: "metadata" }, others);
  }
  return [...kinds.values()].flat();
}

function parse(json: string): Notebook {
  let notebook: unknown;
  try {
    notebook = JSON.parse(json.startsWith("\ufeff") ? json.slice(1) : json);
  } catch {
    // The parser's message would quote the text, and the text may hold a secret.
    throw new AuthError(
      "invalid_argument",
      "This is not a notebook: it is not JSON. Give the path of an .ipynb file, as it was saved.",
    );
  }
  if (!isRecord(notebook) || !Array.isArray(notebook.cells)) {
    throw new AuthError(
      "invalid_argument",
      "This is not a notebook that can be read: it has no list of cells. Open it in Jupyter and save " +
        "it as .ipynb in notebook format 4, then scan that file.",
    );
  }
  return notebook as Notebook;
}

/** Every text in a value, keys too; a list of texts is the lines of one, as notebooks save them. */
function textsOf(value: unknown): string[] {
  const texts: string[] = [];
  // A list of its own, not recursion: a damaged file may be nested deeper than the stack.
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === "string") texts.push(next);
    else if (Array.isArray(next)) {
      if (next.every((item) => typeof item === "string")) texts.push(next.join(""));
      else for (const item of next) open.push(item);
    } else if (isRecord(next)) {
      for (const [key, item] of Object.entries(next)) open.push(key, item);
    }
  }
  return texts;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
