import { AuthError } from "../errors.ts";
import { sourceText } from "../credentials/choose_credentials.ts";
import { findCredentials, type Found, isEnough } from "../profile/find_credentials.ts";
import { profileOf } from "../profile/profile.ts";
import { plain } from "../base/text.ts";
import { moment, timeLeft } from "../person/time_left.ts";
import type { SessionOptions } from "../options/options.ts";
import type { Provider } from "../providers/provider.ts";
import { providers } from "../providers/registry.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { listTokens, type SavedToken } from "../store/list_saved.ts";
import { resolveSystem } from "../providers/system.ts";
import type { Context } from "./command.ts";
import { type Paint, paintFor } from "./paint.ts";
import { type OtherStatus, othersText, otherSystems } from "./other_systems.ts";
import { findTarget, sessionOptions } from "./target.ts";
import { parseKey } from "../token/token.ts";

/** What `status --json` prints; members are added, never changed. */
export interface StatusJson {
  version: 1;
  systems: SystemStatus[];
  /** What is saved of systems that are not known by name; none where one system was asked for. */
  others: OtherStatus[];
}

/** One system in {@linkcode StatusJson}. */
export interface SystemStatus {
  provider: string;
  title: string;
  /** True when a session can be had without asking anybody. */
  ready: boolean;
  credentials: { source: string | null; complete: boolean; missing: string[] };
  /** Why the credentials, or the URLs that variables give, cannot be used. */
  problem: { code: string; message: string } | null;
  sessions: SessionStatus[];
}

/** One saved session. */
export interface SessionStatus {
  account: string | null;
  sessionKey: string | null;
  scope: string | null;
  /** The issuer or the token endpoint. */
  server: string | null;
  expiresAt: string;
  valid: boolean;
  /** True when it is renewed without asking anybody. */
  renewable: boolean;
  path: string;
}

/** `onecell status [PROVIDER]` */
export async function status(context: Context): Promise<number> {
  const { host, words, flags } = context;
  const one = words.length > 0 || context.texts["provider"] !== undefined ||
    context.texts["issuer"] !== undefined;
  let systems: SystemStatus[];
  let others: OtherStatus[] = [];
  if (one) {
    const { provider, options } = await findTarget(context, "status");
    systems = [await statusOf(host.runtime, provider, options)];
  } else {
    const options = sessionOptions(context);
    systems = await Promise.all(
      providers.map((provider) => statusOf(host.runtime, provider, options)),
    );
    others = await otherSystems(host.runtime, options.directory);
  }
  if (flags.has("json")) {
    const json: StatusJson = { version: 1, systems, others };
    await host.write(`${JSON.stringify(json, null, 2)}\n`);
  } else {
    const shown = one ? systems : systems.filter(hasAnything);
    const paint = paintFor(host);
    await host.write(
      shown.map((system) => statusText(system, paint)).join("") + othersText(others, paint) ||
        "Nothing is saved. Sign in with: onecell login PROVIDER\n",
    );
  }
  return one && !systems[0]?.ready ? 1 : 0;
}

/** Looks at one system; renews, asks and sends nothing. */
async function statusOf(
  runtime: Runtime,
  provider: Provider,
  options: SessionOptions,
): Promise<SystemStatus> {
  const profile = profileOf(provider, options, runtime);
  const { folder } = profile;
  let found: Found | undefined;
  let problem: SystemStatus["problem"] = null;
  try {
    found = await findCredentials(profile);
    // Only for its error: with these URLs nothing could be had.
    if (isEnough(found)) resolveSystem(provider, profile.urls, found.values);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    problem = { code: error.code, message: error.message };
  }
  const missing = found?.missing ?? [];
  const complete = found !== undefined && missing.length === 0;
  const silent = complete && problem === null &&
    (provider.grant === "client_credentials" || provider.grant === "password");
  const saved = folder === undefined ? [] : await listTokens(runtime, folder);
  const sessions = saved.filter(({ token }) => parseKey(token.key)?.provider === provider.name)
    .map((one) => sessionStatus(one, silent));
  return {
    provider: provider.name,
    title: provider.title,
    ready: silent ||
      (found !== undefined && isEnough(found) && problem === null &&
        sessions.some(({ valid, renewable }) => valid || renewable)),
    credentials: {
      source: found === undefined || found.sources.length === 0 ? null : sourceText(found.sources),
      complete,
      missing: [...missing],
    },
    problem,
    sessions,
  };
}

function sessionStatus({ path, token }: SavedToken, silent: boolean): SessionStatus {
  const parts = parseKey(token.key);
  const milliseconds = Math.min(Math.max(token.expires_at * 1000, 0), 8.64e15);
  return {
    account: parts?.username || token.account || parts?.clientId || null,
    sessionKey: parts?.sessionKey || null,
    scope: token.scope ?? (parts?.scope || null),
    server: parts?.server || null,
    expiresAt: new Date(milliseconds).toISOString(),
    valid: milliseconds > Date.now(),
    renewable: token.refresh_token !== undefined || silent,
    path,
  };
}

function hasAnything({ credentials, sessions, problem }: SystemStatus): boolean {
  return credentials.source !== null || sessions.length > 0 || problem !== null;
}

function statusText(system: SystemStatus, paint: Paint): string {
  const { title, provider, ready, credentials, problem, sessions } = system;
  const mark = ready ? paint.green("✓") : paint.red("✗");
  const lines = [
    `${mark} ${paint.bold(title)} (${provider}): ${ready ? "ready" : "not signed in"}`,
  ];
  if (problem) lines.push(`  ${problem.code}: ${plain(problem.message)}`);
  else {
    const lacking = credentials.complete ? "" : `, without ${credentials.missing.join(" and ")}`;
    lines.push(`  credentials: ${plain(credentials.source ?? "none")}${lacking}`);
  }
  for (const session of sessions) {
    const time = Date.parse(session.expiresAt);
    const life = session.valid
      ? `until ${moment(time)} (${timeLeft(time - Date.now())})`
      : `ended ${moment(time)}`;
    const key = session.sessionKey === null ? "" : ` [${session.sessionKey}]`;
    const renewal = session.renewable ? "renews itself" : "not renewed";
    lines.push(plain(`  session:     ${session.account ?? "unknown"}${key}, ${life}, ${renewal}`));
  }
  return lines.join("\n") + "\n";
}
