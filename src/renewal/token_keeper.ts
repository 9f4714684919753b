import { AuthError } from "../errors.ts";
import type { GrantParts, GrantRequest } from "../grants/grant.ts";
import type { TokenSource } from "../http/api_fetch.ts";
import type { StoredToken, TokenStore } from "../store/store.ts";
import type { TokenResponse } from "../token/token_response.ts";

/** What a sign-in with a person gave. */
export interface SignedIn {
  response: TokenResponse;
  /** The token endpoint, when the sign-in decided it. */
  tokenEndpoint?: string | undefined;
}

/** What keeps one session's token fresh. */
export interface KeeperParts {
  key: string;
  store: TokenStore;
  /** The parts of one exchange with the token endpoint. */
  grantParts: GrantParts;
  /** The grant that needs no person, where the credentials are complete; else `null`. */
  silent: Extract<GrantRequest, { grant: "client_credentials" | "password" }> | null;
  /** Asks the person; throws when there is nobody. */
  signIn: (parts: GrantParts) => Promise<SignedIn>;
  /** The token another program keeps for the same session, if any. */
  foreign: () => Promise<StoredToken | null>;
  /** Bind tokens to a key (DPoP). */
  dpop: boolean;
  now: () => number;
}

/** What a keeper holds, and a renewal changes. */
export interface HeldToken {
  /** The newest token, fresh or not. */
  token: StoredToken | null;
  /** Why the last token is not on disk, if it should be. */
  storeProblem: AuthError | undefined;
}

/** A renewal that failed is not tried again before this, in milliseconds, while the token still works. */
const RENEWAL_PAUSE = 5_000;

/**
 * Holds a session's token and renews it: once at a time in this process, and, under the store's lock,
 * once among all processes.
 */
export class TokenKeeper implements TokenSource {
  readonly #parts: KeeperParts;
  readonly #held: HeldToken = { token: null, storeProblem: undefined };
  #pending: Promise<StoredToken> | null = null;
  #pausedUntil = 0;
  #ended = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** The newest token, fresh or not. */
  get token(): StoredToken | null {
    return this.#held.token;
  }

  /** Why the last token is not on disk, if it should be. */
  get storeProblem(): AuthError | undefined {
    return this.#held.storeProblem;
  }

  /** Takes the stored token if it is still good; no lock, no network. */
  async adopt(): Promise<StoredToken | null> {
    const { store, key, foreign } = this.#parts;
    this.#held.token = await store.read(key) ?? await foreign();
    return this.current();
  }

  current(): StoredToken | null {
    const token = this.#held.token;
    return token !== null && isFresh(token, this.#parts.now()) ? token : null;
  }

  async fresh(signal?: AbortSignal): Promise<StoredToken> {
    const good = this.current();
    if (good) return good;
    const old = this.#held.token;
    const stillWorks = () => old !== null && this.#parts.now() < old.expires_at * 1000;
    if (stillWorks() && this.#parts.now() < this.#pausedUntil) return old as StoredToken;
    try {
      return await this.#renewal(() => this.#renew(null), signal);
    } catch (error) {
      // In the margin before the end the old token is still good, whatever ails the server.
      if (!stillWorks() || signal?.aborted || this.#ended) throw error;
      this.#pausedUntil = this.#parts.now() + RENEWAL_PAUSE;
      return old as StoredToken;
    }
  }

  async renewAfterRefusal(refused: StoredToken, signal?: AbortSignal): Promise<StoredToken> {
    const good = this.current();
    if (good && good !== refused && good.access_token !== refused.access_token) return good;
    return await this.#renewal(() => this.#renew(refused), signal);
  }

  /** Gets a new token whatever the old one is worth. */
  async refresh(signal?: AbortSignal): Promise<StoredToken> {
    return await this.#renewal(() => this.#renew(this.#held.token), signal);
  }

  /** Signs in anew, as if there were no session. */
  async signInAnew(signal?: AbortSignal): Promise<StoredToken> {
    this.#held.token = null;
    return await this.#renewal(() => this.#renew(null, true), signal);
  }

  /** Forgets the token; the session is over. */
  end(): void {
    this.#ended = true;
    this.#held.token = null;
  }

  /** One at a time: whoever comes while a renewal is under way waits for its result. */
  #renewal(renew: () => Promise<StoredToken>, signal?: AbortSignal): Promise<StoredToken> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.#pending ??= renew().finally(() => this.#pending = null);
    return signal ? abortable(this.#pending, signal) : this.#pending;
  }

  async #renew(refused: StoredToken | null, anew = false): Promise<StoredToken> {
    this.#checkEnded();
    const { Renewal } = await import("./renewal.ts");
    const token = await new Renewal(this.#parts, this.#held).token(refused, anew);
    this.#checkEnded();
    this.#pausedUntil = 0;
    return this.#held.token = token;
  }

  #checkEnded(): void {
    if (!this.#ended) return;
    throw new AuthError("session_expired", "This session was logged out. Call getSession again.");
  }
}

/**
 * True while a token may be used.
 *
 * @param now epoch milliseconds
 */
export function isFresh(token: StoredToken, now: number): boolean {
  return now < renewalTime(token);
}

/**
 * When to renew, in epoch milliseconds: a minute before the end, sooner for short tokens (a tenth of
 * their life), so that a request under way does not arrive with a dead token.
 */
export function renewalTime(token: StoredToken): number {
  const lifetime = Math.max(0, token.expires_at - token.obtained_at);
  return (token.expires_at - Math.min(60, lifetime / 10)) * 1000;
}

/** Stops waiting when the signal says so; what is waited for goes on for the others. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
