import { isLoopback } from "../trust.ts";
import { pause } from "../base/wait.ts";
import { AuthError, type AuthErrorCode } from "../errors.ts";
import type { StoredToken } from "../store/store.ts";
import type { DpopKey } from "../token/token.ts";
import { createDpopProver, type DpopProver } from "../token/dpop.ts";
import { type ApiRequest, prepareRequest } from "./api_request.ts";
import { checkSendable, fetchFailure } from "./failure.ts";
import { IDEMPOTENT, type Outcome, type Turn, whatFollows } from "./what_follows.ts";
import type { ApiCall, FetchLike, FirstAttempt, Wire } from "./api_fetch.ts";

/** When a renewal ends with one of these codes, the API's own response says more. */
const NOTHING_TO_RENEW_WITH = new Set<AuthErrorCode>([
  "client_refused",
  "credentials_missing",
  "grant_refused",
  "login_refused",
  "login_required",
]);

/** Creates the function that calls the API, one attempt after another, as {@linkcode whatFollows} says. */
export function createApiCall(wire: Wire): ApiCall {
  const { system, tokens, now } = wire.options;
  const refusals = new Refusals(wire, now);
  const send = createAttempt(wire);

  return async function call(input, init, { first, stop }) {
    const request = await prepareRequest(wire.options, input, init, stop);
    try {
      return await run(request, first);
    } catch (error) {
      // An abort always rejects with the signal's own reason, as with `fetch`.
      throw request.signal?.aborted ? request.signal.reason : error;
    }
  };

  async function run(request: ApiRequest, first: FirstAttempt | undefined): Promise<Response> {
    const { signal } = request;
    const token = first?.token ?? await takeToken(wire, signal);
    let turn: Turn = { request, token, tries: 1, hops: 0, renewed: false, nonce: false };
    let sent = first?.sent;
    for (;;) {
      const outcome = await send(turn, sent);
      sent = undefined;
      const { response } = outcome;
      const next = whatFollows(system, turn, outcome, now());
      const isTaken = response !== undefined && response.status !== 401 && next.kind !== "renew";
      if (isTaken && turn.token) wire.prove(turn.token);
      switch (next.kind) {
        case "give":
          return next.response;
        case "fail":
          await response?.body?.cancel();
          throw next.error;
        case "wait":
          await response?.body?.cancel();
          await pause(next.milliseconds, signal);
          turn = { ...turn, tries: turn.tries + 1 };
          break;
        case "nonce":
          await response?.body?.cancel();
          turn = { ...turn, tries: 1, nonce: true };
          break;
        case "renew": {
          const other = await renew(turn, next.response);
          if (other === null) return next.response;
          await response?.body?.cancel();
          turn = { ...turn, token: other, tries: 1, renewed: true };
          break;
        }
        case "redirect": {
          await response?.body?.cancel();
          // Once redirects have left the API, no later request carries the token.
          const trusted = next.trusted && turn.token !== null;
          const token = trusted ? await takeToken(wire, signal) : null;
          turn = { ...turn, request: next.request, token, tries: 1, hops: turn.hops + 1 };
        }
      }
    }
  }

  /** Gets another token after a refusal; `null` if that does not help. */
  async function renew(turn: Turn, response: Response): Promise<StoredToken | null> {
    const { request, token, renewed } = turn;
    if (token === null) return null;
    if (renewed) {
      refusals.useless(request.url, token);
      return null;
    }
    if (!refusals.mayRenew(request.url, token)) return null;
    let other: StoredToken;
    try {
      other = await tokens.renewAfterRefusal(token, request.signal);
    } catch (error) {
      if (error instanceof AuthError && NOTHING_TO_RENEW_WITH.has(error.code)) return null;
      await response.body?.cancel();
      throw error;
    }
    // The next call uses the renewed token, even if this call cannot be sent again.
    if (!request.replayable || other === token) return null;
    wire.unproven = other;
    return other;
  }
}

/** A valid token; a bound one if tokens are bound to a key (RFC 9449 section 7.1). */
async function takeToken(wire: Wire, signal: AbortSignal | undefined): Promise<StoredToken> {
  const { tokens, system } = wire.options;
  const isUsable = (token: StoredToken) =>
    system.provider.dpop !== true || token.dpop_key !== undefined;
  const token = tokens.current() ?? await tokens.fresh(signal);
  if (isUsable(token)) return token;
  const other = await tokens.renewAfterRefusal(token, signal);
  if (isUsable(other)) return other;
  throw new AuthError(
    "bad_response",
    `${system.provider.title} returned a token that is not bound to a key (DPoP), so it is not used. ` +
      "Set dpop to false if the server does not support it.",
  );
}

