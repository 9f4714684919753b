import { connect } from "../connect.ts";
import { AuthError } from "../errors.ts";
import { logout as logoutSession, type LogoutReport } from "../renewal/logout.ts";
import { forgetCredentials } from "../manage/manage_credentials.ts";
import { findCredentials } from "../profile/find_credentials.ts";
import { profileOf } from "../profile/profile.ts";
import { plain } from "../base/text.ts";
import type { Provider } from "../providers/provider.ts";
import type { Connection } from "../renewal/connection.ts";
import { type DamagedFile, listDamaged, listTokens, type SavedToken } from "../store/list_saved.ts";
import { removeTokenFile } from "../store/private_file.ts";
import { openFiles } from "../store/writing.ts";
import type { Context } from "./command.ts";
import { paintFor } from "./paint.ts";
import { say } from "./run.ts";
import { findTarget, type Target } from "./target.ts";
import { parseKey } from "../token/token.ts";

/** `onecell logout PROVIDER` */
export async function logout(context: Context): Promise<number> {
  const { host, flags } = context;
  const target = await findTarget(context, "logout");
  const { provider, options } = target;
  const { runtime } = host;
  const { folder } = profileOf(provider, options, runtime);
  const all = flags.has("all");
  const parts = await findParts(context, target, all);
  const every = (folder === undefined ? [] : await listTokens(runtime, folder))
    .filter(({ token }) => parseKey(token.key)?.provider === provider.name);
  const saved = every.filter(({ token }) => all || token.key === parts?.key);
  let failed = false;
  const paint = paintFor(host);
  for (const one of saved) {
    const report = await end(one, parts, context, folder);
    const told = (["refreshToken", "accessToken"] as const)
      .filter((name) => report[name] !== "none")
      .map((name) =>
        `${name === "refreshToken" ? "refresh" : "access"} token ${OUTCOMES[report[name]]}`
      );
    if (report.removed) told.push("removed from this machine");
    const account = plain(accountOf(one) ?? "unknown");
    await host.write(
      `${paint.green("✓")} Signed out of ${provider.title} as ${account}: ${told.join(", ")}\n`,
    );
    for (const problem of report.problems) say(host, `${problem.code}: ${problem.message}`);
    if ([report.refreshToken, report.accessToken].includes("failed") && report.removed) {
      say(host, "What was not revoked is good at the server until it expires, and no longer here.");
    }
    failed ||= report.problems.length > 0;
  }
  const damaged = await removeDamaged(context, provider, folder, all ? undefined : parts);
  for (const path of damaged.removed) {
    await host.write(`${paint.green("✓")} Removed ${plain(path)}, which held no whole token\n`);
  }
  if (damaged.problem) {
    say(host, `${damaged.problem.code}: ${damaged.problem.message}`);
    failed = true;
  }
  if (saved.length + damaged.removed.length === 0 && !damaged.problem) {
    const others = every.length === 0
      ? ""
      : ` There are ${every.length} of other accounts or session keys: --all ends them.`;
    await host.write(`There is no saved session of ${provider.title}.${others}\n`);
  }
  if (flags.has("forget")) {
    const paths = await forgetCredentials(profileOf(provider, options, runtime));
    const lines = paths.map((path) => `${paint.green("✓")} Removed ${plain(path)}\n`);
    await host.write(
      lines.length === 0
        ? `There are no saved credentials of ${provider.title}.\n`
        : `${lines.join("")}The server still knows these credentials.\n`,
    );
  }
  return failed ? 1 : 0;
}

/**
 * Removes damaged token files, in which there may be a live token: those of one session, or all that
 * say nothing of another system.
 *
 * @returns the removed ones, and what went wrong
 */
async function removeDamaged(
  { host: { runtime } }: Context,
  provider: Provider,
  folder: string | undefined,
  of: Connection | null | undefined,
): Promise<{ removed: string[]; problem?: AuthError }> {
  const removed: string[] = [];
  if (folder === undefined || of === null) return { removed };
  const path = await of?.store.location(of.key);
  const isMeant = (file: DamagedFile) =>
    (of === undefined || (path && file.path.startsWith(path))) &&
    [undefined, provider.name].includes(file.provider);
  if (!(await listDamaged(runtime, folder)).some(isMeant)) return { removed };
  const store = of?.store ?? openFiles(runtime, folder);
  try {
    await store.exclusive("", async () => {
      // Once more: somebody may have put a whole one in its place.
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

const OUTCOMES: Record<LogoutReport["accessToken"], string> = {
  revoked: "revoked",
  none: "none",
  unsupported: "left to expire",
  failed: "not revoked",
};

/** The session that would be opened, unopened; `null` where any may be removed and none can be. */
async function findParts(
  { host: { runtime } }: Context,
  { provider, options }: Target,
  all: boolean,
): Promise<Connection | null> {
  try {
    const profile = profileOf(provider, options, runtime);
    return connect(profile, await findCredentials(profile));
  } catch (error) {
    if (all && error instanceof AuthError) return null;
    throw error;
  }
}

/** Ends one session: at the server it came from, when that can be told; here in any case. */
async function end(
  { token }: SavedToken,
  parts: Connection | null,
  { host: { runtime } }: Context,
  folder: string | undefined,
): Promise<LogoutReport> {
  if (parts && isOfSameClient(parts.key, token.key)) {
    return await logoutSession({ ...parts, key: token.key });
  }
  // Another account's, or another server's: the token must not be sent to this one.
  const store = openFiles(runtime, folder);
  const removed = await store.exclusive(token.key, () => store.remove(token.key), {
    timeout: 15_000,
  });
  const left = (value: string | undefined) => value === undefined ? "none" : "unsupported";
  return {
    refreshToken: left(token.refresh_token),
    accessToken: left(token.access_token),
    removed,
    problems: [],
  };
}

function isOfSameClient(one: string, other: string): boolean {
  const a = parseKey(one);
  const b = parseKey(other);
  return a !== undefined && b !== undefined && a.provider === b.provider && a.server === b.server &&
    a.clientId === b.clientId;
}

function accountOf({ token }: SavedToken): string | undefined {
  const parts = parseKey(token.key);
  return parts?.username || token.account || parts?.clientId || undefined;
}
