import { facts } from "../store/open_store.ts";
import { listTokens, type SavedToken } from "../store/list_saved.ts";
import { parseKey, parseToken } from "../token/token.ts";
import type { Profile } from "./profile.ts";

/**
 * Lists a profile's sessions where its store keeps them, newest first: in its folder those of every
 * system, elsewhere those of its own. It changes nothing.
 *
 * @param own the key to look for in a store that cannot say what is in it
 * @throws {AuthError} what the store throws; files that cannot be read are left out
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
