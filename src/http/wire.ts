import { isLoopback } from "../trust.ts";
import { AuthError } from "../errors.ts";
import type { System } from "../providers/system.ts";
import type { StoredToken } from "../store/store.ts";
import { Deadlines } from "./deadlines.ts";
import type { OpenFetch } from "./token_fetch.ts";

/** Gives a session's API requests their token. */
export interface TokenSource {
  /** The token while it is valid, else `null`; never waits. */
  current(): StoredToken | null;
  /** A valid token, renewed if needed. */
  fresh(signal?: AbortSignal): Promise<StoredToken>;
  /** Another token than the one the API refused. */
  renewAfterRefusal(refused: StoredToken, signal?: AbortSignal): Promise<StoredToken>;
}

/** Any `fetch` that sends a request. It gets a full URL and plain headers, never a `Request`. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** Runs a wait that the stop button can end; the signal then ends the work. */
export type Interruptible = <T>(wait: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** What one session's API requests need. */
export interface WireOptions {
  system: System;
  tokens: TokenSource;
  fetch: FetchLike;
  /** Replaces `fetch` for this machine's own servers, because it bypasses every proxy. */
  loopbackFetch?: FetchLike | undefined;
  /** Opens a connection for one request that must not run twice. Without it, `fetch` is used. */
  openFetch?: OpenFetch | undefined;
  /** How long one attempt may take until its headers arrive, in milliseconds. */
  timeout: number;
  /** Epoch milliseconds. */
  now: () => number;
  /** How far the authorization server's clock is ahead, in milliseconds. */
  clock: { readonly offset: number };
}

/** A request that was sent and may have its response already. */
export interface FirstAttempt {
  token: StoredToken;
  sent: Promise<Response>;
}

/** Sends single requests, each with its own time limit. Follows no redirect and judges no response. */
export class Wire {
  /** A token renewed after a refusal and not accepted yet: another refusal changes nothing. */
  unproven: StoredToken | undefined;
  readonly options: WireOptions;
  /** The `fetch` for the API's own origin. */
  readonly fetch: FetchLike;
  readonly #deadlines: Deadlines;
  readonly #header: string;
  readonly #scheme: string;
  /** The latest token and its headers. Reusing them keeps a warm call cheap. */
  #known: { token: StoredToken; headers: Record<string, string> } | undefined;

  /** @param options how to send, and how long it may take */
  constructor(options: WireOptions) {
    this.options = options;
    const { system, loopbackFetch, fetch } = options;
    this.fetch = loopbackFetch && isLoopback(system.apiUrl.hostname) ? loopbackFetch : fetch;
    this.#deadlines = new Deadlines(options.timeout);
    const { header, scheme } = system.provider.apiAuthorization ?? { scheme: "Bearer" };
    this.#header = header?.toLowerCase() ?? "authorization";
    this.#scheme = scheme === undefined ? "" : `${scheme} `;
  }

  /** Records that the API accepted this token. */
  prove(token: StoredToken): void {
    if (token === this.unproven) this.unproven = undefined;
  }

  /** Headers that carry the token (RFC 6750 section 2.1, or the provider's own). Do not change them. */
  headersOf(token: StoredToken): Record<string, string> {
    if (this.#known?.token !== token) {
      this.#known = { token, headers: { [this.#header]: this.#scheme + token.access_token } };
    }
    return this.#known.headers;
  }

  /**
   * Sends one request.
   *
   * @param init options that this function completes, so they must not be shared
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
      // While the request is under way.
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
