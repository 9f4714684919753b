import { abortReason } from "../errors.ts";

export { abortReason };

/** How often a request is sent at most, the first time included. */
export const ATTEMPTS = 3;

/** The longest a `Retry-After` is obeyed, in milliseconds; a longer one ends the attempts. */
const LONGEST_WAIT = 60_000;

/**
 * Reads `Retry-After` (RFC 9110 section 10.2.3), in seconds or as a date.
 *
 * @returns seconds, never negative, or `undefined` when there is none to understand
 */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (!value) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

/**
 * How long to wait before the next attempt, in milliseconds, or `null` when that would be too long.
 *
 * @param attempt how many attempts were made, from 1
 * @param asked what the server asked for, in seconds
 */
export function backoff(attempt: number, asked: number | undefined): number | null {
  if (asked !== undefined) return asked * 1000 > LONGEST_WAIT ? null : asked * 1000;
  // Growing, and spread so that clients that failed together do not return together.
  return 250 * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
}

/**
 * Waits, or ends early when the signal does.
 *
 * @param milliseconds how long
 * @throws {AuthError} what `signal` was aborted with, or `aborted`
 */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortReason(signal));
    const onAbort = () => {
      clearTimeout(timer);
      reject(abortReason(signal as AbortSignal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
