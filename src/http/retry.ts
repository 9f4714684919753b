/** How often a request is sent at most, including the first time. */
export const ATTEMPTS = 3;

/** The longest `Retry-After` to wait for, in milliseconds; a longer one ends the attempts. */
const LONGEST_WAIT = 60_000;

/**
 * Reads `Retry-After` (RFC 9110 section 10.2.3), in seconds or as a date.
 *
 * @returns seconds, never negative, or `undefined` when the header is missing or invalid
 */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (!value) return undefined;
  // The standard has whole seconds. Some servers send fractions, which `Date.parse` reads as a month.
  if (/^\d{1,9}(\.\d{1,9})?$/.test(value)) return Number(value);
  const date = parseDate(value);
  return date === undefined ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

/** Reads an HTTP date in its three forms (RFC 9110 section 5.6.7), or an ISO date; GMT without a zone. */
function parseDate(value: string): number | undefined {
  if (!/^[a-z]{3,9},? |^\d{4}-\d\d-\d\d[T ]/i.test(value)) return undefined;
  const hasZone = /(?:\b(?:GMT|UTC?)|\dZ|[+-]\d\d:?\d\d)$/i.test(value);
  const date = Date.parse(hasZone ? value : /^\d/.test(value) ? `${value}Z` : `${value} GMT`);
  return Number.isNaN(date) ? undefined : date;
}

/**
 * How long to wait before the next attempt, in milliseconds, or `null` when that would be too long.
 *
 * @param attempt the number of attempts so far, from 1
 * @param asked what the server asked for, in seconds
 */
export function backoff(attempt: number, asked: number | undefined): number | null {
  if (asked !== undefined) return asked * 1000 > LONGEST_WAIT ? null : asked * 1000;
  // Growing and random, so that clients that failed together do not return together.
  return 250 * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
}
