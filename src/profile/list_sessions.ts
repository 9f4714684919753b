import { AuthError } from "../errors.ts";
import { facts } from "../store/open_store.ts";
import { listObjects, listTokens, type SavedToken } from "../store/list_saved.ts";
import { configDirectories } from "../store/disk.ts";
import type { SavedCredentials } from "../store/store.ts";
import { parseCredentialsKey } from "../store/stored_credentials.ts";
import { parseKey, parseToken } from "../token/token.ts";
import { homeOf, hostName, withoutMembers } from "./find_credentials.ts";
import { type Profile, USUAL_ACCOUNT } from "./profile.ts";

/**
 * Lists a profile's sessions in its store, newest first: in its folder, those of all systems; elsewhere,
 * only its own. It changes nothing.
 *
 * @param own the key to look for if the store cannot list its keys
 * @throws {AuthError} the store's errors; unreadable files are left out
 */
export async function listSessions(
  { provider, runtime, folder, store, openStored }: Profile,
  own?: string,
): Promise<SavedToken[]> {
  if (openStored === undefined) {
    return folder === undefined ? [] : await listTokens(runtime, folder);
  }
  const opened = (await openStored()).store;
  const keys = await opened.keys?.() ?? (own === undefined ? [] : [own]);
  const found: SavedToken[] = [];
  for (const key of keys.filter((key) => parseKey(key)?.provider === provider.name)) {
    const token = parseToken(await opened.read(key) ?? "", key);
    if (token) found.push({ path: facts(store).kept, token });
  }
  return found.sort((one, other) => other.token.obtained_at - one.token.obtained_at);
}

/** The prefix that `connect` gives to session keys of another account. */
const ACCOUNT_KEY = /^account ([^/]*)\/(.*)$/s;

/** The options `account` and `sessionKey` for a saved session; without an account it is the usual one's. */
export function accountOfSession(
  sessionKey: string,
): { account: string | undefined; sessionKey: string } {
  const [, account, rest = sessionKey] = ACCOUNT_KEY.exec(sessionKey) ?? [];
  return { account, sessionKey: rest };
}

/**
 * The accounts of a system with saved app credentials or sessions, as names for the option `account`. The
 * usual one comes first.
 *
 * @param sessions the profile's sessions, if they were listed already
 */
export async function listAccounts(
  profile: Profile,
  sessions?: readonly SavedToken[],
): Promise<string[]> {
  const { runtime, provider } = profile;
  const found = new Set<string>();
  const folders = configDirectories(runtime, provider.folder, profile.options.directory);
  for (const path of folders) {
    const files = await listObjects(runtime, path, (name) => isCredentialsFile(profile, name));
    for (const file of files) found.add(nameOfFile(profile, file).account ?? USUAL_ACCOUNT);
  }
  const saved = sessions ?? await listSessions(profile).catch(noneThere);
  for (const { token } of saved) {
    const key = parseKey(token.key);
    if (key?.provider !== provider.name) continue;
    found.add(accountOfSession(key.sessionKey ?? "").account ?? USUAL_ACCOUNT);
  }
  for (const key of await storedKeys(profile).catch(noneThere)) {
    const name = parseCredentialsKey(key);
    if (name?.provider === provider.name) found.add(name.account || USUAL_ACCOUNT);
  }
  const usual = found.delete(USUAL_ACCOUNT) ? [USUAL_ACCOUNT] : [];
  return [...usual, ...[...found].sort()];
}

/** Shows nothing for an unreachable store. */
export function noneThere(error: unknown): never[] {
  if (error instanceof AuthError) return [];
  throw error;
}

async function storedKeys({ openStored }: Profile): Promise<readonly string[]> {
  return await (await openStored?.())?.store.keys?.() ?? [];
}

/**
 * The error for a sign-in that found nothing. It lists the saved accounts, because the name may be
 * mistyped, or another account may be in use.
 */
export async function namingAccounts(profile: Profile, error: unknown): Promise<unknown> {
  if (!AuthError.is(error, "credentials_missing", "login_required")) return error;
  const { account, accountFrom, provider: { name, title } } = profile;
  const known = await listAccounts(profile);
  const others = known.filter((one) => one !== (account ?? USUAL_ACCOUNT));
  if (others.length === 0) return error;
  const from = accountFrom === undefined ? "" : ` (named by ${accountFrom})`;
  return new AuthError(
    error.code,
    `${error.message} This is the account "${
      account ?? USUAL_ACCOUNT
    }"${from}; saved for ${title}: ` +
      `${
        others.join(", ")
      }. Choose one with the option account, or: onecell switch ${name} ACCOUNT`,
    { cause: error, status: error.status, error: error.error },
  );
}

/** True if a file name is that of a system's credentials file, for any account or server. */
export function isCredentialsFile({ provider: { files } }: Profile, name: string): boolean {
  const [usual = ""] = files;
  return files.includes(name) ||
    (name.startsWith(`${usual}.`) && !/\.(backup|damaged)-|\.tmp|~$/.test(name));
}

/** Whose credentials a file holds: the usual account's, another account's, or another server's. */
export function nameOfFile(
  profile: Profile,
  file: SavedCredentials,
): { account?: string; server?: string } {
  const { files: names } = profile.provider;
  const [usual = ""] = names;
  const name = file.path.replace(/^.*[\\/]/, "");
  let rest = name.startsWith(`${usual}.`) && !names.includes(name)
    ? name.slice(usual.length + 1)
    : "";
  const { server } = withoutMembers(file);
  const host = server === undefined ? undefined : hostName(server);
  const isApart = host !== undefined && server !== homeOf(profile) &&
    (rest === host || rest.endsWith(`.${host}`));
  if (isApart) rest = rest.slice(0, -host.length).replace(/\.$/, "");
  return { ...(rest === "" ? {} : { account: rest }), ...(isApart ? { server: host } : {}) };
}
