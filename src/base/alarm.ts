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
