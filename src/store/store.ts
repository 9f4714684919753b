import type { JWK } from "jose";

export type { SavedCredentials } from "../credentials/choose_credentials.ts";

/** What the store keeps of one sign-in. All of it is secret. Times are epoch seconds. */
export interface StoredToken {
  version: 1;
  /** Which token this is, in plain words: provider, endpoint, account, scope, session key. */
  key: string;
  access_token: string;
  token_type: string;
  /** When the access token expires, in epoch seconds. */
  expires_at: number;
  /** When it was received, in epoch seconds. */
  obtained_at: number;
  scope?: string;
  refresh_token?: string;
  id_token?: string;
  /** Who signed in, as shown to the person; not a secret. */
  account?: string;
  /** The token endpoint it came from, when the sign-in decided it. */
  token_endpoint?: string;
  /** The DPoP key the token is bound to (RFC 9449), as a private JWK. */
  dpop_key?: JWK;
}

/** Where tokens are kept: on disk, or in memory only. */
export interface TokenStore {
  /**
   * The token, or `null`: of disk and memory the newer one. Takes no lock and never throws. A damaged
   * file counts as none; the next write sets it aside.
   */
  read(key: string): Promise<StoredToken | null>;
  /**
   * Writes it, atomically and private. Where the disk refuses, this process still has it in memory.
   *
   * @throws {AuthError} `store_unavailable` or `permission_denied` when the disk has not taken it
   */
  write(key: string, token: StoredToken): Promise<void>;
  /** Removes it; true when there was one. */
  remove(key: string): Promise<boolean>;
  /**
   * Runs `action` while no other process or caller runs one for this store.
   *
   * @throws {AuthError} `store_locked` when `timeout` (milliseconds) passes first; `aborted`, or
   * `timeout` for a signal of that kind, when `signal` ends the wait; `store_unavailable` when there
   * is no place for a lock
   */
  exclusive<T>(
    action: () => Promise<T>,
    options: { timeout: number; signal?: AbortSignal | undefined },
  ): Promise<T>;
  /** The file a key is kept in, for people; `null` in memory. */
  location(key: string): string | null;
}
