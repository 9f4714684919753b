import { sha256 } from "../base/sha256.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { parseToken, type Token } from "../token/token.ts";
import { joinPath } from "./paths.ts";
import { readSafely } from "./safe_file.ts";
import type { OpenStoreOptions, Store, StoreChoice, TokenStore } from "./store.ts";

/**
 * Opens the store of an application's tokens, and reads a token's file: all that a start with a saved
 * token needs. What writes and locks is behind `options.writing`.
 */

/** Our folder in an application's: what else lies there is not ours. */
export const TOKEN_FOLDER = "onecell";

/**
 * Tokens a store would not take, by folder and key. They belong to the process, not to one store:
 * the next cell opens another store and must find them.
 */
const unsaved = new Map<string, Token>();

/** Opens a store. Nothing is read, written or created before it is asked for. */
export function openStore(options: OpenStoreOptions): Store {
  const { runtime, directory, store } = options;
  let writing: Promise<Store> | undefined;
  let opened: Store | undefined;
  const rest = () =>
    writing ??= options.writing()
      .then((door) => door.openWriting(options, unsaved))
      .then((it) => opened = it);
  const folder = directory === undefined ? undefined : joinPath(runtime, directory, TOKEN_FOLDER);
  return {
    ...facts(store),
    get problem() {
      return opened?.problem;
    },
    async read(key) {
      if (store !== "disk" || opened) return await (await rest()).read(key);
      const kept = unsaved.get(memoryKey(folder, key)) ?? null;
      const saved = folder === undefined ? null : await readFile(runtime, folder, key);
      return newer(kept, saved);
    },
    readStrictly: async (key) => await (await rest()).readStrictly(key),
    write: async (key, token) => await (await rest()).write(key, token),
    remove: async (key) => await (await rest()).remove(key),
    exclusive: async (key, action, lock) => await (await rest()).exclusive(key, action, lock),
    beginRefresh: async (token, lock) => await (await rest()).beginRefresh(token, lock),
    endRefresh: async (token, rotated) => await (await rest()).endRefresh(token, rotated),
    async location(key) {
      return store !== "disk" || folder === undefined
        ? null
        : await tokenPath(runtime, folder, key);
    },
  };
}

/** What a store is called, without the password in its URL, and whether others share it. */
export function facts(store: StoreChoice): Pick<Store, "kept" | "shared"> {
  if (typeof store === "string") return { kept: store, shared: false };
  if (!("url" in store)) return { kept: "own", shared: true };
  const kept = store.url.replace(/\/\/[^/]*@/, "//").replace(/[?#].*/, "");
  return { kept, shared: !store.url.startsWith("keyring:") };
}

/** The newer one of a token in memory and a saved one. */
export function newer(kept: Token | null, saved: Token | null): Token | null {
  if (kept && saved) return saved.obtained_at > kept.obtained_at ? saved : kept;
  return kept ?? saved;
}

/** What a token that was not saved is kept under. */
export function memoryKey(place: string | undefined, key: string): string {
  return `${place ?? ""}\n${key}`;
}

/** The file a key's token is in. Nobody can make another key of the same name. */
export async function tokenPath(runtime: Runtime, folder: string, key: string): Promise<string> {
  return joinPath(runtime, folder, `${await sha256(key)}.json`);
}

/**
 * The file an earlier version kept a key's token in, named by two FNV-1a of 32 bits. Such a name can
 * be forged, so what is in the file decides whose it is.
 */
export function earlierTokenPath(runtime: Runtime, folder: string, key: string): string {
  let one = 0x811c9dc5;
  let other = 0x62b82175;
  for (let at = 0; at < key.length; at++) {
    const unit = key.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x01000193);
    other = Math.imul(other ^ unit, 0x01000193);
  }
  const name = [one, other].map((hash) => (hash >>> 0).toString(16).padStart(8, "0")).join("");
  return joinPath(runtime, folder, `${name}.json`);
}

async function readFile(runtime: Runtime, folder: string, key: string): Promise<Token | null> {
  const path = await tokenPath(runtime, folder, key);
  for (const at of [path, earlierTokenPath(runtime, folder, key)]) {
    try {
      const text = await readSafely(runtime, at);
      if (text !== null) return parseToken(text, key) ?? null;
    } catch {
      return null; // the next write finds out why, and says it
    }
  }
  return null;
}

/**
 * Chooses the store: by the option, else the provider's own, else by ONECELL_STORE, else files. A
 * provider that keeps nothing on disk keeps nothing elsewhere either, unless the caller says so.
 *
 * @param option what the caller gave
 * @param usual what the provider says
 * @param environment the value of ONECELL_STORE
 */
export function chooseStore(
  option: string | TokenStore | undefined,
  usual: "disk" | "memory",
  environment: string | undefined,
): StoreChoice {
  if (typeof option === "object") return { own: option };
  const text = option ?? (usual === "memory" ? usual : environment?.trim() || usual);
  return text === "disk" || text === "memory" ? text : { url: text };
}
