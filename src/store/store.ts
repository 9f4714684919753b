import type { AuthError } from "../errors.ts";
import type { TokenStore } from "../interface/options.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Token } from "../token/token.ts";
import type { CredentialsName, StoredCredentials } from "./stored_credentials.ts";

/** The types of a store, for code that uses, implements or creates one. */

export type { TokenStore };

export type { SavedCredentials } from "../credentials/choose_credentials.ts";

// For callers that still use the old name.
export type { Token as StoredToken };

/** One of this module's own {@linkcode TokenStore}s, with extra functions. */
export interface Driver extends TokenStore {
  /** Checks that `exclusive` still holds the key, and keeps holding it for this long, in milliseconds. */
  hold?(key: string, milliseconds: number): Promise<void>;
  /** Marks that are safe without a lock. For other drivers, the store keeps marks among the values. */
  marks?: Marks;
}

/** Marks refresh tokens that were sent. */
export interface Marks {
  /** Makes a mark. If there is one already, gives the time it was made, in epoch milliseconds. */
  make(key: string, name: string): Promise<"made" | number>;
  /** Removes a key's marks, all or all but one. */
  clear(key: string, except?: string): Promise<void>;
}

/** How long a caller waits for its turn, and what ends the wait early. */
export interface LockOptions {
  /** In milliseconds. */
  timeout: number;
  signal?: AbortSignal | undefined;
}

/** The result of {@linkcode Store.beginRefresh}. */
export type RefreshTurn =
  /** Send the refresh now, then call `endRefresh`. */
  | "go"
  /** Another process renewed the token: read it again. */
  | "changed"
  /**
   * Another process sent this refresh token and never got a result: it was killed or stopped. The
   * token may be used up, and using it twice can end every session: sign in another way.
   */
  | "unknown";

/** Where a session's tokens are kept, as the rest of this module sees it. */
export interface Store {
  /** The store: `"disk"`, `"memory"`, or another store's name without its password. */
  readonly kept: string;
  /** True when other machines use it too. Otherwise no rotating refresh token may be used. */
  readonly shared: boolean;
  /** What does not work although sessions do; for the doctor and `storeProblem`. */
  readonly problem: AuthError | undefined;
  /**
   * The newer token of the store and this process's memory, or `null`. Takes no lock and never
   * throws. A damaged token counts as missing; the next write sets it aside.
   */
  read(key: string): Promise<Token | null>;
  /**
   * The token, or `null` when there certainly is no token, as after a sign-out in another process.
   *
   * @throws {AuthError} `store_unavailable` or `permission_denied` when this cannot be checked, or
   * when the token is damaged
   */
  readStrictly(key: string): Promise<Token | null>;
  /**
   * Writes the token, atomically and private. If the store refuses it, this process keeps it in memory.
   *
   * @throws {AuthError} `store_unavailable` or `permission_denied` when the store did not save it
   */
  write(key: string, token: Token): Promise<void>;
  /** Removes the token and the leftovers of killed writers; true when there was a token. */
  remove(key: string): Promise<boolean>;
  /**
   * Runs `action` while no other process or caller runs one for this key. If the disk has no locks,
   * runs it at once and sets `problem`.
   *
   * @throws {AuthError} `store_locked` when `timeout` passes first; `aborted`, or `timeout` for a
   * timeout signal, when `signal` ends the wait; `store_unavailable` when there is no folder for
   * a lock, or the store does not respond
   */
  exclusive<T>(key: string, action: () => Promise<T>, options: LockOptions): Promise<T>;
  /**
   * Asks for the turn to send a token's refresh token, when refresh tokens work only once. This second
   * guard besides `exclusive` also works without locks.
   *
   * @param options how long one request may take, in milliseconds
   * @throws {AuthError} `store_locked` when another caller took the turn during the wait
   */
  beginRefresh(token: Token, options: LockOptions): Promise<RefreshTurn>;
  /** Ends the turn. @param rotated true when a new refresh token was saved instead of this one */
  endRefresh(token: Token, rotated: boolean): Promise<void>;
  /** The path of a key's file, for people; `null` when there is none. */
  location(key: string): Promise<string | null>;
}

/** Which store: see {@linkcode chooseStore}. */
export type StoreChoice = "disk" | "memory" | { readonly url: string } | {
  readonly own: TokenStore;
};

/** What {@linkcode OpenStoreOptions.writing} loads: the code that writes and locks. */
export interface WritingDoor {
  openWriting(options: OpenStoreOptions, unsaved: Map<string, Token>): Promise<Store>;
}

/** What {@linkcode OpenStoreOptions.drivers} loads: stores other than files and memory. */
export interface DriversDoor {
  openDriver(
    options: Pick<OpenStoreOptions, "runtime" | "directory">,
    url: string,
  ): Promise<Driver>;
  openCredentials(
    options: Pick<OpenStoreOptions, "runtime" | "directory">,
    choice: Exclude<StoreChoice, string>,
    name: CredentialsName,
  ): Promise<StoredCredentials>;
}

/** The options for opening a store. */
export interface OpenStoreOptions {
  runtime: Runtime;
  /** The application's configuration folder; `undefined` when there is none. */
  directory: string | undefined;
  store: StoreChoice;
  /** Loads `writing.ts`. A start that finds its token does not need it. */
  writing: () => Promise<WritingDoor>;
  /** Loads `drivers.ts`. */
  drivers: () => Promise<DriversDoor>;
}
