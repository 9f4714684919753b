import { AuthError } from "../errors.ts";
import { type Finding, findSecrets, type Found, isBetter } from "./scan_text.ts";
import type { SecretIndex } from "./secret_index.ts";

/** A secret, or a part of one, in a notebook. */
export interface NotebookFinding extends Omit<Finding, "at"> {
  /** The cell, counted from 1; 0 for the notebook's own metadata. */
  cell: number;
  /** Which part of the cell. */
  where: "source" | "output" | "metadata";
  /** Which output, counted from 1. */
  output?: number;
}

type Notebook = { cells: unknown[] } & Record<string, unknown>;
type Place = Pick<NotebookFinding, "cell" | "where" | "output">;

/** Consecutive texts of one kind. */
class Texts {
  readonly texts: string[] = [];
  readonly places: { place: Place; at: number }[] = [];
  length = 0;

  /** Begins a text. One that continues the text before it, as a stream's chunks do, starts no line. */
  begin(place: Place, goesOn: boolean): void {
    if (!goesOn) this.write("\n");
    this.places.push({ place, at: this.length });
  }

  write(text: string): void {
    this.texts.push(text);
    this.length += text.length;
  }
}

/**
 * Looks for secrets in a saved notebook: in the cells' sources, every part of their outputs, metadata
 * and attachments. Adjacent texts are read as one, so a secret is found even when the end of an
 * output or a cell splits it. Each secret is reported once for each place.
 *
 * @param json the text of an `.ipynb` file
 * @param secrets the secrets, by the name they are reported under, or an index of them
 * @throws {AuthError} `invalid_argument` when the text is not a notebook
 */
export function scanNotebookJson(
  json: string,
  secrets: Readonly<Record<string, string>> | SecretIndex,
): NotebookFinding[] {
  const texts: string[] = [];
  const places: { place: Place; at: number }[] = [];
  let length = 0;
  for (const kind of textsOf(parse(json))) {
    texts.push(...kind.texts);
    for (const { place, at } of kind.places) places.push({ place, at: length + at });
    length += kind.length;
  }
  const whole = texts.join("");
  /** The worst finding of each secret in each place. */
  const worst = new Map<string, { finding: Found; begins: number; place: Place }>();
  let number = 0;
  for (const finding of findSecrets(whole, secrets)) {
    while ((places[number + 1]?.at ?? Infinity) <= finding.at) number++;
    const { place, at } = places[number] ?? { place: { cell: 0, where: "metadata" }, at: 0 };
    const key = JSON.stringify([place, finding.name]);
    const before = worst.get(key);
    if (before === undefined || isBetter(finding, before.finding)) {
      worst.set(key, { finding, begins: at, place });
    }
  }
  return [...worst.values()].map(({ finding: { at, weight: _, ...finding }, begins, place }) => {
    const line = whole.slice(begins, at).split("\n").length;
    return { ...place, ...finding, line };
  }).sort(inOrder);
}

const PARTS = { source: 0, output: 1, metadata: 2 };

/** Sorts findings in the notebook's order. */
function inOrder(one: NotebookFinding, other: NotebookFinding): number {
  return one.cell - other.cell || PARTS[one.where] - PARTS[other.where] ||
    (one.output ?? 0) - (other.output ?? 0);
}

/** All texts, grouped by kind: sources, displayed data by its type, and the rest. */
function textsOf({ cells, ...rest }: Notebook): Iterable<Texts> {
  const kinds = new Map<string, Texts>();
  const add = (kind: string, place: Place, value: unknown, goesOn = false) => {
    let some = kinds.get(kind);
    if (some === undefined) kinds.set(kind, some = new Texts());
    if (value !== undefined) addTexts(value, place, goesOn, some);
  };
  add("rest", { cell: 0, where: "metadata" }, rest);
  for (const [index, value] of cells.entries()) {
    const cell = index + 1;
    // A damaged cell may hold a secret, too.
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
  return kinds.values();
}

function parse(json: string): Notebook {
  let notebook: unknown;
  try {
    notebook = JSON.parse(json.startsWith("\ufeff") ? json.slice(1) : json);
  } catch {
    // The parser's message would quote the text, which may hold a secret.
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

/** Adds every text in a value, including keys. Notebooks save one text as a list of its lines. */
function addTexts(value: unknown, place: Place, goesOn: boolean, to: Texts): void {
  // A list instead of recursion, because a damaged file may be nested deeper than the stack.
  const open: unknown[] = [];
  for (let next = value, left = true; left; left = open.length > 0, next = open.pop()) {
    if (typeof next === "string") {
      if (EVERYBODYS.has(next)) continue;
      to.begin(place, goesOn);
      to.write(next);
    } else if (Array.isArray(next)) {
      if (!next.every(isText)) {
        for (const item of next) open.push(item);
        continue;
      }
      to.begin(place, goesOn);
      for (const line of next) to.write(line);
    } else if (isRecord(next)) {
      for (const key in next) {
        const item = next[key];
        if (!EVERYBODYS.has(key)) open.push(key);
        if (typeof item === "string" || typeof item === "object") open.push(item);
      }
    }
  }
}

function isText(item: unknown): item is string {
  return typeof item === "string";
}

/** Words of the notebook format, which are in every notebook. They are not searched for secrets. */
const EVERYBODYS = new Set(
  ("attachments cell_type cells code data deno display_data display_id execute_result execution_count " +
    "file_extension id image/png isolated kernelspec language language_info markdown metadata " +
    "mimetype name nbformat nbformat_minor output_type outputs raw source stderr stdout stream tags " +
    "text text/html text/markdown text/plain transient typescript version").split(" "),
);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
