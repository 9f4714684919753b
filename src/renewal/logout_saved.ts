import { abortReason, AuthError } from "../errors.ts";
import { forgetCredentials } from "../manage/manage_credentials.ts";
import { findCredentials, type Found } from "../profile/find_credentials.ts";
import { accountOfSession, listSessions } from "../profile/list_sessions.ts";
import type { Profile } from "../profile/profile.ts";
import { type DamagedFile, listDamaged, type SavedToken } from "../store/list_saved.ts";
import { TOKEN_FOLDER } from "../store/open_store.ts";
import { joinPath } from "../store/disk.ts";
import { removeTokenFile, sweepTemporaryFiles } from "../store/private_file.ts";
import { openFiles } from "../store/writing.ts";
import { parseKey } from "../token/token.ts";
import type { Connection } from "./connection.ts";
import type { EndedSession, SystemLogoutReport } from "../interface/report.ts";
import { logout, type LogoutReport, type RevocationOutcome } from "./logout.ts";

/** Which sessions to end, and what to remove with them. */
export interface Ending {
  /** All saved sessions of the system, not only the one that would be opened. */
  readonly all: boolean;
  /** The saved app credentials too. */
  readonly forget: boolean;
}

/** Makes a connection that never prompts. */
export type Connect = (profile: Profile, found: Found) => Connection;

/** See `logout` of `verbs.ts`. */
export async function logoutSaved(
  profile: Profile,
  { all, forget }: Ending,
  connect: Connect,
): Promise<SystemLogoutReport> {
  const { provider, options: { signal } } = profile;
  const own = await wouldBeOpened(profile, all, connect);
  const every = (await listSessions(profile, own?.key))
    .filter(({ token }) => parseKey(token.key)?.provider === provider.name);
  const ending = every.filter(({ token }) => all || token.key === own?.key);
  const sessions: EndedSession[] = [];
  for (const one of ending) {
    if (signal?.aborted) throw abortReason(signal);
    sessions.push(await end(one, own, profile));
  }
  const damaged = await removeDamaged(profile, all ? "all" : own);
  const worst = (name: "refreshToken" | "accessToken") =>
    ORDER.find((outcome) => sessions.some((session) => session[name] === outcome)) ?? "none";
  const problems = sessions.flatMap(({ problems }) => problems);
  if (damaged.problem) problems.push(damaged.problem);
  return {
    refreshToken: worst("refreshToken"),
    accessToken: worst("accessToken"),
    removed: sessions.some(({ removed }) => removed) || damaged.removed.length > 0,
    problems,
    sessions,
    left: every.length - ending.length,
    damaged: damaged.removed,
    forgotten: forget ? (await forgetCredentials(profile)).removed : undefined,
  };
}

/** The worst result first: that is what a report of several sessions says. */
const ORDER: readonly RevocationOutcome[] = ["failed", "unsupported", "revoked"];

/** The connection that `getSession` would use; with `all`, `undefined` if there is none. */
async function wouldBeOpened(
  profile: Profile,
  all: boolean,
  connect: Connect,
): Promise<Connection | undefined> {
  try {
    // Ends what is saved, even if a variable holds a token that takes precedence.
    const own = { ...profile, given: undefined };
    return connect(own, await findCredentials(own));
  } catch (error) {
    if (all && error instanceof AuthError) return undefined;
    throw error;
  }
}

/** Ends one session: at its server, if that is known, and always on this machine. */
async function end(
  { token }: SavedToken,
  own: Connection | undefined,
  { runtime, folder, openStored }: Profile,
): Promise<EndedSession> {
  const key = parseKey(token.key);
  const told = own !== undefined && isOfSameClient(own.key, token.key);
  const shown = {
    account: key?.username || token.account || key?.clientId || undefined,
    clientId: key?.clientId || undefined,
    sessionKey: accountOfSession(key?.sessionKey ?? "").sessionKey || undefined,
    expiresAt: new Date(Math.max(-8.64e15, Math.min(token.expires_at * 1000, 8.64e15))),
    told,
  };
  if (told) return { ...await logout({ ...own, key: token.key }), ...shown };
  // It is another client's or server's, so the token must not be sent to this one.
  const stored = (await openStored?.())?.store;
  const left = (value: string | undefined) => value === undefined ? "none" : "unsupported";
  const report: LogoutReport = {
    refreshToken: left(token.refresh_token),
    accessToken: left(token.access_token),
    removed: false,
    problems: [],
  };
  try {
    const store = stored ?? openFiles(runtime, folder);
    const signal = AbortSignal.timeout(15_000);
    report.removed = await store.exclusive(token.key, () => store.remove(token.key), {
      timeout: 15_000,
      signal,
    });
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    report.problems.push(error);
  }
  return { ...report, ...shown };
}

/** Whether the tokens of one key may be revoked with another key's client: same system, server and client. */
export function isOfSameClient(one: string, other: string): boolean {
  const a = parseKey(one);
  const b = parseKey(other);
  return a !== undefined && b !== undefined && a.provider === b.provider &&
    a.server === b.server && a.clientId === b.clientId;
}

/**
 * Removes what killed writers left, and damaged token files, which may hold a valid token: those of one
 * session, or all that name no other system.
 *
 * @returns the removed files, and what went wrong
 */
async function removeDamaged(
  { runtime, provider, folder }: Profile,
  of: Connection | "all" | undefined,
): Promise<{ removed: string[]; problem?: AuthError }> {
  const removed: string[] = [];
  if (folder === undefined) return { removed };
  // A writer that was killed before the first save has left nothing else. A running one writes again.
  await sweepTemporaryFiles(runtime, joinPath(runtime, folder, TOKEN_FOLDER));
  if (of === undefined) return { removed };
  const path = of === "all" ? undefined : await of.store.location(of.key);
  const isMeant = (file: DamagedFile) =>
    (of === "all" || (typeof path === "string" && file.path.startsWith(path))) &&
    [undefined, provider.name].includes(file.provider);
  if (!(await listDamaged(runtime, folder)).some(isMeant)) return { removed };
  const store = of === "all" ? openFiles(runtime, folder) : of.store;
  try {
    await store.exclusive("", async () => {
      // Check again: a valid file may have replaced it meanwhile.
      for (const file of (await listDamaged(runtime, folder)).filter(isMeant)) {
        if (await removeTokenFile(runtime, file.path, folder)) removed.push(file.path);
      }
    }, { timeout: 15_000 });
    return { removed };
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return { removed, problem: error };
  }
}
