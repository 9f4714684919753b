import { isLoopback } from "../trust.ts";
import { AuthError } from "../errors.ts";
import type { System } from "../providers/system.ts";
import type { StoredToken } from "../store/store.ts";
import type { OpenFetch } from "./token_fetch.ts";

/** A `fetch` without a runtime's own additions. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** What {@linkcode createApiFetch} needs. */
export interface ApiFetchOptions extends WireOptions {
  /** Loads the code for every call that is not a plain GET with a good response. */
  loadCall: () => Promise<{ createApiCall(wire: Wire): ApiCall }>;
  /** Lets the stop button end the wait for a response; only given in a kernel. */
  interruptible?: Interruptible | undefined;
}

/** Makes one API call, however many requests it takes. */
export type ApiCall = (
  input: string | URL | Request,
  init: RequestInit | undefined,
  begun: {
    /** The first request, if it was already sent. */
    first?: FirstAttempt | undefined;
    /** Ends the call, in addition to the caller's own signal. */
    stop?: AbortSignal | undefined;
  },
) => Promise<Response>;

/** True for a path that URL parsers cannot read as `//host`, even after they drop white space. */
function isPlainPath(input: string): boolean {
  return input.startsWith("/") && !(input.length > 1 && "/\\\t\n\r".includes(input.charAt(1)));
}

/**
 * Creates a session's `fetch`: it resolves relative URLs, sends the token only where it belongs,
 * renews once after a 401, and limits attempts and time.
 *
 * This file has the fast path, a plain GET with a good response; everything else is `api_call.ts`.
 */
export function createApiFetch(options: ApiFetchOptions): Fetch {
  const { system, tokens, loadCall, interruptible } = options;
  const { origin } = system.apiUrl;
  const { refusedPaths, dpop } = system.provider;
  const plain = refusedPaths === undefined && dpop !== true;
  // Another package's `fetch` needs the method. The runtime's own is a little faster without it.
  const named = options.fetch !== globalThis.fetch;
  const wire = new Wire(options);
  let loaded: Promise<ApiCall> | undefined;

  async function fetch(
    input: string | URL | Request,
    init?: RequestInit,
    stop?: AbortSignal,
  ): Promise<Response> {
    const token = tokens.current();
    // Nearly every call is a plain GET by path and needs no further checks: appended to the API's
    // origin, such a path cannot name another origin. Keep this path cheap.
    let first: FirstAttempt | undefined;
    if (
      plain && init === undefined && typeof input === "string" && isPlainPath(input) &&
      token !== null && token.dpop_key === undefined
    ) {
      const get: RequestInit = { headers: wire.headersOf(token) };
      if (named) get.method = "GET";
      const sent = wire.send(origin + input, get, stop);
      try {
        const response = await sent;
        if (response.status < 300) {
          wire.prove(token);
          return response;
        }
      } catch { /* `api_call.ts` judges it, like any first attempt */ }
      first = { token, sent };
    }
    loaded ??= loadCall().then(({ createApiCall }) => createApiCall(wire));
    return await (await loaded)(input, init, { first, stop });
  }

  if (interruptible === undefined) return (input, init) => fetch(input, init);
  return (input, init) => interruptible((stop) => fetch(input, init, stop));
}

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

/** One request's time limit. */
export interface Deadline {
  /** Ends the request when its time is up. */
  readonly controller: AbortController;
  /** When its time is up, on the clock of `performance.now()`. */
  at: number;
  /** True when a very late alarm has given the response more time. */
  extended: boolean;
  /** Its index in the list of running requests. */
  index: number;
}

/** An alarm this late, in milliseconds, means that the machine or the process slept. */
const SLEPT = 1_000;
/** How much time a response that arrived during the sleep gets, in milliseconds. */
const ONE_MORE_TURN = 100;

/**
 * Ends requests that take too long, with one alarm for all running requests.
 *
 * This is faster: the first `setTimeout` takes Deno 6 ms (25 million instructions) at a start,
 * `AbortSignal.timeout` 0.3 ms, and a timer for each call costs a warm call more than everything else
 * in it.
 */
export class Deadlines {
  readonly #time: number;
  /** The running requests, in no order. */
  readonly #running: Deadline[] = [];
  #alarm: AbortSignal | undefined;
  #watching = false;

  /** @param time how long each request may take, in milliseconds */
  constructor(time: number) {
    this.#time = time;
  }

  /** Starts a request's time. Its signal is aborted at the end, if {@linkcode watch} was called. */
  begin(): Deadline {
    const at = performance.now() + this.#time;
    const index = this.#running.length;
    const deadline = { controller: new AbortController(), at, extended: false, index };
    this.#running.push(deadline);
    return deadline;
  }

  /** Sets the alarm. The first time is slow, so call this after sending the request. */
  watch(): void {
    if (!this.#watching && this.#running.length > 0) this.#listen(this.#time);
  }

  /** Removes a request that has its response or has failed. */
  end(deadline: Deadline): void {
    const { index } = deadline;
    if (this.#running[index] !== deadline) return;
    const last = this.#running.pop() as Deadline;
    if (last !== deadline) {
      this.#running[index] = last;
      last.index = index;
    }
    // Deno stays alive while an alarm has a listener.
    if (this.#running.length > 0 || !this.#watching) return;
    this.#watching = false;
    this.#alarm?.removeEventListener("abort", this.#ring);
  }

  /** Reuses an earlier request's alarm, if there is one: it rings too soon and is then set again. */
  #listen(milliseconds: number): void {
    if (this.#alarm === undefined || this.#alarm.aborted) {
      this.#alarm = AbortSignal.timeout(Math.max(1, Math.ceil(milliseconds)));
    }
    this.#watching = true;
    this.#alarm.addEventListener("abort", this.#ring);
  }

  readonly #ring = (): void => {
    this.#watching = false;
    const now = performance.now();
    let next = Infinity;
    for (const deadline of [...this.#running]) {
      if (deadline.at <= now - SLEPT && !deadline.extended) {
        deadline.extended = true;
        deadline.at = now + ONE_MORE_TURN;
      }
      if (deadline.at > now) next = Math.min(next, deadline.at);
      else {
        this.end(deadline);
        deadline.controller.abort();
      }
    }
    if (next < Infinity) this.#listen(next - now);
  };
}
