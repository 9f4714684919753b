import { PLAIN_STYLE } from "../base/style.ts";
import { renderDoctor, withoutHome } from "./doctor_card.ts";
import type { DoctorFacts, DoctorFinding } from "./facts.ts";

/**
 * What `doctor` found out about signing in to one system on this machine. A cell that ends with it
 * shows a card; as text it says the same. It holds no secret.
 */
export class DoctorReport {
  /** Everything that was checked. */
  readonly facts: DoctorFacts;
  /** What is wrong or may become so, problems first, each with what to do next. */
  readonly findings: readonly DoctorFinding[];
  readonly #home: string | undefined;

  /**
   * Made by `doctor`.
   *
   * @param facts everything that was checked
   * @param findings what that means
   * @param home the user's home folder, which is not shown
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

  /** All of it, with `~` for the home folder. */
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

  /** The card a notebook shows for a report that ends a cell. */
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
