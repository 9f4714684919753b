import { timer } from "../base/wait.ts";
import { abortReason, AuthError } from "../errors.ts";
import type { System } from "../providers/system.ts";
import { safeText } from "./redact.ts";
import { retryAfter } from "./failure.ts";
import type { Fetch, Interruptible } from "./api_fetch.ts";

/** What the functions that read API responses need of a session. */
export interface Api {
  system: System;
  /** The session's own `fetch`. */
  fetch: Fetch;
  /** How long a response may take after its headers, in milliseconds. */
  timeout: number;
  /** What must not appear in an error: the token, and the secrets it was obtained with. */
  secrets?: (() => Iterable<string>) | undefined;
  /** Lets the stop button end the wait; only given in a kernel. */
  interruptible?: Interruptible | undefined;
}

/** The largest response to read completely, in bytes after unpacking, because gzip can hide a lot. */
const ANSWER_LIMIT = 67_108_864;
/** How much of an error response is read, in bytes. */
const ERROR_LIMIT = 16_384;
/** How much of it is shown, in characters. */
const SHOWN = 500;

/** One request with a JSON response. */
export interface Question {
  url: string | URL;
  init: RequestInit | undefined;
  /** What responds, for messages, such as "SpatiaFi (page 2)". */
  what: string;
  /** Replaces {@linkcode ANSWER_LIMIT}. */
  limit?: number | undefined;
}

/**
 * Calls the API and reads the response, which must be a good one, as JSON.
 *
 * @returns the value, `undefined` for an empty response, and the response's headers
 * @throws {AuthError} `api_error`, `bad_response`, `timeout`, `network`, `aborted`; else as `fetch`
 */
export async function ask(
  api: Api,
  question: Question,
): Promise<{ value: unknown; headers: Headers }> {
  return await stoppable(api, question.init?.signal, async (signal) => {
    const { url, init, what, limit = ANSWER_LIMIT } = question;
    const response = await api.fetch(url, signal ? { ...init, signal } : init);
    if (!response.ok) throw await apiError(api, response, what);
    const text = await readText(response, { ...api, signal, limit, what });
    return { value: parse(text, what, response.status), headers: response.headers };
  });
}

/**
 * Waits until the work ends, or the stop button or the caller's signal ends the wait. A `fetch`
 * rejects with the signal's own reason; everything else rejects with an {@linkcode AuthError}.
 */
export async function stoppable<T>(
  { interruptible }: Pick<Api, "interruptible">,
  own: AbortSignal | null | undefined,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  try {
    if (interruptible === undefined) return await work(own ?? undefined);
    return await interruptible((stop) => work(own ? AbortSignal.any([own, stop]) : stop));
  } catch (error) {
    if (!own?.aborted || error instanceof AuthError) throw error;
    throw abortReason(own);
  }
}

function parse(text: string, what: string, status: number): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new AuthError("bad_response", `The response from ${what} is not JSON. Check the URL.`, {
      status,
    });
  }
}

/** How a response is read. */
interface Reading {
  limit: number;
  timeout: number;
  signal?: AbortSignal | undefined;
  what: string;
}

/** Reads a whole response as text, within its time and size limits. */
async function readText(response: Response, reading: Reading): Promise<string> {
  const { limit, timeout, signal, what } = reading;
  const { text, end } = await readBeginning(response, reading);
  if (end === "whole") return text;
  const { status } = response;
  if (signal?.aborted) throw signal.reason;
  if (end === "late") {
    throw new AuthError(
      "timeout",
      `The response from ${what} did not finish within ${
        timeout / 1000
      } s. Try again, or give getSession ` +
        "a longer timeout (milliseconds).",
      { status },
    );
  }
  if (end === "large") {
    throw new AuthError(
      "bad_response",
      `The response from ${what} is larger than ${
        Math.round(limit / 1_048_576)
      } MB. Request less at a ` +
        "time, or read it with session.fetch.",
      { status },
    );
  }
  throw new AuthError("network", `The response from ${what} was cut off. Try again.`, {
    cause: end.error,
    status,
  });
}

/** Reads a response as far as possible, and says why it ended. */
async function readBeginning(
  response: Response,
  { limit, timeout, signal }: Omit<Reading, "what">,
): Promise<{ text: string; end: "whole" | "late" | "large" | { error: unknown } }> {
  const reader = response.body?.getReader();
  if (reader === undefined) return { text: "", end: "whole" };
  let late = false;
  const cancel = () => void reader.cancel().catch(() => {});
  const stop = timer(timeout, () => {
    late = true;
    cancel();
  });
  // Another package's `fetch` may not end the body when the signal is aborted.
  signal?.addEventListener("abort", cancel);
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (let size = 0;;) {
      const { done, value } = await reader.read();
      if (late || signal?.aborted) return { text, end: "late" };
      if (done) return { text: text + decoder.decode(), end: "whole" };
      size += value.byteLength;
      if (size > limit) {
        text += decoder.decode(value.subarray(0, value.byteLength - (size - limit)));
        cancel();
        return { text, end: "large" };
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    return { text, end: late ? "late" : { error } };
  } finally {
    stop();
    signal?.removeEventListener("abort", cancel);
  }
}

/** Turns an API's HTTP error into an `AuthError`, with the beginning of the response. */
export async function apiError(api: Api, response: Response, what: string): Promise<AuthError> {
  const { status, headers } = response;
  const { text } = await readBeginning(response, { limit: ERROR_LIMIT, timeout: api.timeout });
  const next = status === 401
    ? "The API does not accept the token: check the scope and the API's URL."
    : status === 403
    ? "This account is not allowed to do this. Ask the API's administrator."
    : status === 404
    ? "Check the URL and the IDs in it, such as a tenant ID."
    : status < 500 && status !== 429
    ? "See the error's body for details."
    : "Try again later.";
  const wait = retryAfter(headers, Date.now());
  return new AuthError("api_error", `${what} returned HTTP ${status}. ${next}`, {
    status,
    body: cleaned(text, api),
    ...(wait === undefined ? {} : { retryAfter: wait }),
  });
}

/** The beginning of a text, without pieces that repeat a part of a secret. */
function cleaned(text: string, { secrets }: Api): string | undefined {
  const all = [...secrets?.() ?? []];
  const pieces = text.slice(0, SHOWN).match(/[^\r\n]{1,180}|\r?\n/g) ?? [];
  const shown = pieces.map((piece) => piece.endsWith("\n") ? "\n" : safeText(piece, all) ?? "…")
    .join("").trim();
  if (shown === "") return undefined;
  // A secret may be split across two pieces.
  const repeats = [shown, shown.replaceAll("\n", "")].some((one) =>
    safeText(one, all) === undefined
  );
  return repeats ? "… (it repeats a secret)" : shown;
}
