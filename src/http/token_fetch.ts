import { abortReason, AuthError } from "../errors.ts";
import { alarm, pause } from "../base/wait.ts";
import { checkTransport } from "../trust.ts";
import { ATTEMPTS, backoff, fetchFailure, retryAfter } from "./failure.ts";

/**
 * Which failed requests may be sent again.
 *
 * - `"always"`: requests that may run twice without harm
 * - `"refused"`: one-time requests; only when the server says it did not process them (429, 503)
 * - `"never"`: when the caller itself sends the request again
 */
export type Resend = "always" | "refused" | "never";

/** Opens a `fetch` for one request; `close` frees its connection. */
export type OpenFetch = () => { fetch: typeof fetch; close(): void };

/** What {@linkcode createTokenFetch} needs. */
export interface TokenFetchOptions {
  /** Opens a separate `fetch` for one request, so that it does not reuse a connection. */
  openFetch: OpenFetch;
  /** How long one exchange may take, including all attempts, in milliseconds. */
  timeout: number;
  /** Ends the exchange early. */
  signal?: AbortSignal | undefined;
  /** Epoch milliseconds. */
  now: () => number;
  /** Gets how far the server's clock is ahead of this one, in milliseconds (RFC 9110, `Date`). */
  onClockOffset?: (milliseconds: number) => void;
}

/** The parts of a request that hold secrets. */
export interface SentRequest {
  body: unknown;
  headers: RequestInit["headers"];
}

/** A `fetch` for authorization servers. */
export interface TokenFetch {
  /** Sends a request. The caller judges every response that is not a failure; the bodies are already read. */
  (url: string | URL, init?: RequestInit, resend?: Resend): Promise<Response>;
  /** What was sent. It holds secrets, so it must not appear anywhere. */
  readonly sent: readonly SentRequest[];
  /** Turns the deadline off. Nothing may be sent afterwards. */
  close(): void;
}

/**
 * Creates a `fetch` for one exchange with an authorization server. It allows only https or loopback,
 * follows no redirects, and limits the body, the attempts and the time.
 *
 * @param resend which failures to send again, unless a request says otherwise
 * @param what the server's name, for messages
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

/** The result of one attempt. */
type Outcome =
  | { response: Response; failure?: undefined }
  | { failure: AuthError; response?: undefined };

/** Sends a request once and reads the whole response. */
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

/** How long to wait before sending the request again, in milliseconds; `null` to give up. */
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

/** Creates an equal response whose body is already in memory. */
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

/** The largest response to read from an authorization server, in bytes. */
export const BODY_LIMIT = 1_048_576;

/**
 * Reads a whole body of at most {@linkcode BODY_LIMIT} bytes as text.
 *
 * @param response a response with an unread body
 * @param what what responded, for the message
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
