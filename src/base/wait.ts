import { abortReason } from "../errors.ts";

/** The longest time a timer can be set to, in milliseconds: 31 bits. A longer one rings at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Calls `ring` after a time, however long that is.
 *
 * @returns how to take the timer back
 */
export function timer(milliseconds: number, ring: () => void): () => void {
  let handle: ReturnType<typeof setTimeout>;
  const end = performance.now() + milliseconds;
  const set = (left: number) => {
    handle = setTimeout(() => {
      const rest = end - performance.now();
      if (left > LONGEST_TIMER && rest > 0) set(rest);
      else ring();
    }, Math.max(0, Math.min(left, LONGEST_TIMER)));
  };
  set(milliseconds);
  return () => clearTimeout(handle);
}

/**
 * Waits for a time, or until the signal ends the wait.
 *
 * @param milliseconds how long; any number
 * @throws {AuthError} see {@linkcode abortReason}
 */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  let stop = () => {};
  const rung = new Promise<void>((resolve) => stop = timer(milliseconds, resolve));
  try {
    await abortable(rung, signal);
  } finally {
    stop();
  }
}

/**
 * Waits for a promise until the signal ends the wait. What is waited for goes on for others.
 *
 * @throws {AuthError} see {@linkcode abortReason}; else what the promise rejects with
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(abortReason(signal));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/**
 * Waits for a promise, but no longer than a time. What is waited for goes on for others.
 *
 * @param late makes the error for a wait that took too long
 */
export async function deadline<T>(
  promise: Promise<T>,
  milliseconds: number,
  late: () => Error,
): Promise<T> {
  let stop = () => {};
  const rung = new Promise<never>((_, reject) => {
    stop = timer(milliseconds, () => {
      // A machine that slept rings late, and the answer may be there already: it comes first.
      stop = timer(0, () => reject(late()));
    });
  });
  rung.catch(() => {});
  try {
    return await Promise.race([promise, rung]);
  } finally {
    stop();
  }
}
