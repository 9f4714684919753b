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

/** A text in the notebook: its place, and where it begins among all texts. */
interface Start {
  place: Place;
  at: number;
}

/** Texts of one kind, each on its own line. */
class Texts {
  readonly #texts: string[] = [];
  readonly #places: Place[] = [];
  readonly #begins: number[] = [];
  /** How long the texts are together, with a line break before each. */
  length = 0;

  /** Adds a text. One that continues the text before it, as a stream's chunks do, starts no line. */
  add(place: Place, text: string, goesOn = false): void {
    const last = this.#texts.length - 1;
    if (goesOn && last >= 0) this.#texts[last] += text;
    else {
      this.#texts.push(text);
      this.length++;
    }
    this.#places.push(place);
    this.#begins.push(this.length);
    this.length += text.length;
  }

  joined(): string {
    return this.#texts.length === 0 ? "" : `\n${this.#texts.join("\n")}`;
  }

  /** @param offset where these texts begin among all */
  starts(offset: number): Start[] {
    return this.#places.map((place, index) => ({ place, at: offset + (this.#begins[index] ?? 0) }));
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
  const kinds = textsOf(parse(json));
  const whole = kinds.map((texts) => texts.joined()).join("");
  const found = findSecrets(whole, secrets);
  // Most notebooks are clean, so their texts' places are not put in order.
  if (found.length === 0) return [];
  let length = 0;
  const starts = kinds.flatMap((texts) => {
    length += texts.length;
    return texts.starts(length - texts.length);
  });
  /** The worst finding of each secret in each place. */
  const worst = new Map<string, { finding: Found; begins: number; place: Place }>();
  let number = 0;
  for (const finding of found) {
    while ((starts[number + 1]?.at ?? Infinity) <= finding.at) number++;
    const { place, at } = starts[number] ?? { place: { cell: 0, where: "metadata" }, at: 0 };
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
function textsOf(notebook: Notebook): Texts[] {
  const kinds = new Map<string, Texts>();
  const of = (kind: string) => {
    let texts = kinds.get(kind);
    if (texts === undefined) kinds.set(kind, texts = new Texts());
    return texts;
  };
  const rest = of("rest");
  addMembers(notebook, { cell: 0, where: "metadata" }, rest, ["cells"]);
  for (const [index, value] of notebook.cells.entries()) {
    const cell = index + 1;
    // A damaged cell may hold a secret, too.
    const { source, outputs } = isRecord(value) ? value : { source: value };
    addTexts(source, { cell, where: "source" }, of("source"));
    let stream: unknown;
    for (const [at, output] of (Array.isArray(outputs) ? outputs : [outputs]).entries()) {
      const place: Place = { cell, where: "output", output: at + 1 };
      if (!isRecord(output)) {
        addTexts(output, place, of("text/plain"));
        continue;
      }
      const { text, data, name } = output;
      addTexts(text, place, of("text/plain"), stream !== undefined && stream === name);
      stream = output["output_type"] === "stream" ? name : undefined;
      if (isRecord(data)) {
        for (const type in data) {
          addTexts(data[type], place, of(type));
          addTexts(type, place, rest);
        }
      } else addTexts(data, place, rest);
      addMembers(output, place, rest, ["text", "data"]);
    }
    if (isRecord(value)) {
      addMembers(value, { cell, where: "metadata" }, rest, ["source", "outputs"]);
    }
  }
  return [...kinds.values()];
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

/** Adds the texts in a record, without those under some keys. */
function addMembers(
  record: Record<string, unknown>,
  place: Place,
  to: Texts,
  except: readonly string[],
): void {
  for (const key in record) {
    if (except.includes(key)) continue;
    addTexts(key, place, to);
    addTexts(record[key], place, to);
  }
}

/** Adds every text and whole number in a value, including keys, in order. */
function addTexts(value: unknown, place: Place, to: Texts, goesOn = false): void {
  if (typeof value === "string") return addText(value, place, to, goesOn);
  if (typeof value === "number") return addNumber(value, place, to);
  if (typeof value !== "object" || value === null) return;
  // A list instead of recursion, because a damaged file may be nested deeper than the stack.
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === "string") addText(next, place, to, goesOn);
    else if (typeof next === "number") addNumber(next, place, to);
    else if (Array.isArray(next)) {
      // Notebooks save one text as a list of its lines.
      if (next.every(isText)) to.add(place, next.join(""), goesOn);
      // Numbers may be bytes. Measured data has fractions, and can be long.
      else if (next.every(Number.isInteger)) to.add(place, next.join(" "));
      else for (let at = next.length - 1; at >= 0; at--) open.push(next[at]);
    } else if (isRecord(next)) {
      const keys = Object.keys(next);
      for (let at = keys.length - 1; at >= 0; at--) {
        const key = keys[at] as string;
        open.push(next[key], key);
      }
    }
  }
}

function addText(text: string, place: Place, to: Texts, goesOn: boolean): void {
  if (text.length > LONGEST_OF_EVERYBODYS || !EVERYBODYS.has(text)) to.add(place, text, goesOn);
}

/** Adds a number that is long enough for a secret: a PIN, for example. */
function addNumber(number: number, place: Place, to: Texts): void {
  if (number >= 1000 && Number.isInteger(number)) to.add(place, String(number));
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
const LONGEST_OF_EVERYBODYS = 16;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
