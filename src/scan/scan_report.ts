import { plain } from "../base/text.ts";
import type { NotebookFinding } from "./scan_notebook.ts";

/** The result of scanning a notebook. It names secrets but does not show them. */
export class ScanReport {
  /** The notebook's path. */
  readonly path: string;
  /** Every place with a secret, in the notebook's order. */
  readonly findings: readonly NotebookFinding[];
  /** How many secrets were looked for; 0 means that nothing was checked. */
  readonly secrets: number;
  /** Files that could not be read, so their secrets were not looked for. */
  readonly unread: readonly string[];

  /**
   * Made by `scanNotebook`.
   *
   * @param path the notebook's path
   * @param findings what was found
   * @param secrets how many secrets were looked for
   * @param unread files that could not be read
   */
  constructor(
    path: string,
    findings: readonly NotebookFinding[],
    secrets: number,
    unread: readonly string[] = [],
  ) {
    this.path = path;
    this.findings = findings;
    this.secrets = secrets;
    this.unread = unread;
  }

  /**
   * True if nothing was found. Also true if there was nothing to look for (see `secrets`), but false
   * if a file with secrets could not be read (see `unread`).
   */
  get ok(): boolean {
    return this.findings.length === 0 && this.unread.length === 0;
  }

  /** The whole report: none of it is secret. */
  toJSON(): Record<string, unknown> {
    const { path, ok, secrets, unread, findings } = this;
    return { path, ok, secrets, unread, findings };
  }

  /** One line for each finding, and what to do next. */
  toString(): string {
    const unread = this.unread.map((path) =>
      `\n${
        plain(
          `  Not checked: the secrets in ${path}, which cannot be read. Repair the file and scan again.`,
        )
      }`
    ).join("");
    return this.#outcome() + unread;
  }

  #outcome(): string {
    const saved = `${this.secrets} saved ${this.secrets === 1 ? "secret" : "secrets"}`;
    if (this.secrets === 0) {
      const why = this.unread.length > 0 ? "." : ": this machine has no saved secrets.";
      return plain(`${this.path}: Not checked${why}`);
    }
    if (this.findings.length === 0) {
      const result = this.ok
        ? `clean (checked for ${saved})`
        : `nothing found (checked for ${saved})`;
      return plain(`${this.path}: ${result}`);
    }
    const count = this.findings.length;
    return [
      `${this.path}: ${count} ${count === 1 ? "place" : "places"} with a secret.`,
      ...this.findings.map((finding) => `  ${place(finding)}: ${finding.name}, ${extent(finding)}`),
      "  Remove them and clear the outputs. If the notebook was already shared, replace these secrets.",
    ].map(plain).join("\n");
  }

  /** What `console.log` shows in Deno. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** What `console.log` shows in Node and Bun. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

const WRITTEN: Record<NotebookFinding["form"], string> = {
  plain: "",
  url: ", URL-encoded",
  escaped: ", escaped",
  base64: ", in base64",
  hex: ", in hexadecimal",
  bytes: ", as a list of bytes",
  pieces: ", in pieces",
  reversed: ", reversed",
};

function place({ cell, where, output, line }: NotebookFinding): string {
  if (cell === 0) return "the notebook's metadata";
  const part = output === undefined ? where : `${where} ${output}`;
  return `cell ${cell}, ${part}, line ${line}`;
}

function extent({ whole, length, form }: NotebookFinding): string {
  return (whole ? "whole" : `${length} characters`) + WRITTEN[form];
}
