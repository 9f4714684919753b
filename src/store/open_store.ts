import { sha256 } from "../base/text.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { parseToken, type Token } from "../token/token.ts";
import { joinPath, readSafely } from "./disk.ts";
import type { OpenStoreOptions, Store, StoreChoice, TokenStore } from "./store.ts";

/**
 * Opens the store of an application's tokens and reads a token's file: all that a start with a saved
 * token needs. `options.writing` loads the code that writes and locks.
 */

/** This module's folder inside an application's folder, which may hold other programs' files. */
export const TOKEN_FOLDER = "onecell";

/**
 * Tokens that a store could not save, by folder and key. They belong to the process, not to one
 * store, because the next cell opens another store and must find them.
 */
const unsaved = new Map<string, Token>();

/** Opens a store. Reads, writes and creates nothing until the store is used. */
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

/** The store's name, without the password in its URL, and whether other machines share it. */
export function facts(store: StoreChoice): Pick<Store, "kept" | "shared"> {
  if (typeof store === "string") return { kept: store, shared: false };
  if (!("url" in store)) return { kept: "own", shared: true };
  const kept = store.url.replace(/\/\/[^/]*@/, "//").replace(/[?#].*/, "");
  return { kept, shared: !store.url.startsWith("keyring:") };
}

/** The newer of the token in memory and the saved one. */
export function newer(kept: Token | null, saved: Token | null): Token | null {
  if (kept && saved) return saved.obtained_at > kept.obtained_at ? saved : kept;
  return kept ?? saved;
}

/** The key of an unsaved token in memory. */
export function memoryKey(place: string | undefined, key: string): string {
  return `${place ?? ""}\n${key}`;
}

/** The path of a key's token file. No other key can have the same path. */
export async function tokenPath(runtime: Runtime, folder: string, key: string): Promise<string> {
  return joinPath(runtime, folder, `${await sha256(key)}.json`);
}

/**
 * The path an earlier version used for a key's token, named by two 32-bit FNV-1a hashes. Such a name
 * can be forged, so only the file's content shows which key it belongs to.
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
  try {
    const text = await readSafely(runtime, path) ??
      await readSafely(runtime, earlierTokenPath(runtime, folder, key));
    return text === null ? null : parseToken(text, key) ?? null;
  } catch {
    return null; // the next write finds and reports the reason
  }
}

/**
 * Chooses the store: the option, else the provider's own choice, else ONECELL_STORE, else files. A
 * provider that saves nothing to disk saves nothing elsewhere either, unless the caller asks for it.
 *
 * @param option the caller's choice
 * @param usual the provider's choice
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
