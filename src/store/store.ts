import type { AuthError } from "../errors.ts";
import type { TokenStore } from "../interface/options.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Token } from "../token/token.ts";
import type { CredentialsName, StoredCredentials } from "./stored_credentials.ts";

/** What a store is, for those who use one, who write one, and who put one together. */

export type { TokenStore };

export type { SavedCredentials } from "../credentials/choose_credentials.ts";

// For callers that have not changed to the new name yet.
export type { Token as StoredToken };

/** A {@linkcode TokenStore} of this module's own, which can do more. */
export interface Driver extends TokenStore {
  /** Makes sure that `exclusive` still holds the key, and holds it for this long, in milliseconds. */
  hold?(key: string, milliseconds: number): Promise<void>;
  /** Marks that needs no lock to be safe; see `refresh_mark.ts`. Others keep theirs among the values. */
  marks?: Marks;
}

/** Marks of refresh tokens that were sent. */
export interface Marks {
  /** Makes a mark; when it is there already, the time it was made at, in epoch milliseconds. */
  make(key: string, name: string): Promise<"made" | number>;
  /** Removes the marks of a key, all or all but one. */
  clear(key: string, except?: string): Promise<void>;
}

/** How long a caller waits for its turn, and what ends the wait early. */
export interface LockOptions {
  /** In milliseconds. */
  timeout: number;
  signal?: AbortSignal | undefined;
}

/** What may follow from {@linkcode Store.beginRefresh}. */
export type RefreshTurn =
  /** Send the refresh now, then call `endRefresh`. */
  | "go"
  /** Another process has renewed meanwhile: read again. */
  | "changed"
  /**
   * Another process has sent this refresh token and its result never came: it was killed, or is
   * stopped. The token may be used up, and using it twice can end every session: sign in otherwise.
   */
  | "unknown";

/** Where a session's tokens are kept, as the rest of this module sees it. */
export interface Store {
  /** Where: `"disk"`, `"memory"`, or what stands for another store, without a password. */
  readonly kept: string;
  /** True when other machines use it too: without it no rotating refresh token may be used. */
  readonly shared: boolean;
  /** What does not work as it should, though sessions do; for the doctor and `storeProblem`. */
  readonly problem: AuthError | undefined;
  /**
   * The token, or `null`: of the store and this process's memory the newer one. Takes no lock and
   * never throws. A damaged one counts as none; the next write sets it aside.
   */
  read(key: string): Promise<Token | null>;
  /**
   * The token, or `null` when there certainly is none, as after a log-out in another process.
   *
   * @throws {AuthError} `store_unavailable` or `permission_denied` when that cannot be seen, also
   * for a damaged one
   */
  readStrictly(key: string): Promise<Token | null>;
  /**
   * Writes it, atomically and private. Where the store refuses, this process has it in memory.
   *
   * @throws {AuthError} `store_unavailable` or `permission_denied` when the store has not taken it
   */
  write(key: string, token: Token): Promise<void>;
  /** Removes it, and what killed writers left; true when there was one. */
  remove(key: string): Promise<boolean>;
  /**
   * Runs `action` while no other process or caller runs one for this key. Where the disk has no
   * locks it runs at once, and `problem` says so.
   *
   * @throws {AuthError} `store_locked` when `timeout` passes first; `aborted`, or `timeout` for a
   * signal of that kind, when `signal` ends the wait; `store_unavailable` when there is no place for
   * a lock, or the store does not answer
   */
  exclusive<T>(key: string, action: () => Promise<T>, options: LockOptions): Promise<T>;
  /**
   * Asks for the turn to send a token's refresh token, where refresh tokens work once. A second
   * guard beside `exclusive`, which holds where locks do not.
   *
   * @param options how long one request may take, in milliseconds
   * @throws {AuthError} `store_locked` when the turn was lost while waiting, and others have it
   */
  beginRefresh(token: Token, options: LockOptions): Promise<RefreshTurn>;
  /** Ends the turn. @param rotated true when a new refresh token was saved in this one's place */
  endRefresh(token: Token, rotated: boolean): Promise<void>;
  /** The file a key is kept in, for people; `null` where there is none. */
  location(key: string): Promise<string | null>;
}

/** Which store: see {@linkcode chooseStore}. */
export type StoreChoice = "disk" | "memory" | { readonly url: string } | {
  readonly own: TokenStore;
};

/** What {@linkcode OpenStoreOptions.writing} loads: what writes and locks. */
export interface WritingDoor {
  openWriting(options: OpenStoreOptions, unsaved: Map<string, Token>): Promise<Store>;
}

/** What {@linkcode OpenStoreOptions.drivers} loads: stores that are neither files nor memory. */
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

/** What a store is opened with. */
export interface OpenStoreOptions {
  runtime: Runtime;
  /** The application's configuration folder; `undefined` when there is none. */
  directory: string | undefined;
  store: StoreChoice;
  /** Loads `writing.ts`: a start that finds its token needs none of it. */
  writing: () => Promise<WritingDoor>;
  /** Loads `drivers.ts`. */
  drivers: () => Promise<DriversDoor>;
}
