import { AuthError } from "../errors.ts";
import type { System } from "../providers/system.ts";
import type { StoredToken } from "../store/store.ts";
import type { ApiRequest } from "./api_request.ts";
import { refusesToken } from "./challenge.ts";
import { nextHop } from "./redirect.ts";
import { ATTEMPTS, backoff, retryAfter } from "./retry.ts";

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
