import { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { LockOptions } from "./patience.ts";
import { joinPath } from "./paths.ts";
import {
  readPrivateFile,
  removePrivateFile,
  setAside,
  sweepTemporaryFiles,
  writePrivateFile,
} from "./private_file.ts";
import type { StoredToken, TokenStore } from "./store.ts";
import { parseStoredToken } from "./stored_token.ts";

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

  async read(key: string): Promise<StoredToken | null> {
    const kept = unsaved.get(this.#memoryKey(key)) ?? null;
    const saved = await this.#readDisk(key);
    return kept && saved ? (saved.obtained_at > kept.obtained_at ? saved : kept) : kept ?? saved;
  }

  /** Keeps the token in memory until the disk has it: when this throws, the session can go on. */
  async write(key: string, token: StoredToken): Promise<void> {
    unsaved.set(this.#memoryKey(key), token);
    const folder = this.#needFolder();
    const path = this.#path(folder, key);
    try {
      if (this.#holders > 0) await sweepTemporaryFiles(this.#runtime, folder);
      await this.#setDamagedAside(path, key);
      await writePrivateFile(this.#runtime, path, JSON.stringify({ ...token, version: 1, key }));
    } catch (error) {
      throw await this.#explained(error, `save the token in "${path}"`);
    }
    if (unsaved.get(this.#memoryKey(key)) === token) unsaved.delete(this.#memoryKey(key));
  }

  async remove(key: string): Promise<boolean> {
    const kept = unsaved.delete(this.#memoryKey(key));
    if (this.#folder === undefined) return kept;
    const path = this.#path(this.#folder, key);
    try {
      await this.#removeDamaged(this.#folder, path);
      return await removePrivateFile(this.#runtime, path) || kept;
    } catch (error) {
      throw await this.#explained(error, `remove the token "${path}"`);
    }
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

  async #readDisk(key: string): Promise<StoredToken | null> {
    if (this.#folder === undefined) return null;
    try {
      const text = await readPrivateFile(this.#runtime, this.#path(this.#folder, key));
      return text === null ? null : parseStoredToken(text, key);
    } catch {
      return null; // the next write finds out why, and says it
    }
  }

  /**
   * Only just before a write, never on reading: somebody may have put a whole file in the damaged
   * one's place since it was read, with a refresh token that must not be lost.
   */
  async #setDamagedAside(path: string, key: string): Promise<void> {
    try {
      const text = await readPrivateFile(this.#runtime, path);
      if (text === null || parseStoredToken(text, key)) return;
    } catch (error) {
      // A link is replaced by the write, its target left alone; anything unreadable is set aside.
      if (this.#runtime.errorKind(error) !== "not_text") return;
    }
    await setAside(this.#runtime, path);
  }

  /** What was set aside may hold a token as well. */
  async #removeDamaged(folder: string, path: string): Promise<void> {
    for (const name of await this.#runtime.files.list(folder).catch(() => [])) {
      const aside = joinPath(this.#runtime, folder, name);
      if (aside.startsWith(`${path}.damaged-`)) await removePrivateFile(this.#runtime, aside);
    }
  }

  async #explained(error: unknown, doing: string): Promise<AuthError> {
    const { storeError } = await import("./store_error.ts");
    return storeError(this.#runtime, error, doing, this.#directory);
  }

  #needFolder(): string {
    if (this.#folder !== undefined) return this.#folder;
    throw new AuthError(
      "store_unavailable",
      "There is no folder to keep tokens in. Set HOME (USERPROFILE on Windows; Deno also needs " +
        "--allow-env=HOME,XDG_CONFIG_HOME) or the option `directory`.",
    );
  }

  #path(folder: string, key: string): string {
    return joinPath(this.#runtime, folder, `${fingerprint(key)}.json`);
  }

  #memoryKey(key: string): string {
    return `${this.#folder ?? ""}\n${key}`;
  }
}

/**
 * FNV-1a of 128 bits, in hexadecimal: a file name for a key. Nothing depends on it being hard to
 * forge, since a file says which key it is for; WebCrypto's first digest alone takes a millisecond.
 */
function fingerprint(key: string): string {
  let hash = 0x6c62272e07bb014262b821756295c58dn;
  for (const byte of new TextEncoder().encode(key)) {
    hash = BigInt.asUintN(128, (hash ^ BigInt(byte)) * 0x1000000000000000000013bn);
  }
  return hash.toString(16).padStart(32, "0");
}
