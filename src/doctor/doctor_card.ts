import { PLAIN_STYLE, type Style } from "../base/style.ts";
import type { DoctorFacts, DoctorFinding } from "./facts.ts";
import { plain } from "../base/text.ts";
import { escapeHtml, type Rendered } from "../person/html.ts";
import { moment } from "../person/time_left.ts";

/** Renders a report: what is wrong first, then everything that was looked at. Pure. */
export function renderDoctor(
  facts: DoctorFacts,
  findings: readonly DoctorFinding[],
  style: Style = PLAIN_STYLE,
): Rendered {
  const problems = findings.filter(({ level }) => level === "problem").length;
  const warnings = findings.length - problems;
  const mark = problems > 0 ? "problem" : warnings > 0 ? "warning" : "ok";
  const verdict = [count(problems, "problem"), count(warnings, "warning")].filter(Boolean);
  const heading = `${facts.title}: ${verdict.join(", ") || "no problems found"}`;
  const rows = rowsOf(facts);
  const marked = findings.map(({ level, message }) =>
    [level === "problem" ? "problem" : "warning", message] as const
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
    // The marks may have colours, which nothing else may.
    text: [
      `${style[mark]} ${plain(heading)}`,
      ...marked.map(([mark, message]) => `  ${style[mark]} ${plain(message)}`),
      ...rows.map(([name, value]) => `  ${plain(`${name}: ${value}`)}`),
    ].join("\n"),
  };
}

// As the card of a sign-in: half-transparent grey is seen on white and on black.
const frame = "max-width:48em;box-sizing:border-box;padding:12px 16px 6px;margin:4px 0;" +
  "border:1px solid rgba(128,128,128,0.45);border-radius:8px;line-height:1.5";

function count(number: number, what: string): string {
  return number === 0 ? "" : `${number} ${what}${number === 1 ? "" : "s"}`;
}

function rowsOf(facts: DoctorFacts): [string, string][] {
  const { credentials, token, store, clock, settings, endpoints, runtime } = facts;
  const rows: [string, string][] = [["Credentials", credentials.source]];
  if (credentials.account !== undefined) rows.push(["Account", credentials.account]);
  if (credentials.file) {
    rows.push(["File", condition(credentials.file) + inFolder(credentials.folder)]);
  }
  const none = store.damaged ? "none (its file is damaged)" : "none";
  rows.push(["Token", token === null ? none : tokenText(token)]);
  if (token?.scope !== undefined) rows.push(["Scope", token.scope]);
  rows.push([
    "Token file",
    store.file ? condition(store.file) + inFolder(store.folder) : "none (kept in memory only)",
  ]);
  for (const endpoint of endpoints) rows.push([capital(endpoint.what), endpointText(endpoint)]);
  if (clock !== null) {
    const { offset, server } = clock;
    const off = offset === 0
      ? "in step with"
      : `${Math.abs(offset)} s ${offset > 0 ? "behind" : "ahead of"}`;
    rows.push(["Clock", `${off} ${server}`]);
  }
  const set = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  rows.push(["Proxy and certificates", set.join(", ") || "nothing set"]);
  rows.push(["Runtime", `${runtime.name} ${runtime.version} on ${runtime.platform}`]);
  rows.push(["Looked at", moment(Date.parse(facts.time))]);
  return rows;
}

function tokenText(token: NonNullable<DoctorFacts["token"]>): string {
  const until = moment(Date.parse(token.expiresAt));
  const left = token.secondsLeft > 0
    ? `until ${until}, ${duration(token.secondsLeft)} left of ${duration(token.lifetime)}`
    : `expired at ${until}`;
  const renewal = token.renewal === "sign-in"
    ? "not renewed without a person"
    : `renewed with ${token.renewal.replaceAll("_", " ")}`;
  return `${left}, ${renewal}${token.bound ? ", bound to a key (DPoP)" : ""}`;
}

function endpointText(endpoint: DoctorFacts["endpoints"][number]): string {
  const { url, answers, milliseconds } = endpoint;
  return answers
    ? `${url} reachable (${milliseconds} ms)`
    : `${url} not reachable (${endpoint.problem?.code}, ${milliseconds} ms)`;
}

type Condition = NonNullable<DoctorFacts["store"]["file"]>;

function condition({ path, kind, mode }: Condition): string {
  const what = kind === "file" || kind === "folder" ? mode : kind === "unknown" ? "not seen" : kind;
  return what === undefined ? path : `${path} (${what})`;
}

function inFolder(folder: Condition | undefined): string {
  return folder?.mode === undefined ? "" : `, in a folder of mode ${folder.mode}`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
