import { abortReason } from "../errors.ts";

/** The longest time of a timer, in milliseconds: 31 bits. A longer one rings at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Calls `ring` after a time of any length.
 *
 * @returns a function that cancels the timer
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
 * Waits for a promise until the signal ends the wait. The work itself continues for other callers.
 *
 * @throws {AuthError} see {@linkcode abortReason}; else the promise's own rejection
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
 * Waits for a promise, but not longer than a time. The work itself continues for other callers.
 *
 * @param late makes the error when the wait took too long
 */
export async function deadline<T>(
  promise: Promise<T>,
  milliseconds: number,
  late: () => Error,
): Promise<T> {
  let stop = () => {};
  const rung = new Promise<never>((_, reject) => {
    stop = timer(milliseconds, () => {
      // After a sleep the timer rings late, and the response may have arrived: let it come first.
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

/** How late an alarm may ring, in milliseconds, before we assume that the process slept. */
const LATE = 2_000;
/** How much time a response that may have arrived gets after a late alarm, in milliseconds. */
const GRACE = 1_000;
/** The longest time of a timer, in milliseconds: 31 bits. */
const LONGEST = 2 ** 31 - 1;

/** A signal that is aborted when its time is up, unless it is stopped. */
export interface Alarm {
  readonly signal: AbortSignal;
  /** Turns the alarm off. */
  stop(): void;
}

/**
 * Rings after a time, and keeps no process alive. When a suspended process wakes (SIGSTOP, a laptop's
 * sleep), every alarm is overdue before the process reads what arrived meanwhile. So an alarm that
 * rings much too late gives the response one more turn.
 *
 * @param milliseconds how long
 * @param reason makes the signal's abort reason
 */
export function alarm(milliseconds: number, reason: () => unknown = timedOut): Alarm {
  const controller = new AbortController();
  const length = Math.min(Math.ceil(milliseconds), LONGEST);
  const due = performance.now() + length;
  let timer = AbortSignal.timeout(length);
  const ring = () => {
    if (performance.now() - due < LATE || timer !== first) return controller.abort(reason());
    timer = AbortSignal.timeout(GRACE);
    timer.addEventListener("abort", ring, { once: true });
  };
  const first = timer;
  first.addEventListener("abort", ring, { once: true });
  return { signal: controller.signal, stop: () => timer.removeEventListener("abort", ring) };
}

function timedOut(): DOMException {
  return new DOMException("Timed out.", "TimeoutError");
}
