import { AuthError } from "./errors.ts";
import type { GrantParts, GrantRequest } from "./grants/grant.ts";
import type { TokenSource } from "./http/api_fetch.ts";
import type { StoredToken, TokenStore } from "./store/store.ts";
import { accountOf, checkAlive, isFresh, storedToken, type TokenResponse } from "./token.ts";

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

/** A renewal that failed is not tried again before this, in milliseconds, while the token still works. */
const RENEWAL_PAUSE = 5_000;

/**
 * Holds a session's token and renews it: once at a time in this process, and, under the store's lock,
 * once among all processes.
 */
export class TokenKeeper implements TokenSource {
  readonly #parts: KeeperParts;
  #token: StoredToken | null = null;
  #pending: Promise<StoredToken> | null = null;
  #pausedUntil = 0;
  #ended = false;
  #storeProblem: AuthError | undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** The newest token, fresh or not. */
  get token(): StoredToken | null {
    return this.#token;
  }

  /** Why the last token is not on disk, if it should be. */
  get storeProblem(): AuthError | undefined {
    return this.#storeProblem;
  }

  /** Takes the stored token if it is still good; no lock, no network. */
  async adopt(): Promise<StoredToken | null> {
    const { store, key, foreign } = this.#parts;
    this.#token = await store.read(key) ?? await foreign();
    return this.current();
  }

  current(): StoredToken | null {
    const token = this.#token;
    return token !== null && isFresh(token, this.#parts.now()) ? token : null;
  }

  async fresh(signal?: AbortSignal): Promise<StoredToken> {
    const good = this.current();
    if (good) return good;
    const old = this.#token;
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
    return await this.#renewal(() => this.#renew(this.#token), signal);
  }

  /** Signs in anew, as if there were no session. */
  async signInAnew(signal?: AbortSignal): Promise<StoredToken> {
    this.#token = null;
    return await this.#renewal(() => this.#renew(null, true), signal);
  }

  /** Forgets the token; the session is over. */
  end(): void {
    this.#ended = true;
    this.#token = null;
  }

  /** One at a time: whoever comes while a renewal is under way waits for its result. */
  #renewal(renew: () => Promise<StoredToken>, signal?: AbortSignal): Promise<StoredToken> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.#pending ??= renew().finally(() => this.#pending = null);
    return signal ? abortable(this.#pending, signal) : this.#pending;
  }

  async #renew(refused: StoredToken | null, anew = false): Promise<StoredToken> {
    this.#checkEnded();
    const token = await this.#underLock(refused, anew) ?? await this.#askPerson();
    this.#checkEnded();
    this.#pausedUntil = 0;
    return this.#token = token;
  }

  #checkEnded(): void {
    if (!this.#ended) return;
    throw new AuthError("session_expired", "This session was logged out. Call getSession again.");
  }

