import { localTime, plain, PLAIN_STYLE, type Style, withoutHome } from "../base/text.ts";
import type { DoctorFacts, DoctorFinding, ExternalFacts } from "./facts.ts";
import { escapeHtml, type Rendered } from "../person/html.ts";

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

/**
 * Renders a report: problems first, then everything that was checked. Pure, except for the machine's
 * time zone.
 *
 * @param home the user's home folder, which a shared notebook must not show
 */
export function renderDoctor(
  facts: DoctorFacts,
  findings: readonly DoctorFinding[],
  style: Style = PLAIN_STYLE,
  home?: string,
): Rendered {
  const problems = findings.filter(({ level }) => level === "problem").length;
  const warnings = findings.length - problems;
  const mark = problems > 0 ? "problem" : warnings > 0 ? "warning" : "ok";
  const verdict = [count(problems, "problem"), count(warnings, "warning")].filter(Boolean);
  const heading = `${facts.title}: ${verdict.join(", ") || "no problems found"}`;
  const rows = rowsOf(facts).map(([name, value]) => [name, withoutHome(value, home)] as const);
  const marked = findings.map(({ level, message }) =>
    [level === "problem" ? "problem" : "warning", withoutHome(message, home)] as const
  );
  return {
    html:
      `<div style="${frame}"><p style="margin:0 0 6px"><b>${
        escapeHtml(`${PLAIN_STYLE[mark]} ${heading}`)
      }</b></p>` +
      marked.map(([mark, message]) =>
        `<p style="margin:6px 0">${escapeHtml(`${PLAIN_STYLE[mark]} ${message}`)}</p>`
      ).join("") +
      `<p style="margin:6px 0;overflow-wrap:break-word">` +
      rows.map(([name, value]) =>
        `<span style="opacity:0.8">${escapeHtml(name)}:</span> ${escapeHtml(value)}`
      ).join("<br>") + "</p></div>",
    // Only the marks may have colours.
    text: [
      `${style[mark]} ${plain(heading)}`,
      ...marked.map(([mark, message]) => `  ${style[mark]} ${plain(message)}`),
      ...rows.map(([name, value]) => `  ${plain(`${name}: ${value}`)}`),
    ].join("\n"),
  };
}

// As on a sign-in card: half-transparent grey is visible on white and on black.
const frame = "max-width:48em;box-sizing:border-box;padding:12px 16px 6px;margin:4px 0;" +
  "border:1px solid rgba(128,128,128,0.45);border-radius:8px;line-height:1.5";

function count(number: number, what: string): string {
  return number === 0 ? "" : `${number} ${what}${number === 1 ? "" : "s"}`;
}

function rowsOf(facts: DoctorFacts): [string, string][] {
  const { definition, credentials, external, token, store, clock, settings, endpoints, runtime } =
    facts;
  const rows: [string, string][] = [
    ["Credentials", credentials.source === "nothing" ? "none" : credentials.source],
  ];
  if (facts.address) {
    const { url, server, file } = facts.address;
    rows.unshift(["Address", `${url} signs in at ${server}, saved in ${condition(file)}`]);
  }
  if (definition !== undefined) rows.push(["Definition", definition]);
  if (credentials.account !== undefined) rows.push(["Account", credentials.account]);
  const { chosen } = credentials;
  if (chosen) rows.push(["Account name", `${chosen.name} (chosen by ${chosen.from})`]);
  if (credentials.file) {
    rows.push(["File", condition(credentials.file) + inFolder(credentials.folder)]);
  }
  const now = Date.parse(facts.time);
  for (const one of external) rows.push([capital(one.what), externalText(one, now)]);
  const isGiven = external.some(({ what }) => what === "access token");
  const none = store.damaged ? "none (its file is damaged)" : "none";
  if (token !== null) rows.push(["Access token", tokenText(token, now)]);
  else if (!isGiven) rows.push(["Access token", none]);
  if (token?.scope !== undefined) rows.push(["Scope", token.scope]);
  rows.push([
    "Token file",
    store.file
      ? condition(store.file) + inFolder(store.folder)
      : store.kept === "memory" || store.kept === "disk"
      ? "none (in memory only)"
      : `none (saved in ${store.kept === "own" ? "the program's own store" : store.kept})`,
  ]);
  if (store.readers !== undefined) {
    const lock = store.works === false ? "; its lock does not work" : "";
    rows.push(["Store", `readable by ${store.readers}${lock}`]);
  }
  for (const endpoint of endpoints) rows.push([capital(endpoint.what), endpointText(endpoint)]);
  if (clock !== null) {
    const { offset, server } = clock;
    const off = offset === 0
      ? "in sync with"
      : `${Math.abs(offset)} s ${offset > 0 ? "behind" : "ahead of"}`;
    rows.push(["Clock", `${off} ${server}`]);
  }
  const set = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  rows.push(["Proxy and certificates", set.join(", ") || "nothing set"]);
  rows.push(["Runtime", `${runtime.name} ${runtime.version} on ${runtime.platform}`]);
  // Show the date, because a saved report may be read on another day.
  rows.push(["Checked", localTime(now, NaN)]);
  return rows;
}

function tokenText(token: NonNullable<DoctorFacts["token"]>, now: number): string {
  const time = localTime(Date.parse(token.expiresAt), now);
  const renewal = token.renewal === "sign-in"
    ? "sign in again after that"
    : token.renewal === "none"
    ? "pass another after that"
    : token.renewal === "source"
    ? "renews automatically from its source"
    : `renews automatically with ${
      token.renewal === "refresh_token" ? "a refresh token" : token.renewal.replaceAll("_", " ")
    }`;
  const expiry = token.secondsLeft > 0
    ? `expires ${time} (in ${duration(token.secondsLeft)}; ${renewal})`
    : `expired ${time} (${renewal})`;
  return `${expiry}${token.bound ? ", bound to a key (DPoP)" : ""}`;
}

function externalText({ source, seen, expiresAt, problem }: ExternalFacts, now: number): string {
  if (problem !== undefined) return `from ${source} (${problem.code})`;
  if (!seen) return `from ${source} (not requested)`;
  return `from ${source}${
    expiresAt === undefined ? "" : `, expires ${localTime(Date.parse(expiresAt), now)}`
  }`;
}

function endpointText(endpoint: DoctorFacts["endpoints"][number]): string {
  const { url, answers, milliseconds } = endpoint;
  return answers
    ? `${url} reachable (${milliseconds} ms)`
    : `${url} not reachable (${endpoint.problem?.code}, ${milliseconds} ms)`;
}

type Condition = NonNullable<DoctorFacts["store"]["file"]>;

function condition({ path, kind, mode }: Condition): string {
  const what = kind === "file" || kind === "folder"
    ? mode
    : kind === "unknown"
    ? "cannot be checked"
    : kind;
  return what === undefined ? path : `${path} (${what})`;
}

function inFolder(folder: Condition | undefined): string {
  return folder?.mode === undefined ? "" : `, folder mode ${folder.mode}`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
