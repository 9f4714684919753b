/** One request's time. */
export interface Deadline {
  /** Ends the request when its time is over. */
  readonly controller: AbortController;
  /** When that is, on the clock of `performance.now()`. */
  at: number;
  /** True when an alarm that rang much too late gave the answer more time. */
  extended: boolean;
  /** Where it stands in the list of those under way. */
  index: number;
}

/** An alarm that rings this late, in milliseconds, says that the machine or the process slept. */
const SLEPT = 1_000;
/** How long an answer that came during a sleep has to be noticed, in milliseconds. */
const ONE_MORE_TURN = 100;

/**
 * Ends requests that take too long: one alarm for all that are under way.
 *
 * The reason is speed. The first `setTimeout` takes Deno 6 ms (25 million instructions) at a start,
 * `AbortSignal.timeout` 0.3 ms; and a timer for each call costs a warm call more than everything else
 * that is done for it.
 */
export class Deadlines {
  readonly #time: number;
  /** Those under way, in no order. */
  readonly #running: Deadline[] = [];
  #alarm: AbortSignal | undefined;
  #watching = false;

  /** @param time how long each request may take, in milliseconds */
  constructor(time: number) {
    this.#time = time;
  }

  /** Begins a request's time. Its signal is aborted at the end, once {@linkcode watch} was called. */
  begin(): Deadline {
    const at = performance.now() + this.#time;
    const index = this.#running.length;
    const deadline = { controller: new AbortController(), at, extended: false, index };
    this.#running.push(deadline);
    return deadline;
  }

  /** Sets the alarm. This takes a while the first time: call it when the request is on its way. */
  watch(): void {
    if (!this.#watching && this.#running.length > 0) this.#listen(this.#time);
  }

  /** Takes a request off the list: it has its answer, or has failed. */
  end(deadline: Deadline): void {
    const { index } = deadline;
    if (this.#running[index] !== deadline) return;
    const last = this.#running.pop() as Deadline;
    if (last !== deadline) {
      this.#running[index] = last;
      last.index = index;
    }
    // Deno stays alive while somebody listens to an alarm.
    if (this.#running.length > 0 || !this.#watching) return;
    this.#watching = false;
    this.#alarm?.removeEventListener("abort", this.#ring);
  }

  /** Uses an alarm that an earlier request has set, if there is one: it rings too soon, and is set again. */
  #listen(milliseconds: number): void {
    if (this.#alarm === undefined || this.#alarm.aborted) {
      this.#alarm = AbortSignal.timeout(Math.max(1, Math.ceil(milliseconds)));
    }
    this.#watching = true;
    this.#alarm.addEventListener("abort", this.#ring);
  }

  readonly #ring = (): void => {
    this.#watching = false;
    const now = performance.now();
    let next = Infinity;
    for (const deadline of [...this.#running]) {
      if (deadline.at <= now - SLEPT && !deadline.extended) {
        deadline.extended = true;
        deadline.at = now + ONE_MORE_TURN;
      }
      if (deadline.at > now) next = Math.min(next, deadline.at);
      else {
        this.end(deadline);
        deadline.controller.abort();
      }
    }
    if (next < Infinity) this.#listen(next - now);
  };
}
