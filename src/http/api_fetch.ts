import { AuthError } from "../errors.ts";
import type { StoredToken } from "../store/store.ts";
import type { System } from "../providers/system.ts";

/** Where the API requests of a session get their token. */
export interface TokenSource {
  /** The token while it is good, else `null`; never waits. */
  current(): StoredToken | null;
  /** A good token, renewed if need be. */
  fresh(signal?: AbortSignal): Promise<StoredToken>;
  /** A token other than the one the API has refused. */
  renewAfterRefusal(refused: StoredToken, signal?: AbortSignal): Promise<StoredToken>;
}

/** What {@linkcode createApiFetch} needs. */
export interface ApiFetchParts {
  system: System;
  tokens: TokenSource;
  fetch: typeof fetch;
  /** How long one attempt may take until its headers are there, in milliseconds. */
  timeout: number;
  /** Epoch milliseconds. */
  now: () => number;
  /** Told of every answer's `Date`: how far the server's clock is ahead, in milliseconds. */
  clock: { offset: number };
}

/** A slash, and not what URL parsers read, alone or without the white space, as the two of a host. */
function isPlainPath(input: string): boolean {
  return input.startsWith("/") && !(input.length > 1 && "/\\\t\n\r".includes(input.charAt(1)));
}

/**
 * Makes the `fetch` of a session: relative URLs, the token where it belongs and nowhere else, one
 * renewal after a 401, bounded attempts, a timeout.
 */
export function createApiFetch(parts: ApiFetchParts): typeof fetch {
  const { system, tokens } = parts;
  const { origin } = system.apiUrl;
  const anyPath = system.provider.refusedPaths === undefined;
  const wire = new ApiWire(parts);
  let exchange: Promise<Exchange> | undefined;

  return async function fetch(input, init) {
    const token = tokens.current();
    // Nearly every call is a plain GET by path, which needs no closer look: put behind the API's
    // origin, such a path cannot name another. It costs no more than it must.
    let first: FirstAttempt | undefined;
    if (
      init === undefined && typeof input === "string" && anyPath && isPlainPath(input) &&
      token !== null && token.dpop_key === undefined
    ) {
      const sent = wire.send(origin + input, { headers: wire.headersOf(token) }, undefined);
      try {
        const response = await sent;
        if (response.status < 300) {
          wire.prove(token);
          return response;
        }
      } catch { /* judged there, as any first attempt */ }
      first = { token, sent };
    }
    exchange ??= import("./api_exchange.ts").then((module) => module.createExchange(parts, wire));
    return await (await exchange)(input, init, first);
  };
}

/** A request that is under way, or was answered. */
export interface FirstAttempt {
  token: StoredToken;
  sent: Promise<Response>;
}

/** Sends a request, however often it takes. */
export type Exchange = (
  input: string | URL | Request,
  init: RequestInit | undefined,
  first: FirstAttempt | undefined,
) => Promise<Response>;

/** Single requests, each in its time, and the token's state between them. */
export class ApiWire {
  /** A token that came of a refusal and has not been accepted yet: another refusal changes nothing. */
  unproven: StoredToken | undefined;
  readonly #parts: ApiFetchParts;
  readonly #deadlines: Deadlines;
  /** The newest token and its headers (RFC 6750 section 2.1): shared, they keep a warm call cheap. */
  #known: { token: StoredToken; headers: Record<string, string> } | undefined;

  /** @param parts how to send, and how long that may take */
  constructor(parts: ApiFetchParts) {
    this.#parts = parts;
    this.#deadlines = new Deadlines(parts.timeout);
  }

  /** The API has taken this token. */
  prove(token: StoredToken): void {
    if (token === this.unproven) this.unproven = undefined;
  }

  /** What a request carries that brings no headers of its own. */
  headersOf(token: StoredToken): Record<string, string> {
    if (this.#known?.token !== token) {
      this.#known = { token, headers: { authorization: `Bearer ${token.access_token}` } };
    }
    return this.#known.headers;
  }

  /** Sends one request, and follows no redirect. */
  async send(
    url: string,
    init: RequestInit,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const { system, timeout } = this.#parts;
    const deadline = this.#deadlines.begin();
    const late = deadline.controller.signal;
    init.redirect = "manual";
    init.signal = signal ? AbortSignal.any([signal, late]) : late;
    try {
      const sent = this.#parts.fetch(url, init);
      // While the request is on its way.
      this.#deadlines.watch();
      return await sent;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (late.aborted) throw tooSlow(system, timeout);
      const { checkSendable, fetchFailure } = await import("./failure.ts");
      checkSendable(error, url, init);
      throw fetchFailure(error, `${system.provider.title} (${new URL(url).host})`);
    } finally {
      this.#deadlines.end(deadline);
    }
  }
}

function tooSlow(system: System, timeout: number): AuthError {
  return new AuthError(
    "timeout",
    `${system.provider.title}'s API did not answer within ${
      timeout / 1000
    } s. Try again, or give ` +
      "getSession a longer timeout (milliseconds).",
  );
}

/** One request's time. */
export interface Deadline {
  /** Ends the request when its time is over. */
  readonly controller: AbortController;
  /** When that is, on the clock of `performance.now()`. */
  readonly at: number;
  /** Where it stands in the list of those under way. */
  index: number;
}

/**
 * Ends requests that take too long. One alarm serves all that are under way: a timer for each would
 * cost a call more than all else here.
 */
export class Deadlines {
  readonly #time: number;
  /** Those under way, in no order. */
  readonly #running: Deadline[] = [];
  /** Not `setTimeout`, whose first call takes Deno 6 ms, to load what makes it Node's. */
  #alarm: AbortSignal | undefined;
  #watching = false;

  /** @param time how long each request may take, in milliseconds */
  constructor(time: number) {
    this.#time = time;
  }

  /** Begins a request's time, at the end of which its signal is aborted by whoever watches. */
  begin(): Deadline {
    const at = performance.now() + this.#time;
    const deadline = { controller: new AbortController(), at, index: this.#running.length };
    this.#running.push(deadline);
    return deadline;
  }

  /** Sets the alarm, which takes a while the first time: best when the request is on its way. */
  watch(): void {
    if (!this.#watching && this.#running.length > 0) this.#listen(this.#time);
  }

  /** The request has its answer, or none any more. */
  end(deadline: Deadline): void {
    const { index } = deadline;
    if (this.#running[index] !== deadline) return;
    const last = this.#running.pop() as Deadline;
    if (last !== deadline) {
      this.#running[index] = last;
      last.index = index;
    }
    // Deno stays alive for an alarm that somebody listens to.
    if (this.#running.length > 0 || !this.#watching) return;
    this.#watching = false;
    this.#alarm?.removeEventListener("abort", this.#ring);
  }

  /** An alarm set for an earlier request does: it rings too soon, and is set again. */
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
      if (deadline.at > now) next = Math.min(next, deadline.at);
      else {
        this.end(deadline);
        deadline.controller.abort();
      }
    }
    if (next < Infinity) this.#listen(next - now);
  };
}
