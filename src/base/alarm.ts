/** How much later than set an alarm may ring, in milliseconds, before something else is to blame. */
const LATE = 2_000;
/** How long an answer that may be there already has after a late alarm, in milliseconds. */
const GRACE = 1_000;
/** The longest time a timer can be set to, in milliseconds: 31 bits. */
const LONGEST = 2 ** 31 - 1;

/** A signal that is aborted when time is up, until it is stopped. */
export interface Alarm {
  readonly signal: AbortSignal;
  /** Turns it off. */
  stop(): void;
}

/**
 * Rings after a time, and keeps no process alive for it. A process that was suspended (SIGSTOP, a
 * laptop's sleep) finds every alarm overdue when it wakes, before it reads what arrived meanwhile: an
 * alarm that rings much too late gives the answer one more turn.
 *
 * @param milliseconds how long
 * @param reason what the signal is aborted with
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
