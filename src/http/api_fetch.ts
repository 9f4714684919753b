import { AuthError } from "../errors.ts";
import type { StoredToken } from "../store/store.ts";
import type { System } from "../system.ts";
import { Deadlines } from "./deadlines.ts";

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
  input: RequestInfo | URL,
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
      const { fetchFailure } = await import("./failure.ts");
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
