import { abortReason, AuthError } from "../errors.ts";
import { alarm } from "../base/alarm.ts";
import { checkTransport } from "../trust.ts";
import { pause } from "../base/wait.ts";
import { fetchFailure } from "./failure.ts";
import { ATTEMPTS, backoff, retryAfter } from "./retry.ts";

/**
 * Which failed requests may be sent again.
 *
 * - `"always"`: those that change nothing when they run twice
 * - `"refused"`: one-time requests; only when the server says it did not process them (429, 503)
 * - `"never"`: where the caller asks again itself
 */
export type Resend = "always" | "refused" | "never";

/** Opens a `fetch` for one request; `close` frees its connection. */
export type OpenFetch = () => { fetch: typeof fetch; close(): void };

/** What {@linkcode createTokenFetch} needs. */
export interface TokenFetchOptions {
  /** Opens a separate `fetch` for one request, so that it does not reuse a connection. */
  openFetch: OpenFetch;
  /** How long one exchange may take with all its attempts, in milliseconds. */
  timeout: number;
  /** Ends the exchange early. */
  signal?: AbortSignal | undefined;
  /** Epoch milliseconds. */
  now: () => number;
  /** Told how far the server's clock is ahead of this one, in milliseconds (RFC 9110, `Date`). */
  onClockOffset?: (milliseconds: number) => void;
}

/** The parts of a request that hold secrets. */
export interface SentRequest {
  body: unknown;
  headers: RequestInit["headers"];
}

/** A `fetch` for authorization servers. */
export interface TokenFetch {
  /** Sends; answers other than failures are the caller's to judge. Their bodies are read already. */
  (url: string | URL, init?: RequestInit, resend?: Resend): Promise<Response>;
  /** What was sent: it holds secrets, and nothing of it may appear anywhere. */
  readonly sent: readonly SentRequest[];
  /** Turns the deadline off: nothing is sent any more. */
  close(): void;
}

/**
 * Makes a `fetch` for one exchange with an authorization server: https or loopback only, redirects
 * not followed, body capped, attempts and deadline bounded.
 *
 * @param resend which failures are sent again, unless a request says otherwise
 * @param what who is asked, for messages
 */
export function createTokenFetch(
  parts: TokenFetchOptions,
  resend: Resend,
  what: string,
): TokenFetch {
  const deadline = alarm(parts.timeout);
  const own = parts.signal ? AbortSignal.any([parts.signal, deadline.signal]) : deadline.signal;
  const sent: SentRequest[] = [];

  const send = async (
    url: string | URL,
    init: RequestInit = {},
    again: Resend = resend,
  ): Promise<Response> => {
    const target = checkTransport(url, `URL of ${what}`);
    const who = `${what} (${target.host})`;
    sent.push({ body: init.body, headers: init.headers });
    const signal = init.signal ? AbortSignal.any([own, init.signal]) : own;
    const ended = () =>
      parts.signal?.aborted ? abortReason(parts.signal) : tooSlow(who, parts.timeout);
    for (let attempt = 1;; attempt++) {
      const outcome = await attemptOnce(parts, target, { ...init, signal }, who);
      if (signal.aborted && outcome.failure) throw ended();
      const wait = waitBefore(outcome, again, attempt, parts.now());
      if (wait !== null) await pause(wait, signal).catch(() => Promise.reject(ended()));
      else if (outcome.failure) throw outcome.failure;
      else return outcome.response;
    }
  };
  return Object.assign(send, { sent, close: deadline.stop });
}

/** What one attempt came to. */
type Outcome =
  | { response: Response; failure?: undefined }
  | { failure: AuthError; response?: undefined };

/** Sends once, and reads the whole answer. */
async function attemptOnce(
  parts: TokenFetchOptions,
  target: URL,
  init: RequestInit,
  who: string,
): Promise<Outcome> {
  const once = parts.openFetch();
  try {
    const answer = await once.fetch(target, { ...init, redirect: "manual" });
    const text = await readCapped(answer, who);
    noteClock(answer, parts);
    return { response: responseOf(answer, text) };
  } catch (error) {
    return { failure: fetchFailure(error, who) };
  } finally {
    once.close();
  }
}

/** How long to wait before the request is sent again, in milliseconds; `null` when it is not. */
function waitBefore(
  { response, failure }: Outcome,
  resend: Resend,
  attempt: number,
  now: number,
): number | null {
  if (resend === "never" || attempt === ATTEMPTS) return null;
  if (failure) {
    const passing = failure.code === "network" || failure.code === "timeout";
    return passing && resend === "always" ? backoff(attempt, undefined) : null;
  }
  const statuses = resend === "always" ? [429, 502, 503, 504] : [429, 503];
  if (!statuses.includes(response.status)) return null;
  return backoff(attempt, retryAfter(response.headers, now));
}

/** An equal response that can be read at once. */
function responseOf({ status, headers }: Response, text: string): Response {
  const bodiless = status === 204 || status === 205 || status === 304;
  return new Response(bodiless ? null : text, { status, headers });
}

function noteClock(response: Response, parts: TokenFetchOptions): void {
  const date = Date.parse(response.headers.get("date") ?? "");
  if (!Number.isNaN(date)) parts.onClockOffset?.(date - parts.now());
}

function tooSlow(who: string, timeout: number): AuthError {
  return new AuthError(
    "timeout",
    `${who} did not answer within ${
      timeout / 1000
    } s. Try again, or give a longer timeout (milliseconds).`,
  );
}

/** The largest answer of an authorization server that is read, in bytes. */
export const BODY_LIMIT = 1_048_576;

/**
 * Reads a whole body of at most {@linkcode BODY_LIMIT} bytes as text.
 *
 * @param response the answer, its body unread
 * @param what who answered, for the message
 * @throws {AuthError} `bad_response` when it is larger
 */
export async function readCapped(response: Response, what: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) return text + decoder.decode();
      size += part.value.byteLength;
      if (size > BODY_LIMIT) {
        throw new AuthError(
          "bad_response",
          `The response from ${what} is larger than 1 MB, so it was not read. Check the URL.`,
          { status: response.status },
        );
      }
      text += decoder.decode(part.value, { stream: true });
    }
  } catch (error) {
    await reader?.cancel().catch(() => {});
    throw error;
  }
}

/** HTTP Basic of RFC 7617: UTF-8, and never form-encoded. */
export function basicCredentials(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}
