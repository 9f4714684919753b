import { AuthError } from "../errors.ts";
import type { System } from "../providers/system.ts";
import type { StoredToken } from "../store/store.ts";
import { type ApiRequest, checkTarget } from "./api_request.ts";
import { ATTEMPTS, backoff, refusesToken, retryAfter } from "./failure.ts";
import { checkTransport, entersLoopback } from "../trust.ts";

const DEFAULT_RETRY_STATUSES = [429, 502, 503, 504];
/** Methods that may run twice (RFC 9110 section 9.2.2). */
export const IDEMPOTENT: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "PUT",
  "DELETE",
  "TRACE",
]);
/** Statuses that say nothing was done, so every method may be sent again. */
const NOT_DONE = [413, 429, 503];
/** As many redirects as the fetch standard follows. */
const MOST_REDIRECTS = 20;

/** One request of a call, and the attempts before it. */
export interface Turn {
  readonly request: ApiRequest;
  /** `null` after a redirect has left the API. */
  readonly token: StoredToken | null;
  /** How often this request was sent with this token, including this time. */
  readonly tries: number;
  /** How many redirects were followed. */
  readonly hops: number;
  /** True when the token was renewed in this call, after a refusal. */
  readonly renewed: boolean;
  /** True when the request was sent again with a nonce. */
  readonly nonce: boolean;
}

/** The result of one request. */
export type Outcome =
  | { response: Response; isNewNonce?: boolean; error?: undefined }
  | { error: AuthError; response?: undefined };

/** What to do next. */
export type Next =
  | { kind: "give"; response: Response }
  | { kind: "fail"; error: unknown }
  | { kind: "wait"; milliseconds: number }
  | { kind: "nonce" }
  | { kind: "renew"; response: Response }
  | { kind: "redirect"; request: ApiRequest; trusted: boolean };

/**
 * Decides what to do after one request. Sends nothing and changes nothing.
 *
 * @param now epoch milliseconds
 */
export function whatFollows(system: System, turn: Turn, outcome: Outcome, now: number): Next {
  const { request, token, tries } = turn;
  const idempotent = IDEMPOTENT.has(request.method);
  if (outcome.error) {
    const again = idempotent && request.replayable && tries < ATTEMPTS &&
      outcome.error.code === "network";
    return again
      ? { kind: "wait", milliseconds: backoff(tries, undefined) ?? 0 }
      : { kind: "fail", error: outcome.error };
  }
  const { response, isNewNonce } = outcome;
  const { status } = response;
  if (status < 300) return { kind: "give", response };
  if (status < 400) return redirect(system, turn, response);
  if (status === 401 && isNewNonce && request.replayable && !turn.nonce) return { kind: "nonce" };
  if (token !== null && refusesToken(response, system.provider)) return { kind: "renew", response };
  if (tries === ATTEMPTS || !request.replayable) return { kind: "give", response };
  const statuses = system.provider.retryStatuses ?? DEFAULT_RETRY_STATUSES;
  const passing = statuses.includes(status) || (status === 500 && request.method === "GET");
  if (!passing || !(idempotent || NOT_DONE.includes(status))) return { kind: "give", response };
  const milliseconds = backoff(tries, retryAfter(response.headers, now));
  return milliseconds === null ? { kind: "give", response } : { kind: "wait", milliseconds };
}

function redirect(system: System, turn: Turn, response: Response): Next {
  try {
    const next = nextHop(system, turn.request, response);
    if (next === null) return { kind: "give", response };
    if (turn.hops < MOST_REDIRECTS) return { kind: "redirect", ...next };
  } catch (error) {
    return { kind: "fail", error };
  }
  const error = new AuthError("redirect_refused", "Too many redirects in a row. Check the URL.");
  return { kind: "fail", error };
}

/** Headers that may follow a redirect out of the API: they describe the request, not the user. */
const OPEN_HEADERS = ["accept", "accept-language", "range", "if-range", "user-agent"];

/**
 * Decides about a redirect (RFC 9110 section 15.4). `fetch` itself would send custom authentication
 * headers to other origins and send a 307's body again, so it never follows redirects here.
 *
 * @returns the next request and whether it may carry the token; `null` to return the response
 * @throws {AuthError} `redirect_refused` when following would send a body or a secret elsewhere
 */
export function nextHop(
  system: System,
  request: ApiRequest,
  response: Response,
): { request: ApiRequest; trusted: boolean } | null {
  const { status } = response;
  const location = response.headers.get("location");
  const isRedirect = [301, 302, 303, 307, 308].includes(status);
  if (!isRedirect || location === null || request.redirect === "manual") return null;
  if (request.redirect === "error") {
    throw new AuthError(
      "redirect_refused",
      `The API returned a redirect (HTTP ${status}), and the request has redirect: "error".`,
    );
  }
  if (!URL.canParse(location, request.url)) throw refused("The API redirects to an invalid URL.");
  const from = new URL(request.url);
  const url = new URL(location, from);
  if (url.hash === "") url.hash = from.hash;

  const becomesGet = (status === 303 && request.method !== "HEAD") ||
    ((status === 301 || status === 302) && request.method === "POST");
  let next: ApiRequest = { ...request, url: url.href };
  if (becomesGet) {
    const { body: _, ...init } = request.init;
    next = {
      ...next,
      method: "GET",
      init: { ...init, method: "GET" },
      replayable: true,
      headers: only(request.headers, (name) => !name.startsWith("content-")),
    };
  } else if (!request.replayable) {
    throw refused(`The API redirects (HTTP ${status}) a body that can be sent only once.`);
  }
  if (system.origins.has(url.origin)) {
    checkTarget(system, url);
    return { request: next, trusted: true };
  }
  checkTransport(url, "redirect's target");
  if (entersLoopback(from, url)) {
    throw refused("The API redirects to a loopback or link-local address.");
  }
  if (next.method !== "GET" && next.method !== "HEAD") {
    throw refused(`The API redirects a ${next.method} to ${url.origin}, another origin.`);
  }
  // A download from elsewhere is common and fine, without anything that identifies the user.
  const { body: _, ...init } = next.init;
  next = {
    ...next,
    init: { ...init, credentials: "omit" },
    headers: only(request.headers, (name) => OPEN_HEADERS.includes(name)),
  };
  return { request: next, trusted: false };
}

function only(
  headers: ApiRequest["headers"],
  keep: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => keep(name)));
}

function refused(what: string): AuthError {
  return new AuthError(
    "redirect_refused",
    `${what} It was not followed. If the target belongs to the API, name it in the option origins.`,
  );
}
