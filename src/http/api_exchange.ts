import type { JWK } from "jose";
import { AuthError, type AuthErrorCode } from "../errors.ts";
import type { StoredToken } from "../store/store.ts";
import type { ApiFetchParts, ApiWire, Exchange, FirstAttempt } from "./api_fetch.ts";
import { type ApiRequest, prepareRequest } from "./api_request.ts";
import { ATTEMPTS, backoff, pause, retryAfter } from "./retry.ts";

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

/** Makes what sends a request however often it takes: again after failures and refusals, and onward. */
export function createExchange(parts: ApiFetchParts, wire: ApiWire): Exchange {
  const { system, tokens } = parts;
  const statuses = new Set(system.provider.retryStatuses ?? DEFAULT_RETRY_STATUSES);
  let dpopNonce: string | undefined;

  async function send(request: ApiRequest, token: StoredToken | null): Promise<Response> {
    const init: RequestInit = { ...request.init };
    const headers = token === null
      ? request.headers
      : token.dpop_key !== undefined
      ? await dpopHeaders(request, token, token.dpop_key)
      : request.headers === undefined
      ? wire.headersOf(token)
      : withToken(request.headers, token);
    if (headers !== undefined) init.headers = headers;
    return await wire.send(request.url, init, request.signal);
  }

  async function dpopHeaders(
    request: ApiRequest,
    token: StoredToken,
    key: JWK,
  ): Promise<Headers> {
    const { dpopProof } = await import("../token/dpop.ts");
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
    first?: FirstAttempt,
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
      wire.prove(token);
      return response;
    }
    if (token === wire.unproven) return response;
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
    wire.unproven = other;
    const replayed = await attempts(request, other);
    if (replayed.status !== 401) wire.prove(other);
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

  return async function exchange(input, init, first) {
    const request = await prepareRequest(system, input, init);
    return await follow(request, await authorized(request, first));
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