/** Creates the function that sends one request of a call with its token. */
function createAttempt(wire: Wire): (turn: Turn, sent?: Promise<Response>) => Promise<Outcome> {
  const { system, now, clock, openFetch, loopbackFetch, fetch } = wire.options;
  /** The latest nonce of each origin (RFC 9449 section 9). */
  const nonces = new Map<string, string>();
  let known: { token: StoredToken; prover: Promise<DpopProver> } | undefined;

  async function dpopHeaders({ request }: Turn, token: StoredToken, key: DpopKey) {
    if (known?.token !== token) {
      known = { token, prover: createDpopProver(key, token.access_token) };
    }
    const url = new URL(request.url);
    const prove = await known.prover;
    return {
      authorization: `DPoP ${token.access_token}`,
      dpop: await prove({
        method: request.method,
        url,
        nonce: nonces.get(url.origin),
        now: now() + clock.offset,
      }),
    };
  }

  async function sendOnce(turn: Turn): Promise<Response> {
    const { request, token } = turn;
    const headers = token === null
      ? {}
      : token.dpop_key === undefined
      ? wire.headersOf(token)
      : await dpopHeaders(turn, token, token.dpop_key);
    const init: RequestInit = { ...request.init, headers: { ...request.headers, ...headers } };
    const once = IDEMPOTENT.has(request.method) ? undefined : openFetch?.();
    const route: FetchLike = once?.fetch ??
      (loopbackFetch && isLoopback(new URL(request.url).hostname) ? loopbackFetch : fetch);
    try {
      return await wire.send(request.url, init, request.signal, route);
    } finally {
      // This does not end the body: it only closes the connection's pool.
      once?.close();
    }
  }

  return async function attempt(turn, sent) {
    const { request, token } = turn;
    try {
      const response = await (sent ?? sendOnce(turn));
      const nonce = token?.dpop_key && response.headers.get("dpop-nonce");
      if (!nonce) return { response };
      const { origin } = new URL(request.url);
      const isNew = nonces.get(origin) !== nonce;
      nonces.set(origin, nonce);
      return { response, isNewNonce: isNew };
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      if (error instanceof AuthError) return { error };
      checkSendable(error, request.url, request.init);
      const host = new URL(request.url).host;
      return { error: fetchFailure(error, `${system.provider.title} (${host})`) };
    }
  };
}

/** How long no path may ask for another token after a renewal that did not help, in milliseconds. */
const FIRST_PAUSE = 30_000;
/** The longest pause, in milliseconds; each pause is twice as long as the one before. */
const LONGEST_PAUSE = 600_000;
/** How many paths are remembered. */
const MOST_PATHS = 1_000;

/**
 * Remembers the refusals that a new token did not fix, so that a path that always responds with 401
 * does not cost a token request for each call.
 */
export class Refusals {
  readonly #wire: Wire;
  readonly #now: () => number;
  /** For each path, the new token that it refused. */
  readonly #paths = new Map<string, StoredToken>();
  #newest: StoredToken | undefined;
  #pause = FIRST_PAUSE;
  #until = 0;

  /** @param wire knows which token has not been accepted yet @param now epoch milliseconds */
  constructor(wire: Wire, now: () => number) {
    this.#wire = wire;
    this.#now = now;
  }

  /** Whether another token may help after this one was refused. */
  mayRenew(url: string, token: StoredToken): boolean {
    if (token === this.#wire.unproven || this.#paths.get(pathOf(url)) === token) return false;
    return token !== this.#newest || this.#now() >= this.#until;
  }

  /** Records that a request was refused with a token that had just been renewed for it. */
  useless(url: string, token: StoredToken): void {
    if (this.#paths.size >= MOST_PATHS) this.#paths.clear();
    this.#paths.set(pathOf(url), token);
    if (token === this.#newest) return;
    const now = this.#now();
    const calm = now > this.#until + LONGEST_PAUSE;
    this.#pause = calm ? FIRST_PAUSE : Math.min(this.#pause * 2, LONGEST_PAUSE);
    this.#newest = token;
    this.#until = now + this.#pause;
  }
}

function pathOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
