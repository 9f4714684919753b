import { isLoopback } from "../trust.ts";
import { AuthError } from "../errors.ts";
import type { System } from "../providers/system.ts";
import type { StoredToken } from "../store/store.ts";
import { Deadlines } from "./deadlines.ts";
import type { OpenFetch } from "./token_fetch.ts";

/** Where the API requests of a session get their token. */
export interface TokenSource {
  /** The token while it is good, else `null`; never waits. */
  current(): StoredToken | null;
  /** A good token, renewed if need be. */
  fresh(signal?: AbortSignal): Promise<StoredToken>;
  /** A token other than the one the API has refused. */
  renewAfterRefusal(refused: StoredToken, signal?: AbortSignal): Promise<StoredToken>;
}

/** What sends a request: any `fetch`. It is called with a whole URL and plain headers, never a `Request`. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** Runs a wait that the stop button can end; the signal ends what is waited for. */
export type Interruptible = <T>(wait: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** What the API requests of one session stand on. */
export interface WireOptions {
  system: System;
  tokens: TokenSource;
  fetch: FetchLike;
  /** Takes the place of `fetch` for this machine's own servers: it passes every proxy by. */
  loopbackFetch?: FetchLike | undefined;
  /** Opens a connection for one request that must not run twice. Without it `fetch` is used. */
  openFetch?: OpenFetch | undefined;
  /** How long one attempt may take until its headers are there, in milliseconds. */
  timeout: number;
  /** Epoch milliseconds. */
  now: () => number;
  /** How far the authorization server's clock is ahead, in milliseconds. */
  clock: { readonly offset: number };
}

/** A request that is under way, or was answered. */
export interface FirstAttempt {
  token: StoredToken;
  sent: Promise<Response>;
}

/** Sends single requests, each in its time. It follows no redirect and judges no answer. */
export class Wire {
  /** A token that came of a refusal and has not been accepted yet: another refusal changes nothing. */
  unproven: StoredToken | undefined;
  readonly options: WireOptions;
  /** The `fetch` for the API's own origin. */
  readonly fetch: FetchLike;
  readonly #deadlines: Deadlines;
  readonly #header: string;
  readonly #scheme: string;
  /** The newest token and its headers: shared, they keep a warm call cheap. */
  #known: { token: StoredToken; headers: Record<string, string> } | undefined;

  /** @param options how to send, and how long that may take */
  constructor(options: WireOptions) {
    this.options = options;
    const { system, loopbackFetch, fetch } = options;
    this.fetch = loopbackFetch && isLoopback(system.apiUrl.hostname) ? loopbackFetch : fetch;
    this.#deadlines = new Deadlines(options.timeout);
    const { header, scheme } = system.provider.apiAuthorization ?? { scheme: "Bearer" };
    this.#header = header?.toLowerCase() ?? "authorization";
    this.#scheme = scheme === undefined ? "" : `${scheme} `;
  }

  /** The API has taken this token. */
  prove(token: StoredToken): void {
    if (token === this.unproven) this.unproven = undefined;
  }

  /** What carries the token (RFC 6750 section 2.1, or what the provider says). Not to be changed. */
  headersOf(token: StoredToken): Record<string, string> {
    if (this.#known?.token !== token) {
      this.#known = { token, headers: { [this.#header]: this.#scheme + token.access_token } };
    }
    return this.#known.headers;
  }

  /**
   * Sends one request.
   *
   * @param init it is completed here, so it must not be shared
   * @throws the signal's own reason, `timeout`, or what `fetch` threw
   */
  async send(
    url: string,
    init: RequestInit,
    signal: AbortSignal | undefined,
    fetch: FetchLike = this.fetch,
  ): Promise<Response> {
    const deadline = this.#deadlines.begin();
    const late = deadline.controller.signal;
    init.redirect = "manual";
    init.signal = signal ? AbortSignal.any([signal, late]) : late;
    try {
      const sent = fetch(url, init);
      // While the request is on its way.
      this.#deadlines.watch();
      return await sent;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw late.aborted ? this.#tooSlow() : error;
    } finally {
      this.#deadlines.end(deadline);
    }
  }

  #tooSlow(): AuthError {
    const { system, timeout } = this.options;
    return new AuthError(
      "timeout",
      `${system.provider.title}'s API did not respond within ${timeout / 1000} s. Try again, or ` +
        "give getSession a longer timeout (milliseconds).",
    );
  }
}
