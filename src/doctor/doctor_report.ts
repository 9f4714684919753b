import { PLAIN_STYLE, withoutHome } from "../base/text.ts";
import { renderDoctor } from "./doctor_card.ts";
import type { DoctorFacts, DoctorFinding } from "./facts.ts";

/**
 * What `doctor` found out about signing in to one system on this machine. A cell that ends with it
 * shows a card; its text has the same content. It contains no secret.
 */
export class DoctorReport {
  /** Everything that was checked. */
  readonly facts: DoctorFacts;
  /** What is wrong or may go wrong, problems first, each with the next step. */
  readonly findings: readonly DoctorFinding[];
  readonly #home: string | undefined;

  /**
   * Called by `doctor`.
   *
   * @param facts everything that was checked
   * @param findings what is wrong, and what to do next
   * @param home the user's home folder, shown as `~`
   */
  constructor(facts: DoctorFacts, findings: readonly DoctorFinding[], home?: string) {
    this.facts = facts;
    this.findings = findings;
    this.#home = home;
  }

  /** True if there is no problem. */
  get ok(): boolean {
    return !this.findings.some(({ level }) => level === "problem");
  }

  /** The whole report, with `~` for the home folder. */
  toJSON(): Record<string, unknown> {
    const all = { ok: this.ok, findings: this.findings, ...this.facts };
    return JSON.parse(
      JSON.stringify(all),
      (_, value) => typeof value === "string" ? withoutHome(value, this.#home) : value,
    );
  }

  /** The report as text. */
  toString(): string {
    return renderDoctor(this.facts, this.findings, PLAIN_STYLE, this.#home).text;
  }

  /** The card that a notebook shows if a cell ends with the report. */
  [Symbol.for("Jupyter.display")](): Record<string, string> {
    const { html, text } = renderDoctor(this.facts, this.findings, PLAIN_STYLE, this.#home);
    return { "text/html": html, "text/plain": text };
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
