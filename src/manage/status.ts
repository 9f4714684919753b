import { personOf, type Source, sourceText } from "../credentials/choose_credentials.ts";
import { AuthError } from "../errors.ts";
import { findCredentials, type Found, isEnough } from "../profile/find_credentials.ts";
import { accountInUse, type Profile, USUAL_ACCOUNT } from "../profile/profile.ts";
import {
  accountOfSession,
  listAccounts,
  listSessions,
  noneThere,
} from "../profile/list_sessions.ts";
import type { KnownSystem } from "../profile/known_systems.ts";
import { definitionOf } from "../providers/define_provider.ts";
import type { Provider } from "../providers/provider.ts";
import { resolveSystem } from "../providers/system.ts";
import type { Runtime } from "../runtime/runtime.ts";
import {
  type Application,
  listApplications,
  readApplication,
  type SavedToken,
} from "../store/list_saved.ts";
import { parseKey } from "../token/token.ts";
import type { OtherStatus, SessionStatus, StoreStatus, SystemStatus } from "../interface/report.ts";
import { StatusReport } from "./status_report.ts";
import { storeStatus } from "./store_status.ts";

/** Looks at one system, without renewing, prompting or sending anything. */
export async function statusOfOne(profile: Profile): Promise<StatusReport> {
  const [system, store] = await Promise.all([statusOf(profile), storeStatus(profile)]);
  return new StatusReport([system], [], profile.runtime.homeDirectory(), [store]);
}

/**
 * Looks at several systems, and at what is saved for systems without a known name.
 *
 * @param profiles of every system with a known name
 * @param defined the systems that files define, including unusable ones
 */
export async function statusOfAll(
  profiles: readonly Profile[],
  defined: readonly KnownSystem[],
  runtime: Runtime,
): Promise<StatusReport> {
  const systems = await Promise.all(profiles.map(statusOf));
  const known = profiles.map(({ provider }) => provider);
  const others = await otherSystems(runtime, profiles[0]?.options.directory, known);
  return new StatusReport(
    [...systems, ...defined.flatMap(unusable)],
    others,
    runtime.homeDirectory(),
    await storesOf(profiles, systems),
  );
}

/** Where the sessions were found, each place once; if there are none, where they would be. */
async function storesOf(
  profiles: readonly Profile[],
  systems: readonly SystemStatus[],
): Promise<StoreStatus[]> {
  const withSessions = profiles.filter((_, at) => (systems[at]?.sessions.length ?? 0) > 0);
  const usual = profiles.filter(({ store }) => store !== "memory").slice(0, 1);
  const looked = withSessions.length > 0 ? withSessions : usual;
  const stores = await Promise.all(looked.map(storeStatus));
  const place = ({ kept, folder }: StoreStatus) => `${kept} ${folder}`;
  return [...new Map(stores.map((store) => [place(store), store])).values()];
}

/** An unusable definition, with the reason. */
function unusable({ name, path, problem }: KnownSystem): SystemStatus[] {
  if (problem === undefined) return [];
  const { code, message } = problem;
  return [{
    provider: name,
    title: name,
    definition: path,
    ready: false,
    credentials: { source: null, complete: false, missing: [] },
    problem: { code, message },
    sessions: [],
  }];
}

async function statusOf(profile: Profile): Promise<SystemStatus> {
  const { provider } = profile;
  let found: Found | undefined;
  let problem: SystemStatus["problem"] = null;
  try {
    found = await findCredentials(profile);
    // Opened only for its error: no session could use these URLs.
    if (isEnough(found)) resolveSystem(provider, profile.urls, found.values);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    problem = { code: error.code, message: error.message };
  }
  const missing = found?.missing ?? [];
  const complete = found !== undefined && missing.length === 0;
  const asksPerson = provider.grant === "authorization_code" || provider.grant === "device_code";
  const silent = complete && problem === null && found?.foreign === undefined &&
    (profile.given !== undefined || !asksPerson);
  // An unreachable store's error is shown with the stores.
  const saved = await listSessions(profile).catch(noneThere);
  const sessions = saved.filter(({ token }) => parseKey(token.key)?.provider === provider.name)
    .map((one) => sessionStatus(one, silent, found));
  const inUse = sessions.filter(({ savedAs }) => savedAs === profile.account);
  const account = accountInUse(profile);
  const accounts = await listAccounts(profile, saved);
  const definition = definitionOf(provider);
  return {
    provider: provider.name,
    title: provider.title,
    ...(definition === undefined ? {} : { definition }),
    ...(account === undefined ? {} : { account }),
    ...(accounts.some((name) => name !== USUAL_ACCOUNT) ? { accounts } : {}),
    ready: silent ||
      (found !== undefined && isEnough(found) && problem === null &&
        inUse.some(({ valid, renewable }) => valid || renewable)),
    credentials: {
      source: found === undefined || found.sources.length === 0 ? null : sourceText(found.sources),
      complete,
      missing: [...missing],
      ...(profile.given ? { token: true } : {}),
    },
    problem,
    sessions,
  };
}

function sessionStatus(
  { path, token }: SavedToken,
  silent: boolean,
  found: Found | undefined,
): SessionStatus {
  const key = parseKey(token.key);
  const { account: savedAs, sessionKey } = accountOfSession(key?.sessionKey ?? "");
  const client = key?.clientId || undefined;
  // If there are only app credentials, show the user who created them.
  const isWith = found !== undefined && found.values["client_id"] === client;
  const sources: readonly Source[] = isWith ? found.sources : [];
  const person = personOf({ username: key?.username, named: token.account, client, sources });
  const milliseconds = Math.min(Math.max(token.expires_at * 1000, 0), 8.64e15);
  return {
    account: person ?? client ?? null,
    clientId: key?.clientId || null,
    sessionKey: sessionKey || null,
    ...(savedAs === undefined ? {} : { savedAs }),
    scope: token.scope ?? (key?.scope || null),
    server: key?.server || null,
    expiresAt: new Date(milliseconds).toISOString(),
    valid: milliseconds > Date.now(),
    renewable: token.refresh_token !== undefined || silent,
    path,
  };
}

async function otherSystems(
  runtime: Runtime,
  directory: string | undefined,
  known: readonly Provider[],
): Promise<OtherStatus[]> {
  if (directory === undefined) {
    return (await listApplications(runtime)).flatMap((one) => othersIn(one, known));
  }
  const one = await readApplication(runtime, "", directory);
  return one ? othersIn(one, known) : [];
}

/** One folder may hold sessions of several systems, including known ones. */
function othersIn(
  { name, path, tokens, credentials }: Application,
  known: readonly Provider[],
): OtherStatus[] {
  const counts = new Map<string, number>();
  for (const { token } of tokens) {
    const system = parseKey(token.key)?.provider ?? name;
    counts.set(system, (counts.get(system) ?? 0) + 1);
  }
  const saved = credentials.length > 0;
  const others = [...counts].filter(([system]) => known.every((one) => one.name !== system))
    .map(([provider, sessions]) => ({ provider, folder: path, credentials: saved, sessions }));
  // Without a session, only the folder's name tells which system it is, and the caller may name any folder.
  const isOwn = name !== "" && known.every(({ folder }) => folder !== name);
  if (counts.size > 0 || !saved || !isOwn) return others;
  return [{ provider: name, folder: path, credentials: true, sessions: 0 }];
}
