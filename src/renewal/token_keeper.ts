import { abortReason, AuthError } from "../errors.ts";
import type { TokenSource } from "../http/api_fetch.ts";
import type { CredentialValues } from "../providers/provider.ts";
import type { Store } from "../store/store.ts";
import { isFresh, type Token } from "../token/token.ts";

/** What a session has at the moment. Only its keeper and its renewals change it. */
export interface Held {
  /** The newest token, fresh or not. */
  token: Token | null;
  /** What to sign in with. */
  values: CredentialValues;
  /** True when its token was saved, or came from the store. */
  saved: boolean;
  /** Why the last token is not saved, if it should be. */
  storeProblem: AuthError | undefined;
  /** A refresh token the server has refused for good: it is not offered again. */
  deadRefreshToken?: string;
}

/** How to get a new token. */
export interface RenewalOptions {
  /** The token the API has refused, which will not do. */
  refused?: Token | null;
  /** Sign in again, as if there were no session. */
  force?: boolean;
  signal?: AbortSignal | undefined;
}

/** What a keeper works with. */
export interface KeeperOptions {
  key: string;
  store: Pick<Store, "read">;
  values: CredentialValues;
  /** Gets a new token, and saves it. */
  renew: (held: Held, options: RenewalOptions) => Promise<Token>;
  /** Whether tokens are to be bound to a key (DPoP). */
  bound?: boolean;
  /** The token that another program keeps for the same session, if any. */
  foreign: () => Promise<Token | null>;
  /** Epoch milliseconds. */
  now: () => number;
}

/** A renewal that failed is not tried again before this, in milliseconds, while the token still works. */
const RENEWAL_PAUSE = 5_000;

/**
 * Holds a session's token and renews it: once at a time in this process, and, under the store's lock,
 * once among all processes.
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

  /** The newest token, fresh or not. */
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
   * Begins the session: with the saved token while it is good, else with a new one.
   *
   * @param options `force` signs in again even if a session is saved; the signal ends this wait, and no later
   * renewal
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

  /** Takes the stored token if it is still good; no lock, no network. */
  async adopt(): Promise<Token | null> {
    const { store, key, foreign, bound } = this.#options;
    const saved = await store.read(key);
    this.#held.saved = saved !== null;
    const token = saved ?? await foreign();
    // A token that anybody could use is of no use where it is to be bound to a key.
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
      // In the margin before the end the old token still works, with the server down, too.
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

  /** Gets a new token even if the old one still works. */
  async refresh(signal?: AbortSignal): Promise<Token> {
    return await this.#renewal({ refused: this.#held.token }, signal);
  }

  /** Forgets the token; the session is over. */
  end(): void {
    this.#ended = true;
    this.#held.token = null;
  }

  /** One at a time: a caller who comes while a renewal is under way waits for its result. */
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

/** Stops waiting when the signal says so; what is waited for goes on for the others. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
