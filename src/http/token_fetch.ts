import { abortReason, AuthError } from "../errors.ts";
import { checkTransport } from "../base/url.ts";
import { pause } from "../base/wait.ts";
import { fetchFailure } from "./failure.ts";
import { ATTEMPTS, backoff, retryAfter } from "./retry.ts";

/**
 * Which failed requests may be sent again.
 *
 * - `"always"`: those that change nothing when they run twice
 * - `"refused"`: one-time requests; only when the server says it did not process them (429, 503)
 */
export type Resend = "always" | "refused";

/** Opens a `fetch` for one request; `close` frees its connection. */
export type OpenFetch = () => { fetch: typeof fetch; close(): void };

/** What {@linkcode createTokenFetch} needs. */
export interface TokenFetchParts {
  /** Opens a `fetch` of its own for one request, so that it rides no connection another one used. */
  openFetch: OpenFetch;
  /** How long one exchange may take with all its attempts, in milliseconds. */
  timeout: number;
  /** How long one attempt may take, in milliseconds, where the exchange is a long wait of many. */
  attemptTimeout?: number | undefined;
  /** Ends the exchange early. */
  signal?: AbortSignal | undefined;
  /** Epoch milliseconds. */
  now: () => number;
  /** Evens out an answer's text before anybody reads it. */
  edit?: (text: string, headers: Headers) => string;
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
  /** Sends; answers other than failures are the caller's to judge. */
  (url: string | URL, init?: RequestInit): Promise<Response>;
  /** What was sent: it holds secrets, and nothing of it may appear anywhere. */
  readonly sent: readonly SentRequest[];
}

/**
 * Makes a `fetch` for one exchange with an authorization server: https or loopback only, redirects
 * not followed, body capped, attempts and deadline bounded.
 */
export function createTokenFetch(parts: TokenFetchParts, resend: Resend, what: string): TokenFetch {
  const deadline = AbortSignal.timeout(Math.ceil(parts.timeout));
  const own = parts.signal ? AbortSignal.any([parts.signal, deadline]) : deadline;
  const sent: SentRequest[] = [];

  const send = async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    const target = checkTransport(url, `URL of ${what}`);
    const who = `${what} (${target.host})`;
    sent.push({ body: init.body, headers: init.headers });
    const whole = init.signal ? AbortSignal.any([own, init.signal]) : own;
    for (let attempt = 1;; attempt++) {
      const signal = parts.attemptTimeout === undefined
        ? whole
        : AbortSignal.any([whole, AbortSignal.timeout(Math.ceil(parts.attemptTimeout))]);
      let response: Response | undefined;
      const once = parts.openFetch();
      try {
        const answer = await once.fetch(target, { ...init, redirect: "manual", signal });
        const text = await readCapped(answer, who);
        noteClock(answer, parts);
        response = responseOf(answer, parts.edit?.(text, answer.headers) ?? text);
      } catch (error) {
        if (parts.signal?.aborted) throw abortReason(parts.signal);
        if (whole.aborted) throw tooSlow(who, parts.timeout);
        const failure = signal.aborted
          ? tooSlow(who, parts.attemptTimeout ?? parts.timeout)
          : fetchFailure(error, who);
        const passing = failure.code === "network" || failure.code === "timeout";
        if (!passing || resend !== "always" || attempt === ATTEMPTS) throw failure;
      } finally {
        once.close();
      }
      const asked = response && retryAfter(response.headers, parts.now());
      if (response && (!worthAnother(response, resend) || attempt === ATTEMPTS)) return response;
      const wait = backoff(attempt, asked);
      if (wait === null && response) return response;
      await pause(wait ?? 0, whole).catch(() => {
        throw parts.signal?.aborted ? abortReason(parts.signal) : tooSlow(who, parts.timeout);
      });
    }
  };
  return Object.assign(send, { sent });
}

/** An equal response that can be read at once. */
function responseOf({ status, headers }: Response, text: string): Response {
  const bodiless = status === 204 || status === 205 || status === 304;
  return new Response(bodiless ? null : text, { status, headers });
}

function worthAnother(response: Response, resend: Resend): boolean {
  const statuses = resend === "always" ? [429, 502, 503, 504] : [429, 503];
  return statuses.includes(response.status);
}

function noteClock(response: Response, parts: TokenFetchParts): void {
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
          `The answer of ${what} is larger than 1 MB, so it is no token response. Check the URL.`,
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
