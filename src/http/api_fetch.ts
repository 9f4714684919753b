import { AuthError, type AuthErrorCode } from "../errors.ts";
import type { StoredToken } from "../store/store.ts";
import type { System } from "../system.ts";
import { type ApiRequest, isPlainPath, prepareRequest } from "./api_request.ts";
import { Deadlines } from "./deadlines.ts";
import { ATTEMPTS, backoff, pause, retryAfter } from "./retry.ts";

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

const DEFAULT_RETRY_STATUSES = [429, 502, 503, 504];
/** Methods that may run twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);
/** After a renewal that ends like this, the API's own answer says more. */
const NOTHING_TO_RENEW_WITH = new Set<AuthErrorCode>([
  "client_refused",
  "credentials_missing",
  "grant_refused",
  "login_refused",
  "session_expired",
]);
/** As many as the fetch standard follows. */
const MOST_REDIRECTS = 20;

/**
 * Makes the `fetch` of a session: relative URLs, the token where it belongs and nowhere else, one
 * renewal after a 401, bounded attempts, a timeout.
 */
export function createApiFetch(parts: ApiFetchParts): typeof fetch {
  const { system, tokens, timeout } = parts;
  const statuses = new Set(system.provider.retryStatuses ?? DEFAULT_RETRY_STATUSES);
  const { origin } = system.apiUrl;
  const deadlines = new Deadlines(timeout);
  let dpopNonce: string | undefined;
  /** A token that came of a refusal and has not been accepted yet: another refusal changes nothing. */
  let unproven: StoredToken | undefined;

  /** The newest token and its headers (RFC 6750 section 2.1): shared, they keep a warm call cheap. */
  let known: { token: StoredToken; headers: Record<string, string> } | undefined;

  function headersOf(token: StoredToken): Record<string, string> {
    if (known?.token !== token) {
      known = { token, headers: { authorization: `Bearer ${token.access_token}` } };
    }
    return known.headers;
  }

  async function send(request: ApiRequest, token: StoredToken | null): Promise<Response> {
    const init: RequestInit = { ...request.init };
    const headers = token === null
      ? request.headers
      : token.dpop_key !== undefined
      ? await dpopHeaders(request, token, token.dpop_key)
      : request.headers === undefined
      ? headersOf(token)
      : withToken(request.headers, token);
    if (headers !== undefined) init.headers = headers;
    return await transmit(request.url, init, request.signal);
  }

  /** One request on the wire. */
  async function transmit(
    url: string,
    init: RequestInit,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const deadline = deadlines.begin();
    const late = deadline.controller.signal;
    init.redirect = "manual";
    init.signal = signal ? AbortSignal.any([signal, late]) : late;
    try {
      return await parts.fetch(url, init);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (late.aborted) throw tooSlow(system, timeout);
      const { fetchFailure } = await import("./failure.ts");
      throw fetchFailure(error, `${system.provider.title} (${new URL(url).host})`);
    } finally {
      deadlines.end(deadline);
    }
  }

  async function dpopHeaders(
    request: ApiRequest,
    token: StoredToken,
    key: JsonWebKey,
  ): Promise<Headers> {
    const { dpopProof } = await import("../dpop.ts");
    const headers = new Headers(request.headers);
    headers.set("authorization", `DPoP ${token.access_token}`);
    const now = parts.now() + parts.clock.offset;
    const proof = { method: request.method, url: new URL(request.url), nonce: dpopNonce, now };
    headers.set("dpop", await dpopProof(key, { ...proof, accessToken: token.access_token }));
    return headers;
  }

  /** Sends until there is an answer worth giving back; the first time may have been sent already. */
  async function attempts(
    request: ApiRequest,
    token: StoredToken | null,
    sent?: Promise<Response>,
  ): Promise<Response> {
    const idempotent = IDEMPOTENT.has(request.method);
    for (let attempt = 1;; attempt++) {
      let response: Response;
      try {
        response = await (attempt === 1 && sent || send(request, token));
      } catch (error) {
        const again = idempotent && request.replayable && attempt < ATTEMPTS &&
          error instanceof AuthError && error.code === "network";
        if (!again) throw error;
        await rest(backoff(attempt, undefined) ?? 0, request.signal);
        continue;
      }
      const status = response.status;
      if (status < 400 || attempt === ATTEMPTS || !request.replayable) return response;
      const passing = statuses.has(status) || (status === 500 && request.method === "GET");
      // What may have been carried out is sent again only where running twice does no harm.
      if (!passing || !(idempotent || status === 429 || status === 503 || status === 413)) {
        return response;
      }
      const wait = backoff(attempt, retryAfter(response.headers, parts.now()));
      if (wait === null) return response;
      await response.body?.cancel();
      await rest(wait, request.signal);
    }
  }

  /** Sends with the token; after a 401, once more with another. */
  async function authorized(
    request: ApiRequest,
    first?: { token: StoredToken; sent: Promise<Response> },
  ): Promise<Response> {
    const token = first?.token ?? tokens.current() ?? await tokens.fresh(request.signal);
    const response = await attempts(request, token, first?.sent);
    if (token.dpop_key !== undefined) {
      const nonce = response.headers.get("dpop-nonce");
      const asked = nonce !== null && nonce !== dpopNonce && response.status === 401;
      if (nonce !== null) dpopNonce = nonce;
      if (asked && request.replayable) {
        await response.body?.cancel();
        return await attempts(request, token);
      }
    }
    if (response.status !== 401) {
      if (token === unproven) unproven = undefined;
      return response;
    }
    if (token === unproven) return response;
    let other: StoredToken;
    try {
      other = await tokens.renewAfterRefusal(token, request.signal);
    } catch (error) {
      if (error instanceof AuthError && NOTHING_TO_RENEW_WITH.has(error.code)) return response;
      await response.body?.cancel();
      throw error;
    }
    if (!request.replayable || other === token) return response;
    await response.body?.cancel();
    unproven = other;
    const replayed = await attempts(request, other);
    if (replayed.status !== 401 && unproven === other) unproven = undefined;
    return replayed;
  }

  /** Gives back an answer, or follows where it leads. */
  async function follow(request: ApiRequest, response: Response): Promise<Response> {
    if (response.status < 300 || response.status > 399) return response;
    const { nextHop } = await import("./redirect.ts");
    for (let hop = 0; hop < MOST_REDIRECTS; hop++) {
      let next: ReturnType<typeof nextHop>;
      try {
        next = nextHop(system, request, response);
      } catch (error) {
        await response.body?.cancel();
        throw error;
      }
      if (next === null) return response;
      await response.body?.cancel();
      request = next.request;
      response = next.trusted ? await authorized(request) : await attempts(request, null);
    }
    await response.body?.cancel();
    throw new AuthError("redirect_refused", "Too many redirects in a row. Check the URL.");
  }

  return async function fetch(input, init) {
    const token = tokens.current();
    if (token === null || token.dpop_key !== undefined || !isPlainPath(system, input, init)) {
      const request = await prepareRequest(system, input, init);
      return await follow(request, await authorized(request));
    }
    // Nearly every call takes this way, and so costs no more than it must.
    const sent = transmit(origin + input, { headers: headersOf(token) }, undefined);
    try {
      const response = await sent;
      if (response.status < 300) {
        if (token === unproven) unproven = undefined;
        return response;
      }
    } catch { /* judged below, as any first attempt */ }
    const request = await prepareRequest(system, input, init);
    return await follow(request, await authorized(request, { token, sent }));
  };
}

/** Pauses; a caller's signal ends it with its own reason, as `fetch` does. */
function rest(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return pause(milliseconds, signal).catch((error) => {
    throw signal?.aborted ? signal.reason : error;
  });
}

function withToken(headers: Headers, token: StoredToken): Headers {
  const all = new Headers(headers);
  all.set("authorization", `Bearer ${token.access_token}`);
  return all;
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
