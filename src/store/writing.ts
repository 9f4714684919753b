import { AuthError } from "../errors.ts";
import { pause } from "../base/wait.ts";
import { parseObject, sha256 } from "../base/text.ts";
import { formatToken, mentionsKey, parseToken, type Token } from "../token/token.ts";
import { FileDriver, type Judgement } from "./file_driver.ts";
import { inTurn, isWithoutLocks } from "./lock.ts";
import { facts, memoryKey, newer, TOKEN_FOLDER, tokenPath } from "./open_store.ts";
import { joinPath } from "./disk.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type {
  Driver,
  LockOptions,
  Marks,
  OpenStoreOptions,
  RefreshTurn,
  Store,
  TokenStore,
} from "./store.ts";

/**
 * The complete store over any driver: it writes, removes, locks and marks. Drivers handle only texts;
 * this file knows what a token is, which one is newer and which one was not saved.
 */

/** Opens a store. @param unsaved this process's tokens that stores could not save */
export async function openWriting(
  options: OpenStoreOptions,
  unsaved: Map<string, Token>,
): Promise<Store> {
  const { store } = options;
  const place = typeof store === "string" ? "" : "url" in store ? store.url : "own";
  const kept = store === "memory" ? new Map() : unsaved;
  return new WritingStore(options, await driverOf(options), kept, place);
}

/** A store's driver, for saving credentials and moving a store's content; `undefined` without a folder. */
export async function driverOf(
  options: Pick<OpenStoreOptions, "runtime" | "directory" | "store" | "drivers">,
): Promise<Driver | undefined> {
  const { store, drivers } = options;
  if (store === "memory") return new MemoryDriver();
  if (store === "disk") return fileDriver(options);
  return "own" in store ? store.own : await (await drivers()).openDriver(options, store.url);
}

/** The file store alone, for callers that always write. */
export function openFiles(runtime: Runtime, directory: string | undefined): Store {
  const options = { runtime, directory, store: "disk" } as const;
  return new WritingStore(options, fileDriver(options), new Map());
}

/** Keeps tokens in files; `undefined` without a folder. */
export function fileDriver(
  { runtime, directory }: Pick<OpenStoreOptions, "runtime" | "directory">,
): FileDriver | undefined {
  if (directory === undefined) return undefined;
  return new FileDriver({
    runtime,
    folder: joinPath(runtime, directory, TOKEN_FOLDER),
    directory,
    extension: ".json",
    judge: judgeToken,
    keyOf: (text) => parseToken(text)?.key,
  });
}

function judgeToken(text: string, key: string): Judgement {
  if (parseToken(text, key)) return "whole";
  const named = parseObject(text)?.["key"];
  if (typeof named === "string" && named !== key) return "other";
  return mentionsKey(text, key) ? "damaged and ours" : "damaged";
}

/** Keeps values in this process only. */
export class MemoryDriver implements Driver {
  readonly #values = new Map<string, string>();
  readonly #queue = `memory ${crypto.randomUUID()}`;