  /** The ways that ask nobody, under the lock; `null` when they have nothing to go by. */
  async #underLock(refused: StoredToken | null, anew: boolean): Promise<StoredToken | null> {
    const { store, grantParts } = this.#parts;
    const action = () => this.#renewSilently(refused, anew);
    // Longer than the holder's own request may take, so that waiting ends with an answer.
    const timeout = grantParts.timeout + 15_000;
    try {
      return await store.exclusive(action, { timeout, signal: grantParts.signal });
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const noLock = error.code === "store_unavailable" || error.code === "permission_denied";
      // A refresh token that rotates must not be used by two; anything else may go on alone.
      const alone = error.code === "store_locked" && !this.#token?.refresh_token &&
        this.#parts.silent !== null;
      if (!noLock && !alone) throw error;
      this.#storeProblem = error;
      return await action();
    }
  }

  async #renewSilently(refused: StoredToken | null, anew: boolean): Promise<StoredToken | null> {
    const { store, key, silent, now } = this.#parts;
    const stored = await store.read(key);
    const usable = (token: StoredToken | null) =>
      token !== null && isFresh(token, now()) && token.access_token !== refused?.access_token;
    if (!anew && stored && usable(stored)) return stored;
    // What is stored was written last, whatever the clock said: an older refresh token is used up.
    let previous = stored ?? this.#token;
    if (!anew) {
      for (let attempt = 0; previous?.refresh_token !== undefined && attempt < 2; attempt++) {
        const refreshToken: string = previous.refresh_token;
        try {
          return await this.#exchange({
            grant: "refresh_token",
            refreshToken,
            tokenEndpoint: previous.token_endpoint,
          }, previous);
        } catch (error) {
          if (!(error instanceof AuthError) || error.error !== "invalid_grant") throw error;
          // Another program may have renewed meanwhile: read again before giving up.
          const again = await store.read(key);
          if (again && usable(again)) return again;
          const changed = again?.refresh_token !== undefined &&
            again.refresh_token !== refreshToken;
          previous = changed ? again : null;
          if (!changed) await this.#dropRefreshToken(again);
        }
      }
    }
    return silent ? await this.#exchange(silent, null, previous?.dpop_key) : null;
  }

  /** A refresh token the server has refused for good is not offered again. */
  async #dropRefreshToken(token: StoredToken | null): Promise<void> {
    if (this.#token?.refresh_token !== undefined) this.#token = withoutRefreshToken(this.#token);
    if (token) await this.#save(withoutRefreshToken(token));
  }

  async #askPerson(): Promise<StoredToken> {
    const { store, key, grantParts, signIn, now } = this.#parts;
    const parts = { ...grantParts, dpopKey: await this.#dpopKey() };
    // No lock while a person thinks: other processes would wait with them.
    const { response, tokenEndpoint } = await signIn(parts).catch((error) => {
      const nobody = error instanceof AuthError && error.code === "credentials_missing";
      if (!nobody || this.#token === null) throw error;
      throw new AuthError("session_expired", `The saved session has ended. ${error.message}`);
    });
    const token = await storedToken(key, response, now(), grantParts.clock.offset);
    checkAlive(token);
    const account = await accountOf(token);
    if (account !== undefined) token.account = account;
    if (tokenEndpoint !== undefined) token.token_endpoint = tokenEndpoint;
    if (parts.dpopKey !== undefined) token.dpop_key = parts.dpopKey;
    await store.exclusive(() => this.#save(token), { timeout: 15_000, signal: grantParts.signal })
      .catch(() => this.#save(token));
    return token;
  }

  async #exchange(
    request: GrantRequest,
    previous: StoredToken | null,
    dpopKey = previous?.dpop_key,
  ): Promise<StoredToken> {
    const { obtainToken } = await import("./grants/obtain_token.ts");
    const { key, grantParts, now } = this.#parts;
    const parts = { ...grantParts, dpopKey: await this.#dpopKey(dpopKey) };
    const response = await obtainToken(parts, request);
    const token = await storedToken(key, response, now(), grantParts.clock.offset, previous);
    if (parts.dpopKey !== undefined) token.dpop_key = parts.dpopKey;
    // On disk before anything else: a rotated refresh token that is lost ends the session.
    if (request.grant !== "refresh_token") checkAlive(token);
    await this.#save(token);
    checkAlive(token);
    return token;
  }

  async #dpopKey(known?: JsonWebKey): Promise<JsonWebKey | undefined> {
    if (known !== undefined || !this.#parts.dpop) return known;
    return await (await import("./dpop.ts")).createDpopKey();
  }

  /** A disk that refuses does not end the session: the store keeps the token in memory. */
  async #save(token: StoredToken): Promise<void> {
    try {
      await this.#parts.store.write(this.#parts.key, token);
      this.#storeProblem = undefined;
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      this.#storeProblem = error;
    }
  }
}

function withoutRefreshToken(token: StoredToken): StoredToken {
  const { refresh_token: _, ...rest } = token;
  return rest;
}

/** Stops waiting when the signal says so; what is waited for goes on for the others. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
