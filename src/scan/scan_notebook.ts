import { AuthError } from "../errors.ts";
import { type Finding, scanText } from "./scan_text.ts";

/** A secret, or a part of one, in a notebook. */
export interface NotebookFinding extends Omit<Finding, "at"> {
  /** The cell, counted from 1; 0 for the notebook's own metadata. */
  cell: number;
  /** What of the cell. */
  where: "source" | "output" | "metadata";
  /** Which output, counted from 1. */
  output?: number;
}

type Place = Pick<NotebookFinding, "cell" | "where" | "output">;

/**
 * Looks for secrets in a saved notebook: in the cells' sources, in every part of their outputs, and
 * in metadata and attachments. Each secret is reported once for each place.
 *
 * @param json the text of an `.ipynb` file
 * @param secrets the secrets, by the name they are reported under
 * @throws {AuthError} `invalid_argument` when the text is not a notebook
 */
export function scanNotebookJson(
  json: string,
  secrets: Record<string, string>,
): NotebookFinding[] {
  const notebook = parse(json);
  const found: NotebookFinding[] = [];
  const scan = (place: Place, value: unknown) => {
    const worst = new Map<string, Finding>();
    for (const text of textsOf(value)) {
      for (const finding of scanText(text, secrets)) {
        const before = worst.get(finding.name);
        if (!before || finding.length > before.length) worst.set(finding.name, finding);
      }
    }
    for (const { at: _, ...finding } of worst.values()) found.push({ ...place, ...finding });
  };

  const { cells, ...rest } = notebook;
  scan({ cell: 0, where: "metadata" }, rest);
  for (const [index, cell] of cells.entries()) {
    const number = index + 1;
    if (!isRecord(cell)) {
      // Damaged, and no less able to hold a secret.
      scan({ cell: number, where: "source" }, cell);
      continue;
    }
    const { source, outputs, ...others } = cell;
    scan({ cell: number, where: "source" }, source);
    for (const [at, output] of (Array.isArray(outputs) ? outputs : [outputs]).entries()) {
      scan({ cell: number, where: "output", output: at + 1 }, output);
    }
    scan({ cell: number, where: "metadata" }, others);
  }
  return found;
}

function parse(json: string): { cells: unknown[] } & Record<string, unknown> {
  let notebook: unknown;
  try {
    notebook = JSON.parse(json.replace(/^\ufeff/, ""));
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
  return notebook as { cells: unknown[] } & Record<string, unknown>;
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
