import { plain } from "../base/text.ts";
import type { NotebookFinding } from "./scan_notebook.ts";

/** What a scan of a notebook found. It names secrets and shows none. */
export class ScanReport {
  /** The notebook. */
  readonly path: string;
  /** Every place with a secret in it, in the order of the notebook. */
  readonly findings: readonly NotebookFinding[];
  /** How many secrets were looked for; with none, a clean report means nothing. */
  readonly secrets: number;
  /** Files that could not be read, whose secrets were therefore not looked for. */
  readonly unread: readonly string[];

  /**
   * Made by `scanNotebook`.
   *
   * @param path the notebook
   * @param findings what was found
   * @param secrets how many secrets were looked for
   * @param unread what could not be read
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
   * True when nothing was found, of all there is: also when there was nothing to look for, see
   * `secrets`, but not when a file with secrets could not be read, see `unread`.
   */
  get clean(): boolean {
    return this.findings.length === 0 && this.unread.length === 0;
  }

  /** What may be shown: all of it. */
  toJSON(): Record<string, unknown> {
    const { path, clean, secrets, unread, findings } = this;
    return { path, clean, secrets, unread, findings };
  }

  /** One line for each finding, and what to do about them. */
  toString(): string {
    const unread = this.unread.map((path) =>
      `\n${
        plain(
          `  Not looked for: what is in ${path}, which cannot be read. Repair it, or see for yourself.`,
        )
      }`
    ).join("");
    return this.#outcome() + unread;
  }

  #outcome(): string {
    if (this.secrets === 0 && this.unread.length > 0) {
      return plain(`${this.path}: not checked.`);
    }
    if (this.secrets === 0) {
      return plain(
        `${this.path}: not checked, for no secrets to look for were found on this machine.`,
      );
    }
    const looked = `${this.secrets} ${this.secrets === 1 ? "secret" : "secrets"}`;
    if (this.findings.length === 0) {
      return plain(`${this.path}: ${this.clean ? "clean, " : ""}none of ${looked} found.`);
    }
    const count = this.findings.length;
    return [
      `${this.path}: ${count} ${count === 1 ? "place" : "places"} with a secret.`,
      ...this.findings.map((finding) => `  ${place(finding)}: ${finding.name}, ${extent(finding)}`),
      "  Take them out and clear the outputs. What was shared already needs new secrets.",
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

function place({ cell, where, output, line }: NotebookFinding): string {
  if (cell === 0) return "the notebook's metadata";
  const part = output === undefined ? where : `${where} ${output}`;
  return `cell ${cell}, ${part}, line ${line}`;
}

function extent({ whole, length, form }: NotebookFinding): string {
  const written = { plain: "", url: ", URL-encoded", escaped: ", escaped", base64: ", in base 64" };
  return (whole ? "whole" : `a part of ${length} characters`) + written[form];
}
