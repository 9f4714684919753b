import { abortReason, AuthError } from "../errors.ts";
import type { TokenSource } from "../http/api_fetch.ts";
import type { CredentialValues } from "../providers/provider.ts";
import type { Store } from "../store/store.ts";
import { isFresh, type Token } from "../token/token.ts";

/** What a session has at the moment. Only its keeper and its renewals change it. */
export interface Held {
  /** The newest token, even if it has expired. */
  token: Token | null;
  /** What to sign in with. */
  values: CredentialValues;
  /** True if its token was saved, or came from the store. */
  saved: boolean;
  /** Why the last token is not saved, if it should be. */
  storeProblem: AuthError | undefined;
  /** A refresh token that the server has refused permanently; it is not sent again. */
  deadRefreshToken?: string;
}

/** How to get a new token. */
export interface RenewalOptions {
  /** The token that the API has refused, so that another one is needed. */
  refused?: Token | null;
  /** Signs in again, as if there were no session. */
  force?: boolean;
  signal?: AbortSignal | undefined;
}

/** What a keeper needs. */
export interface KeeperOptions {
  key: string;
  store: Pick<Store, "read">;
  values: CredentialValues;
  /** Gets a new token, and saves it. */
  renew: (held: Held, options: RenewalOptions) => Promise<Token>;
  /** Whether tokens must be bound to a key (DPoP). */
  bound?: boolean;
  /** The token that another program saves for the same session, if any. */
  foreign: () => Promise<Token | null>;
  /** Epoch milliseconds. */
  now: () => number;
}

/** How long to wait after a failed renewal while the old token still works, in milliseconds. */
const RENEWAL_PAUSE = 5_000;

/**
 * Holds a session's token and renews it: one renewal at a time in this process, and, with the store's lock,
 * one among all processes.
 */
export class TokenKeeper implements TokenSource {
  readonly #options: KeeperOptions;
  readonly #held: Held;
  #pending: Promise<Token> | null = null;
  #pausedUntil = 0;
  #ended = false;

  /** @param options the session's key and store, and how to get a token */
  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#held = { token: null, values: options.values, saved: false, storeProblem: undefined };
  }

  /** The newest token, even if it has expired. */
  get token(): Token | null {
    return this.#held.token;
  }

  /** What it signs in with. */
  get values(): CredentialValues {
    return this.#held.values;
  }

  /** Why the last token is not saved, if it should be. */
  get storeProblem(): AuthError | undefined {
    return this.#held.storeProblem;
  }

  /**
   * Starts the session: with the saved token if it is still valid, else with a new one.
   *
   * @param options `force` signs in again even if a session is saved; the signal ends this wait only, not
   * later renewals
   */
  async start(
    { force = false, signal }: Pick<RenewalOptions, "force" | "signal"> = {},
  ): Promise<void> {
    if (!force && await this.adopt() !== null) return;
    const begun = force
      ? this.#renewal({ force, signal }, signal)
      : this.#fresh({ signal }, signal);
    await begun.catch((error) => {
      throw signal?.aborted && !AuthError.is(error) ? abortReason(signal) : error;
    });
  }

  /** Takes the stored token if it is still valid; without lock and network. */
  async adopt(): Promise<Token | null> {
    const { store, key, foreign, bound } = this.#options;
    const saved = await store.read(key);
    this.#held.saved = saved !== null;
    const token = saved ?? await foreign();
    // If tokens must be bound to a key, a bearer token cannot be used.
    const isUnbound = bound === true && token !== null && token.dpop_key === undefined;
    this.#held.token = isUnbound ? { ...token, expires_at: 0 } : token;
    return this.current();
  }

  current(): Token | null {
    const token = this.#held.token;
    return token !== null && isFresh(token, this.#options.now()) ? token : null;
  }

  fresh(signal?: AbortSignal): Promise<Token> {
    return this.#fresh({}, signal);
  }

  async #fresh(options: RenewalOptions, signal?: AbortSignal): Promise<Token> {
    const good = this.current();
    if (good) return good;
    const old = this.#held.token;
    const stillWorks = () => old !== null && this.#options.now() < old.expires_at * 1000;
    if (stillWorks() && this.#options.now() < this.#pausedUntil) return old as Token;
    try {
      return await this.#renewal(options, signal);
    } catch (error) {
      // Shortly before it expires the old token still works, even if the server is down.
      if (!stillWorks() || signal?.aborted || this.#ended) throw error;
      this.#pausedUntil = this.#options.now() + RENEWAL_PAUSE;
      return old as Token;
    }
  }

  async renewAfterRefusal(refused: Token, signal?: AbortSignal): Promise<Token> {
    const good = this.current();
    if (good && good !== refused && good.access_token !== refused.access_token) return good;
    return await this.#renewal({ refused }, signal);
  }

  /** Gets a new token, even if the old one still works. */
  async refresh(signal?: AbortSignal): Promise<Token> {
    return await this.#renewal({ refused: this.#held.token }, signal);
  }

  /** Forgets the token and ends the session. */
  end(): void {
    this.#ended = true;
    this.#held.token = null;
  }

  /** Runs one renewal at a time; later callers wait for its result. */
  #renewal(options: RenewalOptions, signal?: AbortSignal): Promise<Token> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.#pending ??= this.#renew(options).finally(() => this.#pending = null);
    return signal ? abortable(this.#pending, signal) : this.#pending;
  }

  async #renew(options: RenewalOptions): Promise<Token> {
    this.#checkEnded();
    if (options.force) this.#held.token = null;
    const token = await this.#options.renew(this.#held, options);
    this.#checkEnded();
    this.#pausedUntil = 0;
    return this.#held.token = token;
  }

  #checkEnded(): void {
    if (!this.#ended) return;
    throw new AuthError(
      "login_required",
      "You signed out of this session. Call getSession again to sign in.",
    );
  }
}

/** Stops waiting when the signal fires; the renewal continues for other callers. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
