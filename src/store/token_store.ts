import { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { LockOptions } from "./lock.ts";
import { joinPath } from "./paths.ts";
import type { StoredToken, TokenStore } from "./store.ts";
import type { TokenFile } from "./token_file.ts";

/** Our folder in an application's: what else lies there is not ours. */
export const TOKEN_FOLDER = "onecell";

/**
 * Tokens the disk would not take, by folder and key. They belong to the process, not to one store:
 * the next cell opens another store and must find them.
 */
const unsaved = new Map<string, StoredToken>();

/**
 * Opens the store of an application's tokens. Nothing is read, written or created before it is
 * asked for.
 *
 * @param directory the application's configuration folder; `undefined` when there is none
 * @param keep `"memory"` leaves the disk alone: this store is then the only one to know its tokens
 */
export function openTokenStore(
  runtime: Runtime,
  directory: string | undefined,
  keep: "disk" | "memory",
): TokenStore {
  return keep === "memory" ? new MemoryStore() : new DiskStore(runtime, directory);
}

class MemoryStore implements TokenStore {
  readonly #tokens = new Map<string, StoredToken>();
  readonly #queue = `memory ${crypto.randomUUID()}`;

  read(key: string): Promise<StoredToken | null> {
    return Promise.resolve(this.#tokens.get(key) ?? null);
  }

  write(key: string, token: StoredToken): Promise<void> {
    this.#tokens.set(key, token);
    return Promise.resolve();
  }

  remove(key: string): Promise<boolean> {
    return Promise.resolve(this.#tokens.delete(key));
  }

  async exclusive<T>(action: () => Promise<T>, options: LockOptions): Promise<T> {
    const { inTurn } = await import("./lock.ts");
    return await inTurn(this.#queue, "an earlier sign-in", options, action);
  }

  location(): null {
    return null;
  }
}

class DiskStore implements TokenStore {
  readonly #runtime: Runtime;
  readonly #directory: string;
  readonly #folder: string | undefined;
  #holders = 0;

  constructor(runtime: Runtime, directory: string | undefined) {
    this.#runtime = runtime;
    this.#directory = directory ?? "";
    this.#folder = directory === undefined ? undefined : joinPath(runtime, directory, TOKEN_FOLDER);
  }

  // `async` for the interface; nothing here waits.
  // deno-lint-ignore require-await
  async read(key: string): Promise<StoredToken | null> {
    const kept = unsaved.get(this.#memoryKey(key)) ?? null;
    const saved = this.#readDisk(key);
    return kept && saved ? (saved.obtained_at > kept.obtained_at ? saved : kept) : kept ?? saved;
  }

  /** Keeps the token in memory until the disk has it: when this throws, the session can go on. */
  async write(key: string, token: StoredToken): Promise<void> {
    unsaved.set(this.#memoryKey(key), token);
    const file = this.#file(this.#needFolder(), key);
    const { writeToken } = await import("./token_file.ts");
    await writeToken(this.#runtime, file, token, this.#holders > 0);
    if (unsaved.get(this.#memoryKey(key)) === token) unsaved.delete(this.#memoryKey(key));
  }

  async remove(key: string): Promise<boolean> {
    const kept = unsaved.delete(this.#memoryKey(key));
    if (this.#folder === undefined) return kept;
    const { removeToken } = await import("./token_file.ts");
    return await removeToken(this.#runtime, this.#file(this.#folder, key)) || kept;
  }

  async exclusive<T>(action: () => Promise<T>, options: LockOptions): Promise<T> {
    const path = joinPath(this.#runtime, this.#needFolder(), "lock.sqlite");
    const place = { path, directory: this.#directory };
    // Only now: a start that finds its token needs no lock.
    const { withLock } = await import("./lock.ts");
    return await withLock(this.#runtime, place, async () => {
      this.#holders++;
      try {
        return await action();
      } finally {
        this.#holders--;
      }
    }, options);
  }

  location(key: string): string | null {
    return this.#folder === undefined ? null : this.#path(this.#folder, key);
  }

  #readDisk(key: string): StoredToken | null {
    if (this.#folder === undefined) return null;
    try {
      const text = this.#runtime.files.readTextNoFollow(this.#path(this.#folder, key));
      return text === null ? null : parseStoredToken(text, key);
    } catch {
      return null; // the next write finds out why, and says it
    }
  }

  #needFolder(): string {
    if (this.#folder !== undefined) return this.#folder;
    throw new AuthError(
      "store_unavailable",
      "There is no folder to keep tokens in. Set HOME (USERPROFILE on Windows; Deno also needs " +
        "--allow-env=HOME,XDG_CONFIG_HOME) or the option `directory`.",
    );
  }

  #file(folder: string, key: string): TokenFile {
    return { path: this.#path(folder, key), key, folder, directory: this.#directory };
  }

  #path(folder: string, key: string): string {
    return joinPath(this.#runtime, folder, `${fingerprint(key)}.json`);
  }

  #memoryKey(key: string): string {
    return `${this.#folder ?? ""}\n${key}`;
  }
}

/**
 * Two FNV-1a of 32 bits that begin differently, in hexadecimal: a file name for a key. Nothing
 * depends on it being hard to forge, since a file says which key it is for; WebCrypto's first digest
 * alone takes a millisecond.
 */
function fingerprint(key: string): string {
  let one = 0x811c9dc5;
  let other = 0x62b82175;
  for (let at = 0; at < key.length; at++) {
    const unit = key.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x01000193);
    other = Math.imul(other ^ unit, 0x01000193);
  }
  return [one, other].map((hash) => (hash >>> 0).toString(16).padStart(8, "0")).join("");
}

const TEXTS = ["key", "access_token", "token_type"] as const;
const NUMBERS = ["expires_at", "obtained_at"] as const;
const OPTIONAL_TEXTS = ["scope", "refresh_token", "id_token", "account", "token_endpoint"] as const;

/** What a token file's text says, or `null` when it is not a whole token of this version and key. */
export function parseStoredToken(text: string, key: string): StoredToken | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value) || value["version"] !== 1 || value["key"] !== key) return null;
  const read: Record<string, unknown> = { version: 1 };
  for (const name of TEXTS) {
    if (typeof value[name] !== "string" || value[name] === "") return null;
    read[name] = value[name];
  }
  // Anything else fits into no header, and is no token.
  if (!/^[\x20-\x7e]+$/.test(read["access_token"] as string)) return null;
  for (const name of NUMBERS) {
    if (!Number.isFinite(value[name])) return null;
    read[name] = value[name];
  }
  for (const name of OPTIONAL_TEXTS) {
    if (value[name] === undefined) continue;
    if (typeof value[name] !== "string") return null;
    read[name] = value[name];
  }
  if (value["dpop_key"] !== undefined) {
    if (!isObject(value["dpop_key"])) return null;
    read["dpop_key"] = value["dpop_key"];
  }
  return read as unknown as StoredToken;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
