import { expiryText, plain, PLAIN_STYLE, type Style, withoutHome } from "../base/text.ts";
import type {
  OtherStatus,
  SessionStatus,
  StatusReport as Face,
  StoreStatus,
  SystemStatus,
} from "../interface/report.ts";
import { USUAL_ACCOUNT } from "../profile/profile.ts";
import { storeText } from "./store_status.ts";

/** How a status becomes text: marks, and the next steps. */
export interface StatusStyle extends Style {
  /** How to sign in to a system. */
  signIn(provider: string): string;
  /** How to see more about a system without a known name. */
  readonly more: string;
}

const IN_CODE: StatusStyle = {
  ...PLAIN_STYLE,
  signIn: (provider) => `getSession("${provider}")`,
  more: "status(await readProvider(FILE))",
};

/** What is saved on this machine, as `status` found it. It holds no secret. */
export class StatusReport implements Face {
  /** The requested system, or every known one. */
  readonly systems: readonly SystemStatus[];
  /** What is saved for systems without a known name; empty if one system was requested. */
  readonly others: readonly OtherStatus[];
  /** Where sessions are kept. */
  readonly stores: readonly StoreStatus[];
  readonly #home: string | undefined;

  /**
   * Made by `status`.
   *
   * @param systems what is known about each system
   * @param others what is saved for other systems
   * @param home the home folder, which texts show as `~`
   * @param stores where sessions are kept
   */
  constructor(
    systems: readonly SystemStatus[],
    others: readonly OtherStatus[],
    home: string | undefined,
    stores: readonly StoreStatus[] = [],
  ) {
    this.systems = systems;
    this.others = others;
    this.stores = stores;
    this.#home = home;
  }

  /** True if a session of every system in the report can start without a prompt. */
  get ok(): boolean {
    return this.systems.every(({ ready }) => ready);
  }

  /** What may be shown: all of it. Members may be added, but never change. */
  toJSON(): Record<string, unknown> {
    const { systems, others, stores } = this;
    // Almost everybody has files that work, so their JSON stays as it was.
    return { version: 1, systems, others, ...(stores.every(isUsual) ? {} : { stores }) };
  }

  /** The report as text. For several systems, it shows those with something saved. */
  toString(): string {
    return renderStatus(this, this.#home, IN_CODE, Date.now());
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
 * A report as text. Pure.
 *
 * @param home the home folder, shown as `~`
 * @param now in epoch milliseconds
 */
export function renderStatus(
  { systems, others, stores = [] }:
    & Pick<StatusReport, "systems" | "others">
    & Partial<Pick<StatusReport, "stores">>,
  home: string | undefined,
  style: StatusStyle,
  now: number,
): string {
  const shown = systems.length === 1 ? systems : systems.filter(hasAnything);
  const lines = shown.flatMap((system) => systemLines(system, style, now));
  for (const other of others) lines.push(otherLine(other, style));
  if (others.length > 0) lines.push(`  Details of a system of your own: ${style.more}`);
  if (lines.length === 0) lines.push(`Not signed in anywhere. Sign in: ${style.signIn("SYSTEM")}`);
  const isAnySaved = shown.some(({ sessions }) => sessions.length > 0);
  for (const store of stores) {
    if (!isAnySaved && isUsual(store)) continue;
    lines.push(plain(storeText(store)));
    const { problem, weaknesses } = store;
    if (problem) lines.push(`  ${problem.code}: ${plain(problem.message)}`);
    if (weaknesses.length > 0) lines.push(`  Its disk does not ${plain(weaknesses.join(" or "))}.`);
  }
  return lines.map((line) => withoutHome(line, home)).join("\n");
}

/** True for files that work, and for memory. */
function isUsual({ kept, problem }: StoreStatus): boolean {
  return (kept === "disk" || kept === "memory") && problem === null;
}

function hasAnything({ credentials, sessions, problem }: SystemStatus): boolean {
  return credentials.source !== null || sessions.length > 0 || problem !== null;
}

/** Who is signed in comes first, then how long, then the files. */
function systemLines(system: SystemStatus, style: StatusStyle, now: number): string[] {
  const { title, provider, definition, ready, credentials, problem, sessions } = system;
  const { account, accounts = [] } = system;
  const inUse = account === undefined || account.name === USUAL_ACCOUNT ? undefined : account.name;
  const live = sessions.filter(({ valid, renewable, savedAs }) =>
    (valid || renewable) && savedAs === inUse
  );
  const [one, another] = live;
  const isGiven = credentials.token === true && problem === null && ready;
  const isSignedIn = isGiven || (one !== undefined && problem === null && ready);
  const who = !isSignedIn
    ? "not signed in"
    : isGiven
    ? "uses a token"
    : another
    ? `signed in, ${live.length} sessions`
    : `signed in ${one && whoText(one)}`;
  // A system that can sign in by itself is neither failed nor signed in.
  const mark = isSignedIn ? style.ok : ready ? "-" : style.problem;
  const lines = [`${mark} ${style.strong(plain(title))} (${plain(provider)}): ${plain(who)}`];
  for (const session of sessions) {
    const { expiresAt, renewable: renews, sessionKey, savedAs } = session;
    const names = [savedAs, sessionKey].filter((name) => typeof name === "string");
    const key = names.length === 0 ? "" : ` [${names.join(", ")}]`;
    const whose = sessions.length > 1 || !isSignedIn || isGiven
      ? `${session.account ?? "unknown"}${key}: `
      : key && `${key.trim()} `;
    const text = `${whose}${expiryText({ expiresAt: Date.parse(expiresAt), renews }, now)}`;
    lines.push(`  ${plain(capital(text, whose === ""))}`);
  }
  if (account !== undefined) {
    lines.push(`  Account: ${plain(account.name)} (chosen by ${plain(account.from)})`);
  }
  const others = accounts.filter((name) => name !== (inUse ?? USUAL_ACCOUNT));
  if (others.length > 0) lines.push(`  Other accounts: ${plain(others.join(", "))}`);
  if (definition !== undefined) lines.push(`  Definition: ${plain(definition)}`);
  if (problem !== null) lines.push(`  ${problem.code}: ${plain(problem.message)}`);
  else if (credentials.source !== null) {
    const lacking = credentials.complete
      ? ""
      : ` (${plain(credentials.missing.join(" and "))} missing)`;
    const kind = isGiven ? "Token" : "Credentials";
    lines.push(`  ${kind}: ${plain(credentials.source)}${lacking}`);
  }
  if (isSignedIn || problem !== null) return lines;
  lines.push(
    ready
      ? `  Sign in without a prompt: ${style.signIn(plain(provider))}`
      : `  Sign in: ${style.signIn(plain(provider))}`,
  );
  return lines;
}

const capital = (text: string, isFirst: boolean) =>
  isFirst ? text.charAt(0).toUpperCase() + text.slice(1) : text;

/** A client ID is not a person's name. */
function whoText({ account, clientId }: SessionStatus): string {
  if (account === null) return "as unknown";
  return account === clientId ? `with app credentials ${account}` : `as ${account}`;
}

/** Only formats: the provider's definition decides whether a session renews. */
function otherLine(other: OtherStatus, style: StatusStyle): string {
  const { provider, folder, credentials, sessions } = other;
  const kept = [
    sessions === 0 ? "no session" : sessions === 1 ? "1 session" : `${sessions} sessions`,
    credentials ? "app credentials" : "no app credentials",
  ];
  return `- ${style.strong(plain(provider))}: ${kept.join(", ")} in ${plain(folder)}`;
}