  read(key: string): Promise<string | undefined> {
    return Promise.resolve(this.#values.get(key));
  }

  write(key: string, value: string): Promise<void> {
    this.#values.set(key, value);
    return Promise.resolve();
  }

  remove(key: string): Promise<boolean> {
    return Promise.resolve(this.#values.delete(key));
  }

  async exclusive<T>(
    key: string,
    work: () => Promise<T>,
    { signal }: { signal: AbortSignal },
  ): Promise<T> {
    const options = { timeout: Infinity, signal };
    return await inTurn(`${this.#queue} ${key}`, "an earlier sign-in", options, work);
  }

  keys(): Promise<string[]> {
    return Promise.resolve([...this.#values.keys()]);
  }
}

/** How often to read the stored token while another process refreshes it, in milliseconds. */
const LOOKING_PAUSE = 100;

/** How old a disk's or a server's copy may be, in milliseconds, as with SMB. */
const STALE_TIME = 1_200;

/**
 * After this time, in milliseconds, a refresh token without a result is tried once more. The server
 * may never have received it, and if it has, there is nothing left to lose.
 */
const MARK_LIFETIME = 15 * 60_000;

type StoreOptions = Pick<OpenStoreOptions, "runtime" | "directory" | "store">;

class WritingStore implements Store {
  readonly kept: string;
  readonly shared: boolean;
  readonly #options: StoreOptions;
  readonly #driver: TokenStore & Driver | undefined;
  readonly #marks: Marks;
  readonly #unsaved: Map<string, Token>;
  readonly #place: string;
  #problem: AuthError | undefined;

  constructor(
    options: StoreOptions,
    driver: Driver | undefined,
    unsaved: Map<string, Token>,
    place = "",
  ) {
    const { store, runtime } = options;
    this.#options = options;
    this.#driver = driver;
    this.#unsaved = unsaved;
    this.#marks = driver?.marks ?? marksAmongValues(() => this.#need());
    ({ kept: this.kept, shared: this.shared } = facts(store));
    // The same folder as in `openStore`, which uses the same map.
    this.#place = store === "disk" && options.directory !== undefined
      ? joinPath(runtime, options.directory, TOKEN_FOLDER)
      : place;
  }

  get problem(): AuthError | undefined {
    return this.#problem;
  }

  async read(key: string): Promise<Token | null> {
    const kept = this.#unsaved.get(this.#memoryKey(key)) ?? null;
    try {
      return newer(kept, await this.#saved(key));
    } catch (error) {
      // The next write explains a file that cannot be read.
      if (error instanceof AuthError && this.#options.store !== "disk") this.#problem = error;
      return kept;
    }
  }

  async readStrictly(key: string): Promise<Token | null> {
    const kept = this.#unsaved.get(this.#memoryKey(key));
    const text = await this.#need().read(key);
    if (text === undefined) return kept ?? null;
    const token = parseToken(text, key);
    if (token) return newer(kept ?? null, token);
    throw new AuthError("store_unavailable", "The saved session is damaged. Sign in again.");
  }

  async write(key: string, token: Token): Promise<void> {
    const name = this.#memoryKey(key);
    this.#unsaved.set(name, token);
    try {
      await this.#need().write(key, formatToken(token, key));
      if (this.#options.store !== "disk") this.#problem = undefined;
    } catch (error) {
      // Another process signed in while this one was stopped: keep its session.
      const isOvertaken = error instanceof AuthError && error.code === "store_locked";
      if (!isOvertaken || !await this.#saved(key).catch(() => null)) throw error;
    }
    if (this.#unsaved.get(name) === token) this.#unsaved.delete(name);
  }

  async remove(key: string): Promise<boolean> {
    const kept = this.#unsaved.delete(this.#memoryKey(key));
    if (this.#driver === undefined) return kept;
    const removed = await this.#driver.remove(key);
    await this.#marks.clear(key).catch(() => {});
    return removed || kept;
  }

  async exclusive<T>(key: string, action: () => Promise<T>, options: LockOptions): Promise<T> {
    const driver = this.#need();
    try {
      return driver instanceof FileDriver
        ? await driver.locked(action, options)
        : await exclusively(driver, key, action, options);
    } catch (error) {
      if (!isWithoutLocks(error)) throw error;
      this.#problem = error;
      return await inTurn(`${this.#place} ${key}`, "an earlier sign-in", options, action);
    }
  }

  async beginRefresh(token: Token, { timeout, signal }: LockOptions): Promise<RefreshTurn> {
    const { key, refresh_token: sent } = token;
    const driver = this.#driver;
    const isAlone = driver === undefined || this.#options.store === "memory";
    if (sent === undefined || isAlone) return "go";
    const name = await markName(sent);
    const started = performance.now();
    for (;;) {
      const made = await this.#mark(key, name);
      const stored = await this.read(key);
      const isChanged = stored !== null &&
        (stored.refresh_token !== sent || stored.access_token !== token.access_token);
      if (isChanged) {
        if (made === "made") await this.#marks.clear(key).catch(() => {});
        return "changed";
      }
      if (made === "made") {
        try {
          await driver.hold?.(key, timeout);
          return "go";
        } catch (error) {
          await this.#marks.clear(key).catch(() => {});
          throw error;
        }
      }
      const waited = performance.now() - started;
      const age = Math.abs(Date.now() - made);
      // Check this process's own clock too, because the other process's clock may have jumped.
      if (waited >= timeout && age > MARK_LIFETIME) await this.#marks.clear(key);
      else if (waited >= timeout || (age > timeout && waited > STALE_TIME)) return "unknown";
      else await pause(LOOKING_PAUSE * (0.5 + Math.random()), signal);
    }
  }

  async endRefresh({ key, refresh_token: sent }: Token, rotated: boolean): Promise<void> {
    const isAlone = this.#driver === undefined || this.#options.store === "memory";
    if (sent === undefined || isAlone) return;
    // A used token's mark stays until the next refresh ends. A process that reads an older copy of
    // the token, as SMB gives for a second, then finds the mark.
    const except = rotated ? await markName(sent) : undefined;
    await this.#marks.clear(key, except).catch(() => {});
  }

  async location(key: string): Promise<string | null> {
    const { runtime, store, directory } = this.#options;
    if (store !== "disk" || directory === undefined) return null;
    return await tokenPath(runtime, joinPath(runtime, directory, TOKEN_FOLDER), key);
  }

  async #saved(key: string): Promise<Token | null> {
    const text = await this.#driver?.read(key);
    return text === undefined ? null : parseToken(text, key) ?? null;
  }

  /** Makes a mark. If a local store fails, goes on: the token cannot be saved either, which is reported. */
  async #mark(key: string, name: string): Promise<"made" | number> {
    try {
      return await this.#marks.make(key, name);
    } catch (error) {
      if (this.shared || !(error instanceof AuthError)) throw error;
      return "made";
    }
  }

  #need(): Driver {
    if (this.#driver !== undefined) return this.#driver;
    throw new AuthError(
      "store_unavailable",
      "There is no folder to save tokens in. Set HOME (USERPROFILE on Windows; Deno also needs " +
        "--allow-env=HOME,XDG_CONFIG_HOME) or the option `directory`.",
    );
  }

  #memoryKey(key: string): string {
    return memoryKey(this.#place, key);
  }
}

/** A mark's name: it identifies the sent refresh token without revealing it. */
async function markName(refreshToken: string): Promise<string> {
  return (await sha256(refreshToken)).slice(0, 16);
}

/** Marks for a store without its own marks. They are as safe as its `exclusive`. */
function marksAmongValues(driver: () => Driver): Marks {
  const under = (key: string) => `${key}\nmark`;
  return {
    async make(key, name) {
      const [there, time] = (await driver().read(under(key)))?.split(" ") ?? [];
      if (there === name) return Number(time) || Date.now();
      await driver().write(under(key), `${name} ${Date.now()}`);
      return "made";
    },
    async clear(key, except) {
      if (except !== undefined) return; // a key has only one mark: keep it
      await driver().remove(under(key));
    },
  };
}

/** Calls any driver's `exclusive`, with a time limit. */
async function exclusively<T>(
  driver: TokenStore,
  key: string,
  action: () => Promise<T>,
  { timeout, signal }: LockOptions,
): Promise<T> {
  const late = new AbortController();
  const alarm = setTimeout(
    () =>
      late.abort(
        new AuthError(
          "store_locked",
          "Waited too long for the session's store: another process or call holds it. Let that one " +
            "finish or end it, then try again.",
        ),
      ),
    Math.min(timeout, 2 ** 31 - 1),
  );
  const signals = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]);
  let begun = false;
  const work = async () => {
    begun = true;
    clearTimeout(alarm);
    return await action();
  };
  try {
    return await driver.exclusive(key, work, { signal: signals });
  } catch (error) {
    // A caller's own store may throw the signal's reason, or anything else.
    if (begun || !(late.signal.aborted) || error === late.signal.reason) throw error;
    throw late.signal.reason;
  } finally {
    clearTimeout(alarm);
  }
}
